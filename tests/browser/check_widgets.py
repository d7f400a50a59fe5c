"""Use the explorers in a real browser: keyboard only, in JupyterLab, with and without a kernel.

Not part of ``make test``. It needs a Chromium (environment variable CHROMIUM, or one on PATH) and
Playwright for Python, which may live in an environment of its own::

    python -m venv /tmp/browser && /tmp/browser/bin/pip install playwright
    /tmp/browser/bin/python tests/browser/check_widgets.py --python .venv/bin/python

``--python`` names the Python that has styleguard_edu and JupyterLab (default: ``.venv/bin/python``
if there is one, else the one running this script). Screenshots go to ``--screenshots``. With a
notebook's path, that notebook is run from top to bottom instead, every slider in it is moved, and
each must change the page.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(tempfile.gettempdir()) / "styleguard_screenshots"

CELLS = (
    """
import numpy as np
from styleguard_edu.backend import keras
from styleguard_edu.gan import GAN
from styleguard_edu.networks import digit_discriminator, digit_generator, digit_judge
from styleguard_edu.widgets import LatentExplorer, SnapshotScrubber, TrainingMonitor

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
LatentExplorer(digit_generator(), judge=digit_judge()).show()
""",
    """
steps = [0, 10, 20, 50, 100, 200, 500, 1000]
images = rng.random((8, 16, 28, 28, 1))
curves = {"Frechet distance": np.geomspace(300, 5, 8), "D loss": rng.random(8)}
SnapshotScrubber(steps, images, curves, log=["Frechet distance"]).show()
""",
    """
gan = GAN(digit_generator(), digit_discriminator(), seed=0)
gan.compile()
monitor = TrainingMonitor(gan, rng.random((200, 28, 28, 1)))
monitor.show()
""",
)


def notebook(*sources):
    """A notebook's JSON; the kernelspec keeps JupyterLab from asking for a kernel."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{k}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source.strip(),
        }
        for k, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@contextmanager
