"""What is wrong with this installation, and the command that mends it.

Run ``python -m styleguard_edu.doctor`` in a terminal, or call :func:`report` in a notebook.
Everything is imported late and with care: finding out what is missing is this module's job, so
it works on a bare Python too.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .files import (
    CHECKOUT,
    PROJECT,
    install_command,
    installed_version,
    python_command,
    requirements,
    restore_command,
)

__all__ = ["Check", "diagnose", "report"]

OK, WARN, FAIL = "OK", "WARN", "FAIL"

_OLDEST, _TOO_NEW = (3, 11), (3, 14)  # the same range as requires-python in pyproject.toml
_GIB = 2**30
_WINDOWS = os.name == "nt"  # there, commands are for PowerShell
_TENSORFLOW = {"tensorflow", "tensorflow-cpu"}  # two wheels, one package folder


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes
    ----------
    name : str
        What was looked at, for example ``"memory"``.
    status : str
        ``"OK"``, ``"WARN"`` (the course runs, but something may get in the way) or ``"FAIL"``.
    detail : str
        What was found, in one line.
    cure : str
        The command that mends it; empty if there is nothing to mend.
    """

    name: str
    status: str
    detail: str
    cure: str = ""


def diagnose():
    """Look at everything the course needs.

    Returns
    -------
    list of Check
        One for each thing looked at, always all of them: a check that itself breaks is a FAIL.
    """
    return [_guarded(name, check) for name, check in _CHECKS.items()]


def report(checks=None):
    """Print one line for each check, and under each problem the command that mends it.

    Parameters
    ----------
    checks : list of Check, optional
        From :func:`diagnose`, which is called unless they are given.

    Returns
    -------
    bool
        True if nothing failed; warnings are allowed.
    """
    checks = diagnose() if checks is None else checks
    for check in checks:
        detail = " ".join(check.detail.split())  # an error message may have several lines
        print(f"{check.status:<4}  {check.name:<11} {detail}")
        if check.cure:
            print(f"      {'':<11} to mend it: {check.cure}")
    failed = sum(check.status == FAIL for check in checks)
    warned = sum(check.status == WARN for check in checks)
    if failed:
        print(f"\n{failed} of {len(checks)} checks failed. Mend the first, then run this again.")
    else:
        print(f"\nThe course will run. Checks: {len(checks)}, warnings: {warned}.")
    return not failed


def _guarded(name, check):
    """Run one check; turn an exception into a FAIL, since a doctor must not faint."""
    try:
        return check()
    except Exception as error:
        detail = f"could not be checked ({type(error).__name__}: {error})"
        return Check(name, FAIL, detail, install_command())


def check_python():
    """Is this Python one that the course is tested with?"""
    found = ".".join(map(str, sys.version_info[:3]))
    if _OLDEST <= tuple(sys.version_info[:2]) < _TOO_NEW:
        return Check("Python", OK, found)
    detail = f"{found}; the course needs 3.11, 3.12 or 3.13"
    return Check("Python", FAIL, detail, "make setup PYTHON=python3.12")


def check_packages():
    """Is the course installed, with every package it needs in a version it allows?"""
    problems, mend, wanted = [], [], requirements()
    for name, specifier in ((r.name, r.specifier) for r in wanted):
        version = installed_version(name)
        if version is None and name in _TENSORFLOW:  # the other wheel, for a GPU, does as well
            version = installed_version(*_TENSORFLOW - {name})
        if version is None or not specifier.contains(version, prereleases=True):
            problem = "is missing" if version is None else f"{version} is not {specifier}"
            problems.append(f"{name} {problem}")
            mend.append(f"{name}{specifier}")
    if problems:
        return Check("packages", FAIL, "; ".join(problems), install_command(*mend))
    if installed_version(PROJECT) is None:
        detail = f"{PROJECT} itself is not installed, so notebooks cannot import it"
        return Check("packages", FAIL, detail, install_command())
    return Check("packages", OK, f"all {len(wanted)} there, in versions the course allows")


