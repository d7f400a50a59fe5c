"""The anomaly gallery: what is damaged, where and how much, in pictures and words."""

import io

from styleguard_edu.anomalies import ANOMALIES, GROUPS
from styleguard_edu.widgets import AnomalyGallery
from styleguard_edu.widgets._page import Page, in_percent, p_in_words
from styleguard_edu.widgets.anomaly_gallery import WORDS, in_words

import numpy as np
import pytest
from PIL import Image


def strokes(n=3, channels=1, size=28):
    """Grey pictures with a bright bar that is not the same in all."""
    images = np.zeros((n, size, size, channels), np.float32)
    for k in range(n):
        images[k, 4 : size - 4, 8 + k : 12 + k] = 0.9
    return images


def shown(gallery, row, k, *state):
    """One image of the picture, a pixel of it for each of the image's."""
    png = gallery.view(*state).pictures[0]
    left, top, right, bottom = gallery._page.box(row, k)
    part = np.asarray(Image.open(io.BytesIO(png))).astype(int)[top:bottom, left:right]
    scale = (right - left) // 28
    return part[::scale, ::scale]


@pytest.fixture
def gallery():
    return AnomalyGallery(strokes())


# What it says


def test_the_summary_names_kind_severity_place_parameter_and_what_it_imitates(gallery):
    gallery.where.value = True
    assert ", severity 3 of 5, part of the image: " in gallery.text
    gallery.where.value = False
    first, second, third = gallery.text.splitlines()
    assert first == (
        "Gaussian noise, severity 3 of 5, the whole image: standard deviation 0.3, where black to "
        "white is 1."
    )
    assert second == "It imitates a sensor that gets too warm."
    assert third.endswith("an image.") and "of the pixels changed, from " in third


def test_the_share_of_changed_pixels_known_by_hand():
    # the bar is 20 x 4 px, and a square of 9 x 9 px hides part of it and of the black
    gallery = AnomalyGallery(strokes(1))
    assert gallery.damage("occlusion", 3, False).masks.mean() == pytest.approx(81 / 784)
    first, _, third = gallery.view("occlusion", 3, False).text.splitlines()
    assert first.endswith("a square of 9x9 px.") and third == "10% of the pixels changed."


def test_the_picture_is_described(gallery):
    alt = gallery.pictures[0].tooltip
    assert alt.startswith("3 images: clean above, damaged below, and at the bottom the changed")
    assert "Gaussian noise, severity 3 of 5, the whole image." in alt and alt.count("%") == 3


def test_damage_that_changes_nothing_is_said():
    same = AnomalyGallery(strokes(), content=strokes()).view("style_leak", 3, False)
    assert same.text.endswith("Nothing changed: the damage leaves these images as they are.")


def test_every_kind_has_its_words():
    assert list(WORDS) == list(ANOMALIES)
    for kind in ANOMALIES:
        for severity in (1, 5):
            parameter, imitates = in_words(kind, severity)
            assert "{" not in parameter and any(letter.isdigit() for letter in parameter)
            assert len(imitates) > 8


@pytest.mark.parametrize(
    ("kind", "severity", "words"),
    [
        ("rotation", 5, "turned by 50°"),
        ("scratch", 1, "1 line across the picture, 1 px wide"),
        ("scratch", 2, "2 lines across the picture, 1 px wide"),
        ("pixelation", 4, "blocks of 5x5 px"),
    ],
)
def test_the_physical_parameter_is_given_with_its_unit(kind, severity, words):
    assert in_words(kind, severity)[0] == words


def test_nothing_and_everything_are_told_from_nearly():
    shares = map(in_percent, (0, 0.002, 0.126, 0.999, 1))
    assert list(shares) == ["0%", "<1%", "13%", ">99%", "100%"]
    assert list(map(p_in_words, (1, 1 / 1001, 1e-5))) == ["1.000", "0.001", "<.001"]


# The controls


def test_a_group_shows_its_own_kinds_and_remembers_the_one_chosen(gallery):
    groups, *rows = gallery.kind.rows
    groups.value = "geometric"
    (kinds,) = [row for row in rows if row.layout.display == "flex"]
    assert gallery.text.startswith("Elastic deformation, severity 3")
    kinds.value = "shift"
    groups.value = "noise"
    groups.value = "geometric"
    assert gallery.state["kind"] == "shift"


def test_the_severity_is_moved_by_the_slider_and_by_the_box(gallery):
    gallery.severity.slider.value = 4
    assert gallery.severity.box.value == 5
    assert "severity 5 of 5" in gallery.text and "deviation 0.5" in gallery.text
    gallery.severity.box.value = 1
    assert gallery.state["severity"] == 1


@pytest.mark.parametrize(
    ("channels", "content", "left_out"),
    [(1, None, {"colour_cast", "style_leak"}), (3, None, {"style_leak"}), (3, strokes(), set())],
)
def test_what_suits_the_images_is_offered(channels, content, left_out):
    groups, *kinds = AnomalyGallery(strokes(channels=channels), content=content).kind.rows
    assert [name for name, _ in groups.options] == list(GROUPS)
    offered = {name for row in kinds for _, name in row.options}
    assert offered == set(ANOMALIES) - left_out


# The picture


def test_clean_and_damaged_images_are_shown_pixel_by_pixel(gallery):
    state = "shift", 5, False
    for row, images in enumerate((gallery.images, gallery.damage(*state).images)):
        grey = shown(gallery, row, 2, *state)[..., 0] / 255
        np.testing.assert_allclose(grey, images[2, ..., 0], atol=0.003)


def test_changed_pixels_are_amber_and_the_others_grey(gallery):
    state = "occlusion", 5, False
    part = shown(gallery, 2, 1, *state)
    np.testing.assert_array_equal(
        part[..., 0] - part[..., 2] > 100, gallery.damage(*state).masks[1]
    )


@pytest.mark.parametrize(
    "shape", [(8, 28, 28, 1), (12, 8, 8, 3), (1, 600, 40, 3), (2, 256, 384, 3), (5, 400, 800, 3)]
)
def test_images_of_any_size_fit_the_page_and_keep_their_proportions(shape):
    n, height, width, _ = shape
    page = Page(shape, ["a", "b"])
    page.paste(page.base, 1, np.zeros(shape, np.float32))
    left, top, right, bottom = page.box(1, n - 1)
    assert left % 2 == 0 and right <= page.base.width <= 1760 and bottom <= page.base.height
    assert (right - left) / (bottom - top) == pytest.approx(width / height, rel=0.02)


def test_it_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(lambda: AnomalyGallery(strokes(1)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": strokes(13)}, "images must be at most 12. Received: 13"),
        ({"images": strokes(size=7)}, "images must be at least 8x8 px"),
        ({"content": strokes(2)}, "content must have as many.*Received"),
    ],
)
def test_what_cannot_be_damaged_is_rejected(change, message):
    with pytest.raises(ValueError, match=message):
        AnomalyGallery(**{"images": strokes()} | change)
