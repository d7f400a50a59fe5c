"""What each kind of detector answers, by hand: scores, maps, surprisals, tiles, redrawn images."""

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
from styleguard_edu.networks import segmentation_network, style_generator
from styleguard_edu.thresholds import conformal_p_values, two_sided_p_values
from tests.small_detectors import Brightness, flat, half, images

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.exceptions import NotFittedError

ops, layers = keras.ops, keras.layers


class Contrast(AnomalyDetector):
    def _score_batch(self, images, content, maps):
        return images.std(axis=(1, 2, 3)), images.mean(axis=-1) if maps else None


def dots(*places, side=12, channels=1):
    """Black images with one white pixel each."""
    made = np.zeros((len(places), side, side, channels), np.float32)
    for image, (row, column) in zip(made, places, strict=True):
        image[row, column] = 1
    return made


def model(compute, shape=(None, None, 1)):
    """A network that computes what a function says."""
    x = keras.Input(shape)
    return keras.Model(x, compute(x), name="stub")


def identity(channels=1):
    return model(lambda x: x + 0.0, (None, None, channels))


# The discriminator.


def test_the_score_of_a_discriminator_is_minus_its_mean_logit():
    judge = model(lambda x: ops.mean(x, axis=(2, 3)), (8, 8, 1))
    scores = DiscriminatorDetector(judge).anomaly_score(flat(0.25, 1))
    np.testing.assert_allclose(scores, [-0.25, -1], rtol=1e-6)


def test_the_map_of_a_discriminator_is_the_smoothed_size_of_its_gradient():
    weights = -2 * dots((3, 4), side=8)
    judge = model(lambda x: ops.sum(x * weights, axis=(1, 2, 3))[:, None], (8, 8, 1))
    shown = DiscriminatorDetector(judge).anomaly_map(flat(0.1, 0.9))
    expected = gaussian_filter(np.abs(weights[..., 0]), (0, 1, 1))
    np.testing.assert_allclose(shown, np.repeat(expected, 2, axis=0), atol=1e-6)


# Reconstruction.


def test_a_reconstruction_scores_its_mean_squared_error_channel_by_channel():
    red = flat(0, channels=3) + np.float32([1, 0, 0])
    detector = ReconstructionDetector(half)
    np.testing.assert_allclose(detector.anomaly_score(flat(0.4, 1)), [0.04, 0.25], rtol=1e-6)
    np.testing.assert_allclose(detector.anomaly_score(red), [0.25 / 3], rtol=1e-6)


def test_the_map_of_a_reconstruction_is_its_smoothed_error():
    x = dots((2, 2))
    expected = gaussian_filter(0.5 * x[..., 0], (0, 1, 1))
    np.testing.assert_allclose(ReconstructionDetector(half).anomaly_map(x), expected, atol=1e-6)


def test_features_add_their_weighted_squared_distance():
    detector = ReconstructionDetector(half, features=model(lambda x: 3 * x), feature_weight=2)
    # pixels 0.2^2, features 2 * (3 * 0.2)^2
    assert detector.anomaly_score(flat(0.4))[0] == pytest.approx(0.04 + 2 * 0.36)


def test_a_reconstruction_may_look_at_the_content_and_must_keep_the_shape():
    copied = ReconstructionDetector(lambda images, content: content)
    assert copied.anomaly_score(flat(0.4), content=flat(0.4))[0] == 0
    words = r"reconstruct must return images of the same shape \(1, 8, 8, 3\). .*\(1, 8, 8, 1"
    with pytest.raises(ValueError, match=words):
        copied.anomaly_score(flat(0.4, channels=3), content=flat(0.4))


# Patches.


def test_one_feature_gives_the_distance_in_standard_deviations():
    # greys 0.2, 0.4, 0.6: mean 0.4, standard deviation 0.2
    detector = PatchDetector(identity(), shrinkage=0).fit(flat(0.2, 0.4, 0.6))
    np.testing.assert_allclose(detector.mean_, 0.4, rtol=1e-6)
    np.testing.assert_allclose(detector.anomaly_score(flat(0.4, 0.6, 1)), [0, 1, 9], atol=1e-3)
    np.testing.assert_allclose(detector.anomaly_map(flat(1)), 3, rtol=1e-3)


