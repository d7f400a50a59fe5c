"""Handwritten digits with fixed train / calibration / test splits.

Two sources hold the same kind of picture: MNIST, when it lies on this machine, and 1,797 bundled
digits that come with the project (see ``data/README.md``). Loading never touches the network.
``python -m styleguard_edu.datasets`` fetches MNIST on request.

The environment variable ``STYLEGUARD_DIGITS`` (``mnist`` or ``bundled``) forces a source, and
``STYLEGUARD_DATA`` names the folder that holds ``mnist.npz`` if it is not Keras' cache.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import files
from .files import data_path
from .installation import restore_command, say

__all__ = ["Digits", "Split", "digit_source", "fetch_mnist", "load_digits", "mnist_path"]

_FETCH = "python -m styleguard_edu.datasets"
_MNIST_CURE = (
    f"Move this file away and fetch MNIST again with `{_FETCH}`, "
    "or set STYLEGUARD_DIGITS=bundled to use the bundled digits"
)


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Digits that serve one purpose."""

    images: np.ndarray  # float32 (n, 28, 28, 1), grey levels in [0, 1]: 0 = paper, 1 = ink
    labels: np.ndarray  # int64 (n,), the digit that each picture shows, 0 to 9

    def __len__(self):
        return len(self.labels)

    def __repr__(self):
        return f"Split({len(self):,} digits)"


@dataclass(frozen=True, eq=False, repr=False)
class Digits:
    """Three disjoint splits of one source.

    Examples
    --------
    >>> from styleguard_edu import load_digits
    >>> digits = load_digits("bundled", verbose=False)
    >>> digits
    Digits: bundled (997 / 400 / 400 train / calibration / test)
    >>> digits.test.images.shape, digits.test.labels[:4].tolist()
    ((400, 28, 28, 1), [0, 6, 0, 8])
    """

    train: Split  # to fit on
    calibration: Split  # to choose thresholds on
    test: Split  # to report on
    source: str  # "mnist" (50,000 / 10,000 / 10,000 digits) or "bundled" (997 / 400 / 400)

    def __repr__(self):
        name = {"mnist": "MNIST", "bundled": "bundled"}[self.source]
        sizes = f"{len(self.train):,} / {len(self.calibration):,} / {len(self.test):,}"
        return f"Digits: {name} ({sizes} train / calibration / test)"


def load_digits(source="auto", *, verbose=True):
    """Load handwritten digits from this machine; never from the network.

    Parameters
    ----------
    source : {"auto", "mnist", "bundled"}
        Which digits. ``"mnist"`` and ``"bundled"`` are taken at their word, whatever the
        environment says. ``"auto"`` is decided by :func:`digit_source`.
    verbose : bool
        Print one line that says which source is in use.

    Returns
    -------
    Digits
        MNIST: the first 50,000 of its training set / the last 10,000 / its test set.
        Bundled: 997 / 400 / 400, the same mix of labels in each, always the same digits.

    Raises
    ------
    ValueError
        If ``source`` or ``STYLEGUARD_DIGITS`` is unknown, or the file is damaged or not MNIST.
        A damaged file is never replaced by the other source.
    OSError
        If the file is missing (``FileNotFoundError``) or cannot be read.

    Examples
    --------
    >>> from styleguard_edu import load_digits
    >>> digits = load_digits("bundled")
    Digits: bundled (997 / 400 / 400 train / calibration / test)
    >>> len(digits.train), digits.source
    (997, 'bundled')
    """
    source = digit_source(source)
    digits = _read_mnist(mnist_path()) if source == "mnist" else _read_bundled()
    if verbose:
        print(digits)
    return digits


def digit_source(source="auto"):
    """Return ``"mnist"`` or ``"bundled"``: what :func:`load_digits` takes for this ``source``.

    ``"auto"`` means what ``STYLEGUARD_DIGITS`` says, if it is set. Otherwise it means
    ``"mnist"`` if ``mnist.npz`` lies where :func:`mnist_path` says or ``STYLEGUARD_DATA`` is set
    (a missing file there is an error when loading, not a reason to switch), else ``"bundled"``.
    An unknown ``source`` or ``STYLEGUARD_DIGITS`` raises ValueError.
    """
    if source in ("mnist", "bundled"):
        return source
    if source != "auto":
        raise ValueError(f'source must be "auto", "mnist" or "bundled". Received: {source!r}')
    forced = os.environ.get("STYLEGUARD_DIGITS")
    if forced and forced not in ("mnist", "bundled"):
        raise ValueError(
            "The environment variable STYLEGUARD_DIGITS must be mnist or bundled; "
            f"set it to one of them or unset it. Received: {forced!r}"
        )
    local = os.environ.get("STYLEGUARD_DATA") or os.path.lexists(mnist_path())
    return forced or ("mnist" if local else "bundled")


def mnist_path():
    """Return where ``mnist.npz`` is looked for, and put when it is fetched; it need not exist.

    It is in ``$STYLEGUARD_DATA`` if that is set, else in Keras' cache: ``$KERAS_HOME/datasets`` or
    ``~/.keras/datasets``.
    """
    folder = os.environ.get("STYLEGUARD_DATA")
    if not folder:
        folder = Path(os.environ.get("KERAS_HOME") or "~/.keras", "datasets")
    return Path(folder).expanduser() / "mnist.npz"


