"""Anomalies: what holds for every kind, and each kind by answers known by hand."""

import time
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise

import styleguard_edu as sg
from styleguard_edu import anomalies
from styleguard_edu.anomalies import ANOMALIES, GROUPS, benchmark_anomalies, damage_some
from styleguard_edu.anomalies.draws import draw_regions, draw_spots
from styleguard_edu.datasets import load_digits
from styleguard_edu.styles import render_style

import numpy as np
import pytest
from scipy.ndimage import center_of_mass, label
from scipy.stats import norm

EVERY_KIND = pytest.mark.parametrize("kind", ANOMALIES.values(), ids=ANOMALIES)
GREY_KINDS = pytest.mark.parametrize("name", benchmark_anomalies())


@pytest.fixture(scope="module")
def digits():
    return load_digits("bundled", verbose=False).test.images[:64]


@pytest.fixture(scope="module")
def restyled(digits):
    return render_style(digits, "ink")


def flat(level=0.5, n=1, height=28, width=28, channels=1):
    return np.full((n, height, width, channels), level, np.float32)


def dot(n=1, size=21):
    """One white pixel in the middle of black."""
    images = flat(0, n, size, size)
    images[:, size // 2, size // 2] = 1
    return images


def textured(n=3, height=9, width=14, channels=3):
    """Pictures without a flat place."""
    values = np.random.default_rng(0).random((n, height, width, channels))
    return (0.1 + 0.8 * values).astype(np.float32)


# what holds for every kind


@EVERY_KIND
@pytest.mark.parametrize("local", [False, True])
def test_the_mask_is_exactly_where_the_images_differ(kind, local, digits, restyled):
    damaged = kind(local=local)(restyled, rng=0, content=digits)
    changes = np.abs(damaged.images - restyled).max(axis=-1)
    np.testing.assert_array_equal(damaged.masks, changes > 0)
    assert changes[damaged.masks].min() >= 1 / 510  # half a grey level
    np.testing.assert_array_equal(damaged.labels, np.where(changes.any(axis=(1, 2)), -1, 1))


@EVERY_KIND
def test_damaged_images_are_in_the_convention(kind, digits, restyled):
    images, masks, labels = kind(severity=5)(restyled, rng=0, content=digits)
    assert (images.dtype, masks.dtype, labels.dtype.kind) == (np.float32, bool, "i")
    assert (images.shape, masks.shape, labels.shape) == (restyled.shape, (64, 28, 28), (64,))
    assert images.min() >= 0
    assert images.max() <= 1


@EVERY_KIND
def test_every_digit_is_damaged_at_severity_3(kind, digits, restyled):
    assert (kind()(restyled, rng=0, content=digits).labels == -1).all()


@EVERY_KIND
@pytest.mark.parametrize("local", [False, True])
def test_the_seed_decides_the_damage_and_the_input_is_left_alone(kind, local, digits, restyled):
    before, damage = restyled.copy(), kind(local=local)
    first = damage(restyled, rng=3, content=digits)
    again = damage(restyled, rng=np.random.default_rng(3), content=digits)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(restyled, before)


@EVERY_KIND
def test_severity_grows(kind, digits, restyled):
    change = [
        np.abs(kind(severity=s)(restyled, rng=0, content=digits).images - restyled).mean()
        for s in range(1, 6)
    ]
    assert all(less < more for less, more in pairwise(change))


@EVERY_KIND
@pytest.mark.parametrize("size", [(8, 8), (9, 31), (40, 17)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("local", [False, True])
def test_any_size_from_8x8_is_damaged_in_grey_and_in_colour(kind, size, channels, local):
    if kind.colour_only and channels == 1:
        pytest.skip("needs colour")
    images = textured(2, *size, channels)
    for severity in (1, 5):
        damage = kind(severity=severity, local=local)
        damaged = damage(images[:1], rng=0, content=1 - images[:1])
        np.testing.assert_array_equal(damaged.masks, (damaged.images != images[:1]).any(-1))
        assert damaged.labels.shape == (1,)


@EVERY_KIND
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_flat_picture_gives_no_nan(kind, level):
    images = flat(level, channels=3)
    damaged = kind()(images, rng=0, content=images)
    assert np.isfinite(damaged.images).all()
    assert damaged.labels[0] == (-1 if damaged.masks.any() else 1)


@GREY_KINDS
def test_local_damage_stays_in_a_part_of_the_picture(name, digits):
    masks = ANOMALIES[name](severity=5, local=True)(digits, rng=0).masks
    assert (masks.mean(axis=(1, 2)) < 0.4).all()
    assert (masks.any(axis=(1, 2))).mean() > 0.9


@pytest.mark.perf
@GREY_KINDS
def test_it_takes_no_longer_than_300_additions(name, digits):
    images = np.tile(digits, (16, 1, 1, 1))[:1000]

    def seconds(work):
        start = time.process_time()
        work()
        return time.process_time() - start

    damage = benchmark_anomalies()[name]
    allowed = min(seconds(lambda: [images + 0.5 for _ in range(300)]) for _ in range(3))
    assert min(seconds(lambda: damage(images, rng=0)) for _ in range(3)) < allowed


# which kinds there are


def test_there_are_kinds_of_four_groups_by_snake_case_names():
    assert list(GROUPS) == ["noise", "blur", "geometric", "structural"]
    assert sum(GROUPS.values(), ()) == tuple(ANOMALIES)
    assert ANOMALIES["salt_and_pepper"] is sg.SaltAndPepper
    assert all(ANOMALIES[name].group == group for group, names in GROUPS.items() for name in names)
    assert len({kind.label for kind in ANOMALIES.values()}) == len(ANOMALIES)


def test_benchmark_anomalies_are_severity_3_and_grey_unless_colour_is_asked_for():
    assert set(ANOMALIES) - set(benchmark_anomalies()) == {"colour_cast", "style_leak"}
    assert benchmark_anomalies(colour=True) == {
        name: kind(severity=3) for name, kind in ANOMALIES.items()
    }
    local = anomalies.local_benchmark_anomalies()
    assert set(local) < set(benchmark_anomalies())
    assert all(kind.local and kind.severity == 3 for kind in local.values())


def test_photo_damage_is_local_and_grows_with_the_level():
    levels = [anomalies.photo_anomalies(level) for level in range(3)]
    for light, more in pairwise(levels):
        assert all(more[name].local and light[name].value < more[name].value for name in light)
    with pytest.raises(ValueError, match=r"level must be a whole number from 0 to 2.*Received: 3"):
        anomalies.photo_anomalies(3)


def test_every_kind_can_be_imported_from_the_module_and_from_the_package():
    for kind in ANOMALIES.values():
        assert kind.__name__ in anomalies.__all__ and getattr(sg, kind.__name__) is kind


# parameters


def test_the_parameter_holds_its_number():
    assert sg.Noise(std=1).std == 1.0
    assert sg.Noise(severity=4).std == sg.Noise.SEVERITIES[3]
    assert sg.Noise() == sg.Noise(severity=3)
    assert (sg.Shift(pixels=2).parameter, sg.Shift(pixels=2).value) == ("pixels", 2)
    assert sg.Noise(std=0.25).severity is None


def test_a_kind_is_frozen():
    with pytest.raises(FrozenInstanceError):
        sg.Noise().std = 0.1


@EVERY_KIND
def test_parameter_and_severity_exclude_each_other(kind):
    parameter = kind().parameter
    value = kind.SEVERITIES[0]
    with pytest.raises(ValueError, match=f"either {parameter} or severity. Received: {parameter}="):
        kind(**{parameter: value}, severity=2)


@EVERY_KIND
def test_a_kind_can_be_rebuilt_from_its_repr_and_copied_with_a_change(kind):
    assert eval(repr(kind(severity=2)), {kind.__name__: kind}) == kind(severity=2)
    assert replace(kind(), local=True) == kind(local=True)


@EVERY_KIND
@pytest.mark.parametrize("bad", [-1, 0, np.nan, np.inf, 1e7, "much", True])
def test_a_parameter_out_of_its_range_is_refused(kind, bad):
    parameter = kind().parameter
    with pytest.raises(ValueError, match=rf"{parameter} must be a .*Received: {bad!r}"):
        kind(**{parameter: bad})


@pytest.mark.parametrize("bad", [0, 6, 2.5, "3", True])
def test_a_severity_other_than_1_to_5_is_refused(bad):
    with pytest.raises(ValueError, match=f"severity must be 1, 2, 3, 4 or 5. Received: {bad!r}"):
        sg.Noise(severity=bad)


@EVERY_KIND
def test_the_largest_parameter_takes_bounded_time_and_gives_images(kind):
    largest = int(kind.RANGE[1]) if kind.integer else kind.RANGE[1]
    damaged = kind(**{kind().parameter: largest})(textured(2), rng=0, content=textured(2))
    assert np.isfinite(damaged.images).all()


def test_counts_must_be_whole_and_local_true_or_false():
    with pytest.raises(ValueError, match=r"side must be a whole number above 0 and at most 1000"):
        sg.Occlusion(side=2.5)
    with pytest.raises(ValueError, match=r"share must be a number above 0 and at most 1. Rec"):
        sg.SaltAndPepper(share=1.5)
    with pytest.raises(TypeError, match=r"local must be True or False. Received: 'yes'"):
        sg.Noise(local="yes")


# input


@pytest.mark.parametrize("rng", [None, 1.5, "0", True, -1, np.random.RandomState(0)])
def test_rng_must_be_a_generator_or_a_seed(rng):
    with pytest.raises(TypeError, match="rng must be a numpy Generator or a whole number >= 0"):
        sg.Noise()(flat(), rng=rng)


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((1, 7, 28, 1), np.float32), ValueError, r"at least 8x8 px. Received: shape \(1"),
        (np.zeros((0, 28, 28, 1), np.float32), ValueError, "at least one image"),
        (np.full((1, 28, 28, 1), np.nan), ValueError, "finite"),
        (np.full((1, 28, 28, 1), 2.0), ValueError, r"in \[0, 1\]"),
        (np.zeros((1, 28, 28, 2)), ValueError, "1 or 3 channels"),
        (np.zeros((1, 28, 28, 1), np.uint8), TypeError, "floating-point"),
    ],
)
def test_images_are_checked(images, error, words):
    with pytest.raises(error, match=words):
        sg.Noise()(images, rng=0)
    with pytest.raises(error, match=words):
        damage_some(images, [sg.Noise()], share=1, rng=0)


