"""What every long training needs: batches without end, a progress bar, and a budget."""

import time

import numpy as np
from IPython.display import Image, display
from tqdm.auto import tqdm

from ..backend import keras
from ..images import png_bytes

SECONDS_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s{postfix}"


def endless_batches(images, batch_size, *, seed, start=0):
    """Yield batches for ever, in a new random order each time round.

    Batch number t is the same whatever ``start`` is, so a training that was interrupted after t
    batches goes on with ``start=t`` as if nothing had happened.

    Parameters
    ----------
    images : ndarray, ``(n, ...)``
    batch_size : int
        1 to n. What is left over at the end of a round is skipped in that round.
    seed : int
    start : int
        Number of the first batch to yield.

    Yields
    ------
    ndarray, ``(batch_size, ...)``
    """
    if not 1 <= batch_size <= len(images):
        raise ValueError(f"batch_size must be 1 to {len(images)}. Received: {batch_size}")
    a_round = len(images) // batch_size
    epoch, position = divmod(start, a_round)
    while True:
        order = np.random.default_rng((seed, epoch)).permutation(len(images))
        for k in range(position, a_round):
            yield images[order[k * batch_size : (k + 1) * batch_size]]
        epoch, position = epoch + 1, 0


class StopAfter(keras.callbacks.Callback):
    """Show a progress bar with the time left, and stop when the budget is used up.

    A notebook gets a graphical bar, a terminal a plain one. Give exactly one budget, and pass
    enough ``epochs`` to ``fit`` that the budget is what ends the training.

    Parameters
    ----------
    steps : int, optional
        Stop after this many batches: the same work on every machine.
    seconds : float, optional
        Stop after this much wall time, counted from the end of the first batch, because the
        first batch also waits for TensorFlow to compile the training step.

    Attributes
    ----------
    steps_done : int
        Batches trained in the last (or the running) ``fit``.
    """

    def __init__(self, *, steps=None, seconds=None):
        super().__init__()
        if (steps is None) == (seconds is None):
            raise ValueError(
                f"Give exactly one of steps and seconds. Received: {steps=}, {seconds=}"
            )
        name, budget = ("steps", steps) if seconds is None else ("seconds", seconds)
        if not budget > 0:
            raise ValueError(f"{name} must be positive. Received: {budget}")
        self.steps, self.seconds = steps, seconds
        self.steps_done = 0
        self._bar = None

    def on_train_begin(self, logs=None):
        self.steps_done = 0
        self._start = None
        total, layout = self.steps, None
        if self.seconds is not None:
            total, layout = self.seconds, SECONDS_BAR
        self._bar = tqdm(total=total, desc="training", bar_format=layout, mininterval=0.5)

    def on_train_batch_end(self, batch, logs=None):
        self.steps_done += 1
        now = time.perf_counter()
        self._start = self._start or now
        spent = now - self._start
        if self.seconds is None:
            self._bar.update(1)
            done = self.steps_done >= self.steps
        else:
            self._bar.update(min(spent, self.seconds) - self._bar.n)
            done = spent >= self.seconds
        if done:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        numbers = {key: f"{value:.2f}" for key, value in (logs or {}).items()}
        self._bar.set_postfix(numbers, refresh=False)

    def on_train_end(self, logs=None):
        self._bar.close()


class LivePreview(keras.callbacks.Callback):
    """Show a picture of the work in progress, now and then, in the same place.

    Parameters
    ----------
    draw : callable
        Without arguments; the picture as it is now, float ``(height, width, channels)`` in [0, 1].
    every : float
        Seconds between pictures.
    """

    def __init__(self, draw, *, every=15.0):
        super().__init__()
        self.draw, self.every = draw, every

    def on_train_begin(self, logs=None):
        self._place = display(Image(png_bytes(self.draw())), display_id=True)
        self._last = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        if time.perf_counter() - self._last >= self.every:
            self._show()

    def on_train_end(self, logs=None):
        self._show()

    def _show(self):
        if self._place is not None:  # a plain script has no place to show it
            self._place.update(Image(png_bytes(self.draw())))
        self._last = time.perf_counter()
