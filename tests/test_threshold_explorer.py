"""The threshold explorer: what the line flags, in pictures, counts and words, known by hand."""

import io
import time

from styleguard_edu.thresholds import Outcomes, threshold_for_rate
from styleguard_edu.widgets import ThresholdExplorer, _gallery, threshold_explorer
from styleguard_edu.widgets._gallery import LOOKS, PALE, counts_png
from styleguard_edu.widgets._score_curves import draw_roc, score_axis

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageColor

# Four clean images and their damaged selves; nineteen calibration scores promise 5 %.
SCORES = {
    "sharp": {"clean": [1, 2, 3, 21], "noise": [4, 22, 23, 24], "blur": [1, 2, 3, 21]},
    "dull": {"clean": [0.5] * 4, "noise": [0.5] * 4, "blur": [0.5] * 4},
}
MASKS = dict.fromkeys(("noise", "blur"), np.ones((4, 8, 8), bool))
CALIBRATION = {"sharp": np.arange(1, 20), "dull": np.linspace(0, 1, 19)}


def digits(level=0.0, n=4):
    return np.full((n, 8, 8, 1), level, np.float32)


def tiny(scores=None, **kwargs):
    images = {"clean": digits(0), "noise": digits(1), "blur": digits(0.5)}
    kwargs = {"calibration_scores": CALIBRATION, "masks": MASKS} | kwargs
    return ThresholdExplorer(images, scores or SCORES, **kwargs)


def where(png, colour):
    """Which pixels of a picture are of exactly a colour."""
    shown = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    return (shown == ImageColor.getrgb(colour)).all(axis=-1)


@pytest.fixture(scope="module")
def shared():
    explorer = tiny()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(shared):
    """One for all tests, as drawing curves takes time; its controls are as at the start."""
    shared.by.value, shared.detector.value, shared.kind.value = "rate", "sharp", "noise"
    shared.rate.box.value, shared.mark.value = 5.0, False
    return shared


@pytest.fixture
def curves(explorer):
    return explorer._curves("sharp", "noise")


# What it says


def test_the_summary_known_by_hand(explorer):
    # 5 % of 19 calibration scores: the highest of them, 19, is the threshold
    counts, promise, costs = explorer.text.splitlines()
    assert counts == "4 of 8 flagged: 3 hits, 1 false alarm, 1 miss, 3 clean passed."
    assert promise.startswith("Threshold 19, set by 19 calibration scores for a false-alarm rate ")
    assert "of 5.0%. Realised: 25.0% of 4 clean images, within what chance explains" in promise
    assert costs == (
        "Recall 75.0%. With 50% of all images damaged, precision 75.0%. With 1 for a miss and 1 "
        "for a false alarm, the cost is 0.250 per image; the least possible is 0.125, at "
        "threshold 21.5."
    )


def test_every_picture_is_described(explorer):
    curves, counts, gallery = (picture.tooltip for picture in explorer.pictures)
    assert "sharp gives to clean images and to noise, with a line at 19; its points" in curves
    assert "(false-alarm rate 25.0%, recall 75.0%)" in curves and "(precision 75.0%)" in curves
    assert counts.startswith("Table: 3 hits, 1 false alarm, 1 miss, 3 clean passed. Cost: 0.250")
    assert gallery.startswith("8 of 8 images, worst score first; the first 4 are flagged.")


def test_the_rate_sets_the_threshold(explorer):
    explorer.rate.box.value = 50.0
    assert explorer.threshold_at("sharp", "rate", explorer.state["index"]) == 10
    promise = "Threshold 10, set by 19 calibration scores for a false-alarm rate of 50.0%"
    assert promise in explorer.text


def test_only_rates_that_the_calibration_scores_can_promise_are_offered():
    assert tiny().rates[0] == 0.05
    more = tiny(calibration_scores={"sharp": np.arange(999), "dull": np.arange(99)})
    assert more.rates[0] == 0.01  # by the fewer of the two
    for calibration in more.calibration_scores.values():
        assert all(threshold_for_rate(calibration, rate) >= 0 for rate in more.rates)


def test_a_drift_of_the_clean_images_is_said():
    scores = {"a": {"clean": [999] * 4, "noise": [999] * 4, "blur": [999] * 4}}
    drifted = tiny(scores, calibration_scores={"a": np.arange(400)})
    assert "Realised: 100.0% of 4 clean images, outside what chance explains" in drifted.text


def test_another_kind_and_another_detector_can_be_chosen(explorer):
    explorer.kind.value = "blur"
    assert explorer.text.startswith("2 of 8 flagged: 1 hit, 1 false alarm, 3 misses, 3 clean")
    explorer.detector.value = "dull"
    assert explorer.text.startswith("0 of 8 flagged: 0 hits, 0 false alarms, 4 misses, 4 clean")
    assert "precision 100.0%" in explorer.text  # nothing flagged: nothing wrongly flagged


