from styleguard_edu import load_digits
from styleguard_edu.backend import keras
from styleguard_edu.detectors import (
    AnomalyDetector,
    DiscriminatorDetector,
    FusedDetector,
    NearestRepainting,
    PatchDetector,
    PositionDetector,
    ReconstructionDetector,
    RestylingDetector,
    SameStyleRestyling,
    SegmentationDetector,
    TiledDetector,
    surprisal,
)
from styleguard_edu.metrics import ssim
from styleguard_edu.networks import (
    digit_discriminator,
    hidden_features,
    segmentation_network,
    style_generator,
)
from styleguard_edu.networks.running import BATCH
from styleguard_edu.thresholds import conformal_p_values, false_alarm_interval, two_sided_p_values

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

ops = keras.ops


class Brightness(AnomalyDetector):
    """A detector whose answers are known: its map is the image, its score the mean."""

    def _score_batch(self, images, content, maps):
        shown = images.mean(axis=-1)
        return shown.mean(axis=(1, 2)), shown if maps else None


class Contrast(AnomalyDetector):
    def _score_batch(self, images, content, maps):
        return images.std(axis=(1, 2, 3)), images.mean(axis=-1) if maps else None


class NotANumber(AnomalyDetector):
    def _score_batch(self, images, content, maps):
        return np.full(len(images), np.nan), images[..., 0] if maps else None


def images(n=40, side=28, channels=1, seed=0):
    """Clean ones: noise around a grey that differs from image to image."""
    rng = np.random.default_rng(seed)
    grey = rng.uniform(0.3, 0.6, (n, 1, 1, 1))
    return np.clip(rng.normal(grey, 0.1, (n, side, side, channels)), 0, 1).astype(np.float32)


def flat(*greys, side=8, channels=1):
    """Constant images, one a grey level."""
    ones = np.ones((1, side, side, channels), np.float32)
    return np.concatenate([np.float32(grey) * ones for grey in greys])


def model(compute, shape=(None, None, 1), name="stub"):
    """A network that computes what a function says; it has no weights."""
    x = keras.Input(shape)
    return keras.Model(x, compute(x), name=name)


def mean_logit(shape=(8, 8, 1)):
    return model(lambda x: ops.mean(x, axis=(1, 2, 3))[:, None], shape, "mean_logit")


def half(x, content):
    return 0.5 * x


def detectors():
    """One of every kind, around small networks, for 28x28 grey images; not fitted."""
    keras.utils.set_random_seed(0)
    judge = digit_discriminator(width=4)
    segmenter = SegmentationDetector(segmentation_network(width=4))
    return {
        "discriminator": DiscriminatorDetector(judge),
        "reconstruction": ReconstructionDetector(half, features=hidden_features(judge, -1)),
        "patches": PatchDetector(hidden_features(judge, 1)),
        "position": PositionDetector(),
        "segmentation": segmenter,
        "fused": FusedDetector({"d": DiscriminatorDetector(judge), "s": segmenter}),
        "tiled": TiledDetector(segmenter, side=14),
    }


ANOMALIES = list(detectors())


@pytest.fixture(scope="module", params=ANOMALIES)
def detector(request):
    return detectors()[request.param].fit(images()).calibrate(images(60, seed=1))


# The contract, for every kind.


def test_scores_and_maps_have_one_value_an_image_and_a_pixel(detector):
    x = images(3, seed=2)
    scores, maps = detector.anomaly_score(x), detector.anomaly_map(x)
    assert (scores.shape, scores.dtype) == ((3,), np.float64)
    assert (maps.shape, maps.dtype) == ((3, 28, 28), np.float32)
    assert np.isfinite(scores).all() and np.isfinite(maps).all()


def test_score_samples_is_the_negative_of_the_anomaly_score(detector):
    x = images(3, seed=2)
    np.testing.assert_array_equal(detector.score_samples(x), -detector.anomaly_score(x))


def test_decision_prediction_and_p_value_agree(detector):
    x = np.concatenate([images(30, seed=2), images(30, seed=3) ** 3])
    flagged = detector.anomaly_score(x) > detector.threshold_
    np.testing.assert_array_equal(detector.decision_function(x) < 0, flagged)
    np.testing.assert_array_equal(detector.predict(x), np.where(flagged, -1, 1))
    np.testing.assert_array_equal(detector.p_value(x) <= detector.false_alarm_rate, flagged)


def test_p_values_are_conformal(detector):
    x = images(5, seed=2)
    expected = conformal_p_values(detector.anomaly_score(x), detector.calibration_scores_)
    np.testing.assert_array_equal(detector.p_value(x), expected)


def test_examine_agrees_with_the_single_methods(detector):
    x = np.concatenate([images(10, seed=2), images(10, seed=3) ** 3])
    found = detector.detect(x)
    np.testing.assert_allclose(found.scores, detector.anomaly_score(x), rtol=1e-6)
    np.testing.assert_allclose(found.maps, detector.anomaly_map(x), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found.p_values, detector.p_value(x))
    np.testing.assert_array_equal(found.flagged, detector.predict(x) == -1)
    np.testing.assert_array_equal(
        found.masks, detector.predict_mask(x) & found.flagged[:, None, None]
    )


def test_an_image_scores_the_same_alone_as_among_others(detector):
    x = images(3, seed=2)
    alone = np.concatenate([detector.anomaly_score(x[[k]]) for k in range(3)])
    np.testing.assert_allclose(alone, detector.anomaly_score(x), rtol=1e-4)


