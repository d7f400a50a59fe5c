"""The threshold explorer: what the line flags, in pictures, counts and words, known by hand."""

import io
import time

from styleguard_edu.thresholds import threshold_for_rate
from styleguard_edu.widgets import ThresholdExplorer
from styleguard_edu.widgets._outcome_pictures import LOOKS, NUMERALS, coloured, frame, short
from styleguard_edu.widgets._score_curves import BLACK, PALE, ScoreAxis

import numpy as np
import pytest
from PIL import Image, ImageColor

# Four clean images and their damaged selves; nineteen calibration scores promise 5 %.
SCORES = {
    "sharp": {"clean": [1, 2, 3, 21], "noise": [4, 22, 23, 24], "blur": [1, 2, 3, 21]},
    "dull": {"clean": [0.5] * 4, "noise": [0.5] * 4, "blur": [0.5] * 4},
}
CALIBRATION = {"sharp": np.arange(1, 20), "dull": np.linspace(0, 1, 19)}


def digits(level=0.0, n=4):
    return np.full((n, 8, 8, 1), level, np.float32)


def tiny(scores=None, **kwargs):
    images = {"clean": digits(0), "noise": digits(1), "blur": digits(0.5)}
    kwargs = {"calibration_scores": CALIBRATION} | kwargs
    return ThresholdExplorer(images, scores or SCORES, **kwargs)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def where(png, colour, slack=30):
    """Pixels of about a colour: True or False for every pixel of a picture."""
    rgb = ImageColor.getrgb(colour) if isinstance(colour, str) else colour
    return (abs(pixels(png) - np.array(rgb)) <= slack).all(axis=-1)


@pytest.fixture(scope="module")
def shared():
    explorer = tiny()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(shared):
    """One for all tests, as drawing curves takes time; its controls are as at the start."""
    shared.by.value, shared.detector.value, shared.kind.value = "rate", "sharp", "noise"
    shared.rate.box.value = 5.0
    return shared


# What it says


def test_the_summary_known_by_hand(explorer):
    # 5 % of 19 calibration scores: the highest of them, 19, is the threshold
    lines = explorer.text.splitlines()
    assert lines[0] == "4 of 8 flagged: 3 hits, 1 false alarm, 1 miss, 3 clean passed."
    assert lines[1].startswith(
        "Threshold 19, set by 19 calibration scores for a false-alarm rate of 5.0%. "
        "Realised: 25.0% of 4 clean images, within what chance explains (0.0% to "
    )
    assert lines[2] == (
        "Recall 75.0%. With 50% of all images damaged, precision 75.0%; with 1 for a miss and 1 "
        "for a false alarm, cost per image 0.250; the least possible is 0.125, at threshold 21.5."
    )


def test_every_picture_is_described(explorer):
    curves, counts, gallery = (picture.tooltip for picture in explorer.pictures)
    assert curves == (
        "Histograms of the scores that sharp gives to clean images and to noise, with a line at "
        "19; its points on the ROC curve (false-alarm rate 25.0%, recall 75.0%) and on the "
        "precision-recall curve (precision 75.0%)."
    )
    assert counts.startswith("Table: 3 hits, 1 false alarm, 1 miss, 3 clean passed. Cost per image")
    assert gallery.startswith("8 of 8 images, worst score first; the first 4 are flagged.")
    assert all(picture.description == "" for picture in explorer.pictures)


def test_the_rate_sets_the_threshold(explorer):
    explorer.rate.box.value = 50.0
    assert explorer.threshold_at("sharp", "rate", explorer.state["index"]) == 10
    assert "Threshold 10, set by 19 calibration scores for a false-alarm rate of 50.0%" in (
        explorer.text
    )


def test_only_rates_that_the_calibration_scores_can_promise_are_offered():
    assert tiny().rates[0] == 0.05
    more = tiny(calibration_scores={"sharp": np.arange(999), "dull": np.arange(99)})
    assert more.rates[0] == 0.01  # by the fewer of the two
    for rate in more.rates:
        for calibration in more.calibration_scores.values():
            assert threshold_for_rate(calibration, rate) >= 0


def test_a_drift_of_the_clean_images_is_said():
    scores = {"a": {"clean": [999] * 4, "noise": [999] * 4, "blur": [999] * 4}}
    drifted = tiny(scores, calibration_scores={"a": np.arange(400)})
    assert "Realised: 100.0% of 4 clean images, outside what chance explains" in drifted.text


