"""Marks: something lies on the picture, or part of it is lost."""

from dataclasses import dataclass

import numpy as np

from .base import Anomaly
from .draws import draw_signs, mark_levels

_BLOCK = 4  # pixels, side of a block that is lost
_DASH = 2  # pixels, and the gap after it


@dataclass(frozen=True, kw_only=True)
class Occlusion(Anomaly):
    """A square of one random grey hides part of what stands out.

    Parameters
    ----------
    side : int
        In pixels; a square larger than the picture is cut to it.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Occlusion, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Occlusion(side=9)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    10% of the pixels changed
    """

    side: int | None = None

    SEVERITIES = (5, 7, 9, 11, 13)
    integer = True

    def _damage(self, images, rng, spots, **_):
        size = np.array(images.shape[1:3])
        side = np.minimum(self.side, size)
        top_left = np.clip(spots - side // 2, 0, size - side)
        rows, columns = (np.arange(size[k]) - top_left[:, k, None] for k in (0, 1))
        inside_rows = (rows >= 0) & (rows < side[0])
        inside_columns = (columns >= 0) & (columns < side[1])
        inside = inside_rows[:, :, None] & inside_columns[:, None, :]
        greys = rng.random((len(images), 1, 1, 1), dtype=np.float32)
        return np.where(inside[..., None], greys, images)


@dataclass(frozen=True, kw_only=True)
class Scratch(Anomaly):
    """Thin straight lines right across the picture, some of them dotted.

    Parameters
    ----------
    count : int
        Lines, each one pixel wide.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Scratch, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Scratch(count=2)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    10% of the pixels changed
    """

    count: int | None = None

    SEVERITIES = (1, 2, 3, 5, 7)
    RANGE = (0, 100)
    integer = True
    label = "scratches"

    def _damage(self, images, rng, spots, **_):
        n, height, width, _ = images.shape
        cover = np.zeros((n, height, width), np.float32)
        points = spots
        for _ in range(self.count):
            angles = rng.uniform(0, np.pi, n)
            line, along = _distances(points, angles, height, width)
            dotted = (rng.random(n) < 0.5)[:, None, None]
            gap = dotted & (along % (2 * _DASH) >= _DASH)
            np.maximum(cover, np.where(gap, 0, np.clip(1 - np.abs(line), 0, 1)), out=cover)
            # the first line meets what stands out; the others lie anywhere
            points = rng.uniform(0, [height, width], (n, 2))
        return images + cover[..., None] * (mark_levels(images, rng) - images)


def _distances(points, angles, height, width):
    """Signed distance of every pixel from a line, and its place along it, ``(n, h, w)`` each."""
    rows = np.arange(height, dtype=np.float32)[:, None] - points[:, :1, None]
    columns = np.arange(width, dtype=np.float32) - points[:, 1:, None]
    sin, cos = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
    return rows * cos - columns * sin, rows * sin + columns * cos


@dataclass(frozen=True, kw_only=True)
class Zigzag(Anomaly):
    """A thin line drawn to and fro across what stands out.

    Parameters
    ----------
    strokes : int
        Straight strokes it is made of, each one pixel wide. They share a stretch of 0.8 times the
        picture's shorter side, so more strokes lie closer together.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Zigzag, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Zigzag(strokes=5)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    10% of the pixels changed
    """

    strokes: int | None = None

    SEVERITIES = (2, 3, 5, 7, 9)
    RANGE = (0, 100)
    integer = True

    def _damage(self, images, rng, spots, **_):
        n, height, width, _ = images.shape
        shorter = min(height, width)
        step, swing = 0.8 * shorter / self.strokes, shorter / 8
        across, along = _distances(spots, rng.uniform(0, np.pi, n), height, width)
        length = np.hypot(step, 2 * swing)
        squares = np.full_like(along, np.inf)  # of the distance from the nearest stroke
        for stroke in range(self.strokes):
            # the middle of this stroke lies on the axis; the middle stroke's, on the spot
            beyond = along - step * (stroke - self.strokes // 2)
            tilt = 2 * swing * (-1) ** stroke
            nearest = np.clip((beyond * step + across * tilt) / length**2, -0.5, 0.5)
            square = (beyond - nearest * step) ** 2 + (across - nearest * tilt) ** 2
            np.minimum(squares, square, out=squares)
        cover = np.clip(1 - np.sqrt(squares), 0, 1)
        return images + cover[..., None] * (mark_levels(images, rng) - images)


@dataclass(frozen=True, kw_only=True)
class Stripe(Anomaly):
    """A band of rows or of columns turns into its negative.

    Parameters
    ----------
    width : int
        Of the band, in pixels.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Stripe, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Stripe(width=3)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    11% of the pixels changed
    """

    width: int | None = None

    SEVERITIES = (1, 2, 3, 5, 7)
    integer = True
    label = "inverted stripe"

    def _damage(self, images, rng, spots, **_):
        n, height, width, _ = images.shape
        rows, columns = (
            np.abs(np.arange(side) - _band_centre(place, side, self.width)) < self.width / 2
            for side, place in ((height, spots[:, :1]), (width, spots[:, 1:]))
        )
        lying = (rng.random(n) < 0.5)[:, None, None]
        band = np.where(lying, rows[:, :, None], columns[:, None, :])
        return np.where(band[..., None], 1 - images, images)


def _band_centre(place, side, width):
    """The middle of a band over a pixel, moved so that all of the band is in the picture."""
    return np.clip(place + (width % 2 - 1) / 2, (width - 1) / 2, max(side - (width + 1) / 2, 0))


@dataclass(frozen=True, kw_only=True)
class BlockLoss(Anomaly):
    """Blocks lost on the way: each shows a flat grey, or what a neighbouring block shows.

    Parameters
    ----------
    share : float
        Share of the blocks of 4x4 px that are lost, at least one, in (0, 1].
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import BlockLoss, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = BlockLoss(share=0.1)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    6% of the pixels changed
    """

    share: float | None = None

    SEVERITIES = (0.03, 0.07, 0.12, 0.18, 0.25)
    RANGE = (0, 1)
    label = "lost blocks"

    def _damage(self, images, rng, spots, **_):
        n, height, width, _ = images.shape
        across = -(-width // _BLOCK)  # blocks a row
        block_of = (np.arange(height) // _BLOCK)[:, None] * across + np.arange(width) // _BLOCK
        draw = rng.random((n, block_of[-1, -1] + 1), dtype=np.float32)
        draw[np.arange(n), block_of[spots[:, 0], spots[:, 1]]] = -1  # one where it matters
        count = max(1, round(self.share * draw.shape[1]))
        lost = (draw <= np.partition(draw, count - 1, axis=1)[:, count - 1 : count])[:, block_of]
        steps = np.zeros((n, 2), int)
        steps[np.arange(n), rng.integers(2, size=n)] = _BLOCK * draw_signs(n, rng)
        flat = (rng.random(n) < 0.5)[:, None, None, None]
        instead = np.where(flat, np.float32(0.5), _neighbouring(images, steps))
        return np.where(lost[..., None], instead, images)


def _neighbouring(images, steps):
    """What lies one step away, ``(n, 2)``; beyond the edge, what lies one step the other way."""
    n, height, width, _ = images.shape
    rows, columns = np.arange(height) - steps[:, :1], np.arange(width) - steps[:, 1:]
    rows = np.where((rows < 0) | (rows >= height), rows + 2 * steps[:, :1], rows)
    columns = np.where((columns < 0) | (columns >= width), columns + 2 * steps[:, 1:], columns)
    return images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
