from styleguard_edu.anomalies import SaltAndPepper
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.recipes import correcting

import numpy as np
import pytest


def blob(rows, columns):
    images = np.zeros((1, 28, 28, 1), np.float32)
    images[0, rows, columns] = 1
    return images


@pytest.mark.parametrize("name", correcting.FILTERS)
def test_every_filter_keeps_shape_and_range(name):
    images = np.random.default_rng(0).random((3, 28, 28, 1), dtype=np.float32)
    filtered = np.asarray(correcting.FILTERS[name](images))
    assert filtered.shape == images.shape
    assert filtered.min() >= 0 and filtered.max() <= 1


def test_centring_moves_the_mass_to_the_middle_by_whole_pixels():
    centred = correcting.FILTERS["centring"](blob(slice(2, 6), slice(20, 24)))
    np.testing.assert_array_equal(centred, blob(slice(12, 16), slice(12, 16)))


def test_stretching_uses_the_whole_range():
    foggy = 0.4 + 0.2 * blob(slice(4, 24), slice(10, 16))
    stretched = correcting.FILTERS["stretching"](foggy)
    assert stretched.min() == 0 and stretched.max() == 1


def test_the_table_compares_what_the_judge_reads_before_and_after(monkeypatch):
    monkeypatch.setenv("STYLEGUARD_DIGITS", "bundled")
    table = correcting.correction_table("bundled", {"salt": SaltAndPepper()}, most=40)
    assert list(table) == ["clean", "salt", "mean"]
    row, mean = table["salt"], table["mean"]
    assert row["filter"] >= row["before"] and row["best_filter"] in correcting.FILTERS
    assert mean["after"] == row["after"] > row["before"] == mean["before"]
    gained, cost = row["after"] - row["before"], table["clean"]["before"] - row["before"]
    assert mean["recovered"] == pytest.approx(gained / cost, abs=1e-3)
    assert row["psnr_after"] > row["psnr_before"]


@pytest.mark.parametrize("source", ["mnist", "bundled"])
def test_the_guard_of_digits_recovers_more_than_the_best_filter_in_hindsight(source):
    table = load_checkpoint("digit_correction").card["metrics"][source]
    assert table["mean"]["recovered"] > table["mean"]["recovered_by_filters"]
    assert table["mean"]["recovered"] > 0.4
    assert abs(table["clean"]["after"] - table["clean"]["before"]) <= 0.002
