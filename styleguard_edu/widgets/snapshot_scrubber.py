"""Slide through training time: the same images, again and again, as the network learns."""

import numpy as np

from ..images import check_images
from ..plotting import BLUE, ORANGE
from ._drawing import MarkedCurve, grid_png
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
        self.log = frozenset(log)
        self.columns = columns
        self._bitmaps, self._grids = {}, {}
        self.step = ValueSlider("training step", self.steps)
        self.curve = choice("curve", {name: name for name in self.curves})
        super().__init__([self.step.row, self.curve], pictures=2)
        self.follow(self.step.slider, self.curve)

    @property
    def state(self):
        """What the controls say: the index of the snapshot and the name of the curve."""
        return {"index": self.step.slider.value, "curve": self.curve.value}

    def view(self, index, curve):
        """The pictures and the text of one state.

        Parameters
        ----------
        index : int
            Snapshot, from 0.
        curve : str
            One of the names in ``curves``.

        Returns
        -------
        View
            Of the images, and of the curve with a marker at the snapshot.
        """
        step = f"{self.steps[index]:,}"
        alts = (
            f"{self.images.shape[1]} images generated at training step {step}.",
            f"{curve} against training step; a marker stands at step {step}, "
            f"where it is {self._value(curve, index)}.",
        )
        return View(
            (self._grid(index), self._bitmap(curve).png(index)), alts, self._text(index, curve)
        )

    def _grid(self, index):
        if index not in self._grids:
            self._grids[index] = grid_png(self.images[index], width=330, columns=self.columns)
        return self._grids[index]

    def _bitmap(self, curve):
        if curve not in self._bitmaps:
            self._bitmaps[curve] = MarkedCurve(
                self.steps,
                self.curves[curve],
                xlabel="training step",
                ylabel=curve,
                log=curve in self.log,
                size=(460, 330),
                curve_colour=BLUE,
                marker_colour=ORANGE,
            )
        return self._bitmaps[curve]

    def _value(self, curve, index):
        value = self.curves[curve][index]
        return f"{value:.3g}" if np.isfinite(value) else "not measured"

    def _text(self, index, curve):
        y = self.curves[curve]
        low, high = np.nanargmin(y), np.nanargmax(y)
        return (
            f"Training step {self.steps[index]:,} (snapshot {index + 1} of {len(self.steps)}). "
            f"{curve}: {self._value(curve, index)}. Over the whole run it is lowest at step "
            f"{self.steps[low]:,} ({y[low]:.3g}) and highest at step {self.steps[high]:,} "
            f"({y[high]:.3g})."
        )


def check_snapshots(steps, images, curves, log=()):
    """Return steps, images and curves as arrays after checking that they fit together.

    Raises
    ------
    ValueError
        If lengths differ, steps do not increase, a curve is never measured, ``log`` names an
        unknown curve or one that is not positive.
    """
    steps = np.asarray(steps)
    if steps.ndim != 1 or not np.issubdtype(steps.dtype, np.integer) or np.any(np.diff(steps) <= 0):
        raise ValueError(f"steps must be increasing whole numbers. Received: {steps}")
    images = np.asarray(images)
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
        if name not in curves or np.nanmin(curves[name]) <= 0:
            lowest = np.nanmin(curves[name]) if name in curves else "no such curve"
            raise ValueError(f"log must name positive curves. Received: {name!r} ({lowest})")
    return steps, flat.reshape(images.shape), curves
