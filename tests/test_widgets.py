"""The explorers, headless: what is shown after a slider, a box, a button, an error, a close."""

import asyncio
import io
import subprocess
import sys
import time

from styleguard_edu.backend import keras
from styleguard_edu.models import GAN, StyleTransfer
from styleguard_edu.networks import style_discriminator, style_generator
from styleguard_edu.widgets import (
    LatentExplorer,
    SnapshotScrubber,
    StyleMixer,
    TrainingMonitor,
    _parts,
)
from styleguard_edu.widgets._drawing import MarkedCurve
from styleguard_edu.widgets._game import Game, draw_game
from styleguard_edu.widgets.latent_explorer import FRAMES, LAP, circle, spherical_path
from styleguard_edu.widgets.style_mixer import blend_in_words

import numpy as np
import pytest
from PIL import Image

layers = keras.layers


def tiny_generator():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((3,)), layers.Dense(64, activation="sigmoid"), layers.Reshape((8, 8, 1))]
    )


def tiny_classifier(outputs):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(outputs)])


def tiny_monitor(**kwargs):
    gan = GAN(tiny_generator(), tiny_classifier(1), seed=0)
    gan.compile(run_eagerly=True)
    real = np.random.default_rng(0).random((20, 8, 8, 1), np.float32)
    return TrainingMonitor(gan, real, batch_size=4, **kwargs)


def tiny_scrubber(**kwargs):
    images = np.linspace(0, 1, 4)[:, None, None, None, None] * np.ones((4, 5, 8, 8, 1))
    curves = {"distance": [100, 10, np.nan, 1], "loss": [0.5, -1, 2, 3]}
    return SnapshotScrubber([0, 10, 100, 1000], images, curves, log=["distance"], **kwargs)


PAINT = {"ink": (1, 0, 0), "neon": (0, 0, 1), "chalk": (0, 1, 0)}  # each style floods the page


def flood(images, shares):
    colour = sum(share * np.array(PAINT[style], np.float32) for style, share in shares.items())
    return np.broadcast_to(colour, (*images.shape[:3], 3))


def tiny_mixer(restyle=flood, images=None, **kwargs):
    """Three digits: black, black and white."""
    if images is None:
        images = np.array([0, 0, 1.0])[:, None, None, None] * np.ones((3, 8, 8, 1))
    return StyleMixer(restyle, images, PAINT, **kwargs)


def trainable(network):
    return [weight.numpy() for weight in network.trainable_variables]


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.fixture(
    params=[lambda: LatentExplorer(tiny_generator()), tiny_scrubber, tiny_mixer, tiny_monitor]
)
def explorer(request):
    explorer = request.param()
    yield explorer
    explorer.close()


# What all explorers share


def test_every_picture_has_a_text_and_the_summary_is_announced(explorer):
    for picture in explorer.pictures:
        assert pixels(picture.value.tobytes()).size
        assert len(picture.tooltip) > 20
        assert picture.description == ""  # without it the browser does not set the text
    assert 'role="status"' in explorer.summary.value
    assert explorer.text.split(".")[0] in explorer.summary.value


def test_a_view_depends_on_the_state_alone(explorer):
    assert explorer.view(**explorer.state) == explorer.view(**explorer.state)


def test_an_explorer_at_the_end_of_a_cell_is_displayed_with_a_stable_text(explorer):
    bundle = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == f"{type(explorer).__name__}: run this cell to use it"
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == explorer.widget.model_id


def test_show_displays_a_static_picture_first_and_then_the_explorer(explorer, displayed):
    explorer.show()
    (static, options), (live, _) = displayed
    assert live is explorer
    assert static["image/png"] == explorer.static_picture()
    assert static["text/plain"] == explorer.alt == options["metadata"]["image/png"]["alt"]
    assert f'alt="{_parts.html.escape(explorer.alt)}"' in static["text/html"]
    assert pixels(static["image/png"]).shape[1] <= 880


def test_close_frees_every_widget(explorer, check_close):
    check_close(explorer, more_than=5)


