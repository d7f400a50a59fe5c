"""Move a threshold, and see what it flags, what it misses and what that costs."""

import ipywidgets as widgets
import numpy as np

from ..checks import require_count
from ..thresholds import (
    conformal_p_values,
    count_outcomes,
    expected_cost,
    false_alarm_interval,
    least_cost,
    threshold_for_rate,
)
from ._outcome_pictures import Counts, Gallery, coloured
from ._parts import Explorer, ValueSlider, View, choice
from ._score_curves import Curves, ScoreAxis
from ._threshold_checks import check_all_scores, check_damaged, check_row
from ._threshold_words import Reading, promise_by_hand, promise_for_rate

# In percent: finer where a course works.
RATES = np.concatenate([np.arange(1, 10), np.arange(10, 100, 5), np.arange(100, 510, 10)]) / 10
START = 5.0  # percent
STOPS = 250  # values of a raw threshold, at most


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
    masks : dict of str to ndarray of bool, ``(n, height, width)``, optional
        By kind: True = damaged. A box to tick then colours the true damage in the gallery.
    miss_cost, false_alarm_cost : float
        The price of a damaged image passed and of a clean image flagged.
    damaged_share : float, optional
        Share of damaged images expected in use, for cost and precision; one half, as shown,
        unless given.
    shown : int
        Images in the gallery: of all 2 n, evenly spaced in the order of their scores.

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
        masks=None,
        miss_cost=1.0,
        false_alarm_cost=1.0,
        damaged_share=None,
        shown=64,
    ):
        self.images, self.masks = check_damaged(images, masks)
        self.scores = check_all_scores(scores, self.images)
        self.calibration_scores = {
            name: check_row(calibration_scores.get(name, ()), f"calibration_scores[{name!r}]")
            for name in self.scores
        }
        require_count("shown", shown, 2)
        self.shown = shown
        self.damaged_share = 0.5 if damaged_share is None else damaged_share
        self.costs = {
            "miss_cost": miss_cost,
            "false_alarm_cost": false_alarm_cost,
            "damaged_share": self.damaged_share,
        }
        self._counts, self._curves, self._galleries, self._least = Counts(), {}, {}, {}
        self._make_controls()
        bars = [slider.row for slider in self.threshold.values()]
        super().__init__(
            [self.detector, self.kind, self.by, self.rate.row, *bars, self.mark], pictures=3
        )
        for control in (self.detector, self.by):
            control.observe(self._switched, "value")
        sliders = (self.rate.slider, *(bar.slider for bar in self.threshold.values()))
        for control in (self.kind, self.mark, *sliders):
            control.observe(self._changed, "value")

    @property
    def state(self):
        """What the controls say; the index is that of the slider in use."""
        by, detector = self.by.value, self.detector.value
        slider = self.rate if by == "rate" else self.threshold[detector]
        return {
            "detector": detector,
            "kind": self.kind.value,
            "by": by,
            "index": slider.slider.value,
            "mark": self.mark.value,
        }

    def view(self, detector, kind, by, index, mark=False):
        """The pictures and the text of one state.

        Parameters
        ----------
        detector, kind : str
        by : "rate" or "threshold"
        index : int
            Which of the rates, or which of the detector's thresholds.
        mark : bool
            Whether the gallery colours the true damage.

        Returns
        -------
        View
            Of the curves, of the counts, and of the gallery.
        """
        threshold = self.threshold_at(detector, by, index)
        outcomes = count_outcomes(*self._sample(detector, kind), threshold)
        recall, alarms = outcomes.recall, outcomes.false_alarm_rate
        cost = expected_cost(recall, alarms, **self.costs)
        least, precision = self._cheapest(detector, kind), self._precision(outcomes)
        gallery = self._gallery(detector, kind, mark)
        pictures = (
            self._curve(detector, kind).png(threshold, recall, alarms, precision),
            self._counts.png(outcomes, cost, least.cost),
            gallery.png(threshold),
        )
        flagged = int((gallery.scores > threshold).sum())
        reading = Reading(detector, kind, threshold, outcomes, precision, cost, least, self.costs)
        promise = self._promise(detector, by, index, threshold, outcomes)
        return View(
            pictures, reading.alts(len(gallery.scores), flagged, mark), reading.text(promise)
        )

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
        return threshold_for_rate(self.calibration_scores[detector], self.rates[index])

    def _make_controls(self):
        fewest = min(len(row) for row in self.calibration_scores.values())
        rates = np.round(RATES / 100, 5)
        self.rates = rates[rates * (fewest + 1) >= 1]  # what these calibration scores can promise
        kinds = [name for name in self.images if name != "clean"]
        self.detector = choice("detector", {name: name for name in self.scores})
        self.kind = choice("damage", {name: name for name in kinds})
        self.by = choice("slider", {"false-alarm rate": "rate", "raw threshold": "threshold"})
        for control in (self.detector, self.kind, self.by):
            control.style.description_width = "60px"
        percent = np.round(100 * self.rates, 1)
        start = int(np.abs(percent - START).argmin())
        self.rate = ValueSlider("false alarms in %", percent, index=start)
        self.threshold = {}
        for name, row in self.scores.items():
            axis = ScoreAxis(row["clean"], np.concatenate([row[kind] for kind in kinds]))
            self.threshold[name] = ValueSlider("flag scores above", axis.stops(STOPS))
        self.mark = widgets.Checkbox(description="colour the true damage", indent=False)
        self.mark.layout.display = "none" if self.masks is None else "flex"
        self._show_slider()

    def _switched(self, change):
        """Show the slider in use, and leave the line where it is.

        A new detector keeps the false-alarm rate rather than the number: scales differ.
        """
        detector, by = self.detector.value, self.by.value
        if change["owner"] is self.by and by == "rate":
            bar = self.threshold[detector]
            self._go(self.rate, 100 * self._promised(detector, bar.values[bar.slider.value]))
        elif by == "threshold":
            rate = self.rates[self.rate.slider.value]
            if change["owner"] is self.detector:
                bar = self.threshold[change["old"]]
                promised = self._promised(change["old"], bar.values[bar.slider.value])
                rate = self.rates[np.abs(self.rates - promised).argmin()]
            wanted = threshold_for_rate(self.calibration_scores[detector], rate)
            self._go(self.threshold[detector], wanted)
        self._show_slider()
        self.refresh()

    @staticmethod
    def _go(slider, wanted):
        slider.slider.value = int(np.abs(slider.values - wanted).argmin())

    def _show_slider(self):
        by_rate = self.by.value == "rate"
        self.rate.row.layout.display = "flex" if by_rate else "none"
        for name, slider in self.threshold.items():
            used = name == self.detector.value and not by_rate
            slider.row.layout.display = "flex" if used else "none"

    def _changed(self, change):
        self.refresh()

    def _promised(self, detector, threshold):
        """The false-alarm rate that a raw threshold promises: the p-value just above it."""
        above = np.nextafter(threshold, np.inf)
        return float(conformal_p_values([above], self.calibration_scores[detector])[0])

    def _promise(self, detector, by, index, threshold, outcomes):
        """A sentence on the false-alarm rate."""
        m = len(self.calibration_scores[detector])
        if by == "threshold":
            promised = self._promised(detector, threshold)
            return promise_by_hand(threshold, promised, m, outcomes)
        rate = self.rates[index]
        interval = false_alarm_interval(rate, m, len(self.images["clean"]))
        return promise_for_rate(threshold, rate, m, interval, outcomes)

    def _sample(self, detector, kind):
        row = self.scores[detector]
        n = len(row["clean"])
        return np.concatenate([row["clean"], row[kind]]), np.repeat([False, True], n)

    def _precision(self, outcomes):
        """Precision at the share of damaged images expected in use; 1 if nothing is flagged."""
        hits = self.damaged_share * outcomes.recall
        alarms = (1 - self.damaged_share) * outcomes.false_alarm_rate
        return hits / (hits + alarms) if outcomes.flagged else 1.0

    def _cheapest(self, detector, kind):
        if (detector, kind) not in self._least:
            self._least[detector, kind] = least_cost(*self._sample(detector, kind), **self.costs)
        return self._least[detector, kind]

    def _curve(self, detector, kind):
        if (detector, kind) not in self._curves:
            row = self.scores[detector]
            self._curves[detector, kind] = Curves(
                row["clean"],
                row[kind],
                share=self.damaged_share,
                cheapest=self._cheapest(detector, kind).threshold,
            )
        return self._curves[detector, kind]

    def _gallery(self, detector, kind, mark):
        """A few of all images, evenly spaced from the worst score to the best."""
        if (detector, kind, mark) not in self._galleries:
            scores, damaged = self._sample(detector, kind)
            order = np.argsort(-scores, kind="stable")
            count = min(self.shown, len(order))
            order = order[np.linspace(0, len(order) - 1, count).round().astype(int)]
            images = np.concatenate([self.images["clean"], self.images[kind]])[order]
            if mark and self.masks is not None:
                both = np.concatenate([np.zeros_like(self.masks[kind]), self.masks[kind]])
                images = coloured(images, both[order])
            gallery = Gallery(images, scores[order], damaged[order])
            self._galleries[detector, kind, mark] = gallery
        return self._galleries[detector, kind, mark]
