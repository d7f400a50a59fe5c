"""Detectors whose answers are known by hand, and the images that they are shown."""

from styleguard_edu.detectors import AnomalyDetector

import numpy as np


class Brightness(AnomalyDetector):
    """A detector whose answers are known: its map is the image, its score the mean."""

    def _score_batch(self, images, content, maps):
        shown = images.mean(axis=-1)
        return shown.mean(axis=(1, 2)), shown if maps else None


def images(n=40, side=28, channels=1, seed=0):
    """Clean ones: noise around a grey that differs from image to image."""
    rng = np.random.default_rng(seed)
    grey = rng.uniform(0.3, 0.6, (n, 1, 1, 1))
    return np.clip(rng.normal(grey, 0.1, (n, side, side, channels)), 0, 1).astype(np.float32)


def flat(*greys, side=8, channels=1):
    """Constant images, one a grey level."""
    ones = np.ones((1, side, side, channels), np.float32)
    return np.concatenate([np.float32(grey) * ones for grey in greys])


def half(images, content):
    return 0.5 * images
