"""Anomalies: what holds for every kind, and each kind by answers known by hand."""

import time
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise, product

import styleguard_edu as sg
from styleguard_edu import anomalies
from styleguard_edu.anomalies import ANOMALIES, GROUPS, benchmark_anomalies, damage_some
from styleguard_edu.anomalies.draws import draw_regions, draw_spots
from styleguard_edu.datasets import load_digits
from styleguard_edu.styles import render_style

import numpy as np
import pytest
from scipy.ndimage import label
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
    images, masks, labels = kind(local=local)(restyled, rng=0, content=digits)
    assert (images.dtype, masks.dtype, labels.dtype.kind) == (np.float32, bool, "i")
    assert (images.shape, images.min() >= 0, images.max() <= 1) == (restyled.shape, True, True)
    changes = np.abs(images - restyled).max(axis=-1)
    np.testing.assert_array_equal(masks, changes > 0)
    assert changes[masks].min() >= 1 / 510  # half a grey level
    np.testing.assert_array_equal(labels, np.where(masks.any(axis=(1, 2)), -1, 1))
    assert (labels == -1).mean() > (0.9 if local else 0.999)
    if local:
        assert (masks.mean(axis=(1, 2)) < 0.4).all()  # in a part of the picture


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
def test_any_size_from_8x8_is_damaged_in_grey_and_in_colour(kind, size):
    for channels in (3,) if kind.colour_only else (1, 3):
        images = textured(1, *size, channels)
        for severity, local in product((1, 5), (False, True)):
            damaged = kind(severity=severity, local=local)(images, rng=0, content=1 - images)
            np.testing.assert_array_equal(damaged.masks, (damaged.images != images).any(-1))


@EVERY_KIND
def test_a_flat_picture_and_the_largest_parameter_give_no_nan(kind):
    largest = kind(**{kind().parameter: (int if kind.integer else float)(kind.RANGE[1])})
    for images in (textured(2), *(flat(level, channels=3) for level in (0, 0.5, 1))):
        for damage in (kind(), largest):
            assert np.isfinite(damage(images, rng=0, content=images).images).all()


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.fixture(scope="module")
def thousand(digits):
    """Images, and the seconds that 300 additions to them take."""
    images = np.tile(digits, (16, 1, 1, 1))[:1000]
    return images, min(seconds(lambda: [images + 0.5 for _ in range(300)]) for _ in range(3))


@pytest.mark.perf
@GREY_KINDS
def test_it_takes_no_longer_than_300_additions(name, thousand):
    images, allowed = thousand
    damage = benchmark_anomalies()[name]
    assert min(seconds(lambda: damage(images, rng=0)) for _ in range(3)) < allowed


# which kinds there are


def test_there_are_kinds_of_four_groups_by_snake_case_names():
    assert list(GROUPS) == ["noise", "blur", "geometric", "structural"]
    assert sum(GROUPS.values(), ()) == tuple(ANOMALIES)
    assert ANOMALIES["salt_and_pepper"] is sg.SaltAndPepper
    assert len({kind.label for kind in ANOMALIES.values()}) == len(ANOMALIES) == 29


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


# parameters


def test_the_parameter_holds_its_number():
    assert sg.Noise(std=1).std == 1.0
    assert sg.Noise(severity=4).std == sg.Noise.SEVERITIES[3]
    assert sg.Noise() == sg.Noise(severity=3)
    assert (sg.Shift(pixels=2).parameter, sg.Shift(pixels=2).value) == ("pixels", 2)
    assert sg.Noise(std=0.25).severity is None
    with pytest.raises(FrozenInstanceError):
        sg.Noise().std = 0.1


@EVERY_KIND
def test_a_kind_can_be_rebuilt_from_its_repr_and_copied_with_a_change(kind):
    assert eval(repr(kind(severity=2)), {kind.__name__: kind}) == kind(severity=2)
    assert replace(kind(), local=True) == kind(local=True)


@EVERY_KIND
def test_a_parameter_out_of_its_range_or_beside_a_severity_is_refused(kind):
    parameter = kind().parameter
    for bad in (-1, 0, np.nan, np.inf, 1e7, "much", True):
        with pytest.raises(ValueError, match=rf"{parameter} must be a .*Received: {bad!r}"):
            kind(**{parameter: bad})
    with pytest.raises(ValueError, match=f"either {parameter} or severity. Received: {parameter}="):
        kind(**{parameter: kind.SEVERITIES[0]}, severity=2)


