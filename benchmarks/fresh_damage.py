"""How the guard of digits does on damage that nothing in the course was made with.

    python -m benchmarks.fresh_damage 1000

prints, for sixteen kinds of damage and 1,000 development digits each, what the judge reads before
and after the guard, what is released, and how much of that is read wrongly. Nothing is trained,
chosen or calibrated on these kinds, and how gross each is was fixed before any guard was measured
on it. Who steers by such a table makes development data of it; so every run is counted, in
``data/results/digit_fresh_damage.json``.
"""

import argparse
import io

from recipes._cards import save_with_card
from recipes.correcting import reference_guard, some_digits
from styleguard_edu.checkpoints import load_checkpoint, load_result
from styleguard_edu.metrics import ssim
from styleguard_edu.networks import run_network

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize
from skimage.transform import ProjectiveTransform, swirl, warp

RESULT = "digit_fresh_damage"


def ruled(images, rng):
    """Ruled paper: grey lines, one pixel wide and four apart, behind the digit."""
    along = np.where(rng.random(len(images))[:, None, None] < 0.5, *_places(images))
    rules = (along + rng.integers(4, size=(len(images), 1, 1))) % 4 == 0
    return np.maximum(images, 0.45 * rules[..., None])


def hatched(images, rng):
    """Slanted light strokes across the digit, about two pixels wide and ten apart."""
    angles = rng.uniform(0.3, 1.2, len(images)) * _sides(images, rng)
    across = _across(images, angles) + rng.uniform(0, 10, (len(images), 1, 1))
    return np.maximum(images, 0.8 * (across % 10 < 1.7)[..., None])


def dripping(images, rng):
    """Wet ink: each column runs down and fades by an eighth a pixel."""
    run = images.copy()
    for row in range(1, images.shape[1]):
        run[:, row] = np.maximum(run[:, row], 0.88 * run[:, row - 1])
    return run


def moire(images, rng):
    """A screen photographed: two gratings of nearly the same period beat."""
    period = rng.uniform(2.5, 4, (len(images), 1, 1))
    turns = 2 * np.pi * _across(images, rng.uniform(0, np.pi, len(images)))
    beat = (np.sin(turns / period) * np.sin(turns / (period + 0.6)))[..., None]
    return images * (0.6 + 0.4 * beat) + (1 - images) * (1 + beat) / 8


def spotlit(images, rng):
    """A lamp close by: one place is lit, and the rest of the digit nearly dark."""
    down, across = rng.uniform(8, 20, (2, len(images), 1, 1))
    rows, columns = _places(images)
    light = np.exp(-((rows - down) ** 2 + (columns - across) ** 2) / (2 * 6**2))[..., None]
    return images * (0.12 + 0.88 * light) + 0.3 * light * (1 - images)


def torn(images, rng):
    """A torn page put together badly: the lower part lies three pixels to one side."""
    moved = images.copy()
    rows = rng.integers(9, 19, len(images))
    for image, row, side in zip(moved, rows, _sides(images, rng), strict=True):
        image[row:] = np.roll(image[row:], 3 * side, axis=1)
        image[row] = 0
    return moved


def interlaced(images, rng):
    """Interlaced film: the odd rows lie two pixels to one side."""
    moved = images.copy()
    for image, side in zip(moved, _sides(images, rng), strict=True):
        image[1::2] = np.roll(image[1::2], 2 * side, axis=1)
    return moved


def held(images, rng):
    """A scanner that sticks: of every four rows, the first is repeated."""
    first, rows = rng.integers(4, size=(len(images), 1)), np.arange(images.shape[1])
    kept = np.maximum(rows - (rows + first) % 4, 0)
    return np.take_along_axis(images, kept[:, :, None, None], axis=1)


def swirled(images, rng):
    """Stirred around the middle, by up to a quarter of a turn."""
    pairs = zip(images, _sides(images, rng), strict=True)
    return np.stack([swirl(image, strength=1.6 * side, radius=18) for image, side in pairs])


def wavy(images, rng):
    """Seen through water: rows swing by up to two pixels, once in nine."""
    rows, columns = np.indices(images.shape[1:3]).astype(float)
    swings = 2 * np.sin(2 * np.pi * rows / 9 + rng.uniform(0, 2 * np.pi, (len(images), 1, 1)))
    return np.stack(
        [
            ndimage.map_coordinates(image[..., 0], [rows, columns + swing], order=1)[..., None]
            for image, swing in zip(images, swings, strict=True)
        ]
    )


def oblique(images, rng):
    """A page photographed from one side: two corners come 14 pixels nearer to each other."""
    far = images.shape[1] - 1
    corners = np.array([[0, 0], [far, 0], [far, far], [0, far]], float)
    seen = corners + np.array([[7, 4], [-7, 4], [0, 0], [0, 0]])
    shape = ProjectiveTransform.from_estimate(seen, corners)
    pairs = zip(images, rng.integers(4, size=len(images)), strict=True)
    return np.stack(
        [np.rot90(warp(np.rot90(image, turns), shape), -turns) for image, turns in pairs]
    )


