"""Live training of a painting's style: a step at a time, on the loop that hears the buttons."""

import asyncio
import threading
import time

import numpy as np

LOOK_EVERY = 3.0  # seconds of training between two looks at the result


class LiveStyle:
    """Trains a painting's style while the notebook stays usable.

    Parameters
    ----------
    style : styleguard_edu.models.PaintingStyle
        Trained in place; what it has learnt before is kept.
    photos : dict of str to ndarray
    look : callable
        Called without arguments after every few seconds of training.
    fail : callable
        Called with the exception that ended the training.

    Attributes
    ----------
    style : PaintingStyle
    seconds : float
        Time spent on training steps.
    """

    def __init__(self, style, photos, *, look, fail):
        self.style, self.seconds = style, 0.0
        self._batches = style.batches(photos)
        self._step = style.train_step if style.run_eagerly else _compiled(style.train_step)
        self._look, self._fail = look, fail
        self._lock = threading.RLock()  # a cell and a button may run in different threads
        self._task = None

    @property
    def steps(self):
        """Training steps so far."""
        return int(self.style.steps)

    @property
    def running(self):
        """Whether it is being trained."""
        return self._task is not None and not self._task.done()

    def transfer(self, picture):
        """Paint a picture with what has been learnt so far; as ``PaintingStyle.transfer``."""
        with self._lock:
            return np.asarray(self.style.transfer(picture))

    def play(self):
        """Start or go on; a notebook's event loop must be running."""
        if not self.running:
            self._task = asyncio.get_running_loop().create_task(self._train())

    def pause(self):
        """Stop after the step under way."""
        if self.running:
            task, self._task = self._task, None  # from here on the task does nothing more
            task.get_loop().call_soon_threadsafe(task.cancel)

    async def _train(self):
        try:
            await asyncio.sleep(0)
            while self._going_on():
                await self._learn()
                if self._going_on():
                    self._look()
        except Exception as error:
            if self._going_on():
                self._task = None
            self._fail(error)

    def _going_on(self):
        return self._task is asyncio.current_task()

    async def _learn(self):
        until = self.seconds + LOOK_EVERY
        while self._going_on() and self.seconds < until:
            start = time.perf_counter()
            with self._lock:
                self._step(next(self._batches))
            self.seconds += time.perf_counter() - start
            await asyncio.sleep(0)  # here a press of the button is heard


def _compiled(train_step):
    from ..backend import tf  # only here, so that painting alone does not wait for the import

    step = tf.function(train_step, reduce_retracing=True)
    return lambda batch: step(tuple(tf.convert_to_tensor(part) for part in batch))


def new_style(painting):
    """An untrained PaintingStyle for one painting."""
    from ..models.painting_style import PaintingStyle  # only here, for the same reason

    return PaintingStyle(painting)
