"""Make ``data/digits.npz``: the UCI digits that scikit-learn ships, in MNIST's geometry.

The source holds 1,797 handwritten digits of 8x8 pixels. Each pixel counts (0 to 16) how much of a
4x4 block of the scanned bitmap was ink. Every picture passes through the same four steps:

1. *Sharpen*: find a smooth shape, 8 x 8 points a source pixel, whose share of ink in every source
   pixel is the recorded one (iterative back-projection through a sigmoid).
2. *Thin*: the source's normalisation made every digit equally black, so a "1" is thick and an "8"
   thin. Move the outline so that the median stroke width comes 80 % closer to 2.4 px.
3. *Place*: crop to the bounding box, scale it to a 20-px box (aspect kept), and put the centre of
   mass on the pixel in row 14, column 14 of 28x28 pixels, as MNIST does.
4. *Ink*: turn the distance from the outline into grey levels with an antialiased edge.

Nothing is dropped, no classifier decides on a picture, and nothing is random but the splits, whose
seed is fixed. ``data/README.md`` says how the settings below were chosen.

Run it from the project's folder: ``python scripts/make_digits.py``.
"""

import argparse
from pathlib import Path

from styleguard_edu.files import data_path, write_atomically

import numpy as np
from scipy import ndimage
from skimage.morphology import skeletonize
from sklearn import datasets

CELL = 8  # points of the fine grid along one source pixel
MARGIN = 2  # source pixels of empty border around the fine grid
SMOOTHING = 0.5  # standard deviation of the shape's blur, in source pixels
STEEPNESS = 12.0  # slope of the sigmoid that turns the fine grid into ink
ROUNDS = 20  # rounds of back-projection
STROKE_WIDTH = 2.4  # wanted median stroke width, in px of the result
STROKE_SHARE = 0.8  # how much of the way to it each digit goes: writers stay different
BOX = 20  # longer side of the digit, in px of the result
SIZE = 28  # side of the result, in px
CENTRE = 14  # row and column of the pixel whose middle is the centre of mass
SUPERSAMPLING = 4  # points along one px of the result
EDGE = 1.25  # width of the ramp from paper to ink, in px
OUTLINE = BOX - EDGE  # longer side of the half-inked outline; the ramp fills the rest of the box
FAINTEST = 0.03  # ink below this share is paper, above one minus this share is full ink

SEED = 0
CALIBRATION, TEST = 400, 400  # digits; the other 997 are for training


def sharpen(counts):
    """Find smooth shapes whose share of ink in every source pixel is the recorded one.

    Parameters
    ----------
    counts : array of shape (n, 8, 8)
        Ink counts from 0 to 16.

    Returns
    -------
    float64 array of shape (n, 96, 96)
        A smooth field; ink where it is above 0.5.
    """
    ink = np.pad(counts / 16.0, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    n, side = ink.shape[:2]
    blocks = np.kron(np.eye(side), np.ones((CELL, 1)))  # repeats a source pixel CELL times
    enlarge = ndimage.gaussian_filter1d(blocks, SMOOTHING * CELL, axis=0, mode="nearest")
    coarse = ink.copy()
    for _ in range(ROUNDS):
        shape = 1 / (1 + np.exp(-STEEPNESS * (enlarge @ coarse @ enlarge.T - 0.5)))
        coarse += ink - shape.reshape(n, side, CELL, side, CELL).mean(axis=(2, 4))
    return enlarge @ coarse @ enlarge.T


def thin(field):
    """Return the signed distance from the outline (inside > 0, in grid points) after thinning."""
    shape = field > 0.5
    distance = ndimage.distance_transform_edt(shape) - ndimage.distance_transform_edt(~shape)
    points_per_px = longer_side(shape) / OUTLINE
    width = 2 * np.median(distance[skeletonize(shape)]) / points_per_px
    return distance - STROKE_SHARE * (width - STROKE_WIDTH) / 2 * points_per_px


def place(distance):
    """Resample a signed distance to the 20-px box, centred by mass; the result is in px."""
    shape = distance > 0
    points_per_px = longer_side(shape) / OUTLINE
    pixels = (np.arange(SIZE * SUPERSAMPLING) + 0.5) / SUPERSAMPLING - 0.5  # 0 = middle of first
    offsets = (pixels - CENTRE) * points_per_px
    centre_row, centre_column = ndimage.center_of_mass(shape)
    grid = np.meshgrid(centre_row + offsets, centre_column + offsets, indexing="ij")
    return ndimage.map_coordinates(distance, grid, order=1, mode="nearest") / points_per_px


def ink(distance):
    """Turn a signed distance in px into uint8 grey levels of shape (28, 28)."""
    cover = np.clip(0.5 + distance / EDGE, 0, 1)
    cover = cover.reshape(SIZE, SUPERSAMPLING, SIZE, SUPERSAMPLING).mean(axis=(1, 3))
    cover = np.clip((cover - FAINTEST) / (1 - 2 * FAINTEST), 0, 1)
    return np.round(255 * cover).astype(np.uint8)


def longer_side(shape):
    """Return the longer side of a bool picture's bounding box, in grid points."""
    return max(np.ptp(indices) + 1 for indices in np.nonzero(shape))


def convert(counts, batch=200):
    """Bring UCI digits to MNIST's geometry.

    Parameters
    ----------
    counts : array of shape (n, 8, 8)
        Ink counts from 0 to 16.
    batch : int
        How many pictures to sharpen at once; bounds the memory, does not change the result.

    Returns
    -------
    uint8 array of shape (n, 28, 28)
        Grey levels, 0 = paper, 255 = ink.
    """
    fields = (field for i in range(0, len(counts), batch) for field in sharpen(counts[i:][:batch]))
    return np.stack([ink(place(thin(field))) for field in fields])


def split(labels):
    """Divide the digits into train, calibration and test, each with the same mix of labels.

    The digits are shuffled and then sorted by label; equally spaced positions of that list are
    the test split, equally spaced positions of what remains the calibration split.

    Parameters
    ----------
    labels : int array of shape (1797,)

    Returns
    -------
    dict of str to uint16 array
        Indices, in random order, under "train", "calibration" and "test".
    """
    rng = np.random.default_rng(SEED)
    shuffled = rng.permutation(len(labels))
    rest = shuffled[np.argsort(labels[shuffled], kind="stable")]
    chosen = {}
    for name, size in (("test", TEST), ("calibration", CALIBRATION)):
        spaced = ((np.arange(size) + 0.5) * len(rest) / size).astype(int)
        chosen[name] = rest[spaced]
        rest = np.delete(rest, spaced)
    chosen["train"] = rest
    return {name: rng.permutation(indices).astype(np.uint16) for name, indices in chosen.items()}


def main():
    parser = argparse.ArgumentParser(description="Make data/digits.npz from scikit-learn's digits.")
    parser.add_argument("--out", type=Path, default=data_path("digits.npz"), help="file to write")
    out = parser.parse_args().out
    source = datasets.load_digits()
    labels = source.target.astype(np.uint8)
    arrays = {"images": convert(source.images), "labels": labels, **split(labels)}
    write_atomically(out, lambda path: np.savez_compressed(path, **arrays))
    print(f"{out}: {len(labels):,} digits, {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
