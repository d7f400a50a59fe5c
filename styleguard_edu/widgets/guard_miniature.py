"""The whole course in two sliders: detect what is damaged, and correct it."""

from functools import lru_cache

import numpy as np

from ..correctors import rms_change
from ..images import check_images
from ..plotting import overlay_heatmaps
from ._drawing import encode
from ._page import CACHED, p_in_words
from ._parts import Explorer, ValueSlider, View
from ._repair_outcome import at_strength
from ._sheet import Sheet, align
from ._threshold_checks import check_maps

RATES = (0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
STRENGTHS = np.arange(0, 101, 10)  # percent
START = 0.05


class GuardInMiniature(Explorer):
    """Choose how many false alarms are allowed and how strongly to correct; see a few images.

    An image is flagged, and framed, where its p-value is at most the false-alarm rate. Flagged
    images are corrected if the repair was accepted, and are left for a person if not; the others
    are not touched.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        At most 8, damaged or not.
    maps : ndarray of float, ``(n, height, width)``
        Higher = worse.
    p_values : array_like, ``(n,)`` in (0, 1]
    repaired : ndarray of float, the shape of ``images``, in [0, 1]
        What a corrector makes of each image, at full strength.
    accepted : array_like of bool, ``(n,)``
        Whether that was acceptable, see :func:`styleguard_edu.correctors.accept`.
    clean : ndarray of float, the shape of ``images``, optional
        The images without damage; then false alarms and errors are told as well.
    rates : sequence of float in (0, 1)
        False-alarm rates to offer, increasing.

    Attributes
    ----------
    rate, strength : ValueSlider
        In percent.
    """

    title = "guard in miniature"

    def __init__(self, images, maps, p_values, repaired, accepted, *, clean=None, rates=RATES):
        self.images = check_images(images)
        self.repaired = _like("repaired", check_images(repaired, name="repaired"), self.images)
        self.clean = clean
        if clean is not None:
            self.clean = _like("clean", check_images(clean, name="clean"), self.images)
        self.maps, self.p_values, self.accepted = check_judged(
            self.images, maps, p_values, accepted
        )
        self.rates = np.asarray(rates, np.float64)
        inside = self.rates.size and self.rates.min() > 0 and self.rates.max() < 1
        if not inside or (np.diff(self.rates) <= 0).any():
            raise ValueError(f"rates must increase and lie in (0, 1). Received: {rates}")
        shape = self.images.shape
        self._detect = Sheet(shape, [("image",), ("heatmap",)], coloured=True, left=120)
        self._correct = Sheet(shape, [("corrected",)], words=("", ""), left=120, foot=36)
        self._correct.note("Framed: flagged, as p is at most the false-alarm rate.")
        self._range = np.percentile(self.maps, (50, 99.5)).tolist()
        self._detected = lru_cache(CACHED)(self._draw_detected)
        for rate in self.rates:  # ahead, as in colour they take long
            self._detected(tuple(self.flagged(rate)))
        self._cached = lru_cache(2 * CACHED)(self._view)
        start = int(np.abs(self.rates - START).argmin())
        percent = np.round(100 * self.rates, 2)
        self.rate = ValueSlider("false alarms in %", percent, index=start)
        self.strength = ValueSlider("strength in %", STRENGTHS, index=len(STRENGTHS) - 1)
        align([self.rate, self.strength])
        super().__init__([self.rate.row, self.strength.row], pictures=2)
        self.widget.children[-2].layout.flex_flow = "column"  # columns of images stay aligned
        for bar in (self.rate, self.strength):
            bar.slider.observe(self._changed, "value")

    @property
    def state(self):
        """What the sliders say: the indices of the rate and of the strength."""
        return {"rate": self.rate.slider.value, "strength": self.strength.slider.value}

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
        return self._cached(rate, strength)

    def flagged(self, rate):
        """Which images are flagged at a false-alarm rate, ndarray of bool, ``(n,)``."""
        return self.p_values <= rate

    def corrected(self, rate, strength):
        """The images as the guard leaves them, at a rate and a strength from 0 to 1."""
        taken = self.flagged(rate) & self.accepted
        mended = at_strength(self.images, self.repaired, strength)
        return np.where(taken[:, np.newaxis, np.newaxis, np.newaxis], mended, self.images)

    def _changed(self, change):
        self.refresh()

    def _view(self, rate, strength):
        rate, strength = self.rates[rate], STRENGTHS[strength] / 100
        flagged, images = self.flagged(rate), self.corrected(rate, strength)
        detected, first = self._detected(tuple(flagged))
        words = ["passed"] * len(images)
        for k in np.flatnonzero(flagged):
            words[k] = "for a person"
            if self.accepted[k]:
                words[k] = "corrected" if strength else "strength 0"
        bitmap = self._correct.base.copy()
        self._correct.paste(bitmap, 0, images)
        for k, word in enumerate(words):
            self._correct.write(bitmap, 0, k, (word, f"p {p_in_words(self.p_values[k])}"))
        each = ", ".join(f"{k + 1} {word}" for k, word in enumerate(words))
        second = f"The images as the guard leaves them: {each}."
        return View(
            (detected, encode(bitmap)), (first, second), self._text(rate, strength, flagged, images)
        )

    def _draw_detected(self, flagged):
        """Images, framed where flagged, above their heatmaps; and the same in words."""
        sheet, (low, high) = self._detect, self._range
        bitmap = sheet.base.copy()
        sheet.paste(bitmap, 0, self.images)
        sheet.paste(bitmap, 1, overlay_heatmaps(self.images, self.maps, low=low, high=high))
        framed = [k for k, one in enumerate(flagged) if one]
        for k in framed:
            sheet.frame(bitmap, 0, k)
        numbers = ", ".join(str(k + 1) for k in framed) or "none"
        return encode(bitmap), (
            f"{len(flagged)} images above their heatmaps. Flagged and framed: {numbers}."
        )

    def _text(self, rate, strength, flagged, images):
        """The summary."""
        n, count, taken = len(flagged), flagged.sum(), (flagged & self.accepted).sum()
        corrected = f"{taken} corrected at strength {strength:.0%}"
        text = (
            f"{count} of {n} flagged, {corrected}, {count - taken} left for a person as no repair "
            f"was accepted.\nFalse alarms promised: at most {100 * rate:.3g}% of clean "
            "images."
        )
        if self.clean is None:
            return text
        sound = (self.images == self.clean).all(axis=(1, 2, 3))
        text += f" Here: {(flagged & sound).sum()} of {sound.sum()}."
        before, after = (rms_change(self.clean, batch).mean() for batch in (self.images, images))
        return (
            f"{text}\nMean distance from the undamaged images (root mean square): {before:.3f} "
            f"before, {after:.3f} after."
        )


def check_judged(images, maps, p_values, accepted):
    """Return maps, p-values and verdicts as arrays after checking that they fit the images.

    Raises
    ------
    ValueError
        If there are more than 8 images, or a shape, a type or a range is wrong.
    """
    n = len(images)
    if n > 8:
        raise ValueError(f"images must be at most 8. Received: {n}")
    maps = check_maps("maps", maps, images.shape[:3])
    p_values, accepted = np.asarray(p_values), np.asarray(accepted)
    if p_values.shape != (n,) or not (p_values.min() > 0 and p_values.max() <= 1):
        raise ValueError(f"p_values must hold {n} numbers in (0, 1]. Received: {p_values}")
    if accepted.shape != (n,) or accepted.dtype != bool:
        raise ValueError(
            f"accepted must hold {n} truth values. "
            f"Received: {accepted.dtype}, shape {accepted.shape}"
        )
    return maps, p_values, accepted


def _like(name, batch, images):
    if batch.shape != images.shape:
        raise ValueError(f"{name} must be of shape {images.shape}. Received: {batch.shape}")
    return batch
