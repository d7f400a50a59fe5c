"""Decode picture files as people bring them, and refuse what would harm or disappoint.

:mod:`styleguard_edu.pictures` is the door to it. Sizes are ``(width, height)``, as in Pillow.
"""

import io
import re
import warnings
import zlib
from contextlib import contextmanager, suppress

import numpy as np
from PIL import ExifTags, Image, ImageOps

# Cameras sold as of 50 or 108 megapixels record up to 51.1 and 108.7 million pixels.
MOST_PIXELS = {"JPEG": 110_000_000}  # decoded at a reduced size
MOST_PIXELS_OTHERWISE = 52_000_000  # 4 bytes each in memory
LEAST_SIDE = 64  # pixels; a shorter side holds too little to paint

# Pillow reads many more, some through other programs; a picture from elsewhere needs none of them.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_READABLE = "a JPEG, PNG or WebP file"
_SAVE_AGAIN = f"Open it in a picture program and save it as {_READABLE}"
_OTHER_KINDS = (  # how a file begins, what it then is, what to do (_SAVE_AGAIN if empty)
    (rb".{4}ftyp(hei|hev|mif1|msf1)", "a HEIC photo, as phones store them", ""),
    (
        rb".{4}ftypavi[fs]",
        "an AVIF picture, damaged or of a kind unknown here",
        f"Copy or download it again. {_SAVE_AGAIN}",
    ),
    (rb".{4}ftyp", "a film", "Save a single frame of it as a picture"),
    (rb"%PDF", "a PDF document", "Save its page or picture as JPEG or PNG"),
    (rb"\s*(<\?xml.*)?(<!--.*)?(<!DOCTYPE svg.*)?<svg", "an SVG drawing", "Export it as PNG"),
    (rb"(?i)\s*<(!doctype )?html", "a web page", "Save the picture itself, not the page around it"),
    (rb"version https://git-lfs", "the address of a file kept by Git LFS", "Run `git lfs pull`"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL picture", ""),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000 picture", ""),
    (rb"8BPS|gimp xcf", "the working file of a picture program", ""),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript drawing", "Export it as PNG"),
    (rb"PK\x03\x04", "a ZIP archive or an Office document", "Take the picture out of it"),
)
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"acTL", b"eXIf", b"IDAT", b"IEND")
_MIN_IS_WHITE, _SIGNED = 0, 2  # values of the TIFF tags PhotometricInterpretation, SampleFormat


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
    with _blaming(name):
        file = _without_text(file)
    with _open(file, name) as image:
        try:
            return decode_image(image, name, long_side)
        except ValueError as error:
            truncated = isinstance(error.__cause__, OSError) and image.format == "JPEG"
            shown = _without_end(file, name, long_side) if truncated else None
            if shown is None:
                raise
            return shown


def decode_image(image, name, long_side):
    """As :func:`decode_picture`, for an image that Pillow opened; a file is decoded into it."""
    check_pixels(image.size, name, image.format)
    size = working_size(image.size, long_side, name)
    with _blaming(name):  # phones append a depth map or another exposure to a JPEG (MPO)
        if image.format == "MPO" or not getattr(image, "is_animated", False):
            return _decode(image, size)
    raise ValueError(
        f"{name} must be one still picture. Save a single frame of it as {_READABLE}. "
        f"Received: a {image.format} file with several frames"
    )


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


