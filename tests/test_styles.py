"""Digit styles: renderings known by hand, and how a restyling is measured by them."""

from styleguard_edu.datasets import Split, load_digits
from styleguard_edu.metrics import ssim
from styleguard_edu.styles import (
    STYLES,
    do_nothing,
    match_colours,
    measure_restyling,
    render_style,
)

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

BLANK = np.zeros((1, 28, 28, 1), np.float32)
FULL = np.ones((1, 28, 28, 1), np.float32)


@pytest.fixture(scope="module")
def digits():
    return load_digits("bundled", verbose=False).test.images[:8]


def distance_to_the_strokes(digits):
    """How far each pixel lies from the nearest inked one; 0 inside a stroke."""
    return np.stack([distance_transform_edt(digit[..., 0] < 0.5) for digit in digits])


@pytest.mark.parametrize("style", STYLES)
def test_renderings_are_in_the_convention_in_colour_and_one_by_one_the_same(digits, style):
    before = digits.copy()
    rendered = render_style(digits.astype(np.float64), style)
    assert (rendered.shape, rendered.dtype) == ((8, 28, 28, 3), np.float32)
    assert rendered.min() >= 0
    assert rendered.max() <= 1
    assert np.ptp(rendered, axis=-1).max() > 0.05
    single = np.concatenate([render_style(digits[[k]], style) for k in range(len(digits))])
    np.testing.assert_array_equal(rendered, single)
    np.testing.assert_array_equal(digits, before)


@pytest.mark.parametrize(
    ("style", "corner"),
    [
        ("ink", (0.95, 0.90, 0.78)),  # cream
        ("chalk", (0.12, 0.27, 0.20)),  # board
        ("neon", (0.15, 0.11, 0.25)),  # wall, and 0.05 for a joint between bricks
        ("outline", (1, 1, 1)),  # between two lines
        ("woven", (0.72, 0.656, 0.528)),  # the dark side, 0.8, of the thread on top
        # light 0.52 + 0.04 sin 0.5 on copper
        ("embossed", (0.539177 * 1.30, 0.539177 * 0.86, 0.539177 * 0.55)),
    ],
)
def test_the_corner_of_a_blank_page_known_by_hand(style, corner):
    np.testing.assert_allclose(render_style(BLANK, style)[0, 0, 0], corner, atol=1e-6)


@pytest.mark.parametrize(
    ("style", "colour"),
    [
        ("neon", (1, 0.93, 0.98)),  # white-hot core
        ("outline", (1, 0.80, 0.25)),  # filled, and far from any edge
        ("woven", (0.64, 0.112, 0.128)),  # the dark side, 0.8, of the red thread on top
    ],
)
def test_the_middle_of_a_page_full_of_ink_known_by_hand(style, colour):
    np.testing.assert_allclose(render_style(FULL, style)[0, 14, 14], colour, atol=1e-6)


def test_a_pen_walks_around_the_digit_and_not_inside_it():
    square = np.zeros((1, 28, 28, 1), np.float32)
    square[0, 8:20, 8:20] = 1
    rendered = render_style(square, "outline")[0]
    np.testing.assert_allclose(rendered[14, 14], (1, 0.80, 0.25), atol=1e-6)
    assert rendered[14, 7].tolist() < rendered[14, 14].tolist()  # the blue pen is darker in red
    assert rendered[14, 7, 2] > rendered[14, 7, 0]
    np.testing.assert_allclose(rendered[:6], render_style(BLANK, "outline")[0, :6], atol=1e-6)


@pytest.mark.parametrize("style", STYLES)
def test_a_digit_stands_out_where_its_strokes_are_and_nowhere_else(digits, style):
    changed = np.abs(render_style(digits, style) - render_style(BLANK, style)).max(axis=-1)
    distance = distance_to_the_strokes(digits)
    assert changed[distance <= 2].mean() > 0.25
    assert changed[distance > 4].mean() < 0.02
    # four standard deviations of the widest glow, where its filter ends, are 12 pixels
    assert changed[distance > 13].max(initial=0) < 1e-4


