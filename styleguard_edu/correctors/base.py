"""What all correctors share: where they may change an image, and how softly."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter

from ..checks import require_count, require_numbers
from ..estimators import Estimator
from ..images import blend, check_content, check_images
from ..moments import off_middle

__all__ = ["Corrector", "WholeImageCorrector"]


@dataclass(eq=False, repr=False, kw_only=True)
class Corrector(Estimator):
    r"""Base class of correctors: change what is marked, leave the rest bit-identical.

    With image x, proposal y and mask m, dilated to the region r,

    .. math:: x' = (1 - w)\,x + w\,y, \qquad w = \mathrm{strength} \cdot
              (1 \text{ on } m,\ G_{\mathrm{feather}} * r \text{ on the rest of } r,\ 0
              \text{ elsewhere})

    so a marked pixel is replaced wholly and the seam lies in the ring around it. A corrector
    proposes; whether its proposal is taken is for :mod:`styleguard_edu.correctors.acceptance`.

    Subclasses define ``_propose``; those that know of images which need them, ``_indicated_for``;
    those with settings of their own, their ``_RANGES`` and ``_COUNTS``.

    Parameters
    ----------
    dilation : int >= 0
        Pixels by which a mask grows in all eight directions: damage reaches a little beyond
        where it is seen.
    feather : float >= 0
        Standard deviation of G in pixels, how soft the seam is; at 0 the ring is replaced wholly.
    strength : float in [0, 1]
        Share of the proposal in the result; at 0 nothing changes.
    max_change : float in (0, 1]
        The largest :func:`styleguard_edu.correctors.rms_change` of an image that is acceptable
        from this corrector, in a guard. :meth:`correct` ignores it.

    Attributes
    ----------
    whole_image : bool
        True for correctors that change all of an image, whatever its mask.
    translates_only : bool
        True for those among them that only move its pixels.

    Notes
    -----
    Settings are checked when the corrector is used (ValueError, TypeError), as in scikit-learn.

    Examples
    --------
    A corrector that makes marked pixels black:

    >>> import numpy as np
    >>> from styleguard_edu import Corrector
    >>> class Black(Corrector):
    ...     def _propose(self, images, masks, content):
    ...         return np.zeros_like(images)
    >>> images, masks = np.ones((1, 3, 3, 1), "float32"), np.zeros((1, 3, 3), bool)
    >>> masks[0, 1, 1] = True
    >>> Black(dilation=0).correct(images, masks)[0, ..., 0].astype(int)
    array([[1, 1, 1],
           [1, 0, 1],
           [1, 1, 1]])
    """

    whole_image: ClassVar = False
    translates_only: ClassVar = False
    _COUNTS: ClassVar = ("dilation",)  # settings that are whole numbers, at least 0
    _RANGES: ClassVar = {  # setting -> least and most
        "feather": (0, np.inf),
        "strength": (0, 1),
        "max_change": (1e-6, 1),
    }

    dilation: int = 1
    feather: float = 0.5
    strength: float = 1.0
    max_change: float = 0.35

    def correct(self, images, masks, *, content=None):
        """Correct the marked pixels.

        Parameters
        ----------
        images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
            Left as they are.
        masks : ndarray of bool, ``(n, height, width)``
            True where a pixel is thought to be damaged.
        content : ndarray of float, ``(n, height, width, channels)`` in [0, 1], optional
            The images from which ``images`` were made, for correctors that use them; others
            ignore it.

        Returns
        -------
        ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
            Bit-identical to ``images`` outside the dilated masks.

        Raises
        ------
        TypeError
            If images are no floating-point numbers or masks no truth values.
        ValueError
            If a shape or a range is wrong, or a setting of the corrector.
        FloatingPointError
            If the corrector proposes NaN or infinite values.
        """
        self._check_settings()
        images, masks = checked(images, masks)
        return self._correct(images, masks, check_content(content, images))

    def region(self, masks):
        """The pixels that may change.

        Parameters
        ----------
        masks : ndarray of bool, ``(n, height, width)``

        Returns
        -------
        ndarray of bool, ``(n, height, width)``
            The masks, dilated; all True for a corrector with ``whole_image``.
        """
        if self.whole_image:
            return np.ones_like(masks)
        side = 2 * self.dilation + 1
        return maximum_filter(masks, (1, side, side), mode="constant")

    def indicated_for(self, images):
        """Images that no other corrector can be enough for, as one sees without a detector.

        Parameters
        ----------
        images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]

        Returns
        -------
        ndarray of bool, ``(n,)``
            All False, but for correctors that know of such images.
        """
        return self._indicated_for(check_images(images))

    def _check_settings(self):
        """Raise ValueError or TypeError unless all settings are as documented."""
        for name in self._COUNTS:
            require_count(name, getattr(self, name))
        require_numbers({name: getattr(self, name) for name in self._RANGES}, self._RANGES)

    def _correct(self, images, masks, content):
        """What :meth:`correct` returns, of arrays and settings that were checked."""
        region = self.region(masks)
        rows = np.flatnonzero(region.any(axis=(1, 2)))
        corrected = images.copy()
        if not len(rows):
            return corrected
        before, region = images[rows], region[rows]
        own = None if content is None else content[rows]
        proposed = self._checked_proposal(self._propose(before, region, own), before.shape)
        full = region if self.whole_image else masks[rows]
        mixed = blend(before, proposed, self._weights(full, region)[..., np.newaxis])
        # not left to a weight of 0: outside the region the very bits are kept
        corrected[rows] = np.where(region[..., np.newaxis], mixed, before)
        return corrected

    def _propose(self, images, masks, content):
        """Proposed images; only their values inside the (already dilated) masks count.

        Every image has at least one marked pixel.
        """
        raise NotImplementedError(f"{type(self).__name__} must define _propose")

    def _indicated_for(self, images):
        return np.zeros(len(images), bool)

    def _weights(self, masks, region):
        """Share of the proposal, ``(n, height, width)`` in [0, 1]."""
        soft = region.astype(np.float32)
        if self.feather:
            soft = gaussian_filter(soft, (0, self.feather, self.feather), mode="nearest")
        # rounding inside the filter may pass 1
        return self.strength * np.where(masks, 1, np.minimum(soft, 1))

    def _checked_proposal(self, proposed, shape):
        proposed, name = np.asarray(proposed, np.float32), type(self).__name__
        if proposed.shape != shape:
            wanted = f"{name} must propose images of shape {shape}"
            raise ValueError(f"{wanted}. Received: {proposed.shape}")
        if not np.isfinite(proposed).all():
            raise FloatingPointError(
                f"{name} must propose finite images. Received: NaN or infinity"
            )
        return np.clip(proposed, 0, 1)


@dataclass(eq=False, repr=False, kw_only=True)
class WholeImageCorrector(Corrector):
    """What correctors share that move all an image shows: no mask, no seam, and who needs them."""

    whole_image: ClassVar = True

    dilation: ClassVar = 0
    feather: ClassVar = 0.0
    max_change: float = 1.0

    def _indicated_for(self, images):
        return off_middle(images)


def checked(images, masks):
    """Return images and masks of :meth:`Corrector.correct` after checking them."""
    images, masks = check_images(images), np.asarray(masks)
    if masks.dtype != bool:
        raise TypeError(f"masks must hold True (damaged) and False. Received: dtype {masks.dtype}")
    if masks.shape != images.shape[:3]:
        wanted = f"masks must be of shape {images.shape[:3]}, as images"
        raise ValueError(f"{wanted}. Received: {masks.shape}")
    return images, masks
