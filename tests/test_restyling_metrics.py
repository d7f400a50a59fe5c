"""Numbers for restyled pictures: each rises with its own fault and hardly with the others."""

from styleguard_edu.metrics import (
    checkerboard_strength,
    frame_strength,
    halo_strength,
    laplacian_bands,
    structure_score,
    texture_distance,
)

import numpy as np
import pytest
from scipy import ndimage

FAST = {"patches": 512, "directions": 32}


def texture(height=96, width=128, *, sigma=(1.0, 1.0), contrast=0.1, seed=0):
    """Grey-level 0.5 with coloured, smoothed noise of a given standard deviation around it."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    noise = ndimage.gaussian_filter(noise, (*sigma, 0))
    return np.clip(0.5 + contrast * noise / noise.std(), 0, 1).astype(np.float32)


def drawing(height=192, width=256):
    """A disc and a bar on a soft ramp: flat regions, strong edges, values in [0.25, 0.75]."""
    rows, columns = np.mgrid[:height, :width]
    luma = 0.4 + 0.1 * columns / width
    luma[np.hypot(rows - height / 2, columns - width / 3) < height / 4] += 0.25
    luma[:, width * 3 // 4 : width * 3 // 4 + 24] -= 0.2
    luma = ndimage.gaussian_filter(luma, 0.8)
    return np.repeat(luma[..., np.newaxis], 3, axis=2).astype(np.float32)


def rims(picture, width=3):
    """True within ``width`` px outside the strongest 5 % of edges."""
    slope = ndimage.gaussian_gradient_magnitude(picture[..., 0], 1.0)
    distance = ndimage.distance_transform_edt(slope < np.quantile(slope, 0.95))
    return ((distance > 0) & (distance <= width))[..., np.newaxis]


def border(picture, width=8):
    """True in the outer ``width`` px."""
    ring = np.ones((*picture.shape[:2], 1), bool)
    ring[width:-width, width:-width] = False
    return ring


def strokes(picture, contrast=0.035):
    """Brush-like noise over the whole picture."""
    return texture(*picture.shape[:2], sigma=(1, 3), contrast=contrast, seed=5) - 0.5


# --- Laplacian bands ---


def test_a_constant_picture_has_empty_bands_of_half_the_size_each_and_a_ramp_inside():
    bands = laplacian_bands(np.full((33, 48, 3), 0.7, np.float32))
    assert [band.shape for band in bands] == [(33, 48, 3), (17, 24, 3), (9, 12, 3)]
    assert max(np.abs(band).max() for band in bands) < 1e-6
    ramp = np.broadcast_to(np.linspace(0, 1, 64)[:, np.newaxis, np.newaxis], (64, 32, 3))
    assert np.abs(laplacian_bands(ramp)[0][8:-8]).max() < 1e-6


# --- texture distance ---


def test_texture_distance_to_itself_is_a_small_floor_that_sinks_with_more_patches():
    painting = texture()
    few, many = (texture_distance(painting, painting, patches=count) for count in (512, 8192))
    assert 0 < many < few < 0.1
    assert many < 0.03


def test_texture_distance_is_small_for_the_same_texture_and_large_for_another():
    painting = texture(seed=1)
    same = texture_distance(texture(seed=2), painting, **FAST)
    coarser = texture_distance(texture(sigma=(3, 3), seed=2), painting, **FAST)
    brushed = texture_distance(texture(sigma=(0.5, 2), seed=2), painting, **FAST)
    assert same < 0.1
    assert coarser > 3 * same
    assert brushed > 1.5 * same


def test_texture_distance_sees_contrast_but_neither_colour_nor_a_contrast_that_both_share():
    def softer(part, share):
        return 0.5 + (part - 0.5) * share

    picture, painting = texture(contrast=0.05), texture(sigma=(2, 2), seed=1)
    distance = pytest.approx(texture_distance(picture, painting, **FAST), rel=1e-4)
    tinted = picture + np.array([0.2, -0.1, 0.05], np.float32)
    assert texture_distance(tinted, painting, **FAST) == distance
    assert texture_distance(softer(picture, 0.5), softer(painting, 0.5), **FAST) == distance
    assert texture_distance(softer(texture(seed=2), 0.3), texture(seed=1), **FAST) > 0.3


def test_texture_distance_repeats_with_its_seed_and_varies_little_with_another():
    picture, painting = texture(sigma=(2, 2)), texture(seed=1)
    first, again, other = (texture_distance(picture, painting, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    assert other == pytest.approx(first, rel=0.1)


# --- structure ---


def test_structure_of_a_picture_and_itself_is_1_also_at_odd_sizes():
    assert structure_score(texture(), texture()) == pytest.approx(1)
    assert structure_score(texture(65, 91), texture(65, 91)) == pytest.approx(1)


def test_structure_ignores_gain_and_offset_of_the_luma():
    content = texture()
    restyled = texture(sigma=(1, 2), seed=0)
    assert structure_score(content * 0.4 + 0.3, content) == pytest.approx(1, abs=1e-3)
    assert structure_score(restyled * 0.4 + 0.3, content) == pytest.approx(
        structure_score(restyled, content), abs=1e-3
    )


def test_structure_falls_as_the_drawing_is_lost_is_0_between_strangers_and_below_in_a_negative():
    content = texture(sigma=(3, 3))
    scores = [
        structure_score(ndimage.gaussian_filter(content, (sigma, sigma, 0)), content)
        for sigma in (0, 3, 6, 12)
    ]
    assert scores == sorted(scores, reverse=True)
    assert structure_score(texture(sigma=(3, 3), seed=1), content) == pytest.approx(0, abs=0.1)
    assert structure_score(1 - content, content) < -0.3


# --- halos and frames ---


@pytest.mark.parametrize(("measure", "most"), [(halo_strength, 1e-3), (frame_strength, 5e-3)])
def test_there_is_none_in_the_photo_itself_in_another_tone_of_it_nor_in_a_texture(measure, most):
    photo = drawing()
    assert measure(photo, photo) == pytest.approx(0, abs=most)
    assert measure(photo * 0.6 + 0.1, photo) == pytest.approx(0, abs=most)
    assert abs(measure(photo + strokes(photo), photo)) < 0.01


@pytest.mark.parametrize("tone", [-0.1, 0.1])
def test_bright_and_dark_rims_are_halos_of_about_half_their_height(tone):
    photo = drawing()
    assert 0.03 < halo_strength(photo + tone * rims(photo), photo) < 0.1


def test_rims_and_a_frame_are_found_in_a_texture_and_overshoot_is_a_halo():
    photo = drawing()
    textured = photo + strokes(photo)
    assert halo_strength(textured + 0.1 * rims(photo), photo) > 0.03
    assert frame_strength(textured - 0.1 * border(photo), photo) > 0.07
    overshoot = photo - ndimage.gaussian_filter(photo, (3, 3, 0))
    weaker, stronger = (halo_strength(photo + part * overshoot, photo) for part in (0.5, 1))
    assert weaker < stronger and stronger > 0.005


@pytest.mark.parametrize("tone", [-0.1, 0.1])
def test_a_frame_of_8_px_is_as_strong_as_its_tone(tone):
    photo = drawing()
    assert frame_strength(photo + tone * border(photo), photo) == pytest.approx(0.1, abs=0.02)


def test_halos_are_no_frame_and_a_frame_is_no_halo():
    photo = drawing()
    assert abs(frame_strength(photo + 0.1 * rims(photo), photo)) < 0.01
    assert abs(halo_strength(photo - 0.1 * border(photo), photo)) < 0.01


# --- checkerboards ---


def grid(picture, period, amplitude):
    """A checkerboard of period 2, or a grid of waves of period 4 along both axes."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    waves = np.cos(2 * np.pi * rows / period), np.cos(2 * np.pi * columns / period)
    wave = waves[0] * waves[1] if period == 2 else sum(waves) / 2
    return amplitude * wave[..., np.newaxis]


