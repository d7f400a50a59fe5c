import io

from styleguard_edu.images import (
    LUMA,
    blend,
    check_content,
    check_images,
    check_picture,
    from_uint8,
    image_grid,
    png_bytes,
    sharpen,
    to_rgb,
    to_uint8,
)

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter


def batch(n=3, height=4, width=5, channels=1):
    return np.random.default_rng(0).random((n, height, width, channels), np.float32)


def test_check_images_returns_float32_without_copying_float32():
    images = batch()
    assert check_images(images) is images
    assert check_images(images.astype(np.float64)).dtype == np.float32


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((4, 4, 1)), ValueError, "shape \\(4, 4, 1\\)"),
        (np.zeros((2, 4, 4, 2)), ValueError, "1 or 3 channels"),
        (np.zeros((0, 4, 4, 1)), ValueError, "at least one image"),
        (np.full((1, 2, 2, 1), 1.5), ValueError, "from 1.5 to 1.5"),
        (np.full((1, 2, 2, 1), -0.1), ValueError, "must lie in \\[0, 1\\]"),
        (np.full((1, 2, 2, 1), np.nan), ValueError, "finite"),
        (np.full((1, 2, 2, 1), np.inf), ValueError, "finite"),
    ],
)
def test_check_images_says_what_is_wrong(images, error, words):
    with pytest.raises(error, match=words):
        check_images(images)


@pytest.mark.parametrize(
    ("images", "advice"),
    [
        (np.zeros((1, 4, 4, 1), np.uint8), "from_uint8 converts bytes"),
        (np.zeros((1, 4, 4, 1), np.int64), "images / 255"),
        (np.zeros((1, 4, 4, 1), bool), r"astype\(.float32.\)"),
        (Image.new("RGB", (4, 4)), "from_uint8 converts bytes"),
    ],
)
def test_values_of_another_type_are_refused_with_advice(images, advice):
    with pytest.raises(TypeError, match=rf"images must hold floating-point .*{advice}.*Received"):
        check_images(images)


def test_rounding_noise_is_clipped_and_more_is_refused():
    for value, clipped in ((1 + 1e-7, 1), (1 + 3e-16, 1), (-1e-9, 0)):
        found = check_images(np.full((1, 2, 2, 1), value))
        np.testing.assert_array_equal(found, np.full((1, 2, 2, 1), clipped, np.float32))
    with pytest.raises(ValueError, match=r"to 1\.00001"):
        check_images(np.full((1, 2, 2, 1), 1.00001))


def test_rows_of_unequal_length_are_refused_in_our_words():
    with pytest.raises(ValueError, match=r"images must be an array .*equal length. Received: list"):
        check_images([[0.5], [0.5, 0.5]])


def test_check_images_names_the_argument_and_the_wanted_shape():
    with pytest.raises(ValueError, match=r"digits must be of .*\(28, 28, 1\).*\(4, 5, 1\)"):
        check_images(batch(), name="digits", shape=(28, 28, 1))


def test_check_picture_returns_float32_without_copying_float32():
    picture = batch(1, channels=3)[0]
    assert np.shares_memory(check_picture(picture), picture)
    assert check_picture(picture.astype(np.float64)).dtype == np.float32


@pytest.mark.parametrize(
    ("picture", "error", "words"),
    [
        (np.zeros((4, 4)), ValueError, r"photo must have shape .*\(4, 4\)"),
        (np.zeros((1, 4, 4, 3)), ValueError, r"Received: shape \(1, 4, 4, 3\)"),
        (np.zeros((4, 4, 1)), ValueError, r"\(height, width, 3\).*Received: shape \(4, 4, 1\)"),
        (np.zeros((4, 3, 3)), ValueError, r"at least 4 pixels a side. .*\(4, 3, 3\)"),
        (np.zeros((4, 4, 3), np.uint8), TypeError, "photo must hold .*dtype uint8"),
        (np.full((4, 4, 3), 1.5), ValueError, r"photo must lie in \[0, 1\].* from 1.5 to 1.5"),
        (np.full((4, 4, 3), np.nan), ValueError, "finite"),
    ],
)
def test_check_picture_says_what_is_wrong(picture, error, words):
    with pytest.raises(error, match=words):
        check_picture(picture, name="photo", least=4)


def test_check_picture_allows_other_channels_if_asked():
    assert check_picture(np.zeros((4, 5, 1)), channels=(1, 3)).shape == (4, 5, 1)
    with pytest.raises(ValueError, match=r"\(height, width, 1 or 3\).*shape \(4, 5, 2\)"):
        check_picture(np.zeros((4, 5, 2)), channels=(1, 3))


def test_luma_is_that_of_rec_709():
    assert LUMA == (0.2126, 0.7152, 0.0722) and sum(LUMA) == pytest.approx(1)


def test_a_blend_of_black_and_white_is_the_strength():
    black, white = np.zeros((1, 2, 2, 1), np.float32), np.ones((1, 2, 2, 1), np.float32)
    for strength in (0, 0.25, 1):
        np.testing.assert_array_equal(blend(black, white, strength), strength)


def test_the_ends_of_a_blend_are_exactly_what_is_blended():
    first, second = batch(channels=3), 1 - batch(channels=3)
    np.testing.assert_array_equal(blend(first, second, 0), first)
    np.testing.assert_array_equal(blend(first, second, 1), second)


@pytest.mark.parametrize("strength", [1, np.int64(1), 0.3, np.float64(0.3), np.float32(0.3)])
def test_a_blend_by_any_kind_of_number_is_float32(strength):
    assert blend(batch(), batch(), strength).dtype == np.float32


def test_no_blend_leads_out_of_the_range():
    white = np.ones((1, 1, 1, 1), np.float32)
    strengths = np.random.default_rng(0).random(100_000)
    assert blend(white, white, strengths[:, None, None, None]).max() <= 1


