"""Numbers that judge generated images against real ones.

Most of them compare two sets of *feature vectors*, one row an image: what a trained classifier's
last hidden layer says about it (see :func:`styleguard_edu.networks.feature_extractor`), or simply
its pixels. They say nothing about single images. Where the true picture is known, :func:`psnr` and
:func:`ssim` judge each image alone.
"""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from ..checks import finite_array, require_count, require_same


class FeatureStatistics(NamedTuple):
    """Mean ``(d,)`` and covariance ``(d, d)`` of d-dimensional features, as float64."""

    mean: np.ndarray
    covariance: np.ndarray


class PrecisionRecall(NamedTuple):
    """``precision``: share of generated images that look real; ``recall``: the reverse."""

    precision: float
    recall: float


def _check_features(features, name):
    features = finite_array(name, features)
    if features.ndim != 2 or len(features) < 2:
        wanted = "shape (n, d) with n >= 2, one row an image"
        raise ValueError(f"{name} must have {wanted}. Received: shape {features.shape}")
    return features


def feature_statistics(features):
    """Mean and covariance of a set of feature vectors.

    Parameters
    ----------
    features : array_like, ``(n, d)``, n >= 2
        One row an image.

    Returns
    -------
    FeatureStatistics
        The covariance divides by n - 1.
    """
    features = _check_features(features, "features")
    covariance = np.atleast_2d(np.cov(features, rowvar=False, ddof=1))
    return FeatureStatistics(features.mean(axis=0), covariance)


def frechet_distance(first, second):
    r"""Fréchet distance between two normal distributions with the given statistics.

    .. math::
        d^2 = |\mu_1 - \mu_2|^2
            + \mathrm{tr}\,(\Sigma_1 + \Sigma_2 - 2\,(\Sigma_1 \Sigma_2)^{1/2})

    with means :math:`\mu_1, \mu_2` and covariances :math:`\Sigma_1, \Sigma_2`. With features of
    an Inception network this is the FID of Heusel et al. (2017); with another network the figures
    are on another scale, and even two sets of real images are not at 0: always quote the floor.

    Parameters
    ----------
    first, second : FeatureStatistics
        From :func:`feature_statistics`; the order does not matter.

    Returns
    -------
    float
        At least 0, in squared units of the features. Lower is better.

    Raises
    ------
    ValueError
        If the two have different dimensions, or hold NaN or infinite values.
    """
    mean1, cov1 = _check_statistics(first, "first")
    mean2, cov2 = _check_statistics(second, "second")
    require_same("the same number of features", first=len(mean1), second=len(mean2))
    # tr (C1 C2)^1/2 = tr (R C2 R)^1/2 with R = C1^1/2: symmetric, so eigvalsh is exact and real
    values, vectors = np.linalg.eigh(cov1)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.linalg.eigvalsh(root @ cov2 @ root)
    spread = np.trace(cov1 + cov2) - 2 * np.sqrt(np.clip(cross, 0, None)).sum()
    return float(max(np.sum((mean1 - mean2) ** 2) + spread, 0.0))


def _check_statistics(statistics, name):
    mean, covariance = statistics
    mean = finite_array(f"{name}.mean", mean)
    covariance = finite_array(f"{name}.covariance", covariance)
    if mean.ndim != 1 or covariance.shape != 2 * mean.shape:
        shapes = f"{mean.shape} and {covariance.shape}"
        raise ValueError(
            f"{name} must hold a mean (d,) and a covariance (d, d). Received: {shapes}"
        )
    return mean, covariance


def precision_recall(real, generated, *, neighbours=3):
    """Improved precision and recall of Kynkäänniemi et al. (2019).

    Around every image of a set lies a ball that reaches its k-th nearest neighbour in the same
    set; the union of the balls stands for the set. *Precision* is the share of generated images
    inside the real set's balls, *recall* the share of real images inside the generated set's.

    Parameters
    ----------
    real, generated : array_like, ``(n, d)`` and ``(m, d)``
        Feature vectors. Use sets of equal size: both numbers depend on it.
    neighbours : int
        k, at least 1 and smaller than either set.

    Returns
    -------
    PrecisionRecall
        Both in [0, 1], higher is better. Real against real gives the value to compare with;
        it is below 1.
    """
    real, generated = _check_features(real, "real"), _check_features(generated, "generated")
    widths = {"real": real.shape[1], "generated": generated.shape[1]}
    require_same("the same number of features", **widths)
    require_count("neighbours", neighbours, 1, min(len(real), len(generated)) - 1)
    middle = real.mean(axis=0)  # distances are found from squares, which must not be large
    real, generated = (np.float32(part - middle) for part in (real, generated))
    return PrecisionRecall(
        precision=_share_inside(generated, real, neighbours),
        recall=_share_inside(real, generated, neighbours),
    )


def _share_inside(queries, centres, neighbours):
    """Share of queries that lie in at least one ball around a centre."""
    index = NearestNeighbors(n_neighbors=neighbours + 1, algorithm="brute").fit(centres)
    radii = index.kneighbors(centres)[0][:, -1] * (1 + 1e-6)  # column 0 is the centre itself

    def inside(distances, _):
        return (distances <= radii).any(axis=1)

    parts = pairwise_distances_chunked(queries, centres, reduce_func=inside, working_memory=64)
    return float(np.concatenate([*parts]).mean())


def nearest_neighbours(queries, references, *, count=1):
    """Find the references nearest to each query, by Euclidean distance.

    Parameters
    ----------
    queries, references : array_like, ``(n, ...)`` and ``(m, ...)``
        Images or feature vectors; everything after the first axis is one vector.
    count : int
        How many to return, 1 to m.

    Returns
    -------
    distances : ndarray of float, ``(n, count)``
        Nearest first. Between images in [0, 1], n pixels turned from black to white make the
        square root of n.
    indices : ndarray of int, ``(n, count)``
        Rows of ``references``.
    """
    queries = finite_array("queries", queries, np.float32)
    references = finite_array("references", references, np.float32)
    sizes = {"queries": queries.shape[1:], "references": references.shape[1:]}
    require_same("the same shape after the first axis", **sizes)
    require_count("count", count, 1, len(references))
    index = NearestNeighbors(n_neighbors=count, algorithm="brute")
    index.fit(references.reshape(len(references), -1))
    return index.kneighbors(queries.reshape(len(queries), -1))
