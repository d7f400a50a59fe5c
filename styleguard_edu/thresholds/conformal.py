"""Thresholds with a promise: conformal p-values, from scores of clean images alone."""

import math
import warnings

import numpy as np
from scipy.stats import betabinom

from ..checks import finite_scores, require_count, require_rate

__all__ = ["conformal_p_values", "false_alarm_interval", "scores_needed"]
__all__ += ["threshold_for_rate", "two_sided_p_values"]

MOST_TESTED = 1_000_000  # images: SciPy's time and memory grow with their number


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

    See Also
    --------
    threshold_for_rate : The score at which the p-value falls to a rate.
    two_sided_p_values : If a low score is suspicious as well.

    References
    ----------
    Bates, Candès, Lei, Romano and Sesia (2023), "Testing for outliers with conformal p-values",
    *Annals of Statistics* 51(1), 149-178.

    Examples
    --------
    Of four clean images, two score at least 2.5:

    >>> from styleguard_edu.thresholds import conformal_p_values
    >>> conformal_p_values([2.5, 9], calibration_scores=[1, 2, 3, 4]).tolist()
    [0.6, 0.2]
    """
    scores = finite_scores("scores", scores)
    calibration = np.sort(finite_scores("calibration_scores", calibration_scores))
    m = len(calibration)
    return (1 + m - np.searchsorted(calibration, scores, side="left")) / (m + 1)


def two_sided_p_values(scores, calibration_scores):
    r"""How surprising each score would be for a clean image, if too low is suspicious as well.

    Twice the smaller of the p-values of ``scores`` and of ``-scores``, at most 1. A blurred image
    is easier to reconstruct than a clean one: its error is suspiciously *small*.

    Arguments, result and errors as :func:`conformal_p_values`; none is below 2 / (m + 1).

    Examples
    --------
    >>> from styleguard_edu.thresholds import two_sided_p_values
    >>> two_sided_p_values([0, 2.5, 9], calibration_scores=[1, 2, 3, 4]).tolist()
    [0.4, 1.0, 0.4]
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

    See Also
    --------
    false_alarm_interval : How far the realised rate may lie from the one asked for.
    best_f1, least_cost : Thresholds chosen with damaged images.

    Examples
    --------
    Nine calibration scores divide what comes next into ten equally likely slots, two of which lie
    above the second highest score:

    >>> from styleguard_edu.thresholds import threshold_for_rate
    >>> threshold_for_rate([1, 2, 3, 4, 5, 6, 7, 8, 9], rate=0.2)
    8.0
    """
    calibration = np.sort(finite_scores("calibration_scores", calibration_scores))
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
        m calibration images and n clean test images, at most a million. With m = 1 the interval
        says nothing, whatever the rate, and there is a warning.
    level : float
        Probability that the realised rate lies inside, 0 < level < 1; it is at least this.

    Returns
    -------
    low, high : float
        In [0, 1], both inside; multiples of 1 / n_test.

    Raises
    ------
    ValueError
        If a number is not as above, or m images cannot promise the rate.

    Examples
    --------
    Of a thousand clean images, 5 % are to be flagged. After calibration on 99 images the share may
    well be twice as large; after calibration on 9,999 it is nearer:

    >>> from styleguard_edu.thresholds import false_alarm_interval
    >>> false_alarm_interval(0.05, 99, 1000)
    (0.015, 0.103)
    >>> false_alarm_interval(0.05, 9999, 1000)
    (0.036, 0.065)
    """
    require_count("n_calibration", n_calibration, 1)
    require_count("n_test", n_test, 1, MOST_TESTED)
    require_rate("level", level)
    k = _rank(rate, n_calibration)
    if n_calibration == 1:
        message = "one calibration score says next to nothing about the rate of false alarms"
        warnings.warn(message, stacklevel=2)
    low, high = betabinom.interval(level, n_test, k, n_calibration + 1 - k)
    return float(low / n_test), float(high / n_test)


def _rank(rate, m):
    """The largest k with k / (m + 1) <= rate, in the very floating-point numbers of p-values."""
    require_rate("rate", rate)
    k = math.floor(rate * (m + 1))
    k += (k + 1) / (m + 1) <= rate
    k -= k / (m + 1) > rate
    if k < 1:
        raise ValueError(
            f"a rate of {float(rate)} needs at least {scores_needed(rate)} calibration scores. "
            f"Received: {m}"
        )
    return k


def scores_needed(rate):
    """The fewest calibration scores m that can promise a rate: 1 / (m + 1) <= rate."""
    m = math.ceil(1 / rate) - 1
    return m + (1 / (m + 1) > rate) - (m > 0 and 1 / m <= rate)
