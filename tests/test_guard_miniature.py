"""The guard in miniature: what two sliders flag and correct, known by hand."""

import io

from styleguard_edu.plotting import ORANGE
from styleguard_edu.widgets import GuardInMiniature

import numpy as np
import pytest
from PIL import Image, ImageColor

# Four images: two damaged and flagged at 5 %, of which one correction was accepted; a clean one
# that is flagged from 10 % on, whose correction was accepted; and a clean one that looks clean.
CLEAN = np.full((4, 8, 8, 1), 0.2, np.float32)
IMAGES = CLEAN.copy()
IMAGES[:2] = 0.6
MAPS = (IMAGES[..., 0] > 0.5).astype(np.float32)
CORRECTED = CLEAN.copy()
CORRECTED[2] = 0.3


def tiny(**change):
    right = {
        "images": IMAGES,
        "maps": MAPS,
        "p_values": [0.01, 0.04, 0.1, 0.9],
        "corrected": CORRECTED,
        "accepted": [True, False, True, True],
        "clean": CLEAN,
    }
    return GuardInMiniature(**right | change)


def shown(explorer, picture, page, k):
    """An image's middle, and the middle of its left frame."""
    left, top, right, bottom = page.box(0, k)
    bitmap = Image.open(io.BytesIO(explorer.pictures[picture].value)).convert("RGB")
    height = (top + bottom) // 2
    return bitmap.getpixel(((left + right) // 2, height)), bitmap.getpixel((left - 2, height))


@pytest.fixture
def explorer():
    return tiny()


def test_the_summary_known_by_hand(explorer):
    assert explorer.text.splitlines() == [
        "2 of 4 flagged: 1 corrected at strength 100%, 1 for review, as no correction was "
        "accepted.",
        "False alarms promised: at most 5% of clean images. Here: 0 of 2.",
        # two of four differ by 0.4, then one
        "Mean distance from the clean images (root mean square): 0.200 before, 0.100 after.",
    ]


@pytest.mark.parametrize(
    ("rate", "strength", "words"),
    [
        (10, 100, ("3 of 4 flagged: 2 corrected", "Here: 1 of 2.", "0.200 before, 0.125 after.")),
        (1, 100, ("1 of 4 flagged: 1 corrected at strength 100%, 0 for review",)),
        (5, 50, ("1 corrected at strength 50%", "0.200 before, 0.150 after.")),
        (5, 0, ("1 corrected at strength 0%", "0.200 before, 0.200 after.")),
    ],
)
def test_both_sliders_change_the_summary(explorer, rate, strength, words):
    explorer.rate.box.value, explorer.strength.box.value = rate, strength
    assert all(part in explorer.text for part in words)


def test_what_is_not_flagged_or_not_accepted_keeps_its_bits(explorer):
    np.testing.assert_array_equal(explorer.result(0.05, 1.0)[1:], IMAGES[1:])
    np.testing.assert_array_equal(explorer.result(0.5, 0.0), IMAGES)


def test_both_pictures_are_described(explorer):
    detected, corrected = (picture.tooltip for picture in explorer.pictures)
    assert detected == "4 images above their heatmaps. Flagged and framed: 1, 2."
    assert corrected == (
        "The images as the guard leaves them: 1 corrected, 2 for review, 3 passed, 4 passed."
    )
    explorer.strength.box.value = 0
    assert "1 strength 0, 2 for review" in explorer.pictures[1].tooltip


@pytest.mark.parametrize(("rate", "flagged"), [(1, [True, False]), (5, [True, True])])
def test_flagged_images_are_framed(explorer, rate, flagged):
    explorer.rate.box.value = rate
    frames = [shown(explorer, 0, explorer._detect, k)[1] for k in range(2)]
    assert [frame == ImageColor.getrgb(ORANGE) for frame in frames] == flagged


@pytest.mark.parametrize(("strength", "level"), [(100, 0.2), (50, 0.4), (0, 0.6)])
def test_the_corrected_image_is_shown(explorer, strength, level):
    explorer.strength.box.value = strength
    middle, _ = shown(explorer, 1, explorer._correct, 0)
    np.testing.assert_allclose(middle, 255 * level, atol=1)


def test_it_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(tiny)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((9, 8, 8, 1), np.float32)}, "images must be at most 8. Received: 9"),
        ({"corrected": CLEAN[:2]}, "corrected must be of shape .* Received"),
        ({"maps": MAPS[:2]}, r"maps must hold numbers of shape \(4, 8, 8\).*Received: float"),
        ({"p_values": [0, 0.1, 0.2, 0.3]}, "p_values must be .* above 0 and .*Received"),
        ({"accepted": [1, 0, 1, 1]}, r"accepted must be bool of shape \(4,\). Received: int64"),
    ],
)
def test_what_does_not_fit_is_rejected(change, message):
    with pytest.raises(ValueError, match=message):
        tiny(**change)
