"""scripts/run_course.py: it runs copies, names what failed, goes on, and writes readable pages."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"

spec = importlib.util.spec_from_file_location("run_course", ROOT / "scripts" / "run_course.py")
run_course = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_course)


def write_notebook(path, *sources):
    cells = [new_markdown_cell("# A lesson"), *map(new_code_cell, sources)]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Run a notebook that fails in its second cell and, after it, one that works."""
    folder = tmp_path_factory.mktemp("course")
    broken = write_notebook(folder / "00_broken.ipynb", "a = 1", "\n# count\nprint(a)\n1 / 0", "a")
    good = write_notebook(folder / "01_good.ipynb", "import os", "print(os.getcwd(), 'here')")
    before = broken.read_bytes()
    code = run_course.main([str(broken), str(good), "--output", str(folder / "out")])
    return {"code": code, "folder": folder, "unchanged": broken.read_bytes() == before}


def test_a_failure_gives_exit_code_1_and_the_next_notebook_still_runs(course):
    assert course["code"] == 1
    assert "here" in (course["folder"] / "out" / "01_good.html").read_text(encoding="utf-8")


def test_a_notebook_runs_in_its_own_folder(course):
    page = (course["folder"] / "out" / "01_good.html").read_text(encoding="utf-8")
    assert str(course["folder"]) in page


def test_the_notebooks_are_not_modified(course):
    assert course["unchanged"]


def test_the_page_of_a_failed_notebook_shows_how_far_it_came(course):
    page = (course["folder"] / "out" / "00_broken.html").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in page


def test_the_index_links_every_page_and_names_the_failure(course):
    index = (course["folder"] / "out" / "index.html").read_text(encoding="utf-8")
    assert 'href="00_broken.html"' in index and 'href="01_good.html"' in index
    assert "code cell 2 of 3" in index and "division by zero" in index


def test_the_table_names_cell_first_line_and_error(capsys):
    failure = run_course.describe_failure(
        7, 20, new_code_cell("\n  fit(x)\n"), run_course.CellTimeoutError("slow")
    )
    run_course.print_table(
        [run_course.Run("00_a", 61.2, 3 * 2**29), run_course.Run("01_b", 2, 0, failure)]
    )
    text = capsys.readouterr().out
    assert "00_a         61 s      1.50 GB  ok" in text
    assert "01_b failed at code cell 7 of 20" in text
    assert "it begins: fit(x)" in text and "took too long" in text


def page_of(tmp_path, *cells):
    page = run_course.write_page(new_notebook(cells=list(cells)), run_course.Run("02_c"), tmp_path)
    return page.read_text(encoding="utf-8")


def test_a_page_replaces_a_widget_by_a_note_and_loads_nothing(tmp_path):
    widget = new_output("display_data", data={run_course.WIDGET_VIEW: {}, "text/plain": "Slider()"})
    text = page_of(tmp_path, new_code_cell("slider", outputs=[widget]))
    assert "Interactive: open the notebook" in text and "Slider()" not in text
    assert not re.search(r"""<(script|link|img)[^>]*(src|href)=["']?(https?:)?//""", text)


def test_a_page_folds_solutions_with_their_outputs(tmp_path):
    output = new_output("stream", text="forty-two")
    solution = new_code_cell("answer = 42", outputs=[output], metadata={"tags": ["solution"]})
    text = page_of(tmp_path, solution, new_code_cell("shown = 1"))
    (folded,) = re.findall(r"<details>.*?</details>", text, re.DOTALL)
    assert "42" in folded and "forty-two" in folded and "shown" not in folded


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_equations_of_a_lesson_are_typeset_without_a_script(path, tmp_path):
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"]
    text = page_of(tmp_path, *cells)
    body = re.sub(r"<(code|style).*?</\1>", "", text[text.index("<body") :], flags=re.DOTALL)
    shown = re.sub(r"<[^>]+>", "", body)
    assert not re.search(r"\$|\\[a-zA-Z]", shown)
    assert body.count("<math") == len(re.findall(r"</math>", body)) and "merror" not in body


def test_a_run_of_one_notebook_keeps_the_others_in_the_index(tmp_path):
    for name in ("00_a", "01_b"):
        (tmp_path / f"{name}.html").touch()
    run_course.write_index([run_course.Run("00_a", 5, 0, "slow"), run_course.Run("01_b")], tmp_path)
    run_course.write_index([run_course.Run("01_b", 7)], tmp_path)
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "00_a.html" in index and "slow" in index and "7 s" in index


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(
    tmp_path, capsys, monkeypatch
):
    (tmp_path / "file").touch()
    monkeypatch.setattr(run_course, "run_notebook", lambda _: pytest.fail("it ran"))
    notebook = write_notebook(tmp_path / "00_a.ipynb", "1")
    assert run_course.main([str(notebook), "--output", str(tmp_path / "file" / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().out


def test_naming_a_notebook_that_is_not_there_gives_exit_code_2(tmp_path, capsys):
    assert run_course.main([str(tmp_path / "nothing.ipynb")]) == 2
    assert "nothing.ipynb" in capsys.readouterr().out


def test_an_interruption_still_prints_the_table(tmp_path, monkeypatch, capsys):
    first = write_notebook(tmp_path / "00_a.ipynb", "1")
    second = write_notebook(tmp_path / "01_b.ipynb", "1")

    def run(path):
        if path.stem == "01_b":
            raise KeyboardInterrupt
        return run_course.Run(path.stem, 1.0, 2**30), nbformat.read(path, as_version=4)

    monkeypatch.setattr(run_course, "run_notebook", run)
    assert run_course.main([str(first), str(second), "--output", str(tmp_path / "out")]) == 1
    assert "Stopped" in (text := capsys.readouterr().out) and "1.00 GB  ok" in text