def jupyterlab(python, folder):
    """JupyterLab without token on loopback, its settings in a folder of its own; yields the URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = folder / ".jupyter"
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    lab = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    env = os.environ | {name: str(home / name.lower()) for name in places + lab}
    quiet = home / lab[0].lower() / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    settings = {"fetchNews": "false", "checkForUpdates": False}  # no pop-up over the page
    (quiet / "notification.jupyterlab-settings").write_text(json.dumps(settings))
    whole = quiet.parent / "notebook-extension"
    whole.mkdir()
    settings = {"windowingMode": "none"}  # every cell is on the page, seen or not
    (whole / "tracker.jupyterlab-settings").write_text(json.dumps(settings))
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    with (home / "jupyter.log").open("w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/api", server, home / "jupyter.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def wait_for(url, server, log):
    for _ in range(120):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")


class Lab:
    """A notebook open in JupyterLab, used from the keyboard."""

    def __init__(self, browser, url, name, screenshots, *, width=1280, height=900):
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{url}/lab/tree/{name}?reset")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")
        self.screenshots = screenshots

    def cell(self, k):
        return self.page.locator(".jp-CodeCell").nth(k)

    def run(self, k):
        """Run one cell and wait until it is done; returns the explorer in its output, if any."""
        prompt = self.cell(k).locator(".jp-InputPrompt")
        for _ in range(5):  # JupyterLab ignores keys while it is still settling
            which_kernel = self.page.locator(".jp-Dialog .jp-mod-accept")
            if which_kernel.is_visible():  # it asks if a key came before the kernel was there
                which_kernel.click()
            self.cell(k).locator(".cm-content").click()
            self.page.keyboard.press("Shift+Enter")
            self.page.wait_for_timeout(1000)
            if prompt.inner_text() != "[ ]:":
                break
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=180_000)
        errors = self.cell(k).locator("[data-mime-type='application/vnd.jupyter.error']")
        assert errors.count() == 0, errors.first.inner_text()
        return self.cell(k).locator(".styleguard-explorer")

    def press(self, target, *keys):
        """Focus something and press keys on it."""
        target.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def shot(self, name, explorer):
        explorer.scroll_into_view_if_needed()
        self.page.wait_for_timeout(300)
        self.page.screenshot(path=self.screenshots / f"{name}.png")

    def save(self):
        self.page.keyboard.press("Control+s")
        self.page.wait_for_timeout(2000)

    def close(self):
        assert not self.errors, self.errors
        self.page.close()


def summary(explorer):
    return explorer.locator(".styleguard-summary")


def changed(explorer, action, *, timeout=5000):
    """Do something, wait until the summary says something else; returns it and the seconds."""
    before = summary(explorer).inner_text()
    start = time.perf_counter()
    action()
    expect(summary(explorer)).not_to_have_text(before, timeout=timeout)
    return summary(explorer).inner_text(), time.perf_counter() - start


def check_described(explorer):
    """Every picture and every box has a name, and nothing sticks out of the page."""
    for picture in explorer.get_by_role("img").all():
        name = picture.get_attribute("title") or ""
        assert len(name) > 20, f"a picture without a text: {name!r}"
        assert explorer.get_by_role("img", name=name).count() >= 1
    for box in explorer.locator("input[type=number]").all():
        assert box.evaluate("box => box.labels[0].textContent.trim()"), "a box without a label"
    overflow = explorer.evaluate("node => node.scrollWidth - node.clientWidth")
    assert overflow <= 0, f"the explorer is {overflow} px too wide"


def check_static_picture(cell, *, visible):
    picture = cell.locator("img.styleguard-static")
    assert len(picture.get_attribute("alt")) > 20
    assert picture.is_visible() == visible, f"static picture: expected visible={visible}"


def check_latent_explorer(lab):
    explorer = lab.run(0)
    check_described(explorer)
    check_static_picture(lab.cell(0), visible=False)
    box, slider = explorer.get_by_label("t", exact=True), explorer.get_by_role("slider")
    text, seconds = changed(explorer, lambda: lab.press(slider, "ArrowRight"))
    assert "t = 0.02" in text, text
    expect(box).to_have_value("0.02")
    print(f"latent explorer: an arrow key is answered in {seconds * 1000:.0f} ms")
    changed(explorer, lambda: (box.fill("0.51"), box.press("Enter")))
    expect(summary(explorer)).to_contain_text("t = 0.5")
    changed(explorer, lambda: (box.fill("7"), box.press("Enter")))
    expect(summary(explorer)).to_contain_text("t = 1.00")
    changed(explorer, lambda: (box.fill("0.6"), box.press("Enter")))
    lab.shot("latent_explorer", explorer)
    changed(
        explorer, lambda: lab.press(explorer.get_by_role("button", name="once around"), "Space")
    )
    expect(summary(explorer)).to_contain_text("Once around")
    lab.shot("latent_explorer_around", explorer)


def check_snapshot_scrubber(lab):
    explorer = lab.run(1)
    check_described(explorer)
    check_static_picture(lab.cell(1), visible=False)
    box, slider = explorer.get_by_label("training step"), explorer.get_by_role("slider")
    text, _ = changed(explorer, lambda: lab.press(slider, "ArrowRight"))
    assert "Training step 10 " in text, text
    expect(box).to_have_value("10")
    changed(explorer, lambda: lab.press(box, "ArrowUp", "Tab"))
    expect(box).to_have_value("20")
    changed(explorer, lambda: (box.fill("180"), box.press("Enter")))
    expect(box).to_have_value("200")
    lab.shot("snapshot_scrubber", explorer)
    changed(explorer, lambda: lab.press(explorer.get_by_role("button", name="D loss"), "Space"))
    expect(summary(explorer)).to_contain_text("D loss")


def check_training_monitor(lab):
    explorer = lab.run(2)
    check_described(explorer)
    check_static_picture(lab.cell(2), visible=False)
    step_d, step_g = (explorer.get_by_role("button", name=f"Step {n}") for n in "DG")
    lab.press(step_d, "Enter")
    expect(summary(explorer)).to_contain_text("D: step 1, ", timeout=60_000)
    lab.press(step_g, "Enter")
    expect(summary(explorer)).to_contain_text("G: step 1, ", timeout=60_000)
    lab.shot("training_monitor_steps", explorer)

    train = explorer.get_by_role("button", name="Train both")
    lab.press(train, "Enter")
    expect(summary(explorer)).to_contain_text("Both are learning", timeout=10_000)
    for _ in range(3):
        changed(explorer, lambda: None)
    pause = explorer.get_by_role("button", name="Pause")
    start = time.perf_counter()
    lab.press(pause, "Enter")
    expect(summary(explorer)).to_contain_text("Paused", timeout=10_000)
    seconds = time.perf_counter() - start
    print(f"training monitor: Pause is answered in {seconds * 1000:.0f} ms")
    assert seconds < 1.5, f"Pause took {seconds:.1f} s"
    text = summary(explorer).inner_text()
    lab.page.wait_for_timeout(1500)
    assert summary(explorer).inner_text() == text, "training went on after Pause"
    lab.shot("training_monitor_paused", explorer)

    lab.press(explorer.get_by_label("slow motion"), "Space")
    lab.press(train, "Enter")
    expect(summary(explorer)).to_contain_text("D has just learnt", timeout=10_000)
    expect(summary(explorer)).to_contain_text("G has just learnt", timeout=10_000)
    lab.shot("training_monitor_slow", explorer)
    lab.press(pause, "Enter")
    expect(summary(explorer)).to_contain_text("Paused", timeout=2000)


def check_without_kernel(lab, cells):
    """A saved notebook, opened and not run: the pictures are there, and say so."""
    for k in range(cells):
        check_static_picture(lab.cell(k), visible=True)
        below = lab.cell(k).locator(".jp-OutputArea-output").last
        expect(below).not_to_have_text("Loading widget...", timeout=30_000)
        shown = below.evaluate("node => getComputedStyle(node, '::before').content")
        assert "un this cell" in shown + below.inner_text(), shown
    lab.shot("without_kernel", lab.cell(0).locator(".jp-Cell-outputWrapper"))


def without_outputs(path, folder):
    """Copy a notebook as it is before its first run; returns the number of its code cells."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
            cell["metadata"].pop("jupyter", None)  # fold_batch_norm solutions cannot be clicked
    (folder / path.name).write_text(json.dumps(content), encoding="utf-8")
    return sum(cell["cell_type"] == "code" for cell in content["cells"])


