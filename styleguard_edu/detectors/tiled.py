"""A detector for large pictures: one p-value a tile."""

from dataclasses import KW_ONLY, dataclass
from itertools import pairwise

import numpy as np
from sklearn.base import clone

from ..checks import require_count
from .base import AnomalyDetector


@dataclass(eq=False, repr=False)
class TiledDetector(AnomalyDetector):
    """Judge a large picture tile by tile, from another detector's map.

    A tile's score is the mean of the highest tenth of its pixels. A picture's score and p-value
    are those of its worst tile; a correction is to lower the *mean* over the tiles.

    Rates and p-values are promised for *tiles*: ``false_alarm_rate`` is the share of clean tiles
    that may be flagged. Neighbouring tiles of one picture are alike, and pictures to calibrate on
    are few, so nothing is promised for a picture as a whole.

    Parameters
    ----------
    detector : AnomalyDetector
        Gives the map; pictures of any size. Fitted already, or to be fitted by :meth:`fit`, which
        keeps a fitted clone in ``detector_``. Its own calibration plays no role, unless it cannot
        give a map without.
    side : int
        Of a tile, in pixels, at least 8; what is left over at the right and lower border is
        joined to the last tile. A smaller picture is one tile.
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`, but of tiles.

    Examples
    --------
    >>> import numpy as np
    >>> from styleguard_edu.detectors import PositionDetector, TiledDetector
    >>> pictures = np.random.default_rng(0).random((10, 64, 128, 1)).astype(np.float32)
    >>> detector = TiledDetector(PositionDetector(), side=32).calibrate(pictures)
    >>> len(detector.calibration_scores_), detector.tile_scores(pictures).shape
    (80, (10, 2, 4))
    """

    RATE_OF = "of clean tiles (one that is flagged flags its picture)"

    detector: AnomalyDetector
    _: KW_ONLY
    side: int = 64

    def tile_scores(self, images, *, content=None):
        """How suspicious each tile is.

        Parameters
        ----------
        images, content : ndarray
            As for :meth:`fit`; any images.

        Returns
        -------
        ndarray of float64, ``(n, rows, columns)``
            Higher is worse.
        """
        return self._tiles(self.anomaly_map(images, content=content))

    def acceptance_scores(self, findings):
        """The mean over the tiles of a picture.

        The worst tile is a poor judge of corrections: it may be one that nothing can help, or one
        that is half marked and has a seam now. On scenes for calibration, what a correction gained
        in PSNR went with the fall of the mean (correlation .74), not with that of the worst (-.49).

        Parameters and result are those of :meth:`AnomalyDetector.acceptance_scores`.
        """
        return self._tiles(findings.maps).mean(axis=(1, 2))

    def _check_settings(self):
        if not isinstance(self.detector, AnomalyDetector):
            raise TypeError(f"detector must be an AnomalyDetector. Received: {self.detector!r}")
        self.detector._check_settings()
        require_count("side", self.side, 8)

    def _fit(self, images, content):
        detector = clone(self.detector)
        detector._fit(images, content)
        self.detector_ = detector

    def _map(self, images, content):
        return getattr(self, "detector_", self.detector)._score_in_batches(images, content, True)[1]

    def _calibrate(self, images, content):
        maps = self._map(images, content)
        self._set_calibration(self._tiles(maps).ravel(), maps)

    def _score_batch(self, images, content, maps):
        shown = self._map(images, content)
        return self._tiles(shown).max(axis=(1, 2)), shown if maps else None

    def _tiles(self, maps):
        rows, columns = (self._edges(size) for size in maps.shape[1:])
        scores = np.empty((len(maps), len(rows) - 1, len(columns) - 1))
        for r, (top, bottom) in enumerate(pairwise(rows)):
            for c, (left, right) in enumerate(pairwise(columns)):
                values = maps[:, top:bottom, left:right].reshape(len(maps), -1)
                worst = max(values.shape[1] // 10, 1)
                scores[:, r, c] = np.partition(values, -worst, axis=1)[:, -worst:].mean(axis=1)
        return scores

    def _marked(self, maps):
        """Pixels above the threshold, in flagged tiles only."""
        flagged = self._tiles(maps) > self.threshold_
        for axis, size in enumerate(maps.shape[1:], start=1):
            flagged = flagged.repeat(np.diff(self._edges(size)), axis=axis)
        return super()._marked(maps) & flagged

    def _edges(self, size):
        """Where tiles begin along a side of a picture, and its end: the last takes the rest."""
        return [*range(0, max(size // self.side, 1) * self.side, self.side), size]
