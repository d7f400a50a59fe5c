"""Every notebook keeps the form of a lesson, and is stored as it came out of a clean run.

The rules are functions that take a notebook and return what is wrong with it, one sentence each.
nbval runs the notebooks; what it cannot see (missing outputs, alt text, anatomy) is held here.
"""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

SECTIONS = [
    "The idea",
    "The algorithm",
    "Run it",
    "Look",
    "The tested version",
    "Explore",
    "Summary",
    "Exercises",
    "References",
]
MAX_MEGABYTES = 1.5
MAX_LINES, MAX_STEP_LINES, MAX_IMPORT_LINES = 15, 30, 12
MAX_CODE_CELLS = 32
MIN_CELLS, MAX_CELLS = 30, 50
MIN_ALT = 20  # characters; shorter is a title, not a description
CHECKED = "nbval-check-output"
MACHINE_PATH = re.compile(
    r"(?<![\w./:-])/(?:home|Users|root|work|tmp|opt|usr|var|mnt|srv|private)/[\w.-]+"
    r"|(?<!\w)[A-Za-z]:\\+(?:Users|Windows|Program)"
)


def code_cells(notebook):
    """Return the code cells that hold code, with their place in the notebook, from 1."""
    cells = enumerate(notebook.cells, start=1)
    return [(n, cell) for n, cell in cells if cell.cell_type == "code" and cell.source.strip()]


