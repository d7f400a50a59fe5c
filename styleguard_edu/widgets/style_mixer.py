"""Mix two styles, and set how strongly they show."""

from collections import Counter

import numpy as np
from PIL import ImageOps

from ..images import blend, to_rgb
from ._checks import check_alike, check_few
from ._drawing import caption, encode, enlargement, tiles
from ._page import WIDTH
from ._parts import Explorer, ValueSlider, View, choice

TENTHS = np.arange(11) / 10  # the values of both sliders
MOST = 16  # more digits in one row would be too small to read
LEAST = 800  # bitmap pixels: the width that holds every caption


class StyleMixer(Explorer):
    """Blend two styles on the same digits, and watch what becomes of digit and style.

    Above, the digits as they are; below, restyled. "mix" goes from the first style (0) to the
    second (1), "strength" from the plain digits (0) to the restyled ones (1). All blends of two
    styles are drawn, and judged, when the pair is first chosen; the sliders only look them up.

    Parameters
    ----------
    restyle : callable
        ``restyle(images, shares) -> (n, height, width, 3)`` in [0, 1], with shares a dict of
        style to share, at least 0 and summing to 1: for example ``StyleTransfer.transfer``.
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        The digits, at most 16; eight fill the page well.
    styles : sequence of str
        Names to choose from, at least two.
    labels : array_like of int, ``(n,)``, optional
        The digit that each image shows; needed for ``digit_judge``.
    digit_judge : keras.Model, optional
        A classifier, colour images -> ``(n, 10)`` logits. The summary says what it misreads.
    style_judge : keras.Model, optional
        A classifier, colour images -> ``(n, len(styles) + 1)`` logits: plain, then ``styles`` in
        order. The summary says which styles it sees.

    Attributes
    ----------
    first, second : ipywidgets.ToggleButtons
        Their values are names of styles.
    mix, strength : ValueSlider
        Both from 0 to 1 in tenths.
    """

    title = "style mixer"

    def __init__(self, restyle, images, styles, *, labels=None, digit_judge=None, style_judge=None):
        styles = tuple(styles)
        if len(set(styles)) < max(len(styles), 2):
            raise ValueError(f"styles must be at least two different names. Received: {styles}")
        self.images, self.styles, self.labels = check_few(images, MOST), styles, labels
        if digit_judge is not None and np.shape(labels) != (len(self.images),):
            raise ValueError(
                f"labels must hold {len(self.images)} digits, one an image, for digit_judge. "
                f"Received: shape {np.shape(labels)}"
            )
        self.restyle, self.digit_judge, self.style_judge = restyle, digit_judge, style_judge
        self._plain = to_rgb(self.images)
        self._mixtures = {}  # drawn when first asked for
        self.first, self.second = choice("from", self.styles), choice("to", self.styles)
        self.second.value = self.styles[1]
        self.mix = ValueSlider("mix", TENTHS, index=5)
        self.strength = ValueSlider("strength", TENTHS, index=10)
        super().__init__([self.first, self.second, self.mix, self.strength])

    def view(self, first, second, mix, strength):
        """The picture and the text of one state.

        Parameters
        ----------
        first, second : str
            Names of styles.
        mix : int
            Tenths of the second style, 0 to 10; the rest is the first.
        strength : int
            Tenths of the restyled image in the result, 0 to 10; the rest is the plain one.

        Returns
        -------
        View
            Of the plain digits above the restyled ones.
        """
        images, *readings = self.mixture(first, second)
        shown = blend(self._plain, images[mix], TENTHS[strength])
        words = f"{blend_in_words(first, second, mix)} at strength {TENTHS[strength]:.1f}"
        at = mix, strength
        verdicts = self._verdicts(*(None if every is None else every[at] for every in readings))
        alt = (
            f"Digits, {len(shown)} in a row, plain above and restyled below: "
            f"{words[0].lower()}{words[1:]}."
        )
        text = f"{words}: {'; '.join(verdicts)}." if verdicts else f"{words}."
        if strength == 0:
            text += " At strength 0 every style leaves the digits plain."
        return View((self._png(shown, words),), (alt,), text)

    def mixture(self, first, second):
        """All blends of two styles, and what the judges see in them at every strength.

        Parameters
        ----------
        first, second : str
            Names of styles, which may be the same.

        Returns
        -------
        images : ndarray of float32, ``(11, n, height, width, 3)`` in [0, 1]
            At full strength; the first are of the first style.
        digits, styles : ndarray of int, ``(11, 11, n)``, or None without a judge
            What each judge sees, by mix and strength; style 0 is plain.
        """
        if (first, second) not in self._mixtures:
            blends = [{first: float(1 - mix), second: float(mix)} for mix in TENTHS]
            if first == second:
                blends = [{first: 1.0}] * len(TENTHS)
            images = [self.restyle(self.images, shares) for shares in blends]
            images = np.stack([check_alike("restyled images", one, self._plain) for one in images])
            judges = (self.digit_judge, 10), (self.style_judge, len(self.styles) + 1)
            forth = images, *(self._judged(judge, images, classes) for judge, classes in judges)
            back = [None if part is None else part[::-1] for part in forth]
            self._mixtures |= {(second, first): back, (first, second): forth}
        return self._mixtures[first, second]

    def refresh(self):
        """Show the present state; a new pair of styles takes a while."""
        if (self.first.value, self.second.value) not in self._mixtures:
            self.say(f"Drawing {self.first.value} and {self.second.value}; once only.")
        super().refresh()

    def _png(self, shown, words):
        """The plain digits above the restyled ones, with what to call them."""
        n = len(shown)
        scale = enlargement(shown, min(WIDTH / n - 1, 5 * shown.shape[2]))
        both = np.concatenate([self._plain, shown])
        bitmap, boxes = tiles(both, columns=n, scale=scale, gap=2, header=44)
        for box, title in ((boxes[0], "Plain"), (boxes[n], words)):
            caption(bitmap, (box[0], box[1] - 12), title, anchor="ls")
        return encode(ImageOps.expand(bitmap, (0, 0, max(0, LEAST - bitmap.width), 0), "white"))

    def _judged(self, judge, images, classes):
        """What a judge sees in every blend at every strength, or None without a judge."""
        if judge is None:
            return None
        answers, strengths = [], TENTHS[:, None, None, None, None]
        for mixed in images:
            shown = blend(self._plain, mixed, strengths)  # (strengths, n, height, width, 3)
            logits = np.asarray(judge(shown.reshape(-1, *shown.shape[2:]), training=False))
            told = logits.shape[-1]
            if told != classes:
                raise ValueError(f"a judge must tell {classes} classes apart. Received: {told}")
            answers.append(logits.argmax(axis=-1).reshape(shown.shape[:2]))
        return np.stack(answers)

    def _verdicts(self, digits, styles):
        """What the judges see in the images shown, in words."""
        verdicts = []
        if digits is not None:
            pairs = zip(self.labels, digits, strict=True)
            wrong = [f"{label} as {digit}" for label, digit in pairs if label != digit]
            right = f"{len(digits) - len(wrong)} of {len(digits)}"
            misread = f" (it reads {', '.join(wrong)})" if wrong else ""
            verdicts.append(f"the digit judge reads {right} digits right{misread}")
        if styles is not None:
            names = np.array(("plain", *self.styles))
            seen = Counter(names[np.sort(styles)].tolist())
            found = ", ".join(f"{name} in {count}" for name, count in seen.most_common())
            verdicts.append(f"the style judge sees {found}")
        return verdicts


def blend_in_words(first, second, mix):
    """Name a blend, for example "Half ink, half neon".

    Parameters
    ----------
    first, second : str
    mix : int
        Tenths of the second, 0 to 10.
    """
    if first == second or mix in (0, 10):
        return f"All {second if mix == 10 else first}"
    if mix == 5:
        return f"Half {first}, half {second}"
    return f"{10 * (10 - mix)}% {first}, {10 * mix}% {second}"