def test_black_and_white_images_get_finite_answers(detector):
    found = detector.detect(flat(0, 1, side=28))
    assert all(np.isfinite(part).all() for part in found)


def test_float64_images_score_as_float32_ones(detector):
    x = images(3, seed=2)
    np.testing.assert_array_equal(
        detector.anomaly_score(x), detector.anomaly_score(x.astype(np.float64))
    )


def test_content_is_ignored_by_detectors_that_do_not_compare(detector):
    x = images(3, seed=2)
    np.testing.assert_array_equal(
        detector.anomaly_score(x), detector.anomaly_score(x, content=1 - x)
    )


@pytest.mark.parametrize("side", [28, 20])
def test_a_segmenter_and_what_uses_it_take_other_sizes(side):
    kinds = detectors()
    for name in ("segmentation", "tiled"):
        assert kinds[name].anomaly_map(images(2, side)).shape == (2, side, side)


METHODS = (
    "fit",
    "calibrate",
    "anomaly_map",
    "anomaly_score",
    "score_samples",
    "decision_function",
    "p_value",
    "predict",
    "predict_mask",
    "detect",
)
BAD = {
    "empty": (np.zeros((0, 28, 28, 1), np.float32), "at least one image"),
    "NaN": (np.full((2, 28, 28, 1), np.nan), "lie in .0, 1. and be finite"),
    "range": (np.full((2, 28, 28, 1), 255.0), "from 255.0 to 255.0"),
    "picture": (np.zeros((28, 28, 1)), r"shape \(n, height, width, channels\)"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("method", METHODS)
def test_images_that_break_the_convention_are_refused_everywhere(detector, method, bad):
    broken, words = BAD[bad]
    with pytest.raises(ValueError, match=f"images must.*{words}"):
        getattr(detector, method)(broken)


def test_bytes_are_refused(detector):
    with pytest.raises(TypeError, match="from_uint8 converts bytes"):
        detector.anomaly_score(np.zeros((2, 28, 28, 1), np.uint8))


NETWORKS = [kind for kind in ANOMALIES if kind != "position"]


@pytest.mark.parametrize("detector", NETWORKS, indirect=True)
def test_channels_that_the_network_does_not_take_are_named(detector):
    words = r"images must be of shape \(n, (28, 28|any, any), 1\) for the network .*28, 28, 3\)"
    with pytest.raises(ValueError, match=words):
        detector.anomaly_score(images(2, channels=3))


def test_content_of_another_size_or_number_is_refused(detector):
    for content in (images(3), images(2, side=14)):
        with pytest.raises(
            ValueError, match=r"content must have as many .*\(2, 28, 28\). Received"
        ):
            detector.detect(images(2), content=content)


def test_content_is_checked_like_images(detector):
    with pytest.raises(ValueError, match="content must lie in"):
        detector.anomaly_score(images(2), content=np.full((2, 28, 28, 1), 2.0))


@pytest.mark.parametrize("kind", ANOMALIES)
def test_a_failed_calibration_leaves_the_detector_as_it_was(kind):
    detector = detectors()[kind].fit(images())
    with pytest.raises(ValueError, match="Received"):
        detector.calibrate(images(1))
    with pytest.raises(NotFittedError):
        detector.predict(images(2))


@pytest.mark.parametrize("kind", ANOMALIES)
def test_what_needs_calibration_says_so(kind):
    detector = detectors()[kind].fit(images())
    words = f"{type(detector).__name__} must be calibrated first: call calibrate"
    for method in ("decision_function", "p_value", "predict", "predict_mask", "detect"):
        with pytest.raises(NotFittedError, match=words):
            getattr(detector, method)(images(2))
    with pytest.raises(NotFittedError, match=words):
        detector.calibration()


@pytest.mark.parametrize("kind", ANOMALIES)
def test_fit_returns_the_detector_and_forgets_the_calibration(kind):
    detector = detectors()[kind]
    assert detector.fit(images()) is detector
    assert detector.calibrate(images(60, seed=1)) is detector
    assert [name for name in vars(detector.fit(images())) if name in ("threshold_",)] == []
    with pytest.raises(NotFittedError, match="calibrated first"):
        detector.predict(images(2))


def test_a_calibration_can_be_kept_and_restored(detector):
    other = clone(detector)
    for part in getattr(other, "parts", {"": other}).values():
        if isinstance(part, PatchDetector):
            part.fit(images())
    x = images(8, seed=2)
    assert other.restore_calibration(detector.calibration()) is other
    assert other.threshold_ == detector.threshold_
    for first, second in zip(other.detect(x), detector.detect(x), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_restored_calibration_is_that_of_its_file(detector, tmp_path):
    np.savez(tmp_path / "calibration.npz", **detector.calibration())
    with np.load(tmp_path / "calibration.npz") as stored:
        again = clone(detector).restore_calibration(stored)
    assert again.threshold_ == detector.threshold_
    assert again.pixel_threshold_ == detector.pixel_threshold_


def test_an_incomplete_calibration_is_refused_by_name(detector):
    kept = dict(detector.calibration())
    del kept["pixel_threshold"]
    with pytest.raises(ValueError, match=r"calibration must hold \['pixel_threshold'\]. Received"):
        clone(detector).restore_calibration(kept)


# scikit-learn's conventions.


@pytest.mark.parametrize("kind", ANOMALIES)
def test_hyperparameters_are_stored_unchanged_and_can_be_set(kind):
    detector = detectors()[kind]
    first = next(iter(detector.get_params(deep=False)))
    assert first in vars(detector)
    again = type(detector)(**detector.get_params(deep=False))
    for name, value in detector.get_params(deep=False).items():
        assert getattr(again, name) is value
    assert detector.set_params(false_alarm_rate=0.2).false_alarm_rate == 0.2


def test_a_clone_has_the_hyperparameters_and_nothing_learnt(detector):
    other = clone(detector)
    assert other is not detector
    assert other.false_alarm_rate == detector.false_alarm_rate
    assert [name for name in vars(other) if name.endswith("_")] == []


def test_a_clone_shares_networks_and_clones_parts():
    fused = detectors()["fused"]
    other = clone(fused)
    assert other.parts["d"] is not fused.parts["d"]
    assert other.parts["d"].discriminator is fused.parts["d"].discriminator


def test_parameters_of_a_part_can_be_reached():
    tiled = TiledDetector(Brightness()).set_params(detector__pixel_false_alarm_rate=0.2)
    assert tiled.detector.pixel_false_alarm_rate == 0.2


def test_a_new_rate_takes_effect_when_the_calibration_is_restored():
    detector = Brightness().calibrate(images(100))
    detector.set_params(false_alarm_rate=0.5).restore_calibration(detector.calibration())
    assert detector.threshold_ == np.sort(detector.calibration_scores_)[-50]


@pytest.mark.parametrize("name", ["false_alarm_rate", "pixel_false_alarm_rate"])
@pytest.mark.parametrize("value", [0, 1, -0.1, float("nan")])
def test_rates_lie_between_0_and_1(name, value):
    with pytest.raises(ValueError, match=f"{name} must lie strictly .* Received: {value}"):
        Brightness(**{name: value})


# Calibration, on a detector whose scores are known.


def test_the_threshold_is_the_highest_score_that_keeps_the_rate():
    detector = Brightness(false_alarm_rate=0.1).calibrate(flat(*np.linspace(0, 0.9, 19)))
    assert detector.threshold_ == pytest.approx(0.85)  # k = 0.1 * 20 = 2nd of 19
    np.testing.assert_array_equal(detector.predict(flat(0.8, 0.85, 0.86, 1.0)), [1, 1, -1, -1])


def test_the_pixel_threshold_is_a_quantile_of_clean_pixels():
    detector = Brightness(pixel_false_alarm_rate=0.25).calibrate(flat(*np.linspace(0, 1, 41)))
    assert detector.pixel_threshold_ == pytest.approx(0.75, abs=0.01)
    x = flat(0.5)
    x[0, 2, 3] = 1
    expected = np.zeros((1, 8, 8), bool)
    expected[0, 2, 3] = True
    np.testing.assert_array_equal(detector.predict_mask(x), expected)
    assert not detector.detect(x).masks.any()  # the image as a whole is not flagged


def test_too_few_images_for_the_rate_are_refused_with_the_number_needed():
    with pytest.raises(
        ValueError, match=r"0.01 needs at least 99 calibration scores. Received: 50"
    ):
        Brightness(false_alarm_rate=0.01).calibrate(flat(*np.linspace(0, 1, 50)))


@pytest.mark.parametrize("fused", [False, True])
def test_the_realised_false_alarm_rate_is_what_chance_allows(fused):
    parts = {"brightness": Brightness(), "contrast": Contrast()}
    detector = FusedDetector(parts) if fused else parts["brightness"]
    detector.calibrate(images(800, side=8, seed=1))
    realised = (detector.predict(images(2000, side=8, seed=2)) == -1).mean()
    low, high = false_alarm_interval(0.05, 400 if fused else 800, 2000)
    assert low <= realised <= high


def test_many_images_are_examined_in_batches_and_joined_in_order():
    sizes = []

    class Counting(Brightness):
        def _score_batch(self, images, content, maps):
            sizes.append((len(images), len(content)))
            return super()._score_batch(images, content, maps)

    x = images(BATCH + 5, side=4)
    np.testing.assert_allclose(Counting().anomaly_map(x, content=x), x[..., 0], rtol=1e-6)
    assert sizes == [(BATCH, BATCH), (5, 5)]


def test_a_score_that_is_not_a_number_is_never_returned():
    with pytest.raises(FloatingPointError, match="NotANumber must give finite scores"):
        NotANumber().anomaly_score(images(2))
    with pytest.raises(FloatingPointError, match="NotANumber must give finite scores"):
        FusedDetector({"a": Brightness(), "b": NotANumber()}).calibrate(images(60))


# The discriminator.


def test_the_score_of_a_discriminator_is_minus_its_logit():
    detector = DiscriminatorDetector(mean_logit())
    np.testing.assert_allclose(detector.anomaly_score(flat(0.25, 1)), [-0.25, -1], rtol=1e-6)


def test_the_map_of_a_discriminator_is_the_smoothed_size_of_its_gradient():
    weights = np.zeros((1, 8, 8, 1), np.float32)
    weights[0, 3, 4, 0] = -2
    judge = model(lambda x: ops.sum(x * weights, axis=(1, 2, 3))[:, None], (8, 8, 1))
    shown = DiscriminatorDetector(judge).anomaly_map(flat(0.1, 0.9))
    expected = gaussian_filter(np.abs(weights[..., 0]), (0, 1, 1))
    np.testing.assert_allclose(shown, np.repeat(expected, 2, axis=0), atol=1e-6)


def test_of_several_logits_an_image_the_mean_counts():
    judge = model(lambda x: ops.mean(x, axis=(2, 3)), (8, 8, 1))
    assert DiscriminatorDetector(judge).anomaly_score(flat(0.5))[0] == pytest.approx(-0.5)


# Reconstruction.


def test_the_score_of_a_reconstruction_is_its_mean_squared_error():
    detector = ReconstructionDetector(half)
    np.testing.assert_allclose(detector.anomaly_score(flat(0.4, 1)), [0.04, 0.25], rtol=1e-6)


def test_the_errors_of_colour_channels_are_squared_one_by_one():
    x = flat(0, channels=3)
    x[..., 0] = 1  # red: errors 1/2, 0, 0
    assert ReconstructionDetector(half).anomaly_score(x)[0] == pytest.approx(0.25 / 3)


def test_the_map_of_a_reconstruction_is_its_smoothed_error():
    x = flat(0)
    x[0, 2, 2] = 1
    expected = gaussian_filter(0.5 * x[..., 0], (0, 1, 1))
    np.testing.assert_allclose(ReconstructionDetector(half).anomaly_map(x), expected, atol=1e-6)


def test_features_add_their_weighted_squared_distance():
    tripled = model(lambda x: 3 * x)
    detector = ReconstructionDetector(half, features=tripled, feature_weight=2)
    # pixels 0.2^2, features 2 * (3 * 0.2)^2
    assert detector.anomaly_score(flat(0.4))[0] == pytest.approx(0.04 + 2 * 0.36)


def test_a_reconstruction_may_look_at_the_content():
    detector = ReconstructionDetector(lambda images, content: content)
    assert detector.anomaly_score(flat(0.4), content=flat(0.4))[0] == 0


def test_a_reconstruction_of_another_shape_is_refused():
    detector = ReconstructionDetector(lambda images, content: images[..., :1])
    with pytest.raises(
        ValueError, match=r"same shape \(1, 8, 8, 3\). Received: shape \(1, 8, 8, 1"
    ):
        detector.anomaly_score(flat(0.4, channels=3))


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_the_feature_weight_is_at_least_0_and_finite(weight):
    with pytest.raises(ValueError, match=f"feature_weight must be .*Received: {weight}"):
        ReconstructionDetector(half, feature_weight=weight)


# Patches.


def identity(channels=1):
    return model(lambda x: x + 0.0, (None, None, channels), "identity")


def test_one_feature_gives_the_distance_in_standard_deviations():
    # greys 0.2, 0.4, 0.6: mean 0.4, standard deviation 0.2
    detector = PatchDetector(identity(), shrinkage=0).fit(flat(0.2, 0.4, 0.6))
    np.testing.assert_allclose(detector.mean_, 0.4, rtol=1e-6)
    np.testing.assert_allclose(detector.anomaly_score(flat(0.4, 0.6, 1)), [0, 1, 9], atol=1e-3)
    np.testing.assert_allclose(detector.anomaly_map(flat(1)), 3, rtol=1e-3)


def test_the_distance_is_that_of_mahalanobis():
    train, x = images(50, 2, 3), images(4, 2, 3, seed=1)
    detector = PatchDetector(identity(3), shrinkage=0).fit(train)
    expected = np.zeros((4, 2, 2))
    for row in range(2):
        for column in range(2):
            seen = train[:, row, column].astype(np.float64)
            strayed = x[:, row, column] - seen.mean(axis=0)
            inverse = np.linalg.inv(np.cov(seen.T))
            expected[:, row, column] = np.einsum("ni,ij,nj->n", strayed, inverse, strayed)
    np.testing.assert_allclose(detector.anomaly_map(x), np.sqrt(expected), rtol=0.01)
    np.testing.assert_allclose(detector.anomaly_score(x), expected.mean(axis=(1, 2)), rtol=0.02)


def test_full_shrinkage_forgets_how_features_hang_together():
    detector = PatchDetector(identity(3), shrinkage=1).fit(images(50, 4, 3))
    off = detector.whitener_[..., ~np.eye(3, dtype=bool)]
    np.testing.assert_allclose(off, 0, atol=1e-6)


def test_each_place_is_judged_by_what_is_usual_there():
    train = images(30, 8)
    train[:, :4] = 0  # above always black, below grey
    x = train[[0]].copy()
    x[0, 2, 2], x[0, 6, 6] = 0.3, 0.3
    shown = PatchDetector(identity()).fit(train).anomaly_map(x)
    assert shown[0, 2, 2] > 10 * shown[0, 6, 6]


def test_a_coarse_grid_gives_a_map_as_large_as_the_image():
    pooled = model(lambda x: keras.layers.AveragePooling2D(4)(x))
    detector = PatchDetector(pooled).fit(images(30, 8))
    shown = detector.anomaly_map(images(3, 8, seed=1))
    assert detector.mean_.shape == (2, 2, 1)
    assert shown.shape == (3, 8, 8)


def test_fewer_images_than_features_are_enough_to_fit():
    deep = model(lambda x: keras.layers.AveragePooling2D(4)(keras.layers.Conv2D(20, 3)(x)))
    detector = PatchDetector(deep, shrinkage=0).fit(images(3, 16))
    assert np.isfinite(detector.anomaly_score(images(2, 16, seed=1))).all()


def test_constant_images_can_be_fitted():
    detector = PatchDetector(identity()).fit(flat(0, 0, 0))
    scores = detector.anomaly_score(flat(0, 1))
    assert scores[0] == 0
    assert np.isfinite(scores[1]) and scores[1] > 1000


def test_patches_need_two_images_to_fit_and_a_fit_to_score():
    with pytest.raises(ValueError, match=r"images must hold at least 2.*Received: 1"):
        PatchDetector(identity()).fit(flat(0.5))
    with pytest.raises(NotFittedError, match=r"PatchDetector must be fitted first: call fit"):
        PatchDetector(identity()).calibrate(images())


def test_patches_refuse_images_of_another_size_than_fitted():
    detector = PatchDetector(identity()).fit(images(5, 8))
    with pytest.raises(ValueError, match=r"size that the detector was fitted to.*\(1, 9, 9, 1\)"):
        detector.anomaly_score(flat(0.5, side=9))


@pytest.mark.parametrize("shrinkage", [-0.1, 1.1, float("nan")])
def test_shrinkage_is_a_share(shrinkage):
    with pytest.raises(ValueError, match=r"shrinkage must lie in \[0, 1\]. Received"):
        PatchDetector(identity(), shrinkage=shrinkage)


# Position.


def dots(*places, side=12, channels=1):
    """Black images with one white pixel each."""
    made = np.zeros((len(places), side, side, channels), np.float32)
    for image, (row, column) in zip(made, places, strict=True):
        image[row, column] = 1
    return made


def test_the_score_is_the_distance_from_the_middle_in_pixels():
    x = dots((6, 6), (6, 7), (3, 2), (9, 10))
    detector = PositionDetector()
    np.testing.assert_allclose(detector.anomaly_score(x), [0, 1, 5, 5])
    np.testing.assert_allclose(detector.anomaly_score(1 - x), [0, 1, 5, 5], atol=1e-6)


def test_the_map_of_what_lies_off_is_what_is_shown():
    shown = PositionDetector().anomaly_map(dots((6, 6), (3, 2)))
    np.testing.assert_allclose(shown, 5 * dots((0, 0), (3, 2))[..., 0] * [[[0]], [[1]]])


def test_in_colour_the_mean_of_the_channels_counts():
    grey, colour = dots((3, 2)), dots((3, 2), channels=3)
    detector = PositionDetector()
    np.testing.assert_allclose(detector.anomaly_score(colour), detector.anomaly_score(grey))
    np.testing.assert_allclose(detector.anomaly_map(colour), detector.anomaly_map(grey))


def test_blank_images_are_not_off_the_middle():
    np.testing.assert_array_equal(PositionDetector().anomaly_score(flat(0, 0.5, 1)), 0)


def test_moved_digits_are_found_by_their_position_alone():
    digits = load_digits("bundled", verbose=False)
    detector = PositionDetector().calibrate(digits.calibration.images)
    moved = np.roll(digits.test.images, (2, -2), axis=(1, 2))
    assert (detector.predict(moved) == -1).all()
    low, high = false_alarm_interval(0.05, len(digits.calibration.images), len(moved))
    assert low <= np.mean(detector.predict(digits.test.images) == -1) <= high


# Segmentation.


def segmenter(shape=(None, None, 1)):
    x = keras.Input(shape)
    return keras.Model(x, [10 * x - 5, 2 * ops.max(x, axis=(1, 2)), x + 0])


def test_a_segmenter_gives_its_logits():
    detector = SegmentationDetector(segmenter())
    assert detector.anomaly_score(flat(0.75))[0] == pytest.approx(1.5)
    np.testing.assert_allclose(detector.anomaly_map(flat(0.75)), 2.5)


def test_a_segmenter_with_two_inputs_compares_with_the_content():
    x, content = keras.Input((None, None, 1)), keras.Input((None, None, 1))
    strayed = ops.abs(x - content)
    network = keras.Model([x, content], [strayed, ops.max(strayed, axis=(1, 2)), x])
    detector = SegmentationDetector(network)
    scores = detector.anomaly_score(flat(0.5, 0.5), content=flat(0.5, 0.2))
    np.testing.assert_allclose(scores, [0, 0.3], atol=1e-6)
    with pytest.raises(ValueError, match=r"content must be given.*Received: None"):
        detector.anomaly_score(flat(0.5))
    with pytest.raises(ValueError, match=r"content must be of shape \(n, any, any, 1\)"):
        detector.anomaly_score(flat(0.5), content=flat(0.5, channels=3))


def test_sides_that_cannot_be_halved_are_continued_and_cut_again():
    network = segmentation_network(width=2, depth=2)
    x = images(2, 14)[:, :13]  # 13x14
    shown = SegmentationDetector(network).anomaly_map(x)
    continued = np.concatenate([x, x[:, :-4:-1]], axis=1)
    continued = np.concatenate([continued, continued[:, :, :-3:-1]], axis=2)
    assert shown.shape == (2, 13, 14)
    expected = network(continued, training=False)[0][:, :13, :14, 0]
    np.testing.assert_allclose(shown, expected, atol=1e-5)


# Several together.


def fused(**settings):
    return FusedDetector({"brightness": Brightness(), "contrast": Contrast()}, **settings)


def test_parts_and_sum_are_calibrated_on_disjoint_halves():
    x = images(80, 8)
    detector = fused().calibrate(x)
    for name, part in (("brightness", Brightness()), ("contrast", Contrast())):
        np.testing.assert_allclose(
            detector.part_scores_[name], np.sort(part.anomaly_score(x[::2])), rtol=1e-6
        )
    np.testing.assert_allclose(detector.calibration_scores_, detector.anomaly_score(x[1::2]))


def test_the_fused_score_is_the_weighted_sum_of_surprises():
    x = images(5, 8, seed=1)
    detector = fused(weights={"contrast": 0.5}).calibrate(images(80, 8))
    found = detector.surprisals(x)
    np.testing.assert_allclose(
        detector.anomaly_score(x), found["brightness"] + 0.5 * found["contrast"]
    )


def test_low_scores_count_unless_the_part_is_one_sided():
    clean, dark = images(80, 8), flat(0)
    both = fused().calibrate(clean).surprisals(dark)["brightness"]
    high_only = fused(one_sided=["brightness"]).calibrate(clean).surprisals(dark)["brightness"]
    assert both[0] > 3
    assert high_only[0] == 0


def test_the_map_is_the_weighted_sum_of_those_asked_for():
    parts = {"plain": Brightness(), "half": ReconstructionDetector(half)}
    x, clean = flat(0.8), images(60, 8)
    first = FusedDetector(parts).calibrate(clean)
    second = FusedDetector(parts, map_weights={"half": 1}).calibrate(clean)
    both = FusedDetector(parts, map_weights={"half": 3, "plain": 0.5}).calibrate(clean)
    np.testing.assert_allclose(first.anomaly_map(x), 0.8, rtol=1e-6)
    np.testing.assert_allclose(second.anomaly_map(x), 0.4, rtol=1e-5)
    np.testing.assert_allclose(both.anomaly_map(x), 3 * 0.4 + 0.5 * 0.8, rtol=1e-5)
    assert first.map_weights is None  # hyperparameters are stored unchanged


def test_fitting_the_whole_fits_the_parts():
    detector = FusedDetector({"patches": PatchDetector(identity())}).fit(images(30, 8))
    assert detector.parts["patches"].mean_.shape == (8, 8, 1)


@pytest.mark.parametrize(
    ("n", "rate", "words"),
    [
        (39, 0.05, "images must hold at least 40 to calibrate on, half .*Received: 39"),
        (100, 0.01, "half of the 100 images calibrate the parts, and a rate of 0.01 needs at lea"),
    ],
)
def test_a_fused_detector_needs_images_for_both_halves(n, rate, words):
    with pytest.raises(ValueError, match=words):
        fused(false_alarm_rate=rate).calibrate(images(n, 8))


def test_a_fused_detector_has_no_scale_before_calibration():
    for method in ("anomaly_score", "anomaly_map", "surprisals"):
        with pytest.raises(NotFittedError, match="FusedDetector must be calibrated first"):
            getattr(fused(), method)(flat(0.5))


def test_a_calibration_without_a_part_is_refused():
    kept = fused().calibrate(images(60, 8)).calibration()
    del kept["part_contrast"]
    with pytest.raises(ValueError, match=r"calibration must hold \['part_contrast'\]. Received"):
        fused().restore_calibration(kept)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"one_sided": ["depth"]}, r"one_sided must name parts .*Received: \['depth'\]"),
        ({"weights": {"depth": 1}}, r"weights must name parts .*Received: \['depth'\]"),
        ({"map_weights": {"contrast": np.nan}}, "map_weights must be at least 0, finite.*nan"),
        ({"map_weights": {"contrast": -1}}, "map_weights must be at least 0, finite.*-1"),
        ({"map_weights": {"depth": 1}}, r"map_weights must name parts .*Received: \['depth'\]"),
        ({"weights": {"contrast": -1}}, "weights must be at least 0, not all 0. Received"),
        ({"weights": {"contrast": 0, "brightness": 0}}, "not all 0. Received"),
    ],
)
def test_settings_that_do_not_fit_the_parts_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        fused(**settings)


