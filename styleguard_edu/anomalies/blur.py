"""Blur and its kin: detail that is lost, smeared, coarsened, or grown over."""

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from scipy.ndimage import correlate, gaussian_filter, maximum_filter, minimum_filter

from .base import Anomaly

_DIRECTIONS = 12  # of motion, over half a turn


@dataclass(frozen=True, kw_only=True)
class Blur(Anomaly, group="blur"):
    """Gaussian blur: out of focus.

    Parameters
    ----------
    sigma : float
        Standard deviation of the kernel, in pixels.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Blur, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Blur(sigma=1.5)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    54% of the pixels changed
    """

    sigma: float | None = None

    SEVERITIES = (0.7, 1.3, 1.9, 2.4, 3.0)
    RANGE = (0, 100)
    label = "Gaussian blur"

    def _damage(self, images, **_):
        return gaussian_filter(images, (0, self.sigma, self.sigma, 0), mode="nearest")


@dataclass(frozen=True, kw_only=True)
class MotionBlur(Anomaly, group="blur"):
    """Blur along a straight line, as of a camera that moved.

    Parameters
    ----------
    pixels : float
        Length of the way, in pixels; its direction is drawn for each image.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import MotionBlur, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = MotionBlur(pixels=7)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    41% of the pixels changed
    """

    pixels: float | None = None

    SEVERITIES = (3, 5, 7, 10, 13)
    RANGE = (0, 64)

    def _damage(self, images, rng, **_):
        directions = rng.integers(_DIRECTIONS, size=len(images))
        damaged = np.empty_like(images)
        for direction in np.unique(directions):
            rows = directions == direction
            kernel = _line_kernel(self.pixels, direction * np.pi / _DIRECTIONS)
            damaged[rows] = correlate(images[rows], kernel[None, :, :, None], mode="nearest")
        return damaged


def _line_kernel(length, angle):
    """A straight line of weights that sum to 1, on a square with an odd side."""
    reach = ceil(length / 2) + 1
    along = np.linspace(-length / 2, length / 2, 16 * reach)
    offsets = np.arange(-reach, reach + 1)[:, None]
    # each point of the line is shared by the four pixels around it, by nearness
    rows, columns = (
        np.clip(1 - np.abs(offsets - along * part), 0, 1) for part in (np.sin(angle), np.cos(angle))
    )
    return (rows @ columns.T / len(along)).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class GlassBlur(Anomaly, group="blur"):
    """Frosted glass: every pixel shows one of its neighbours.

    Parameters
    ----------
    pixels : float
        How far away the neighbour may be along each axis, in pixels.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import GlassBlur, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = GlassBlur(pixels=1.5)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    18% of the pixels changed
    """

    pixels: float | None = None

    SEVERITIES = (0.7, 1.0, 1.5, 2.0, 3.0)
    RANGE = (0.5, 1000)  # less rounds to no pixel at all

    def _damage(self, images, rng, **_):
        n, height, width, _ = images.shape
        reach = np.float32(self.pixels)
        steps = np.rint(reach * (2 * rng.random((2, n, height, width), dtype=np.float32) - 1))
        rows = np.clip(np.arange(height)[:, None] + steps[0].astype(int), 0, height - 1)
        columns = np.clip(np.arange(width) + steps[1].astype(int), 0, width - 1)
        return images[np.arange(n)[:, None, None], rows, columns]


@dataclass(frozen=True, kw_only=True)
class Pixelation(Anomaly, group="blur"):
    """Low resolution: every square block shows its mean.

    Parameters
    ----------
    block : int
        Side of a block, in pixels, at least 2.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Pixelation, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Pixelation(block=4)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    34% of the pixels changed
    """

    block: int | None = None

    SEVERITIES = (2, 3, 4, 5, 6)
    RANGE = (1, 1000)
    integer = True

    def _damage(self, images, **_):
        means = images
        for axis in (1, 2):
            side = images.shape[axis]
            starts = np.arange(0, side, self.block)
            sizes = np.diff(starts, append=side)  # the last block may be cut off
            counts = sizes.astype(np.float32).reshape(-1, *[1] * (3 - axis))
            means = (np.add.reduceat(means, starts, axis=axis) / counts).repeat(sizes, axis=axis)
        return means


@dataclass(frozen=True, kw_only=True)
class Dilation(Anomaly, group="blur"):
    """Grey dilation: bright parts grow, so bright strokes thicken and dark ones thin.

    Parameters
    ----------
    radius : float
        By how much they grow, in pixels; between whole numbers, a blend of the two.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Dilation, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Dilation(radius=1)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    22% of the pixels changed
    """

    radius: float | None = None

    SEVERITIES = (0.5, 1.0, 1.4, 1.8, 2.2)
    RANGE = (0, 20)

    def _damage(self, images, **_):
        return _with_disc(maximum_filter, images, self.radius)


@dataclass(frozen=True, kw_only=True)
class Erosion(Anomaly, group="blur"):
    """Grey erosion: bright parts shrink, so bright strokes thin and dark ones thicken.

    Parameters
    ----------
    radius : float
        By how much they shrink, in pixels; between whole numbers, a blend of the two.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Erosion, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Erosion(radius=1)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    19% of the pixels changed
    """

    radius: float | None = None

    SEVERITIES = (0.4, 0.65, 0.9, 1.1, 1.4)
    RANGE = (0, 20)

    def _damage(self, images, **_):
        return _with_disc(minimum_filter, images, self.radius)


def _with_disc(extreme_filter, images, radius):
    """Filter over a disc, blended between the two whole radii beside the given one."""
    small, large = (
        extreme_filter(images, footprint=_disc(whole)[None, :, :, None], mode="nearest")
        for whole in (floor(radius), ceil(radius))
    )
    return small + np.float32(radius - floor(radius)) * (large - small)


def _disc(radius):
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return rows**2 + columns**2 <= radius**2
