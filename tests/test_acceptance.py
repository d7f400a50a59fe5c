from styleguard_edu.correctors import accept, chosen_images, rms_change, smallest_change

import numpy as np
import pytest


def noise(n, seed=0):
    return np.random.default_rng(seed).random((n, 12, 10, 1), dtype=np.float32)


BEFORE = {"score_before": [10.0, 10.0, 10.0, 10.0], "p_before": [0.01, 0.01, 0.01, 0.01]}


LIMITS = {"min_improvement": 1.0, "max_change": 0.3}


@pytest.mark.parametrize(
    ("scores", "p_values", "distances", "limits", "expected"),
    [
        # clearly better; too little better; p-value fell; too far
        ([4, 9.5, 4, 4], [0.2, 0.2, 0.005, 0.2], [0.1, 0.1, 0.1, 0.4], {}, [1, 0, 0, 0]),
        ([9] * 4, [0.01] * 4, [0.3] * 4, {}, [1] * 4),  # the bounds are inside
        ([10] * 4, [0.01] * 4, [0] * 4, {"min_improvement": 1e-9}, [0] * 4),  # nothing changed
        # two proposals an image, each with its own limit
        (
            [[1] * 4] * 2,
            [[0.5] * 4] * 2,
            [[0.2] * 4] * 2,
            {"max_change": [[0.1], [0.3]]},
            [[0] * 4, [1] * 4],
        ),
    ],
)
def test_acceptance_known_by_hand(scores, p_values, distances, limits, expected):
    accepted = accept(
        **BEFORE, score_after=scores, p_after=p_values, distance=distances, **LIMITS | limits
    )
    np.testing.assert_array_equal(accepted, expected)


def test_of_accepted_candidates_the_smallest_change_wins_not_the_best_score():
    accepted = np.array([[True, True, False], [True, False, False], [False, True, False]])
    distance = [[0.3, 0.2, 0.1], [0.1, 0.0, 0.1], [0.0, 0.2, 0.1]]
    # the nearest accepted; the first of equals; none
    assert smallest_change(accepted, distance).tolist() == [1, 0, -1]


def test_chosen_images_are_the_candidates_or_bit_by_bit_the_originals():
    images, first, second = noise(3), noise(3, seed=1), noise(3, seed=2)
    taken = chosen_images(images, [first, second], np.array([1, -1, 0]))
    for result, expected in zip(taken, (second[0], images[1], first[2]), strict=True):
        np.testing.assert_array_equal(result, expected)


def test_change_known_by_hand():
    black = np.zeros((2, 4, 4, 1), np.float32)
    after = black.copy()
    after[1, 0, 0] = 1  # one of sixteen: root of 1 / 16
    np.testing.assert_allclose(rms_change(black, after), [0, 0.25])
    np.testing.assert_allclose(rms_change(black, np.stack([black, after])), [[0, 0], [0, 0.25]])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"score_before": [[1.0]]}, r"score_before must be of shape \(n,\)"),
        ({"score_after": [1.0] * 3}, r"score_after of shape .*Received: \(4,\) and \(3,\)"),
        ({"score_after": [np.nan] * 4}, r"score_after must hold finite numbers .*nan"),
        ({"p_before": [0.1]}, r"p_before must .* of shape \(4,\)\. Received: .*\[0\.1\]"),
        ({"p_after": [1.1] * 4}, r"p_after must hold .* from 0 to 1, .*Received: .*1\.1"),
        ({"distance": [[0.1] * 4]}, r"distance must .*Received: shape \(1, 4\)"),
        ({"distance": [-0.1] * 4}, r"distance must hold .* from 0 to inf.*Received: .*-0\.1"),
        ({"min_improvement": 0}, r"min_improvement must be above 0\. Received: 0"),
        ({"max_change": -1}, r"max_change must hold .* from 0.*Received: .*-1"),
        ({"max_change": [0.1, 0.1]}, r"max_change must hold .*Received: .*\[0\.1, 0\.1\]"),
    ],
)
def test_acceptance_checks_its_arguments(changed, words):
    good = {"score_after": [4.0] * 4, "p_after": [0.2] * 4, "distance": [0.1] * 4}
    with pytest.raises(ValueError, match=words):
        accept(**BEFORE | good | LIMITS | changed)


def test_choosing_checks_its_arguments():
    with pytest.raises(ValueError, match=r"accepted must be of shape \(k, n\)"):
        smallest_change([True], [0.1])
    with pytest.raises(ValueError, match="choice must hold whole numbers from -1 to 0"):
        chosen_images(noise(3), [noise(3)], np.array([0, 1, -1]))
    with pytest.raises(ValueError, match="before must be of shape"):
        rms_change(noise(3), noise(2))
