import os
import sys
from collections import Counter
from itertools import pairwise

import styleguard_edu
from styleguard_edu.anomalies import Noise
from styleguard_edu.correctors import Corrector, RealignCorrector
from styleguard_edu.datasets import load_digits
from styleguard_edu.detectors import AnomalyDetector
from styleguard_edu.guard import StyleGuard, load_guard

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

# A clean picture of 4 x 4 pixels is black. Its score is the sum of its pixels, and clean ones
# score 0.01, 0.02 ... 0.39: above 0.38 an image is flagged, with a p-value of 0.05, or of 0.025
# above 0.39. Pixels above 0.33 are marked in it. One white pixel is an RMS change of 0.25.


class Sum(AnomalyDetector):
    def _score_batch(self, images, content, maps):
        return images.sum(axis=(1, 2, 3)), images.max(axis=-1) if maps else None


class Whiter(Sum):
    """Flags white images, but accepts only what is whiter still."""

    def acceptance_scores(self, findings):
        return -findings.scores


class Toy(Corrector):
    """Changes the marked pixels, no more."""

    def __init__(self, *, max_change=1.0):
        super().__init__(dilation=0, feather=0.0, max_change=max_change)


class Grey(Toy):
    def __init__(self, level=0.1, *, max_change=1.0):
        super().__init__(max_change=max_change)
        self.level = level

    def _propose(self, images, masks, content):
        return np.full_like(images, self.level)


class Whole(Grey):
    whole_image = True


class OnePixel(Toy):
    """The first marked pixel becomes black, the others stay."""

    def _propose(self, images, masks, content):
        proposed = images.copy()
        first = masks.reshape(len(images), -1).argmax(axis=1)
        proposed.reshape(len(images), 16, -1)[np.arange(len(images)), first] = 0
        return proposed


class Calls(Toy):
    """Proposes what a function says: an argument that tests give in place of a class."""

    def __init__(self, function, *, whole_image=False):
        super().__init__()
        self.function, self.whole_image = function, whole_image

    def _propose(self, images, masks, content):
        return self.function(images, masks, content)


def stops(error, n):
    """A corrector that raises when asked for the n-th time."""
    turns_left = iter(range(n - 1))

    def propose(images, masks, content):
        if next(turns_left, None) is None:
            raise error
        return OnePixel()._propose(images, masks, content)

    return Calls(propose)


class BlackWhereWanted(Whole):
    """Says that images with so many white pixels left need it at sight."""

    def __init__(self, *counts):
        super().__init__(0)
        self.counts = counts

    def _indicated_for(self, images):
        return np.isin(images.sum(axis=(1, 2, 3)), self.counts)


class MovesWhereWanted(BlackWhereWanted):
    """Takes one white pixel away, as if it only moved pixels."""

    translates_only = True
    _propose = OnePixel._propose


def spots(*counts):
    """Images with so many white pixels each, from the upper left."""
    images = np.zeros((len(counts), 16, 1), np.float32)
    for image, count in zip(images, counts, strict=True):
        image[:count] = 1
    return images.reshape(-1, 4, 4, 1)


def detector(kind=Sum):
    clean = np.zeros((39, 4, 4, 1), np.float32)
    clean[:, 0, 0, 0] = np.arange(1, 40) / 100
    return kind().calibrate(clean)


def guard(correctors, kind=Sum, **settings):
    return StyleGuard(detector(kind), correctors, **{"min_improvement": 0.5, **settings})


def turns(count, **settings):
    """So many correctors alike."""
    return {f"turn {k}": OnePixel(**settings) for k in range(count)}


def outcomes(report):
    return report.outcomes.tolist()


def choices(report):
    return [one.choice.tolist() for one in report.rounds]


# What is touched, and what is not.


