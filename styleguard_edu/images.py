"""The one convention for images, and the conversions to and from it.

Everywhere in this package a batch of images is a float32 array of shape
``(n, height, width, channels)`` with values in [0, 1] and 1 or 3 channels. Networks that prefer
another range rescale inside. A *picture* is one such image alone, ``(height, width, channels)``:
pictures differ in size and come one by one.
"""

import io

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from .checks import as_array, float_advice, require_count, require_number

LUMA = (0.2126, 0.7152, 0.0722)  # share of red, green and blue in brightness, by Rec. 709
_ROUNDING = 1e-6  # so far beyond [0, 1] a value may lie: a few steps of float32


def check_images(images, *, name="images", shape=None):
    """Return ``images`` as float32 after checking that they follow the convention.

    Parameters
    ----------
    images : array_like
        Expected to be ``(n, height, width, channels)``, real numbers in [0, 1], n >= 1.
    name : str
        What to call the argument in an error message.
    shape : tuple of int, optional
        The exact ``(height, width, channels)`` required, for example ``(28, 28, 1)``.

    Returns
    -------
    ndarray of float32, ``(n, height, width, channels)``
        The same values; not a copy if they were float32 already. Those beyond [0, 1] by rounding
        noise, at most 1e-6, become 0 or 1.

    Raises
    ------
    TypeError
        If the values are not floating-point numbers (bytes need :func:`from_uint8`).
    ValueError
        If the shape or the range is wrong, the batch is empty, or a value is NaN or infinite.
    """
    array = as_array(name, images)
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(
            f"{name} must hold floating-point numbers in [0, 1]{float_advice(array.dtype)}. "
            f"Received: dtype {array.dtype}"
        )
    if array.ndim != 4 or array.shape[-1] not in (1, 3):
        raise ValueError(
            f"{name} must have shape (n, height, width, channels) with 1 or 3 channels. "
            f"Received: shape {array.shape}"
        )
    if shape is not None and array.shape[1:] != tuple(shape):
        raise ValueError(
            f"{name} must be of height, width, channels {tuple(shape)}. Received: {array.shape[1:]}"
        )
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one image. Received: shape {array.shape}")
    noisy = check_range(array, name)
    array = array.astype(np.float32, copy=False)
    return np.clip(array, 0, 1) if noisy else array


def check_range(values, name):
    """Raise ValueError, naming the argument, unless all values of an array lie in [0, 1].

    Returns
    -------
    bool
        Whether some lie beyond by rounding noise, at most 1e-6, and have to be clipped.
    """
    low, high = float(values.min()), float(values.max())
    if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):  # also false for NaN
        raise ValueError(
            f"{name} must lie in [0, 1] and be finite. Received: values from {low} to {high}"
        )
    return low < 0 or high > 1


def check_picture(picture, *, name="picture", channels=(3,), least=1):
    """Return one picture as float32 after checking that it follows the convention.

    Parameters
    ----------
    picture : array_like
        Expected to be ``(height, width, channels)``, real numbers in [0, 1].
    name : str
        What to call the argument in an error message.
    channels : tuple of int
        How many channels are allowed.
    least : int
        Pixels that the shorter side must have.

    Returns
    -------
    ndarray of float32, ``(height, width, channels)``
        The same values; not a copy if they were float32 already.

    Raises
    ------
    TypeError, ValueError
        As for :func:`check_images`, and if the picture is too small.
    """
    array = as_array(name, picture)
    if array.ndim != 3 or array.shape[-1] not in channels or min(array.shape[:2]) < least:
        allowed = " or ".join(map(str, channels))
        raise ValueError(
            f"{name} must have shape (height, width, {allowed}), at least {least} pixels a side. "
            f"Received: shape {array.shape}"
        )
    return check_images(array[np.newaxis], name=name)[0]


def check_content(content, images):
    """Return the images from which others were made after checking that they belong together.

    Parameters
    ----------
    content : array_like, ``(n, height, width, 1 or 3)`` in [0, 1], or None
    images : ndarray, ``(n, height, width, channels)``
        Checked already.

    Returns
    -------
    ndarray of float32, or None if there is no content

    Raises
    ------
    TypeError, ValueError
        As for :func:`check_images`, or if number or size differ from those of ``images``.
    """
    if content is None:
        return None
    content = check_images(content, name="content")
    if content.shape[:3] != images.shape[:3]:
        raise ValueError(
            "content must have as many images as images, of the same size "
            f"{images.shape[:3]}. Received: {content.shape[:3]}"
        )
    return content


