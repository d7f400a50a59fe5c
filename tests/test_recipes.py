from styleguard_edu import recipes
from styleguard_edu.backend import keras
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.gan import GAN
from styleguard_edu.networks import digit_discriminator, digit_generator

import numpy as np
import pytest

IMAGES = np.random.default_rng(0).random((32, 28, 28, 1)).astype("float32")


@pytest.fixture(scope="module")
def judge():
    return load_checkpoint("digit_judge")


def small_gan(seed=0):
    keras.utils.set_random_seed(seed)
    gan = GAN(digit_generator(4, width=4), digit_discriminator(width=2), seed=seed)
    gan.compile()
    return gan


def test_snapshot_steps_rise_from_0_to_the_last():
    steps = recipes.snapshot_steps(20_000)
    assert steps[0] == 0
    assert steps[-1] == 20_000
    assert steps == sorted(set(steps))
    assert 20 <= len(steps) <= 24


def test_an_interrupted_training_goes_on_as_if_nothing_had_happened(judge, tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "MEASURED", 200)
    monkeypatch.setattr(recipes, "COMPARED", 100)
    monkeypatch.setattr(recipes, "UNFINISHED", tmp_path / "straight")
    straight = recipes.train_with_snapshots(
        small_gan(), IMAGES, judge, [0, 3, 6], 8, seed=0, name="trial"
    )
    monkeypatch.setattr(recipes, "UNFINISHED", tmp_path / "halves")
    recipes.train_with_snapshots(small_gan(), IMAGES, judge, [0, 3], 8, seed=0, name="trial")
    resumed = recipes.train_with_snapshots(
        small_gan(seed=9), IMAGES, judge, [0, 3, 6], 8, seed=0, name="trial"
    )
    again = recipes.train_with_snapshots(
        small_gan(), IMAGES, judge, [0, 3, 6], 8, seed=0, name="trial"
    )
    np.testing.assert_array_equal(again["samples"], resumed["samples"])
    np.testing.assert_array_equal(resumed["steps"], [0, 3, 6])
    np.testing.assert_allclose(
        straight["samples"].astype(int), resumed["samples"].astype(int), atol=1
    )
    np.testing.assert_allclose(straight["frechet_distance"], resumed["frechet_distance"], rtol=1e-2)


def test_noise_is_judged_worse_than_the_reference_generator(judge, monkeypatch):
    monkeypatch.setattr(recipes, "MEASURED", 1000)
    reference = load_checkpoint("digit_gan").networks["generator"]
    good = recipes.measure_generator(reference, judge, compared=500)
    bad = recipes.measure_generator(digit_generator(64, width=4), judge, compared=500)
    assert good["frechet_distance"] < 0.1 * bad["frechet_distance"]
    assert good["precision"] > bad["precision"]
    assert good["recall"] > bad["recall"]


def test_an_unknown_recipe_is_refused_with_the_known_names(capsys):
    with pytest.raises(SystemExit):
        recipes.main(["digit_gn"])
    assert "digit_judge" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["digit_judge", "digit_gan", "digit_gan_bundled"])
def test_every_reference_checkpoint_has_a_recipe_and_a_card(name):
    assert name in recipes.RECIPES
    card = load_checkpoint(name).card
    assert {"recipe", "data", "settings", "minutes", "metrics", "sha256"} <= set(card)


def test_the_reference_checkpoints_reach_what_the_course_promises():
    judge = load_checkpoint("digit_judge").card["metrics"]
    gan = load_checkpoint("digit_gan").card["metrics"]
    assert judge["accuracy_mnist_test"] >= 0.99
    assert judge["accuracy_bundled_test"] >= 0.93
    assert gan["frechet_distance"] <= 4
    assert gan["commonest_digit"] <= 1.5
    assert gan["rarest_digit"] >= 1 / 1.5
