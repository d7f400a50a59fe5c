import io

from styleguard_edu.images import check_images, from_uint8, image_grid, png_bytes, to_uint8

import numpy as np
import pytest
from PIL import Image


def batch(n=3, height=4, width=5, channels=1):
    return np.random.default_rng(0).random((n, height, width, channels), np.float32)


def test_check_images_returns_float32_without_copying_float32():
    images = batch()
    assert check_images(images) is images
    assert check_images(images.astype(np.float64)).dtype == np.float32


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((2, 4, 4, 1), np.uint8), TypeError, "dtype uint8"),
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


def test_check_images_names_the_argument_and_the_wanted_shape():
    with pytest.raises(ValueError, match=r"digits must be of .*\(28, 28, 1\).*\(4, 5, 1\)"):
        check_images(batch(), name="digits", shape=(28, 28, 1))


def test_from_uint8_maps_0_and_255_to_0_and_1_and_adds_the_channel():
    images = from_uint8(np.array([[[0, 255]]], np.uint8))
    np.testing.assert_array_equal(images, [[[[0.0], [1.0]]]])
    assert images.dtype == np.float32


def test_to_uint8_undoes_from_uint8_for_every_byte():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(to_uint8(from_uint8(pixels)), pixels)


def test_from_uint8_refuses_floats():
    with pytest.raises(TypeError, match="dtype float64"):
        from_uint8(np.zeros((1, 2, 2)))


def test_image_grid_puts_each_image_in_its_place():
    images = np.stack([np.full((2, 2, 1), k / 4, np.float32) for k in range(3)])
    grid = image_grid(images, columns=2, gap=1, background=1.0)
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
