"""The snapshot scrubber, headless: images and curve at each step of a training."""

import io

from styleguard_edu.widgets import SnapshotScrubber
from styleguard_edu.widgets.snapshot_scrubber import MarkedCurve

import numpy as np
import pytest
from PIL import Image


def tiny_scrubber():
    images = np.linspace(0, 1, 4)[:, None, None, None, None] * np.ones((4, 5, 8, 8, 1))
    curves = {"distance": [100, 10, np.nan, 1], "loss": [0.5, -1, 2, 3]}
    return SnapshotScrubber([0, 10, 100, 1000], images, curves, log=["distance"])


def test_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(tiny_scrubber)


def test_snapshots_and_the_marker_move_with_the_slider():
    scrubber = tiny_scrubber()
    grid, curve = scrubber.pictures
    before = curve.value.tobytes()
    for index, grey in ((1, 85), (3, 255)):
        scrubber.step.slider.value = index
        assert Image.open(io.BytesIO(grid.value.tobytes())).getpixel((8, 8)) == (grey,) * 3
    assert curve.value.tobytes() != before
    assert scrubber.text == (
        "Training step 1,000 (snapshot 4 of 4). distance: 1. Over the whole run it is lowest at "
        "step 1,000 (1) and highest at step 0 (100)."
    )


def test_only_the_marker_differs_between_two_positions_of_a_curve():
    curve = MarkedCurve(np.array([0, 1, 2]), np.array([1.0, np.nan, 1]), "y", log=False)
    shown = [np.asarray(Image.open(io.BytesIO(curve.png(k)))) for k in range(3)]
    marks = [(page == (213, 94, 0)).all(axis=-1) for page in shown]
    middles = [np.flatnonzero(mark.any(axis=0)).mean() for mark in marks]
    assert middles[1] - middles[0] == pytest.approx(middles[2] - middles[1], abs=1.5)
    assert middles[1] > middles[0] + 100
    widths = [mark.any(axis=0).sum() for mark in marks]
    assert widths[1] < 5 < 20 < widths[0]  # no point where nothing was measured
    assert not (shown[0] != shown[2]).any(axis=-1)[~(marks[0] | marks[2])].any()


def test_another_curve_can_be_chosen_and_what_was_not_measured_is_said():
    scrubber = tiny_scrubber()
    scrubber.step.box.value = 100
    assert "distance: not measured" in scrubber.text
    scrubber.step.box.value, scrubber.curve.value = 0, "loss"
    assert "loss: 0.5. Over the whole run it is lowest at step 10 (-1)" in scrubber.text
    assert "loss against training step" in scrubber.pictures[1].tooltip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": [0, 5, 5]}, "steps must be increasing whole numbers"),
        ({"steps": [0.0, 1.0, 2.0]}, "steps must be increasing whole numbers"),
        ({"images": np.zeros((2, 4, 8, 8, 1))}, "images must have shape .* with 3 snapshots"),
        ({"images": np.full((3, 4, 8, 8, 1), 2.0)}, r"images must lie in \[0, 1\]"),
        ({"curves": {}}, "curves must hold at least one"),
        ({"curves": {"a": [1, 2]}}, r"curves\['a'\] must hold 3 numbers"),
        ({"curves": {"a": [np.nan] * 3}}, r"curves\['a'\] must hold 3 numbers"),
        ({"log": ["b"]}, "log must name positive curves. Received: 'b'"),
        ({"curves": {"a": [1, 0, 2]}, "log": ["a"]}, "log must name positive curves"),
    ],
)
def test_snapshots_that_do_not_fit_together_raise(change, message):
    right = {"steps": [0, 1, 2], "images": np.zeros((3, 4, 8, 8, 1)), "curves": {"a": [1, 2, 3]}}
    with pytest.raises(ValueError, match=message):
        SnapshotScrubber(**right | change)
