"""The contract of detectors, for one of every kind, and scikit-learn's conventions."""

import pickle
from functools import cache

from styleguard_edu.backend import keras
from styleguard_edu.detectors import (
    AnomalyDetector,
    DiscriminatorDetector,
    FusedDetector,
    PatchDetector,
    PositionDetector,
    ReconstructionDetector,
    RestylingDetector,
    SegmentationDetector,
    TiledDetector,
    hooks,
)
from styleguard_edu.networks import (
    BATCH,
    digit_discriminator,
    hidden_features,
    segmentation_network,
)
from styleguard_edu.thresholds import conformal_p_values, false_alarm_interval
from tests.small_detectors import Brightness, flat, half, images

import numpy as np
import pytest
from sklearn.base import clone, is_outlier_detector
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted


class NotANumber(AnomalyDetector):
    def _score_batch(self, images, content, maps):
        return np.full(len(images), np.nan), images[..., 0] if maps else None


@cache
def networks():
    keras.utils.set_random_seed(0)
    judge = digit_discriminator(width=4)
    segmenter = segmentation_network(width=4, depth=2)
    return judge, hidden_features(judge, -1), hidden_features(judge, 1), segmenter


def detectors():
    """One of every kind, around small networks, for 28x28 grey images; not fitted."""
    judge, last, early, network = networks()
    segmenter = SegmentationDetector(network)
    return {
        "discriminator": DiscriminatorDetector(judge),
        "reconstruction": ReconstructionDetector(half, features=last),
        "restyling": RestylingDetector(half),
        "patches": PatchDetector(early),
        "position": PositionDetector(),
        "segmentation": segmenter,
        "fused": FusedDetector({"d": DiscriminatorDetector(judge), "s": segmenter}),
        "tiled": TiledDetector(segmenter, side=14),
    }


KINDS = list(detectors())
MIXED = np.concatenate([images(10, seed=2), images(10, seed=3) ** 3])


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def detector(kind):
    """Fitted and calibrated; tests leave it as it is."""
    return detectors()[kind].fit(images()).calibrate(images(60, seed=1))


# What a detector answers.


def test_scores_and_maps_have_one_finite_value_an_image_and_a_pixel(detector):
    x = np.concatenate([MIXED[:3], flat(0, 1, side=28)])
    scores, maps = detector.anomaly_score(x), detector.anomaly_map(x)
    assert (scores.shape, scores.dtype) == ((5,), np.float64)
    assert (maps.shape, maps.dtype) == ((5, 28, 28), np.float32)
    assert np.isfinite(scores).all() and np.isfinite(maps).all()


def test_the_single_methods_agree_with_detect(detector):
    found, scores = detector.detect(MIXED), detector.anomaly_score(MIXED)
    np.testing.assert_allclose(found.scores, scores, rtol=1e-6)
    np.testing.assert_array_equal(detector.score_samples(MIXED), -scores)
    np.testing.assert_array_equal(detector.decision_function(MIXED) < 0, found.flagged)
    np.testing.assert_array_equal(detector.predict(MIXED), np.where(found.flagged, -1, 1))
    np.testing.assert_array_equal(detector.p_value(MIXED), found.p_values)
    np.testing.assert_array_equal(found.p_values <= detector.false_alarm_rate, found.flagged)
    np.testing.assert_allclose(found.maps, detector.anomaly_map(MIXED), rtol=1e-5, atol=1e-6)
    masks = detector.predict_mask(MIXED) & found.flagged[:, None, None]
    np.testing.assert_array_equal(found.masks, masks)
    expected = conformal_p_values(scores, detector.calibration_scores_)
    np.testing.assert_array_equal(found.p_values, expected)


def test_an_image_scores_the_same_alone_and_as_float64(detector):
    x, scores = MIXED[:3], detector.anomaly_score(MIXED[:3])
    alone = np.concatenate([detector.anomaly_score(x[[k]]) for k in range(3)])
    np.testing.assert_allclose(alone, scores, rtol=1e-4)
    np.testing.assert_array_equal(detector.anomaly_score(x.astype(np.float64)), scores)