def test_a_move_takes_less_than_10_ms():
    scrubber, latent = tiny_scrubber(), LatentExplorer(tiny_generator())
    mixer = tiny_mixer(images=np.ones((8, 28, 28, 1)))
    for slider in (scrubber.step.slider, latent.t.slider, mixer.mix.slider, mixer.strength.slider):
        seconds = []
        for k in range(50):
            start = time.process_time()
            slider.value = 1 + k % 2
            seconds.append(time.process_time() - start)
        assert np.median(seconds) < 3 * 0.010  # three times: tests share their machine


@pytest.mark.parametrize("module", ["latent_explorer", "snapshot_scrubber", "style_mixer"])
def test_only_the_training_monitor_needs_tensorflow(module):
    code = f"import sys, styleguard_edu.widgets.{module}; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# The slider with its box


@pytest.mark.parametrize(
    ("wanted", "current", "index"),
    [
        (0, 2, 0),
        (96, 0, 2),  # typed: the nearest
        (11, 1, 2),  # an arrow up from 10 goes one value on ...
        (99, 2, 1),  # ... an arrow down from 100 goes one back
        (14, 1, 1),  # typed: the nearest is where we are
        (1000, 3, 3),
    ],
)
def test_the_box_goes_to_the_nearest_value_and_its_arrows_to_the_next(wanted, current, index):
    assert _parts.nearest_index(np.array([0, 10, 100, 1000]), wanted, current, 1) == index


def test_slider_and_box_follow_each_other_and_the_box_clamps():
    both = _parts.ValueSlider("t", np.linspace(0, 1, 5))
    both.slider.value = 3
    assert both.box.value == 0.75
    both.box.value = 0.3  # between two values: the nearest one is shown
    assert (both.slider.value, both.box.value) == (1, 0.25)
    both.box.value = 7
    assert (both.slider.value, both.box.value) == (4, 1)
    both.box.value = -7
    assert (both.slider.value, both.box.value) == (0, 0)


def test_a_single_value_cannot_be_moved():
    alone = _parts.ValueSlider("t", [5])
    assert alone.slider.disabled and alone.box.value == 5


# Latent explorer


def test_the_slider_changes_the_picture_and_the_text():
    explorer = LatentExplorer(tiny_generator())
    large, _, strip = explorer.pictures
    before = large.value.tobytes(), strip.value.tobytes()
    explorer.t.slider.value = FRAMES // 2
    assert large.value.tobytes() != before[0] and strip.value.tobytes() != before[1]
    assert explorer.text == f"From A to F, t = 0.50. Frame {FRAMES // 2 + 1} of {FRAMES}."
    assert "t = 0.50" in large.tooltip


def test_a_walk_starts_and_ends_at_the_images_chosen():
    explorer = LatentExplorer(tiny_generator(), anchors=4)
    images, readings, _ = explorer.walk(1, 3)
    assert readings is None
    np.testing.assert_allclose(images[[0, -1]], explorer.images[[1, 3]], atol=1e-6)
    around, _, _ = explorer.walk(2, LAP)
    np.testing.assert_allclose(around[[0, -1]], explorer.images[[2, 2]], atol=1e-6)
    explorer.end.value = LAP
    assert explorer.text.startswith("Once around from A, t = 0.00")


def test_nothing_is_generated_while_the_slider_moves():
    calls, network = [], tiny_generator()

    class Counted:
        input_shape = network.input_shape

        def __call__(self, z, *, training):
            calls.append((len(z), training))
            return network(z, training=training)

    explorer = LatentExplorer(Counted(), anchors=5)
    assert calls == [(5, False), (FRAMES, False)]
    for index in range(FRAMES):
        explorer.t.slider.value = index
    assert len(calls) == 2
    explorer.end.value = 1
    assert calls[2:] == [(FRAMES, False)]
    explorer.start.value, explorer.end.value = 0, 2  # the first way again: nothing new
    assert len(calls) == 3


