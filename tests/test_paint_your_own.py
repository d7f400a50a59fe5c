"""The paint-your-own explorer, headless: choosing, uploading, learning live, saving."""

import asyncio
import io
from unittest.mock import Mock

from styleguard_edu.backend import keras
from styleguard_edu.pictures import load_picture
from styleguard_edu.widgets import PaintYourOwn
from styleguard_edu.widgets._easel import YOURS

import numpy as np
import pytest
from PIL import Image

GREY, BLUE, RED, GREEN = (0.5, 0.5, 0.5), (0, 0, 1), (1, 0, 0), (0, 1, 0)
MIXED = (0.2, 0.8, 0.2)  # six tenths of green in grey
PAINTINGS = {"red_lake": RED, "meadow": GREEN}


def plain(colour, size=(64, 96)):
    return np.full((*size, 3), colour, np.float32)


def png(picture):
    file = io.BytesIO()
    Image.fromarray(np.uint8(picture * 255)).save(file, "PNG")
    return file.getvalue()


class Painter:
    """Stands for a PaintingStyle: paints every photo in one colour."""

    names = tuple(PAINTINGS)

    def __init__(self):
        self.calls = []

    def transfer(self, picture, style=None, *, strength=1.0, seed=0):
        self.calls.append(style)
        return np.full_like(picture, PAINTINGS[style])


class Apprentice:
    """Stands for a new PaintingStyle: the longer it learns, the more blue it paints."""

    run_eagerly = True

    def __init__(self, painting, fails_at=None):
        self.painting, self.fails_at, self.count, self.photos = painting, fails_at, 0, None

    @property
    def steps(self):
        return keras.Variable(self.count)  # which is true whatever its value

    def batches(self, photos):
        self.photos = photos
        while True:
            yield (np.zeros((2, 8, 8, 3), np.float32),)

    def train_step(self, batch):
        if self.count == self.fails_at:
            raise RuntimeError("out of paint")
        self.count += 1

    def transfer(self, picture):
        return np.full_like(picture, (0, 0, min(self.count / 1000, 1)))


class Own(PaintYourOwn):
    """The explorer with two photos, two paintings, and the styles that it makes."""

    def __init__(self, fails_at=None, **kwargs):
        self.made = []

        def make_style(painting):
            self.made.append(Apprentice(painting, fails_at))
            return self.made[-1]

        photos = {"wall": plain(GREY), "sky": plain(BLUE, (96, 64))}
        paintings = {name: plain(colour) for name, colour in PAINTINGS.items()}
        kwargs = {"paintings": paintings, "make_style": make_style} | kwargs
        super().__init__(Painter(), photos, **kwargs)


@pytest.fixture
def explorer(tmp_path, monkeypatch):
    monkeypatch.setattr("styleguard_edu.widgets.paint_your_own.LOOK_EVERY", 0.005)
    explorer = Own(folder=tmp_path)
    yield explorer
    explorer.close()


def shown(explorer, number=2):
    """The picture that an explorer shows; number 2 is the result."""
    file = explorer.pictures[number].value.tobytes()
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) / 255


def colour_of(explorer, number=2):
    return tuple(shown(explorer, number).mean(axis=(0, 1)))


def near(colour):
    return pytest.approx(colour, abs=0.03)  # JPEG


def upload(explorer, kind, name, data):
    """Send what the browser sends when a file has been chosen."""
    button = getattr(explorer, f"{kind}_upload")
    file = {"name": name, "type": "image/png", "size": len(data), "last_modified": 0}
    button.set_state({"value": [file | {"content": memoryview(data)}]})
    return button


def live(scene):
    asyncio.run(asyncio.wait_for(scene(), 60))


async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)


def test_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(Own)


# Choosing


@pytest.mark.parametrize(
    ("photo", "painting", "strength", "colours", "words"),
    [
        ("wall", "red_lake", 1, (GREY, RED, RED), "Wall painted like red lake, strength 1.00."),
        ("sky", "meadow", 1, (BLUE, GREEN, GREEN), "Sky painted like meadow, strength 1.00."),
        ("wall", "red_lake", 0, (GREY, RED, GREY), "Wall as it is, strength 0.00."),
        ("wall", "meadow", 0.6, (GREY, GREEN, MIXED), "Wall painted like meadow, strength 0.60."),
    ],
)
def test_photo_painting_and_result_are_shown(explorer, photo, painting, strength, colours, words):
    explorer.photo.value, explorer.painting.value = photo, painting
    explorer.strength.box.value = strength
    assert [colour_of(explorer, k) for k in range(3)] == [near(colour) for colour in colours]
    assert explorer.text == words
    assert photo in explorer.pictures[0].tooltip
    assert explorer.pictures[2].tooltip == f"The result: {words[0].lower()}{words[1:]}"


