"""What the explorers share: pictures with alternative text, sliders, display, closing."""

import html
import io
from functools import lru_cache
from inspect import signature
from pathlib import Path
from typing import NamedTuple

import ipywidgets as widgets
import numpy as np
from IPython.display import display
from PIL import Image
from traitlets import Int, Unicode, link

from ..plotting import show_file
from ._cells import close_when_cell_runs_again
from ._drawing import FINE, one_page


def _style(file):
    """A style sheet of this folder, as HTML."""
    return f"<style>\n{Path(__file__).with_name(file).read_text(encoding='utf-8')}</style>"


# After its kernel has gone, an explorer answers nothing: its place says so.
_STYLE = _style("explorer.css")
# Where the explorer is alive, the static picture just above it is hidden; a browser that does not
# know :has() shows both. In place of a saved explorer JupyterLab writes an error; it is replaced.
_STATIC_STYLE = _style("static_picture.css")
ROW = {"flex_flow": "row wrap", "align_items": "center"}  # layout of controls in a row


class View(NamedTuple):
    """What an explorer shows in one state.

    Attributes
    ----------
    pictures : tuple of bytes
        PNG or JPEG files.
    alts : tuple of str
        What each picture shows, in words.
    text : str
        The summary below the pictures.
    """

    pictures: tuple
    alts: tuple
    text: str


