"""When is a proposal accepted? Pure functions over the scores of proposals.

A detector can be gamed: among many proposals, the one it likes best is often one that fools it.
So it has a veto and no vote. A proposal that makes the image clearly less anomalous and stays
close to it is acceptable, and of these the one that changes the image least is taken.
"""

import numpy as np

from ..checks import require_positive

__all__ = ["accept", "chosen_images", "rms_change", "smallest_change"]


def accept(score_before, score_after, p_before, p_after, distance, *, min_improvement, max_change):
    r"""Which proposals are acceptable.

    .. math:: s - s' \ge \mathrm{min_improvement}, \qquad p' \ge p, \qquad d \le \mathrm{max_change}

    with anomaly score s, p-value p and distance d from the input; primes mark the proposal. The
    score must be continuous: p-values of badly damaged images are all the same smallest one.

    Parameters
    ----------
    score_before, p_before : array_like, ``(n,)``
        Anomaly scores (higher = worse) and p-values in [0, 1] of the images as they are.
    score_after, p_after : array_like, ``(n,)`` or ``(k, n)``
        Those of one or of k proposals an image.
    distance : array_like >= 0, ``(n,)`` or ``(k, n)``
        How far each proposal is from its image, for example :func:`rms_change`.
    min_improvement : float > 0
        By which the score must fall at least, in its own unit.
    max_change : array_like >= 0, a number or ``(k, 1)`` or ``(k, n)``
        The largest distance allowed.

    Returns
    -------
    ndarray of bool, ``(n,)`` or ``(k, n)``

    Raises
    ------
    ValueError
        If a value is NaN, shapes do not fit, or something is out of the range above.

    Examples
    --------
    Three proposals: good; hardly better; too far from the image.

    >>> from styleguard_edu.correctors import accept
    >>> accept([9, 9, 9], [2, 8.5, 2], [0.01] * 3, [0.4] * 3, [0.1, 0.1, 0.9],
    ...        min_improvement=1, max_change=0.3)
    array([ True, False, False])
    """
    score_before, score_after = np.asarray(score_before), np.asarray(score_after)
    n, shape = score_before.shape, score_after.shape
    if len(n) != 1 or shape[-1:] != n or len(shape) > 2:
        raise ValueError(
            "score_before must be of shape (n,), score_after of shape (n,) or (k, n). "
            f"Received: {n} and {shape}"
        )
    score_before, p_before, score_after, p_after, distance = (
        _numbers(name, values, wanted, most)
        for name, values, wanted, most in (
            ("score_before", score_before, n, None),
            ("p_before", p_before, n, 1),
            ("score_after", score_after, shape, None),
            ("p_after", p_after, shape, 1),
            ("distance", distance, shape, np.inf),
        )
    )
    require_positive("min_improvement", min_improvement)
    max_change = np.asarray(max_change, np.float64)
    try:
        max_change = np.broadcast_to(max_change, shape)
    except ValueError:
        raise ValueError(
            f"max_change must be a number or fit the shape {shape} of score_after. "
            f"Received: shape {max_change.shape}"
        ) from None
    if not (max_change >= 0).all():  # also false for NaN
        raise ValueError(f"max_change must be at least 0. Received: {max_change.min()}")
    return _accept(
        score_before, score_after, p_before, p_after, distance, min_improvement, max_change
    )


def smallest_change(accepted, distance):
    """Of several accepted proposals, the one that changes the image least.

    Parameters
    ----------
    accepted : array_like of bool, ``(k, n)``
        From :func:`accept`.
    distance : array_like, ``(k, n)``
        Comparable between the proposals for an image: where their ``max_change`` differs, the
        share of it.

    Returns
    -------
    ndarray of int, ``(n,)``
        0 to k - 1, the first of equals; -1 where none is accepted and the image stays as it is.

    Raises
    ------
    ValueError
        If the shapes differ, or a distance is NaN.

    Examples
    --------
    >>> from styleguard_edu.correctors import smallest_change
    >>> smallest_change([[True, False], [True, False]], [[0.3, 0.1], [0.2, 0.1]])
    array([ 1, -1])
    """
    accepted, distance = np.asarray(accepted, bool), np.asarray(distance)
    if accepted.ndim != 2 or accepted.shape != distance.shape or not accepted.size:
        raise ValueError(
            "accepted and distance must both be of shape (k, n). "
            f"Received: {accepted.shape} and {distance.shape}"
        )
    return _smallest_change(accepted, _numbers("distance", distance, distance.shape, np.inf))


def chosen_images(images, proposals, choice):
    """The chosen proposals, and the images themselves where there is none.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    proposals : sequence of k such arrays
    choice : ndarray of int, ``(n,)``
        From :func:`smallest_change`.

    Returns
    -------
    ndarray of float, ``(n, height, width, channels)``
        Bit-identical to ``images`` where ``choice`` is -1.

    Raises
    ------
    ValueError
        If a shape differs, or a choice is no proposal.
    """
    versions = np.stack([*proposals, images])  # the last one is as it was
    if not np.isin(choice, range(-1, len(proposals))).all():
        raise ValueError(
            f"choice must hold whole numbers from -1 to {len(proposals) - 1}. Received: {choice!r}"
        )
    return versions[choice, np.arange(len(images))]


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

    Examples
    --------
    >>> import numpy as np
    >>> from styleguard_edu.correctors import rms_change
    >>> rms_change(np.zeros((1, 8, 8, 1)), np.full((1, 8, 8, 1), 0.5))
    array([0.5])
    """
    before, after = np.asarray(before), np.asarray(after)
    if before.ndim != 4 or after.ndim not in (4, 5) or after.shape[-4:] != before.shape:
        raise ValueError(
            "before must be of shape (n, height, width, channels), after the same or with k in "
            f"front. Received: {before.shape} and {after.shape}"
        )
    return _rms_change(before, after)


# The same of arrays that were checked, for a guard, which asks again and again.


def _accept(score_before, score_after, p_before, p_after, distance, min_improvement, max_change):
    better = (score_before - score_after >= min_improvement) & (p_after >= p_before)
    return better & (distance <= max_change)


def _smallest_change(accepted, distance):
    nearest = np.where(accepted, distance, np.inf).argmin(axis=0)
    return np.where(accepted.any(axis=0), nearest, -1)


def _rms_change(before, after):
    return np.sqrt(((after.astype(np.float64) - before) ** 2).mean(axis=(-3, -2, -1)))


def _numbers(name, values, shape, most):
    """An array of finite numbers of this shape; from 0 to ``most``, unless that is None."""
    array = np.asarray(values, np.float64)
    if array.shape != shape or not array.size or not np.isfinite(array).all():
        raise ValueError(
            f"{name} must hold finite numbers of shape {shape}, at least one. Received: shape "
            f"{array.shape}, {(~np.isfinite(array)).sum()} of them NaN or infinite"
        )
    if most is not None and (array.min() < 0 or array.max() > most):
        raise ValueError(
            f"{name} must lie in [0, {most}]. Received: from {array.min()} to {array.max()}"
        )
    return array
