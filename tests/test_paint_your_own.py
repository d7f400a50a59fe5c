"""The paint-your-own explorer, headless: choosing, uploading, learning live, saving."""

import asyncio
import io
import subprocess
import sys
import time

from styleguard_edu.pictures import load_picture
from styleguard_edu.widgets import PaintYourOwn, _live_style
from styleguard_edu.widgets._easel import YOURS, row_of_photos

import numpy as np
import pytest
from PIL import Image

GREY, BLUE, RED, GREEN = (0.5, 0.5, 0.5), (0, 0, 1), (1, 0, 0), (0, 1, 0)
PAINTINGS = {"red_lake": RED, "meadow": GREEN}


def plain(colour, size=(64, 96)):
    return np.full((*size, 3), colour, np.float32)


def png(picture):
    file = io.BytesIO()
    Image.fromarray(np.uint8(picture * 255)).save(file, "PNG")
    return file.getvalue()


class Painter:
    """Stands for a PaintingStyle: paints every photo in one colour."""

    run_eagerly = True
    names = tuple(PAINTINGS)

    def __init__(self):
        self.calls = []

    def transfer(self, picture, style=None, *, strength=1.0, seed=0):
        self.calls.append(style)
        return np.full_like(picture, PAINTINGS[style])


class Apprentice:
    """Stands for a new PaintingStyle: the longer it learns, the more blue it paints."""

    run_eagerly = True
    names = ("painting",)

    def __init__(self, painting=None, fails_at=None):
        self.painting, self.fails_at, self.steps, self.photos = painting, fails_at, 0, None

    def batches(self, photos, *, start=0):
        self.photos = photos
        while True:
            yield (np.zeros((2, 8, 8, 3), np.float32),)

    def train_step(self, batch):
        if self.steps == self.fails_at:
            raise RuntimeError("out of <paint>")
        time.sleep(0.002)
        self.steps += 1
        return {"loss": 0.0}

    def transfer(self, picture, style=None, *, strength=1.0, seed=0):
        return np.full_like(picture, (0, 0, min(self.steps / 1000, 1)))


def tiny_explorer(**kwargs):
    photos = {"wall": plain(GREY), "sky": plain(BLUE, (96, 64))}
    paintings = {name: plain(colour) for name, colour in PAINTINGS.items()}
    return PaintYourOwn(
        Painter(), photos, paintings=paintings, **{"make_style": Apprentice} | kwargs
    )


@pytest.fixture
def explorer(tmp_path):
    explorer = tiny_explorer(folder=tmp_path)
    yield explorer
    explorer.close()


@pytest.fixture
def quick_looks(monkeypatch):
    monkeypatch.setattr(_live_style, "LOOK_EVERY", 0.02)


def shown(explorer, number=2):
    """The picture that an explorer shows; number 2 is the result."""
    file = explorer.pictures[number].value.tobytes()
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) / 255


def colour_of(explorer, number=2):
    return tuple(shown(explorer, number).mean(axis=(0, 1)))


def near(colour):
    return pytest.approx(colour, abs=0.03)  # JPEG


def upload(button, name, data):
    """Send what the browser sends when a file has been chosen."""
    file = {"name": name, "type": "image/png", "size": len(data), "last_modified": 0}
    button.set_state({"value": [file | {"content": memoryview(data)}]})


async def until(condition):
    for _ in range(500):  # a busy machine needs its time
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("waited in vain")


# Choosing


def test_the_first_photo_is_painted_like_the_first_painting(explorer):
    assert colour_of(explorer, 0) == near(GREY)
    assert colour_of(explorer, 1) == near(RED)
    assert colour_of(explorer) == near(RED)
    assert explorer.text == "Wall painted like red lake, strength 1.00."


def test_another_painting_and_another_photo_are_shown(explorer):
    explorer.painting.value = "meadow"
    explorer.photo.value = "sky"
    assert [colour_of(explorer, k) for k in range(3)] == [near(c) for c in (BLUE, GREEN, GREEN)]
    assert explorer.text == "Sky painted like meadow, strength 1.00."
    assert "sky" in explorer.pictures[0].tooltip and "meadow" in explorer.pictures[1].tooltip
    assert explorer.pictures[2].tooltip == f"The result: s{explorer.text[1:]}"


def test_strength_0_shows_the_photo_and_strength_in_between_mixes(explorer):
    explorer.strength.box.value = 0
    assert colour_of(explorer) == near(GREY)
    assert explorer.text == "Wall as it is, strength 0.00."
    explorer.strength.slider.value = 10
    assert explorer.strength.box.value == 0.5
    assert colour_of(explorer) == near((0.75, 0.25, 0.25))


