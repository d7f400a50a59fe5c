"""The loop player: states, queue, curves and reasons to stop, in pictures and words."""

import io
import time
from dataclasses import replace

from styleguard_edu.guard import GuardReport, Round
from styleguard_edu.plotting import ORANGE
from styleguard_edu.widgets import LoopPlayer
from styleguard_edu.widgets._replay import STATES, moments, stop_rule
from styleguard_edu.widgets.loop_player import LOOKS

import numpy as np
import pytest
from PIL import Image, ImageColor

# Five images. The first passes; the second is mended in round 1, the third in round 2; nothing
# helps the fourth; the fifth gets better in round 1, but not in round 2.
ORIGINALS = np.full((5, 8, 8, 1), 0.8, np.float32)
ORIGINALS[:, :2] = 0


def masks(*areas):
    """Masks of so many pixels."""
    return np.stack([(np.arange(64) < area).reshape(8, 8) for area in areas])


def one_round(index, areas, after, mended, images):
    """A round of one candidate; an area of -1 after it means that it was not acceptable."""
    after = np.array([after])
    taken = after[0] >= 0
    m = len(index)
    return Round(
        index=np.array(index),
        scores=np.full(m, 9.0),
        p_values=np.full(m, 0.01),
        flagged=np.ones(m, bool),
        masks=masks(*areas),
        tried=("median",),
        asked=np.ones((1, m), bool),
        scores_after=np.where(taken, 5.0, 9.0)[np.newaxis],
        p_after=np.full((1, m), 0.01),
        area_after=np.maximum(after, 0),
        flagged_after=~np.array([mended], bool),
        change=np.full((1, m), 0.1),
        accepted=taken[np.newaxis],
        choice=np.where(taken, 0, -1),
        images=np.full((m, 8, 8, 1), images, np.float32),
    )


FIRST = one_round([1, 2, 3, 4], [30, 20, 10, 8], [0, 12, -1, 6], [1, 0, 0, 0], 0.5)
SECOND = one_round([2, 4], [12, 6], [0, -1], [1, 0], 0.25)


def report(**change):
    flagged = np.array([False, False, False, True, True])
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


def nothing_flagged(n=3):
    nobody = np.zeros(n, bool)
    images = np.full((n, 8, 8, 1), 0.8, np.float32)
    return report(
        images=images,
        originals=images,
        flagged=nobody,
        accepted=nobody,
        p_values=np.ones(n),
        scores=np.ones(n),
        rounds=(),
    )


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


def test_what_looks_sound_stays_mended_if_nothing_makes_it_sounder():
    sure = replace(SECOND, index=np.array([1, 2]), flagged=np.array([False, True]))
    kept = replace(sure, choice=np.array([-1, 0]), flagged_after=np.array([[True, True]]))
    (*_, waiting, end) = moments(report(rounds=(FIRST, kept)))
    assert [STATES[k] for k in waiting.states[1:3]] == ["waiting", "waiting"]
    assert [STATES[k] for k in end.states[1:3]] == ["mended", "for a person"]
    assert end.taken[1:3] == ("none", "median")


def test_states_areas_and_repairs_of_every_moment_known_by_hand():
    start, one, two = moments(report())
    words = [[STATES[k] for k in moment.states] for moment in (start, one, two)]
    person = "for a person"
    assert words == [
        ["passed", "waiting", "waiting", "waiting", "waiting"],
        ["passed", "mended", "waiting", person, "waiting"],
        ["passed", "mended", "mended", person, person],
    ]
    assert start.areas.tolist() == [0, 30, 20, 10, 8]
    assert one.areas.tolist() == [0, 0, 12, 10, 6]
    assert two.areas.tolist() == [0, 0, 0, 10, 6]
    assert [moment.waiting for moment in (start, one, two)] == [4, 2, 0]
    assert one.taken == ("", "median", "median", "none", "median")
    assert two.taken == ("", "", "median", "", "none")


def test_images_are_those_after_each_round():
    levels = [moment.images[:, -1, 0, 0].tolist() for moment in moments(report())]
    np.testing.assert_allclose(levels[0], [0.8] * 5)
    np.testing.assert_allclose(levels[1], [0.8, 0.5, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(levels[2], [0.8, 0.5, 0.25, 0.5, 0.25])
    assert ORIGINALS[1, -1, 0, 0] == np.float32(0.8)  # not written into


def test_a_report_without_rounds_has_one_moment():
    (only,) = moments(nothing_flagged())
    assert only.waiting == 0 and set(only.states) == {0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "The loop ended after round 2: 2 still flagged, 2 with no acceptable repair."),
        ({"rounds": ()}, "The loop ended at once: no image was flagged."),
        (
            {"rounds": (FIRST,), "max_rounds": 1},
            "The loop ended after round 1: 2 still flagged, 1 with no acceptable repair, 1 with "
            "every round used.",
        ),
        (
            {"rounds": (FIRST,)},
            "The loop ended after round 1: 2 still flagged, 1 with no acceptable repair, 1 with "
            "every corrector used.",
        ),
        (
            {"flagged": np.zeros(5, bool), "rounds": (replace(FIRST, choice=np.full(4, -1)),)},
            "The loop ended after round 1: none is flagged.",
        ),
        (
            {"interrupted": "stopped by hand, 5 of 9 images done"},
            "The loop did not end by itself: stopped by hand, 5 of 9 images done.",
        ),
    ],
)
def test_the_rule_that_stopped_the_loop_is_named(change, words):
    assert stop_rule(report(**change)) == words