def check_tensorflow():
    """Does TensorFlow start? Tried in a process of its own, because a failure can be a crash."""
    if all(map(installed_version, _TENSORFLOW)):
        detail = "tensorflow and tensorflow-cpu are both installed and share one folder"
        remove = f"{python_command()} -m pip uninstall -y tensorflow tensorflow-cpu"
        return Check("TensorFlow", WARN, detail, f"{remove}, then {install_command()}")
    code = "from styleguard_edu.backend import keras, tf; print(tf.__version__, keras.__version__)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=180,  # the first start reads some hundred megabytes from a possibly slow disk
        cwd=CHECKOUT,
        check=False,
    )
    if run.returncode == 0:
        tensorflow, keras = run.stdout.split()[-2:]
        return Check("TensorFlow", OK, f"{tensorflow} starts, with Keras {keras}")
    last_line = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
    wheels = [f"{r.name}{r.specifier}" for r in requirements() if r.name in _TENSORFLOW]
    cure = install_command(*wheels, again=any(map(installed_version, _TENSORFLOW)))
    if "DLL load failed" in run.stderr:  # a fresh Windows lacks Microsoft's C++ runtime
        cure = "winget install Microsoft.VCRedist.2015+.x64"
    return Check("TensorFlow", FAIL, f"does not start: {last_line}", cure)


def check_kernel():
    """Will Jupyter's kernel "python3" be this very Python?"""
    if installed_version("ipykernel") is None:
        return Check("kernel", FAIL, "ipykernel is missing", install_command("ipykernel"))
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    own_prefix = sys.prefix != sys.base_prefix or (Path(sys.prefix) / "conda-meta").is_dir()
    where = "--sys-prefix" if own_prefix else "--user"
    cure = f"{python_command()} -m ipykernel install {where} --name python3"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Check("kernel", FAIL, 'Jupyter knows no kernel "python3"', cure)
    # A bare "python" stands for the Python that runs Jupyter. Symbolic links are not followed:
    # in every virtual environment, python is a link to the same program.
    bare = program in {"python", "python3", "python{}.{}".format(*sys.version_info[:2])}
    own, its = (os.path.normcase(os.path.abspath(path)) for path in (sys.executable, program))
    if bare or own == its:
        return Check("kernel", OK, 'the kernel "python3" is this Python')
    return Check("kernel", FAIL, f'the kernel "python3" is another Python: {program}', cure)


def check_widgets():
    """Can JupyterLab show the interactive explorers?"""
    pair = ("ipywidgets", "jupyterlab_widgets")
    if missing := [name for name in pair if installed_version(name) is None]:
        detail = f"missing: {', '.join(missing)}"
        return Check("widgets", FAIL, detail, install_command(*pair))
    from jupyter_core.paths import jupyter_path
    from packaging.requirements import Requirement

    ipywidgets, manager = map(installed_version, pair)
    for needed in map(Requirement, metadata.requires("ipywidgets") or []):
        if needed.name == "jupyterlab_widgets" and manager not in needed.specifier:
            detail = f"jupyterlab_widgets {manager}; ipywidgets {ipywidgets} needs {needed}"
            return Check("widgets", FAIL, detail, install_command(str(needed)))
    extension = Path("@jupyter-widgets", "jupyterlab-manager", "package.json")
    if not any((Path(folder) / extension).is_file() for folder in jupyter_path("labextensions")):
        detail = "JupyterLab's widget extension is not installed"
        return Check("widgets", FAIL, detail, install_command("jupyterlab_widgets", again=True))
    return Check("widgets", OK, f"ipywidgets {ipywidgets}, manager {manager}")


