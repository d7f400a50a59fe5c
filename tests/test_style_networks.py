from functools import cache

from recipes.plain_painting import plain_painting_generator
from styleguard_edu.backend import keras
from styleguard_edu.networks import (
    painting_discriminator,
    painting_generator,
    style_code,
    style_discriminator,
    style_generator,
)
from styleguard_edu.networks.styles import conditional_norm

import numpy as np
import pytest

NAMES = ("ink", "neon", "oil")
PAINTERS = [painting_generator, plain_painting_generator]


def pictures(n=1, height=48, width=48):
    return np.random.default_rng(0).random((n, height, width, 3), dtype=np.float32)


def grains(n=1, height=48, width=48, seed=0):
    return np.random.default_rng(seed).normal(size=(n, height, width, 1)).astype("float32")


def codes(*rows):
    return np.array(rows, np.float32)


@cache
def small(build, scale=0.2):
    """A small network for two codes, only to be read.

    Every weight is moved a little: in a new network neither a code nor a bias has any effect.
    """
    keras.utils.set_random_seed(0)
    network, rng = build(2, width=2), np.random.default_rng(0)
    network.set_weights([w + rng.normal(0, scale, w.shape) for w in network.get_weights()])
    return network


def run(network, *inputs):
    """All outputs of a network, as a list."""
    outputs = network(list(inputs), training=False)
    return [np.array(part) for part in (outputs if isinstance(outputs, list) else [outputs])]


# Codes


@pytest.mark.parametrize(
    ("style", "code"),
    [
        ("neon", [0, 1, 0]),
        ({"oil": 1}, [0, 0, 1]),
        ({"ink": 1, "oil": 3}, [0.25, 0, 0.75]),  # only proportions count
        ({"oil": 0.3, "ink": 0.1}, [0.25, 0, 0.75]),  # and no order
        ({"ink": 2, "neon": 2, "oil": 0}, [0.5, 0.5, 0]),
    ],
)
def test_codes_of_styles_and_of_blends_known_by_hand(style, code):
    found = style_code(style, NAMES)
    np.testing.assert_allclose(found, code)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("crayon", r"some of \('ink', 'neon', 'oil'\). Received: \['crayon'\]"),
        ({"ink": 1, "chalk": 0, "crayon": 1}, r"Received: \['chalk', 'crayon'\]"),
        ({"ink": 2, "neon": -1}, r"at least 0, not all 0. Received: .*'neon': -1"),
        ({"ink": 0, "neon": 0.0}, "not all 0"),
        ({}, r"not all 0. Received: \{\}"),
        ({"ink": np.nan, "neon": 1}, "at least 0"),
        ({"ink": np.inf, "neon": 1}, "at least 0"),
    ],
)
def test_styles_that_are_none_are_refused(style, words):
    with pytest.raises(ValueError, match=f"style must .*{words}"):
        style_code(style, NAMES)


# All networks


def test_network_sizes_are_as_the_course_states():
    stated = {
        style_generator(7): 150_000,
        style_discriminator(7): 150_000,
        painting_generator(): 340_000,
        plain_painting_generator(): 340_000,
        painting_discriminator(): 210_000,
    }
    for network, weights in stated.items():
        assert network.count_params() == pytest.approx(weights, rel=0.03), network.name


@pytest.mark.parametrize(
    ("build", "inputs"),
    [
        (style_generator, (pictures(2, 28, 28),)),
        (style_discriminator, (pictures(2, 28, 28),)),
        (painting_generator, (pictures(2), grains(2))),
        (plain_painting_generator, (pictures(2), grains(2))),
        (painting_discriminator, (pictures(2, 72, 72),)),
    ],
)
def test_a_saved_network_is_loaded_in_safe_mode_and_answers_the_same(build, inputs, tmp_path):
    inputs = (*inputs, codes([0, 1], [0.5, 0.5]))
    small(build).save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False, safe_mode=True)
    for first, second in zip(run(small(build), *inputs), run(loaded, *inputs), strict=True):
        np.testing.assert_array_equal(first, second)


def normalise(scale, shift, code):
    """Conditional normalisation of a picture of two channels that lies far from 0."""
    inputs = [keras.Input((8, 8, 2)), keras.Input((2,))]
    network = keras.Model(inputs, conditional_norm(*inputs))
    # one row a code, one column a channel
    network.set_weights([np.array(scale, np.float32), np.array(shift, np.float32)])
    x = np.random.default_rng(0).normal([7, -30], [5, 9], (1, 8, 8, 2)).astype("float32")
    return run(network, x, codes(code))[0]


@pytest.mark.parametrize(
    ("code", "std", "mean"),
    [
        ([1, 0], [2, 3], [0, 10]),
        ([0, 1], [4, 1], [-8, 0]),
        ([0.5, 0.5], [3, 2], [-4, 5]),  # a blend of codes blends what they say
        ([0.25, 0.75], [3.5, 1.5], [-6, 2.5]),
    ],
)
def testconditional_normalisation_gives_every_channel_the_mean_and_contrast_of_its_code(
    code, std, mean
):
    x = normalise(scale=[[2, 3], [4, 1]], shift=[[0, 10], [-8, 0]], code=code)
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), mean, atol=1e-4)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), std, rtol=1e-3)


# Networks for digits


def test_a_restyled_digit_is_a_colour_image_in_the_convention():
    (restyled,) = run(small(style_generator, 3.0), pictures(3, 28, 28), codes(*[[0.5, 0.5]] * 3))
    assert restyled.shape == (3, 28, 28, 3)
    assert restyled.min() >= 0
    assert restyled.max() <= 1
    assert np.ptp(restyled) > 0.5  # large weights reach for the limits