def tags(cell):
    return cell.metadata.get("tags", [])


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def statements(cell):
    """Return a code cell's top-level statements; lines for Jupyter itself (%, !) are left out."""
    python = [line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    return ast.parse("\n".join(python)).body


def headings(notebook, level):
    """Return the headings of one level, without those inside fenced code."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"^```.*?^```", "", cell.source, flags=re.DOTALL | re.MULTILINE)
            found += re.findall(rf"^{'#' * level} +(.+?) *$", text, re.MULTILINE)
    return found


# ---- stored as it came out of a clean run ----------------------------------------------------


def executed_in_order(notebook):
    counts = [cell.execution_count for _, cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"run all cells in a fresh kernel and save; the execution counts are {counts}"


def no_errors_or_warnings_stored(notebook):
    for n, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"cell {n} stores an error: {output.ename}"
            if output.output_type == "stream" and output.name == "stderr":
                yield f"cell {n} stores a message on stderr: {output.text[:60]!r}"


def checked_outputs_exist(notebook):
    checked = [(n, cell) for n, cell in code_cells(notebook) if CHECKED in tags(cell)]
    if not checked:
        yield f"no cell is tagged {CHECKED}"
    for n, cell in checked:
        if not cell.outputs:
            yield f"cell {n} is tagged {CHECKED} but has no output, so nothing is compared"


def figures_have_alt_text(notebook):
    for n, cell in code_cells(notebook):
        for output in cell.outputs:
            for kind in [key for key in output.get("data", {}) if key.startswith("image/")]:
                alt = output.get("metadata", {}).get(kind, {}).get("alt", "")
                if len(alt.strip()) < MIN_ALT:
                    yield f"cell {n} has a picture with the alt text {alt!r}; say what it shows"


def kernel_is_named(notebook):
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield 'metadata.kernelspec.name must be "python3", or JupyterLab asks for a kernel'
    if notebook.metadata.get("language_info", {}).get("name") != "python":
        yield 'metadata.language_info.name must be "python"'


def no_machine_paths(notebook):
    for n, cell in enumerate(notebook.cells, start=1):
        texts = [cell.source]
        for output in cell.get("outputs", []):
            shown = {kind: v for kind, v in output.get("data", {}).items() if "image" not in kind}
            texts += [str(output.get("text", "")), *map(str, shown.values())]
        for path in MACHINE_PATH.findall("\n".join(texts)):
            yield f"cell {n} holds a path of one machine: {path}"


def small_enough(notebook):
    size = len(json.dumps(notebook).encode()) / 1e6
    if size > MAX_MEGABYTES:
        yield f"the file is {size:.1f} MB; at most {MAX_MEGABYTES} MB"


# ---- the form of a lesson --------------------------------------------------------------------


def has_one_title(notebook):
    titles = headings(notebook, 1)
    if len(titles) != 1 or not notebook.cells[0].source.startswith("# "):
        yield f"the first cell must begin with the only level-1 heading; found {titles}"


def sections_in_order(notebook):
    found = [title.split(":")[0] for title in headings(notebook, 2)]
    position = 0
    for section in SECTIONS:
        if section not in found[position:]:
            where = "is missing" if section not in found else "comes too early"
            yield f'the section "## {section}" {where}; the order is {", ".join(SECTIONS)}'
        else:
            position = found.index(section, position) + 1


def as_long_as_a_lesson(notebook):
    if not MIN_CELLS <= len(notebook.cells) <= MAX_CELLS:
        yield f"{len(notebook.cells)} cells; a lesson has {MIN_CELLS} to {MAX_CELLS}"


def few_and_short_code_cells(notebook):
    if len(code_cells(notebook)) > MAX_CODE_CELLS:
        yield f"{len(code_cells(notebook))} code cells; at most {MAX_CODE_CELLS}"
    for n, cell in code_cells(notebook):
        most = MAX_STEP_LINES if "training-step" in tags(cell) else MAX_LINES
        if len(lines(cell)) > most:
            yield f"cell {n} has {len(lines(cell))} lines; at most {most}"


def one_import_cell(notebook):
    importing = [
        (n, cell)
        for n, cell in code_cells(notebook)
        if any(isinstance(s, ast.Import | ast.ImportFrom) for s in statements(cell))
    ]
    if len(importing) != 1:
        yield f"imports belong in one cell; found them in cells {[n for n, _ in importing]}"
    for n, cell in importing:
        if len(lines(cell)) > MAX_IMPORT_LINES:
            yield f"the import cell {n} has {len(lines(cell))} lines; at most {MAX_IMPORT_LINES}"


def one_settings_cell(notebook):
    setting = []
    for n, cell in code_cells(notebook):
        targets = [t for s in statements(cell) if isinstance(s, ast.Assign) for t in s.targets]
        names = [t.id for t in targets if isinstance(t, ast.Name)]
        if any(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in names):
            setting.append(n)
    if len(setting) != 1:
        yield f"UPPER_CASE settings belong in one cell; found them in cells {setting}"


def three_exercises_with_folded_solutions(notebook):
    cells = notebook.cells
    exercises = [n for n, cell in enumerate(cells, start=1) if "exercise" in tags(cell)]
    solutions = [n for n, cell in enumerate(cells, start=1) if "solution" in tags(cell)]
    if len(exercises) != 3 or len(solutions) != 3:
        yield f"three exercises with three solutions; found {exercises} and {solutions}"
    for n in exercises:
        if n + 1 not in solutions:
            yield f"the exercise in cell {n} is not followed by its solution"
    for n, cell in code_cells(notebook):
        fold_batch_norm = cell.metadata.get("jupyter", {}).get("source_hidden")
        if "solution" in tags(cell) and not fold_batch_norm:
            yield f"the solution in cell {n} is not fold_batch_norm (jupyter.source_hidden)"


RULES = [
    executed_in_order,
    no_errors_or_warnings_stored,
    checked_outputs_exist,
    figures_have_alt_text,
    kernel_is_named,
    no_machine_paths,
    small_enough,
    has_one_title,
    sections_in_order,
    as_long_as_a_lesson,
    few_and_short_code_cells,
    one_import_cell,
    one_settings_cell,
    three_exercises_with_folded_solutions,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_keeps_the_rule(path, rule):
    if rule in (sections_in_order, as_long_as_a_lesson) and path.stem == "00_start_here":
        pytest.skip("00 is the map of the course, not a lesson")
    assert list(rule(nbformat.read(path, as_version=4))) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_named_by_number_and_noun(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    assert re.fullmatch(r"\d\d(_[a-z0-9]+)+", path.stem)


def test_the_notebooks_are_numbered_without_gap_from_00():
    assert [int(path.stem[:2]) for path in NOTEBOOKS] == list(range(len(NOTEBOOKS)))


# ---- the rules themselves: a lesson that keeps them all, and one fault at a time -------------


def text_output(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def picture_output(alt):
    return new_output("display_data", {"image/png": "aGk="}, metadata={"image/png": {"alt": alt}})


def good_lesson():
    """Return a lesson in memory that keeps every rule."""
    cells = [
        new_markdown_cell("# A lesson\n\nIts question."),
        new_code_cell("import numpy as np"),
        new_code_cell("SEED = 0  # any whole number\nSTEPS = 200  # batches"),
    ]
    for section in SECTIONS[:7]:
        cells += [
            new_markdown_cell(f"## {section}"),
            new_markdown_cell("What do you expect to see?\n\n```\n# no heading\n```"),
            new_code_cell("print(SEED)", outputs=[text_output("0\n")]),
        ]
    cells[-1].metadata.tags = [CHECKED]
    cells[-1].outputs.append(picture_output("Eight handwritten digits in a row, from 0 to 7"))
    cells.append(new_markdown_cell("## Exercises"))
    for n in range(3):
        make = new_markdown_cell if n == 2 else new_code_cell
        cells += [make("question = None"), make("answer = 42")]
        cells[-2].metadata.tags, cells[-1].metadata.tags = ["exercise"], ["solution"]
        cells[-1].metadata.jupyter = {"source_hidden": True}
    cells.append(new_markdown_cell("## References"))
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    notebook.metadata.language_info = {"name": "python"}
    for count, (_, cell) in enumerate(code_cells(notebook), start=1):
        cell.execution_count = count
    return notebook


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_lesson_keeps_the_rule(rule):
    assert list(rule(good_lesson())) == []


def change(place, **fields):
    """Return a function that sets fields of one cell of a notebook."""
    return lambda notebook: notebook.cells[place].update(fields)


def change_metadata(place, **fields):
    return lambda notebook: notebook.cells[place].metadata.update(fields)


def drop(name):
    return lambda notebook: notebook.metadata.pop(name)


def remove_cells(start, stop):
    def apply(notebook):
        del notebook.cells[start:stop]

    return apply


SETTINGS, FIRST_CODE, CHECKED_CELL, FIRST_EXERCISE = 2, 5, 23, 25

FAULTS = [
    (executed_in_order, change(FIRST_CODE, execution_count=None), "execution counts"),
    (executed_in_order, change(FIRST_CODE, execution_count=99), "execution counts"),
    (
        no_errors_or_warnings_stored,
        change(FIRST_CODE, outputs=[text_output("W0000 oneDNN", "stderr")]),
        "stderr",
    ),
    (
        no_errors_or_warnings_stored,
        change(FIRST_CODE, outputs=[new_output("error", ename="KeyError", evalue="a")]),
        "KeyError",
    ),
    (checked_outputs_exist, change_metadata(CHECKED_CELL, tags=[]), "no cell is tagged"),
    (checked_outputs_exist, change(CHECKED_CELL, outputs=[]), "nothing is compared"),
    (figures_have_alt_text, change(FIRST_CODE, outputs=[picture_output("digits")]), "'digits'"),
    (figures_have_alt_text, change(FIRST_CODE, outputs=[picture_output("")]), "alt text ''"),
    (kernel_is_named, drop("kernelspec"), "kernelspec"),
    (kernel_is_named, drop("language_info"), "language_info"),
    (no_machine_paths, change(FIRST_CODE, source="open('/home/ada/x.npz')"), "/home/ada"),
    (no_machine_paths, change(FIRST_CODE, outputs=[text_output("in C:\\Users\\ada")]), "C:"),
    (small_enough, change(FIRST_CODE, outputs=[text_output("x" * 1_600_000)]), "1.6 MB"),
    (has_one_title, change(0, source="A lesson"), "level-1"),
    (has_one_title, change(3, source="# Another title"), "Another title"),
    (sections_in_order, change(3, source="## Some idea"), '"## The idea" is missing'),
    (sections_in_order, change(3, source="## Run it"), '"## The idea" is missing'),
    (sections_in_order, change(24, source="## Notes\n## The idea"), "Exercises"),
    (as_long_as_a_lesson, remove_cells(5, 15), "cells; a lesson has"),
    (few_and_short_code_cells, lambda nb: nb.cells.extend(nb.cells[3:] * 2), "code cells; at most"),
    (
        few_and_short_code_cells,
        change(FIRST_CODE, source="a = 1\n" * 16),
        "16 lines; at most 15",
    ),
    (one_import_cell, change(FIRST_CODE, source="from math import pi"), "[2, 6]"),
    (one_import_cell, change(1, source="import os\n" * 13), "13 lines; at most 12"),
    (one_import_cell, change(1, source="%matplotlib inline"), "found them in cells []"),
    (one_settings_cell, change(FIRST_CODE, source="RATE = 0.1"), "[3, 6]"),
    (one_settings_cell, change(SETTINGS, source="seed = 0"), "found them in cells []"),
    (
        three_exercises_with_folded_solutions,
        change_metadata(FIRST_EXERCISE, tags=[]),
        "three exercises",
    ),
    (
        three_exercises_with_folded_solutions,
        change_metadata(FIRST_EXERCISE + 1, tags=[]),
        "not followed by its solution",
    ),
    (
        three_exercises_with_folded_solutions,
        change_metadata(FIRST_EXERCISE + 1, jupyter={}),
        "not fold_batch_norm",
    ),
]


@pytest.mark.parametrize(
    ("rule", "spoil", "complaint"), FAULTS, ids=[f"{r.__name__}-{c}" for r, _, c in FAULTS]
)
def test_a_fault_is_found_and_named(rule, spoil, complaint):
    lesson = good_lesson()
    spoil(lesson)
    found = list(rule(lesson))
    assert found and complaint in " ".join(found)


def test_a_cell_tagged_training_step_may_be_longer():
    lesson = good_lesson()
    lesson.cells[FIRST_CODE].source = "a = 1\n" * 30
    lesson.cells[FIRST_CODE].metadata.tags = ["training-step"]
    assert list(few_and_short_code_cells(lesson)) == []


def test_a_section_may_carry_a_subtitle_and_others_may_come_between():
    lesson = good_lesson()
    lesson.cells[3].source = "## The idea: a game\n\n## An aside"
    assert list(sections_in_order(lesson)) == []


def test_an_address_is_not_a_machine_path():
    lesson = good_lesson()
    lesson.cells[0].source += "\nhttps://example.org/home/page and data/tmp/x and 3/4"
    assert list(no_machine_paths(lesson)) == []
