"""What a guard's report says about every moment of its loop: for pictures and for words."""

from collections import Counter
from typing import NamedTuple

import numpy as np

STATES = ("passed", "waiting", "mended", "for a person")
PASSED, WAITING, MENDED, PERSON = range(4)


class Moment(NamedTuple):
    """After a number of rounds, for n images; at first, as they came.

    Attributes
    ----------
    images : ndarray of float32, ``(n, height, width, channels)``
    states : ndarray of int, ``(n,)``
        Places in ``STATES``.
    areas : ndarray of int, ``(n,)``
        Marked pixels of each image.
    taken : tuple of n str
        The corrector whose repair was taken in the last round, "none" where none was acceptable,
        "" for images that were not in the queue.
    """

    images: np.ndarray
    states: np.ndarray
    areas: np.ndarray
    taken: tuple

    @property
    def waiting(self):
        """How many images are in the queue of the next round."""
        return int((self.states == WAITING).sum())


def moments(report):
    """Play a report from the start.

    Parameters
    ----------
    report : GuardReport

    Returns
    -------
    list of Moment
        One before the first round, and one after each.
    """
    n = len(report.originals)
    images, states = report.originals, np.full(n, PASSED)
    areas, taken = np.zeros(n, int), [""] * n
    played = []
    for round in report.rounds:
        states[round.index] = WAITING  # those of before are, already
        areas[round.index] = round.area
        played.append(Moment(images, states.copy(), areas.copy(), tuple(taken)))
        images = images.copy()
        images[round.index] = round.images
        flagged = round.taken(round.flagged_after, round.flagged)
        states[round.index] = np.where(flagged, PERSON, MENDED)
        areas[round.index] = round.taken(round.area_after, round.area)
        taken = [""] * n
        for k, place in zip(round.choice, round.index, strict=True):
            taken[place] = round.tried[k] if k >= 0 else "none"
    return [*played, Moment(images, states, areas, tuple(taken))]


def round_text(played, number):
    """What happened until one moment, in words.

    Parameters
    ----------
    played : list of Moment
    number : int
        How many rounds are over.

    Returns
    -------
    str
    """
    now, n = played[number], len(played[0].states)
    if not number:
        return (
            f"As they came: {n} image{'s' * (n > 1)}, {now.waiting} flagged and waiting for a "
            f"repair, {n - now.waiting} passed. Marked: {now.areas.sum():,} pixels."
        )
    before = played[number - 1]
    queue = before.states == WAITING
    mended, waiting, person = ((queue & (now.states == k)).sum() for k in (MENDED, WAITING, PERSON))
    names = Counter(name for name in now.taken if name)
    refused = names.pop("none", 0)
    used = ", ".join(f"{name} {count}" for name, count in names.most_common()) or "no repair"
    return (
        f"Round {number} of {len(played) - 1}, {queue.sum()} in the queue: {mended} mended, "
        f"{waiting} waiting for the next round, {person} left to a person; no acceptable repair "
        f"for {refused}. Taken: {used}. "
        f"Marked: {before.areas.sum():,} pixels before, {now.areas.sum():,} after."
    )


def stop_rule(report):
    """Why the loop ended, in words.

    Parameters
    ----------
    report : GuardReport

    Returns
    -------
    str
    """
    if report.interrupted:
        return f"The loop did not end by itself: {report.interrupted}."
    if not report.rounds:
        return "The loop ended at once: no image was flagged."
    counts = Counter(report.reasons[report.flagged].tolist())
    why = ", ".join(
        f"{counts[reason]} with {reason}" for reason in report.REASONS if counts[reason]
    )
    still = f"{counts.total()} still flagged, {why}" if why else "none is flagged"
    return f"The loop ended after round {len(report.rounds)}: {still}."


def outcome_text(report):
    """What became of all images, in words."""
    counts = Counter(report.outcomes.tolist())
    words = {"improved": "improved but still flagged", "refused": "flagged as they came"}
    names = ("passed", "mended", "improved", "refused")
    return f"In the end: {', '.join(f'{counts[k]} {words.get(k, k)}' for k in names)}."
