"""What a detector does with images that were checked already; the hooks that subclasses define."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ..checks import require_rate
from ..estimators import Estimator
from ..images import check_content, check_images
from ..networks import BATCH
from ..thresholds import conformal_p_values, threshold_for_rate

__all__ = ["Detection", "DetectorHooks", "redrawn", "smoothed"]


class Detection(NamedTuple):
    """What a detector says about a batch, from one look at it.

    Attributes
    ----------
    scores, p_values : ndarray of float64, ``(n,)``
        High scores and small p-values are suspicious.
    flagged : ndarray of bool, ``(n,)``
        Where the score lies above the threshold.
    maps : ndarray of float32, ``(n, height, width)``
        Higher is worse.
    masks : ndarray of bool, ``(n, height, width)``
        Pixels thought to be damaged; none in images that are not flagged.
    """

    scores: np.ndarray
    p_values: np.ndarray
    flagged: np.ndarray
    maps: np.ndarray
    masks: np.ndarray


class DetectorHooks(Estimator):
    """The private half of :class:`styleguard_edu.detectors.AnomalyDetector`.

    Only ``_validate`` checks images; the other hooks trust their caller, so that a detector made
    of others checks each image once.
    """

    def _fit(self, images, content):
        """Learn from clean images; detectors around trained networks have nothing to learn."""

    def _score_batch(self, images, content, maps):
        """Scores ``(n,)`` and, if asked for, maps ``(n, height, width)``, else None."""
        raise NotImplementedError(f"{type(self).__name__} must define _score_batch")

    def _check_settings(self):
        """Refuse hyperparameters that are no good whenever images are seen; subclasses define."""

    def _check_rates(self):
        """Refuse rates that are none, where they take effect."""
        require_rate("false_alarm_rate", self.false_alarm_rate)
        require_rate("pixel_false_alarm_rate", self.pixel_false_alarm_rate)

    def _validate(self, images, content):
        """Images and content as float32, checked: the one door of all methods but ``fit``."""
        images, content = self._checked(images, content, "images")
        channels = images.shape[-1]
        if channels != (wanted := getattr(self, "n_channels_in_", channels)):
            raise ValueError(f"images must have {wanted} channels, as in fit. Received: {channels}")
        return images, content

    def _checked(self, images, content, name):
        self._check_settings()
        images = check_images(images, name=name)
        return images, check_content(content, images)

    def _calibrate(self, images, content):
        """Learn how high clean images score."""
        self._set_calibration(*self._score_in_batches(images, content, True))

    def _detect(self, images, content):
        """What ``detect`` says, without a check."""
        scores, maps = self._score_in_batches(images, content, True)
        p_values = conformal_p_values(scores, self.calibration_scores_)
        flagged = scores > self.threshold_
        masks = self._marked(maps) & flagged[:, np.newaxis, np.newaxis]
        return Detection(scores, p_values, flagged, maps, masks)

    def _score_in_batches(self, images, content, maps):
        """What ``_score_batch`` says, batch by batch, refusing what is not finite."""
        batches = []
        for start in range(0, len(images), BATCH):
            part = slice(start, start + BATCH)
            beside = None if content is None else content[part]
            batches.append(self._score_batch(images[part], beside, maps))
        scores, found = zip(*batches, strict=True)
        scores = np.concatenate(scores).astype(np.float64)
        found = np.concatenate(found) if maps else None
        if not (np.isfinite(scores).all() and (found is None or np.isfinite(found).all())):
            raise FloatingPointError(
                f"{type(self).__name__} must give finite scores and maps; are its networks' "
                "weights finite? Received: NaN or infinite values"
            )
        return scores, found

    def _marked(self, maps):
        """Pixels above the threshold."""
        return maps > self.pixel_threshold_

    def _set_calibration(self, scores, maps, **more):
        pixel_threshold = np.quantile(maps, 1 - self.pixel_false_alarm_rate)
        self._restore({"scores": scores, "pixel_threshold": pixel_threshold, **more})

    def _restore(self, calibration):
        self.threshold_ = threshold_for_rate(calibration["scores"], self.false_alarm_rate)
        self.calibration_scores_ = np.asarray(calibration["scores"], np.float64)
        self.pixel_threshold_ = float(calibration["pixel_threshold"])

    def _calibration_names(self):
        return ["scores", "pixel_threshold"]

    def _require_calibration(self):
        if not hasattr(self, "threshold_"):
            raise NotFittedError(
                f"{type(self).__name__} must be calibrated first: call calibrate(clean_images)"
            )

    def __sklearn_clone__(self):
        # networks are shared with the clone: nothing here changes them, and copies are costly
        values = self.get_params(deep=False).items()
        return type(self)(**{name: _cloned(value) for name, value in values})


def _cloned(value):
    if isinstance(value, dict):
        return {name: _cloned(part) for name, part in value.items()}
    return clone(value) if isinstance(value, DetectorHooks) else value


def redrawn(name, draw, images, content):
    """The images as a function called ``name`` draws them again, after checking their shape."""
    again = np.asarray(draw(images, content), np.float32)
    if again.shape != images.shape:
        raise ValueError(
            f"{name} must return images of the same shape {images.shape}. "
            f"Received: shape {again.shape}"
        )
    return again


def smoothed(maps):
    """Anomaly maps ``(n, height, width)``, blurred by one pixel, as float32."""
    return gaussian_filter(maps, (0, 1, 1)).astype(np.float32)
