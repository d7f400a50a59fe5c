"""Live training: a step at a time, on the loop that hears the buttons."""

import asyncio
import threading

import ipywidgets as widgets

from ._parts import ROW, Explorer, button


class LiveExplorer(Explorer):
    """An explorer with a button that starts and stops a training.

    The training is one asyncio task on the loop that handles the click. It yields to that loop
    after every step, so a press of a button is heard between two steps.

    A subclass provides ``_lessons``, a generator: it does one step, then yields for how many
    seconds to wait. ``_paused`` shows what was learnt, ``train_label`` is what the button says,
    ``elsewhere`` what to call where there is no event loop.

    Parameters
    ----------
    controls, buttons : list of ipywidgets.Widget
        The buttons share a row with the one that trains.

    Attributes
    ----------
    play_button : ipywidgets.Button
    error : Exception or None
        What went wrong last, if anything did.
    """

    def __init__(self, controls, buttons):
        self._task = self.error = None
        self._lock = threading.RLock()  # a cell and a button may run in different threads
        self.play_button = button(self.train_label, "play", self._toggle)
        row = widgets.HBox([*buttons, self.play_button], layout=ROW)
        super().__init__([*controls, row])

    @property
    def running(self):
        """Whether live training is under way."""
        return self._task is not None and not self._task.done()

    def play(self):
        """Start live training, or go on; a notebook's event loop must be running."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                f"play needs a running event loop, as a notebook has; elsewhere {self.elsewhere}"
            ) from None
        if not self.running:
            self.error = None
            self._task = loop.create_task(self._train())
            self._label()

    def pause(self):
        """Stop live training after the step under way, and show what has been learnt."""
        if self.running:
            self._stop()
            self._paused()

    def _toggle(self):
        self._try(self.pause if self.running else self.play)

    def close(self):
        """Stop live training and free the widgets."""
        if self.running:
            self._stop()
        super().close()

    def _stop(self):
        task, self._task = self._task, None  # from here on the task does nothing more
        task.get_loop().call_soon_threadsafe(task.cancel)
        self._label()

    async def _train(self):
        try:
            for seconds in self._lessons():
                await asyncio.sleep(seconds)
                if self._task is not asyncio.current_task():
                    return
        except Exception as error:
            if self._task is asyncio.current_task():
                self._task = None
            self._fail(error)

    def _try(self, action):
        """Do what a control asks for; an error is shown, and the pictures stay."""
        self.error = None
        try:
            action()
        except Exception as error:
            self._fail(error)

    def _fail(self, error):
        self.error = error
        self._label()
        plain = isinstance(error, ValueError | OSError)
        self.say(str(error) if plain else f"{type(error).__name__}: {error}", role="alert")

    def _label(self):
        says = ("Pause", "pause") if self.running else (self.train_label, "play")
        with self.play_button.hold_sync():
            self.play_button.description, self.play_button.icon = says


def compiled_step(model, step):
    """A model's training step, compiled unless the model runs eagerly."""
    if model.run_eagerly:
        return step
    from ..backend import tf  # only here: what does not train does not wait for the import

    return tf.function(step, reduce_retracing=True)
