"""The recipe of lesson 06 for photos: a network that finds local damage in restyled ones."""

import time

import numpy as np

from ..anomalies import KINDS
from ..backend import keras
from ..checkpoints import Checkpoint, load_checkpoint
from ..detector_networks import segmentation_network
from ..gallery import PHOTO_SPLITS, load_paintings, load_photos
from ..guard import BUILDERS
from ..painting_style import PaintingStyle
from ..pictures import fit_short_side, matched
from ._cards import save_with_card
from ._damage_training import measure_localisation, train_segmenter
from .painting import measured_photos, middle

CROP = 96  # pixels a side
POOL = 3_000  # crops damaged afresh each round
SIZES = (200, 260, 340)  # pixels of the shorter side at which photos are restyled
# Lengths in pixels are two to four times those of digits; the middle one of three is measured.
PHOTO_ANOMALIES = {
    "noise": (0.07, 0.12, 0.2),
    "salt_and_pepper": (0.03, 0.08, 0.15),
    "blur": (1.2, 2.0, 3.5),
    "motion_blur": (7.0, 11.0, 17.0),
    "pixelation": (3, 5, 8),
    "deformation": (2.5, 4.0, 6.0),
    "occlusion": (16, 28, 40),
    "block_loss": (0.03, 0.08, 0.15),
    "brightness": (0.3, 0.45, 0.6),
    "checkerboard": (0.08, 0.14, 0.22),
    "ghost": (0.25, 0.35, 0.5),
    "colour_cast": (0.1, 0.18, 0.3),
    "style_leak": (0.05, 0.12, 0.25),
}


def photo_kinds(level, *, local=True):
    """Damage in sizes fit for photos.

    Parameters
    ----------
    level : {0, 1, 2}
        Light, medium (the one that is measured), gross.
    local : bool
        In a part of the picture only.

    Returns
    -------
    dict of str to Anomaly
    """
    return {
        name: KINDS[name](**{KINDS[name]().parameter: values[level]}, local=local)
        for name, values in PHOTO_ANOMALIES.items()
    }


def train_photo_detector(*, steps=3_000, learning_rate=3e-3, seed=0):
    """Train the segmenter of restyled photos, and calibrate their guard.

    It learns from the training photos restyled by ``paintings_other``; it is calibrated on the
    training photos and the bundled paintings themselves, restyled by ``paintings``, which it
    guards, and measured on the test photos restyled by ``paintings``.

    Parameters
    ----------
    steps : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    started = time.perf_counter()
    keras.utils.set_random_seed(seed)
    photos = load_photos()
    practice = [photos[name] for name in PHOTO_SPLITS["train"]]
    pairs = [
        (picture, matched(photo, picture))  # as the detector sees it
        for side in SIZES
        for picture, photo in restyled_pairs(
            "paintings_other", [fit_short_side(photo, side) for photo in practice], seed=side
        )
    ]
    # a large damaged part fills a crop: so the whole crop as well
    kinds = [
        kind
        for level in range(3)
        for local in (True, False)
        for kind in photo_kinds(level, local=local).values()
    ]
    segmenter = segmentation_network(3, content_channels=3, depth=3)
    train_segmenter(
        segmenter,
        lambda rng, n: _random_crops(rng, pairs, n),
        kinds,
        steps=steps,
        learning_rate=learning_rate,
        batch_size=8,
        pool=POOL,
        seed=seed,
    )
    seconds = time.perf_counter() - started
    detector = BUILDERS["photos"](Checkpoint("photo_detector", {"segmenter": segmenter}, {}))
    scenes = [middle(picture) for picture in (*practice, *load_paintings().values())]
    detector.calibrate(*stacked(restyled_pairs("paintings", scenes, seed=1)))
    arrays = {f"photos_{key}": value for key, value in detector.calibration().items()}
    save_with_card(
        "photo_detector",
        {"segmenter": segmenter},
        data=f"photos {', '.join(PHOTO_SPLITS['train'])} restyled by paintings_other and damaged; "
        "calibrated on them and on the bundled paintings, restyled by paintings",
        settings={"steps": steps, "learning_rate": learning_rate, "seed": seed},
        seconds=seconds,
        metrics=measure_photo_detector(detector),
        notes=f"metrics: photos {', '.join(PHOTO_SPLITS['test'])} at 384x256, restyled by "
        "paintings: the share of clean tiles flagged, and the AUROC of the pixels of local damage",
        arrays=arrays,
    )


def measure_photo_detector(detector):
    """Clean tiles flagged, and pixels of local damage found, on the test photos.

    Parameters
    ----------
    detector : TiledDetector
        Calibrated.

    Returns
    -------
    dict of str to float
        ``false_alarm_rate`` of the tiles; ``pixel_auroc``, the mean, and that of each kind.
    """
    pictures, content = stacked(restyled_pairs("paintings", measured_photos().values(), seed=2))
    flagged = detector.tile_scores(pictures, content) > detector.threshold_
    found = measure_localisation(detector, pictures, photo_kinds(1), content=content)
    metrics = {
        "false_alarm_rate": float(flagged.mean()),
        "pixel_auroc": float(np.mean(list(found.values()))),
        **found,
    }
    return {name: round(value, 4) for name, value in metrics.items()}


def restyled_pairs(checkpoint, photos, *, seed):
    """Photos restyled in every painting's style, each with its photo.

    Parameters
    ----------
    checkpoint : str
        ``"paintings"`` or ``"paintings_other"``.
    photos : iterable of ndarray of float, ``(height, width, 3)`` in [0, 1]
    seed : int
        Of the grain.

    Returns
    -------
    list of tuple of ndarray
        The restyled picture and the photo, both ``(height, width, 3)``.
    """
    networks = load_checkpoint(checkpoint).networks
    style = PaintingStyle(load_paintings(), **networks)
    return [
        (style.transfer(photo, name, seed=seed + k), photo)
        for k, photo in enumerate(photos)
        for name in style.names
    ]


def stacked(pairs):
    """Pairs of one size as two batches: the restyled pictures, and the photos."""
    return tuple(np.stack(part) for part in zip(*pairs, strict=True))


def _random_crops(rng, pairs, n):
    """Crops of restyled pictures, and of the photos at the same places; half are mirrored."""
    pictures = np.empty((n, CROP, CROP, 3), np.float32)
    content = np.empty_like(pictures)
    for k, index in enumerate(rng.integers(len(pairs), size=n)):
        height, width = pairs[index][0].shape[:2]
        top, left = rng.integers(height - CROP + 1), rng.integers(width - CROP + 1)
        step = rng.choice((-1, 1))
        for crops, whole in zip((pictures, content), pairs[index], strict=True):
            crops[k] = whole[top : top + CROP, left : left + CROP][:, ::step]
    return pictures, content
