"""Where images show something: what can be told of a digit's place, size and slant by eye.

What stands out is told by its contrast to the background, the median of the outermost pixels.
"""

from typing import NamedTuple

import numpy as np

_OFF = 1.25  # pixels: the centres of mass of clean digits lie at most 0.5 off the middle
_STANDS_OUT = 0.3  # of the largest contrast: belongs to what is shown


class Moments(NamedTuple):
    """Where images show something.

    Attributes
    ----------
    centres : ndarray of float64, ``(n, 2)``
        Row and column of the centre of mass.
    slants : ndarray of float64, ``(n,)``
        Columns that it leans to the right a row down, by second moments.
    sides : ndarray of int, ``(n,)``
        Longer side, in pixels, of the box around what stands out.
    """

    centres: np.ndarray
    slants: np.ndarray
    sides: np.ndarray


def moments(images):
    """The moments of images ``(n, height, width, channels)`` in [0, 1].

    In a blank image the centre is the middle, the slant 0, and the box the whole picture.

    Examples
    --------
    A stroke that goes one pixel to the right with every row:

    >>> import numpy as np
    >>> from styleguard_edu.moments import moments
    >>> moments(np.eye(9, dtype=np.float32)[None, :, :, None] * np.float32(0.5)).slants.round(2)
    array([1.])
    """
    contrast = contrast_of(images)
    share, rows, columns, centres = _mass(contrast)
    down, across = rows - centres[:, :1], columns - centres[:, 1:]
    covariance = np.einsum("nrc,nr,nc->n", share, down, across)
    variance = np.einsum("nrc,nr->n", share, down**2)
    # a single row leans nowhere
    slants = covariance / np.maximum(variance, 1 / 12)
    shown = contrast > _STANDS_OUT * contrast.max(axis=(1, 2), keepdims=True)
    sides = np.maximum(_extent(shown.any(axis=2)), _extent(shown.any(axis=1)))
    return Moments(centres, slants, sides)


def centres_of_mass(images):
    """Row and column of each image's centre of mass, ``(n, 2)``; the middle of a blank image.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    """
    return _mass(contrast_of(images))[-1]


def contrast_of(images):
    """How much each pixel differs from the background, ``(n, height, width)`` in [0, 1].

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        The mean of the channels counts.
    """
    return np.abs(images - background(images)).mean(axis=-1).astype(np.float64)


def off_middle(images):
    """Images whose centre of mass is more than 1.25 pixels off the middle, down or across."""
    centres = _mass(contrast_of(images))[-1]
    return np.abs(centres - middle(images.shape)).max(axis=1) > _OFF


def background(images):
    """The median of each image's outermost pixels, ``(n, 1, 1, channels)``."""
    sides = images[:, [0, -1]], images[:, 1:-1, [0, -1]].swapaxes(1, 2)
    return np.median(np.concatenate(sides, axis=2), axis=(1, 2), keepdims=True)


def middle(shape):
    """Row and column where the centre of mass of a clean image lies, given the images' shape."""
    return np.array(shape[1:3]) / 2


def _mass(contrast):
    """Each pixel's share of the contrast, the rows and columns, and the centres of mass."""
    mass = contrast.sum(axis=(1, 2))
    blank = mass == 0
    share = contrast / np.where(blank, 1, mass)[:, None, None]
    rows, columns = (np.arange(side) for side in contrast.shape[1:])
    centres = np.stack([share.sum(axis=2) @ rows, share.sum(axis=1) @ columns], axis=1)
    if blank.any():
        centres[blank] = middle(contrast.shape)
    return share, rows, columns, centres


def _extent(shown):
    """From the first to the last True of each row, ``(n,)``; all of it where there is none."""
    return shown.shape[1] - shown.argmax(axis=1) - shown[:, ::-1].argmax(axis=1)