def test_a_fused_detector_has_parts():
    with pytest.raises(ValueError, match=r"parts must hold at least one detector. Received: none"):
        FusedDetector({})


# surprisal()


def test_surprise_at_calibration_scores_is_minus_the_log_of_the_conformal_p_value():
    calibration = np.random.default_rng(0).normal(size=99)
    expected = -np.log(conformal_p_values(calibration, calibration))
    np.testing.assert_allclose(surprisal(calibration, calibration), expected, atol=1e-12)


def test_two_sided_surprise_follows_the_two_sided_p_value():
    calibration = np.random.default_rng(0).normal(size=99)
    expected = -np.log(two_sided_p_values(calibration, calibration))
    found = surprisal(calibration, calibration, two_sided=True)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_surprise_known_by_hand():
    # of 0 ... 98, ten are at least 89: p = (1 + 10) / 100
    found = surprisal(np.array([0.0, 89.0, 98.0, -5.0]), np.arange(99.0))
    np.testing.assert_allclose(found, -np.log([1, 0.11, 0.02, 1]), atol=1e-12)


def test_beyond_the_highest_score_surprise_grows_by_1_a_mean_excess():
    # the outermost 5 % of 0 ... 100 are 95 ... 100: mean excess 2.5
    found = surprisal(np.array([100.0, 102.5, 105.0]), np.arange(101.0))
    np.testing.assert_allclose(np.diff(found), 1)