def test_a_colour_cast_needs_colour():
    with pytest.raises(ValueError, match=r"ColourCast needs colour.*Received: shape \(1, 28, 28"):
        sg.ColourCast()(flat(), rng=0)


def test_a_style_leak_needs_content_of_the_same_size():
    with pytest.raises(ValueError, match=r"StyleLeak needs content=.*Received: None"):
        sg.StyleLeak()(flat(channels=3), rng=0)
    with pytest.raises(ValueError, match=r"content must have as many .*Received: \(2, 28, 28\)"):
        sg.StyleLeak()(flat(channels=3), rng=0, content=flat(n=2))


# noise


def test_noise_has_the_standard_deviation_asked_for():
    images = flat(n=20)
    noise = sg.Noise(std=0.05)(images, rng=0).images - images
    assert np.std(noise) == pytest.approx(0.05, rel=0.02)
    speckle = sg.Speckle(std=0.1)(images, rng=0).images - images  # a tenth of one half
    assert np.std(speckle) == pytest.approx(0.05, rel=0.02)


def test_shot_noise_counts_photons_and_leaves_black_alone():
    images = sg.ShotNoise(photons=10)(flat(0.4, n=20), rng=0).images
    np.testing.assert_allclose(images * 10, np.rint(images * 10), atol=1e-5)
    assert images.mean() == pytest.approx(0.4, abs=0.01)
    assert images.std() == pytest.approx(np.sqrt(0.4 / 10), rel=0.03)
    assert sg.ShotNoise()(flat(0), rng=0).labels[0] == 1