def test_the_distance_is_that_of_mahalanobis_at_each_place():
    train, x = images(50, 2, 3), images(4, 2, 3, seed=1)
    detector = PatchDetector(identity(3), shrinkage=0).fit(train)
    expected = np.zeros((4, 2, 2))
    for row, column in np.ndindex(2, 2):
        seen = train[:, row, column].astype(np.float64)
        strayed = x[:, row, column] - seen.mean(axis=0)
        inverse = np.linalg.inv(np.cov(seen.T))
        expected[:, row, column] = np.einsum("ni,ij,nj->n", strayed, inverse, strayed)
    np.testing.assert_allclose(detector.anomaly_map(x), np.sqrt(expected), rtol=0.01)
    np.testing.assert_allclose(detector.anomaly_score(x), expected.mean(axis=(1, 2)), rtol=0.02)


def test_few_or_constant_images_and_a_coarse_grid_give_finite_maps_of_the_images_size():
    deep = model(lambda x: layers.AveragePooling2D(4)(layers.Conv2D(20, 1)(x)))
    detector = PatchDetector(deep, shrinkage=0).fit(images(3, 16))
    assert detector.mean_.shape == (4, 4, 20)
    assert detector.anomaly_map(images(2, 16, seed=1)).shape == (2, 16, 16)
    scores = PatchDetector(identity()).fit(flat(0, 0, 0)).anomaly_score(flat(0, 1))
    assert scores[0] == 0 and 1000 < scores[1] < np.inf


def test_patches_need_two_images_to_fit_a_fit_to_score_and_the_size_of_the_fit():
    with pytest.raises(ValueError, match=r"images must hold at least 2.*Received: 1"):
        PatchDetector(identity()).fit(flat(0.5))
    with pytest.raises(NotFittedError, match=r"PatchDetector must be fitted first: call fit"):
        PatchDetector(identity()).calibrate(images())
    with pytest.raises(ValueError, match=r"size that the detector was fitted to.*\(1, 9, 9, 1\)"):
        PatchDetector(identity()).fit(images(5, 8)).anomaly_score(flat(0.5, side=9))


def test_what_patches_learnt_can_be_restored():
    first, x = PatchDetector(identity()).fit(images(5, 8)), images(2, 8, seed=1)
    again = PatchDetector(identity()).restore_fit(first.mean_, first.whitener_)
    np.testing.assert_array_equal(again.anomaly_score(x), first.anomaly_score(x))
    with pytest.raises(ValueError, match=r"mean and whitener must .*\(8, 8, 1\) and \(8, 8, 1\)"):
        again.restore_fit(first.mean_, first.mean_)


# Position.


@pytest.mark.parametrize("channels", [1, 3])
def test_a_position_scores_its_distance_from_the_middle_in_pixels(channels):
    detector, x = PositionDetector(), dots((6, 6), (6, 7), (3, 2), (9, 10), channels=channels)
    np.testing.assert_allclose(detector.anomaly_score(x), [0, 1, 5, 5])
    np.testing.assert_allclose(detector.anomaly_score(1 - x), [0, 1, 5, 5], atol=1e-6)
    np.testing.assert_array_equal(detector.anomaly_score(flat(0, 0.5, 1)), 0)
    shown = detector.anomaly_map(x)
    np.testing.assert_allclose(shown[:3], x[:3, ..., 0] * np.array([0, 1, 5]).reshape(3, 1, 1))


def test_moved_digits_are_found_by_their_position_alone():
    digits = load_digits("bundled", verbose=False)
    detector = PositionDetector().calibrate(digits.calibration.images)
    moved = np.roll(digits.test.images, (2, -2), axis=(1, 2))
    assert (detector.predict(moved) == -1).all()


# Segmentation.


def test_a_segmenter_gives_its_logits():
    network = model(lambda x: [10 * x - 5, 2 * ops.max(x, axis=(1, 2)), x + 0])
    detector = SegmentationDetector(network)
    assert detector.anomaly_score(flat(0.75))[0] == pytest.approx(1.5)
    np.testing.assert_allclose(detector.anomaly_map(flat(0.75)), 2.5)


def test_a_segmenter_with_two_inputs_compares_with_the_content_as_prepared():
    x, content = keras.Input((None, None, 1)), keras.Input((None, None, 1))
    strayed = ops.abs(x - content)
    network = keras.Model([x, content], [strayed, ops.max(strayed, axis=(1, 2)), x])
    asked = {"content": flat(0.5, 0.2)}
    for prepare, expected in ((None, [0, 0.3]), (half, [0.25, 0.25])):
        scores = SegmentationDetector(network, prepare=prepare).anomaly_score(
            flat(0.5, 0.5), **asked
        )
        np.testing.assert_allclose(scores, expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"content must be given.*Received: None"):
        SegmentationDetector(network).anomaly_score(flat(0.5))


