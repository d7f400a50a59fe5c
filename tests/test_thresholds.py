"""Thresholds: p-values, promised rates, best F1, least cost, and what cannot be promised."""

from styleguard_edu.thresholds import (
    Outcomes,
    best_f1,
    conformal_p_values,
    count_outcomes,
    false_alarm_interval,
    least_cost,
    threshold_for_rate,
    two_sided_p_values,
)

import numpy as np
import pytest

# Two clean and two damaged images; one of each is misplaced.
SCORES, DAMAGED = [1.0, 3.0, 2.0, 4.0], [False, False, True, True]


def test_p_values_known_by_hand_and_a_tie_counts():
    # four calibration scores: (1 + how many are as high) / 5
    p = conformal_p_values([0, 1, 2.5, 4, 9], [1, 2, 3, 4])
    np.testing.assert_allclose(p, [1, 1, 3 / 5, 2 / 5, 1 / 5])


def test_two_sided_p_values_are_small_at_both_ends_and_count_ties_on_both_sides():
    # upper 2/5, lower 1/5 ... and capped at 1 in the middle
    np.testing.assert_allclose(two_sided_p_values([0, 2.5, 9], [1, 2, 3, 4]), [2 / 5, 1, 2 / 5])
    # at 4, two of four are as high and all four as low: 2 * min(3/5, 5/5), capped
    np.testing.assert_allclose(two_sided_p_values([4, 1], [1, 2, 4, 4]), [1, 4 / 5])


def test_a_clean_image_has_a_small_p_value_as_rarely_as_promised():
    rng = np.random.default_rng(0)
    rates = [
        (conformal_p_values(rng.normal(size=50), rng.normal(size=99)) <= 0.05).mean()
        for _ in range(400)
    ]
    assert np.mean(rates) == pytest.approx(0.05, abs=3 * np.std(rates) / np.sqrt(400))


@pytest.mark.parametrize(
    ("rate", "threshold"), [(0.2, 4), (0.39, 4), (0.4, 3), (0.6, 2), (0.8, 1), (0.99, 1)]
)
def test_the_threshold_for_a_rate_is_a_calibration_score_known_by_hand(rate, threshold):
    assert threshold_for_rate([3, 1, 4, 2], rate) == threshold  # k / 5 <= rate


@pytest.mark.parametrize("m", [1, 9, 28, 99, 256, 1000])
def test_flagging_above_the_threshold_is_flagging_small_p_values_ties_included(m):
    rng = np.random.default_rng(m)
    calibration = rng.integers(0, 30, m).astype(np.float32)
    scores = np.arange(-1, 32).astype(np.float32)
    p = conformal_p_values(scores, calibration)
    rates = np.concatenate([np.arange(1, 100) / 100, np.unique(p[p < 1]), [0.07, 0.29, 1 / 3]])
    for rate in rates[rates >= 1 / (m + 1)]:
        flagged = scores > threshold_for_rate(calibration, rate)
        np.testing.assert_array_equal(flagged, p <= rate)


@pytest.mark.parametrize(
    ("rate", "m", "needed"),
    [(0.01, 50, 99), (0.05, 18, 19), (0.07, 13, 14), (1 / 49, 47, 48), (0.0499999999, 19, 20)],
)
def test_a_rate_that_so_few_scores_cannot_promise_is_refused(rate, m, needed):
    with pytest.raises(ValueError, match=f"{rate} needs at least {needed} calib.* Received: {m}"):
        threshold_for_rate(np.arange(m), rate)
    assert threshold_for_rate(np.arange(needed), rate) == needed - 1


def test_the_interval_of_one_calibration_and_one_test_image_is_everything_and_said_to_be():
    # one calibration image: the test image is higher with probability 1/2
    with pytest.warns(UserWarning, match="one calibration score says next to nothing"):
        assert false_alarm_interval(0.5, 1, 1) == (0, 1)


