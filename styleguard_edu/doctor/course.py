"""Checks of the digits, paintings, networks and results that come with the course."""

import os

from .. import installation
from ..files import data_path
from ..installation import python_command, quoted, restore_command
from .check import FAIL, OK, Check


def check_data():
    """Are digits and paintings of the course whole, and which digits will the notebooks use?"""
    from ..datasets import load_digits
    from ..gallery import load_paintings

    bundled = {
        "digits.npz": lambda: load_digits("bundled", verbose=False),
        "paintings": load_paintings,
        "contents.txt": _contents,
    }
    for part, load in bundled.items():
        try:
            load()
        except Exception as error:
            detail = f"data/{part} of the course cannot be read: {error}"
            return Check("data", FAIL, detail, restore_command(part))
    paintings = [name for name in _contents() if name.startswith("paintings/")]
    if missing := [name for name in paintings if not data_path(name).is_file()]:
        return Check("data", FAIL, f"missing: {', '.join(missing)}", restore_command("paintings"))
    try:
        digits = load_digits(verbose=False)
    except Exception as error:  # a broken mnist.npz, or a wrong STYLEGUARD_DIGITS
        return Check("data", FAIL, str(error), _digits_cure())
    detail = f"notebooks will use the {digits.source} digits, {len(digits.train.images)} to train"
    return Check("data", OK, detail)


def _digits_cure():
    """The command after which digits can be loaded, by what keeps them from it."""
    from ..datasets import digit_source, mnist_path

    fetch = f"{python_command()} -m styleguard_edu.datasets"
    try:
        digit_source()
    except ValueError:
        return ("Remove-Item Env:" if installation.WINDOWS else "unset ") + "STYLEGUARD_DIGITS"
    if not os.path.lexists(path := mnist_path()):
        return fetch
    move = "Move-Item" if installation.WINDOWS else "mv"
    return f"{move} {quoted(path)} {quoted(f'{path}.damaged')}; {fetch}"


def check_checkpoints():
    """Is every trained network and result that ships with the course what its card says?"""
    from ..checkpoints import load_result, verified_card

    readers = {"checkpoints": verified_card, "results": load_result}
    damaged = []
    for part, name in (line.split("/") for line in _contents() if line.startswith(tuple(readers))):
        try:
            readers[part](name)
        except Exception:
            damaged.append(f"{part}/{name}")
    if damaged:
        detail = f"damaged or missing: {', '.join(damaged)}"
        return Check("checkpoints", FAIL, detail, restore_command(damaged[0].split("/")[0]))
    return Check("checkpoints", OK, "all networks and results of the course are whole")


def _contents():
    """What ships with the course in its data folder, one path a line."""
    return data_path("contents.txt").read_text(encoding="utf-8").split()
