"""Tone and structure: light, contrast, edges or style are wrong over large parts."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter

from .base import Anomaly
from .draws import draw_blobs, draw_signs, draw_steps, moved, smooth_fields

_FOG_LEVEL = 0.9
_GHOST_DISTANCE = 4  # pixels
_RIM = 1.0  # pixels, half the width of a halo
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)[None, :, :, None]


@dataclass(frozen=True, kw_only=True)
class Fog(Anomaly):
    """A whitish veil, denser in some places than in others.

    Parameters
    ----------
    density : float
        Mean share of the light that comes from the veil, in (0, 1].
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Fog, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Fog(density=0.4)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    100% of the pixels changed
    """

    density: float | None = None

    SEVERITIES = (0.15, 0.3, 0.45, 0.6, 0.75)
    RANGE = (0, 1)

    def _damage(self, images, rng, **_):
        n, height, width, _ = images.shape
        clouds = smooth_fields(n, height, width, min(height, width) / 8, rng)
        veil = np.clip(self.density * (1 + 0.3 * clouds), 0, 1)[..., None]
        return images + veil * (_FOG_LEVEL - images)


@dataclass(frozen=True, kw_only=True)
class Brightness(Anomaly):
    """Contrast is lost towards black or towards white, one or the other at random.

    Parameters
    ----------
    amount : float
        How much of the way every value goes to 0 or to 1, in (0, 1].
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Brightness, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Brightness(amount=0.5)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    29% of the pixels changed
    """

    amount: float | None = None

    SEVERITIES = (0.2, 0.35, 0.5, 0.65, 0.8)
    RANGE = (0, 1)

    def _damage(self, images, rng, **_):
        ends = (draw_signs(len(images), rng) > 0).astype(np.float32)[:, None, None, None]
        return images + np.float32(self.amount) * (ends - images)


@dataclass(frozen=True, kw_only=True)
class Ghost(Anomaly):
    """Double exposure: a copy lies four pixels away in a random direction.

    Parameters
    ----------
    opacity : float
        Share of the light that comes from the copy, in (0, 1].
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Ghost, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Ghost(opacity=0.4)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    29% of the pixels changed
    """

    opacity: float | None = None

    SEVERITIES = (0.2, 0.32, 0.44, 0.52, 0.6)
    RANGE = (0, 1)
    label = "ghost image"

    def _damage(self, images, rng, **_):
        copies = moved(images, draw_steps(len(images), _GHOST_DISTANCE, rng))
        return images + np.float32(self.opacity) * (copies - images)


@dataclass(frozen=True, kw_only=True)
class Checkerboard(Anomaly):
    """Neighbouring pixels too bright and too dark in turn (Odena et al., 2016).

    What transposed convolutions leave behind when their kernel is not a multiple of the stride.

    Parameters
    ----------
    amplitude : float
        Added to every other pixel and taken from the rest, in (0, 1].
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Checkerboard, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Checkerboard(amplitude=0.2)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    57% of the pixels changed
    """

    amplitude: float | None = None

    SEVERITIES = (0.08, 0.15, 0.25, 0.35, 0.5)
    RANGE = (0, 1)

    def _damage(self, images, rng, **_):
        n, height, width, _ = images.shape
        pattern = (-1.0) ** (np.arange(height)[:, None] + np.arange(width))
        signed = self.amplitude * draw_signs(n, rng)[:, None, None] * pattern.astype(np.float32)
        return images + signed[..., None]


@dataclass(frozen=True, kw_only=True)
class Halo(Anomaly):
    """A bright rim on both sides of every edge, as of sharpening too much.

    Parameters
    ----------
    gain : float
        How many times the image's fine detail, without its sign, is added.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Halo, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Halo(gain=2)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    38% of the pixels changed
    """

    gain: float | None = None

    SEVERITIES = (1.0, 2.0, 3.0, 4.0, 5.0)

    def _damage(self, images, **_):
        smooth = gaussian_filter(images, (0, _RIM, _RIM, 0), mode="nearest")
        return images + np.float32(self.gain) * np.abs(images - smooth)


@dataclass(frozen=True, kw_only=True)
class Edges(Anomaly):
    """Bright parts turn into their own contours, one pixel wide; all that is even fades.

    Parameters
    ----------
    strength : float
        How much of the way every value goes to the contour picture, in (0, 1]: by how much the
        brightest of a pixel and its four neighbours is above the pixel itself.
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import Edges, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = Edges(strength=0.7)(digits, rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    28% of the pixels changed
    """

    strength: float | None = None

    SEVERITIES = (0.3, 0.5, 0.7, 0.85, 1.0)
    RANGE = (0, 1)
    label = "contours only"

    def _damage(self, images, **_):
        grown = maximum_filter(images, footprint=_CROSS, mode="nearest")
        return images + np.float32(self.strength) * (grown - images - images)


@dataclass(frozen=True, kw_only=True)
class ColourCast(Anomaly):
    """The balance of red, green and blue shifts towards a random hue; colour images only.

    Parameters
    ----------
    amount : float
        How much the most favoured hue's channel gains, in (0, 1].
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import ColourCast, load_digits
    >>> from styleguard_edu.styles import render_style
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = ColourCast(amount=0.2)(render_style(digits, "ink"), rng=0)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    100% of the pixels changed
    """

    amount: float | None = None

    SEVERITIES = (0.05, 0.1, 0.15, 0.22, 0.3)
    RANGE = (0, 1)
    colour_only = True

    def _damage(self, images, rng, **_):
        hues = rng.uniform(0, 2 * np.pi, (len(images), 1, 1, 1))
        # a third of a turn apart, so that the shares sum to 0 and the mean is kept
        shares = np.cos(hues - np.array([0, 2, 4]) * np.pi / 3)
        return images + self.amount * shares.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class StyleLeak(Anomaly):
    """The generator forgot some places: there the content shows as it was, un-restyled.

    Parameters
    ----------
    share : float
        Share of the picture where it shows, in (0, 1].
    severity, local
        As in :class:`Anomaly`.

    Examples
    --------
    >>> from styleguard_edu import StyleLeak, load_digits
    >>> from styleguard_edu.styles import render_style
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> damaged = StyleLeak(share=0.1)(render_style(digits, "ink"), rng=0, content=digits)
    >>> print(f"{damaged.masks.mean():.0%} of the pixels changed")
    13% of the pixels changed
    """

    share: float | None = None

    SEVERITIES = (0.03, 0.07, 0.12, 0.2, 0.3)
    RANGE = (0, 1)
    needs_content = True

    def _damage(self, images, rng, spots, content):
        if content.shape[-1] > images.shape[-1]:
            content = content.mean(axis=-1, keepdims=True)
        size = min(images.shape[1:3]) / 10
        places = draw_blobs(spots, images.shape, size, self.share, rng)[..., None]
        return images + places * (content - images)