# What it says


def test_the_summary_of_every_round_known_by_hand(player):
    assert player.text == (
        "As they came: 5 images, 4 flagged and waiting for a repair, 1 passed. Marked: 68 pixels."
    )
    player.round.slider.value = 1
    assert player.text == (
        "Round 1 of 2, 4 in the queue: 1 mended, 2 waiting for the next round, 1 left to a person; "
        "no acceptable repair for 1. Taken: median 3. Marked: 68 pixels before, 28 after."
    )
    player.round.slider.value = 2
    first, last = player.text.splitlines()
    assert first.startswith("Round 2 of 2, 2 in the queue: 1 mended, 0 waiting")
    assert last == (
        "The loop ended after round 2: 2 still flagged, 2 with no acceptable repair. In the "
        "end: 1 passed, 2 mended, 1 improved but still flagged, 1 flagged as they came."
    )


def test_both_pictures_are_described(player):
    player.round.slider.value = 1
    images, curves = (picture.tooltip for picture in player.pictures)
    assert images == (
        "5 images after round 1. passed: 0; waiting: 2, 4; mended: 1; for a person: 3."
    )
    assert curves == (
        "Two curves against the round, with a point at 1. Images in the queue: 4, 2, 0. Marked "
        "pixels: 68, 28, 16."
    )


# The controls


def test_buttons_go_forward_and_back_and_stay_within_the_rounds(player):
    seen = []
    for button in (player.forward, player.forward, player.forward, player.back, player.back):
        button.click()
        seen.append(player.state["round"])
    assert seen == [1, 2, 2, 1, 0]
    player.back.click()
    assert player.state == {"round": 0} and player.text.startswith("As they came")


def test_the_round_can_be_typed(player):
    player.round.box.value = 2
    assert player.state == {"round": 2} and "Round 2 of 2" in player.text


def test_without_rounds_there_is_nothing_to_move():
    player = LoopPlayer(nothing_flagged())
    assert player.round.slider.disabled
    player.forward.click()
    assert player.text == (
        "As they came: 3 images, 0 flagged and waiting for a repair, 3 passed. Marked: 0 pixels.\n"
        "The loop ended at once: no image was flagged. In the end: 3 passed, 0 mended, 0 "
        "improved but still flagged, 0 flagged as they came."
    )


# The pictures


def edge(player, number, k):
    """The pixels along the upper edge of an image's frame."""
    left, top, right, _ = player._grid._page.box(0, k)
    return pixels(player.view(number).pictures[0])[top - 2, left - 3 : right + 3]


def test_frames_tell_states_apart_by_colour_and_by_dashes(player):
    share = {}
    for k, state in ((0, "passed"), (1, "mended"), (2, "waiting"), (3, "for a person")):
        coloured = (edge(player, 1, k) == ImageColor.getrgb(LOOKS[state][0])).all(axis=-1)
        share[state] = coloured.mean()
    assert share["mended"] == 1
    assert 0.1 < share["passed"] < share["waiting"] < share["for a person"] < 0.9


def test_the_images_of_the_round_are_shown(player):
    for number, level in ((0, 0.8), (1, 0.5), (2, 0.25)):
        left, top, right, bottom = player._grid._page.box(0, 2)
        shown = pixels(player.view(number).pictures[0])
        np.testing.assert_allclose(
            shown[(top + 3 * bottom) // 4, (left + right) // 2], 255 * level, atol=1
        )


def test_the_point_moves_along_both_curves(player):
    colour = ImageColor.getrgb(ORANGE)
    places = []
    for number in range(3):
        shown = (pixels(player.view(number).pictures[1]) == colour).all(axis=-1)
        places.append([part.any(axis=0).nonzero()[0].mean() for part in np.hsplit(shown, 2)])
    assert (np.diff(places, axis=0) > 50).all()


@pytest.mark.parametrize("shape", [(48, 28, 28, 1), (10, 64, 96, 3), (1, 8, 8, 1)])
def test_images_of_any_size_and_in_colour_fit_the_page(shape):
    images, nobody = np.zeros(shape, np.float32), np.zeros(shape[0], bool)
    player = LoopPlayer(
        report(images=images, originals=images, flagged=nobody, accepted=nobody, rounds=())
    )
    assert pixels(player.static_picture()).shape[1] <= 880


# What all explorers share


def test_a_view_depends_on_the_state_alone(player):
    first = player.view(**player.state)
    player.forward.click()
    player.back.click()
    assert player.view(**player.state) == first


def test_show_displays_a_static_picture_first_and_then_the_explorer(player, check_show):
    check_show(player, "loop player")


def test_close_frees_every_widget(check_close):
    check_close(LoopPlayer(nothing_flagged()))


def test_a_step_takes_less_than_10_ms(player):
    seconds = []
    for button in (player.forward, player.forward, player.back, player.back):
        start = time.process_time()  # tests share their machine
        button.click()
        seconds.append(time.process_time() - start)
    assert np.median(seconds) < 2 * 0.010


def test_too_many_images_are_refused():
    images = np.zeros((49, 8, 8, 1), np.float32)
    with pytest.raises(ValueError, match=r"report must be of 1 to 48 images. Received: 49"):
        LoopPlayer(report(originals=images))
