"""Save and load trained networks, and what was only measured, each with a card that tells how.

A checkpoint is a folder ``data/checkpoints/NAME`` with ``card.json``, one ``ROLE.keras`` a network
and perhaps ``arrays.npz``; a result is ``data/results/NAME.json``, perhaps with ``NAME.npz``.
"""

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .files import data_path, place_beside, read_folder, replace_folder, sha256
from .installation import restore_command

__all__ = [
    "Checkpoint",
    "load_checkpoint",
    "load_result",
    "save_checkpoint",
    "save_result",
    "verified_card",
]

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

    def __repr__(self):
        return f"Checkpoint({self.name!r}: {', '.join([*self.networks, *self.arrays]) or 'a card'})"


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

    Examples
    --------
    >>> gan = load_checkpoint("digit_gan")
    >>> sorted(gan.networks)
    ['discriminator', 'generator']
    >>> gan.card["settings"]["steps"]
    20000
    """
    from .backend import keras, random_state_kept

    home = _home(name, folder)

    @random_state_kept()
    def read():
        card = _verified_card(home)
        networks, arrays = {}, {}
        for path in (home / file for file in card["sha256"]):
            if path.suffix == ".keras":
                networks[path.stem] = keras.saving.load_model(path, compile=False, safe_mode=True)
            else:
                arrays.update(_read_arrays(path))
        return Checkpoint(name, networks, card, arrays)

    return read_folder(home, read)


def load_result(name, *, folder=None):
    """Load what was only measured: a card, and perhaps arrays, without a network.

    Parameters
    ----------
    name : str
        For example ``"digit_correction"``; an unknown name is answered with the known ones.
    folder : path, optional
        Where the results lie; the project's own unless given.

    Returns
    -------
    Checkpoint
        With no network in it.

    Raises
    ------
    ValueError, FileNotFoundError
        As for :func:`load_checkpoint`.

    Examples
    --------
    >>> load_result("digit_correction").card["recipe"]
    'python -m recipes digit_correction'
    """
    home = data_path("results") if folder is None else Path(folder)
    known = sorted(path.stem for path in home.glob("*.json"))
    if name not in known:
        raise ValueError(f"name must be one of the results {known}. Received: {name!r}")
    card = _verified(home / f"{name}.json", "results")
    arrays = {}
    for file in card["sha256"]:
        arrays.update(_read_arrays(home / file))
    return Checkpoint(name, {}, card, arrays)


def save_checkpoint(name, networks, card, *, arrays=None, folder=None):
    """Save networks and arrays with their card, all or nothing.

    Everything is written to a folder of its own, which then takes the place of the old one: a
    failure leaves that whole, and of two writers the last one wins. Files that do not belong to
    the old checkpoint stay.

    Parameters
    ----------
    name : str
        A new one, or the one to replace: letters, digits, ``_`` and ``-``.
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

    Raises
    ------
    ValueError
        If the name or a role is another, or an array holds Python objects.
    OSError
        If the folder cannot be written.
    """
    from .backend import random_state_kept

    home = _home(name, folder)
    for role in networks:
        _check_name(role, "a role in networks")
    _check_arrays(arrays)
    with place_beside(home) as new, random_state_kept():
        new.mkdir()
        for role, network in networks.items():
            bare = type(network).from_config(network.get_config())  # no optimizer, no losses
            bare.set_weights(network.get_weights())
            bare.save(new / f"{role}.keras")
        if arrays:
            np.savez_compressed(new / "arrays.npz", **arrays)
        hashes = {file.name: sha256(file) for file in sorted(new.iterdir())}
        _write_card(new / _CARD, {"name": name, **card, "sha256": hashes})
        replace_folder(new, home, _own_files)
    return home


def save_result(name, card, *, arrays=None, folder=None):
    """Save what was measured: a card, written last, and perhaps arrays.

    Parameters are those of :func:`save_checkpoint`; returns the card's path.
    """
    _check_name(name)
    _check_arrays(arrays)
    home = data_path("results") if folder is None else Path(folder)
    path, beside = home / f"{name}.json", home / f"{name}.npz"
    with place_beside(path) as new, place_beside(beside) as new_arrays:
        hashes = {}
        if arrays:
            np.savez_compressed(new_arrays, **arrays)
            hashes[beside.name] = sha256(new_arrays)
        _write_card(new, {"name": name, **card, "sha256": hashes})
        if arrays:
            os.replace(new_arrays, beside)
        os.replace(new, path)
    return path


def verified_card(name, *, folder=None):
    """Read a checkpoint's card and check every file against it, without loading a network.

    Parameters and errors are those of :func:`load_checkpoint`; returns the card.
    """
    home = _home(name, folder)
    return read_folder(home, lambda: _verified_card(home))


def _verified_card(home):
    known = sorted(card.parent.name for card in home.parent.glob(f"*/{_CARD}"))
    if home.name not in known:
        raise ValueError(f"name must be one of the checkpoints {known}. Received: {home.name!r}")
    return _verified(home / _CARD, "checkpoints")


def _home(name, folder):
    _check_name(name)
    return (data_path("checkpoints") if folder is None else Path(folder)) / str(name)


def _check_name(name, what="name"):
    if not re.fullmatch(r"[\w-]+", str(name), re.ASCII):
        raise ValueError(f"{what} must hold letters, digits, _ and - only. Received: {name!r}")


def _check_arrays(arrays):
    for name, array in (arrays or {}).items():
        if (dtype := np.asarray(array).dtype).hasobject:
            raise ValueError(
                f"arrays[{name!r}] must hold numbers, truth values or text, no Python objects. "
                f"Received: dtype {dtype}"
            )


def _read_card(path, part):
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if any(Path(file).name != file for file in dict(card["sha256"])):
            raise ValueError("a file outside of the folder")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} must be JSON that gives the SHA-256 of every file. "
            f"To restore it: {restore_command(part)}. Received: {error!r}"
        ) from error
    return card


def _write_card(path, card):
    path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def _verified(card_path, part):
    """Read a card, and check the files beside it against its hashes."""
    card, cure = _read_card(card_path, part), f"To restore it: {restore_command(part)}"
    for file, expected in card["sha256"].items():
        path = card_path.with_name(file)
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing. {cure}")
        if (found := sha256(path)) != expected:
            raise ValueError(
                f"{path} is damaged or was changed: its SHA-256 should be {expected}. "
                f"Received: {found}. {cure}"
            )
    return card


def _read_arrays(path):
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def _own_files(home):
    """Name the files of a checkpoint; of a damaged card nothing is known but itself."""
    try:
        return {_CARD, *_read_card(home / _CARD, "checkpoints")["sha256"]}
    except (ValueError, OSError):
        return {_CARD}
