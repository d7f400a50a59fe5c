"""Anomalies: damage images in a known way and return the true mask.

Each kind is a frozen dataclass with one physical parameter, or a severity from 1 to 5:

>>> import numpy as np
>>> images = np.full((2, 28, 28, 1), 0.5, np.float32)
>>> damaged = Noise(std=0.3)(images, rng=0)
>>> damaged = Blur(severity=4, local=True)(damaged.images, rng=1)

All of them take grey and colour images of any size from 8x8 px; lengths are in pixels. How gross
severity 3 is was fixed on digits before any detector was trained; what a classifier and a simple
detector make of it is printed by ``benchmarks/anomaly_severities.py``.
"""

from collections.abc import Mapping
from itertools import groupby

import numpy as np

from ..checks import require_count, require_number
from ..images import check_content
from .base import Anomaly, Damaged
from .blur import Blur, Dilation, Erosion, GlassBlur, MotionBlur, Pixelation
from .draws import as_generator
from .geometry import Deformation, Rotation, Scaling, Shear, Shift
from .marks import BlockLoss, Occlusion, Scratch, Stripe, Zigzag
from .noise import Noise, SaltAndPepper, ShotNoise, Spatter, Speckle
from .tone import Brightness, Checkerboard, ColourCast, Edges, Fog, Ghost, Halo, StyleLeak

__all__ = (
    ["ANOMALIES", "GROUPS", "PHOTO_ANOMALIES", "Anomaly", "Damaged"]  # noqa: RUF005
    + ["Noise", "ShotNoise", "SaltAndPepper", "Speckle", "Spatter"]
    + ["Blur", "MotionBlur", "GlassBlur", "Pixelation", "Erosion", "Dilation"]
    + ["Deformation", "Shift", "Rotation", "Scaling", "Shear"]
    + ["Occlusion", "Scratch", "Zigzag", "Stripe", "BlockLoss"]
    + ["Fog", "Brightness", "Ghost", "Checkerboard", "Halo", "Edges", "ColourCast", "StyleLeak"]
    + ["benchmark_anomalies", "damage_some", "local_benchmark_anomalies", "photo_anomalies"]
)

# Snake-case name -> class, group by group.
ANOMALIES = {kind.name: kind for kind in map(globals().get, __all__) if hasattr(kind, "SEVERITIES")}
# "noise", "blur", "geometric", "structural" -> the names of its kinds.
GROUPS = {
    group: tuple(kind.name for kind in kinds)
    for group, kinds in groupby(ANOMALIES.values(), key=lambda kind: kind.group)
}
_LOCAL = (
    *("noise", "salt_and_pepper", "speckle", "blur", "motion_blur", "glass_blur", "pixelation"),
    *("dilation", "deformation", "shift", "occlusion", "block_loss", "brightness", "checkerboard"),
)

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


def benchmark_anomalies(*, colour=False):
    """The anomalies of every table of results: each kind at severity 3, over the whole picture.

    Parameters
    ----------
    colour : bool
        Whether the images are restyled and so in colour: then :class:`ColourCast` is there too,
        and :class:`StyleLeak`, which asks for ``content``.

    Returns
    -------
    dict of str to Anomaly
        By name, in the order of :data:`ANOMALIES`.
    """
    return {
        name: kind()
        for name, kind in ANOMALIES.items()
        if colour or not (kind.colour_only or kind.needs_content)
    }


def local_benchmark_anomalies():
    """The anomalies with which finding the place is measured: severity 3, part of the picture.

    Returns
    -------
    dict of str to Anomaly
        By the kind's name.
    """
    return {name: ANOMALIES[name](local=True) for name in _LOCAL}


def photo_anomalies(level, *, local=True):
    """The anomalies with which a guard of photos is trained and measured, in sizes fit for photos.

    Parameters
    ----------
    level : {0, 1, 2}
        Light, medium (the one that is measured), gross.
    local : bool
        Damage only a part of the picture.

    Returns
    -------
    dict of str to Anomaly
        By the kind's name, as in ``PHOTO_ANOMALIES``.

    Raises
    ------
    ValueError
        If the level is another one.
    """
    require_count("level", level, 0, 2)
    return {
        name: ANOMALIES[name](**{ANOMALIES[name]().parameter: levels[level]}, local=local)
        for name, levels in PHOTO_ANOMALIES.items()
    }


def damage_some(images, kinds, *, share, rng, content=None):
    """Damage a random share of the images, each in one way, and leave the others alone.

    Parameters
    ----------
    images : ndarray of float, ``(n, h, w, c)`` in [0, 1], at least 8x8 px
    kinds : sequence of Anomaly, or dict of str to Anomaly
        For each image that is damaged one of them is drawn, all with the same chance.
    share : float in [0, 1]
        Of the images. Where ``share * n`` is no whole number, chance rounds it up or down.
    rng : numpy.random.Generator or int
    content : ndarray of float, ``(n, h, w, 1 or 3)`` in [0, 1], optional
        As in :meth:`Anomaly.__call__`.

    Returns
    -------
    damaged : Damaged
    names : ndarray of str, ``(n,)``
        The name of each image's anomaly (a dict's key), "" where nothing changed.
    """
    named = isinstance(kinds, Mapping)
    called, kinds = list(kinds), list(kinds.values() if named else kinds)
    if not kinds or not all(isinstance(kind, Anomaly) for kind in kinds):
        raise TypeError(f"kinds must hold at least one anomaly, and only such. Received: {kinds!r}")
    called = called if named else [kind.name for kind in kinds]
    require_number("share", share, 0, 1)
    images, rng = kinds[0]._check_images(images), as_generator(rng)
    content = check_content(content, images)
    n = len(images)
    which = np.full(n, -1)
    count = int(share * n + rng.random())
    which[rng.permutation(n)[:count]] = rng.integers(len(kinds), size=count)
    damaged = Damaged(images.copy(), np.zeros(images.shape[:3], bool), np.ones(n, int))
    for index in np.unique(which[which >= 0]):
        rows = np.flatnonzero(which == index)
        own = None if content is None else content[rows]
        changed = kinds[index](images[rows], rng=rng, content=own)
        for whole, part in zip(damaged, changed, strict=True):
            whole[rows] = part
    # the last place, -1, is for those left alone
    names = np.array([*called, ""])[np.where(damaged.labels < 0, which, -1)]
    return damaged, names
