"""Fetch MNIST through Keras, and notice soon when there is no network."""

import os
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

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