def test_what_is_flagged_is_corrected_and_the_rest_passes_bit_by_bit():
    images = spots(0, 2, 0, 1)
    images[[0, 2]] += np.random.default_rng(0).random((2, 4, 4, 1), np.float32) / 100
    given = images.copy()
    report = guard({"white": Whole(1), "black": Grey(0)}).run(images)
    assert outcomes(report) == ["passed", "corrected", "passed", "corrected"]
    assert report.accepted.tolist() == [False, True, False, True] and not report.flagged.any()
    np.testing.assert_array_equal(report.images[[0, 2]], given[[0, 2]])
    np.testing.assert_array_equal(images, given)
    np.testing.assert_array_equal(report.originals, given)


def test_where_no_proposal_is_acceptable_the_image_keeps_every_bit():
    report = guard(Whole(1)).run(spots(3))
    assert outcomes(report) == ["for review"] and report.flagged.all() and not report.accepted.any()
    np.testing.assert_array_equal(report.images, spots(3))


def test_correctors_are_asked_about_the_images_in_the_queue_only_and_no_more_than_a_batch():
    asked = []

    def black(images, masks, content):
        asked.append((images, masks))
        return np.zeros_like(images)

    guard(Calls(black)).run(spots(0, 2, 0, 1, 1), batch_size=4)
    assert [len(images) for images, _ in asked] == [2, 1]
    np.testing.assert_array_equal(asked[0][0], spots(2, 1))
    np.testing.assert_array_equal(asked[0][1], spots(2, 1)[..., 0] == 1)


def test_each_image_is_corrected_beside_its_own_content():
    content = np.linspace(0, 0.1, 5, dtype=np.float32).reshape(5, 1, 1, 1) + np.zeros((5, 4, 4, 1))
    corrector = Calls(lambda images, masks, content: content)
    report = guard(corrector).run(spots(0, 1, 1, 0, 1), content=content, batch_size=2)
    np.testing.assert_allclose(report.images[:, 0, 0, 0], [0, 0.025, 0.05, 0, 0.1], atol=1e-6)


# Rounds.


def test_a_round_more_is_given_to_what_is_better_but_still_flagged():
    report = guard(turns(3)).run(spots(1, 3, 0, 2))
    assert [one.index.tolist() for one in report.rounds] == [[0, 1, 3], [1, 3], [1]]
    assert outcomes(report) == ["corrected", "corrected", "passed", "corrected"]
    first, second, _ = report.rounds
    assert first.area.tolist() == [1, 3, 2] and second.scores.tolist() == [2, 1]
    np.testing.assert_array_equal(first.images[1].ravel()[:4], [0, 1, 1, 0])


def test_after_the_last_round_what_was_gained_is_kept():
    report = guard(turns(3), max_rounds=2).run(spots(3))
    assert outcomes(report) == ["for review"] and len(report.rounds) == 2
    assert report.accepted.all() and report.scores.tolist() == [1]


def test_an_image_leaves_the_loop_when_no_corrector_is_left_to_ask():
    images = spots(2, 3)  # one pixel less each, and then one and two are left
    for wanted, asked in (((), [[0, 1]]), ((1,), [[0, 1], [0]])):
        both = {"one": OnePixel(), "move": MovesWhereWanted(*wanted)}
        report = guard(both, max_uses=1).run(images)
        assert [one.index.tolist() for one in report.rounds] == asked
        assert all(one.asked.any(axis=0).all() for one in report.rounds)
        assert outcomes(report) == ["for review", "for review"]


def test_a_corrector_that_was_taken_often_enough_is_not_asked_again():
    report = guard(turns(2), max_uses=1).run(spots(3))
    assert choices(report) == [[0], [1]] and report.scores.tolist() == [1]
    np.testing.assert_array_equal(report.rounds[1].asked, [[False], [True]])


