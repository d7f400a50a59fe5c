"""The package's layers: a module imports only from lower layers, and what is light stays light."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

from styleguard_edu.files import requirements

import pytest
from packaging.utils import canonicalize_name

PACKAGE = Path(__file__).resolve().parents[1] / "styleguard_edu"

# The one table of layers. A new module is entered here, or the tests fail.
LAYERS = {
    # the ground: no lesson in them, everyone may use them
    "files": -1,  # where data lie, hashes, atomic writes
    "backend": -1,  # TensorFlow and Keras, imported quietly
    "installation": -1,  # what should be installed and how
    "fetching": -1,  # MNIST from the network, on request
    "checks": -2,  # of numbers that a caller gave: images are checked by them, too
    "images": -1,  # the convention for images and pictures
    "decoding": -1,  # picture files to pixels
    # 0: pure functions on arrays
    "metrics": 0,
    "detection_metrics": 0,
    "thresholds": 0,
    "texture": 0,
    "layout": 0,  # where images show something
    "pictures": 0,  # of any size: read, write, resize
    # 1
    "datasets": 1,
    "gallery": 1,  # photos and paintings that come with the course
    "anomalies": 1,
    "styles": 1,
    "networks": 1,
    "style_networks": 1,
    "detector_networks": 1,
    "painting_crops": 1,
    "painting_losses": 1,
    "adversarial": 1,  # what all adversarial trainings share
    "training": 1,  # progress, budgets, snapshots
    "sheets": 1,  # contact sheets
    "plotting": 1,
    # 2
    "gan": 2,
    "style_transfer": 2,
    "painting_style": 2,
    "checkpoints": 2,
    # 3-4
    "detectors": 3,
    "correctors": 3,
    "guard": 4,
    # 5: used by people, not by modules
    "recipes": 5,
    "doctor": 5,
    "widgets": 5,
    "exercises": 5,
}
# They get networks as constructor arguments, so that any network can be put in.
NEVER = {module: {"gan", "style_transfer"} for module in ("detectors", "correctors", "guard")}
PURE = [
    "checks",
    "images",
    "metrics",
    "detection_metrics",
    "thresholds",
    "texture",
    "datasets",
    "fetching",
    "pictures",
    "decoding",
    "gallery",
    "painting_crops",
    "files",
    "installation",
    "doctor",
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
        ({"images": {"gan"}}, "images imports gan, which is not in a lower layer"),
        ({"metrics": {"texture"}}, "metrics imports texture, which is not in a lower layer"),
        ({"detectors": {"gan"}}, "detectors imports gan; it gets its networks as arguments"),
        ({"gan": {"mystery"}}, "gan imports mystery, which is not in a lower layer"),
        ({"mystery": set()}, "mystery is not in the table of layers; enter it"),
        ({"": {"gan"}}, "the package itself must import nothing, but it imports gan"),
    ],
)
def test_a_forbidden_import_is_named(graph, fault):
    assert layer_faults(graph) == [fault]


def test_an_allowed_import_is_no_fault():
    assert layer_faults({"widgets.scrubber": {"widgets.base", "plotting", "images"}}) == []


@pytest.mark.parametrize(
    "source",
    [
        "from styleguard_edu.models.gan import GAN",
        "import styleguard_edu.models.gan",
        "from styleguard_edu import gan",
        "from .gan import GAN",
        "from . import gan",
        "def late():\n    from .gan import GAN",
    ],
)
def test_every_form_of_import_is_seen(source):
    assert "styleguard_edu.models.gan" in imported_names(source, ("styleguard_edu",))


def test_a_relative_import_in_a_subpackage_is_resolved():
    names = imported_names("from ..gan import GAN", ("styleguard_edu", "widgets"))
    assert "styleguard_edu.models.gan" in names


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


def test_importing_the_package_takes_at_most_0_3_seconds():
    code = (
        "import time; start = time.perf_counter(); import styleguard_edu; "
        "print(time.perf_counter() - start)"
    )
    assert min(float(run_python(code)) for _ in range(3)) <= 0.3


def test_the_pure_modules_work_without_tensorflow():
    present = [name for name in PURE if name in source_files()]
    blocked = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    run_python(blocked + "\n".join(f"import styleguard_edu.{name}" for name in present))


def test_explorers_that_only_look_things_up_work_without_tensorflow():
    training = {"training_monitor"}
    names = {path.stem for path in (PACKAGE / "widgets").glob("[!_]*.py")} - training
    blocked = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    run_python(blocked + "\n".join(f"import styleguard_edu.widgets.{name}" for name in names))
