"""The recipes of lesson 06: networks that find damage in digits."""

import time

import numpy as np

from ..anomalies import GROUPS, families
from ..backend import keras
from ..checkpoints import Checkpoint, load_checkpoint
from ..datasets import load_digits
from ..detector_networks import hidden_features, segmentation_network
from ..detectors import PatchDetector
from ..guard import BUILDERS
from ._cards import save_with_card
from ._damage_training import detection_table, train_encoder, train_segmenter, training_kinds

SOURCES = ("mnist", "bundled")
MEASURED = 2_000  # test images a kind, for the cards


def train_digit_detector(*, steps=3_000, learning_rate=3e-3, seed=0):
    """Train the segmenter and the encoder of lesson 06, and calibrate the guard of plain digits.

    Kept with them: the statistics of the patch detector, and what calibration on each source's
    calibration split gave.

    Parameters
    ----------
    steps : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    started = time.perf_counter()
    clean = training_digits()
    segmenter = _digit_segmenter(clean, training_kinds(), steps, learning_rate, seed)
    gan = load_checkpoint("digit_gan").networks
    encoder = train_encoder(
        gan["generator"], gan["discriminator"], clean, steps=steps, learning_rate=1e-3, seed=seed
    )
    patches = PatchDetector(hidden_features(gan["discriminator"], 0)).fit(clean[:10_000])
    seconds = time.perf_counter() - started
    networks = {"segmenter": segmenter, "encoder": encoder}
    arrays = {"mean": patches.mean_, "whitener": patches.whitener_}
    detector = BUILDERS["digits"](Checkpoint("digit_detector", networks, {}, arrays))
    metrics = {}
    for source in SOURCES:
        digits = load_digits(source, verbose=False)
        detector.calibrate(digits.calibration.images)
        arrays |= {f"{source}_{key}": value for key, value in detector.calibration().items()}
        metrics[source] = detection_table(detector, digits.test.images[:MEASURED], families())
    save_with_card(
        "digit_detector",
        networks,
        data="MNIST train split (50,000 images) and, five times over, the bundled train split "
        "(997), damaged",
        settings={"steps": steps, "learning_rate": learning_rate, "seed": seed},
        seconds=seconds,
        metrics=metrics,
        notes=f"metrics: at severity 3, on the first {MEASURED:,} test digits of each source",
        arrays=arrays,
    )


def train_digit_detector_held_out(*, steps=1_500, learning_rate=3e-3, seed=0):
    """Train the segmenter four times, each without one group of damage; keep the measures only.

    Parameters are those of :func:`train_digit_detector`.
    """
    started, metrics, clean = time.perf_counter(), {}, training_digits()
    digits = load_digits("mnist", verbose=False)
    reference = load_checkpoint("digit_detector")
    for group, names in GROUPS.items():
        segmenter = _digit_segmenter(
            clean, training_kinds(without=group), steps, learning_rate, seed
        )
        networks = {**reference.networks, "segmenter": segmenter}
        detector = BUILDERS["digits"](
            Checkpoint("digit_detector", networks, {}, reference.arrays)
        ).calibrate(digits.calibration.images)
        unseen = {name: kind for name, kind in families().items() if name in names}
        metrics[group] = detection_table(detector, digits.test.images[:MEASURED], unseen)
        print(group, metrics[group]["mean"], flush=True)
    save_with_card(
        "digit_detector_held_out",
        {},
        data="as digit_detector, without one group of damage at a time",
        settings={"steps": steps, "learning_rate": learning_rate, "seed": seed},
        seconds=time.perf_counter() - started,
        metrics=metrics,
        notes="metrics: each group found by the detector whose segmenter never saw it, at "
        f"severity 3, on the first {MEASURED:,} MNIST test digits",
    )


def _digit_segmenter(clean, kinds, steps, learning_rate, seed):
    keras.utils.set_random_seed(seed)
    network = segmentation_network()
    train_segmenter(
        network,
        lambda rng, n: (clean[rng.integers(len(clean), size=n)], None),
        kinds,
        steps=steps,
        learning_rate=learning_rate,
        seed=seed,
    )
    return network


def training_digits():
    """Both train splits; the bundled digits, few as they are, five times."""
    mnist, bundled = (load_digits(name, verbose=False).train.images for name in SOURCES)
    return np.concatenate([mnist, *[bundled] * 5])
