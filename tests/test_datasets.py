"""Loading digits: which source, which splits, and what a bad file or a dead network leads to."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError
from pathlib import Path

from styleguard_edu import datasets
from styleguard_edu import files as fetching

import numpy as np
import pytest

SHAPES = {"x_train": (60_000, 28, 28), "x_test": (10_000, 28, 28)}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty Keras cache and no other setting: no test depends on what the machine holds."""
    for name in ("STYLEGUARD_DATA", "STYLEGUARD_DIGITS", "HTTPS_PROXY", "https_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "datasets"


@pytest.fixture(scope="session")
def mnist(tmp_path_factory):
    """A folder with a file of MNIST's layout: image i is filled with i % 251, labelled i % 10."""
    arrays = {}
    for part in ("train", "test"):
        n, *_ = SHAPES[f"x_{part}"]
        grey = (np.arange(n) % 251).astype(np.uint8)
        arrays[f"x_{part}"] = np.broadcast_to(grey[:, None, None], SHAPES[f"x_{part}"])
        arrays[f"y_{part}"] = (np.arange(n) % 10).astype(np.uint8)
    folder = tmp_path_factory.mktemp("mnist")
    np.savez(folder / "mnist.npz", **arrays)
    return folder


def write_mnist(folder, **changed):
    """Write a file in MNIST's layout, cut short in x_train and changed as told; None = left out."""
    arrays = {
        "x_train": np.zeros((3, 28, 28), np.uint8),
        "x_test": np.broadcast_to(np.uint8(0), SHAPES["x_test"]),
        "y_train": np.zeros(60_000, np.uint8),
        "y_test": np.zeros(10_000, np.uint8),
    } | changed
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "mnist.npz", **{k: v for k, v in arrays.items() if v is not None})
    return folder / "mnist.npz"


