import pickle
from functools import cache

from styleguard_edu.backend import keras
from styleguard_edu.correctors import (
    CentreCorrector,
    Corrector,
    LatentCorrector,
    MedianCorrector,
    NeighbourCorrector,
    RealignCorrector,
    RestorationCorrector,
    RestyleCorrector,
)
from styleguard_edu.detectors import PositionDetector
from styleguard_edu.guard import StyleGuard
from styleguard_edu.images import sharpen
from styleguard_edu.networks import segmentation_network

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils import estimator_checks

layers = keras.layers


def noise(n=3, height=12, width=10, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n, height, width, channels), dtype=np.float32)


def one_pixel(n=3, height=12, width=10):
    """Masks with the pixel in row 5, column 4 marked."""
    masks = np.zeros((n, height, width), bool)
    masks[:, 5, 4] = True
    return masks


def some_masks(n=3, height=12, width=10, share=0.1, seed=1):
    return np.random.default_rng(seed).random((n, height, width)) < share


@cache
def negative_network(**settings):
    """Restores every image to its negative."""
    network = segmentation_network(width=2, **settings)
    for name, value in (("gain", -2.0), ("offset", 1.0)):
        layer = network.get_layer(name)
        kernel, bias = layer.get_weights()
        layer.set_weights([np.zeros_like(kernel), np.full_like(bias, value)])
    return network


@cache
def flat_networks():
    """A generator of 12 x 10 pixels from two numbers, and an encoder."""
    keras.utils.set_random_seed(0)
    generator = [keras.Input((2,)), layers.Dense(120, "sigmoid"), layers.Reshape((12, 10, 1))]
    encoder = [keras.Input((12, 10, 1)), layers.Flatten(), layers.Dense(2)]
    return keras.Sequential(generator), keras.Sequential(encoder)


def brightness(images, content):
    return images.mean(axis=(1, 2, 3))


def negative(images, content):
    return 1 - images


class White(Corrector):
    """A corrector whose answer is known."""

    def _propose(self, images, masks, content):
        return np.ones_like(images)


# The contract: every corrector keeps it.

MAKERS = {
    "neighbour": NeighbourCorrector,
    "median": MedianCorrector,
    "white": White,
    "restyle": lambda **settings: RestyleCorrector(negative, **settings),
    "restoration": lambda **settings: RestorationCorrector(negative_network(), **settings),
    "latent": lambda **settings: LatentCorrector(*flat_networks(), steps=2, **settings),
    "realign": lambda **settings: RealignCorrector(brightness, **settings),
    "centre": CentreCorrector,
}
LOCAL = {name: make for name, make in MAKERS.items() if name not in ("realign", "centre")}
every_corrector = pytest.mark.parametrize("make", [*MAKERS.values()], ids=[*MAKERS])
every_local_one = pytest.mark.parametrize("make", [*LOCAL.values()], ids=[*LOCAL])


def a_guard():
    return StyleGuard(PositionDetector().calibrate(noise(30)), MedianCorrector())


@pytest.mark.parametrize("make", [*MAKERS.values(), a_guard], ids=[*MAKERS, "guard"])
@pytest.mark.parametrize(
    "check",
    [
        *("check_estimator_cloneable", "check_estimator_repr", "check_get_params_invariance"),
        *("check_mixin_order", "check_no_attributes_set_in_init", "check_set_params"),
        *("check_parameters_default_constructible", "check_valid_tag_types"),
    ],
)
def test_scikit_learns_checks_that_need_no_table_pass(make, check):
    estimator = make()
    getattr(estimator_checks, check)(type(estimator).__name__, estimator)


@every_corrector
def test_clones_and_pickles_answer_alike_and_share_no_more_than_networks(make):
    corrector, images, masks = make(strength=0.5), noise(), some_masks()
    expected = corrector.correct(images, masks)
    twin = clone(corrector)
    assert twin is not corrector and twin.get_params() == corrector.get_params()
    np.testing.assert_array_equal(twin.correct(images, masks), expected)
    thawed = pickle.loads(pickle.dumps(corrector))
    np.testing.assert_allclose(thawed.correct(images, masks), expected, atol=1e-6)


