"""The detector comparison: who notices, and where, in pictures and words known by hand."""

import io

from styleguard_edu.plotting import ORANGE, heat_colours
from styleguard_edu.widgets import DetectorComparison
from styleguard_edu.widgets._page import Page

import numpy as np
import pytest
from PIL import Image, ImageColor

# Two images shown, of four scored. "sharp" notices noise, "dull" notices nothing at all.
SCORES = {
    "sharp": {"clean": [1, 2, 3, 4], "noise": [9, 8, 7, 2.5], "fog": [1, 2, 3, 4]},
    "dull": {"clean": [5, 5, 5, 5], "noise": [5, 5, 5, 5], "fog": [5, 5, 5, 5]},
}
P_VALUES = {
    "sharp": {"noise": [0.01, 0.05], "fog": [0.9, 0.8]},
    "dull": {"noise": [0.5, 0.02], "fog": [1, 1]},
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


def heatmap(row, k):
    """Where a heatmap lies on the page: of the first or the second detector, of an image."""
    names, words = [""] * 5, [(), (), (), ("", ""), ("", "")]
    page = Page((2, 8, 8, 1), names, words=words, left=168, right=128)
    return page.box(3 + row, k)


@pytest.fixture(scope="module")
def shared():
    explorer = tiny()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(shared):
    """One for all tests, as drawing curves takes time; its controls are as at the start."""
    shared.kind.value, shared.first.value = "noise", "sharp"
    return shared


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
    assert rows.startswith("2 images with Gaussian noise: clean, damaged, the true damage in amber")
    assert rows.endswith("flagged. sharp: p 0.010, 0.050. dull: p 0.500, 0.020.")
    assert "Gaussian noise of sharp (area 0.875) and dull (area 0.500)" in curves


def test_too_many_images_are_rejected():
    images = {name: np.tile(batch, (7, 1, 1, 1)) for name, batch in IMAGES.items()}
    masks = {name: np.tile(mask, (7, 1, 1)) for name, mask in MASKS.items()}
    with pytest.raises(ValueError, match=r"images\['clean'\] must be at most 12. Received: 14"):
        tiny(images=images, masks=masks)


def test_another_kind_can_be_chosen(explorer):
    before = [picture.value for picture in explorer.pictures]
    explorer.kind.value = "fog"
    assert explorer.text.startswith("Fog: area under the ROC curve 0.500 for sharp, 0.500 for dull")
    assert "All pixels are damaged: there is no place to find." in explorer.text
    assert all(picture.value != old for picture, old in zip(explorer.pictures, before, strict=True))


@pytest.mark.parametrize(("control", "chosen"), [("first", "dull"), ("second", "sharp")])
def test_a_detector_is_not_compared_with_itself_but_changes_places(explorer, control, chosen):
    getattr(explorer, control).value = chosen
    assert explorer.state == {"kind": "noise", "first": "dull", "second": "sharp"}
    assert "0.500 for dull, 0.875 for sharp" in explorer.text


def test_the_false_alarm_rate_can_be_chosen():
    assert "p ≤ 1%, of 2 shown: 1 by sharp, 0 by dull" in tiny(false_alarm_rate=0.01).text


def test_flagged_images_are_framed(explorer):
    shown, colour = pixels(explorer.pictures[0].value), ImageColor.getrgb(ORANGE)
    framed = []
    for row, k in ((0, 0), (0, 1), (1, 0), (1, 1)):
        left, top, right, _ = heatmap(row, k)
        framed.append(bool((shown[top - 2, left:right] == colour).all()))
    assert framed == [True, True, False, True]


def test_heatmaps_are_hot_where_the_map_is_high_on_one_scale_for_all_images_and_kinds(explorer):
    left, top, right, bottom = heatmap(0, 1)
    shown = pixels(explorer.pictures[0].value)[top:bottom, left:right]
    middle, quarter = (right - left) // 2, (bottom - top) // 4
    np.testing.assert_allclose(shown[quarter, middle], 255 * heat_colours()[-1], atol=1)
    np.testing.assert_allclose(shown[3 * quarter, middle], 255 * 0.6 * 0.5, atol=1)  # cold: grey


def test_it_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(tiny)


def with_(table, **row):
    return {**table, "sharp": {**table["sharp"], **row}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maps": {"sharp": {}}}, r"maps must hold at least two detectors. Received: \['sharp'\]"),
        ({"maps": with_(MAPS, fog=())}, r"maps\['sharp'\]\['fog'\] must hold .* shape \(0,\)"),
        ({"maps": with_(MAPS, fog=HALF * np.nan)}, "must be finite.* Received: from nan"),
        ({"scores": {}}, r"scores\['sharp'\]\['clean'\] must hold numbers of shape"),
        ({"scores": with_(SCORES, fog=[1])}, r"\['fog'\] must hold .* \(2,\) or more.* \(1,\)"),
        ({"p_values": with_(P_VALUES, fog=[0, 1])}, "above 0 and at most 1. Received: from 0 to 1"),
        ({"false_alarm_rate": 0}, "false_alarm_rate must lie strictly .* Received: 0"),
    ],
)
def test_what_cannot_be_compared_is_rejected(change, message):
    with pytest.raises(ValueError, match=message):
        tiny(**change)
