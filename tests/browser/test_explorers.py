"""The explorers in JupyterLab, in a real browser: ``python -m pytest tests/browser``.

It needs Playwright for Python (``pip install playwright``) and a Chromium, on PATH or named by the
environment variable CHROMIUM; without either it is skipped. Screenshots go to the folder
``styleguard_screenshots`` for temporary files. LESSONS names notebooks, separated by commas, in
which every explorer is used (00_start_here unless given).
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright for Python")
expect = sync_api.expect

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
SCREENSHOTS = Path(tempfile.gettempdir()) / "styleguard_screenshots"
LESSONS = os.environ.get("LESSONS", "00_start_here").split(",")
TOKEN = secrets.token_hex()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium: set CHROMIUM")

SCRUBBER = """
import numpy as np
from styleguard_edu.widgets import SnapshotScrubber
rng, steps = np.random.default_rng(0), [0, 10, 20, 50, 100, 200, 500, 1000]
curves = {"Fréchet distance": np.geomspace(300, 5, 8), "D loss": rng.random(8)}
SnapshotScrubber(steps, rng.random((8, 16, 28, 28, 1)), curves, log=["Fréchet distance"]).show()
"""
MONITOR = """
import numpy as np
from styleguard_edu.models import GAN
from styleguard_edu.networks import digit_discriminator, digit_generator
from styleguard_edu.widgets import TrainingMonitor
gan = GAN(digit_generator(), digit_discriminator(), seed=0)
gan.compile()
monitor = TrainingMonitor(gan, np.random.default_rng(0).random((200, 28, 28, 1)))
all_of_them = [*globals().get("all_of_them", ()), monitor]
monitor.show()
"""
EASEL = """
from styleguard_edu.gallery import load_photos
from styleguard_edu.models import load_painter
from styleguard_edu.widgets import PaintYourOwn
photos = dict(list(load_photos().items())[:2])
easel = PaintYourOwn(load_painter("paintings"), photos)
all_of_them = [*globals().get("all_of_them", ()), easel]
easel.show()
"""
STATE = """
from ipywidgets.widgets.widget import _instances
print([each.running for each in all_of_them], len(_instances), "widgets")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab on loopback, as ``make lab`` starts it, with settings of its own."""
    folder = tmp_path_factory.mktemp("lab")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = folder / ".jupyter"
    places = "CONFIG_DIR DATA_DIR RUNTIME_DIR LAB_SETTINGS_DIR LAB_WORKSPACES_DIR".split()
    env = {f"JUPYTER{'' if 'LAB' in name else '_'}{name}": str(home / name) for name in places}
    for plugin, settings in (
        ("apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False}),
        ("notebook-extension/tracker", {"windowingMode": "none"}),  # all cells are on the page
    ):
        file = home / "LAB_SETTINGS_DIR" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings), encoding="utf-8")
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | env | {"IPYTHONDIR": str(home), "PYTHONPATH": os.pathsep.join(paths)}
    option = re.search(r'--ServerApp.tornado_settings="(.*)"', (ROOT / "Makefile").read_text())
    options = f"--no-browser --allow-root --port={port} --ip=127.0.0.1".split()
    options += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"]
    options += [f"--ServerApp.tornado_settings={option[1]}"] if option else []
    command = [sys.executable, "-m", "jupyterlab", *options]
    server = SimpleNamespace(folder=folder, url=f"http://127.0.0.1:{port}")
    with (folder / "jupyter.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            for _ in range(120):
                try:
                    call(server, "api")
                    break
                except OSError:
                    assert process.poll() is None, (folder / "jupyter.log").read_text()
                    time.sleep(0.5)
            yield server
        finally:
            process.terminate()
            process.wait(20)


def call(server, path, method="GET"):
    """What the server's interface answers."""
    headers = {"Authorization": f"token {TOKEN}"}
    request = urllib.request.Request(f"{server.url}/{path}", method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")


@pytest.fixture(scope="module")
def browser():
    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def lab(server, browser, request):
    """A page; afterwards its kernel is stopped, and no script on it may have failed."""
    lab = Lab(server, browser.new_page(viewport={"width": 1280, "height": 900}))
    yield lab
    lab.shot(re.sub(r"\W+", "_", request.node.name))
    lab.page.close()
    for kernel in call(server, "api/kernels"):
        call(server, f"api/kernels/{kernel['id']}", "DELETE")
    assert not lab.errors, lab.errors


class Lab:
    """A notebook open in JupyterLab."""

    def __init__(self, server, page):
        self.server, self.page, self.errors = server, page, []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, *sources, name="explorers.ipynb"):
        """Open a notebook made of these cells, or one that is there."""
        if sources:
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            empty = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": []}
            cells = [
                {**empty, "id": f"cell-{k}", "source": source.strip()}
                for k, source in enumerate(sources)
            ]
            content = {"cells": cells, "metadata": {"kernelspec": kernel}}
            content = json.dumps(content | {"nbformat": 4, "nbformat_minor": 5})
            (self.server.folder / name).write_text(content, encoding="utf-8")
        self.page.goto(f"{self.server.url}/lab/tree/{name}?reset&token={TOKEN}")
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")

    def cell(self, k):
        return self.page.locator(".jp-CodeCell").nth(k)

    def run(self, k):
        """Run one cell and wait until it is done; returns the explorer in its output, if any."""
        prompt = self.cell(k).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        for _ in range(5):  # JupyterLab ignores keys while it is still settling
            which_kernel = self.page.locator(".jp-Dialog .jp-mod-accept")
            if which_kernel.is_visible():  # it asks if a key came before the kernel was there
                which_kernel.click()
            self.cell(k).locator(".cm-content").click()
            self.page.keyboard.press("Shift+Enter")
            self.page.wait_for_timeout(1000)
            if prompt.inner_text() != before:
                break
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=180_000)
        self.page.wait_for_timeout(300)  # until the last output is drawn
        errors = self.cell(k).locator("[data-mime-type='application/vnd.jupyter.error']")
        assert errors.count() == 0, errors.first.inner_text()
        return self.cell(k).locator(".styleguard-explorer")

    def press(self, target, *keys):
        """Focus something and press keys on it."""
        target.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def shot(self, name):
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


