"""Geometry: everything is there, but not where it belongs."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from .base import Anomaly
from .draws import draw_signs, draw_steps, moved, smooth_fields

_STIFFNESS = 4.0  # pixels over which neighbours are displaced together


@dataclass(frozen=True, kw_only=True)
class Deformation(Anomaly, group="geometric"):
    """Elastic deformation (Simard et al., 2003): a random smooth field displaces the pixels.

    Parameters
    ----------
    pixels : float
        Root of the mean square displacement, in pixels.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Deformation, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Deformation(pixels=2)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    27% of the pixels changed
    """

    pixels: float | None = None

    SEVERITIES = (1.0, 1.7, 2.4, 3.0, 3.6)
    label = "elastic deformation"

    def _damage(self, images, rng, **_):
        n, height, width, _ = images.shape
        down, across = (smooth_fields(n, height, width, _STIFFNESS, rng) for _ in range(2))
        scale = np.float32(self.pixels / np.sqrt(2))  # two directions share the displacement
        rows = np.arange(height, dtype=np.float32)[:, None] + scale * down
        return _taken_from(images, rows, np.arange(width, dtype=np.float32) + scale * across)


@dataclass(frozen=True, kw_only=True)
class Shift(Anomaly, group="geometric"):
    """The whole picture moves in a random direction; the edge it leaves behind is repeated.

    Parameters
    ----------
    pixels : float
        How far, in pixels; the step is rounded to whole rows and columns.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Shift, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Shift(pixels=3)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    27% of the pixels changed
    """

    pixels: float | None = None

    SEVERITIES = (1, 2, 3, 4, 5)
    RANGE = (0.5, 1000)

    def _damage(self, images, rng, **_):
        return moved(images, draw_steps(len(images), self.pixels, rng))


@dataclass(frozen=True, kw_only=True)
class Rotation(Anomaly, group="geometric"):
    """Rotation about the centre, left or right at random.

    Parameters
    ----------
    degrees : float
        The angle, in (0, 180].
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Rotation, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Rotation(degrees=30)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    28% of the pixels changed
    """

    degrees: float | None = None

    SEVERITIES = (10, 20, 30, 40, 50)
    RANGE = (0, 180)

    def _damage(self, images, rng, **_):
        angles = np.deg2rad(self.degrees) * draw_signs(len(images), rng)
        cos, sin = np.cos(angles), np.sin(angles)
        return _linear(images, [[cos, sin], [-sin, cos]])


@dataclass(frozen=True, kw_only=True)
class Scaling(Anomaly, group="geometric"):
    """The picture grows or shrinks about its centre, one or the other at random.

    Parameters
    ----------
    factor : float
        Ratio of the larger to the smaller size, above 1.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Scaling, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Scaling(factor=1.5)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    50% of the pixels changed
    """

    factor: float | None = None

    SEVERITIES = (1.15, 1.3, 1.5, 1.7, 2.0)
    RANGE = (1, 1000)

    def _damage(self, images, rng, **_):
        shrink = self.factor ** draw_signs(len(images), rng)
        none = np.zeros_like(shrink)
        return _linear(images, [[shrink, none], [none, shrink]])


@dataclass(frozen=True, kw_only=True)
class Shear(Anomaly, group="geometric"):
    """Rows slide over one another, to the left or to the right at random: a slant.

    Parameters
    ----------
    slope : float
        Pixels that a row slides against the next one.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Shear, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Shear(slope=0.5)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    27% of the pixels changed
    """

    slope: float | None = None

    SEVERITIES = (0.25, 0.45, 0.65, 0.85, 1.05)

    def _damage(self, images, rng, **_):
        slopes = self.slope * draw_signs(len(images), rng)
        one, none = np.ones_like(slopes), np.zeros_like(slopes)
        return _linear(images, [[one, none], [slopes, one]])


def _linear(images, matrices):
    """Take every pixel from where a 2x2 matrix, one an image, sends it, about the centre."""
    _, height, width, _ = images.shape
    down, across = (side / 2 - 0.5 for side in (height, width))
    rows = (np.arange(height) - down)[:, None]
    columns = np.arange(width) - across
    (a, b), (c, d) = np.asarray(matrices)[..., None, None]
    return _taken_from(images, a * rows + b * columns + down, c * rows + d * columns + across)


def _taken_from(images, rows, columns):
    """Take every pixel from another place of its image, ``(n, h, w)``, between four neighbours."""
    damaged = np.empty_like(images)
    for image, result, *places in zip(images, damaged, rows, columns, strict=True):
        for channel in range(image.shape[-1]):
            plane = image[..., channel]
            result[..., channel] = map_coordinates(plane, places, order=1, mode="nearest")
    return damaged
