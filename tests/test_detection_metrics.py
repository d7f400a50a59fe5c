"""How well scores and maps tell damaged from clean: answers known by hand, bad input refused."""

from styleguard_edu.metrics import average_precision, iou, pixel_roc_auc, roc_auc

import numpy as np
import pytest


def test_roc_auc_is_the_share_of_pairs_in_the_right_order_and_a_tie_is_half():
    # 3 > 1, 3 > 2, 2 > 1 and one tie: 3.5 of 4
    assert roc_auc([1, 2], [2, 3]) == pytest.approx(3.5 / 4)


def test_average_precision_known_by_hand():
    # from the top: damaged (precision 1), clean, damaged (2 of 3)
    assert average_precision([2], [1, 3]) == pytest.approx((1 + 2 / 3) / 2)


def test_average_precision_of_constant_scores_is_the_share_of_damaged_images():
    assert average_precision(np.zeros(3), np.zeros(1)) == pytest.approx(1 / 4)
    assert roc_auc(np.zeros(3), np.zeros(1)) == 0.5


def test_pixel_roc_auc_pools_all_images():
    # each map is perfect alone, but the first image's clean pixel (5) is above the other's damaged
    maps = np.array([[[5.0, 6.0]], [[0.0, 1.0]]])
    masks = np.array([[[False, True]], [[False, True]]])
    assert pixel_roc_auc(maps[:1], masks[:1]) == pixel_roc_auc(maps[1:], masks[1:]) == 1
    assert pixel_roc_auc(maps, masks) == pytest.approx(3 / 4)


def test_pixel_roc_auc_takes_images_without_damage_among_others():
    masks = np.zeros((2, 2, 2), bool)
    masks[1, 0, 0] = True
    assert pixel_roc_auc(masks.astype(np.float32), masks) == 1


def test_iou_known_by_hand_image_by_image():
    true = np.zeros((4, 2, 2), bool)
    true[:3, 0] = True  # two pixels
    masks = np.zeros_like(true)
    masks[0, 0] = True  # the same two
    masks[1, :, 0] = True  # one of them and another
    np.testing.assert_allclose(iou(masks, true), [1, 1 / 3, 0, 1])  # the last: both empty


@pytest.mark.parametrize(
    ("clean", "damaged", "words"),
    [
        ([], [1.0], r"clean_scores must hold .* Received: float64, shape \(0,\)"),
        ([1.0], [], "damaged_scores must hold numbers"),
        ([1.0], [[1.0]], r"damaged_scores .* shape \(1, 1\)"),
        ([np.nan, 1], [1.0], "clean_scores must be finite. Received: 1 NaN"),
    ],
)
def test_scores_are_checked(clean, damaged, words):
    for measure in (roc_auc, average_precision):
        with pytest.raises(ValueError, match=words):
            measure(clean, damaged)


MAPS, MASKS = np.zeros((2, 3, 3)), np.arange(18).reshape(2, 3, 3) % 2 == 0


@pytest.mark.parametrize(
    ("maps", "masks", "words"),
    [
        (MAPS[:1], MASKS, r"have the same shape. Received: \(1, 3, 3\) and \(2, 3, 3\)"),
        (MAPS + np.nan, MASKS, "maps must be finite. Received: 18 NaN"),
        (MAPS.astype(str), MASKS, "maps must hold numbers. Received: dtype <U"),
        (MAPS, MASKS.astype(int), "masks must be bool .* Received: int64"),
        (MAPS[0], MASKS[0], r"masks must be bool of shape .* Received: bool, shape \(3, 3\)"),
        (MAPS, np.ones_like(MASKS), "Received: 18 pixels, all damaged"),
        (MAPS, np.zeros_like(MASKS), "Received: 18 pixels, all clean"),
    ],
)
def test_maps_and_masks_are_checked(maps, masks, words):
    with pytest.raises(ValueError, match=words):
        pixel_roc_auc(maps, masks)
    with pytest.raises(ValueError, match=r"same shape. Received: \(1, 3, 3\) and \(2, 3, 3\)"):
        iou(MASKS[:1], MASKS)
