from styleguard_edu.anomalies import Rotation, Scaling, Shear, Shift
from styleguard_edu.backend import keras
from styleguard_edu.correctors import (
    CentreCorrector,
    Corrector,
    MedianCorrector,
    NeighbourCorrector,
    RealignCorrector,
    RestorationCorrector,
    RestyleCorrector,
    accept,
    chosen_images,
    rms_change,
    smallest_change,
    transformed,
)
from styleguard_edu.images import sharpen
from styleguard_edu.metrics import psnr
from styleguard_edu.networks import segmentation_network

import numpy as np
import pytest
from skimage.restoration import inpaint_biharmonic
from sklearn.base import clone


class Whitener(Corrector):
    """A corrector whose answer is known: white."""

    def _propose(self, images, masks, content):
        return np.ones_like(images)


class Content(Corrector):
    def _propose(self, images, masks, content):
        return content


def no_score(images, content):
    return np.zeros(len(images))


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


# The contract, for every kind that follows masks.

ANOMALIES = (NeighbourCorrector, MedianCorrector, Whitener)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ANOMALIES)
def test_outside_the_grown_mask_every_bit_is_kept(kind, channels):
    images, masks = noise(channels=channels), some_masks()
    corrector = kind(dilation=1, feather=2.0)
    corrected = corrector.correct(images, masks)
    outside = ~corrector.region(masks)
    assert outside.any() and (corrected != images)[~outside].any()
    np.testing.assert_array_equal(
        corrected[outside].view(np.uint32), images[outside].view(np.uint32)
    )


@pytest.mark.parametrize("kind", ANOMALIES)
def test_results_are_images_and_the_input_is_left_alone(kind):
    images, masks = noise(), some_masks()
    before = images.copy()
    corrected = kind().correct(images, masks)
    assert (corrected.shape, corrected.dtype) == (images.shape, np.float32)
    assert corrected.min() >= 0 and corrected.max() <= 1
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("kind", ANOMALIES)
def test_an_image_is_corrected_the_same_whatever_else_is_in_the_batch(kind):
    images, masks = noise(), some_masks()
    masks[1] = False
    together = kind().correct(images, masks)
    np.testing.assert_array_equal(together[1], images[1])
    np.testing.assert_allclose(together[2:], kind().correct(images[2:], masks[2:]), atol=1e-6)


@pytest.mark.parametrize("kind", ANOMALIES)
def test_without_strength_or_without_marks_nothing_changes(kind):
    images = noise()
    np.testing.assert_array_equal(kind(strength=0.0).correct(images, some_masks()), images)
    np.testing.assert_array_equal(kind().correct(images, np.zeros((3, 12, 10), bool)), images)


def test_a_mask_grows_in_all_eight_directions_and_stops_at_the_rim():
    region = Whitener(dilation=2).region(one_pixel())
    assert region[0].sum() == 25 and region[0, 3:8, 2:7].all()
    corner = np.zeros((1, 12, 10), bool)
    corner[0, 0, 0] = True
    assert Whitener(dilation=1).region(corner).sum() == 4


def test_marked_pixels_are_replaced_wholly_and_the_ring_is_mixed():
    black = np.zeros((3, 12, 10, 1), np.float32)
    corrected = Whitener(dilation=1, feather=1.0).correct(black, one_pixel())[0, ..., 0]
    assert corrected[5, 4] == 1
    ring = np.delete(corrected[4:7, 3:6].ravel(), 4)
    assert (ring > 0).all() and (ring < 1).all()
    assert ring[1] > ring[0]  # a corner lies farther from the mark than a side


def test_without_feather_the_ring_is_replaced_as_well():
    black = np.zeros((3, 12, 10, 1), np.float32)
    corrected = Whitener(dilation=1, feather=0.0).correct(black, one_pixel())[0, ..., 0]
    np.testing.assert_array_equal(corrected[4:7, 3:6], 1)
    assert corrected.sum() == 9


def test_strength_mixes_known_by_hand():
    grey = np.full((3, 12, 10, 1), 0.5, np.float32)
    corrected = Whitener(strength=0.5).correct(grey, one_pixel())
    assert corrected[0, 5, 4, 0] == pytest.approx(0.75)


