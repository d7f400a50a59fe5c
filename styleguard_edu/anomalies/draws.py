"""What anomalies draw at random: places, regions, fields, blobs, steps, signs."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ..checks import is_whole


def as_generator(rng):
    """Return ``rng`` itself, or the generator of a seed."""
    if isinstance(rng, np.random.Generator):
        return rng
    if not is_whole(rng) or rng < 0:
        raise TypeError(
            f"rng must be a numpy Generator or a whole number >= 0 as its seed. Received: {rng!r}"
        )
    return np.random.default_rng(int(rng))


def draw_spots(images, rng):
    """Draw in each image one pixel that stands out from its background.

    Standing out is to differ from the image's median by more than half the most that any of its
    pixels does: the strokes of a digit in any style; in a photo, whatever is darkest or brightest.

    Returns
    -------
    ndarray of int, ``(n, 2)``
        Row and column.
    """
    n, width = len(images), images.shape[2]
    grey = images.mean(axis=-1).reshape(n, -1)
    contrast = np.abs(grey - np.median(grey, axis=1, keepdims=True))
    stands_out = contrast >= contrast.max(axis=1, keepdims=True) / 2  # all, in a flat image
    chosen = (rng.random(grey.shape, dtype=np.float32) + stands_out).argmax(axis=1)
    return np.stack(np.divmod(chosen, width), axis=1)


def draw_regions(spots, shape, rng):
    """Draw around each spot a rectangle or an ellipse of 10 to 35 % of the picture.

    Returns
    -------
    ndarray of bool, ``(n, h, w)``
        It lies inside the picture, so the spot is not always its centre.
    """
    n, size = len(spots), np.array(shape[1:3])
    area, stretch = rng.uniform(0.10, 0.35, (n, 1)), rng.uniform(0.65, 1.5, (n, 1))
    round_ = rng.random(n) < 0.5
    half = size / 2 * np.sqrt(area * np.hstack([stretch, 1 / stretch]))
    half_axes = half * np.sqrt(4 / np.pi)  # an ellipse of the same area
    # close to a corner of the picture an ellipse would miss the spot
    off = spots - _inside(spots, half_axes, size)
    round_ &= ((off / half_axes) ** 2).sum(axis=1) <= 1
    centres = _inside(spots, np.where(round_[:, None], half_axes, half), size)
    # (n, h, 1) and (n, 1, w): distances from the centre
    down = np.abs(np.arange(size[0])[:, None] - centres[:, 0, None, None])
    across = np.abs(np.arange(size[1]) - centres[:, 1, None, None])
    axes = half_axes[:, :, None, None]
    ellipse = (down / axes[:, 0]) ** 2 + (across / axes[:, 1]) ** 2 <= 1
    box = (down <= half[:, 0, None, None]) & (across <= half[:, 1, None, None])
    return np.where(round_[:, None, None], ellipse, box)


def _inside(spots, half, size):
    """The centres closest to the spots around which all is inside the picture."""
    return np.clip(spots, half - 0.5, size - 0.5 - half)


def smooth_fields(n, height, width, sigma, rng):
    """Draw random fields without abrupt changes: white noise under a Gaussian filter.

    Parameters
    ----------
    sigma : float
        Width of the filter, in pixels.

    Returns
    -------
    ndarray of float32, ``(n, height, width)``
        Each of mean 0 and standard deviation 1.
    """
    noise = rng.standard_normal((n, height, width), dtype=np.float32)
    # the filter as a matrix for each axis: for small images much faster than filtering
    down, across = (
        gaussian_filter1d(np.eye(side, dtype=np.float32), sigma, axis=0, mode="reflect")
        for side in (height, width)
    )
    fields = down @ noise @ across.T
    fields -= fields.mean(axis=(1, 2), keepdims=True)
    return fields / fields.std(axis=(1, 2), keepdims=True)


def draw_blobs(spots, shape, sigma, share, rng):
    """Draw blobs of random form that cover a share of each picture, drawn to a spot.

    One lies over the spot in nearly all pictures (97 % for a share of .1, 83 % for .02): chance may
    be stronger elsewhere.

    Returns
    -------
    ndarray of float32, ``(n, h, w)`` in [0, 1]
        How much a blob covers; between 0 and 1 along the rims.
    """
    n, height, width, _ = shape
    field = smooth_fields(n, height, width, sigma, rng)
    down = np.arange(height)[:, None] - spots[:, 0, None, None]
    across = np.arange(width) - spots[:, 1, None, None]
    field += 3 * np.exp(-(down**2 + across**2) / (2 * sigma**2)).astype(np.float32)
    covered = max(1, round(share * height * width))
    level = np.partition(field.reshape(n, -1), -covered, axis=1)[:, -covered]
    return np.clip((field - level[:, None, None]) / 0.3 + 0.5, 0, 1)


def draw_signs(n, rng):
    """Draw -1 or +1 for each image, as float32 ``(n,)``."""
    return rng.choice(np.array([-1, 1], np.float32), n)


def draw_steps(n, pixels, rng):
    """Draw steps of a given length in random directions, rounded to whole pixels, ``(n, 2)``."""
    angles = rng.uniform(0, 2 * np.pi, n)
    return np.rint(pixels * np.stack([np.sin(angles), np.cos(angles)], axis=1)).astype(int)


def moved(images, steps):
    """Move images by whole pixels, rows and columns ``(n, 2)``; the edge is repeated."""
    n, height, width, _ = images.shape
    rows = np.clip(np.arange(height) - steps[:, :1], 0, height - 1)
    columns = np.clip(np.arange(width) - steps[:, 1:], 0, width - 1)
    return images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def mark_levels(images, rng):
    """Draw for each image a grey that shows on it: bright on a dark one, dark on a bright one.

    Returns
    -------
    ndarray of float32, ``(n, 1, 1, 1)``
        In [0.7, 1] where the median is below one half, else in [0, 0.3].
    """
    n = len(images)
    dark = np.median(images.reshape(n, -1), axis=1) < 0.5
    off = rng.uniform(0, 0.3, n)
    return np.where(dark, 1 - off, off).astype(np.float32)[:, None, None, None]