@every_corrector
def test_the_repr_is_short_and_the_same_in_every_run(make):
    own = ", steps=2" * isinstance(make(), LatentCorrector)
    assert repr(make(strength=0.5)) == f"{type(make()).__name__}(strength=0.5{own})"


@every_corrector
@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"masks": np.zeros((3, 12, 10))}, TypeError, "masks must hold True .*dtype float64"),
        ({"masks": np.zeros((3, 12, 9), bool)}, ValueError, r"masks must be .*\(3, 12, 9\)"),
        ({"images": noise() + 1}, ValueError, "images must lie in"),
        ({"content": noise(2)}, ValueError, r"as many images as images.*Received: \(2, 12, 10\)"),
    ],
)
def test_arrays_are_checked(make, wrong, error, words):
    with pytest.raises(error, match=words):
        make().correct(**{"images": noise(), "masks": one_pixel(), **wrong})


@every_corrector
def test_results_are_images_and_the_input_is_left_alone(make):
    images, masks = noise(), some_masks()
    before = images.copy()
    corrected = make().correct(images, masks)
    assert (corrected.shape, corrected.dtype) == (images.shape, np.float32)
    assert corrected.min() >= 0 and corrected.max() <= 1
    np.testing.assert_array_equal(images, before)


@every_corrector
def test_an_image_is_corrected_the_same_whatever_else_is_in_the_batch(make):
    images, masks = noise(), some_masks()
    together = make().correct(images, masks)
    np.testing.assert_allclose(together[2:], make().correct(images[2:], masks[2:]), atol=1e-5)


@every_local_one
def test_outside_the_dilated_mask_every_bit_is_kept(make):
    images, masks = noise(), some_masks()
    corrector = make(dilation=1, feather=2.0)
    corrected = corrector.correct(images, masks)
    outside = ~corrector.region(masks)
    assert outside.any() and (corrected != images)[~outside].any()
    np.testing.assert_array_equal(
        corrected[outside].view(np.uint32), images[outside].view(np.uint32)
    )


@every_local_one
def test_without_strength_or_without_marks_nothing_changes(make):
    for strength, masks in ((0.0, some_masks()), (1.0, np.zeros((3, 12, 10), bool))):
        np.testing.assert_array_equal(make(strength=strength).correct(noise(), masks), noise())


# What correctors have in common.


def test_a_mask_grows_in_all_eight_directions_and_stops_at_the_rim():
    region = White(dilation=2).region(one_pixel())
    assert region[0].sum() == 25 and region[0, 3:8, 2:7].all()
    corner = np.zeros((1, 12, 10), bool)
    corner[0, 0, 0] = True
    assert White(dilation=1).region(corner).sum() == 4


def test_marked_pixels_are_replaced_wholly_and_the_ring_is_mixed():
    black = np.zeros((3, 12, 10, 1), np.float32)
    corrected = White(dilation=1, feather=1.0).correct(black, one_pixel())[0, ..., 0]
    assert corrected[5, 4] == 1
    ring = np.delete(corrected[4:7, 3:6].ravel(), 4)
    assert (ring > 0).all() and (ring < 1).all()
    assert ring[1] > ring[0]  # a corner lies farther from the mark than a side
    half = White(dilation=1, feather=0.0, strength=0.5).correct(black, one_pixel())[0, ..., 0]
    np.testing.assert_array_equal(half[4:7, 3:6], 0.5)
    assert half.sum() == 4.5


