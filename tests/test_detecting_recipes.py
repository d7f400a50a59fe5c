from types import SimpleNamespace

from recipes import _damage_training as training
from recipes import _detection_tables as tables
from recipes import _formless as formless
from recipes import _photo_views as views
from recipes import _snapshots, correcting, detecting, restyling
from recipes import detecting_photos as photos
from recipes import detecting_restyled as restyled
from recipes._snapshots import made_once
from styleguard_edu import load_checkpoint, load_result
from styleguard_edu.anomalies import GROUPS, Noise, Occlusion, Shift, benchmark_anomalies
from styleguard_edu.anomalies import Brightness as Exposure
from styleguard_edu.backend import keras
from styleguard_edu.datasets import load_digits
from styleguard_edu.detectors import AnomalyDetector, SegmentationDetector
from styleguard_edu.metrics import psnr, roc_auc
from styleguard_edu.networks import (
    digit_discriminator,
    digit_generator,
    run_network,
    segment,
    segmentation_network,
    style_classifier,
)
from styleguard_edu.networks.detectors import RESTORER
from styleguard_edu.styles import STYLES, render_style
from tests.small_models import same, weights

import numpy as np
import pytest


def squares(rng, n):
    """Clean images: a grey square on black, anywhere."""
    images = np.zeros((n, 16, 16, 1), np.float32)
    for image, (top, left) in zip(images, rng.integers(2, 8, (n, 2)), strict=True):
        image[top : top + 6, left : left + 6] = 0.6
    return training.Clean(images)


class Brightness(AnomalyDetector):
    """Score: the mean; map: the pixels."""

    def _score_batch(self, images, content, maps):
        return images.mean(axis=(1, 2, 3)), images[..., 0] if maps else None


def calibrated():
    clean = squares(np.random.default_rng(0), 200).images
    return Brightness().calibrate(clean)


def test_a_segmenter_is_shown_each_grey_kind_at_five_severities_whole_and_local():
    kinds = training.training_kinds()
    assert len(kinds) == 27 * 5 * 2
    assert {kind.severity for kind in kinds} == {1, 2, 3, 4, 5}
    assert not any(kind.colour_only or kind.needs_content for kind in kinds)
    assert len(training.training_kinds(colour=True)) == 29 * 5 * 2


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_that_is_left_out_is_not_shown(group):
    assert group not in {kind.group for kind in training.training_kinds(without=group)}


def test_a_third_of_the_damage_is_of_no_kind_where_that_is_asked_for():
    for kinds in (training.training_kinds(), training.training_kinds(without="blur")):
        more = formless.with_formless(kinds)
        assert more[: len(kinds)] == kinds
        assert {kind.name for kind in more[len(kinds) :]} == {"foreign_patches", "tone_curve"}
        assert abs(len(more) - len(kinds) - len(kinds) / 2) <= 10  # half of the 20 in a round


def test_foreign_patches_cover_a_share_and_leave_the_rest():
    images = load_digits("bundled", verbose=False).train.images[:200]
    shares = []
    for severity in (1, 3, 5):
        kind = formless.ForeignPatches(severity=severity)
        damaged = kind(images, rng=0)
        changed = damaged.masks.mean(axis=(1, 2))
        assert changed.max() < kind.share + 0.2  # the rims, where a patch is half there
        shares.append(changed.mean())
        np.testing.assert_array_equal(damaged.images, kind(images, rng=0).images)
    assert shares[0] < shares[1] < shares[2]
    # a patch of the very same tone cannot be seen, its negative can
    flat = np.full((40, 16, 16, 1), 0.2, np.float32)
    damaged = formless.ForeignPatches()(flat, rng=0)
    assert 5 < (damaged.labels < 0).sum() < 35
    assert damaged.images.min() >= 0.2 - 1e-6


def test_a_tone_curve_makes_of_each_tone_another_one():
    images = np.tile(np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8, 1), (30, 1, 1, 1))
    slight, gross = (formless.ToneCurve(bend=bend)(images, rng=0).images for bend in (0.2, 1.0))
    assert np.abs(slight - images).max() <= 0.2 + 1e-6
    assert np.abs(gross - images).max() > 0.5
    twice = np.concatenate([images, images[:, ::-1]], axis=1)  # a tone stands twice in the image
    curved = formless.ToneCurve()(twice, rng=0).images
    np.testing.assert_array_equal(curved[:, :8], curved[:, :7:-1])


