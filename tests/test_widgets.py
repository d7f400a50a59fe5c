"""What explorers share, on a toy: pictures with a text, sliders, display, re-runs of a cell."""

import io

from styleguard_edu.widgets import _parts
from styleguard_edu.widgets._drawing import encode, one_page, outline, tiles

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances as widgets_alive
from PIL import Image


class Toy(_parts.Explorer):
    """Shows a grey level, chosen with a slider."""

    title = "toy"

    def __init__(self):
        self.level = _parts.ValueSlider("level", [0, 100, 255])
        super().__init__([self.level])

    def view(self, level):
        level = int(self.level.values[level])
        grey = encode(Image.new("L", (20, 10), level))
        return _parts.View((grey,), (f"A picture of the grey level {level}.",), f"<{level}> & grey")


def pixels(file):
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


# Display


def test_toy_keeps_what_explorers_have_in_common(check_explorer):
    check_explorer(Toy)


def test_picture_and_summary_follow_the_control():
    toy = Toy()
    toy.level.slider.value = 1
    assert pixels(toy.pictures[0].value.tobytes())[0, 0].tolist() == [100] * 3
    assert (toy.pictures[0].format, toy.pictures[0].width) == ("png", "10")
    assert toy.pictures[0].tooltip == "A picture of the grey level 100."
    assert "&lt;100&gt; &amp; grey" in toy.summary.value and 'role="status"' in toy.summary.value
    assert toy.pictures[0].description == ""  # without it the browser does not set the text


def test_explorer_at_the_end_of_a_cell_is_displayed_with_a_stable_text():
    toy = Toy()
    bundle = toy._repr_mimebundle_()
    assert bundle["text/plain"] == "Toy: run this cell to use it"
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == toy.widget.model_id


def test_without_a_kernel_the_summary_is_printed_below_the_picture(displayed):
    toy = Toy()
    toy.show()
    (static, options), (live, _) = displayed
    assert live is toy
    assert static["image/png"] == toy.static_picture()
    assert static["text/plain"] == "Static picture of the toy. <0> & grey"
    assert options["metadata"]["image/png"]["alt"] == static["text/plain"]
    picture, text = static["text/html"].split("<img ")[1].split("<p", 1)
    assert 'alt="Static picture of the toy."' in picture
    assert text.endswith(">&lt;0&gt; &amp; grey</p>")


def test_place_of_a_dead_explorer_says_what_to_do():
    style = Toy().widget.children[0].value
    dead = ".styleguard-explorer.jupyter-widgets-disconnected"
    assert f"{dead} > * {{display: none !important}}" in style
    assert f'{dead}::before {{\n  content: "Run this cell to use it."' in style


# Running a cell again


def test_twenty_runs_of_a_cell_leave_as_many_widgets_as_one(shell):
    shell.user_ns["Toy"] = Toy
    counts = []
    for _ in range(20):
        shell.run_cell("toy, second = Toy(), Toy(); toy.refresh()", store_history=True)
        counts.append(len(widgets_alive))
    assert counts == counts[:1] * 20
    assert shell.user_ns["toy"].widget.comm is not None


def test_cell_that_fails_has_closed_what_it_made_before_and_other_cells_keep_theirs(shell):
    shell.user_ns["Toy"] = Toy
    shell.run_cell("mine = Toy()", store_history=True)
    for make in (Toy, None):
        shell.user_ns["make"] = make
        shell.run_cell("other = make()", store_history=True)
    assert shell.user_ns["other"].widget.comm is None
    assert shell.user_ns["mine"].widget.comm is not None


def test_kernel_knows_a_cell_by_its_id_and_hears_of_deleted_cells(shell):
    def run(source, cell, **metadata):
        shell.get_parent = lambda: {"metadata": {"cellId": cell, **metadata}}
        shell.run_cell(source, store_history=True, cell_id=cell)

    shell.user_ns["Toy"] = Toy
    run("a = Toy()", "first")
    run("b = Toy()", "second")
    run("a_before, a = a, 5", "first")  # edited: it makes no explorer now
    assert shell.user_ns["a_before"].widget.comm is None
    assert shell.user_ns["b"].widget.comm is not None
    run("pass", "third", deletedCells=["second"])
    assert shell.user_ns["b"].widget.comm is None


