"""The pictures that come with the course: photographs to paint, paintings to learn from."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .files import data_path
from .installation import restore_command
from .pictures import fit_short_side, load_picture

__all__ = ["PHOTO_SPLITS", "load_paintings", "load_photos", "measured_photos", "middle"]

# Later lessons fit on one split and report on the other.
PHOTO_SPLITS = {
    "train": ("astronaut", "flower", "motorcycle", "rocket"),
    "test": ("chelsea", "china", "coffee"),
}
_PHOTO_FILES = {  # name -> installed package, file inside it
    "astronaut": ("skimage", "data/astronaut.png"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "coffee": ("skimage", "data/coffee.png"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
}
_PHOTO_SIDE = 640  # pixels
CARD_SIZE = (256, 384)  # height and width of the photos on which results are measured
_INSTALL = "pip install --force-reinstall --no-deps"
_WHEELS = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


def load_photos():
    """Load the colour photographs that come inside scikit-image's and scikit-learn's wheels.

    ``data/README.md`` says where they are from; ``PHOTO_SPLITS`` says which are for fitting
    (``"train"``) and which for reporting (``"test"``). Nothing is downloaded.

    Returns
    -------
    dict of str to ndarray of float32, ``(height, width, 3)`` in [0, 1]
        By name, sorted; the longer side has at most 640 pixels.

    Raises
    ------
    FileNotFoundError, ValueError
        If an installed package lacks its photograph, or the file is damaged.

    Examples
    --------
    >>> from styleguard_edu import load_photos
    >>> photos = load_photos()
    >>> list(photos)
    ['astronaut', 'chelsea', 'china', 'coffee', 'flower', 'motorcycle', 'rocket']
    >>> photos["coffee"].shape
    (400, 600, 3)
    """
    photos = {}
    for name, (package, file) in _PHOTO_FILES.items():
        folder = find_spec(package).submodule_search_locations[0]  # found without importing it
        cure = f"Install the package again: `{_INSTALL} {_WHEELS[package]}`"
        photos[name] = _load_bundled(Path(folder, file), cure, long_side=_PHOTO_SIDE)
    return photos


def load_paintings():
    """Load the paintings that come with the course, ``data/paintings/*.jpg``.

    Returns
    -------
    dict of str to ndarray of float32, ``(height, width, 3)`` in [0, 1]
        By file name without its ending, sorted; the longer side has at most 1,024 pixels.

    Raises
    ------
    FileNotFoundError
        If the folder is missing or holds no painting.
    ValueError
        If a painting is damaged.

    Examples
    --------
    >>> from styleguard_edu import load_paintings
    >>> paintings = load_paintings()
    >>> "woodcut" in paintings, paintings["woodcut"].shape
    (True, (480, 720, 3))
    """
    folder = data_path("paintings")
    cure = f"To restore it: {restore_command('paintings')}"
    paths = sorted(folder.glob("*.jpg"), key=lambda path: path.stem)
    if not paths:
        state = "no .jpg file in it" if folder.is_dir() else "no such folder"
        raise FileNotFoundError(f"There are no paintings in {folder}. {cure}. Received: {state}")
    return {path.stem: _load_bundled(path, cure) for path in paths}


def _load_bundled(path, cure, **settings):
    """Load a picture that ships with the course; its errors say how to get it back."""
    try:
        return load_picture(path, **settings)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} is missing. {cure}.") from error
    except ValueError as error:
        raise ValueError(f"{cure}. {error}") from error


def measured_photos():
    """Load the test photos in the size at which results are measured.

    Returns
    -------
    dict of str to ndarray of float32, ``(256, 384, 3)`` in [0, 1]
        By name, in the order of ``PHOTO_SPLITS["test"]``; each as :func:`middle` cuts it.
    """
    photos = load_photos()
    return {name: middle(photos[name]) for name in PHOTO_SPLITS["test"]}


def middle(photo):
    """Cut the largest part of the shape 256x384 out of the middle of a picture, and resize it.

    Parameters
    ----------
    photo : ndarray of float, ``(height, width, 3)`` in [0, 1]

    Returns
    -------
    ndarray of float32, ``(256, 384, 3)`` in [0, 1]
    """
    height, width = CARD_SIZE
    scale = max(height / photo.shape[0], width / photo.shape[1])
    short = min(photo.shape[:2])
    resized = fit_short_side(photo, max(int(np.ceil(short * scale)), min(height, width)))
    top, left = (resized.shape[0] - height) // 2, (resized.shape[1] - width) // 2
    return resized[top : top + height, left : left + width]