@pytest.mark.parametrize("style", STYLES)
def test_a_blank_page_is_free_of_the_colours_of_a_digit(digits, style):
    page = render_style(BLANK, style).reshape(-1, 3)
    inked = render_style(digits, style)[distance_to_the_strokes(digits) <= 1]
    nearest = np.linalg.norm(inked[:, None] - page, axis=-1).min(axis=1)
    assert np.median(nearest) > 0.15


def test_there_are_six_styles_or_more_and_any_two_differ(digits):
    assert len(STYLES) >= 6
    rendered = [render_style(digits, style) for style in STYLES]
    for k, first in enumerate(rendered):
        assert all(np.abs(first - second).mean() > 0.1 for second in rendered[:k])


@pytest.mark.parametrize(
    ("images", "style", "words"),
    [
        (BLANK, "crayon", r"style must be one of .*'neon'.* Received: 'crayon'"),
        (BLANK.repeat(3, -1), "ink", r"must be of height, width, channels \(28, 28, 1\)"),
        (BLANK[0], "ink", "images must have shape"),
        (BLANK + 1.5, "ink", r"images must lie in \[0, 1\]"),
    ],
)
def test_another_style_or_images_of_another_shape_or_range_are_refused(images, style, words):
    with pytest.raises(ValueError, match=words):
        render_style(images, style)


# how a restyling is measured


class Always:
    """A network that gives every image the same answer."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, images, **_):
        return np.eye(10)[np.full(len(images), self.answer)]


@pytest.fixture(scope="module")
def some_digits():
    test = load_digits("bundled", verbose=False).test
    return Split(test.images[:20], test.labels[:20])


def test_true_renderings_score_as_the_truth_and_both_baselines_worse(some_digits):
    def match(images, style):
        return match_colours(images, style, examples=some_digits.images[::-1])

    judges = {"digit": Always(1), "style": Always(1)}
    truth, *baselines = (
        measure_restyling(restyle, some_digits, judges)
        for restyle in (render_style, do_nothing, match)
    )
    assert tuple(truth) == STYLES
    assert all(row["ssim"] == pytest.approx(1) for row in truth.values())
    for table in baselines:
        assert all(row["ssim"] < 0.9 for row in table.values())
        assert np.mean([row["ssim"] for row in table.values()]) < 0.7


def test_shares_of_judges_that_always_say_the_same_known_by_hand(some_digits):
    answer = some_digits.labels[7]
    judges = {"digit": Always(answer), "style": Always(STYLES.index("neon") + 1)}  # 0 is plain
    table = measure_restyling(do_nothing, some_digits, judges)
    share = np.mean(some_digits.labels == answer)
    for style, row in table.items():
        assert row["accuracy"] == row["true_accuracy"] == pytest.approx(share)
        assert row["style"] == (style == "neon")


def test_matched_colours_come_nearer_to_the_truth_than_none(some_digits):
    images, style = some_digits.images, "woven"
    truth = render_style(images, style)
    matched = match_colours(images, style, examples=images[::-1])
    assert matched.shape == truth.shape
    assert matched.dtype == np.float32
    nothing = do_nothing(images, style)
    assert np.abs(matched - truth).mean() < np.abs(nothing - truth).mean()


def test_the_examples_of_colours_are_used_in_turn(some_digits):
    images, examples = some_digits.images, some_digits.images[5:8]
    three = match_colours(images, "ink", examples=examples)
    for k in (0, 4):
        alone = match_colours(images[[k]], "ink", examples=examples[[k % 3]])
        np.testing.assert_array_equal(three[[k]], alone)


def test_doing_nothing_is_the_digit_in_three_equal_channels(some_digits):
    nothing = do_nothing(some_digits.images, "ink")
    assert nothing.shape == (20, 28, 28, 3)
    assert ssim(nothing[..., :1], some_digits.images).min() == pytest.approx(1)
    np.testing.assert_array_equal(nothing[..., 0], nothing[..., 2])
