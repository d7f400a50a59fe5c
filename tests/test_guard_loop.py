from itertools import pairwise

from styleguard_edu.correctors import Corrector, RealignCorrector
from styleguard_edu.detectors import AnomalyDetector
from styleguard_edu.guard import StyleGuard

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

# A picture of 4 x 4 pixels is black when sound. Its score is the sum of its pixels, and clean ones
# score 0.01, 0.02 ... 0.39: above 0.38 an image is flagged, with a p-value of 0.05, or of 0.025
# above 0.39. Pixels above 0.33 are marked in it. One white pixel is an RMS change of 0.25.


class Sum(AnomalyDetector):
    def _score_batch(self, images, content, maps):
        return images.sum(axis=(1, 2, 3)), images.max(axis=-1) if maps else None


class Whiter(Sum):
    """Flags white images, but wants repairs to be whiter still."""

    def acceptance_scores(self, findings):
        return -findings.scores


class Toy(Corrector):
    """Changes the marked pixels, no more."""

    def __init__(self, *, max_change=1.0):
        super().__init__(dilation=0, feather=0.0, max_change=max_change)


class Black(Toy):
    def _propose(self, images, masks, content):
        return np.zeros_like(images)


class Grey(Toy):
    """Not quite black: a smaller change."""

    def __init__(self, level=0.1, **settings):
        super().__init__(**settings)
        self.level = level

    def _propose(self, images, masks, content):
        return np.full_like(images, self.level)


class OnePixel(Toy):
    """The first marked pixel becomes black, the others stay."""

    def _propose(self, images, masks, content):
        proposed = images.copy()
        rows = np.arange(len(images))
        first = masks.reshape(len(images), -1).argmax(axis=1)
        proposed.reshape(len(images), 16, -1)[rows, first] = 0
        return proposed


class White(Toy):
    whole_image = True

    def _propose(self, images, masks, content):
        return np.ones_like(images)


class Content(Toy):
    def _propose(self, images, masks, content):
        return content


class Stops(OnePixel):
    """Raises when asked for the n-th time."""

    def __init__(self, error, n):
        super().__init__()
        self.error, self.left = error, n

    def _propose(self, images, masks, content):
        self.left -= 1
        if not self.left:
            raise self.error
        return super()._propose(images, masks, content)


class Recorder(Black):
    def __init__(self):
        super().__init__()
        self.asked = []

    def correct(self, images, masks, content=None):
        self.asked.append((images, masks))
        return super().correct(images, masks, content)


def spots(*counts, channels=1):
    """Images with so many white pixels each, from the upper left."""
    images = np.zeros((len(counts), 16, channels), np.float32)
    for image, count in zip(images, counts, strict=True):
        image[:count] = 1
    return images.reshape(-1, 4, 4, channels)


def detector(kind=Sum):
    clean = np.zeros((39, 4, 4, 1), np.float32)
    clean[:, 0, 0, 0] = np.arange(1, 40) / 100
    return kind().calibrate(clean)


def guard(corrector, kind=Sum, **settings):
    return StyleGuard(detector(kind), corrector, **{"min_improvement": 0.5, **settings})


def turns(count, kind=OnePixel, **settings):
    """So many candidates alike."""
    return {f"turn {k}": kind(**settings) for k in range(count)}


def whiter_is_better(images, content):
    return 1 - images.mean(axis=(1, 2, 3))


def outcomes(report):
    return report.outcomes.tolist()


def test_what_is_flagged_is_mended_and_the_rest_passes():
    report = guard(Black()).run(spots(0, 2, 0, 1))
    assert outcomes(report) == ["passed", "mended", "passed", "mended"]
    assert report.scores.tolist() == [0, 0, 0, 0] and not report.flagged.any()
    assert report.accepted.tolist() == [False, True, False, True]


def test_images_that_are_not_flagged_keep_every_bit():
    images = spots(0, 2, 0)
    images[[0, 2]] += np.random.default_rng(0).random((2, 4, 4, 1), np.float32) / 100
    report = guard({"white": White(), "black": Black()}).run(images)
    np.testing.assert_array_equal(report.images[[0, 2]], images[[0, 2]])


def test_images_whose_repairs_are_refused_keep_every_bit():
    report = guard(White()).run(spots(3))
    assert outcomes(report) == ["refused"] and report.flagged.all()
    np.testing.assert_array_equal(report.images, spots(3))


