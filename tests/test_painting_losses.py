from styleguard_edu.images import LUMA
from styleguard_edu.models import drawing_difference, tone_difference
from styleguard_edu.pictures import fit_short_side
from tests.small_models import noise

import numpy as np
import pytest

# The difference in drawing


def drawings(seed=0):
    """A batch with one picture of strong blots, not too dark and not too bright."""
    blots = fit_short_side(noise(9, 9, seed=seed), 72)
    return (0.25 + 0.5 * blots)[np.newaxis]


def difference(first, second):
    (found,) = drawing_difference(np.float32(first), np.float32(second)).numpy()
    return found


def test_the_same_drawing_has_no_difference_whatever_its_brightness():
    drawing = drawings()
    assert difference(drawing, drawing) == 0
    assert difference(drawing, drawing + 0.2) == pytest.approx(0, abs=1e-4)
    assert difference(drawing, drawing - [0.1, 0, 0.2]) == pytest.approx(0, abs=1e-4)


def test_the_colours_do_not_count_where_the_luma_is_the_same():
    drawing = drawings()
    grey = (drawing @ LUMA)[..., np.newaxis].repeat(3, axis=-1)
    assert difference(drawing, grey) == pytest.approx(0, abs=1e-5)


def test_contrast_counts_far_less_than_another_drawing():
    strong = 2 * (drawings() - 0.5) + 0.5  # the floor of the local contrast keeps it above 0
    weak = 0.5 * (drawings() - 0.5) + 0.5
    assert 0 < difference(strong, weak) < 0.5 * difference(strong, drawings(seed=1))


def test_a_negative_is_twice_as_far_as_a_flat_picture_known_by_symmetry():
    drawing, flat = drawings(), np.full((1, 72, 72, 3), 0.3)
    assert difference(drawing, flat) > 0.1
    assert difference(drawing, 1 - drawing) == pytest.approx(
        2 * difference(drawing, flat), rel=1e-4
    )
    assert difference(flat, drawing) == pytest.approx(difference(drawing, flat))


def test_what_is_finer_than_half_the_size_does_not_count():
    # a checkerboard of single pixels is grey at half the size: strokes are free there
    board = np.indices((72, 72)).sum(axis=0)[np.newaxis, ..., np.newaxis].repeat(3, axis=-1) % 2
    assert difference(board, np.full(board.shape, 0.5)) == pytest.approx(0, abs=1e-4)


def test_every_picture_of_a_batch_is_compared_alone():
    first, second = (np.float32([drawings(k)[0] for k in part]) for part in ((0, 0), (1, 2)))
    expected = [difference(drawings(0), drawings(k)) for k in (1, 2)]
    np.testing.assert_allclose(drawing_difference(first, second), expected, rtol=1e-5)


# The difference in tone


def of_blocks(*colours):
    """A batch with one picture: a row of blocks of 8x8 pixels."""
    return np.float32(colours).reshape(1, 1, -1, 3).repeat(8, axis=1).repeat(8, axis=2)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([(0.25, 0.5, 1)], [(0.25, 0.5, 1)], 0),
        ([(0.25, 0.5, 1)], [(0.5, 0.5, 0.75)], (0.25 + 0 + 0.25) / 3),
        ([(1, 0, 0), (0, 0, 0)], [(0, 0, 0), (1, 0, 0)], 1 / 3),  # not made up for elsewhere
        ([(0.5, 0, 0)], [(0, 0.5 * LUMA[0] / LUMA[1], 0)], 0.5 * (1 + LUMA[0] / LUMA[1]) / 3),
    ],
)
def test_the_difference_in_tone_of_blocks_known_by_hand(first, second, expected):
    found = float(tone_difference(of_blocks(*first), of_blocks(*second)))
    assert found == pytest.approx(expected, abs=1e-6)


def test_what_averages_out_within_a_block_and_what_is_beyond_the_last_one_do_not_count():
    flat = np.full((1, 20, 16, 3), 0.5, np.float32)
    board = flat + np.float32(np.indices((20, 16)).sum(axis=0) % 2 - 0.5)[..., np.newaxis]
    board[:, 16:] = 1
    assert float(tone_difference(board, flat)) == pytest.approx(0, abs=1e-6)