def halftone(images, rng):
    """Printed in a newspaper: of each 2x2 pixels, as many are white as the tone asks for."""
    rows, columns = np.indices(images.shape[1:3])
    screen = np.array([[0.16, 0.48], [0.64, 0.32]])[rows % 2, columns % 2]
    return ndimage.gaussian_filter(images, (0, 1.2, 1.2, 0)) > screen[..., None]


def jpeg(images, rng):
    """Stored as a JPEG file of quality 3, and read again."""
    stored = []
    for image in np.uint8(np.round(255 * images[..., 0])):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=3)
        stored.append(np.asarray(Image.open(file)) / 255)
    return np.stack(stored)[..., None]


def solarised(images, rng):
    """A print lit too early: tones above the middle turn dark, white becomes black."""
    return 1.4 * np.minimum(images, 1 - images)


def thin(images, rng):
    """A pen too thin: the middle line of each stroke, one pixel wide, in light grey."""
    return np.stack([0.7 * skeletonize(image[..., 0] > 0.4)[..., None] for image in images])


def mottled(images, rng):
    """A dry marker: ink is missing in patches of about three pixels, two fifths of all."""
    smooth = ndimage.gaussian_filter(rng.normal(size=images.shape), (0, 1.3, 1.3, 0))
    return images * (smooth > np.quantile(smooth, 0.4, axis=(1, 2, 3), keepdims=True))


def _places(images):
    """Row and column of each pixel, ``(1, height, width)`` each."""
    return np.indices(images.shape[1:3])[:, np.newaxis]


def _across(images, angles):
    """How far each pixel lies across lines of the given angles, ``(n, height, width)``."""
    rows, columns = _places(images)
    angles = angles[:, None, None]
    return rows * np.cos(angles) + columns * np.sin(angles)


def _sides(images, rng):
    return rng.choice([-1, 1], len(images))


KINDS = (
    *(ruled, hatched, dripping, moire, spotlit, torn, interlaced, held),
    *(swirled, wavy, oblique, halftone, jpeg, solarised, thin, mottled),
)


def fresh_damage(images, *, seed=0):
    """The same digits in every kind of damage.

    Parameters
    ----------
    images : ndarray of float, ``(n, 28, 28, 1)`` in [0, 1]
        White on black; left as they are.
    seed : int

    Yields
    ------
    name : str
    damaged : ndarray of float32, the same shape, in [0, 1]
    """
    for number, kind in enumerate(KINDS):
        damaged = kind(images.astype(float), np.random.default_rng((seed, number)))
        yield kind.__name__, np.clip(damaged, 0, 1).astype(np.float32)


def outcome_row(report, read, labels, truth):
    """What a guard did, in numbers: the columns of every table of this course.

    Parameters
    ----------
    report : GuardReport
        Of n images.
    read : callable
        ``read(images) -> ndarray of int, (n,)``: the judge's answers.
    labels : ndarray of int, ``(n,)``
    truth : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        The images before they were damaged.

    Returns
    -------
    dict of str to float
        ``before`` and ``after``: the share read rightly; ``ssim`` to the truth, before and after;
        ``coverage``: the share released; ``released_error``: of these, the share read wrongly
        (NaN if there are none); ``harmed`` and ``saved``: how many are read wrongly after the guard
        alone, and before it alone.
    """
    before, after = (read(images) == labels for images in (report.originals, report.images))
    released = report.outcomes != "for review"
    return {
        "before": before.mean(),
        "after": after.mean(),
        "ssim_before": ssim(report.originals, truth).mean(),
        "ssim_after": ssim(report.images, truth).mean(),
        "coverage": released.mean(),
        "released_error": 1 - after[released].mean() if released.any() else np.nan,
        "harmed": int((before & ~after).sum()),
        "saved": int((~before & after).sum()),
    }


def main():
    """Print the table, and keep it with the number of times that somebody looked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("digits", type=int, nargs="?", default=1000, help="how many a kind")
    n = parser.parse_args().digits
    guard, judge = (
        reference_guard("digits", "mnist"),
        load_checkpoint("digit_judge").networks["judge"],
    )
    clean, labels = some_digits("mnist", n)

    def read(images):
        return run_network(judge, images=images).argmax(axis=1)

    table = {}
    for name, images in (("clean", clean), *fresh_damage(clean)):
        row = table[name] = outcome_row(guard.run(images), read, labels, clean)
        print(f"{name:12s}", *(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
    rows = [row for name, row in table.items() if name != "clean"]
    table["mean"] = {key: float(np.nanmean([row[key] for row in rows])) for key in rows[0]}
    print("mean", table["mean"])
    try:
        looks = load_result(RESULT).card["metrics"]["looks"]
    except ValueError:  # the first
        looks = []
    save_with_card(
        RESULT,
        data=f"{n} MNIST test digits, called development",
        settings={"digits": n},
        seconds=0,
        metrics={"looks": [*looks, table["mean"]], "table": table},
        notes="looks: the means, each time that somebody looked; table: the last time",
    )


if __name__ == "__main__":
    main()