@pytest.mark.parametrize("two_sided", [False, True])
def test_surprise_is_continuous_and_monotone(two_sided):
    calibration = norm.ppf(np.linspace(0.005, 0.995, 199))
    scores = np.linspace(-8, 8, 16_001)
    found = surprisal(scores, calibration, two_sided=two_sided)
    middle = np.searchsorted(scores, np.median(calibration)) if two_sided else 0
    assert (np.diff(found[middle:]) >= 0).all()
    assert (np.diff(found[: middle + 1]) <= 0).all()
    assert np.abs(np.diff(found)).max() < 0.01
    assert found.min() == 0


def test_two_sided_surprise_treats_both_sides_alike():
    calibration, scores = np.linspace(-1, 1, 101), np.linspace(-3, 3, 13)
    found = surprisal(scores, calibration, two_sided=True)
    np.testing.assert_allclose(found, found[::-1], atol=1e-9)


def test_equal_calibration_scores_are_no_surprise_to_themselves():
    found = surprisal(np.array([0.4, 0.5, 0.6]), np.full(30, 0.5), two_sided=True)
    assert found[1] == 0
    assert np.isfinite(found).all()
    assert found[0] > 100 and found[2] > 100


def test_surprise_refuses_too_few_and_not_finite_scores():
    with pytest.raises(ValueError, match=r"calibration_scores must hold at least 20. Received: 19"):
        surprisal([0.0], np.arange(19.0))
    with pytest.raises(ValueError, match="scores must be finite"):
        surprisal([np.nan], np.arange(20.0))
    with pytest.raises(ValueError, match="calibration_scores must be finite"):
        surprisal([0.0], np.full(20, np.inf))