def test_another_kind_and_another_detector_can_be_chosen(explorer):
    explorer.kind.value = "blur"
    assert explorer.text.startswith("2 of 8 flagged: 1 hit, 1 false alarm, 3 misses, 3 clean")
    assert "to blur, with a line" in explorer.pictures[0].tooltip
    explorer.detector.value = "dull"
    assert explorer.text.startswith("0 of 8 flagged: 0 hits, 0 false alarms, 4 misses, 4 clean")
    assert "precision 100.0%" in explorer.text  # nothing flagged: nothing wrongly flagged


def test_costs_and_precision_are_those_of_the_share_expected_in_use():
    rare = tiny(miss_cost=10, false_alarm_cost=2, damaged_share=0.1)
    # 0.1 * 1/4 * 10 + 0.9 * 1/4 * 2; hits 0.1 * 3/4 among flagged 0.1 * 3/4 + 0.9 * 1/4
    assert "cost per image 0.700;" in rare.text
    assert "With 10% of all images damaged, precision 25.0%;" in rare.text
    assert "with 10 for a miss and 2 for a false alarm" in rare.text


# The slider


def test_the_slider_can_be_the_raw_threshold_and_the_line_stays_where_it_is(explorer):
    assert explorer.rate.row.layout.display == "flex"
    explorer.by.value = "threshold"
    sharp, dull = explorer.threshold["sharp"], explorer.threshold["dull"]
    shown = [slider.row.layout.display for slider in (explorer.rate, sharp, dull)]
    assert shown == ["none", "flex", "none"]
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
    dull = explorer.threshold["dull"]
    assert dull.row.layout.display == "flex"
    assert dull.box.value == pytest.approx(0.5, abs=0.02)
    assert explorer.threshold["sharp"].row.layout.display == "none"


def test_a_score_axis_runs_from_end_to_end_and_is_logarithmic_for_far_higher_scores():
    plain = ScoreAxis(np.array([0, 1]), np.array([2, 3]))
    assert not plain.log
    assert plain.position(1.5) == pytest.approx(0.5)
    assert (plain.position(-99), plain.position(99)) == (0, 1)
    far = ScoreAxis(np.full(50, 0.01), np.full(50, 100.0))
    assert far.log
    assert far.position(1.0) == pytest.approx(0.5)
    steps = np.diff(np.log(far.even(9)))
    np.testing.assert_allclose(steps, steps[0])


def test_raw_thresholds_are_short_numbers_along_the_axis():
    stops = ScoreAxis(np.array([0.0]), np.array([10.0])).stops(100)
    assert stops[0] >= -0.4 and stops[-1] <= 10.4
    np.testing.assert_allclose(np.diff(stops), 0.2)
    assert 1.4 in stops.tolist()
    far = ScoreAxis(np.full(50, 0.01), np.full(50, 100.0)).stops(100)
    assert all(len(f"{stop:.12g}".replace(".", "").strip("0")) <= 3 for stop in far)
    assert (np.diff(far) > 0).all()


def test_scores_that_are_all_alike_still_have_an_axis():
    axis = ScoreAxis(np.zeros(3), np.zeros(3))
    assert axis.position(0) == pytest.approx(0.5)


# The pictures


def test_the_line_moves_right_as_the_threshold_rises(explorer):
    curves = explorer._curve("sharp", "noise")
    columns = []
    for threshold in (3, 12, 21):
        # the triangle above the axes is the widest of what is black there
        top = where(curves.png(threshold, 0.5, 0.5, 0.5), BLACK)[:60, :400]
        columns.append(np.flatnonzero(top.sum(axis=0) > 8).mean())
    assert columns[0] < columns[1] < columns[2]
    assert columns[1] - columns[0] == pytest.approx(columns[2] - columns[1], abs=3)


def test_the_points_move_to_the_rates(explorer):
    curves = explorer._curve("sharp", "noise")
    before = where(curves.png(12, 0, 0, 0), BLACK)
    after = where(curves.png(12, 1, 1, 1), BLACK)
    gone, come = (np.argwhere(change) for change in (before & ~after, after & ~before))
    for half in (slice(450, 850), slice(860, 1296)):  # ROC; precision-recall
        old, new = (
            points[(points[:, 1] >= half.start) & (points[:, 1] < half.stop)].mean(axis=0)
            for points in (gone, come)
        )
        assert new[0] < old[0] - 200 and new[1] > old[1] + 150  # up and to the right


