"""The package's layers: a module imports only from lower layers, and what is light stays light."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

from styleguard_edu.installation import requirements

import nbformat
import pytest
from packaging.utils import canonicalize_name

PACKAGE = Path(__file__).resolve().parents[1] / "styleguard_edu"

# The one table of layers. A new module is entered here, or the tests fail.
LAYERS = {
    # the ground: no lesson in them, everyone may use them
    "checks": -2,  # of numbers that a caller gave: images are checked by them, too
    "installation": -2,  # what is installed; commands that can be pasted
    "files": -1,  # where data lie, atomic writes, fetching
    "backend": -1,  # TensorFlow and Keras, imported quietly
    "estimators": -1,  # what detectors, correctors and guards share as estimators
    "images": -1,  # the convention for images and pictures
    "decoding": -1,  # picture files to pixels
    # 0: pure functions on arrays
    "metrics": 0,
    "thresholds": 0,
    "moments": 0,  # position and shape of what an image shows
    "pictures": 0,  # of any size: read, write, resize
    # 1: data, damage, networks, figures
    "datasets": 1,
    "gallery": 1,  # photos and paintings that come with the course
    "anomalies": 1,
    "styles": 1,  # true renderings, and how a restyling is measured by them
    "networks": 1,
    "checkpoints": 1,
    "sheets": 1,  # contact sheets
    "plotting": 1,
    # 2
    "models": 2,  # GAN, style transfer, painting style: training steps
    # 3-4
    "detectors": 3,
    "correctors": 3,
    "guard": 4,
    # 5: used by people, not by modules
    "cli": 5,
    "doctor": 4,
    "widgets": 5,
    "__main__": 6,
}
# They get networks as constructor arguments, so that any network can be put in.
NEVER = {module: {"models"} for module in ("detectors", "correctors")}
PURE = [
    *("checks", "installation", "files", "estimators", "images", "decoding", "pictures", "metrics"),
    *("thresholds", "moments"),
    *("datasets", "gallery", "anomalies", "styles", "plotting", "sheets", "checkpoints"),
    *("detectors", "detectors.base", "detectors.position", "correctors", "correctors.neighbour"),
    *("correctors.centre", "correctors.realign", "doctor", "cli"),
]
# Modules that come with a declared requirement rather than being declared themselves.
COMES_WITH = {"jupyter_client": "ipykernel", "jupyter_core": "ipykernel"}


def source_files():
    """Return {dotted name inside the package: path}; a subpackage's own file is its name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_names(source, inside):
    """Return every module imported anywhere in a source text, functions included.

    Parameters
    ----------
    source : str
    inside : tuple of str
        The package the text belongs to, against which relative imports are resolved.
    """
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = inside[: len(inside) - node.level + 1] if node.level else ()
            base = ".".join([*parts, *filter(None, [node.module])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def imports_of(path):
    """Return every module that a file of the package imports, by its full dotted name."""
    folder = path.relative_to(PACKAGE).parent.parts
    return imported_names(path.read_text(encoding="utf-8"), ("styleguard_edu", *folder))


def own_imports(name, path, known):
    """Return the package's own modules that a file imports, by their dotted names in ``known``."""
    own = {full.removeprefix("styleguard_edu.") for full in imports_of(path) if "." in full}
    return {other for other in own & known if other and other != name}


def import_graph():
    """Return {module: the own modules it imports} for the whole package."""
    files = source_files()
    return {name: own_imports(name, path, set(files)) for name, path in files.items()}


def layer_faults(graph):
    """Return one sentence for each import that the table of layers forbids."""
    faults = []
    for name, imports in graph.items():
        module = name.partition(".")[0]
        if module and module not in LAYERS:
            faults.append(f"{module} is not in the table of layers; enter it")
            continue
        for other in {full.partition(".")[0] for full in imports} - {module}:
            if not module:
                faults.append(f"the package itself must import nothing, but it imports {other}")
            elif other not in LAYERS or LAYERS[other] >= LAYERS[module]:
                faults.append(f"{name} imports {other}, which is not in a lower layer")
            elif other in NEVER.get(module, ()):
                faults.append(f"{name} imports {other}; it gets its networks as arguments")
    return faults


def run_python(code):
    """Run code in a fresh Python beside the package; return what it printed."""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_every_module_imports_only_from_lower_layers():
    assert layer_faults(import_graph()) == []


def test_there_are_no_import_cycles():
    try:
        TopologicalSorter(import_graph()).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize(
    ("graph", "fault"),
    [
        ({"images": {"guard"}}, "images imports guard, which is not in a lower layer"),
        ({"metrics": {"moments"}}, "metrics imports moments, which is not in a lower layer"),
        ({"detectors": {"models"}}, "detectors imports models; it gets its networks as arguments"),
        ({"guard": {"mystery"}}, "guard imports mystery, which is not in a lower layer"),
        ({"mystery": set()}, "mystery is not in the table of layers; enter it"),
        ({"": {"guard"}}, "the package itself must import nothing, but it imports guard"),
    ],
)
def test_a_forbidden_import_is_named(graph, fault):
    assert layer_faults(graph) == [fault]


def test_an_allowed_import_is_no_fault():
    assert layer_faults({"widgets.scrubber": {"widgets.base", "plotting", "images"}}) == []


@pytest.mark.parametrize(
    ("source", "inside"),
    [
        ("from styleguard_edu.guard import StyleGuard", ()),
        ("import styleguard_edu.guard", ()),
        ("from styleguard_edu import guard", ()),
        ("from .guard import StyleGuard", ()),
        ("from . import guard", ()),
        ("def late():\n    from .guard import StyleGuard", ()),
        ("from ..guard import StyleGuard", ("widgets",)),
    ],
)
def test_every_form_of_import_is_seen(source, inside):
    assert "styleguard_edu.guard" in imported_names(source, ("styleguard_edu", *inside))


# ---- a name is imported from where it is defined, or from the package that lists it -----------


def offered_names(path):
    """Return the names that a module defines itself, or lists in ``__all__``."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            flat = [part for target in targets for part in getattr(target, "elts", [target])]
            own = {part.id for part in flat if isinstance(part, ast.Name)}
            names |= own
            if "__all__" in own:  # a list, or texts with several names each
                texts = [part for part in ast.walk(node) if isinstance(part, ast.Constant)]
                for text in (part.value for part in texts if isinstance(part.value, str)):
                    names |= {name.partition("=")[0] for name in text.split()}
    return names


def files_that_import():
    """Return every Python file of the project and, as one text each, the code of the notebooks."""
    root = PACKAGE.parent
    found = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    for folder in ("recipes", "benchmarks", "tests", "scripts"):
        found |= {p: p.read_text(encoding="utf-8") for p in (root / folder).rglob("*.py")}
    for path in (root / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        lines = "\n".join(cell.source for cell in cells if cell.cell_type == "code").splitlines()
        found[path] = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
    return found


def test_no_name_is_imported_through_an_accidental_re_export():
    modules, accidents = source_files(), []
    offered = {name: offered_names(path) for name, path in modules.items()}
    for path, text in files_that_import().items():
        folder = path.relative_to(PACKAGE.parent).parent.parts
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                parts = folder[: len(folder) - node.level + 1] if node.level else ()
                full = ".".join([*parts, *filter(None, [node.module])])
                home = full.removeprefix("styleguard_edu").removeprefix(".")
                if full.startswith("styleguard_edu") and home in modules:
                    for alias in node.names:
                        is_module = ".".join(filter(None, [home, alias.name])) in modules
                        if not is_module and alias.name not in offered[home]:
                            accidents.append(f"{path.name}: {alias.name} from {full}")
    assert accidents == []


def test_every_module_says_first_what_a_reader_finds():
    for name, path in source_files().items():
        first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[
            0
        ]
        assert first.endswith((".", "?")) and len(first) > 20, name


def test_every_other_package_that_is_imported_is_declared():
    declared = {canonicalize_name(requirement.name) for requirement in requirements()}
    homes = packages_distributions()
    for path in source_files().values():
        others = {full.partition(".")[0] for full in imports_of(path)} - sys.stdlib_module_names
        for top in others - {"styleguard_edu"}:
            names = {canonicalize_name(home) for home in homes.get(top, [top])}
            assert names & declared or COMES_WITH.get(top) in declared, f"{top} in {path.name}"


def test_importing_the_package_imports_neither_tensorflow_nor_keras():
    heavy = "[name for name in ('tensorflow', 'keras', 'numpy') if name in sys.modules]"
    assert run_python(f"import styleguard_edu, sys; print({heavy})") == "[]"


def test_the_pure_modules_work_without_tensorflow():
    present = [name for name in PURE if name in source_files()]
    blocked = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    run_python(blocked + "\n".join(f"import styleguard_edu.{name}" for name in present))


def test_explorers_that_only_look_things_up_work_without_tensorflow():
    training = {"training_monitor"}
    names = {path.stem for path in (PACKAGE / "widgets").glob("[!_]*.py")} - training
    blocked = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    run_python(blocked + "\n".join(f"import styleguard_edu.widgets.{name}" for name in names))