def test_realised_rates_lie_in_the_interval_as_often_as_said_and_seldom_all_at_the_rate():
    rng = np.random.default_rng(0)
    low, high = false_alarm_interval(0.05, 199, 200, level=0.9)
    clean = rng.normal(size=(1000, 399))  # the first 199 to calibrate on
    thresholds = [threshold_for_rate(row[:199], 0.05) for row in clean]
    realised = (clean[:, 199:] > np.array(thresholds)[:, None]).mean(axis=1)
    inside = ((realised >= low) & (realised <= high)).mean()
    assert 0.9 - 0.02 < inside < 0.96
    assert low < 0.05 < high


def test_outcomes_known_by_hand_and_a_score_at_the_threshold_passes():
    assert count_outcomes(SCORES, DAMAGED, 2.5) == (1, 1, 1, 1)
    assert count_outcomes(SCORES, DAMAGED, 2) == (1, 1, 1, 1)
    assert count_outcomes(SCORES, DAMAGED, 1) == Outcomes(
        hits=2, misses=0, false_alarms=1, correct_rejections=1
    )
    assert count_outcomes(SCORES, [0, 0, 1, 1], np.inf) == (0, 2, 0, 2)


def test_rates_of_nothing_are_those_of_no_mistake():
    nothing = Outcomes(0, 0, 0, 0)
    assert (nothing.precision, nothing.recall, nothing.false_alarm_rate) == (1, 1, 0)
    assert nothing.cost(1, 1) == 0


def test_best_f1_known_by_hand():
    # above 3.5: 2/3; above 2.5: 1/2; above 1.5: 2*2 / (2*2 + 1) = 4/5; all: 2/3
    threshold, f1 = best_f1(SCORES, DAMAGED)
    assert (threshold, f1) == (1.5, pytest.approx(0.8))


def test_scores_that_are_lower_for_damaged_images_do_not_flag_all_without_a_word():
    with pytest.warns(UserWarning, match="the best F1 flags every image"):
        assert best_f1([1, 2, 3, 4], [True, True, False, False]).f1 == pytest.approx(2 / 3)


def test_of_several_thresholds_with_the_best_f1_the_highest_is_chosen():
    # above 3: 1 hit, 1 miss: 2/3; all flagged: 2 hits, 2 false alarms: 2/3
    assert best_f1([4, 1, 3, 2], [1, 1, 0, 0]).threshold == 3.5


@pytest.mark.parametrize(
    ("miss_cost", "false_alarm_cost", "threshold", "cost"),
    [
        (10, 1, 1.5, 1 / 4),  # one false alarm among four images
        (1, 10, 3.5, 1 / 4),  # one miss
        (0, 1, 4, 0),  # nothing flagged
        (1, 1, 3.5, 1 / 4),  # either mistake: the higher threshold
    ],
)
def test_least_cost_known_by_hand(miss_cost, false_alarm_cost, threshold, cost):
    costs = {"miss_cost": miss_cost, "false_alarm_cost": false_alarm_cost}
    assert least_cost(SCORES, DAMAGED, **costs) == (threshold, pytest.approx(cost))


def test_costs_that_differ_by_little_of_the_highest_are_not_taken_for_equal():
    costs = {"miss_cost": 1, "false_alarm_cost": 1e12}
    assert least_cost([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1], **costs) == (2.5, 0)


def test_where_every_miss_is_a_disaster_everything_is_flagged():
    scores, damaged = [1.0, 2.0], [True, False]
    choice = least_cost(scores, damaged, miss_cost=100, false_alarm_cost=1)
    assert count_outcomes(scores, damaged, choice.threshold).flagged == 2
    assert choice.threshold == pytest.approx(1)


def test_the_share_of_damage_expected_in_use_moves_the_threshold():
    costs = {"miss_cost": 1, "false_alarm_cost": 1}
    common = least_cost(SCORES, DAMAGED, **costs, damaged_share=0.9)
    rare = least_cost(SCORES, DAMAGED, **costs, damaged_share=0.1)
    assert common == (1.5, pytest.approx(0.1 * 0.5))
    assert rare == (3.5, pytest.approx(0.1 * 0.5))


