from styleguard_edu.metrics import (
    FeatureStatistics,
    feature_statistics,
    frechet_distance,
    nearest_neighbours,
    precision_recall,
    psnr,
    ssim,
)

import numpy as np
import pytest
from scipy import linalg
from skimage.metrics import structural_similarity


def gaussian(n=400, d=3, shift=0.0, scale=1.0, seed=0):
    return np.random.default_rng(seed).normal(shift, scale, (n, d))


def test_feature_statistics_of_three_points_known_by_hand():
    mean, covariance = feature_statistics([[0.0, 0.0], [2.0, 0.0], [1.0, 3.0]])
    np.testing.assert_allclose(mean, [1, 1])
    np.testing.assert_allclose(covariance, [[1, 0], [0, 3]])
    np.testing.assert_allclose(feature_statistics([[0.0], [2.0]]).covariance, [[2]])


def test_frechet_distance_of_two_lines_known_by_hand():
    # N(0, 1) and N(3, 4): (0 - 3)^2 + 1 + 4 - 2 * sqrt(1 * 4) = 10
    first = FeatureStatistics(np.array([0.0]), np.array([[1.0]]))
    second = FeatureStatistics(np.array([3.0]), np.array([[4.0]]))
    assert frechet_distance(first, second) == pytest.approx(10)


def test_frechet_distance_agrees_with_the_matrix_square_root():
    rng = np.random.default_rng(1)
    first = feature_statistics(rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)))
    second = feature_statistics(rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)) + 1)
    direct = (
        np.sum((first.mean - second.mean) ** 2)
        + np.trace(first.covariance + second.covariance)
        - 2 * np.trace(linalg.sqrtm(first.covariance @ second.covariance)).real
    )
    assert frechet_distance(first, second) == pytest.approx(direct)


def test_frechet_distance_is_symmetric_and_survives_a_feature_that_never_varies():
    dead = gaussian()
    dead[:, 1] = 0
    first, second = feature_statistics(dead), feature_statistics(gaussian(shift=1, seed=2))
    distance = frechet_distance(first, second)
    assert np.isfinite(distance)
    assert distance == pytest.approx(frechet_distance(second, first))
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)


def test_precision_and_recall_known_by_hand():
    # every real ball has radius 1, every generated one 1 (at 0, 1) or 9 (at 10)
    real = [[0.0], [1.0], [2.0], [3.0]]
    generated = [[0.0], [1.0], [10.0]]
    precision, recall = precision_recall(real, generated, neighbours=1)
    assert precision == pytest.approx(2 / 3)  # 10 lies in no real ball
    assert recall == pytest.approx(1.0)  # 10's ball of radius 9 reaches 1 to 19, and 0 covers 0


def test_collapse_loses_recall_and_noise_loses_precision():
    real = gaussian(seed=1)
    precision, recall = precision_recall(real, gaussian(scale=0.05, seed=2))
    assert precision > 0.95 and recall < 0.05
    precision, recall = precision_recall(real, gaussian(scale=4, seed=2))
    assert precision < 0.6 and recall > 0.9


def test_precision_and_recall_do_not_depend_on_where_the_features_lie():
    rng = np.random.default_rng(0)
    real, generated = rng.normal(0, 0.01, (2, 300, 16))
    near = precision_recall(real, generated)
    far = precision_recall(real + 100, generated + 100)
    assert far == pytest.approx(near, abs=0.01) and near.precision < 0.95


STATISTICS = FeatureStatistics(np.zeros(2), np.eye(2))
INFINITE = FeatureStatistics(np.zeros(2), np.full((2, 2), np.inf))