@pytest.mark.parametrize(
    ("corrector", "words"),
    [
        (White(dilation=-1), "dilation must be a whole number >= 0. Received: -1"),
        (White(dilation=1.5), "dilation must be a whole number"),
        (White(feather=-0.1), "feather must be a number >= 0, finite. Received: -0.1"),
        (White(strength=1.1), "strength must be a number from 0 to 1. Received: 1.1"),
        (White(strength=np.nan), "strength must be a number from 0 to 1. Received: nan"),
        (White(max_change=0), "max_change must be .* Received: 0"),
        (CentreCorrector(max_change="much"), "max_change must be .* Received: 'much'"),
        (White(max_change=1.1), "max_change must be .*Received: 1.1"),
        (White(max_change=True), "max_change must be .*Received: True"),
        (NeighbourCorrector(steps=-1), "steps must be a whole number >= 0. Received: -1"),
        *(
            (MedianCorrector(size=size), f"size must be an odd whole number >= 1.*: {size}")
            for size in (0, 2, 3.0)
        ),
        (CentreCorrector(shift=-1), "shift must be a number >= 0, finite. Received: -1"),
        (RealignCorrector(brightness, penalty=-1), "penalty must be a number >= 0"),
        (RealignCorrector(brightness, fixed_cost=-1), "fixed_cost must be a number >= 0"),
        (RealignCorrector(brightness, box=0), "box must be a number >= 1"),
        (RealignCorrector(brightness, angle=91), "angle must be a number from 0 to 90"),
        (RealignCorrector(brightness, shift=np.inf), "shift must be a number >= 0, finite"),
        (RealignCorrector(brightness, log_scale=3), "log_scale must be"),
        (RealignCorrector(brightness, shear=-0.1), "shear must be"),
        (RestorationCorrector(None, sharpness=-1), "sharpness must be a number >= 0.*: -1"),
        (LatentCorrector(*flat_networks(), steps=2.5), "steps must be .*Received: 2.5"),
        (LatentCorrector(*flat_networks(), learning_rate=0), "learning_rate must .*: 0"),
        (LatentCorrector(*flat_networks(), prior_weight=-1), "prior_weight must .*: -1"),
        (LatentCorrector(*2 * flat_networks()[:1]), "encoder must turn what generator makes"),
    ],
)
def test_every_setting_has_its_range(corrector, words):
    with pytest.raises(ValueError, match=words):
        corrector.correct(noise(), one_pixel())


@pytest.mark.parametrize(
    ("proposal", "error", "words"),
    [
        (np.zeros((3, 12, 10)), ValueError, r"must propose images of shape \(3, 12, 10, 1\)"),
        (np.full((3, 12, 10, 1), np.nan), FloatingPointError, "must propose finite images"),
    ],
)
def test_proposals_are_checked(proposal, error, words):
    with pytest.raises(error, match=words):
        RestyleCorrector(lambda images, content: proposal).correct(noise(), one_pixel())


# Neighbours.


def test_one_missing_pixel_becomes_the_mean_of_its_four_neighbours_whatever_was_there():
    images, black = noise(channels=3), noise(channels=3)
    black[:, 5, 4] = 0
    neighbours = images[:, 4, 4] + images[:, 6, 4] + images[:, 5, 3] + images[:, 5, 5]
    for damaged in (images, black):
        corrected = NeighbourCorrector(dilation=0).correct(damaged, one_pixel())
        np.testing.assert_allclose(corrected[:, 5, 4], neighbours / 4, atol=1e-6)


def test_a_gap_between_black_and_white_becomes_a_slope():
    # diffusion solves Laplace's equation: halfway between 0 and 1 the grey is one half
    images = np.zeros((1, 9, 9, 1), np.float32)
    images[:, :, 6:] = 1
    gap = np.zeros((1, 9, 9), bool)
    gap[:, :, 3:6] = True
    row = NeighbourCorrector(dilation=0, steps=200).correct(images, gap)[0, 4, :, 0]
    np.testing.assert_allclose(row, [0, 0, 0, 0.25, 0.5, 0.75, 1, 1, 1], atol=1e-3)


def test_an_image_that_is_marked_wholly_stays_as_it_is():
    images, masks = noise(), one_pixel()
    masks[1] = True
    corrected = NeighbourCorrector().correct(images, masks)
    np.testing.assert_array_equal(corrected[1], images[1])
    assert (corrected[0] != images[0]).any()


def test_the_median_takes_a_dead_pixel_away_and_keeps_an_edge():
    images = np.zeros((1, 9, 9, 1), np.float32)
    images[:, :, 5:] = 1
    dead = images.copy()
    dead[0, 4, 2] = 1
    corrected = MedianCorrector().correct(dead, np.ones((1, 9, 9), bool))
    np.testing.assert_array_equal(corrected, images)


# Restoration and restyling.

