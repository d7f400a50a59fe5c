"""The parts that the explorers share: pictures with alternative text, sliders, display."""

import html
from typing import NamedTuple

import ipywidgets as widgets
import numpy as np
from IPython.display import display
from traitlets import Unicode

from ..plotting import show_file
from ._drawing import FINE, one_page

_STYLE = """<style>
.styleguard-explorer img {max-width: 100%; height: auto}
.styleguard-explorer .widget-label {text-align: left}
.styleguard-explorer .widget-toggle-buttons {display: flex; width: auto}
.styleguard-explorer button:focus-visible,
.styleguard-explorer .noUi-handle:focus-visible {outline: 3px solid #0072b2; outline-offset: -3px}
.styleguard-summary {line-height: 1.5; min-height: 3em; white-space: pre-line}
</style>"""

# Where the explorer is alive, the static picture just above it is hidden; a browser that does not
# know :has() shows both. In place of a saved explorer JupyterLab writes an error; it is replaced.
_STATIC_STYLE = """<style>
.jp-OutputArea-child:has(.styleguard-static):has(
  + .jp-OutputArea-child .styleguard-explorer:not(.jupyter-widgets-disconnected)) {display: none}
.jp-OutputArea-child:has(.styleguard-static)
  + .jp-OutputArea-child > .jupyter-widgets:not(:has(*)) {font-size: 0}
.jp-OutputArea-child:has(.styleguard-static)
  + .jp-OutputArea-child > .jupyter-widgets:not(:has(*))::before {
  content: "Run this cell to use it."; font-size: var(--jp-ui-font-size1)}
</style>"""


class View(NamedTuple):
    """What an explorer shows in one state.

    Attributes
    ----------
    pictures : tuple of bytes
        PNG files.
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
        super().__init__(format="png", layout={"margin": "8px 14px 0 0"})

    def update(self, png, alt):
        """Show other contents; picture and text travel in one message."""
        with self.hold_sync():
            self.value = png
            self.width = str(int.from_bytes(png[16:20]) // FINE)  # where a PNG keeps its width
            self.tooltip = alt


def choice(label, options, *, tooltips=()):
    """A row of buttons, one of which is down.

    A drop-down list would be smaller, but JupyterLab takes the arrow keys and the letters typed
    into one as commands to the notebook: "d" typed twice deletes the cell.

    Parameters
    ----------
    label : str
    options : dict
        Value of every option by its name on the button.
    tooltips : iterable of str
        A longer name for every option.

    Returns
    -------
    ipywidgets.ToggleButtons
    """
    return widgets.ToggleButtons(
        options=list(options.items()),
        tooltips=list(tooltips),
        description=label,
        style={"description_width": "40px", "button_width": "auto"},
    )


class ValueSlider:
    """A slider over a row of values and, beside it, a box with the number.

    The box may be typed in: it goes to the nearest value, and its arrows go to the next one.

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
    row : ipywidgets.HBox
    slider : ipywidgets.IntSlider
        Its value is the index of the value chosen.
    box : ipywidgets.BoundedIntText or ipywidgets.BoundedFloatText
        Its value is the value chosen.
    """

    def __init__(self, label, values, *, index=0):
        self.values = np.asarray(values)
        whole = np.issubdtype(self.values.dtype, np.integer)
        box_type = widgets.BoundedIntText if whole else widgets.BoundedFloatText
        low, high = self.values[0].item(), self.values[-1].item()
        gaps = np.diff(self.values)
        self._arrow = gaps.min().item() if len(gaps) else 1
        self.slider = widgets.IntSlider(
            index,
            0,
            max(len(self.values) - 1, 1),
            readout=False,
            disabled=len(self.values) == 1,
            layout={"flex": "1 1 240px", "min_width": "160px", "width": "auto"},
        )
        self.box = box_type(
            value=self.values[index].item(),
            min=low,
            max=high,
            step=self._arrow,
            description=label,
            style={"description_width": f"{max(40, 7 * len(label))}px"},
            layout={"flex": "0 0 auto", "width": f"{max(40, 7 * len(label)) + 100}px"},
        )
        self.row = widgets.HBox(
            [self.box, self.slider], layout={"flex_flow": "row wrap", "align_items": "center"}
        )
        self.slider.observe(self._slid, "value")
        self.box.observe(self._typed, "value")

    def _slid(self, change):
        self.box.value = self.values[change["new"]].item()

    def _typed(self, change):
        index = nearest_index(self.values, change["new"], self.slider.value, self._arrow)
        self.slider.value = index
        self.box.value = self.values[index].item()  # the value that is shown, not the one typed


def nearest_index(values, wanted, current, arrow):
    """Which of the values to go to when a number is typed or an arrow of the box is pressed.

    Parameters
    ----------
    values : ndarray, ``(n,)``
        Increasing.
    wanted : float
        The number now in the box.
    current : int
        Index of the value shown so far.
    arrow : float > 0
        What one press of an arrow adds to the box.

    Returns
    -------
    int
        The nearest value; but a press of an arrow that would fall back goes one value on.
    """
    index = int(np.abs(values - wanted).argmin())
    moved = wanted - values[current]
    if index == current and 0 < abs(moved) <= arrow * (1 + 1e-9):
        index += 1 if moved > 0 else -1
    return min(max(index, 0), len(values) - 1)


class Explorer:
    """What all explorers share: pictures above a summary, display, closing.

    A subclass provides the property ``state``, a dict, and the method ``view(**state)``.
    """

    def __init__(self, controls, *, pictures):
        self.pictures = tuple(Picture() for _ in range(pictures))
        self.summary = widgets.HTML()
        self.widget = widgets.VBox(
            [
                widgets.HTML(_STYLE, layout={"display": "none"}),
                *controls,
                widgets.HBox(
                    self.pictures,
                    layout={"flex_flow": "row wrap", "align_items": "flex-start"},
                ),
                self.summary,
            ],
            layout={"padding": "4px"},
        ).add_class("styleguard-explorer")
        self.refresh()

    def refresh(self):
        """Show the present state."""
        view = self.view(**self.state)
        for picture, png, alt in zip(self.pictures, view.pictures, view.alts, strict=True):
            picture.update(png, alt)
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

    @property
    def alt(self):
        """What the static picture shows, in words."""
        return f"Static picture of the {self.title}. {self.text}"

    def static_picture(self):
        """The present pictures as one, for readers without a kernel.

        Returns
        -------
        bytes
            A PNG file.
        """
        return one_page(self.view(**self.state).pictures)

    def show(self):
        """Display the explorer, with a static picture above it for readers without a kernel.

        The two are separate outputs. Where the explorer is alive, JupyterLab hides the picture.
        """
        png = self.static_picture()
        show_file(png, self.alt, style=_STATIC_STYLE, css_class="styleguard-static")
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
