"""What the tests of several explorers check alike, as fixtures."""

import io

from styleguard_edu import plotting
from styleguard_edu.widgets import _cells, _parts

import pytest
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets.widgets.widget import _instances as widgets_alive
from PIL import Image
from traitlets.config import Config


@pytest.fixture
def displayed(monkeypatch):
    """A list that fills with what is displayed, each with its options."""
    shown = []
    for module in (plotting, _parts):
        monkeypatch.setattr(module, "display", lambda what, **kwargs: shown.append((what, kwargs)))
    return shown


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """A notebook's shell, to run cells in."""
    config = Config({"HistoryManager": {"hist_file": ":memory:"}})
    shell = InteractiveShell(config=config, ipython_dir=str(tmp_path))
    monkeypatch.setattr(_cells, "get_ipython", lambda: shell)
    return shell


@pytest.fixture
def check_explorer(displayed):
    """Check what all explorers have in common, on one that a function makes."""

    def check(make):
        before = set(widgets_alive)
        explorer = make()
        assert all(len(picture.tooltip) > 20 for picture in explorer.pictures)
        assert 'role="status"' in explorer.summary.value
        state = explorer.state
        assert explorer.view(**state) == explorer.view(**state)  # depends on the state alone
        explorer.show()
        (static, _), (live, _) = displayed  # a static picture first
        assert live is explorer
        assert static["text/plain"] == f"Static picture of the {explorer.title}. {explorer.text}"
        (file,) = (static[kind] for kind in ("image/png", "image/jpeg") if kind in static)
        assert Image.open(io.BytesIO(file)).width <= 880
        explorer.close()
        assert set(widgets_alive) == before  # not one is left, however it was replaced

    return check
