"""Choosing a threshold: when is an anomaly score high enough to raise the alarm?

One convention everywhere: scores are higher where an image is worse, and an image is *flagged* if
``score > threshold``; a score that equals the threshold passes.

Three ways to choose. :func:`threshold_for_rate` needs only scores of clean images, set aside for
calibration, and promises a false-alarm rate. :func:`best_f1` and :func:`least_cost` need damaged
images as well, and are best on the sample that they were given: they promise nothing for another.
"""

from .conformal import (
    conformal_p_values,
    false_alarm_interval,
    threshold_for_rate,
    two_sided_p_values,
)
from .outcomes import (
    CostChoice,
    F1Choice,
    Outcomes,
    best_f1,
    count_outcomes,
    expected_cost,
    least_cost,
)

__all__ = [
    "CostChoice",
    "F1Choice",
    "Outcomes",
    "best_f1",
    "conformal_p_values",
    "count_outcomes",
    "expected_cost",
    "false_alarm_interval",
    "least_cost",
    "threshold_for_rate",
    "two_sided_p_values",
]