def test_content_is_checked_and_handed_on():
    black, white = np.zeros((3, 12, 10, 1), np.float32), np.ones((3, 12, 10, 1), np.float32)
    assert Content().correct(black, one_pixel(), white)[0, 5, 4, 0] == 1
    with pytest.raises(ValueError, match=r"as many images as images.*Received: \(2, 12, 10\)"):
        Content().correct(black, one_pixel(), white[:2])


@pytest.mark.parametrize(
    ("masks", "error", "words"),
    [
        (np.zeros((3, 12, 10)), TypeError, "masks must hold True .*Received: dtype float64"),
        (np.zeros((3, 12, 9), bool), ValueError, r"masks must be .*Received: shape \(3, 12, 9\)"),
        (np.zeros((3, 12, 10, 1), bool), ValueError, "masks must be of shape"),
    ],
)
@pytest.mark.parametrize("corrector", [NeighbourCorrector(), RealignCorrector(no_score)])
def test_masks_are_checked(corrector, masks, error, words):
    with pytest.raises(error, match=words):
        corrector.correct(noise(), masks)


def test_images_are_checked():
    with pytest.raises(ValueError, match="images must lie in"):
        NeighbourCorrector().correct(noise() + 1, one_pixel())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dilation": -1}, "dilation must be a whole number >= 0. Received: -1"),
        ({"dilation": 1.5}, "dilation must be a whole number"),
        ({"feather": -0.1}, "feather must be a number >= 0, finite. Received: -0.1"),
        ({"strength": 1.1}, "strength must be a number from 0 to 1. Received: 1.1"),
        ({"strength": np.nan}, "strength must be a number"),
        ({"steps": -1}, "steps must be a whole number >= 0. Received: -1"),
    ],
)
def test_hyperparameters_are_checked(settings, words):
    with pytest.raises(ValueError, match=words):
        NeighbourCorrector(**settings)


@pytest.mark.parametrize(
    ("proposal", "error", "words"),
    [
        (np.zeros((3, 12, 10)), ValueError, r"must propose images of shape \(3, 12, 10, 1\)"),
        (np.full((3, 12, 10, 1), np.nan), FloatingPointError, "must propose finite images"),
    ],
)
def test_proposals_are_checked(proposal, error, words):
    class Wrong(Corrector):
        def _propose(self, images, masks, content):
            return proposal

    with pytest.raises(error, match=words):
        Wrong().correct(noise(), one_pixel())


@pytest.mark.parametrize(
    "corrector",
    [NeighbourCorrector(steps=3, dilation=0), MedianCorrector(size=5), RealignCorrector(no_score)],
)
def test_correctors_can_be_cloned(corrector):
    twin = clone(corrector)
    assert twin is not corrector and twin.get_params() == corrector.get_params()


def test_a_clone_shares_what_scores():
    class Scorer:
        def score(self, images, content):
            return np.zeros(len(images))

    scorer = Scorer()  # a detector in practice, with networks that are costly to copy
    assert clone(RealignCorrector(scorer.score)).score.__self__ is scorer


# Neighbours.


def test_a_hole_in_a_flat_picture_is_filled_with_its_grey_whatever_was_there():
    flat = np.full((3, 12, 10, 1), 0.25, np.float32)
    damaged = np.where(some_masks(share=0.3)[..., None], noise(), flat)
    corrected = NeighbourCorrector().correct(damaged, some_masks(share=0.3))
    np.testing.assert_allclose(corrected, flat, atol=1e-5)


def test_one_missing_pixel_becomes_the_mean_of_its_four_neighbours():
    images = noise()
    corrected = NeighbourCorrector(dilation=0).correct(images, one_pixel())
    neighbours = images[:, 4, 4] + images[:, 6, 4] + images[:, 5, 3] + images[:, 5, 5]
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


def test_filling_helps_a_smooth_picture_but_biharmonic_inpainting_helps_more():
    rows, columns = np.mgrid[:32, :32]
    truth = (0.5 + 0.3 * np.sin(rows / 4) * np.cos(columns / 5)).astype(np.float32)[None, ..., None]
    masks = some_masks(1, 32, 32, share=0.3)
    damaged = np.where(masks[..., None], 0, truth)
    filled = NeighbourCorrector(dilation=0).correct(damaged, masks)
    better = inpaint_biharmonic(damaged[0], masks[0], channel_axis=-1)[None]
    nothing, own, theirs = (psnr(x, truth)[0] for x in (damaged, filled, better.clip(0, 1)))
    assert own > nothing + 20
    assert theirs > own + 6  # it continues slopes, at a higher price


