"""How every reference checkpoint was trained: ``python -m styleguard_edu.recipes NAME``.

A recipe needs MNIST, runs on two CPU cores, and shows its progress. Interrupt a GAN's training
when you like: the same command goes on where it stopped. The result replaces
``data/checkpoints/NAME``.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from .backend import keras
from .checkpoints import load_checkpoint, save_checkpoint
from .datasets import load_digits
from .files import write_atomically
from .gan import GAN
from .metrics import feature_statistics, frechet_distance, precision_recall
from .networks import digit_discriminator, digit_generator, digit_judge, feature_extractor
from .training import Progress, endless_batches

UNFINISHED = Path("build", "recipes")  # state of interrupted trainings, below the current folder
MEASURED = 10_000  # images a Frechet distance is computed from
COMPARED = 2_000  # images a side for precision and recall while training


def train_digit_judge(*, epochs=8, batch_size=128, learning_rate=1e-3, seed=0):
    """Train the classifier that judges digits, on MNIST's training split alone.

    Kept with it: ``mean`` and ``covariance`` of its features on the MNIST test split, the
    reference of every Frechet distance in the course; and for precision and recall ``features``,
    those of the first 2,000 test images, and ``other_features``, the same of calibration images.

    Parameters
    ----------
    epochs, batch_size : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    digits, bundled = load_digits("mnist"), load_digits("bundled", verbose=False)
    keras.utils.set_random_seed(seed)
    judge = digit_judge()
    steps = epochs * -(-len(digits.train.images) // batch_size)
    judge.compile(
        _adam(learning_rate, steps, beta_1=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    started = time.perf_counter()
    judge.fit(
        digits.train.images, digits.train.labels, batch_size=batch_size, epochs=epochs, verbose=2
    )
    minutes = (time.perf_counter() - started) / 60
    extractor = feature_extractor(judge)
    features = extractor.predict(digits.test.images, batch_size=500, verbose=0)
    calibration = extractor.predict(digits.calibration.images, batch_size=500, verbose=0)
    reference = feature_statistics(features)
    floor = frechet_distance(feature_statistics(calibration), reference)
    real = precision_recall(features, calibration)
    save_checkpoint(
        "digit_judge",
        {"judge": judge},
        {
            "recipe": "python -m styleguard_edu.recipes digit_judge",
            "data": "MNIST train split (50,000 images)",
            "settings": {
                "epochs": epochs,
                "batch_size": batch_size,
                "learning_rate": learning_rate,
                "seed": seed,
            },
            "minutes": round(minutes, 1),
            "metrics": {
                "accuracy_mnist_test": _accuracy(judge, digits.test),
                "accuracy_bundled_test": _accuracy(judge, bundled.test),
                "frechet_floor": round(floor, 2),
                "precision_real_against_real": round(real.precision, 3),
                "recall_real_against_real": round(real.recall, 3),
            },
            "notes": "floor and real against real: MNIST calibration split against test split, "
            "10,000 images each",
        },
        arrays={
            "mean": reference.mean,
            "covariance": reference.covariance,
            "features": features[:COMPARED].astype(np.float16),
            "other_features": calibration[:COMPARED].astype(np.float16),
        },
    )


def train_digit_gan(*, steps=20_000, batch_size=64, learning_rate=1e-3, seed=0):
    """Train the reference digit GAN, on MNIST's and the bundled training split together.

    Kept with it: a log of the training at about 24 snapshots (``steps``, ``seconds``, losses,
    Frechet distance, precision, recall), and ``samples``, the same 64 inputs z at each of them.

    Parameters
    ----------
    steps, batch_size : int
    learning_rate : float
        Of both Adams, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    mnist, bundled = load_digits("mnist"), load_digits("bundled", verbose=False)
    _train_and_save(
        "digit_gan",
        np.concatenate([mnist.train.images, bundled.train.images]),
        "MNIST train split (50,000 images) and bundled train split (997 images)",
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )


def train_digit_gan_bundled(*, steps=6_000, batch_size=64, learning_rate=1e-3, seed=0):
    """Train the same GAN on the 997 bundled training digits alone, to show what few data cost.

    Parameters and what is kept are those of :func:`train_digit_gan`.
    """
    _train_and_save(
        "digit_gan_bundled",
        load_digits("bundled").train.images,
        "bundled train split (997 images)",
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )


def _train_and_save(name, images, data, **settings):
    """Train a digit GAN on ``images`` and save it with its card and its log."""
    steps, rate, seed = settings["steps"], settings["learning_rate"], settings["seed"]
    keras.utils.set_random_seed(seed)
    gan = GAN(digit_generator(), digit_discriminator(), seed=seed)
    gan.compile(_adam(rate, steps), _adam(rate, steps))
    judge = load_checkpoint("digit_judge")
    log = train_with_snapshots(
        gan, images, judge, snapshot_steps(steps), settings["batch_size"], seed=seed, name=name
    )
    real = load_digits("mnist", verbose=False).test.images
    final = measure_generator(gan.averaged_generator, judge, real)
    save_checkpoint(
        name,
        {"generator": gan.averaged_generator, "discriminator": gan.discriminator},
        {
            "recipe": f"python -m styleguard_edu.recipes {name}",
            "data": data,
            "settings": settings,
            "minutes": round(float(log["seconds"][-1]) / 60, 1),
            "metrics": {key: round(value, 3) for key, value in final.items()},
            "notes": "generator: the running average of G's weights. Measured against MNIST's test "
            "split, 10,000 images a side; precision and recall in the log from 2,000.",
        },
        arrays=log,
    )


def snapshot_steps(last, *, count=24):
    """Steps at which to look at a training: 0, then dense at first and sparse later, to ``last``.

    Returns
    -------
    list of int
        Increasing, about ``count`` of them.
    """
    return [0, *sorted({round(step) for step in np.geomspace(10, last, count - 1)})]


def train_with_snapshots(gan, images, judge, stops, batch_size, *, seed, name):
    """Train a compiled GAN to the last of ``stops``, measuring it at each; resumable.

    After every stop the whole state goes to ``build/recipes/NAME``, and is taken up from there
    when the function is called again.

    Parameters
    ----------
    gan : GAN
    images : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
    judge : Checkpoint
        ``digit_judge``.
    stops : list of int
        Steps, increasing.
    batch_size, seed : int
    name : str

    Returns
    -------
    dict of str to ndarray
        One row a stop: ``steps``, ``seconds`` (of training alone), ``d_loss`` and ``g_loss``
        (means since the stop before; NaN at step 0), the measures of :func:`measure_generator`,
        and ``samples`` uint8 ``(stops, 64, 28, 28)``.
    """
    state, log_file = UNFINISHED / name / "state.weights.h5", UNFINISHED / name / "log.npz"
    rows, log = [], {}
    if log_file.exists():
        gan.load_weights(state)
        with np.load(log_file) as stored:
            log = dict(stored)
        rows = [{key: log[key][k] for key in log} for k in range(len(log["steps"]))]
        print(f"Going on from step {int(gan.steps):,}.")
    for stop in stops[len(rows) :]:
        seconds, losses = _train_until(gan, stop, images, batch_size, seed)
        measures = measure_generator(gan.averaged_generator, judge, compared=COMPARED)
        samples = _draw(gan.averaged_generator, 64)[..., 0]
        before = rows[-1]["seconds"] if rows else 0.0
        rows.append({"steps": stop, "seconds": before + seconds, **losses, **measures})
        rows[-1]["samples"] = np.rint(samples * 255).astype(np.uint8)
        log = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
        write_atomically(state, gan.save_weights)
        write_atomically(log_file, lambda path, log=log: np.savez_compressed(path, **log))
        print(f"step {stop:6,d}   Frechet distance {measures['frechet_distance']:7.2f}")
    return log


def measure_generator(generator, judge, real=None, *, compared=MEASURED):
    """Judge 10,000 images of a generator, drawn from fixed inputs z.

    Parameters
    ----------
    generator : keras.Model
        ``(n, latent_dim) -> (n, 28, 28, 1)`` in [0, 1].
    judge : Checkpoint
        ``digit_judge``.
    real : ndarray of float32, ``(n, 28, 28, 1)``, optional
        Real images for precision and recall; the features kept with the judge unless given.
    compared : int
        How many images a side enter precision and recall.

    Returns
    -------
    dict of str to float
        ``frechet_distance``, ``precision``, ``recall``, and the shares of the rarest and the most
        frequent digit as read by the judge, times ten (1 is an equal share).
    """
    network = judge.networks["judge"]
    extractor = feature_extractor(network)
    images = _draw(generator, MEASURED)
    features = extractor.predict(images, batch_size=500, verbose=0)
    reference = (judge.arrays["mean"], judge.arrays["covariance"])
    if real is None:
        real_features = judge.arrays["features"]
    else:
        real_features = extractor.predict(real, batch_size=500, verbose=0)
    quality = precision_recall(real_features[:compared], features[:compared])
    answers = network.layers[-1](features).numpy().argmax(axis=1)  # what the features feed
    shares = np.bincount(answers, minlength=10) * 10 / len(answers)
    return {
        "frechet_distance": frechet_distance(feature_statistics(features), reference),
        "precision": quality.precision,
        "recall": quality.recall,
        "rarest_digit": float(shares.min()),
        "commonest_digit": float(shares.max()),
    }


def _train_until(gan, stop, images, batch_size, seed):
    """Train to step ``stop``; return seconds and mean losses, or leave if interrupted."""
    start = int(gan.steps)
    if start == stop:
        return 0.0, {"d_loss": np.nan, "g_loss": np.nan}
    clock = time.perf_counter()
    history = gan.fit(
        endless_batches(images, batch_size, seed=seed, start=start),
        steps_per_epoch=stop - start,
        callbacks=[Progress(steps=stop - start)],
        verbose=0,
    )
    if int(gan.steps) < stop:
        raise SystemExit("The same command goes on from the last snapshot.")
    losses = {name: history.history[name][-1] for name in ("d_loss", "g_loss")}
    return time.perf_counter() - clock, losses


def _draw(generator, n):
    """The first ``n`` images of the fixed sequence of inputs z."""
    z = np.random.default_rng(0).standard_normal((n, generator.input_shape[-1]), np.float32)
    return generator.predict(z, batch_size=500, verbose=0)


def _accuracy(judge, split):
    answers = judge.predict(split.images, batch_size=500, verbose=0).argmax(axis=1)
    return round(float(np.mean(answers == split.labels)), 4)


def _adam(learning_rate, steps, beta_1=0.0):
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    return keras.optimizers.Adam(schedule, beta_1=beta_1, beta_2=0.99)


RECIPES = {
    "digit_judge": train_digit_judge,
    "digit_gan": train_digit_gan,
    "digit_gan_bundled": train_digit_gan_bundled,
}


def main(arguments=None):
    """Run the recipe named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m styleguard_edu.recipes", description=__doc__.splitlines()[0]
    )
    parser.add_argument("name", choices=RECIPES, help="the checkpoint to train")
    RECIPES[parser.parse_args(arguments).name]()


if __name__ == "__main__":
    main()
