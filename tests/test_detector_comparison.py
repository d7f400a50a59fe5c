"""The detector comparison: who notices, and where, in pictures and words known by hand."""

import io
import time

from styleguard_edu.plotting import ORANGE, heat_colours
from styleguard_edu.widgets import DetectorComparison
from styleguard_edu.widgets._page import Page, p_in_words

import numpy as np
import pytest
from PIL import Image, ImageColor

# Two images shown, of four scored. "sharp" notices noise, "dull" notices nothing at all.
SCORES = {
    "sharp": {"clean": [1, 2, 3, 4], "noise": [9, 8, 7, 2.5], "fog": [1, 2, 3, 4]},
    "dull": {"clean": [5, 5, 5, 5], "noise": [5, 5, 5, 5], "fog": [5, 5, 5, 5]},
}
P_VALUES = {
    "sharp": {"noise": [0.01, 0.05, 0.01, 0.6], "fog": [0.9, 0.8, 0.7, 0.6]},
    "dull": {"noise": [0.5, 0.02, 1, 1], "fog": [1, 1, 1, 1]},
}
HALF = np.zeros((2, 8, 8), bool)
HALF[:, :4] = True
MASKS = {"noise": HALF, "fog": np.ones((2, 8, 8), bool)}
MAPS = {
    "sharp": {"noise": HALF.astype(np.float32), "fog": np.zeros((2, 8, 8), np.float32)},
    "dull": {"noise": np.ones((2, 8, 8), np.float32), "fog": np.ones((2, 8, 8), np.float32)},
}
IMAGES = {
    name: np.full((2, 8, 8, 1), level, np.float32)
    for name, level in (("clean", 0.0), ("noise", 0.5), ("fog", 0.9))
}


def tiny(**change):
    right = {"images": IMAGES, "maps": MAPS, "scores": SCORES, "p_values": P_VALUES}
    return DetectorComparison(**right | {"masks": MASKS} | change)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def page(rows=5):
    """Where the images lie on the page."""
    names, lines = [("",)] * rows, [0] * (rows - 2) + [2, 2]
    return Page((2, 8, 8, 1), names, lines=lines, margins=(168, 128), foot=44, largest=280)


@pytest.fixture(scope="module")
def shared():
    explorer = tiny()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(shared):
    """One for all tests, as drawing curves takes time; its controls are as at the start."""
    shared.kind.value, shared.first.value, shared.second.value = "noise", "sharp", "dull"
    return shared


# What it says


def test_the_summary_known_by_hand(explorer):
    # of 16 pairs, 2.5 beats 1 and 2 only: (4 + 4 + 4 + 2) / 16; ties count one half
    assert explorer.text.splitlines() == [
        "Gaussian noise: area under the ROC curve 0.875 for sharp, 0.500 for dull (4 clean and 4 "
        "damaged images).",
        "Flagged at p ≤ 5%, of 2 shown: 2 by sharp, 1 by dull, 1 by both.",
        "Damaged pixels in the heatmaps: area under the ROC curve 1.000 and 0.500.",
        "Over all 2 kinds, sharp is ahead on 1, dull on 0; mean areas 0.688 and 0.500.",
    ]


def test_both_pictures_are_described(explorer):
    rows, curves = (picture.tooltip for picture in explorer.pictures)
    assert rows == (
        "2 images with Gaussian noise: clean, damaged, the true damage in amber, and the heatmaps "
        "of two detectors, framed where flagged. sharp: p 0.010, 0.050. dull: p 0.500, 0.020."
    )
    assert curves == (
        "ROC curves for Gaussian noise of sharp (area 0.875) and dull (area 0.500); beside them "
        "the areas for all kinds."
    )


def test_another_kind_and_other_detectors_can_be_chosen(explorer):
    explorer.kind.value = "fog"
    assert explorer.text.startswith("Fog: area under the ROC curve 0.500 for sharp, 0.500 for dull")
    assert "All pixels are damaged: there is no place to find." in explorer.text
    explorer.second.value = "sharp"  # a detector against itself
    assert "0 by sharp, 0 by sharp, 0 by both" in explorer.text


def test_kinds_and_detectors_can_be_called_otherwise():
    text = tiny(names={"noise": "snow", "sharp": "the judge"}).text
    assert text.startswith("Snow: area under the ROC curve 0.875 for the judge, 0.500 for dull")


def test_the_false_alarm_rate_decides_what_is_flagged():
    assert (
        "Flagged at p ≤ 1%, of 2 shown: 1 by sharp, 0 by dull" in tiny(false_alarm_rate=0.01).text
    )


def test_without_masks_nothing_is_said_about_places():
    explorer = tiny(masks=None)
    assert "pixels" not in explorer.text and "amber" not in explorer.pictures[0].tooltip


@pytest.mark.parametrize(("p", "words"), [(1, "1.000"), (1 / 1001, "0.001"), (1e-5, "<.001")])
def test_a_p_value_is_never_written_as_0(p, words):
    assert p_in_words(p) == words


# The pictures


def test_flagged_images_are_framed(explorer):
    shown = pixels(explorer.pictures[0].value.tobytes())
    colour = ImageColor.getrgb(ORANGE)
    framed = []
    for row in (3, 4):
        for k in (0, 1):
            left, top, right, _ = page().box(row, k)
            framed.append(bool((shown[top - 2, left:right] == colour).all()))
    assert framed == [True, True, False, True]