def test_the_images_given_are_left_as_they_are():
    images = spots(2, 0)
    report = guard(Black()).run(images)
    np.testing.assert_array_equal(images, spots(2, 0))
    np.testing.assert_array_equal(report.originals, images)


def test_correctors_are_asked_about_the_images_in_the_queue_only():
    recorder = Recorder()
    guard(recorder).run(spots(0, 2, 0, 1))
    ((images, masks),) = recorder.asked
    np.testing.assert_array_equal(images, spots(2, 1))
    np.testing.assert_array_equal(masks, spots(2, 1)[..., 0] == 1)


def test_a_round_more_is_given_to_what_is_better_but_flagged_still():
    report = guard(turns(3), max_rounds=3).run(spots(1, 3, 0, 2))
    assert [one.index.tolist() for one in report.rounds] == [[0, 1, 3], [1, 3], [1]]
    assert outcomes(report) == ["mended", "mended", "passed", "mended"]


def test_each_round_looks_at_the_image_as_it_is_then():
    first, second = guard(turns(2)).run(spots(2)).rounds
    assert [first.area.tolist(), second.area.tolist()] == [[2], [1]]
    assert [first.scores.tolist(), second.scores.tolist()] == [[2], [1]]
    np.testing.assert_array_equal(first.images[0].ravel()[:3], [0, 1, 0])


def test_after_the_last_round_what_was_gained_is_kept():
    report = guard(turns(3), max_rounds=2).run(spots(3))
    assert outcomes(report) == ["improved"] and len(report.rounds) == 2
    assert report.flagged.all() and report.accepted.all() and report.scores.tolist() == [1]


def test_the_change_is_measured_from_the_image_as_it_came_in():
    # one pixel is 0.25; two are 0.35, though the second alone would be 0.25 again
    report = guard(turns(2, max_change=0.3)).run(spots(3))
    assert report.rounds[1].choice.tolist() == [-1] and len(report.rounds) == 2
    first, second = report.rounds
    np.testing.assert_allclose([first.change[0, 0], second.change[1, 0]], [0.25, 8**-0.5])
    assert outcomes(report) == ["improved"] and report.scores.tolist() == [2]


def test_of_repairs_that_suffice_the_smallest_change_is_taken():
    report = guard({"black": Black(), "grey": Grey()}).run(spots(1))
    assert report.rounds[0].choice.tolist() == [1] and report.rounds[0].accepted.all()
    assert outcomes(report) == ["mended"]


def test_a_larger_change_that_suffices_is_taken_before_a_smaller_one_that_does_not():
    report = guard({"one": OnePixel(), "black": Black()}).run(spots(3))
    assert report.rounds[0].accepted.all() and report.rounds[0].choice.tolist() == [1]


def test_where_none_suffices_the_smallest_acceptable_change_is_taken():
    # five pixels at 0.1 are flagged still
    (first,) = guard({"grey": Grey(), "one": OnePixel()}, max_rounds=1).run(spots(5)).rounds
    assert first.flagged_after.all() and first.choice.tolist() == [1]


def test_changes_are_compared_as_shares_of_each_correctors_limit():
    # 0.25 of 1 against 0.225 of 0.3
    report = guard({"black": Black(max_change=1.0), "grey": Grey(max_change=0.3)}).run(spots(1))
    assert report.rounds[0].choice.tolist() == [0]


def test_the_score_must_fall_by_the_margin():
    assert outcomes(guard(Black(), min_improvement=1.01).run(spots(1, 2))) == ["refused", "mended"]


def test_a_repair_that_makes_more_pixels_look_wrong_is_refused_whatever_the_score_says():
    report = guard(White(), Whiter).run(spots(2))
    assert report.rounds[0].area.tolist() == [2] and report.rounds[0].area_after.tolist() == [[16]]
    assert outcomes(report) == ["refused"]


def test_marks_where_nothing_was_changed_do_not_count():
    class Relative(Sum):
        """Marks what is more than half as light as the lightest pixel."""

        def _score_batch(self, images, content, maps):
            scores, lightest = super()._score_batch(images, content, True)
            return scores, lightest / lightest.max(axis=(1, 2), keepdims=True)

    relative = detector(Relative)
    relative.pixel_threshold_ = 0.5
    image = spots(2)
    image[0, 0, 2] = 0.45
    report = StyleGuard(relative, Black(), min_improvement=0.5).run(image)
    assert relative.predict_mask(report.images)[0, 0, 2]
    assert [one.area.tolist() for one in report.rounds] == [[2], [0]]
    assert report.rounds[0].area_after.tolist() == [[0]] and outcomes(report) == ["improved"]
    assert report.images[0, 0, 2] == image[0, 0, 2]


