"""Play a guard's loop round by round: what is mended, what still waits, what a person must see."""

import ipywidgets as widgets
import numpy as np
from matplotlib.ticker import MaxNLocator
from PIL import ImageDraw

from ..plotting import BLUE, GREEN, GREY, ORANGE
from ._drawing import blank_figure, encode, figure_bitmap, outline
from ._page import WIDTH
from ._parts import Explorer, ValueSlider, View
from ._replay import STATES, moments, outcome_text, round_text, stop_rule
from ._sheet import FramedPage

MOST = 48  # images; more would be too small to read
# How states are told apart beside their words: colour, length of dashes and of gaps.
LOOKS = {
    "passed": (GREY, 3, 9),
    "waiting": (BLUE, 8, 6),
    "mended": (GREEN, 1, 0),
    "for a person": (ORANGE, 20, 12),
}


class LoopPlayer(Explorer):
    """See the rounds of a guard's loop, forward and back.

    Images keep their places. Below each stand its state and, if it was in the queue, the corrector
    whose repair was taken in this round. Frames: dotted grey for passed, dotted blue for waiting,
    solid green for mended, dashed orange for those left to a person. Two curves show how the queue
    and the marked area shrink. All is drawn beforehand.

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
        n = len(report.originals)
        if not 1 <= n <= MOST:
            raise ValueError(f"report must be of 1 to {MOST} images. Received: {n}")
        self.report, self.moments = report, moments(report)
        self._grid = _Grid(report.originals.shape)
        self._curves = _Curves(self.moments)
        self._pictures = [
            (self._grid.png(moment), self._curves.png(number))
            for number, moment in enumerate(self.moments)
        ]
        self.round = ValueSlider("round", np.arange(len(self.moments)))
        # never disabled at the ends: that would take the keyboard's focus away
        self.back = widgets.Button(description="Back", icon="step-backward")
        self.forward = widgets.Button(description="Forward", icon="step-forward")
        for button in (self.back, self.forward):
            button.layout.width = "110px"
        self.round.row.children = (self.back, self.forward, *self.round.row.children)
        super().__init__([self.round.row], pictures=2)
        self.round.slider.observe(self._changed, "value")
        self.back.on_click(lambda button: self._step(-1))
        self.forward.on_click(lambda button: self._step(1))

    @property
    def state(self):
        """What the controls say: how many rounds are over."""
        return {"round": self.round.slider.value}

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
        moment = self.moments[round]
        text = round_text(self.moments, round)
        if round == len(self.moments) - 1:
            text += f"\n{stop_rule(self.report)} {outcome_text(self.report)}"
        return View(self._pictures[round], self._alts(round, moment), text)

    def _step(self, by):
        self.round.slider.value = int(np.clip(self.round.slider.value + by, 0, self._last))

    @property
    def _last(self):
        return len(self.moments) - 1

    def _changed(self, change):
        self.refresh()

    def _alts(self, number, moment):
        lists = [
            f"{word}: {', '.join(str(k) for k in np.flatnonzero(moment.states == state))}"
            for state, word in enumerate(STATES)
            if (moment.states == state).any()
        ]
        queue = ", ".join(str(one.waiting) for one in self.moments)
        areas = ", ".join(f"{one.areas.sum():,}" for one in self.moments)
        when = f"after round {number}" if number else "as they came"
        return (
            f"{len(moment.states)} images {when}. {'; '.join(lists)}.",
            f"Two curves against the round, with a point at {number}. Images in the queue: "
            f"{queue}. Marked pixels: {areas}.",
        )


class _Page(FramedPage):
    gap = 28  # bitmap pixels; words below are wider than digits


class _Grid:
    """Images in rows, framed by their state, with words below."""

    def __init__(self, shape):
        n, height, width, channels = shape
        self._columns = min(n, 12 if width <= 1.3 * height else 8)
        self._rows = -(-n // self._columns)
        self._page = _Page(
            (self._columns, height, width, channels),
            [("",)] * self._rows,
            lines=[2] * self._rows,
            margins=(6, 0),
            largest=168,
        )

    def png(self, moment):
        bitmap = self._page.base.copy()
        for row in range(self._rows):
            part = slice(row * self._columns, (row + 1) * self._columns)
            self._page.paste(bitmap, row, moment.images[part])
            for k, state in enumerate(moment.states[part]):
                self._label(bitmap, row, k, STATES[state], moment.taken[part][k])
        return encode(bitmap)

    def _label(self, bitmap, row, k, state, taken):
        colour, dash, gap = LOOKS[state]
        outline(bitmap, self._page.box(row, k), colour, dash=dash, gap=gap)
        self._page.write(bitmap, row, k, (state,), colour=colour)
        self._page.write(bitmap, row, k, ("", "no repair" if taken == "none" else taken[:12]))


class _Curves:
    """The queue and the marked area against the round, drawn once; a point moves over them."""

    def __init__(self, played):
        figure = blank_figure(WIDTH - 20, 190)
        figure.set_layout_engine("constrained")
        places = np.arange(len(played))
        curves = {
            "images in the queue": [moment.waiting for moment in played],
            "marked pixels": [int(moment.areas.sum()) for moment in played],
        }
        axes = figure.subplots(1, 2)
        for one, (label, values) in zip(axes, curves.items(), strict=True):
            one.plot(places, values, color=BLUE, marker=".", markersize=6)
            one.set(xlabel="round", ylabel=label, xlim=(-0.2, max(places[-1], 1) + 0.2))
            one.set_ylim(bottom=0, top=1.15 * max(*values, 1))
            for axis in (one.xaxis, one.yaxis):
                axis.set_major_locator(MaxNLocator(5, integer=True))
            one.grid(alpha=0.3)
            one.spines[["top", "right"]].set_visible(False)
        self._bitmap = figure_bitmap(figure)
        height = self._bitmap.height
        self._points = [
            one.transData.transform(np.column_stack([places, values])) * (1, -1) + (0, height)
            for one, values in zip(axes, curves.values(), strict=True)
        ]

    def png(self, number):
        bitmap = self._bitmap.copy()
        for points in self._points:
            x, y = points[number]
            ImageDraw.Draw(bitmap).ellipse((x - 11, y - 11, x + 11, y + 11), fill=ORANGE)
        return encode(bitmap)
