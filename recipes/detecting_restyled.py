"""The recipe of lesson 06 for restyled digits: a network that finds damage beside the content."""

from functools import partial

from styleguard_edu.anomalies import GROUPS, benchmark_anomalies
from styleguard_edu.backend import keras
from styleguard_edu.checkpoints import Checkpoint, load_checkpoint
from styleguard_edu.datasets import load_digits
from styleguard_edu.guard import GUARDS
from styleguard_edu.images import to_rgb
from styleguard_edu.metrics import pixel_roc_auc, roc_auc, ssim
from styleguard_edu.networks import run_network, segmentation_network, style_classifier
from styleguard_edu.styles import STYLES

import numpy as np

from ._cards import save_with_card
from ._damage_training import POOL, Clean, train_segmenter, train_style_classifier, training_kinds
from ._detection_tables import detection_table, families_of
from ._snapshots import made_once
from .detecting import SOURCES, training_digits
from .restyling import true_renderings

STEPS, HELD_OUT_STEPS = 2_000, 1_000  # of the segmenter; of one that does not see all damage
LEARNING_RATE = 3e-3
CLASSIFIER_PASSES = 5  # over the restyled digits
CLASSIFIER_RATE = 2e-3  # its learning rate at the start
CALIBRATED = 2_000  # restyled calibration digits
FEW = 400  # test digits a kind of damage, for the card
MAKERS = ("generator", "snapshot_1000", "snapshot_300")  # of style_digits


