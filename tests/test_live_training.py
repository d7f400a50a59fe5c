"""Live training, on a toy that counts its steps: start, pause, errors, close, a cell run again."""

import asyncio

from styleguard_edu.widgets import _parts
from styleguard_edu.widgets._drawing import encode
from styleguard_edu.widgets._live_training import LiveExplorer, compiled_step

import numpy as np
import pytest
from PIL import Image


class Counter(LiveExplorer):
    """Counts its steps; the step with the number ``fails_at`` raises an error."""

    title, train_label, elsewhere = "counter", "Count", "count yourself"
    fails_at = None

    def __init__(self):
        self.count = 0
        super().__init__([], [])

    @property
    def state(self):
        return {"count": self.count}

    def view(self, count):
        png = encode(Image.new("L", (4, 4)))
        return _parts.View((png,), ("A picture that never changes.",), f"Step {count}.")

    def _lessons(self):
        while True:
            if self.count == self.fails_at:
                raise RuntimeError("out of <fingers>")
            self.count += 1
            yield 0.001

    def _paused(self):
        self.say(f"Paused at {self.count}.")


async def goes_on(counter):
    before = counter.count
    await asyncio.sleep(0.05)
    return counter.count > before


def test_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(Counter)


def test_button_starts_pauses_and_goes_on_and_close_stops():
    counter = Counter()

    async def scene():
        counter.play_button.click()
        assert counter.running and counter.play_button.description == "Pause"
        assert await goes_on(counter)
        counter.play_button.click()
        assert not counter.running and counter.play_button.description == "Count"
        assert counter.text == f"Paused at {counter.count}."
        assert not await goes_on(counter)
        counter.pause()  # twice does no harm
        counter.play()
        counter.play()
        assert await goes_on(counter)
        counter.close()
        assert not counter.running and not await goes_on(counter)

    asyncio.run(scene())


def test_cell_run_again_stops_the_training_it_started(shell):
    counters = []
    shell.user_ns |= {"Counter": Counter, "counters": counters}

    async def scene():
        for _ in range(4):
            shell.run_cell("counters.append(Counter())", store_history=True)
            counters[-1].play()
            assert await goes_on(counters[-1])
            assert [counter.running for counter in counters[:-1]] == [False] * len(counters[:-1])
            assert not any([await goes_on(counter) for counter in counters[:-1]])
        counters[-1].close()

    asyncio.run(scene())


def test_error_is_shown_and_ends_the_training_which_can_be_started_again():
    counter = Counter()
    counter.fails_at = 3

    async def scene():
        counter.play()
        await asyncio.sleep(0.1)
        assert counter.text == "RuntimeError: out of <fingers>"
        assert 'role="alert"' in counter.summary.value
        assert isinstance(counter.error, RuntimeError) and counter.count == 3
        assert not counter.running and counter.play_button.description == "Count"
        counter.fails_at = None
        counter.play()
        assert counter.error is None and await goes_on(counter)
        counter.close()

    asyncio.run(scene())


def test_play_needs_a_running_loop():
    counter = Counter()
    with pytest.raises(RuntimeError, match="elsewhere count yourself"):
        counter.play()
    counter.play_button.click()
    assert "RuntimeError" in counter.text and counter.play_button.description == "Count"


@pytest.mark.parametrize(("eagerly", "traces"), [(True, 3), (False, 1)])
def test_step_is_compiled_once_unless_the_model_runs_eagerly(eagerly, traces):
    class Model:
        run_eagerly = eagerly

    traced = []
    step = compiled_step(Model, lambda batch: traced.append(type(batch)) or batch + 1)
    assert [float(step(np.float32(k))) for k in range(3)] == [1, 2, 3]
    assert len(traced) == traces
