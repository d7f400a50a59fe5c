"""A detector of images that lie off the middle, without a network."""

import numpy as np

from ..moments import centres_of_mass, contrast_of, middle
from .base import AnomalyDetector


class PositionDetector(AnomalyDetector):
    """How far off the middle an image's centre of mass lies: a ruler, no network.

    For images that were centred by mass, as the digits of MNIST are. The score is the distance in
    pixels; in a blank image nothing is at the wrong place, and it is 0. The map is the contrast of
    each pixel to the background, times that distance: what is shown lies off, all of it.

    Parameters
    ----------
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.
    """

    def _score_batch(self, images, content, maps):
        off = centres_of_mass(images) - middle(images.shape)
        scores = np.hypot(*off.T)
        if not maps:
            return scores, None
        return scores, (contrast_of(images) * scores[:, None, None]).astype(np.float32)