def test_nothing_is_painted_while_the_slider_moves_nor_painted_twice(explorer):
    explorer.painting.value = "meadow"
    explorer.strength.slider.value = 3
    explorer.painting.value = "red_lake"
    explorer.strength.slider.value = 7
    assert explorer.easel.style.calls == ["red_lake", "meadow"]


def test_the_result_is_displayed_large_and_keeps_the_aspect(explorer):
    assert shown(explorer).shape == (2 * 256, 2 * 384, 3)
    assert explorer.pictures[2].width == "384"
    explorer.photo.value = "sky"  # upright
    assert shown(explorer).shape == (2 * 256, 341, 3)


def test_a_move_of_the_slider_takes_less_than_10_ms():
    photo = np.random.default_rng(0).random((341, 512, 3), np.float32)
    paintings = {name: plain(colour) for name, colour in PAINTINGS.items()}
    explorer, seconds = PaintYourOwn(Painter(), {"noise": photo}, paintings=paintings), []
    for k in range(20):
        start = time.process_time()
        explorer.strength.slider.value = k
        seconds.append(time.process_time() - start)
    assert np.median(seconds) < 3 * 0.010  # three times: tests share their machine


# What explorers have in common


def test_a_view_depends_on_the_state_alone(explorer):
    assert explorer.view(**explorer.state) == explorer.view(**explorer.state)


def test_every_picture_has_a_text_and_the_summary_is_announced(explorer):
    assert all(len(picture.tooltip) > 20 for picture in explorer.pictures)
    assert 'role="status"' in explorer.summary.value


def test_show_displays_a_static_picture_first_and_then_the_explorer(explorer, displayed):
    explorer.show()
    (static, _), (live, _) = displayed
    assert live is explorer
    page = np.asarray(Image.open(io.BytesIO(static["image/jpeg"])).convert("RGB"))
    assert page.shape[0] == 256 and page.shape[1] <= 880
    assert static["text/plain"] == explorer.alt
    assert "Wall painted like red lake" in explorer.alt


def test_a_stored_row_keeps_the_colours_on_a_white_page():
    row = row_of_photos([png(plain(c, (20, 40))) for c in (RED, GREY)], gap=6)
    page = np.asarray(Image.open(io.BytesIO(row)).convert("RGB")) / 255
    assert page.shape == (10, 20 + 6 + 20, 3)
    np.testing.assert_allclose(page[:, :20].mean(axis=(0, 1)), RED, atol=0.05)
    np.testing.assert_allclose(page[:, 21:25], 1, atol=0.1)
    np.testing.assert_allclose(page[:, 26:].mean(axis=(0, 1)), GREY, atol=0.05)


def test_painting_needs_no_tensorflow():
    code = (
        "import sys, styleguard_edu.widgets.paint_your_own; assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Uploading


def test_an_uploaded_photo_is_chosen_and_painted(explorer):
    upload(explorer.photo_upload, "cat.png", png(plain(GREEN)))
    assert explorer.photo.value == YOURS and YOURS in dict(explorer.photo.options)
    assert colour_of(explorer, 0) == near(GREEN) and colour_of(explorer) == near(RED)
    assert explorer.text == "Your photo cat.png painted like red lake, strength 1.00."
    assert explorer.photo_upload.value == ()  # ready for the next one


def test_a_second_upload_replaces_the_first(explorer):
    upload(explorer.photo_upload, "cat.png", png(plain(GREEN)))
    explorer.strength.box.value = 0
    upload(explorer.photo_upload, "dog.png", png(plain(BLUE)))
    assert colour_of(explorer, 0) == near(BLUE) and colour_of(explorer) == near(BLUE)
    assert explorer.text.startswith("Your photo dog.png")
    assert len(explorer.photo.options) == 3


def test_a_large_photo_is_brought_to_the_working_size(explorer):
    upload(explorer.photo_upload, "large.png", png(plain(GREY, (400, 1024))))
    assert explorer.result.shape == (200, 512, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "holiday <b>.png must be a picture that can be read"),
        (png(plain(RED))[:90], "holiday <b>.png is damaged"),
        (png(plain(RED, (20, 20))), "holiday <b>.png must be at least 64 pixels"),
    ],
    ids=["no picture", "cut off", "too small"],
)
@pytest.mark.parametrize("kind", ["photo", "painting"])
def test_a_bad_upload_is_explained_and_the_pictures_stay(explorer, kind, data, words):
    before = [picture.value.tobytes() for picture in explorer.pictures]
    button = {"photo": explorer.photo_upload, "painting": explorer.painting_upload}[kind]
    upload(button, "holiday <b>.png", data)
    assert words in explorer.text
    assert 'role="alert"' in explorer.summary.value and "&lt;b&gt;" in explorer.summary.value
    assert isinstance(explorer.error, ValueError)
    assert [picture.value.tobytes() for picture in explorer.pictures] == before
    assert (explorer.photo.value, explorer.painting.value) == ("wall", "red_lake")
    explorer.strength.slider.value = 10  # going on as if nothing had been
    assert explorer.text == "Wall painted like red lake, strength 0.50."


