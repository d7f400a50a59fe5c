"""The loop player: states, queue, curves and reasons to stop, in pictures and words."""

import io
from dataclasses import replace

from styleguard_edu.guard import GuardReport, Round
from styleguard_edu.plotting import ORANGE
from styleguard_edu.widgets import LoopPlayer
from styleguard_edu.widgets.loop_player import LOOKS, moments, stop_rule

import numpy as np
import pytest
from PIL import Image, ImageColor

# Five images. The first passes; the second is corrected in round 1, the third in round 2; nothing
# helps the fourth; the fifth gets better in round 1, but not in round 2.
ORIGINALS = np.full((5, 8, 8, 1), 0.8, np.float32)
ORIGINALS[:, :2] = 0


def one_round(index, areas, after, corrected, level):
    """A round of one corrector; an area of -1 after it means that it was not acceptable."""
    after, m = np.array([after]), len(index)
    taken = after >= 0
    return Round(
        index=np.array(index),
        scores=np.full(m, 9.0),
        p_values=np.full(m, 0.01),
        flagged=np.ones(m, bool),
        masks=np.stack([(np.arange(64) < area).reshape(8, 8) for area in areas]),
        tried=("median",),
        asked=np.ones((1, m), bool),
        scores_after=np.where(taken, 5.0, 9.0),
        p_after=np.full((1, m), 0.01),
        area_after=np.maximum(after, 0),
        flagged_after=~np.array([corrected], bool),
        change=np.full((1, m), 0.1),
        accepted=taken,
        choice=np.where(taken[0], 0, -1),
        images=np.full((m, 8, 8, 1), level, np.float32),
    )


FIRST = one_round([1, 2, 3, 4], [30, 20, 10, 8], [0, 12, -1, 6], [1, 0, 0, 0], 0.5)
SECOND = one_round([2, 4], [12, 6], [0, -1], [1, 0], 0.25)


def report(**change):
    flagged = np.arange(5) > 2
    right = {
        "images": ORIGINALS,
        "originals": ORIGINALS,
        "flagged": flagged,
        "accepted": np.array([False, True, True, False, True]),
        "p_values": np.where(flagged, 0.01, 0.5),
        "scores": np.ones(5),
        "rounds": (FIRST, SECOND),
        "false_alarm_rate": 0.05,
        "rate_of": "of clean images",
        "max_rounds": 3,
    }
    return GuardReport(**right | change)


def nothing_flagged(shape=(3, 8, 8, 1)):
    nobody, images = np.zeros(shape[0], bool), np.full(shape, 0.8, np.float32)
    return report(images=images, originals=images, flagged=nobody, accepted=nobody, rounds=())


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def shared():
    player = LoopPlayer(report())
    yield player
    player.close()


@pytest.fixture
def player(shared):
    """One for all tests, as they came."""
    shared.round.slider.value = 0
    return shared


# What a report says


def test_states_areas_and_corrections_of_every_moment_known_by_hand():
    start, one, two = moments(report())
    assert [moment.states.tolist() for moment in (start, one, two)] == [
        ["passed", "waiting", "waiting", "waiting", "waiting"],
        ["passed", "corrected", "waiting", "for review", "waiting"],
        ["passed", "corrected", "corrected", "for review", "for review"],
    ]
    assert start.areas.tolist() == [0, 30, 20, 10, 8]
    assert one.areas.tolist() == [0, 0, 12, 10, 6]
    assert two.areas.tolist() == [0, 0, 0, 10, 6]
    assert [moment.waiting for moment in (start, one, two)] == [4, 2, 0]
    assert one.taken == ["", "median", "median", "none taken", "median"]
    assert two.taken == ["", "", "median", "", "none taken"]
    levels = [moment.images[:, -1, 0, 0] for moment in (start, one, two)]
    second, third = [0.8, 0.5, 0.5, 0.5, 0.5], [0.8, 0.5, 0.25, 0.5, 0.25]
    np.testing.assert_allclose(levels, [[0.8] * 5, second, third])
    assert ORIGINALS[1, -1, 0, 0] == np.float32(0.8)  # not written into


