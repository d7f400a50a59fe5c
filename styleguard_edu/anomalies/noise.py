"""Noise: pixels that went astray one by one, or in drops."""

from dataclasses import dataclass
from math import inf

import numpy as np

from .base import Anomaly
from .draws import draw_blobs, mark_levels


@dataclass(frozen=True, kw_only=True)
class Noise(Anomaly):
    """Gaussian noise, as of a sensor that gets too warm: every value is off by a random amount.

    Parameters
    ----------
    std : float
        Standard deviation, in units of the range from black to white.
    severity, local
        As in :class:`Anomaly`.
    """

    std: float | None = None

    SEVERITIES = (0.1, 0.2, 0.3, 0.4, 0.5)
    RANGE = (0, inf)
    group = "noise"
    label = "Gaussian noise"

    def _damage(self, images, rng, **_):
        return images + np.float32(self.std) * rng.standard_normal(images.shape, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class ShotNoise(Anomaly):
    """Poisson noise of too little light: black stays black, brighter pixels flicker more.

    Parameters
    ----------
    photons : float
        Photons counted on average at a white pixel; fewer are worse.
    severity, local
        As in :class:`Anomaly`.
    """

    photons: float | None = None

    SEVERITIES = (12, 5, 2.5, 1.5, 0.8)
    RANGE = (0, inf)
    group = "noise"
    label = "shot noise"

    def _damage(self, images, rng, **_):
        return rng.poisson(images * self.photons).astype(np.float32) / np.float32(self.photons)


@dataclass(frozen=True, kw_only=True)
class SaltAndPepper(Anomaly):
    """Dead pixels: some turn white or black.

    Parameters
    ----------
    share : float
        Share of the pixels that are hit, in (0, 1]; half of them turn white, half black.
    severity, local
        As in :class:`Anomaly`.
    """

    share: float | None = None

    SEVERITIES = (0.03, 0.08, 0.15, 0.25, 0.4)
    RANGE = (0, 1)
    group = "noise"
    label = "salt and pepper"

    def _damage(self, images, rng, **_):
        # one draw decides both: the lower half of the share is pepper, the upper half salt
        draw = rng.random(images.shape[:3], dtype=np.float32)[..., None]
        return np.where(draw < self.share, (draw > self.share / 2).astype(np.float32), images)


@dataclass(frozen=True, kw_only=True)
class Speckle(Anomaly):
    """Multiplicative noise, as of radar and ultrasound: every value is scaled at random.

    Parameters
    ----------
    std : float
        Standard deviation of the factor, whose mean is 1.
    severity, local
        As in :class:`Anomaly`.
    """

    std: float | None = None

    SEVERITIES = (0.3, 0.5, 0.8, 1.2, 1.7)
    RANGE = (0, inf)
    group = "noise"
    label = "speckle"

    def _damage(self, images, rng, **_):
        factor = np.float32(self.std) * rng.standard_normal(images.shape, dtype=np.float32)
        return images * (1 + factor)


@dataclass(frozen=True, kw_only=True)
class Spatter(Anomaly):
    """Drops of paint: bright on a dark picture, dark on a bright one.

    Parameters
    ----------
    share : float
        Share of the picture under drops, in (0, 1].
    severity, local
        As in :class:`Anomaly`.
    """

    share: float | None = None

    SEVERITIES = (0.02, 0.05, 0.1, 0.15, 0.25)
    RANGE = (0, 1)
    group = "noise"
    label = "spatter"

    def _damage(self, images, rng, spots, **_):
        drops = draw_blobs(spots, images.shape, 1.2, self.share, rng)[..., None]
        return images + drops * (mark_levels(images, rng) - images)