def test_many_images_are_seen_in_batches_with_their_content():
    sizes = []

    class Counting(Brightness):
        def _score_batch(self, images, content, maps):
            sizes.append((len(images), len(content)))
            return super()._score_batch(images, content, maps)

    x = images(BATCH + 5, side=4)
    np.testing.assert_allclose(Counting().anomaly_map(x, content=x), x[..., 0], rtol=1e-6)
    assert sizes == [(BATCH, BATCH), (5, 5)]


def test_a_network_runs_once_however_many_of_its_answers_are_wanted():
    calls = []

    class Counted(keras.layers.Layer):
        def call(self, x):
            calls.append(x)
            return x + 0.0

    x = keras.Input((8, 8, 1))
    network = keras.Model(x, [Counted()(x), keras.ops.max(x, axis=(1, 2)), x + 0.0])
    calls.clear()
    SegmentationDetector(network).anomaly_map(flat(0.5))
    assert len(calls) == 1


@pytest.mark.parametrize("refused", [NotANumber(), FusedDetector({"a": NotANumber()})])
def test_a_score_that_is_not_a_number_is_never_returned(refused):
    with pytest.raises(FloatingPointError, match="NotANumber must give finite scores"):
        refused.calibrate(images(60))


# What it refuses.

ASKED = (
    *("anomaly_map", "anomaly_score", "score_samples", "decision_function", "p_value"),
    *("predict", "predict_mask", "detect", "calibrate", "fit", "fit_predict"),
)
NEEDS_CALIBRATION = ASKED[3:8]


@pytest.mark.parametrize("method", ASKED)
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (np.zeros((0, 28, 28, 1), np.float32), "at least one image"),
        (np.full((2, 28, 28, 1), np.nan), "lie in .0, 1. and be finite"),
        (np.zeros((28, 28, 1)), r"shape \(n, height, width, channels\)"),
    ],
)
def test_images_that_break_the_convention_are_refused_everywhere(detector, method, broken, words):
    name = "X" if method.startswith("fit") else "images"
    with pytest.raises(ValueError, match=f"{name} must.*{words}"):
        getattr(clone(detector) if name == "X" else detector, method)(broken)


@pytest.mark.parametrize("method", ASKED)
def test_content_is_keyword_only_and_of_the_size_of_the_images(detector, method):
    ask = getattr(clone(detector) if method.startswith("fit") else detector, method)
    with pytest.raises(ValueError, match=r"content must have as many .*\(2, 28, 28\). Received"):
        ask(images(2), content=images(2, side=14))
    with pytest.raises(TypeError, match="positional"):
        ask(images(2), None, images(2))


def test_images_with_other_channels_than_in_fit_are_refused(detector):
    assert detector.n_channels_in_ == 1
    with pytest.raises(ValueError, match=r"images must have 1 channels, as in fit. Received: 3"):
        detector.anomaly_score(images(2, channels=3))


@pytest.mark.parametrize("method", NEEDS_CALIBRATION)
def test_what_needs_calibration_says_so(kind, method):
    fitted = detectors()[kind].fit(images())
    with pytest.raises(NotFittedError, match=f"{type(fitted).__name__} must be calibrated first"):
        getattr(fitted, method)(images(2))
    with pytest.raises(NotFittedError, match="must be calibrated first"):
        fitted.calibration()


def test_a_failed_calibration_leaves_a_detector_as_it_was(detector):
    before = dict(vars(detector))
    with pytest.raises(ValueError, match="Received"):
        detector.calibrate(images(1))
    assert vars(detector) == before


