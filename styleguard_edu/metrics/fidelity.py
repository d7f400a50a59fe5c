"""Numbers that tell how near each image is to its truth."""

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ..checks import require_same
from ..images import check_images


def _image_pairs(images, truth):
    """Check two batches; return an iterator over their pairs of images, as float64."""
    images, truth = check_images(images), check_images(truth, name="truth")
    require_same("the same shape", images=images.shape, truth=truth.shape)
    # in float32 the differences of squares inside SSIM lose digits; one pair at a time, as copies
    # of 10,000 images would fill half a gigabyte
    return (
        (image.astype(np.float64), true.astype(np.float64))
        for image, true in zip(images, truth, strict=True)
    )


def psnr(images, truth):
    r"""Peak signal-to-noise ratio of each image, :math:`-10 \log_{10} \mathrm{MSE}`.

    :func:`skimage.metrics.peak_signal_noise_ratio` with ``data_range=1``, for a batch.

    Parameters
    ----------
    images, truth : array_like of float, ``(n, h, w, c)`` in [0, 1]

    Returns
    -------
    ndarray of float64, ``(n,)``
        In decibels, at least 0, higher is better; infinite where an image equals its truth.
    """
    pairs = _image_pairs(images, truth)
    with np.errstate(divide="ignore"):  # equal images
        return np.array([peak_signal_noise_ratio(t, image, data_range=1) for image, t in pairs])


def ssim(images, truth):
    """Structural similarity of each image to its truth (Wang et al., 2004).

    :func:`skimage.metrics.structural_similarity` with ``data_range=1``, its 7x7 windows, and the
    mean over the channels, for a batch.

    Parameters
    ----------
    images, truth : array_like of float, ``(n, h, w, c)`` in [0, 1]
        At least 7x7 px.

    Returns
    -------
    ndarray of float64, ``(n,)``
        In [-1, 1], higher is better: 1 where an image equals its truth.
    """
    pairs = _image_pairs(images, truth)
    if min(np.shape(images)[1:3]) < 7:
        raise ValueError(f"images must be at least 7x7 px. Received: shape {np.shape(images)}")
    return np.array([structural_similarity(*pair, data_range=1, channel_axis=-1) for pair in pairs])
