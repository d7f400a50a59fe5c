"""Run lessons afresh and store what came out in them, with a digest of it.

    python scripts/store_lesson.py notebooks/07_choosing_a_threshold.ipynb

A lesson that fails is left as it was. ``tests/test_stored_outputs.py`` compares the digest: an
output that was changed by hand does not pass for one that was computed.
"""

import hashlib
import json
import sys
from pathlib import Path

from styleguard_edu.files import write_atomically

import nbformat
from run_course import run_notebook

KEY = "outputs_sha256"  # in the notebook's metadata


def digest(notebook):
    """The SHA-256 of all outputs of a notebook, as 64 hexadecimal digits."""
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(outputs, sort_keys=True).encode()).hexdigest()


def stamped(notebook):
    """The notebook without the state of widgets and times, with the digest of its outputs."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata[KEY] = digest(notebook)
    return notebook


def main(paths):
    """Run and store the lessons named on the command line; return the exit code."""
    failures = 0
    for path in map(Path, paths):
        run, notebook = run_notebook(path)
        if run.failure:
            print(f"{path.name} failed at {run.failure}")
            failures += 1
            continue
        text = nbformat.writes(stamped(notebook))
        write_atomically(path, lambda new, text=text: new.write_text(text + "\n", encoding="utf-8"))
        print(f"{path.name}: stored after {run.seconds:.0f} s")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