def test_a_repair_that_lowers_the_p_value_is_refused_whatever_the_score_says():
    class Lighter(Toy):
        def _propose(self, images, masks, content):
            return images + 0.1

    image = 0.385 * spots(1)
    report = guard(Lighter(), Whiter, min_improvement=0.01).run(image)
    (first,) = report.rounds
    assert (first.p_values[0], first.p_after[0, 0]) == (0.05, 0.025)
    assert first.area_after[0, 0] == first.area[0] and outcomes(report) == ["refused"]


def test_scores_and_areas_never_rise():
    class Drawn(Toy):
        whole_image = True

        def _propose(self, images, masks, content):
            return rng.random(images.shape)

    rng = np.random.default_rng(0)
    images = rng.random((40, 4, 4, 1), np.float32)
    rounds = (
        guard(turns(5, Drawn), min_improvement=0.1, min_p_value=0.001, max_rounds=5)
        .run(images)
        .rounds
    )
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
    for name in ("images", "originals", "flagged", "accepted", "p_values", "scores", "outcomes"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    for one, other in zip(whole.rounds, parts.rounds, strict=True):
        for name, values in vars(one).items():
            np.testing.assert_array_equal(getattr(other, name), values)


def test_no_more_images_than_a_batch_are_in_work_at_once():
    recorder = Recorder()
    guard(recorder).run(spots(1, 1, 1, 1, 1), batch_size=2)
    assert [len(images) for images, _ in recorder.asked] == [2, 2, 1]


def test_each_image_is_corrected_beside_its_own_content():
    content = np.linspace(0, 0.1, 5, dtype=np.float32).reshape(5, 1, 1, 1) + np.zeros((5, 4, 4, 1))
    report = guard(Content()).run(spots(0, 1, 1, 0, 1), content.astype("float32"), batch_size=2)
    np.testing.assert_allclose(report.images[:, 0, 0, 0], [0, 0.025, 0.05, 0, 0.1], atol=1e-6)


def test_one_picture_in_colour_and_of_another_size_is_mended_as_well():
    picture = np.zeros((1, 5, 9, 3), np.float32)
    picture[0, 2, 3] = 1
    report = guard(Black()).run(picture)
    assert outcomes(report) == ["mended"] and not report.images.any()


def test_what_a_repair_has_to_lower_is_for_the_detector_to_say():
    class Half(Sum):
        def acceptance_scores(self, findings):
            return findings.scores / 2

    report = guard(Black(), Half).run(spots(2))
    assert report.rounds[0].scores.tolist() == [1] and report.scores.tolist() == [0]
    assert outcomes(guard(Black(), Half, min_improvement=1.5).run(spots(2))) == ["refused"]


# What ends the loop early.


def test_an_interrupt_keeps_the_batches_that_are_done():
    report = guard(Stops(KeyboardInterrupt(), 2)).run(spots(1, 0, 1, 1), batch_size=2)
    assert outcomes(report) == ["mended", "passed"] and len(report.originals) == 2
    assert report.interrupted == "stopped by hand, 2 of 4 images done"


def test_an_interrupt_keeps_the_rounds_that_are_done():
    both = {"one": OnePixel(), "stops": Stops(KeyboardInterrupt(), 2)}
    report = guard(both).run(spots(1, 2, 3))
    assert outcomes(report) == ["mended", "improved", "improved"] and len(report.rounds) == 1
    assert report.interrupted.endswith("3 of 3 images done, 2 of them not in all rounds")


def test_an_error_carries_the_report_of_what_was_done():
    with pytest.raises(MemoryError) as caught:
        guard(Stops(MemoryError("full"), 2)).run(spots(1, 0, 1, 1), batch_size=2)
    assert outcomes(caught.value.report) == ["mended", "passed"]
    assert caught.value.report.interrupted == "2 of 4 images done, then MemoryError: full"
    assert "see the attribute `report`" in caught.value.__notes__[0]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_before_the_first_round_is_finished_there_is_nothing_to_keep(error):
    with pytest.raises(error) as caught:
        guard(Stops(error(), 1)).run(spots(1))
    assert not hasattr(caught.value, "report")


def test_a_report_of_everything_was_not_interrupted():
    assert guard(Black()).run(spots(1)).interrupted is None


def test_a_bar_shows_the_progress_if_asked_for(capfd):
    guard(Black()).run(spots(1, 0))
    assert capfd.readouterr().err == ""
    guard(Black()).run(spots(1, 0), progress=True)
    assert "2/2" in capfd.readouterr().err


# How a guard is made.


@pytest.mark.parametrize(
    ("corrector", "names"),
    [
        (RealignCorrector(whiter_is_better), ["realign"]),
        (OnePixel(), ["one_pixel"]),
        ({"a": Black(), "b": Grey()}, ["a", "b"]),
    ],
)
def test_candidates_have_names(corrector, names):
    assert list(guard(corrector).candidates) == names


def test_images_are_flagged_at_the_guards_rate_and_the_detector_given_keeps_its_own():
    image, given = 0.385 * spots(1), detector()
    strict = StyleGuard(given, Black(), false_alarm_rate=0.025, min_improvement=0.1)
    assert given.predict(image).tolist() == [-1] and given.false_alarm_rate == 0.05
    assert outcomes(strict.run(image)) == ["passed"]
    assert outcomes(StyleGuard(given, Black(), min_improvement=0.1).run(image)) == ["mended"]


def test_a_higher_rate_marks_pixels_in_what_it_flags():
    # 0.375 is among the highest three of 39, so p = 0.1
    report = guard(Black(), false_alarm_rate=0.1, min_improvement=0.1).run(0.375 * spots(1))
    assert report.rounds[0].area.tolist() == [1] and outcomes(report) == ["mended"]


def test_a_rate_that_the_calibration_cannot_promise_is_refused():
    with pytest.raises(ValueError, match=r"at least 99 calibration scores\. Received: 39"):
        guard(Black(), false_alarm_rate=0.01)


def test_a_detector_is_calibrated_first():
    with pytest.raises(NotFittedError, match="Sum must be calibrated first"):
        StyleGuard(Sum(), Black())


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"detector": None}, TypeError, "detector must be an AnomalyDetector. Received: None"),
        ({"corrector": "median"}, TypeError, "corrector must be a Corrector, .*Received: 'median'"),
        ({"corrector": {}}, TypeError, "corrector must be a Corrector, .*Received: {}"),
        ({"corrector": {"a": 1}}, TypeError, "must hold Correctors by name. Received: 'a': 1"),
        ({"max_rounds": 0}, ValueError, "max_rounds must be a whole number >= 1. Received: 0"),
        ({"max_rounds": 1.5}, ValueError, "max_rounds must be a whole number >= 1. Received: 1.5"),
        (
            {"min_improvement": 0},
            ValueError,
            "min_improvement must be a number above 0, finite. Received: 0",
        ),
        (
            {"min_improvement": np.nan},
            ValueError,
            "min_improvement must be a number above 0, finite. Received: nan",
        ),
        ({"false_alarm_rate": 1}, ValueError, "must lie strictly between 0 and 1. Received: 1"),
    ],
)
def test_wrong_arguments_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        StyleGuard(**{"detector": detector(), "corrector": Black(), **settings})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number >= 1. Received: 0"),
        ({"content": spots(1)}, r"content must have as many images.*Received: \(1, 4, 4\)"),
        ({"images": spots(1)[0]}, r"images must have shape .*Received: shape \(4, 4, 1\)"),
    ],
)
def test_what_cannot_be_run_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        guard(Black()).run(**{"images": spots(1, 2), **settings})