def test_images_of_any_size_get_a_map_of_that_size():
    detector = SegmentationDetector(segmentation_network(width=2, depth=2))
    assert detector.anomaly_map(images(2, 14)[:, :13]).shape == (2, 13, 14)


# Several together.


def fused(**settings):
    return FusedDetector({"brightness": Brightness(), "contrast": Contrast()}, **settings)


def test_parts_and_sum_are_calibrated_on_disjoint_halves():
    x = images(80, 8)
    detector = fused().calibrate(x)
    for name, part in detector.parts.items():
        np.testing.assert_array_equal(
            detector.part_scores_[name], np.sort(part.anomaly_score(x[::2]))
        )
    np.testing.assert_allclose(detector.calibration_scores_, detector.anomaly_score(x[1::2]))


def test_the_fused_score_is_the_weighted_sum_of_the_surprisals_of_its_parts():
    x = images(5, 8, seed=1)
    detector = fused(weights={"contrast": 0.5}).calibrate(images(80, 8))
    found = detector.surprisals(x)
    total = found["brightness"] + 0.5 * found["contrast"]
    np.testing.assert_allclose(detector.anomaly_score(x), total)
    for name, surprisals in found.items():
        np.testing.assert_array_equal(detector.surprisal_of(name, x), surprisals)
    with pytest.raises(ValueError, match=r"name must be one of .*Received: 'nobody'"):
        detector.surprisal_of("nobody", x)


def test_low_scores_count_unless_the_part_is_one_sided():
    clean, dark = images(80, 8), flat(0)
    assert fused().calibrate(clean).surprisals(dark)["brightness"][0] > 3
    one_sided = fused(one_sided=["brightness"]).calibrate(clean)
    assert one_sided.surprisals(dark)["brightness"][0] == 0


@pytest.mark.parametrize(
    ("weights", "shown"), [(None, 0.8), ({"b": 1}, 0.4), ({"b": 3, "a": 0.5}, 1.6)]
)
def test_the_map_is_that_of_the_first_part_or_the_weighted_sum_of_those_asked_for(weights, shown):
    parts = {"a": Brightness(), "b": ReconstructionDetector(half)}
    detector = FusedDetector(parts, map_weights=weights).calibrate(images(60, 8))
    np.testing.assert_allclose(detector.anomaly_map(flat(0.8)), shown, rtol=1e-5)