def _open(file, name):
    """Read a picture's header; the pixels stay in the file."""
    try:
        with warnings.catch_warnings():  # ours is the stricter limit, and it is an error
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(file, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(name, max(MOST_PIXELS.values()), str(error)) from error
    except Exception as error:
        kind, way_out = _kind(file)
        raise ValueError(
            f"{name} must be a picture that can be read: {_READABLE}. {way_out}. Received: {kind}"
        ) from error


def _kind(file):
    """What a file that is no picture seems to be, by how it begins, and what to do about it."""
    file.seek(0)
    start = file.read(1000)
    for beginning, kind, way_out in _OTHER_KINDS:
        if re.match(beginning, start, re.DOTALL):
            return kind, way_out or _SAVE_AGAIN
    return (
        f"a file that begins with {start[:12]!r}" if start else "an empty file",
        f"{_SAVE_AGAIN} if it is a picture of another kind; if it should be one of these, copy or "
        "download it again",
    )


def _without_text(file):
    """A PNG file without what browsers do not need either: text, profiles, damaged extras.

    Pillow refuses a file for a text above 1 MB and for one damaged letter in it, but not for the
    wrong checksum of a part that holds pixels.
    """
    file.seek(0)
    if file.read(len(_PNG)) != _PNG:
        return file
    kept = io.BytesIO()
    kept.write(_PNG)
    while len(head := file.read(8)) == 8:
        kind, data = head[4:], memoryview(file.read(int.from_bytes(head[:4]) + 4))
        whole = zlib.crc32(data[:-4], zlib.crc32(kind)) == int.from_bytes(data[-4:])
        if kind in _PNG_CHUNKS and whole:
            kept.writelines((head, data))
        elif kind in _PNG_CHUNKS and kind[:1].isupper():  # without those there is no picture
            raise ValueError(f"wrong checksum of PNG part {kind.decode()}")
    return kept


def _without_end(file, name, long_side):
    """The picture in a JPEG file that lacks its end marker; None if it lacks more than that."""
    file.seek(0)
    data = file.read().rstrip(b"\xff")  # perhaps half of the marker is there
    shown = []
    for more in (b"", bytes(range(1, 200))):
        with suppress(ValueError), _open(io.BytesIO(data + more + b"\xff\xd9"), name) as image:
            shown.append(decode_image(image, name, long_side))
    # where the last pixel is there, what comes after it changes nothing
    return shown[0] if len(shown) == 2 and np.array_equal(*shown) else None


def _decode(image, size):
    """Decode an opened picture at ``size`` (width, height of the file's own orientation)."""
    drafted = image.draft(None, (2 * size[0], 2 * size[1]))  # JPEG: decoded at 1/2, 1/4 or 1/8
    box = drafted[1] if drafted else None
    white, black = _white_and_black(image)
    image.load()
    if image.mode in ("I", "F"):
        raise ValueError("32-bit grey, of which nobody knows what is white")
    shown = _on_white(image, white, black)
    shown = shown.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    if image.format != "TIFF":  # Pillow turns a TIFF by itself
        shown = _upright(shown, image)
    pixels = np.asarray(shown, dtype=np.float32)
    if shown.mode == "F":
        return np.repeat(np.clip(pixels, 0, 1)[..., np.newaxis], 3, axis=-1)
    return pixels / 255


def _white_and_black(image):
    """The numbers that mean white and black in 16-bit grey; ValueError where nobody knows."""
    tags = getattr(image, "tag_v2", {})  # of a TIFF file
    if _SIGNED in np.atleast_1d(tags.get(ExifTags.Base.SampleFormat, 1)):
        raise ValueError("signed numbers, of which nobody knows what is white")
    bits = np.max(tags.get(ExifTags.Base.BitsPerSample, 16))
    white = 2 ** int(bits) - 1
    inverted = tags.get(ExifTags.Base.PhotometricInterpretation) == _MIN_IS_WHITE
    return (0, white) if inverted else (white, 0)


def _on_white(image, white, black):
    """A decoded image laid on white: RGB, or F in [0, 1] where it was 16-bit grey."""
    clear = image.info.get("transparency")  # a colour, of a PNG file
    if image.mode.startswith("I;16"):  # Pillow would clip 16 bits to 8
        pixels = np.asarray(image)
        grey = (pixels.astype(np.float32) - black) / (white - black)
        return Image.fromarray(grey if clear is None else np.where(pixels == clear, 1, grey))
    if image.mode == "RGB" and isinstance(clear, tuple) and max(clear) > 255:  # of 16 bits
        image.info["transparency"] = tuple(part >> 8 for part in clear)
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")  # no copy without need
    image = image if image.mode == "RGBA" else image.convert("RGBA")
    shown = Image.new("RGB", image.size, "white")
    shown.paste(image, mask=image)
    return shown


def _upright(shown, image):
    """Turn a small copy as the EXIF data of an image ask for; damaged ones ask for nothing."""
    turn, shown.info = Image.Exif(), {}
    with suppress(Exception):  # the pixels may well be whole
        turn[ExifTags.Base.Orientation] = image.getexif().get(ExifTags.Base.Orientation, 1)
        shown.info = {"exif": turn.tobytes()}
    return ImageOps.exif_transpose(shown)


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
            f"{name} is too long and narrow to be shown at {long_side} pixels on its longer side. "
            f"Crop that side to at most {min(size) * long_side // LEAST_SIDE} pixels. {received}"
        )
    return wanted


def check_pixels(size, name, kind=None):
    """Raise ValueError for a picture of more pixels than its kind of file may have."""
    most, pixels = MOST_PIXELS.get(kind, MOST_PIXELS_OTHERWISE), size[0] * size[1]
    if pixels > most:
        raise _too_large(name, most, f"{size[0]} x {size[1]} pixels ({pixels / 1e6:.1f} million)")


def _too_large(name, most, received):
    return ValueError(
        f"{name} must have at most {most / 1e6:.0f} million pixels. Make it smaller first, "
        "for example with the resize function of any picture program; 2,000 pixels on the longer "
        f"side are plenty. Received: {received}"
    )
