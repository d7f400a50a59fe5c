import random
import time
import warnings
from functools import cache

from recipes._photo_views import stacked
from recipes.detecting_photos import photo_anomalies
from recipes.detecting_restyled import random_codes, restyle_codes
from recipes.painting import measured_photos
from styleguard_edu import load_checkpoint, load_digits, load_guard
from styleguard_edu.anomalies import Noise
from styleguard_edu.backend import keras
from styleguard_edu.guard import GUARDS
from styleguard_edu.metrics import roc_auc
from styleguard_edu.models import load_painter
from styleguard_edu.networks import segment
from styleguard_edu.thresholds import false_alarm_interval

import numpy as np
import pytest


@pytest.fixture(scope="module")
def bundled():
    return load_digits("bundled", verbose=False)


@pytest.fixture(autouse=True)
def use_the_bundled_digits(monkeypatch):
    monkeypatch.setenv("STYLEGUARD_DIGITS", "bundled")


@cache
def guard(domain):
    """For tests that only ask it."""
    return load_guard(domain, source="bundled")


@pytest.fixture(scope="module")
def painted():
    """A photo in a painter's style, and the photo itself."""
    photo = measured_photos()["coffee"][:128, :192]
    painter = load_painter("paintings")
    return stacked([(painter.transfer(photo, painter.names[0], seed=5), photo)])


def test_the_guard_of_digits_keeps_its_promise_on_digits_it_has_not_seen(bundled):
    detector = guard("digits").detector
    images = bundled.test.images
    low, high = false_alarm_interval(0.05, len(detector.calibration_scores_), len(images))
    assert low <= np.mean(detector.predict(images) == -1) <= high


def test_the_guard_of_digits_was_calibrated_on_the_calibration_split(bundled):
    detector, images = guard("digits").detector, bundled.calibration.images
    known = {"": detector.calibration_scores_, **detector.part_scores_}
    again = {"": detector.anomaly_score(images[1::2])}
    again |= {name: part.anomaly_score(images[::2]) for name, part in detector.parts.items()}
    for name, scores in again.items():
        np.testing.assert_allclose(np.sort(known[name]), np.sort(scores), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(
    ("domain", "source"),
    [("digits", None), ("restyled_digits", "bundled"), ("photos", "mnist")],
)
def test_loading_a_guard_neither_warns_nor_touches_the_global_random_states(domain, source):
    def drawn():
        return random.random(), np.random.random(), float(keras.random.uniform(()))

    keras.utils.set_random_seed(0)
    expected = drawn()
    keras.utils.set_random_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        load_guard(domain, source=source)
    assert drawn() == expected


def test_the_guard_of_digits_asks_its_networks_without_normalisation(bundled):
    shipped = load_checkpoint("digit_detector").networks["segmenter"]
    used = guard("digits").correctors["restoration"].network
    assert used is guard("digits").detector.parts["segmentation"].network
    assert not any(isinstance(x, keras.layers.BatchNormalization) for x in used.layers)
    images = Noise(std=0.3)(bundled.test.images[:8], rng=0).images
    for mine, theirs in zip(segment(used, images), segment(shipped, images), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-3)


def test_the_guard_of_restyled_digits_finds_damage_and_the_wrong_content():
    plain = load_digits("bundled", verbose=False).test.images[:60]
    generator = load_checkpoint("style_digits").networks["generator"]
    images = restyle_codes(generator, plain, random_codes(60, np.random.default_rng(0)))
    noisy = Noise(std=0.3)(images, rng=0).images
    score = guard("restyled_digits").detector.anomaly_score
    for damaged, content in ((noisy, plain), (images, plain[::-1])):
        scores = score(images, content=plain), score(damaged, content=content)
        assert roc_auc(*scores) > 0.95


def test_the_guard_of_photos_marks_the_damaged_part_of_a_picture_by_the_other_painter(painted):
    pictures, content = painted
    damaged = photo_anomalies(2)["occlusion"](pictures, rng=0, content=content)
    maps = guard("photos").detector.anomaly_map(damaged.images, content=content)
    assert maps[damaged.masks].mean() > maps[~damaged.masks].mean()


@pytest.mark.perf
@pytest.mark.parametrize("domain", GUARDS)
def test_a_guard_is_loaded_within_5_seconds(domain):
    started = time.process_time()
    load_guard(domain)
    assert time.process_time() - started < 5


def test_a_guard_calibrated_on_other_digits_than_those_in_use_has_its_own_threshold_and_warns():
    with pytest.warns(UserWarning, match="calibrated on the mnist digits"):
        other = load_guard("digits", source="mnist").detector
    assert other.threshold_ != guard("digits").detector.threshold_


def test_a_corrected_photo_is_judged_by_the_mean_of_its_tiles(painted):
    detector, (pictures, content) = guard("photos").detector, painted
    found = detector.detect(pictures, content=content)
    tiles = detector.tile_scores(pictures, content=content)
    assert tiles.shape == (1, 2, 3)
    scores = detector.acceptance_scores(found)
    np.testing.assert_allclose(scores, tiles.mean())
    assert scores < found.scores


def test_unknown_domains_and_sources_are_refused():
    with pytest.raises(ValueError, match=r"domain must be one of .*Received: 'cats'"):
        load_guard("cats")
    with pytest.raises(ValueError, match=r"source must be .*Received: 'auto'"):
        load_guard("digits", source="auto")