def test_costs_and_precision_are_those_of_the_share_expected_in_use():
    rare = tiny(miss_cost=10, false_alarm_cost=2, damaged_share=0.1)
    # 0.1 * 1/4 * 10 + 0.9 * 1/4 * 2; hits 0.1 * 3/4 among flagged 0.1 * 3/4 + 0.9 * 1/4
    assert "With 10% of all images damaged, precision 25.0%." in rare.text
    assert "With 10 for a miss and 2 for a false alarm, the cost is 0.700 per image;" in rare.text


# The slider


def displayed(explorer):
    """Which of the rate and the two thresholds can be moved."""
    sliders = explorer.rate, explorer.threshold["sharp"], explorer.threshold["dull"]
    return [slider.layout.display == "flex" for slider in sliders]


def test_the_slider_can_be_the_raw_threshold_and_the_line_stays_where_it_is(explorer):
    assert displayed(explorer) == [True, False, False]
    explorer.by.value = "threshold"
    sharp = explorer.threshold["sharp"]
    assert displayed(explorer) == [False, True, False]
    assert sharp.box.value == pytest.approx(19, abs=0.1)
    sharp.box.value = 3.5
    assert explorer.text.startswith("5 of 8 flagged: 4 hits, 1 false alarm, 0 misses")
    near = f"Threshold {sharp.box.value:.4g}, set by hand: 19 calibration scores promise "
    # 4 to 19 are above: (1 + 16) / 20
    assert near + "false alarms in at most 85.0% of clean images. Realised: 25.0%" in explorer.text


def test_back_at_the_rate_it_is_the_one_that_the_raw_threshold_promises(explorer):
    explorer.by.value = "threshold"
    explorer.threshold["sharp"].box.value = 15.5  # 16 to 19 above: 5 / 20
    explorer.by.value = "rate"
    assert explorer.rate.box.value == 25
    assert "Threshold 15, set by 19" in explorer.text


def test_another_detector_keeps_the_promised_rate_not_the_number(explorer):
    explorer.by.value = "threshold"
    explorer.threshold["sharp"].box.value = 10.5  # ten of nineteen pass: 50 %
    explorer.detector.value = "dull"
    assert displayed(explorer) == [False, False, True]
    assert explorer.threshold["dull"].box.value == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("clean", "damaged", "middle", "log"),
    [
        ([0, 1], [2, 3], 1.5, False),
        (np.full(50, 0.01), np.full(50, 100.0), 1.0, True),  # far higher
        (np.zeros(3), np.zeros(3), 0.0, False),  # all alike
    ],
)
def test_a_score_axis_is_logarithmic_for_far_higher_scores(clean, damaged, middle, log):
    values, is_log = score_axis(np.array(clean), np.array(damaged), 9)
    assert is_log == log
    assert values[4] == pytest.approx(middle)
    steps = np.diff(np.log(values) if log else values)
    np.testing.assert_allclose(steps, steps[0])
    assert values[0] <= min(clean) and values[-1] >= max(damaged)


def test_raw_thresholds_are_short_numbers(explorer):
    values = explorer.threshold["sharp"].values
    assert (np.diff(values) > 0).all()
    assert all(value == float(f"{value:.3g}") for value in values)


# The curves


def test_the_roc_of_a_good_detector_lies_above_the_diagonal():
    axes = Figure().subplots()
    draw_roc(axes, np.arange(10.0), np.arange(10.0) + 5)
    x, y = axes.lines[-1].get_data()
    assert (y >= x).all() and (y > x).any()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("false-alarm rate", "recall")


def test_the_points_stand_at_their_rates_on_labelled_axes(curves):
    _, roc, precision_recall = curves.axes
    assert (roc.get_xlabel(), roc.get_ylabel()) == ("false-alarm rate", "recall")
    labels = precision_recall.get_xlabel(), precision_recall.get_ylabel()
    assert labels == ("recall", "precision")
    black = where(curves.png(12, recall=0.9, false_alarm_rate=0.2, precision=0.4), _gallery.BLACK)
    for axes, u, v in ((roc, 0.2, 0.9), (precision_recall, 0.9, 0.4)):
        # both axes reach .03 beyond 0 and 1
        x = axes.bbox.x0 + axes.bbox.width * (u + 0.03) / 1.06
        y = black.shape[0] - (axes.bbox.y0 + axes.bbox.height * (v + 0.03) / 1.06)
        assert black[round(y) - 4 : round(y) + 4, round(x) - 4 : round(x) + 4].all()


def test_the_line_moves_right_as_the_threshold_rises(curves):
    columns = []
    for threshold in (3, 12, 21):
        # the triangle above the axes is the widest of what is black there
        top = where(curves.png(threshold, 0.5, 0.5, 0.5), _gallery.BLACK)[:60, :400]
        columns.append(np.flatnonzero(top.sum(axis=0) > 8).mean())
    assert columns[1] - columns[0] == pytest.approx(columns[2] - columns[1], abs=3)
    assert columns[1] - columns[0] > 50


