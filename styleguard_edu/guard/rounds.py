"""One round of a guard, and how the rounds of several batches become one."""

from collections import Counter
from dataclasses import dataclass, fields, replace

import numpy as np

_PER_CANDIDATE = {
    "asked",
    "scores_after",
    "p_after",
    "area_after",
    "flagged_after",
    "change",
    "accepted",
}


@dataclass(frozen=True, eq=False)
class Round:
    """One round of a guard: m images in the queue, k candidate repairs of each.

    Attributes
    ----------
    index : ndarray of int, ``(m,)``
        Which of the images given to the guard they are, ascending.
    scores, p_values : ndarray of float64, ``(m,)``
        Before the round.
    flagged : ndarray of bool, ``(m,)``
        Before the round: in later ones, what was repaired may look sound, but not sound enough.
    masks : ndarray of bool, ``(m, height, width)``
        Where they looked wrong before the round.
    tried : tuple of k str
        The candidate correctors' names.
    asked : ndarray of bool, ``(k, m)``
        Which candidates made a proposal: those that change all of an image are not always asked,
        see :class:`StyleGuard`. Where one was not asked, the arrays below tell of the image as it
        was.
    scores_after, p_after : ndarray of float64, ``(k, m)``
        Of the proposals.
    area_after : ndarray of int, ``(k, m)``
        Marked pixels of the proposals: among those marked before, unless all was changed.
    flagged_after : ndarray of bool, ``(k, m)``
        Whether a proposal is flagged still.
    change : ndarray of float64, ``(k, m)``
        How far a proposal is from the image as it came in, see
        :func:`styleguard_edu.correctors.rms_change`.
    accepted : ndarray of bool, ``(k, m)``
        Whether a proposal was acceptable.
    choice : ndarray of int, ``(m,)``
        The one taken, 0 to k - 1; -1 for none.
    images : ndarray of float32, ``(m, height, width, channels)``
        After the round.
    """

    index: np.ndarray
    scores: np.ndarray
    p_values: np.ndarray
    flagged: np.ndarray
    masks: np.ndarray
    tried: tuple
    asked: np.ndarray
    scores_after: np.ndarray
    p_after: np.ndarray
    area_after: np.ndarray
    flagged_after: np.ndarray
    change: np.ndarray
    accepted: np.ndarray
    choice: np.ndarray
    images: np.ndarray

    @property
    def area(self):
        """Marked pixels before the round, ``(m,)``."""
        return self.masks.sum(axis=(1, 2))

    @property
    def mended(self):
        """Which images were flagged before the round and are no longer, ``(m,)``."""
        return self.flagged & ~self.taken(self.flagged_after, self.flagged)

    def taken(self, after, otherwise):
        """One value an image: that of the proposal taken, else ``otherwise``.

        Parameters
        ----------
        after : ndarray, ``(k, m)``
            Such as ``scores_after``.
        otherwise : array_like, ``(m,)`` or one value

        Returns
        -------
        ndarray, ``(m,)``
        """
        chosen = after[self.choice, np.arange(len(self.choice))]  # the last one for -1, not used
        return np.where(self.choice >= 0, chosen, otherwise)

    def taken_by(self):
        """How many proposals of each corrector were taken, dict of str to int, most first."""
        return dict(Counter(self.tried[k] for k in self.choice if k >= 0).most_common())

    def __str__(self):
        names = self.taken_by()
        which = ", ".join(f"{name} {count}" for name, count in names.items())
        images = in_number(len(self.index), "image")
        repairs = in_number(sum(names.values()), "repair")
        return f"{images}, {repairs} taken{which and f' ({which})'}, {self.mended.sum()} mended"


def joined_rounds(batches, starts):
    """The rounds of several batches as one tuple, one Round a round number.

    Parameters
    ----------
    batches : sequence of tuple of Round
    starts : sequence of int
        Which of all images each batch's first is.

    Returns
    -------
    tuple of Round
    """
    joined = []
    for number in range(max(map(len, batches), default=0)):
        parts = [
            replace(rounds[number], index=rounds[number].index + start)
            for rounds, start in zip(batches, starts, strict=False)
            if len(rounds) > number
        ]
        joined.append(_joined(parts))
    return tuple(joined)


def _joined(parts):
    values = {"tried": parts[0].tried}
    for name in {field.name for field in fields(Round)} - {"tried"}:
        axis = 1 if name in _PER_CANDIDATE else 0
        values[name] = np.concatenate([getattr(part, name) for part in parts], axis=axis)
    return Round(**values)


def in_number(number, noun):
    """Such as "1 image", "2 images"."""
    return f"{number} {noun}{'s' * (number != 1)}"
