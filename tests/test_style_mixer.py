"""The style mixer, headless: blends known by hand, what the judges see, what is drawn when."""

import io

from styleguard_edu.widgets import StyleMixer

import numpy as np
import pytest
from PIL import Image

PAINT = {"ink": (1, 0, 0), "neon": (0, 0, 1), "chalk": (0, 1, 0)}  # each style floods the page


def flood(images, shares):
    colour = sum(share * np.array(PAINT[style], np.float32) for style, share in shares.items())
    return np.broadcast_to(colour, (*images.shape[:3], 3))


def tiny_mixer(restyle=flood, images=None, **kwargs):
    """Three digits: black, black and white."""
    if images is None:
        images = np.array([0, 0, 1.0])[:, None, None, None] * np.ones((3, 8, 8, 1))
    return StyleMixer(restyle, images, PAINT, **kwargs)


def page(mixer):
    png = mixer.pictures[0].value.tobytes()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def mixed(mixer, k):
    """The colour of the k-th digit below, and of the same digit above."""
    # each digit is 8 pixels wide, ten times enlarged, with a gap around and 44 for a caption
    left, below = 84 * k + 2, 80 + 2 * 2 + 44
    return page(mixer)[below + 50, left + 5].tolist(), page(mixer)[50, left + 5].tolist()


def test_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(tiny_mixer)


@pytest.mark.parametrize(
    ("choice", "words", "below"),
    [
        ({}, "Half ink, half neon at strength 1.0", ((128, 0, 128), (128, 0, 128))),
        ({"strength": 5}, "Half ink, half neon at strength 0.5", ((64, 0, 64), (191, 128, 191))),
        (
            {"strength": 5, "mix": 2},
            "80% ink, 20% neon at strength 0.5",
            ((102, 0, 26), (230, 128, 153)),
        ),
        ({"mix": 0}, "All ink at strength 1.0", ((255, 0, 0), (255, 0, 0))),
        ({"second": "chalk", "mix": 10}, "All chalk at strength 1.0", ((0, 255, 0), (0, 255, 0))),
        ({"first": "neon", "mix": 3}, "All neon at strength 1.0", ((0, 0, 255), (0, 0, 255))),
        (
            {"strength": 0},
            "Half ink, half neon at strength 0.0. At strength 0 every style leaves the digits "
            "plain",
            ((0, 0, 0), (255, 255, 255)),
        ),
    ],
)
def test_mix_and_strength_blend_two_styles_and_the_plain_digit(choice, words, below):
    mixer = tiny_mixer()
    for name, value in choice.items():
        control = getattr(mixer, name)
        getattr(control, "slider", control).value = value
    assert mixer.text == f"{words}."
    for k, colour, plain in ((0, below[0], 0), (2, below[1], 255)):
        shown, above = mixed(mixer, k)
        np.testing.assert_allclose(shown, colour, atol=1)
        assert above == [plain] * 3
    assert "3 in a row, plain above and restyled below" in mixer.pictures[0].tooltip


def test_pair_of_styles_is_drawn_and_judged_once_in_either_order_and_never_while_sliding():
    asked, judged = [], []

    def restyle(images, shares):
        asked.append(shares)
        return flood(images, shares)

    def judge(images, *, training):
        judged.append((images.shape, training))
        return np.zeros((len(images), 10))

    mixer = tiny_mixer(restyle, labels=[0, 0, 0], digit_judge=judge)
    assert [shares["neon"] for shares in asked] == [k / 10 for k in range(11)]
    assert all(sum(shares.values()) == 1 for shares in asked)
    assert judged == [((11 * 3, 8, 8, 3), False)] * 11
    mixer.mix.slider.value, mixer.strength.slider.value = 7, 3
    mixer.first.value = "neon"  # neon to neon
    assert asked[11:] == [{"neon": 1.0}] * 11 and len(judged) == 22
    mixer.second.value = "ink"  # the first pair, the other way round
    assert len(asked) == 22
    there, back = mixer.mixture("ink", "neon"), mixer.mixture("neon", "ink")
    np.testing.assert_array_equal(there[0], back[0][::-1])


def test_judges_see_the_images_that_are_shown():
    def digit_judge(images, *, training):  # reads 1 where red is strong, else 0
        red = np.asarray(images)[:, 0, 0, 0]
        return np.eye(10)[(red > 0.45).astype(int)]

    def style_judge(images, *, training):  # sees the strongest colour, or plain if all are weak
        colours = np.asarray(images)[:, 0, 0][:, [0, 2, 1]]
        return np.hstack([np.full((len(images), 1), 0.45), colours])

    mixer = tiny_mixer(labels=[1, 1, 0], digit_judge=digit_judge, style_judge=style_judge)
    mixer.mix.slider.value = 0
    assert mixer.text == (
        "All ink at strength 1.0: the digit judge reads 2 of 3 digits right (it reads 0 as 1); "
        "the style judge sees ink in 3."
    )
    mixer.mix.slider.value, mixer.strength.slider.value = 10, 4
    assert mixer.text == (
        "All neon at strength 0.4: the digit judge reads 0 of 3 digits right (it reads 1 as 0, "
        "1 as 0, 0 as 1); the style judge sees plain in 2, neon in 1."
    )
    mixer.first.value, mixer.second.value = "neon", "ink"
    for ink, seen in ((7, "ink"), (2, "neon")):
        mixer.mix.slider.value, mixer.strength.slider.value = ink, 10
        assert f"the style judge sees {seen} in 3" in mixer.text


@pytest.mark.parametrize("shape", [(1, 8, 8, 3), (8, 28, 28, 1), (16, 28, 28, 1), (1, 200, 300, 3)])
def test_row_of_digits_fits_the_page_and_leaves_room_for_the_words(shape):
    assert 800 <= page(tiny_mixer(images=np.full(shape, 0.5))).shape[1] <= 2 * 880


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((17, 8, 8, 1))}, "images must be at most 16. Received: 17"),
        ({"images": np.full((1, 8, 8, 1), 2.0)}, r"images must lie in \[0, 1\]"),
        ({"styles": ["ink"]}, r"at least two different names. Received: \('ink',\)"),
        ({"styles": ["ink", "ink"]}, "at least two different names"),
        ({"labels": [1, 2], "digit_judge": len}, r"labels must hold 3 digits, .* shape \(2,\)"),
        ({"digit_judge": len}, r"labels must hold 3 digits, .* Received: shape \(\)"),
        (
            {"restyle": lambda images, shares: images},
            r"restyled images must be of shape \(3, 8, 8, 3\). Received: \(3, 8, 8, 1\)",
        ),
        (
            {"restyle": lambda images, shares: 2 * flood(images, shares)},
            r"restyled images must lie in \[0, 1\]",
        ),
        (
            {"style_judge": lambda images, training: np.zeros((len(images), 3))},
            "a judge must tell 4 classes apart. Received: 3",
        ),
    ],
)
def test_what_cannot_be_mixed_raises(change, message):
    right = {"restyle": flood, "images": np.zeros((3, 8, 8, 1)), "styles": PAINT}
    with pytest.raises(ValueError, match=message):
        StyleMixer(**right | change)