@pytest.mark.parametrize(
    ("kind", "setting", "words"),
    [
        ("position", {"false_alarm_rate": 7}, "false_alarm_rate must lie strictly .*: 7"),
        ("tiled", {"pixel_false_alarm_rate": np.nan}, "pixel_false_alarm_rate must lie .*: nan"),
        ("patches", {"shrinkage": 1.1}, "shrinkage must be a number from 0 to 1. Received: 1.1"),
        ("reconstruction", {"feature_weight": np.inf}, "feature_weight must be .*Received: inf"),
        ("tiled", {"side": 4}, "side must be a whole number >= 8. Received: 4"),
        ("tiled", {"detector": None}, "detector must be an AnomalyDetector. Received: None"),
        ("fused", {"parts": {}}, "parts must hold detectors by name. Received: {}"),
        ("fused", {"parts": {"d": 3}}, r"parts\['d'\] must be an AnomalyDetector. Received: 3"),
        ("fused", {"one_sided": ["x"]}, r"one_sided must name parts, .*Received: \['x'\]"),
        ("fused", {"weights": {"x": 1}}, r"weights must name parts, .*Received: \['x'\]"),
        ("fused", {"map_weights": {"x": 1}}, r"map_weights must name parts, .*Received: \['x'\]"),
        ("fused", {"map_weights": {"s": np.nan}}, r"map_weights\['s'\] must be .*Received: nan"),
        ("fused", {"weights": {"s": -1}}, r"weights\['s'\] must be a number >= 0.*Received: -1"),
        ("fused", {"weights": {"s": 0, "d": 0}}, "weights must not all be 0. Received"),
    ],
)
def test_settings_are_refused_when_they_take_effect(kind, setting, words):
    settings = {**detectors()[kind].get_params(deep=False), **setting}
    for made in (type(detectors()[kind])(**settings), detectors()[kind].set_params(**setting)):
        for learn in (made.fit, made.calibrate):
            with pytest.raises((TypeError, ValueError), match=words):
                learn(images(60))


def test_a_part_with_a_bad_setting_is_refused_and_a_rate_when_a_calibration_is_restored():
    bad = FusedDetector({"r": ReconstructionDetector(half, feature_weight="much")})
    with pytest.raises(ValueError, match=r"feature_weight must be a number.*Received: 'much'"):
        bad.calibrate(images(60))
    kept = PositionDetector().calibrate(images(60)).calibration()
    with pytest.raises(ValueError, match=r"false_alarm_rate must lie .*Received: 1"):
        PositionDetector(false_alarm_rate=1).restore_calibration(kept)


# How it is calibrated, on a detector whose scores are known.


def test_the_threshold_is_the_highest_score_that_keeps_the_rate_and_a_score_there_passes():
    detector = Brightness(false_alarm_rate=0.1).calibrate(flat(*np.linspace(0, 0.9, 19)))
    assert detector.threshold_ == pytest.approx(0.85)  # k = 0.1 * 20 = 2nd of 19
    x = flat(0.8, 0.85, 0.86, 1.0)
    assert detector.anomaly_score(x)[1] == detector.threshold_
    np.testing.assert_array_equal(detector.predict(x), [1, 1, -1, -1])
    np.testing.assert_array_equal(detector.detect(x).flagged, [False, False, True, True])


def test_the_pixel_threshold_is_a_quantile_of_clean_pixels():
    detector = Brightness(pixel_false_alarm_rate=0.25).calibrate(flat(*np.linspace(0, 1, 41)))
    assert detector.pixel_threshold_ == pytest.approx(0.75, abs=0.01)
    x = flat(0.5)
    x[0, 2, 3] = 1
    assert np.argwhere(detector.predict_mask(x)).tolist() == [[0, 2, 3]]
    assert not detector.detect(x).masks.any()  # the image as a whole is not flagged


@pytest.mark.parametrize("kind", ["position", "reconstruction", "patches", "fused"])
def test_the_realised_false_alarm_rate_is_what_chance_allows(kind):
    calibration = images(400, seed=1)
    detector = detectors()[kind].fit(images()).calibrate(calibration)
    realised = (detector.predict(images(400, seed=2)) == -1).mean()
    low, high = false_alarm_interval(0.05, len(detector.calibration_scores_), 400)
    assert low <= realised <= high


def test_a_calibration_can_be_kept_in_a_file_and_restored(detector, tmp_path):
    np.savez(tmp_path / "calibration.npz", **detector.calibration())
    other = clone(detector).fit(images())
    with np.load(tmp_path / "calibration.npz") as stored:
        assert other.restore_calibration(stored) is other
        assert other.threshold_ == detector.threshold_
        incomplete = {name: stored[name] for name in list(stored)[:-1]}
    for first, second in zip(other.detect(MIXED), detector.detect(MIXED), strict=True):
        np.testing.assert_array_equal(first, second)
    with pytest.raises(ValueError, match=r"calibration must hold \['.*'\]. Received: "):
        other.restore_calibration(incomplete)


