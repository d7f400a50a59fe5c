"""The one place where sizes are held: every number of ``budgets.toml`` is an upper limit.

A lesson's honest minutes are words / 180 + lines of code / 12 + 10 an exercise + 5 an explorer.
Words are those of Markdown, without references, solutions, and code in it.
"""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
BUDGETS = tomllib.loads(Path(__file__).with_name("budgets.toml").read_text(encoding="utf-8"))
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


def code_lines(text):
    """Count the lines of a Python text that are no blank lines, comments or docstrings."""
    documentation = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            documentation |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in documentation
        for number, line in enumerate(text.splitlines(), start=1)
    )


def code_lines_below(folder):
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py"))
    return sum(map(code_lines, texts))


def megabytes(*folders):
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files if "__pycache__" not in path.parts) / 1e6


def is_tagged(cell, *tags):
    return bool(set(tags) & set(cell.metadata.get("tags", [])))


def prose(notebook):
    """Return a lesson's Markdown without references, solutions, fenced code and addresses."""
    texts = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "markdown" and not is_tagged(cell, "solution")
    ]
    left_out = r"<details>.*?</details>|```.*?```|<[^>]+>|\]\([^)]*\)"
    text = re.sub(left_out, " ", "\n\n".join(texts), flags=re.DOTALL)
    return re.split(r"^## References", text, flags=re.MULTILINE)[0]


def words(notebook):
    return len(re.findall(r"[^\W_][\w’'.-]*", prose(notebook)))


def honest_minutes(notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    read = [cell.source for cell in code if not is_tagged(cell, "solution", "test")]
    lines = sum(bool(line.strip()) for source in read for line in source.splitlines())
    exercises = sum(is_tagged(cell, "exercise") for cell in notebook.cells)
    explorers = sum(".show()" in source for source in read)
    return words(notebook) / 180 + lines / 12 + 10 * exercises + 5 * explorers


def at_most(found, limit):
    assert found <= limit, f"{found:.1f} where the budget is {limit}"


@pytest.mark.parametrize("folder", BUDGETS["code_lines"])
def test_code_stays_small(folder):
    at_most(code_lines_below(folder), BUDGETS["code_lines"][folder])


def test_tests_are_no_more_code_than_what_they_test():
    tested = ("styleguard_edu", "recipes", "benchmarks", "scripts")
    at_most(code_lines_below("tests"), sum(map(code_lines_below, tested)))


def test_no_file_is_longer_than_a_sitting_unless_its_first_line_says_why():
    for path in (ROOT / "styleguard_edu").rglob("*.py"):
        first, *others = path.read_text(encoding="utf-8").splitlines()
        if "long because" not in first:
            assert len(others) < BUDGETS["longest_file"], path.name


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_stays_within_its_budget(name):
    path, budget = ROOT / "notebooks" / f"{name}.ipynb", BUDGETS["lessons"][name]
    notebook = nbformat.read(path, as_version=4)
    at_most(words(notebook), budget["words"])
    at_most(len(notebook.cells), budget["cells"])
    at_most(honest_minutes(notebook), budget["minutes"])
    at_most(path.stat().st_size / 1e6, budget["megabytes"])


def test_every_budget_of_a_lesson_has_its_lesson():
    assert sorted(BUDGETS["lessons"]) == LESSONS


@pytest.mark.perf
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_computes_within_its_seconds(name):
    """After ``make test-notebooks``, which keeps the times of all cells."""
    report = ROOT / "build" / "notebooks.xml"
    if not report.is_file():
        pytest.skip("the notebooks were not run: make test-notebooks")
    cases = ElementTree.parse(report).iter("testcase")
    times = [float(case.get("time")) for case in cases if name in case.get("classname", "")]
    if not times:
        pytest.skip("this notebook was not run")
    at_most(sum(times), BUDGETS["lessons"][name]["seconds"])


@pytest.mark.parametrize("part", BUDGETS["megabytes"])
def test_what_is_shipped_stays_small(part):
    folders = {"wheel": ("styleguard_edu", "data")}.get(part, (part,))
    at_most(megabytes(*folders), BUDGETS["megabytes"][part])


def test_no_example_in_a_docstring_is_skipped():
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "styleguard_edu").rglob("*.py"))
    assert sum(text.count("+SKIP") for text in texts) <= BUDGETS["skipped_doctests"]


@pytest.mark.perf
def test_importing_the_package_takes_no_time():
    code = (
        "import time; start = time.perf_counter(); import styleguard_edu; "
        "print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", code]
    seconds = (
        float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    )
    at_most(min(seconds), BUDGETS["import_seconds"])


def test_code_is_counted_without_blank_lines_comments_and_docstrings():
    text = (
        '"""Module."""\n\n# comment\ndef f():\n    """What it does.\n\n    More."""\n    return 1\n'
    )
    assert code_lines(text) == 2


def test_words_minutes_and_exercises_are_counted_as_a_reader_meets_them():
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("One two three.\n\n```python\nnot counted\n```"),
        new.new_code_cell("a = 1\n\nexplorer.show()"),
        new.new_markdown_cell("Four five.", metadata={"tags": ["exercise"]}),
        new.new_markdown_cell("<details>Hidden.</details>"),
        new.new_markdown_cell("hidden words", metadata={"tags": ["solution"]}),
        new.new_code_cell("hidden = 1", metadata={"tags": ["solution"]}),
        new.new_markdown_cell("## References\n\nNot counted either."),
    ]
    notebook = new.new_notebook(cells=cells)
    assert words(notebook) == 5
    assert honest_minutes(notebook) == pytest.approx(5 / 180 + 2 / 12 + 10 + 5)
