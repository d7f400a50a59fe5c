"""Slide through training time: the same images, again and again, as the network learns."""

import numpy as np
from PIL import ImageDraw

from ..images import check_images
from ..plotting import BLUE, ORANGE
from ._drawing import encode, figure_bitmap, grid_png, place, subplots
from ._parts import Explorer, ValueSlider, View, choice


class SnapshotScrubber(Explorer):
    """Slide through the snapshots of a training, beside a curve of how good they are.

    Parameters
    ----------
    steps : array_like of int, ``(t,)``
        Training step of every snapshot, increasing.
    images : ndarray of float, ``(t, n, height, width, channels)`` in [0, 1]
        At every snapshot, what the network makes of the same n latent points.
    curves : dict of str to array_like, ``(t,)``
        Named measurements, for example ``{"Frechet distance": ...}``. NaN: not measured.
    log : sequence of str
        Names of the curves to draw on a logarithmic axis; these must be positive.
    columns : int, optional
        Images a row; as many as there are rows unless given.

    Attributes
    ----------
    step : ValueSlider
    curve : ipywidgets.ToggleButtons
    """

    title = "snapshot scrubber"

    def __init__(self, steps, images, curves, *, log=(), columns=None):
        self.steps, self.images, self.curves = check_snapshots(steps, images, curves, log)
        self.columns = columns
        self._drawn = {
            name: MarkedCurve(self.steps, self.curves[name], name, log=name in log)
            for name in self.curves
        }
        self.step = ValueSlider("training step", self.steps)
        self.curve = choice("curve", list(self.curves))
        super().__init__([self.step, self.curve])

    def view(self, step, curve):
        """The pictures and the text of one state.

        Parameters
        ----------
        step : int
            Snapshot, from 0.
        curve : str
            One of the names in ``curves``.

        Returns
        -------
        View
            Of the images, and of the curve with a marker at the snapshot.
        """
        y, now = self.curves[curve], f"{self.steps[step]:,}"
        value = f"{y[step]:.3g}" if np.isfinite(y[step]) else "not measured"
        low, high = np.nanargmin(y), np.nanargmax(y)
        alts = (
            f"{self.images.shape[1]} images generated at training step {now}.",
            f"{curve} against training step; a marker stands at step {now}, where it is {value}.",
        )
        text = (
            f"Training step {now} (snapshot {step + 1} of {len(self.steps)}). {curve}: {value}. "
            f"Over the whole run it is lowest at step {self.steps[low]:,} ({y[low]:.3g}) and "
            f"highest at step {self.steps[high]:,} ({y[high]:.3g})."
        )
        grid = grid_png(self.images[step], width=330, columns=self.columns)
        return View((grid, self._drawn[curve].png(step)), alts, text)


class MarkedCurve:
    """A curve against the training step, drawn once, over which a line and a point move.

    Parameters
    ----------
    steps, values : ndarray, ``(n,)``
        A value that is NaN leaves a gap.
    name : str
        Written beside the vertical axis.
    log : bool
        Whether that axis is logarithmic.
    """

    def __init__(self, steps, values, name, *, log):
        figure, axes = subplots(460, 330)
        axes.plot(steps, values, color=BLUE, marker=".", markersize=6)
        axes.set(xlabel="training step", ylabel=name, yscale="log" if log else "linear")
        if len(steps) > 2 and steps[0] >= 0 and steps[-1] > 100 * steps[1]:
            axes.set_xscale("symlog", linthresh=steps[1])  # dense at first, sparse later
            axes.set_xlim(left=steps[0], right=1.15 * steps[-1])
        self._axes, self._bitmap = axes, figure_bitmap(figure)
        self._points = list(zip(steps, values, strict=True))

    def png(self, index):
        """The curve with a line, and a point where there is a value, at the ``index``-th step."""
        bitmap, (step, value) = self._bitmap.copy(), self._points[index]
        draw = ImageDraw.Draw(bitmap)
        ends = [place(bitmap, self._axes, step, end) for end in self._axes.get_ylim()]
        draw.line(ends, fill=ORANGE, width=3)
        if np.isfinite(value):
            x, y = place(bitmap, self._axes, step, value)
            draw.ellipse((x - 11, y - 11, x + 11, y + 11), fill=ORANGE)
        return encode(bitmap)


def check_snapshots(steps, images, curves, log=()):
    """Return steps, images and curves as arrays after checking that they fit together.

    Raises
    ------
    ValueError
        If lengths differ, steps do not increase, a curve is never measured, ``log`` names an
        unknown curve or one that is not positive.
    """
    steps, images = np.asarray(steps), np.asarray(images)
    if steps.ndim != 1 or steps.dtype.kind not in "iu" or (np.diff(steps) <= 0).any():
        raise ValueError(f"steps must be increasing whole numbers. Received: {steps}")
    if images.ndim != 5 or len(images) != len(steps):
        raise ValueError(
            "images must have shape (snapshots, n, height, width, channels) with "
            f"{len(steps)} snapshots, one a step. Received: shape {images.shape}"
        )
    flat = check_images(images.reshape(-1, *images.shape[2:]))
    if not curves:
        raise ValueError("curves must hold at least one curve. Received: none")
    curves = {name: np.asarray(y, dtype=float) for name, y in curves.items()}
    for name, y in curves.items():
        if y.shape != steps.shape or not np.isfinite(y).any():
            raise ValueError(
                f"curves[{name!r}] must hold {len(steps)} numbers, one a step, not all NaN. "
                f"Received: shape {y.shape}, {np.isfinite(y).sum()} finite"
            )
    for name in log:
        lowest = np.nanmin(curves[name]) if name in curves else None
        if lowest is None or lowest <= 0:
            raise ValueError(f"log must name positive curves. Received: {name!r}, from {lowest}")
    return steps, flat.reshape(images.shape), curves
