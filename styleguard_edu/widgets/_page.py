"""The page of pictures in rows, and the words on it, that explorers of images share."""

import ipywidgets as widgets
import numpy as np
from PIL import Image

from ..images import to_uint8
from ._drawing import FINE, caption

MOST = 12  # more images in one row would be too small to read
WIDTH = 880  # of the page, in displayed pixels
CACHED = 64  # states kept drawn: a megabyte each for photos


class Page:
    """Rows of images of one size, with the row's name to the left and words below each image.

    Parameters
    ----------
    shape : tuple of int
        Of the images: ``(n, height, width, channels)``.
    names : sequence of tuple of str
        Each row's name, in lines.
    lines : sequence of int, optional
        Lines of words below each row; one below the last row unless given.
    margins : tuple of int
        Bitmap pixels free to the left and to the right of the rows.
    foot : int
        Bitmap pixels free below all rows.
    largest : int
        Bitmap pixels of an image's longer side, at most.

    Attributes
    ----------
    base : PIL.Image.Image
        The page with the names of the rows.
    """

    gap, line = 8, 30  # bitmap pixels

    def __init__(self, shape, names, *, lines=None, margins=(128, 0), foot=0, largest=520):
        n, height, width, _ = shape
        lines = [0] * (len(names) - 1) + [1] if lines is None else lines
        side = min(largest, (FINE * WIDTH - sum(margins)) // n - self.gap)
        ratio = side / max(height, width)
        if ratio > 1:
            ratio = int(ratio)  # every pixel of the same size
        self._size = max(1, round(ratio * width)), max(1, round(ratio * height))
        # not narrower than the words below the images
        self._cell = max(self._size[0], min(side, 96)) + self.gap
        self._left = margins[0]
        heights = [self._size[1] + self.gap + self.line * count for count in lines]
        self._tops = np.cumsum([0, *heights]).tolist()
        used = sum(margins) + n * self._cell
        even = (used + used % FINE, self._tops[-1] + foot + (self._tops[-1] + foot) % FINE)
        self.base = Image.new("RGB", even, "white")
        for row, words in enumerate(names):
            _, top, _, bottom = self.box(row, 0)
            first = (top + bottom - self.line * (len(words) - 1)) // 2
            for k, word in enumerate(words):
                caption(self.base, (0, first + k * self.line), word, anchor="lm")

    def box(self, row, k):
        """Where the k-th image of a row lies: left, top, right, bottom."""
        left = self._left + k * self._cell + (self._cell - self._size[0]) // 2
        top = self._tops[row]
        return left, top, left + self._size[0], top + self._size[1]

    def paste(self, bitmap, row, images):
        """Put images, ``(n, height, width, channels)`` in [0, 1], into a row."""
        enlarged = self._size[0] >= images.shape[2]
        sampling = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
        for k, pixels in enumerate(to_uint8(images)):
            image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
            bitmap.paste(image.resize(self._size, sampling), self.box(row, k)[:2])

    def write(self, bitmap, row, k, texts, *, colour="black"):
        """Write lines below the k-th image of a row."""
        left, _, right, bottom = self.box(row, k)
        for number, text in enumerate(texts):
            place = ((left + right) // 2, bottom + 8 + number * self.line)
            caption(bitmap, place, text, size=22, anchor="mt", colour=colour)


def steady_labels():
    """A style by which labels keep their width beside more buttons than one row holds."""
    rule = ".styleguard-explorer .widget-toggle-buttons > .widget-label {flex: none}"
    return widgets.HTML(f"<style>{rule}</style>", layout={"display": "none"})


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