@pytest.mark.parametrize("max_change", [0, -0.1, 1.01, float("nan"), True, "0.3"])
def test_the_limit_of_a_corrector_lies_above_0_and_is_at_most_1(max_change):
    with pytest.raises(ValueError, match=f"max_change must be .*Received: {max_change!r}"):
        Corrector(max_change=max_change)


def test_realignment_is_bounded_otherwise_and_has_no_limit_by_default():
    assert RealignCorrector(whiter_is_better).max_change == 1.0 and Corrector().max_change == 0.35


class AllBlack(Black):
    whole_image = True


def test_what_changes_all_of_an_image_is_asked_only_where_nothing_else_helped():
    images = spots(1, 3)
    rounds = (
        guard({"all": AllBlack(), "one": OnePixel(max_change=0.2)}, max_rounds=1).run(images).rounds
    )
    # a pixel less is more than this max_change allows in the second image alone, which has other spots
    assert rounds[0].tried == ("all", "one")
    np.testing.assert_array_equal(rounds[0].asked[1], [True, True])
    np.testing.assert_array_equal(rounds[0].asked[0], ~rounds[0].accepted[1])
    one = guard({"all": AllBlack(), "one": OnePixel()}, max_rounds=1).run(images).rounds[0]
    np.testing.assert_array_equal(one.asked, [[False, False], [True, True]])
    np.testing.assert_array_equal(one.choice, [1, 1])
    np.testing.assert_array_equal(one.scores_after[0], one.scores)


