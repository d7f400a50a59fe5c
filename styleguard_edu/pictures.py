"""Pictures of any size in colour, as people bring them: read, write, resize.

A *picture* is one float32 array ``(height, width, 3)`` with values in [0, 1]. Pictures differ in
size, so they come one by one and not as a batch.
"""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.exposure import match_histograms

from .checks import require_count
from .decoding import LEAST_SIDE, check_pixels, decode_picture, scaled, working_size
from .files import write_atomically
from .images import check_picture, check_range

_SAVED = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def load_picture(source, *, long_side=1024, name=None):
    """Read a picture of any common kind and bring it to a working size.

    JPEG, PNG and WebP files, and also still GIF, BMP, TIFF and AVIF; colour, grey with 8 or 16
    bits, palette, CMYK. What is transparent becomes white, and the turn noted by a camera (EXIF)
    is applied. Colour profiles are ignored.

    Parameters
    ----------
    source : path, bytes, binary file object or ndarray
        A file is read from its start and stays open. An array is ``(height, width)`` or
        ``(height, width, channels)`` with 1, 3 or 4 channels (the fourth is opacity):
        uint8, uint16, or floating-point in [0, 1].
    long_side : int
        The longer side of the result is at most so many pixels, at least 64; smaller pictures
        are not enlarged, and the aspect stays.
    name : str, optional
        What to call the picture in an error message; its path or file name unless given.

    Returns
    -------
    ndarray of float32, ``(height, width, 3)`` in [0, 1]

    Raises
    ------
    ValueError
        If the picture is damaged, cut off, not a picture, an animation, larger than 25 million
        pixels (this is checked before decoding) or too small: the shorter side must have 64
        pixels, before and after resizing. For an array: if shape or range is wrong.
    TypeError
        If ``source`` is none of the above.
    OSError
        If the file cannot be opened; ``FileNotFoundError`` if there is none.
    """
    require_count("long_side", long_side, LEAST_SIDE)
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            return decode_picture(file, name or os.fspath(source), int(long_side))
    if isinstance(source, bytes | bytearray | memoryview):
        return decode_picture(io.BytesIO(source), name or "The picture", int(long_side))
    if hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        known = getattr(source, "name", None)  # a temporary file's name may be a number
        known = known if isinstance(known, str) else "The picture"
        seekable = getattr(source, "seekable", lambda: False)()
        file = source if seekable else io.BytesIO(source.read())
        return decode_picture(file, name or known, int(long_side))
    if hasattr(source, "shape"):
        return _from_array(np.asarray(source), name or "source", int(long_side))
    raise TypeError(
        "source must be a path, the bytes of a picture file, a file opened in binary mode, or an "
        f"array. Received: {type(source).__name__}"
    )


def save_picture(image, path):
    """Write a picture as a PNG or JPEG file, whole or not at all.

    Parameters
    ----------
    image : ndarray of float, ``(height, width, channels)`` in [0, 1], 1 or 3 channels
    path : str or pathlib.Path
        Ends in ``.png``, ``.jpg`` or ``.jpeg``. A file that is there is replaced once the new one
        is complete; if anything fails, it stays as it was.

    Raises
    ------
    TypeError, ValueError
        If the image breaks the convention, or the ending is another one.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    kind = _SAVED.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"path must end in .png, .jpg or .jpeg. Received: {str(path)!r}")
    pixels = np.rint(check_picture(image, name="image", channels=(1, 3)) * 255).astype(np.uint8)
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    settings = {"quality": 95} if kind == "JPEG" else {}
    write_atomically(path, lambda temporary: picture.save(temporary, format=kind, **settings))


def fit_short_side(image, pixels):
    """Resize a picture so that its shorter side has the given number of pixels.

    Parameters
    ----------
    image : ndarray of float, ``(height, width, channels)`` in [0, 1], 1 or 3 channels
    pixels : int
        At least 1; more than the picture has enlarges it.

    Returns
    -------
    ndarray of float32, ``(new height, new width, channels)`` in [0, 1]
        Same aspect, the longer side rounded to a whole pixel (Lanczos, antialiased).
    """
    image = check_picture(image, name="image", channels=(1, 3))
    require_count("pixels", pixels, 1)
    height, width, channels = image.shape
    size = scaled((width, height), pixels / min(height, width))
    return np.stack([_resize_plane(image[..., c], size) for c in range(channels)], axis=-1)


def match_histogram(picture, other):
    """A picture given the histogram of another, channel by channel.

    Parameters
    ----------
    picture, other : ndarray of float, ``(height, width, 3)`` in [0, 1], of any two sizes

    Returns
    -------
    ndarray of float32, the shape of ``picture``, in [0, 1]
    """
    return np.clip(match_histograms(picture, other, channel_axis=-1), 0, 1).astype(np.float32)


def _from_array(array, name, long_side):
    """Check an array, lay it on white and bring it to the working size."""
    planes = array[..., np.newaxis] if array.ndim == 2 else array
    if planes.ndim != 3 or planes.shape[-1] not in (1, 3, 4) or planes.size == 0:
        raise ValueError(
            f"{name} must have shape (height, width) or (height, width, channels) with 1, 3 or 4 "
            f"channels. Received: shape {array.shape}"
        )
    height, width, channels = planes.shape
    check_pixels((width, height), name)
    size = working_size((width, height), long_side, name)
    white = _white_level(array, name)
    resized = []
    for c in range(min(channels, 3)):  # one by one: a large array needs little more memory
        plane = planes[..., c].astype(np.float32) / white
        if channels == 4:
            plane = 1 + (plane - 1) * (planes[..., 3].astype(np.float32) / white)
        resized.append(_resize_plane(plane, size))
    return np.stack(resized * (3 // len(resized)), axis=-1)


def _white_level(array, name):
    """Return the number that means white in a picture array; check type and range."""
    if array.dtype in (np.uint8, np.uint16):
        return np.float32(np.iinfo(array.dtype).max)
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(
            f"{name} must hold uint8, uint16, or floating-point numbers in [0, 1]. "
            f"Received: dtype {array.dtype}"
        )
    check_range(array, name)
    return np.float32(1)


def _resize_plane(plane, size):
    """Resize float32 ``(height, width)`` to ``size`` (width, height), keeping [0, 1]."""
    resized = Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.clip(np.asarray(resized), 0, 1)  # Lanczos overshoots at edges