# Tiles.


def spotted(side=32, at=(), height=None):
    """A black picture with one white block of 8x8 px a place."""
    picture = np.zeros((1, height or side, side, 1), np.float32)
    for top, left in at:
        picture[0, top : top + 8, left : left + 8] = 1
    return picture


def tiled(**settings):
    return TiledDetector(Brightness(), side=16, **settings)


def test_the_score_of_a_tile_is_the_mean_of_its_highest_tenth():
    x = spotted()
    x[0, 0, :25] = 1  # the first 16 lie in the first tile: of 256, the highest 25 count
    np.testing.assert_allclose(tiled().tile_scores(x), [[[16 / 25, 9 / 25], [0, 0]]], rtol=1e-6)


def test_the_score_of_a_picture_is_that_of_its_worst_tile():
    x = images(3, 32)
    np.testing.assert_array_equal(tiled().anomaly_score(x), tiled().tile_scores(x).max(axis=(1, 2)))


@pytest.mark.parametrize(
    ("height", "width", "grid"),
    [(32, 32, (2, 2)), (47, 33, (2, 2)), (48, 15, (3, 1)), (9, 100, (1, 6))],
)
def test_what_is_left_over_belongs_to_the_last_tile(height, width, grid):
    x = spotted(width, height=height)
    x[0, -1, -30:] = 1  # the lower right corner
    scores = tiled().tile_scores(x)
    assert scores.shape == (1, *grid)
    assert scores[0, -1, -1] > 0


