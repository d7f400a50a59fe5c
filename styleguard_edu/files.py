"""Where the project's data lie, how files are written, restored and fetched."""

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request
from importlib import metadata
from pathlib import Path

from . import __version__

_PACKAGE = Path(__file__).resolve().parent


def data_path(*parts):
    """Return the path of a file that ships with the project.

    In a checkout the data lie in ``data/`` beside the package; a wheel carries the same folder
    inside the package.

    Parameters
    ----------
    *parts : str
        Path below the data folder, for example ``data_path("checkpoints", "digit_gan")``.

    Returns
    -------
    pathlib.Path
        The path; it need not exist (a recipe may be about to write it).
    """
    inside_wheel = _PACKAGE / "data"
    folder = inside_wheel if inside_wheel.is_dir() else _PACKAGE.parent / "data"
    return folder.joinpath(*parts)


def sha256(path):
    """Return the SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path, write):
    """Write a file so that nobody ever sees half of it and a failure leaves the old one whole.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to create or replace. Its folder is created if needed.
    write : callable
        Called with a temporary path in the same folder and with the same ending; writes the file
        there. If it raises, ``path`` is left as it was and the temporary file is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=".partial-", suffix="".join(path.suffixes)
    )
    os.close(handle)
    try:
        write(Path(name))
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


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


MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
PROBE_SECONDS = 3.5  # with Python's own start, a machine without network loses less than 5 s
STALL_SECONDS = 10  # a download that is silent for so long is given up
DOWNLOAD_SECONDS = 600


def probe(url, seconds):
    """Raise ConnectionError unless the server answers in time, even if the name look-up hangs.

    Parameters
    ----------
    url : str
    seconds : float
        How long to wait.
    """
    outcome = [f"no answer within {seconds:g} s"]

    def ask():
        try:
            request = urllib.request.Request(url, method="HEAD")
            urllib.request.urlopen(request, timeout=seconds).close()
            outcome[0] = None
        except Exception as error:
            outcome[0] = getattr(error, "reason", error)

    thread = threading.Thread(target=ask, daemon=True)  # a look-up cannot be interrupted, only left
    thread.start()
    thread.join(seconds)
    if outcome[0] is not None:
        raise ConnectionError(f"MNIST could not be fetched from {url}: {outcome[0]}")


def download_mnist(folder):
    """Let Keras load MNIST in a process of its own, and check its SHA-256.

    Parameters
    ----------
    folder : str
        An empty one; Keras' whole cache is put there.

    Returns
    -------
    pathlib.Path
        The file, below ``folder``.

    Raises
    ------
    ConnectionError
        If the download fails, stalls or takes longer than ``DOWNLOAD_SECONDS``.
    """
    code = f"import socket; socket.setdefaulttimeout({STALL_SECONDS})\n"
    code += "import keras; keras.datasets.mnist.load_data()"
    try:
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "KERAS_HOME": folder, "KERAS_BACKEND": "tensorflow"},
            stdout=None if sys.stdout.isatty() else subprocess.DEVNULL,  # Keras' progress bar
            stderr=subprocess.PIPE,
            text=True,
            timeout=DOWNLOAD_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as error:
        said = [] if isinstance(error, subprocess.TimeoutExpired) else error.stderr.splitlines()
        reason = said[-1] if said else error  # the last line of a traceback
        raise ConnectionError(f"MNIST could not be fetched: {reason}") from error
    return Path(folder, "datasets", "mnist.npz")
