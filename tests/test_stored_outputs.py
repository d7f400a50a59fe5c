"""The outputs of every lesson are stored as they came out of a run, and not changed since."""

import importlib.util
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def store_lesson():
    """The script as a module; it takes its neighbour run_course from its own folder."""
    sys.path.insert(0, str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location(
        "store_lesson", ROOT / "scripts" / "store_lesson.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(ROOT / "scripts"))
    return module


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_outputs_are_those_of_the_last_run(store_lesson, path):
    notebook = nbformat.read(path, as_version=4)
    assert notebook.metadata.get(store_lesson.KEY) == store_lesson.digest(notebook), (
        f"an output was changed after the run; python scripts/store_lesson.py {path.name}"
    )


def test_a_changed_number_changes_the_digest(store_lesson):
    new = nbformat.v4
    cells = [new.new_code_cell(outputs=[new.new_output("stream", text="39.5 %")])]
    notebook = store_lesson.stamped(new.new_notebook(cells=cells))
    assert notebook.metadata[store_lesson.KEY] == store_lesson.digest(notebook)
    notebook.cells[0].outputs[0].text = "93.5 %"
    assert notebook.metadata[store_lesson.KEY] != store_lesson.digest(notebook)


def test_a_lesson_that_fails_is_left_as_it_was(store_lesson, tmp_path, capsys):
    new, path = nbformat.v4, tmp_path / "lesson.ipynb"
    nbformat.write(new.new_notebook(cells=[new.new_code_cell("1 / 0")]), path)
    before = path.read_bytes()
    assert store_lesson.main([str(path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_what_a_lesson_prints_is_stored_with_its_digest(store_lesson, tmp_path):
    new, path = nbformat.v4, tmp_path / "lesson.ipynb"
    nbformat.write(new.new_notebook(cells=[new.new_code_cell("print(6 * 7)")]), path)
    assert store_lesson.main([str(path)]) == 0
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].outputs[0].text == "42\n"
    assert notebook.metadata[store_lesson.KEY] == store_lesson.digest(notebook)
