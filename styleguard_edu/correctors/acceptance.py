"""When is a repair accepted? Pure functions over the scores of candidates.

A detector can be gamed: among many candidates, the one it likes best is often one that fools it.
So it has a veto and no vote. A candidate that makes the image clearly less anomalous and stays
close to it is acceptable, and of these the one that changes the image least is taken.
"""

import numpy as np

from ..images import check_images


def accept(score_before, score_after, p_before, p_after, distance, *, min_improvement, max_change):
    r"""Which candidate repairs are acceptable.

    .. math:: s - s' \ge \mathrm{min_improvement}, \qquad p' \ge p, \qquad d \le \mathrm{max_change}

    with anomaly score s, p-value p and distance d from the input; primes mark the candidate. The
    score must be continuous: p-values of badly damaged images are all the same smallest one.

    Parameters
    ----------
    score_before, p_before : array_like, ``(n,)``
        Anomaly scores (higher = worse) and p-values in [0, 1] of the images as they are.
    score_after, p_after : array_like, ``(n,)`` or ``(k, n)``
        Those of one or of k candidates an image.
    distance : array_like >= 0, ``(n,)`` or ``(k, n)``
        How far each candidate is from its image, for example :func:`rms_change`.
    min_improvement : float > 0
        By which the score must fall at least, in its own unit.
    max_change : array_like >= 0, a number or ``(k, 1)`` or ``(k, n)``
        The largest distance allowed: what was done bounds it.

    Returns
    -------
    ndarray of bool, ``(n,)`` or ``(k, n)``

    Raises
    ------
    ValueError
        If a value is NaN, shapes do not fit, or something is out of the range above.
    """
    score_before, score_after = _checked_scores(score_before, score_after)
    p_before = _shaped("p_before", p_before, "score_before", score_before.shape)
    p_after = _shaped("p_after", p_after, "score_after", score_after.shape)
    distance = _shaped("distance", distance, "score_after", score_after.shape)
    for name, array in (("p_before", p_before), ("p_after", p_after)):
        if array.min() < 0 or array.max() > 1:
            raise ValueError(
                f"{name} must lie in [0, 1]. Received: from {array.min()} to {array.max()}"
            )
    if distance.min() < 0:
        raise ValueError(f"distance must be at least 0. Received: {distance.min()}")
    if not 0 < min_improvement < np.inf:
        raise ValueError(f"min_improvement must be above 0 and finite. Received: {min_improvement}")
    near = distance <= _max_changes(max_change, score_after.shape)
    return (score_before - score_after >= min_improvement) & (p_after >= p_before) & near


def smallest_change(accepted, distance):
    """Of several accepted candidates, the one that changes the image least.

    Parameters
    ----------
    accepted : array_like of bool, ``(k, n)``
        From :func:`accept`.
    distance : array_like, ``(k, n)``
        Comparable between the candidates of an image: where their max_changes differ, the share of
        the max_change.

    Returns
    -------
    ndarray of int, ``(n,)``
        0 to k - 1, the first of equals; -1 where none is accepted and the image stays as it is.

    Raises
    ------
    ValueError
        If the shapes differ, or a distance is NaN.
    """
    accepted, distance = np.asarray(accepted, bool), _numbers("distance", distance)
    if accepted.ndim != 2 or accepted.shape != distance.shape or not accepted.size:
        raise ValueError(
            "accepted and distance must both be of shape (k, n). "
            f"Received: {accepted.shape} and {distance.shape}"
        )
    nearest = np.where(accepted, distance, np.inf).argmin(axis=0)
    return np.where(accepted.any(axis=0), nearest, -1)


def chosen_images(images, candidates, choice):
    """The chosen candidates, and the images themselves where there is none.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    candidates : sequence of k such arrays
    choice : ndarray of int, ``(n,)``
        From :func:`smallest_change`.

    Returns
    -------
    ndarray of float32, ``(n, height, width, channels)``
        Bit-identical to ``images`` where ``choice`` is -1.

    Raises
    ------
    ValueError
        If a shape differs, or a choice is no candidate.
    """
    images, choice = check_images(images), np.asarray(choice)
    if choice.shape != (len(images),) or not np.isin(choice, range(-1, len(candidates))).all():
        raise ValueError(
            f"choice must hold {len(images)} numbers from -1 to {len(candidates) - 1}. "
            f"Received: shape {choice.shape}, {np.unique(choice)[:9]}"
        )
    taken = images.copy()
    for index, candidate in enumerate(candidates):
        candidate = check_images(candidate, name=f"candidates[{index}]", shape=images.shape[1:])
        if len(candidate) != len(images):
            raise ValueError(
                f"candidates[{index}] must hold {len(images)} images. Received: {len(candidate)}"
            )
        rows = choice == index
        taken[rows] = candidate[rows]
    return taken


def rms_change(before, after):
    r"""How much each image changed: the root of the mean squared difference.

    .. math:: d = \sqrt{\tfrac{1}{hwc} \sum (x' - x)^2}

    Parameters
    ----------
    before : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    after : ndarray of float, the same shape, or ``(k, n, height, width, channels)``

    Returns
    -------
    ndarray of float64, ``(n,)`` or ``(k, n)``, in [0, 1]

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    before, after = np.asarray(before), np.asarray(after)
    if before.ndim != 4 or after.ndim not in (4, 5) or after.shape[-4:] != before.shape:
        raise ValueError(
            "before must be of shape (n, height, width, channels), after the same or with k in "
            f"front. Received: {before.shape} and {after.shape}"
        )
    return np.sqrt(((after.astype(np.float64) - before) ** 2).mean(axis=(-3, -2, -1)))


def _checked_scores(before, after):
    before, after = _numbers("score_before", before), _numbers("score_after", after)
    if before.ndim != 1:
        raise ValueError(f"score_before must be of shape (n,). Received: shape {before.shape}")
    n = len(before)
    if after.ndim not in (1, 2) or after.shape[-1] != n:
        raise ValueError(
            f"score_after must be of shape ({n},) or (k, {n}). Received: shape {after.shape}"
        )
    return before, after


def _shaped(name, values, like, shape):
    array = _numbers(name, values)
    if array.shape != shape:
        raise ValueError(
            f"{name} must be of shape {shape}, as {like}. Received: shape {array.shape}"
        )
    return array


def _max_changes(max_change, shape):
    max_change = _numbers("max_change", max_change, finite=False)
    if max_change.min() < 0:
        raise ValueError(f"max_change must be at least 0. Received: {max_change.min()}")
    try:
        return np.broadcast_to(max_change, shape)
    except ValueError:
        raise ValueError(
            f"max_change must be a number or fit the shape {shape} of score_after. "
            f"Received: shape {max_change.shape}"
        ) from None


def _numbers(name, values, *, finite=True):
    array = np.asarray(values, np.float64)
    if not array.size or np.isnan(array).any() or (finite and not np.isfinite(array).all()):
        raise ValueError(
            f"{name} must hold at least one number, all finite. Received: shape {array.shape}, "
            f"{int((~np.isfinite(array)).sum())} of them NaN or infinite"
        )
    return array
