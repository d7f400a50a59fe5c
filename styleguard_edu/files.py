"""Where the project's data lie, how files and folders are written, and how MNIST is fetched."""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

_PACKAGE = Path(__file__).resolve().parent
_NOT_ALLOWED = "this folder may not be written to; choose another, or change its permissions"
_REASONS = {
    errno.ENOSPC: "the disk is full; free some space, or choose another folder",
    errno.EDQUOT: "your share of the disk is used up; free some space, or choose another folder",
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _NOT_ALLOWED),
    **dict.fromkeys((errno.EEXIST, errno.ENOTDIR), "a file lies where its folder should be"),
    errno.EISDIR: "a folder of that name is there; choose another name",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
}
_CHANGED_BY_OTHERS = (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, None)  # None: of copytree
_REPLACING = threading.Lock()


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
        The file to create or replace. Its folder is created if needed. A new file has the
        permissions that new files have here, a replaced one keeps its own.
    write : callable
        Called with a temporary path in the same folder and with the same ending; writes the file
        there. If it raises, ``path`` is left as it was and the temporary file is removed.

    Raises
    ------
    OSError
        If the file cannot be written; the message says why, in plain words.
    """
    path = Path(path)
    with place_beside(path) as new:
        write(new)
        if path.is_file():
            shutil.copymode(path, new)
        os.replace(new, path)


@contextmanager
def place_beside(path):
    """Give a free name beside a path, for what is to take its place; clear it away afterwards.

    Parameters
    ----------
    path : pathlib.Path
        Its folder is created if needed.

    Yields
    ------
    pathlib.Path
        With the ending of ``path``; nothing lies there yet.

    Raises
    ------
    OSError
        Of the same kind as one raised inside, but in plain words and with the name ``path``.
    """
    new = path.with_name(f".partial-{uuid4().hex}{''.join(path.suffixes[-2:])}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield new
    except OSError as error:
        reason = _REASONS.get(error.errno, "see what the system says")
        said = error.strerror or str(error).replace(str(new), str(path))
        plain = type(error)(f"{path} cannot be written: {reason}. Received: {said}")
        plain.errno = error.errno
        raise plain from None  # the first one names the temporary file
    finally:
        shutil.rmtree(new, ignore_errors=True)
        with suppress(OSError):  # a file, or nothing, or no folder to look into
            new.unlink()


def replace_folder(new, home, own):
    """Let a finished folder take the place of an old one; the old one is back if that fails.

    Threads wait for each other. Of two processes one wins; what is not theirs in the old folder is
    safe from one of them only.

    Parameters
    ----------
    new, home : pathlib.Path
        The finished folder, and where it belongs: on the same disk.
    own : callable
        Called with the old folder; the names in it that are replaced. The rest stays.
    """
    old = home.with_name(f".replaced-{uuid4().hex}")

    def replaced(folder, _):
        return {*own(home), *os.listdir(new)} if Path(folder) == home else ()

    with _REPLACING:
        for _ in range(100):
            try:
                if home.exists():
                    shutil.copytree(home, new, symlinks=True, ignore=replaced, dirs_exist_ok=True)
                    os.rename(home, old)
                os.rename(new, home)
                return
            except OSError as error:
                if old.exists() and not home.exists():
                    with suppress(OSError):
                        os.rename(old, home)
                if error.errno not in _CHANGED_BY_OTHERS:
                    raise
                failure = error  # another writer was faster: its folder is the old one now
            finally:
                if home.exists():
                    shutil.rmtree(old, ignore_errors=True)
    raise failure


def read_folder(home, read):
    """Return what ``read()`` finds in a folder, all of it from before or after a replacement.

    It is called again where :func:`replace_folder` came between; its ValueError or OSError is
    passed on where that cannot be the reason.
    """

    def state():
        with suppress(OSError):  # gone between two renamings
            return home.stat().st_ino

    for _ in range(20):
        before = state()
        try:
            found = read()
        except (ValueError, OSError):
            if before is not None and state() == before:
                raise
        else:
            if state() == before:
                return found
        time.sleep(0.01)  # to replace a folder is two renamings, with nothing there between them
    return read()


MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
PROBE_SECONDS = 3.5  # with Python's own start, a machine without network loses less than 5 s
STALL_SECONDS = 10  # a download that is silent for so long is given up
DOWNLOAD_SECONDS = 600
IN_UTF8 = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"}  # what a Python of our own writes


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
            env={**os.environ, "KERAS_HOME": folder, "KERAS_BACKEND": "tensorflow"} | IN_UTF8,
            stdout=None if sys.stdout.isatty() else subprocess.DEVNULL,  # Keras' progress bar
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=DOWNLOAD_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as error:
        said = [] if isinstance(error, subprocess.TimeoutExpired) else error.stderr.splitlines()
        reason = said[-1] if said else error  # the last line of a traceback
        raise ConnectionError(f"MNIST could not be fetched: {reason}") from error
    return Path(folder, "datasets", "mnist.npz")
