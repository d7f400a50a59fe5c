"""The recipes of lessons 01 and 02: the judge of digits, and GANs that draw digits."""

import time

from styleguard_edu.backend import keras
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.datasets import load_digits
from styleguard_edu.images import to_uint8
from styleguard_edu.metrics import (
    feature_statistics,
    frechet_distance,
    nearest_neighbours,
    precision_recall,
)
from styleguard_edu.models import GAN, endless_batches
from styleguard_edu.networks import (
    digit_discriminator,
    digit_generator,
    digit_judge,
    feature_extractor,
    run_network,
)

import numpy as np

from ._cards import save_with_card
from ._snapshots import cosine_adam, snapshot_steps, train_with_snapshots

MEASURED = 10_000  # images a Fréchet distance is computed from
COMPARED = 2_000  # images a side for precision and recall while training
COPIES_SOUGHT = 400  # images whose nearest training image is looked for


def train_digit_judge(*, epochs=8, batch_size=128, learning_rate=1e-3, seed=0):
    """Train the classifier that judges digits, on MNIST's training split alone.

    Kept with it: ``mean`` and ``covariance`` of its features on the MNIST test split, the
    reference of every Fréchet distance in the course; and for precision and recall ``features``,
    those of the first 2,000 test images, and ``other_features``, the same of calibration images.

    Parameters
    ----------
    epochs, batch_size : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    settings = dict(locals())  # what it was called with
    digits, bundled = load_digits("mnist"), load_digits("bundled", verbose=False)
    keras.utils.set_random_seed(seed)
    judge = digit_judge()
    steps = epochs * -(-len(digits.train.images) // batch_size)
    judge.compile(
        cosine_adam(learning_rate, steps, beta_1=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    started = time.perf_counter()
    judge.fit(
        digits.train.images, digits.train.labels, batch_size=batch_size, epochs=epochs, verbose=2
    )
    seconds = time.perf_counter() - started
    extractor = feature_extractor(judge)
    features, calibration = (
        run_network(extractor, images=part.images) for part in (digits.test, digits.calibration)
    )
    reference = feature_statistics(features)
    floor = frechet_distance(feature_statistics(calibration), reference)
    real = precision_recall(features, calibration)
    save_with_card(
        "digit_judge",
        {"judge": judge},
        data="MNIST train split (50,000 images)",
        settings=settings,
        seconds=seconds,
        metrics={
            "accuracy_mnist_test": _accuracy(judge, digits.test),
            "accuracy_bundled_test": _accuracy(judge, bundled.test),
            "frechet_floor": floor,
            "precision_real_against_real": real.precision,
            "recall_real_against_real": real.recall,
        },
        notes="floor and real against real: MNIST calibration split against test split, "
        "10,000 images each",
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
    Fréchet distance, precision, recall), and ``samples``, the same 64 inputs z at each of them.

    Parameters
    ----------
    steps, batch_size : int
    learning_rate : float
        Of both Adams, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    settings = dict(locals())  # what it was called with
    mnist, bundled = load_digits("mnist"), load_digits("bundled", verbose=False)
    _train_and_save(
        "digit_gan",
        np.concatenate([mnist.train.images, bundled.train.images]),
        "MNIST train split (50,000 images) and bundled train split (997 images)",
        mnist.test.images,
        **settings,
    )


def train_digit_gan_bundled(*, steps=6_000, batch_size=64, learning_rate=1e-3, seed=0):
    """Train the same GAN on the 997 bundled training digits alone, to show what few data cost.

    Parameters and what is kept are those of :func:`train_digit_gan`, but for the discriminator.
    """
    settings = dict(locals())  # what it was called with
    bundled = load_digits("bundled")
    _train_and_save(
        "digit_gan_bundled",
        bundled.train.images,
        "bundled train split (997 images)",
        bundled.test.images,
        generator_only=True,
        **settings,
    )


def _train_and_save(name, images, data, new, *, generator_only=False, **settings):
    """Train a digit GAN on ``images`` and save it with its card and its log; ``new`` are real
    images that it has not seen."""
    steps, rate, seed = settings["steps"], settings["learning_rate"], settings["seed"]
    keras.utils.set_random_seed(seed)
    gan = GAN(digit_generator(), digit_discriminator(), seed=seed)
    gan.compile(cosine_adam(rate, steps), cosine_adam(rate, steps))
    judge = load_checkpoint("digit_judge")
    log = train_with_snapshots(
        gan,
        lambda start: endless_batches(images, settings["batch_size"], seed=seed, start=start),
        lambda: _snapshot(gan.ema_generator, judge),
        snapshot_steps(steps),
        name=name,
        settings=settings,
    )
    real = load_digits("mnist", verbose=False).test.images
    metrics = measure_generator(gan.ema_generator, judge, real)
    metrics["nearest_training_image"] = nearest_training_image(gan.ema_generator, images, new)
    networks = {"generator": gan.ema_generator}
    if not generator_only:
        networks["discriminator"] = gan.discriminator
    save_with_card(
        name,
        networks,
        data=data,
        settings=settings,
        seconds=log["seconds"][-1],
        metrics=metrics,
        notes="generator: the EMA generator. Measured against MNIST's test "
        "split, 10,000 images a side; precision and recall in the log from 2,000. "
        "nearest_training_image: median distance of 400 drawn and of 400 new real images",
        arrays=log,
    )


def _snapshot(generator, judge):
    """What the log keeps of one moment of the training."""
    measures = measure_generator(generator, judge, compared=COMPARED)
    print(f"Fréchet distance {measures['frechet_distance']:7.2f}")
    return {**measures, "samples": to_uint8(_draw(generator, 64))[..., 0]}


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
        How many images a side enter precision and recall, at most as many as there are real ones.

    Returns
    -------
    dict of str to float
        ``frechet_distance``, ``precision``, ``recall``, and the shares of the rarest and the most
        frequent digit as read by the judge, times ten (1 is an equal share).
    """
    images = _draw(generator, MEASURED)
    answers = run_network(judge.networks["judge"], images=images).argmax(axis=1)
    shares = np.bincount(answers, minlength=10) * 10 / len(answers)
    return {
        **measure_images(images, judge, real, compared=compared),
        "rarest_digit": float(shares.min()),
        "commonest_digit": float(shares.max()),
    }


