"""Walk through a generator's latent space, from one image to another."""

from functools import lru_cache
from itertools import groupby
from string import ascii_uppercase

import numpy as np
from PIL import ImageDraw
from scipy.special import softmax

from ..checks import require_count
from ..plotting import BLUE, ORANGE
from ._drawing import caption, encode, enlargement, grid_png, outline, tiles
from ._parts import Explorer, ValueSlider, View, choice

FRAMES = 51  # a walk is drawn at t = 0.00, 0.02, ..., 1.00
STRIP, EVERY = 11, 5  # of which so many are shown at once, and how far apart these are
LAP, ONCE = -1, "once around"  # stand for all the way round instead of an end point


class LatentExplorer(Explorer):
    """Walk between latent points and watch what a generator makes of the way.

    The way from z_A to z_B is an arc (:func:`spherical_path`): points of a high-dimensional normal
    distribution lie close to a sphere, and a straight line would leave it. "Once around" follows a
    full circle from z_A in a random direction. The images of a way are drawn when its ends are
    chosen; the slider only looks them up.

    Parameters
    ----------
    generator : keras.Model
        ``(n, latent_dim) -> (n, height, width, channels)`` in [0, 1].
    judge : keras.Model, optional
        A classifier, images -> ``(n, classes)`` logits. Its readings label the images, and the
        points to choose from are picked so that they read as different as possible.
    anchors : int, 2 to 26
        How many points to choose from; they are called A, B, C ...
    seed : int
        Fixes the points.

    Attributes
    ----------
    start, end : ipywidgets.ToggleButtons
        Their values are numbers of anchors, from 0; the end's may be ``LAP``.
    t : ValueSlider
        How far along the way, from 0 to 1.
    z : ndarray of float32, ``(anchors, latent_dim)``
    """

    title = "latent explorer"

    def __init__(self, generator, *, judge=None, anchors=10, seed=0):
        require_count("anchors", anchors, 2, 26)
        self.generator, self.judge = generator, judge
        rng = np.random.default_rng(seed)
        self._choose_anchors(anchors, rng)
        self._direction = rng.standard_normal(self.z.shape[1]).astype(np.float32)
        self.walk = lru_cache(None)(self.walk)  # drawn when first asked for
        letters = {name[0]: k for k, name in enumerate(self._names)}
        self.start = choice("from", letters, tooltips=self._names)
        self.end = choice("to", {**letters, ONCE: LAP}, tooltips=[*self._names, ONCE])
        self.end.value = anchors // 2
        self.t = ValueSlider("t", np.round(np.linspace(0, 1, FRAMES), 2))
        super().__init__([self.start, self.end, self.t])

    def view(self, start, end, t):
        """The pictures and the text of one state.

        Parameters
        ----------
        start, end : int
            Anchors from 0; end may be ``LAP``.
        t : int
            Frame of the walk, 0 to ``FRAMES - 1``.

        Returns
        -------
        View
            Of the frame enlarged, all anchors, and the film strip.
        """
        images, readings, strip = self.walk(start, end)
        here, where = self._names[start], f"t = {t / (FRAMES - 1):.2f}"
        way, dashed = f"{ONCE} from {here}", ""
        if end != LAP:
            goal = self._names[end]
            way, dashed = f"from {here} to {goal}", f", {goal} dashed as the end"
        read, text = "", f". Frame {t + 1} of {FRAMES}."
        if readings is not None:
            digits = readings.argmax(axis=1)
            met = ", ".join(str(digit) for digit, _ in groupby(digits))
            read = f"the judge reads {digits[t]} ({readings[t].max():.0%})"
            read, text = f"; {read}", f": {read}. Readings along the way: {met}."
        alts = (
            f"The generated image at {where} on the way {way}{read}.",
            f"The {len(self.z)} images to choose from; {here} is framed as the start{dashed}.",
            f"{STRIP} images along the way {way}; a marker stands at {where}.",
        )
        large = grid_png(images[t : t + 1], width=252)
        pictures = (large, self._anchors_png(start, end), strip.png(t))
        return View(pictures, alts, f"{way[0].upper()}{way[1:]}, {where}{text}")

    def walk(self, start, end):
        """The images on the way between two anchors, and what the judge reads in them.

        Parameters
        ----------
        start, end : int
            Anchors from 0; end may be ``LAP``.

        Returns
        -------
        images : ndarray of float32, ``(FRAMES, height, width, channels)`` in [0, 1]
        readings : ndarray of float, ``(FRAMES, classes)``, or None
            The judge's probabilities.
        strip : FilmStrip
        """
        a, t = self.z[start], np.linspace(0, 1, FRAMES)
        z = circle(a, self._direction, t) if end == LAP else spherical_path(a, self.z[end], t)
        images = self._draw(z)
        return images, self._judge(images), FilmStrip(images)

    def _draw(self, z):
        return np.asarray(self.generator(z.astype(np.float32), training=False))

    def _judge(self, images):
        return None if self.judge is None else softmax(self.judge(images, training=False), axis=-1)

    def _choose_anchors(self, n, rng):
        """Draw the anchors; with a judge, from many draws, the first of every reading first."""
        draws = n if self.judge is None else 16 * n
        z = rng.standard_normal((draws, self.generator.input_shape[-1])).astype(np.float32)
        images = self._draw(z)
        readings = self._judge(images)
        digits = np.zeros(draws, int) if readings is None else readings.argmax(axis=1)
        earlier = [(digits[:k] == digits[k]).sum() for k in range(draws)]
        chosen = np.argsort(earlier, kind="stable")[:n]
        chosen = chosen[np.argsort(digits[chosen], kind="stable")]
        self.z, self.images = z[chosen], images[chosen]
        reads = "" if readings is None else " (reads as {})"
        pairs = zip(ascii_uppercase[:n], digits[chosen], strict=True)
        self._names = [letter + reads.format(digit) for letter, digit in pairs]

    def _anchors_png(self, start, end):
        """All anchors with their letters; a solid frame marks the start, a dashed one the end."""
        columns = -(-len(self.z) // max(1, round(len(self.z) / 5)))
        scale = enlargement(self.images, 84)
        bitmap, boxes = tiles(self.images, columns=columns, scale=scale, gap=10, header=30)
        for k, (left, top, right, _) in enumerate(boxes):
            caption(bitmap, ((left + right) // 2, top - 10), self._names[k][0])
        if end != LAP:
            outline(bitmap, boxes[end], ORANGE, thickness=6, dash=14, gap=10)
        outline(bitmap, boxes[start], BLUE, thickness=6)
        return encode(bitmap)


class FilmStrip:
    """A few frames of a walk, drawn once, over which a frame and an arrow move.

    Parameters
    ----------
    images : ndarray of float, ``(FRAMES, height, width, channels)`` in [0, 1]
        The whole walk.
    """

    def __init__(self, images):
        settings = {"scale": enlargement(images, 56), "gap": 6, "header": 30, "footer": 26}
        self._bitmap, self._boxes = tiles(images[::EVERY], columns=STRIP, **settings)
        for k, (left, top, right, _) in enumerate(self._boxes):
            caption(self._bitmap, ((left + right) // 2, top - 8), f"{k / (STRIP - 1):.1f}")

    def png(self, index):
        """The strip with the nearest frame framed and the arrow at the ``index``-th image."""
        bitmap = self._bitmap.copy()
        outline(bitmap, self._boxes[round(index / EVERY)], BLUE, thickness=5)
        (left, _, right, bottom), last = self._boxes[0], self._boxes[-1]
        x = (left + right) / 2 + (last[0] - left) * index / (FRAMES - 1)
        arrowhead = (x, bottom + 8), (x - 12, bottom + 26), (x + 12, bottom + 26)
        ImageDraw.Draw(bitmap).polygon(arrowhead, fill=BLUE)
        return encode(bitmap)


def spherical_path(a, b, t):
    r"""Points on the arc from a to b.

    .. math:: z(t) = \frac{\sin((1 - t) \omega)\, a + \sin(t \omega)\, b}{\sin \omega},
              \qquad \cos \omega = \frac{a \cdot b}{|a| |b|}

    Parameters
    ----------
    a, b : ndarray, ``(d,)``
        Not opposite to each other; where they point the same way, the path is straight.
    t : ndarray, ``(n,)``
        0 gives a, 1 gives b.

    Returns
    -------
    ndarray, ``(n, d)``
    """
    t = t[:, np.newaxis]
    cosine = np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
    turn = np.arccos(np.clip(cosine, -1, 1)) / np.pi
    back, forth = (s * np.sinc(s * turn) / np.sinc(turn) for s in (1 - t, t))
    return back * a + forth * b


def circle(a, direction, t):
    r"""Points on the circle around 0 that starts at a towards ``direction``.

    .. math:: z(t) = \cos(2 \pi t)\, a + \sin(2 \pi t)\, u, \qquad u \perp a, |u| = |a|

    Parameters
    ----------
    a, direction : ndarray, ``(d,)``
        Not parallel.
    t : ndarray, ``(n,)``
        0 and 1 give a.

    Returns
    -------
    ndarray, ``(n, d)``
    """
    u = direction - a * np.dot(direction, a) / np.dot(a, a)
    u *= np.linalg.norm(a) / np.linalg.norm(u)
    turn = 2 * np.pi * t[:, np.newaxis]
    return np.cos(turn) * a + np.sin(turn) * u