def test_scores_and_areas_never_rise():
    rng = np.random.default_rng(0)
    images = rng.random((40, 4, 4, 1), np.float32)

    def drawn(images, masks, content):
        return rng.random(images.shape)

    five = {f"turn {k}": Calls(drawn, whole_image=True) for k in range(5)}
    settings = {"min_improvement": 0.1, "min_p_value": 0.001, "max_rounds": 5}
    rounds = guard(five, **settings).run(images).rounds
    proposals = rounds[0].area_after[0] - rounds[0].area
    assert len(rounds) >= 3 and proposals.min() < 0 < proposals.max()
    for one, following in pairwise(rounds):
        still = np.isin(one.index, following.index)
        assert (following.area <= one.area[still]).all()
        assert (following.scores < one.scores[still]).all()


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_the_size_of_the_batches_changes_nothing(batch_size):
    images = spots(1, 0, 3, 0, 0, 2, 2)
    both = {**turns(3), "grey": Grey(max_change=0.3)}
    whole, parts = (guard(both).run(images, batch_size=size) for size in (7, batch_size))
    assert len(whole.rounds) == len(parts.rounds) == 3
    for one, other in ((whole, parts), *zip(whole.rounds, parts.rounds, strict=True)):
        for name in vars(one).keys() - {"rounds"}:
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name))


# What is acceptable.


def test_the_score_must_fall_by_the_least_improvement():
    report = guard(Grey(0), min_improvement=1.01).run(spots(1, 2))
    assert outcomes(report) == ["for review", "corrected"]


def test_what_has_to_fall_is_for_the_detector_to_say():
    class Half(Sum):
        def acceptance_scores(self, findings):
            return findings.scores / 2

    report = guard(Grey(0), Half).run(spots(2))
    assert report.rounds[0].scores.tolist() == [1] and report.scores.tolist() == [0]
    assert not guard(Grey(0), Half, min_improvement=1.5).run(spots(2)).accepted.any()


def test_more_marked_pixels_are_not_acceptable_whatever_the_score_says():
    report = guard(Whole(1), Whiter).run(spots(2))
    assert report.rounds[0].area.tolist() == [2] and report.rounds[0].area_after.tolist() == [[16]]
    assert not report.accepted.any()


def test_a_lower_p_value_is_not_acceptable_whatever_the_score_says():
    lighter = Calls(lambda images, masks, content: images + 0.1)
    report = guard(lighter, Whiter, min_improvement=0.01).run(0.385 * spots(1))
    (first,) = report.rounds
    assert (first.p_values[0], first.p_after[0, 0]) == (0.05, 0.025)
    assert first.area_after[0, 0] == first.area[0] and not report.accepted.any()


def test_the_change_is_measured_from_the_image_as_it_came_in():
    # one pixel is 0.25; two are 0.35, though the second alone would be 0.25 again
    report = guard(turns(2, max_change=0.3)).run(spots(3))
    first, second = report.rounds
    np.testing.assert_allclose([first.change[0, 0], second.change[1, 0]], [0.25, 8**-0.5])
    assert choices(report) == [[0], [-1]] and report.scores.tolist() == [2]


def test_what_changes_the_whole_image_must_reach_the_least_p_value():
    for least, choice in ((0.03, -1), (0.025, 0)):  # p stays at 1 / 40
        most = {"most": MovesWhereWanted()}
        most["most"].translates_only = False
        assert choices(guard(most, min_p_value=least).run(spots(3)))[0] == [choice]


def test_marks_where_nothing_was_changed_do_not_count():
    class Relative(Sum):
        """Marks what is more than half as light as the lightest pixel."""

        def _score_batch(self, images, content, maps):
            scores, lightest = super()._score_batch(images, content, True)
            return scores, lightest / lightest.max(axis=(1, 2), keepdims=True)

    relative = guard(Grey(0), Relative)
    relative.detector.pixel_threshold_ = 0.5
    image = spots(2)
    image[0, 0, 2] = 0.45
    report = relative.run(image)
    assert relative.detector.predict_mask(report.images)[0, 0, 2]
    assert [one.area.tolist() for one in report.rounds] == [[2], [0]]
    assert report.images[0, 0, 2] == image[0, 0, 2]


