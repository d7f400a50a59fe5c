"""Undo a shift, a rotation, a change of size or a slant."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter1d

from ..checks import require_number
from ..images import check_content, check_images
from ..moments import background, centres_of_mass, middle, moments, off_middle
from .base import Corrector

_BATCH_PIXELS = 256 * 28 * 28  # of images realigned at once: bounds the memory
_RIM = 4  # pixels of background around each image; a cubic spline looks two pixels beyond
_ANGLE, _LOG_SCALE, _SHEAR = 2, 3, 4  # places in a transform, after down and across
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


class RealignCorrector(Corrector):
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
    realigned as well. Other damage, such as an elastic deformation, can at best be mended in part:
    let :func:`styleguard_edu.correctors.accept` decide.

    Parameters
    ----------
    score : callable
        ``score(images, content) -> (n,)``, at least 0, higher = worse, such as the surprisal of a
        detector (:meth:`styleguard_edu.detectors.FusedDetector.surprisal_of`). A transform whose
        penalty is as high as the score of the image as it is, is not tried. Resampling blurs a
        little: a score that minds, minds every repair.
    penalty : float >= 0
        In units of the score.
    fixed_cost : float >= 0
        Of any transform, however small, in units of the score. A sound image in an odd hand could
        nearly always be made more usual.
    box : float >= 1
        Longer side, in pixels, of what a sound image shows; 20 in MNIST. The centre of mass of a
        sound image lies at half the height and half the width.
    shift, angle, log_scale, shear : float >= 0
        The bounds: pixels in each direction, degrees (at most 90), logarithm of the factor (at most
        2), columns a row (at most 2); 0 excludes that part of a transform.
    strength : float in [0, 1]
        As for :class:`Corrector`; in between, the two images lie over each other.
    max_change : float in (0, 1]
        As for :class:`Corrector`. A shift by a stroke's width changes most pixels that show
        something, so it is the bounds above that keep the repair small.
    """

    whole_image = True

    def __init__(
        self,
        score,
        *,
        penalty=2.0,
        fixed_cost=0.0,
        box=20.0,
        shift=6.0,
        angle=40.0,
        log_scale=0.6,
        shear=0.6,
        strength=1.0,
        max_change=1.0,
    ):
        super().__init__(dilation=0, feather=0.0, strength=strength, max_change=max_change)
        if not callable(score):
            raise TypeError(f"score must be callable. Received: {score!r}")
        require_number("penalty", penalty, 0, np.inf)
        require_number("fixed_cost", fixed_cost, 0, np.inf)
        require_number("box", box, 1, np.inf)
        require_number("shift", shift, 0, np.inf)
        require_number("angle", angle, 0, 90)
        require_number("log_scale", log_scale, 0, 2)
        require_number("shear", shear, 0, 2)
        self.score = score
        self.penalty = penalty
        self.fixed_cost = fixed_cost
        self.box = box
        self.shift = shift
        self.angle = angle
        self.log_scale = log_scale
        self.shear = shear

    def align(self, images, content=None):
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
        ValueError
            If the score does not give one number an image, or one below 0.
        FloatingPointError
            If it gives NaN or infinite ones.
        """
        images = check_images(images)
        content = check_content(content, images)
        size = max(_BATCH_PIXELS // np.prod(images.shape[1:3]), 1)
        parts = []
        for start in range(0, len(images), size):
            part = slice(start, start + size)
            parts.append(self._align(images[part], None if content is None else content[part]))
        return Alignment(*map(np.concatenate, zip(*parts, strict=True)))

    def indicated_for(self, images):
        """Images whose centre of mass is more than 1.25 px off the middle, down or across.

        Parameters and result as for :meth:`Corrector.indicated_for`.
        """
        return off_middle(check_images(images))

    def _propose(self, images, masks, content):
        return self.align(images, content).images

    def _align(self, images, content):
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
            splines = _splines(images)
            for versions, rows, transform in zip(made, tried, transforms, strict=True):
                versions[rows] = _transformed(
                    images[rows], splines[rows], seen.centres[rows], transform[rows]
                )
            beside = None if content is None else content[np.nonzero(tried)[1]]
            scores[tried] = self._scored(made[tried], beside)
        best = (scores + penalties).argmin(axis=0)  # the first of ties
        chosen = best, np.arange(len(images))
        return Alignment(
            made[chosen],
            transforms[chosen],
            shares[chosen].max(axis=1),
            scores[0],
            scores[chosen],
        )

    def _scored(self, images, content):
        scores = np.asarray(self.score(images, content), np.float64)
        if scores.shape != (len(images),):
            raise ValueError(
                f"score must give one number for each of {len(images)} images. "
                f"Received: shape {scores.shape}"
            )
        if not np.isfinite(scores).all():
            raise FloatingPointError(
                "score must give finite numbers. Received: NaN or infinite values"
            )
        if (scores < 0).any():
            raise ValueError(f"score must give numbers >= 0. Received: {scores.min()}")
        return scores


def transformed(images, transforms):
    """Move, turn, resize and slant images about their centres of mass, by cubic splines.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    transforms : ndarray of float, ``(n, 5)``
        As in :class:`Alignment`.

    Returns
    -------
    ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
        Background, the median of the outermost pixels, comes in from outside.

    Raises
    ------
    ValueError
        If there is not one row of five for each image.
    """
    images, transforms = check_images(images), np.asarray(transforms, np.float64)
    if transforms.shape != (len(images), 5):
        raise ValueError(
            f"transforms must be of shape ({len(images)}, 5). Received: shape {transforms.shape}"
        )
    return _transformed(images, _splines(images), centres_of_mass(images), transforms)


def _candidates(seen, shape, box, bounds):
    """Transforms to try, ``(k, n, 5)``, inside the bounds; the first is none."""
    off = middle(shape) - seen.centres
    to_size = np.log(box / seen.sides)
    # a box as large as the picture may have been larger before it was cut; else the growth may
    # be only half of it, the rest is a slant's or a rotation's
    cut = seen.sides >= max(shape[1:3]) - 1
    other_size = np.where(cut, to_size - np.log(1.2), to_size / 2)
    parts = [
        (_LOG_SCALE, to_size),
        (_LOG_SCALE, other_size),
        (_SHEAR, -seen.slants),
        *((_ANGLE, share * bounds[_ANGLE]) for share in _ANGLES),
        *((_SHEAR, share * bounds[_SHEAR]) for share in _SHEARS),
    ]
    transforms = np.zeros((2 + len(parts), len(off), 5))
    transforms[1, :, :2] = np.rint(off)  # whole pixels: nothing is resampled
    transforms[2:, :, :2] = off
    for transform, (place, values) in zip(transforms[2:], parts, strict=True):
        transform[:, place] = values
    return np.clip(transforms, -bounds, bounds)


def _splines(images):
    """Spline coefficients of the contrast to the background, with a rim of background."""
    contrast = images - background(images)
    rim = ((0, 0), (_RIM, _RIM), (_RIM, _RIM), (0, 0))
    splines = np.pad(contrast.astype(np.float64), rim)
    for axis in (1, 2):
        splines = spline_filter1d(splines, axis=axis)
    return splines


def _transformed(images, splines, centres, transforms):
    """Each image under its own transform ``(n, 5)``, by cubic splines."""
    if not transforms.any():
        return images
    n, height, width, channels = images.shape
    inverse = _inverse_matrices(transforms)
    start = centres - np.einsum("nij,nj->ni", inverse, centres + transforms[:, :2]) + _RIM
    places = inverse @ np.indices((height, width)).reshape(2, -1) + start[:, :, None]
    # all images in one tall picture, which takes one call; each is kept inside its own rim
    tall, wide = splines.shape[1:3]
    rows = np.clip(places[:, 0], 2, tall - 3) + tall * np.arange(n)[:, None]
    columns = np.clip(places[:, 1], 2, wide - 3)
    moved = np.empty_like(images)
    for channel in range(channels):
        moved[..., channel] = map_coordinates(
            splines[..., channel].reshape(n * tall, wide), [rows, columns], prefilter=False
        ).reshape(n, height, width)
    moved = np.clip(moved + background(images), 0, 1)
    moving = transforms.any(axis=1)[:, None, None, None]
    return np.where(moving, moved, images)


def _inverse_matrices(transforms):
    """From a place in the result to the place it is taken from, about the centre, (n, 2, 2)."""
    angles = np.deg2rad(transforms[:, _ANGLE])
    cos, sin = np.cos(angles), np.sin(angles)
    one, none = np.ones_like(cos), np.zeros_like(cos)
    rotation = np.moveaxis(np.array([[cos, sin], [-sin, cos]]), -1, 0)
    shear = np.moveaxis(np.array([[one, none], [-transforms[:, _SHEAR], one]]), -1, 0)
    return np.exp(-transforms[:, _LOG_SCALE])[:, None, None] * (rotation @ shear)
