"""Numbers that judge a detector: how well its scores tell damaged images, or pixels, from clean.

Scores are higher where an image is worse. Where the threshold is to be drawn is another question:
see :mod:`styleguard_edu.thresholds`.
"""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from ..checks import as_array, finite_array, finite_scores, require_same


def roc_auc(clean_scores, damaged_scores):
    """Probability that a damaged image scores higher than a clean one; a tie counts one half.

    The area under the ROC curve, :func:`sklearn.metrics.roc_auc_score`. It does not depend on how
    many images of either sort there are.

    Parameters
    ----------
    clean_scores, damaged_scores : array_like, ``(n,)`` and ``(m,)``
        Higher = worse.

    Returns
    -------
    float
        In [0, 1], higher is better; 0.5 is guessing, and below it the scores are upside down.

    Raises
    ------
    ValueError
        If a set of scores is empty, not one-dimensional or not finite.
    """
    return float(roc_auc_score(*_truth_and_scores(clean_scores, damaged_scores)))


def average_precision(clean_scores, damaged_scores):
    """Mean precision over all recalls: the area under the precision-recall curve, as a step curve.

    :func:`sklearn.metrics.average_precision_score`. It depends on the share of damaged images,
    which is also what guessing reaches: always quote that share.

    Parameters
    ----------
    clean_scores, damaged_scores : array_like, ``(n,)`` and ``(m,)``
        Higher = worse.

    Returns
    -------
    float
        In (0, 1], higher is better.

    Raises
    ------
    ValueError
        If a set of scores is empty, not one-dimensional or not finite.
    """
    return float(average_precision_score(*_truth_and_scores(clean_scores, damaged_scores)))


def pixel_roc_auc(maps, masks):
    """Probability that a damaged pixel scores higher than a clean one, over all images together.

    One threshold for all images: a map that is right within each image, but on another scale in
    every image, does not score well.

    Parameters
    ----------
    maps : array_like of float, ``(n, height, width)``
        Higher = worse.
    masks : array_like of bool, ``(n, height, width)``
        True = damaged; somewhere True and somewhere False.

    Returns
    -------
    float
        In [0, 1], higher is better; 0.5 is guessing.

    Raises
    ------
    ValueError
        If shapes differ, a value is not finite, or all pixels are clean, or all damaged.
    """
    maps, masks = finite_array("maps", maps), _check_masks(masks, "masks")
    require_same("the same shape", maps=maps.shape, masks=masks.shape)
    if masks.all() or not masks.any():
        state = f"{masks.size} pixels, all {'damaged' if masks.all() else 'clean'}"
        raise ValueError(f"masks must hold clean and damaged pixels. Received: {state}")
    return float(roc_auc_score(masks.ravel(), maps.ravel()))


def iou(masks, true_masks):
    """Intersection over union of each image's mask with the true one.

    Parameters
    ----------
    masks, true_masks : array_like of bool, ``(n, height, width)``
        True = damaged.

    Returns
    -------
    ndarray of float64, ``(n,)``
        In [0, 1], higher is better; 1 where both masks are empty, as that is the right answer.

    Raises
    ------
    ValueError
        If shapes differ or the masks are not bool.
    """
    masks, true_masks = _check_masks(masks, "masks"), _check_masks(true_masks, "true_masks")
    require_same("the same shape", masks=masks.shape, true_masks=true_masks.shape)
    common, either = ((part).sum(axis=(1, 2)) for part in (masks & true_masks, masks | true_masks))
    return np.divide(common, either, out=np.ones(len(masks)), where=either > 0)


def _truth_and_scores(clean_scores, damaged_scores):
    """Which image is damaged, and all scores, as scikit-learn takes them."""
    clean = finite_scores("clean_scores", clean_scores)
    damaged = finite_scores("damaged_scores", damaged_scores)
    truth = np.repeat([False, True], [len(clean), len(damaged)])
    return truth, np.concatenate([clean, damaged])


def _check_masks(masks, name):
    masks = as_array(name, masks)
    if masks.dtype != bool or masks.ndim != 3 or not masks.size:
        received = f"{masks.dtype}, shape {masks.shape}"
        raise ValueError(f"{name} must be bool of shape (n, height, width). Received: {received}")
    return masks
