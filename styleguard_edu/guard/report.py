"""What a guard did: every image as it ends, and every round that led there."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..checks import require_count
from ..plotting import tint_masks
from ..sheets import plot_sheet
from .pages import outcome_table, write_page
from .rounds import in_number


@dataclass(frozen=True, eq=False)
class GuardReport:
    """What a guard did with n images.

    Attributes
    ----------
    images : ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
        As they end; bit-identical to ``originals`` where nothing was accepted.
    originals : ndarray of float32, the same shape
        As they came in.
    flagged : ndarray of bool, ``(n,)``
        Flagged in the end: for review.
    accepted : ndarray of bool, ``(n,)``
        At least one proposal was accepted, so the image was changed.
    p_values, scores : ndarray of float64, ``(n,)``
        In the end. Small p-values and high scores are suspicious.
    rounds : tuple of Round
        The first holds all images that were flagged as they came in.
    false_alarm_rate : float
        Images with a p-value of at most this are flagged.
    rate_of : str
        Of what about that share is flagged, in words: "of clean images".
    max_rounds : int
        The most rounds for one image.
    interrupted : str or None
        What ended the loop early; the images are then the first of those given to the guard.

    Examples
    --------
    Two shifted digits, one full of noise, and three clean ones:

    >>> from styleguard_edu import load_digits, load_guard
    >>> from styleguard_edu.anomalies import Noise, Shift
    >>> images = load_digits("bundled", verbose=False).test.images[:6].copy()
    >>> images[:2] = Shift(pixels=4)(images[:2], rng=0).images
    >>> images[2:3] = Noise(std=0.3)(images[2:3], rng=0).images
    >>> report = load_guard("digits", source="bundled").run(images)
    >>> report
    GuardReport(6 images: 3 passed, 2 corrected, 1 for review)
    >>> report.outcomes.tolist()
    ['corrected', 'corrected', 'for review', 'passed', 'passed', 'passed']
    """

    images: np.ndarray
    originals: np.ndarray
    flagged: np.ndarray
    accepted: np.ndarray
    p_values: np.ndarray
    scores: np.ndarray
    rounds: tuple
    false_alarm_rate: float
    rate_of: str
    max_rounds: int
    interrupted: str | None = None

    OUTCOMES: ClassVar = {
        "passed": "never flagged, never touched",
        "corrected": "flagged, corrected, no longer flagged",
        "for review": "still flagged: a person must look at it",
    }

    @property
    def outcomes(self):
        """What became of each image, ndarray of str, ``(n,)``: the keys of ``OUTCOMES``."""
        not_flagged = np.where(self.accepted, "corrected", "passed")
        return np.where(self.flagged, "for review", not_flagged)

    REASONS: ClassVar = ("no acceptable proposal", "every corrector used", "every round used")

    @property
    def reasons(self):
        """Why the loop was over for each image flagged in the end, ndarray of str, ``(n,)``.

        One of ``REASONS``; "" for the others. Not to be asked of a report that was interrupted.
        """
        taken, rounds = np.zeros(len(self.images), bool), np.zeros(len(self.images), int)
        for one in self.rounds:
            taken[one.index] = one.choice >= 0
            rounds[one.index] += 1
        none, correctors, all_rounds = self.REASONS
        cases = [~self.flagged, ~taken, rounds == self.max_rounds]
        return np.select(cases, ["", none, all_rounds], correctors)

    def to_frame(self):
        """One row an image and round, as a table; round 0 is the first look.

        Returns
        -------
        pandas.DataFrame
            Columns ``image``, ``round``; ``corrector`` (the one taken; missing if none was),
            ``score``, ``p_value``, ``flagged``, ``area`` in pixels and ``change`` from the image
            as it came in, all after the round; ``outcome`` in the end.
        """
        import pandas as pd  # half a second that only tables cost

        names = "image round corrector score p_value flagged area change".split()
        columns = map(np.concatenate, zip(*self._looks(), strict=True))
        table = pd.DataFrame(dict(zip(names, columns, strict=True)))
        table["outcome"] = self.outcomes[table["image"].to_numpy()]
        return table.sort_values(["image", "round"], ignore_index=True)

    def summary(self):
        """What happened, in a few lines for a person."""
        counts = self.counts()
        n, flagged = len(self.images), len(self.images) - counts["passed"]
        text = [
            f"{in_number(n, 'image')}: {counts['passed']} passed, {flagged} flagged "
            f"(p-value at most {self.false_alarm_rate:g})."
        ]
        if flagged:
            text += [
                f"Of the flagged, {counts['corrected']} corrected, {counts['for review']} for "
                f"review ({self.changed_for_review} of them changed)."
            ]
        text += [f"Round {number}: {one}." for number, one in enumerate(self.rounds, start=1)]
        if self.interrupted:
            text += [f"Not complete: {self.interrupted}."]
        return "\n".join(text)

    def counts(self):
        """How many images have each outcome, dict of str to int."""
        counts = Counter(self.outcomes.tolist())
        return {name: counts[name] for name in self.OUTCOMES}

    @property
    def changed_for_review(self):
        """How many images are for review though they were changed, int."""
        return int((self.flagged & self.accepted).sum())

    def __str__(self):
        return self.summary()

    def __repr__(self):
        counts = ", ".join(f"{count} {name}" for name, count in self.counts().items())
        less = ", interrupted" if self.interrupted else ""
        return f"GuardReport({in_number(len(self.images), 'image')}: {counts}{less})"

    def _repr_html_(self):
        return outcome_table(self)

    def contact_sheet(self, most=12, *, ax=None):
        """Draw flagged images: before, where they looked wrong, after.

        Parameters
        ----------
        most : int >= 1
            Images at most, each outcome as often as the others if there are enough of it; the
            first that passed if none was flagged.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure of fitting size unless given.

        Returns
        -------
        matplotlib.axes.Axes
        """
        rows = self.examples(most)
        titles = [f"{k}\n{outcome}" for k, outcome in zip(rows, self.outcomes[rows], strict=True)]
        return plot_sheet(self.views(rows), titles=titles, ax=ax)

    def to_html(self, path, *, most=60):
        """Write a page that needs no network: summary, tables, pictures with alt texts.

        Parameters
        ----------
        path : str or pathlib.Path
            Replaced as a whole, or left as it was if something fails.
        most : int >= 1
            Images shown at most, chosen as for :meth:`contact_sheet`.

        Returns
        -------
        pathlib.Path
        """
        return write_page(self, path, most)

    def examples(self, most):
        """Which images to show, ndarray of int: by outcome, then in their order."""
        require_count("most", most, 1)
        outcomes = self.outcomes
        groups = [np.flatnonzero(outcomes == name) for name in self.OUTCOMES if name != "passed"]
        # the first of each outcome, then the second of each ...
        turns = sorted((turn, g) for g, group in enumerate(groups) for turn in range(len(group)))
        chosen = sorted((g, turn) for turn, g in turns[:most])
        if not chosen:
            return np.arange(min(most, len(self.images)))
        return np.array([groups[g][turn] for g, turn in chosen])

    def first_masks(self, rows):
        """Where images looked wrong as they came in, ``(len(rows), height, width)`` of bool."""
        masks = np.zeros((len(self.images), *self.images.shape[1:3]), bool)
        for first in self.rounds[:1]:
            masks[first.index] = first.masks
        return masks[rows]

    def views(self, rows):
        """Some images three times, dict of ndarray: before, where they looked wrong, after."""
        before, after = self.originals[rows], self.images[rows]
        marked = tint_masks(before, self.first_masks(rows))
        return {"before": before, "looked wrong": marked, "after": after}

    def stories(self, rows):
        """Whose proposals were taken, round by round, list of str: such as "realign, median"."""
        taken = {int(k): [] for k in rows}
        for one in self.rounds:
            for k, choice in zip(one.index.tolist(), one.choice, strict=True):
                if k in taken and choice >= 0:
                    taken[k].append(one.tried[choice])
        return [", ".join(names) or "none" for names in taken.values()]

    def _looks(self):
        """Rows of the table: all images as they came in, then those in the queue of each round."""
        n = len(self.images)
        scores, p_values = self.scores.copy(), self.p_values.copy()
        areas, changed = np.zeros(n, int), np.zeros(n)
        for one in self.rounds[:1]:
            scores[one.index], p_values[one.index] = one.scores, one.p_values
            areas[one.index] = one.area
        first = (scores, p_values, self.outcomes != "passed", areas, changed.copy())
        yield (np.arange(n), np.zeros(n, int), np.full(n, None), *first)
        for number, one in enumerate(self.rounds, start=1):
            changed[one.index] = one.taken(one.change, changed[one.index])
            yield (
                one.index,
                np.full(len(one.index), number),
                np.array([*one.tried, None], object)[one.choice],
                one.taken(one.scores_after, one.scores),
                one.taken(one.p_after, one.p_values),
                one.taken(one.flagged_after, one.flagged),
                one.taken(one.area_after, one.area),
                changed[one.index],
            )