def to_rgb(images):
    """Return images ``(n, height, width, 3)``: grey ones with their channel three times."""
    return np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images


def blend(images, others, strength):
    """Mix images with others, pixel by pixel.

    Parameters
    ----------
    images, others : ndarray of float32 in [0, 1]
        Of one shape, or of shapes that broadcast.
    strength : float in [0, 1], or array of such
        Share of ``others`` in the result; the rest is ``images``.

    Returns
    -------
    ndarray of float32 in [0, 1]
        Exactly ``images`` at strength 0, exactly ``others`` at strength 1.

    Raises
    ------
    ValueError
        If a strength lies outside [0, 1].
    """
    share = np.asarray(strength, np.float64)
    if not np.all((share >= 0) & (share <= 1)):  # also false for NaN
        raise ValueError(f"strength must lie in [0, 1]. Received: {strength}")
    # the two float32 shares sum to 1 or less after rounding, so the result stays in the range
    return (1 - share).astype(np.float32) * images + share.astype(np.float32) * others


def sharpen(images, *, amount=1.0):
    r"""Sharpen images by unsharp masking: add what a blur would take away.

    .. math:: x' = x + \mathrm{amount} \cdot (x - G * x), \quad \text{clipped to } [0, 1]

    with a Gaussian G of 1 pixel; beyond the border lies the pixel nearest to it.

    Parameters
    ----------
    images : ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
        Left as they are.
    amount : float >= 0
        At 0 nothing changes.

    Returns
    -------
    ndarray of float32, ``(n, height, width, channels)`` in [0, 1]

    Raises
    ------
    ValueError
        If images or amount are not as above.
    """
    require_number("amount", amount, 0, np.inf)
    return _sharpen(check_images(images), amount)


def _sharpen(images, amount):  # of images that were checked
    detail = images - gaussian_filter(images, (0, 1, 1, 0), mode="nearest")
    return np.clip(images + np.float32(amount) * detail, 0, 1)


def from_uint8(pixels):
    """Turn bytes 0-255 into images in [0, 1].

    Parameters
    ----------
    pixels : ndarray of uint8
        ``(n, height, width)`` for grey pictures or ``(n, height, width, channels)``.

    Returns
    -------
    ndarray of float32, ``(n, height, width, channels)``
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8:
        raise TypeError(f"pixels must be of dtype uint8. Received: dtype {pixels.dtype}")
    if pixels.ndim == 3:
        pixels = pixels[..., np.newaxis]
    return check_images(pixels.astype(np.float32) / 255, name="pixels")


def to_uint8(images):
    """Turn images in [0, 1] into bytes 0-255, rounded to the nearest.

    ``to_uint8(from_uint8(pixels))`` gives back every byte.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]

    Returns
    -------
    ndarray of uint8, same shape
    """
    return np.rint(check_images(images) * 255).astype(np.uint8)


def image_grid(images, *, columns=8, gap=2):
    """Lay images out in rows, as one picture.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    columns : int
        Images a row; gaps and empty places are white.
    gap : int
        Pixels between images.

    Returns
    -------
    ndarray of float32, ``(height, width, channels)`` in [0, 1]
    """
    images = check_images(images)
    require_count("columns", columns, 1)
    require_count("gap", gap)
    n, height, width, channels = images.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    empty, right, below = (0, rows * columns - n), (0, gap), (0, gap)
    cells = np.pad(images, (empty, below, right, (0, 0)), constant_values=1)
    cells = cells.reshape(rows, columns, height + gap, width + gap, channels).swapaxes(1, 2)
    picture = cells.reshape(rows * (height + gap), columns * (width + gap), channels)
    return picture[: len(picture) - gap, : picture.shape[1] - gap]


def png_bytes(image):
    """Encode one image as a PNG file.

    Parameters
    ----------
    image : ndarray of float, ``(height, width, channels)`` in [0, 1], 1 or 3 channels

    Returns
    -------
    bytes
        The file, for ``ipywidgets.Image`` or for writing to disk.
    """
    pixels = to_uint8(as_array("image", image)[np.newaxis])[0]
    picture = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=1)  # a slider cannot wait for a smaller file
    return buffer.getvalue()