def summary(explorer):
    return explorer.locator(".styleguard-summary")


def changed(explorer, action):
    """Do something, wait until the summary says something else; returns it and the seconds."""
    before, start = summary(explorer).inner_text(), time.perf_counter()
    action()
    expect(summary(explorer)).not_to_have_text(before)
    return summary(explorer).inner_text(), time.perf_counter() - start


def check_shown(lab, k):
    """Pictures and boxes have names, nothing sticks out, the static picture is hidden."""
    explorer = lab.cell(k).locator(".styleguard-explorer")
    for picture in explorer.get_by_role("img").all():
        name = picture.get_attribute("title") or ""
        assert len(name) > 20 and explorer.get_by_role("img", name=name).count()
    for box in explorer.locator("input[type=number]").all():
        assert box.evaluate("box => box.labels[0].textContent.trim()"), "a box without a label"
    overflow = explorer.evaluate("node => node.scrollWidth - node.clientWidth")
    assert overflow <= 0, f"the explorer is {overflow} px too wide"
    assert not lab.cell(k).locator("img.styleguard-static").is_visible()


def check_not_alive(lab, k, words):
    """The static picture and its text are there, the explorer is not, and its place says why."""
    static = lab.cell(k).locator(".jp-OutputArea-output:has(img.styleguard-static)")
    expect(static.locator("img")).to_be_visible(timeout=30_000)
    expect(static).to_contain_text(words)
    below = lab.cell(k).locator(".jp-OutputArea-output").last
    expect(below).not_to_have_text("Loading widget...", timeout=30_000)
    assert lab.cell(k).locator(".jp-Cell-outputWrapper :is(input, button):visible").count() == 0
    shown = below.evaluate(
        "node => [node, ...node.querySelectorAll('*')]"
        ".map(part => getComputedStyle(part, '::before').content)"
    )
    assert any("Run this cell to use it" in content for content in shown), shown


def test_number_box_tells_typing_from_its_arrows(lab):
    lab.open(SCRUBBER)
    explorer = lab.run(0)
    check_shown(lab, 0)
    box, slider = explorer.get_by_label("training step"), explorer.get_by_role("slider")
    text, seconds = changed(explorer, lambda: lab.press(slider, "ArrowRight"))
    assert text.startswith("Training step 10 ") and seconds < 2
    expect(box).to_have_value("10")
    box.fill("12")
    box.press("Enter")
    expect(explorer).to_contain_text("nearest: 10")
    expect(box).to_have_value("10")
    for key, value in (("ArrowUp", "20"), ("ArrowUp", "50"), ("ArrowDown", "20")):
        changed(explorer, lambda key=key: lab.press(box, key))
        expect(box).to_have_value(value)
        expect(explorer).not_to_contain_text("nearest")
    changed(explorer, lambda: (box.fill("1e9"), box.press("Enter")))
    expect(box).to_have_value("1000")


