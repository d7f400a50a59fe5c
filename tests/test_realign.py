from styleguard_edu.anomalies import Rotation, Scaling, Shear, Shift
from styleguard_edu.correctors import (
    CentreCorrector,
    Corrector,
    RealignCorrector,
    rms_change,
    transformed,
)

import numpy as np
import pytest


def no_score(images, content):
    return np.zeros(len(images))


def noise(n=3, height=12, width=10, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n, height, width, channels), dtype=np.float32)


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


@pytest.mark.parametrize(
    ("score", "images", "settings"),
    [
        (unlike_a_bar, bars(), {}),  # clean
        (no_score, noise(2, 28, 28), {"penalty": 0.0}),  # the image as it is wins ties
        # the penalty is more than there is to gain
        (unlike_a_bar, np.roll(bars(), 3, axis=2), {"penalty": 100.0}),
        (unlike_a_bar, np.zeros((2, 28, 28, 1), np.float32), {}),
        (unlike_a_bar, np.full((2, 28, 28, 1), 0.3, np.float32), {}),
    ],
)
def test_where_nothing_is_gained_the_image_is_left_alone_bit_by_bit(score, images, settings):
    found = RealignCorrector(score, box=21.0, **settings).align(images)
    np.testing.assert_array_equal(found.images, images)
    assert (found.transforms == 0).all() and (found.sizes == 0).all()


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
    images, masks = np.roll(bars(1), 5, axis=2), np.ones((1, 28, 28), bool)
    for shift, expected in ((4, images), (5, bars(1))):
        np.testing.assert_array_equal(CentreCorrector(shift=shift).correct(images, masks), expected)


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


@pytest.mark.parametrize(
    ("score", "error", "words"),
    [
        (None, TypeError, r"score must be callable\. Received: None"),
        (lambda images, content: np.zeros(3), ValueError, "must give one number for each of 2"),
        (lambda images, content: [np.nan] * 2, FloatingPointError, "must give finite numbers"),
        (lambda images, content: [0, -0.5], ValueError, r"numbers >= 0. Received: -0\.5"),
    ],
)
def test_scores_are_checked(score, error, words):
    with pytest.raises(error, match=words):
        RealignCorrector(score).align(bars(2))


# Transforms.


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
