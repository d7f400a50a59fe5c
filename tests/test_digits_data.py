"""The bundled digits: made by the script in the repo, in MNIST's geometry, fairly divided."""

import importlib.util
from pathlib import Path

from styleguard_edu.datasets import load_digits
from styleguard_edu.files import data_path

import numpy as np
import pytest
from scipy import ndimage
from sklearn import datasets

SCRIPT = Path(__file__).parents[1] / "scripts" / "make_digits.py"


@pytest.fixture(scope="module")
def stored():
    with np.load(data_path("digits.npz"), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_digits", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def source():
    return datasets.load_digits()


def test_the_script_makes_the_committed_pictures(script, source, stored):
    every_15th = script.convert(source.images[::15]).astype(int)
    difference = np.abs(every_15th - stored["images"][::15])
    assert difference.mean() < 0.1  # grey levels; exactly 0 with the pinned libraries
    assert np.percentile(difference, 99.9) <= 2


def test_the_script_makes_the_committed_splits(script, source, stored):
    for name, indices in script.split(source.target).items():
        np.testing.assert_array_equal(indices, stored[name])


def test_the_script_writes_one_file_that_numpy_reads(script, source, tmp_path, monkeypatch):
    small = type(source)(images=source.images[:5], target=np.tile(source.target, 2)[:1797])
    monkeypatch.setattr(script.datasets, "load_digits", lambda: small)
    monkeypatch.setattr("sys.argv", ["make_digits.py", "--out", str(tmp_path / "new.npz")])
    script.main()
    with np.load(tmp_path / "new.npz", allow_pickle=False) as file:
        assert set(file.files) == {"images", "labels", "train", "calibration", "test"}
        assert file["images"].dtype == file["labels"].dtype == np.uint8


def test_no_digit_is_dropped_and_the_labels_are_the_source_s(stored, source):
    assert stored["images"].shape == (1797, 28, 28)
    np.testing.assert_array_equal(stored["labels"], source.target)


def test_every_digit_fills_a_20_px_box_around_its_centre_of_mass(stored):
    for image in stored["images"]:
        sides = [np.ptp(indices) + 1 for indices in np.nonzero(image)]
        assert 19 <= max(sides) <= 21  # a box that straddles pixels touches 21
    centres = [ndimage.center_of_mass(image) for image in stored["images"]]
    np.testing.assert_allclose(centres, 14, atol=0.5)


def test_strokes_and_greys_are_like_those_of_mnist(stored):
    ink = stored["images"] / 255
    assert ink.max(axis=(1, 2)).min() == 1  # full ink in every digit
    assert 0.11 < ink.mean() < 0.14  # MNIST: 0.131
    assert 0.17 < (ink > 0).mean() < 0.21  # MNIST: 0.191
    assert 0.4 < ((ink > 0.1) & (ink < 0.9)).sum() / (ink > 0).sum() < 0.5  # MNIST: 0.45


def test_the_splits_are_disjoint_complete_and_have_the_same_mix_of_labels_in_random_order(stored):
    indices = np.concatenate([stored[name] for name in ("train", "calibration", "test")])
    np.testing.assert_array_equal(np.sort(indices), np.arange(1797))
    whole = np.bincount(stored["labels"]) / 1797
    for name, size in (("train", 997), ("calibration", 400), ("test", 400)):
        labels = stored["labels"][stored[name]]
        assert len(labels) == size and len(np.unique(labels[:60])) == 10
        assert np.abs(np.bincount(labels) - whole * size).max() < 2


def test_loading_gives_the_stored_pictures_in_the_package_s_convention(stored):
    digits, again = (load_digits("bundled", verbose=False) for _ in range(2))
    for name in ("train", "calibration", "test"):
        split, chosen = getattr(digits, name), stored[name]
        np.testing.assert_array_equal(split.labels, stored["labels"][chosen].astype(np.int64))
        expected = stored["images"][chosen][..., None] / np.float32(255)
        np.testing.assert_array_equal(split.images, expected, strict=True)
    assert not np.shares_memory(digits.train.images, again.train.images)