class BlackWhereWanted(AllBlack):
    """Says that images with so many white pixels left plainly need it."""

    def __init__(self, *counts):
        super().__init__()
        self.counts = counts

    def indicated_for(self, images):
        return np.isin(images.sum(axis=(1, 2, 3)), self.counts)


def test_what_plainly_needs_all_changed_is_asked_about_where_a_repair_is_not_enough():
    # a pixel less is enough for the first only; what is left of the third does not need more
    both = {"all": BlackWhereWanted(0, 2), "one": OnePixel()}
    (first,) = guard(both, max_rounds=1).run(spots(1, 3, 2)).rounds
    assert first.accepted[1].all()
    np.testing.assert_array_equal(first.asked[0], [False, True, False])
    np.testing.assert_array_equal(first.choice, [1, 0, 1])
    np.testing.assert_array_equal(first.mended, [True, True, False])


class LosslessWhereWanted(BlackWhereWanted):
    """Takes one white pixel away, as if nothing were lost by it."""

    translates_only = True
    _propose = OnePixel._propose


def test_what_loses_nothing_is_asked_first_where_plainly_needed_and_taken_only_if_it_suffices():
    both = {"one": OnePixel(), "move": LosslessWhereWanted(1, 3)}
    (first,) = guard(both, max_rounds=1).run(spots(1, 2, 3)).rounds
    # it is enough for the first, which nothing else is asked about; the second does not need it
    np.testing.assert_array_equal(first.asked[1], [True, False, True])
    np.testing.assert_array_equal(first.asked[0], [False, True, True])
    np.testing.assert_array_equal(first.accepted[1], [True, False, False])
    np.testing.assert_array_equal(first.choice, [1, 0, 0])
    assert first.flagged_after[1, 2] and first.scores_after[1, 2] < first.scores[2]


def test_an_image_leaves_the_loop_when_no_corrector_is_left_to_ask():
    images = spots(2, 3)  # one pixel less each, and then one and two are left
    for wanted, asked in (((), [[0, 1]]), ((1,), [[0, 1], [0]])):
        both = {"one": OnePixel(), "move": LosslessWhereWanted(*wanted)}
        report = guard(both, max_uses=1).run(images)
        assert [one.index.tolist() for one in report.rounds] == asked
        assert all(one.asked.any(axis=0).all() for one in report.rounds)
        assert outcomes(report) == ["improved", "improved"]


def test_a_proposal_that_changes_nothing_is_not_looked_at():
    class Counting(Sum):
        looked = ()

        def _score_batch(self, images, content, maps):
            type(self).looked += (len(images),)
            return super()._score_batch(images, content, maps)

    class OnlyOfOne(Black):
        def _propose(self, images, masks, content):
            return np.where(images.sum(axis=(1, 2, 3), keepdims=True) > 1, images, 0)

    built = guard(OnlyOfOne(), Counting)
    Counting.looked = ()
    report = built.run(spots(1, 2, 3))
    assert Counting.looked == (3, 1) and outcomes(report) == ["mended", "refused", "refused"]
    np.testing.assert_array_equal(report.rounds[0].scores_after, [[0, 2, 3]])


def test_each_candidate_may_have_a_margin_of_its_own():
    both = {"one": OnePixel(), "all": AllBlack()}
    report = guard(both, min_improvement={"one": 5.0, "all": 0.5}, max_rounds=1).run(spots(3))
    np.testing.assert_array_equal(report.rounds[0].accepted, [[False], [True]])
    with pytest.raises(
        ValueError, match=r"min_improvement must name the candidates .*Received: \['one'\]"
    ):
        guard(both, min_improvement={"one": 1.0})


def test_a_corrector_that_was_taken_often_enough_is_not_asked_again():
    report = guard({"one": OnePixel(), "other": OnePixel()}, max_uses=1).run(spots(3))
    assert [one.choice.tolist() for one in report.rounds] == [[0], [1]]
    np.testing.assert_array_equal(report.rounds[1].asked, [[False], [True]])
    assert outcomes(report) == ["improved"] and report.scores.tolist() == [1]


