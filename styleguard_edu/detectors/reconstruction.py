"""A detector of what cannot be drawn again by a network that knows only clean images."""

import numpy as np
from scipy.ndimage import gaussian_filter

from ..networks.running import run_network
from .base import AnomalyDetector


class ReconstructionDetector(AnomalyDetector):
    r"""What cannot be drawn again by a generator that knows only clean images.

    The score of x with reconstruction r(x) is
    :math:`|x - r(x)|^2 + \kappa |f(x) - f(r(x))|^2`, each a mean; the map is :math:`|x - r(x)|`,
    the mean of the channels, smoothed. With r(x) = G(E(x)) and D's hidden layer as f this is
    f-AnoGAN (Schlegl et al., 2019).

    Parameters
    ----------
    reconstruct : callable
        ``reconstruct(images, content) -> ndarray`` of the images' shape.
    features : keras.Model, optional
        f; left out of the score unless given.
    feature_weight : float >= 0
        :math:`\kappa`.
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.
    """

    def __init__(
        self,
        reconstruct,
        *,
        features=None,
        feature_weight=1.0,
        false_alarm_rate=0.05,
        pixel_false_alarm_rate=0.01,
    ):
        super().__init__(
            false_alarm_rate=false_alarm_rate, pixel_false_alarm_rate=pixel_false_alarm_rate
        )
        if not 0 <= feature_weight < np.inf:
            raise ValueError(
                f"feature_weight must be at least 0 and finite. Received: {feature_weight}"
            )
        self.reconstruct = reconstruct
        self.features = features
        self.feature_weight = feature_weight

    def _score_batch(self, images, content, maps):
        again = made_again("reconstruct", self.reconstruct, images, content)
        error = images - again
        scores = (error**2).mean(axis=(1, 2, 3))
        if self.features is not None:
            seen, expected = (run_network(self.features, images=x) for x in (images, again))
            distance = ((seen - expected) ** 2).reshape(len(images), -1).mean(axis=1)
            scores = scores + self.feature_weight * distance
        return scores, smoothed(np.abs(error).mean(axis=-1)) if maps else None


def made_again(name, make, images, content):
    """The images as a function called ``name`` makes them again, after checking their shape."""
    again = np.asarray(make(images, content), np.float32)
    if again.shape != images.shape:
        raise ValueError(
            f"{name} must return images of the same shape {images.shape}. "
            f"Received: shape {again.shape}"
        )
    return again


def smoothed(maps, sigma=1.0):
    """Anomaly maps ``(n, height, width)``, blurred by sigma pixels, as float32."""
    return gaussian_filter(maps, (0, sigma, sigma)).astype(np.float32)
