"""Train a GAN by hand or live, and watch both networks while they learn."""

import asyncio
import threading
import time
from dataclasses import replace
from functools import partial

import ipywidgets as widgets
import numpy as np

from ..backend import tf
from ..checks import require_count
from ..images import check_images
from ._drawing import FINE, encode, tiles
from ._game import Game, draw_game, in_numbers
from ._parts import Explorer, View

SLOW_PAUSE = 1.5  # seconds to look at one half step in slow motion
REDRAW_EVERY = 0.4  # seconds between pictures at full speed
JUDGED = 64  # fixed real and fixed generated images whose beliefs are shown
PLAY, PAUSE = "Train both", "Pause"


class TrainingMonitor(Explorer):
    """Step a GAN's two networks one at a time, or train both and watch.

    "Step D" and "Step G" teach one network once and leave the other alone. "Train both" alternates
    until it is pressed again; in slow motion it stops after every half step to say what happened.
    The pictures come from the generator being trained, not from the average of its weights.

    Parameters
    ----------
    gan : styleguard_edu.models.GAN
        Compiled. It is trained in place; what it has learnt before is kept.
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        Real images; every batch is drawn from them at random.
    batch_size : int
    samples : int
        Generated images to show, at most 64.
    seed : int
        Fixes the noise of the shown images, and the order of the real ones.

    Attributes
    ----------
    game : Game
        Where the game stands.
    error : Exception or None
        What stopped the last training, if anything did.

    Notes
    -----
    Live training is an asyncio task on the loop that handles the click. It yields to that loop
    after every step, so a press of the button is heard between two steps.
    """

    title = "training monitor"

    def __init__(self, gan, images, *, batch_size=64, samples=16, seed=0):
        if not hasattr(gan, "generator_optimizer"):
            raise ValueError(
                "gan must be compiled first: call gan.compile(). Received: not compiled"
            )
        self.gan = gan
        self.images = check_images(images, shape=gan.discriminator.input_shape[1:])
        require_count("batch_size", batch_size, 1)
        require_count("samples", samples, 1, JUDGED)
        self.batch_size, self.samples = batch_size, samples
        self._rng = np.random.default_rng(seed)
        self._z = self._rng.standard_normal((JUDGED, gan.latent_dim)).astype(np.float32)
        self._real = self.images[self._rng.choice(len(self.images), JUDGED)]
        self._g_moved = True
        self._lock = threading.RLock()  # a cell and a button may run in different threads
        self._step = {}  # the two half steps, compiled when first needed
        self._task = self.error = None
        self.game = self._look(Game())
        self.play_button = widgets.Button(description=PLAY, icon="play")
        self.slow_motion = widgets.Checkbox(description="slow motion", indent=False)
        super().__init__([self._controls()], pictures=2)

    @property
    def state(self):
        """Where the game stands: the one argument of ``view``."""
        return {"game": self.game}

    @property
    def running(self):
        """Whether live training is under way."""
        return self._task is not None and not self._task.done()

    def view(self, game):
        """The pictures and the text of one state.

        Parameters
        ----------
        game : Game

        Returns
        -------
        View
            Of the samples, and of the losses and beliefs.
        """
        columns = int(np.ceil(np.sqrt(len(game.samples))))
        scale = max(1, 290 * FINE // (columns * game.samples.shape[2]))
        bitmap, _ = tiles(game.samples, columns=columns, scale=scale, gap=3)
        alts = (
            f"{len(game.samples)} images by the generator being trained, from the same noise "
            "at every step.",
            "Left, the losses of D and of G at each of their steps. Right, how many of "
            f"{len(game.belief_real)} real and of as many generated images D believes to be real, "
            f"and how firmly. {in_numbers(game)}",
        )
        return View((encode(bitmap), draw_game(game)), alts, f"{game.story}\n{in_numbers(game)}")

    def step_discriminator(self):
        """Teach D once, on one batch of real and one of generated images, and show the result."""
        before = self.game
        self._teach("D")
        real, fake = self.game.belief_real.mean(), self.game.belief_fake.mean()
        self._tell(
            f"D has just learnt; G was left alone. D's belief went from "
            f"{before.belief_real.mean():.0%} to {real:.0%} on real images and from "
            f"{before.belief_fake.mean():.0%} to {fake:.0%} on G's."
        )

    def step_generator(self):
        """Teach G once, with D as it is, and show the result."""
        before = self.game
        self._teach("G")
        self._tell(
            f"G has just learnt; D was left alone. D's belief in G's images went from "
            f"{before.belief_fake.mean():.0%} to {self.game.belief_fake.mean():.0%}."
        )

    def run(self, steps):
        """Teach D and G in turn, and show the result at the end; returns when done.

        Parameters
        ----------
        steps : int
        """
        require_count("steps", steps, 1)
        for _ in range(steps):
            self._teach("D", look=False)
            self._teach("G", look=False)
        self._tell(f"Both have just learnt {steps} times, in turn.")

    def play(self):
        """Start live training; a notebook's event loop must be running."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "play needs a running event loop, as a notebook has; elsewhere call run(steps)"
            ) from None
        if not self.running:
            self.error = None
            self._label(PAUSE, "pause")
            self._task = loop.create_task(self._train())

    def pause(self):
        """Stop live training after the half step under way."""
        if self.running:
            task, self._task = self._task, None  # from here on the task does nothing more
            task.get_loop().call_soon_threadsafe(task.cancel)
            self._label(PLAY, "play")
            self._tell("Paused.")

    def close(self):
        """Stop live training and free the widgets."""
        self.pause()
        super().close()

    async def _train(self):
        """Train until paused; an error ends it and is shown."""
        try:
            while self._going_on():
                await (self._slow_round() if self.slow_motion.value else self._fast_round())
        except Exception as error:
            if self._going_on():
                self._task = None
                self._label(PLAY, "play")
            self._fail(error)

    def _going_on(self):
        return self._task is asyncio.current_task()

    async def _slow_round(self):
        for half_step in (self.step_discriminator, self.step_generator):
            if self._going_on():
                half_step()
                await asyncio.sleep(SLOW_PAUSE)

    async def _fast_round(self):
        start = time.perf_counter()
        while self._going_on() and time.perf_counter() - start < REDRAW_EVERY:
            for network in ("D", "G"):
                if self._going_on():
                    self._teach(network, look=False)
                    await asyncio.sleep(0)  # here a press of the button is heard
        if self._going_on():
            self._tell("Both are learning, in turn.")

    def _controls(self):
        step_d = widgets.Button(description="Step D", tooltip="Teach the discriminator once")
        step_g = widgets.Button(description="Step G", tooltip="Teach the generator once")
        for button, action in (
            (step_d, self.step_discriminator),
            (step_g, self.step_generator),
            (self.play_button, self.play),
        ):
            button.on_click(partial(self._pressed, action))
            button.layout.width = "110px"
        self.slow_motion.layout = {"width": "auto", "margin": "2px 2px 2px 14px"}
        self.step_buttons = (step_d, step_g)
        return widgets.HBox(
            [step_d, step_g, self.play_button, self.slow_motion],
            layout={"flex_flow": "row wrap", "align_items": "center"},
        )

    def _pressed(self, action, button):
        """Do what a button says; any button stops live training first."""
        was_running = self.running
        self.pause()
        try:
            if not (was_running and button is self.play_button):
                action()
        except Exception as error:
            self._fail(error)

    def _label(self, description, icon):
        with self.play_button.hold_sync():
            self.play_button.description, self.play_button.icon = description, icon

    def _fail(self, error):
        self.error = error
        self.say(f"Stopped by an error: {type(error).__name__}: {error}", role="alert")

    def _teach(self, network, *, look=True):
        """One half step of D or G: teach, and note the loss."""
        with self._lock:
            loss = float(self._compiled(network)(self._lesson(network)))
            if network == "D":
                self.game = replace(self.game, d_losses=(*self.game.d_losses, loss))
            else:
                self.game = replace(self.game, g_losses=(*self.game.g_losses, loss))
                self._g_moved = True
            if look:
                self.game = self._look(self.game)

    def _compiled(self, network):
        if network not in self._step:
            step = {"D": self.gan.discriminator_step, "G": self.gan.generator_step}[network]
            if not self.gan.run_eagerly:
                self.say(f"Compiling {network}'s step; this takes a few seconds, once.")
                step = tf.function(step, reduce_retracing=True)
            self._step[network] = step
        return self._step[network]

    def _lesson(self, network):
        """What a half step is given: real images for D, the number of noises for G."""
        if network == "G":
            return self.batch_size
        return tf.constant(self.images[self._rng.choice(len(self.images), self.batch_size)])

    def _look(self, game):
        """Bring the samples and beliefs up to date; samples move only when G has learnt."""
        if self._g_moved:
            self._fakes = self.gan.generator(self._z, training=False)
            self._g_moved = False
        logits = [self.gan.discriminator(x, training=False) for x in (self._real, self._fakes)]
        real, fake = (tf.sigmoid(logit).numpy().ravel() for logit in logits)
        samples = np.asarray(self._fakes)[: self.samples]
        return replace(game, samples=samples, belief_real=real, belief_fake=fake)

    def _tell(self, story):
        """Show where the game stands, with a sentence on what happened last."""
        with self._lock:
            self.game = replace(self._look(self.game), story=story)
            self.refresh()
