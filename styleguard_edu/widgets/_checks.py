"""What explorers are given, checked before anything is drawn."""

import numpy as np

from ..images import check_images


def check_numbers(name, values, shape, *, above=-np.inf, most=np.inf, more=False):
    """Return finite numbers as a float64 array.

    Parameters
    ----------
    name : str
    values : array_like
    shape : tuple of int
    above, most : float
        Every number lies above the one, and is at most the other.
    more : bool
        Whether there may be more rows than the shape has.

    Raises
    ------
    ValueError
        If they are no numbers, of another shape or out of range.
    """
    values = np.asarray(values)
    enough = more and values.shape[:1] > shape[:1] and values.shape[1:] == shape[1:]
    if values.dtype.kind not in "fiu" or not (values.shape == shape or enough):
        raise ValueError(
            f"{name} must hold numbers of shape {shape}{' or more' * more}. "
            f"Received: {values.dtype}, shape {values.shape}"
        )
    if not (np.isfinite(values) & (values > above) & (values <= most)).all():
        raise ValueError(
            f"{name} must be finite, above {above:g} and at most {most:g}. "
            f"Received: from {values.min()} to {values.max()}"
        )
    return values.astype(np.float64, copy=False)


def check_table(called, table, detectors, names, shape, **limits):
    """Return numbers by detector and name, each checked by :func:`check_numbers`."""

    def checked(detector, name):
        values = table.get(detector, {}).get(name, ())
        return check_numbers(f"{called}[{detector!r}][{name!r}]", values, shape, **limits)

    return {detector: {name: checked(detector, name) for name in names} for detector in detectors}


def check_truth(name, values, shape):
    """Return True and False of a shape as an array."""
    values = np.asarray(values)
    if values.dtype != bool or values.shape != shape:
        raise ValueError(
            f"{name} must be bool of shape {shape}. Received: {values.dtype}, shape {values.shape}"
        )
    return values


def check_few(images, most, *, name="images"):
    """Return images after checking them, and that they are not too many to be read in a row."""
    images = check_images(images, name=name)
    if len(images) > most:
        raise ValueError(f"{name} must be at most {most}. Received: {len(images)}")
    return images


def check_alike(name, images, like):
    """Return images after checking that they are as many and as large as others."""
    images = check_images(images, name=name)
    if images.shape != like.shape:
        raise ValueError(f"{name} must be of shape {like.shape}. Received: {images.shape}")
    return images


def check_damaged(images, masks, *, most=np.inf):
    """Return images and masks, each a dict by name, after checking that they fit together.

    Of each kind there may be at most so many images.
    """
    kinds = [name for name in images if name != "clean"]
    if "clean" not in images or not kinds:
        expected = 'images must hold "clean" and at least one kind of damage'
        raise ValueError(f"{expected}. Received: {', '.join(images) or 'nothing'}")
    clean = check_few(images["clean"], most, name="images['clean']")
    images = {name: check_alike(f"images[{name!r}]", images[name], clean) for name in images}
    shape = clean.shape[:3]
    masks = {kind: check_truth(f"masks[{kind!r}]", masks.get(kind, ()), shape) for kind in kinds}
    return images, masks