def test_the_median_takes_a_dead_pixel_away_and_keeps_an_edge():
    images = np.zeros((1, 9, 9, 1), np.float32)
    images[:, :, 5:] = 1
    dead = images.copy()
    dead[0, 4, 2] = 1
    corrected = MedianCorrector().correct(dead, np.ones((1, 9, 9), bool))
    np.testing.assert_array_equal(corrected, images)


def test_the_median_cannot_fill_a_hole_that_neighbours_can():
    damaged = np.full((1, 12, 10, 1), 0.5, np.float32)
    hole = np.zeros((1, 12, 10), bool)
    hole[0, 4:8, 3:7] = True
    damaged[hole] = 1
    filled, filtered = (
        kind().correct(damaged, hole) for kind in (NeighbourCorrector, MedianCorrector)
    )
    np.testing.assert_allclose(filled, 0.5, atol=1e-5)
    assert (filtered[0, 5:7, 4:6] == 1).all()


@pytest.mark.parametrize("size", [0, 2, 3.0])
def test_the_window_of_the_median_is_odd(size):
    with pytest.raises(
        ValueError, match=f"size must be an odd whole number >= 1. Received: {size}"
    ):
        MedianCorrector(size=size)


# Realignment: an upright bar of 20x4 px, centred by mass as digits are.


def bars(n=4, channels=1):
    images = np.zeros((n, 28, 28, channels), np.float32)
    images[:, 4:25, 12:17] = 1
    images[:, [4, 24]] *= 0.5  # its box is 21 px high, its ends soft
    return images


def unlike_a_bar(images, content=None):
    """A score made by hand: in nats, 1 a fifth of the bar that is missing or extra."""
    return 5 * np.abs(images - bars(1, images.shape[-1])).sum(axis=(1, 2, 3)) / bars(1).sum()


def realigned(images, **settings):
    return RealignCorrector(unlike_a_bar, box=21.0, **settings).align(images)


@pytest.mark.parametrize("pixels", [2, 4])
def test_a_shift_is_undone_exactly(pixels):
    damaged = Shift(pixels=pixels)(bars(), rng=0).images
    found = realigned(damaged)
    np.testing.assert_allclose(found.images, bars(), atol=1e-5)
    steps = np.abs(found.transforms[:, :2]).max(axis=1)
    assert (steps > 0.7 * pixels - 0.5).all() and (found.transforms[:, 2:] == 0).all()


@pytest.mark.parametrize(
    "anomaly",
    [Rotation(degrees=20), Rotation(degrees=30), Shear(slope=0.45), Scaling(factor=1.3)],
    ids=lambda anomaly: f"{anomaly.name}_{anomaly.value:g}",
)
def test_most_of_a_known_transform_is_undone(anomaly):
    damaged = anomaly(bars(), rng=0).images
    found = realigned(damaged)
    assert (found.scores < 0.6 * found.scores_before).all()
    assert (rms_change(bars(), found.images) < 0.75 * rms_change(bars(), damaged)).all()


def test_what_was_done_is_the_opposite_of_the_damage():
    damaged = Rotation(degrees=24)(bars(8), rng=0).images
    angles = realigned(damaged).transforms[:, 2]
    leans_left = damaged[:, 4:9, :12, 0].sum(axis=(1, 2)) > damaged[:, 4:9, 17:, 0].sum(axis=(1, 2))
    assert leans_left.any() and not leans_left.all()
    # counter-clockwise is positive: it takes the upper end to the left
    assert (angles[leans_left] < 0).all() and (angles[~leans_left] > 0).all()


def test_a_clean_image_is_left_alone_bit_by_bit():
    found = realigned(bars())
    np.testing.assert_array_equal(found.images, bars())
    assert (found.transforms == 0).all() and (found.sizes == 0).all()


@pytest.mark.parametrize("penalty", [0.0, 2.0])
def test_the_image_as_it_is_wins_ties(penalty):
    images = noise(2, 28, 28)
    found = RealignCorrector(no_score, penalty=penalty).align(images)
    np.testing.assert_array_equal(found.images, images)


