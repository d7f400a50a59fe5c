"""Damage that nothing was made with is of fixed severity, and told in the columns of the course."""

from types import SimpleNamespace

from benchmarks.fresh_damage import KINDS, fresh_damage, outcome_row
from styleguard_edu import load_digits

import numpy as np
import pytest


@pytest.fixture(scope="module")
def digits():
    return load_digits("bundled", verbose=False).test.images[:12]


def test_every_kind_damages_every_digit_and_is_the_same_for_the_same_seed(digits):
    before = digits.copy()
    again = dict(fresh_damage(digits))
    for name, damaged in fresh_damage(digits):
        assert damaged.shape == digits.shape and damaged.dtype == np.float32
        assert damaged.min() >= 0 and damaged.max() <= 1
        assert (np.abs(damaged - digits).max(axis=(1, 2, 3)) > 0.2).all(), name
        np.testing.assert_array_equal(damaged, again[name])
    assert len(again) == len(KINDS) >= 12
    np.testing.assert_array_equal(digits, before)


def test_a_row_counts_what_was_released_harmed_and_saved():
    truth = np.zeros((4, 8, 8, 1), np.float32)
    originals, images = truth.copy(), truth.copy()
    originals[:, 0, 0, 0], images[:, 0, 0, 0] = (1, 1, 0, 0), (1, 0, 1, 0)  # what is read
    outcomes = np.array(["passed", "corrected", "corrected", "for review"])
    report = SimpleNamespace(originals=originals, images=images, outcomes=outcomes)
    row = outcome_row(report, lambda x: x[:, 0, 0, 0].astype(int), np.ones(4, int), truth)
    assert (row["harmed"], row["saved"]) == (1, 1)
    assert (row["before"], row["after"], row["coverage"]) == (0.5, 0.5, 0.75)
    assert row["released_error"] == pytest.approx(1 / 3)
