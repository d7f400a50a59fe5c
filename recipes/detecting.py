"""The recipes of lesson 06: networks that find damage in digits."""

from styleguard_edu.anomalies import GROUPS, benchmark_anomalies
from styleguard_edu.backend import keras
from styleguard_edu.checkpoints import Checkpoint, load_checkpoint
from styleguard_edu.correctors import transformed
from styleguard_edu.datasets import load_digits
from styleguard_edu.detectors import PatchDetector
from styleguard_edu.guard import GUARDS, StyleGuard
from styleguard_edu.networks import hidden_features, segmentation_network

import numpy as np

from ._cards import save_with_card
from ._damage_training import Clean, train_encoder, train_segmenter, training_kinds
from ._detection_tables import detection_table, families_of, measure_detection
from ._formless import with_formless
from ._snapshots import made_once

SOURCES = ("mnist", "bundled")
MEASURED = 2_000  # test images a kind, for the cards
STEPS, HELD_OUT_STEPS = 6_000, 3_000  # of the segmenter; of one that does not see all damage
LEARNING_RATE = 3e-3
FORMLESS = 1 / 3  # as many more steps with damage of no kind; and of the learning rate there
RESAMPLED_SHARE = 0.3  # of the clean digits
# Largest shift down and across in pixels, angle in degrees, log of the factor, shear.
RESAMPLING = np.array([6.0, 6.0, 30.0, 0.4, 0.5])


