"""A detector of what cannot be drawn again by a network that knows only clean images."""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from ..checks import require_number
from ..networks import run_network
from .base import AnomalyDetector
from .hooks import redrawn, smoothed


@dataclass(eq=False, repr=False)
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

    See Also
    --------
    RestylingDetector : Compares with the content, restyled again.

    References
    ----------
    Schlegl, Seeböck, Waldstein, Langs and Schmidt-Erfurth (2019), "f-AnoGAN: Fast unsupervised
    anomaly detection with generative adversarial networks", *Medical Image Analysis* 54, 30-44.

    Examples
    --------
    Instead of a network, a median filter, which cannot draw a single false pixel:

    >>> from scipy.ndimage import median_filter
    >>> from styleguard_edu import ReconstructionDetector, load_digits
    >>> from styleguard_edu.anomalies import SaltAndPepper
    >>> digits = load_digits("bundled", verbose=False)
    >>> detector = ReconstructionDetector(lambda x, content: median_filter(x, (1, 3, 3, 1)))
    >>> detector = detector.calibrate(digits.calibration.images)
    >>> speckled = SaltAndPepper()(digits.test.images[:100], rng=0)
    >>> bool((detector.predict(speckled.images) == -1).mean() > 0.9)
    True
    """

    reconstruct: object
    _: KW_ONLY
    features: object = None
    feature_weight: float = 1.0

    def _check_settings(self):
        require_number("feature_weight", self.feature_weight, 0, np.inf)

    def _score_batch(self, images, content, maps):
        again = redrawn("reconstruct", self.reconstruct, images, content)
        error = images - again
        scores = (error**2).mean(axis=(1, 2, 3))
        if self.features is not None:
            seen, expected = (run_network(self.features, images=x) for x in (images, again))
            distance = ((seen - expected) ** 2).reshape(len(images), -1).mean(axis=1)
            scores = scores + self.feature_weight * distance
        return scores, smoothed(np.abs(error).mean(axis=-1)) if maps else None
