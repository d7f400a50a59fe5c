"""The recipe of lesson 06 for restyled digits: a network that finds damage beside the content."""

import time

import numpy as np

from ..anomalies import families
from ..backend import keras
from ..checkpoints import Checkpoint, load_checkpoint
from ..datasets import load_digits
from ..detection_metrics import pixel_roc_auc, roc_auc
from ..detector_networks import network_outputs, segmentation_network
from ..guard import BUILDERS
from ..images import in_colour
from ..metrics import ssim
from ..styles import STYLES, render_style
from ._cards import save_with_card
from ._damage_training import POOL, Clean, train_segmenter, training_kinds
from ._detection_tables import detection_table
from .detecting import SOURCES, training_digits

CALIBRATED = 2_000  # restyled calibration digits
FEW = 400  # test digits a kind of damage, for the card
MAKERS = ("generator", "snapshot_1000", "snapshot_300")  # of style_digits


def train_restyled_digit_detector(*, steps=2_000, learning_rate=3e-3, seed=0):
    """Train the segmenter of restyled digits, and calibrate their guard.

    It learns from digits restyled by ``style_digits_other`` and is calibrated on the work of
    ``style_digits``, which it guards; no true rendering is shown to it.

    Parameters
    ----------
    steps : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    started = time.perf_counter()
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    digits = training_digits()
    content = digits[rng.integers(len(digits), size=POOL)]
    other = load_checkpoint("style_digits_other").networks["generator"]
    restyled = restyle_codes(other, content, random_codes(len(content), rng))
    segmenter = segmentation_network(3, content_channels=1, strips=True)

    def clean(rng, n):
        rows = rng.permutation(len(content))[:n]
        return Clean(restyled[rows], content[rows], content[rows])

    train_segmenter(
        segmenter,
        clean,
        training_kinds(colour=True),
        steps=steps,
        learning_rate=learning_rate,
        seed=seed,
    )
    seconds = time.perf_counter() - started
    settings = {"steps": steps, "learning_rate": learning_rate, "seed": seed}
    _calibrate_and_save(segmenter, settings, seconds)


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
        ``auroc``: of finding the tenth with the least SSIM to the truth. ``pixel_auroc``: of the
        map, for finding pixels more than 0.1 off the truth. ``worst_ssim``, ``mean_ssim``: of that
        tenth, and of all.
    """
    similarity = ssim(restyled, truth)
    worst = similarity <= np.quantile(similarity, 0.1)
    scores = detector.anomaly_score(restyled, content)
    few = slice(2_000)  # a million pixels are enough
    wrong = np.abs(restyled[few] - truth[few]).mean(axis=-1) > 0.1
    maps = detector.anomaly_map(restyled[few], content[few])
    found = {
        "auroc": roc_auc(scores[~worst], scores[worst]),
        "pixel_auroc": pixel_roc_auc(maps, wrong),
        "worst_ssim": float(similarity[worst].mean()),
        "mean_ssim": float(similarity.mean()),
    }
    return {name: round(value, 4) for name, value in found.items()}


def true_renderings(images, codes):
    """What a perfect generator would make: digits rendered in the style of each code.

    Parameters
    ----------
    images : ndarray of float, ``(n, 28, 28, 1)`` in [0, 1]
    codes : ndarray of float, ``(n, styles + 1)``
        One 1 a row, as from :func:`random_codes`.

    Returns
    -------
    ndarray of float32, ``(n, 28, 28, 3)`` in [0, 1]
    """
    truth = np.empty((*images.shape[:3], 3), np.float32)
    for k, style in enumerate(STYLES, start=1):
        rows = codes[:, k] == 1
        if rows.any():
            truth[rows] = render_style(images[rows], style)
    return truth


def random_codes(n, rng):
    """Codes of n styles drawn at random, float32 ``(n, styles + 1)``."""
    return np.eye(len(STYLES) + 1, dtype=np.float32)[rng.integers(1, len(STYLES) + 1, size=n)]


def restyle_codes(generator, images, codes):
    """Restyle each digit in the style of its code.

    Parameters
    ----------
    generator : keras.Model
        Of the checkpoint ``style_digits`` or one of its relatives.
    images : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
    codes : ndarray of float32, ``(n, styles + 1)``

    Returns
    -------
    ndarray of float32, ``(n, 28, 28, 3)`` in [0, 1]
    """
    return network_outputs(generator, images=in_colour(images), codes=codes)


def _calibrate_and_save(segmenter, settings, seconds):
    networks, arrays, metrics = {"segmenter": segmenter}, {}, {}
    detector, _ = BUILDERS["restyled_digits"](Checkpoint("restyled_digit_detector", networks, {}))
    makers = load_checkpoint("style_digits").networks
    rng = np.random.default_rng(settings["seed"])
    for source in SOURCES:
        digits = load_digits(source, verbose=False)
        plain = digits.calibration.images[:CALIBRATED]
        restyled = restyle_codes(makers["generator"], plain, random_codes(len(plain), rng))
        detector.calibrate(restyled, plain)
        arrays |= {f"{source}_{key}": value for key, value in detector.calibration().items()}
        plain = digits.test.images
        codes = random_codes(len(plain), rng)
        metrics[source] = {
            maker: measure_failures(
                detector,
                restyle_codes(makers[maker], plain, codes),
                true_renderings(plain, codes),
                plain,
            )
            for maker in MAKERS
        }
        plain = plain[:FEW]
        restyled = restyle_codes(makers["generator"], plain, codes[:FEW])
        metrics[source] |= detection_table(detector, restyled, families(colour=True), plain)
    save_with_card(
        "restyled_digit_detector",
        networks,
        data="digits of both train splits, restyled by style_digits_other and damaged; calibrated "
        "on digits restyled by style_digits",
        settings=settings,
        seconds=seconds,
        metrics=metrics,
        notes="metrics: for each network of style_digits, how the tenth of its test digits that is "
        f"furthest from the truth is found; then damage at severity 3, on the first {FEW:,} test "
        "digits of each source, restyled by style_digits",
        arrays=arrays,
    )
