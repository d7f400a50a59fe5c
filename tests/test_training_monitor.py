"""The training monitor, headless: half steps, live training, what is told about both networks."""

import asyncio
import io

from styleguard_edu.backend import keras
from styleguard_edu.models import GAN
from styleguard_edu.widgets import TrainingMonitor
from styleguard_edu.widgets._game import Game, draw_game

import numpy as np
import pytest
from PIL import Image

layers = keras.layers


def tiny_gan():
    keras.utils.set_random_seed(0)
    generator = [keras.Input((3,)), layers.Dense(64, "sigmoid"), layers.Reshape((8, 8, 1))]
    discriminator = [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)]
    return GAN(keras.Sequential(generator), keras.Sequential(discriminator), seed=0)


def tiny_monitor(eagerly=True, **kwargs):
    gan = tiny_gan()
    gan.compile(run_eagerly=eagerly)
    real = np.random.default_rng(0).random((20, 8, 8, 1), np.float32)
    return TrainingMonitor(gan, real, **{"batch_size": 4} | kwargs)


def trainable(network):
    return np.concatenate([weight.numpy().ravel() for weight in network.trainable_variables])


def test_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(tiny_monitor)


@pytest.mark.parametrize(("button", "other"), [("D", "G"), ("G", "D")])
def test_step_teaches_one_network_and_leaves_the_other_alone(button, other):
    monitor = tiny_monitor()
    networks = {"D": monitor.gan.discriminator, "G": monitor.gan.generator}
    before = {name: trainable(network) for name, network in networks.items()}
    picture = monitor.pictures[0].value.tobytes()
    monitor.step_buttons["DG".index(button)].click()
    moved = {name: (before[name] != trainable(networks[name])).any() for name in "DG"}
    assert moved == {button: True, other: False}
    losses = {"D": monitor.game.d_losses, "G": monitor.game.g_losses}
    assert (len(losses[button]), len(losses[other])) == (1, 0)
    assert monitor.text.startswith(f"{button} has just learnt; {other} was left alone.")
    assert f"{button}: step 1, loss " in monitor.text and f"{other}: step 0." in monitor.text
    assert (monitor.pictures[0].value.tobytes() != picture) == (button == "G")


def test_run_trains_both_and_shows_the_numbers_of_the_networks():
    monitor = tiny_monitor(samples=9)
    with pytest.raises(ValueError, match="steps must be a whole number"):
        monitor.run(0)
    curves = monitor.pictures[1].value.tobytes()
    monitor.run(3)
    game, gan = monitor.game, monitor.gan
    assert len(game.d_losses) == len(game.g_losses) == int(gan.steps) == 3
    assert monitor.text.startswith("Both have just learnt 3 times, in turn.")
    assert monitor.pictures[1].value.tobytes() != curves
    fakes = gan.generator(monitor._z, training=False)
    np.testing.assert_allclose(game.samples, fakes[:9], atol=1e-6)
    for images, belief in ((monitor._real, game.belief_real), (fakes, game.belief_fake)):
        logits = np.ravel(gan.discriminator(images, training=False))
        np.testing.assert_allclose(belief, 1 / (1 + np.exp(-logits)), rtol=1e-5)
    assert f"{game.belief_real.mean():.0%} for real images" in monitor.text


def test_same_seed_gives_the_same_run_compiled_or_not():
    games = []
    for eagerly in (True, True, False):
        monitor = tiny_monitor(eagerly, seed=3)
        monitor.run(2)
        games.append(monitor.game.d_losses + monitor.game.g_losses)
    assert games[0] == games[1]
    np.testing.assert_allclose(games[0], games[2], rtol=1e-4)


def test_live_training_teaches_both_until_a_step_button_is_pressed():
    monitor = tiny_monitor()

    async def scene():
        monitor.play_button.click()
        while "Both are learning" not in monitor.text:
            await asyncio.sleep(0.02)
        before = monitor.game
        monitor.step_buttons[0].click()
        await asyncio.sleep(0.2)
        assert not monitor.running and monitor.text.startswith("D has just learnt")
        assert len(monitor.game.d_losses) == len(before.d_losses) + 1
        assert monitor.game.g_losses == before.g_losses
        assert 0 <= len(before.d_losses) - len(before.g_losses) <= 1
        monitor.play()
        monitor.pause()
        assert monitor.text.startswith("Paused.\nD: step ")

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_slow_motion_tells_every_half_step(monkeypatch):
    monkeypatch.setattr("styleguard_edu.widgets.training_monitor.SLOW_PAUSE", 0.0)
    monitor, stories = tiny_monitor(), []
    monitor.summary.observe(lambda change: stories.append(monitor.text.split(";")[0]), "value")

    async def scene():
        monitor.slow_motion.value = True
        monitor.play()
        while len(stories) < 6:  # the first of each network says that it is prepared
            await asyncio.sleep(0.02)
        monitor.pause()

    asyncio.run(asyncio.wait_for(scene(), 60))
    told = [story for story in stories if story.endswith("has just learnt")]
    assert told[:4] == ["D has just learnt", "G has just learnt"] * 2


def test_long_game_is_drawn_as_well():
    beliefs = np.linspace(0, 1, 64)
    png = draw_game(Game(None, beliefs, beliefs, tuple(np.ones(5000)), (np.nan,) * 7))
    assert Image.open(io.BytesIO(png)).width == 2 * 490


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "batch_size must be .* Received: 0"),
        ({"samples": 65}, "samples must be .* Received: 65"),
        ({"images": np.zeros((4, 28, 28, 1))}, r"images must be of height.*\(8, 8, 1\)"),
    ],
)
def test_what_does_not_fit_raises(change, message):
    with pytest.raises(ValueError, match=message):
        TrainingMonitor(**{"gan": tiny_gan(), "images": np.zeros((4, 8, 8, 1))} | change)