def test_salt_and_pepper_hits_its_share_half_white_half_black():
    images = sg.SaltAndPepper(share=0.2)(flat(n=20), rng=0).images
    assert set(np.unique(images)) == {0, 0.5, 1}
    assert np.mean(images == 0) == pytest.approx(0.1, abs=0.01)
    assert np.mean(images == 1) == pytest.approx(0.1, abs=0.01)


def test_salt_and_pepper_hits_all_channels_of_a_pixel():
    images = sg.SaltAndPepper()(flat(channels=3), rng=0).images
    assert (images == images[..., :1]).all()


def test_spatter_covers_its_share_with_few_drops():
    masks = sg.Spatter(share=0.1)(flat(0, n=20), rng=0).masks
    assert masks.mean() == pytest.approx(0.1, abs=0.03)
    assert label(masks[0])[1] < masks[0].sum() / 5


# blur


def test_blur_turns_an_edge_into_the_normal_distribution():
    images = flat(0, height=31, width=31)
    images[:, :, 15:] = 1
    image = sg.Blur(sigma=1.5)(images, rng=0).images[0, 10, :, 0]
    from_the_edge = np.arange(31) - 14.5  # pixels
    np.testing.assert_allclose(image, norm.cdf(from_the_edge / 1.5), atol=0.01)


