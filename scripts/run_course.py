"""Run the course without opening it, and write what came out as web pages.

    python scripts/run_course.py                              # every notebook
    python scripts/run_course.py notebooks/01_digit_gan.ipynb # only this one

The pages go to ``build/course``; the notebooks themselves are never changed. Pages of an earlier
run stay, and the index lists them too. The exit code is 0 if every notebook ran to its end, 1 if
one failed, 2 if there was nothing to run or the folder cannot be written. After a failure the next
notebooks still run.
"""

import argparse
import html
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from styleguard_edu.files import write_atomically
from styleguard_edu.installation import say

import nbformat
import psutil
from jinja2 import DictLoader, pass_context
from latex2mathml.converter import convert
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
CELL_TIMEOUT = 600  # seconds; twenty times what the slowest cell should take
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_NOTE = "*Interactive: open the notebook in JupyterLab to use this explorer.*"

# nbconvert's page without the scripts that it fetches from the network; solutions are folded.
PAGE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js_requirejs %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block codecell scoped %}
{% if 'solution' in cell.metadata.get('tags', []) %}
<details><summary>Solution</summary>{{ super() }}</details>
{% else %}{{ super() }}{% endif %}
{% endblock %}"""


class EquationRenderer(IPythonRenderer):
    """Markdown whose equations are typeset as MathML, which a browser shows without a script."""

    def inline_math(self, body):
        return convert(body)

    def block_math(self, body):
        return convert(body, display="block")

    def latex_environment(self, name, body):
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


class CourseExporter(HTMLExporter):
    """Web pages that need no network."""

    @pass_context
    def markdown2html(self, context, source):
        """Turn Markdown into HTML; attached pictures and those beside the notebook go into it."""
        renderer = EquationRenderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=True,
            path=str(ROOT / "notebooks"),
        )
        return MarkdownWithMath(renderer=renderer).render(source)


@dataclass
class Run:
    """How one notebook went.

    Attributes
    ----------
    name : str
        The notebook's file name without ending.
    seconds : float
        From starting the kernel to its end.
    peak : int
        The largest memory of the kernel in bytes; 0 if it could not be read.
    failure : str
        Where and how it failed; empty if it did not.
    """

    name: str
    seconds: float = 0.0
    peak: int = 0
    failure: str = ""


def run_notebook(path, *, cell_timeout=CELL_TIMEOUT):
    """Run a copy of a notebook in a fresh kernel, in the notebook's own folder.

    Parameters
    ----------
    path : pathlib.Path
    cell_timeout : float
        The seconds one cell may take.

    Returns
    -------
    Run
    nbformat.NotebookNode
        The copy, with the outputs up to the end or to the cell that failed.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=cell_timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.resolve().parent)}},
        # Without this the kernel warns, in the middle of our lines, that it talks in plain text.
        config=Config(KernelManager={"transport_encryption": "auto"}),
    )
    cells = [(i, cell) for i, cell in enumerate(notebook.cells) if _runs(cell)]
    for _, cell in cells:  # so that after a failure nothing older is shown
        cell.outputs, cell.execution_count = [], None
    run, start = Run(path.stem), time.monotonic()
    client.reset_execution_trackers()
    with client.setup_kernel():
        for number, (index, cell) in enumerate(cells, start=1):
            _show_progress(f"{run.name}: cell {number} of {len(cells)}", time.monotonic() - start)
            try:
                client.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                run.failure = describe_failure(number, len(cells), cell, error)
                break
            except KeyboardInterrupt:
                client.shutdown_kernel = "immediate"  # it is busy and would not hear a request
                raise
            finally:
                run.peak = max(run.peak, _peak_memory(client.km.provisioner.pid))
                run.seconds = time.monotonic() - start
    _show_progress("")
    return run, notebook


def describe_failure(number, total, cell, error):
    """Say in a few lines which cell failed, how it begins, and with what error."""
    first_line = next(line for line in cell.source.splitlines() if line.strip()).strip()
    if isinstance(error, CellExecutionError):
        what = f"{error.ename}: {error.evalue}"
    elif isinstance(error, CellTimeoutError):
        what = "it took too long and was stopped"
    else:
        what = "the kernel died, perhaps for lack of memory"
    return f"code cell {number} of {total}\n    it begins: {first_line}\n    error: {what}"


def write_page(notebook, run, folder):
    """Write a notebook with its outputs as one HTML file, pictures included; return its path."""
    for output in (o for cell in notebook.cells for o in cell.get("outputs", [])):
        if WIDGET_VIEW in output.get("data", {}):  # a picture of it would need a live kernel
            output.data = {"text/markdown": WIDGET_NOTE}
    notebook.metadata.pop("widgets", None)
    notebook.metadata.title = run.name
    exporter = CourseExporter(
        extra_loaders=[DictLoader({"course.html.j2": PAGE})], template_file="course.html.j2"
    )
    body, _ = exporter.from_notebook_node(notebook)
    page = folder / f"{run.name}.html"
    _write_text(page, body)
    return page