def test_nothing_is_painted_while_the_slider_moves_nor_painted_twice(explorer):
    explorer.painting.value = "meadow"
    explorer.strength.slider.value = 3
    explorer.painting.value = "red_lake"
    explorer.strength.slider.value = 7
    assert explorer.easel.style.calls == ["red_lake", "meadow"]


def test_result_is_displayed_large_and_keeps_the_aspect(explorer):
    assert shown(explorer).shape == (2 * 256, 2 * 384, 3)
    assert explorer.pictures[2].width == "384"
    explorer.photo.value = "sky"  # upright
    assert shown(explorer).shape == (2 * 256, 341, 3)


# Uploading


def test_uploaded_photo_is_chosen_and_painted_and_another_replaces_it(explorer):
    button = upload(explorer, "photo", "cat.png", png(plain(GREEN, (400, 1024))))
    assert explorer.photo.value == YOURS
    assert explorer.text == "Your photo cat.png painted like red lake, strength 1.00."
    assert colour_of(explorer, 0) == near(GREEN) and colour_of(explorer) == near(RED)
    assert explorer.result.shape == (200, 512, 3)  # brought to the working size
    (counted,) = button.value  # the button shows how many there are
    assert (counted["name"], len(counted["content"])) == ("cat.png", 0)  # its bytes are freed
    explorer.photo.value = "wall"
    explorer.strength.box.value = 0
    upload(explorer, "photo", "dog.png", png(plain(BLUE)))
    assert colour_of(explorer, 0) == near(BLUE) and colour_of(explorer) == near(BLUE)
    assert explorer.text.startswith("Your photo dog.png") and len(explorer.photo.options) == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "holiday <b>.png must be a picture that can be read"),
        (b"", "holiday <b>.png"),
        (bytes(14_500_000), "call use_{kind}(path) in a cell. Received: 14.5 MB"),
    ],
    ids=["no picture", "empty", "too large"],
)
@pytest.mark.parametrize("kind", ["photo", "painting"])
def test_bad_upload_is_explained_and_the_next_one_works(explorer, kind, data, words):
    before = [picture.value.tobytes() for picture in explorer.pictures]
    button = upload(explorer, kind, "holiday <b>.png", data)
    assert words.format(kind=kind) in explorer.text
    assert 'role="alert"' in explorer.summary.value and "&lt;b&gt;" in explorer.summary.value
    assert isinstance(explorer.error, ValueError) and button.value == ()
    assert [picture.value.tobytes() for picture in explorer.pictures] == before
    assert (explorer.photo.value, explorer.painting.value) == ("wall", "red_lake")
    explorer.strength.slider.value = 10  # going on as if nothing had been
    assert explorer.text == "Wall painted like red lake, strength 0.50."
    upload(explorer, kind, "good.png", png(plain(BLUE)))
    assert f"your {kind} good.png" in explorer.text.lower() and explorer.error is None


def test_larger_file_is_taken_by_its_path(explorer, tmp_path):
    (tmp_path / "big.png").write_bytes(png(plain(BLUE)))
    explorer.use_photo(tmp_path / "big.png", name="big.png")
    assert colour_of(explorer, 0) == near(BLUE)
    with pytest.raises(FileNotFoundError):
        explorer.use_painting(tmp_path / "nowhere.png")


# Learning a painting


def test_uploaded_painting_waits_to_be_learnt(explorer):
    row = explorer.widget.children[4].children
    assert "at most 10 MB each" in [getattr(control, "value", None) for control in row]
    assert explorer.play_button in row and explorer.play_button.layout.display == "none"
    upload(explorer, "painting", "wave.png", png(plain(BLUE)))
    assert explorer.play_button.layout.display is None
    assert colour_of(explorer, 1) == near(BLUE)
    assert colour_of(explorer) == near(GREY)  # the photo
    assert explorer.text.startswith("Wall as it is: your painting wave.png has not been learnt yet")
    assert "Press “Train on this painting”" in explorer.text


def test_training_shows_previews_until_pause_keeps_the_result_and_goes_on(explorer):
    upload(explorer, "painting", "wave.png", png(plain(BLUE, (640, 640))))

    async def scene():
        explorer.play_button.click()
        assert "Preparing to learn" in explorer.text
        await until(lambda: "Learning your painting: step" in explorer.text)
        explorer.play_button.click()
        (style,) = explorer.made
        assert style.painting.shape == (640, 640, 3) and list(style.photos) == ["wall", "sky"]
        assert f"Paused after step {style.count:,}, " in explorer.text
        assert "Wall painted like your painting wave.png" in explorer.text
        kept = colour_of(explorer)
        assert kept == near((0, 0, min(style.count / 1000, 1)))
        explorer.strength.slider.value = 0
        explorer.strength.slider.value = 20
        assert colour_of(explorer) == kept
        steps = style.count
        explorer.play()
        await until(lambda: style.count > steps)

    live(scene)