# What is chosen.


@pytest.mark.parametrize(
    ("correctors", "spot_count", "choice"),
    [
        ((Grey(0), Grey()), 1, 1),  # both are enough: the smaller change
        ((OnePixel(), Grey(0)), 3, 1),  # only the larger change is enough
        ((Grey(), OnePixel()), 5, 1),  # none is enough: five pixels at 0.1 are still flagged
        ((Grey(0, max_change=1.0), Grey(max_change=0.3)), 1, 0),  # 0.25 of 1, 0.225 of 0.3
    ],
)
def test_of_acceptable_proposals_the_smallest_share_of_its_limit_is_taken(
    correctors, spot_count, choice
):
    named = dict(zip("ab", correctors, strict=True))
    (first,) = guard(named, max_rounds=1).run(spots(spot_count)).rounds
    assert first.accepted.all() and first.choice.tolist() == [choice]


def test_proposals_that_are_enough_come_before_those_no_longer_flagged_and_these_before_others():
    # of two white pixels one is still flagged; 0.15 each is not; black is as clean as can be
    correctors = {"one": OnePixel(), "grey": Grey(0.15), "black": Grey(0)}
    for settings, choice in (({}, 1), ({"target_p_value": 0.28}, 2)):
        (first,) = guard(correctors, max_rounds=1, **settings).run(spots(2)).rounds
        assert first.accepted.all() and (np.diff(first.change[:, 0]) > 0).all()
        assert first.choice.tolist() == [choice]
    del correctors["black"]  # now none is enough
    (first,) = guard(correctors, max_rounds=1, target_p_value=0.28).run(spots(2)).rounds
    assert first.choice.tolist() == [1]


def test_what_is_not_clean_enough_goes_on_though_it_is_no_longer_flagged():
    # p is 11 / 40 for the score of 0.3 that is left, and 1 for black
    both = {"grey": Grey(0.3), "all": Whole(0)}
    for target, expected in ((None, [[0]]), (0.27, [[0]]), (0.28, [[0], [1]])):
        one_use = {"min_improvement": 0.1, "max_uses": 1, "target_p_value": target}
        report = guard(both, **one_use).run(spots(1))
        assert choices(report) == expected and outcomes(report) == ["corrected"]
    assert [one.flagged.tolist() for one in report.rounds] == [[True], [False]]
    assert [one.corrected.tolist() for one in report.rounds] == [[True], [False]]
    report = guard(both, min_improvement=0.4, max_uses=1, target_p_value=0.28).run(spots(1))
    assert choices(report) == [[0], [-1]] and outcomes(report) == ["corrected"]
    assert outcomes(guard(Grey(0), target_p_value=0.9).run(0.3 * spots(1))) == ["passed"]


# Who is asked.


def test_what_changes_the_whole_image_is_asked_only_where_nothing_else_helped():
    images = spots(1, 3)
    # a pixel less is more than this max_change allows
    small = {"all": Whole(0), "one": OnePixel(max_change=0.2)}
    first = guard(small, max_rounds=1).run(images).rounds[0]
    np.testing.assert_array_equal(first.asked, [[True, True], [True, True]])
    first = guard(small | turns(1), max_rounds=1).run(images).rounds[0]
    assert first.tried == ("all", "one", "turn 0") and first.choice.tolist() == [2, 2]
    np.testing.assert_array_equal(first.asked[0], [False, False])
    np.testing.assert_array_equal(first.scores_after[0], first.scores)


def test_what_is_needed_at_sight_is_asked_where_a_proposal_is_not_enough():
    # a pixel less is enough for the first only; what is left of the third does not need more
    both = {"all": BlackWhereWanted(0, 2), "one": OnePixel()}
    (first,) = guard(both, max_rounds=1).run(spots(1, 3, 2)).rounds
    assert first.accepted[1].all() and first.choice.tolist() == [1, 0, 1]
    np.testing.assert_array_equal(first.asked[0], [False, True, False])
    np.testing.assert_array_equal(first.corrected, [True, True, False])


