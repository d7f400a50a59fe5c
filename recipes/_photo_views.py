"""What the segmenter of lesson 06 sees of photos: scenes, repainted by several painters."""

from styleguard_edu.gallery import PHOTO_SPLITS, load_paintings, load_photos
from styleguard_edu.models import PaintingStyle, load_painter
from styleguard_edu.pictures import load_picture

import numpy as np
from skimage import data

from ._damage_training import Clean
from ._snapshots import cosine_adam, made_once

CROP = 96  # pixels a side
SIZES = (200, 260, 340)  # pixels of the shorter side at which photos are restyled
# Images inside scikit-image's wheel, besides the photos of the course.
PRACTISED = ("hubble_deep_field", "retina", "brick", "gravel", "page")
CALIBRATED = ("camera", "coins", "grass", "immunohistochemistry", "moon")


def practice_scenes():
    """Pictures to learn from, and other ones to calibrate on.

    Returns
    -------
    practice, others : list of ndarray of float32, ``(height, width, 3)`` in [0, 1]
        The training photos and some images of scikit-image; more such images and the bundled
        paintings.
    """
    photos = load_photos()
    more = {name: load_picture(getattr(data, name)()) for name in (*PRACTISED, *CALIBRATED)}
    practice = [photos[name] for name in PHOTO_SPLITS["train"]]
    practice += [more[name] for name in PRACTISED]
    return practice, [more[name] for name in CALIBRATED] + list(load_paintings().values())


def third_painter(photos, *, stops=(1_500, 3_000, 5_000), seed=2):
    """A painter trained from yet another seed, as it is after each of ``stops`` steps.

    Parameters
    ----------
    photos : sequence of ndarray
        To practise on; the first four are used.
    stops : sequence of int
        Increasing.
    seed : int

    Returns
    -------
    list of PaintingStyle
    """
    paintings = load_paintings()
    style = PaintingStyle(paintings, seed=seed)
    style.compile(*(cosine_adam(1e-3, stops[-1]) for _ in range(2)))

    def trained(stop):
        style.fit(photos[: len(PHOTO_SPLITS["train"])], steps=stop - int(style.steps))
        return style.ema_generator

    generators = [
        made_once(
            "third_painter",
            lambda stop=stop: trained(stop),
            settings={"seed": seed, "stops": [one for one in stops if one <= stop]},
        )[0]
        for stop in stops
    ]
    return [PaintingStyle(paintings, generator=generator) for generator in generators]


def views_of(scenes, makers, held):
    """What the segmenter sees of each scene, in every style, by every maker.

    Parameters
    ----------
    scenes : list of ndarray of float32, ``(height, width, 3)`` in [0, 1]
    makers : list of PaintingStyle
        Whose pictures are judged.
    held : PaintingStyle
        The painter that the guard holds.

    Yields
    ------
    tuple of ndarray of float32, ``(height, width, 3)``
        A picture by one of the makers, the scene, and the same style by ``held``.
    """
    for k, scene in enumerate(scenes):
        for name in held.names:
            expected = held.transfer(scene, name)
            for maker in makers:
                yield maker.transfer(scene, name, seed=k), scene, expected


def random_crops(rng, seen, n, *, side=CROP):
    """Crops at the same places of what is seen together; half are mirrored.

    Parameters
    ----------
    rng : numpy.random.Generator
    seen : list of tuple of ndarray
        As from :func:`views_of`.
    n : int
    side : int
        Of a crop, in pixels.

    Returns
    -------
    Clean
        Pictures, photos, and both of what is beside the pictures.
    """
    crops = np.empty((n, side, side, 9), np.float32)
    for k, index in enumerate(rng.integers(len(seen), size=n)):
        height, width = seen[index][0].shape[:2]
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        step = rng.choice((-1, 1))
        for channel, whole in zip((0, 3, 6), seen[index], strict=True):
            part = whole[top : top + side, left : left + side][:, ::step]
            crops[k, ..., channel : channel + 3] = part
    return Clean(crops[..., :3], crops[..., 3:6], crops[..., 3:])


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
    style = load_painter(checkpoint)
    return [
        (style.transfer(photo, name, seed=seed + k), photo)
        for k, photo in enumerate(photos)
        for name in style.names
    ]


def stacked(pairs):
    """Pairs of one size as two batches: the restyled pictures, and the photos."""
    return tuple(np.stack(part) for part in zip(*pairs, strict=True))