@pytest.mark.parametrize(
    ("measure", "given", "words"),
    [
        (feature_statistics, [np.zeros(3)], "shape"),
        (feature_statistics, [np.zeros((1, 3))], "n >= 2"),
        (feature_statistics, [np.full((3, 2), np.nan)], "finite"),
        (feature_statistics, ["no"], "numbers"),
        (frechet_distance, [STATISTICS, feature_statistics(gaussian())], "Received: 2 and 3"),
        (frechet_distance, [STATISTICS, INFINITE], "second.covariance must be finite"),
        (
            frechet_distance,
            [STATISTICS, FeatureStatistics(np.zeros(2), np.eye(3))],
            r"covariance \(d, d\). Received: \(2,\) and",
        ),
        (
            frechet_distance,
            [FeatureStatistics(np.array(["a"]), np.eye(1)), STATISTICS],
            "first.mean must hold numbers",
        ),
        (
            precision_recall,
            [gaussian(d=1), gaussian(d=3)],
            r"same number of features\. Received: 1 and 3",
        ),
        (nearest_neighbours, [np.zeros((2, 3)), np.zeros((2, 4))], "same shape after the first ax"),
    ],
)
def test_features_and_statistics_are_checked(measure, given, words):
    with pytest.raises(ValueError, match=words):
        measure(*given)


@pytest.mark.parametrize("number", [0, 5, "3", None])
def test_counts_of_neighbours_are_checked(number):
    with pytest.raises(ValueError, match="neighbours must be a whole number from 1 to 4"):
        precision_recall(gaussian(5), gaussian(9), neighbours=number)
    with pytest.raises(ValueError, match="count must be a whole number from 1 to 4"):
        nearest_neighbours(gaussian(5), gaussian(4), count=number)


def test_nearest_neighbours_finds_the_copy_among_images():
    images = np.random.default_rng(0).random((6, 4, 4, 1))
    query = images[[4]].copy()
    query[0, 0, 0, 0] += 0.25
    distances, indices = nearest_neighbours(query, images, count=2)
    assert indices[0, 0] == 4
    assert distances[0, 0] == pytest.approx(0.25, abs=1e-3)
    assert distances[0, 0] < distances[0, 1]


def pairs(n=3, height=9, width=12, channels=3, noise=0.1):
    rng = np.random.default_rng(0)
    truth = rng.random((n, height, width, channels), dtype=np.float32)
    return np.clip(truth + rng.normal(0, noise, truth.shape), 0, 1).astype(np.float32), truth


def test_psnr_known_by_hand_image_by_image():
    truth = np.zeros((3, 4, 4, 1))
    images = truth + np.array([1.0, 0.1, 0.0]).reshape(3, 1, 1, 1)  # squared errors 1, 0.01, 0
    np.testing.assert_allclose(psnr(images, truth), [0, 20, np.inf])


def test_ssim_of_equal_images_is_1_and_falls_with_noise():
    truth = pairs()[1]
    none, little, much = (ssim(pairs(noise=noise)[0], truth) for noise in (0, 0.1, 0.5))
    np.testing.assert_allclose(none, [1, 1, 1])
    assert (none > little).all() and (little > much).all()


def test_ssim_of_two_flat_images_known_by_hand():
    # no contrast: (2 a b + c) / (a^2 + b^2 + c), c = 0.01^2
    flat = np.ones((1, 7, 7, 1))
    assert ssim(0.2 * flat, 0.4 * flat)[0] == pytest.approx(0.1601 / 0.2001)


def test_ssim_takes_the_mean_over_channels_of_7x7_windows():
    images, truth = (part.astype(np.float64) for part in pairs(n=1))
    channels = [
        structural_similarity(images[0, ..., k], truth[0, ..., k], data_range=1) for k in range(3)
    ]
    assert ssim(images, truth)[0] == pytest.approx(np.mean(channels))


@pytest.mark.parametrize("measure", [psnr, ssim])
@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (
            np.zeros((2, 9, 9, 3)),
            ValueError,
            r"images and truth must have the same shape. Received: \(2, 9, 9, 3\) and \(1, 9, 9, 3",
        ),
        (np.zeros((1, 9, 9, 3), np.uint8), TypeError, "images must hold floating-point .* uint8"),
        (np.full((1, 9, 9, 3), 1.5), ValueError, "from 1.5 to 1.5"),
    ],
)
def test_pairs_of_images_are_checked(measure, images, error, words):
    with pytest.raises(error, match=words):
        measure(images, np.zeros((1, 9, 9, 3)))
    with pytest.raises(ValueError, match=r"at least 7x7 px. Received: shape \(1, 6, 9, 3\)"):
        ssim(np.zeros((1, 6, 9, 3)), np.zeros((1, 6, 9, 3)))
