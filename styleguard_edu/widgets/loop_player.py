"""Play a guard's loop round by round: what was corrected, what still waits, what needs review."""

from collections import Counter
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..plotting import BLUE, GREEN, GREY, ORANGE
from ._drawing import encode, figure_bitmap, subplots
from ._page import WIDTH, flowing
from ._parts import Explorer, ValueSlider, View, button

MOST = 48  # images; more would be too small to read
# How states are told apart beside their words: colour, length of dashes and of gaps.
LOOKS = {
    "passed": {"colour": GREY, "dash": 3, "gap": 9},
    "waiting": {"colour": BLUE, "dash": 8, "gap": 6},
    "corrected": {"colour": GREEN},
    "for review": {"colour": ORANGE, "dash": 20, "gap": 12},
}


class LoopPlayer(Explorer):
    """See the rounds of a guard's loop, forward and back.

    Images keep their places. Below each stand its state and, if it was in the queue, the corrector
    whose proposal was taken in this round. Frames: dotted grey for passed, dotted blue for
    waiting, solid green for corrected, dashed orange for review. Two curves show how the queue and
    the marked area shrink. A round is drawn when first shown, and then looked up.

    Parameters
    ----------
    report : GuardReport
        Of 1 to 48 images, as from ``StyleGuard.run``.

    Attributes
    ----------
    round : ValueSlider
        From 0, as they came, to the last round.
    back, forward : ipywidgets.Button
    """

    title = "loop player"

    def __init__(self, report):
        n, height, width, _ = report.originals.shape
        if not 1 <= n <= MOST:
            raise ValueError(f"report must be of 1 to {MOST} images. Received: {n}")
        self.report, self.moments = report, moments(report)
        self._totals = {
            "images in the queue": [moment.waiting for moment in self.moments],
            "marked pixels": [int(moment.areas.sum()) for moment in self.moments],
        }
        columns = 12 if width <= 1.3 * height else 8
        self._page = flowing(report.originals.shape, columns, 2, left=6, tall=168, gap=28)
        self.round = ValueSlider("round", np.arange(len(self.moments)))
        # never disabled at the ends: that would take the keyboard's focus away
        self.back = button("Back", "step-backward", lambda: self._step(-1), width="110px")
        self.forward = button("Forward", "step-forward", lambda: self._step(1), width="110px")
        self.round.children = (self.back, self.forward, *self.round.children)
        super().__init__([self.round], cached=len(self.moments))

    def view(self, round):
        """The pictures and the text of one state.

        Parameters
        ----------
        round : int
            From 0, as they came.

        Returns
        -------
        View
            Of the images, and of the curves with a point at this round.
        """
        text = round_text(self.report, self.moments, round)
        if round == len(self.moments) - 1:
            text += f"\n{stop_rule(self.report)}"
        pictures = self._images(self.moments[round]), self._curves(round)
        return View(pictures, self._alts(round), text)

    def _step(self, by):
        self.round.go_near(self.round.value + by)

    def _alts(self, number):
        moment = self.moments[number]
        lists = [
            f"{state}: {', '.join(map(str, np.flatnonzero(moment.states == state)))}"
            for state in LOOKS
            if state in moment.states
        ]
        queue, areas = (", ".join(f"{n:,}" for n in each) for each in self._totals.values())
        when = f"after round {number}" if number else "as they came"
        return (
            f"{len(moment.states)} images {when}. {'; '.join(lists)}.",
            f"Two curves against the round, with a point at {number}. Images in the queue: "
            f"{queue}. Marked pixels: {areas}.",
        )

    def _images(self, moment):
        """Images in rows, framed by their state, with words below."""
        page, bitmap = self._page, self._page.base.copy()
        page.paste(bitmap, 0, moment.images)
        for k, (state, taken) in enumerate(zip(moment.states, moment.taken, strict=True)):
            page.label(bitmap, k, state, LOOKS[state])
            page.write(bitmap, 0, k, ("", taken[:12]))
        return encode(bitmap)

    def _curves(self, number):
        """The queue and the marked area against the round, with a point at this one."""
        figure, both = subplots(WIDTH - 20, 190, 1, 2)
        for axes, (label, values) in zip(both, self._totals.items(), strict=True):
            axes.plot(values, color=BLUE, marker=".", markersize=6)
            axes.plot(number, values[number], "o", color=ORANGE, markersize=8)
            axes.set(xlabel="round", ylabel=label, xlim=(-0.2, max(len(values) - 1, 1) + 0.2))
            axes.set_ylim(bottom=0, top=1.15 * max(*values, 1))
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(5, integer=True))
        return encode(figure_bitmap(figure))


