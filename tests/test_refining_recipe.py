from recipes import refining
from styleguard_edu.backend import keras
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.correctors import generator_parts
from styleguard_edu.networks import digit_discriminator, digit_generator

import numpy as np
import pytest

IMAGES = np.random.default_rng(0).random((16, 28, 28, 1), np.float32)
Z = np.random.default_rng(1).standard_normal((20, 4), np.float32)


def walks(*steps):
    return [{**w, "steps": k} for w, k in zip(refining.EARLY_WALKS, steps, strict=True)]


@pytest.fixture
def networks():
    keras.utils.set_random_seed(0)
    return digit_generator(4, width=4), digit_discriminator(width=2)


def test_a_critic_learns_and_leaves_the_networks_as_they_are(networks):
    before = [weight.copy() for network in networks for weight in network.get_weights()]
    critic = refining.train_critic(*networks, IMAGES, steps=3, learning_rate=1e-2, batch_size=8)
    after = [weight for network in networks for weight in network.get_weights()]
    for now, then in zip(after, before, strict=True):
        np.testing.assert_array_equal(now, then)
    learnt = zip(critic.get_weights(), networks[1].get_weights(), strict=True)
    assert all((new != old).any() for new, old in learnt)


def test_with_no_steps_the_refined_images_are_those_of_the_generator(networks):
    generator, critic = networks
    parts = generator_parts(generator, refining.STAGE)
    images = refining.refine(generator, parts, critic, Z, walks(0, 0))
    np.testing.assert_allclose(images, generator(Z, training=False), atol=1e-6)


@pytest.mark.parametrize("steps", [(1, 0), (0, 1)])
def test_either_walk_changes_the_images(networks, steps):
    generator, critic = networks
    parts = generator_parts(generator, refining.STAGE)
    images = refining.refine(generator, parts, critic, Z, walks(*steps))
    assert np.abs(images - generator(Z, training=False)).max() > 1e-6


def test_what_is_drawn_anew_passes_and_the_rest_stays(networks):
    generator, critic = networks
    redrawn = refining._redrawn(generator, critic, Z, 25, np.random.default_rng(2))
    before, after = (
        critic(generator(z, training=False), training=False).numpy()[:, 0] for z in (Z, redrawn)
    )
    threshold = np.percentile(before, 25)
    stay = before >= threshold
    np.testing.assert_array_equal(redrawn[stay], Z[stay])
    assert (redrawn[~stay] != Z[~stay]).all()
    assert after.min() >= threshold - 1e-6


def test_the_summary_is_the_mean_over_seeds_and_the_range():
    rows = [
        {"frechet_distance": distance, "precision": 0.5, "recall": recall}
        for distance, recall in ((2.0, 0.6), (4.0, 0.8))
    ]
    summary = refining._summary(rows)
    assert summary.pop("range") == [2.0, 4.0]
    assert summary == pytest.approx({"frechet_distance": 3.0, "precision": 0.5, "recall": 0.7})


def test_every_way_is_compared(networks):
    table = refining.compare(*networks, walks(1, 1), seeds=(1,), measured=20)
    redrawn = [f"redrawn_{share}" for share in refining.REDRAWN]
    assert list(table) == ["raw", *redrawn, "refined", "redrawn_and_refined"]
    assert all(row["frechet_distance"] > 0 for row in table.values())


@pytest.mark.parametrize(("part", "left"), [("early", 0.40), ("reference", 0.75)])
def test_refining_lowers_the_distance_as_promised_and_more_than_redrawing(part, left):
    table = load_checkpoint("digit_gan_early").card["metrics"][part]
    raw, refined = table["raw"], table["refined"]
    assert refined["frechet_distance"] <= left * raw["frechet_distance"]
    assert refined["recall"] >= raw["recall"] - 0.01
    others = [table[f"redrawn_{share}"]["frechet_distance"] for share in refining.REDRAWN]
    assert refined["frechet_distance"] < min(others)