def test_heatmaps_are_hot_where_the_map_is_high_on_one_scale_for_all_images_and_kinds(explorer):
    scale = {"sharp": [0.0, 1.0], "dull": [1.0, 1.0]}
    assert explorer.ranges == scale
    left, top, right, bottom = page().box(3, 1)
    shown = pixels(explorer.view("noise", "sharp", "dull").pictures[0])[top:bottom, left:right]
    middle, quarter = (right - left) // 2, (bottom - top) // 4
    np.testing.assert_allclose(shown[quarter, middle], 255 * heat_colours()[-1], atol=1)
    np.testing.assert_allclose(shown[3 * quarter, middle], 255 * 0.6 * 0.5, atol=1)  # cold: grey


def test_a_change_of_the_kind_changes_both_pictures_and_swapping_detectors_too(explorer):
    before = explorer.view("noise", "sharp", "dull").pictures
    for other in (("fog", "sharp", "dull"), ("noise", "dull", "sharp")):
        after = explorer.view(*other).pictures
        assert before[0] != after[0] and before[1] != after[1]


def test_one_kind_alone_has_no_table_of_all_kinds():
    def only(table):
        return {name: {"noise": row["noise"]} for name, row in table.items()}

    images = {name: IMAGES[name] for name in ("clean", "noise")}
    explorer = tiny(images=images, maps=only(MAPS), p_values=only(P_VALUES))
    assert "Over all" not in explorer.text
    assert pixels(explorer.pictures[1].value.tobytes()).shape[1] == 660


def test_images_in_colour_and_large_ones_fit_the_page():
    images = {name: np.zeros((3, 96, 128, 3), np.float32) for name in ("clean", "tear")}
    explorer = DetectorComparison(
        images,
        {"a long name of a detector": {"tear": np.zeros((3, 96, 128), np.float32)}},
        {"a long name of a detector": {"clean": np.arange(9), "tear": np.arange(3)}},
        {"a long name of a detector": {"tear": np.ones(3)}},
    )
    assert pixels(explorer.static_picture()).shape[1] <= 880
    assert "(9 clean and 3 damaged images)" in explorer.text


# What all explorers share


def test_a_view_depends_on_the_state_alone(explorer):
    first = explorer.view(**explorer.state)
    explorer.kind.value = "fog"
    explorer.kind.value = "noise"
    assert explorer.view(**explorer.state) == first
    assert explorer._view(**explorer.state) == first  # drawn again


def test_show_displays_a_static_picture_first_and_then_the_explorer(explorer, check_show):
    static = check_show(explorer, "detector comparison")
    assert pixels(static["image/png"]).shape[1] <= 880


def test_close_frees_every_widget(check_close):
    check_close(tiny())


def test_a_choice_takes_less_than_10_ms_once_drawn(explorer):
    seconds = []
    for kind in ("fog", "noise") * 8:
        start = time.process_time()
        explorer.kind.value = kind
        seconds.append(time.process_time() - start)
    assert np.median(seconds) < 3 * 0.010  # three times: tests share their machine


def with_(table, **row):
    return {**table, "sharp": {**table["sharp"], **row}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": {"clean": IMAGES["clean"]}}, 'images must hold "clean" and at least one kind'),
        ({"masks": {}}, r"masks\['noise'\] must be bool"),
        ({"maps": {}}, "maps must hold at least one detector. Received: none"),
        (
            {"maps": {"sharp": {"noise": MAPS["sharp"]["noise"]}}},
            r"maps\['sharp'\]\['fog'\] must be of floats, shape \(2, 8, 8\). Received: float64, "
            r"shape \(0,\)",
        ),
        ({"maps": with_(MAPS, fog=np.ones((2, 8, 8), int))}, "must be of floats.*Received: int64"),
        (
            {"maps": with_(MAPS, fog=np.full((2, 8, 8), np.nan))},
            "must be finite. Received: 128 NaN",
        ),
        ({"scores": {}}, r"scores\['sharp'\]\['clean'\] must hold numbers of shape"),
        (
            {"scores": with_(SCORES, fog=[1.0])},
            r"scores\['sharp'\]\['fog'\] must hold at least 2 numbers. Received: 1",
        ),
        (
            {"scores": SCORES | {"dull": SCORES["dull"] | {"clean": [5, 5, 5]}}},
            r"scores\['dull'\]\['clean'\] must hold as many numbers as the first detector's, 4",
        ),
        ({"scores": with_(SCORES, fog=[1, np.nan])}, r"scores\['sharp'\]\['fog'\] must be finite"),
        (
            {"p_values": with_(P_VALUES, fog=[0, 1])},
            r"p_values\['sharp'\]\['fog'\] must lie in \(0, 1\]. Received: from 0.0 to 1.0",
        ),
        ({"false_alarm_rate": 0}, "false_alarm_rate must lie strictly .* Received: 0"),
        (
            {
                "images": {name: np.tile(x, (7, 1, 1, 1)) for name, x in IMAGES.items()},
                "masks": None,
            },
            "images must be at most 12 a kind. Received: 14",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        tiny(**change)
