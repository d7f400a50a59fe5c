"""Decode picture files as people bring them, and refuse what would harm or disappoint.

:mod:`styleguard_edu.pictures` is the door to it. Sizes are ``(width, height)``, as in Pillow.
"""

import warnings
from contextlib import contextmanager

import numpy as np
from PIL import ExifTags, Image

MOST_PIXELS = 25_000_000  # "24 megapixels": cameras sold as such record up to 24.5 million
LEAST_SIDE = 64  # pixels; a shorter side holds too little to paint

# Pillow reads many more, some through other programs; a picture from elsewhere needs none of them.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_READABLE = "a JPEG, PNG or WebP file"
_TURNS = {  # EXIF orientation -> what brings the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode_picture(file, name, long_side):
    """Check a picture file by its header, decode it and bring it to the working size.

    Parameters
    ----------
    file : binary file object
        Seekable; read from its start, and left open.
    name : str
        What to call the picture in an error message.
    long_side : int
        The longer side of the result is at most so many pixels.

    Returns
    -------
    ndarray of float32, ``(height, width, 3)`` in [0, 1]
        Upright, on white where it was transparent.

    Raises
    ------
    ValueError
        As for :func:`styleguard_edu.pictures.load_picture`.
    """
    with _open(file, name) as image:
        check_pixels(image.size, name)
        size = working_size(image.size, long_side, name)
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


def scaled(size, factor):
    """Return (width, height) scaled and rounded, at least one pixel each."""
    return tuple(max(1, round(side * factor)) for side in size)


def working_size(size, long_side, name):
    """Return the (width, height) to work at; raise ValueError if a side would be too short."""
    wanted = scaled(size, min(1, long_side / max(size)))
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


def check_pixels(size, name):
    """Raise ValueError for a picture of more than ``MOST_PIXELS``."""
    if size[0] * size[1] > MOST_PIXELS:
        megapixels = size[0] * size[1] / 1e6
        raise _too_large(name, f"{size[0]} x {size[1]} pixels ({megapixels:.1f} million)")


def _too_large(name, received):
    return ValueError(
        f"{name} must have at most {MOST_PIXELS / 1e6:.0f} million pixels. Make it smaller first, "
        "for example with the resize function of any picture program; 2,000 pixels on the longer "
        f"side are plenty. Received: {received}"
    )