def test_a_higher_penalty_asks_for_more_gain():
    damaged = Shift(pixels=3)(bars(), rng=0).images
    gain = unlike_a_bar(damaged) - unlike_a_bar(bars())
    assert (realigned(damaged, penalty=0.5).sizes > 0).all()
    assert (realigned(damaged, penalty=10 * gain.max()).sizes == 0).all()


def test_a_price_is_paid_by_all_transforms_alike():
    damaged = Shift(pixels=3)(bars(), rng=0).images
    free = realigned(damaged, penalty=0.5)
    gain = free.scores_before - free.scores - 0.5 * (free.transforms[:, :2] / 6.0) ** 2 @ [1, 1]
    middle = float(np.median(gain))
    assert gain.min() < middle < gain.max()
    paid = realigned(damaged, penalty=0.5, fixed_cost=middle)
    np.testing.assert_array_equal(paid.sizes > 0, gain > middle)
    np.testing.assert_array_equal(paid.images[gain > middle], free.images[gain > middle])
    np.testing.assert_array_equal(paid.images[gain < middle], damaged[gain < middle])


def test_transforms_stay_inside_their_bounds_whatever_the_score_likes():
    images = np.concatenate([noise(3, 28, 28), Shift(pixels=12)(bars(), rng=0).images])

    def likes_change(candidates, content):
        given = np.tile(images, (len(candidates) // len(images), 1, 1, 1))
        return 1 - rms_change(given, candidates)

    bounds = {"shift": 2.0, "angle": 10.0, "log_scale": 0.1, "shear": 0.0}
    found = RealignCorrector(likes_change, penalty=0.0, **bounds).align(images)
    assert (np.abs(found.transforms) <= [2.0, 2.0, 10.0, 0.1, 0.0]).all()
    np.testing.assert_allclose(found.sizes[3:], 1)  # the bars were shifted farther than 2 px


def batches_asked(images, score, **settings):
    """How many images the score was asked about, call by call."""
    asked = []

    def counting(candidates, content):
        asked.append(len(candidates))
        assert len(content) == len(candidates)
        return np.full(len(candidates), score)

    RealignCorrector(counting, **settings).align(images, content=images)
    return asked


def test_at_most_10_candidates_an_image_are_scored_after_the_image_itself():
    own, others = batches_asked(bars(3), 100.0)
    assert own == 3 and others % 3 == 0 and others <= 10 * 3


def test_a_candidate_that_is_the_image_itself_is_not_scored_twice():
    there, elsewhere = bars(1), np.roll(bars(1), 3, axis=2)
    # centring by whole pixels is nothing to the first
    assert batches_asked(there, 100.0) == [1, 9]
    assert batches_asked(elsewhere, 100.0) == [1, 10]
    assert batches_asked(np.concatenate([there, elsewhere]), 100.0) == [2, 19]


def test_a_transform_that_costs_more_than_the_image_scores_is_not_tried():
    there = bars(1)
    assert batches_asked(there, 0.0) == [1]
    # turned by 0.4 or 0.8 of the bound or slanted by 0.75 of it: 2 * 0.16, 2 * 0.64, 2 * 0.5625;
    # for the bar that stands upright and has its size, the others cost nothing
    scores = (0.31, 0.33, 1.12, 1.13, 1.27, 1.29)
    counts = [sum(batches_asked(there, score, box=21.0)) for score in scores]
    assert counts == [4, 6, 6, 8, 8, 10]


def test_leaving_out_what_cannot_win_changes_nothing():
    damaged = np.concatenate([Rotation(degrees=15)(bars(), rng=0).images, noise(3, 28, 28)])
    found = RealignCorrector(unlike_a_bar, box=21.0).align(damaged)
    seen = RealignCorrector(lambda x, content: unlike_a_bar(x) + 1000, box=21.0).align(damaged)
    np.testing.assert_array_equal(found.images, seen.images)
    np.testing.assert_allclose(found.scores + 1000, seen.scores)


@pytest.mark.parametrize("corrector", [CentreCorrector(), RealignCorrector(no_score)])
@pytest.mark.parametrize("axis", [1, 2])
def test_an_image_clearly_off_the_middle_plainly_needs_realignment(axis, corrector):
    steps = [-3, -2, -1, 0, 1, 2, 3]
    images = np.concatenate([np.roll(bars(1), step, axis=axis) for step in steps])
    needed = corrector.indicated_for(images)
    assert needed.dtype == bool
    # the bar's own centre is (14, 14), the middle
    np.testing.assert_array_equal(needed, np.abs(steps) > 1.25)
    assert not Corrector().indicated_for(images).any()


# Centring


@pytest.mark.parametrize("steps", [(3, 0), (0, -2), (-3, 4)])
def test_centring_undoes_a_shift_bit_by_bit(steps):
    images = bars(2, channels=3) * noise(2, 28, 28, 3)  # no two pixels are alike
    images += 0.1 * (images == 0)
    settled = CentreCorrector().correct(images, np.zeros((2, 28, 28), bool))
    moved = np.roll(settled, steps, axis=(1, 2))
    again = CentreCorrector().correct(moved, np.zeros((2, 28, 28), bool))
    np.testing.assert_array_equal(again, settled)


def test_centring_brings_in_the_background():
    images = np.full((1, 12, 12, 1), 0.25, np.float32)
    images[0, 2:11, 9:12] = 1  # its middle is (6, 10): four steps to the left, none down
    centred = CentreCorrector(shift=4).correct(images, np.ones((1, 12, 12), bool))
    expected = np.full((1, 12, 12, 1), 0.25, np.float32)
    expected[0, 2:11, 5:8] = 1
    np.testing.assert_array_equal(centred, expected)


def test_what_lies_further_off_than_the_bound_is_not_centred():
    images = np.roll(bars(1), 5, axis=2)
    kept = CentreCorrector(shift=4).correct(images, np.ones((1, 28, 28), bool))
    np.testing.assert_array_equal(kept, images)
    centred = CentreCorrector(shift=5).correct(images, np.ones((1, 28, 28), bool))
    np.testing.assert_array_equal(centred, bars(1))
    with pytest.raises(ValueError, match=r"shift must be a number >= 0, finite. Received: -1"):
        CentreCorrector(shift=-1)


def test_only_centring_is_without_loss():
    assert CentreCorrector.translates_only and CentreCorrector.whole_image
    assert not any(
        kind.translates_only for kind in (Corrector, RealignCorrector, RestorationCorrector)
    )


def test_realigning_ignores_the_masks_and_keeps_colour():
    damaged = Shift(pixels=3)(bars(2, channels=3), rng=0).images
    corrector = RealignCorrector(unlike_a_bar, box=21.0)
    empty = corrector.correct(damaged, np.zeros((2, 28, 28), bool))
    full = corrector.correct(damaged, np.ones((2, 28, 28), bool))
    np.testing.assert_array_equal(empty, full)
    np.testing.assert_allclose(empty, bars(2, channels=3), atol=1e-5)


def test_what_comes_in_from_outside_is_background_however_much_is_shown():
    large = np.full((1, 28, 28, 1), 0.2, np.float32)
    large[:, 1:27, 1:27] = 1  # most of the picture, so the median would be white
    found = RealignCorrector(lambda x, content: x.sum(axis=(1, 2, 3)), box=10.0).align(large)
    assert found.transforms[0, 3] < -0.3
    np.testing.assert_allclose(found.images[:, [0, -1]], 0.2, atol=1e-5)


def test_a_blank_or_a_flat_image_is_left_alone():
    images = np.zeros((2, 28, 28, 1), np.float32)
    images[1] = 0.3
    np.testing.assert_array_equal(realigned(images).images, images)


def test_the_size_of_an_image_need_not_be_square():
    wide = np.zeros((2, 20, 40, 1), np.float32)
    wide[:, 5:15, 10:20] = 0.8
    found = RealignCorrector(lambda x, content: 99 - x[:, :, 20].sum(axis=(1, 2)), box=10.0).align(
        wide
    )
    assert found.images.shape == wide.shape
    assert (found.transforms[:, 1] > 4).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"penalty": -1}, "penalty must be a number >= 0"),
        ({"fixed_cost": -1}, "price must be a number >= 0"),
        ({"box": 0}, "box must be a number >= 1"),
        ({"angle": 91}, "angle must be a number from 0 to 90. Received: 91"),
        ({"shift": np.inf}, "shift must be a number >= 0, finite. Received: inf"),
        ({"log_scale": 3}, "log_scale must be"),
        ({"shear": -0.1}, "shear must be"),
    ],
)
def test_bounds_are_checked(settings, words):
    with pytest.raises(ValueError, match=words):
        RealignCorrector(no_score, **settings)


