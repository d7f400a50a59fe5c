from recipes import improving
from styleguard_edu.backend import keras
from styleguard_edu.models import GAN
from styleguard_edu.networks import digit_discriminator, digit_generator

import numpy as np
import pytest

REAL, OTHER = np.random.default_rng(0).random((2, 8, 28, 28, 1), np.float32)


def small(share=None, eagerly=True):
    """A tiny GAN, always with the same weights; a plain one without a share."""
    keras.utils.set_random_seed(0)
    networks = digit_generator(4, width=4), digit_discriminator(width=2)
    gan = (
        GAN(*networks, seed=1)
        if share is None
        else improving.TaughtGAN(*networks, share=share, seed=1)
    )
    gan.compile(*(keras.optimizers.SGD(0.1) for _ in range(2)), run_eagerly=eagerly)
    return gan


def weights(gan):
    return np.concatenate([w.ravel() for w in gan.discriminator.get_weights()])


def test_without_a_share_it_learns_as_a_plain_gan():
    plain, control = small(), small(share=0.0)
    for _ in range(2):
        plain.train_on_batch(REAL)
        control.train_on_batch((REAL, OTHER))
    np.testing.assert_allclose(weights(control), weights(plain), atol=1e-6)
    assert int(control.steps) == 2


def test_the_discriminator_learns_to_call_the_others_fake():
    taught, control = small(share=0.5), small(share=0.0)
    for _ in range(4):
        taught.train_on_batch((REAL, OTHER))
        control.train_on_batch((REAL, OTHER))
    verdicts = [
        gan.discriminator(OTHER, training=False).numpy().mean() for gan in (taught, control)
    ]
    assert verdicts[0] < verdicts[1]


@pytest.mark.parametrize("refined", [False, True])
def test_it_goes_on_with_damaged_or_with_refined_images(refined):
    gan = small(share=0.5, eagerly=refined)
    before = weights(gan)
    improving.go_on(gan, REAL, OTHER, 2, refined=refined, seed=0, batch_size=4)
    assert int(gan.steps) == 2 and (weights(gan) != before).any()


def test_the_state_of_a_plain_gan_is_taken_up(tmp_path):
    first, gan = small(), small(share=0.5)
    first.train_on_batch(REAL)
    first.save_weights(tmp_path / "state.weights.h5")
    gan.load_weights(tmp_path / "state.weights.h5")
    np.testing.assert_array_equal(weights(gan), weights(first))
    assert int(gan.steps) == 1


def test_a_measure_is_told_by_its_mean_and_its_range():
    rows = [{"recall": 0.5}, {"recall": 0.7}, {"recall": 0.9}]
    assert improving._summary(rows) == {"recall": pytest.approx([0.7, 0.5, 0.9])}
