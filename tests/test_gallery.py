"""The pictures that come with the course: complete, in the convention, and missed politely."""

from styleguard_edu import gallery
from styleguard_edu.gallery import (
    PHOTO_SPLITS,
    load_paintings,
    load_photos,
    measured_photos,
    middle,
)
from styleguard_edu.pictures import save_picture

import numpy as np
import pytest


def test_the_photos_are_coloured_sorted_and_at_most_640_pixels_long():
    photos = load_photos()
    assert list(photos) == sorted(photos) == sorted(sum(PHOTO_SPLITS.values(), ()))
    for photo in photos.values():
        assert (photo.dtype, photo.ndim) == (np.float32, 3)
        assert max(photo.shape) <= 640
        assert np.abs(photo[..., 0] - photo[..., 2]).mean() > 0.02  # red is not blue: not grey
    assert photos["motorcycle"].shape == (432, 640, 3)  # 500 x 741 in the wheel
    measured = measured_photos()
    assert tuple(measured) == PHOTO_SPLITS["test"]
    assert all(photo.shape == (256, 384, 3) for photo in measured.values())


@pytest.mark.parametrize(
    ("shape", "down", "right"),
    [
        ((256, 768), (0, 1), (0.25, 0.75)),  # twice as wide: its middle half
        ((900, 600), (0.5 - 2 / 9, 0.5 + 2 / 9), (0, 1)),  # 1.5 times as high as wide
        ((128, 192), (0, 1), (0, 1)),  # too small, of the right shape: all of it
    ],
)
def test_a_photo_is_measured_in_its_middle_as_large_as_fits(shape, down, right):
    rows, columns = np.meshgrid(*(np.linspace(0, 1, side) for side in shape), indexing="ij")
    cut = middle(np.dstack([rows, columns, 0 * rows]).astype(np.float32))
    assert cut.shape == (256, 384, 3)
    np.testing.assert_allclose(cut[[0, -1], 100, 0], down, atol=0.01)
    np.testing.assert_allclose(cut[100, [0, -1], 1], right, atol=0.01)


def test_a_missing_photo_names_the_cure(monkeypatch):
    monkeypatch.setitem(gallery._PHOTO_FILES, "rocket", ("skimage", "data/moved.jpg"))
    words = r"moved\.jpg is missing.*pip install.*scikit-image"
    with pytest.raises(FileNotFoundError, match=words):
        load_photos()


@pytest.fixture
def painting_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "data_path", lambda *parts: tmp_path.joinpath(*parts))
    folder = tmp_path / "paintings"
    folder.mkdir()
    return folder


def test_paintings_are_named_by_their_files_and_sorted(painting_folder):
    for name in ("waves", "dots"):
        save_picture(np.full((80, 100, 3), 0.5), painting_folder / f"{name}.jpg")
    (painting_folder / "README.md").write_text("not a painting")
    paintings = load_paintings()
    assert list(paintings) == ["dots", "waves"]
    assert paintings["dots"].shape == (80, 100, 3)


@pytest.mark.parametrize("there", [True, False])
def test_without_paintings_the_error_names_the_cure(painting_folder, there):
    if not there:
        painting_folder.rmdir()
    words = r"no paintings in .*To restore it: .*data/paintings"
    with pytest.raises(FileNotFoundError, match=words):
        load_paintings()


def test_a_damaged_painting_is_named_with_the_cure(painting_folder):
    (painting_folder / "dots.jpg").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(ValueError, match=r"To restore it: .*data/paintings.*dots\.jpg"):
        load_paintings()
