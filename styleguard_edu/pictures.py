"""Pictures of any size in colour, as people bring them: read, write, resize.

A *picture* is one float32 array ``(height, width, 3)`` with values in [0, 1]. Pictures differ in
size, so they come one by one and not as a batch.
"""

import io
import os
import re
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.exposure import match_histograms

from .checks import float_advice, require_count
from .decoding import (
    LEAST_SIDE,
    check_pixels,
    decode_image,
    decode_picture,
    scaled,
    working_size,
)
from .files import write_atomically
from .images import check_picture, check_range

__all__ = ["fit_short_side", "load_picture", "match_histogram", "save_picture"]

_SAVED = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
_LONGEST = {"PNG": 2**31 - 1, "JPEG": 65_535}  # pixels a side that a file may have
_LONGEST_FIT = 16_384  # pixels a side that are worth their memory


def load_picture(source, *, long_side=1024, name=None):
    """Read a picture of any common kind and bring it to a working size.

    JPEG, PNG and WebP files, and also still GIF, BMP, TIFF and AVIF; colour, grey with 8 or 16
    bits, palette, CMYK. What is transparent becomes white, and the turn noted by a camera (EXIF)
    is applied. Colour profiles are ignored.

    Parameters
    ----------
    source : path, bytes, binary file object, PIL image or ndarray
        A path may begin with ``~``. A file object is read from its start and stays open. An array
        is ``(height, width)`` or ``(height, width, channels)`` with 1, 3 or 4 channels (the fourth
        is opacity): uint8, uint16, or floating-point in [0, 1].
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
        If the picture is damaged, cut off, not a picture, an animation, too large (above 110
        million pixels as a JPEG file, 52 million otherwise; this is checked before decoding) or
        too small: the shorter side must have 64 pixels, before and after resizing. For an array:
        if shape or range is wrong. For a path: if it is a web address.
    TypeError
        If ``source`` is none of the above.
    OSError
        If the file cannot be opened; ``FileNotFoundError`` if there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from styleguard_edu import load_picture
    >>> scan = np.full((300, 2000), 255, np.uint8)
    >>> picture = load_picture(scan, long_side=500)
    >>> picture.shape, picture.dtype, float(picture.max())
    ((75, 500, 3), dtype('float32'), 1.0)
    """
    require_count("long_side", long_side, LEAST_SIDE)
    long_side = int(long_side)
    if isinstance(source, str | os.PathLike):
        with open(_file_at(os.fsdecode(source)), "rb") as file:
            return decode_picture(file, name or os.fsdecode(source), long_side)
    if isinstance(source, bytes | bytearray | memoryview):
        return decode_picture(io.BytesIO(source), name or "The picture", long_side)
    if isinstance(source, Image.Image):
        return decode_image(source.copy(), name or "source", long_side)
    if hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        known = getattr(source, "name", None)  # a temporary file's name may be a number
        name = name or (known if isinstance(known, str) else "The picture")
        seekable = getattr(source, "seekable", lambda: False)()
        return decode_picture(source if seekable else io.BytesIO(source.read()), name, long_side)
    if hasattr(source, "shape"):
        return _from_array(np.asarray(source), name or "source", long_side)
    raise TypeError(
        "source must be a path, the bytes of a picture file, a file opened in binary mode, a PIL "
        f"image or an array. Received: {type(source).__name__}"
    )


def _file_at(text):
    """The path of a picture file; what is none is refused before it is opened, as a pipe waits."""
    path = Path(os.path.expanduser(text))
    if path.is_file():
        return path
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+:(//|[a-z]+/)", text):
        raise ValueError(
            "source must be a picture on this computer. Save it first, and give the path of the "
            f"file. Received: the web address {text!r}"
        )
    if path.is_dir():
        raise IsADirectoryError(
            f"source must be a picture file. Name a file in the folder. Received: {text!r}"
        )
    if path.exists():
        raise OSError(f"source must be a picture file. Received: {text!r}, a pipe or device")
    quoted = text != text.strip("\"' ")
    raise FileNotFoundError(
        f"source must be the path of a picture file. {path} is not there"
        f"{': leave out its quotation marks' if quoted else ''}. Received: {text!r}"
    )


def save_picture(image, path):
    """Write a picture as a PNG or JPEG file, whole or not at all.

    Parameters
    ----------
    image : ndarray of float, ``(height, width, channels)`` in [0, 1], 1 or 3 channels
    path : str or pathlib.Path
        Ends in ``.png``, ``.jpg`` or ``.jpeg``, and may begin with ``~``. A file that is there is
        replaced once the new one is complete; if anything fails, it stays as it was.

    Raises
    ------
    TypeError, ValueError
        If the image breaks the convention or is too large for JPEG, or the ending is another one.
    OSError
        If the file cannot be written; the message says why, in plain words.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from styleguard_edu import load_picture, save_picture
    >>> grey = np.full((64, 80, 3), 0.5, np.float32)
    >>> with TemporaryDirectory() as folder:
    ...     save_picture(grey, Path(folder, "grey.png"))
    ...     load_picture(Path(folder, "grey.png")).shape
    (64, 80, 3)
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a str or a pathlib.Path. Received: {path!r}")
    path = Path(os.path.expanduser(os.fsdecode(path)))
    kind = _SAVED.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"path must end in .png, .jpg or .jpeg. Received: {str(path)!r}")
    pixels = np.rint(check_picture(image, name="image", channels=(1, 3)) * 255).astype(np.uint8)
    if max(pixels.shape) > _LONGEST[kind]:
        raise ValueError(
            f"image must have at most {_LONGEST[kind]:,} pixels a side as a {kind} file. "
            f"Received: shape {pixels.shape}"
        )
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    write_atomically(path, lambda new: picture.save(new, format=kind, quality=95))  # of a JPEG


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

    Raises
    ------
    TypeError, ValueError
        If image or pixels are not as above, or the longer side would exceed 16,384 pixels.
    """
    image = check_picture(image, name="image", channels=(1, 3))
    require_count("pixels", pixels, 1)
    height, width, channels = image.shape
    size = scaled((width, height), pixels / min(height, width))
    if max(size) > _LONGEST_FIT:
        raise ValueError(
            f"image is too long and narrow for {pixels} pixels on its shorter side: the longer one "
            f"would have {max(size):,}, and may have {_LONGEST_FIT:,}. Crop it. "
            f"Received: shape {image.shape}"
        )
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
            f"{name} must hold uint8, uint16, or floating-point numbers in [0, 1]"
            f"{float_advice(array.dtype)}. Received: dtype {array.dtype}"
        )
    check_range(array, name)
    return np.float32(1)


def _resize_plane(plane, size):
    """Resize float32 ``(height, width)`` to ``size`` (width, height), keeping [0, 1]."""
    resized = Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.clip(np.asarray(resized), 0, 1)  # Lanczos overshoots at edges