def train_restyled_digit_detector(*, steps=STEPS, learning_rate=LEARNING_RATE, seed=0):
    """Train the networks of the guard of restyled digits, and calibrate it.

    A segmenter, and a classifier that tells the style. They learn from digits restyled by
    ``style_digits_other`` and damaged; no true rendering is shown to them. The guard is calibrated
    on true renderings of the calibration digits, for these are clean: of the work of a network
    only a part is.

    Parameters
    ----------
    steps : int
        Of the segmenter.
    learning_rate : float
        Of its Adam, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    networks, seconds = _trained(steps, learning_rate, seed)
    _calibrate_and_save(networks, _settings(steps, learning_rate, seed), seconds)


def train_restyled_digit_detector_held_out(
    *, steps=HELD_OUT_STEPS, learning_rate=LEARNING_RATE, seed=0
):
    """Train both networks four times, each without one group of damage; keep the measures only.

    Parameters are those of :func:`train_restyled_digit_detector`.
    """
    digits, rng = load_digits("mnist", verbose=False), np.random.default_rng(1)
    plain = digits.calibration.images[:CALIBRATED], digits.test.images[:FEW]
    clean_images = [true_renderings(x, random_codes(len(x), rng)) for x in plain]
    seconds, metrics = 0.0, {}
    for group in GROUPS:
        networks, more_seconds = _trained(steps, learning_rate, seed, without=group)
        detector = _detector(networks).calibrate(clean_images[0], content=plain[0])
        seconds += more_seconds
        unseen = families_of(group, colour=True)
        metrics[group] = detection_table(detector, clean_images[1], unseen, plain[1])
        print(group, metrics[group]["mean"], flush=True)
    save_with_card(
        "restyled_digit_detector_held_out",
        data="as restyled_digit_detector, without one group of damage at a time",
        settings=_settings(steps, learning_rate, seed),
        seconds=seconds,
        metrics=metrics,
        notes="metrics: each group found by the detector whose networks never saw it, at severity "
        f"3, on true renderings of the first {FEW:,} MNIST test digits",
    )


def measure_failures(detector, restyled, truth, content):
    """Are the worst restyled images found by a detector that never sees the truth?

    Parameters
    ----------
    detector : AnomalyDetector
    restyled, truth : ndarray of float, ``(n, 28, 28, 3)`` in [0, 1]
        What a generator made, and the true renderings.
    content : ndarray of float, ``(n, 28, 28, 1)`` in [0, 1]

    Returns
    -------
    dict of str to float
        ``auroc``: of finding the tenth with the least SSIM to the truth. ``found``, ``flagged``:
        shares flagged, of that tenth and of all. ``pixel_auroc``: of the map, for finding pixels
        more than 0.1 off the truth. ``worst_ssim``, ``mean_ssim``: of that tenth, and of all.
    """
    similarity = ssim(restyled, truth)
    worst = similarity <= np.quantile(similarity, 0.1)
    seen = detector.detect(restyled, content=content)
    few = slice(2_000)  # a million pixels are enough
    wrong = np.abs(restyled[few] - truth[few]).mean(axis=-1) > 0.1
    maps = seen.maps[few]
    return {
        "auroc": roc_auc(seen.scores[~worst], seen.scores[worst]),
        "found": float(seen.flagged[worst].mean()),
        "flagged": float(seen.flagged.mean()),
        "pixel_auroc": pixel_roc_auc(maps, wrong),
        "worst_ssim": float(similarity[worst].mean()),
        "mean_ssim": float(similarity.mean()),
    }


def random_codes(n, rng):
    """The numbers of n styles drawn at random, from 1, int ``(n,)``."""
    return rng.integers(1, len(STYLES) + 1, size=n)


def restyle_codes(generator, images, codes):
    """Restyle each digit in the style of its code.

    Parameters
    ----------
    generator : keras.Model
        Of the checkpoint ``style_digits`` or one of its relatives.
    images : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
    codes : ndarray of int, ``(n,)``

    Returns
    -------
    ndarray of float32, ``(n, 28, 28, 3)`` in [0, 1]
    """
    one_hot = np.eye(len(STYLES) + 1, dtype=np.float32)[codes]
    return run_network(generator, images=to_rgb(images), codes=one_hot)


def _settings(steps, learning_rate, seed):
    return {
        "steps": steps,
        "learning_rate": learning_rate,
        "classifier_passes": CLASSIFIER_PASSES,
        "classifier_rate": CLASSIFIER_RATE,
        "seed": seed,
    }


def _detector(networks):
    return GUARDS["restyled_digits"].build(Checkpoint("restyled_digit_detector", networks, {}))[0]


def _trained(steps, learning_rate, seed, without=None):
    """Both networks, trained once, and the seconds that took."""
    rng = np.random.default_rng(seed)
    digits = training_digits()
    content = digits[rng.integers(len(digits), size=POOL)]
    codes = random_codes(len(content), rng)
    other = load_checkpoint("style_digits_other").networks["generator"]
    restyled = restyle_codes(other, content, codes)
    kinds = training_kinds(colour=True, without=without)

    def clean(rng, n):
        rows = rng.permutation(len(content))[:n]
        return Clean(restyled[rows], content[rows], content[rows])

    def segmenter():
        keras.utils.set_random_seed(seed)
        network = segmentation_network(3, content_channels=1, strips=True)
        settings = {"steps": steps, "learning_rate": learning_rate, "seed": seed}
        train_segmenter(network, clean, kinds, **settings)
        return network

    def classifier():
        keras.utils.set_random_seed(seed)
        network, styles = style_classifier(len(STYLES)), codes - 1
        settings = {"passes": CLASSIFIER_PASSES, "learning_rate": CLASSIFIER_RATE, "seed": seed}
        train_style_classifier(network, Clean(restyled, content), styles, kinds, **settings)
        return network

    settings = {**_settings(steps, learning_rate, seed), "without": without}
    once = partial(made_once, settings=settings, made_from=["style_digits_other"])
    made = {
        "segmenter": once("restyled_segmenter", segmenter),
        "classifier": once("style_classifier", classifier),
    }
    networks, seconds = ({role: one[k] for role, one in made.items()} for k in (0, 1))
    return networks, sum(seconds.values())


def _calibrate_and_save(networks, settings, seconds):
    detector, arrays, metrics = _detector(networks), {}, {}
    makers = load_checkpoint("style_digits").networks
    rng = np.random.default_rng(settings["seed"])
    for source in SOURCES:
        digits = load_digits(source, verbose=False)
        plain = digits.calibration.images[:CALIBRATED]
        detector.calibrate(true_renderings(plain, random_codes(len(plain), rng)), content=plain)
        arrays |= {f"{source}_{key}": value for key, value in detector.calibration().items()}
        plain = digits.test.images
        codes = random_codes(len(plain), rng)
        truth = true_renderings(plain, codes)
        metrics[source] = {
            maker: measure_failures(
                detector, restyle_codes(makers[maker], plain, codes), truth, plain
            )
            for maker in MAKERS
        }
        metrics[source] |= detection_table(
            detector, truth[:FEW], benchmark_anomalies(colour=True), plain[:FEW]
        )
    save_with_card(
        "restyled_digit_detector",
        networks,
        data="digits of both train splits, restyled by style_digits_other and damaged; calibrated "
        "on true renderings of the calibration splits",
        settings=settings,
        seconds=seconds,
        metrics=metrics,
        notes="metrics: for each network of style_digits, how the tenth of its test digits that is "
        "furthest from the truth is found; then damage at severity 3, on true renderings of the "
        f"first {FEW:,} test digits of each source",
        arrays=arrays,
    )
