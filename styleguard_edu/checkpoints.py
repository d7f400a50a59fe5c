"""Save and load trained networks, each with a card that says where it came from."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .backend import keras
from .files import data_path, restore_command, sha256, write_atomically

_CARD = "card.json"


@dataclass(frozen=True)
class Checkpoint:
    """A trained network or several, with what belongs to them.

    Attributes
    ----------
    name : str
    networks : dict of str to keras.Model
        By role, for example ``networks["generator"]``. Not compiled.
    card : dict
        Recipe, data, seed, minutes, metrics, and the SHA-256 of every file.
    arrays : dict of str to ndarray
        Numbers kept with the networks, for example reference statistics or a training log.
    """

    name: str
    networks: dict
    card: dict
    arrays: dict = field(default_factory=dict)


def load_checkpoint(name, *, folder=None):
    """Load a reference checkpoint, after checking that its files are what the card says.

    Loading never executes code from a file (Keras' ``safe_mode``).

    Parameters
    ----------
    name : str
        For example ``"digit_gan"``; an unknown name is answered with the known ones.
    folder : path, optional
        Where the checkpoints lie; the project's own unless given.

    Returns
    -------
    Checkpoint

    Raises
    ------
    ValueError
        If there is no such checkpoint, or a file differs from its SHA-256 in the card.
    FileNotFoundError
        If a file that the card names is missing.
    """
    card = verified_card(name, folder=folder)
    networks, arrays = {}, {}
    for file in card["sha256"]:
        path = _home(name, folder) / file
        if path.suffix == ".keras":
            networks[path.stem] = keras.saving.load_model(path, compile=False, safe_mode=True)
        else:
            with np.load(path, allow_pickle=False) as stored:
                arrays.update(stored)
    return Checkpoint(name, networks, card, arrays)


def save_checkpoint(name, networks, card, *, arrays=None, folder=None):
    """Save networks and arrays with their card; the card is written last.

    Parameters
    ----------
    name : str
        A new one, or the one to replace.
    networks : dict of str to keras.Model
        By role; each becomes ``ROLE.keras``, without optimizer.
    card : dict
        What a reader must know: recipe, data, seed, minutes, metrics. ``"sha256"`` is added.
    arrays : dict of str to ndarray, optional
        Kept in ``arrays.npz``.
    folder : path, optional
        Where the checkpoints lie; the project's own unless given.

    Returns
    -------
    pathlib.Path
        The checkpoint's folder.
    """
    home = _home(name, folder)
    files = []
    for role, network in networks.items():
        bare = type(network).from_config(network.get_config())  # no optimizer, no losses
        bare.set_weights(network.get_weights())
        files.append(home / f"{role}.keras")
        write_atomically(files[-1], bare.save)
    if arrays:
        files.append(home / "arrays.npz")
        write_atomically(files[-1], lambda path: np.savez_compressed(path, **arrays))
    for old in (*home.glob("*.keras"), *home.glob("*.npz")):
        if old not in files:
            old.unlink()
    full = {"name": name, **card, "sha256": {file.name: sha256(file) for file in files}}
    text = json.dumps(full, indent=2) + "\n"
    write_atomically(home / _CARD, lambda path: path.write_text(text, encoding="utf-8"))
    return home


def verified_card(name, *, folder=None):
    """Read a checkpoint's card and check every file against it, without loading a network.

    Parameters
    ----------
    name : str
    folder : path, optional
        Where the checkpoints lie; the project's own unless given.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    ValueError, FileNotFoundError
        As for :func:`load_checkpoint`.
    """
    home = _home(name, folder)
    if not (home / _CARD).is_file():
        known = sorted(card.parent.name for card in home.parent.glob(f"*/{_CARD}"))
        raise ValueError(f"name must be one of the checkpoints {known}. Received: {name!r}")
    cure = f"To restore it: {restore_command('checkpoints')}"
    try:
        card = json.loads((home / _CARD).read_text(encoding="utf-8"))
        files = card["sha256"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{home / _CARD} must be JSON that gives the SHA-256 of every file. {cure}. "
            f"Received: {error!r}"
        ) from error
    for file, expected in files:
        path = home / file
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing. {cure}")
        if (found := sha256(path)) != expected:
            raise ValueError(
                f"{path} is damaged or was changed: its SHA-256 should be {expected}. "
                f"Received: {found}. {cure}"
            )
    return card


def _home(name, folder):
    return (data_path("checkpoints") if folder is None else Path(folder)) / name
