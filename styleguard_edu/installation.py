"""What should be installed, what is, and the commands that put it right.

Needs nothing but Python: :mod:`styleguard_edu.doctor` builds on it where things are broken.
"""

import os
import sys
from importlib import metadata
from pathlib import Path

from . import __version__

PROJECT = "styleguard-edu"
# Without a checkout, the project was installed from this file.
WHEEL = f"styleguard_edu-{__version__}-py3-none-any.whl"
CHECKOUT = Path(__file__).resolve().parents[1]  # meaningful only if the project runs from one


def requirements():
    """Return what the project requires on this machine: from the checkout, else as installed.

    Returns
    -------
    list of packaging.requirements.Requirement
    """
    from packaging.requirements import Requirement

    pyproject = CHECKOUT / "pyproject.toml"
    if pyproject.is_file():
        import tomllib  # Python 3.11; on an older one only `check_python` has to work

        lines = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        lines = metadata.requires(PROJECT) or []
    wanted = map(Requirement, lines)
    return [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]


def installed_version(name):
    """Return the version of an installed package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def python_command():
    """Return this interpreter as it is typed in a terminal."""
    if not any(character in sys.executable for character in " ()&"):
        return sys.executable
    return f'& "{sys.executable}"' if os.name == "nt" else f'"{sys.executable}"'


def install_command(*what, again=False):
    """Return the command that installs packages in the versions the course is tested with.

    Parameters
    ----------
    *what : str
        Requirements, for example ``"tqdm>=4"``; the whole project if there are none.
    again : bool
        Replace the files of a package that is there already.

    Returns
    -------
    str
    """
    pinned = CHECKOUT / "constraints.txt"
    command = f"{python_command()} -m pip install"
    command += f' -c "{pinned}"' if pinned.is_file() else ""
    command += " --force-reinstall --no-deps" if again else ""
    if not what:
        editable = (CHECKOUT / "pyproject.toml").is_file()
        return f'{command} -e "{CHECKOUT}[dev]"' if editable else f"{command} {WHEEL}"
    return " ".join([command, *(f'"{requirement}"' for requirement in what)])


def restore_command(part):
    """Return what brings back a part of the project's own data folder: mostly a command."""
    if (CHECKOUT / ".git").exists():
        return f'git -C "{CHECKOUT}" checkout -- data/{part}'
    if (CHECKOUT / "pyproject.toml").is_file():  # a copy, as downloaded in one archive
        return f"download the project again, and copy data/{part} from there to {CHECKOUT}"
    return install_command(WHEEL, again=True)
