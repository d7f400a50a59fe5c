"""The card that every recipe writes, in one form."""

import platform
from importlib import metadata

from styleguard_edu.backend import tf
from styleguard_edu.checkpoints import save_checkpoint, save_result

import numpy as np

PACKAGES = ("keras", "numpy", "scipy", "scikit-image", "scikit-learn")


def save_with_card(
    name, networks=None, *, data, settings, seconds, metrics, notes, arrays=None, folder=None
):
    """Save what a recipe made, with the card that says how.

    Networks become a checkpoint; what was only measured becomes a result.

    Parameters
    ----------
    name : str
        Of the recipe and of its checkpoint.
    networks : dict of str to keras.Model, optional
        By role.
    data : str
        What it was trained on.
    settings : dict
        What the recipe was called with, and what else decides about the result.
    seconds : float
        Of training.
    metrics : dict
        Numbers, also in nested dicts and lists; kept to four decimal places.
    notes : str
        How the networks and the metrics are to be read.
    arrays : dict of str to ndarray, optional
    folder : path, optional
        As for :func:`styleguard_edu.checkpoints.save_checkpoint`.
    """
    card = {
        "recipe": f"python -m recipes {name}",
        "data": data,
        "settings": settings,
        "minutes": round(float(seconds) / 60, 1),
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            **{name: metadata.version(name) for name in PACKAGES},
        },
        "metrics": rounded(metrics),
        "notes": notes,
    }
    if networks:
        save_checkpoint(name, networks, card, arrays=arrays, folder=folder)
    else:
        save_result(name, card, arrays=arrays, folder=folder)


def rounded(values):
    """Numbers to four decimal places, also in nested dicts and lists; anything else stays."""
    if isinstance(values, dict):
        return {name: rounded(value) for name, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [rounded(value) for value in values]
    return round(float(values), 4) if isinstance(values, (float, np.floating)) else values