def test_tiles_are_calibrated_one_by_one():
    clean = images(10, 32)
    detector = tiled().calibrate(clean)
    assert len(detector.calibration_scores_) == 40
    p_values = detector.tile_p_values(images(2, 32, seed=1))
    assert p_values.shape == (2, 2, 2)
    np.testing.assert_array_equal(
        detector.p_value(images(2, 32, seed=1)), p_values.min(axis=(1, 2))
    )


def test_pixels_are_marked_in_flagged_tiles_only():
    detector = tiled(pixel_false_alarm_rate=0.1).calibrate(0.5 * images(20, 32))
    x = spotted(at=[(2, 20)])
    x[0, 30, 2] = 1  # one bright pixel: above the pixel threshold, but its tile is not flagged
    expected = spotted(at=[(2, 20)])[..., 0] > 0
    np.testing.assert_array_equal(detector.predict_mask(x), expected)
    np.testing.assert_array_equal(detector.detect(x).masks, expected)


def test_too_few_tiles_for_the_rate_are_refused():
    with pytest.raises(ValueError, match=r"needs at least 19 calibration scores. Received: 8"):
        tiled().calibrate(images(2, 32))


@pytest.mark.parametrize("side", [4, 16.5])
def test_the_side_of_a_tile_is_a_whole_number_of_at_least_8(side):
    with pytest.raises(ValueError, match=f"side must be a whole number >= 8. Received: {side}"):
        TiledDetector(Brightness(), side=side)