def test_parts_given_fitted_need_no_fit_and_a_fit_leaves_them_as_they_are():
    part, x = PatchDetector(identity()).fit(images(30, 8)), images(60, 8, seed=1)
    detector = FusedDetector({"patches": part}).calibrate(x)
    mean = part.mean_
    detector.fit(x)
    assert part.mean_ is mean
    np.testing.assert_allclose(detector.parts_["patches"].mean_, x.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize(("n", "rate", "needed"), [(39, 0.05, 40), (100, 0.01, 198)])
def test_a_fused_detector_needs_images_for_both_halves(n, rate, needed):
    words = f"images must hold at least {needed} to calibrate on .*{rate}, half .*Received: {n}"
    with pytest.raises(ValueError, match=words):
        fused(false_alarm_rate=rate).calibrate(images(n, 8))


@pytest.mark.parametrize("method", ["anomaly_score", "anomaly_map", "surprisals"])
def test_a_fused_detector_has_no_scale_before_calibration(method):
    with pytest.raises(NotFittedError, match="FusedDetector must be calibrated first"):
        getattr(fused(), method)(flat(0.5))


# surprisal()


@pytest.mark.parametrize("two_sided", [False, True])
def test_surprisal_is_minus_the_logarithm_of_the_p_value_at_calibration_scores(two_sided):
    calibration = np.random.default_rng(0).normal(size=99)
    p_values = (two_sided_p_values if two_sided else conformal_p_values)(calibration, calibration)
    found = surprisal(calibration, calibration, two_sided=two_sided)
    np.testing.assert_allclose(found, -np.log(p_values), atol=1e-12)


def test_two_sided_surprisal_is_continuous_symmetric_and_grows_from_the_middle():
    calibration, scores = np.linspace(-1, 1, 101) ** 3, np.linspace(-3, 3, 60_001)
    found = surprisal(scores, calibration, two_sided=True)
    np.testing.assert_allclose(found, found[::-1], atol=1e-9)
    steps = np.diff(found[30_000:])
    assert found.min() == 0 and (steps >= 0).all() and steps.max() < 0.1


def test_beyond_the_highest_score_surprisal_grows_by_1_a_mean_excess():
    # the outermost 5 % of 0 ... 100 are 95 ... 100: mean excess 2.5
    np.testing.assert_allclose(np.diff(surprisal([100.0, 102.5, 105.0], np.arange(101.0))), 1)


def test_equal_calibration_scores_are_no_surprise_to_themselves():
    found = surprisal(np.array([0.4, 0.5, 0.6]), np.full(30, 0.5), two_sided=True)
    assert found[1] == 0
    assert (found[[0, 2]] > 100).all() and np.isfinite(found).all()


@pytest.mark.parametrize(
    ("scores", "calibration", "words"),
    [
        ([0.0], np.arange(19.0), r"calibration_scores must hold at least 20. Received: 19"),
        ([np.nan], np.arange(20.0), "^scores must be finite"),
        ([0.0], np.full(20, np.inf), "calibration_scores must be finite"),
    ],
)
def test_surprisal_refuses_too_few_and_not_finite_scores(scores, calibration, words):
    with pytest.raises(ValueError, match=words):
        surprisal(scores, calibration)


# Tiles.


def tiled(**settings):
    return TiledDetector(Brightness(), side=16, **settings)


def test_a_tile_scores_the_mean_of_its_highest_tenth_and_a_picture_its_worst_tile():
    x = flat(0, side=32)
    x[0, 0, :25] = 1  # the first 16 lie in the first tile: of 256, the highest 25 count
    np.testing.assert_allclose(tiled().tile_scores(x), [[[16 / 25, 9 / 25], [0, 0]]], rtol=1e-6)
    np.testing.assert_allclose(tiled().anomaly_score(x), [16 / 25], rtol=1e-6)


@pytest.mark.parametrize(
    ("height", "width", "grid"),
    [(32, 32, (2, 2)), (47, 33, (2, 2)), (48, 15, (3, 1)), (9, 100, (1, 6))],
)
def test_what_is_left_over_belongs_to_the_last_tile(height, width, grid):
    x = flat(0, side=100)[:, :height, :width]
    x[0, -1, -30:] = 1  # the lower right corner
    scores = tiled().tile_scores(x)
    assert scores.shape == (1, *grid)
    assert scores[0, -1, -1] > 0


def test_tiles_are_calibrated_one_by_one():
    detector, x = tiled().calibrate(images(10, 32)), images(2, 32, seed=1)
    assert len(detector.calibration_scores_) == 40
    scores = detector.tile_scores(x).max(axis=(1, 2))
    expected = conformal_p_values(scores, detector.calibration_scores_)
    np.testing.assert_array_equal(detector.p_value(x), expected)
    found = detector.detect(x)
    means = detector.tile_scores(x).mean(axis=(1, 2))
    np.testing.assert_allclose(detector.acceptance_scores(found), means)


def test_pixels_are_marked_in_flagged_tiles_only():
    detector = tiled(pixel_false_alarm_rate=0.1).calibrate(0.5 * images(20, 32))
    x = flat(0, side=32)
    x[0, 2:10, 20:28] = 1
    expected = x[..., 0] > 0
    x[0, 30, 2] = 1  # one bright pixel: above the pixel threshold, but its tile is not flagged
    np.testing.assert_array_equal(detector.predict_mask(x), expected)
    np.testing.assert_array_equal(detector.detect(x).masks, expected)


# Redrawing restyled images.


@pytest.fixture(scope="module")
def restyler():
    keras.utils.set_random_seed(1)
    generator = style_generator(3, width=4)
    for weight in generator.weights:  # so that untrained styles differ
        weight.assign(weight + 0.3 * keras.random.normal(weight.shape, seed=len(weight.shape)))
    # tells style k where the mean m of the image is nearest to k / 2: 2 m l - l^2 is highest there
    levels = np.array([0, 0.5, 1])
    mean = layers.GlobalAveragePooling2D()
    classifier = model(lambda x: layers.Dense(3)(mean(x)), (28, 28, 3))
    classifier.layers[-1].set_weights([np.tile(2 * levels / 3, (3, 1)), -(levels**2)])
    return SameStyleRestyling(generator, np.eye(3), classifier)


def test_an_image_is_drawn_again_in_the_style_that_the_classifier_tells(restyler):
    content = images(5, channels=3, seed=1)
    shown = np.ones_like(content) * np.float32([0, 0.5, 0.5, 0.9, 0.9]).reshape(5, 1, 1, 1)
    np.testing.assert_array_equal(restyler.styles(shown), [0, 1, 1, 2, 2])
    codes = np.eye(3, dtype=np.float32)[[0, 1, 1, 2, 2]]
    expected = restyler.generator([content, codes], training=False).numpy()
    np.testing.assert_allclose(restyler(shown, content), expected, atol=1e-5)
    grey = content[..., :1]
    np.testing.assert_array_equal(restyler(shown, grey), restyler(shown, grey.repeat(3, axis=-1)))


def test_a_restyled_image_scores_0_and_a_damaged_one_more(restyler):
    content = images(2, seed=1)
    drawn = restyler(images(2, channels=3), content)
    damaged = drawn.copy()
    damaged[1, 5:12, 5:12] = 1 - damaged[1, 5:12, 5:12]
    scores = RestylingDetector(restyler).anomaly_score(damaged, content=content)
    assert scores[0] == pytest.approx(0, abs=1e-6)
    assert scores[1] == pytest.approx(1 - ssim(damaged[1:], drawn[1:])[0], abs=1e-6)
    assert scores[1] > 0.01


@pytest.mark.parametrize("codes", [np.eye(2), np.ones(3), np.ones((2, 3))])
def test_codes_are_rows_that_the_generator_takes_one_a_style_of_the_classifier(restyler, codes):
    with pytest.raises(ValueError, match=r"codes must have shape \(3, 3\).*Received: shape"):
        SameStyleRestyling(restyler.generator, codes, restyler.classifier)


class TwoPainters:
    """Repaints a picture dark or bright, and remembers how often."""

    names = ("dark", "bright")

    def __init__(self):
        self.painted = 0

    def transfer(self, picture, name):
        self.painted += 1
        return picture * np.float32(0.5) + np.float32(0.5 * (name == "bright"))


def test_a_photo_is_painted_again_in_the_style_that_comes_nearest():
    photos = images(2, 40, channels=3)[:, :, :36]
    pictures = np.stack([0.5 * photos[0] + 0.45, 0.4 * photos[1]])
    again = NearestRepainting(TwoPainters())
    assert again.styles(pictures, photos) == ["bright", "dark"]
    both = again.beside(pictures, photos)
    np.testing.assert_array_equal(both[..., :3], photos)
    expected = [0.5 * photos[0] + 0.5, 0.5 * photos[1]]
    np.testing.assert_allclose(both[..., 3:], expected)
    np.testing.assert_array_equal(again(pictures, photos), both[..., 3:])
    grey = again(pictures, photos[..., :1])
    np.testing.assert_array_equal(grey, again(pictures, photos[..., :1].repeat(3, axis=-1)))


def test_a_photo_is_painted_once_however_often_it_is_looked_at():
    again, photos = NearestRepainting(TwoPainters(), side=16), images(7, 32, channels=3)
    first = again(0.5 * photos, photos)
    assert again.style.painted == 21  # each photo small in two styles, and once as it is
    np.testing.assert_array_equal(again(0.5 * photos[::-1], photos[::-1])[::-1], first)
    assert again.style.painted == 21


def test_what_cannot_be_painted_again_is_refused_by_the_callers_names(restyler):
    photos = images(2, 20, channels=3)
    for again in (NearestRepainting(TwoPainters()), restyler):
        with pytest.raises(ValueError, match=r"content must be given.*Received: None"):
            again(photos, None)
        with pytest.raises(ValueError, match=r"images must be in colour, of shape \(1, 20, 20"):
            again(photos, photos[:1])
    with pytest.raises(ValueError, match=r"images must have at least 16 pixels.*Received: 8"):
        NearestRepainting(TwoPainters())(photos[:, :8], photos[:, :8])
    with pytest.raises(ValueError, match=r"restyle must return images of the same shape \(2, 20"):
        RestylingDetector(lambda images, content: images[:1]).anomaly_score(photos)