PLAIN = {"dilation": 0, "feather": 0.0}


@pytest.mark.parametrize("sharpness", [0.0, 0.5])
@pytest.mark.parametrize("views", [(), (np.copy, np.copy)])
def test_marked_pixels_are_what_the_network_restores_sharpened(sharpness, views):
    images, masks = noise(), one_pixel()
    corrector = RestorationCorrector(
        judging_by_tone(4.0), sharpness=sharpness, views=views, **PLAIN
    )
    expected = np.where(masks[..., np.newaxis], sharpen(1 - images, amount=sharpness), images)
    np.testing.assert_allclose(corrector.correct(images, masks), expected, atol=1e-6)


def test_a_network_that_answers_with_nan_is_an_error():
    broken = keras.models.clone_model(negative_network())
    broken.get_layer("offset").bias.assign([np.nan])
    with pytest.raises(FloatingPointError, match="must propose finite images"):
        RestorationCorrector(broken, sharpness=0.5).correct(noise(), one_pixel())


@cache
def judging_by_tone(weight, offset=10.0):
    """Restores every image to its negative. The higher the weight, the more it calls dark images
    damaged; without an offset, and with a weight > 0, none."""
    network = negative_network()
    tone = keras.ops.mean(network.inputs[0], axis=(1, 2))
    damaged = layers.Rescaling(-weight, offset)(tone)
    return keras.Model(network.inputs[0], [network.outputs[0], damaged, network.outputs[2]])


def darker(images):
    return images / 2


def lighter(images):
    return (1 + images) / 2


@pytest.mark.parametrize(
    ("weight", "views", "count"),
    [
        (4.0, (darker,), 2),  # the negative of what is darker is lighter
        (4.0, (lighter,), 1),
        (4.0, (darker, lighter), 2),
        (-4.0, (darker,), 1),
        (-4.0, (lighter, lighter), 3),
    ],
)
def test_of_the_guesses_for_views_the_least_damaged_is_taken(weight, views, count):
    images, masks = noise(), one_pixel()
    corrector = RestorationCorrector(judging_by_tone(weight), views=views, **PLAIN)
    corrected = corrector.correct(images, masks)
    seen = [images, *(view(images) for view in views)][:count]
    expected = np.where(masks[..., np.newaxis], 1 - np.mean(seen, axis=0), images)
    np.testing.assert_allclose(corrected, expected, atol=1e-6)


def test_views_are_asked_about_only_where_the_first_guess_is_called_damaged():
    asked = []

    def view(some):
        asked.append(len(some))
        return darker(some)

    some = np.concatenate([np.full_like(noise(1), 0.9), np.full_like(noise(2), 0.1)])
    # 2 - 4 (1 - x) is above 0 for x = .9 only, and lower for the mean of .1 and .55
    corrector = RestorationCorrector(judging_by_tone(4.0, 2.0), views=(view,), **PLAIN)
    corrected = corrector.correct(some, np.ones((3, 12, 10), bool))
    assert asked == [1]
    expected = np.array([1 - (0.9 + 0.45) / 2, 0.9, 0.9])
    np.testing.assert_allclose(corrected.mean(axis=(1, 2, 3)), expected, atol=1e-6)


def test_a_network_that_compares_needs_the_content_and_it_is_prepared():
    seen = []

    def prepare(images, content):
        seen.append(content)
        return 1 - content

    corrector = RestorationCorrector(negative_network(content_channels=1), prepare=prepare)
    corrector.correct(noise(), one_pixel(), content=noise(seed=5))
    np.testing.assert_array_equal(seen[0], noise(seed=5))
    with pytest.raises(ValueError, match="content must be given"):
        corrector.correct(noise(), one_pixel())


def test_marked_pixels_are_restyled_from_the_content():
    images, content, masks = noise(), noise(seed=5), some_masks()
    corrector = RestyleCorrector(lambda images, content: content**2, **PLAIN)
    corrected = corrector.correct(images, masks, content=content)
    np.testing.assert_allclose(corrected[masks], (content**2)[masks], rtol=1e-6)
    np.testing.assert_array_equal(corrected[~masks], images[~masks])