class Moment(NamedTuple):
    """After a number of rounds, for n images; at first, as they came.

    Attributes
    ----------
    images : ndarray of float32, ``(n, height, width, channels)``
    states : ndarray of str, ``(n,)``
        The keys of ``LOOKS``.
    areas : ndarray of int, ``(n,)``
        Marked pixels of each image.
    taken : list of n str
        The corrector whose proposal was taken in the last round, "none taken" where none was
        acceptable, "" for images that were not in the queue.
    """

    images: np.ndarray
    states: np.ndarray
    areas: np.ndarray
    taken: list

    @property
    def waiting(self):
        """How many images are in the queue of the next round."""
        return int((self.states == "waiting").sum())


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
    states = np.full(n, "passed", "<U10")
    now = Moment(report.originals, states, np.zeros(n, int), [""] * n)
    played = []
    for round in report.rounds:
        now.states[round.index] = "waiting"  # those of before are, already
        now.areas[round.index] = round.area
        played.append(now)
        images, states, areas = (array.copy() for array in now[:3])
        images[round.index] = round.images
        flagged = round.taken(round.flagged_after, round.flagged)
        states[round.index] = np.where(flagged, "for review", "corrected")
        areas[round.index] = round.taken(round.area_after, round.area)
        taken = np.full(n, "", object)
        taken[round.index] = np.array([*round.tried, "none taken"])[round.choice]  # none: -1
        now = Moment(images, states, areas, taken.tolist())
    return [*played, now]


def round_text(report, played, number):
    """What happened until one moment of those played from a report, in words."""
    now, n = played[number], len(report.originals)
    if not number:
        return (
            f"As they came: {n} image{'s' * (n > 1)}, {now.waiting} flagged and waiting for a "
            f"correction, {n - now.waiting} passed. Marked: {now.areas.sum():,} pixels."
        )
    before, round = played[number - 1], report.rounds[number - 1]
    states = now.states[round.index].tolist()
    each = [f"{states.count(state)} {state}" for state in ("corrected", "for review", "waiting")]
    taken = ", ".join(f"{name} {count}" for name, count in round.taken_by().items()) or "none"
    return (
        f"Round {number} of {len(report.rounds)}, {len(states)} in the queue: {', '.join(each)}. "
        f"Proposals taken: {taken}. Marked: {before.areas.sum():,} pixels before, "
        f"{now.areas.sum():,} after."
    )


def stop_rule(report):
    """Why the loop ended, and what became of all images, in words."""
    counts = Counter(report.reasons[report.flagged].tolist())
    why = [f"{counts[reason]} with {reason}" for reason in report.REASONS if counts[reason]]
    if report.interrupted:
        end = f"was interrupted: {report.interrupted}"
    elif not report.rounds:
        end = "ended at once: no image was flagged"
    else:
        end = f"ended after round {len(report.rounds)}: {', '.join(why) or 'none is flagged'}"
    words = ", ".join(f"{count} {outcome}" for outcome, count in report.counts().items())
    changed = f"{report.changed_for_review} of them changed, still flagged"
    return f"The loop {end}. In the end: {words} ({changed})."
