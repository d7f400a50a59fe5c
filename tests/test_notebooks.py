"""Every notebook keeps the form of a lesson, and is stored as it came out of a clean run.

The rules are functions that take a notebook and return what is wrong with it, one sentence each.
nbval runs the notebooks; what it cannot see (missing outputs, alt text, anatomy, words) is held
here. How long a lesson may be is held in ``budgets.toml``.
"""

import ast
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
MAX_LINES, MAX_STEP_LINES, MAX_IMPORT_LINES = 15, 30, 12
MIN_ALT = 20  # characters; shorter is a title, not a description
CHECKED = "nbval-check-output"
MACHINE_PATH = re.compile(
    r"(?<![\w./:-])/(?:home|Users|root|work|tmp|opt|usr|var|mnt|srv|private)/[\w.-]+"
    r"|(?<!\w)[A-Za-z]:\\+(?:Users|Windows|Program)"
)

# One word for each thing, the field's own: what is not said -> what is, and why.
WORDS = {
    # One action needs one verb, or a reader looks for the difference. The network keeps its name.
    r"(?:mend|repair)(?:s|ed|ing|er)?\b|restor(?!ation)\w+": "correct, corrected, correction",
    # An image is clean or damaged; "sound" is also a noise, "in order" also a sequence.
    r"spoil\w*|sound(?:er|est)?\b|in order\b(?! to\b|\.\w)|healthy (?:image|digit|picture)": (
        "clean, damaged"
    ),
    # There are three outcomes, and a guard does not judge people's work.
    r"refus\w+|(?:left )?for a person|\*improved\*|improved but": "passed, corrected, for review",
    # -log p has a name in information theory; "surprise" and "doubt" are feelings.
    r"surprises\b|\*surprise\*|doubts?\b": "surprisal",
    # Two parts of a guard are called by what they do.
    r"ruler\b": "position detector",
    r"namer\b": "style classifier",
    # What papers call it, so that it can be looked up.
    r"averaged\b|running average": "EMA generator",
    r"gradient penalty": "R1 penalty",
    r"second (?:way|path) (?:for|of) (?:the )?fine": "skip connection",
    # People's names are written as they write them.
    r"frechet\b": "Fréchet",
    r"kynkaanniemi\b": "Kynkäänniemi",
}


def code_cells(notebook):
    """Return the code cells that hold code, with their place in the notebook, from 1."""
    cells = enumerate(notebook.cells, start=1)
    return [(n, cell) for n, cell in cells if cell.cell_type == "code" and cell.source.strip()]


def tags(cell):
    return cell.metadata.get("tags", [])


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def cells_with(notebook, condition):
    """Return the places of the code cells in which some statement meets a condition.

    Lines for Jupyter itself (%, !) are left out.
    """
    found = []
    for n, cell in code_cells(notebook):
        python = [
            one for one in cell.source.splitlines() if not one.lstrip().startswith(("%", "!"))
        ]
        if any(map(condition, ast.parse("\n".join(python)).body)):
            found.append(n)
    return found


def is_setting(statement):
    names = [getattr(target, "id", "") for target in getattr(statement, "targets", [])]
    return any(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in names)


def headings(notebook, level):
    """Return the headings of one level, without those inside fenced code."""
    cells = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text = re.sub(r"^```.*?^```", "", "\n".join(cells), flags=re.DOTALL | re.MULTILINE)
    return re.findall(rf"^{'#' * level} +(.+?) *$", text, re.MULTILINE)


def pictures(cell):
    """Return the alt text of each picture that a code cell stores."""
    for output in cell.get("outputs", []):
        for kind in (key for key in output.get("data", {}) if key.startswith("image/")):
            yield output.metadata.get(kind, {}).get("alt", "")


def text_of(cell):
    """Return all that a reader meets in a cell: source, printed and plain text, alt texts."""
    texts = [cell.source, *pictures(cell)]
    for output in cell.get("outputs", []):
        shown = {kind: v for kind, v in output.get("data", {}).items() if "image" not in kind}
        texts += [str(output.get("text", "")), *map(str, shown.values())]
    return "\n".join(texts)


# ---- stored as it came out of a clean run ----------------------------------------------------


