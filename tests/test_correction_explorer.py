"""The correction explorer: corrections, verdicts and reasons, known by hand."""

import io
from dataclasses import replace

from styleguard_edu.plotting import ORANGE
from styleguard_edu.widgets import CorrectionCase, CorrectionExplorer, Corrections
from styleguard_edu.widgets._correction_outcome import Outcome, strongest

import numpy as np
import pytest
from PIL import Image, ImageColor

# Three images, their upper half grey by damage; black corrects the first two, the third is not
# marked by the higher threshold. Scores and p-values by hand.
CLEAN = np.zeros((3, 8, 8, 1), np.float32)
DAMAGED = CLEAN.copy()
DAMAGED[:, :4] = 0.4
MAPS = np.zeros((3, 8, 8), np.float32)
MAPS[:2, :4], MAPS[2, :4] = 3, 1
SCORES = np.full((1, 2, 3, 3), 9.0)  # by step, threshold and strength
SCORES[0, :, 1:] = [[[5, 8.5, 5], [1, 8.5, 1]], [[5, 8.5, 9], [1, 8.5, 9]]]
BLACK_OUT = Corrections(
    images=np.stack([CLEAN, np.concatenate([CLEAN[:2], DAMAGED[2:]])])[np.newaxis],
    scores=SCORES,
    p_values=np.where(SCORES < 6, 0.5, 0.01),
    accepted=SCORES < 6,
)
# A corrector of whole images, in three steps.
THREE = {
    name: np.repeat(getattr(BLACK_OUT, name), 3, axis=0)
    for name in ("images", "scores", "p_values", "accepted")
}
SLOW = Corrections(**THREE, max_change=0.1, steps=(0, 10, 20), whole=True)


def case(**change):
    right = {
        "clean": CLEAN,
        "damaged": DAMAGED,
        "maps": MAPS,
        "scores": np.full(3, 9.0),
        "p_values": np.full(3, 0.01),
        "thresholds": np.array([0.5, 2.0]),
        "clean_shares": np.array([0.1, 0.0]),
        "strengths": np.array([0.0, 0.5, 1.0]),
        "corrections": {"black_out": BLACK_OUT},
    }
    return CorrectionCase(**right | {"start": 1} | change)


HALF, OTHER = ("digits", "grey half", 1), ("digits", "other", 1)
CASES = {HALF: case(), OTHER: case(corrections={"a": BLACK_OUT, "slow": SLOW})}