def test_the_judge_reads_the_images_and_the_anchors_read_differently():
    def judge(images, *, training):
        return 1000 * np.asarray(images)[:, 0, :4, 0]  # reads which of four pixels is brightest

    explorer = LatentExplorer(tiny_generator(), judge=judge, anchors=4)
    readings = explorer.images[:, 0, :4, 0].argmax(axis=1).tolist()
    assert len(set(readings)) == 4 and sorted(readings) == readings
    assert f"A (reads as {readings[0]})" in explorer.start.tooltips
    assert f"the judge reads {readings[0]} (" in explorer.text


def test_the_seed_fixes_the_anchors():
    z = [LatentExplorer(tiny_generator(), seed=seed).z for seed in (1, 1, 2)]
    assert np.array_equal(z[0], z[1]) and not np.array_equal(z[0], z[2])


@pytest.mark.parametrize("anchors", [1, 27, 2.5])
def test_a_wrong_number_of_anchors_is_refused(anchors):
    with pytest.raises(ValueError, match=f"anchors must be.* Received: {anchors}"):
        LatentExplorer(tiny_generator(), anchors=anchors)


def test_the_paths_through_latent_space_keep_to_the_sphere():
    a, b, t = np.array([2.0, 0]), np.array([0, 2.0]), np.array([0, 0.5, 1])
    diagonal = np.sqrt(2)
    np.testing.assert_allclose(
        spherical_path(a, b, t), [[2, 0], [diagonal, diagonal], [0, 2]], atol=1e-12
    )
    np.testing.assert_allclose(spherical_path(a, a, t), [a, a, a])
    np.testing.assert_allclose(
        circle(a, np.array([5.0, 3.0]), np.array([0, 0.25, 0.5, 1])),
        [[2, 0], [0, 2], [-2, 0], [2, 0]],
        atol=1e-12,
    )


# Snapshot scrubber


def test_the_snapshots_and_the_marker_move_with_the_slider():
    scrubber = tiny_scrubber()
    grid, curve = scrubber.pictures
    assert pixels(grid.value.tobytes())[8, 8].tolist() == [0, 0, 0]
    before = curve.value.tobytes()
    scrubber.step.slider.value = 3
    assert pixels(grid.value.tobytes())[8, 8].tolist() == [255, 255, 255]
    assert curve.value.tobytes() != before
    assert scrubber.text == (
        "Training step 1,000 (snapshot 4 of 4). distance: 1. Over the whole run it is lowest at "
        "step 1,000 (1) and highest at step 0 (100)."
    )


def test_another_curve_can_be_chosen():
    scrubber = tiny_scrubber()
    scrubber.curve.value = "loss"
    assert "loss: 0.5. Over the whole run it is lowest at step 10 (-1)" in scrubber.text
    assert "loss against training step" in scrubber.pictures[1].tooltip


def test_what_was_not_measured_is_said():
    scrubber = tiny_scrubber()
    scrubber.step.box.value = 100
    assert "distance: not measured" in scrubber.text


def test_only_the_marker_differs_between_two_positions():
    curve = MarkedCurve(
        np.array([0, 1, 2]),
        np.array([1, 0, 1]),
        xlabel="x",
        ylabel="y",
        log=False,
        size=(200, 150),
        curve_colour="#0000ff",
        marker_colour="#ff0000",
    )
    red = [(pixels(curve.png(k)) == (255, 0, 0)).all(axis=-1) for k in range(3)]
    columns = [np.flatnonzero(mask.any(axis=0)).mean() for mask in red]
    assert columns[0] < columns[1] < columns[2]
    assert columns[1] - columns[0] == pytest.approx(columns[2] - columns[1], abs=1.5)
    changed = (pixels(curve.png(0)) != pixels(curve.png(2))).any(axis=-1)
    assert not changed[~(red[0] | red[2])].any()


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
def test_snapshots_that_do_not_fit_together_are_refused(change, message):
    right = {"steps": [0, 1, 2], "images": np.zeros((3, 4, 8, 8, 1)), "curves": {"a": [1, 2, 3]}}
    with pytest.raises(ValueError, match=message):
        SnapshotScrubber(**right | change)


