"""Five detectors: the article's discriminator first, then what notices more."""

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.transform import resize
from sklearn.exceptions import NotFittedError

from ..backend import tf
from ..detector_networks import network_outputs, segmented
from ..layout import centres_of_mass, contrast_of, middle
from .base import AnomalyDetector


class DiscriminatorDetector(AnomalyDetector):
    r"""The article's detector: a GAN's discriminator, used as it is.

    The score of x is :math:`-D(x)`, the logit for "fake". The map is the size of the gradient
    :math:`|\nabla_x D(x)|`, the largest of the channels, smoothed: where a small change would
    impress D most.

    Parameters
    ----------
    discriminator : keras.Model
        Images ``-> (n, 1)`` logits, real = 1; of several logits an image, the mean counts.
    false_alarm_rate, pixel_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.
    """

    def __init__(self, discriminator, *, false_alarm_rate=0.05, pixel_rate=0.01):
        super().__init__(false_alarm_rate=false_alarm_rate, pixel_rate=pixel_rate)
        self.discriminator = discriminator

    def _examine(self, images, content, maps):
        logits = network_outputs(self.discriminator, images=images)
        scores = -logits.reshape(len(images), -1).mean(axis=1)
        return scores, self._saliency(images) if maps else None

    def _saliency(self, images):
        batch = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(batch)
            total = tf.reduce_sum(self.discriminator(batch, training=False))
        return smoothed(np.abs(tape.gradient(total, batch)).max(axis=-1))


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
    false_alarm_rate, pixel_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.
    """

    def __init__(
        self,
        reconstruct,
        *,
        features=None,
        feature_weight=1.0,
        false_alarm_rate=0.05,
        pixel_rate=0.01,
    ):
        super().__init__(false_alarm_rate=false_alarm_rate, pixel_rate=pixel_rate)
        if not 0 <= feature_weight < np.inf:
            raise ValueError(
                f"feature_weight must be at least 0 and finite. Received: {feature_weight}"
            )
        self.reconstruct = reconstruct
        self.features = features
        self.feature_weight = feature_weight

    def _examine(self, images, content, maps):
        again = made_again("reconstruct", self.reconstruct, images, content)
        error = images - again
        scores = (error**2).mean(axis=(1, 2, 3))
        if self.features is not None:
            seen, expected = (network_outputs(self.features, images=x) for x in (images, again))
            distance = ((seen - expected) ** 2).reshape(len(images), -1).mean(axis=1)
            scores = scores + self.feature_weight * distance
        return scores, smoothed(np.abs(error).mean(axis=-1)) if maps else None


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
    false_alarm_rate, pixel_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.

    Attributes
    ----------
    mean_ : ndarray of float32, ``(rows, columns, d)``
        After :meth:`fit`, which takes at least two images: :math:`\mu`.
    whitener_ : ndarray of float32, ``(rows, columns, d, d)``
        W with :math:`W W^T = \Sigma^{-1}`.
    """

    def __init__(self, features, *, shrinkage=0.1, false_alarm_rate=0.05, pixel_rate=0.01):
        super().__init__(false_alarm_rate=false_alarm_rate, pixel_rate=pixel_rate)
        if not 0 <= shrinkage <= 1:
            raise ValueError(f"shrinkage must lie in [0, 1]. Received: {shrinkage}")
        self.features = features
        self.shrinkage = shrinkage

    def _learn(self, images, content):
        if len(images) < 2:
            raise ValueError("images must hold at least 2, to see how they vary. Received: 1")
        features = network_outputs(self.features, images=images)
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

    def _examine(self, images, content, maps):
        if not hasattr(self, "mean_"):
            raise NotFittedError("PatchDetector must be fitted first: call fit(images)")
        features = network_outputs(self.features, images=images)
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


class SegmentationDetector(AnomalyDetector):
    """A network that was shown damage of many kinds, with its true masks.

    After DRAEM (Zavrtanik et al., 2021): made damage teaches a network to find damage that was
    not made. The score is the network's logit for the image, the map that of each pixel. Images
    whose sides the network cannot halve often enough are continued by their mirror image.

    Parameters
    ----------
    network : keras.Model
        As built by :func:`styleguard_edu.detector_networks.segmentation_network`, trained; with a
        second input it compares images with their content, which must then be given.
    prepare : callable, optional
        ``prepare(images, content) -> ndarray``: the second input, if it is not the content itself.
    false_alarm_rate, pixel_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.
    """

    def __init__(self, network, *, prepare=None, false_alarm_rate=0.05, pixel_rate=0.01):
        super().__init__(false_alarm_rate=false_alarm_rate, pixel_rate=pixel_rate)
        self.network = network
        self.prepare = prepare

    def _examine(self, images, content, maps):
        pixels, image = segmented(self.network, images, content, self.prepare, wanted=(0, 1))
        return image[:, 0], pixels[..., 0] if maps else None


class PositionDetector(AnomalyDetector):
    """How far off the middle an image's centre of mass lies: a ruler, no network.

    For images that were centred by mass, as the digits of MNIST are. The score is the distance in
    pixels; in a blank image nothing is at the wrong place, and it is 0. The map is the contrast of
    each pixel to the background, times that distance: what is shown lies off, all of it.

    Parameters
    ----------
    false_alarm_rate, pixel_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.
    """

    def _examine(self, images, content, maps):
        off = centres_of_mass(images) - middle(images.shape)
        scores = np.hypot(*off.T)
        if not maps:
            return scores, None
        return scores, (contrast_of(images) * scores[:, None, None]).astype(np.float32)


def _by_place(features):
    """Features ``(n, rows, columns, d)`` as ``(rows * columns, n, d)``: one matrix a place."""
    return features.reshape(len(features), -1, features.shape[-1]).swapaxes(0, 1)


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
