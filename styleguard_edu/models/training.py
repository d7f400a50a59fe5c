"""What every long training needs: batches without end, a progress bar, and a budget."""

import time

import numpy as np
from IPython.display import Image, display
from tqdm.auto import tqdm

from ..backend import keras
from ..checks import require_count, require_positive
from ..images import png_bytes

__all__ = ["LivePreview", "StopAfter", "endless_batches"]

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
    require_count("batch_size", batch_size, 1, len(images))
    require_count("seed", seed)
    require_count("start", start)
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
        if seconds is None:
            require_count("steps", steps, 1)
        else:
            require_positive("seconds", seconds)
        self.steps, self.seconds, self.steps_done = steps, seconds, 0

    def on_train_begin(self, logs=None):
        self.steps_done, self._start = 0, None
        layout = None if self.seconds is None else SECONDS_BAR
        total = self.steps or self.seconds
        self._bar = tqdm(total=total, desc="training", bar_format=layout, mininterval=0.5)

    def on_train_batch_end(self, batch, logs=None):
        self.steps_done += 1
        now = time.perf_counter()
        self._start = self._start or now
        done = self.steps_done if self.seconds is None else now - self._start
        self._bar.update(min(done, self._bar.total) - self._bar.n)
        if done >= self._bar.total:
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