def test_scores_are_checked():
    with pytest.raises(TypeError, match="score must be callable"):
        RealignCorrector(None)
    shifted = Shift(pixels=4)(bars(2), rng=0).images
    with pytest.raises(ValueError, match="score must give one number for each of 2 images"):
        RealignCorrector(lambda images, content: np.zeros(3)).align(shifted)
    with pytest.raises(FloatingPointError, match="score must give finite numbers"):
        RealignCorrector(lambda images, content: np.full(len(images), np.nan)).align(bars(2))
    with pytest.raises(ValueError, match=r"score must give numbers >= 0. Received: -0\.5"):
        RealignCorrector(lambda images, content: np.full(len(images), -0.5)).align(bars(2))


# Acceptance.

BEFORE = {"score_before": [10.0, 10.0, 10.0, 10.0], "p_before": [0.01, 0.01, 0.01, 0.01]}


def test_acceptance_known_by_hand():
    # clearly better; too little better; p-value fell; too far
    accepted = accept(
        **BEFORE,
        score_after=[4.0, 9.5, 4.0, 4.0],
        p_after=[0.2, 0.2, 0.005, 0.2],
        distance=[0.1, 0.1, 0.1, 0.4],
        min_improvement=1.0,
        max_change=0.3,
    )
    assert accepted.tolist() == [True, False, False, False]