# Style mixer


def mixed(mixer, k):
    """The colour of the k-th digit below, and of the same digit above."""
    page = pixels(mixer.pictures[0].value.tobytes())
    left = 90 * k  # every digit is 8 pixels wide, ten times enlarged, and the gap is one
    return page[136 + 5, left + 5].tolist(), page[44 + 5, left + 16 + 5].tolist()


def test_mix_and_strength_blend_two_styles_and_the_plain_digit_known_by_hand():
    mixer = tiny_mixer()
    assert mixer.text == "Half ink, half neon at strength 1.0."
    assert mixed(mixer, 0) == ([128, 0, 128], [0, 0, 0])
    assert mixed(mixer, 2) == ([128, 0, 128], [255, 255, 255])
    mixer.strength.box.value = 0.5
    assert mixed(mixer, 0)[0] == [64, 0, 64]
    assert mixed(mixer, 2) == ([191, 128, 191], [255, 255, 255])
    mixer.mix.box.value = 0.2
    assert mixer.text == "80% ink, 20% neon at strength 0.5."
    assert mixed(mixer, 0)[0] == [102, 0, 26]
    assert mixer.pictures[0].tooltip == (
        "3 digits, plain above and restyled below: 80% ink, 20% neon at strength 0.5."
    )


def test_the_ends_of_the_mix_are_the_two_styles_chosen():
    mixer = tiny_mixer()
    mixer.second.value = "chalk"
    mixer.mix.slider.value = 0
    assert mixer.text == "All ink at strength 1.0." and mixed(mixer, 0)[0] == [255, 0, 0]
    mixer.mix.slider.value = 10
    assert mixer.text == "All chalk at strength 1.0." and mixed(mixer, 0)[0] == [0, 255, 0]
    mixer.first.value = "chalk"
    mixer.mix.slider.value = 3  # nothing to mix
    assert mixer.text == "All chalk at strength 1.0." and mixed(mixer, 0)[0] == [0, 255, 0]


def test_at_strength_0_the_digits_are_plain():
    mixer = tiny_mixer()
    mixer.strength.slider.value = 0
    assert mixed(mixer, 0) == ([0, 0, 0], [0, 0, 0])
    assert mixed(mixer, 2) == ([255, 255, 255], [255, 255, 255])
    assert mixer.text.endswith("At strength 0 every style leaves the digits plain.")


def test_a_pair_of_styles_is_drawn_and_judged_once_in_either_order_and_never_while_sliding():
    asked, judged = [], []

    def restyle(images, shares):
        asked.append(shares)
        return flood(images, shares)

    def judge(images, *, training):
        judged.append((images.shape, training))
        return np.zeros((len(images), 10))

    mixer = tiny_mixer(restyle, labels=[0, 0, 0], digit_judge=judge)
    assert [shares["neon"] for shares in asked] == [k / 10 for k in range(11)]
    assert all(sum(shares.values()) == 1 for shares in asked)
    assert judged == [((11 * 3, 8, 8, 3), False)] * 11
    for slider in (mixer.mix.slider, mixer.strength.slider):
        for index in range(11):
            slider.value = index
    mixer.first.value = "neon"  # neon to neon
    assert asked[11:] == [{"neon": 1.0}] and len(judged) == 12
    mixer.second.value = "ink"  # the first pair, the other way round
    assert len(asked) == 12
    there, back = mixer.mixture("ink", "neon"), mixer.mixture("neon", "ink")
    np.testing.assert_array_equal(there.images, back.images[::-1])