def fetch_mnist():
    """Fetch MNIST through Keras, unless it is there already.

    Keras loads the file (11 MB) into a temporary folder and checks its SHA-256. Only then does it
    move to :func:`mnist_path`: a partial file is never left, an existing one never overwritten.

    Returns
    -------
    pathlib.Path
        Where MNIST lies, just fetched or found.

    Raises
    ------
    ConnectionError
        If the server does not answer within 3.5 s, or the download fails.
    OSError
        If the folder cannot be written.
    ValueError
        If a file is there already but is not MNIST; it is left as it is.
    """
    path = mnist_path()
    if os.path.lexists(path):
        _read_mnist(path)
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetching-")
    except OSError as error:
        raise OSError(
            f"Cannot write to the folder {path.parent}. Make it writable, or set STYLEGUARD_DATA "
            f"to a folder that is. Received: {error}"
        ) from error
    with temporary as folder:
        files.probe(files.MNIST_URL, files.PROBE_SECONDS)
        fetched = files.download_mnist(folder)
        _read_mnist(fetched)
        if not os.path.lexists(path):  # another process may have been faster
            os.rename(fetched, path)
    return path


def _read_mnist(path):
    """Read and check ``mnist.npz`` in Keras' layout; return Digits."""
    try:
        os.lstat(path)  # a broken link is there, and a folder that may not be searched says so
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f"There is no MNIST at {path}. Fetch it with `{_FETCH}`; or set STYLEGUARD_DATA to the "
            "folder that holds mnist.npz; or set STYLEGUARD_DIGITS=bundled to use the bundled "
            "digits."
        ) from error
    shapes = {"y_train": (60_000,), "y_test": (10_000,)}
    shapes |= {"x_test": (10_000, 28, 28), "x_train": (60_000, 28, 28)}
    y_train, y_test, x_test, x_train = _read_arrays(path, shapes, _MNIST_CURE)
    train = _split(x_train, y_train)
    return Digits(
        train=Split(train.images[:50_000], train.labels[:50_000]),
        calibration=Split(train.images[50_000:], train.labels[50_000:]),
        test=_split(x_test, y_test),
        source="mnist",
    )


def _read_bundled():
    """Read and check the bundled digits; return Digits."""
    shapes = {"images": (1797, 28, 28), "labels": (1797,)}
    sizes = {"train": (997,), "calibration": (400,), "test": (400,)}
    cure = f"To restore it: {restore_command('digits.npz')}"
    images, labels, *splits = _read_arrays(data_path("digits.npz"), shapes | sizes, cure)
    return Digits(*(_split(images[chosen], labels[chosen]) for chosen in splits), source="bundled")


def _read_arrays(path, shapes, cure):
    """Read the named arrays of an ``.npz`` file and check shapes, types and labels."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = [file[name] for name in shapes]
    except OSError as error:
        raise OSError(f"Cannot read {path}. {cure}. Received: {error}") from error
    except Exception as error:  # NumPy and zipfile raise many types on a damaged file
        with open(path, "rb") as file:  # perhaps a page to sign in on
            start = file.read(20)
        raise ValueError(
            f"{path} is damaged, or not an .npz file with the arrays {', '.join(shapes)}. {cure}. "
            f"Received: {f'a file that begins with {start!r}' if start else 'an empty file'}"
        ) from error
    for array, (name, shape) in zip(arrays, shapes.items(), strict=True):
        wanted, received = f"be integers of shape {shape}", f"{array.dtype} of shape {array.shape}"
        fits = array.shape == shape and array.dtype.kind in "iu"
        if len(shape) == 3:
            wanted, fits = f"be uint8 of shape {shape}", fits and array.dtype == np.uint8
        elif fits and name in ("labels", "y_train", "y_test"):
            wanted, received = "hold labels from 0 to 9", f"labels {array.min()} to {array.max()}"
            fits = array.min() >= 0 and array.max() <= 9
        if not fits:
            raise ValueError(f"{name} in {path} must {wanted}. {cure}. Received: {received}")
    return arrays


def _split(images, labels):
    """Bring uint8 ``(n, 28, 28)`` pictures to the package's convention."""
    scaled = np.divide(images[..., np.newaxis], np.float32(255), dtype=np.float32)
    return Split(scaled, labels.astype(np.int64))


def main(argv=None):
    """Fetch MNIST and say in one line how it went; return the process' exit code."""
    parser = argparse.ArgumentParser(
        prog=_FETCH, description="Fetch MNIST (11 MB) through Keras, unless it is there already."
    )
    text = "succeed without MNIST too, if the bundled digits will be used instead"
    parser.add_argument("--optional", action="store_true", help=text)
    optional = parser.parse_args(argv).optional
    source = None
    try:
        source = digit_source()
        if optional and os.environ.get("STYLEGUARD_DIGITS") == "bundled":
            print("Digits: bundled, as STYLEGUARD_DIGITS says; MNIST was not looked for.")
            return 0
        how = "found at" if os.path.lexists(mnist_path()) else "fetched to"
        say(f"MNIST: {how} {fetch_mnist()}")
        return 0
    except (OSError, ValueError) as error:
        instead = optional and source == "bundled"
        say(f"{error}. The bundled digits will be used." if instead else str(error))
        return 0 if instead else 1


if __name__ == "__main__":
    sys.exit(main())
