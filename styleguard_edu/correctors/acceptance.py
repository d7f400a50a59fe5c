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
    n, kn = np.shape(score_before), np.shape(score_after)
    if len(n) != 1 or kn[-1:] != n or len(kn) > 2:
        wanted = "score_before must be of shape (n,), score_after of shape (n,) or (k, n)"
        raise ValueError(f"{wanted}. Received: {n} and {kn}")
    require_positive("min_improvement", min_improvement)
    return acceptable(
        _numbers("score_before", score_before, n),
        _numbers("score_after", score_after, kn),
        _numbers("p_before", p_before, n, least=0, most=1),
        _numbers("p_after", p_after, kn, least=0, most=1),
        _numbers("distance", distance, kn, least=0),
        min_improvement,
        _numbers("max_change", max_change, (), (*kn[:-1], 1), kn, least=0),
    )


def acceptable(s, s_after, p, p_after, distance, min_improvement, max_change):
    """The rule of :func:`accept`, of checked arrays: for a guard, which asks again and again."""
    return (s - s_after >= min_improvement) & (p_after >= p) & (distance <= max_change)


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
    accepted = np.asarray(accepted, bool)
    if accepted.ndim != 2:
        raise ValueError(f"accepted must be of shape (k, n). Received: shape {accepted.shape}")
    distance = _numbers("distance", distance, accepted.shape)
    nearest = np.where(accepted, distance, np.inf).argmin(axis=0)
    return np.where(accepted.any(axis=0), nearest, -1)


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
        wanted = f"choice must hold whole numbers from -1 to {len(proposals) - 1}"
        raise ValueError(f"{wanted}. Received: {choice!r}")
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
        wanted = "before must be of shape (n, height, width, channels), after the same or k of it"
        raise ValueError(f"{wanted}. Received: {before.shape} and {after.shape}")
    return np.sqrt(((after.astype(np.float64) - before) ** 2).mean(axis=(-3, -2, -1)))


def _numbers(name, values, *shapes, least=-np.inf, most=np.inf):
    """An array of at least one number, all finite, of one of these shapes and in this range."""
    array = np.asarray(values, np.float64)
    inside = np.isfinite(array) & (array >= least) & (array <= most)
    if array.shape not in shapes or not array.size or not inside.all():
        wanted = f"finite numbers from {least} to {most}, of shape {' or '.join(map(str, shapes))}"
        received = f"shape {array.shape}, {values!r}"
        raise ValueError(f"{name} must hold {wanted}. Received: {received}")
    return array