def test_a_new_rate_takes_effect_when_the_calibration_is_restored():
    detector = Brightness().calibrate(images(100))
    detector.set_params(false_alarm_rate=0.5).restore_calibration(detector.calibration())
    assert detector.threshold_ == np.sort(detector.calibration_scores_)[-50]


# scikit-learn's conventions. Of its own checks, these need no two-dimensional X. The tests after
# them are equivalents on images of check_fit_idempotent, check_dict_unchanged,
# check_dont_overwrite_parameters, check_estimators_overwrite_params, check_readonly_memmap_input,
# check_estimators_fit_returns_self, check_fit_check_is_fitted, check_outliers_fit_predict and
# check_estimators_pickle; above are those of check_estimators_unfitted, check_param_validation,
# check_estimators_nan_inf, check_estimators_empty_data_messages, check_methods_subset_invariance,
# check_estimators_dtypes and check_n_features_in (`n_channels_in_`: height and width are free).
# Without equivalent: sparse, complex, object and data-frame input, one feature, feature names,
# sample weights, n_iter_, contamination, array API, set_output. After `fit` alone `predict` is
# refused, in contrast to scikit-learn: calibration needs other images.


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_mixin_order,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_set_params,
        estimator_checks.check_valid_tag_types,
    ],
)
def test_checks_of_scikit_learn_pass(kind, check):
    check(kind, detectors()[kind])


def test_fit_returns_the_detector_forgets_the_calibration_and_changes_no_setting(kind):
    x = images()
    detector = detectors()[kind].fit(x).calibrate(x)
    before = {name: id(value) for name, value in detector.get_params().items()}
    x.setflags(write=False)
    assert detector.fit(x, None, content=x) is detector
    assert {name: id(value) for name, value in detector.get_params().items()} == before
    check_is_fitted(detector)
    assert not [name for name in vars(detector) if "threshold" in name]
    for part in getattr(detector, "parts", {}).values():
        assert not [name for name in vars(part) if name.endswith("_")]


def test_fitting_and_calibrating_twice_is_fitting_and_calibrating_once(detector):
    again = clone(detector).fit(images(seed=5)).fit(images()).calibrate(images(60, seed=1))
    for first, second in zip(again.detect(MIXED), detector.detect(MIXED), strict=True):
        np.testing.assert_array_equal(first, second)


def test_nothing_changes_a_detector_that_is_asked_or_its_images(detector):
    before, x = dict(vars(detector)), MIXED.copy()
    x.setflags(write=False)
    detector.detect(x)
    assert vars(detector) == before
    np.testing.assert_array_equal(x, MIXED)


def test_fit_predict_flags_the_oddest_images_of_a_collection():
    x = flat(*np.linspace(0, 0.5, 59), 1)
    detector = Brightness()
    assert is_outlier_detector(detector)
    answers = detector.fit_predict(x)
    np.testing.assert_array_equal(answers, [1] * 58 + [-1, -1])  # a rate of .05: 3rd highest of 60
    np.testing.assert_array_equal(detector.predict(x), answers)


def test_a_clone_shares_networks_clones_detectors_and_has_learnt_nothing(detector):
    other = clone(detector)
    assert not [name for name in vars(other) if name.endswith("_")]
    for name, value in detector.get_params(deep=False).items():
        own = getattr(other, name)
        nested = isinstance(value, (dict, AnomalyDetector))
        assert (own is not value) if nested else (own is value)


def test_a_pickled_detector_answers_as_before(detector):
    again = pickle.loads(pickle.dumps(detector))
    np.testing.assert_allclose(again.detect(MIXED).scores, detector.detect(MIXED).scores, rtol=1e-6)


def test_a_repr_is_short_and_the_same_for_an_equal_detector(kind):
    text = repr(detectors()[kind])
    assert text == repr(detectors()[kind]) and len(text) <= 100 and "0x" not in text
    assert text.startswith(type(detectors()[kind]).__name__)


def test_images_are_checked_once_however_many_detectors_look_at_them(detector, monkeypatch):
    checked, check = [], hooks.check_images
    monkeypatch.setattr(hooks, "check_images", lambda x, **name: checked.append(x) or check(x))
    detector.detect(MIXED)
    assert len(checked) == 1
