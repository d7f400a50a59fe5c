"""What the correction explorer looks up: every repair of a few images, judged beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..checks import require_positive
from ..correctors import accept, rms_change
from ..images import check_content, check_images
from ._repair_outcome import at_strength

SHARES = (0.2, 0.1, 0.05, 0.02)  # of clean images' pixels, that default thresholds mark
HIGHER = (0.25, 0.5, 0.75, 1.0)  # above the detector's own: shares of its distance from the median
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Repairs:
    """What one corrector makes of n images with k masks, in t steps, and what a detector says.

    Parameters
    ----------
    images : ndarray of float, ``(t, k, n, height, width, channels)`` in [0, 1]
        At full strength.
    scores, p_values : ndarray of float, ``(t, k, s, n)``
        At each of s strengths; high scores and small p-values, in (0, 1], are suspicious.
    accepted : ndarray of bool, ``(t, k, s, n)``
        Whether each repair is, by :func:`styleguard_edu.correctors.accept`.
    max_change : float in (0, 1]
        The largest :func:`styleguard_edu.correctors.rms_change` of an image that is accepted.
    steps : tuple of int, ``(t,)``
        How many steps of refinement were made, increasing.
    whole : bool
        True if the corrector changes all of an image, whatever its mask.
    """

    images: np.ndarray
    scores: np.ndarray
    p_values: np.ndarray
    accepted: np.ndarray
    max_change: float = 0.35
    steps: tuple = (0,)
    whole: bool = False


@dataclass(frozen=True)
class CorrectionCase:
    """A few damaged images with all that the correction explorer shows of them.

    Parameters
    ----------
    clean, damaged : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        At most 8.
    maps : ndarray of float, ``(n, height, width)``
        Of the damaged images; higher = worse.
    scores, p_values : ndarray of float, ``(n,)``
        Of the damaged images.
    thresholds : ndarray of float, ``(k,)``
        Strictly increasing. A pixel is marked where its map lies above.
    clean_shares : ndarray of float, ``(k,)`` in [0, 1]
        Share of the clean images' pixels that each threshold marks.
    strengths : ndarray of float, ``(s,)`` in [0, 1]
        Strictly increasing.
    repairs : dict of str to Repairs
        By the corrector's name.
    start : int
        Which threshold to begin with: the detector's own.
    min_improvement : float > 0
        By which a score must fall for a repair to be accepted.

    Raises
    ------
    ValueError
        If the arrays do not fit together, or a number is out of range.
    """

    clean: np.ndarray
    damaged: np.ndarray
    maps: np.ndarray
    scores: np.ndarray
    p_values: np.ndarray
    thresholds: np.ndarray
    clean_shares: np.ndarray
    strengths: np.ndarray
    repairs: dict
    start: int = 0
    min_improvement: float = 1.0

    def __post_init__(self):
        clean = check_images(self.clean, name="clean")
        damaged = check_images(self.damaged, name="damaged")
        _check_few(clean)
        n, k, s = len(clean), len(self.thresholds), len(self.strengths)
        _require_shape("damaged", damaged, clean.shape)
        _require_shape("maps", self.maps, clean.shape[:3])
        for name in ("scores", "p_values"):
            _require_shape(name, getattr(self, name), (n,))
        _require_shape("clean_shares", self.clean_shares, (k,))
        for name in ("thresholds", "strengths"):
            _check_rising(name, getattr(self, name))
        if not (self.strengths[0] >= 0 and self.strengths[-1] <= 1):
            raise ValueError(f"strengths must lie in [0, 1]. Received: {self.strengths}")
        require_positive("min_improvement", self.min_improvement)
        if not 0 <= self.start < k:
            raise ValueError(f"start must be one of {k} thresholds. Received: {self.start}")
        if not self.repairs:
            raise ValueError("repairs must hold at least one corrector. Received: none")
        for name, repair in self.repairs.items():
            t = len(repair.steps)
            _require_shape(f"repairs[{name!r}].images", repair.images, (t, k, *clean.shape))
            for part in ("scores", "p_values", "accepted"):
                called = f"repairs[{name!r}].{part}"
                _require_shape(called, getattr(repair, part), (t, k, s, n))


def precompute_case(
    clean,
    damaged,
    detector,
    correctors,
    *,
    content=None,
    thresholds=None,
    strengths=STRENGTHS,
    min_improvement=1.0,
):
    """Mend a few images in every way that the correction explorer offers, and judge all repairs.

    Parameters
    ----------
    clean, damaged : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        At most 8: each corrector mends all of them with every threshold and at every step, and
        the detector looks at each repair at every strength.
    detector : AnomalyDetector
        Calibrated.
    correctors : dict of str to Corrector or to dict of int to Corrector
        By name; of a corrector that refines its repair, one for each number of steps, the fewest
        first.
    content : ndarray of float, ``(n, height, width, channels)`` in [0, 1], optional
        The images from which ``clean`` was made, for detectors and correctors that use them.
    thresholds : array_like of float, ``(k,)``, optional
        Of masks, in the unit of the detector's map; unless given, the detector's own, lower ones
        that mark 2 to 20 % of the clean images' pixels, and higher ones, in three digits.
    strengths : array_like of float, ``(s,)`` in [0, 1]
        Shares of the corrector's result in the repair.
    min_improvement : float > 0
        By which a score must fall for a repair to be accepted.

    Returns
    -------
    CorrectionCase

    Raises
    ------
    ValueError
        If an argument is of the wrong shape or range.
    """
    clean, damaged = check_images(clean, name="clean"), check_images(damaged, name="damaged")
    _require_shape("damaged", damaged, clean.shape)
    content = check_content(content, damaged)
    strengths = np.asarray(strengths, np.float64)
    _check_plan(clean, correctors, thresholds, min_improvement)
    found, clean_maps = (
        detector.detect(damaged, content=content),
        detector.anomaly_map(clean, content=content),
    )
    own = detector.pixel_threshold_
    if thresholds is None:
        thresholds = _thresholds(clean_maps, own)
    thresholds = np.asarray(thresholds, np.float64)
    masks = found.maps > thresholds[:, np.newaxis, np.newaxis, np.newaxis]

    before = detector.acceptance_scores(found), found.p_values

    def judge(repaired, max_change):
        """Scores, p-values and verdicts of k repairs at all strengths, ``(3, k, s, n)``."""
        mixed = np.stack(
            [at_strength(damaged, one, share) for one in repaired for share in strengths]
        )
        flat = mixed.reshape(-1, *mixed.shape[2:])
        findings = detector.detect(flat, content=_repeated(content, len(mixed)))
        after = detector.acceptance_scores(findings), findings.p_values
        after = [values.reshape(mixed.shape[:2]) for values in after]
        pairs = (pair for both in zip(before, after, strict=True) for pair in both)
        accepted = accept(
            *pairs,
            rms_change(damaged, mixed),
            min_improvement=min_improvement,
            max_change=max_change,
        )
        return np.stack([*after, accepted]).reshape(3, len(repaired), len(strengths), -1)

    repairs = {
        name: _repair(damaged, masks, content, versions, judge)
        for name, versions in correctors.items()
    }
    return CorrectionCase(
        clean=clean,
        damaged=damaged,
        maps=found.maps,
        scores=before[0],
        p_values=before[1],
        thresholds=thresholds,
        clean_shares=np.array([(clean_maps > value).mean() for value in thresholds]),
        strengths=strengths,
        repairs=repairs,
        start=int(np.abs(thresholds - own).argmin()),
        min_improvement=min_improvement,
    )


def _repair(damaged, masks, content, versions, judge):
    """The repairs of one corrector, or of one for each number of steps."""
    versions = versions if isinstance(versions, Mapping) else {0: versions}
    first = next(iter(versions.values()))
    used = masks[:1] if first.whole_image else masks  # the same repair with every mask
    marked = used.reshape(-1, *used.shape[2:])
    again = _repeated(damaged, len(used)), marked, _repeated(content, len(used))
    full = np.stack(
        [
            corrector.correct(*again).reshape(len(used), *damaged.shape)
            for corrector in versions.values()
        ]
    )
    judged = np.stack([judge(repaired, first.max_change) for repaired in full], axis=1)
    shape = (len(versions), len(masks))
    images, scores, p_values, accepted = (
        np.broadcast_to(values, (*shape, *values.shape[2:])) for values in (full, *judged)
    )
    return Repairs(
        images,
        scores,
        p_values,
        accepted.astype(bool),
        max_change=first.max_change,
        steps=tuple(versions),
        whole=first.whole_image,
    )


def _repeated(images, times):
    """All images so many times, one after the other; None stays None."""
    return None if images is None else np.concatenate([images] * times)


def _thresholds(clean_maps, own):
    """The detector's own threshold, lower and higher ones."""
    lower = np.quantile(clean_maps, 1 - np.array(SHARES))
    higher = own + np.array(HIGHER) * abs(own - np.median(clean_maps))
    values = [*lower[lower < own], own, *higher]
    return np.unique([float(f"{value:.3g}") for value in values])


def _require_shape(name, array, shape):
    if np.shape(array) != tuple(shape):
        raise ValueError(f"{name} must be of shape {tuple(shape)}. Received: {np.shape(array)}")


def _check_plan(clean, correctors, thresholds, min_improvement):
    """Refuse what would be refused after the long work."""
    _check_few(clean)
    require_positive("min_improvement", min_improvement)
    if thresholds is not None:
        _check_rising("thresholds", thresholds)
    if not isinstance(correctors, Mapping) or not correctors:
        raise TypeError(f"correctors must hold some by name. Received: {correctors!r}")


def _check_few(clean):
    if len(clean) > 8:
        raise ValueError(f"clean must hold at most 8 images. Received: {len(clean)}")


def _check_rising(name, values):
    values = np.asarray(values)
    if values.ndim != 1 or not len(values) or (np.diff(values) <= 0).any():
        raise ValueError(f"{name} must increase, at least one. Received: {values}")