def check_data():
    """Are digits and paintings of the course whole, and which digits will the notebooks use?"""
    from .datasets import load_digits
    from .gallery import load_paintings

    bundled = {
        "digits.npz": lambda: load_digits("bundled", verbose=False),
        "paintings": load_paintings,
    }
    for part, load in bundled.items():
        try:
            load()
        except Exception as error:
            detail = f"data/{part} of the course cannot be read: {error}"
            return Check("data", FAIL, detail, restore_command(part))
    try:
        digits = load_digits(verbose=False)
    except Exception as error:  # a broken mnist.npz, or a wrong STYLEGUARD_DIGITS
        return Check("data", FAIL, str(error), _digits_cure())
    detail = f"notebooks will use the {digits.source} digits, {len(digits.train.images)} to train"
    return Check("data", OK, detail)


def _digits_cure():
    """The command after which digits can be loaded, by what keeps them from it."""
    from .datasets import digit_source, mnist_path

    fetch = f"{python_command()} -m styleguard_edu.datasets"
    try:
        digit_source()
    except ValueError:
        return ("Remove-Item Env:" if _WINDOWS else "unset ") + "STYLEGUARD_DIGITS"
    if not os.path.lexists(path := mnist_path()):
        return fetch
    return f'{"Move-Item" if _WINDOWS else "mv"} "{path}" "{path}.damaged"; {fetch}'


def check_checkpoints():
    """Is every trained network that ships with the course what its card says?"""
    from .files import data_path, sha256

    cards = sorted(data_path("checkpoints").glob("*/card.json"))
    if not cards:
        return Check("checkpoints", FAIL, "none found", restore_command("checkpoints"))
    damaged = []
    for card in cards:
        try:
            files = dict(json.loads(card.read_text(encoding="utf-8"))["sha256"])
        except (ValueError, KeyError, TypeError):
            files = {card.name: "a card that can be read"}
        for file, expected in files.items():
            path = card.with_name(file)
            if not path.is_file() or sha256(path) != expected:
                damaged.append(f"{card.parent.name}/{file}")
    if damaged:
        detail = f"damaged or missing: {', '.join(damaged)}"
        return Check("checkpoints", FAIL, detail, restore_command("checkpoints"))
    return Check("checkpoints", OK, ", ".join(card.parent.name for card in cards))


def check_cores():
    """How many processor cores may this process use?"""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        cores = os.cpu_count() or 1
    if cores >= 2:
        return Check("cores", OK, str(cores))
    return Check("cores", WARN, "1; the notebooks state times for 2, expect about double")


def check_memory():
    """Is there room for the largest notebook, which stays below 2 GB?"""
    import psutil

    free = min([psutil.virtual_memory().available, *_container_memory()]) / _GIB
    if free >= 2:
        return Check("memory", OK, f"{free:.1f} GB free")
    detail = f"{free:.1f} GB free, a notebook needs up to 2 GB: close other programs"
    cure = f"save your notebooks, then {python_command()} -m jupyter server stop"
    return Check("memory", WARN if free >= 1 else FAIL, detail, cure)


def check_disk():
    """Is there room to save notebooks and trained networks?"""
    free = shutil.disk_usage(Path.cwd()).free / _GIB
    if free >= 1:
        return Check("disk", OK, f"{free:.0f} GB free")
    detail, cure = f"{free:.1f} GB free, 1 GB is wanted", f"{python_command()} -m pip cache purge"
    return Check("disk", WARN if free >= 0.2 else FAIL, detail, cure)


_CHECKS = {
    "Python": check_python,
    "packages": check_packages,
    "TensorFlow": check_tensorflow,
    "kernel": check_kernel,
    "widgets": check_widgets,
    "data": check_data,
    "checkpoints": check_checkpoints,
    "cores": check_cores,
    "memory": check_memory,
    "disk": check_disk,
}


def _container_memory():
    """Return the bytes left under a container's limit (such as Binder's): none or one number."""
    control = Path("/sys/fs/cgroup")
    try:
        limit = int((control / "memory.max").read_text())  # "max" if there is no limit
        used = dict(line.split() for line in (control / "memory.stat").read_text().splitlines())
        return [limit - int(used["anon"])]  # the rest is file cache, which gives way
    except (OSError, ValueError, KeyError):
        return []


if __name__ == "__main__":
    sys.exit(not report())
