"""Pictures of any size in colour, as people bring them: read, write, resize.

A *picture* is one float32 array ``(height, width, 3)`` with values in [0, 1]. Pictures differ in
size, so they come one by one and not as a batch.
"""

import io
import os
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from .files import write_atomically

__all__ = [
    "LEAST_SIDE",
    "MOST_PIXELS",
    "fit_short_side",
    "load_picture",
    "save_picture",
]

MOST_PIXELS = 25_000_000  # "24 megapixels": cameras sold as such record up to 24.5 million
LEAST_SIDE = 64  # pixels; a shorter side holds too little to paint

# Pillow reads many more, some through other programs; a picture from elsewhere needs none of them.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_READABLE = "a JPEG, PNG or WebP file"
_SAVED = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
_TURNS = {  # EXIF orientation -> what brings the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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
    if isinstance(long_side, bool) or long_side != int(long_side) or long_side < LEAST_SIDE:
        raise ValueError(
            f"long_side must be a whole number of pixels >= {LEAST_SIDE}. Received: {long_side}"
        )
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            return _read(file, name or os.fspath(source), int(long_side))
    if isinstance(source, bytes | bytearray | memoryview):
        return _read(io.BytesIO(source), name or "The picture", int(long_side))
    if hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        known = getattr(source, "name", None)  # a temporary file's name may be a number
        known = known if isinstance(known, str) else "The picture"
        seekable = getattr(source, "seekable", lambda: False)()
        file = source if seekable else io.BytesIO(source.read())
        return _read(file, name or known, int(long_side))
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
    pixels = np.rint(_check_picture(image) * 255).astype(np.uint8)
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
    image = _check_picture(image)
    if isinstance(pixels, bool) or pixels != int(pixels) or pixels < 1:
        raise ValueError(f"pixels must be a whole number >= 1. Received: {pixels}")
    height, width, channels = image.shape
    size = _scaled((width, height), pixels / min(height, width))
    return np.stack([_resize_plane(image[..., c], size) for c in range(channels)], axis=-1)


def _read(file, name, long_side):
    """Check a picture file by its header, decode it and bring it to the working size."""
    with _open(file, name) as image:
        _check_pixels(image.size, name)
        size = _working_size(image.size, long_side, name)
        with _blaming(name):
            moves = _moves(image)
            image.verify()  # PNG's checksums, which decoding does not look at
        if moves:
            raise ValueError(
                f"{name} must be one still picture. Save a single frame of it as {_READABLE}. "
                f"Received: a {image.format} file with several frames"
            )
    with _open(file, name) as image, _blaming(name):  # after verify() a file has to be reopened
        return _decode(image, size)


@contextmanager
def _blaming(name):
    """Turn whatever Pillow raises on a damaged file, many types, into one clear ValueError."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"{name} is damaged or cut off, or stores its colours in an unusual way. Copy or "
            f"download it again, or open it in a picture program and save it as {_READABLE}. "
            f"Received: {type(error).__name__}: {error}"
        ) from error


def _moves(image):
    """Tell whether a file holds several frames."""
    # phones append a depth map or another exposure to a JPEG (MPO): the first picture is the one
    return image.format != "MPO" and getattr(image, "is_animated", False)


def _open(file, name):
    """Read a picture's header; the pixels stay in the file."""
    try:
        with warnings.catch_warnings():  # ours is the stricter limit, and it is an error
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(name, str(error)) from error
    except Exception as error:
        raise ValueError(
            f"{name} must be a picture that can be read: {_READABLE}. If it is a picture of "
            "another kind, open it in a picture program and save it as one of these; if it "
            "should be one, copy or download it again. "
            f"Received: {_beginning(file)}"
        ) from error


def _beginning(file):
    """Say how a file begins, by which those who know can tell its kind."""
    file.seek(0)
    start = file.read(12)
    return f"a file that begins with {start!r}" if start else "an empty file"


def _decode(image, size):
    """Decode an opened picture at ``size`` (width, height of the file's own orientation)."""
    drafted = image.draft(None, (2 * size[0], 2 * size[1]))  # JPEG: decoded at 1/2, 1/4 or 1/8
    box = drafted[1] if drafted else None
    turn = None if image.format == "TIFF" else _turn(image)  # Pillow turns a TIFF by itself
    image.load()
    if image.mode in ("I", "F"):
        raise ValueError("32-bit grey, of which nobody knows what is white")
    if image.mode.startswith("I;16"):  # Pillow would clip 16 bits to 8
        image = Image.fromarray(np.asarray(image).astype(np.float32) / 65535)
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode in ("1", "P"):  # these would be resized without smoothing
        image = image.convert("L" if image.mode == "1" else "RGB")
    image = image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", size, "white"), image)
    if turn is not None:
        image = image.transpose(turn)
    if image.mode == "F":
        return np.repeat(np.clip(np.asarray(image), 0, 1)[..., np.newaxis], 3, axis=-1)
    return np.asarray(image.convert("RGB"), dtype=np.float32) / 255


def _turn(image):
    """Return the transposition that EXIF asks for, or None; damaged EXIF asks for nothing."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # the pixels may well be whole, and decoding will tell
        return None


def _from_array(array, name, long_side):
    """Check an array, lay it on white and bring it to the working size."""
    planes = array[..., np.newaxis] if array.ndim == 2 else array
    if planes.ndim != 3 or planes.shape[-1] not in (1, 3, 4) or planes.size == 0:
        raise ValueError(
            f"{name} must have shape (height, width) or (height, width, channels) with 1, 3 or 4 "
            f"channels. Received: shape {array.shape}"
        )
    height, width, channels = planes.shape
    _check_pixels((width, height), name)
    size = _working_size((width, height), long_side, name)
    white = _white_level(array, name)
    resized = []
    for c in range(min(channels, 3)):  # one by one: a large array needs little more memory
        plane = planes[..., c].astype(np.float32) / white
        if channels == 4:
            plane = 1 + (plane - 1) * (planes[..., 3].astype(np.float32) / white)
        resized.append(_resize_plane(plane, size))
    return np.stack(resized * (3 // len(resized)), axis=-1)


def _check_picture(image):
    """Return a picture of 1 or 3 channels as float32 after checking type, shape and range."""
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] not in (1, 3) or image.size == 0:
        raise ValueError(
            "image must have shape (height, width, channels) with 1 or 3 channels. "
            f"Received: shape {image.shape}"
        )
    if not np.issubdtype(image.dtype, np.floating):
        raise TypeError(
            "image must hold floating-point numbers in [0, 1] (load_picture converts others). "
            f"Received: dtype {image.dtype}"
        )
    _white_level(image, "image")
    return image.astype(np.float32, copy=False)


def _white_level(array, name):
    """Return the number that means white in a picture array; check type and range."""
    if array.dtype in (np.uint8, np.uint16):
        return np.float32(np.iinfo(array.dtype).max)
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(
            f"{name} must hold uint8, uint16, or floating-point numbers in [0, 1]. "
            f"Received: dtype {array.dtype}"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # also false for NaN
        raise ValueError(
            f"{name} must lie in [0, 1] and be finite. Received: values from {low} to {high}"
        )
    return np.float32(1)


def _resize_plane(plane, size):
    """Resize float32 ``(height, width)`` to ``size`` (width, height), keeping [0, 1]."""
    resized = Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.clip(np.asarray(resized), 0, 1)  # Lanczos overshoots at edges


def _scaled(size, factor):
    """Return (width, height) scaled and rounded, at least one pixel each."""
    return tuple(max(1, round(side * factor)) for side in size)


def _working_size(size, long_side, name):
    """Return the (width, height) to work at; raise ValueError if a side would be too short."""
    wanted = _scaled(size, min(1, long_side / max(size)))
    received = f"Received: {size[0]} x {size[1]} pixels"
    if min(size) < LEAST_SIDE:
        raise ValueError(
            f"{name} must be at least {LEAST_SIDE} pixels wide and high. Take a larger version of "
            f"it. {received}"
        )
    if min(wanted) < LEAST_SIDE:
        raise ValueError(
            f"{name} is too long and narrow: at a long side of {long_side} pixels, its short side "
            f"must keep {LEAST_SIDE}, but it would have {min(wanted)}. Crop it, or ask for a "
            f"larger long_side. {received}"
        )
    return wanted


def _check_pixels(size, name):
    if size[0] * size[1] > MOST_PIXELS:
        megapixels = size[0] * size[1] / 1e6
        raise _too_large(name, f"{size[0]} x {size[1]} pixels ({megapixels:.1f} million)")


def _too_large(name, received):
    return ValueError(
        f"{name} must have at most {MOST_PIXELS / 1e6:.0f} million pixels. Make it smaller first, "
        "for example with the resize function of any picture program; 2,000 pixels on the longer "
        f"side are plenty. Received: {received}"
    )
