"""What is installed, and the commands that install and restore, ready to be pasted."""

import os
import re
import shlex
import sys
from importlib import metadata
from pathlib import Path

from . import __version__

WINDOWS = os.name == "nt"  # there, commands are for PowerShell
PROJECT = "styleguard-edu"
# Without a checkout, the project was installed from this file.
WHEEL = f"styleguard_edu-{__version__}-py3-none-any.whl"
CHECKOUT = Path(__file__).resolve().parents[1]  # meaningful only if the project runs from one


def quoted(text):
    """Return a path, or another word of a command, as it can be pasted into a terminal."""
    if not WINDOWS:
        return shlex.quote(str(text))
    if re.fullmatch(r"[\w.:/\\-]+", str(text), re.ASCII):
        return str(text)
    return "'" + str(text).replace("'", "''") + "'"


def say(text=""):
    """Print a text; what this terminal cannot show is written as an escape, ``\\u8bfe``."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def requirements(extra=""):
    """Return what the project requires on this machine: from the checkout, else as installed.

    Parameters
    ----------
    extra : str
        One more group to ask for, for example ``"lab"``.

    Returns
    -------
    list of packaging.requirements.Requirement
    """
    from packaging.requirements import Requirement

    pyproject = CHECKOUT / "pyproject.toml"
    if pyproject.is_file():
        import tomllib  # Python 3.11; on an older one only `check_python` has to work

        project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
        lines = project["dependencies"] + project["optional-dependencies"].get(extra, [])
    else:
        lines = metadata.requires(PROJECT) or []
    wanted = map(Requirement, lines)
    return [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": extra})]


def installed_version(name):
    """Return the version of an installed package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def python_command():
    """Return this interpreter as it is typed in a terminal."""
    python = quoted(sys.executable or "python")
    return f"& {python}" if python.startswith("'") and WINDOWS else python


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
    command = [python_command(), "-m pip install"]
    command += ["-c", quoted(pinned)] if pinned.is_file() else []
    command += ["--force-reinstall --no-deps"] if again else []
    if not what:
        editable = (CHECKOUT / "pyproject.toml").is_file()
        what = ("-e", f"{CHECKOUT}[lab]") if editable else (WHEEL,)
    return " ".join([*command, *map(quoted, what)])


def restore_command(part):
    """Return what brings back a part of the project's own data folder: mostly a command."""
    if (CHECKOUT / ".git").exists():
        return f"git -C {quoted(CHECKOUT)} checkout -- data/{part}"
    if (CHECKOUT / "pyproject.toml").is_file():  # a copy, as downloaded in one archive
        return f"download the project again, and copy data/{part} from there to {quoted(CHECKOUT)}"
    return install_command(WHEEL, again=True)
