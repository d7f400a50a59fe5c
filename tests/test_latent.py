from styleguard_edu.anomalies import BlockLoss, Occlusion
from styleguard_edu.backend import keras, tf
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.correctors import (
    LatentCorrector,
    NeighbourCorrector,
    generator_parts,
    refine_latents,
)
from styleguard_edu.datasets import load_digits
from styleguard_edu.metrics import psnr
from styleguard_edu.networks import digit_discriminator, digit_generator

import numpy as np
import pytest

layers = keras.layers


def dense_generator(weights):
    """G(z) = z W as a 2x2 image, so that every answer is known by hand."""
    weights = np.asarray(weights, np.float32)
    z = keras.Input((len(weights),))
    flat = layers.Dense(4, use_bias=False)
    generator = keras.Model(z, layers.Reshape((2, 2, 1))(flat(z)))
    flat.set_weights([weights])
    return generator


def dense_encoder(weights):
    weights = np.asarray(weights, np.float32)
    images = keras.Input((2, 2, 1))
    dense = layers.Dense(weights.shape[1], use_bias=False)
    encoder = keras.Model(images, dense(layers.Flatten()(images)))
    dense.set_weights([weights])
    return encoder


def dense_discriminator(slope):
    """A logit of ``slope`` times the first pixel."""
    images = keras.Input((2, 2, 1))
    dense = layers.Dense(1, use_bias=False)
    discriminator = keras.Model(images, dense(layers.Flatten()(images)))
    dense.set_weights([np.array([[slope], [0], [0], [0]], np.float32)])
    return discriminator


TWO_ROWS = [[1, 1, 0, 0], [0, 0, 1, 1]]  # z_1 is the upper row, z_2 the lower
BLIND = np.zeros((4, 2))  # an encoder that always guesses z = 0


def corrector(**settings):
    settings = {"steps": 200, "prior_weight": 0.0, "dilation": 0, "feather": 0.0, **settings}
    return LatentCorrector(dense_generator(TWO_ROWS), dense_encoder(BLIND), **settings)


def image(*pixels):
    return np.array(pixels, np.float32).reshape(1, 2, 2, 1)


def mask(*pixels):
    return np.array(pixels, bool).reshape(1, 2, 2)


# Correction.


def test_a_marked_pixel_becomes_what_the_generator_draws_beside_the_others():
    corrected = corrector().correct(image(0.8, 0.0, 0.3, 0.3), mask(0, 1, 0, 0))
    np.testing.assert_allclose(corrected, image(0.8, 0.8, 0.3, 0.3), atol=1e-3)


def test_what_was_under_the_mask_plays_no_part():
    marked = mask(0, 1, 0, 0)
    first = corrector().correct(image(0.8, 0.0, 0.3, 0.3), marked)
    second = corrector().correct(image(0.8, 1.0, 0.3, 0.3), marked)
    np.testing.assert_array_equal(first, second)


def test_where_all_is_marked_all_pixels_count():
    corrected = corrector().correct(image(0.8, 0.4, 0.2, 0.0), mask(1, 1, 1, 1))
    np.testing.assert_allclose(corrected, image(0.6, 0.6, 0.1, 0.1), atol=1e-3)


def test_with_no_steps_the_encoder_s_guess_is_drawn():
    guess = [[0, 0], [0, 0], [1, 0], [0, 1]]  # z = the lower row
    lazy = LatentCorrector(dense_generator(TWO_ROWS), dense_encoder(guess), steps=0, feather=0)
    drawn = lazy.project(image(0.1, 0.2, 0.3, 0.4), mask(0, 0, 0, 0), [0])
    np.testing.assert_allclose(drawn[0], image(0.3, 0.3, 0.4, 0.4), atol=1e-6)


def test_the_prior_draws_towards_zero():
    # (z_1 - 1)^2 / 2 + (z_2 - 1)^2 / 2 + (z_1^2 + z_2^2) / 2 is least at 1/2
    pulled = corrector(prior_weight=1.0)
    drawn = pulled.project(image(1, 1, 1, 1), mask(0, 0, 0, 0), [200])
    np.testing.assert_allclose(drawn[0], image(0.5, 0.5, 0.5, 0.5), atol=1e-3)


def test_the_images_on_the_way_come_in_the_order_of_the_steps():
    way = corrector().project(image(1, 1, 1, 1), mask(0, 0, 0, 0), [0, 3, 200])
    assert way.shape == (3, 1, 2, 2, 1)
    assert way[0].max() == 0 and 0 < way[1].min() < 0.9 < way[2].min()


