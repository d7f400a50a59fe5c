"""What a threshold does to images: a table of the four outcomes, and a gallery."""

from functools import lru_cache

from PIL import Image, ImageDraw

from ..plotting import BLUE, GREEN, ORANGE
from ._drawing import FINE, caption, encode, outline
from ._page import flowing

BLACK, PALE = "#1a1a1a", "#fff3cd"  # the threshold's line; behind what is flagged
SIZE = (200, 256)  # of the table, in displayed pixels
COLUMNS = {True: 16, False: 10}  # images a row: small ones, pictures
# How table and gallery tell outcomes apart: colour of the truth, length of dashes and of gaps.
LOOKS = {
    "hit": {"colour": ORANGE},
    "miss": {"colour": ORANGE, "dash": 20, "gap": 14},
    "false alarm": {"colour": BLUE, "dash": 6, "gap": 6},
}
WORDS = {"hit": "hits", "miss": "misses", "false alarm": "false alarms", "passed": "passed"}


def counts_png(outcomes, cost, least):
    """The four outcomes in a table, framed as in the gallery, with two costs below, as a PNG file.

    Damaged images are above, clean ones below; flagged ones to the left, passed ones to the right.
    """
    bitmap = Image.new("RGB", (FINE * SIZE[0], FINE * SIZE[1]), "white")
    for k, (count, (one, many)) in enumerate(zip(outcomes, WORDS.items(), strict=True)):
        left, top = 12 + k % 2 * 200, 44 + k // 2 * 180
        box = (left, top, left + 176, top + 106)
        ImageDraw.Draw(bitmap).rectangle(box, "white" if k % 2 else PALE, "#bbbbbb", 2)
        if one in LOOKS:
            outline(bitmap, box, **LOOKS[one], thickness=6)
        for text, y, size in ((f"{count:,}", top + 60, 46), (many, top + 90, 24)):
            caption(bitmap, (left + 88, y), text, colour=BLACK, size=size, anchor="ms")
    for text, number, y, colour in (
        ("damaged", "", 28, ORANGE),
        ("clean", "", 208, BLUE),
        ("cost per image", short(cost), 392, BLACK),
        ("the least possible", short(least), 440, GREEN),
    ):
        caption(bitmap, (6, y), text, colour=colour, size=26, anchor="ls")
        caption(bitmap, (322, y), number, colour=BLACK, size=30, anchor="ms")
    return encode(bitmap)


def counts_in_words(outcomes):
    """The four outcomes, each a number and a word."""
    hits, misses, alarms, _ = (
        f"{count:,} {one if count == 1 else many}"
        for count, (one, many) in zip(outcomes, WORDS.items(), strict=True)
    )
    return f"{hits}, {alarms}, {misses}, {outcomes.correct_rejections:,} clean passed"


def short(number):
    """A cost in three or more digits."""
    digits = 3 if number < 10 else 1 if number < 1000 else 0
    return f"{number:,.{digits}f}"


class Gallery:
    """Images in order of their score, drawn once as flagged and once as passed.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        Worst score first.
    scores : ndarray, ``(n,)``
    damaged : ndarray of bool, ``(n,)``
    """

    def __init__(self, images, scores, damaged):
        self.scores = scores
        self.page = flowing(images.shape, COLUMNS[images.shape[2] <= 64], 1, left=4, gap=24)
        self._passed, self._flagged = self.page.base, Image.new("RGB", self.page.base.size, PALE)
        if_passed, if_flagged = ("", "miss"), ("false alarm", "hit")  # of a clean, a damaged image
        for bitmap, names in ((self._passed, if_passed), (self._flagged, if_flagged)):
            self.page.paste(bitmap, 0, images)
            for k, truth in enumerate(damaged):
                if name := names[int(truth)]:
                    self.page.label(bitmap, k, name, LOOKS[name], size=20)
        self._drawn = lru_cache(1)(self._draw)  # most moves flag no other image

    def png(self, threshold):
        """The gallery with the line between what is flagged and what passes."""
        return self._drawn(int((self.scores > threshold).sum()))

    def _draw(self, flagged):
        bitmap = self._passed.copy()
        for k in range(flagged):
            box = self.page.cell(0, k)
            bitmap.paste(self._flagged.crop(box), box[:2])
        if 0 < flagged < len(self.scores):
            left, top, _, bottom = self.page.cell(0, flagged)
            ImageDraw.Draw(bitmap).rectangle((left - 3, top, left + 2, bottom - 5), fill=BLACK)
        return encode(bitmap)
