"""Undo a shift, a rotation, a change of size or a slant."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from ..images import check_content, check_images
from ..moments import middle, moments
from ..networks import BATCH_PIXELS
from .affine import ANGLE, LOG_SCALE, SHEAR, moved, splines_of
from .base import WholeImageCorrector

__all__ = ["Alignment", "RealignCorrector"]

# Fixed guesses, as shares of the bounds. Two angles instead of four cost rotated digits a point of
# accuracy; finer shears, or a second round around the best, brought at most 0.3 points.
_ANGLES, _SHEARS = (0.4, -0.4, 0.8, -0.8), (0.75, -0.75)


class Alignment(NamedTuple):
    """What :meth:`RealignCorrector.align` did.

    Attributes
    ----------
    images : ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
        Bit-identical to the input where nothing was done.
    transforms : ndarray of float64, ``(n, 5)``
        By how much the centre of mass moved down and to the right, in pixels, and what was done
        about it: angle in degrees, counter-clockwise; logarithm of the factor of growth; shear,
        columns to the right a row down. All 0 is nothing.
    sizes : ndarray of float64, ``(n,)``
        In [0, 1]: the largest of the five as a share of its bound.
    scores_before, scores : ndarray of float64, ``(n,)``
        Of the input and of ``images``.
    """

    images: np.ndarray
    transforms: np.ndarray
    sizes: np.ndarray
    scores_before: np.ndarray
    scores: np.ndarray


@dataclass(eq=False, repr=False)
class RealignCorrector(WholeImageCorrector):
    r"""Undo a shift, a rotation, a change of size or a slant.

    Of a few affine transforms T inside bounds, take the one with the least

    .. math:: \mathrm{score}(T x) + \mathrm{penalty} \sum_i (\theta_i / b_i)^2 + \mathrm{fixed_cost}

    with parameters :math:`\theta_i` and bounds :math:`b_i`: of two that help as much the smaller
    one wins, and the image as it is, which alone has no fixed_cost, wins ties. If the score is
    :math:`-\log p`, the default is a normal prior with the bounds at two standard deviations.

    The eleven candidates: the image as it is; centred by mass, by whole pixels; and centred with
    its box brought to size in one of two ways, its slant (by second moments) taken away, or one of
    four fixed angles or two fixed shears. What stands out is told by its contrast to the
    background, the median of the outermost pixels, which also fills what a transform brings in
    from outside.

    The whole image changes: masks are checked, then ignored, and an image with an empty mask is
    realigned as well. Other damage, such as an elastic deformation, can at best be corrected in
    part: let :func:`styleguard_edu.correctors.accept` decide.

    Parameters
    ----------
    score : callable
        ``score(images, content) -> (n,)``, at least 0, higher = worse, such as the surprisal of a
        detector (:meth:`styleguard_edu.detectors.FusedDetector.surprisal_of`). A transform whose
        penalty is as high as the score of the image as it is, is not tried. Resampling blurs a
        little, which some scores count as damage.
    penalty : float >= 0
        In units of the score.
    fixed_cost : float >= 0
        Of any transform, however small, in units of the score. A clean image in an unusual hand
        could nearly always be made more usual.
    box : float >= 1
        Longer side, in pixels, of what a clean image shows; 20 in MNIST. The centre of mass of a
        clean image lies at half the height and half the width.
    shift, angle, log_scale, shear : float >= 0
        The bounds: pixels in each direction, degrees (at most 90), logarithm of the factor (at most
        2), columns a row (at most 2); 0 excludes that part of a transform.
    strength : float in [0, 1]
        As for :class:`Corrector`; in between, the two images lie over each other.
    max_change : float in (0, 1]
        As for :class:`Corrector`. A shift by a stroke's width changes most pixels that show
        something, so it is the bounds above that keep the correction small.

    Notes
    -----
    Indicated for images whose centre of mass is more than 1.25 pixels off the middle, down or
    across.

    Examples
    --------
    A square, three pixels too far to the right; the score is its distance from where it was:

    >>> import numpy as np
    >>> from styleguard_edu import RealignCorrector
    >>> clean = np.zeros((1, 28, 28, 1), "float32")
    >>> clean[:, 9:20, 9:20] = 1
    >>> realign = RealignCorrector(
    ...     lambda images, content: abs(images - clean).sum(axis=(1, 2, 3)), box=11
    ... )
    >>> alignment = realign.align(np.roll(clean, 3, axis=2))
    >>> alignment.transforms.round(1)
    array([[ 0., -3.,  0.,  0.,  0.]])
    >>> np.allclose(alignment.images, clean, atol=1e-5)
    True
    """

    _RANGES: ClassVar = WholeImageCorrector._RANGES | {
        **dict.fromkeys(("penalty", "fixed_cost", "shift"), (0, np.inf)),
        "box": (1, np.inf),
        "angle": (0, 90),
        **dict.fromkeys(("log_scale", "shear"), (0, 2)),
    }

    score: Callable
    _: KW_ONLY
    penalty: float = 2.0
    fixed_cost: float = 0.0
    box: float = 20.0
    shift: float = 6.0
    angle: float = 40.0
    log_scale: float = 0.6
    shear: float = 0.6

    def align(self, images, *, content=None):
        """Realign images and tell how.

        Parameters
        ----------
        images, content : ndarray
            As for :meth:`correct`.

        Returns
        -------
        Alignment
            At strength 1, whatever the corrector's strength.

        Raises
        ------
        TypeError
            If the score is not callable.
        ValueError
            If the score does not give one number an image, or one below 0; or as for
            :meth:`correct`.
        FloatingPointError
            If it gives NaN or infinite ones.
        """
        self._check_settings()
        images = check_images(images)
        return self._align(images, check_content(content, images))

    def _check_settings(self):
        super()._check_settings()
        if not callable(self.score):
            raise TypeError(f"score must be callable. Received: {self.score!r}")

    def _propose(self, images, masks, content):
        return self._align(images, content).images

    def _align(self, images, content):
        """What :meth:`align` returns, of images that were checked."""
        size = max(BATCH_PIXELS // np.prod(images.shape[1:3]), 1)
        parts = []
        for start in range(0, len(images), size):
            part = slice(start, start + size)
            beside = None if content is None else content[part]
            parts.append(self._align_batch(images[part], beside))
        return Alignment(*map(np.concatenate, zip(*parts, strict=True)))

    def _align_batch(self, images, content):
        bounds = np.array([self.shift, self.shift, self.angle, self.log_scale, self.shear])
        seen = moments(images)
        transforms = _candidates(seen, images.shape, self.box, bounds)
        shares = np.abs(transforms) / np.where(bounds > 0, bounds, 1)
        penalties = self.penalty * (shares**2).sum(axis=-1)
        made = np.stack([images] * len(transforms))
        scores = np.stack([self._scored(images, content)] * len(transforms))
        # no score is below 0, so what costs more than there is to gain cannot win: it is not tried
        tried = transforms.any(axis=-1)
        penalties += self.fixed_cost * tried
        tried &= penalties < scores
        if tried.any():
            splines = splines_of(images)
            for versions, rows, transform in zip(made, tried, transforms, strict=True):
                versions[rows] = moved(
                    images[rows], splines[rows], seen.centres[rows], transform[rows]
                )
            beside = None if content is None else content[np.nonzero(tried)[1]]
            scores[tried] = self._scored(made[tried], beside)
        best = (scores + penalties).argmin(axis=0)  # the first of ties
        chosen = best, np.arange(len(images))
        sizes = shares[chosen].max(axis=1)
        return Alignment(made[chosen], transforms[chosen], sizes, scores[0], scores[chosen])

    def _scored(self, images, content):
        scores = np.asarray(self.score(images, content), np.float64)
        if scores.shape != (len(images),):
            wanted = f"score must give one number for each of {len(images)} images"
            raise ValueError(f"{wanted}. Received: shape {scores.shape}")
        if not np.isfinite(scores).all():
            raise FloatingPointError("score must give finite numbers. Received: NaN or infinity")
        if (scores < 0).any():
            raise ValueError(f"score must give numbers >= 0. Received: {scores.min()}")
        return scores


def _candidates(seen, shape, box, bounds):
    """Transforms to try, ``(k, n, 5)``, inside the bounds; the first is none."""
    off = middle(shape) - seen.centres
    to_size = np.log(box / seen.sides)
    # a box as large as the picture may have been larger before it was cut; else the growth may
    # be only half of it, the rest is a slant's or a rotation's
    cut = seen.sides >= max(shape[1:3]) - 1
    other_size = np.where(cut, to_size - np.log(1.2), to_size / 2)
    parts = [
        (LOG_SCALE, to_size),
        (LOG_SCALE, other_size),
        (SHEAR, -seen.slants),
        *((ANGLE, share * bounds[ANGLE]) for share in _ANGLES),
        *((SHEAR, share * bounds[SHEAR]) for share in _SHEARS),
    ]
    transforms = np.zeros((2 + len(parts), len(off), 5))
    transforms[1, :, :2] = np.rint(off)  # whole pixels: nothing is resampled
    transforms[2:, :, :2] = off
    for transform, (place, values) in zip(transforms[2:], parts, strict=True):
        transform[:, place] = values
    return np.clip(transforms, -bounds, bounds)
