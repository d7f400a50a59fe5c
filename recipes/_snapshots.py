"""Long trainings that are looked at now and then, and go on after an interruption."""

import hashlib
import json
import time
from pathlib import Path

from styleguard_edu.backend import keras
from styleguard_edu.checkpoints import verified_card
from styleguard_edu.files import write_atomically
from styleguard_edu.models import AdversarialModel, StopAfter

import numpy as np

UNFINISHED = Path("build", "recipes")  # state of interrupted trainings, below the current folder


def state_folder(name, settings):
    """Where the state of a training is kept: with other settings, elsewhere.

    Parameters
    ----------
    name : str
    settings : dict
        Everything that decides about the result: numbers, text, and lists of these.

    Returns
    -------
    pathlib.Path
    """
    text = json.dumps(settings, sort_keys=True)
    return UNFINISHED / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def snapshot_steps(last, *, count=24):
    """Steps at which to look at a training: 0, then dense at first and sparse later, to ``last``.

    Returns
    -------
    list of int
        Increasing, about ``count`` of them.
    """
    return [0, *sorted({round(step) for step in np.geomspace(10, last, count - 1)})]


def train_with_snapshots(model, batches, measure, stops, *, name, settings):
    """Train a compiled model to the last of ``stops``, measuring it at each; resumable.

    After every stop the whole state goes to a folder of its own in ``build/recipes``, and is taken
    up from there when the function is called again with the same settings.

    Parameters
    ----------
    model : AdversarialModel
    batches : callable
        ``batches(start)`` gives an iterator of batches from number ``start`` on.
    measure : callable
        Without arguments; a dict of numbers and arrays about the model as it is.
    stops : list of int
        Steps, increasing.
    name : str
    settings : dict
        As for :func:`state_folder`.

    Returns
    -------
    dict of str to ndarray
        One row a stop: ``steps``, ``seconds`` (of training alone), the model's losses (means
        since the stop before; NaN at step 0), and what ``measure`` gave.
    """
    folder = state_folder(name, settings)
    state, log_file = folder / "state.weights.h5", folder / "log.npz"
    rows, log = [], {}
    if log_file.exists():
        model.load_weights(state)
        with np.load(log_file) as stored:
            log = dict(stored)
        rows = [{key: log[key][k] for key in log} for k in range(len(log["steps"]))]
        print(f"Going on from step {int(model.steps):,}; to begin anew, remove {folder}.")
    for stop in stops[len(rows) :]:
        seconds, losses = _train_until(model, stop, batches)
        before = rows[-1]["seconds"] if rows else 0.0
        print(f"step {stop:6,d}", end="   ", flush=True)
        rows.append({"steps": stop, "seconds": before + seconds, **losses, **measure()})
        log = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
        write_atomically(state, model.save_weights)
        write_atomically(log_file, lambda path, log=log: np.savez_compressed(path, **log))
    return log


def made_once(name, make, *, settings, made_from=()):
    """A network that takes minutes to train; taken from ``build/recipes`` if it is there.

    Parameters
    ----------
    name : str
    make : callable
        Without arguments; the trained network.
    settings : dict
        As for :func:`state_folder`.
    made_from : sequence of str
        Checkpoints from which it is made: if one of these has changed, it is made anew.

    Returns
    -------
    keras.Model
    seconds : float
        That making it took, then or now.
    """
    contents = {one: verified_card(one)["sha256"] for one in made_from}
    path = state_folder(name, {**settings, "made_from": contents}).with_suffix(".keras")
    clock = path.with_suffix(".seconds")
    if path.exists() and clock.exists():
        print(f"Taken from an earlier training; to train anew, remove {path}.")
    else:
        started = time.perf_counter()
        network = make()
        clock.parent.mkdir(parents=True, exist_ok=True)
        clock.write_text(f"{time.perf_counter() - started:.0f}\n", encoding="utf-8")
        write_atomically(path, network.save)
    return keras.saving.load_model(path), float(clock.read_text(encoding="utf-8"))


def cosine_adam(learning_rate, steps, beta_1=0.0):
    """Adam whose learning rate falls to 0 along half a cosine."""
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    return keras.optimizers.Adam(schedule, beta_1=beta_1, beta_2=0.99)


def _train_until(model, stop, batches):
    """Train to step ``stop``; return seconds and mean losses, or leave if interrupted."""
    start = int(model.steps)
    losses = [name for name in model.trackers if name.endswith("loss")]
    if start == stop:
        return 0.0, dict.fromkeys(losses, np.nan)
    clock = time.perf_counter()
    history = AdversarialModel.fit(  # not model.fit: a subclass may take other things there
        model,
        batches(start),
        steps_per_epoch=stop - start,
        callbacks=[StopAfter(steps=stop - start)],
        verbose=0,
    )
    if int(model.steps) < stop:
        raise SystemExit("The same command goes on from the last snapshot.")
    return time.perf_counter() - clock, {name: history.history[name][-1] for name in losses}