def test_the_judges_see_the_images_that_are_shown():
    def digit_judge(images, *, training):  # reads 1 where red is strong, else 0
        red = np.asarray(images)[:, 0, 0, 0]
        return np.eye(10)[(red > 0.45).astype(int)]

    def style_judge(images, *, training):  # sees the strongest colour, or plain if all are weak
        colours = np.asarray(images)[:, 0, 0][:, [0, 2, 1]]
        return np.hstack([np.full((len(images), 1), 0.45), colours])

    mixer = tiny_mixer(labels=[1, 1, 0], digit_judge=digit_judge, style_judge=style_judge)
    mixer.mix.slider.value = 0
    assert mixer.text == (
        "All ink at strength 1.0: the digit judge reads 2 of 3 digits right (it reads 0 as 1); "
        "the style judge sees ink in 3."
    )
    mixer.mix.slider.value, mixer.strength.slider.value = 10, 4
    assert mixer.text == (
        "All neon at strength 0.4: the digit judge reads 0 of 3 digits right (it reads 1 as 0, "
        "1 as 0, 0 as 1); the style judge sees plain in 2, neon in 1."
    )
    mixer.first.value, mixer.second.value = "neon", "ink"
    mixer.mix.slider.value, mixer.strength.slider.value = 7, 10  # 70% ink
    assert "the style judge sees ink in 3" in mixer.text
    mixer.mix.slider.value = 2  # 20% ink
    assert "the style judge sees neon in 3" in mixer.text


def test_the_mixer_shows_what_style_transfer_gives_at_that_strength():
    keras.utils.set_random_seed(0)
    transfer = StyleTransfer(
        style_generator(4, width=2), style_discriminator(4, width=2), styles=tuple(PAINT)
    )
    images = np.random.default_rng(0).random((2, 28, 28, 1)).astype("float32")
    mixer = tiny_mixer(transfer.transfer, images)
    mixer.mix.box.value, mixer.strength.box.value = 0.3, 0.6
    expected = transfer.transfer(images, {"ink": 0.7, "neon": 0.3}, strength=0.6)
    page = pixels(mixer.pictures[0].value.tobytes())[2 * 44 + 6 * 28 :]
    for k in range(2):
        shown = page[5::10, 290 * k + 5 : 290 * k + 280 : 10]
        np.testing.assert_allclose(shown, 255 * expected[k], atol=1)


def test_digits_in_colour_can_be_mixed_and_the_fewest_leave_room_for_the_words():
    mixer = tiny_mixer(images=np.full((1, 8, 8, 3), 0.5))
    assert mixed(mixer, 0) == ([128, 0, 128], [128, 128, 128])
    assert mixer.alt.startswith("Static picture of the style mixer. Half ink, half neon")
    assert pixels(mixer.pictures[0].value.tobytes()).shape[1] == 800


def test_a_row_of_eight_digits_fits_the_page():
    mixer = tiny_mixer(images=np.zeros((8, 28, 28, 1)))
    assert 800 <= pixels(mixer.static_picture()).shape[1] <= 880


@pytest.mark.parametrize(
    ("mix", "words"),
    [
        (0, "All ink"),
        (1, "90% ink, 10% neon"),
        (5, "Half ink, half neon"),
        (10, "All neon"),
    ],
)
def test_blends_in_words(mix, words):
    assert blend_in_words("ink", "neon", mix) == words
    assert blend_in_words("ink", "ink", mix) == "All ink"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((17, 8, 8, 1))}, "images must be at most 16. Received: 17"),
        ({"images": np.full((1, 8, 8, 1), 2.0)}, r"images must lie in \[0, 1\]"),
        ({"styles": ["ink"]}, r"at least two different names. Received: \('ink',\)"),
        ({"styles": ["ink", "ink"]}, "at least two different names"),
        ({"labels": [1, 2]}, r"labels must hold 3 digits, one an image. Received: shape \(2,\)"),
        ({"digit_judge": tiny_classifier}, "labels must be given with digit_judge"),
        (
            {"restyle": lambda images, shares: images},
            r"restyle must return images of shape \(3, 8, 8, 3\). Received: \(3, 8, 8, 1\)",
        ),
        (
            {"restyle": lambda images, shares: 2 * flood(images, shares)},
            r"restyled images must lie in \[0, 1\]",
        ),
        (
            {"style_judge": lambda images, training: np.zeros((len(images), 3))},
            "a judge must tell 4 classes apart. Received: 3",
        ),
    ],
)
def test_what_cannot_be_mixed_is_refused(change, message):
    right = {"restyle": flood, "images": np.zeros((3, 8, 8, 1)), "styles": PAINT}
    with pytest.raises(ValueError, match=message):
        StyleMixer(**right | change)


