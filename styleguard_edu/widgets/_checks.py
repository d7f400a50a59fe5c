"""What explorers are given, checked before anything is drawn."""

import numpy as np

from ..checks import finite_scores
from ..images import check_images


def check_numbers(name, values, shape):
    """Return finite numbers of a shape as an array.

    Raises
    ------
    ValueError
        If they are no numbers, of another shape, NaN or infinite.
    """
    values = np.asarray(values)
    if values.dtype.kind not in "fiu" or values.shape != tuple(shape):
        raise ValueError(
            f"{name} must hold numbers of shape {tuple(shape)}. "
            f"Received: {values.dtype}, shape {values.shape}"
        )
    if bad := int((~np.isfinite(values)).sum()):
        raise ValueError(f"{name} must be finite. Received: {bad} NaN or infinite values")
    return values


def check_p_values(name, values, shape):
    """Return p-values of a shape, in (0, 1], as an array."""
    values = check_numbers(name, values, shape)
    if not (values.min() > 0 and values.max() <= 1):
        raise ValueError(
            f"{name} must lie in (0, 1]. Received: from {values.min()} to {values.max()}"
        )
    return values


def check_truth(name, values, shape):
    """Return True and False of a shape as an array."""
    values = np.asarray(values)
    if values.dtype != bool or values.shape != tuple(shape):
        raise ValueError(
            f"{name} must be bool of shape {tuple(shape)}. "
            f"Received: {values.dtype}, shape {values.shape}"
        )
    return values


def check_alike(name, images, like):
    """Return images after checking that they are as many and as large as others."""
    images = check_images(images, name=name)
    if images.shape != like.shape:
        raise ValueError(f"{name} must be of shape {like.shape}. Received: {images.shape}")
    return images


def check_rising(name, values, low=-np.inf, high=np.inf):
    """Return numbers that increase strictly and lie between two others, as an array."""
    values = np.asarray(values)
    rising = values.ndim == 1 and values.size and (np.diff(values) > 0).all()
    if not rising or values[0] < low or values[-1] > high:
        raise ValueError(
            f"{name} must increase, from {low:g} to {high:g}, at least one. Received: {values}"
        )
    return values


def check_row(row, name, n=None):
    """Return finite scores as float64; of n images, if n is given."""
    if n is not None:
        check_numbers(name, row, (n,))
    return finite_scores(name, row).astype(np.float64, copy=False)


def check_damaged(images, masks):
    """Return images and masks, each a dict by name, after checking that they fit together.

    Raises
    ------
    ValueError
        If there is nothing clean or nothing damaged, or shapes differ.
    """
    kinds = [name for name in images if name != "clean"]
    if "clean" not in images or not kinds:
        raise ValueError(
            'images must hold "clean" and at least one kind of damage. '
            f"Received: {', '.join(images) or 'nothing'}"
        )
    clean = check_images(images["clean"], name="images['clean']")
    images = {name: check_alike(f"images[{name!r}]", images[name], clean) for name in images}
    if masks is not None:
        masks = {
            kind: check_truth(f"masks[{kind!r}]", masks.get(kind, ()), clean.shape[:3])
            for kind in kinds
        }
    return images, masks
