r"""Choosing a threshold: when is an anomaly score high enough to raise the alarm?

One convention everywhere: scores are higher where an image is worse, and an image is *flagged* if
``score > threshold``; a score that equals the threshold passes.

Three ways to choose. :func:`threshold_for_rate` needs only scores of clean images, set aside for
calibration, and promises a false-alarm rate. :func:`best_f1` and :func:`least_cost` need damaged
images as well, and are best on the sample that they were given: they promise nothing for another.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.stats import betabinom
from sklearn.metrics import roc_curve


class F1Choice(NamedTuple):
    """A ``threshold`` and the ``f1`` in [0, 1] that it reaches."""

    threshold: float
    f1: float


class CostChoice(NamedTuple):
    """A ``threshold`` and the expected ``cost`` of one image, in the unit of the costs given."""

    threshold: float
    cost: float


class Outcomes(NamedTuple):
    """How many images were flagged and passed: damaged ones (first two) and clean ones."""

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


def conformal_p_values(scores, calibration_scores):
    r"""How surprising each score would be for a clean image.

    .. math:: p = \frac{1 + \#\{i : c_i \ge s\}}{m + 1}

    with a score s and m calibration scores c. If an image is exchangeable with the calibration
    images, then :math:`P(p \le \alpha) \le \alpha` for every rate :math:`\alpha`, whatever the
    detector (Bates et al., 2023). No p-value is below 1 / (m + 1).

    Parameters
    ----------
    scores : array_like, ``(n,)``
        Higher = worse.
    calibration_scores : array_like, ``(m,)``
        Of clean images that the detector was not fitted to.

    Returns
    -------
    ndarray of float64, ``(n,)``
        In (0, 1], lower = worse.

    Raises
    ------
    ValueError
        If an argument is empty, not one-dimensional or not finite.
    """
    scores = _check_scores(scores, "scores")
    calibration = np.sort(_check_scores(calibration_scores, "calibration_scores"))
    m = len(calibration)
    return (1 + m - np.searchsorted(calibration, scores, side="left")) / (m + 1)


def two_sided_p_values(scores, calibration_scores):
    r"""How surprising each score would be for a clean image, if too low is suspicious as well.

    Twice the smaller of the p-values of ``scores`` and of ``-scores``, at most 1. A blurred image
    is easier to reconstruct than a clean one: its error is suspiciously *small*.

    Arguments, result and errors as :func:`conformal_p_values`; none is below 2 / (m + 1).
    """
    upper = conformal_p_values(scores, calibration_scores)
    turned = (-np.asarray(values, np.float64) for values in (scores, calibration_scores))
    lower = conformal_p_values(*turned)
    return np.minimum(1.0, 2 * np.minimum(upper, lower))


def threshold_for_rate(calibration_scores, rate):
    r"""The smallest threshold with a guaranteed false-alarm rate.

    It is the k-th highest of m calibration scores, with :math:`k = \lfloor rate (m + 1) \rfloor`.
    ``score > threshold`` then flags exactly the images with ``conformal_p_values(...) <= rate``.
    The guarantee is *marginal*: over calibration sets and clean images like them, the probability
    of a false alarm is at most ``rate``. With the one calibration set at hand the rate may be
    somewhat higher or lower: see :func:`false_alarm_interval`.

    Parameters
    ----------
    calibration_scores : array_like, ``(m,)``
        Of clean images that the detector was not fitted to; higher = worse.
    rate : float
        Wanted false-alarm rate, 0 < rate < 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If so few scores cannot promise that rate: it takes at least 1 / rate - 1.
    """
    calibration = np.sort(_check_scores(calibration_scores, "calibration_scores"))
    return float(calibration[-_rank(rate, len(calibration))])


def false_alarm_interval(rate, n_calibration, n_test, *, level=0.95):
    r"""Where the share of flagged images lies by chance, if test and calibration are alike.

    With m calibration scores and no ties, the probability of a false alarm at the threshold of
    :func:`threshold_for_rate` varies from one calibration set to the next as a Beta(k, m + 1 - k)
    variable, so the number of false alarms among n clean images is beta-binomial.

    Parameters
    ----------
    rate : float
        The rate asked for, 0 < rate < 1.
    n_calibration, n_test : int
        m calibration images and n clean test images.
    level : float
        Probability that the realised rate lies inside, 0 < level < 1; it is at least this.

    Returns
    -------
    low, high : float
        In [0, 1], both inside; multiples of 1 / n_test.
    """
    for name, value in (("n_calibration", n_calibration), ("n_test", n_test)):
        if value != int(value) or value < 1:
            raise ValueError(f"{name} must be a whole number >= 1. Received: {value}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1. Received: {level}")
    k = _rank(rate, n_calibration)
    low, high = betabinom.interval(level, n_test, k, n_calibration + 1 - k)
    return float(low / n_test), float(high / n_test)


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
        The threshold lies halfway between two scores. Of several as good, the highest one.

    Raises
    ------
    ValueError
        If the images are all clean or all damaged, or a score is not finite.
    """
    recall, false_alarm_rate, thresholds, damaged = _all_choices(scores, damaged)
    hits = recall * damaged.sum()
    flagged = hits + false_alarm_rate * (~damaged).sum()
    f1 = 2 * hits / (damaged.sum() + flagged)
    best = int(np.argmax(f1 > f1.max() - 1e-12))  # the first, up to rounding
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
    """
    recall, false_alarm_rate, thresholds, damaged = _all_choices(scores, damaged)
    cost = expected_cost(
        recall,
        false_alarm_rate,
        miss_cost=miss_cost,
        false_alarm_cost=false_alarm_cost,
        damaged_share=damaged.mean() if damaged_share is None else damaged_share,
    )
    if miss_cost == false_alarm_cost == 0:
        raise ValueError("miss_cost and false_alarm_cost must not both be 0. Received: 0 and 0")
    best = int(np.argmax(cost < cost.min() + 1e-12 * max(miss_cost, false_alarm_cost)))
    return CostChoice(float(thresholds[best]), float(cost[best]))


def expected_cost(recall, false_alarm_rate, *, miss_cost, false_alarm_cost, damaged_share):
    """What one image costs on average, where a share of them is damaged (the rest are clean).

    ``damaged_share * (1 - recall) * miss_cost + (1 - damaged_share) * false_alarm_rate *
    false_alarm_cost``, for floats or arrays; the arguments are those of :func:`least_cost`.
    """
    _check_costs(miss_cost, false_alarm_cost)
    if not 0 < damaged_share < 1:
        raise ValueError(
            f"damaged_share must lie strictly between 0 and 1. Received: {damaged_share}"
        )
    missed = damaged_share * (1 - recall) * miss_cost
    return missed + (1 - damaged_share) * false_alarm_rate * false_alarm_cost


def _all_choices(scores, damaged):
    """Every way to split a sample, highest threshold first: recall, false-alarm rate, threshold.

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
    return recall, false_alarm_rate, thresholds, damaged


def _rank(rate, m):
    """The largest k with k / (m + 1) <= rate, in the very floating-point numbers of p-values."""
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie strictly between 0 and 1. Received: {rate}")
    k = math.floor(rate * (m + 1))
    k += (k + 1) / (m + 1) <= rate
    k -= k / (m + 1) > rate
    if k < 1:
        needed = math.ceil(round(1 / rate, 9)) - 1
        raise ValueError(
            f"a rate of {rate:g} needs at least {needed} calibration scores. Received: {m}"
        )
    return k


def _check_scores(scores, name):
    scores = np.asarray(scores)
    if scores.dtype.kind not in "fiu" or scores.ndim != 1 or not scores.size:
        raise ValueError(
            f"{name} must hold numbers of shape (n,) with n >= 1, one an image. "
            f"Received: {scores.dtype}, shape {scores.shape}"
        )
    if not np.isfinite(scores).all():
        bad = int((~np.isfinite(scores)).sum())
        raise ValueError(f"{name} must be finite. Received: {bad} NaN or infinite values")
    return scores if scores.dtype.kind == "f" else scores.astype(np.float64)


def _check_sample(scores, damaged):
    scores, damaged = _check_scores(scores, "scores"), np.asarray(damaged)
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
        if not 0 <= cost < math.inf:
            raise ValueError(f"{name} must be at least 0 and finite. Received: {cost}")
