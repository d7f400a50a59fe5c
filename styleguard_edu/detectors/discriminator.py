"""The article's detector: a GAN's discriminator, used as it is."""

from dataclasses import dataclass

import numpy as np

from ..backend import tf
from ..networks import run_network
from .base import AnomalyDetector
from .hooks import smoothed


@dataclass(eq=False, repr=False)
class DiscriminatorDetector(AnomalyDetector):
    r"""The article's detector: a GAN's discriminator, used as it is.

    The score of x is :math:`-D(x)`, the logit for "fake". The map is the size of the gradient
    :math:`|\nabla_x D(x)|`, the largest of the channels, smoothed: where a small change would
    impress D most.

    Parameters
    ----------
    discriminator : keras.Model
        Images ``-> (n, 1)`` logits, real = 1; of several logits an image, the mean counts.
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.

    See Also
    --------
    PatchDetector : Uses D's hidden features, which say more than its logit.

    Examples
    --------
    >>> from styleguard_edu import DiscriminatorDetector, load_checkpoint, load_digits
    >>> digits = load_digits("bundled", verbose=False)
    >>> networks = load_checkpoint("digit_gan").networks
    >>> detector = DiscriminatorDetector(networks["discriminator"])
    >>> detector = detector.calibrate(digits.calibration.images[:99])
    >>> detector.detect(digits.test.images[:3]).maps.shape
    (3, 28, 28)
    """

    discriminator: object

    def _score_batch(self, images, content, maps):
        logits = run_network(self.discriminator, images=images)
        scores = -logits.reshape(len(images), -1).mean(axis=1)
        return scores, self._saliency(images) if maps else None

    def _saliency(self, images):
        batch = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(batch)
            total = tf.reduce_sum(self.discriminator(batch, training=False))
        return smoothed(np.abs(tape.gradient(total, batch)).max(axis=-1))