# Training monitor


def test_a_step_of_d_teaches_d_alone():
    monitor = tiny_monitor()
    d, g = monitor.gan.discriminator, monitor.gan.generator
    before, picture = (trainable(d), trainable(g)), monitor.pictures[0].value.tobytes()
    monitor.step_buttons[0].click()
    assert not same(before[0], trainable(d)) and same(before[1], trainable(g))
    assert len(monitor.game.d_losses) == 1 and monitor.game.g_losses == ()
    assert monitor.text.startswith("D has just learnt; G was left alone.")
    assert "D: step 1, loss " in monitor.text and "G: step 0." in monitor.text
    assert monitor.pictures[0].value.tobytes() == picture


def test_a_step_of_g_teaches_g_alone():
    monitor = tiny_monitor()
    d, g = monitor.gan.discriminator, monitor.gan.generator
    before, picture = (trainable(d), trainable(g)), monitor.pictures[0].value.tobytes()
    monitor.step_buttons[1].click()
    assert same(before[0], trainable(d)) and not same(before[1], trainable(g))
    assert len(monitor.game.g_losses) == 1 and monitor.game.d_losses == ()
    assert monitor.text.startswith("G has just learnt; D was left alone.")
    assert monitor.pictures[0].value.tobytes() != picture


def test_run_trains_both_and_shows_the_end():
    monitor = tiny_monitor(samples=9)
    curves = monitor.pictures[1].value.tobytes()
    monitor.run(3)
    assert len(monitor.game.d_losses) == len(monitor.game.g_losses) == 3
    assert int(monitor.gan.steps) == 3
    assert monitor.text.startswith("Both have just learnt 3 times, in turn.")
    assert monitor.pictures[1].value.tobytes() != curves
    assert monitor.game.samples.shape == (9, 8, 8, 1)
    expected = monitor.gan.generator(monitor._z[:9], training=False)
    np.testing.assert_allclose(monitor.game.samples, expected, atol=1e-6)


def test_the_numbers_shown_are_those_of_the_networks():
    monitor = tiny_monitor()
    monitor.run(1)
    for images, belief in (
        (monitor._real, monitor.game.belief_real),
        (monitor.gan.generator(monitor._z), monitor.game.belief_fake),
    ):
        logits = np.asarray(monitor.gan.discriminator(images, training=False)).ravel()
        np.testing.assert_allclose(belief, 1 / (1 + np.exp(-logits)), rtol=1e-5)
    assert f"{monitor.game.belief_real.mean():.0%} for real images" in monitor.text


def test_the_same_seed_gives_the_same_run():
    games = []
    for _ in range(2):
        monitor = tiny_monitor(seed=3)
        monitor.run(2)
        games.append(monitor.game)
    assert games[0].d_losses == games[1].d_losses and games[0].g_losses == games[1].g_losses


def test_compiled_steps_are_those_of_the_gan():
    losses = []
    for eagerly in (True, False):
        monitor = tiny_monitor()
        monitor.gan.compile(run_eagerly=eagerly)
        monitor.run(2)
        losses.append(monitor.game.d_losses + monitor.game.g_losses)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_train_both_runs_until_pause_and_can_go_on():
    monitor = tiny_monitor()

    async def scene():
        monitor.play_button.click()
        assert monitor.running and monitor.play_button.description == "Pause"
        await asyncio.sleep(1.0)
        assert "Both are learning" in monitor.text
        monitor.play_button.click()
        await asyncio.sleep(0.05)
        assert not monitor.running and monitor.play_button.description == "Train both"
        assert monitor.text.startswith("Paused.")
        steps = len(monitor.game.d_losses)
        assert steps > 1 and f"D: step {steps}," in monitor.text
        await asyncio.sleep(0.2)
        assert len(monitor.game.d_losses) == steps
        monitor.pause()  # twice does no harm
        monitor.play()
        await asyncio.sleep(0.1)
        assert len(monitor.game.d_losses) > steps
        monitor.close()
        await asyncio.sleep(0.05)
        steps = len(monitor.game.d_losses)
        await asyncio.sleep(0.2)
        assert not monitor.running and len(monitor.game.d_losses) == steps

    asyncio.run(scene())


