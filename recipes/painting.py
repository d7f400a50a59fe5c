"""The recipes of lesson 04: one network for all bundled paintings, and how results are measured."""

import time

from styleguard_edu.backend import keras
from styleguard_edu.gallery import PHOTO_SPLITS, load_paintings, load_photos, measured_photos
from styleguard_edu.images import to_uint8
from styleguard_edu.metrics import restyling as texture
from styleguard_edu.models import PaintingStyle
from styleguard_edu.models.painting_crops import CROP, CROPS, SHORT_SIDE
from styleguard_edu.pictures import fit_short_side, match_histogram

import numpy as np

from ._cards import save_with_card
from ._snapshots import cosine_adam, train_with_snapshots
from .plain_painting import plain_painting_generator

STOPS = (0, 100, 300, 1_000, 3_000)  # steps at which the training is looked at, before the end
MEASURES = {  # name -> number, from the result, the photo and the painting
    "texture": lambda result, photo, painting: texture.texture_distance(result, painting),
    "structure": lambda result, photo, painting: texture.structure_score(result, photo),
    "halo": lambda result, photo, painting: texture.halo_strength(result, photo),
    "frame": lambda result, photo, painting: texture.frame_strength(result, photo),
    "checkerboard": lambda result, photo, painting: texture.checkerboard_strength(result),
}
BASELINE = ("texture", "structure")  # what is also measured on the baseline


def train_paintings(*, steps=5_000, learning_rate=1e-3, seed=0):
    """Train the reference network of lesson 04: all bundled paintings, the training photos.

    The log keeps a small photo repainted in every style at a few moments.

    Parameters
    ----------
    steps : int
    learning_rate : float
        Of both Adams, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    _train_and_save("paintings", **locals())


def train_paintings_other(*, steps=5_000, learning_rate=1e-3, seed=1):
    """Train the same network from another seed, for guards; parameters as the first, no log."""
    _train_and_save("paintings_other", keep_log=False, **locals())


def train_paintings_ablations(*, steps=800, painting="mosaic", seed=0):
    """Train on one painting, in full and with parts left out, for a short time.

    Kept: a repainted photo by each, uint8 ``(256, 384, 3)`` named after what is left out, and
    their measures. ``plain`` is the textbook network, held to the drawing alone.

    Parameters
    ----------
    steps : int
    painting : str
    seed : int
    """
    settings = dict(locals())  # what it was called with
    target, photos = load_paintings()[painting], load_photos()
    practice = [photos[name] for name in PHOTO_SPLITS["train"]]
    weights = {
        "complete": {},
        "no_content": {"content_weight": 0.0, "tone_weight": 0.0},
        "no_discriminator": {"adversarial_weight": 0.0},
        "plain": {"tone_weight": 0.0},
    }
    arrays, metrics, started = {}, {}, time.perf_counter()
    for name, terms in weights.items():
        keras.utils.set_random_seed(seed)
        generator = plain_painting_generator() if name == "plain" else None
        style = PaintingStyle(target, generator=generator, seed=seed)
        style.compile(**terms)
        style.fit(practice, steps=steps)
        arrays[name] = to_uint8(style.transfer(measured_photos()["chelsea"])[np.newaxis])[0]
        metrics[name] = measure_repainting(style.transfer, target, measured_photos())
    save_with_card(
        "paintings_ablations",
        data=f"photos {', '.join(PHOTO_SPLITS['train'])}; painting {painting}",
        settings=settings,
        seconds=time.perf_counter() - started,
        metrics=metrics,
        notes="arrays: chelsea at 384x256, repainted. metrics: mean over the test photos.",
        arrays=arrays,
    )


def measure_repainting(repaint, painting, photos, *, only=MEASURES):
    """Judge repainted photos, mean over the photos.

    Parameters
    ----------
    repaint : callable
        ``repaint(photo) -> (256, 384, 3)`` in [0, 1].
    painting : ndarray of float, ``(height, width, 3)`` in [0, 1]
        The style; brought to a shorter side of 360 pixels here.
    photos : dict of str to ndarray
        From :func:`measured_photos`.
    only : sequence of str
        Names of the measures wanted.

    Returns
    -------
    dict of str to float
        The measures of :mod:`styleguard_edu.metrics.restyling`: ``texture`` (lower is better;
        distance to the painting), ``structure`` (1: the photo's drawing is kept), ``halo``,
        ``frame`` and ``checkerboard`` (0: none).
    """
    painting = fit_short_side(painting, SHORT_SIDE)
    rows = []
    for photo in photos.values():
        result = repaint(photo)
        rows.append([MEASURES[name](result, photo, painting) for name in only])
    return {name: float(mean) for name, mean in zip(only, np.mean(rows, axis=0), strict=True)}


def _train_and_save(name, *, steps, learning_rate, seed, keep_log=True):
    paintings, photos = load_paintings(), load_photos()
    style = PaintingStyle(paintings, seed=seed)
    style.compile(*(cosine_adam(learning_rate, steps) for _ in range(2)))
    practice = [photos[photo] for photo in PHOTO_SPLITS["train"]]
    watched = fit_short_side(measured_photos()["chelsea"], 96)

    def look():
        repainted = np.stack([style.transfer(watched, painting) for painting in paintings])
        return {"samples": to_uint8(repainted)}

    settings = {
        "steps": steps,
        "paintings": list(paintings),
        "crops": CROPS,
        "crop": CROP,
        "learning_rate": learning_rate,
        "tolerance": style.tolerance,
        "tone_weight": style.tone_weight,
        "seed": seed,
    }
    log = train_with_snapshots(
        style,
        lambda start: style.batches(practice, start=start),
        look,
        [*(stop for stop in STOPS if stop < steps), steps],
        name=name,
        settings=settings,
    )
    save_with_card(
        name,
        {"generator": style.ema_generator},
        data=f"photos {', '.join(PHOTO_SPLITS['train'])}; paintings {', '.join(paintings)}",
        settings=settings,
        seconds=log["seconds"][-1],
        metrics=_measure(style, paintings),
        notes="generator: the EMA generator; codes in the order of the "
        f"paintings. Measured on {', '.join(PHOTO_SPLITS['test'])} at 384x256, mean; matched_ "
        "is the baseline, histogram matching; photo_ the photo as it is; floor_ the painting "
        "itself.",
        arrays=log if keep_log else None,
    )


def _measure(style, paintings):
    """One row a painting: the network's measures, and what they are to be compared with."""
    photos, table = measured_photos(), {}
    for name, painting in paintings.items():
        row = measure_repainting(
            lambda photo, name=name: style.transfer(photo, name), painting, photos
        )
        base = measure_repainting(
            lambda photo, painting=painting: match_histogram(photo, painting),
            painting,
            photos,
            only=BASELINE,
        )
        row |= {f"matched_{key}": value for key, value in base.items()}
        table[name] = row | _ends(painting, photos)
    return table


def _ends(painting, photos):
    """The texture distances of the photos as they are, and of the painting from itself."""
    untouched = measure_repainting(lambda photo: photo, painting, photos, only=("texture",))
    painting = fit_short_side(painting, SHORT_SIDE)
    floor = texture.texture_distance(painting, painting)
    return {"photo_texture": untouched["texture"], "floor_texture": floor}
