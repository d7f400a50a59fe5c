"""Fast drawing for the explorers: bitmaps of bytes, twice as fine as they are displayed."""

import io
from functools import lru_cache

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageColor, ImageDraw, ImageFont

from ..images import to_uint8

FINE = 2  # bitmap pixels per displayed pixel, so that fine screens show sharp text


def encode(bitmap):
    """The PNG file of a Pillow image, quickly: a slider cannot wait for the smallest file."""
    buffer = io.BytesIO()
    bitmap.save(buffer, format="PNG", compress_level=1)
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
        Of mode L if the images are grey, else RGB.
    boxes : list of tuple of int
        Where each image lies: left, top, right, bottom.
    """
    pixels = to_uint8(images).repeat(scale, axis=1).repeat(scale, axis=2)
    n, height, width, _ = pixels.shape
    rows, columns = -(-n // columns), min(columns, n)
    cell = (width + 2 * gap, height + 2 * gap + header + footer)
    grey = pixels.shape[-1] == 1
    bitmap = Image.new("L" if grey else "RGB", (columns * cell[0], rows * cell[1]), "white")
    boxes = []
    for k, image in enumerate(pixels[..., 0] if grey else pixels):
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


def frame(bitmap, box, colour, *, thickness, dashed=False):
    """Draw a frame just around a box, solid or dashed."""
    draw = ImageDraw.Draw(bitmap)
    left, top, right, bottom = box
    outer = (left - thickness, top - thickness, right + thickness - 1, bottom + thickness - 1)
    draw.rectangle(outer, outline=colour, width=thickness)
    if dashed:
        for x in range(outer[0] + 12, outer[2] - 12, 24):
            draw.rectangle((x, outer[1], x + 10, top - 1), fill="white")
            draw.rectangle((x, bottom, x + 10, outer[3]), fill="white")
        for y in range(outer[1] + 12, outer[3] - 12, 24):
            draw.rectangle((outer[0], y, left - 1, y + 10), fill="white")
            draw.rectangle((right, y, outer[2], y + 10), fill="white")


def arrow(bitmap, tip, colour):
    """Draw a small arrowhead that points up at ``tip``."""
    x, y = tip
    ImageDraw.Draw(bitmap).polygon([(x, y), (x - 12, y + 18), (x + 12, y + 18)], fill=colour)


def caption(bitmap, position, text, *, colour="black", size=24, anchor="mb"):
    """Write one line of text; ``position`` and ``anchor`` as Pillow has them."""
    ImageDraw.Draw(bitmap).text(position, text, fill=colour, font=_font(size), anchor=anchor)


_font = lru_cache(8)(ImageFont.load_default)


def blank_figure(width, height):
    """A matplotlib figure of the given size on the page, outside pyplot.

    Parameters
    ----------
    width, height : int
        Displayed pixels.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(width / 100, height / 100), dpi=100 * FINE)
    FigureCanvasAgg(figure)
    return figure


def figure_bitmap(figure):
    """Draw a figure once; returns a Pillow image."""
    figure.canvas.draw()
    return Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")


def with_marker_colour(bitmap, colour):
    """The bitmap in 255 colours at most, of which number 255 is kept for what moves over it.

    One byte a pixel encodes several times faster than three.
    """
    few = bitmap.convert("RGB").quantize(255, dither=Image.Dither.NONE)
    palette = few.getpalette()[:765]
    few.putpalette(palette + [0] * (765 - len(palette)) + list(ImageColor.getrgb(colour)))
    return few


class MarkedCurve:
    """A curve drawn once, over which a line and a point move.

    Parameters
    ----------
    x, y : ndarray, ``(n,)``
        NaN in y leaves a gap.
    xlabel, ylabel : str
    log : bool
        Logarithmic y axis.
    size : tuple of int
        Width and height on the page, in pixels.
    curve_colour, marker_colour : str
    """

    def __init__(self, x, y, *, xlabel, ylabel, log, size, curve_colour, marker_colour):
        figure = blank_figure(*size)
        figure.set_layout_engine("constrained")
        axes = figure.add_subplot()
        axes.plot(x, y, color=curve_colour, marker=".", markersize=6)
        axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
        if len(x) > 2 and x[0] >= 0 and x[-1] > 100 * x[1] > 0:  # dense at first, sparse later
            axes.set_xscale("symlog", linthresh=x[1])
            axes.set_xlim(left=x[0], right=1.15 * x[-1])
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        self._bitmap = with_marker_colour(figure_bitmap(figure), marker_colour)
        height = self._bitmap.height
        at = axes.transData.transform(np.column_stack([x, np.where(np.isfinite(y), y, np.nan)]))
        self._points = np.column_stack([at[:, 0], height - at[:, 1]])
        self._span = height - axes.bbox.y1, height - axes.bbox.y0

    def png(self, index):
        """The curve with the dashed line and the point at the ``index``-th value."""
        bitmap = self._bitmap.copy()
        draw = ImageDraw.Draw(bitmap)
        x, y = self._points[index]
        top, bottom = self._span
        for start in np.arange(top, bottom, 16):
            draw.line((x, start, x, min(start + 9, bottom)), fill=255, width=3)
        if np.isfinite(y):
            draw.ellipse((x - 11, y - 11, x + 11, y + 11), fill=255)
        return encode(bitmap)


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
    buffer = io.BytesIO()
    if photos:
        page.save(buffer, format="JPEG", quality=75, optimize=True)
    else:
        few = page.quantize(255, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


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