def test_a_step_button_stops_live_training_first():
    monitor = tiny_monitor()

    async def scene():
        monitor.play()
        await asyncio.sleep(0.2)
        before = monitor.game
        monitor.step_buttons[0].click()
        await asyncio.sleep(0.2)
        assert not monitor.running and monitor.text.startswith("D has just learnt")
        assert len(monitor.game.d_losses) == len(before.d_losses) + 1
        assert monitor.game.g_losses == before.g_losses

    asyncio.run(scene())


def test_slow_motion_tells_every_half_step(monkeypatch):
    monkeypatch.setattr("styleguard_edu.widgets.training_monitor.SLOW_PAUSE", 0.0)
    monitor, stories = tiny_monitor(), []
    monitor.summary.observe(lambda change: stories.append(monitor.text.split(";")[0]), "value")

    async def scene():
        monitor.slow_motion.value = True
        monitor.play()
        for _ in range(1000):  # a busy machine needs its time
            await asyncio.sleep(0.02)
            if len(stories) >= 4:
                break
        monitor.pause()
        await asyncio.sleep(0.05)

    asyncio.run(scene())
    assert stories[:4] == ["D has just learnt", "G has just learnt"] * 2


def test_an_error_while_training_is_shown_and_kept(monkeypatch):
    monitor = tiny_monitor()

    def broken(batch_size):
        raise ValueError("out of <paint>")

    monkeypatch.setattr(monitor.gan, "generator_step", broken)

    async def scene():
        monitor.play()
        await asyncio.sleep(0.3)

    asyncio.run(scene())
    assert monitor.text == "Stopped by an error: ValueError: out of <paint>"
    assert 'role="alert"' in monitor.summary.value and "&lt;paint&gt;" in monitor.summary.value
    assert isinstance(monitor.error, ValueError) and not monitor.running
    assert monitor.play_button.description == "Train both"
    monitor.say("")
    monitor.step_buttons[1].click()
    assert "ValueError: out of" in monitor.text


def test_live_training_needs_a_running_loop():
    monitor = tiny_monitor()
    with pytest.raises(RuntimeError, match=r"call run\(steps\)"):
        monitor.play()
    monitor.play_button.click()
    assert "RuntimeError" in monitor.text and monitor.play_button.description == "Train both"


def test_a_long_game_is_drawn_as_well():
    beliefs = np.linspace(0, 1, 64)
    png = draw_game(Game(None, beliefs, beliefs, tuple(np.ones(5000)), (np.nan,) * 7))
    assert pixels(png).shape[1] == 2 * 490


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"batch_size": 0}, "batch_size must be .* Received: 0"),
        ({"samples": 65}, "samples must be .* Received: 65"),
    ],
)
def test_a_wrong_size_is_refused(kwargs, message):
    monitor = tiny_monitor()
    with pytest.raises(ValueError, match=message):
        TrainingMonitor(monitor.gan, monitor.images, **kwargs)


def test_a_gan_that_is_not_compiled_and_images_of_another_size_are_refused():
    gan = GAN(tiny_generator(), tiny_classifier(1))
    with pytest.raises(ValueError, match="gan must be compiled first"):
        TrainingMonitor(gan, np.zeros((4, 8, 8, 1)))
    gan.compile()
    with pytest.raises(ValueError, match=r"images must be of height.*\(8, 8, 1\)"):
        TrainingMonitor(gan, np.zeros((4, 28, 28, 1)))
    with pytest.raises(ValueError, match="steps must be a whole number"):
        tiny_monitor().run(0)
