from styleguard_edu.backend import keras, tf
from styleguard_edu.models import GAN, gradient_penalty
from styleguard_edu.networks import digit_generator
from tests.small_models import DIGITS, only_bias, restarted, same, weights

import numpy as np
import pytest

IMAGES = np.random.default_rng(0).random((8, 28, 28, 1)).astype(np.float32)


@pytest.mark.parametrize("role", ["discriminator", "generator"])
def test_each_half_step_teaches_its_own_network_alone(role):
    gan = restarted("gan")

    def learnt():
        networks = gan.discriminator, gan.generator
        return [[np.array(v) for v in network.trainable_variables] for network in networks]

    before = learnt()
    if role == "discriminator":
        gan.discriminator_step(tf.constant(IMAGES))
    else:
        gan.generator_step(8)
    moved = [not same(*pair) for pair in zip(before, learnt(), strict=True)]
    assert moved == [role == "discriminator", role == "generator"]


def test_the_loss_of_an_undecided_discriminator_is_2_log_2():
    gan = restarted("gan")
    gan.discriminator.set_weights([0 * w for w in weights(gan.discriminator)])
    assert float(gan.discriminator_step(tf.constant(IMAGES))) == pytest.approx(2 * np.log(2))


def test_a_strong_penalty_flattens_the_discriminator():
    slopes = []
    for weight in (0.0, 10.0):
        gan = restarted("gan", r1_weight=weight, r1_every=1)
        for _ in range(5):
            gan.discriminator_step(tf.constant(IMAGES))
        slopes.append(float(gradient_penalty(gan.discriminator, tf.constant(IMAGES))))
    assert slopes[1] < slopes[0]


def test_the_seed_fixes_the_noise_of_training():
    runs = []
    for seed in (1, np.int64(1), 2):
        start = restarted("gan")
        gan = GAN(start.generator, start.discriminator, seed=seed)
        gan.compile(run_eagerly=True)
        gan.generator_step(8)
        runs.append(weights(gan.generator))
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


def test_fit_reports_beliefs_that_are_probabilities():
    history = restarted("gan").fit(IMAGES, batch_size=8, verbose=0).history
    assert all(0 <= belief <= 1 for belief in history["d_real"] + history["d_fake"])


def test_a_sample_is_in_the_convention_and_repeats_with_its_seed():
    gan = restarted("gan")
    first, again, other = (gan.sample(np.int64(5), seed=seed) for seed in (3, np.int64(3), 4))
    assert first.shape == (5, 28, 28, 1)
    assert first.dtype == np.float32
    assert 0 <= first.min() <= first.max() <= 1
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_sample_is_drawn_by_the_EMA_generator_as_it_is_now():
    gan = restarted("gan")
    only_bias(gan.generator, 0.25)
    for grey in (0.75, 0.5):
        only_bias(gan.ema_generator, grey)
        np.testing.assert_allclose(gan.sample(3, seed=0), grey, atol=1e-6)


def test_networks_that_do_not_fit_are_refused():
    flat = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    with pytest.raises(ValueError, match=r"discriminator must take .*\(28, 28, 1\)"):
        GAN(digit_generator(4, width=4), keras.Sequential(flat))


@pytest.mark.parametrize("n", [0, -1, 1.5, "3", None])
def test_sample_refuses_a_count_that_is_none(n):
    with pytest.raises(ValueError, match="n must be a whole number"):
        restarted("gan").sample(n)


def test_half_steps_count_and_average_as_a_whole_step_does():
    whole, halves = [], []
    for result, halved in ((whole, False), (halves, True)):
        gan = restarted("gan")
        if halved:
            gan.discriminator_step(tf.constant(DIGITS[:8]))
            gan.generator_step(8)
        else:
            gan.train_step(tf.constant(DIGITS[:8]))
        result.extend(weights(gan))
    assert same(whole, halves)
