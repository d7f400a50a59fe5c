"""A page that is drawn anew at every move of a slider, so in few colours and with kept letters."""

from functools import lru_cache

from PIL import Image, ImageColor, ImageDraw, ImageFont

from ..plotting import ORANGE
from ._drawing import outline
from ._page import Page

SIZE = 22  # of letters, in bitmap pixels
_MARKER, _BLACK = 0, 1  # in the palette of grey images


class FramedPage(Page):
    """A :class:`Page` with room for frames around the images of its first row.

    Parameters
    ----------
    shape, names
        As for :class:`Page`.
    foot : int
        Bitmap pixels free below all rows.
    **settings
        As for :class:`Page`.
    """

    room = 4  # bitmap pixels

    def __init__(self, shape, names, *, foot=0, **settings):
        super().__init__(shape, names, foot=foot + 2 * self.room, **settings)

    def box(self, row, k):
        """Where the k-th image of a row lies: left, top, right, bottom."""
        left, top, right, bottom = super().box(row, k)
        return left, top + self.room, right, bottom + self.room


class Sheet(FramedPage):
    """A page quick enough for a slider; what is the same in all states stays.

    Grey images are kept in one byte a pixel, 254 greys and one colour for frames: they encode
    four times faster than in three bytes.

    Parameters
    ----------
    shape : tuple of int
        Of the images: ``(n, height, width, channels)``.
    names : sequence of tuple of str
        Each row's name, in lines.
    words : sequence of str
        Names of the lines of words below the last row.
    coloured : bool, optional
        Whether rows hold colours; as ``shape`` says unless given.
    foot, left : int
        Bitmap pixels free below all rows and to the left of them.
    """

    def __init__(self, shape, names, *, words=(), coloured=None, foot=0, left=176):
        lines = [0] * (len(names) - 1) + [len(words)]
        height, width = shape[1:3]
        tall = 168 if height < 64 else 256  # bitmap pixels of a row: digits, photos
        largest = round(tall * max(1, width / height))
        super().__init__(shape, names, lines=lines, margins=(left, 0), foot=foot, largest=largest)
        self._grey = shape[-1] == 1 if coloured is None else not coloured
        self._ink, self._frame = (0, 0, 0), ImageColor.getrgb(ORANGE)
        if self._grey:
            self._ink, self._frame = _BLACK, _MARKER
            self.base = _in_greys(self.base)
        _, _, _, bottom = self.box(len(names) - 1, 0)
        for number, word in enumerate(words):
            self._print(self.base, (0, bottom + 8 + number * self.line), word)

    def paste(self, bitmap, row, images):
        """Put images, ``(n, height, width, channels)`` in [0, 1], into a row."""
        super().paste(bitmap, row, (1 + 254 * images) / 255 if self._grey else images)

    def write(self, bitmap, row, k, texts):
        """Write lines below the k-th image of a row."""
        left, _, right, bottom = self.box(row, k)
        for number, text in enumerate(texts):
            middle = (left + right - stamp(text).width) // 2
            self._print(bitmap, (middle, bottom + 8 + number * self.line), text)

    def frame(self, bitmap, row, k):
        """Frame the k-th image of a row in orange."""
        outline(bitmap, self.box(row, k), self._frame)

    def name(self, bitmap, row, text):
        """Write one line below a row's name of one line."""
        _, top, _, bottom = self.box(row, 0)
        self._print(bitmap, (0, (top + bottom) // 2 + 16), text)

    def note(self, text):
        """Write lines at the foot of the page, for all states."""
        lines = text.splitlines()
        top = self.base.height - len(lines) * self.line
        for number, line in enumerate(lines):
            self._print(self.base, (0, top + number * self.line), line)

    def _print(self, bitmap, place, text):
        bitmap.paste(self._ink, place, stamp(text))


def align(bars):
    """Let the sliders of several ValueSliders begin at the same place."""
    for bar in bars:
        bar.box.style.description_width = "124px"
        bar.box.layout.width = "224px"


@lru_cache(4096)
def stamp(text, size=SIZE):
    """A line of text as a mask to paste through: the same words come again at every move.

    Returns
    -------
    PIL.Image.Image
        Of mode L; its height is that of the font.
    """
    font = _font(size)
    mask = Image.new("L", (max(1, round(font.getlength(text))), round(1.3 * size)), 0)
    ImageDraw.Draw(mask).text((0, size), text, fill=255, font=font, anchor="ls")
    return mask


@lru_cache(8)
def _font(size):
    return ImageFont.load_default(size)


def _in_greys(bitmap):
    """One byte a pixel: 1 for black to 255 for white, 0 for the colour of frames."""
    few = bitmap.convert("L").point([1 + round(level * 254 / 255) for level in range(256)])
    greys = [round((index - 1) * 255 / 254) for index in range(1, 256)]
    palette = [*ImageColor.getrgb(ORANGE), *(level for level in greys for _ in range(3))]
    paletted = Image.frombytes("P", few.size, few.tobytes())
    paletted.putpalette(palette)
    return paletted