def test_digits_are_judged_in_49_patches_and_as_a_whole():
    patches, whole = run(
        small(style_discriminator), pictures(3, 28, 28), codes(*np.eye(2), [0.5, 0.5])
    )
    assert patches.shape == (3, 49)
    assert whole.shape == (3, 1)


def test_a_patch_of_a_digit_is_18_pixels_wide():
    before, after = pictures(1, 28, 28), pictures(1, 28, 28)
    after[0, 14, 5] = 1 - after[0, 14, 5]
    first, second = (run(small(style_discriminator), x, codes([1, 0])) for x in (before, after))
    changed = (first[0] != second[0]).reshape(7, 7)
    # patch k covers pixels 4k - 7 to 4k + 10
    rows, columns = (np.abs(4 * np.arange(7) + 1.5 - pixel) < 9 for pixel in (14, 5))
    np.testing.assert_array_equal(changed, np.outer(rows, columns))
    assert first[1] != second[1]


# Generators for photos


@pytest.mark.parametrize("build", PAINTERS)
@pytest.mark.parametrize(("height", "width"), [(16, 16), (20, 52), (64, 36)])
def test_a_repainted_picture_keeps_its_size_and_is_in_the_convention(build, height, width):
    (painted,) = run(
        small(build, 3.0), pictures(2, height, width), grains(2, height, width), codes(*np.eye(2))
    )
    assert painted.shape == (2, height, width, 3)
    assert painted.dtype == np.float32
    assert painted.min() >= 0
    assert painted.max() <= 1
    assert np.ptp(painted) > 0.5  # large weights reach for the limits


def test_the_grain_changes_the_picture_and_the_plain_generator_ignores_it():
    for build, same in zip(PAINTERS, (False, True), strict=True):
        first, second = (
            run(small(build), pictures(), grains(seed=seed), codes([1, 0]))[0] for seed in (0, 1)
        )
        assert np.array_equal(first, second) == same


@pytest.mark.parametrize("build", PAINTERS)
def test_a_blend_of_codes_leads_from_one_style_to_the_other_without_a_jump(build):
    path = np.linspace(0, 1, 41)
    n = len(path)
    (painted,) = run(
        small(build),
        pictures(height=16, width=16).repeat(n, axis=0),
        grains(height=16, width=16).repeat(n, axis=0),
        codes(*zip(1 - path, path, strict=True)),
    )
    whole = np.abs(painted[-1] - painted[0]).mean()
    strides = np.abs(np.diff(painted, axis=0)).mean(axis=(1, 2, 3))
    assert whole > 0.01  # the two styles differ
    assert strides.max() < 0.15 * whole  # 0.025 each, were they all equal


def flat(build, side=96):
    """What a network makes of a grey picture without grain."""
    grey = np.full((1, side, side, 3), 0.3, np.float32)
    return run(small(build), grey, np.zeros((1, side, side, 1), np.float32), codes([1, 0]))[0][0]


def test_mirrored_borders_leave_no_frame_where_zeros_leave_one():
    mended, plain = (np.ptp(flat(build), axis=(0, 1)).max() for build in PAINTERS)
    assert mended < 1e-3  # one tone, up to the border
    assert plain > 0.05


def test_resizing_leaves_no_grid_where_transposed_convolutions_leave_one():
    # far from the border, where zeros are felt some 40 pixels inwards
    mended, plain = (flat(build, side=112)[52:60, 52:60] for build in PAINTERS)
    assert np.ptp(mended, axis=(0, 1)).max() < 1e-3
    assert np.ptp(plain, axis=(0, 1)).max() > 0.01
    np.testing.assert_allclose(plain[:4, :4], plain[4:, 4:], atol=1e-3)  # a period of 4


# The discriminator for photos


def test_a_discriminator_for_photos_has_as_many_patches_as_fit():
    patches = run(small(painting_discriminator), pictures(2, 72, 96), codes(*np.eye(2)))
    # a patch of 18 pixels every 4, in 72x96, 36x48 and 18x24 pixels
    assert [part.shape for part in patches] == [(2, 14 * 20), (2, 5 * 8), (2, 1 * 2)]


@pytest.mark.parametrize(("output", "shrink"), [(0, 1), (1, 2), (2, 4)])
@pytest.mark.parametrize(("row", "column"), [(0, 0), (41, 94), (59, 30)])
def test_a_pixel_counts_only_in_the_patches_that_cover_it(output, shrink, row, column):
    before, after = pictures(1, 96, 96), pictures(1, 96, 96)
    after[0, row, column] = 1 - after[0, row, column]
    first, second = (
        run(small(painting_discriminator), x, codes([1, 0]))[output] for x in (before, after)
    )
    count = (96 // shrink - 18) // 4 + 1
    starts = 4 * np.arange(count)  # patch k covers pixels 4k to 4k + 17 of the shrunken picture
    rows, columns = (
        (starts <= pixel // shrink) & (pixel // shrink < starts + 18) for pixel in (row, column)
    )
    np.testing.assert_array_equal((first != second).reshape(count, count), np.outer(rows, columns))


@pytest.mark.parametrize(
    ("build", "side"), [(style_discriminator, 28), (painting_discriminator, 72)]
)
def test_a_code_picks_its_own_logits_and_a_blend_their_mean(build, side):
    three = pictures(1, side, side).repeat(3, axis=0)
    for logits in run(small(build), three, codes([1, 0], [0, 1], [0.5, 0.5])):
        assert not np.allclose(logits[0], logits[1], atol=1e-3)
        np.testing.assert_allclose(logits[2], (logits[0] + logits[1]) / 2, atol=1e-5)