def test_motion_blur_draws_a_dot_out_to_a_line_of_the_length():
    images = sg.MotionBlur(pixels=9)(dot(n=30, size=31), rng=0).images[..., 0]
    rows, columns = np.nonzero(images[0])
    assert np.hypot(np.ptp(rows), np.ptp(columns)) == pytest.approx(9, abs=1.5)
    np.testing.assert_allclose(images.sum(axis=(1, 2)), 1, atol=0.03)
    assert len({image.tobytes() for image in images}) > 5  # directions


def test_glass_blur_shows_only_neighbours():
    columns = np.broadcast_to(np.linspace(0, 1, 29, dtype=np.float32), (1, 29, 29))[..., None]
    moved = np.abs(sg.GlassBlur(pixels=2)(columns, rng=0).images - columns) * 28
    np.testing.assert_allclose(moved, np.rint(moved), atol=1e-4)
    assert moved.max() == pytest.approx(2, abs=1e-4)


def test_pixelation_shows_the_mean_of_every_block_also_of_those_cut_off():
    ramp = (np.arange(100, dtype=np.float32).reshape(1, 10, 10, 1)) / 100
    image = sg.Pixelation(block=4)(ramp, rng=0).images[0, ..., 0]
    np.testing.assert_allclose(image[:4, :4], 0.165, atol=1e-6)  # mean of 0..3 and 0..30, / 100
    np.testing.assert_allclose(image[8:, 8:], 0.935, atol=1e-6)  # of 88, 89, 98, 99


@pytest.mark.parametrize(
    ("radius", "neighbour", "corner"), [(1, 1, 0), (0.5, 0.5, 0), (1.5, 1, 0.5)]
)
def test_dilation_and_erosion_known_by_hand(radius, neighbour, corner):
    grown = sg.Dilation(radius=radius)(dot(), rng=0).images[0, ..., 0]
    assert (grown[10, 10], grown[10, 11], grown[11, 11]) == (1, neighbour, corner)
    shrunk = sg.Erosion(radius=radius)(1 - dot(), rng=0).images[0, ..., 0]
    np.testing.assert_allclose(shrunk, 1 - grown)


# geometry


@pytest.mark.parametrize("pixels", [2, 5])
def test_a_shift_moves_a_dot_by_its_pixels_in_all_directions(pixels):
    damaged = sg.Shift(pixels=pixels)(dot(n=50), rng=0)
    places = np.argwhere(damaged.images[..., 0] == 1)[:, 1:] - 10
    assert len(places) == 50
    assert np.abs(np.hypot(*places.T) - pixels).max() <= np.sqrt(0.5)  # rounded to whole pixels
    assert len(np.unique(places, axis=0)) >= 8
    assert (damaged.masks.sum(axis=(1, 2)) == 2).all()  # where it was, and where it is


def test_a_shift_repeats_the_edge():
    images = flat(0)
    images[:, :, 0] = images[:, :, -1] = images[:, 0] = images[:, -1] = 1
    damaged = sg.Shift(pixels=3)(images, rng=0).images[0, ..., 0]
    assert damaged.mean() > images.mean()


@pytest.mark.parametrize("degrees", [90, 180])
def test_a_rotation_by_a_right_angle_is_exact(degrees):
    images = textured(20, 11, 11, 3)
    damaged = sg.Rotation(degrees=degrees)(images, rng=0).images
    turns = {1, 3} if degrees == 90 else {2}
    found = [
        turn
        for image, result in zip(images, damaged, strict=True)
        for turn in turns
        if np.allclose(result, np.rot90(image, turn), atol=0.003)
    ]
    assert len(found) == 20
    assert set(found) == turns