def test_what_is_right_of_the_line_has_the_colour_of_what_is_flagged(explorer):
    curves = explorer._curve("sharp", "noise")
    shares = [where(curves.png(t, 0.5, 0.5, 0.5), PALE, 4).mean() for t in (1, 12, 30)]
    assert shares[0] > shares[1] > 0.02
    assert shares[2] == 0


def test_the_gallery_frames_what_is_flagged_in_order_of_score(explorer):
    gallery = explorer._gallery("sharp", "noise", False)
    assert gallery.scores.tolist() == [24, 23, 22, 21, 4, 3, 2, 1]
    png = gallery.png(19)
    cell = pixels(png).shape[1] // 8
    damaged, clean = LOOKS["hit"][0], LOOKS["false alarm"][0]
    framed = [
        (where(part, damaged).sum(), where(part, clean).sum())
        for part in (cut(png, k * cell + 4, (k + 1) * cell - 4) for k in range(8))
    ]
    assert [bool(orange) for orange, _ in framed] == [True] * 3 + [False, True] + [False] * 3
    assert [bool(blue) for _, blue in framed] == [False] * 3 + [True] + [False] * 4
    assert framed[4][0] < 0.75 * framed[0][0]  # a miss is dashed, a hit solid


def cut(png, left, right):
    """A part of a picture as a PNG file."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").crop((left, 0, right, 200)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("threshold", [0, 99])
def test_the_gallery_can_be_all_flagged_or_all_passed(explorer, threshold):
    gallery = explorer._gallery("sharp", "noise", False)
    pale = where(gallery.png(threshold), PALE, 4)
    assert pale.any() == (threshold == 0)


def test_a_gallery_of_fewer_images_spans_from_the_worst_score_to_the_best():
    gallery = tiny(shown=3)._gallery("sharp", "noise", False)
    assert gallery.scores.tolist() == [24, 4, 1]


def test_frames_differ_in_more_than_colour():
    shares = {}
    for outcome in LOOKS:
        bitmap = Image.new("RGB", (120, 120), "white")
        frame(bitmap, (20, 20, 100, 100), outcome, thickness=6)
        drawn = (np.asarray(bitmap) != 255).any(axis=-1)
        edge = drawn[14:20, 14:106].all(axis=0)
        shares[outcome] = edge.mean(), np.abs(np.diff(edge.astype(int))).sum()
        assert not drawn[20:100, 20:100].any()
        assert drawn[14, 14] and drawn[105, 105]
    assert shares["hit"] == (1, 0)
    assert 2 < shares["miss"][1] < shares["false alarm"][1]  # dashes are longer than dots


def test_the_counts_change_with_the_line(explorer):
    explorer.rate.box.value = 50.0  # 10: nothing changes but the cost of nothing
    same = explorer.pictures[1].value.tobytes()
    explorer.kind.value = "blur"
    assert explorer.pictures[1].value.tobytes() != same


@pytest.mark.parametrize(
    ("cost", "words"), [(0, "0.000"), (0.1234, "0.123"), (12.345, "12.3"), (12345.6, "12,346")]
)
def test_costs_are_written_in_numerals(cost, words):
    assert short(cost) == words
    assert set(words) <= set(NUMERALS)


def test_the_true_damage_can_be_coloured():
    masks = {name: np.zeros((4, 8, 8), bool) for name in ("noise", "blur")}
    masks["noise"][:, :4] = True
    explorer = tiny(masks=masks)
    assert explorer.mark.layout.display == "flex"
    before = [picture.value.tobytes() for picture in explorer.pictures]
    explorer.mark.value = True
    after = [picture.value.tobytes() for picture in explorer.pictures]
    assert after[2] != before[2] and after[:2] == before[:2]
    assert "Damaged pixels are amber." in explorer.pictures[2].tooltip
    assert "amber" not in tiny().pictures[2].tooltip
    assert tiny().mark.layout.display == "none"


def test_only_damaged_pixels_are_coloured():
    mask = np.zeros((1, 2, 2), bool)
    mask[0, 0, 0] = True
    veiled = coloured(np.zeros((1, 2, 2, 1), np.float32), mask)
    np.testing.assert_allclose(veiled[0, 0, 0], [0.4, 0.32, 0], atol=1e-6)
    assert not veiled[0, 1].any() and not veiled[0, 0, 1].any()


def test_images_in_colour_and_large_ones_fit_the_page():
    images = {name: np.zeros((40, 128, 128, 3), np.float32) for name in ("clean", "tear")}
    scores = {"a": {"clean": np.arange(40), "tear": np.arange(40)}}
    explorer = ThresholdExplorer(images, scores, calibration_scores={"a": np.arange(40)})
    assert pixels(explorer.static_picture()).shape[1] <= 880


# What all explorers share


def test_a_view_depends_on_the_state_alone(explorer):
    first = explorer.view(**explorer.state)
    explorer.rate.slider.value += 3
    explorer.rate.slider.value -= 3
    assert explorer.view(**explorer.state) == first


def test_show_displays_a_static_picture_first_and_then_the_explorer(explorer, check_show):
    static = check_show(explorer, "threshold explorer")
    assert pixels(static["image/png"]).shape[1] <= 880


def test_close_frees_every_widget(check_close):
    check_close(tiny())


def test_a_move_takes_less_than_10_ms_for_512_digits():
    rng = np.random.default_rng(0)
    clean = rng.random((256, 28, 28, 1), np.float32)
    images = {"clean": clean, "noise": rng.random(clean.shape, np.float32)}
    scores = {"a": {"clean": rng.normal(size=256), "noise": rng.normal(2, 1, 256)}}
    calibration = {"a": rng.normal(size=2000)}
    explorer = ThresholdExplorer(images, scores, calibration_scores=calibration)
    explorer.by.value = "threshold"
    for slider in (explorer.rate.slider, explorer.threshold["a"].slider):
        explorer.by.value = "rate" if slider is explorer.rate.slider else "threshold"
        seconds = []
        for k in range(20, 50):
            start = time.process_time()
            slider.value = k
            seconds.append(time.process_time() - start)
        assert np.median(seconds) < 3 * 0.010  # three times: tests share their machine


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": {"clean": digits()}}, 'images must hold "clean" and .* Received: clean'),
        ({"images": {"noise": digits()}}, 'images must hold "clean" and .* Received: noise'),
        (
            {"images": {"clean": digits(), "noise": digits(n=3)}},
            r"images\['noise'\] must be of the clean images' shape .* Received: \(3, 8, 8, 1\)",
        ),
        (
            {"images": {"clean": digits(), "noise": digits(2.0)}},
            r"images\['noise'\] must lie in \[0, 1\]",
        ),
        ({"scores": {}}, "scores must hold at least one detector. Received: none"),
        (
            {"scores": {"a": {"clean": [1, 2, 3, 4]}}},
            r"scores\['a'\]\['noise'\] must hold 4 numbers, one an image. Received: shape \(0,\)",
        ),
        (
            {"scores": {"a": {"clean": [1, 2, 3, np.nan], "noise": [1, 2, 3, 4]}}},
            r"scores\['a'\]\['clean'\] must be finite. Received: 1 NaN",
        ),
        ({"calibration_scores": {}}, r"calibration_scores\['a'\] must hold numbers of shape"),
        ({"masks": {}}, r"masks\['noise'\] must be bool of shape \(4, 8, 8\)"),
        (
            {"masks": {"noise": np.zeros((4, 8, 8))}},
            r"masks\['noise'\] must be bool .* Received: float64, shape \(4, 8, 8\)",
        ),
        ({"shown": 1}, "shown must be a whole number >= 2. Received: 1"),
        ({"miss_cost": -1}, "miss_cost must be at least 0 and finite. Received: -1"),
        ({"damaged_share": 1}, "damaged_share must lie strictly between 0 and 1. Received: 1"),
    ],
)
def test_what_cannot_be_explored_is_refused(change, message):
    right = {
        "images": {"clean": digits(), "noise": digits(1)},
        "scores": {"a": {"clean": [1, 2, 3, 4], "noise": [2, 3, 4, 5]}},
        "calibration_scores": {"a": [1, 2, 3]},
    }
    with pytest.raises(ValueError, match=message):
        ThresholdExplorer(**right | change)
