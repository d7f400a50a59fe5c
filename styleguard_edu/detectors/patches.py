"""A detector of patches unlike those of clean images at the same place."""

from dataclasses import KW_ONLY, dataclass

import numpy as np
from skimage.transform import resize
from sklearn.exceptions import NotFittedError

from ..checks import require_number
from ..networks import run_network
from .base import AnomalyDetector


@dataclass(eq=False, repr=False)
class PatchDetector(AnomalyDetector):
    r"""Patches that look unlike those of clean images at the same place (PaDiM; Defard, 2021).

    At each place of a grid of features, clean images give a mean :math:`\mu` and a covariance
    :math:`\Sigma`; the map is the Mahalanobis distance
    :math:`\sqrt{(f - \mu)^T \Sigma^{-1} (f - \mu)}`, brought to the image's size, and the score
    the mean of its square over the grid.

    Parameters
    ----------
    features : keras.Model
        Images ``-> (n, rows, columns, d)``.
    shrinkage : float in [0, 1]
        Share of the average variance in each :math:`\Sigma`: keeps it invertible.
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.

    Attributes
    ----------
    mean_ : ndarray of float32, ``(rows, columns, d)``
        After :meth:`fit`, which takes at least two images: :math:`\mu`.
    whitener_ : ndarray of float32, ``(rows, columns, d, d)``
        W with :math:`W W^T = \Sigma^{-1}`.

    See Also
    --------
    styleguard_edu.networks.hidden_features : The hidden layer of a network as ``features``.

    References
    ----------
    Defard, Setkov, Loesch and Audigier (2021), "PaDiM: A patch distribution modeling framework for
    anomaly detection and localization", *ICPR workshops*, 475-489.

    Examples
    --------
    >>> from styleguard_edu import PatchDetector, load_checkpoint, load_digits
    >>> from styleguard_edu.anomalies import Noise
    >>> from styleguard_edu.networks import hidden_features
    >>> digits = load_digits("bundled", verbose=False)
    >>> features = hidden_features(load_checkpoint("digit_gan").networks["discriminator"], 0)
    >>> detector = PatchDetector(features).fit(digits.train.images[:200])
    >>> detector = detector.calibrate(digits.calibration.images[:99])
    >>> detector.predict(Noise()(digits.test.images[:3], rng=0).images)
    array([-1, -1, -1])
    """

    features: object
    _: KW_ONLY
    shrinkage: float = 0.1

    def restore_fit(self, mean, whitener):
        """Take over what another detector of the same features learnt; returns itself.

        Parameters
        ----------
        mean, whitener : ndarray of float
            The attributes ``mean_`` and ``whitener_`` of the other. ValueError if their shapes do
            not fit each other.
        """
        mean, whitener = np.asarray(mean, np.float32), np.asarray(whitener, np.float32)
        if mean.ndim != 3 or whitener.shape != (*mean.shape, mean.shape[-1]):
            raise ValueError(
                "mean and whitener must have shapes (rows, columns, d) and (rows, columns, d, d). "
                f"Received: {mean.shape} and {whitener.shape}"
            )
        self.mean_, self.whitener_ = mean, whitener
        return self

    def _check_settings(self):
        require_number("shrinkage", self.shrinkage, 0, 1)

    def _fit(self, images, content):
        if len(images) < 2:
            raise ValueError("images must hold at least 2, to see how they vary. Received: 1")
        features = run_network(self.features, images=images)
        n, rows, columns, depth = features.shape
        mean = features.mean(axis=0)
        # in float64, or the little that keeps a covariance invertible is lost to rounding
        places = (place.astype(np.float64) for place in _by_place(features - mean))
        covariance = np.stack([place.T @ place for place in places]) / (n - 1)
        variance = np.trace(covariance, axis1=1, axis2=2)[:, None, None] / depth
        covariance *= 1 - self.shrinkage
        covariance += (self.shrinkage * variance + 1e-6 * (1 + variance)) * np.eye(depth)
        whitener = np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)
        self.mean_, self.whitener_ = mean, whitener.reshape(rows, columns, depth, depth)

    def _score_batch(self, images, content, maps):
        if not hasattr(self, "mean_"):
            raise NotFittedError("PatchDetector must be fitted first: call fit(images)")
        features = run_network(self.features, images=images)
        if features.shape[1:] != self.mean_.shape:
            raise ValueError(
                "images must be of the size that the detector was fitted to, which gives features "
                f"of shape {self.mean_.shape}. Received: images of shape {images.shape}, features "
                f"of shape {features.shape[1:]}"
            )
        whitener = self.whitener_.reshape(-1, *self.whitener_.shape[2:])
        white = np.ascontiguousarray(_by_place(features - self.mean_)) @ whitener
        squared = np.einsum("pnd,pnd->np", white, white).reshape(features.shape[:3])
        scores = squared.mean(axis=(1, 2))
        if not maps:
            return scores, None
        size = (len(images), *images.shape[1:3])
        return scores, resize(np.sqrt(squared), size, order=1).astype(np.float32)


def _by_place(features):
    """Features ``(n, rows, columns, d)`` as ``(rows * columns, n, d)``: one matrix a place."""
    return features.reshape(len(features), -1, features.shape[-1]).swapaxes(0, 1)
