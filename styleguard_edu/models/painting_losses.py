"""What keeps a repainted photograph to its drawing and its tones, and leaves the strokes free."""

import numpy as np

from ..backend import tf
from ..images import LUMA

__all__ = ["drawing_difference", "tone_difference"]


def drawing_difference(pictures, others):
    """How much two batches differ in what is drawn, whatever their colours and contrast.

    Luma at a half and a quarter of the size, less its local mean and divided by its local
    standard deviation (Gaussian windows, sigma 3 pixels); the mean absolute difference a picture.

    Parameters
    ----------
    pictures, others : tensor of float32, ``(n, height, width, 3)`` in [0, 1]

    Returns
    -------
    tensor of float32, ``(n,)``, at least 0
    """
    first, second = _luma(pictures), _luma(others)
    total = 0.0
    for _ in range(2):
        first, second = (tf.nn.avg_pool2d(luma, 2, 2, "VALID") for luma in (first, second))
        total += tf.reduce_mean(tf.abs(_evened(first) - _evened(second)), axis=[1, 2, 3]) / 2
    return total


def tone_difference(pictures, others):
    """How much two batches differ in the mean colours of blocks of 8x8 pixels.

    Parameters
    ----------
    pictures, others : tensor of float32, ``(n, height, width, 3)`` in [0, 1]
        At least 8 pixels a side; what is left over beyond the last whole block does not count.

    Returns
    -------
    tensor of float32, scalar in [0, 1]
        The mean absolute difference.
    """
    difference = tf.cast(pictures, "float32") - tf.cast(others, "float32")
    return tf.reduce_mean(tf.abs(tf.nn.avg_pool2d(difference, 8, 8, "VALID")))


def _luma(pictures):
    return tf.reduce_sum(tf.cast(pictures, "float32") * LUMA, axis=-1, keepdims=True)


def _evened(luma):
    mean = _blurred(luma)
    variance = _blurred((luma - mean) ** 2)
    # the floor of 0.1 in standard deviation lets smooth parts be painted freely
    return (luma - mean) / tf.sqrt(variance + 0.01)


def _blurred(luma, sigma=3.0):
    radius = int(3 * sigma)
    kernel = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    kernel = tf.constant(kernel / kernel.sum(), "float32")
    luma = tf.pad(luma, ((0, 0), (radius, radius), (radius, radius), (0, 0)), "REFLECT")
    luma = tf.nn.conv2d(luma, kernel[:, None, None, None], 1, "VALID")
    return tf.nn.conv2d(luma, kernel[None, :, None, None], 1, "VALID")