# Redrawing restyled images.


@pytest.fixture(scope="module")
def restyler():
    keras.utils.set_random_seed(1)
    generator = style_generator(3, width=4)
    for weight in generator.weights:  # so that untrained styles differ
        weight.assign(weight + 0.3 * keras.random.normal(weight.shape, seed=len(weight.shape)))
    return SameStyleRestyling(generator, np.eye(3), namer_by_brightness(3))


def namer_by_brightness(styles):
    """Tells style k where the mean of the image is nearest to k / (styles - 1)."""
    x = keras.Input((28, 28, 3))
    mean = keras.layers.GlobalAveragePooling2D()(x)
    logits = keras.layers.Dense(styles)(mean)
    classifier = keras.Model(x, logits)
    levels = np.linspace(0, 1, styles)  # -(m - l)^2 + m^2 = 2 m l - l^2, m the mean of 3 channels
    classifier.layers[-1].set_weights([np.tile(2 * levels / 3, (3, 1)), -(levels**2)])
    return classifier


def test_an_image_is_drawn_again_in_the_style_that_the_namer_tells(restyler):
    content = images(5, channels=3, seed=1)
    shown = np.full_like(content, 0)
    shown[1:3], shown[3:] = 0.5, 0.9
    np.testing.assert_array_equal(restyler.styles(shown), [0, 1, 1, 2, 2])
    codes = np.eye(3, dtype=np.float32)[[0, 1, 1, 2, 2]]
    expected = restyler.generator([content, codes], training=False).numpy()
    np.testing.assert_allclose(restyler(shown, content), expected, atol=1e-5)
    assert np.abs(expected[1] - expected[0]).mean() > 0.01