@pytest.mark.parametrize("period", [2, 4])
def test_a_checkerboard_is_found_and_more_of_it_is_stronger(period):
    picture = texture(contrast=0.05)
    strengths = [checkerboard_strength(picture + grid(picture, period, a)) for a in (0, 0.02, 0.1)]
    assert abs(strengths[0]) < 0.02
    assert strengths[0] + 0.02 < strengths[1] < strengths[2] < 1


@pytest.mark.parametrize("shape", [(64, 64), (99, 130)])  # 4 does not divide the latter
def test_a_picture_of_nothing_but_a_checkerboard_is_near_1_and_a_flat_one_0(shape):
    flat = np.full((*shape, 3), 0.5)
    assert checkerboard_strength(flat + grid(flat, 2, 0.2)) == pytest.approx(1, abs=0.05)
    assert checkerboard_strength(flat) == pytest.approx(0, abs=1e-6)


def test_waves_of_another_period_and_upright_lines_are_no_checkerboard():
    picture = texture(192, 256)
    assert abs(checkerboard_strength(picture + grid(picture, 3, 0.05))) < 0.02
    assert abs(checkerboard_strength(drawing())) < 0.02


# --- pictures that are none ---

PICTURE, BYTES = texture(), np.full((96, 128, 3), 200, np.uint8)
EVEN = np.full_like(PICTURE, 0.5)


@pytest.mark.parametrize(
    ("measure", "given", "settings", "words"),
    [
        (texture_distance, (PICTURE[:31], PICTURE), {}, r"image .* at least 32 .*shape \(31, 128"),
        (texture_distance, (PICTURE, PICTURE[..., 0]), {}, "painting must have shape"),
        (texture_distance, (PICTURE + np.nan, PICTURE), {}, "image .* values from nan to nan"),
        (texture_distance, (PICTURE, EVEN), {}, "painting must have texture"),
        (texture_distance, (PICTURE, PICTURE), {"seed": -1}, "seed must be .*>= 0. Received: -1"),
        (texture_distance, (PICTURE, PICTURE), {"patches": 0}, "patches must be .*>= 1. Rec"),
        (texture_distance, (PICTURE, PICTURE), {"directions": 2.5}, "directions must be .*: 2.5"),
        (halo_strength, (PICTURE, EVEN), {}, "content must have edges"),
        (checkerboard_strength, (PICTURE[:63],), {}, "at least 64 pixels"),
        (checkerboard_strength, (BYTES,), {}, "image must hold floating-point .*dtype uint8"),
        (texture_distance, (BYTES, PICTURE), {}, "image must hold .*dtype uint8"),
        *(
            (measure, given, {}, words)
            for measure in (structure_score, halo_strength, frame_strength)
            for given, words in (
                ((BYTES, PICTURE), "image must hold .*dtype uint8"),
                ((PICTURE, PICTURE[:, :96]), r"same shape. Received: \(96, 128, 3\) and \(96, 96"),
            )
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(measure, given, settings, words):
    with pytest.raises((TypeError, ValueError), match=words):
        measure(*given, **settings)
