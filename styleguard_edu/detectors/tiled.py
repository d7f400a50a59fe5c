"""A detector for large pictures: one p-value a tile."""

import numpy as np

from ..checks import require_count
from ..thresholds import conformal_p_values
from .base import AnomalyDetector


class TiledDetector(AnomalyDetector):
    """Judge a large picture tile by tile, from another detector's map.

    A tile's score is the mean of the highest tenth of its pixels. A picture's score and p-value
    are those of its worst tile; a repair is to lower the *mean* over the tiles.

    Rates and p-values are promised for *tiles*: ``false_alarm_rate`` is the share of clean tiles
    that may be flagged. Neighbouring tiles of one picture are alike, and pictures to calibrate on
    are few, so nothing is promised for a picture as a whole.

    Parameters
    ----------
    detector : AnomalyDetector
        Gives the map; pictures of any size. Fitted, or :meth:`fit` fits it, in place; its own
        calibration plays no role unless it cannot give a map without.
    side : int
        Of a tile, in pixels, at least 8; what is left over at the right and lower border is
        joined to the last tile. A smaller picture is one tile.
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`, but of tiles.
    """

    RATE_OF = "of clean tiles (one that is flagged flags its picture)"

    def __init__(self, detector, *, side=64, false_alarm_rate=0.05, pixel_false_alarm_rate=0.01):
        super().__init__(
            false_alarm_rate=false_alarm_rate, pixel_false_alarm_rate=pixel_false_alarm_rate
        )
        require_count("side", side, 8)
        self.detector = detector
        self.side = side

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

    def tile_p_values(self, images, *, content=None):
        """Conformal p-values of the tiles: small is suspicious.

        Parameters
        ----------
        images, content : ndarray
            As for :meth:`fit`; any images.

        Returns
        -------
        ndarray of float64, ``(n, rows, columns)``, in (0, 1]
            Valid for tiles like those of the pictures given to :meth:`calibrate`.
        """
        self._require_calibration()
        scores = self.tile_scores(images, content=content)
        return conformal_p_values(scores.ravel(), self.calibration_scores_).reshape(scores.shape)

    def calibrate(self, images, *, content=None):
        """Learn how high clean tiles score; needs pictures that :meth:`fit` has not seen.

        Parameters
        ----------
        images, content : ndarray
            As for :meth:`fit`.

        Returns
        -------
        TiledDetector
            Itself. ``calibration_scores_`` holds one score a tile.

        Raises
        ------
        ValueError
            If there are too few *tiles* to promise ``false_alarm_rate``.
        """
        maps = self.anomaly_map(images, content=content)
        self._set_calibration(self._tiles(maps).ravel(), maps)
        return self

    def acceptance_scores(self, findings):
        """The mean over the tiles of a picture.

        The worst tile is a poor judge of repairs: it may be one that nothing can help, or one
        that is half marked and has a seam now. On scenes for calibration, what a repair gained in
        PSNR went with the fall of the mean (correlation .74), not with that of the worst (-.49).

        Parameters and result are those of :meth:`AnomalyDetector.acceptance_scores`.
        """
        return self._tiles(findings.maps).mean(axis=(1, 2))

    def _fit(self, images, content):
        self.detector._fit_anew(images, content)

    def _score_batch(self, images, content, maps):
        shown = self.detector._score_in_batches(images, content, True)[1]
        return self._tiles(shown).max(axis=(1, 2)), shown if maps else None

    def _tiles(self, maps):
        rows, columns = (_edges(size, self.side) for size in maps.shape[1:])
        scores = np.empty((len(maps), len(rows), len(columns)))
        for r, (top, bottom) in enumerate(rows):
            for c, (left, right) in enumerate(columns):
                values = maps[:, top:bottom, left:right].reshape(len(maps), -1)
                worst = max(values.shape[1] // 10, 1)
                scores[:, r, c] = np.partition(values, -worst, axis=1)[:, -worst:].mean(axis=1)
        return scores

    def _marked(self, maps):
        """Pixels above the threshold, in flagged tiles only."""
        flagged = self._tiles(maps) > self.threshold_
        marked = maps > self.pixel_threshold_
        rows, columns = (_edges(size, self.side) for size in maps.shape[1:])
        for r, (top, bottom) in enumerate(rows):
            for c, (left, right) in enumerate(columns):
                marked[:, top:bottom, left:right] &= flagged[:, r, c, np.newaxis, np.newaxis]
        return marked


def _edges(size, side):
    """Where tiles begin and end along a side of a picture; the last takes what is left over."""
    count = max(size // side, 1)
    return [(k * side, size if k == count - 1 else (k + 1) * side) for k in range(count)]