def write_index(runs, folder):
    """Write a page that links every notebook's page, with its time and how it went.

    What is known of pages of earlier runs is kept in ``runs.json`` beside them.
    """
    memory = folder / "runs.json"
    try:
        known = [Run(**run) for run in json.loads(memory.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):  # there is none yet, or it is damaged
        known = []
    latest = {run.name: run for run in [*known, *runs]}
    there = [latest[name] for name in sorted(latest) if (folder / f"{name}.html").is_file()]
    rows = "\n".join(
        f'<tr><td><a href="{html.escape(run.name)}.html">{html.escape(run.name)}</a></td>'
        f"<td>{run.seconds:.0f} s</td>"
        f"<td><pre>{html.escape(run.failure or 'ran to its end')}</pre></td></tr>"
        for run in there
    )
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>styleguard-edu</title></head>
<body style="font-family: sans-serif; max-width: 50rem; margin: 2rem auto">
<h1>styleguard-edu</h1>
<p>Written by <code>make course</code>. The pages need no network.</p>
<table cellpadding="6">
<tr><th align="left">notebook</th><th align="left">time</th><th align="left">result</th></tr>
{rows}
</table></body></html>
"""
    _write_text(memory, json.dumps([asdict(run) for run in there]))
    _write_text(folder / "index.html", text)


def print_table(runs):
    """Print the time and peak memory of every notebook, then each failure in full."""
    width = max([len(run.name) for run in runs] + [len("notebook")])
    say(f"\n{'notebook':<{width}}  {'time':>7}  {'peak memory':>11}  result")
    for run in runs:
        peak = f"{run.peak / 2**30:.2f} GB" if run.peak else "unknown"
        result = "FAILED" if run.failure else "ok"
        say(f"{run.name:<{width}}  {run.seconds:>5.0f} s  {peak:>11}  {result}")
    for run in runs:
        if run.failure:
            say(f"\n{run.name} failed at {run.failure}")


def main(arguments=None):
    """Run the notebooks named on the command line, or all of them; return the exit code."""
    parser = argparse.ArgumentParser(description="Run the course and write it as web pages.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="all of them unless given")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "course", metavar="FOLDER")
    options = parser.parse_args(arguments)
    paths = options.notebooks or sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    missing = [str(path) for path in paths if not path.is_file()]
    if missing or not paths:
        say(f"No such notebook: {', '.join(missing) or 'notebooks/ is empty'}")
        return 2
    try:
        write_index([], options.output)  # rather now than after minutes
    except OSError as error:
        say(str(error))
        return 2
    runs, interrupted = [], False
    try:
        for i, path in enumerate(paths, start=1):
            say(f"[{i}/{len(paths)}] {path.stem} ...")
            run, notebook = run_notebook(path)
            runs.append(run)
            write_page(notebook, run, options.output)
            say(f"      {'FAILED' if run.failure else 'ok'} after {run.seconds:.0f} s")
    except KeyboardInterrupt:
        interrupted = True
        say("\nStopped. What ran until now:")
    print_table(runs)
    write_index(runs, options.output)
    say(f"\nPages: {options.output / 'index.html'}")
    return 1 if interrupted or any(run.failure for run in runs) else 0


def _runs(cell):
    """Tell whether a cell is run: code that is neither empty nor tagged to be skipped."""
    skipped = "skip-execution" in cell.metadata.get("tags", [])
    return cell.cell_type == "code" and bool(cell.source.strip()) and not skipped


def _write_text(path, text):
    write_atomically(path, lambda new: new.write_text(text, encoding="utf-8"))


def _show_progress(text, seconds=None):
    """Rewrite the last line of a terminal; print nothing to a file or a pipe."""
    if sys.stdout.isatty():
        time_shown = "" if seconds is None else f", {seconds:.0f} s"
        print(f"\r\033[K{text}{time_shown}", end="", flush=True)


def _peak_memory(pid):
    """Return the largest memory a process has used so far, in bytes; 0 if it is gone.

    Linux and Windows keep this figure. macOS does not, so there it is the memory of the moment,
    and the largest over all the cells' ends is a lower bound.
    """
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        memory = psutil.Process(pid).memory_info()
    except psutil.Error:
        return 0
    return getattr(memory, "peak_wset", memory.rss)


if __name__ == "__main__":
    sys.exit(main())
