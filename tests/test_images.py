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


def batch(n=3, height=4, width=5, channels=1):
    return np.random.default_rng(0).random((n, height, width, channels), np.float32)


def test_checked_images_are_float32_without_copying_float32():
    images = batch(channels=3)
    assert check_images(images) is images
    assert np.shares_memory(check_picture(images[0]), images)
    assert check_images(images.astype(np.float64)).dtype == np.float32
    assert check_picture(np.zeros((4, 5, 1)), channels=(1, 3)).dtype == np.float32


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((4, 4, 1)), ValueError, r"photos must have .* shape \(4, 4, 1\)"),
        (np.zeros((2, 4, 4, 2)), ValueError, "1 or 3 channels"),
        (np.zeros((2, 4, 4, 3)), ValueError, r"photos must be of .*\(4, 4, 1\).*\(4, 4, 3\)"),
        (np.zeros((0, 4, 4, 1)), ValueError, "at least one image"),
        (np.full((1, 4, 4, 1), 1.5), ValueError, "from 1.5 to 1.5"),
        (np.full((1, 4, 4, 1), -0.1), ValueError, r"photos must lie in \[0, 1\]"),
        (np.full((1, 4, 4, 1), np.nan), ValueError, "finite"),
        (np.full((1, 4, 4, 1), np.inf), ValueError, "finite"),
        ([[0.5], [0.5, 0.5]], ValueError, "photos must be an array .*equal length. Received: list"),
        (np.zeros((1, 4, 4, 1), np.uint8), TypeError, "from_uint8 converts bytes.*dtype uint8"),
        (np.zeros((1, 4, 4, 1), np.int64), TypeError, "images / 255"),
        (np.zeros((1, 4, 4, 1), bool), TypeError, r"astype\(.float32.\)"),
        (Image.new("RGB", (4, 4)), TypeError, "photos must hold floating-point .*from_uint8"),
    ],
)
def test_check_images_says_what_is_wrong(images, error, words):
    with pytest.raises(error, match=words):
        check_images(images, name="photos", shape=(4, 4, 1))


def test_rounding_noise_is_clipped_and_more_is_refused():
    for value, clipped in ((1 + 1e-7, 1), (1 + 3e-16, 1), (-1e-9, 0)):
        found = check_images(np.full((1, 2, 2, 1), value))
        np.testing.assert_array_equal(found, np.full((1, 2, 2, 1), clipped, np.float32))
    with pytest.raises(ValueError, match=r"to 1\.00001"):
        check_images(np.full((1, 2, 2, 1), 1.00001))


@pytest.mark.parametrize(
    ("picture", "error", "words"),
    [
        (np.zeros((4, 4)), ValueError, r"photo must have shape .*\(4, 4\)"),
        (np.zeros((1, 4, 4, 3)), ValueError, r"Received: shape \(1, 4, 4, 3\)"),
        (np.zeros((4, 4, 1)), ValueError, r"\(height, width, 3\).*Received: shape \(4, 4, 1\)"),
        (np.zeros((4, 3, 3)), ValueError, r"at least 4 pixels a side. .*\(4, 3, 3\)"),
        (np.zeros((4, 4, 3), np.uint8), TypeError, "photo must hold .*dtype uint8"),
        (np.full((4, 4, 3), 1.5), ValueError, r"photo must lie in \[0, 1\].* from 1.5 to 1.5"),
    ],
)
def test_check_picture_says_what_is_wrong(picture, error, words):
    with pytest.raises(error, match=words):
        check_picture(picture, name="photo", least=4)


def test_luma_is_that_of_rec_709():
    assert LUMA == (0.2126, 0.7152, 0.0722) and sum(LUMA) == pytest.approx(1)


@pytest.mark.parametrize("strength", [0, 1, np.int64(1), 0.25, np.float64(0.3), np.float32(0.3)])
def test_a_blend_of_black_and_white_is_the_strength(strength):
    black, white = np.zeros((1, 2, 2, 1), np.float32), np.ones((1, 2, 2, 1), np.float32)
    expected = np.full((1, 2, 2, 1), strength, np.float32)
    np.testing.assert_array_equal(blend(black, white, strength), expected, strict=True)


def test_no_blend_leads_out_of_the_range():
    white = np.ones((1, 1, 1, 1), np.float32)
    strengths = np.random.default_rng(0).random(100_000)
    assert blend(white, white, strengths[:, None, None, None]).max() <= 1


def test_many_strengths_blend_at_once_and_their_ends_are_what_is_blended():
    first, second = batch(), 1 - batch()
    strengths = np.array([0.0, 0.3, 1.0])[:, None, None, None, None]
    found = blend(first, second, strengths)
    np.testing.assert_array_equal(found, [first, blend(first, second, 0.3), second])


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
    images, flat = batch(n=3), np.full((1, 8, 8, 1), 0.7, np.float32)
    np.testing.assert_array_equal(sharpen(images, amount=0), images)
    np.testing.assert_allclose(sharpen(flat), flat, atol=1e-6)
    assert np.ptp(sharpen(images, amount=5)) == 1
    with pytest.raises(ValueError, match=r"amount must be .*Received: -0\.1"):
        sharpen(images, amount=-0.1)


def test_from_uint8_maps_0_and_255_to_0_and_1_and_adds_the_channel():
    images = from_uint8(np.array([[[0, 255]]], np.uint8))
    np.testing.assert_array_equal(images, np.float32([[[[0.0], [1.0]]]]), strict=True)
    with pytest.raises(TypeError, match="dtype float64"):
        from_uint8(np.zeros((1, 2, 2)))


def test_to_uint8_undoes_from_uint8_for_every_byte():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(to_uint8(from_uint8(pixels)), pixels)


def test_bytes_are_rounded_to_the_nearest():
    levels = np.array([0.4, 0.6, 127.4, 127.6, 254.6]).reshape(1, 1, 5, 1) / 255
    np.testing.assert_array_equal(to_uint8(levels).ravel(), [0, 1, 127, 128, 255])


def test_image_grid_puts_each_image_in_its_place():
    images = np.stack([np.full((2, 1, 1), k / 4, np.float32) for k in range(3)])
    expected = [[0, 1, 0.25], [0, 1, 0.25], [1, 1, 1], [0.5, 1, 1], [0.5, 1, 1]]
    grid = image_grid(images, columns=2, gap=1)
    np.testing.assert_array_equal(grid[..., 0], expected)
    np.testing.assert_array_equal(image_grid(images, columns=2, gap=0)[2:, :, 0], [[0.5, 1]] * 2)


@pytest.mark.parametrize("wrong", [{"columns": 0}, {"gap": -1}, {"gap": 1.5}])
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
    grey = batch()
    coloured = to_rgb(grey)
    np.testing.assert_array_equal(coloured, np.concatenate([grey] * 3, axis=-1))
    assert to_rgb(coloured) is coloured
