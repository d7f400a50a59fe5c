"""What became of each image, and why a correction is not accepted: in numbers and in words."""

import numpy as np

from ..correctors import rms_change
from ._page import in_percent, p_in_words
from .correction_case import at_strength


class Outcome:
    """What one setting of the correction explorer does to n images, looked up.

    Parameters
    ----------
    case : CorrectionCase
    corrections : Corrections
        One of the case's.
    threshold, strength, step : int
        Indices.

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
    verdicts : ndarray of str, ``(n,)``
        What is done with each correction: "accepted", "not accepted" or "unchanged".
    failed : dict of str to ndarray of bool, ``(n,)``
        Where a condition of acceptance is not met: of the score, the p-value, the change.
    """

    def __init__(self, case, corrections, threshold, strength, step=0):
        at = step, threshold
        images = at_strength(case.damaged, corrections.images[at], case.strengths[strength])
        self.images, self.difference = images, strongest(images - case.damaged)
        self.scores = np.stack([case.scores, corrections.scores[at][strength]])
        self.p_values = np.stack([case.p_values, corrections.p_values[at][strength]])
        self.errors = np.stack([rms_change(case.clean, each) for each in (case.damaged, images)])
        self.distances = rms_change(case.damaged, images)
        self.shares = (self.difference != 0).mean(axis=(1, 2, 3))
        self.accepted = corrections.accepted[at][strength]
        verdicts = np.where(self.accepted, "accepted", "not accepted")
        self.verdicts = np.where(self.shares > 0, verdicts, "unchanged")
        self.failed = {
            "score": self.scores[0] - self.scores[1] < case.min_improvement,
            "p": self.p_values[1] < self.p_values[0],
            "change": self.distances > corrections.max_change,
        }

    def below(self, k):
        """What stands below the k-th image: score, p, error, pixels changed, verdict, reasons."""
        return (
            " to ".join(map(number, self.scores[:, k])),
            " to ".join(map(p_in_words, self.p_values[:, k])),
            " to ".join(f"{error:.2f}" for error in self.errors[:, k]),
            in_percent(self.shares[k]),
            self.verdicts[k],
            ", ".join(self._reasons(k)) if self.verdicts[k] == "not accepted" else "",
        )

    def why_not(self, k):
        """Each condition that the k-th correction does not meet, with its numbers."""
        fall, (p, p_after) = self.scores[0, k] - self.scores[1, k], self.p_values[:, k]
        words = {
            "score": f"score {'falls' if fall > 0 else 'rises'} by {number(abs(fall))}",
            "p": f"p falls from {p_in_words(p)} to {p_in_words(p_after)}",
            "change": f"change {self.distances[k]:.2f}",
        }
        return ", ".join(words[reason] for reason in self._reasons(k))

    def _reasons(self, k):
        return [name for name, failed in self.failed.items() if failed[k]]


def strongest(difference):
    """The difference in the channel that changed most, ``(n, height, width, 1)``."""
    place = np.abs(difference).argmax(axis=-1)[..., np.newaxis]
    return np.take_along_axis(difference, place, axis=-1)


def number(value):
    """A score in three digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
