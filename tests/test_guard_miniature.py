"""The guard in miniature: what two sliders flag and correct, known by hand."""

import io
import time

from styleguard_edu.plotting import ORANGE
from styleguard_edu.widgets import GuardInMiniature

import numpy as np
import pytest
from PIL import Image, ImageColor

# Four images: two damaged and flagged at 5 %, of which one repair was accepted; a clean one that
# is flagged from 10 % on, whose repair was accepted; and a clean one that looks sound.
CLEAN = np.full((4, 8, 8, 1), 0.2, np.float32)
IMAGES = CLEAN.copy()
IMAGES[:2] = 0.6
MAPS = (IMAGES[..., 0] > 0.5).astype(np.float32)
REPAIRED = np.full((4, 8, 8, 1), 0.2, np.float32)
REPAIRED[2] = 0.3


def tiny(**change):
    right = {
        "images": IMAGES,
        "maps": MAPS,
        "p_values": [0.01, 0.04, 0.1, 0.9],
        "repaired": REPAIRED,
        "accepted": [True, False, True, True],
        "clean": CLEAN,
    }
    return GuardInMiniature(**right | change)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def shared():
    explorer = tiny()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(shared):
    """One for all tests; its sliders are as at the start."""
    shared.rate.box.value, shared.strength.box.value = 5, 100
    return shared


def test_the_summary_known_by_hand(explorer):
    assert explorer.text.splitlines() == [
        "2 of 4 flagged, 1 corrected at strength 100%, 1 left for a person as no repair was "
        "accepted.",
        "False alarms promised: at most 5% of clean images. Here: 0 of 2.",
        # two of four differ by 0.4, then one
        "Mean distance from the undamaged images (root mean square): 0.200 before, 0.100 after.",
    ]


def test_a_higher_rate_flags_a_clean_image_and_harms_it(explorer):
    explorer.rate.box.value = 10
    first, second, third = explorer.text.splitlines()
    assert first.startswith("3 of 4 flagged, 2 corrected")
    assert second == "False alarms promised: at most 10% of clean images. Here: 1 of 2."
    assert third.endswith("0.200 before, 0.125 after.")  # the false alarm is off by 0.1


def test_the_lowest_rate_flags_only_what_is_surest(explorer):
    explorer.rate.box.value = 1
    assert explorer.text.startswith("1 of 4 flagged, 1 corrected at strength 100%, 0 left")


def test_half_the_strength_mends_half(explorer):
    explorer.strength.box.value = 50
    np.testing.assert_allclose(explorer.corrected(0.05, 0.5)[0], 0.4, atol=1e-6)
    assert "1 corrected at strength 50%" in explorer.text
    assert "0.200 before, 0.150 after." in explorer.text


def test_what_is_not_flagged_or_not_accepted_keeps_its_bits(explorer):
    np.testing.assert_array_equal(explorer.corrected(0.05, 1.0)[1:], IMAGES[1:])
    np.testing.assert_array_equal(explorer.corrected(0.5, 0.0), IMAGES)


def test_both_pictures_are_described(explorer):
    detected, corrected = (picture.tooltip for picture in explorer.pictures)
    assert detected == "4 images above their heatmaps. Flagged and framed: 1, 2."
    assert corrected == (
        "The images as the guard leaves them: 1 corrected, 2 for a person, 3 passed, 4 passed."
    )
    explorer.strength.box.value = 0
    assert "1 strength 0, 2 for a person" in explorer.pictures[1].tooltip


def test_without_clean_images_nothing_is_said_about_them():
    text = tiny(clean=None).text
    assert text.endswith("False alarms promised: at most 5% of clean images.")


