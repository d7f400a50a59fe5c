"""What the correction explorer looks up: corrections of every kind, judged beforehand."""

from typing import NamedTuple

from styleguard_edu.correctors import Corrector, MedianCorrector, accept, rms_change
from styleguard_edu.widgets import precompute_case
from styleguard_edu.widgets._correction_outcome import Outcome
from styleguard_edu.widgets.correction_case import at_strength

import numpy as np
import pytest

CLEAN = np.zeros((3, 8, 8, 1), np.float32)
DAMAGED = CLEAN.copy()
DAMAGED[:, :4] = 0.4


class Seen(NamedTuple):
    scores: np.ndarray
    p_values: np.ndarray
    maps: np.ndarray


class Brightness:
    """A detector that suspects whatever is bright; it counts the images that it looks at."""

    pixel_threshold_ = 0.25

    def __init__(self):
        self.looked_at = 0

    def anomaly_map(self, images, *, content=None):
        return images[..., 0]

    def detect(self, images, *, content=None):
        self.looked_at += len(images)
        scores = 100 * images.mean(axis=(1, 2, 3), dtype=np.float64)
        return Seen(scores, 1 / (1 + scores), images[..., 0])

    def acceptance_scores(self, detection):
        return detection.scores


class Black(Corrector):
    def _propose(self, images, masks, content):
        return np.zeros_like(images)


class AllBlack(Black):
    whole_image = True


def precomputed(**settings):
    correctors = {"black": Black(dilation=0), "all": AllBlack(dilation=0)}
    right = {"clean": CLEAN, "damaged": DAMAGED, "detector": Brightness(), "correctors": correctors}
    return precompute_case(**{**right, "strengths": [0, 0.5, 1], **settings})


def test_corrections_and_scores_are_precomputed_for_every_threshold_and_strength():
    made = precomputed()
    np.testing.assert_allclose(made.scores, [20, 20, 20], rtol=1e-6)
    black = made.corrections["black"]
    # the detector's own threshold, one that marks few clean pixels, quarters of .25 above it
    assert made.thresholds.tolist() == [0, 0.25, 0.312, 0.375, 0.438, 0.5]
    assert made.start == 1 and not made.clean_shares.any()
    np.testing.assert_array_equal(black.images[0, 3], CLEAN)
    np.testing.assert_array_equal(black.images[0, 4], DAMAGED)  # 0.4 does not lie above 0.438
    np.testing.assert_allclose(black.scores[0, 3:5, :, 0], [[20, 10, 0], [20, 20, 20]])
    np.testing.assert_allclose(black.p_values[0, 3, :, 0], [1 / 21, 1 / 11, 1])


def test_a_corrector_of_whole_images_is_asked_once_whatever_the_mask():
    one = precomputed().corrections["all"]
    assert one.whole and one.images.shape == (1, 6, 3, 8, 8, 1)
    np.testing.assert_array_equal(one.images[0, 0], one.images[0, 1])


def test_the_verdict_is_that_of_the_rule_of_acceptance():
    made = precomputed(min_improvement=20.0)
    for one in made.corrections.values():
        for k, s in np.ndindex(one.scores.shape[1:3]):
            change = rms_change(DAMAGED, at_strength(DAMAGED, one.images[0, k], made.strengths[s]))
            numbers = made.scores, one.scores[0, k, s], made.p_values, one.p_values[0, k, s]
            wanted = accept(*numbers, change, min_improvement=20.0, max_change=one.max_change)
            outcome = Outcome(made, one, k, s)
            np.testing.assert_array_equal(outcome.accepted, wanted)
            np.testing.assert_array_equal(np.any([*outcome.failed.values()], axis=0), ~wanted)


def test_a_detector_looks_a_bounded_number_of_times():
    detector = Brightness()
    precomputed(detector=detector)
    assert detector.looked_at == 3 + 3 * (6 * 3 + 1 * 3)  # first look; both correctors


def test_steps_of_refinement_are_correctors_by_number():
    steps = {0: MedianCorrector(), 5: Black(dilation=0)}
    slow = precomputed(correctors={"slow": steps}).corrections["slow"]
    assert slow.steps == (0, 5)
    np.testing.assert_array_equal(slow.images[1, 0], CLEAN)


def test_what_a_correction_has_to_lower_is_for_the_detector_to_say():
    class Stubborn(Brightness):
        def acceptance_scores(self, detection):
            return np.full_like(detection.scores, 7)

    made = precomputed(detector=Stubborn())
    np.testing.assert_array_equal(made.scores, 7)
    assert not made.corrections["black"].accepted.any()  # it never falls


def test_default_thresholds_hold_the_detectors_own_and_increase():
    noisy = np.random.default_rng(0).uniform(0, 0.3, (3, 8, 8, 1)).astype(np.float32)
    made = precomputed(clean=noisy, damaged=noisy)
    assert made.thresholds[made.start] == 0.25
    assert (np.diff(made.thresholds) > 0).all() and 5 <= len(made.thresholds) <= 9
    assert (np.diff(made.clean_shares) <= 0).all()


def test_strength_1_is_the_correction_itself_and_unchanged_pixels_keep_their_bits():
    damaged, corrected = np.random.default_rng(0).random((2, 50), np.float32)
    corrected[:25] = damaged[:25]
    np.testing.assert_array_equal(at_strength(damaged, corrected, 1.0), corrected)
    half = at_strength(damaged, corrected, 0.3)
    np.testing.assert_array_equal(half[:25], damaged[:25])
    assert half.min() >= 0 and half.max() <= 1


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"strengths": [0, 2]}, ValueError, "strengths must increase from 0 to 1"),
        ({"strengths": []}, ValueError, "strengths must increase"),
        ({"min_improvement": 0}, ValueError, "min_improvement must be above 0"),
        ({"correctors": Black()}, TypeError, "correctors must hold some by name"),
        ({"damaged": DAMAGED[:2]}, ValueError, r"damaged must be of shape \(3, 8, 8, 1\)"),
        ({"clean": np.zeros((9, 8, 8, 1), np.float32)}, ValueError, "clean must be at most 8"),
    ],
)
def test_what_will_not_do_is_rejected_before_the_long_work(settings, error, message):
    detector = Brightness()
    with pytest.raises(error, match=message):
        precomputed(detector=detector, **settings)
    assert not detector.looked_at
