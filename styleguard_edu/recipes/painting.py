"""The recipes of lesson 04: one network for all bundled paintings, and how results are measured."""

import time

import numpy as np
from skimage.exposure import match_histograms

from .. import texture
from ..backend import keras
from ..checkpoints import save_checkpoint
from ..gallery import PHOTO_SPLITS, load_paintings, load_photos
from ..images import to_uint8
from ..painting_style import CROP, CROPS, SHORT_SIDE, PaintingStyle
from ..pictures import fit_short_side
from ..style_networks import plain_painting_generator
from ._snapshots import cosine_adam, train_with_snapshots

CARD_SIZE = (256, 384)  # height and width of the photos on which results are measured
STOPS = (0, 100, 300, 1_000, 3_000)  # steps at which the training is looked at, before the end


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
    _train_and_save("paintings", steps=steps, learning_rate=learning_rate, seed=seed)


def train_paintings_other(*, steps=5_000, learning_rate=1e-3, seed=1):
    """Train the same network from another seed; parameters as for :func:`train_paintings`."""
    _train_and_save("paintings_other", steps=steps, learning_rate=learning_rate, seed=seed)


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
        measures = measure_repainting(style.transfer, target, measured_photos())
        metrics[name] = {key: round(value, 4) for key, value in measures.items()}
    save_checkpoint(
        "paintings_ablations",
        {},
        {
            "recipe": "python -m styleguard_edu.recipes paintings_ablations",
            "data": f"photos {', '.join(PHOTO_SPLITS['train'])}; painting {painting}",
            "settings": {"steps": steps, "painting": painting, "seed": seed},
            "minutes": round((time.perf_counter() - started) / 60, 1),
            "metrics": metrics,
            "notes": "arrays: chelsea at 384x256, repainted. metrics: mean over the test photos.",
        },
        arrays=arrays,
    )


def measured_photos():
    """The test photos in the size on which results are measured.

    Returns
    -------
    dict of str to ndarray of float32, ``(256, 384, 3)`` in [0, 1]
        The largest middle part of that shape, resized.
    """
    photos = load_photos()
    return {name: _middle(photos[name]) for name in PHOTO_SPLITS["test"]}


def matched(photo, painting):
    """The baseline: the photo with the painting's histogram, channel by channel."""
    return np.clip(match_histograms(photo, painting, channel_axis=-1), 0, 1).astype(np.float32)


def measure_repainting(repaint, painting, photos):
    """Judge repainted photos, mean over the photos.

    Parameters
    ----------
    repaint : callable
        ``repaint(photo) -> (256, 384, 3)`` in [0, 1].
    painting : ndarray of float, ``(height, width, 3)`` in [0, 1]
        The style; brought to a shorter side of 360 pixels here.
    photos : dict of str to ndarray
        From :func:`measured_photos`.

    Returns
    -------
    dict of str to float
        The measures of :mod:`styleguard_edu.texture`: ``texture`` (lower is better; distance to the
        painting), ``structure`` (1: the photo's drawing is kept), ``halo``, ``frame`` and
        ``checkerboard`` (0: none).
    """
    painting = fit_short_side(painting, SHORT_SIDE)
    rows = []
    for photo in photos.values():
        result = repaint(photo)
        rows.append(
            {
                "texture": texture.texture_distance(result, painting),
                "structure": texture.structure_score(result, photo),
                "halo": texture.halo_strength(result, photo),
                "frame": texture.frame_strength(result, photo),
                "checkerboard": texture.checkerboard_strength(result),
            }
        )
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def _train_and_save(name, *, steps, learning_rate, seed):
    paintings, photos = load_paintings(), load_photos()
    style = PaintingStyle(paintings, seed=seed)
    style.compile(*(cosine_adam(learning_rate, steps) for _ in range(2)))
    practice = [photos[photo] for photo in PHOTO_SPLITS["train"]]
    watched = fit_short_side(measured_photos()["chelsea"], 96)

    def look():
        print()
        repainted = np.stack([style.transfer(watched, painting) for painting in paintings])
        return {"samples": to_uint8(repainted)}

    log = train_with_snapshots(
        style,
        lambda start: style.batches(practice, start=start),
        look,
        [*(stop for stop in STOPS if stop < steps), steps],
        name=name,
    )
    save_checkpoint(
        name,
        {"generator": style.averaged_generator, "discriminator": style.discriminator},
        {
            "recipe": f"python -m styleguard_edu.recipes {name}",
            "data": f"photos {', '.join(PHOTO_SPLITS['train'])}; paintings {', '.join(paintings)}",
            "settings": {
                "steps": steps,
                "crops": CROPS,
                "crop": CROP,
                "learning_rate": learning_rate,
                "tolerance": style.tolerance,
                "tone_weight": style.tone_weight,
                "seed": seed,
            },
            "minutes": round(float(log["seconds"][-1]) / 60, 1),
            "metrics": _measure(style, paintings),
            "notes": "generator: the running average of G's weights; codes in the order of the "
            f"paintings. Measured on {', '.join(PHOTO_SPLITS['test'])} at 384x256, mean; matched_ "
            "is the baseline, histogram matching.",
        },
        arrays=log,
    )


def _measure(style, paintings):
    """One row a painting: the network's measures, and the baseline's texture and structure."""
    photos, table = measured_photos(), {}
    for name, painting in paintings.items():
        row = measure_repainting(
            lambda photo, name=name: style.transfer(photo, name), painting, photos
        )
        base = measure_repainting(
            lambda photo, painting=painting: matched(photo, painting), painting, photos
        )
        row["matched_texture"], row["matched_structure"] = base["texture"], base["structure"]
        table[name] = {key: round(value, 4) for key, value in row.items()}
    return table


def _middle(photo):
    height, width = CARD_SIZE
    scale = max(height / photo.shape[0], width / photo.shape[1])
    short = min(photo.shape[:2])
    resized = fit_short_side(photo, max(int(np.ceil(short * scale)), min(height, width)))
    top, left = (
        (side - want) // 2 for side, want in zip(resized.shape[:2], CARD_SIZE, strict=True)
    )
    return resized[top : top + height, left : left + width]
