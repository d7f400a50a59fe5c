"""What the correction explorer looks up: every correction of a few images, judged beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..checks import require_positive
from ..correctors import accept, rms_change
from ..images import check_content
from ._checks import check_alike, check_few

SHARES = (0.2, 0.1, 0.05, 0.02)  # of clean images' pixels, that default thresholds mark
HIGHER = (0.25, 0.5, 0.75, 1.0)  # above the detector's own: shares of its distance from the median
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Corrections:
    """What one corrector makes of n images with k masks, in t steps, and what a detector says.

    Parameters
    ----------
    images : ndarray of float, ``(t, k, n, height, width, channels)`` in [0, 1]
        At full strength.
    scores, p_values : ndarray of float, ``(t, k, s, n)``
        At each of s strengths; high scores and small p-values, in (0, 1], are suspicious.
    accepted : ndarray of bool, ``(t, k, s, n)``
        Whether each correction is, by :func:`styleguard_edu.correctors.accept`.
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
    corrections : dict of str to Corrections
        By the corrector's name.
    start : int
        Which threshold to begin with: the detector's own.
    min_improvement : float > 0
        By which a score must fall for a correction to be accepted.
    """

    clean: np.ndarray
    damaged: np.ndarray
    maps: np.ndarray
    scores: np.ndarray
    p_values: np.ndarray
    thresholds: np.ndarray
    clean_shares: np.ndarray
    strengths: np.ndarray
    corrections: dict
    start: int = 0
    min_improvement: float = 1.0


def precompute_case(
    clean, damaged, detector, correctors, *, content=None, strengths=STRENGTHS, min_improvement=1.0
):
    """Correct a few images in every way that the correction explorer offers, and judge the results.

    Masks begin at the detector's own threshold, at lower ones that mark 2 to 20 % of the clean
    images' pixels, and at higher ones.

    Parameters
    ----------
    clean, damaged : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        At most 8: each corrector corrects all of them with every threshold and at every step, and
        the detector looks at each result at every strength.
    detector : AnomalyDetector
        Calibrated.
    correctors : dict of str to Corrector or to dict of int to Corrector
        By name; of a corrector that refines its result, one for each number of steps, the fewest
        first.
    content : ndarray of float, ``(n, height, width, channels)`` in [0, 1], optional
        The images from which ``clean`` was made, for detectors and correctors that use them.
    strengths : array_like of float, ``(s,)`` in [0, 1]
        Shares of the corrector's result in the image.
    min_improvement : float > 0
        By which a score must fall for a correction to be accepted.

    Returns
    -------
    CorrectionCase

    Raises
    ------
    ValueError
        If an argument is of the wrong shape or range.
    """
    clean = check_few(clean, 8, name="clean")
    damaged = check_alike("damaged", damaged, clean)
    content = check_content(content, damaged)
    strengths = np.asarray(strengths, np.float64)
    if not strengths.size or (np.diff([-1, *strengths, 1.1]) <= 0).any() or strengths[0] < 0:
        raise ValueError(f"strengths must increase from 0 to 1, one or more. Received: {strengths}")
    require_positive("min_improvement", min_improvement)
    if not isinstance(correctors, Mapping) or not correctors:
        raise TypeError(f"correctors must hold some by name. Received: {correctors!r}")
    before = detector.detect(damaged, content=content)
    clean_maps = detector.anomaly_map(clean, content=content)
    own = detector.pixel_threshold_
    thresholds = _thresholds(clean_maps, own)
    masks = before.maps > thresholds[:, np.newaxis, np.newaxis, np.newaxis]
    corrections = {}
    for name, versions in correctors.items():
        versions = versions if isinstance(versions, Mapping) else {0: versions}
        first = next(iter(versions.values()))
        used = masks[:1] if first.whole_image else masks  # the same result with every mask
        images = np.stack([_correct(one, damaged, used, content) for one in versions.values()])
        mixed = np.stack([at_strength(damaged, images, share) for share in strengths], axis=2)
        bounds = {"min_improvement": min_improvement, "max_change": first.max_change}
        judged = _judge(detector, before, damaged, content, mixed, bounds)
        shape = (len(versions), len(masks))
        corrections[name] = Corrections(
            *(np.broadcast_to(values, (*shape, *values.shape[2:])) for values in (images, *judged)),
            max_change=first.max_change,
            steps=tuple(versions),
            whole=first.whole_image,
        )
    return CorrectionCase(
        clean=clean,
        damaged=damaged,
        maps=before.maps,
        scores=detector.acceptance_scores(before),
        p_values=before.p_values,
        thresholds=thresholds,
        clean_shares=np.array([(clean_maps > value).mean() for value in thresholds]),
        strengths=strengths,
        corrections=corrections,
        start=int(np.abs(thresholds - own).argmin()),
        min_improvement=min_improvement,
    )


def at_strength(damaged, corrected, strength):
    """Corrections at a part of their strength; bit-identical where they change nothing.

    Parameters
    ----------
    damaged, corrected : ndarray of float32, shapes that broadcast
    strength : float in [0, 1]

    Returns
    -------
    ndarray of float32
    """
    return corrected if strength == 1 else damaged + np.float32(strength) * (corrected - damaged)


def _correct(corrector, damaged, masks, content):
    """What a corrector makes of n images with each of k masks, ``(k, n, height, width, c)``."""
    k = len(masks)
    corrected = corrector.correct(
        _repeated(damaged, k), masks.reshape(-1, *masks.shape[2:]), content=_repeated(content, k)
    )
    return corrected.reshape(k, *damaged.shape)


def _judge(detector, before, damaged, content, mixed, bounds):
    """Scores, p-values and verdicts of mixed images, ``(t, k, s, n, height, width, c)``."""
    flat = mixed.reshape(-1, *damaged.shape)
    images, content = flat.reshape(-1, *damaged.shape[1:]), _repeated(content, len(flat))
    after = detector.detect(images, content=content)
    scores = detector.acceptance_scores(after).reshape(flat.shape[:2])
    p_values = after.p_values.reshape(flat.shape[:2])
    pairs = detector.acceptance_scores(before), scores, before.p_values, p_values
    accepted = accept(*pairs, rms_change(damaged, flat), **bounds)
    return (values.reshape(mixed.shape[:4]) for values in (scores, p_values, accepted))


def _repeated(images, times):
    """All images so many times, one after the other; None stays None."""
    return None if images is None else np.concatenate([images] * times)


def _thresholds(clean_maps, own):
    """The detector's own threshold, lower and higher ones, in three digits, ``(k,)``."""
    lower = np.quantile(clean_maps, 1 - np.array(SHARES))
    higher = own + np.array(HIGHER) * abs(own - np.median(clean_maps))
    values = [*lower[lower < own], own, *higher]
    return np.unique([float(f"{value:.3g}") for value in values])
