"""What the tests of several explorers check alike, as fixtures."""

import io

from styleguard_edu import plotting
from styleguard_edu.widgets import _parts

import pytest
from ipywidgets.widgets.widget import _instances as widgets_alive
from PIL import Image


@pytest.fixture
def displayed(monkeypatch):
    """A list that fills with what is displayed, each with its options."""
    shown = []
    for module in (plotting, _parts):
        monkeypatch.setattr(module, "display", lambda what, **kwargs: shown.append((what, kwargs)))
    return shown


@pytest.fixture
def check_show(displayed):
    """Check that an explorer shows a static picture first, then itself; return the former."""

    def check(explorer, name):
        explorer.show()
        (static, _), (live, _) = displayed
        assert live is explorer
        assert static["text/plain"] == f"Static picture of the {name}. {explorer.text}"
        return static

    return check


@pytest.fixture
def check_close():
    """Check that closing an explorer frees every one of its widgets, more than so many."""

    def check(explorer, more_than=1):
        everything, todo = [], [explorer.widget]
        while todo:
            widget = todo.pop()
            everything.append(widget)
            todo.extend(getattr(widget, "children", ()))
            looks = (getattr(widget, name, None) for name in ("layout", "style"))
            todo.extend(look for look in looks if look is not None)
        assert len(everything) > more_than
        assert all(widget.comm is not None for widget in everything)
        explorer.close()
        assert all(widget.comm is None for widget in everything)

    return check


@pytest.fixture
def check_explorer(check_show):
    """Check what all explorers have in common, on one that a function makes."""

    def check(make):
        before = set(widgets_alive)
        explorer = make()
        assert all(len(picture.tooltip) > 20 for picture in explorer.pictures)
        assert 'role="status"' in explorer.summary.value
        state = explorer.state
        assert explorer.view(**state) == explorer.view(**state)  # depends on the state alone
        static = check_show(explorer, explorer.title)
        (file,) = (static[kind] for kind in ("image/png", "image/jpeg") if kind in static)
        assert Image.open(io.BytesIO(file)).width <= 880
        explorer.close()
        assert set(widgets_alive) == before  # not one is left, however it was replaced

    return check
