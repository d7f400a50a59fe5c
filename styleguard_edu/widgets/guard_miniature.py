"""The whole course in two sliders: detect what is damaged, and correct it."""

import numpy as np

from ..correctors import rms_change
from ..plotting import overlay_heatmaps
from ._checks import check_alike, check_few, check_numbers, check_truth
from ._drawing import encode
from ._page import CACHED, Page, p_in_words
from ._parts import Explorer, ValueSlider, View
from .correction_case import at_strength

RATES = (1, 2, 3, 5, 10, 15, 20, 30, 50)  # percent
START = 3  # of these
NOTE = "Framed: flagged, as p is at most the false-alarm rate."
STRENGTHS = np.arange(0, 101, 10)  # percent


class GuardInMiniature(Explorer):
    """Choose how many false alarms are allowed and how strongly to correct; see a few images.

    An image is flagged, and framed, where its p-value is at most the false-alarm rate. Flagged
    images are corrected if their correction was accepted, and are for review if not; the others
    are not touched.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        At most 8, damaged or not.
    maps : ndarray of float, ``(n, height, width)``
        Higher = worse.
    p_values : array_like, ``(n,)`` in (0, 1]
    corrected : ndarray of float, the shape of ``images``, in [0, 1]
        What a corrector makes of each image, at full strength.
    accepted : array_like of bool, ``(n,)``
        Whether that was acceptable, see :func:`styleguard_edu.correctors.accept`.
    clean : ndarray of float, the shape of ``images``, in [0, 1]
        The images without damage.

    Attributes
    ----------
    rate, strength : ValueSlider
        In percent.
    """

    title = "guard in miniature"

    def __init__(self, images, maps, p_values, corrected, accepted, *, clean):
        self.images = check_few(images, 8)
        shape = self.images.shape
        self.maps = check_numbers("maps", maps, shape[:3])
        self.p_values = check_numbers("p_values", p_values, shape[:1], above=0, most=1)
        self.corrected = check_alike("corrected", corrected, self.images)
        self.accepted = check_truth("accepted", accepted, shape[:1])
        self.clean = check_alike("clean", clean, self.images)
        settings = {"left": 120, "tall": 168 if shape[1] < 64 else 256}
        self._detect = Page(shape, ["image", "heatmap"], **settings)
        self._correct = Page(shape, ["corrected"], words=[("", "p-value")], note=NOTE, **settings)
        low, high = np.percentile(self.maps, (50, 99.5))
        self._detect.paste(self._detect.base, 0, self.images)
        heat = overlay_heatmaps(self.images, self.maps, low=low, high=high)
        self._detect.paste(self._detect.base, 1, heat)
        self.rate = ValueSlider("false alarms in %", RATES, index=START)
        self.strength = ValueSlider("strength in %", STRENGTHS, index=len(STRENGTHS) - 1)
        super().__init__([self.rate, self.strength], flow="column", cached=2 * CACHED)

    def view(self, rate, strength):
        """The pictures and the text of one state.

        Parameters
        ----------
        rate, strength : int
            Indices.

        Returns
        -------
        View
            Of the images with heatmaps, and of the corrected images.
        """
        rate, strength = RATES[rate] / 100, STRENGTHS[strength] / 100
        flagged, images = self.p_values <= rate, self.result(rate, strength)
        done = "corrected" if strength else "strength 0"
        words = np.where(flagged, np.where(self.accepted, done, "for review"), "passed")
        detected, corrected = self._detect.base.copy(), self._correct.base.copy()
        self._correct.paste(corrected, 0, images)
        for k, (word, p) in enumerate(zip(words, self.p_values, strict=True)):
            self._correct.write(corrected, 0, k, (word, p_in_words(p)))
        framed = self._detect.flag(detected, 0, flagged)
        each = ", ".join(f"{k} {word}" for k, word in enumerate(words, start=1))
        alts = (
            f"{len(words)} images above their heatmaps. Flagged and framed: {framed}.",
            f"The images as the guard leaves them: {each}.",
        )
        text = self._text(rate, strength, flagged, images)
        return View((encode(detected), encode(corrected)), alts, text)

    def result(self, rate, strength):
        """The images as the guard leaves them, at a rate and a strength from 0 to 1."""
        images = self.images.copy()
        taken = (self.p_values <= rate) & self.accepted
        images[taken] = at_strength(images[taken], self.corrected[taken], strength)
        return images

    def _text(self, rate, strength, flagged, images):
        """The summary."""
        count, taken = flagged.sum(), (flagged & self.accepted).sum()
        clean = (self.images == self.clean).all(axis=(1, 2, 3))
        before, after = (rms_change(self.clean, batch).mean() for batch in (self.images, images))
        return (
            f"{count} of {len(flagged)} flagged: {taken} corrected at strength {strength:.0%}, "
            f"{count - taken} for review, as no correction was accepted.\n"
            f"False alarms promised: at most {100 * rate:.3g}% of clean images. Here: "
            f"{(flagged & clean).sum()} of {clean.sum()}.\n"
            f"Mean distance from the clean images (root mean square): {before:.3f} before, "
            f"{after:.3f} after."
        )
