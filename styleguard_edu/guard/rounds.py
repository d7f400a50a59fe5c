"""One round of a guard, and how the rounds of several batches become one."""

from collections import Counter
from dataclasses import dataclass, fields, replace

import numpy as np

__all__ = ["Round", "in_number", "joined_rounds"]


@dataclass(frozen=True, eq=False)
class Round:
    """One round of a guard: m images in the queue, k correctors.

    Attributes
    ----------
    index : ndarray of int, ``(m,)``
        Which of the images given to the guard they are, ascending.
    scores, p_values : ndarray of float64, ``(m,)``
        Before the round.
    flagged : ndarray of bool, ``(m,)``
        Before the round. In later rounds an image may be in the queue though it is not flagged:
        its p-value is below the target.
    masks : ndarray of bool, ``(m, height, width)``
        Where they were marked before the round.
    tried : tuple of k str
        The correctors' names.
    asked : ndarray of bool, ``(k, m)``
        Which correctors made a proposal, see :class:`StyleGuard`. For the others, the arrays below
        describe the image before the round.
    scores_after, p_after : ndarray of float64, ``(k, m)``
        Of the proposals.
    area_after : ndarray of int, ``(k, m)``
        Marked pixels of the proposals: among those marked before, unless all was changed.
    flagged_after : ndarray of bool, ``(k, m)``
        Whether a proposal is still flagged.
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
    def corrected(self):
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
        taken = in_number(sum(names.values()), "proposal")
        return f"{images}, {taken} taken{which and f' ({which})'}, {self.corrected.sum()} corrected"


def joined_rounds(batches):
    """The rounds of several batches as one tuple, one Round a round number.

    Parameters
    ----------
    batches : dict of int to tuple of Round
        By the place of each batch's first image among all images.

    Returns
    -------
    tuple of Round
    """
    joined = []
    for number in range(max(map(len, batches.values()))):
        parts = [
            replace(rounds[number], index=rounds[number].index + start)
            for start, rounds in batches.items()
            if len(rounds) > number
        ]
        values = {}
        for name in {field.name for field in fields(Round)} - {"tried"}:
            axis = 0 if name in ("masks", "images") else -1  # others are (m,) or (k, m)
            values[name] = np.concatenate([getattr(part, name) for part in parts], axis)
        joined.append(replace(parts[0], **values))
    return tuple(joined)


def in_number(number, noun):
    """Such as "1 image", "2 images"."""
    return f"{number} {noun}{'s' * (number != 1)}"