@pytest.fixture
def silent_server():
    """A port of this machine that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def fake_keras(tmp_path, monkeypatch):
    """Return a function that replaces Keras, in new processes, by a module with this download."""
    monkeypatch.setattr(fetching, "probe", lambda url, seconds: None)

    def install(download):
        folder = tmp_path / "fake"
        folder.mkdir()
        (folder / "keras.py").write_text(
            "import os, shutil, time\n"
            "folder = os.path.join(os.environ['KERAS_HOME'], 'datasets')\n"
            "class datasets:\n"
            "    class mnist:\n"
            "        def load_data():\n"
            "            os.makedirs(folder)\n"
            f"            {download}\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(folder))

    return install


def files_below(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# --- which source


def test_without_mnist_auto_means_the_bundled_digits_and_says_so(capsys):
    digits = datasets.load_digits()
    assert (digits.source, repr(digits.train)) == ("bundled", "Split(997 digits)")
    datasets.load_digits(verbose=False)
    line = "Digits: bundled (997 / 400 / 400 train / calibration / test)\n"
    assert capsys.readouterr().out == line
    with pytest.raises(FrozenInstanceError):
        digits.source = "mnist"


def test_mnist_is_looked_for_in_the_data_folder_the_keras_cache_the_home_folder(
    mnist, cache, monkeypatch
):
    assert datasets.digit_source() == "bundled"
    cache.mkdir(parents=True)
    (cache / "mnist.npz").symlink_to(mnist / "mnist.npz")
    assert (datasets.mnist_path(), datasets.digit_source()) == (cache / "mnist.npz", "mnist")
    monkeypatch.setenv("STYLEGUARD_DATA", str(mnist))
    assert datasets.mnist_path() == mnist / "mnist.npz"
    monkeypatch.setenv("STYLEGUARD_DIGITS", "bundled")
    assert datasets.digit_source() == "bundled"  # forced
    for name in ("STYLEGUARD_DATA", "KERAS_HOME"):
        monkeypatch.delenv(name)
    assert datasets.mnist_path() == Path.home() / ".keras" / "datasets" / "mnist.npz"


@pytest.mark.parametrize("variable", ["STYLEGUARD_DIGITS", "STYLEGUARD_DATA"])
def test_mnist_asked_for_but_missing_is_an_error_not_a_switch(variable, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, "mnist" if variable == "STYLEGUARD_DIGITS" else str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"python -m styleguard_edu\.datasets") as caught:
        datasets.load_digits()
    assert str(datasets.mnist_path()) in str(caught.value)


def test_an_argument_beats_the_environment_and_unknown_ones_are_refused(monkeypatch):
    monkeypatch.setenv("STYLEGUARD_DIGITS", "mnist")
    assert datasets.load_digits("bundled", verbose=False).source == "bundled"
    monkeypatch.setenv("STYLEGUARD_DIGITS", "bundled")
    with pytest.raises(FileNotFoundError, match=r"mnist\.npz"):
        datasets.load_digits("mnist")
    with pytest.raises(ValueError, match=r"source must be .* Received: \'fashion\'"):
        datasets.load_digits("fashion")
    monkeypatch.setenv("STYLEGUARD_DIGITS", "MNIST")
    with pytest.raises(ValueError, match=r"STYLEGUARD_DIGITS must be .* Received: 'MNIST'"):
        datasets.load_digits()


# --- what a split holds


def test_mnist_is_divided_in_its_own_order(mnist, monkeypatch, capsys):
    monkeypatch.setenv("STYLEGUARD_DATA", str(mnist))
    digits = datasets.load_digits()
    line = "Digits: MNIST (50,000 / 10,000 / 10,000 train / calibration / test)\n"
    assert capsys.readouterr().out == line
    for split, first, size in (
        (digits.train, 0, 50_000),
        (digits.calibration, 50_000, 10_000),
        (digits.test, 0, 10_000),
    ):
        number = np.arange(first, first + size)
        assert (len(split), split.images.shape) == (size, (size, 28, 28, 1))
        assert (split.images.dtype, split.labels.dtype) == (np.float32, np.int64)
        np.testing.assert_array_equal(split.labels, number % 10)
        grey = (number % 251).astype(np.float32)
        np.testing.assert_array_equal(split.images[:, 5, 7, 0], grey / np.float32(255))


# --- bad files


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def no_zip(path):
    path.write_bytes(b"<html>Sign in to the network</html>")


def one_array(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))


def flipped_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path):
    os.truncate(path, 0)


@pytest.mark.parametrize("damage", [cut, no_zip, one_array, flipped_bit, empty])
def test_a_damaged_file_is_an_error_is_left_alone_and_not_fetched_again(
    damage, cache, monkeypatch, capsys
):
    path = write_mnist(cache)
    damage(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"is damaged, .*Move this file away and fetch") as caught:
        datasets.load_digits()
    words = str(caught.value)
    assert str(path) in words and "unsafe" not in words and "pickle" not in words
    assert damage is not no_zip or "begins with b'<html>Sign in to" in words
    monkeypatch.setattr(fetching, "probe", None)  # any use would fail
    assert datasets.main(["--optional"]) == 1
    assert f"{path} is damaged" in capsys.readouterr().out
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_test": None}, "y_train, y_test, x_test, x_train"),
        ({}, r"x_train .*\(60000, 28, 28\).*\(3, 28, 28\)"),
        ({"x_test": np.zeros(SHAPES["x_test"], np.float32)}, "x_test .* uint8 .*float32"),
        ({"y_train": np.zeros(60_000)}, "y_train .* integers .*float64"),
        ({"y_train": np.full(60_000, 10)}, "y_train .* labels from 0 to 9.* labels 10 to 10"),
        ({"y_test": np.full(10_000, -1)}, "y_test .* labels from 0 to 9.* -1 to -1"),
        ({"y_test": np.array([{}] * 10_000)}, "is damaged"),  # a pickle is never unpacked
    ],
)
def test_a_file_of_another_layout_is_an_error_that_says_which_array(
    changed, message, tmp_path, monkeypatch
):
    path = write_mnist(tmp_path, **changed)
    monkeypatch.setenv("STYLEGUARD_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=message) as caught:
        datasets.load_digits()
    assert str(path) in str(caught.value)
    assert "STYLEGUARD_DIGITS=bundled" in str(caught.value)


@pytest.mark.parametrize("broken_link", [False, True])
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(cache, tmp_path, broken_link):
    (cache / "mnist.npz").mkdir(parents=True)  # a folder of that name
    if broken_link:
        (cache / "mnist.npz").rmdir()
        (cache / "mnist.npz").symlink_to(tmp_path / "gone.npz")
    with pytest.raises(OSError, match=r"Cannot read .*mnist\.npz\. Move"):
        datasets.load_digits()


def test_damaged_bundled_digits_name_their_own_cure(tmp_path, monkeypatch):
    (tmp_path / "digits.npz").write_bytes(b"not a zip")
    monkeypatch.setattr(datasets, "data_path", tmp_path.joinpath)
    with pytest.raises(ValueError, match=r"digits\.npz is damaged.*To restore it: .*data/digits"):
        datasets.load_digits("bundled")


# --- fetching


def test_mnist_found_on_the_machine_is_not_fetched_again(mnist, monkeypatch, capsys):
    monkeypatch.setenv("STYLEGUARD_DATA", str(mnist))
    monkeypatch.setattr(fetching, "probe", None)  # any use would fail
    assert datasets.main([]) == 0
    assert capsys.readouterr().out == f"MNIST: found at {mnist / 'mnist.npz'}\n"


def test_a_fetched_file_lands_in_the_cache_and_nothing_else_does(mnist, cache, fake_keras, capsys):
    fake_keras(f"shutil.copy({str(mnist / 'mnist.npz')!r}, folder)")
    assert datasets.main([]) == 0
    assert capsys.readouterr().out == f"MNIST: fetched to {cache / 'mnist.npz'}\n"
    assert files_below(cache) == ["mnist.npz"]
    assert datasets.load_digits(verbose=False).source == "mnist"


def test_a_file_that_appears_during_the_download_is_kept(mnist, cache, fake_keras):
    theirs = cache / "mnist.npz"
    source = str(mnist / "mnist.npz")
    fake_keras(f"shutil.copy({source!r}, folder); open({str(theirs)!r}, 'w').write('theirs')")
    datasets.fetch_mnist()
    assert theirs.read_text() == "theirs"


@pytest.mark.parametrize(
    "download",
    [
        "raise ValueError('the hash does not match')",
        "open(folder + '/mnist.npz', 'w').write('half'); raise OSError('No space left on device')",
    ],
)
def test_a_failed_download_says_why_and_leaves_nothing(download, cache, fake_keras):
    fake_keras(download)
    with pytest.raises(ConnectionError, match=r"hash does not match|No space left"):
        datasets.fetch_mnist()
    assert files_below(cache) == []


def test_an_endless_download_is_given_up(cache, fake_keras, monkeypatch):
    fake_keras("time.sleep(60)")
    monkeypatch.setattr(fetching, "DOWNLOAD_SECONDS", 0.3)
    with pytest.raises(ConnectionError, match="timed out"):
        datasets.fetch_mnist()
    assert files_below(cache) == []


def test_a_cache_that_cannot_be_written_is_an_error_before_the_network_is_tried(
    tmp_path, monkeypatch
):
    (tmp_path / "keras").write_text("a file where the folder should be")
    monkeypatch.setattr(fetching, "probe", None)
    with pytest.raises(OSError, match=r"Cannot write to the folder .*datasets\. .*STYLEGUARD_DATA"):
        datasets.fetch_mnist()


def test_a_dead_network_costs_at_most_four_seconds(silent_server, cache):
    """The whole command behind a proxy that never answers, against one that needs no network."""
    proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{silent_server}", "no_proxy": ""}
    command, seconds = [sys.executable, "-m", "styleguard_edu.datasets", "--optional"], []
    for forced in ("bundled", ""):
        env = {**os.environ, **proxy, "STYLEGUARD_DIGITS": forced}
        start = time.monotonic()
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        seconds.append(time.monotonic() - start)
    assert seconds[1] - seconds[0] < 4
    assert "The bundled digits will be used." in done.stdout
    assert done.stderr == ""
    assert files_below(cache) == []


@pytest.mark.parametrize(
    ("forced", "options", "code"),
    [
        ("", ["--optional"], 0),
        ("", [], 1),
        ("mnist", ["--optional"], 1),
        ("letters", ["--optional"], 1),
        ("bundled", ["--optional"], 0),
    ],
)
def test_optional_succeeds_if_the_bundled_digits_will_be_used(
    forced, options, code, cache, monkeypatch, capsys
):
    monkeypatch.setattr(fetching, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(fetching, "MNIST_URL", "http://127.0.0.1:9/mnist.npz")
    monkeypatch.setenv("STYLEGUARD_DIGITS", forced)
    assert datasets.main(options) == code
    assert len(capsys.readouterr().out.splitlines()) == 1