def shown(explorer, picture, row, k, height):
    """A pixel of an image in the middle, at a share of its height; and one of its left frame."""
    left, top, right, bottom = explorer.pages(HALF)[picture].box(row, k)
    bitmap = Image.open(io.BytesIO(explorer.pictures[picture].value)).convert("RGB")
    y = round(top + height * (bottom - top))
    return bitmap.getpixel(((left + right) // 2, y)), bitmap.getpixel((left - 2, y))


@pytest.fixture
def explorer():
    return CorrectionExplorer(CASES)


# What it says


def test_the_summary_known_by_hand(explorer):
    assert explorer.text.splitlines() == [
        "Mask: where the heatmap lies above 2, 33% of these pixels and 0% of the clean images' "
        "pixels.",
        "Black out, strength 100%: of 3 corrections 1 accepted, 1 not accepted, 1 unchanged. "
        "Flagged (p at most 5%): 3 before, 2 once the accepted corrections are taken.",
        "Accepted if the score falls by 1, p does not fall and the change (root mean square) is at "
        "most 0.35. Not accepted: 2 (score falls by 0.5).",
        # half of the pixels differ by 0.4 from clean ones: the root of 0.08 is 0.283
        "Error (root mean square distance from the clean image, which the rule of acceptance does "
        "not know): 0.283 before, 0.094 after; smaller in 2, larger in 0.",
    ]


@pytest.mark.parametrize(
    ("threshold", "strength", "words"),
    [
        (0.5, 100, ("heatmap lies above 0.5, 50%", "of 3 corrections 2 accepted, 1 not accepted")),
        (2, 50, ("strength 50%: of 3", "0.283 before, 0.189 after; smaller in 2, larger in 0")),
        (2, 0, ("strength 0%: of 3 corrections 3 unchanged.", "0.283 after; smaller in 0")),
    ],
)
def test_mask_and_strength_change_the_summary(explorer, threshold, strength, words):
    explorer.threshold[HALF].box.value = threshold
    explorer.strength.box.value = strength
    assert all(part in explorer.text for part in words)


def test_the_numbers_below_an_image():
    outcome = Outcome(case(), BLACK_OUT, 1, 2)
    assert outcome.below(0) == ("9 to 1", "0.010 to 0.500", "0.28 to 0.00", "50%", "accepted", "")
    assert outcome.below(1)[4:] == ("not accepted", "score")
    assert outcome.below(2)[3:] == ("0%", "unchanged", "")


def test_every_condition_that_fails_is_named():
    worse = {"scores": SCORES + 10, "p_values": BLACK_OUT.p_values / 100, "max_change": 0.2}
    worse = replace(BLACK_OUT, **worse, accepted=np.zeros_like(BLACK_OUT.accepted))
    outcome = Outcome(case(p_values=np.full(3, 0.3)), worse, 0, 2)
    assert outcome.below(0)[5] == "score, p, change"
    assert outcome.why_not(0) == "score rises by 2, p falls from 0.300 to 0.005, change 0.28"


def test_both_pictures_are_described(explorer):
    before, after = (picture.tooltip for picture in explorer.pictures)
    assert before.startswith(
        "3 images: clean, below damaged (digits, grey half, severity 1), below"
    )
    assert before.endswith("heatmap lies above 2: 50%, 50%, 0%. Flagged and framed: 1, 2, 3.")
    assert after.startswith(
        "The images corrected (black out, strength 100%). Flagged and framed: 2,"
    )
    assert "image 1 accepted, score 9 to 1, p 0.010 to 0.500; image 2 not accepted" in after


# The controls


def displayed(controls):
    return [control.layout.display == "flex" for control in controls]


def test_correctors_and_steps_are_those_of_the_case(explorer):
    _, cases, _, first, other = explorer.case.rows
    steps = explorer.step[0, 10, 20]
    steps.slider.value = 0
    assert displayed([first, other, steps]) == [True, False, False]
    cases.value = "other"
    assert displayed([first, other, steps]) == [False, True, False]
    other.value = "slow"
    assert displayed([first, other, steps]) == [False, True, True]
    steps.box.value = 20
    assert explorer.state["step"] == 2
    assert "Slow, strength 100%, refinement step 20: of 3" in explorer.text
    assert "The corrector slow moves the whole image, whatever the mask." in explorer.text


def test_it_begins_with_the_detectors_own_threshold_and_full_strength():
    state = CorrectionExplorer({HALF: case()}).state
    assert [*state.values()] == [HALF, "black_out", 1, 2, 0]


def test_cases_with_other_thresholds_have_a_slider_of_their_own():
    other = case(thresholds=np.array([0.5, 2.5]))
    names = [("digits", name, 1) for name in "abc"]
    explorer = CorrectionExplorer(dict(zip(names, (case(), other, case()), strict=True)))
    a, b, c = explorer.threshold.values()
    assert a is c and a is not b
    explorer.case.rows[1].value = "b"
    assert displayed([a, b]) == [False, True]


def test_cases_are_chosen_part_by_part():
    names = [("digits", damage, severity) for damage in ("fog", "blur") for severity in (2, 4)]
    levels = CorrectionExplorer(dict.fromkeys([*names, ("photos", "leak", 3)], case()))
    images, damage, leak, severity, only, corrector = levels.case.rows
    assert levels.state["case"] == ("digits", "fog", 2)
    severity.value = 4
    damage.value = "blur"
    assert levels.state["case"] == ("digits", "blur", 4)  # the severity stays
    images.value = "photos"
    assert levels.state["case"] == ("photos", "leak", 3)
    assert displayed(levels.case.rows) == [True, False, True, False, True, True]
    labels = [row.description for row in (images, leak, only, corrector)]
    assert labels == ["images", "damage", "severity", "corrector"]

    images.value = "digits"
    assert "below damaged (digits, blur, severity 4)," in levels.pictures[0].tooltip


# The pictures


def test_flagged_images_are_framed_before_and_after(explorer):
    orange = ImageColor.getrgb(ORANGE)
    each = (0, 0, [False] * 3), (0, 1, [True] * 3), (1, 0, [False, True, True])
    for picture, row, framed in each:
        edges = [shown(explorer, picture, row, k, 0.5)[1] for k in range(3)]
        assert [edge == orange for edge in edges] == framed


def test_the_corrected_image_and_the_change_are_shown(explorer):
    # black above; darker by 0.4 there, and grey where nothing changed
    for row, upper, lower in ((0, 0, 0), (1, 76, 128)):
        levels = [shown(explorer, 1, row, 0, height)[0] for height in (0.25, 0.75)]
        np.testing.assert_allclose(levels, [[upper] * 3, [lower] * 3], atol=1)


def test_marked_pixels_are_amber(explorer):
    for k, amber in ((0, True), (2, False)):
        (red, _, blue), _ = shown(explorer, 0, 3, k, 0.25)
        assert (red > blue + 50) == amber


def test_a_change_of_colour_alone_is_seen_as_well():
    difference = np.array([[0.5, -0.1, 0.0], [0.1, -0.5, 0.1], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(strongest(difference), [[0.5], [-0.5], [0.0]])


def test_it_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(lambda: CorrectionExplorer(CASES))


@pytest.mark.parametrize(
    ("cases", "settings", "message"),
    [
        ({}, {}, r"cases must hold at least one.* Received: \[\]"),
        ({HALF: case()}, {"false_alarm_rate": 1}, "false_alarm_rate must lie strictly.*: 1"),
        ({HALF: case(), OTHER: case(strengths=np.array([0.0, 1.0]))}, {}, "cases must all have"),
        ({("grey half", 1): case()}, {}, "cases must hold .* by images, damage and severity"),
    ],
)
def test_cases_that_cannot_be_explored_are_rejected(cases, settings, message):
    with pytest.raises(ValueError, match=message):
        CorrectionExplorer(cases, **settings)
