"""Move a threshold, and see what it flags, what it misses and what that costs."""

from functools import lru_cache

import ipywidgets as widgets
import numpy as np

from .. import thresholds
from ..checks import finite_scores
from ..plotting import tint_masks
from ._checks import check_damaged, check_table
from ._choices import show_only
from ._gallery import Gallery, counts_in_words, counts_png, short
from ._parts import Explorer, ValueSlider, View, choice, nearest
from ._score_curves import Curves, sample, score_axis

# In percent: finer where a course works.
RATES = np.concatenate([np.arange(1, 10), np.arange(10, 100, 5), np.arange(100, 510, 10)]) / 10
START = 5.0  # percent
STOPS = 250  # values of a raw threshold, at most
SHOWN = 64  # images in the gallery: of all 2 n, evenly spaced in the order of their scores


class ThresholdExplorer(Explorer):
    """Draw the line between images that are flagged and images that pass.

    The slider asks for a false-alarm rate, for which calibration scores set the threshold, or is
    the raw threshold itself. Where the line stands is shown on the scores, on the ROC and the
    precision-recall curve, in the counts with their cost, and among the images in order of score.
    Hits have a solid frame, misses a dashed and false alarms a dotted one, each with its word.

    Parameters
    ----------
    images : dict of str to ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        Under ``"clean"`` the clean images; under every other name, a kind of damage, the same
        images damaged.
    scores : dict of str to dict of str to array_like, ``(n,)``
        By detector, and in each under the names of ``images``; higher = worse.
    calibration_scores : dict of str to array_like, ``(m,)``
        By detector: scores of other clean images. A rate of 1 % needs at least 99.
    masks : dict of str to ndarray of bool, ``(n, height, width)``
        By kind: True = damaged. A box to tick then shows the true damage in the gallery.
    miss_cost, false_alarm_cost : float
        The price of a damaged image passed and of a clean image flagged.
    damaged_share : float in (0, 1)
        Share of damaged images expected in use, for cost and precision; one half, as shown,
        unless given.

    Attributes
    ----------
    detector, kind, by : ipywidgets.ToggleButtons
        Their values are names; of ``by``, "rate" or "threshold".
    rate : ValueSlider
        In percent.
    threshold : dict of str to ValueSlider
        By detector, as each scores on its own scale.
    mark : ipywidgets.Checkbox
    """

    title = "threshold explorer"

    def __init__(
        self,
        images,
        scores,
        *,
        calibration_scores,
        masks,
        miss_cost=1.0,
        false_alarm_cost=1.0,
        damaged_share=0.5,
    ):
        self.images, self.masks = check_damaged(images, masks)
        if not scores:
            raise ValueError("scores must hold at least one detector. Received: none")
        n = len(self.images["clean"])
        self.scores = check_table("scores", scores, scores, self.images, (n,))
        self.calibration_scores = {
            name: finite_scores(f"calibration_scores[{name!r}]", calibration_scores.get(name, ()))
            for name in scores
        }
        self.costs = {
            "miss_cost": miss_cost,
            "false_alarm_cost": false_alarm_cost,
            "damaged_share": damaged_share,
        }
        # a few of each are kept: several megabytes every one
        self._curves, self._gallery = map(lru_cache(8), (self._draw_curves, self._draw_gallery))
        self._make_controls()
        sliders = [self.rate, *self.threshold.values()]
        super().__init__([self.detector, self.kind, self.by, *sliders, self.mark])

    @property
    def state(self):
        """What the controls say; the index is that of the slider in use."""
        chosen = {name: getattr(self, name).value for name in ("detector", "kind", "by")}
        return {**chosen, "index": self._slider.value, "mark": self.mark.value}

    def view(self, detector, kind, by, index, mark=False):
        """The pictures and the text of one state.

        Parameters
        ----------
        detector, kind : str
        by : "rate" or "threshold"
        index : int
            Which of the rates, or which of the detector's thresholds.
        mark : bool
            Whether the gallery shows the true damage.

        Returns
        -------
        View
            Of the curves, of the counts, and of the gallery.
        """
        threshold = self.threshold_at(detector, by, index)
        damaged, scores = self._sample(detector, kind)
        outcomes = thresholds.count_outcomes(scores, damaged, threshold)
        recall, alarms = outcomes.recall, outcomes.false_alarm_rate
        share = self.costs["damaged_share"]  # expected in use
        precision = thresholds.Outcomes(share * recall, 0, (1 - share) * alarms, 0).precision
        curves, gallery = self._curves(detector, kind), self._gallery(detector, kind, mark)
        cost, least = thresholds.expected_cost(recall, alarms, **self.costs), curves.least
        drawn = curves.png(threshold, recall, alarms, precision)
        pictures = drawn, counts_png(outcomes, cost, least.cost), gallery.png(threshold)
        counts = counts_in_words(outcomes)
        costs = f"{short(cost)} per image; the least possible is {short(least.cost)}"
        shown, flagged = len(gallery.scores), int((gallery.scores > threshold).sum())
        amber = " Damaged pixels are amber." if mark else ""
        alts = (
            f"Histograms of the scores that {detector} gives to clean images and to {kind}, with a "
            f"line at {threshold:.3g}; its points on the ROC curve (false-alarm rate {alarms:.1%}, "
            f"recall {recall:.1%}) and on the precision-recall curve (precision {precision:.1%}).",
            f"Table: {counts}. Cost: {costs}.",
            f"{shown} of {sum(outcomes):,} images, worst score first; the first {flagged} are "
            f"flagged. Hits are framed solid, false alarms dotted, misses dashed.{amber}",
        )
        text = (
            f"{outcomes.flagged:,} of {sum(outcomes):,} flagged: {counts}.\n"
            f"{self._promise(detector, by, index, threshold, outcomes)}\n"
            f"Recall {recall:.1%}. With {100 * share:.3g}% of all images damaged, precision "
            f"{precision:.1%}. With {self.costs['miss_cost']:g} for a miss and "
            f"{self.costs['false_alarm_cost']:g} for a false alarm, the cost is {costs}, at "
            f"threshold {least.threshold:.3g}."
        )
        return View(pictures, alts, text)

    def threshold_at(self, detector, by, index):
        """The raw threshold of a slider's position.

        Parameters
        ----------
        detector : str
        by : "rate" or "threshold"
        index : int

        Returns
        -------
        float
        """
        if by == "threshold":
            return self.threshold[detector].values[index].item()
        return thresholds.threshold_for_rate(self.calibration_scores[detector], self.rates[index])

    def _make_controls(self):
        fewest = min(len(row) for row in self.calibration_scores.values())
        percent = RATES[RATES * (fewest + 1) >= 100]  # what these calibration scores can promise
        self.rates = np.round(percent / 100, 5)
        kinds = list(self.masks)
        self.detector = choice("detector", list(self.scores))
        self.kind = choice("damage", kinds)
        self.by = choice("slider", {"false-alarm rate": "rate", "raw threshold": "threshold"})
        self.rate = ValueSlider("false alarms in %", percent, index=nearest(percent, START))
        self.threshold = {}
        for name, row in self.scores.items():
            damaged = np.concatenate([row[kind] for kind in kinds])
            values, _ = score_axis(row["clean"], damaged, STOPS)
            values = np.unique([float(f"{value:.3g}") for value in values])
            self.threshold[name] = ValueSlider("flag scores above", values)
        self.mark = widgets.Checkbox(description="show the true damage", indent=False)
        for control in (self.detector, self.by):
            control.observe(self._switched, "value")
        self._show_slider()

    def _switched(self, change):
        """Show the slider in use, and leave the line where it is.

        A new detector keeps the false-alarm rate rather than the number: scales differ.
        """
        was = {self.detector: self.detector.value, self.by: self.by.value}
        was[change["owner"]] = change["old"]
        detector, by = was.values()
        if by == "threshold":
            shown = self.threshold[detector]
            self.rate.go_near(100 * self._promised(detector, shown.values[shown.value]))
        new = self.detector.value
        self.threshold[new].go_near(self.threshold_at(new, "rate", self.rate.value))
        self._show_slider()

    @property
    def _slider(self):
        """The one in use."""
        return self.rate if self.by.value == "rate" else self.threshold[self.detector.value]

    def _show_slider(self):
        show_only([self.rate, *self.threshold.values()], [self._slider])

    def _promised(self, detector, threshold):
        """The false-alarm rate that a raw threshold promises: the p-value just above it."""
        above = np.nextafter(threshold, np.inf)
        return float(thresholds.conformal_p_values([above], self.calibration_scores[detector])[0])

    def _promise(self, detector, by, index, threshold, outcomes):
        """Two sentences on the false-alarm rate."""
        m, n = len(self.calibration_scores[detector]), len(self.images["clean"])
        realised = f"Realised: {outcomes.false_alarm_rate:.1%} of {n:,} clean images"
        if by == "threshold":
            return (
                f"Threshold {threshold:.4g}, set by hand: {m:,} calibration scores promise false "
                f"alarms in at most {self._promised(detector, threshold):.1%} of clean images. "
                f"{realised}."
            )
        low, high = thresholds.false_alarm_interval(self.rates[index], m, n)
        verdict = "within" if low <= outcomes.false_alarm_rate <= high else "outside"
        return (
            f"Threshold {threshold:.4g}, set by {m:,} calibration scores for a false-alarm rate of "
            f"{self.rates[index]:.1%}. {realised}, {verdict} what chance explains ({low:.1%} to "
            f"{high:.1%})."
        )

    def _sample(self, detector, kind):
        return sample(self.scores[detector]["clean"], self.scores[detector][kind])

    def _draw_curves(self, detector, kind):
        return Curves(self.scores[detector]["clean"], self.scores[detector][kind], self.costs)

    def _draw_gallery(self, detector, kind, mark):
        """A few of all images, evenly spaced from the worst score to the best."""
        damaged, scores = self._sample(detector, kind)
        order = np.argsort(-scores, kind="stable")
        spaced = np.linspace(0, len(order) - 1, min(SHOWN, len(order)))
        order = order[spaced.round().astype(int)]
        images = np.concatenate([self.images["clean"], self.images[kind]])[order]
        if mark:
            mask = self.masks[kind]
            images = tint_masks(images, np.concatenate([np.zeros_like(mask), mask])[order])
        return Gallery(images, scores[order], damaged[order])