def test_scaling_enlarges_or_shrinks_by_its_factor():
    images = flat(0, n=40, height=32, width=32)
    images[:, 12:20, 12:20] = 1
    areas = sg.Scaling(factor=2)(images, rng=0).images.sum(axis=(1, 2, 3))
    large = areas > 64
    assert 5 < large.sum() < 35
    np.testing.assert_allclose(areas[large], 256, rtol=0.02)
    np.testing.assert_allclose(areas[~large], 16, rtol=0.02)


def test_shear_makes_a_column_slant_to_either_side():
    images = flat(0, n=20, height=21, width=21)
    images[:, :, 10] = 1
    damaged = sg.Shear(slope=0.5)(images, rng=0).images[..., 0]
    slants = damaged[:, 4].argmax(axis=1) - damaged[:, 16].argmax(axis=1)  # 12 rows apart
    assert set(slants) == {-6, 6}
    np.testing.assert_array_equal(damaged[:, 10], images[:, 10, :, 0])


def test_deformation_displaces_by_its_pixels():
    columns = np.broadcast_to(np.linspace(0, 1, 101, dtype=np.float32), (1, 101, 101))[..., None]
    moved = (sg.Deformation(pixels=3)(columns, rng=0).images - columns)[0, 15:-15, 15:-15] * 100
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(3 / np.sqrt(2), rel=0.15)  # along one axis
    assert np.abs(np.diff(moved, axis=0)).max() < 3  # smooth


# marks


def test_an_occlusion_is_one_square_of_one_grey_over_what_stands_out():
    images = flat(0.5, n=30)
    images[:, 0, 27] = 1  # in a corner: the square is moved inside
    damaged = sg.Occlusion(side=6)(images, rng=1)
    assert (damaged.masks.sum(axis=(1, 2)) == 36).all()
    assert damaged.masks[:, :6, -6:].all()
    assert (np.ptp(damaged.images[:, :6, -6:], axis=(1, 2)) == 0).all()


def test_an_occlusion_larger_than_the_picture_hides_all_of_it():
    assert sg.Occlusion(side=50)(textured(), rng=0).masks.all()


def test_scratches_are_thin_and_bright_on_dark_and_dark_on_bright():
    dark, bright = (sg.Scratch(count=1)(flat(level, n=50), rng=0) for level in (0, 1))
    assert (dark.images.max(axis=(1, 2, 3)) > 0.5).all()
    assert (bright.images.min(axis=(1, 2, 3)) < 0.5).all()
    assert dark.masks.sum(axis=(1, 2)).max() <= 3 * 28  # longest: corner to corner


def test_some_scratches_are_dotted():
    masks = sg.Scratch(count=1)(flat(0, n=30), rng=0).masks
    pieces = [label(mask, np.ones((3, 3)))[1] for mask in masks]
    assert min(pieces) == 1
    assert max(pieces) >= 3


def test_a_zigzag_is_one_line_across_what_stands_out():
    images = dot(n=20, size=41)
    masks = sg.Zigzag(strokes=5)(images, rng=0).masks
    assert all(
        label(mask | (image > 0), np.ones((3, 3)))[1] == 1
        for mask, image in zip(masks, images[..., 0], strict=True)
    )
    assert masks[:, 18:23, 18:23].any(axis=(1, 2)).all()


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_stripe_is_the_negative_of_a_band(width):
    images = textured(20, 12, 12, 1)
    damaged = sg.Stripe(width=width)(images, rng=0)
    rows, columns = damaged.masks.all(axis=2).sum(axis=1), damaged.masks.all(axis=1).sum(axis=1)
    # a value of one half is its own negative, so not every row of a band changed throughout
    assert set(np.maximum(rows, columns)) <= {width, width - 1}
    assert rows.any()
    assert columns.any()
    changed = damaged.masks[..., None]
    np.testing.assert_allclose(damaged.images[changed], 1 - images[changed])


def test_lost_blocks_are_flat_or_copies_of_a_neighbour():
    images = textured(40, 16, 16, 1)
    damaged = sg.BlockLoss(share=0.125)(images, rng=0)  # 2 of 16
    blocks = damaged.images.reshape(40, 4, 4, 4, 4).swapaxes(2, 3)
    before = images.reshape(40, 4, 4, 4, 4).swapaxes(2, 3)
    lost = (blocks != before).any(axis=(3, 4))
    # pixels that hardly changed were put back
    flat_ones = (np.abs(blocks[lost] - 0.5) < 1 / 510).all(axis=(1, 2))
    assert lost.sum(axis=(1, 2)).max() == 2
    assert 0.3 < flat_ones.mean() < 0.7
    copied = blocks[lost][~flat_ones]
    nearest = [np.abs(block - before).max(axis=(3, 4)).min() for block in copied]
    assert max(nearest) < 1 / 510