def test_the_bounds_of_acceptance_are_inside():
    accepted = accept(
        **BEFORE,
        score_after=[9.0] * 4,
        p_after=[0.01] * 4,
        distance=[0.3] * 4,
        min_improvement=1,
        max_change=0.3,
    )
    assert accepted.all()


def test_an_image_that_did_not_change_is_never_accepted():
    accepted = accept(
        **BEFORE,
        score_after=BEFORE["score_before"],
        p_after=BEFORE["p_before"],
        distance=np.zeros(4),
        min_improvement=1e-9,
        max_change=1,
    )
    assert not accepted.any()


def test_candidates_are_judged_together_each_by_its_own_limit():
    accepted = accept(
        **BEFORE,
        score_after=np.full((2, 4), 1.0),
        p_after=np.full((2, 4), 0.5),
        distance=np.full((2, 4), 0.2),
        min_improvement=1.0,
        max_change=[[0.1], [0.3]],
    )
    np.testing.assert_array_equal(accepted, [[False] * 4, [True] * 4])


def test_of_accepted_candidates_the_smallest_change_wins_not_the_best_score():
    accepted = np.array([[True, True, False], [True, False, False], [False, True, False]])
    distance = [[0.3, 0.2, 0.1], [0.1, 0.0, 0.1], [0.0, 0.2, 0.1]]
    # the nearest accepted; the first of equals; none
    assert smallest_change(accepted, distance).tolist() == [1, 0, -1]


def test_chosen_images_are_the_candidates_or_bit_by_bit_the_originals():
    images, first, second = noise(3), noise(3, seed=1), noise(3, seed=2)
    taken = chosen_images(images, [first, second], np.array([1, -1, 0]))
    for result, expected in zip(taken, (second[0], images[1], first[2]), strict=True):
        np.testing.assert_array_equal(result, expected)


def test_change_known_by_hand():
    black = np.zeros((2, 4, 4, 1), np.float32)
    after = black.copy()
    after[1, 0, 0] = 1  # one of sixteen: root of 1 / 16
    np.testing.assert_allclose(rms_change(black, after), [0, 0.25])
    np.testing.assert_allclose(rms_change(black, np.stack([black, after])), [[0, 0], [0, 0.25]])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"score_before": [[1.0]]}, r"score_before must be of shape \(n,\)"),
        ({"score_after": [np.nan] * 4}, "score_after must hold .*4 of them NaN or infinite"),
        ({"score_after": [1.0] * 3}, r"score_after must be of shape \(4,\) or \(k, 4\)"),
        ({"p_before": [0.1]}, r"p_before must be of shape \(4,\)"),
        ({"p_after": [1.1] * 4}, r"p_after must lie in \[0, 1\]"),
        ({"distance": [[0.1] * 4]}, r"distance must be .*Received: shape \(1, 4\)"),
        ({"distance": [-0.1] * 4}, "distance must be at least 0. Received: -0.1"),
        ({"min_improvement": 0}, "min_improvement must be above 0 and finite. Received: 0"),
        ({"max_change": -1}, "max_change must be at least 0. Received: -1"),
        ({"max_change": [0.1, 0.1]}, "max_change must be a number or fit the shape"),
    ],
)
def test_acceptance_checks_its_arguments(changed, words):
    good = {"score_after": [4.0] * 4, "p_after": [0.2] * 4, "distance": [0.1] * 4}
    with pytest.raises(ValueError, match=words):
        accept(**{**BEFORE, **good, "min_improvement": 1.0, "max_change": 0.3, **changed})


