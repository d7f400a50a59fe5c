"""The latent explorer, headless: walks, what the judge reads, what is drawn when."""

from unittest.mock import Mock

from styleguard_edu.backend import keras
from styleguard_edu.widgets import LatentExplorer
from styleguard_edu.widgets.latent_explorer import FRAMES, LAP, circle, spherical_path

import numpy as np
import pytest


@pytest.fixture
def generator():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(64, activation="sigmoid"),
            keras.layers.Reshape((8, 8, 1)),
        ]
    )


def test_keeps_what_explorers_have_in_common(check_explorer, generator):
    check_explorer(lambda: LatentExplorer(generator))


def test_slider_changes_the_pictures_and_the_text(generator):
    explorer = LatentExplorer(generator)
    large, _, strip = explorer.pictures
    before = large.value.tobytes(), strip.value.tobytes()
    explorer.t.slider.value = FRAMES // 2
    assert large.value.tobytes() != before[0] and strip.value.tobytes() != before[1]
    assert explorer.text == f"From A to F, t = 0.50. Frame {FRAMES // 2 + 1} of {FRAMES}."
    assert "t = 0.50" in large.tooltip


def test_walk_starts_and_ends_at_the_images_chosen(generator):
    explorer = LatentExplorer(generator, anchors=4)
    for start, end, last in ((1, 3, 3), (2, LAP, 2), (1, 1, 1)):
        images, readings, _ = explorer.walk(start, end)
        assert readings is None and len(images) == FRAMES
        np.testing.assert_allclose(images[[0, -1]], explorer.images[[start, last]], atol=1e-6)
    explorer.end.value = LAP
    assert explorer.text.startswith("Once around from A, t = 0.00")


def test_nothing_is_generated_while_the_slider_moves(generator):
    counted = Mock(wraps=generator, input_shape=generator.input_shape)
    explorer = LatentExplorer(counted, anchors=5)
    explorer.t.slider.value = 30
    assert [len(call.args[0]) for call in counted.call_args_list] == [5, FRAMES]
    assert counted.call_args.kwargs == {"training": False}
    explorer.end.value = 1
    assert counted.call_count == 3
    explorer.start.value, explorer.end.value = 0, 2  # the first way again: nothing new
    assert counted.call_count == 3


def test_judge_reads_the_images_and_the_anchors_read_differently(generator):
    def judge(images, *, training):
        return 1000 * np.asarray(images)[:, 0, :4, 0]  # reads which of four pixels is brightest

    explorer = LatentExplorer(generator, judge=judge, anchors=4)
    readings = explorer.images[:, 0, :4, 0].argmax(axis=1).tolist()
    assert len(set(readings)) == 4 and sorted(readings) == readings
    assert f"A (reads as {readings[0]})" in explorer.start.tooltips
    assert f"the judge reads {readings[0]} (" in explorer.text


def test_seed_fixes_the_anchors(generator):
    z = [LatentExplorer(generator, seed=seed).z for seed in (1, 1, 2)]
    assert np.array_equal(z[0], z[1]) and not np.array_equal(z[0], z[2])


@pytest.mark.parametrize("anchors", [1, 27, 2.5])
def test_wrong_number_of_anchors_raises(generator, anchors):
    with pytest.raises(ValueError, match=f"anchors must be.* Received: {anchors}"):
        LatentExplorer(generator, anchors=anchors)


def test_paths_through_latent_space_keep_to_the_sphere():
    a, b, t = np.array([2.0, 0]), np.array([0, 2.0]), np.array([0, 0.5, 1])
    half = np.sqrt(2)
    np.testing.assert_allclose(spherical_path(a, b, t), [[2, 0], [half, half], [0, 2]], atol=1e-12)
    np.testing.assert_allclose(spherical_path(a, a, t), [a, a, a])
    around = circle(a, np.array([5.0, 3.0]), np.array([0, 0.25, 0.5, 1]))
    np.testing.assert_allclose(around, [[2, 0], [0, 2], [-2, 0], [2, 0]], atol=1e-12)
