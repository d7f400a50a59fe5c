"""Checks of numbers: what passes, and the words for what does not."""

from styleguard_edu.checks import (
    finite_array,
    finite_scores,
    is_number,
    is_whole,
    require_count,
    require_number,
    require_positive,
    require_rate,
)

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("value", "number", "whole"),
    [
        *((value, True, True) for value in (0, np.int64(3), np.uint8(3))),
        *((value, True, False) for value in (-1.5, 3.0, np.float32(2), float("inf"))),
        *((v, False, False) for v in (True, np.True_, "1", None, 1j, np.array([1.0]))),
    ],
)
def test_numbers_and_whole_numbers_are_told_apart(value, number, whole):
    assert (is_number(value), is_whole(value)) == (number, whole)


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan"), "1", True])
def test_a_number_outside_its_range_is_refused(value):
    require_number("share", 0, 0, 1)
    require_number("share", np.float32(1), 0, 1)
    with pytest.raises(ValueError, match=r"share must be a number from 0 to 1\. Received: "):
        require_number("share", value, 0, 1)


def test_a_range_without_end_does_not_hold_infinity():
    require_number("box", 1e300, 1, np.inf)
    with pytest.raises(ValueError, match=r"box must be a number >= 1, finite\. Received: inf"):
        require_number("box", np.inf, 1, np.inf)


@pytest.mark.parametrize("value", [0, 1, -0.1, float("nan"), None, "0.5"])
def test_a_rate_lies_strictly_between_0_and_1(value):
    require_rate("rate", np.float32(0.5))
    with pytest.raises(ValueError, match=f"rate must lie strictly .* Received: {value!r}"):
        require_rate("rate", value)


def test_scores_keep_their_precision_and_whole_ones_become_float64():
    single = np.array([0.5, 2], np.float32)
    assert finite_scores("scores", single) is single
    np.testing.assert_array_equal(finite_scores("scores", [1, 2]), [1.0, 2.0], strict=True)


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([], r"scores must hold numbers .* Received: float64, shape \(0,\)"),
        ([[1.0]], r"Received: float64, shape \(1, 1\)"),
        (["a"], "scores must hold numbers .* Received: <U1"),
        ([True], "scores must hold numbers .* Received: bool"),
        ([1, np.nan, np.inf], "scores must be finite. Received: 2 NaN or infinite values"),
    ],
)
def test_other_scores_are_refused(scores, words):
    with pytest.raises(ValueError, match=words):
        finite_scores("scores", scores)


@pytest.mark.parametrize(("value", "least"), [(-1, 0), (0, 1), (1.0, 0), (True, 0), ("2", 0)])
def test_a_count_is_a_whole_number_from_the_least_on(value, least):
    require_count("steps", least, least=least)
    with pytest.raises(ValueError, match=f"steps must be a whole number >= {least}. Received: "):
        require_count("steps", value, least=least)


def test_a_positive_number_is_above_nothing():
    require_positive("size", 1e-9)
    with pytest.raises(ValueError, match=r"size must be above 0\. Received: 0"):
        require_positive("size", 0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("two", "x must hold numbers. Received: dtype <U3"),
        (None, "x must hold numbers. Received: dtype object"),
        ([1, np.inf], "x must be finite. Received: 1 NaN or infinite values"),
        ([[1], [1, 2]], "x must be an array of numbers, with rows of equal length. Received: list"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_in_our_words(values, words):
    np.testing.assert_array_equal(finite_array("x", [[1, 2]]), [[1.0, 2.0]], strict=True)
    with pytest.raises(ValueError, match=words):
        finite_array("x", values)
