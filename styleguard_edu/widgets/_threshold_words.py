"""What a threshold does, in words: for the summary, and for readers who do not see the pictures."""

from typing import NamedTuple

from ..thresholds import CostChoice, Outcomes
from ._outcome_pictures import short


class Reading(NamedTuple):
    """Where the line stands and what follows.

    Attributes
    ----------
    detector, kind : str
    threshold : float
    outcomes : Outcomes
    precision, cost : float
        At the share of damaged images expected in use; cost per image.
    least : CostChoice
    costs : dict
        ``miss_cost``, ``false_alarm_cost`` and ``damaged_share``.
    """

    detector: str
    kind: str
    threshold: float
    outcomes: Outcomes
    precision: float
    cost: float
    least: CostChoice
    costs: dict

    @property
    def counts(self):
        """The four outcomes."""
        hits, misses, false_alarms, correct = self.outcomes
        return (
            f"{_plural(hits, 'hit')}, {_plural(false_alarms, 'false alarm')}, "
            f"{_plural(misses, 'miss')}, {correct:,} clean passed"
        )

    @property
    def share(self):
        """The share of damaged images, in percent."""
        return f"{100 * self.costs['damaged_share']:.3g}%"

    def text(self, promise):
        """The summary, with a sentence on the false-alarm rate in the middle."""
        miss, false_alarm = self.costs["miss_cost"], self.costs["false_alarm_cost"]
        return (
            f"{self.outcomes.flagged:,} of {sum(self.outcomes):,} flagged: {self.counts}.\n"
            f"{promise}\n"
            f"Recall {self.outcomes.recall:.1%}. With {self.share} of all images damaged, "
            f"precision {self.precision:.1%}; with {miss:g} for a miss and {false_alarm:g} for a "
            f"false alarm, cost per image {short(self.cost)}; the least possible is "
            f"{short(self.least.cost)}, at threshold {self.least.threshold:.3g}."
        )

    def alts(self, shown, flagged, marked):
        """What curves, table and gallery show; the gallery's images, how many are flagged, and
        whether the true damage is coloured."""
        alarms, recall = self.outcomes.false_alarm_rate, self.outcomes.recall
        return (
            f"Histograms of the scores that {self.detector} gives to clean images and to "
            f"{self.kind}, with a line at {self.threshold:.3g}; its points on the ROC curve "
            f"(false-alarm rate {alarms:.1%}, recall {recall:.1%}) and on the precision-recall "
            f"curve (precision {self.precision:.1%}).",
            f"Table: {self.counts}. Cost per image {short(self.cost)}, the least possible "
            f"{short(self.least.cost)}.",
            f"{shown} of {sum(self.outcomes):,} images, worst score first; the first {flagged} are "
            "flagged. Hits are framed solid, false alarms dotted, misses dashed."
            + (" Damaged pixels are amber." if marked else ""),
        )


def promise_by_hand(threshold, promised, n_calibration, outcomes):
    """What a raw threshold promises, and what came of it."""
    return (
        f"Threshold {threshold:.4g}, set by hand: {n_calibration:,} calibration scores promise "
        f"false alarms in at most {promised:.1%} of clean images. {_realised(outcomes)}."
    )


def promise_for_rate(threshold, rate, n_calibration, interval, outcomes):
    """What was asked, and whether what came of it is as near as chance allows."""
    low, high = interval
    verdict = "within" if low <= outcomes.false_alarm_rate <= high else "outside"
    return (
        f"Threshold {threshold:.4g}, set by {n_calibration:,} calibration scores for a "
        f"false-alarm rate of {rate:.1%}. {_realised(outcomes)}, {verdict} what "
        f"chance explains ({low:.1%} to {high:.1%})."
    )


def _realised(outcomes):
    clean = outcomes.false_alarms + outcomes.correct_rejections
    return f"Realised: {outcomes.false_alarm_rate:.1%} of {clean:,} clean images"


def _plural(count, word):
    plural = f"{word}es" if word.endswith("s") else f"{word}s"
    return f"{count:,} {word if count == 1 else plural}"
