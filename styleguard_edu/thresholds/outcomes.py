"""What a threshold gets right and wrong on a sample, and the best one for it: F1 or least cost."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_curve

from ..checks import finite_scores, require_number, require_rate

__all__ = ["Outcomes", "best_f1", "count_outcomes", "expected_cost", "least_cost"]
__all__ += ["CostChoice", "F1Choice"]


class F1Choice(NamedTuple):
    """A ``threshold`` and the ``f1`` in [0, 1] that it reaches."""

    threshold: float
    f1: float


class CostChoice(NamedTuple):
    """A ``threshold`` and the expected ``cost`` of one image, in the unit of the costs given."""

    threshold: float
    cost: float


class Outcomes(NamedTuple):
    """How many images were flagged and passed: damaged ones (first two) and clean ones.

    Examples
    --------
    >>> from styleguard_edu.thresholds import Outcomes
    >>> found = Outcomes(hits=3, misses=1, false_alarms=2, correct_rejections=8)
    >>> found.precision, found.recall, found.false_alarm_rate
    (0.6, 0.75, 0.2)
    >>> found.cost(miss_cost=10, false_alarm_cost=1)
    12
    """

    hits: int
    misses: int
    false_alarms: int
    correct_rejections: int

    @property
    def flagged(self):
        """Number of images flagged, rightly or wrongly."""
        return self.hits + self.false_alarms

    @property
    def precision(self):
        """Share of damaged images among the flagged; 1 if none is flagged."""
        return self.hits / self.flagged if self.flagged else 1.0

    @property
    def recall(self):
        """Share of flagged images among the damaged; 1 if none is damaged."""
        damaged = self.hits + self.misses
        return self.hits / damaged if damaged else 1.0

    @property
    def false_alarm_rate(self):
        """Share of flagged images among the clean; 0 if none is clean."""
        clean = self.false_alarms + self.correct_rejections
        return self.false_alarms / clean if clean else 0.0

    def cost(self, miss_cost, false_alarm_cost):
        """What the wrong decisions cost in all, with the price of one miss and one false alarm."""
        _check_costs(miss_cost, false_alarm_cost)
        return self.misses * miss_cost + self.false_alarms * false_alarm_cost


def count_outcomes(scores, damaged, threshold):
    """Count what flagging ``score > threshold`` gets right and wrong.

    Parameters
    ----------
    scores : array_like, ``(n,)``
        Higher = worse.
    damaged : array_like of bool (or 0 and 1), ``(n,)``
        The truth.
    threshold : float

    Returns
    -------
    Outcomes

    Examples
    --------
    >>> from styleguard_edu.thresholds import count_outcomes
    >>> count_outcomes([1, 3, 2, 4], [False, False, True, True], threshold=2.5)
    Outcomes(hits=1, misses=1, false_alarms=1, correct_rejections=1)
    """
    scores, damaged = _check_sample(scores, damaged)
    if np.isnan(threshold):
        raise ValueError(f"threshold must be a number. Received: {threshold}")
    flagged = scores > np.float64(threshold)  # a plain float would be rounded to float32
    hits, flags, truths = (int(part.sum()) for part in (flagged & damaged, flagged, damaged))
    return Outcomes(hits, truths - hits, flags - hits, len(scores) - truths - flags + hits)


def best_f1(scores, damaged):
    r"""The threshold with the highest F1 on a sample.

    .. math:: F_1 = \frac{2\,\mathrm{hits}}{2\,\mathrm{hits} + \mathrm{misses}
                    + \mathrm{false\ alarms}}

    Parameters
    ----------
    scores, damaged : array_like, ``(n,)``
        As for :func:`count_outcomes`. F1 depends on the share of damaged images: let it be the
        one expected in use.

    Returns
    -------
    F1Choice
        The threshold lies halfway between two scores. Of several as good, the highest one. Where
        nothing is better than to flag all images, there is a warning: then the scores hardly tell
        damaged images from clean ones, or are *lower* for damaged ones.

    Raises
    ------
    ValueError
        If the images are all clean or all damaged, or a score is not finite.

    See Also
    --------
    least_cost : If the two kinds of mistakes do not cost the same.
    threshold_for_rate : If there are no damaged images to choose with.

    Examples
    --------
    >>> from styleguard_edu.thresholds import best_f1
    >>> best_f1([1, 3, 2, 4], [False, False, True, True])
    F1Choice(threshold=1.5, f1=0.8)
    """
    missed, false_alarms, thresholds, damaged = _all_choices(scores, damaged)
    hits = damaged.sum() - missed
    f1 = 2 * hits / (hits + damaged.sum() + false_alarms)
    best = int(np.argmax(f1 > f1.max() - 1e-12))  # the first, up to rounding
    if best == len(thresholds) - 1:
        warnings.warn(
            "the best F1 flags every image: do higher scores mean damage here?", stacklevel=2
        )
    return F1Choice(float(thresholds[best]), float(f1[best]))


def least_cost(scores, damaged, *, miss_cost, false_alarm_cost, damaged_share=None):
    """The threshold with the least expected cost, as judged by a sample.

    Parameters
    ----------
    scores, damaged : array_like, ``(n,)``
        As for :func:`count_outcomes`.
    miss_cost, false_alarm_cost : float
        The price of one damaged image passed, and of one clean image flagged; at least 0, not both
        0. Only their ratio matters for the threshold.
    damaged_share : float, optional
        Share of damaged images expected in use, strictly between 0 and 1; that of the sample
        unless given. Where damage is rare, a good threshold is high.

    Returns
    -------
    CostChoice
        The threshold lies halfway between two scores; above all of them (at the highest score)
        if it is cheapest to flag nothing, just below all if it is cheapest to flag everything. Of
        several as cheap, the highest one.

    Raises
    ------
    ValueError
        If the images are all clean or all damaged, a score is not finite, or a cost or the share
        is out of range.

    See Also
    --------
    expected_cost : The cost of a threshold whose recall and false-alarm rate are known.

    Examples
    --------
    A miss costs ten false alarms, so both damaged images are worth one false alarm:

    >>> from styleguard_edu.thresholds import least_cost
    >>> least_cost([1, 3, 2, 4], [False, False, True, True], miss_cost=10, false_alarm_cost=1)
    CostChoice(threshold=1.5, cost=0.25)
    """
    missed, false_alarms, thresholds, damaged = _all_choices(scores, damaged)
    share = damaged.mean() if damaged_share is None else damaged_share
    shares = missed / damaged.sum(), false_alarms / (~damaged).sum()
    cost = _expected_cost(*shares, miss_cost, false_alarm_cost, share)
    if miss_cost == false_alarm_cost == 0:
        raise ValueError("miss_cost and false_alarm_cost must not both be 0. Received: 0 and 0")
    best = int(np.argmax(cost <= cost.min() * (1 + 1e-12)))  # the first, up to rounding
    return CostChoice(float(thresholds[best]), float(cost[best]))


def expected_cost(recall, false_alarm_rate, *, miss_cost, false_alarm_cost, damaged_share):
    """What one image costs on average, where a share of them is damaged (the rest are clean).

    ``damaged_share * (1 - recall) * miss_cost + (1 - damaged_share) * false_alarm_rate *
    false_alarm_cost``, for floats or arrays; the arguments are those of :func:`least_cost`.

    Examples
    --------
    One image in ten is damaged, half of them are missed at 20 each; a fifth of the clean ones is
    flagged at 1 each:

    >>> from styleguard_edu.thresholds import expected_cost
    >>> round(expected_cost(0.5, 0.2, miss_cost=20, false_alarm_cost=1, damaged_share=0.1), 2)
    1.18
    """
    return _expected_cost(1 - recall, false_alarm_rate, miss_cost, false_alarm_cost, damaged_share)


def _expected_cost(missed, flagged, miss_cost, false_alarm_cost, damaged_share):
    """The same from the share of damaged images missed and that of clean ones flagged."""
    _check_costs(miss_cost, false_alarm_cost)
    require_rate("damaged_share", damaged_share)
    return damaged_share * missed * miss_cost + (1 - damaged_share) * flagged * false_alarm_cost


def _all_choices(scores, damaged):
    """Every way to split a sample, highest threshold first: misses, false alarms, threshold.

    Last, the truth as bool. Thresholds keep the precision of the scores, so that
    ``score > threshold`` is exact for float32 scores as well.
    """
    scores, damaged = _check_sample(scores, damaged)
    if damaged.all() or not damaged.any():
        which = "damaged" if damaged.all() else "clean"
        raise ValueError(
            "damaged must hold at least one clean and one damaged image. "
            f"Received: {len(damaged)} images, all {which}"
        )
    false_alarm_rate, recall, lowest = roc_curve(damaged, scores, drop_intermediate=False)
    lowest = lowest[1:].astype(scores.dtype)  # the lowest score flagged; the first flags none
    below = np.append(lowest[1:], np.nextafter(lowest[-1], -np.inf, dtype=scores.dtype))
    halfway = below + (lowest - below) / 2
    halfway[-1] = below[-1]
    thresholds = np.concatenate([lowest[:1], np.where(halfway < lowest, halfway, below)])
    missed = np.rint((1 - recall) * damaged.sum())
    return missed, np.rint(false_alarm_rate * (~damaged).sum()), thresholds, damaged


def _check_sample(scores, damaged):
    scores, damaged = finite_scores("scores", scores), np.asarray(damaged)
    if damaged.shape != scores.shape:
        raise ValueError(
            f"damaged must hold one truth a score, {len(scores)} in all. "
            f"Received: shape {damaged.shape}"
        )
    if damaged.dtype != bool and not np.isin(damaged, (0, 1)).all():
        raise ValueError(f"damaged must be True or False. Received: {np.unique(damaged)[:5]}")
    return scores, damaged.astype(bool)


def _check_costs(miss_cost, false_alarm_cost):
    for name, cost in (("miss_cost", miss_cost), ("false_alarm_cost", false_alarm_cost)):
        require_number(name, cost, 0, np.inf)