@pytest.mark.parametrize("max_uses", [0, 1.5, True])
def test_repeats_are_a_whole_number(max_uses):
    with pytest.raises(
        ValueError, match=f"max_uses must be a whole number >= 1. Received: {max_uses}"
    ):
        guard(Black(), max_uses=max_uses)


def test_what_changes_all_of_an_image_must_leave_it_looking_sound():
    class AllButOne(OnePixel):
        whole_image = True

    images = spots(3)
    strict = guard({"most": AllButOne()}, min_p_value=0.03).run(images)  # p stays at 1 / 40
    assert strict.rounds[0].choice.tolist() == [-1]
    lenient = guard({"most": AllButOne()}, min_p_value=0.025).run(images)
    assert lenient.rounds[0].choice.tolist() == [0]
    with pytest.raises(ValueError, match=r"min_p_value must lie .*Received: 0"):
        guard(Black(), min_p_value=0)


def test_a_mended_image_goes_on_until_it_looks_sound_enough():
    # p is 11 / 40 for the score of 0.3 that is left, and 1 for black
    both = {"grey": Grey(0.3), "all": AllBlack()}
    for settings, rounds, score in (
        ({}, [[0]], 0.3),
        ({"target_p_value": 0.27}, [[0]], 0.3),
        ({"target_p_value": 0.28}, [[0], [1]], 0),
    ):
        report = guard(both, min_improvement=0.1, max_uses=1, **settings).run(spots(1))
        assert [one.choice.tolist() for one in report.rounds] == rounds
        assert outcomes(report) == ["mended"]
        np.testing.assert_allclose(report.scores, [score], atol=1e-6)
    assert [one.flagged.tolist() for one in report.rounds] == [[True], [False]]
    assert [one.mended.tolist() for one in report.rounds] == [[True], [False]]


def test_a_mended_image_that_nothing_makes_sounder_stays_mended():
    both = {"grey": Grey(0.3), "all": AllBlack()}
    report = guard(both, min_improvement=0.4, max_uses=1, target_p_value=0.28).run(spots(1))
    assert [one.choice.tolist() for one in report.rounds] == [[0], [-1]]
    assert outcomes(report) == ["mended"] and not report.flagged.any()
    table = report.to_frame()
    assert table["flagged"].tolist() == [True, False, False]


def test_what_only_moves_pixels_is_enough_as_soon_as_the_image_is_not_flagged():
    class MovesTo(AllBlack):
        translates_only = True

        def indicated_for(self, images):
            return np.ones(len(images), bool)

        def _propose(self, images, masks, content):
            return 0.3 * images

    both = {"move": MovesTo(), "black": Black()}
    report = guard(both, min_improvement=0.1, target_p_value=0.9).run(spots(1))
    assert [one.choice.tolist() for one in report.rounds] == [[0]]
    assert not report.rounds[0].asked[1, 0]


def test_images_that_were_never_flagged_pass_however_sound_they_look():
    images = 0.3 * spots(1)
    report = guard(Black(), min_improvement=0.1, target_p_value=0.9).run(images)
    assert outcomes(report) == ["passed"]
    np.testing.assert_array_equal(report.images, images)


def test_of_repairs_the_soundest_sort_is_taken_and_in_it_the_smallest_change():
    # of two white pixels one is flagged still; 0.15 each looks sound; black is as sound as can be
    candidates = {"one": OnePixel(), "grey": Grey(0.15), "black": Black()}
    for settings, choice in (({}, 1), ({"target_p_value": 0.28}, 2)):
        (first,) = guard(candidates, max_rounds=1, **settings).run(spots(2)).rounds
        assert first.accepted.all() and (np.diff(first.change[:, 0]) > 0).all()
        assert first.choice.tolist() == [choice]
    del candidates["black"]  # now none is enough
    (first,) = guard(candidates, max_rounds=1, target_p_value=0.28).run(spots(2)).rounds
    assert first.choice.tolist() == [1]


@pytest.mark.parametrize("target_p_value", [0, 1, -0.5])
def test_what_is_enough_is_a_rate(target_p_value):
    with pytest.raises(ValueError, match=f"target_p_value must lie .*Received: {target_p_value!r}"):
        guard(Black(), target_p_value=target_p_value)
