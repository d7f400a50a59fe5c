"""Move, turn, resize and slant images about their centres of mass, by cubic splines."""

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter1d

from ..images import check_images
from ..moments import background, centres_of_mass

RIM = 4  # pixels of background around each image; a cubic spline looks two pixels beyond
ANGLE, LOG_SCALE, SHEAR = 2, 3, 4  # places in a transform, after down and across


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
    return moved(images, splines_of(images), centres_of_mass(images), transforms)


def splines_of(images):
    """Spline coefficients of the contrast to the background, with a rim of background."""
    contrast = images - background(images)
    rim = ((0, 0), (RIM, RIM), (RIM, RIM), (0, 0))
    splines = np.pad(contrast.astype(np.float64), rim)
    for axis in (1, 2):
        splines = spline_filter1d(splines, axis=axis)
    return splines


def moved(images, splines, centres, transforms):
    """Each image under its own transform ``(n, 5)``, by cubic splines."""
    if not transforms.any():
        return images
    n, height, width, channels = images.shape
    inverse = _inverse_matrices(transforms)
    start = centres - np.einsum("nij,nj->ni", inverse, centres + transforms[:, :2]) + RIM
    places = inverse @ np.indices((height, width)).reshape(2, -1) + start[:, :, None]
    # all images in one tall picture, which takes one call; each is kept inside its own rim
    tall, wide = splines.shape[1:3]
    rows = np.clip(places[:, 0], 2, tall - 3) + tall * np.arange(n)[:, None]
    columns = np.clip(places[:, 1], 2, wide - 3)
    result = np.empty_like(images)
    for channel in range(channels):
        result[..., channel] = map_coordinates(
            splines[..., channel].reshape(n * tall, wide), [rows, columns], prefilter=False
        ).reshape(n, height, width)
    result = np.clip(result + background(images), 0, 1)
    moving = transforms.any(axis=1)[:, None, None, None]
    return np.where(moving, result, images)


def _inverse_matrices(transforms):
    """From a place in the result to the place it is taken from, about the centre, (n, 2, 2)."""
    angles, shears = np.deg2rad(transforms[:, ANGLE]), transforms[:, SHEAR]
    cos, sin = np.cos(angles), np.sin(angles)
    # rotation [[cos, sin], [-sin, cos]] @ shear [[1, 0], [-shear, 1]]
    sheared = np.array([[cos - shears * sin, sin], [-sin - shears * cos, cos]])
    return np.moveaxis(np.exp(-transforms[:, LOG_SCALE]) * sheared, -1, 0)