def test_choosing_checks_its_arguments():
    with pytest.raises(ValueError, match=r"accepted and distance must both be of shape \(k, n\)"):
        smallest_change([True], [0.1])
    with pytest.raises(ValueError, match="choice must hold 3 numbers from -1 to 0"):
        chosen_images(noise(3), [noise(3)], np.array([0, 1, -1]))
    with pytest.raises(ValueError, match=r"candidates\[0\] must hold 3 images. Received: 2"):
        chosen_images(noise(3), [noise(2)], np.array([0, -1, -1]))
    with pytest.raises(ValueError, match="before must be of shape"):
        rms_change(noise(3), noise(2))


# Correctors with a network.


def negative_network(**settings):
    """Restores every image to its negative."""
    network = segmentation_network(width=2, **settings)
    for name, value in (("gain", -2.0), ("offset", 1.0)):
        layer = network.get_layer(name)
        kernel, bias = layer.get_weights()
        layer.set_weights([np.zeros_like(kernel), np.full_like(bias, value)])
    return network


def test_a_repair_is_what_the_network_restores_inside_the_mask():
    images, masks = noise(), one_pixel()
    corrected = RestorationCorrector(negative_network(), dilation=0, feather=0.0).correct(
        images, masks
    )
    expected = np.where(masks[..., np.newaxis], 1 - images, images)
    np.testing.assert_allclose(corrected, expected, atol=1e-6)
    np.testing.assert_array_equal(corrected[~masks], images[~masks])


def test_a_repair_may_be_sharpened_before_it_is_put_into_the_mask():
    images, masks = noise(), one_pixel()
    settings = {"dilation": 0, "feather": 0.0}
    corrector = RestorationCorrector(negative_network(), sharpness=0.5, **settings)
    expected = np.where(masks[..., np.newaxis], sharpen(1 - images, amount=0.5), images)
    np.testing.assert_allclose(corrector.correct(images, masks), expected, atol=1e-6)
    broken = negative_network()
    broken.get_layer("offset").bias.assign([np.nan])
    with pytest.raises(FloatingPointError, match="must propose finite images"):
        RestorationCorrector(broken, sharpness=0.5).correct(images, masks)
    with pytest.raises(ValueError, match=r"sharpness must be a number >= 0.*Received: -1"):
        RestorationCorrector(broken, sharpness=-1)


def judging_by_tone(weight, offset=10.0):
    """Restores every image to its negative. The higher the weight, the more are dark images held
    for damaged; without an offset, and with a weight > 0, all for sound."""
    network = negative_network()
    images = network.inputs[0]
    tone = keras.ops.mean(images, axis=(1, 2))
    outputs = [
        network.outputs[0],
        keras.layers.Rescaling(-weight, offset)(tone),
        network.outputs[2],
    ]
    return keras.Model(images, outputs)


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
        (-4.0, (lighter,), 2),
        (-4.0, (lighter, lighter), 3),
    ],
)
def test_of_the_guesses_for_views_the_one_is_taken_that_the_network_holds_for_sound(
    weight, views, count
):
    images, masks = noise(), one_pixel()
    corrector = RestorationCorrector(judging_by_tone(weight), views=views, dilation=0, feather=0.0)
    corrected = corrector.correct(images, masks)
    seen = [images, *(view(images) for view in views)][:count]
    expected = np.where(masks[..., np.newaxis], 1 - np.mean(seen, axis=0), images)
    np.testing.assert_allclose(corrected, expected, atol=1e-6)
    np.testing.assert_array_equal(corrected[~masks], images[~masks])