def test_what_only_moves_pixels_is_asked_first_where_needed_and_taken_if_no_longer_flagged():
    both = {"one": OnePixel(), "move": MovesWhereWanted(1, 3)}
    (first,) = guard(both, max_rounds=1, target_p_value=0.99).run(spots(1, 2, 3)).rounds
    # it is enough for the first, which nothing else is asked about; the second does not need it
    np.testing.assert_array_equal(first.asked, [[False, True, True], [True, False, True]])
    np.testing.assert_array_equal(first.accepted[1], [True, False, False])
    assert first.choice.tolist() == [1, 0, 0]
    assert first.flagged_after[1, 2] and first.scores_after[1, 2] < first.scores[2]


def test_a_proposal_that_changes_nothing_is_not_looked_at():
    looked = []

    class Counting(Sum):
        def acceptance_scores(self, findings):
            looked.append(len(findings.scores))
            return findings.scores

    first_black = Calls(
        lambda images, masks, content: images * (images.sum((1, 2, 3), keepdims=True) > 1)
    )
    report = guard(first_black, Counting).run(spots(1, 2, 3))
    assert looked == [3, 1] and report.accepted.tolist() == [True, False, False]
    np.testing.assert_array_equal(report.rounds[0].scores_after, [[0, 2, 3]])


# What ends the loop early.


def test_an_interrupt_keeps_the_batches_and_the_rounds_that_are_done():
    report = guard(stops(KeyboardInterrupt(), 2)).run(spots(1, 0, 1, 1), batch_size=2)
    assert outcomes(report) == ["corrected", "passed"] and len(report.originals) == 2
    assert report.interrupted == "stopped by hand, 2 of 4 images done"
    both = {"one": OnePixel(), "stops": stops(KeyboardInterrupt(), 2)}
    report = guard(both).run(spots(1, 2, 3))
    assert outcomes(report) == ["corrected", "for review", "for review"]
    assert report.interrupted.endswith("3 of 3 images done, 2 of them not in all rounds")


def test_an_error_carries_the_report_of_what_was_done():
    with pytest.raises(MemoryError) as caught:
        guard(stops(MemoryError("full"), 2)).run(spots(1, 0, 1, 1), batch_size=2)
    assert outcomes(caught.value.report) == ["corrected", "passed"]
    assert caught.value.report.interrupted == "2 of 4 images done, then MemoryError: full"
    assert "see the attribute `report`" in caught.value.__notes__[0]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_before_the_first_round_is_finished_there_is_nothing_to_keep(error):
    with pytest.raises(error) as caught:
        guard(stops(error(), 1)).run(spots(1))
    assert not hasattr(caught.value, "report")


def test_a_bar_shows_the_progress_if_asked_for(capfd):
    assert guard(Grey(0)).run(spots(1, 0)).interrupted is None
    assert capfd.readouterr().err == ""
    guard(Grey(0)).run(spots(1, 0), progress=True)
    assert "2/2" in capfd.readouterr().err


# How a guard is made.


def test_a_corrector_alone_is_named_after_its_class():
    for alone, name in (
        (RealignCorrector(lambda images, content: None), "realign"),
        (OnePixel(), "one_pixel"),
    ):
        assert list(guard(alone).correctors) == [name]
        assert list(guard(Grey(0)).set_params(correctors=alone).correctors) == [name]


def test_the_detectors_own_rate_holds_unless_another_is_given():
    image, given = 0.385 * spots(1), detector()
    for rate, expected in ((None, "corrected"), (0.025, "passed"), (0.05, "corrected")):
        built = StyleGuard(given, Grey(0), false_alarm_rate=rate, min_improvement=0.1)
        assert outcomes(built.run(image)) == [expected]
        assert built.run(image).false_alarm_rate == (rate or 0.05)
    assert given.predict(image).tolist() == [-1] and given.false_alarm_rate == 0.05
    # 0.375 is among the highest three of 39, so p = 0.1; what is flagged is marked
    report = guard(Grey(0), false_alarm_rate=0.1, min_improvement=0.1).run(0.375 * spots(1))
    assert report.rounds[0].area.tolist() == [1] and outcomes(report) == ["corrected"]