def test_what_is_right_of_the_line_has_the_colour_of_what_is_flagged(curves):
    shares = [where(curves.png(t, 0.5, 0.5, 0.5), PALE).mean() for t in (1, 12, 30)]
    assert shares[0] > shares[1] > 0.02 and shares[2] == 0


# The counts


def test_the_table_shows_each_count_in_its_own_box(monkeypatch):
    written = {}
    monkeypatch.setattr(
        _gallery, "caption", lambda bitmap, place, text, **look: written.setdefault(text, place)
    )
    counts_png(Outcomes(hits=11, misses=22, false_alarms=33, correct_rejections=44), 1.0, 1.0)
    boxes = "11 hits damaged", "22 misses", "33 false_alarms clean", "44 passed"
    for k, texts in enumerate(boxes):  # damaged above, clean below; flagged left, passed right
        places = [written[text.replace("_", " ")] for text in texts.split()]
        assert all((x > 200, y > 200) == (k % 2, k // 2) for x, y in places)


# The gallery


def test_the_gallery_frames_what_is_flagged_in_order_of_score(explorer):
    gallery = explorer._gallery("sharp", "noise", False)
    assert gallery.scores.tolist() == [24, 23, 22, 21, 4, 3, 2, 1]
    colours = [where(gallery.png(19), LOOKS[name]["colour"]) for name in ("hit", "false alarm")]
    edges = []
    for k in range(8):
        left, top, right, _ = gallery.page.box(0, k)
        edges.append(tuple(shown[top - 2, left - 4 : right + 4].mean() for shown in colours))
    assert edges[:3] == [(1, 0)] * 3  # a hit is solid, a false alarm dotted, a miss dashed
    assert edges[3][0] == 0 and 0.3 < edges[3][1] < 0.8
    assert 0.3 < edges[4][0] < 0.9 and edges[4][1] == 0
    assert edges[5:] == [(0, 0)] * 3


@pytest.mark.parametrize("threshold", [0, 99])
def test_the_gallery_can_be_all_flagged_or_all_passed(explorer, threshold):
    png = explorer._gallery("sharp", "noise", False).png(threshold)
    assert where(png, PALE).any() == (threshold == 0)


def test_a_gallery_of_fewer_images_spans_from_the_worst_score_to_the_best(monkeypatch):
    monkeypatch.setattr(threshold_explorer, "SHOWN", 3)
    assert tiny()._gallery("sharp", "noise", False).scores.tolist() == [24, 4, 1]


def test_the_true_damage_can_be_shown_in_the_gallery(explorer):
    before = [picture.value for picture in explorer.pictures]
    assert "amber" not in explorer.pictures[2].tooltip
    explorer.mark.value = True
    after = [picture.value for picture in explorer.pictures]
    assert after[2] != before[2] and after[:2] == before[:2]
    assert "Damaged pixels are amber." in explorer.pictures[2].tooltip


# The explorer


def test_it_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(tiny)


@pytest.mark.perf
def test_a_move_takes_a_small_part_of_what_the_first_picture_takes():
    start = time.process_time()
    explorer = tiny()
    drawn = time.process_time()
    for k in (3, 4, 5, 6, 7):
        explorer.rate.slider.value = k
    assert (time.process_time() - drawn) / 5 < (drawn - start) / 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": {"clean": digits()}}, 'images must hold "clean" and .* Received: clean'),
        ({"images": {"noise": digits()}}, 'images must hold "clean" and .* Received: noise'),
        ({"images": {"clean": digits(), "noise": digits(n=3)}}, r"images\['noise'\] must be of s"),
        ({"images": {"clean": digits(), "noise": digits(2)}}, r"images\['noise'\] must lie in"),
        ({"scores": {}}, "scores must hold at least one detector. Received: none"),
        ({"calibration_scores": {}}, r"calibration_scores\['a'\] must hold numbers of shape"),
        ({"masks": {"noise": np.zeros((4, 8, 8))}}, r"masks\['noise'\] must be bool .*: float64"),
        ({"miss_cost": -1}, "miss_cost must be .*Received: -1"),
        ({"damaged_share": 1}, "damaged_share must .*Received: 1"),
    ],
)
def test_what_cannot_be_explored_is_rejected(change, message):
    images, scores = {"clean": digits(), "noise": digits(1)}, {"clean": [1] * 4, "noise": [2] * 4}
    right = {"images": images, "scores": {"a": scores}, "calibration_scores": {"a": [1, 2, 3]}}
    with pytest.raises(ValueError, match=message):
        ThresholdExplorer(**right | {"masks": MASKS} | change)