def test_a_file_too_large_for_the_browser_is_taken_by_its_path(explorer, tmp_path):
    (tmp_path / "big.png").write_bytes(png(plain(BLUE)))
    explorer.use_photo(tmp_path / "big.png", name="big.png")
    assert colour_of(explorer, 0) == near(BLUE)
    with pytest.raises(FileNotFoundError):
        explorer.use_painting(tmp_path / "nowhere.png")


# Learning a painting


def test_an_uploaded_painting_waits_to_be_learnt(explorer):
    assert explorer.train_button.layout.display == "none"
    upload(explorer.painting_upload, "wave.png", png(plain(BLUE)))
    assert explorer.train_button.layout.display is None
    assert colour_of(explorer, 1) == near(BLUE)
    assert colour_of(explorer) == near(GREY)  # the photo
    assert explorer.text.startswith("Wall as it is: your painting wave.png has not been learnt yet")
    assert "Press “Train on this painting”" in explorer.text


def test_training_shows_previews_until_pause_keeps_the_result_and_goes_on(explorer, quick_looks):
    upload(explorer.painting_upload, "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.train_button.click()
        assert explorer.running and explorer.train_button.description == "Pause"
        assert "Getting ready" in explorer.text
        await until(lambda: "Learning your painting: step" in explorer.text)
        explorer.train_button.click()
        await asyncio.sleep(0.05)
        assert not explorer.running
        assert explorer.train_button.description == "Train on this painting"
        steps, kept = explorer.own_style.steps, colour_of(explorer)
        assert f"Paused after step {steps}, " in explorer.text
        assert "Wall painted like your painting wave.png" in explorer.text
        assert kept == near((0, 0, steps / 1000))
        await asyncio.sleep(0.1)
        assert explorer.own_style.steps == steps
        explorer.strength.slider.value = 0
        explorer.strength.slider.value = 20
        assert colour_of(explorer) == kept
        explorer.pause()  # twice does no harm
        explorer.play()
        await until(lambda: explorer.own_style.steps > steps)
        explorer.close()
        await asyncio.sleep(0.05)
        steps = explorer.own_style.steps
        await asyncio.sleep(0.1)
        assert explorer.own_style.steps == steps

    asyncio.run(scene())


def test_the_new_style_gets_the_painting_uploaded_and_the_photos(explorer):
    upload(explorer.painting_upload, "wave.png", png(plain(BLUE, (640, 640))))

    async def scene():
        explorer.play()
        await until(lambda: explorer.own_style.steps)
        explorer.pause()

    asyncio.run(scene())
    assert explorer.own_style.painting.shape == (640, 640, 3)
    assert list(explorer.own_style.photos) == ["wall", "sky"]


def test_the_slider_moves_over_the_last_preview_while_learning(explorer):
    upload(explorer.painting_upload, "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.play()
        await until(lambda: explorer.own_style.steps >= 3)
        explorer.photo.value = "sky"  # a choice is painted with what has been learnt so far
        step = explorer.state["step"]
        await until(lambda: explorer.own_style.steps > step + 2)
        explorer.strength.slider.value = 10
        assert explorer.state["step"] == step
        explorer.pause()

    asyncio.run(scene())


def test_the_bundled_paintings_stay_usable_while_another_is_learnt(explorer, quick_looks):
    upload(explorer.painting_upload, "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.play()
        explorer.painting.value = "meadow"
        await until(lambda: "Learning your painting: step" in explorer.text)
        assert colour_of(explorer) == near(GREEN)
        upload(explorer.photo_upload, "broken.png", b"nothing")
        await until(lambda: 'role="status"' in explorer.summary.value)
        assert "broken.png must be a picture" in explorer.text  # the previews do not cover it
        assert explorer.running
        explorer.pause()

    asyncio.run(scene())


def test_another_painting_starts_from_nothing(explorer, quick_looks):
    upload(explorer.painting_upload, "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.play()
        await until(lambda: explorer.state["step"])
        upload(explorer.painting_upload, "dots.png", png(plain(GREEN)))
        await asyncio.sleep(0.05)
        assert not explorer.running and explorer.own_style is None
        assert "your painting dots.png has not been learnt yet" in explorer.text
        assert colour_of(explorer) == near(GREY)

    asyncio.run(scene())


def test_an_error_while_learning_is_shown_and_what_was_learnt_is_kept(quick_looks):
    explorer = tiny_explorer(make_style=lambda painting: Apprentice(painting, fails_at=20))
    upload(explorer.painting_upload, "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.play()
        await until(lambda: explorer.error)

    asyncio.run(scene())
    assert explorer.text == "RuntimeError: out of <paint>"
    assert 'role="alert"' in explorer.summary.value
    assert not explorer.running and explorer.train_button.description == "Train on this painting"
    explorer.photo.value = "sky"
    assert "Paused after step 20" in explorer.text


def test_a_painting_that_cannot_be_learnt_is_explained():
    def refuse(painting):
        raise ValueError("paintings must be larger")

    explorer = tiny_explorer(make_style=refuse)
    upload(explorer.painting_upload, "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.train_button.click()

    asyncio.run(scene())
    assert explorer.text == "paintings must be larger" and not explorer.running


def test_learning_needs_a_painting_and_a_running_loop(explorer):
    with pytest.raises(RuntimeError, match="running event loop"):
        explorer.play()

    async def scene():
        with pytest.raises(ValueError, match="Upload a painting first"):
            explorer.play()

    asyncio.run(scene())


def test_a_painting_is_learnt_with_a_compiled_step(monkeypatch):
    from styleguard_edu.backend import tf

    traced = []

    class Compiled(Apprentice):
        run_eagerly = False

        def __init__(self, painting):
            super().__init__(painting)
            self.steps = tf.Variable(0)

        def train_step(self, batch):
            traced.append(type(batch[0]))
            self.steps.assign_add(1)
            return {"loss": tf.reduce_mean(batch[0])}

        def transfer(self, picture, style=None, *, strength=1.0, seed=0):
            return picture

    explorer = tiny_explorer(make_style=Compiled)
    upload(explorer.painting_upload, "wave.png", png(plain(BLUE)))

    async def scene():
        explorer.play()
        await until(lambda: int(explorer.own_style.steps) >= 3)
        explorer.pause()

    asyncio.run(scene())
    assert len(traced) == 1  # compiled once, used three times


# Saving


def test_the_picture_shown_is_saved(explorer, tmp_path):
    explorer.strength.box.value = 0.5
    explorer.save_button.click()
    saved = load_picture(tmp_path / "painted.png")
    np.testing.assert_allclose(saved, explorer.result, atol=1 / 255)
    np.testing.assert_allclose(saved.mean(axis=(0, 1)), (0.75, 0.25, 0.25), atol=1 / 255)
    assert explorer.text == (
        "Wall painted like red lake, strength 0.50.\n"
        f"Saved as painted.png, 96 x 64 pixels, in {tmp_path.resolve()}."
    )


def test_no_file_is_replaced(explorer, tmp_path):
    (tmp_path / "painted.png").write_bytes(b"mine")
    names = [explorer.save().name for _ in range(2)]
    assert names == ["painted_2.png", "painted_3.png"]
    assert (tmp_path / "painted.png").read_bytes() == b"mine"


def test_a_folder_that_is_not_there_is_explained(tmp_path):
    explorer = tiny_explorer(folder=tmp_path / "gone")
    explorer.save_button.click()
    assert "gone" in explorer.text and 'role="alert"' in explorer.summary.value
    assert isinstance(explorer.error, OSError)


def test_a_failed_save_leaves_no_empty_file(explorer, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("styleguard_edu.widgets._easel.save_picture", full)
    explorer.save_button.click()
    assert explorer.text == "no space left"
    assert list(tmp_path.iterdir()) == []


# Wrong arguments


@pytest.mark.parametrize(
    ("photos", "paintings", "message"),
    [
        ({}, {"red_lake": plain(RED), "meadow": plain(GREEN)}, "at least one picture"),
        ({"yours": plain(RED)}, {"red_lake": plain(RED), "meadow": plain(RED)}, "'yours' is taken"),
        ({"a": plain(RED)}, {"meadow": plain(GREEN)}, "Received: none for red_lake"),
        ({"a": plain(RED) + 9}, {"red_lake": plain(RED), "meadow": plain(RED)}, r"photos\['a'\]"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(photos, paintings, message):
    with pytest.raises(ValueError, match=message):
        PaintYourOwn(Painter(), photos, paintings=paintings)
