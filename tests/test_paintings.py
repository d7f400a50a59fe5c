"""The bundled paintings: made by the script in the repo, small, and each in a style of its own."""

import importlib
import io
import itertools
import sys
from contextlib import nullcontext
from pathlib import Path

from styleguard_edu.files import data_path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

SCRIPTS = Path(__file__).parents[1] / "scripts"
NAMES = "brush_strokes hatching marbling mosaic pointillism stained_glass woodcut".split()


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(SCRIPTS))  # as when it is run: it imports the modules beside it
    yield importlib.import_module("make_paintings")
    sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="module")
def tools(script):
    return sys.modules["painting_tools"]


@pytest.fixture(scope="module")
def stored():
    return {name: np.asarray(Image.open(data_path("paintings", f"{name}.jpg"))) for name in NAMES}


def contrast(painting):
    """Return the standard deviation of brightness inside 24-px squares, in grey levels."""
    grey = painting.mean(axis=-1)
    squares = grey[: grey.shape[0] // 24 * 24, : grey.shape[1] // 24 * 24]
    return squares.reshape(squares.shape[0] // 24, 24, -1, 24).std(axis=(1, 3))


def test_the_folder_holds_one_small_file_for_every_painting_of_the_script(script):
    files = sorted(data_path("paintings").glob("*.jpg"))
    assert [path.stem for path in files] == NAMES
    assert sorted(painting.__name__ for painting in script.PAINTINGS) == NAMES
    sizes = [path.stat().st_size for path in files]
    assert max(sizes) <= 250_000 and sum(sizes) <= 1_500_000


@pytest.mark.parametrize("name", NAMES)
def test_every_painting_of_720_x_480_is_full_of_texture(stored, name):
    assert (stored[name].shape, stored[name].dtype) == ((480, 720, 3), np.uint8)
    # a random crop must show the technique wherever it lies
    assert np.percentile(contrast(stored[name]), 2) > 8


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(NAMES, 2)))
def test_any_two_paintings_differ_in_palette_or_in_texture(stored, first, second):
    def histogram(painting):  # of colours, in 4 x 4 x 4 bins
        bins = (painting // 64).reshape(-1, 3) @ np.array([16, 4, 1])
        return np.bincount(bins, minlength=64) / len(bins)

    def details(painting):  # contrast that is finer and contrast that is coarser than about 5 px
        grey = painting.mean(axis=-1)
        fine = grey - ndimage.gaussian_filter(grey, 1.5)
        coarse = ndimage.gaussian_filter(grey, 1.5) - ndimage.gaussian_filter(grey, 6)
        return np.array([fine.std(), coarse.std()])

    # the share of the area whose colour the other painting lacks
    palettes = np.abs(histogram(stored[first]) - histogram(stored[second])).sum() / 2
    a, b = details(stored[first]), details(stored[second])
    assert palettes > 0.5 or (np.abs(a - b) / np.maximum(a, b)).max() > 0.2
    assert palettes > 0.3


@pytest.mark.parametrize("name", ["pointillism", "marbling", "mosaic", "stained_glass"])
def test_painting_twice_gives_the_same_picture(script, name):
    first, second = (script.paint(getattr(script, name), height=96) for _ in range(2))
    assert (first.shape, first.dtype) == ((96, 144, 3), np.uint8)
    np.testing.assert_array_equal(first, second)


def test_the_script_makes_the_committed_painting(script, stored):
    file = io.BytesIO()
    Image.fromarray(script.paint(script.pointillism)).save(file, "JPEG", quality=script.QUALITY)
    difference = np.abs(np.asarray(Image.open(file)).astype(int) - stored["pointillism"])
    assert difference.mean() < 1  # grey levels; exactly 0 with the pinned libraries


def test_the_script_writes_the_paintings_it_is_asked_for(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "HEIGHT", 48)
    for name in ("pointillism", "fresco"):
        monkeypatch.setattr("sys.argv", ["make_paintings.py", "--out", str(tmp_path), name])
        with pytest.raises(SystemExit) if name == "fresco" else nullcontext():
            script.main()
    assert "fresco" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["pointillism.jpg"]
    assert Image.open(tmp_path / "pointillism.jpg").size == (72, 48)


def test_strokes_run_along_the_stripes_of_a_picture(tools):
    rows = np.arange(60)[:, np.newaxis] + np.zeros(60)
    lying = tools.flow(np.sin(rows / 3), 4)
    standing = tools.flow(np.sin(rows.T / 3), 4)
    np.testing.assert_allclose(np.abs(np.cos(lying[20:40, 20:40])), 1, atol=1e-3)
    np.testing.assert_allclose(np.abs(np.sin(standing[20:40, 20:40])), 1, atol=1e-3)


@pytest.mark.parametrize("jump", [0, np.pi])  # an angle and the opposite one are the same line
def test_a_streamline_is_straight_and_as_long_as_asked(tools, jump):
    angle = np.where(np.arange(40) < 22, 0, jump) + np.zeros((20, 1))
    line = tools.streamlines(np.array([[10.0, 20.0]]), angle, 8, steps=4)[0]
    np.testing.assert_allclose(line, [[10, 16], [10, 18], [10, 20], [10, 22], [10, 24]], atol=1e-9)


def test_strokes_are_laid_until_the_tone_is_reached(tools):
    rng = np.random.default_rng(0)
    wanted = np.repeat([[0.2, 0.6]], 30, axis=1) + np.zeros((60, 1))
    lines = tools.streamlines(tools.scatter(rng, wanted.shape, 1.5), np.zeros(wanted.shape), 10)
    laid = np.zeros(wanted.shape)
    chosen = list(tools.fill_to_tone(wanted, laid, lines, np.full(len(lines), 14.0), 2.0))
    assert len(chosen) == len(set(chosen)) < len(lines)
    inner = laid[10:-10]
    assert inner[:, 10:20].mean() == pytest.approx(0.2, abs=0.1)
    assert inner[:, 40:50].mean() == pytest.approx(0.6, abs=0.1)