def test_views_are_asked_about_only_where_the_first_guess_is_not_held_for_sound():
    images, masks = noise(), np.ones(noise().shape[:3], bool)
    asked = []

    def view(some):
        asked.append(len(some))
        return darker(some)

    plain = {"dilation": 0, "feather": 0.0}
    corrected = RestorationCorrector(judging_by_tone(4.0, 0.0), views=(view,), **plain).correct(
        images, masks
    )
    np.testing.assert_allclose(corrected, 1 - images, atol=1e-6)
    assert not asked
    some = np.concatenate([np.full_like(images[:1], 0.9), np.full_like(images[:2], 0.1)])
    # 2 - 4 (1 - x) is above 0 for x = .9 only, and lower for the mean of .1 and .55
    corrector = RestorationCorrector(judging_by_tone(4.0, 2.0), views=(view,), **plain)
    corrected = corrector.correct(some, masks[:1].repeat(3, axis=0))
    assert asked == [1]
    expected = np.array([1 - (0.9 + 0.45) / 2, 0.9, 0.9])
    np.testing.assert_allclose(corrected.mean(axis=(1, 2, 3)), expected, atol=1e-6)


def test_the_guesses_about_views_are_sharpened_as_those_about_the_image():
    images, masks = noise(), np.ones(noise().shape[:3], bool)
    settings = {"sharpness": 0.5, "dilation": 0, "feather": 0.0}
    same = [
        RestorationCorrector(judging_by_tone(4.0), views=views, **settings).correct(images, masks)
        for views in ((), (np.copy,), (np.copy, np.copy))
    ]
    np.testing.assert_allclose(same[1], same[0], atol=1e-6)
    np.testing.assert_allclose(same[2], same[0], atol=1e-6)
    with pytest.raises(ValueError, match="must propose images of shape"):
        RestorationCorrector(judging_by_tone(0.0), views=(lambda x: x[:, ::2],)).correct(
            images, masks
        )


def test_a_repair_that_compares_needs_the_content_and_prepares_it():
    seen = []

    def prepare(images, content):
        seen.append(content)
        return 1 - content

    corrector = RestorationCorrector(negative_network(content_channels=1), prepare=prepare)
    corrector.correct(noise(), one_pixel(), noise(seed=5))
    np.testing.assert_array_equal(seen[0], noise(seed=5))
    with pytest.raises(ValueError, match="content must be given"):
        corrector.correct(noise(), one_pixel())


def test_marked_pixels_are_restyled_from_the_content():
    images, content, masks = noise(), noise(seed=5), some_masks()
    corrector = RestyleCorrector(lambda images, content: content**2, dilation=0, feather=0.0)
    corrected = corrector.correct(images, masks, content)
    np.testing.assert_allclose(corrected[masks], (content**2)[masks], rtol=1e-6)
    np.testing.assert_array_equal(corrected[~masks], images[~masks])


@pytest.mark.parametrize("max_change", [0, -0.1, 1.1, np.nan, "much", True])
def test_a_limit_is_a_share_above_nothing(max_change):
    with pytest.raises(ValueError, match=r"max_change must be .*Received: "):
        Whitener(max_change=max_change)


# Transforms.


def test_a_transform_of_nothing_keeps_every_bit():
    np.testing.assert_array_equal(transformed(noise(), np.zeros((3, 5))), noise())


def test_a_shift_by_whole_pixels_moves_what_is_shown():
    images = np.zeros((1, 12, 12, 1), np.float32)
    images[0, 4:7, 3:6] = 1
    moved = transformed(images, [[2, 1, 0, 0, 0]])
    np.testing.assert_allclose(moved, np.roll(images, (2, 1), axis=(1, 2)), atol=1e-3)


def test_a_transform_and_its_opposite_leave_a_blob_nearly_as_it_was():
    rows, columns = np.indices((28, 28)) - 13.5
    blob = np.exp(-(rows**2 / 40 + columns**2 / 12)).astype(np.float32)[np.newaxis, ..., np.newaxis]
    for place, size in enumerate((1.5, -2.5, 25.0, 0.2, 0.3)):
        there = np.zeros((1, 5))
        there[0, place] = size
        turned = transformed(blob, there)
        assert np.abs(turned - blob).max() > 0.1
        assert np.abs(transformed(turned, -there) - blob).max() < 0.03


def test_a_transform_takes_five_numbers_an_image():
    with pytest.raises(ValueError, match=r"transforms must be of shape \(3, 5\). Received: .*2, 5"):
        transformed(noise(), np.zeros((2, 5)))
