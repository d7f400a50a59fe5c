"""Choosing a threshold: when is an anomaly score high enough to raise the alarm?

One convention everywhere: scores are higher where an image is worse, and an image is *flagged* if
``score > threshold``; a score that equals the threshold passes.

Three ways to choose. :func:`threshold_for_rate` needs only scores of clean images, set aside for
calibration, and promises a false-alarm rate. :func:`best_f1` and :func:`least_cost` need damaged
images as well, and are best on the sample that they were given: they promise nothing for another.
"""

from .. import _lazily

_HOME = {  # public name -> module that defines it
    "CostChoice": "outcomes",
    "F1Choice": "outcomes",
    "Outcomes": "outcomes",
    "best_f1": "outcomes",
    "conformal_p_values": "conformal",
    "count_outcomes": "outcomes",
    "expected_cost": "outcomes",
    "false_alarm_interval": "conformal",
    "least_cost": "outcomes",
    "threshold_for_rate": "conformal",
    "two_sided_p_values": "conformal",
}

__all__ = list(_HOME)

__getattr__, __dir__ = _lazily(__name__, _HOME)