def test_flagged_images_are_framed(explorer):
    colour = ImageColor.getrgb(ORANGE)
    for rate, flagged in ((1, [True, False]), (5, [True, True])):
        explorer.rate.box.value = rate
        shown = pixels(explorer.pictures[0].value)
        found = []
        for k in range(2):
            left, top, _, bottom = explorer._detect.box(0, k)
            found.append(bool((shown[(top + bottom) // 2, left - 2] == colour).all()))
        assert found == flagged


def test_the_corrected_image_is_shown(explorer):
    for strength, level in ((100, 0.2), (50, 0.4), (0, 0.6)):
        explorer.strength.box.value = strength
        left, top, right, bottom = explorer._correct.box(0, 0)
        shown = pixels(explorer.pictures[1].value)
        middle = shown[(top + bottom) // 2, (left + right) // 2]
        np.testing.assert_allclose(middle, 255 * level, atol=1)


def test_the_rates_offered_can_be_chosen():
    explorer = tiny(rates=(0.02, 0.5))
    assert explorer.rate.values.tolist() == [2, 50]
    assert explorer.text.startswith("1 of 4 flagged")  # begins at the one nearest to 5 %


def test_coloured_images_keep_their_colours():
    red = np.zeros((2, 8, 8, 3), np.float32)
    red[..., 0] = 1
    explorer = GuardInMiniature(red, red[..., 1], [0.9, 0.9], red, [True, True])
    left, top, right, bottom = explorer._correct.box(0, 1)
    shown = pixels(explorer.pictures[1].value)
    assert shown[(top + bottom) // 2, (left + right) // 2].tolist() == [255, 0, 0]


# What all explorers share


def test_a_view_depends_on_the_state_alone(explorer):
    first = explorer.view(**explorer.state)
    explorer.rate.slider.value = 0
    explorer.rate.box.value = 5
    assert explorer.view(**explorer.state) == first
    assert explorer._view(**explorer.state) == first  # drawn again


def test_show_displays_a_static_picture_first_and_then_the_explorer(explorer, check_show):
    static = check_show(explorer, "guard in miniature")
    assert pixels(static["image/png"]).shape[1] <= 880


def test_close_frees_every_widget(check_close):
    check_close(tiny())


def test_a_move_takes_less_than_10_ms_the_first_time_as_well():
    images = np.zeros((8, 28, 28, 1), np.float32)
    images[:, 4:24, 10:14] = 0.9
    explorer = GuardInMiniature(
        images, images[..., 0], np.linspace(0.01, 0.5, 8), images[:, ::-1], [True] * 8
    )
    seconds = []
    for slider in (explorer.rate.slider, explorer.strength.slider):
        for k in (0, 1, 2, 4):
            start = time.process_time()  # tests share their machine
            slider.value = k
            seconds.append(time.process_time() - start)
    assert np.median(seconds) < 2 * 0.010


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((9, 8, 8, 1), np.float32)}, "repaired must be of shape.*Received"),
        ({"clean": CLEAN[:2]}, r"clean must be of shape \(4, 8, 8, 1\). Received: \(2, 8, 8, 1\)"),
        ({"maps": MAPS[:2]}, r"maps must be of floats, shape \(4, 8, 8\).*Received: float"),
        ({"maps": MAPS * np.nan}, "maps must be finite.*Received"),
        ({"p_values": [0, 0.1, 0.2, 0.3]}, r"p_values must hold 4 numbers in \(0, 1\]. Received"),
        ({"p_values": [0.1]}, "p_values must hold 4 numbers.*Received"),
        ({"accepted": [1, 0, 1, 1]}, "accepted must hold 4 truth values. Received: int64"),
        ({"rates": (0.1, 0.05)}, r"rates must increase and lie in \(0, 1\). Received"),
        ({"rates": (0.5, 1.0)}, r"rates must increase and lie in \(0, 1\). Received"),
        ({"rates": ()}, r"rates must increase and lie in \(0, 1\). Received"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        tiny(**change)


def test_more_than_eight_images_are_refused():
    images = np.zeros((9, 8, 8, 1), np.float32)
    with pytest.raises(ValueError, match=r"images must be at most 8. Received: 9"):
        GuardInMiniature(images, images[..., 0], np.ones(9), images, [True] * 9)