def test_an_image_is_corrected_alike_alone_and_among_many():
    rng = np.random.default_rng(0)
    images, masks = rng.random((300, 2, 2, 1), np.float32), rng.random((300, 2, 2)) < 0.4
    masks[270] = mask(1, 0, 0, 0)
    few = corrector(steps=5)
    together = few.correct(images, masks)
    alone = few.correct(images[270:271], masks[270:271])
    assert (alone != images[270]).any()
    np.testing.assert_allclose(together[270:271], alone, atol=1e-6)


def test_the_generator_is_left_as_it_is():
    keras.utils.set_random_seed(0)
    generator = digit_generator(4, width=2)
    before = [weight.copy() for weight in generator.get_weights()]
    images = np.random.default_rng(0).random((3, 28, 28, 1), np.float32)
    flat = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(4)])
    LatentCorrector(generator, flat, steps=2).correct(images, images[..., 0] > 0.5)
    for now, then in zip(generator.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("kind", [Occlusion(local=True), BlockLoss(local=True)])
def test_holes_in_digits_are_filled_better_than_from_neighbours(kind):
    generator = load_checkpoint("digit_gan").networks["generator"]
    encoder = load_checkpoint("digit_detector").networks["encoder"]
    digits = load_digits("bundled", verbose=False).test.images[:40]
    images, masks, _ = kind(digits, rng=0)
    latent, neighbour = (
        psnr(corrector.correct(images, masks), digits).mean()
        for corrector in (
            LatentCorrector(generator, encoder, dilation=0),
            NeighbourCorrector(dilation=0),
        )
    )
    assert latent > neighbour + 1


@pytest.mark.parametrize("steps", [[], [3, 2], [-1], [1.5]])
def test_steps_on_the_way_must_rise(steps):
    with pytest.raises(ValueError, match="steps must"):
        corrector().project(image(1, 1, 1, 1), mask(0, 0, 0, 0), steps)


# Refinement.


def refine(z, **settings):
    networks = dense_generator(TWO_ROWS), dense_discriminator(3.0)
    return refine_latents(*networks, z, **settings)


def test_one_cold_step_is_the_equation():
    # gradient of D(G(z)) is (3, 0): z + 0.1 (3 - 1, 0 - 2)
    moved = refine([[1.0, 2.0]], steps=1, step_size=0.1, temperature=0)
    np.testing.assert_allclose(moved, [[1.2, 1.8]], atol=1e-6)


def test_the_weight_scales_the_discriminator_s_part():
    moved = refine([[1.0, 2.0]], steps=1, step_size=0.1, temperature=0, weight=2.0)
    np.testing.assert_allclose(moved, [[1.5, 1.8]], atol=1e-6)


def test_without_a_prior_only_the_discriminator_pulls():
    moved = refine([[1.0, 2.0]], steps=2, step_size=0.1, temperature=0, prior=0.0)
    np.testing.assert_allclose(moved, [[1.6, 2.0]], atol=1e-6)


def test_the_walk_draws_from_the_tilted_prior():
    # density exp(-|z|^2 / 2 + 3 z_1): normal, of mean (3, 0) and variance 1
    moved = refine(np.zeros((4000, 2)), steps=80, step_size=0.1)
    np.testing.assert_allclose(moved.mean(axis=0), [3, 0], atol=0.08)
    np.testing.assert_allclose(moved.var(axis=0), [1, 1], atol=0.12)


def test_latents_are_kept_after_each_number_of_steps_asked_for():
    z = np.random.default_rng(0).standard_normal((300, 2))
    kept = refine(z, steps=(0, 2, 5))
    assert (kept.shape, kept.dtype) == ((3, 300, 2), np.float32)
    np.testing.assert_array_equal(kept[0], z.astype(np.float32))
    np.testing.assert_array_equal(kept[1], refine(z, steps=2))
    np.testing.assert_array_equal(kept[2], refine(z, steps=5))


def test_the_same_seed_gives_the_same_walk():
    z = np.zeros((2, 2))
    np.testing.assert_array_equal(refine(z, seed=4), refine(z, seed=4))
    assert (refine(z, seed=4) != refine(z, seed=5)).all()


def test_other_networks_are_not_taken_for_those_before():
    generator, z = dense_generator(TWO_ROWS), [[0.0, 0.0]]
    for slope in (3.0, -1.0):
        networks = generator, dense_discriminator(slope)
        moved = refine_latents(*networks, z, steps=1, step_size=0.1, temperature=0)
        np.testing.assert_allclose(moved, [[0.1 * slope, 0]], atol=1e-6)


def test_new_weights_of_a_network_count_at_once():
    discriminator, z = dense_discriminator(3.0), [[0.0, 0.0]]
    networks, cold = (dense_generator(TWO_ROWS), discriminator), {"temperature": 0, "steps": 1}
    before = refine_latents(*networks, z, **cold)
    discriminator.set_weights([2 * weight for weight in discriminator.get_weights()])
    np.testing.assert_allclose(refine_latents(*networks, z, **cold), 2 * before, atol=1e-6)


def test_images_look_more_real_to_a_discriminator_of_digits():
    keras.utils.set_random_seed(0)
    generator, discriminator = digit_generator(4, width=4), digit_discriminator(width=2)
    z = np.random.default_rng(0).standard_normal((20, 4))
    kept = refine_latents(
        generator, discriminator, z, steps=(0, 5), step_size=0.05, temperature=0, weight=100.0
    )
    logits = [discriminator(generator(tf.constant(part), training=False)) for part in kept]
    assert float(tf.reduce_mean(logits[1] - logits[0])) > 0


def test_noise_does_not_repeat_latents_drawn_with_the_same_seed():
    z = np.random.default_rng(0).standard_normal((500, 2))
    settings = {"steps": 1, "step_size": 0.1, "weight": 0.0, "seed": 0}
    noise = refine(z, **settings) - refine(z, **settings, temperature=0)
    assert abs(np.corrcoef(noise.ravel(), z.ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("stage", [0, 1, -1])
def test_the_parts_of_a_generator_draw_what_it_draws(stage):
    keras.utils.set_random_seed(0)
    generator = digit_generator(4, width=4)
    lower, upper = generator_parts(generator, stage)
    z = tf.random.normal((3, 4), seed=0)
    drawn = upper(lower(z, training=False), training=False)
    np.testing.assert_allclose(drawn, generator(z, training=False), atol=1e-6)


def test_hidden_values_can_be_refined():
    keras.utils.set_random_seed(0)
    lower, upper = generator_parts(digit_generator(4, width=4), 1)
    discriminator = digit_discriminator(width=2)
    hidden = lower(tf.random.normal((3, 4), seed=0), training=False)
    settings = {"step_size": 1.0, "prior": 0.0, "temperature": 0.0}
    moved = refine_latents(upper, discriminator, hidden, steps=4, **settings)
    assert moved.shape == hidden.shape
    before, after = (discriminator(upper(part, training=False)) for part in (hidden, moved))
    assert (after > before).numpy().all()


def test_a_stage_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"one of the 3 ReLU layers\. Received: 3"):
        generator_parts(digit_generator(4, width=4), 3)


def test_a_walk_that_leaves_the_numbers_is_an_error():
    with pytest.raises(FloatingPointError, match="z must stay finite"):
        refine([[1.0, 1.0]], steps=60, step_size=1e3)


@pytest.mark.parametrize(
    ("setting", "value"), [("step_size", 0), ("weight", -1), ("temperature", -1), ("steps", -1)]
)
def test_a_setting_out_of_range_is_refused_by_name(setting, value):
    with pytest.raises(ValueError, match=rf"{setting} must .* Received: {value}"):
        refine([[0.0, 0.0]], **{setting: value})


@pytest.mark.parametrize("z", [[0.0, 0.0, 0.0], [[0.0, 0.0, 0.0]], np.zeros((0, 2)), [[np.nan, 0]]])
def test_latents_that_do_not_fit_are_refused(z):
    with pytest.raises(ValueError, match="z must be"):
        refine(z)


def test_project_takes_what_correct_takes_and_refuses_the_same():
    images, masks = image(0.1, 0.2, 0.3, 0.4), mask(0, 0, 0, 0)
    expected = corrector().project(images, masks, [0, 2])
    lists = corrector().project(images.astype(np.float64), masks.tolist(), [0, 2])
    np.testing.assert_array_equal(lists, expected)
    with pytest.raises(TypeError, match="masks must hold True"):
        corrector().project(images, masks.astype(int), [0])