# tone


def test_fog_brightens_black_by_its_density_and_unevenly():
    images = sg.Fog(density=0.4)(flat(0, n=20), rng=0).images
    assert images.mean() == pytest.approx(0.4 * 0.9, rel=0.03)
    assert images.std(axis=(1, 2)).min() > 0.03
    assert np.abs(np.diff(images, axis=1)).max() < 0.15


def test_brightness_known_by_hand():
    images = sg.Brightness(amount=0.25)(flat(0.4, n=20), rng=0).images[:, 0, 0, 0]
    np.testing.assert_allclose(
        np.unique(images.round(5)), [0.3, 0.55]
    )  # 3/4 of 0.4; 1 - 3/4 of 0.6


def test_a_ghost_is_a_fainter_copy_four_pixels_away():
    images = sg.Ghost(opacity=0.3)(dot(n=20), rng=0).images[..., 0]
    np.testing.assert_allclose(images[:, 10, 10], 0.7, atol=1e-6)
    copies = np.argwhere((images > 0.29) & (images < 0.31))[:, 1:] - 10
    assert len(copies) == 20
    assert np.abs(np.hypot(*copies.T) - 4).max() <= np.sqrt(0.5)


def test_a_checkerboard_has_the_amplitude_on_every_pixel():
    change = sg.Checkerboard(amplitude=0.2)(flat(0.5), rng=0).images[0, ..., 0] - 0.5
    np.testing.assert_allclose(np.abs(change), 0.2, atol=1e-6)
    np.testing.assert_allclose(change[:, 1:], -change[:, :-1], atol=1e-6)
    np.testing.assert_allclose(change[1:], -change[:-1], atol=1e-6)


def test_a_halo_is_bright_on_both_sides_of_an_edge_and_nowhere_else():
    images = flat(0.2)
    images[:, :, 14:] = 0.6
    change = (sg.Halo(gain=1)(images, rng=0).images - images)[0, 10, :, 0]
    assert change[13] > 0.05
    assert change[14] > 0.05
    assert not change[[*range(9), *range(19, 28)]].any()


def test_edges_of_a_square_are_its_outline_known_by_hand():
    images = flat(0)
    images[:, 10:15, 10:15] = 1
    image = sg.Edges(strength=1)(images, rng=0).images[0, ..., 0]
    assert not image[10:15, 10:15].any()
    assert image.sum() == 4 * 5
    assert image[9, 10:15].all()