def test_grey_content_is_restyled_as_grey_in_colour(restyler):
    grey, drawn = images(2), images(2, channels=3, seed=1)
    np.testing.assert_array_equal(restyler(drawn, grey), restyler(drawn, grey.repeat(3, axis=-1)))


def test_a_restyled_image_scores_0_and_a_damaged_one_more(restyler):
    content = images(2, seed=1)
    drawn = restyler(images(2, channels=3), content)
    damaged = drawn.copy()
    damaged[1, 5:12, 5:12] = 1 - damaged[1, 5:12, 5:12]
    scores = RestylingDetector(restyler).anomaly_score(damaged, content=content)
    assert scores[0] == pytest.approx(0, abs=1e-6)
    assert scores[1] == pytest.approx(1 - ssim(damaged[1:], drawn[1:])[0], abs=1e-6)
    assert scores[1] > 0.01


def test_restyling_needs_content_in_the_shape_of_the_images(restyler):
    detector = RestylingDetector(restyler)
    with pytest.raises(ValueError, match=r"content must be given.*Received: None"):
        detector.anomaly_score(images(2, channels=3))
    with pytest.raises(ValueError, match=r"images must be in colour, of shape \(2, 28, 28, 3\)"):
        detector.anomaly_score(images(2), content=images(2))


@pytest.mark.parametrize("codes", [np.eye(2), np.ones(3), np.zeros((0, 3)), np.ones((2, 3))])
def test_codes_are_rows_that_the_generator_takes_one_a_style_of_the_namer(restyler, codes):
    with pytest.raises(ValueError, match=r"codes must have shape \(3, 3\).*Received: shape"):
        SameStyleRestyling(restyler.generator, codes, restyler.classifier)


class TwoPainters:
    """Repaints a picture dark or bright."""

    names = ("dark", "bright")

    def transfer(self, picture, name):
        return picture * np.float32(0.5) + np.float32(0.5 * (name == "bright"))


def test_a_photo_is_painted_again_in_the_style_that_comes_nearest():
    photos = images(2, 40, channels=3)[:, :, :36]
    pictures = np.stack([0.5 * photos[0] + 0.45, 0.4 * photos[1]])
    again = NearestRepainting(TwoPainters())
    assert again.styles(pictures, photos) == ["bright", "dark"]
    np.testing.assert_allclose(again(pictures, photos)[0], 0.5 * photos[0] + 0.5)
    np.testing.assert_array_equal(again.beside(pictures, photos)[..., :3], photos)
    np.testing.assert_allclose(again.beside(pictures, photos)[1, ..., 3:], 0.5 * photos[1])


def test_the_style_of_a_picture_smaller_than_the_trial_is_told_as_well():
    photos = images(1, 20, channels=3)
    assert NearestRepainting(TwoPainters()).styles(0.5 * photos, photos) == ["dark"]


def test_a_photo_is_painted_once_however_often_it_is_looked_at():
    painter, photos = TwoPainters(), images(2, 32, channels=3)
    painted, paint = [], painter.transfer
    painter.transfer = lambda photo, name: (painted.append(photo.shape), paint(photo, name))[1]
    again = NearestRepainting(painter, side=16)
    first = again(0.5 * photos, photos)
    assert len(painted) == 6  # each photo small in two styles, and once as it is
    np.testing.assert_array_equal(again(0.5 * photos[::-1], photos[::-1])[::-1], first)
    assert len(painted) == 6


def test_seven_photos_of_a_batch_are_painted_once_as_well():
    painter, photos = TwoPainters(), images(7, 32, channels=3)
    painted, paint = [], painter.transfer
    painter.transfer = lambda photo, name: (painted.append(name), paint(photo, name))[1]
    again = NearestRepainting(painter, side=16)
    first = again(0.5 * photos, photos)
    np.testing.assert_array_equal(again(0.5 * photos, photos), first)
    assert len(painted) == 7 * 3


def test_what_cannot_be_painted_again_is_refused_by_the_callers_names():
    again, photos = NearestRepainting(TwoPainters()), images(2, 20, channels=3)
    with pytest.raises(ValueError, match=r"content must be given.*Received: None"):
        again(photos, None)
    with pytest.raises(ValueError, match=r"images must be in colour, of shape \(1, 20, 20, 3\)"):
        again(photos, photos[:1])
    with pytest.raises(ValueError, match=r"images must have at least 16 pixels.*Received: 8"):
        again(photos[:, :8], photos[:, :8])
    grey = again(photos, photos[..., :1])
    np.testing.assert_array_equal(grey, again(photos, np.repeat(photos[..., :1], 3, axis=-1)))


def test_a_function_that_restyles_to_another_shape_is_named():
    detector = RestylingDetector(lambda images, content: images[:1])
    with pytest.raises(ValueError, match=r"restyle must return images of the same shape \(2, 28"):
        detector.anomaly_score(images(2, channels=3), content=images(2))


def test_one_part_alone_is_asked_for_its_surprise():
    clean, x = images(60), images(5, seed=3)
    asked = fused().calibrate(clean)
    for name, surprisals in asked.surprisals(x).items():
        np.testing.assert_allclose(asked.surprisal_of(name, x), surprisals)
    with pytest.raises(ValueError, match=r"name must be one of .*Received: 'nobody'"):
        asked.surprisal_of("nobody", x)