def test_the_least_cost_is_what_counting_at_its_threshold_gives():
    rng = np.random.default_rng(0)
    damaged = rng.random(300) < 0.3
    scores = rng.normal(damaged, 1).round(1)
    choice = least_cost(scores, damaged, miss_cost=3, false_alarm_cost=2)
    thresholds = [choice.threshold, *np.arange(-5, 5, 0.05)]
    costs = [count_outcomes(scores, damaged, t).cost(3, 2) / 300 for t in thresholds]
    assert choice.cost == pytest.approx(costs[0]) == pytest.approx(min(costs))


def test_thresholds_between_neighbouring_float32_scores_are_exact():
    low = np.float32(1)
    scores = np.array([low, np.nextafter(low, np.float32(2))], np.float32)
    choice = best_f1(scores, [False, True])
    assert choice.f1 == 1
    assert (scores > choice.threshold).tolist() == [False, True]


@pytest.mark.parametrize("choose", [best_f1, count_outcomes, least_cost])
@pytest.mark.parametrize(
    ("scores", "damaged", "words"),
    [
        ([], [], "scores must hold numbers of shape"),
        ([[1.0, 2.0]], [[0, 1]], r"Received: float64, shape \(1, 2\)"),
        (["a", "b"], [0, 1], "scores must hold numbers"),
        ([1, np.nan, np.inf], [0, 1, 1], "scores must be finite. Received: 2 NaN"),
        ([1, 2], [0, 1, 1], r"one truth a score, 2 in all. Received: shape \(3,\)"),
        ([1, 2], [1, -1], r"damaged must be True or False. Received: \[-1  1\]"),
    ],
)
def test_samples_are_checked(choose, scores, damaged, words):
    arguments = {
        best_f1: {},
        count_outcomes: {"threshold": 0},
        least_cost: {"miss_cost": 1, "false_alarm_cost": 1},
    }
    with pytest.raises(ValueError, match=words):
        choose(scores, damaged, **arguments[choose])


@pytest.mark.parametrize(("truth", "which"), [(True, "damaged"), (False, "clean")])
def test_a_choice_needs_clean_and_damaged_images(truth, which):
    for choose in (best_f1, lambda *sample: least_cost(*sample, miss_cost=1, false_alarm_cost=1)):
        with pytest.raises(ValueError, match=f"Received: 3 images, all {which}"):
            choose([1, 2, 3], [truth] * 3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"miss_cost": -1}, "miss_cost must be a number >= 0, finite. Received: -1"),
        ({"false_alarm_cost": np.nan}, "false_alarm_cost must be a number .* Received: nan"),
        ({"miss_cost": 0, "false_alarm_cost": 0}, "must not both be 0"),
        ({"damaged_share": 0}, "damaged_share must lie strictly between 0 and 1. Received: 0"),
        ({"damaged_share": 1.5}, "damaged_share must lie strictly between 0 and 1"),
    ],
)
def test_costs_and_shares_are_checked(change, words):
    with pytest.raises(ValueError, match=words):
        least_cost(SCORES, DAMAGED, **{"miss_cost": 1, "false_alarm_cost": 1} | change)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: conformal_p_values([1], []), "calibration_scores must hold numbers"),
        (lambda: threshold_for_rate(np.arange(99), 0), "rate must lie strictly between 0 and 1"),
        (lambda: threshold_for_rate(np.arange(99), np.nan), "rate must lie strictly"),
        (lambda: two_sided_p_values([np.nan], [1]), "scores must be finite"),
        (lambda: false_alarm_interval(0.5, 10, 0), "n_test must be a whole number"),
        (lambda: false_alarm_interval(0.5, 10, 10**9), "n_test must be .* from 1 to 1000000"),
        (lambda: false_alarm_interval(0.5, 10, 10, level=1), "level must lie strictly"),
        (lambda: false_alarm_interval(0.01, 50, 100), "needs at least 99 calib"),
        (lambda: count_outcomes([1], [1], np.nan), "threshold must be a number"),
        (lambda: Outcomes(1, 1, 1, 1).cost(-1, 1), "miss_cost must be"),
    ],
)
def test_other_errors_name_the_argument(ask, words):
    with pytest.raises(ValueError, match=words):
        ask()