def test_a_colour_cast_changes_the_hue_and_keeps_the_mean():
    images = flat(0.5, n=30, channels=3)
    change = sg.ColourCast(amount=0.2)(images, rng=0).images - images
    np.testing.assert_allclose(change.sum(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose((change[:, 0, 0] ** 2).sum(axis=1), 1.5 * 0.2**2, rtol=1e-3)
    assert set(change[:, 0, 0].argmax(axis=1)) == {0, 1, 2}


def test_a_style_leak_shows_the_content_on_its_share():
    images, content = flat(0.2, n=20, channels=3), flat(0.8, n=20)
    leaked = sg.StyleLeak(share=0.2)(images, rng=0, content=content).images
    assert leaked.max() == pytest.approx(0.8)
    assert np.mean((leaked - 0.2) / 0.6) == pytest.approx(0.2, abs=0.03)


def test_coloured_content_leaks_into_grey_images_as_its_mean():
    content = flat(0.3, channels=3)
    content[..., 0] = 0.9
    leaked = sg.StyleLeak()(flat(0), rng=0, content=content).images
    assert leaked.max() == pytest.approx(0.5)


# places


def test_spots_stand_out_on_dark_and_on_bright_pictures(digits):
    for images in (digits, 1 - digits):
        rows, columns = draw_spots(images, np.random.default_rng(0)).T
        assert (np.abs(images[np.arange(64), rows, columns, 0] - images[:, 0, 0, 0]) > 0.4).all()


def test_regions_hold_their_spot_and_cover_10_to_35_percent():
    rng = np.random.default_rng(0)
    spots = rng.integers(0, [64, 96], (200, 2))
    spots[:4] = [[0, 0], [0, 95], [63, 0], [63, 95]]
    regions = draw_regions(spots, (200, 64, 96, 1), rng)
    shares = regions.mean(axis=(1, 2))
    assert regions[np.arange(200), spots[:, 0], spots[:, 1]].all()
    assert 0.09 < shares.min() < 0.15
    assert 0.3 < shares.max() < 0.36
    # some are rectangles, some are not
    boxes = regions.any(axis=1).sum(axis=1) * regions.any(axis=2).sum(axis=1)
    assert 0.2 < np.mean(boxes == regions.sum(axis=(1, 2))) < 0.8


def test_local_damage_is_the_clean_image_outside_its_region():
    images = flat(0.5, n=50, height=40, width=40)
    masks = sg.Brightness(local=True)(images, rng=0).masks
    assert 0.1 < masks.mean() < 0.35
    rows, columns = center_of_mass(masks[0])
    assert masks[0, int(rows), int(columns)]


# some of a batch


def test_damage_some_leaves_the_others_bit_identical_and_names_what_it_did(digits):
    damaged, names = damage_some(digits, [sg.Noise(), sg.Blur()], share=0.5, rng=0)
    np.testing.assert_array_equal(damaged.masks, (damaged.images != digits).any(axis=-1))
    np.testing.assert_array_equal(names == "", damaged.labels == 1)
    assert np.sum(damaged.labels == -1) == 32
    assert set(names) == {"", "noise", "blur"}


def test_damage_some_with_share_0_or_1_damages_none_or_all(digits):
    for share, expected in ((0, 1), (1, -1)):
        assert (damage_some(digits, [sg.Noise()], share=share, rng=0)[0].labels == expected).all()


def test_damage_some_rounds_the_share_by_chance():
    damaged = [damage_some(flat(), [sg.Noise()], share=0.5, rng=seed)[0] for seed in range(60)]
    assert 15 < sum(one.labels[0] == -1 for one in damaged) < 45


def test_damage_some_takes_the_names_of_a_dict_and_repeats(digits):
    kinds = {"weak": sg.Noise(severity=1), "strong": sg.Noise(severity=5)}
    damaged, names = damage_some(digits, kinds, share=1, rng=4)
    again, _ = damage_some(digits, kinds, share=1, rng=4)
    assert set(names) == {"weak", "strong"}
    np.testing.assert_array_equal(damaged.images, again.images)
    change = np.abs(damaged.images - digits).mean(axis=(1, 2, 3))
    assert change[names == "weak"].max() < change[names == "strong"].min()


def test_damage_some_hands_each_image_its_own_content(digits, restyled):
    leaked, _ = damage_some(restyled, [sg.StyleLeak(share=1)], share=0.5, rng=0, content=digits)
    rows = leaked.labels == -1
    shown = np.abs(leaked.images[rows] - digits[rows])
    assert np.median(shown) == 0


@pytest.mark.parametrize("count", [3, 30])
def test_damage_some_wants_one_content_for_each_image(digits, restyled, count):
    content = np.resize(digits, (count, *digits.shape[1:]))
    with pytest.raises(ValueError, match="content"):
        damage_some(restyled, [sg.StyleLeak(share=1)], share=0.5, rng=0, content=content)


def test_damage_some_calls_an_image_clean_that_nothing_changed():
    damaged, names = damage_some(flat(0, n=4), [sg.ShotNoise()], share=1, rng=0)
    assert (damaged.labels == 1).all()
    assert (names == "").all()


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"kinds": []}, TypeError, r"kinds must hold at least one anomaly.*Received: \[\]"),
        ({"kinds": ["noise"]}, TypeError, "only such. Received"),
        ({"share": 1.5}, ValueError, "share must be a number from 0 to 1. Received: 1.5"),
        ({"share": "half"}, ValueError, "share must be a number"),
        ({"rng": None}, TypeError, "rng must be"),
    ],
)
def test_damage_some_checks_its_arguments(settings, error, words):
    with pytest.raises(error, match=words):
        damage_some(flat(), **({"kinds": [sg.Noise()], "share": 0.5, "rng": 0} | settings))
