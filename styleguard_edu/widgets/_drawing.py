"""Fast drawing for the explorers: bitmaps of bytes, twice as fine as they are displayed."""

import io
from functools import lru_cache

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from ..images import to_rgb, to_uint8
from ..plotting import BLUE, ORANGE

FINE = 2  # bitmap pixels per displayed pixel, so that fine screens show sharp text


def encode(bitmap, format="PNG", **options):
    """The file of a Pillow image, quickly: a slider cannot wait for the smallest file."""
    buffer = io.BytesIO()
    bitmap.save(buffer, format=format, **options or {"compress_level": 1, "quality": 90})
    return buffer.getvalue()


def tiles(images, *, scale, columns, gap, header=0, footer=0):
    """Lay images out in rows on white, each pixel enlarged.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    scale, columns : int
    gap : int
        Bitmap pixels around every image.
    header, footer : int
        Bitmap pixels left free above and below every image.

    Returns
    -------
    bitmap : PIL.Image.Image
        Of mode RGB.
    boxes : list of tuple of int
        Where each image lies: left, top, right, bottom.
    """
    pixels = to_uint8(to_rgb(images)).repeat(scale, axis=1).repeat(scale, axis=2)
    n, height, width, _ = pixels.shape
    columns = min(columns, n)
    room = (0, -n % columns), (gap + header, gap + footer), (gap, gap), (0, 0)
    cells = np.pad(pixels, room, constant_values=255)
    _, high, wide, _ = cells.shape
    page = cells.reshape(-1, columns, high, wide, 3).swapaxes(1, 2).reshape(-1, columns * wide, 3)
    corners = [(k % columns * wide + gap, k // columns * high + gap + header) for k in range(n)]
    boxes = [(left, top, left + width, top + height) for left, top in corners]
    return Image.fromarray(page), boxes


def enlargement(images, width):
    """By how much to enlarge images so that each is displayed about ``width`` pixels wide."""
    return max(1, round(width * FINE) // images.shape[2])


def grid_png(images, *, width, columns=None):
    """The PNG file of images in rows, as wide as displayed pixels are given; a square of rows
    unless ``columns`` says how many images a row has."""
    columns = columns or int(np.ceil(np.sqrt(len(images))))
    bitmap, _ = tiles(images, columns=columns, scale=enlargement(images, width / columns), gap=3)
    return encode(bitmap)


def caption(bitmap, position, text, *, colour="black", size=24, anchor="mb"):
    """Write one line of text; ``position`` and ``anchor`` as Pillow has them."""
    ImageDraw.Draw(bitmap).text(position, text, fill=colour, font=_font(size), anchor=anchor)


_font = lru_cache(8)(ImageFont.load_default)


def subplots(width, height, *shape, layout="constrained", **settings):
    """A matplotlib figure of the given size, outside pyplot; each axes has two spines and a grid.

    Parameters
    ----------
    width, height : int
        Displayed pixels.
    layout : str or None
        The layout engine.
    *shape, **settings
        Rows, columns and other arguments of ``matplotlib.figure.Figure.subplots``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes, or ndarray of such
    """
    figure = Figure((width / 100, height / 100), dpi=100 * FINE, layout=layout)
    axes = figure.subplots(*shape, **settings)
    for one in np.ravel(axes):
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.3)
    return figure, axes


def mirrored_histogram(axes, edges, above, below):
    """Draw how values are spread: some upwards in blue, others downwards in hatched amber."""
    looks = {"color": BLUE}, {"color": ORANGE, "hatch": "////"}
    for sign, values, look in zip((1, -1), (above, below), looks, strict=True):
        share = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)
        axes.bar(edges[:-1], sign * share, np.diff(edges), align="edge", ec="white", lw=0.4, **look)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.tick_params(axis="y", length=0)


def figure_bitmap(figure):
    """Draw a figure once; returns a Pillow image."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def place(bitmap, axes, x, y):
    """Where a point of the axes lies on the bitmap of their figure."""
    across, up = axes.transData.transform((x, y))
    return round(across), round(bitmap.height - up)


def one_page(files, *, width=880, gap=24):
    """Join pictures as the page does: in a row, going on below where the width is used up.

    Parameters
    ----------
    files : sequence of bytes
        PNG or JPEG files, ``FINE`` times as large as displayed.
    width, gap : int
        Displayed pixels.

    Returns
    -------
    bytes
        A file of the displayed size, small, since it is stored in the notebook: JPEG if the
        pictures are, else a PNG in few colours.
    """
    pictures = [Image.open(io.BytesIO(file)) for file in files]
    photos = all(picture.format == "JPEG" for picture in pictures)
    pictures = [picture.convert("RGB").reduce(FINE) for picture in pictures]
    wide = max(width, *(picture.width for picture in pictures))
    high = sum(picture.height + gap for picture in pictures)
    page, left, top, right, bottom = Image.new("RGB", (wide, high), "white"), 0, 0, 0, 0
    for picture in pictures:
        if left and left + picture.width > width:
            left, top = 0, bottom + gap
        page.paste(picture, (left, top))
        right, bottom = max(right, left + picture.width), max(bottom, top + picture.height)
        left += picture.width + gap
    page = page.crop((0, 0, right, bottom))
    if photos:
        return encode(page, "JPEG", quality=75, optimize=True)
    few = page.quantize(255, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    return encode(few, optimize=True)


def outline(bitmap, box, colour, *, dash=1, gap=0, thickness=3):
    """Draw a frame just around a box, of dashes with gaps between, or solid."""
    draw = ImageDraw.Draw(bitmap)
    left, top, right, bottom = box
    left, top = left - thickness, top - thickness
    for start, end in _dashes(left, right + thickness, dash, gap):
        for y in (top, bottom):
            draw.rectangle((start, y, end, y + thickness - 1), fill=colour)
    for start, end in _dashes(top, bottom + thickness, dash, gap):
        for x in (left, right):
            draw.rectangle((x, start, x + thickness - 1, end), fill=colour)


def _dashes(low, high, dash, gap):
    """Where dashes begin and end, so that one lies in either corner."""
    dash = dash if gap else high - low
    count = max(2, round((high - low + gap) / (dash + gap)))
    starts = np.linspace(low, high - dash, count).round().astype(int).tolist()
    return [(start, start + dash - 1) for start in starts]
