"""What all anomaly detectors share: how they are fitted, calibrated, and asked."""

from typing import ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from ..checks import require_rate
from ..images import check_content, check_images
from ..networks import BATCH
from ..thresholds import conformal_p_values, threshold_for_rate


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


class AnomalyDetector(BaseEstimator):
    """Base class of detectors, shaped as in scikit-learn: fit, calibrate, ask.

    A detector is fitted to clean images, then calibrated on clean images that it has not seen:
    their scores tell how high a clean image scores. Names that start with ``anomaly`` mean higher
    is worse; in :meth:`score_samples` and :meth:`decision_function`, as in scikit-learn, lower is.

    Subclasses define ``_score_batch``, which sees a batch of at most 256 images at a time, and, if
    they learn, ``_fit``.

    Parameters
    ----------
    false_alarm_rate : float in (0, 1)
        Share of clean images that may be flagged. A new value takes effect with the next
        :meth:`calibrate` or :meth:`restore_calibration`.
    pixel_false_alarm_rate : float in (0, 1)
        Share of clean images' pixels that may lie above the threshold of masks.

    Attributes
    ----------
    calibration_scores_ : ndarray of float64, ``(m,)``
        After :meth:`calibrate`: the scores of clean images.
    threshold_ : float
        Images that score higher are flagged.
    pixel_threshold_ : float
        Pixels of flagged images that lie higher are marked.

    Notes
    -----
    All methods refuse images that :func:`styleguard_edu.images.check_images` or a network refuses
    (ValueError, TypeError), and a network that answers with NaN (FloatingPointError). What needs
    :meth:`fit` or :meth:`calibrate` raises scikit-learn's NotFittedError before it.
    """

    RATE_OF: ClassVar = "of clean images"  # what false_alarm_rate is a share of, in words

    def __init__(self, *, false_alarm_rate=0.05, pixel_false_alarm_rate=0.01):
        require_rate("false_alarm_rate", false_alarm_rate)
        require_rate("pixel_false_alarm_rate", pixel_false_alarm_rate)
        self.false_alarm_rate = false_alarm_rate
        self.pixel_false_alarm_rate = pixel_false_alarm_rate

    def fit(self, X, y=None, *, content=None):
        """Learn what clean images look like; forgets any earlier calibration.

        Parameters
        ----------
        X : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
            Clean images.
        y : None
            Not used, as in scikit-learn.
        content : ndarray of float, ``(n, height, width, channels)`` in [0, 1], optional
            The images from which ``X`` were made, for detectors that use them; others
            ignore it.

        Returns
        -------
        AnomalyDetector
            Itself.
        """
        self._fit_anew(*self._validate(X, content))
        return self

    def calibrate(self, images, *, content=None):
        """Learn how high clean images score; needs images that :meth:`fit` has not seen.

        Parameters
        ----------
        images, content : ndarray
            As ``X`` and ``content`` of :meth:`fit`.

        Returns
        -------
        AnomalyDetector
            Itself.

        Raises
        ------
        ValueError
            If there are too few images to promise ``false_alarm_rate``: it takes 1 / rate - 1.
        """
        self._set_calibration(*self._score_in_batches(*self._validate(images, content), True))
        return self

    def anomaly_map(self, images, *, content=None):
        """How suspicious each pixel is.

        Parameters
        ----------
        images, content : ndarray
            As for :meth:`fit`; any images, as for all methods below.

        Returns
        -------
        ndarray of float32, ``(n, height, width)``
            Higher is worse; comparable between images.
        """
        return self._score_in_batches(*self._validate(images, content), True)[1]

    def anomaly_score(self, images, *, content=None):
        """How suspicious each image is, on a continuous scale in the detector's own unit.

        Returns
        -------
        ndarray of float64, ``(n,)``
            Higher is worse.
        """
        return self._score_in_batches(*self._validate(images, content), False)[0]

    def score_samples(self, images, *, content=None):
        """The negative of :meth:`anomaly_score`, ``(n,)``: lower is worse, as in scikit-learn."""
        return -self.anomaly_score(images, content=content)

    def decision_function(self, images, *, content=None):
        """How far below the threshold each image scores, ``(n,)``: negative where flagged."""
        self._require_calibration()
        return self.threshold_ - self.anomaly_score(images, content=content)

    def p_value(self, images, *, content=None):
        """Conformal p-values: at most a share p of clean images has one of p or less.

        Returns
        -------
        ndarray of float64, ``(n,)``, in (0, 1]
            Small is suspicious. Valid for images drawn like those of :meth:`calibrate`.
        """
        self._require_calibration()
        return conformal_p_values(
            self.anomaly_score(images, content=content), self.calibration_scores_
        )

    def predict(self, images, *, content=None):
        """Which images are damaged.

        Returns
        -------
        ndarray of int, ``(n,)``
            -1: flagged, +1: not, as in scikit-learn.
        """
        return np.where(self.decision_function(images, content=content) < 0, -1, 1)

    def predict_mask(self, images, *, content=None):
        """Which pixels are damaged, whether or not the image as a whole is flagged.

        Returns
        -------
        ndarray of bool, ``(n, height, width)``
            True where the map lies above ``pixel_threshold_``.
        """
        self._require_calibration()
        return self._marked(self.anomaly_map(images, content=content))

    def detect(self, images, *, content=None):
        """Scores, p-values, flags, maps and masks from one look at the images.

        Returns
        -------
        Detection
            As from the single methods, but masks of images that are not flagged are empty.
        """
        self._require_calibration()
        return self._detect(*self._validate(images, content))

    def _detect(self, images, content):
        """What :meth:`detect` says about images that were checked already."""
        scores, maps = self._score_in_batches(images, content, True)
        p_values = conformal_p_values(scores, self.calibration_scores_)
        flagged = scores > self.threshold_
        masks = self._marked(maps) & flagged[:, np.newaxis, np.newaxis]
        return Detection(scores, p_values, flagged, maps, masks)

    def acceptance_scores(self, findings):
        """What a repair of an image has to lower: here, its score.

        Parameters
        ----------
        findings : Detection
            From :meth:`detect`.

        Returns
        -------
        ndarray of float64, ``(n,)``
            Continuous; higher is worse.
        """
        return findings.scores

    def calibration(self):
        """What :meth:`calibrate` learnt, to keep beside the networks.

        Returns
        -------
        dict of str to ndarray
            For :meth:`restore_calibration`.
        """
        self._require_calibration()
        return {
            "scores": self.calibration_scores_,
            "pixel_threshold": np.float64(self.pixel_threshold_),
        }

    def restore_calibration(self, calibration):
        """Take over what another detector of the same parts learnt; returns itself.

        Parameters
        ----------
        calibration : dict of str to ndarray
            From :meth:`calibration`. ValueError if an entry is missing, or if there are too few
            scores to promise ``false_alarm_rate``.
        """
        _require_entries(calibration, ("scores", "pixel_threshold"))
        self._set_scores(calibration["scores"])
        self.pixel_threshold_ = float(calibration["pixel_threshold"])
        return self

    def __sklearn_clone__(self):
        # networks are shared with the clone: nothing here changes them, and copies are costly
        values = self.get_params(deep=False).items()
        return type(self)(**{name: _cloned(value) for name, value in values})

    def _fit_anew(self, images, content):
        self._fit(images, content)
        for name in ("calibration_scores_", "threshold_", "pixel_threshold_"):
            vars(self).pop(name, None)

    def _fit(self, images, content):
        """Learn from clean images; detectors around trained networks have nothing to learn."""

    def _score_batch(self, images, content, maps):
        """Scores ``(n,)`` and, if asked for, maps ``(n, height, width)``, else None."""
        raise NotImplementedError(f"{type(self).__name__} must define _score_batch")

    def _score_in_batches(self, images, content, maps):
        """What ``_score_batch`` says about checked images, batch by batch, itself checked."""
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

    def _validate(self, images, content):
        """Images and content as float32, checked: the one door of every public method."""
        images = check_images(images)
        return images, check_content(content, images)

    def _marked(self, maps):
        return maps > self.pixel_threshold_

    def _set_calibration(self, scores, maps):
        self._set_scores(scores)
        self.pixel_threshold_ = float(np.quantile(maps, 1 - self.pixel_false_alarm_rate))

    def _set_scores(self, scores):
        self.threshold_ = threshold_for_rate(scores, self.false_alarm_rate)
        self.calibration_scores_ = np.asarray(scores, np.float64)

    def _require_calibration(self):
        if not hasattr(self, "threshold_"):
            raise NotFittedError(
                f"{type(self).__name__} must be calibrated first: call calibrate(clean_images)"
            )


def _require_entries(calibration, names):
    if missing := [name for name in names if name not in calibration]:
        raise ValueError(f"calibration must hold {missing}. Received: {sorted(calibration)}")


def _cloned(value):
    if isinstance(value, dict):
        return {name: _cloned(part) for name, part in value.items()}
    return clone(value) if isinstance(value, AnomalyDetector) else value
