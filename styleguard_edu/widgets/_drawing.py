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


def tiles(images, *, scale, columns=1, gap=4, header=0, footer=0):
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
    rows, columns = -(-n // columns), min(columns, n)
    cell = (width + 2 * gap, height + 2 * gap + header + footer)
    bitmap = Image.new("RGB", (columns * cell[0], rows * cell[1]), "white")
    boxes = []
    for k, image in enumerate(pixels):
        left = (k % columns) * cell[0] + gap
        top = (k // columns) * cell[1] + gap + header
        bitmap.paste(Image.fromarray(image), (left, top))
        boxes.append((left, top, left + width, top + height))
    return bitmap, boxes


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


def blank_figure(width, height, layout=None):
    """A matplotlib figure of the given size on the page, outside pyplot.

    Parameters
    ----------
    width, height : int
        Displayed pixels.
    layout : str, optional
        Which layout engine places the axes; none unless given.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(width / 100, height / 100), dpi=100 * FINE, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def tidy(axes, *, grid=True):
    """Two spines, and a grid unless told otherwise."""
    axes.spines[["top", "right"]].set_visible(False)
    if grid:
        axes.grid(alpha=0.3)


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
    figure.canvas.draw()
    return Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")


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
    places, left, top, bottom, used = [], 0, 0, 0, 0
    for picture in pictures:
        if left and left + picture.width > width:
            left, top = 0, bottom + gap
        places.append((left, top))
        used = max(used, left + picture.width)
        bottom = max(bottom, top + picture.height)
        left += picture.width + gap
    page = Image.new("RGB", (used, bottom), "white")
    for place, picture in zip(places, pictures, strict=True):
        page.paste(picture, place)
    if photos:
        return encode(page, "JPEG", quality=75, optimize=True)
    few = page.quantize(255, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    return encode(few, optimize=True)


def outline(bitmap, box, colour, *, dash=1, gap=0, thickness=3):
    """Draw a frame just around a box, of dashes with gaps between, or solid."""
    draw = ImageDraw.Draw(bitmap)
    left, top, right, bottom = box
    left, top = left - thickness, top - thickness
    if not gap:
        outer = left, top, right + thickness - 1, bottom + thickness - 1
        draw.rectangle(outer, outline=colour, width=thickness)
        return
    for x in _starts(left, right + thickness, dash, gap):
        for y in (top, bottom):
            draw.rectangle((x, y, x + dash - 1, y + thickness - 1), fill=colour)
    for y in _starts(top, bottom + thickness, dash, gap):
        for x in (left, right):
            draw.rectangle((x, y, x + thickness - 1, y + dash - 1), fill=colour)


def _starts(low, high, dash, gap):
    """Where dashes begin, so that one lies in either corner."""
    count = max(2, round((high - low + gap) / (dash + gap)))
    return np.linspace(low, high - dash, count).round().astype(int).tolist()
