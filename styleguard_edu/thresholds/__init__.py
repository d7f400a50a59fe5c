"""Choosing a threshold: when is an anomaly score high enough to raise the alarm?

One convention everywhere: scores are higher where an image is worse, and an image is *flagged* if
``score > threshold``; a score that equals the threshold passes.

Three ways to choose. :func:`threshold_for_rate` needs only scores of clean images, set aside for
calibration, and promises a false-alarm rate. :func:`best_f1` and :func:`least_cost` need damaged
images as well, and are best on the sample that they were given: they promise nothing for another.
"""

from .. import _lazily

__all__, __getattr__, __dir__ = _lazily(
    __name__,
    conformal="conformal_p_values false_alarm_interval threshold_for_rate two_sided_p_values",
    outcomes="best_f1 CostChoice count_outcomes expected_cost F1Choice least_cost Outcomes",
)
