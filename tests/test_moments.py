from styleguard_edu import load_digits
from styleguard_edu.moments import (
    background,
    centres_of_mass,
    contrast_of,
    middle,
    moments,
    off_middle,
)

import numpy as np
import pytest


def black(n=1, side=9, channels=1):
    return np.zeros((n, side, side, channels), np.float32)


def test_the_centre_of_mass_is_the_mean_place_of_what_stands_out():
    images = black()
    images[0, 2, 3], images[0, 6, 5] = 0.5, 1.0
    np.testing.assert_allclose(centres_of_mass(images), [[(2 + 2 * 6) / 3, (3 + 2 * 5) / 3]])


def test_it_moves_with_the_image_and_is_the_same_for_its_negative():
    images = black()
    images[0, 2:4, 3:6] = 0.8
    moved = np.roll(images, (2, -1), axis=(1, 2))
    np.testing.assert_allclose(centres_of_mass(moved) - centres_of_mass(images), [[2, -1]])
    np.testing.assert_allclose(centres_of_mass(1 - images), centres_of_mass(images), atol=1e-6)


@pytest.mark.parametrize("grey", [0.0, 0.3, 1.0])
def test_a_blank_image_has_its_centre_in_the_middle_and_leans_nowhere(grey):
    images = np.full((2, 8, 10, 1), grey, np.float32)
    found = moments(images)
    np.testing.assert_array_equal(centres_of_mass(images), [[4, 5]] * 2)
    np.testing.assert_array_equal(found.centres, [[4, 5]] * 2)
    np.testing.assert_array_equal(found.slants, 0)
    assert not off_middle(images).any()


def test_the_slant_is_in_columns_a_row_and_the_side_in_pixels():
    images = black()
    images[0, np.arange(2, 7), np.arange(1, 6)] = 1  # one column to the right a row down
    found = moments(images)
    np.testing.assert_allclose(found.slants, [1])
    np.testing.assert_array_equal(found.sides, [5])
    np.testing.assert_allclose(found.centres, [[4, 3]])


def test_the_box_leaves_out_what_hardly_stands_out():
    images = black()
    images[0, 3:6, 3:7], images[0, 0, 0] = 1, 0.2
    np.testing.assert_array_equal(moments(images).sides, [4])


def test_the_background_is_the_median_of_the_rim_for_each_channel():
    images = black(channels=3)
    images[..., 1], images[:, 3:6, 3:6] = 0.4, 1
    images[:, 0, :3] = 0.9
    np.testing.assert_allclose(background(images), [[[[0, 0.4, 0]]]], atol=1e-7)


def test_contrast_is_the_distance_from_the_background_and_channels_are_averaged():
    images = black(channels=3)
    images[0, 4, 4] = 0.3, 0.6, 0.9
    contrast = contrast_of(images)
    assert contrast.shape == (1, 9, 9)
    np.testing.assert_allclose(contrast[0, 4, 4], 0.6)
    assert np.count_nonzero(contrast) == 1


def test_off_the_middle_is_more_than_one_and_a_quarter_pixels():
    images = black(3, side=10)  # the middle is (5, 5)
    for image, column in zip(images, (5, 6, 7), strict=True):
        image[5, column] = 1
    np.testing.assert_array_equal(middle(images.shape), [5, 5])
    np.testing.assert_array_equal(off_middle(images), [False, False, True])


def test_the_bundled_digits_are_centred_by_mass():
    images = load_digits("bundled", verbose=False).test.images
    assert np.abs(centres_of_mass(images) - 14).max() < 0.5
