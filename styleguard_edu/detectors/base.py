"""What all anomaly detectors share: how they are fitted, calibrated, and asked."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import OutlierMixin

from ..thresholds import conformal_p_values
from .hooks import DetectorHooks


@dataclass(eq=False, repr=False, kw_only=True)
class AnomalyDetector(OutlierMixin, DetectorHooks):
    """Base class of detectors, shaped as in scikit-learn: fit, calibrate, ask.

    A detector is fitted to clean images, then calibrated on clean images that it has not seen:
    their scores tell how high a clean image scores. Names that start with ``anomaly`` mean higher
    is worse; in :meth:`score_samples` and :meth:`decision_function`, as in scikit-learn, lower is.

    Subclasses define the hooks ``_score_batch``, which sees at most 256 images at a time, and, if
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
    n_channels_in_ : int
        After :meth:`fit`: channels of its images, and of all others from then on. It stands for
        scikit-learn's ``n_features_in_``; height and width may differ.

    See Also
    --------
    FusedDetector : Several detectors asked together.
    styleguard_edu.thresholds.threshold_for_rate : What ``threshold_`` promises.
    styleguard_edu.StyleGuard : Detects and corrects.

    Notes
    -----
    All methods refuse images that :func:`styleguard_edu.images.check_images` or a network refuses
    (ValueError, TypeError), and a network that answers with NaN (FloatingPointError).
    Hyperparameters are checked when they take effect (ValueError, TypeError). What needs
    :meth:`fit` or :meth:`calibrate` raises scikit-learn's NotFittedError before it.

    Examples
    --------
    A detector that only looks at the brightness notices a negative:

    >>> from styleguard_edu import AnomalyDetector, load_digits
    >>> class Brightness(AnomalyDetector):
    ...     def _score_batch(self, images, content, maps):
    ...         grey = images.mean(axis=-1)
    ...         return grey.mean(axis=(1, 2)), grey if maps else None
    >>> digits = load_digits("bundled", verbose=False)
    >>> detector = Brightness(false_alarm_rate=0.01).calibrate(digits.calibration.images)
    >>> detector.predict(digits.test.images[:3])
    array([1, 1, 1])
    >>> detector.predict(1 - digits.test.images[:3])
    array([-1, -1, -1])
    """

    RATE_OF: ClassVar = "of clean images"  # what false_alarm_rate is a share of, in words

    false_alarm_rate: float = 0.05
    pixel_false_alarm_rate: float = 0.01

    def fit(self, X, y=None, *, content=None):
        """Learn what clean images look like; forget any earlier calibration.

        Parameters
        ----------
        X : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
            Clean images.
        y : None
            Ignored.
        content : ndarray of float, ``(n, height, width, channels)`` in [0, 1], optional
            The images from which those in ``X`` were made, for detectors that use them; others
            ignore it.

        Returns
        -------
        AnomalyDetector
            Itself.
        """
        self._check_rates()
        images, content = self._checked(X, content, "X")
        self._fit(images, content)
        self.n_channels_in_ = images.shape[-1]
        for learnt in ("threshold_", "calibration_scores_", "pixel_threshold_"):
            vars(self).pop(learnt, None)
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
        self._check_rates()
        self._calibrate(*self._validate(images, content))
        return self

    def fit_predict(self, X, y=None, *, content=None):
        """Which images of a collection are the oddest among them, as in scikit-learn.

        The same images serve to fit, to calibrate and to be judged. So about the share
        ``false_alarm_rate`` of them is flagged, whether or not any is damaged, and nothing is
        promised for other images until :meth:`calibrate` has seen clean ones.

        Parameters
        ----------
        X, y, content
            As for :meth:`fit`, but they may be damaged.

        Returns
        -------
        ndarray of int, ``(n,)``
            -1: flagged, +1: not.
        """
        fitted = self.fit(X, content=content)
        return fitted.calibrate(X, content=content).predict(X, content=content)

    def anomaly_map(self, images, *, content=None):
        """How suspicious each pixel is.

        Parameters
        ----------
        images, content : ndarray
            As for :meth:`calibrate`; any images, as for all methods below.

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
        scores = self.anomaly_score(images, content=content)
        return conformal_p_values(scores, self.calibration_scores_)

    def predict(self, images, *, content=None):
        """Which images look damaged.

        Returns
        -------
        ndarray of int, ``(n,)``
            -1: flagged, +1: not, as in scikit-learn.
        """
        return np.where(self.decision_function(images, content=content) < 0, -1, 1)

    def predict_mask(self, images, *, content=None):
        """Which pixels look damaged, whether or not the image as a whole is flagged.

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

    def acceptance_scores(self, findings):
        """What a correction of an image has to lower: here, its score.

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
        pixel_threshold = np.float64(self.pixel_threshold_)
        return {"scores": self.calibration_scores_, "pixel_threshold": pixel_threshold}

    def restore_calibration(self, calibration):
        """Take over what another detector of the same parts learnt; returns itself.

        Parameters
        ----------
        calibration : dict of str to ndarray
            From :meth:`calibration`. ValueError if an entry is missing, or if there are too few
            scores to promise ``false_alarm_rate``.
        """
        self._check_rates()
        if missing := [name for name in self._calibration_names() if name not in calibration]:
            raise ValueError(f"calibration must hold {missing}. Received: {sorted(calibration)}")
        self._restore(calibration)
        return self
