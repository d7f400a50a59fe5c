"""A contact sheet: named rows of images, one column a case."""

import matplotlib.pyplot as plt
import numpy as np

from .checks import require_count
from .images import check_images, image_grid, to_rgb

_SMALL = 64  # pixels: wider images are pictures and need more room
_COLUMNS = {True: 12, False: 4}  # of small images, of pictures
_WIDTH = 9.0  # inches that a full row takes
_LINE, _NAMES = 0.22, 1.0  # inches that a title takes, and the names of the rows


def plot_sheet(rows, *, titles, columns=None, gap=2, ax=None):
    """Draw what became of each case: one column a case, one row a stage.

    Parameters
    ----------
    rows : dict of str to ndarray of float, ``(n, height, width, 1 or 3)`` in [0, 1]
        By the row's name, drawn to its left.
    titles : sequence of str
        One short text a case, drawn above its column.
    columns : int, optional
        Cases beside each other, the others go below; 12, or 4 if images are wider than 64 pixels,
        unless given.
    gap : int
        Pixels between images.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure of fitting size unless given.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the rows differ in number or size of images, or there is not one title a case.
    """
    stack = _checked_stack(rows)
    stages, n, height, width, _ = stack.shape
    if len(titles) != n:
        raise ValueError(f"titles must hold one text a case, {n} in all. Received: {len(titles)}")
    columns = _COLUMNS[width <= _SMALL] if columns is None else columns
    require_count("columns", columns, 1)
    require_count("gap", gap)
    columns = min(columns, n)
    inch = min(0.9 if width <= _SMALL else np.inf, _WIDTH / max(columns, 3))  # of an image's width
    lines = 1 + max(title.count("\n") for title in titles)
    line = _LINE * width / inch  # pixels that a line of a title takes
    room = max(gap, round(lines * line))  # above each block
    block = room + stages * (height + gap) - gap
    blocks = -(-n // columns)
    picture = np.ones((blocks * block, columns * (width + gap) - gap, 3), np.float32)
    for k in range(blocks):
        part = stack[:, k * columns : (k + 1) * columns]
        grid = image_grid(part.reshape(-1, height, width, 3), columns=part.shape[1], gap=gap)
        picture[k * block + room : (k + 1) * block, : grid.shape[1]] = grid
    if ax is None:
        high, wide = (side * inch / width for side in picture.shape[:2])
        _, ax = plt.subplots(figsize=(wide + _NAMES, high), layout="constrained")
    ax.imshow(picture, vmin=0, vmax=1, interpolation="nearest")
    for k, title in enumerate(titles):
        row, column = divmod(k, columns)
        middle, foot = column * (width + gap) + width / 2, row * block + room - 0.1 * line
        ax.text(middle, foot, title, ha="center", va="bottom", fontsize=8, linespacing=1)
    for k in range(blocks):
        for stage, name in enumerate(rows):
            middle = k * block + room + stage * (height + gap) + height / 2
            ax.text(-0.08 * width / inch, middle, name, ha="right", va="center", fontsize=8)
    ax.set_xlim(left=-0.5 - _NAMES * width / inch)  # the names' place belongs to the picture
    ax.axis("off")
    return ax


def _checked_stack(rows):
    """Rows of one shape, in colour, ``(rows, n, height, width, 3)``."""
    if not rows:
        raise ValueError("rows must hold at least one row of images. Received: none")
    stack = [to_rgb(check_images(row, name=name)) for name, row in rows.items()]
    shapes = {name: row.shape[:3] for name, row in zip(rows, stack, strict=True)}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"rows must be of one number and size of images. Received: {shapes}")
    return np.stack(stack)