def test_a_guard_tells_its_settings_in_a_line():
    expected = "StyleGuard(detector=Sum, correctors={turn 0, turn 1}, max_uses=1, min_improvement"
    assert repr(guard(turns(2), max_uses=1)) == f"{expected}=0.5)"


RUN = {"images", "content", "batch_size"}  # arguments of run, not of the guard


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"detector": None}, TypeError, "detector must be an AnomalyDetector. Received: None"),
        ({"detector": Sum()}, NotFittedError, "Sum must be calibrated first"),
        ({"correctors": "median"}, TypeError, "correctors must be a Corrector, .*: 'median'"),
        ({"correctors": {}}, TypeError, "correctors must be a Corrector, .*Received: {}"),
        ({"correctors": {"a": 1}}, TypeError, "correctors must be .*Received: {'a': 1}"),
        ({"correctors": Grey(0, max_change=7)}, ValueError, "max_change must be .*Received: 7"),
        ({"max_rounds": 1.5}, ValueError, "max_rounds must be a whole number >= 1. Received: 1.5"),
        ({"max_uses": 0}, ValueError, "max_uses must be a whole number >= 1. Received: 0"),
        ({"min_improvement": 0}, ValueError, "min_improvement must be above 0. Received: 0"),
        ({"min_improvement": np.nan}, ValueError, "min_improvement must be .*Received: nan"),
        ({"min_p_value": 0}, ValueError, "min_p_value must lie .*Received: 0"),
        ({"target_p_value": 0}, ValueError, "target_p_value must lie .*Received: 0"),
        ({"false_alarm_rate": 1}, ValueError, "must lie strictly between 0 and 1. Received: 1"),
        ({"false_alarm_rate": 0.01}, ValueError, r"at least 99 calibration scores\. Received: 39"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number >= 1. Received: 0"),
        ({"content": spots(1)}, ValueError, r"content must have as many images.*: \(1, 4, 4\)"),
        ({"images": spots(1)[0]}, ValueError, r"images must have shape .*: shape \(4, 4, 1\)"),
    ],
)
def test_settings_and_what_is_to_be_corrected_are_checked_when_the_guard_runs(
    settings, error, message
):
    given = {name: settings[name] for name in RUN & settings.keys()}
    made = {name: settings[name] for name in settings.keys() - RUN}
    with pytest.raises(error, match=message):
        StyleGuard(**{"detector": detector(), "correctors": Grey(0), **made}).run(
            **{"images": spots(1, 2), **given}
        )


# What a guard costs.


def calls_of_ours(function):
    """How often each function of the package is called, by name; the arrays that are checked."""
    home, counts, arrays = os.path.dirname(styleguard_edu.__file__), Counter(), Counter()

    def count(frame, event, argument):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(home) and code.co_name[0] != "<":
            counts[code.co_name] += 1
            if code.co_name in ("check_images", "check_content", "check_range"):
                checked = frame.f_locals[code.co_varnames[0]]
                arrays[id(checked)] += checked is not None

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return counts, arrays


def test_one_digit_from_the_data_to_the_report_takes_few_calls_and_is_checked_at_the_door():
    digit = Noise(std=0.3)(load_digits("bundled", verbose=False).test.images[:1], rng=0).images
    loaded = load_guard("digits", source="bundled")
    loaded.run(digit)  # compiles
    counts, arrays = calls_of_ours(lambda: loaded.run(digit))
    assert counts.total() <= 250, counts.most_common(20)
    assert max(arrays.values()) <= 3
