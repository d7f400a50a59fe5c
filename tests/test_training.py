import time
from itertools import islice
from types import SimpleNamespace

from styleguard_edu.backend import keras
from styleguard_edu.images import png_bytes
from styleguard_edu.models import LivePreview, StopAfter, endless_batches, training
from tests.small_models import Screen

import numpy as np
import pytest


def small_model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


DATA = (np.zeros((64, 1)), np.zeros((64, 1)))


def test_a_round_of_batches_holds_every_image_once():
    batches = islice(endless_batches(np.arange(12), 4, seed=0), 3)
    assert sorted(np.concatenate(list(batches))) == list(range(12))


def test_rounds_differ_and_seeds_differ():
    first, second = list(islice(endless_batches(np.arange(50), 50, seed=0), 2))
    (other,) = islice(endless_batches(np.arange(50), 50, seed=1), 1)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("start", [1, 3, 5, 8])
def test_batches_go_on_where_they_were_left(start):
    whole = list(islice(endless_batches(np.arange(10), 3, seed=0), 12))
    rest = list(islice(endless_batches(np.arange(10), 3, seed=0, start=start), 12 - start))
    np.testing.assert_array_equal(whole[start:], rest)


@pytest.mark.parametrize("batch_size", [0, 11, 1.5, "2"])
def test_batch_size_must_fit_the_images(batch_size):
    with pytest.raises(ValueError, match="batch_size must be a whole number from 1 to 10"):
        next(endless_batches(np.arange(10), batch_size, seed=0))


def test_progress_stops_after_the_given_steps_and_shows_the_time_left(capsys):
    progress = StopAfter(steps=10)
    small_model().fit(*DATA, batch_size=8, epochs=100, verbose=0, callbacks=[progress])
    assert progress.steps_done == 10
    shown = capsys.readouterr().err
    assert "10/10" in shown
    assert "<" in shown  # elapsed<left


def test_progress_stops_after_the_given_seconds(capsys):
    clock = time.perf_counter()
    small_model().fit(
        *DATA, batch_size=1, epochs=10**6, verbose=0, callbacks=[StopAfter(seconds=1)]
    )
    assert 1 <= time.perf_counter() - clock < 6
    assert "1/1 s" in capsys.readouterr().err


@pytest.mark.parametrize("budget", [{}, {"steps": 5, "seconds": 5}])
def test_progress_wants_exactly_one_budget(budget):
    with pytest.raises(ValueError, match="exactly one of steps and seconds"):
        StopAfter(**budget)


@pytest.mark.parametrize(
    "budget", [{"steps": 0}, {"steps": 2.5}, {"steps": "2"}, {"seconds": -1}, {"seconds": np.nan}]
)
def test_progress_wants_a_positive_budget(budget):
    with pytest.raises(ValueError, match=f"{next(iter(budget))} must be .*Received: "):
        StopAfter(**budget)


def picture(number):
    return np.full((2, 3, 3), number / 100)


@pytest.mark.parametrize(
    ("every", "times", "shown"),
    [
        (0, range(100), 6),  # at first, after each of the four batches, and at the end
        (1000, range(100), 2),
        (15, [0, 8, 16, 16, 20, 35, 35, 35], 4),  # again when 15 seconds passed since the last
    ],
)
def test_a_preview_is_shown_and_then_updated_when_its_seconds_have_passed(
    monkeypatch, every, times, shown
):
    screen, numbers, clock = Screen(), iter(range(100)), iter(times)
    monkeypatch.setattr(training, "display", screen)
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    live = LivePreview(lambda: picture(next(numbers)), every=every)
    small_model().fit(*DATA, batch_size=16, verbose=0, callbacks=[live])
    assert screen.shown == [png_bytes(picture(k)) for k in range(shown)]


def test_outside_a_notebook_a_preview_does_not_stop_the_training(monkeypatch):
    monkeypatch.setattr(training, "display", lambda picture, display_id: None)
    live = LivePreview(lambda: picture(0), every=0)
    small_model().fit(*DATA, batch_size=32, verbose=0, callbacks=[live])