def measure_images(images, judge, real=None, *, compared=COMPARED):
    """Fréchet distance, precision and recall of drawn digits, by the judge's features.

    Parameters
    ----------
    images : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
    judge, real, compared
        As for :func:`measure_generator`.

    Returns
    -------
    dict of str to float
    """
    extractor = feature_extractor(judge.networks["judge"])
    features = run_network(extractor, images=images)
    real = judge.arrays["features"] if real is None else run_network(extractor, images=real)
    compared = min(compared, len(real))
    quality = precision_recall(real[:compared], features[:compared])
    reference = (judge.arrays["mean"], judge.arrays["covariance"])
    return {
        "frechet_distance": frechet_distance(feature_statistics(features), reference),
        "precision": quality.precision,
        "recall": quality.recall,
    }


def nearest_training_image(generator, images, new):
    """How far drawn and new real images lie from the nearest training image.

    Parameters
    ----------
    generator : keras.Model
        As for :func:`measure_generator`.
    images, new : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
        What it learnt from; real images that it has not seen.

    Returns
    -------
    dict of str to float
        ``drawn``, ``new``: median Euclidean distance, from 400 images each or all if there are
        fewer.
    """
    sets = {"drawn": _draw(generator, COPIES_SOUGHT), "new": new[:COPIES_SOUGHT]}
    return {
        name: float(np.median(nearest_neighbours(some, images)[0])) for name, some in sets.items()
    }


def _draw(generator, n):
    """The first ``n`` images of the fixed sequence of inputs z."""
    z = np.random.default_rng(0).standard_normal((n, generator.input_shape[-1]), np.float32)
    return run_network(generator, z=z)


def _accuracy(judge, split):
    answers = run_network(judge, images=split.images).argmax(axis=1)
    return float(np.mean(answers == split.labels))
