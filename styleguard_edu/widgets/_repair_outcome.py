"""What became of each image, and why a repair is refused: in numbers and in words."""

from functools import reduce
from typing import NamedTuple

import numpy as np

from ..correctors import rms_change
from ._page import in_percent, p_in_words

REASONS = ("score", "p", "change")  # of a refusal, in the order of the rule of acceptance


class Outcome(NamedTuple):
    """What one setting of the correction explorer does to n images.

    Attributes
    ----------
    images : ndarray of float32, ``(n, height, width, channels)``
        After the correction.
    difference : ndarray of float32, ``(n, height, width, 1)``
        From before, in the channel that changed most.
    scores, p_values, errors : ndarray of float, ``(2, n)``
        Before and after; errors are root-mean-square differences from the clean images.
    distances : ndarray of float, ``(n,)``
        Root-mean-square differences between before and after.
    shares : ndarray of float, ``(n,)``
        Of pixels changed.
    accepted : ndarray of bool, ``(n,)``
    failed : ndarray of bool, ``(3, n)``
        Which conditions of acceptance are not met: of the score, the p-value, the change.
    min_improvement, max_change : float
        By which a score must fall, and the largest distance.
    """

    images: np.ndarray
    difference: np.ndarray
    scores: np.ndarray
    p_values: np.ndarray
    errors: np.ndarray
    distances: np.ndarray
    shares: np.ndarray
    accepted: np.ndarray
    failed: np.ndarray
    min_improvement: float
    max_change: float

    def below(self, k):
        """What stands below the k-th image: score, p, error, pixels changed, verdict, reasons."""
        return (
            " to ".join(map(number, self.scores[:, k])),
            " to ".join(map(p_in_words, self.p_values[:, k])),
            " to ".join(f"{error:.2f}" for error in self.errors[:, k]),
            in_percent(self.shares[k]),
            self.verdict(k),
            "" if self.accepted[k] or not self.shares[k] else ", ".join(self._reasons(k)),
        )

    def verdict(self, k):
        """In a word or two: what is done with the k-th repair."""
        if not self.shares[k]:
            return "unchanged"
        return "accepted" if self.accepted[k] else "refused"

    def why_refused(self, k):
        """Each condition that the k-th repair does not meet, with its numbers."""
        (before, after), (p, p_after) = self.scores[:, k], self.p_values[:, k]
        fall = before - after
        score = f"score falls by {number(fall)}" if fall > 0 else f"score rises by {number(-fall)}"
        words = {
            "score": score if fall else "score stays the same",
            "p": f"p falls from {p_in_words(p)} to {p_in_words(p_after)}",
            "change": f"change {self.distances[k]:.2f}",
        }
        return ", ".join(words[reason] for reason in self._reasons(k))

    def _reasons(self, k):
        return [name for name, failed in zip(REASONS, self.failed[:, k], strict=True) if failed]


def judge(case, repairs, threshold, strength, step):
    """What one setting does, looked up; the arguments after ``repairs`` are indices.

    Parameters
    ----------
    case : CorrectionCase
    repairs : Repairs
        One of the case's.
    threshold, strength, step : int

    Returns
    -------
    Outcome
    """
    at = step, threshold
    images = at_strength(case.damaged, repairs.images[at], case.strengths[strength])
    scores = np.stack([case.scores, repairs.scores[at][strength]])
    p_values = np.stack([case.p_values, repairs.p_values[at][strength]])
    distances = rms_change(case.damaged, images)
    difference = strongest(images - case.damaged)
    return Outcome(
        images=images,
        difference=difference,
        scores=scores,
        p_values=p_values,
        errors=np.stack([rms_change(case.clean, case.damaged), rms_change(case.clean, images)]),
        distances=distances,
        shares=(difference != 0).mean(axis=(1, 2, 3)),
        accepted=repairs.accepted[at][strength],
        failed=np.stack(
            [
                scores[0] - scores[1] < case.min_improvement,
                p_values[1] < p_values[0],
                distances > repairs.max_change,
            ]
        ),
        min_improvement=case.min_improvement,
        max_change=repairs.max_change,
    )


def at_strength(damaged, repaired, strength):
    """Repairs at a part of their strength; bit-identical where the repair changes nothing.

    Parameters
    ----------
    damaged, repaired : ndarray of float32, shapes that broadcast
    strength : float in [0, 1]

    Returns
    -------
    ndarray of float32
    """
    if strength == 1:
        return repaired
    return damaged + np.float32(strength) * (repaired - damaged)


def strongest(difference):
    """The difference in the channel that changed most, ``(n, height, width, 1)``."""
    channels = np.moveaxis(difference, -1, 0)
    # two channels at a time: along the last axis NumPy takes over ten times as long
    high, low = reduce(np.maximum, channels), reduce(np.minimum, channels)
    return np.where(high > -low, high, low)[..., np.newaxis]


def number(value):
    """A score in three digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
