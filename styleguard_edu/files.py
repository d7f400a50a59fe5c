"""Where the project's data lies, and how files are written and identified."""

import hashlib
import os
import tempfile
from pathlib import Path

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
