import matplotlib

matplotlib.use("Agg")

from styleguard_edu.sheets import plot_sheet

import matplotlib.pyplot as plt
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def images(n=3, height=28, width=28, channels=1, seed=0):
    shape = n, height, width, channels
    return np.random.default_rng(seed).random(shape, np.float32)


def drawn(ax):
    return np.asarray(ax.images[0].get_array())


def test_rows_are_stages_and_columns_are_cases():
    before, after = images(), images(channels=3, seed=1)
    picture = drawn(plot_sheet({"before": before, "after": after}, titles="abc", gap=0))
    lowest = picture[-28:, -28:], picture[-56:-28, :28]
    np.testing.assert_array_equal(lowest[0], after[2])
    np.testing.assert_array_equal(lowest[1], before[0].repeat(3, axis=-1))


def test_cases_that_find_no_room_beside_go_below():
    batch = images(5)
    picture = drawn(plot_sheet({"only": batch}, titles="abcde", columns=3, gap=0))
    np.testing.assert_array_equal(picture[-28:, 28:56], batch[4].repeat(3, axis=-1))
    assert (picture[-28:, 56:] == 1).all()


def test_titles_stand_above_and_names_to_the_left_of_each_block():
    _, mine = plt.subplots()
    ax = plot_sheet({"before": images(), "after": images()}, titles="abc", columns=2, ax=mine)
    assert ax is mine
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["a", "b", "c", "before", "after", "before", "after"]
    places = [text.get_position() for text in ax.texts]
    assert all(x > 0 for x, _ in places[:3]) and all(x < 0 for x, _ in places[3:])
    assert places[2][1] > places[4][1] > places[3][1] > places[0][1]


@pytest.mark.parametrize(("height", "width", "columns"), [(28, 28, 12), (100, 150, 4)])
def test_names_and_titles_lie_inside_the_figure(height, width, columns):
    n = columns + 1
    ax = plot_sheet({"looked wrong": images(n, height, width)}, titles=["99: improved"] * n)
    ax.figure.canvas.draw()
    page = ax.figure.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0 and box.x1 <= page.x1
        assert page.y0 <= box.y0 and box.y1 <= page.y1
    assert drawn(ax).shape[1] == columns * (width + 2) - 2


@pytest.mark.parametrize(
    ("rows", "titles", "message"),
    [
        ({}, "", "rows must hold at least one row of images. Received: none"),
        ({"a": images(3), "b": images(2)}, "abc", "rows must be of one number and size"),
        ({"a": images()}, "ab", "titles must hold one text a case, 3 in all. Received: 2"),
        ({"a": images() + 1}, "abc", "a must lie in"),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows, titles, message):
    with pytest.raises(ValueError, match=message):
        plot_sheet(rows, titles=titles)
