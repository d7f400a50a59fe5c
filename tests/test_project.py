"""pyproject.toml, constraints.txt, environment.yml, Makefile and package agree with each other."""

import os
import re
import subprocess
import tomllib
from functools import cache
from importlib import metadata
from itertools import product
from pathlib import Path

import styleguard_edu
from styleguard_edu import anomalies
from styleguard_edu.doctor import software

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = ("3.11", "3.12", "3.13")
LINKED = {  # hosts
    *("keepachangelog.com", "semver.org"),
    *("doi.org", "arxiv.org"),
}
SYSTEMS = {
    ("linux", "x86_64"): "posix",
    ("linux", "aarch64"): "posix",
    ("darwin", "arm64"): "posix",
    ("win32", "AMD64"): "nt",
}


def pins():
    """Return {package: version} of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pair) == 2 for pair in pairs), "every line must be NAME==VERSION"
    return {canonicalize_name(name): version for name, version in pairs}


def project_requirements(extra="dev"):
    """Return what the project and one of its extras require, with the extras that one includes."""
    extras = PROJECT["optional-dependencies"]
    waiting, found = [*PROJECT["dependencies"], *extras[extra]], []
    while waiting:
        requirement = Requirement(waiting.pop(0))
        if requirement.name == PROJECT["name"]:
            waiting += [line for name in requirement.extras for line in extras[name]]
        else:
            found.append(requirement)
    return found


def environment(python, system, machine):
    """Return the values that markers see under another Python and system."""
    names = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
    return {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": system,
        "platform_system": names[system],
        "platform_machine": machine,
        "os_name": SYSTEMS[system, machine],
    }


@cache
def requires(name):
    """Return what an installed package requires; nothing of one that belongs to another system."""
    try:
        return [Requirement(line) for line in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        return []


def needed_packages(environment):
    """Return every package needed there, direct and indirect, as far as installed here."""
    waiting = [(r, "") for r in project_requirements()]
    needed = set()
    while waiting:
        requirement, extra = waiting.pop()
        marker = requirement.marker
        if marker and not marker.evaluate({**environment, "extra": extra}):
            continue
        name, extras = canonicalize_name(requirement.name), requirement.extras or {""}
        if (name, *extras) in needed:
            continue
        needed.add((name, *extras))
        waiting += [(other, extra) for other in requires(name) for extra in {"", *extras}]
    return {name for name, *_ in needed}


@pytest.mark.parametrize("requirement", project_requirements(), ids=lambda r: r.name)
def test_every_requirement_is_pinned_inside_its_range(requirement):
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize(("python", "system"), list(product(PYTHONS, SYSTEMS)))
def test_everything_needed_is_pinned_on_every_supported_system(python, system):
    assert needed_packages(environment(python, *system)) <= set(pins())


def test_nothing_is_pinned_that_no_system_needs():
    for extra in ("sphinx", "build"):  # of `dev`; what they require is known where they are
        pytest.importorskip(extra, reason="`make setup` brings no `dev` packages; CI has them")
    needed = set()
    for python, system in product(PYTHONS, SYSTEMS):
        needed |= needed_packages(environment(python, *system))
    assert set(pins()) <= needed


@pytest.mark.parametrize(("python", "system"), list(product(PYTHONS, SYSTEMS)))
def test_exactly_one_tensorflow_wheel_is_asked_for(python, system):
    where = environment(python, *system)
    wheels = [r.name for r in project_requirements() if "tensorflow" in r.name]
    chosen = [
        r.name
        for r in project_requirements()
        if r.name in wheels and r.marker.evaluate({**where, "extra": ""})
    ]
    on_cpu = system in {("linux", "x86_64"), ("win32", "AMD64")}
    assert chosen == ["tensorflow-cpu" if on_cpu else "tensorflow"]


def test_the_gpu_extra_is_the_same_tensorflow_with_cuda_on_linux():
    (line,) = PROJECT["optional-dependencies"]["gpu"]
    gpu = Requirement(line)
    ranges = {str(r.specifier) for r in project_requirements() if "tensorflow" in r.name}
    assert gpu.extras == {"and-cuda"} and ranges == {str(gpu.specifier)}
    assert gpu.marker == Marker("sys_platform == 'linux'")


def test_conda_takes_the_same_packages_through_pip():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (python,) = (d for d in conda["dependencies"] if str(d).startswith("python="))
    (pip,) = (d["pip"] for d in conda["dependencies"] if isinstance(d, dict))
    assert conda["name"] == PROJECT["name"]
    assert python.removeprefix("python=") in SpecifierSet(PROJECT["requires-python"])
    assert pip == ["-c constraints.txt", "-e .[lab]"]


def test_the_range_of_pythons_is_the_same_everywhere():
    oldest, too_new = (".".join(map(str, v)) for v in (software.OLDEST, software.TOO_NEW))
    assert PROJECT["requires-python"] == f">={oldest},<{too_new}"
    listed = [c.split(" :: ")[-1] for c in PROJECT["classifiers"] if "Python :: 3." in c]
    assert listed == list(PYTHONS)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"{software.OLDEST} <= sys.version_info[:2] < {software.TOO_NEW}" in makefile


def test_the_version_is_a_release_number():
    assert re.fullmatch(r"\d+\.\d+\.\d+", styleguard_edu.__version__)


def test_learners_install_no_tools_of_maintainers():
    names = {r.name for r in project_requirements("lab")}
    assert "jupyterlab" in names
    assert not names & {"ruff", "pytest", "nbval", "sphinx", "build", "pre-commit"}
    assert {r.name for r in project_requirements("dev")} >= names | {"ruff", "pytest", "sphinx"}


def tracked_files():
    run = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in run.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_file_names_a_package_index_or_a_folder_of_one_machine():
    kinds = {".md", ".rst", ".toml", ".txt", ".yml", ".yaml", ".cff", ".py", ".ipynb", ""}
    forbidden = r"index-url|--trusted-host|/home/\w+/|/Users/\w+/|/root/"
    for path in tracked_files():  # the tests themselves have such words, made up
        if path.suffix in kinds and "tests" not in path.parts:
            assert not re.search(forbidden, path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml"])
def test_links_lead_to_known_places(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([^/\s)>\"'`]+)", text)) <= LINKED


@pytest.mark.parametrize("name", ["CITATION.cff", "CHANGELOG.md"])
def test_the_version_is_the_same_everywhere(name):
    assert styleguard_edu.__version__ in (ROOT / name).read_text(encoding="utf-8")


def test_every_anomaly_is_at_the_root_and_old_names_keep_working():
    kinds = {kind.__name__ for kind in anomalies.ANOMALIES.values()}
    assert len(kinds) == 29 and kinds <= set(styleguard_edu.__all__)
    assert styleguard_edu.RepairCorrector is styleguard_edu.RestorationCorrector
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = styleguard_edu.Nothing


@pytest.mark.parametrize("name", sorted({*styleguard_edu.__all__} - {"__version__"}))
def test_every_public_name_has_an_example(name):
    assert ">>>" in getattr(styleguard_edu, name).__doc__


@pytest.mark.parametrize("target", ["setup", "lab", "course", "test", "docs", "clean"])
def test_make_help_lists_every_command(target):
    run = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"make {target} " in run.stdout


def test_make_alone_only_prints_the_help():
    command = ["make", "--dry-run", "--no-print-directory"]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    run = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=True)
    assert all(line.startswith("echo") for line in run.stdout.splitlines())