def test_slider_moves_over_the_last_preview_while_learning(explorer, monkeypatch):
    monkeypatch.setattr("styleguard_edu.widgets.paint_your_own.LOOK_EVERY", 60)
    upload(explorer, "painting", "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.play()
        await until(lambda: explorer.made[0].count >= 3)
        explorer.photo.value = "sky"  # a choice is painted with what has been learnt so far
        step = explorer.state["step"]
        await until(lambda: explorer.made[0].count > step + 2)
        explorer.strength.slider.value = 10
        assert explorer.state["step"] == step >= 3

    live(scene)


def test_bundled_paintings_stay_usable_while_another_is_learnt(explorer):
    upload(explorer, "painting", "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.play()
        explorer.painting.value = "meadow"
        await until(lambda: "Learning your painting: step" in explorer.text)
        assert colour_of(explorer) == near(GREEN)
        upload(explorer, "photo", "broken.png", b"nothing")
        await until(lambda: 'role="status"' in explorer.summary.value)
        assert "broken.png must be a picture" in explorer.text  # the previews do not cover it
        assert explorer.running

    live(scene)


def test_another_painting_starts_from_nothing(explorer):
    upload(explorer, "painting", "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.play()
        await until(lambda: explorer.state["step"])
        upload(explorer, "painting", "dots.png", png(plain(GREEN)))
        assert not explorer.running
        assert "your painting dots.png has not been learnt yet" in explorer.text
        assert colour_of(explorer) == near(GREY)
        explorer.play()
        await until(lambda: len(explorer.made) == 2 and explorer.made[1].count)

    live(scene)


def test_what_was_learnt_before_an_error_is_kept(explorer):
    explorer = Own(fails_at=20)
    upload(explorer, "painting", "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.play()
        await until(lambda: explorer.error)

    live(scene)
    assert explorer.text == "RuntimeError: out of paint"
    explorer.photo.value = "sky"
    assert "Paused after step 20" in explorer.text


def test_painting_that_cannot_be_learnt_is_explained():
    def refuse(painting):
        raise ValueError("paintings must be larger")

    explorer = Own(make_style=refuse)
    with pytest.raises(ValueError, match="Upload a painting first"):
        explorer.play()
    upload(explorer, "painting", "wave.png", png(plain(BLUE)))
    explorer.play_button.click()
    assert explorer.text == "paintings must be larger" and not explorer.running


# Saving


def test_picture_shown_is_saved_and_no_file_is_replaced(explorer, tmp_path):
    explorer.strength.box.value = 0.5
    explorer.save_button.click()
    saved = load_picture(tmp_path / "painted.png")
    np.testing.assert_allclose(saved, explorer.result, atol=1 / 255)
    np.testing.assert_allclose(saved.mean(axis=(0, 1)), (0.75, 0.25, 0.25), atol=1 / 255)
    saved_as = f"\nSaved as painted.png, 96 x 64 pixels, in {tmp_path.resolve()}."
    assert explorer.text.endswith(saved_as)
    (tmp_path / "painted.png").write_bytes(b"mine")
    assert [explorer.save().name for _ in range(2)] == ["painted_2.png", "painted_3.png"]
    assert (tmp_path / "painted.png").read_bytes() == b"mine"


def test_failed_save_is_explained_and_leaves_no_empty_file(explorer, tmp_path, monkeypatch):
    full = Mock(side_effect=OSError("full"))
    monkeypatch.setattr("styleguard_edu.widgets._easel.save_picture", full)
    explorer.save_button.click()
    assert explorer.text == "full" and 'role="alert"' in explorer.summary.value
    assert list(tmp_path.iterdir()) == []
    explorer.folder = tmp_path / "gone"
    explorer.save_button.click()
    assert "gone" in explorer.text and isinstance(explorer.error, OSError)


@pytest.mark.parametrize(
    ("photos", "names", "message"),
    [
        ({}, ["red_lake", "meadow"], "at least one picture"),
        ({"yours": plain(RED)}, ["red_lake", "meadow"], "'yours' is taken"),
        ({"a": plain(RED)}, ["meadow"], "Received: none for red_lake"),
        ({"a": plain(RED) + 9}, ["red_lake", "meadow"], r"photos\['a'\]"),
    ],
)
def test_pictures_that_do_not_fit_raise(photos, names, message):
    with pytest.raises(ValueError, match=message):
        PaintYourOwn(Painter(), photos, paintings=dict.fromkeys(names, plain(RED)))