def test_a_segmenter_is_trained_on_the_kinds_first_and_then_on_damage_of_no_kind_too(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shown = []

    def note(network, clean, kinds, **settings):
        assert clean(np.random.default_rng(0), 3).images.shape == (3, 28, 28, 1)
        shown.append(({kind.name for kind in kinds}, settings["steps"], settings["learning_rate"]))

    monkeypatch.setattr(detecting, "train_segmenter", note)
    monkeypatch.setattr(detecting, "training_digits", lambda: np.zeros((5, 28, 28, 1), np.float32))
    detecting.digit_segmenter(steps=30, learning_rate=3e-3, without="blur")
    (first, steps, rate), (second, more_steps, less_rate) = shown
    assert second - first == {"foreign_patches", "tone_curve"} and first < second
    assert not first & set(GROUPS["blur"])
    assert (steps, more_steps) == (30, 10) and rate == 3e-3 and less_rate == pytest.approx(1e-3)
    detecting.digit_segmenter(steps=30, learning_rate=3e-3, without="blur")
    assert len(shown) == 2  # both are kept


SHORT = {"learning_rate": 1e-2, "batch_size": 16, "pool": 320}


def layers_of(network, names):
    """The weights of some layers, copied."""
    return [w for name in names for w in weights(network.get_layer(name))]


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    return segmentation_network(width=4, depth=1)


def test_a_segmenter_learns_to_tell_damage_to_find_its_place_and_to_restore(network):
    dark = Exposure(amount=0.5)
    training.train_segmenter(network, squares, [Noise(std=0.3), dark], steps=120, **SHORT)
    clean = squares(np.random.default_rng(1), 50).images
    damaged = Occlusion(side=1)(clean, rng=0)  # never shown, and hardly there
    noisy = Noise(std=0.3, local=True)(clean, rng=0)
    detector = SegmentationDetector(network)
    scores = [detector.anomaly_score(images) for images in (clean, noisy.images)]
    assert roc_auc(*scores) > 0.9
    maps = detector.anomaly_map(noisy.images)
    assert maps[noisy.masks].mean() > maps[~noisy.masks].mean()
    assert roc_auc(scores[0], detector.anomaly_score(damaged.images)) < 0.9
    assert left_of(dark, network) < 0.5


def left_of(kind, network):
    """The share of some damage that is left after correction."""
    clean = squares(np.random.default_rng(1), 50).images
    damaged = kind(clean, rng=0).images
    restored = np.clip(segment(network, damaged)[2], 0, 1)
    return np.abs(restored - clean).mean() / np.abs(damaged - clean).mean()


def test_a_network_learns_to_restore_alone(network):
    others = [layer.name for layer in network.layers if layer.name not in RESTORER]
    before, kind = layers_of(network, others), Exposure(amount=0.5)
    training.train_restorer(network, squares, [kind], steps=80, **SHORT)
    assert same(before, layers_of(network, others))
    assert all(layer.trainable for layer in network.layers)
    assert left_of(kind, network) < 0.7


def test_images_that_were_moved_are_not_to_be_corrected_pixel_by_pixel(network):
    clean, rng = squares(np.random.default_rng(0), 50), np.random.default_rng(1)
    inputs, answers = training._damaged_pool(network, clean, [Shift(pixels=3.0)], rng, 0.3)
    np.testing.assert_array_equal(answers[2], inputs[0])
    assert answers[1].any() and not np.array_equal(inputs[0], clean.images)


def test_what_the_network_corrected_itself_is_damaged_only_where_it_is_still_wrong():
    clean, rng = squares(np.random.default_rng(0), 200), np.random.default_rng(1)
    network = segmentation_network(width=2)  # untrained: it leaves all as it is
    kinds = [Occlusion(side=6)]
    (images,), (masks, broken, wanted) = training._damaged_pool(network, clean, kinds, rng, 0.3)
    np.testing.assert_array_equal(wanted, clean.images)
    wrong = np.abs(images - clean.images)[..., 0] > training.STILL_WRONG
    assert not (wrong & ~masks[..., 0]).any()  # what is far off is always marked
    np.testing.assert_array_equal(broken[:, 0], masks.mean(axis=(1, 2, 3)) > 0)
    assert broken.mean() == pytest.approx(training.DAMAGED_SHARE, abs=0.01)


def test_damaged_and_clean_pixels_weigh_alike_up_to_a_bound():
    masks = np.zeros((4, 10, 10, 1), bool)
    masks[1, :2, :5] = masks[2, 0, 0] = masks[3] = True
    weights = training.pixel_weights(masks)
    np.testing.assert_array_equal(weights[[0, 3]], 0.5)
    assert weights[1][masks[1]].sum() == pytest.approx(50)  # half of 100 pixels
    assert weights[1][~masks[1]].sum() == pytest.approx(50)
    assert weights[2, 0, 0, 0] == training.MOST_WEIGHT  # not 50


def test_a_localiser_learns_where_and_leaves_the_rest_of_the_network_alone(network):
    kinds, rest = [Occlusion(side=4)], ("image_logit", *RESTORER)
    before = layers_of(network, rest)
    training.train_localiser(network, squares, kinds, steps=70, damaged_share=0.8, **SHORT)
    hidden = kinds[0](squares(np.random.default_rng(1), 50).images, rng=0)
    maps = SegmentationDetector(network).anomaly_map(hidden.images)
    assert roc_auc(maps[~hidden.masks], maps[hidden.masks]) > 0.9
    assert same(before, layers_of(network, rest))


def test_a_classifier_learns_to_tell_styles_through_damage():
    keras.utils.set_random_seed(0)
    shown = squares(np.random.default_rng(0), 300).images
    tints = np.array([[1, 0.2, 0.2], [0.2, 1, 0.2], [0.2, 0.2, 1]], np.float32)
    styles = np.arange(300) % 3
    clean = training.Clean(shown * tints[styles][:, np.newaxis, np.newaxis])
    classifier = style_classifier(3, width=8)
    kinds = [Noise(std=0.3), Occlusion(side=6)]
    training.train_style_classifier(
        classifier, clean, styles, kinds, passes=8, learning_rate=1e-2, batch_size=16
    )
    damaged = kinds[0](clean.images, rng=5).images
    told = run_network(classifier, images=damaged).argmax(axis=1)
    assert np.mean(told == styles) > 0.95


def test_the_guard_of_digits_is_calibrated_on_the_calibration_splits_alone(monkeypatch):
    def split():
        return SimpleNamespace(images=np.zeros((1, 28, 28, 1), np.float32))

    seen, nothing = [], SimpleNamespace(mean_=0, whitener_=0)
    splits = {
        source: SimpleNamespace(train=split(), calibration=split(), test=split())
        for source in detecting.SOURCES
    }
    detector = SimpleNamespace(calibrate=seen.append, calibration=dict)
    for name, answer in {
        "load_digits": lambda source, verbose: splits[source],
        "digit_segmenter": lambda *_, **__: (None, 0.0),
        "made_once": lambda *_, **__: (None, 0.0),
        "PatchDetector": lambda features: SimpleNamespace(fit=lambda images: nothing),
        "GUARDS": {"digits": SimpleNamespace(build=lambda checkpoint: (detector, None))},
        "detection_table": lambda *_: {},
        "save_with_card": lambda *_, **__: None,
    }.items():
        monkeypatch.setattr(detecting, name, answer)
    detecting.train_digit_detector()
    wanted = [splits[source].calibration.images for source in detecting.SOURCES]
    assert all(one is other for one, other in zip(seen, wanted, strict=True))


def test_some_digits_are_resampled_and_stay_clean():
    digits = load_digits("bundled", verbose=False).train.images[:200]
    shown = detecting._some_resampled(digits, np.random.default_rng(0))
    strayed = np.abs(shown - digits).max(axis=(1, 2, 3))
    assert np.mean(strayed > 0) == pytest.approx(detecting.RESAMPLED_SHARE, abs=0.1)
    assert np.median(psnr(shown[strayed > 0], digits[strayed > 0])) > 25


def test_a_network_is_trained_once_for_its_settings_and_what_it_was_made_from(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    hashes, trained = {"generator.keras": "12ab"}, []
    monkeypatch.setattr(_snapshots, "verified_card", lambda name: {"sha256": hashes})

    def made(rate):
        def train():
            trained.append(1)
            return segmentation_network(width=2)

        return made_once("small", train, settings={"rate": rate}, made_from=["painter"])

    (first, seconds), (second, again) = made(0.003), made(0.003)
    assert len(trained) == 1 and seconds == again >= 0
    assert same(weights(first), weights(second))
    (clock,) = tmp_path.rglob("*.seconds")
    clock.unlink()  # interrupted between the two files: begin anew
    made(0.003)
    assert len(trained) == 2
    made(0.001)
    assert len(trained) == 3
    hashes["generator.keras"] = "34cd"
    made(0.003)
    assert len(trained) == 4
    hashes["generator.keras"] = "12ab"
    made(0.003)
    assert len(trained) == 4


def test_the_encoder_learns_to_find_z_and_leaves_the_gan_alone():
    keras.utils.set_random_seed(0)
    generator, discriminator = digit_generator(4, width=4), digit_discriminator(width=2)
    z = np.random.default_rng(0).standard_normal((64, 4)).astype(np.float32)
    images = generator.predict(z, verbose=0)
    before = weights(generator) + weights(discriminator)
    settings = {"steps": 90, "learning_rate": 3e-3, "batch_size": 32}
    encoder = training.train_encoder(generator, discriminator, images, **settings)
    again = generator.predict(encoder.predict(images, verbose=0), verbose=0)
    assert np.mean((again - images) ** 2) < images.var(axis=0).mean() / 2  # one z for all leaves 1
    assert generator.trainable and discriminator.trainable
    assert same(before, weights(generator) + weights(discriminator))


def test_detection_is_measured_against_the_same_images_clean():
    clean = squares(np.random.default_rng(1), 100).images
    table = tables.measure_detection(calibrated(), clean, {"noise": Noise(std=0.3)})
    assert table["noise"] == {"auroc": 1.0, "tpr": 1.0}  # noise on black only adds light
    assert table["clean"]["false_alarm_rate"] == 0.0  # all clean ones are equally bright


def test_localisation_is_measured_on_the_masks():
    clean = np.full((4, 16, 16, 1), 0.2, np.float32)
    kinds = {"occlusion": Occlusion(side=4)}
    bright = kinds["occlusion"](clean, rng=0)
    expected = 1.0 if bright.images.max() > 0.2 else 0.0  # the patch is brighter, or darker
    found = tables.measure_localisation(calibrated(), clean, kinds)["occlusion"]
    assert found["pixel_auroc"] == pytest.approx(expected)
    assert found["average_precision"] >= bright.masks.mean() or expected == 0
    assert 0 <= found["iou"] <= 1


def test_true_renderings_are_in_the_style_of_each_code():
    digits = load_digits("bundled", verbose=False).test.images[:7]
    codes = np.array([1, 0, 2, 2, 3, 1, 6])
    truth = restyling.true_renderings(digits, codes)
    np.testing.assert_array_equal(truth[1], digits[1].repeat(3, axis=-1))  # plain
    np.testing.assert_array_equal(truth[6:], render_style(digits[6:], STYLES[5]))
    np.testing.assert_array_equal(truth[[0, 5]], render_style(digits[[0, 5]], STYLES[0]))


def test_styles_are_drawn_at_random_and_never_plain():
    drawn = np.bincount(restyled.random_codes(600, np.random.default_rng(0)))
    assert drawn[0] == 0 and len(drawn) == len(STYLES) + 1 and (drawn[1:] > 60).all()


def test_failures_are_the_tenth_furthest_from_the_truth():
    truth = np.random.default_rng(0).random((40, 28, 28, 3)).astype(np.float32) * 0.5
    made = truth.copy()
    made[:4, 8:20, 8:20] += 0.4  # brighter, so that this detector finds them
    detector = Brightness().calibrate(truth)
    found = restyled.measure_failures(detector, made, truth, truth[..., :1])
    assert found["auroc"] == 1.0
    assert found["found"] == 1.0
    assert found["flagged"] == pytest.approx(0.1, abs=0.03)
    assert found["worst_ssim"] < found["mean_ssim"] < 1
    assert found["pixel_auroc"] > 0.9


def test_crops_of_what_is_seen_together_show_the_same_place():
    picture = np.random.default_rng(0).random((120, 130, 3)).astype(np.float32)
    seen = [(picture, picture / 2, picture / 4)]
    crops, content, beside = views.random_crops(np.random.default_rng(0), seen, 8)
    assert crops.shape == (8, views.CROP, views.CROP, 3)
    np.testing.assert_allclose(content, crops / 2)
    np.testing.assert_allclose(beside, np.concatenate([crops / 2, crops / 4], axis=-1))


class Painter:
    """Paints everything in its own grey."""

    names = ("soft", "hard")

    def __init__(self, grey):
        self.grey = grey

    def transfer(self, photo, name, seed=0):
        return np.full_like(photo, self.grey)


def test_each_scene_is_seen_in_every_style_by_every_maker():
    scenes = [np.zeros((8, 8, 3), np.float32), np.ones((8, 8, 3), np.float32)]
    seen = list(views.views_of(scenes, [Painter(0.25), Painter(0.5)], Painter(0.75)))
    assert [float(picture[0, 0, 0]) for picture, _, _ in seen] == [0.25, 0.5] * 4
    assert [float(scene[0, 0, 0]) for _, scene, _ in seen] == [0.0] * 4 + [1.0] * 4
    assert all((expected == 0.75).all() for _, _, expected in seen)


def test_a_network_with_own_statistics_forgets_those_of_training():
    keras.utils.set_random_seed(0)
    network = segmentation_network(**photos.SHAPE)
    rng = np.random.default_rng(0)
    shown = [rng.random((2, 16, 16, c)).astype(np.float32) for c in (3, 6)]
    batch = network([part[:1] for part in shown], training=True)  # one picture: its own statistics
    own = photos.with_own_statistics(network)
    for one, other in zip(own([part[:1] for part in shown]), batch, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    alone, beside = own([part[:1] for part in shown]), own(shown)
    np.testing.assert_allclose(alone[0][0], beside[0][0], atol=1e-5)


def test_the_digit_detectors_reach_what_the_course_promises():
    metrics = load_checkpoint("digit_detector").card["metrics"]["mnist"]
    assert metrics["mean"]["auroc"] >= 0.985
    assert metrics["mean"]["tpr"] >= 0.90
    assert metrics["mean"]["pixel_auroc"] >= 0.97
    assert min(row["auroc"] for row in metrics.values() if "auroc" in row) >= 0.85


def test_the_detector_of_today_finds_what_the_card_says():
    card = load_checkpoint("digit_detector").card["metrics"]["bundled"]
    detector = correcting.reference_guard("digits", "bundled").detector
    digits = load_digits("bundled", verbose=False).test.images
    kinds = {name: benchmark_anomalies()[name] for name in ("occlusion", "shear")}
    table = tables.detection_table(detector, digits, kinds)
    for name in ("clean", *kinds):
        for key, value in card[name].items():
            assert table[name][key] == pytest.approx(value, abs=0.006)


def test_each_family_belongs_to_one_group():
    by_group = [tables.families_of(group, colour=True) for group in GROUPS]
    assert sum(map(len, by_group)) == 29
    assert {name for part in by_group for name in part} == set(benchmark_anomalies(colour=True))
    grey, all_of_them = (tables.families_of("structural", colour=c) for c in (False, True))
    assert len(all_of_them) - len(grey) == 2


def test_damage_of_a_kind_never_shown_is_found_as_promised():
    groups = load_result("digit_detector_held_out").card["metrics"]
    assert set(groups) == set(GROUPS)
    rows = {name: row for table in groups.values() for name, row in table.items()}
    areas = [row["auroc"] for name, row in rows.items() if name not in ("clean", "mean")]
    assert len(areas) == 27
    assert np.mean(areas) >= 0.96 and min(areas) >= 0.85


def test_real_failures_of_the_restyling_networks_are_found_as_promised():
    metrics = load_checkpoint("restyled_digit_detector").card["metrics"]["mnist"]
    assert metrics["generator"]["auroc"] >= 0.90
    assert metrics["snapshot_1000"]["auroc"] >= 0.97
    assert metrics["snapshot_300"]["auroc"] >= 0.97
    assert metrics["mean"]["auroc"] >= 0.985


def test_damage_of_restyled_digits_of_a_kind_never_shown_is_found():
    groups = load_result("restyled_digit_detector_held_out").card["metrics"]
    assert set(groups) == set(GROUPS)
    areas = [row["auroc"] for table in groups.values() for row in table.values() if "tpr" in row]
    assert len(areas) == 29 + len(GROUPS)  # with the mean of each group
    assert np.mean(areas) >= 0.95


def test_finding_goes_on_with_more_of_what_is_hard_to_find():
    plain, more = photos.finding_kinds(0), photos.finding_kinds(3)
    every = photos.photo_anomalies(1)
    assert {type(kind) for kind in plain} == {type(kind) for kind in every.values()}
    assert more[: len(plain)] == plain and len(more) == len(plain) + 3 * 3 * len(photos.HARD)
    assert {type(kind) for kind in more[len(plain) :]} == {type(every[n]) for n in photos.HARD}
    assert all(kind.local for kind in more[len(plain) :])


def test_damage_in_photos_by_the_other_painter_is_localised():
    metrics = load_checkpoint("photo_detector").card["metrics"]
    assert metrics["pixel_auroc"] >= 0.95
    assert all(metrics[name] >= 0.75 for name in photos.photo_anomalies(1))
