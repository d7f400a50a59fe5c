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
from styleguard_edu.networks import digit_generator

import numpy as np
import pytest

layers = keras.layers


def dense(weights, shape_in, shape_out):
    """x W in another shape, so that every answer is known by hand."""
    weights = np.asarray(weights, np.float32)
    flat = layers.Dense(weights.shape[1], use_bias=False)
    network = keras.Sequential(
        [keras.Input(shape_in), layers.Flatten(), flat, layers.Reshape(shape_out)]
    )
    flat.set_weights([weights])
    return network


def dense_generator():
    """z_1 is the upper row of a 2x2 image, z_2 the lower."""
    return dense([[1, 1, 0, 0], [0, 0, 1, 1]], (2,), (2, 2, 1))


def dense_encoder(weights):
    return dense(weights, (2, 2, 1), (2,))


def dense_discriminator(slope):
    """A logit of ``slope`` times the first pixel."""
    return dense([[slope], [0], [0], [0]], (2, 2, 1), (1,))


BLIND = np.zeros((4, 2))  # an encoder that always guesses z = 0


def corrector(**settings):
    settings = {"steps": 200, "prior_weight": 0.0, "dilation": 0, "feather": 0.0, **settings}
    return LatentCorrector(dense_generator(), dense_encoder(BLIND), **settings)


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
    lazy = LatentCorrector(dense_generator(), dense_encoder(guess), steps=0, feather=0)
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
    alone = corrector(steps=5).correct(images[270:], masks[270:])
    assert (alone != images[270:]).any()
    together = corrector(steps=5).correct(images, masks)
    np.testing.assert_allclose(together[270:], alone, atol=1e-6)


@pytest.mark.parametrize("kind", [Occlusion(local=True), BlockLoss(local=True)])
def test_holes_in_digits_are_filled_better_than_from_neighbours(kind):
    generator = load_checkpoint("digit_gan").networks["generator"]
    encoder = load_checkpoint("digit_detector").networks["encoder"]
    digits = load_digits("bundled", verbose=False).test.images[:40]
    images, masks, _ = kind(digits, rng=0)
    both = LatentCorrector(generator, encoder, dilation=0), NeighbourCorrector(dilation=0)
    latent, neighbour = (psnr(one.correct(images, masks), digits).mean() for one in both)
    assert latent > neighbour + 1


# Refinement.


def refine(z, **settings):
    return refine_latents(dense_generator(), dense_discriminator(3.0), z, **settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # the gradient of D(G(z)) is (3, 0): z + 0.1 (3 - 1, 0 - 2)
        ({}, [1.2, 1.8]),
        ({"weight": 2.0}, [1.5, 1.8]),
        ({"prior": 0.0, "steps": 2}, [1.6, 2.0]),
    ],
)
def test_cold_steps_follow_the_equation(settings, expected):
    moved = refine([[1.0, 2.0]], **{"steps": 1, "step_size": 0.1, "temperature": 0, **settings})
    np.testing.assert_allclose(moved, [expected], atol=1e-6)


def test_the_walk_draws_from_the_tilted_prior():
    # density exp(-|z|^2 / 2 + 3 z_1): normal, of mean (3, 0) and variance 1
    moved = refine(np.zeros((4000, 2)), steps=80, step_size=0.1)
    np.testing.assert_allclose(moved.mean(axis=0), [3, 0], atol=0.08)
    np.testing.assert_allclose(moved.var(axis=0), [1, 1], atol=0.12)


def test_the_same_seed_gives_the_same_walk():
    z = np.zeros((2, 2))
    np.testing.assert_array_equal(refine(z, seed=4), refine(z, seed=4))
    assert (refine(z, seed=4) != refine(z, seed=5)).all()


def test_other_networks_and_new_weights_count_at_once():
    generator, first, cold = (
        dense_generator(),
        dense_discriminator(3.0),
        {"temperature": 0, "steps": 1},
    )
    for discriminator, slope in ((first, 3.0), (dense_discriminator(-1.0), -1.0), (first, 6.0)):
        discriminator.layers[1].set_weights([np.array([[slope], [0], [0], [0]])])
        moved = refine_latents(generator, discriminator, [[0.0, 0.0]], step_size=0.1, **cold)
        np.testing.assert_allclose(moved, [[0.1 * slope, 0]], atol=1e-6)


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
    for steps in ([], [3, 2], [-1], [1.5]):
        with pytest.raises(ValueError, match="steps must be whole numbers >= 0 that rise"):
            corrector().project(images, masks, steps)