def test_training_monitor_steps_trains_and_pauses(lab):
    lab.open(MONITOR)
    explorer = lab.run(0)
    check_shown(lab, 0)
    for name in "DG":
        lab.press(explorer.get_by_role("button", name=f"Step {name}"), "Enter")
        expect(summary(explorer)).to_contain_text(f"{name}: step 1, ", timeout=60_000)
    train = explorer.get_by_role("button", name="Train both")
    lab.press(train, "Enter")
    expect(summary(explorer)).to_contain_text("Both are learning", timeout=10_000)
    changed(explorer, lambda: None)
    lab.press(explorer.get_by_role("button", name="Pause"), "Enter")
    expect(summary(explorer)).to_contain_text("Paused", timeout=3000)
    text = summary(explorer).inner_text()
    lab.page.wait_for_timeout(1500)
    assert summary(explorer).inner_text() == text, "training went on after Pause"
    lab.press(explorer.get_by_label("slow motion"), "Space")
    lab.press(train, "Enter")
    for name in "DG":
        expect(summary(explorer)).to_contain_text(f"{name} has just learnt", timeout=10_000)
    lab.page.set_viewport_size({"width": 700, "height": 1000})
    lab.page.keyboard.press("Control+b")  # fold the side bar away: the page is 600 px wide
    check_shown(lab, 0)


def test_cell_run_again_stops_its_training_and_leaves_no_widget(lab):
    lab.open(MONITOR, STATE)
    counts = []
    for k in range(3):
        explorer = lab.run(0)
        lab.press(explorer.get_by_role("button", name="Train both"), "Enter")
        expect(summary(explorer)).to_contain_text("Both are learning", timeout=60_000)
        lab.run(1)
        running, count = lab.cell(1).locator("pre").inner_text().split("] ")
        assert running == f"[{'False, ' * k}True"
        counts.append(count)
    assert len(set(counts)) == 1
    assert lab.cell(0).locator(".styleguard-explorer").count() == 1


def test_explorer_without_a_kernel_is_a_picture_and_says_so(lab):
    lab.open(SCRUBBER)
    lab.run(0)
    lab.page.keyboard.press("Control+s")
    lab.page.wait_for_timeout(2000)
    lab.page.get_by_role("button", name="Restart the kernel", exact=True).click()
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    check_not_alive(lab, 0, "Training step 0 (snapshot 1 of 8)")
    shutil.copy(lab.server.folder / "explorers.ipynb", lab.server.folder / "saved.ipynb")
    lab.open(name="saved.ipynb")  # which has no kernel and no widgets
    check_not_alive(lab, 0, "Training step 0 (snapshot 1 of 8)")
    explorer = lab.run(0)
    check_shown(lab, 0)
    changed(explorer, lambda: lab.press(explorer.get_by_role("slider"), "ArrowRight"))


def test_upload_that_is_too_large_is_explained_and_the_next_is_painted_and_learnt(lab, tmp_path):
    lab.open(EASEL, STATE)
    explorer = lab.run(0)
    check_shown(lab, 0)
    assert explorer.get_by_text("at most 10 MB each").is_visible()

    def upload(kind, path):
        with lab.page.expect_file_chooser() as chooser:
            explorer.get_by_role("button", name=f"Your {kind}").click()
        chooser.value.set_files(path)

    for megabytes in (14.5, 30):
        large = tmp_path / f"large_{megabytes}.png"
        large.write_bytes(bytes(round(megabytes * 1e6)))
        upload("photo", large)
        alert = explorer.get_by_role("alert")
        expect(alert).to_contain_text(f"{large.name} is too large, at most 10 MB", timeout=10_000)
    shutil.copy(ROOT / "data" / "paintings" / "woodcut.jpg", tmp_path / "small.jpg")
    upload("photo", tmp_path / "small.jpg")
    expect(summary(explorer)).to_contain_text("Your photo small.jpg painted like", timeout=10_000)
    expect(explorer.get_by_text("Your photo (1)")).to_be_visible()
    upload("painting", tmp_path / "small.jpg")
    lab.press(explorer.get_by_role("button", name="Train on this painting"), "Enter")
    expect(summary(explorer)).to_contain_text("Learning your painting: step", timeout=120_000)
    assert "Error" not in summary(explorer).inner_text()
    lab.run(0)
    lab.run(1)
    expect(lab.cell(1).locator("pre")).to_contain_text("[False, False]")


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_slider_of_a_lesson_changes_the_page(lab, lesson):
    content = json.loads((ROOT / "notebooks" / f"{lesson}.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(c["source"]) for c in content["cells"] if c["cell_type"] == "code"]
    lab.open(*sources)
    found = 0
    for k in range(len(sources)):
        explorer = lab.run(k)
        if explorer.count():
            found += 1
            check_shown(lab, k)
            for slider in explorer.get_by_role("slider").all():
                now, end = (slider.get_attribute(f"aria-value{each}") for each in ("now", "max"))
                key = "ArrowRight" if float(now) < float(end) else "ArrowLeft"
                changed(explorer, lambda slider=slider, key=key: lab.press(slider, key))
    assert found, f"{lesson} shows no explorer"
