"""Pictures in rows with words beside and below them: the page of every explorer of images."""

import numpy as np
from PIL import Image

from ..anomalies import ANOMALIES
from ..images import to_uint8
from ..plotting import ORANGE
from ._drawing import FINE, caption, outline

MOST = 12  # more images in one row would be too small to read
WIDTH = 880  # of the page, in displayed pixels
CACHED = 64  # states kept drawn: a megabyte each for photos


class Page:
    """Rows of images of one size, with each row's name to the left.

    Parameters
    ----------
    shape : tuple of int
        ``(n, height, width, channels)``: n images in a row.
    names : sequence of str
        Each row's name; it may have several lines.
    words : sequence of sequence of str, optional
        For each row, the names of the lines of words below its images; no lines unless given.
    left, right : int
        Bitmap pixels free to the left and to the right.
    note : str
        Lines at the foot of the page.
    tall : int
        Largest height of an image, in bitmap pixels.
    gap : int
        Bitmap pixels between images.

    Attributes
    ----------
    base : PIL.Image.Image
        The page with the names alone.
    """

    line, room = 28, 6  # bitmap pixels: a line of words, space for a frame

    def __init__(self, shape, names, *, words=None, left=128, right=0, note="", tall=280, gap=10):
        self.columns, height, width, _ = shape
        words = words or [()] * len(names)
        widest = (FINE * WIDTH - left - right) // self.columns - gap
        ratio = min(tall / height, widest / width)
        ratio = int(ratio) if ratio > 1 else ratio  # every pixel of the same size
        self._size = max(1, round(ratio * width)), max(1, round(ratio * height))
        # not narrower than the words below the images
        self._cell = max(self._size[0], min(widest, 96)) + gap
        self._left = left
        heights = [self._size[1] + gap + self.line * len(lines) for lines in words]
        self._tops = np.cumsum([self.room, *heights]).tolist()
        foot = 2 + 32 * len(note.splitlines()) if note else 0
        used = left + self.columns * self._cell + right, self._tops[-1] + foot
        self.base = Image.new("RGB", [FINE * -(-length // FINE) for length in used], "white")
        for row, (name, lines) in enumerate(zip(names, words, strict=True)):
            _, top, _, bottom = self.box(row, 0)
            caption(self.base, (0, (top + bottom) // 2), name, anchor="lm")
            for number, word in enumerate(lines):
                place = (0, bottom + self.room + number * self.line)
                caption(self.base, place, word, size=22, anchor="la", colour="#333333")
        place = (0, self.base.height - 4)
        caption(self.base, place, note, size=22, anchor="ld", colour="#333333")

    def cell(self, row, k):
        """The place of the k-th image of a row with its words; images go on in the next row."""
        row, k = row + k // self.columns, k % self.columns
        left = self._left + k * self._cell
        edges = self._tops[row] - self.room, self._tops[row + 1] - self.room
        return left, edges[0], left + self._cell, edges[1]

    def box(self, row, k):
        """Where the k-th image of a row itself lies: left, top, right, bottom."""
        left, top, right, _ = self.cell(row, k)
        # on whole displayed pixels, or the static picture would be blurred
        left, top = (left + right - self._size[0]) // 2 // FINE * FINE, top + self.room
        return left, top, left + self._size[0], top + self._size[1]

    def paste(self, bitmap, row, images):
        """Put images, ``(n, height, width, channels)`` in [0, 1], into a row and the next ones."""
        enlarged = self._size[0] >= images.shape[2]
        sampling = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
        for k, pixels in enumerate(to_uint8(images)):
            image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
            bitmap.paste(image.resize(self._size, sampling), self.box(row, k)[:2])

    def write(self, bitmap, row, k, texts, *, colour="black", size=22):
        """Write lines below the k-th image of a row."""
        left, _, right, bottom = self.box(row, k)
        for number, text in enumerate(texts):
            place = ((left + right) // 2, bottom + self.room + number * self.line)
            caption(bitmap, place, text, size=size, anchor="ma", colour=colour)

    def frame(self, bitmap, row, k, colour=ORANGE, dash=1, gap=0):
        """Frame the k-th image of a row: solid, or in dashes with gaps between, bitmap pixels."""
        outline(bitmap, self.box(row, k), colour, dash=dash, gap=gap, thickness=4)

    def flag(self, bitmap, row, flagged):
        """Frame the images of a row that are flagged; returns their numbers, or "none"."""
        indices = np.flatnonzero(flagged)
        for k in indices:
            self.frame(bitmap, row, k)
        return ", ".join(str(k + 1) for k in indices) or "none"

    def label(self, bitmap, k, word, look, *, size=22):
        """Frame the k-th image of all, and write a word below it in the frame's colour."""
        self.frame(bitmap, 0, k, **look)
        self.write(bitmap, 0, k, (word,), colour=look["colour"], size=size)


def flowing(shape, most, lines, **settings):
    """A page for n images without names, at most so many a row, with lines of words below each."""
    columns = min(shape[0], most)
    rows = -(-shape[0] // columns)
    return Page((columns, *shape[1:]), [""] * rows, words=[[""] * lines] * rows, **settings)


def in_words(key):
    """What a kind of damage, a detector or a corrector is called."""
    return ANOMALIES[key].label if key in ANOMALIES else key.replace("_", " ")


def in_percent(share):
    """A share in whole percent, but "0%" and "100%" only if it is none or all."""
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{100 * share:.0f}%"


def rate_in_words(rate):
    """A false-alarm rate in percent, with as many digits as it needs, at most three."""
    return f"{100 * rate:.3g}%"


def p_in_words(p):
    """A p-value in three decimals, and not as 0."""
    return f"{p:.3f}" if p >= 0.0005 else "<.001"