@pytest.mark.parametrize(
    ("kind", "settings", "error", "words"),
    [
        *(
            (sg.Noise, {"severity": bad}, ValueError, "severity must be 1, 2, 3, 4 or 5. Received")
            for bad in (0, 6, 2.5, "3", True)
        ),
        (sg.Occlusion, {"side": 2.5}, ValueError, "side must be a whole number above 0 and at mos"),
        (
            sg.SaltAndPepper,
            {"share": 1.5},
            ValueError,
            "share must be a number above 0 and at most",
        ),
        (sg.Noise, {"local": "yes"}, TypeError, "local must be True or False. Received: 'yes'"),
    ],
)
def test_other_settings_are_refused(kind, settings, error, words):
    with pytest.raises(error, match=words):
        kind(**settings)


# input


@pytest.mark.parametrize(
    ("kind", "changes", "error", "words"),
    [
        ("noise", {"images": flat(height=7)}, ValueError, r"at least 8x8 px. Received: shape \(1"),
        ("noise", {"images": flat(2.0)}, ValueError, r"in \[0, 1\]"),
        ("noise", {"images": flat().astype(int)}, TypeError, "floating-point"),
        ("colour_cast", {}, ValueError, r"ColourCast needs colour.*Received: shape \(1, 28, 28"),
        ("style_leak", {}, ValueError, "StyleLeak needs content=.*Received: None"),
        ("style_leak", {"content": flat(n=2)}, ValueError, r"content .*Received: \(2, 28, 28\)"),
        *(
            ("noise", {"rng": bad}, TypeError, "rng must be a numpy Generator or a whole number")
            for bad in (None, 1.5, "0", True, -1, np.random.RandomState(0))
        ),
    ],
)
def test_what_is_damaged_is_checked(kind, changes, error, words):
    settings = {"images": flat(), "rng": 0} | changes
    with pytest.raises(error, match=words):
        ANOMALIES[kind]()(**settings)
    with pytest.raises(error, match=words):
        damage_some(kinds=[ANOMALIES[kind]()], share=1, **settings)


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
    images = sg.SaltAndPepper(share=0.2)(flat(n=20, channels=3), rng=0).images
    assert set(np.unique(images)) == {0, 0.5, 1}
    assert np.mean(images == 0) == pytest.approx(0.1, abs=0.01)
    assert np.mean(images == 1) == pytest.approx(0.1, abs=0.01)
    assert (images == images[..., :1]).all()  # all channels of a pixel


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
    assert sg.Occlusion(side=50)(textured(), rng=0).masks.all()  # larger than the picture


def test_scratches_are_thin_some_dotted_bright_on_dark_and_dark_on_bright():
    dark, bright = (sg.Scratch(count=1)(flat(level, n=50), rng=0) for level in (0, 1))
    assert (dark.images.max(axis=(1, 2, 3)) > 0.5).all()
    assert (bright.images.min(axis=(1, 2, 3)) < 0.5).all()
    assert dark.masks.sum(axis=(1, 2)).max() <= 3 * 28  # longest: corner to corner
    pieces = [label(mask, np.ones((3, 3)))[1] for mask in dark.masks]
    assert min(pieces) == 1 and max(pieces) >= 3


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
    colours = np.broadcast_to(np.float32([0.9, 0.3, 0.3]), (1, 28, 28, 3))  # of mean 0.5
    assert sg.StyleLeak()(flat(0), rng=0, content=colours).images.max() == pytest.approx(0.5)


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


# some of a batch


def test_damage_some_leaves_the_others_bit_identical_and_names_what_it_did(digits):
    damaged, names = damage_some(digits, [sg.Noise(), sg.Blur()], share=0.5, rng=0)
    np.testing.assert_array_equal(damaged.masks, (damaged.images != digits).any(axis=-1))
    np.testing.assert_array_equal(names == "", damaged.labels == 1)
    assert np.sum(damaged.labels == -1) == 32
    assert set(names) == {"", "noise", "blur"}


def test_damage_some_rounds_the_share_by_chance(digits):
    for share, expected in ((0, 1), (1, -1)):
        assert (damage_some(digits, [sg.Noise()], share=share, rng=0)[0].labels == expected).all()
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
    leak = {"kinds": [sg.StyleLeak(share=1)], "share": 0.5, "rng": 0}
    leaked, _ = damage_some(restyled, content=digits, **leak)
    rows = leaked.labels == -1
    assert np.median(np.abs(leaked.images[rows] - digits[rows])) == 0
    with pytest.raises(ValueError, match="content"):
        damage_some(restyled, content=digits[:30], **leak)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"kinds": []}, TypeError, r"kinds must hold at least one anomaly.*Received: \[\]"),
        ({"kinds": ["noise"]}, TypeError, "only such. Received"),
        ({"share": 1.5}, ValueError, "share must be a number from 0 to 1. Received: 1.5"),
        ({"share": "half"}, ValueError, "share must be a number"),
    ],
)
def test_damage_some_checks_its_arguments(settings, error, words):
    with pytest.raises(error, match=words):
        damage_some(flat(), **({"kinds": [sg.Noise()], "share": 0.5, "rng": 0} | settings))