# The slider with its box


@pytest.mark.parametrize(
    ("values", "start", "typed", "shown", "note"),
    [
        ([0, 10, 20], 10, 12, 10, "nearest: 10"),  # not 20
        ([0, 10, 20], 10, 20, 20, ""),
        ([0, 10, 20], 0, 1e9, 20, "nearest: 20"),
        ([0, 10, 20], 20, -7, 0, "nearest: 0"),
        ([0, 10, 100, 1000], 10, 11, 10, "nearest: 10"),
        ([0, 10, 100, 1000], 0, 96, 100, "nearest: 100"),
        ([0, 0.25, 0.5], 0, 0.3, 0.25, "nearest: 0.25"),
    ],
)
def test_number_typed_goes_to_the_nearest_value_and_a_note_says_so(
    values, start, typed, shown, note
):
    both = _parts.ValueSlider("strength", values, index=values.index(start))
    both.box.value = typed
    assert (both.slider.value, both.box.value) == (np.searchsorted(values, shown), shown)
    assert (note in both.nearest.value) if note else both.nearest.value == ""


@pytest.mark.parametrize("values", [[0, 10, 20], [0, 10, 100, 1000], [1.5, 2.5], [0.1, 1, 5]])
def test_arrow_of_the_box_goes_to_the_next_value_without_a_note(values):
    both = _parts.ValueSlider("strength", values)
    for sign, way in ((1, values[1:]), (-1, values[-2::-1])):
        for value in way:
            both.box.value += sign * both.box.step
            assert both.box.value == value and both.nearest.value == ""
    both.box.value -= both.box.step  # there is no value below the first
    assert both.box.value == values[0]


def test_slider_moves_the_box_and_takes_the_note_away():
    both = _parts.ValueSlider("t", np.linspace(0, 1, 5))
    both.box.value = 0.3
    both.slider.value = 3
    assert both.box.value == 0.75 and both.nearest.value == ""
    both.go_near(0.6)
    assert both.value == both.slider.value == 2 and both.box.value == 0.5


def test_single_value_cannot_be_moved():
    alone = _parts.ValueSlider("t", [5])
    assert alone.slider.disabled and alone.box.value == 5


# Drawing


def test_tiles_lie_in_rows_on_white_with_room_for_words():
    images = np.array([0, 1, 0.4])[:, None, None, None] * np.ones((3, 2, 2, 1))
    bitmap, boxes = tiles(images, scale=3, columns=2, gap=1, header=4)
    assert bitmap.size == (2 * 8, 2 * 12)
    assert boxes == [(1, 5, 7, 11), (9, 5, 15, 11), (1, 17, 7, 23)]
    assert [bitmap.getpixel(box[:2]) for box in boxes] == [(0,) * 3, (255,) * 3, (102,) * 3]
    assert bitmap.getpixel((0, 0)) == (255,) * 3


@pytest.mark.parametrize("gap", [0, 4])
def test_outline_lies_just_around_the_box_solid_or_dashed(gap):
    bitmap = Image.new("L", (40, 40), 255)
    outline(bitmap, (10, 10, 30, 30), 0, dash=4, gap=gap, thickness=2)
    dark = np.asarray(bitmap) == 0
    assert not dark[10:30, 10:30].any() and dark[8:32, 8:32].sum() == dark.sum()
    assert dark[8:10, 8:12].all() and dark[30:32, 28:32].all()  # the corners
    assert dark[8, 8:32].all() == (gap == 0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pages_pictures_stand_in_rows_on_white(kind):
    files = [
        encode(Image.new("RGB", (2 * width, 40), colour), kind)
        for width, colour in ((30, "red"), (40, "gray"), (50, "blue"))
    ]
    page = one_page(files, width=100, gap=10)
    assert Image.open(io.BytesIO(page)).format == kind
    colours = pixels(page) / 255
    assert colours.shape == (20 + 10 + 20, 30 + 10 + 40, 3)
    middles = [colours[y, x] for y, x in ((10, 15), (10, 60), (40, 25), (10, 35))]
    wanted = [[1, 0, 0], [0.5, 0.5, 0.5], [0, 0, 1], [1, 1, 1]]
    np.testing.assert_allclose(middles, wanted, atol=0.06)