def test_many_strengths_blend_at_once():
    first, second = batch(), 1 - batch()
    strengths = np.array([0.0, 0.3, 1.0])
    found = blend(first, second, strengths[:, None, None, None, None])
    assert found.shape == (3, *first.shape)
    for strength, images in zip(strengths, found, strict=True):
        np.testing.assert_array_equal(images, blend(first, second, strength))


@pytest.mark.parametrize("strength", [-0.1, 1.01, np.nan, [0.5, 2]])
def test_a_strength_outside_0_to_1_is_refused(strength):
    with pytest.raises(ValueError, match=r"strength must lie in \[0, 1\]. Received: "):
        blend(batch(2), batch(2), strength)


def test_sharpening_adds_what_a_blur_takes_away():
    # a white line on grey: sums of a Gaussian of 1 px say what its blur would leave
    line = np.full((1, 9, 15, 3), 0.2, np.float32)
    line[:, :, 7] = 0.6
    kernel = np.exp(-0.5 * np.arange(-4, 5) ** 2.0)
    kernel /= kernel.sum()
    sharpened = sharpen(line, amount=0.5)
    assert sharpened.dtype == np.float32
    expected = np.full(15, 0.2)
    expected[3:12] -= 0.5 * 0.4 * kernel
    expected[7] += 1.5 * 0.4
    np.testing.assert_allclose(sharpened, np.broadcast_to(expected[:, None], line.shape), atol=1e-6)


def test_sharpening_by_0_or_of_a_single_tone_changes_nothing_and_stays_in_range():
    images = batch(n=3)
    np.testing.assert_array_equal(sharpen(images, amount=0), images)
    flat = np.full((1, 8, 8, 1), 0.7, np.float32)
    np.testing.assert_allclose(sharpen(flat), flat, atol=1e-6)
    strong = sharpen(images, amount=5)
    assert (strong.min(), strong.max()) == (0, 1)
    for amount in (-0.1, np.inf):
        with pytest.raises(ValueError, match=f"amount must be .*Received: {amount}"):
            sharpen(images, amount=amount)


def test_a_blurred_image_comes_closer_to_what_it_was_when_sharpened():
    square = np.zeros((1, 28, 28, 1), np.float32)
    square[:, 9:19, 9:19] = 1
    blurred = gaussian_filter(square, (0, 1, 1, 0))
    errors = [np.abs(sharpen(blurred, amount=a) - square).mean() for a in (0, 0.5, 1)]
    assert errors[0] > errors[1] > errors[2]


def test_from_uint8_maps_0_and_255_to_0_and_1_and_adds_the_channel():
    images = from_uint8(np.array([[[0, 255]]], np.uint8))
    np.testing.assert_array_equal(images, [[[[0.0], [1.0]]]])
    assert images.dtype == np.float32


def test_to_uint8_undoes_from_uint8_for_every_byte():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(to_uint8(from_uint8(pixels)), pixels)


def test_bytes_are_rounded_to_the_nearest():
    levels = np.array([0.4, 0.6, 127.4, 127.6, 254.6]).reshape(1, 1, 5, 1) / 255
    np.testing.assert_array_equal(to_uint8(levels).ravel(), [0, 1, 127, 128, 255])


def test_from_uint8_refuses_floats():
    with pytest.raises(TypeError, match="dtype float64"):
        from_uint8(np.zeros((1, 2, 2)))


def test_image_grid_puts_each_image_in_its_place():
    images = np.stack([np.full((2, 2, 1), k / 4, np.float32) for k in range(3)])
    grid = image_grid(images, columns=2, gap=1)
    expected = np.array(
        [
            [0, 0, 1, 0.25, 0.25],
            [0, 0, 1, 0.25, 0.25],
            [1, 1, 1, 1, 1],
            [0.5, 0.5, 1, 1, 1],
            [0.5, 0.5, 1, 1, 1],
        ]
    )
    np.testing.assert_allclose(grid[..., 0], expected)


def test_image_grid_scale_repeats_pixels():
    grid = image_grid(batch(1), scale=3)
    assert grid.shape == (12, 15, 1)
    assert (grid[:3, :3] == grid[0, 0]).all()


@pytest.mark.parametrize("wrong", [{"columns": 0}, {"gap": -1}, {"scale": 1.5}])
def test_image_grid_names_the_wrong_argument(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        image_grid(batch(), **wrong)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_png_bytes_decodes_to_the_same_pixels(channels, mode):
    image = batch(1, channels=channels)[0]
    decoded = Image.open(io.BytesIO(png_bytes(image)))
    assert decoded.mode == mode
    np.testing.assert_array_equal(
        np.asarray(decoded).reshape(image.shape), to_uint8(image[np.newaxis])[0]
    )


def test_content_is_of_the_number_and_size_of_the_images_and_may_be_missing():
    images = np.zeros((2, 4, 5, 3), np.float32)
    content = np.ones((2, 4, 5, 1), np.float32)
    assert check_content(None, images) is None
    np.testing.assert_array_equal(check_content(content, images), content)
    with pytest.raises(ValueError, match=r"content must have as many .*Received: \(1, 4, 5\)"):
        check_content(content[:1], images)
    with pytest.raises(ValueError, match="content must lie in"):
        check_content(content + 1, images)


def test_grey_becomes_three_equal_channels_and_colour_stays_as_it_is():
    grey = np.random.default_rng(0).random((2, 3, 3, 1)).astype(np.float32)
    coloured = to_rgb(grey)
    assert coloured.shape == (2, 3, 3, 3)
    for channel in range(3):
        np.testing.assert_array_equal(coloured[..., channel], grey[..., 0])
    assert to_rgb(coloured) is coloured
