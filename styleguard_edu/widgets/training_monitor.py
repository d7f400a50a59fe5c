"""Train a GAN by hand or live, and watch both networks while they learn."""

import time
from dataclasses import replace
from functools import partial

import ipywidgets as widgets
import numpy as np
from scipy.special import expit

from ..checks import require_count
from ..images import check_images
from ._drawing import grid_png
from ._game import Game, draw_game, in_numbers
from ._live_training import LiveExplorer, compiled_step
from ._parts import View

SLOW_PAUSE = 1.5  # seconds to look at one half step in slow motion
REDRAW_EVERY = 0.4  # seconds between pictures at full speed
JUDGED = 64  # fixed real and fixed generated images whose beliefs are shown


class TrainingMonitor(LiveExplorer):
    """Step a GAN's two networks one at a time, or train both and watch.

    "Step D" and "Step G" teach one network once and leave the other alone. "Train both" alternates
    until it is pressed again; in slow motion it stops after every half step to say what happened.
    The pictures come from the generator being trained, not from the average of its weights.

    Parameters
    ----------
    gan : styleguard_edu.models.GAN
        It is trained in place; what it has learnt before is kept.
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
    """

    title = "training monitor"
    train_label = "Train both"
    elsewhere = "call run(steps)"

    def __init__(self, gan, images, *, batch_size=64, samples=16, seed=0):
        self.gan = gan
        self.images = check_images(images, shape=gan.discriminator.input_shape[1:])
        require_count("batch_size", batch_size, 1)
        require_count("samples", samples, 1, JUDGED)
        self.batch_size, self.samples = batch_size, samples
        self._rng = np.random.default_rng(seed)
        self._z = self._rng.standard_normal((JUDGED, gan.latent_dim)).astype(np.float32)
        self._real = self._rng.choice(self.images, JUDGED)
        self._g_moved = True
        steps = {"D": gan.discriminator_step, "G": gan.generator_step}
        self._step = {network: compiled_step(gan, step) for network, step in steps.items()}
        self.game = self._look(Game())
        looks = {"indent": False, "layout": {"width": "auto", "margin": "2px 14px"}}
        self.slow_motion = widgets.Checkbox(description="slow motion", **looks)
        self.step_buttons = ()
        for name, network in (("D", "discriminator"), ("G", "generator")):
            made = widgets.Button(description=f"Step {name}", tooltip=f"Teach the {network} once")
            made.on_click(partial(self._step_once, getattr(self, f"step_{network}")))
            self.step_buttons += (made,)
        super().__init__([], [*self.step_buttons, self.slow_motion])

    @property
    def state(self):
        """Where the game stands: the one argument of ``view``."""
        return {"game": self.game}

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
        alts = (
            f"{len(game.samples)} images by the generator being trained, from the same noise "
            "at every step.",
            "Above, the losses of D and of G at each of their steps. Below, how many of "
            f"{len(game.belief_real)} real and of as many generated images D believes to be real, "
            f"and how firmly. {in_numbers(game)}",
        )
        pictures = grid_png(game.samples, width=290), draw_game(game)
        return View(pictures, alts, f"{game.story}\n{in_numbers(game)}")

    def step_discriminator(self):
        """Teach D once, on one batch of real and one of generated images, and show the result."""
        self._teach("D")
        self._tell(
            "D has just learnt; G was left alone. D's belief went from {belief_real} on real "
            "images and from {belief_fake} on G's."
        )

    def step_generator(self):
        """Teach G once, with D as it is, and show the result."""
        self._teach("G")
        told = "D's belief in G's images went from {belief_fake}."
        self._tell(f"G has just learnt; D was left alone. {told}")

    def run(self, steps):
        """Teach D and G in turn, and show the result at the end; returns when done.

        Parameters
        ----------
        steps : int
        """
        require_count("steps", steps, 1)
        for network in "DG" * steps:
            self._teach(network)
        self._tell(f"Both have just learnt {steps} times, in turn.")

    def _lessons(self):
        while True:
            if self.slow_motion.value:
                for half_step in (self.step_discriminator, self.step_generator):
                    half_step()
                    yield SLOW_PAUSE
            else:
                start = time.perf_counter()
                while time.perf_counter() - start < REDRAW_EVERY:
                    for network in "DG":
                        self._teach(network)
                        yield 0
                self._tell("Both are learning, in turn.")

    def _paused(self):
        self._tell("Paused.")

    def _step_once(self, action, button):
        """Do what a button says; live training stops first."""
        self.pause()
        self._try(action)

    def _teach(self, network):
        """One half step of D or G; note the loss."""
        with self._lock:
            name = f"{network.lower()}_losses"
            losses = getattr(self.game, name)
            if not losses:
                self.say(f"Preparing {network}'s step; this takes a few seconds, once.")
            n = self.batch_size
            loss = self._step[network](self._rng.choice(self.images, n) if network == "D" else n)
            self.game = replace(self.game, **{name: (*losses, float(loss))})
            self._g_moved |= network == "G"

    def _look(self, game):
        """Bring the samples and beliefs up to date; samples move only when G has learnt."""
        if self._g_moved:
            self._fakes = self.gan.generator(self._z, training=False)
            self._g_moved = False
        logits = [self.gan.discriminator(x, training=False) for x in (self._real, self._fakes)]
        real, fake = (expit(np.ravel(logit)) for logit in logits)
        samples = np.asarray(self._fakes)[: self.samples]
        return replace(game, samples=samples, belief_real=real, belief_fake=fake)

    def _tell(self, story):
        """Show where the game stands, with what happened last: how D's two beliefs changed."""
        with self._lock:
            before, after = self.game, self._look(self.game)
            beliefs = {
                name: f"{getattr(before, name).mean():.0%} to {getattr(after, name).mean():.0%}"
                for name in ("belief_real", "belief_fake")
            }
            self.game = replace(after, story=story.format(**beliefs))
            self.refresh()
