"""What a threshold does to images, drawn once: a table of the four outcomes, and a gallery."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from ..plotting import BLUE, GREEN, ORANGE
from ._drawing import FINE, caption, encode, outline, tiles, with_marker_colour
from ._score_curves import BLACK, PALE

SIZE = (200, 256)  # of the table, in displayed pixels
COLUMNS, TILE = 16, 84  # of the gallery: tiles a row, bitmap pixels an image
# How table and gallery tell outcomes apart: colour of the truth, length of dashes and of gaps.
LOOKS = {"hit": (ORANGE, 1, 0), "miss": (ORANGE, 20, 14), "false alarm": (BLUE, 6, 6)}


class Counts:
    """The four outcomes in a table, framed as in the gallery, and the cost below."""

    def __init__(self):
        base = Image.new("RGB", (FINE * SIZE[0], FINE * SIZE[1]), "white")
        self._boxes = [
            (12 + column * 200, 44 + row * 180, 188 + column * 200, 150 + row * 180)
            for row in range(2)
            for column in range(2)
        ]
        words = {"hits": "hit", "misses": "miss", "false alarms": "false alarm", "passed": None}
        for box, (word, outcome) in zip(self._boxes, words.items(), strict=True):
            flagged = word in ("hits", "false alarms")
            ImageDraw.Draw(base).rectangle(box, PALE if flagged else "white", "#bbbbbb", 2)
            if outcome:
                frame(base, box, outcome, thickness=6)
            caption(base, ((box[0] + box[2]) // 2, box[3] - 16), word, colour=BLACK, anchor="ms")
        for text, y, colour in (
            ("damaged", 28, ORANGE),
            ("clean", 208, BLUE),
            ("cost per image", 392, BLACK),
            ("the least possible", 440, GREEN),
        ):
            caption(base, (6, y), text, colour=colour, size=26, anchor="ls")
        self._bitmap, self._numbers = _with_numerals(
            base, {"flagged": (46, PALE), "passed": (46, "white"), "cost": (30, "white")}
        )

    def png(self, outcomes, cost, least):
        """The table with its numbers; both costs at least 0, in any unit."""
        bitmap = self._bitmap.copy()
        for k, (box, count) in enumerate(zip(self._boxes, outcomes, strict=True)):
            middle = (box[0] + box[2]) // 2
            self._write(bitmap, f"{count:,}", "passed" if k % 2 else "flagged", middle, box[1] + 14)
        for number, y in ((cost, 366), (least, 414)):
            self._write(bitmap, short(number), "cost", 322, y)
        return encode(bitmap)

    def _write(self, bitmap, text, look, middle, top):
        glyphs = [self._numbers[look, letter] for letter in text]
        x = middle - sum(glyph.width for glyph in glyphs) // 2
        for glyph in glyphs:
            bitmap.paste(glyph, (x, top))
            x += glyph.width


def short(number):
    """A cost in three or more digits and no other signs than ``NUMERALS``."""
    return (
        f"{number:.3f}" if number < 10 else f"{number:.1f}" if number < 1000 else f"{number:,.0f}"
    )


NUMERALS = "0123456789,."


def _with_numerals(base, looks):
    """A bitmap, and numerals in its palette: drawing text on every move would take too long."""
    sheet = Image.new("RGB", (base.width, base.height + 64 * len(looks)), "white")
    sheet.paste(base, (0, 0))
    places = {}
    for k, (look, (size, background)) in enumerate(looks.items()):
        top, x = base.height + 64 * k, 0
        ImageDraw.Draw(sheet).rectangle((0, top, sheet.width, top + 63), fill=background)
        for letter in NUMERALS:
            width = round(size * (0.3 if letter in ",." else 0.62))
            caption(
                sheet,
                (x + width // 2, top + size - 2),
                letter,
                colour=BLACK,
                size=size,
                anchor="ms",
            )
            places[look, letter] = (x, top, x + width, top + round(1.18 * size))
            x += width
    sheet = with_marker_colour(sheet, BLACK)
    bitmap = sheet.crop((0, 0, *base.size))
    return bitmap, {key: sheet.crop(box) for key, box in places.items()}


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
        scale = max(1, TILE // images.shape[2])
        columns = min(COLUMNS, len(images), max(1, COLUMNS * TILE // (scale * images.shape[2])))
        bare, boxes = tiles(images, scale=scale, columns=columns, gap=12, header=26)
        bare = bare.convert("RGB")
        width, height = bare.size
        both = Image.new("RGB", (width, 2 * height), "white")
        both.paste(bare, (0, 0))
        pale = ImageChops.multiply(bare, Image.new("RGB", bare.size, PALE))
        for box in boxes:  # the images themselves keep their colours
            pale.paste(bare.crop(box), box[:2])
        both.paste(pale, (0, height))
        for box, truth in zip(boxes, damaged, strict=True):
            moved = (box[0], box[1] + height, box[2], box[3] + height)
            _label(both, moved, "hit" if truth else "false alarm")
            if truth:
                _label(both, box, "miss")
        both = with_marker_colour(both, BLACK)
        self._latest = None, None
        self._passed = both.crop((0, 0, width, height))
        self._flagged = both.crop((0, height, width, 2 * height))
        self._columns, self._cell = (
            columns,
            (width // columns, height // -(-len(images) // columns)),
        )

    def png(self, threshold):
        """The gallery with the line between what is flagged and what passes."""
        flagged = int((self.scores > threshold).sum())
        if self._latest[0] != flagged:
            self._latest = flagged, encode(self._drawn(flagged))
        return self._latest[1]

    def _drawn(self, flagged):
        bitmap = self._passed.copy()
        (width, height), (row, column) = self._cell, divmod(flagged, self._columns)
        whole = (0, 0, self._columns * width, row * height)
        part = (0, row * height, column * width, (row + 1) * height)
        for box in (whole, part):
            if box[2] > box[0] and box[3] > box[1]:
                bitmap.paste(self._flagged.crop(box), box[:2])
        if 0 < flagged < len(self.scores):
            x = column * width
            line = (max(0, x - 3), row * height + 4, max(6, x + 3), (row + 1) * height - 2)
            ImageDraw.Draw(bitmap).rectangle(line, fill=255)
        return bitmap


def _label(bitmap, box, outcome):
    """Frame one image, and write what it is above."""
    frame(bitmap, box, outcome, thickness=5)
    middle = (box[0] + box[2]) // 2
    caption(bitmap, (middle, box[1] - 9), outcome, colour=LOOKS[outcome][0], size=20)


def frame(bitmap, box, outcome, *, thickness):
    """Frame a box as an outcome is framed: hits solid, misses dashed, false alarms dotted."""
    colour, dash, gap = LOOKS[outcome]
    outline(bitmap, box, colour, dash=dash, gap=gap, thickness=thickness)


def coloured(images, masks):
    """Lay a veil of yellow over the damaged pixels.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    masks : ndarray of bool, ``(n, height, width)``

    Returns
    -------
    ndarray of float32, ``(n, height, width, 3)`` in [0, 1]
    """
    veil = 0.4 * masks[..., np.newaxis].astype(np.float32)
    images = np.broadcast_to(images, (*images.shape[:3], 3))
    return (1 - veil) * images + veil * np.array([1, 0.8, 0], np.float32)
