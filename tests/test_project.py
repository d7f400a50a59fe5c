"""pyproject.toml, constraints.txt, environment.yml, Makefile and package agree with each other."""

import os
import re
import subprocess
import tomllib
from importlib import metadata
from itertools import product
from pathlib import Path

import styleguard_edu
from styleguard_edu import doctor

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = ("3.11", "3.12", "3.13")
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
    """Return what the project and one of its extras require, markers unevaluated."""
    lines = PROJECT["dependencies"] + PROJECT["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


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
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # belongs to another system
            continue
        waiting += [(Requirement(line), extra) for line in lines for extra in {"", *extras}]
    return {name for name, *_ in needed}


@pytest.mark.parametrize("requirement", project_requirements(), ids=lambda r: r.name)
def test_every_requirement_is_pinned_inside_its_range(requirement):
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize(("python", "system"), list(product(PYTHONS, SYSTEMS)))
def test_everything_needed_is_pinned_on_every_supported_system(python, system):
    assert needed_packages(environment(python, *system)) <= set(pins())


def test_nothing_is_pinned_that_no_system_needs():
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
    assert pip == ["-c constraints.txt", "-e .[dev]"]


def test_the_range_of_pythons_is_the_same_everywhere():
    oldest, too_new = (".".join(map(str, v)) for v in (doctor._OLDEST, doctor._TOO_NEW))
    assert PROJECT["requires-python"] == f">={oldest},<{too_new}"
    listed = [c.split(" :: ")[-1] for c in PROJECT["classifiers"] if "Python :: 3." in c]
    assert listed == list(PYTHONS)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"{doctor._OLDEST} <= sys.version_info[:2] < {doctor._TOO_NEW}" in makefile


def test_the_version_is_a_release_number():
    assert re.fullmatch(r"\d+\.\d+\.\d+", styleguard_edu.__version__)


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "constraints.txt", "environment.yml", "Makefile", "README.md"]
)
def test_no_file_names_a_package_index(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|index-url|--trusted-host", text, re.I)


@pytest.mark.parametrize("target", ["setup", "lab", "course", "test", "clean"])
def test_make_help_lists_every_command(target):
    run = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"make {target} " in run.stdout


def test_make_alone_only_prints_the_help():
    command = ["make", "--dry-run", "--no-print-directory"]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    run = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=True)
    assert all(line.startswith("echo") for line in run.stdout.splitlines())