def executed_in_order(notebook):
    counts = [cell.execution_count for _, cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"run all cells in a fresh kernel and save; the execution counts are {counts}"


def no_errors_stored(notebook):
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
        for alt in pictures(cell):
            if len(alt.strip()) < MIN_ALT:
                yield f"cell {n} has a picture with the alt text {alt!r}; say what it shows"


def no_machine_paths(notebook):
    for n, cell in enumerate(notebook.cells, start=1):
        for path in MACHINE_PATH.findall(text_of(cell)):
            yield f"cell {n} holds a path of one machine: {path}"


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


def short_code_cells(notebook):
    for n, cell in code_cells(notebook):
        most = MAX_STEP_LINES if "training-step" in tags(cell) else MAX_LINES
        if len(lines(cell)) > most:
            yield f"cell {n} has {len(lines(cell))} lines; at most {most}"


def one_import_cell(notebook):
    importing = cells_with(notebook, lambda it: isinstance(it, ast.Import | ast.ImportFrom))
    if len(importing) != 1:
        yield f"imports belong in one cell; found them in cells {importing}"
    for n in importing:
        if (many := len(lines(notebook.cells[n - 1]))) > MAX_IMPORT_LINES:
            yield f"the import cell {n} has {many} lines; at most {MAX_IMPORT_LINES}"


def one_settings_cell(notebook):
    setting = cells_with(notebook, is_setting)
    if len(setting) != 1:
        yield f"UPPER_CASE settings belong in one cell; found them in cells {setting}"


def three_exercises(notebook):
    cells = list(enumerate(notebook.cells, start=1))
    exercises = [n for n, cell in cells if "exercise" in tags(cell)]
    solutions = [n for n, cell in cells if "solution" in tags(cell)]
    if solutions != [n + 1 for n in exercises] or len(exercises) != 3:
        yield f"three exercises, a solution after each; found {exercises} and {solutions}"
    for n, cell in code_cells(notebook):
        folded = cell.metadata.get("jupyter", {}).get("source_hidden")
        if "solution" in tags(cell) and not folded:
            yield f"the solution in cell {n} is not folded (jupyter.source_hidden)"


def one_word_for_each_thing(notebook):
    for n, cell in enumerate(notebook.cells, start=1):
        for replaced, instead in WORDS.items():
            for found in re.findall(rf"(?<![a-z])(?:{replaced})", text_of(cell), re.IGNORECASE):
                yield f"cell {n} says {found!r}; the course says: {instead}"


RULES = [
    executed_in_order,
    no_errors_stored,
    checked_outputs_exist,
    figures_have_alt_text,
    no_machine_paths,
    has_one_title,
    sections_in_order,
    short_code_cells,
    one_import_cell,
    one_settings_cell,
    three_exercises,
    one_word_for_each_thing,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_keeps_the_rule(path, rule):
    if rule is sections_in_order and path.stem == "00_start_here":
        pytest.skip("00 is the map of the course, not a lesson")
    assert list(rule(nbformat.read(path, as_version=4))) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_opens_without_asking_for_a_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info.name == "python"


def test_the_notebooks_are_named_by_noun_and_numbered_without_gap_from_00():
    assert all(re.fullmatch(r"\d\d(_[a-z0-9]+)+", path.stem) for path in NOTEBOOKS)
    assert [int(path.stem[:2]) for path in NOTEBOOKS] == list(range(len(NOTEBOOKS)))


# ---- the rules themselves: a lesson that keeps them all, and one fault at a time -------------


def printed(text, name="stdout"):
    return [new_output("stream", name=name, text=text)]


def picture(alt):
    return [new_output("display_data", {"image/png": "aGk="}, metadata={"image/png": {"alt": alt}})]


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
            new_code_cell("print(SEED)", outputs=printed("0\n")),
        ]
    cells[-1].metadata.tags = [CHECKED]
    cells[-1].outputs += picture("Eight handwritten digits in a row, from 0 to 7")
    cells.append(new_markdown_cell("## Exercises"))
    for n in range(3):
        make = new_markdown_cell if n == 2 else new_code_cell
        cells += [make("question = None"), make("answer = 42")]
        cells[-2].metadata.tags, cells[-1].metadata.tags = ["exercise"], ["solution"]
        cells[-1].metadata.jupyter = {"source_hidden": True}
    notebook = new_notebook(cells=[*cells, new_markdown_cell("## References")])
    for count, (_, cell) in enumerate(code_cells(notebook), start=1):
        cell.execution_count = count
    return notebook


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_lesson_keeps_the_rule(rule):
    assert list(rule(good_lesson())) == []


TITLE, IMPORTS, SETTINGS, HEADING, CODE, PICTURE, LAST_HEADING, EXERCISE = 0, 1, 2, 3, 5, 23, 24, 25
FAULTS = [  # rule, cell, what changes in it, what the rule says then
    (executed_in_order, CODE, {"execution_count": None}, "execution counts"),
    (executed_in_order, CODE, {"execution_count": 99}, "execution counts"),
    (no_errors_stored, CODE, {"outputs": printed("W0000 oneDNN", "stderr")}, "stderr"),
    (no_errors_stored, CODE, {"outputs": [new_output("error", ename="KeyError")]}, "KeyError"),
    (checked_outputs_exist, PICTURE, {"metadata": {}}, "no cell is tagged"),
    (checked_outputs_exist, PICTURE, {"outputs": []}, "nothing is compared"),
    (figures_have_alt_text, CODE, {"outputs": picture("digits")}, "'digits'"),
    (figures_have_alt_text, CODE, {"outputs": picture("")}, "alt text ''"),
    (no_machine_paths, CODE, {"source": "open('/home/ada/x.npz')"}, "/home/ada"),
    (no_machine_paths, CODE, {"outputs": printed("in C:\\Users\\ada")}, "C:"),
    (has_one_title, TITLE, {"source": "A lesson"}, "level-1"),
    (has_one_title, HEADING, {"source": "# Another title"}, "Another title"),
    (sections_in_order, HEADING, {"source": "## Some idea"}, '"## The idea" is missing'),
    (sections_in_order, HEADING, {"source": "## Run it"}, '"## The idea" is missing'),
    (sections_in_order, LAST_HEADING, {"source": "## Notes\n## The idea"}, "Exercises"),
    (short_code_cells, CODE, {"source": "a = 1\n" * 16}, "16 lines; at most 15"),
    (one_import_cell, CODE, {"source": "from math import pi"}, "[2, 6]"),
    (one_import_cell, IMPORTS, {"source": "import os\n" * 13}, "13 lines; at most 12"),
    (one_import_cell, IMPORTS, {"source": "%matplotlib inline"}, "in cells []"),
    (one_settings_cell, CODE, {"source": "RATE = 0.1"}, "[3, 6]"),
    (one_settings_cell, SETTINGS, {"source": "seed = 0"}, "in cells []"),
    (three_exercises, EXERCISE, {"metadata": {}}, "three exercises"),
    (three_exercises, EXERCISE + 1, {"metadata": {}}, "a solution after each"),
    (three_exercises, EXERCISE + 1, {"metadata": {"tags": ["solution"]}}, "not folded"),
    (one_word_for_each_thing, CODE, {"source": "mended = 1"}, "correction"),
    (one_word_for_each_thing, CODE, {"outputs": printed("3 repairs")}, "correction"),
    (one_word_for_each_thing, CODE, {"outputs": picture("Eight spoilt digits")}, "damaged"),
    (one_word_for_each_thing, HEADING, {"source": "The Frechet distance"}, "Fréchet"),
]


@pytest.mark.parametrize(
    ("rule", "place", "fields", "complaint"),
    FAULTS,
    ids=[f"{rule.__name__}-{complaint}" for rule, *_, complaint in FAULTS],
)
def test_a_fault_is_found_and_named(rule, place, fields, complaint):
    lesson = good_lesson()
    lesson.cells[place].update(nbformat.from_dict(fields))
    assert complaint in " ".join(rule(lesson))


FINE = [  # what only looks like a fault
    (short_code_cells, CODE, {"source": "a = 1\n" * 30, "metadata": {"tags": ["training-step"]}}),
    (sections_in_order, HEADING, {"source": "## The idea: a game\n\n## An aside"}),
    (no_machine_paths, CODE, {"source": "# https://example.org/home/page, data/tmp/x, 3/4"}),
    (one_word_for_each_thing, HEADING, {"source": "In order to ask a restoration network"}),
    (one_word_for_each_thing, CODE, {"source": "frechet_distance, recommended  # improved"}),
]


@pytest.mark.parametrize(("rule", "place", "fields"), FINE)
def test_what_only_looks_like_a_fault_is_none(rule, place, fields):
    lesson = good_lesson()
    lesson.cells[place].update(nbformat.from_dict(fields))
    assert list(rule(lesson)) == []
