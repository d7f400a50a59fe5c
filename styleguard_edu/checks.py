"""The one way to check numbers that a caller gave: counts, rates, scores.

Each check raises ValueError with the argument's name, what was expected and what came. Images and
masks have checks of their own, in :mod:`styleguard_edu.images`.
"""

from numbers import Integral, Real

import numpy as np


def is_number(value):
    """Whether a value is a real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_whole(value):
    """Whether a value is a whole number; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def as_array(name, values):
    """Return values as an array; what cannot be one, such as rows of unequal length, is refused."""
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be an array of numbers, with rows of equal length. "
            f"Received: {type(values).__name__}"
        ) from error


def finite_array(name, values, dtype=np.float64):
    """Return numbers of any shape as floats; refuse what is no number, NaN or infinite."""
    array = as_array(name, values)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold numbers. Received: dtype {array.dtype}")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ValueError(f"{name} must be finite. Received: {bad} NaN or infinite values")
    return array.astype(dtype, copy=False)


def float_advice(dtype):
    """How values of a type are brought to the convention, for the middle of an error message."""
    if dtype == np.uint8:
        return " (from_uint8 converts bytes)"
    if dtype.kind in "iu":
        return "; divide by the number that means white, for example images / 255"
    return '; images.astype("float32") converts True and False' if dtype.kind == "b" else ""


def require_number(name, value, low, high):
    """Raise ValueError unless ``value`` is a finite number from ``low`` to ``high``.

    Parameters
    ----------
    name : str
        What to call the argument in the error message, here and below.
    value : object
    low, high : float
        Both allowed, unless ``high`` is infinite.
    """
    require_numbers({name: value}, {name: (low, high)})


def require_numbers(values, ranges):
    """Do as :func:`require_number` for several values, dict of str, and their (low, high)."""
    for name, (low, high) in ranges.items():
        value = values[name]
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not (low <= value <= high and np.isfinite(value)):  # refuses NaN
            allowed = f"from {low} to {high}" if np.isfinite(high) else f">= {low}, finite"
            raise ValueError(f"{name} must be a number {allowed}. Received: {value!r}")


def require_count(name, value, least=0, most=np.inf):
    """Raise ValueError unless ``value`` is a whole number from ``least`` to ``most``."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        allowed = f">= {least}" if most == np.inf else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {allowed}. Received: {value!r}")


def require_same(what, **values):
    """Raise ValueError unless two values, shapes for example, named by arguments, are equal.

    Examples
    --------
    >>> require_same("the same shape", maps=(2, 3), masks=(2, 4))
    Traceback (most recent call last):
    ValueError: maps and masks must have the same shape. Received: (2, 3) and (2, 4)
    """
    first, second = values.values()
    if first != second:
        names = " and ".join(values)
        raise ValueError(f"{names} must have {what}. Received: {first} and {second}")


def require_positive(name, value):
    """Raise ValueError unless ``value`` is a finite number above 0."""
    require_number(name, value, 0, np.inf)
    if value == 0:
        raise ValueError(f"{name} must be above 0. Received: {value!r}")


def require_rate(name, value):
    """Raise ValueError unless ``value`` is a number above 0 and below 1."""
    if not is_number(value) or not 0 < value < 1:  # also refuses NaN
        raise ValueError(f"{name} must lie strictly between 0 and 1. Received: {value!r}")


def finite_scores(name, scores):
    """Return the scores of images as an array after checking them.

    Parameters
    ----------
    name : str
    scores : array_like of numbers, ``(n,)``, n >= 1

    Returns
    -------
    ndarray of float, ``(n,)``
        float64, unless they were floating-point numbers of another precision.

    Raises
    ------
    ValueError
        If there is none, or they are no numbers, not one-dimensional or not finite.
    """
    scores = as_array(name, scores)
    if scores.dtype.kind not in "fiu" or scores.ndim != 1 or not scores.size:
        raise ValueError(
            f"{name} must hold numbers of shape (n,) with n >= 1, one an image. "
            f"Received: {scores.dtype}, shape {scores.shape}"
        )
    as_floats = finite_array(name, scores)
    return scores if scores.dtype.kind == "f" else as_floats
