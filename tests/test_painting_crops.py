from itertools import islice

from styleguard_edu.models import painting_batches, training_picture
from styleguard_edu.models.painting_crops import CROP, CROPS, SHORT_SIDE
from styleguard_edu.pictures import match_histogram
from tests.small_models import noise, same

import numpy as np
import pytest


def places(height, width, blue=0.0):
    """A picture whose every pixel says where it lies, in thousandths of red and of green."""
    rows, columns = np.mgrid[:height, :width] / 1000
    return np.dstack([rows, columns, np.full_like(rows, blue)]).astype(np.float32)


PAINTINGS = [training_picture(noise(seed=seed), SHORT_SIDE, "painting") for seed in (1, 2)]


def batches(photos, **settings):
    return painting_batches(photos, PAINTINGS, **{"seed": 0, **settings})


def test_batches_are_crops_in_the_convention():
    for *pictures, labels in islice(batches([noise(seed=3)]), 3):
        assert labels.shape == (CROPS,)
        assert labels.dtype == np.int32
        assert set(labels) <= {0, 1}
        assert len(pictures) == 3  # photos, tones, paintings
        for part in pictures:
            assert part.shape == (CROPS, CROP, CROP, 3)
            assert part.dtype == np.float32
            assert part.min() >= 0
            assert part.max() <= 1


def test_a_batch_follows_from_its_number_alone():
    photos = [noise(seed=3), noise(seed=4)]
    whole = list(islice(batches(photos), 4))
    for k in (1, 3):
        for expected, found in zip(whole[k:], batches(photos, start=k), strict=False):
            assert same(expected, found)
    assert not same(whole[0], whole[1])
    assert not same(whole[0], next(batches(photos, seed=1)))


def cut(picture, crop, scale=1000):
    """The window of a picture of places at which a crop was taken."""
    top, left = np.rint(crop[0, 0, :2] * scale).astype(int)
    return slice(top, top + CROP), slice(left, left + CROP)


def test_every_crop_is_a_window_of_a_picture_and_some_photos_are_mirrored():
    # of the sizes in which they are learnt from, so nothing is resized
    paintings = [places(360, 500, blue=0.2), places(400, 360, blue=0.7)]
    pictures = [places(320, 320, blue=0.4), places(480, 320, blue=0.9)]
    wanted = [[match_histogram(photo, painting) for photo in pictures] for painting in paintings]
    seen, tops = set(), []
    for photos, tones, real, labels in islice(painting_batches(pictures, paintings, seed=0), 10):
        for photo, tone, crop, label in zip(photos, tones, real, labels, strict=True):
            window = cut(paintings[label], crop)
            np.testing.assert_array_equal(crop, paintings[label][window])
            tops.append(window[0].start)
            k = int(photo[0, 0, 2] > 0.6)
            mirrored = photo[0, 0, 1] > photo[0, 1, 1]  # columns count down
            if mirrored:
                photo, tone = photo[:, ::-1], tone[:, ::-1]
            window = cut(pictures[k], photo)
            np.testing.assert_array_equal(photo, pictures[k][window])
            np.testing.assert_array_equal(tone, wanted[label][k][window])
            seen.add((k, bool(mirrored), int(label)))
    assert len(seen) == 8  # each photo, both ways, for each painting
    assert min(tops) < 30  # 0 to 264, or to 304 in the higher one
    assert max(tops) > 234


def test_a_photo_smaller_than_a_crop_is_enlarged():
    ramp = places(64, 64) * 15  # red rises from 0 to 0.945
    for photos, *_ in islice(batches([ramp]), 2):
        rises = np.ptp(photos[..., 0], axis=(1, 2))
        np.testing.assert_allclose(rises, 0.945 * 96 / 320, rtol=0.05)


def test_a_training_picture_has_the_shorter_side_asked_for():
    assert training_picture(noise(64, 128), 100, "painting").shape == (100, 200, 3)


@pytest.mark.parametrize(
    ("photos", "words"),
    [
        ([], "photos must hold at least one picture. Received: none"),
        ({}, "photos must hold at least one picture. Received: none"),
        ([noise(), noise(63, 90)], r"photos\[1\] must have .*at least 64 .*\(63, 90, 3\)"),
        ([2 * noise()], r"photos\[0\] must lie in \[0, 1\]"),
    ],
)
def test_what_is_no_photo_is_refused_by_name(photos, words):
    with pytest.raises(ValueError, match=words):
        next(batches(photos))
