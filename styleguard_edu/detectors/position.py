"""A detector of images that lie off the middle, without a network."""

import numpy as np

from ..moments import centres_of_mass, contrast_of, middle
from .base import AnomalyDetector


class PositionDetector(AnomalyDetector):
    """How far off the middle an image's centre of mass lies; no network.

    For images that were centred by mass, as the digits of MNIST are. The score is the distance in
    pixels; 0 for a blank image. The map is the contrast of each pixel to the background, times
    that distance: all of what is shown is at the wrong place.

    Parameters
    ----------
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.

    See Also
    --------
    styleguard_edu.moments.centres_of_mass : Where it is measured.
    CentreCorrector : Moves a digit back to the middle.

    Examples
    --------
    >>> import numpy as np
    >>> from styleguard_edu import PositionDetector, load_digits
    >>> digits = load_digits("bundled", verbose=False)
    >>> detector = PositionDetector().calibrate(digits.calibration.images)
    >>> shifted = np.roll(digits.test.images[:3], 3, axis=2)  # three pixels to the right
    >>> detector.predict(shifted)
    array([-1, -1, -1])
    >>> detector.anomaly_score(shifted).round().tolist()
    [3.0, 3.0, 3.0]
    """

    def _score_batch(self, images, content, maps):
        off = centres_of_mass(images) - middle(images.shape)
        scores = np.hypot(*off.T)
        if not maps:
            return scores, None
        return scores, (contrast_of(images) * scores[:, None, None]).astype(np.float32)