def check_notebook(lab, name, code_cells):
    """Run a notebook of the course and move every slider in it."""
    found = 0
    expect(lab.page.locator(".jp-CodeCell")).to_have_count(code_cells, timeout=30_000)
    for k in range(code_cells):
        explorer = lab.run(k)
        if explorer.count():
            found += 1
            check_described(explorer)
            for slider in explorer.get_by_role("slider").all():
                now, end = (float(slider.get_attribute(f"aria-value{k}")) for k in ("now", "max"))
                key = "ArrowRight" if now < end else "ArrowLeft"
                changed(explorer, lambda slider=slider, key=key: lab.press(slider, key))
            lab.shot(f"{Path(name).stem}_{k}", explorer)
    assert found, f"{name} shows no explorer"
    print(f"{name}: {found} explorers used")


def main():
    parser = argparse.ArgumentParser(description="Use the explorers in a real browser.")
    venv = ROOT / ".venv" / "bin" / "python"
    parser.add_argument("notebook", nargs="?", type=Path, help="a notebook instead of the built-in")
    parser.add_argument("--python", default=str(venv) if venv.exists() else sys.executable)
    parser.add_argument("--screenshots", type=Path, default=SCREENSHOTS)
    options = parser.parse_args()
    options.screenshots.mkdir(parents=True, exist_ok=True)
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        parser.error("no Chromium found: set CHROMIUM to its path")

    with (
        tempfile.TemporaryDirectory() as folder,
        jupyterlab(options.python, Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            if options.notebook:
                code_cells = without_outputs(options.notebook, Path(folder))
                lab = Lab(browser, url, options.notebook.name, options.screenshots)
                check_notebook(lab, options.notebook.name, code_cells)
                lab.close()
            else:
                check_built_in(browser, url, Path(folder), options.screenshots)
        except Exception:
            for page in browser.contexts[-1].pages:
                page.screenshot(path=options.screenshots / "failure.png")
            raise
        finally:
            browser.close()
    print(f"all is well; screenshots in {options.screenshots}")


def check_built_in(browser, url, folder, screenshots):
    path = folder / "explorers.ipynb"
    path.write_text(json.dumps(notebook(*CELLS)))
    lab = Lab(browser, url, path.name, screenshots)
    check_latent_explorer(lab)
    check_snapshot_scrubber(lab)
    check_training_monitor(lab)
    lab.save()
    lab.page.set_viewport_size({"width": 700, "height": 1000})
    lab.page.keyboard.press("Control+b")  # fold the side bar away: the page is 600 px wide
    for k, name in enumerate(("latent_explorer", "snapshot_scrubber", "training_monitor")):
        explorer = lab.cell(k).locator(".styleguard-explorer")
        lab.shot(f"narrow_{name}", explorer)
        check_described(explorer)
    lab.close()
    # a copy, which has no running kernel and no widgets
    shutil.copy(path, folder / "saved.ipynb")
    lab = Lab(browser, url, "saved.ipynb", screenshots)
    check_without_kernel(lab, len(CELLS))
    lab.close()


if __name__ == "__main__":
    main()
