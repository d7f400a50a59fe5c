"""Noise: pixels that went astray one by one, or in drops."""

from dataclasses import dataclass

import numpy as np

from .base import Anomaly
from .draws import draw_blobs, mark_levels


@dataclass(frozen=True, kw_only=True)
class Noise(Anomaly, group="noise"):
    """Gaussian noise, as of a sensor that gets too warm: every value is off by a random amount.

    Parameters
    ----------
    std : float
        Standard deviation, in units of the range from black to white.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Noise, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Noise(std=0.3)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    57% of the pixels changed
    """

    std: float | None = None

    SEVERITIES = (0.1, 0.2, 0.3, 0.4, 0.5)
    label = "Gaussian noise"

    def _damage(self, images, rng, **_):
        return images + np.float32(self.std) * rng.standard_normal(images.shape, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class ShotNoise(Anomaly, group="noise"):
    """Poisson noise of too little light: black stays black, brighter pixels flicker more.

    Parameters
    ----------
    photons : float
        Photons counted on average at a white pixel; fewer are worse.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import ShotNoise, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = ShotNoise(photons=5)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    16% of the pixels changed
    """

    photons: float | None = None

    SEVERITIES = (12, 5, 2.5, 1.5, 0.8)
    RANGE = (0, 1_000_000)

    def _damage(self, images, rng, **_):
        return rng.poisson(images * self.photons).astype(np.float32) / np.float32(self.photons)


@dataclass(frozen=True, kw_only=True)
class SaltAndPepper(Anomaly, group="noise"):
    """Dead pixels: some turn white or black.

    Parameters
    ----------
    share : float
        Share of the pixels that are hit, in (0, 1]; half of them turn white, half black.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import SaltAndPepper, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = SaltAndPepper(share=0.2)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    12% of the pixels changed
    """

    share: float | None = None

    SEVERITIES = (0.03, 0.08, 0.15, 0.25, 0.4)
    RANGE = (0, 1)

    def _damage(self, images, rng, **_):
        # one draw decides both: the lower half of the share is pepper, the upper half salt
        draw = rng.random(images.shape[:3], dtype=np.float32)[..., None]
        return np.where(draw < self.share, (draw > self.share / 2).astype(np.float32), images)


@dataclass(frozen=True, kw_only=True)
class Speckle(Anomaly, group="noise"):
    """Multiplicative noise, as of radar and ultrasound: every value is scaled at random.

    Parameters
    ----------
    std : float
        Standard deviation of the factor, whose mean is 1.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Speckle, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Speckle(std=0.5)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    16% of the pixels changed
    """

    std: float | None = None

    SEVERITIES = (0.3, 0.5, 0.8, 1.2, 1.7)

    def _damage(self, images, rng, **_):
        factor = np.float32(self.std) * rng.standard_normal(images.shape, dtype=np.float32)
        return images * (1 + factor)


@dataclass(frozen=True, kw_only=True)
class Spatter(Anomaly, group="noise"):
    """Drops of paint: bright on a dark picture, dark on a bright one.

    Parameters
    ----------
    share : float
        Share of the picture under drops, in (0, 1].
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Spatter, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Spatter(share=0.1)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    13% of the pixels changed
    """

    share: float | None = None

    SEVERITIES = (0.02, 0.05, 0.1, 0.15, 0.25)
    RANGE = (0, 1)

    def _damage(self, images, rng, spots, **_):
        drops = draw_blobs(spots, images.shape, 1.2, self.share, rng)[..., None]
        return images + drops * (mark_levels(images, rng) - images)
