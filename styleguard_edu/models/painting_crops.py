"""Random crops of photographs and of paintings, from which a painting's style is learnt."""

from itertools import count

import numpy as np

from ..checks import require_count
from ..images import check_picture
from ..pictures import fit_short_side, match_histogram

__all__ = ["CROP", "CROPS", "PHOTO_SIDE", "SHORT_SIDE", "painting_batches", "training_picture"]

SHORT_SIDE = 360  # pixels to which the shorter side of paintings is brought
PHOTO_SIDE = 320  # the same for photos
CROP = 96  # pixels a side of the crops learnt from
CROPS = 4  # a training step


def training_picture(picture, short_side, name):
    """A picture to learn from, checked and brought to the size to learn from.

    Parameters
    ----------
    picture : ndarray of float, ``(height, width, 3)`` in [0, 1], at least 64 pixels a side
    short_side : int
        Pixels of the result's shorter side.
    name : str
        What to call the picture in an error message.

    Returns
    -------
    ndarray of float32, ``(height, width, 3)`` in [0, 1]

    Raises
    ------
    TypeError, ValueError
        If it is no such picture.
    """
    return fit_short_side(check_picture(picture, name=name, least=64), short_side)


def painting_batches(photos, paintings, *, seed, start=0):
    """Yield random crops for ever; batch number t does not depend on ``start``.

    About half of the photos' crops are mirrored; those of paintings never are.

    Parameters
    ----------
    photos : sequence of ndarray, or dict of str to ndarray
        Pictures ``(height, width, 3)`` in [0, 1] of any sizes, at least 64 pixels a side.
    paintings : sequence of ndarray
        From :func:`training_picture`, with :data:`SHORT_SIDE`.
    seed : int
    start : int
        Number of the first batch to yield.

    Yields
    ------
    tuple of ndarray
        Crops of photos, the same crops with the painting's histogram, and crops of paintings,
        each ``(CROPS, CROP, CROP, 3)``; the number of the painting of each, int32 ``(CROPS,)``.
    """
    require_count("seed", seed)
    require_count("start", start)
    photos = photos if isinstance(photos, dict) else dict(enumerate(photos))
    if not photos:
        raise ValueError("photos must hold at least one picture. Received: none")
    photos = [
        training_picture(photo, PHOTO_SIDE, f"photos[{key!r}]") for key, photo in photos.items()
    ]
    tones = [[match_histogram(photo, painting) for photo in photos] for painting in paintings]
    for number in count(start):
        rng = np.random.default_rng((seed, number))
        labels = rng.integers(len(paintings), size=CROPS, dtype=np.int32)
        rows = [_crops(rng, photos, tones[label], paintings[label]) for label in labels]
        yield (*(np.stack(column) for column in zip(*rows, strict=True)), labels)


def _crops(rng, photos, tones, painting):
    """A crop of a random photo, of its tones to be, and of the painting."""
    k = rng.integers(len(photos))
    window = _window(rng, photos[k].shape)
    photo, tone = photos[k][window], tones[k][window]
    if rng.random() < 0.5:
        photo, tone = photo[:, ::-1], tone[:, ::-1]
    return photo, tone, painting[_window(rng, painting.shape)]


def _window(rng, shape):
    top, left = (int(rng.integers(side - CROP + 1)) for side in shape[:2])
    return slice(top, top + CROP), slice(left, left + CROP)