def test_what_looks_clean_stays_corrected_if_nothing_makes_it_look_cleaner():
    sure = replace(SECOND, index=np.array([1, 2]), flagged=np.array([False, True]))
    kept = replace(sure, choice=np.array([-1, 0]), flagged_after=np.array([[True, True]]))
    (*_, waiting, end) = moments(report(rounds=(FIRST, kept)))
    assert waiting.states[1:3].tolist() == ["waiting", "waiting"]
    assert end.states[1:3].tolist() == ["corrected", "for review"]
    assert end.taken[1:3] == ["none taken", "median"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "ended after round 2: 2 with no acceptable proposal."),
        ({"rounds": ()}, "ended at once: no image was flagged."),
        (
            {"rounds": (FIRST,), "max_rounds": 1},
            "ended after round 1: 1 with no acceptable proposal, 1 with every round used.",
        ),
        (
            {"flagged": np.zeros(5, bool), "rounds": (replace(FIRST, choice=np.full(4, -1)),)},
            "ended after round 1: none is flagged.",
        ),
        ({"interrupted": "stopped by hand"}, "was interrupted: stopped by hand."),
    ],
)
def test_the_rule_that_stopped_the_loop_is_named(change, words):
    assert stop_rule(report(**change)).startswith(f"The loop {words}")


# What it says


def test_the_summary_of_every_round_known_by_hand(player):
    said = []
    for number in range(3):
        player.round.box.value = number
        assert player.state == {"round": number}
        said += player.text.splitlines()
    assert said == [
        "As they came: 5 images, 4 flagged and waiting for a correction, 1 passed. Marked: 68 "
        "pixels.",
        "Round 1 of 2, 4 in the queue: 1 corrected, 1 for review, 2 waiting. Proposals taken: "
        "median 3. Marked: 68 pixels before, 28 after.",
        "Round 2 of 2, 2 in the queue: 1 corrected, 1 for review, 0 waiting. Proposals taken: "
        "median 1. Marked: 28 pixels before, 16 after.",
        "The loop ended after round 2: 2 with no acceptable proposal. In the end: 1 passed, 2 "
        "corrected, 2 for review (1 of them changed, still flagged).",
    ]


def test_both_pictures_are_described(player):
    player.round.slider.value = 1
    images, curves = (picture.tooltip for picture in player.pictures)
    assert images == (
        "5 images after round 1. passed: 0; waiting: 2, 4; corrected: 1; for review: 3."
    )
    assert "a point at 1. Images in the queue: 4, 2, 0. Marked pixels: 68, 28, 16." in curves


def test_without_rounds_there_is_nothing_to_move():
    player = LoopPlayer(nothing_flagged())
    assert player.round.slider.disabled
    player.forward.click()
    assert player.text.startswith("As they came: 3 images, 0 flagged and waiting")
    assert "The loop ended at once: no image was flagged. In the end: 3 passed" in player.text


def test_buttons_go_forward_and_back_and_stay_within_the_rounds(player):
    seen = []
    for button in [player.forward] * 3 + [player.back] * 3:
        button.click()
        seen.append(player.state["round"])
    assert seen == [1, 2, 2, 1, 0, 0] and player.text.startswith("As they came")


# The pictures


def test_frames_tell_states_apart_by_colour_and_by_dashes(player):
    shown, share = pixels(player.view(1).pictures[0]), {}
    for k, state in enumerate(moments(report())[1].states[:4]):
        left, top, right, _ = player._page.box(0, k)
        edge = shown[top - 2, left - 3 : right + 3]
        share[state] = (edge == ImageColor.getrgb(LOOKS[state]["colour"])).all(-1).mean()
    assert share["corrected"] == 1
    assert 0.1 < share["passed"] < share["waiting"] < share["for review"] < 0.9


@pytest.mark.parametrize(("number", "level"), [(0, 0.8), (1, 0.5), (2, 0.25)])
def test_the_images_of_the_round_are_shown(player, number, level):
    left, top, right, bottom = player._page.box(0, 2)
    shown = pixels(player.view(number).pictures[0])[(top + 3 * bottom) // 4, (left + right) // 2]
    np.testing.assert_allclose(shown, 255 * level, atol=1)


def test_the_point_moves_along_both_curves(player):
    places = []
    for number in range(3):
        orange = ImageColor.getrgb(ORANGE)
        shown = (pixels(player.view(number).pictures[1]) == orange).all(axis=-1)
        places.append([part.any(axis=0).nonzero()[0].mean() for part in np.hsplit(shown, 2)])
    assert (np.diff(places, axis=0) > 50).all()


def test_it_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(lambda: LoopPlayer(report()))


def test_too_many_images_are_rejected():
    with pytest.raises(ValueError, match=r"report must be of 1 to 48 images. Received: 49"):
        LoopPlayer(nothing_flagged((49, 8, 8, 1)))