class Picture(widgets.Image):
    """A picture that can be replaced quickly and has a text alternative.

    ipywidgets cannot set the ``alt`` of its ``<img>``. Its tooltip becomes the ``title``, from
    which browsers take the accessible name of an image that has no ``alt``. The front end sets it
    only for widgets that have a ``description``, so an empty one is added here.
    """

    description = Unicode("").tag(sync=True)

    def __init__(self):
        super().__init__(layout={"margin": "8px 14px 0 0"})

    def update(self, file, alt):
        """Show another picture file; picture and text travel in one message."""
        header = Image.open(io.BytesIO(file))  # the pixels are not decoded
        with self.hold_sync():
            self.format, self.value, self.tooltip = header.format.lower(), file, alt
            self.width = str(header.width // FINE)


def choice(label, options, *, tooltips=()):
    """A row of buttons, one of which is pressed.

    A drop-down list would be smaller, but JupyterLab takes the arrow keys and the letters typed
    into one as commands to the notebook: "d" typed twice deletes the cell.

    Parameters
    ----------
    label : str
    options : dict or sequence of str
        Value of every option by its name on the button; or the names, which are the values.
    tooltips : iterable of str
        A longer name for every option.

    Returns
    -------
    ipywidgets.ToggleButtons
    """
    return widgets.ToggleButtons(
        options=list(options.items()) if isinstance(options, dict) else options,
        tooltips=list(tooltips),
        description=label,
        style={"description_width": "64px", "button_width": "auto"},
    )


def button(label, icon, action, *, width="auto"):
    """A button with a word and a symbol, which does something when pressed."""
    made = widgets.Button(description=label, icon=icon, layout={"width": width})
    made.on_click(lambda _: action())
    return made


class ValueSlider(widgets.HBox):
    """A slider over a row of values and, beside it, a box with the number.

    A number typed into the box goes to the nearest value, and a note says so if they differ. The
    arrows of the box go to the next value.

    Parameters
    ----------
    label : str
        Shown before the box; screen readers read it as the box's name.
    values : array_like, ``(n,)``
        Strictly increasing; whole numbers or fractions.
    index : int
        Where to start.

    Attributes
    ----------
    value : int
        The index of the value chosen, also that of the slider.
    slider : ipywidgets.IntSlider
    box : ipywidgets.FloatText
        Its value is the value chosen.
    nearest : ipywidgets.HTML
        The note.

    Notes
    -----
    The kernel hears only the number in the box, not what changed it. So where the values are not
    evenly spaced, an arrow adds a thousandth of the least gap: a number that nobody types.
    """

    value = Int()

    def __init__(self, label, values, *, index=0):
        self.values = np.asarray(values)
        gaps = np.diff(self.values)
        step = gaps.min().item() if len(gaps) else 1
        even = np.allclose(gaps, step) and np.isclose(self.values[0] / step % 1, (0, 1)).any()
        self._arrow = 0 if even else step / 1000
        self.slider = widgets.IntSlider(
            index,
            0,
            max(len(self.values) - 1, 1),
            readout=False,
            disabled=len(self.values) == 1,
            layout={"flex": "1 1 240px", "min_width": "160px", "width": "auto"},
        )
        width = max(40, 7 * len(label))
        self.box = widgets.FloatText(
            value=self.values[index],
            step=self._arrow or step,
            description=label,
            style={"description_width": f"{width}px"},
            layout={"flex": "0 0 auto", "width": f"{width + 100}px"},
        )
        self.nearest = widgets.HTML()
        super().__init__([self.box, self.slider, self.nearest], layout=ROW)
        self.slider.observe(self._slid, "value")
        self.box.observe(self._typed, "value")
        link((self.slider, "value"), (self, "value"))

    def go_near(self, wanted):
        """Go to the value next to a number; no note says so."""
        self.value = nearest(self.values, wanted)

    def _slid(self, change):
        self.box.value = self.values[change["new"]]

    def _typed(self, change):
        typed, shown = change["new"], self.slider.value
        index = nearest(self.values, typed)
        moved = typed - self.values[shown]
        arrow = index == shown and 0 < abs(moved) <= self._arrow * (1 + 1e-6)
        if arrow:
            index = min(max(index + (1 if moved > 0 else -1), 0), len(self.values) - 1)
        self.slider.value = index
        self.box.value = self.values[index]  # the value that is shown, not the one typed
        note = "" if arrow or np.isclose(typed, self.values[index]) else f"{self.box.value:.10g}"
        self.nearest.value = note and f'<span role="status">nearest: {note}</span>'


def nearest(values, wanted):
    """The index of the value next to the one wanted."""
    return int(np.abs(values - wanted).argmin())


class Explorer:
    """What all explorers share: pictures above a summary, display, closing.

    A subclass provides ``title`` and the method ``view(**state)``. Each argument of ``view`` is the
    value of the control that is the attribute of that name; another ``state`` may be defined
    instead. When a cell runs again, the explorers that it made before are closed.

    Parameters
    ----------
    controls : list of ipywidgets.Widget
        The state is shown anew whenever the value of one changes.
    flow : str
        How the pictures follow each other, as CSS ``flex-flow``.
    cached : int
        How many states are kept drawn.
    """

    def __init__(self, controls, *, flow="row wrap", cached=0):
        if cached:
            self.view = lru_cache(cached)(self.view)
        view = self.view(**self.state)
        self.pictures = tuple(Picture() for _ in view.pictures)
        self.summary = widgets.HTML()
        self.widget = widgets.VBox(
            [
                widgets.HTML(_STYLE, layout={"display": "none"}),
                *controls,
                widgets.Box(self.pictures, layout={"flex_flow": flow, "align_items": "flex-start"}),
                self.summary,
            ],
            layout={"padding": "4px"},
        ).add_class("styleguard-explorer")
        close_when_cell_runs_again(self)
        self._put(view)
        for control in controls:
            if control.has_trait("value"):
                control.observe(self._changed, "value")

    @property
    def state(self):
        """What the controls say."""
        return {name: getattr(self, name).value for name in signature(self.view).parameters}

    def _changed(self, change):
        self.refresh()

    def refresh(self):
        """Show the present state."""
        self._put(self.view(**self.state))

    def _put(self, view):
        for picture, file, alt in zip(self.pictures, view.pictures, view.alts, strict=True):
            picture.update(file, alt)
        self.say(view.text)

    def say(self, text, *, role="status"):
        """Put text below the pictures, for the eye and for screen readers."""
        self.text = text
        self.summary.value = (
            f'<div role="{role}" aria-live="polite" class="styleguard-summary">'
            f"{html.escape(text)}</div>"
        )

    def close(self):
        """Free the widgets, in this process and in the browser."""
        close_all(self.widget)

    def static_picture(self):
        """The present pictures as one file, for readers without a kernel."""
        return one_page(self.view(**self.state).pictures)

    def show(self):
        """Display the explorer, after a static picture and its text for readers without a kernel.

        The two are separate outputs. Where the explorer is alive, JupyterLab hides the first.
        """
        show_file(
            self.static_picture(),
            f"Static picture of the {self.title}.",
            text=self.text,
            style=_STATIC_STYLE,
            css_class="styleguard-static",
        )
        display(self)

    def __repr__(self):
        return f"{type(self).__name__}: run this cell to use it"

    def _repr_mimebundle_(self, **kwargs):
        return self.widget._repr_mimebundle_(**kwargs) | {"text/plain": repr(self)}


def close_all(widget):
    """Close a widget and everything in it, and what says how they look."""
    looks = (getattr(widget, name, None) for name in ("layout", "style"))
    for part in (*getattr(widget, "children", ()), *looks):
        if part is not None:
            close_all(part)
    widget.close()