def train_digit_detector(*, steps=STEPS, encoder_steps=3_000, learning_rate=LEARNING_RATE, seed=0):
    """Train the segmenter and the encoder of lesson 06, and calibrate the guard of plain digits.

    Kept with them: the statistics of the patch detector, and what calibration on each source's
    calibration split gave.

    Parameters
    ----------
    steps, encoder_steps : int
        Of the segmenter and of the encoder. The segmenter is then trained on, a third as long and
        at a third of the learning rate, with damage of no kind among the damage.
    learning_rate : float
        Of the segmenter's Adam, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    settings = dict(locals())  # what it was called with
    clean = training_digits()
    segmenter, seconds = digit_segmenter(seed, steps=steps, learning_rate=learning_rate)
    gan = load_checkpoint("digit_gan").networks
    encoder, more_seconds = made_once(
        "digit_encoder",
        lambda: _encoder(gan, clean, encoder_steps, seed),
        settings={"steps": encoder_steps, "seed": seed},
        made_from=["digit_gan"],
    )
    patches = PatchDetector(hidden_features(gan["discriminator"], 0)).fit(clean[:10_000])
    networks = {"segmenter": segmenter, "encoder": encoder}
    arrays = {"mean": patches.mean_, "whitener": patches.whitener_}
    detector, _ = GUARDS["digits"].build(Checkpoint("digit_detector", networks, {}, arrays))
    metrics = {}
    for source in SOURCES:
        digits = load_digits(source, verbose=False)
        detector.calibrate(digits.calibration.images)
        arrays |= {f"{source}_{key}": value for key, value in detector.calibration().items()}
        metrics[source] = detection_table(
            detector, digits.test.images[:MEASURED], benchmark_anomalies()
        )
    save_with_card(
        "digit_detector",
        networks,
        data="MNIST train split (50,000 images) and, five times over, the bundled train split "
        "(997), damaged",
        settings={**settings, "further_steps": further_steps(steps)},
        seconds=seconds + more_seconds,
        metrics=metrics,
        notes=f"metrics: at severity 3, on the first {MEASURED:,} test digits of each source",
        arrays=arrays,
    )


def train_digit_detector_held_out(*, steps=HELD_OUT_STEPS, learning_rate=LEARNING_RATE, seed=0):
    """Train the segmenter four times, each without one group of damage; keep the measures only.

    Parameters are those of :func:`train_digit_detector`.
    """
    settings = dict(locals())  # what it was called with
    seconds, metrics = 0.0, {}
    digits = load_digits("mnist", verbose=False)
    images = digits.test.images[:MEASURED]
    for group in GROUPS:
        segmenter, more_seconds = digit_segmenter(**settings, without=group)
        detector = guard_of_digits(segmenter, "mnist").detector
        seconds += more_seconds
        unseen = families_of(group)
        metrics[group] = detection_table(detector, images, unseen)
        alone = detector.parts["segmentation"].calibrate(digits.calibration.images)
        for name, row in measure_detection(alone, images, unseen).items():
            metrics[group][name] |= {f"{key}_alone": value for key, value in row.items()}
        print(group, metrics[group]["mean"], flush=True)
    save_with_card(
        "digit_detector_held_out",
        data="as digit_detector, without one group of damage at a time",
        settings={**settings, "further_steps": further_steps(steps)},
        seconds=seconds,
        metrics=metrics,
        notes="metrics: each group found by the detector whose segmenter never saw it, at "
        f"severity 3, on the first {MEASURED:,} MNIST test digits; _alone: by that segmenter alone",
    )


def guard_of_digits(segmenter, source):
    """The guard of plain digits with another segmenter, calibrated on a source.

    Parameters
    ----------
    segmenter : keras.Model
    source : {"mnist", "bundled"}

    Returns
    -------
    StyleGuard
    """
    reference = load_checkpoint("digit_detector")
    networks = {**reference.networks, "segmenter": segmenter}
    built = GUARDS["digits"].build(Checkpoint("digit_detector", networks, {}, reference.arrays))
    built[0].calibrate(load_digits(source, verbose=False).calibration.images)
    return StyleGuard(*built, **GUARDS["digits"].settings)


def further_steps(steps):
    """Training steps with damage of no kind, after ``steps`` without."""
    return round(steps * FORMLESS)


def digit_segmenter(seed=0, *, steps=STEPS, learning_rate=LEARNING_RATE, without=None):
    """The segmenter of digits, trained once from a seed, and the seconds that took.

    It learns from all kinds of damage, or all but those of the group ``without``, and then goes on
    with damage of no kind among them.
    """
    further, kinds = further_steps(steps), training_kinds(without=without)

    def train():
        keras.utils.set_random_seed(seed)
        network, digits = segmentation_network(strips=True), training_digits()

        def clean(rng, n):
            return Clean(_some_resampled(digits[rng.integers(len(digits), size=n)], rng))

        train_segmenter(network, clean, kinds, steps=steps, learning_rate=learning_rate, seed=seed)
        keras.utils.set_random_seed(seed + 100)
        train_segmenter(
            network,
            clean,
            with_formless(kinds),
            steps=further,
            learning_rate=learning_rate * FORMLESS,
            seed=seed + 100,
        )
        return network

    settings = {"steps": [steps, further], "learning_rate": learning_rate, "seed": seed}
    return made_once("digit_segmenter", train, settings={**settings, "without": without})


def _encoder(gan, images, steps, seed):
    keras.utils.set_random_seed(seed)
    return train_encoder(
        gan["generator"], gan["discriminator"], images, steps=steps, learning_rate=1e-3, seed=seed
    )


def _some_resampled(images, rng):
    """Part of the digits moved, turned, resized or slanted, and back.

    A digit that was realigned is softer than one that was not, and clean: not to be flagged.
    """
    images = images.copy()
    rows = np.flatnonzero(rng.random(len(images)) < RESAMPLED_SHARE)
    draws = rng.uniform(-1, 1, (len(rows), 5)) * RESAMPLING
    one = rng.integers(4, size=len(rows))[:, np.newaxis]  # one of four is undone exactly
    transforms = np.where(np.maximum(np.arange(5) - 1, 0) == one, draws, 0)
    images[rows] = transformed(transformed(images[rows], transforms), -transforms)
    return images


def training_digits():
    """Both train splits; the bundled digits, few as they are, five times."""
    mnist, bundled = (load_digits(name, verbose=False).train.images for name in SOURCES)
    return np.concatenate([mnist, *[bundled] * 5])
