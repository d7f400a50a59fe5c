"""Checks of Python, of its packages and of Jupyter."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .. import installation
from ..files import IN_UTF8
from ..installation import (
    CHECKOUT,
    PROJECT,
    install_command,
    installed_version,
    python_command,
    quoted,
    requirements,
)
from .check import FAIL, OK, WARN, Check

OLDEST, TOO_NEW = (3, 11), (3, 14)  # the same range as requires-python in pyproject.toml
_TENSORFLOW = {"tensorflow", "tensorflow-cpu"}  # two wheels, one package folder
_OLD_PROCESSOR = (
    "this processor lacks instructions (AVX) that TensorFlow is built with",
    "use a computer with a processor made after 2013, or a hosted Jupyter service",
)
_NO_MEMORY = ("the system stopped it, mostly for lack of memory", "close other programs")
# Exit codes of a TensorFlow that the system stopped: an illegal instruction, then a kill.
_STOPPED = dict.fromkeys((-4, 132, 0xC000001D), _OLD_PROCESSOR) | {-9: _NO_MEMORY, 137: _NO_MEMORY}


def _run(*command):
    """Run a command whose output is text, whatever its bytes are."""
    return subprocess.run(
        command,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        env=os.environ | IN_UTF8,
        timeout=180,  # TensorFlow's first start reads some hundred megabytes, perhaps slowly
        cwd=CHECKOUT,
        check=False,
    )


def check_python():
    """Is this Python one that the course is tested with?"""
    found = ".".join(map(str, sys.version_info[:3]))
    if OLDEST <= tuple(sys.version_info[:2]) < TOO_NEW:
        return Check("Python", OK, found)
    start = "py -" if installation.WINDOWS else "python"
    there = [python for minor in (13, 12, 11) if _starts(python := f"{start}3.{minor}")]
    cure = "install Python 3.13, then run this again"
    if there:
        make = "{} -m venv --clear .venv" if installation.WINDOWS else "make setup PYTHON={}"
        cure = make.format(there[0])
    return Check("Python", FAIL, f"{found}; the course needs 3.11, 3.12 or 3.13", cure)


def _starts(command):
    try:
        return _run(*command.split(), "-c", "").returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def check_packages():
    """Is the course installed, with every package it needs in a version it allows?"""
    core = {r.name for r in requirements()}
    status, problems, needed = WARN, [], []  # without JupyterLab, other notebook editors do
    for name, specifier in ((r.name, r.specifier) for r in requirements("lab")):
        version = installed_version(name)
        if version is None and name in _TENSORFLOW:  # the other wheel, for a GPU, does as well
            version = installed_version(*_TENSORFLOW - {name})
        if version is None or not specifier.contains(version, prereleases=True):
            problem = "is missing" if version is None else f"{version} is not {specifier}"
            problems.append(f"{name} {problem}")
            needed.append(f"{name}{specifier}")
            status = FAIL if name in core else status
    if problems:
        return Check("packages", status, "; ".join(problems), install_command(*needed))
    if installed_version(PROJECT) is None:
        detail = f"{PROJECT} itself is not installed, so notebooks cannot import it"
        return Check("packages", FAIL, detail, install_command())
    return Check("packages", OK, "all there, in versions the course allows")


def check_tensorflow():
    """Does TensorFlow start? Tried in a process of its own, because a failure can be a crash."""
    if all(map(installed_version, _TENSORFLOW)):
        detail = "tensorflow and tensorflow-cpu are both installed and share one folder"
        remove = f"{python_command()} -m pip uninstall -y tensorflow tensorflow-cpu"
        return Check("TensorFlow", WARN, detail, f"{remove}, then {install_command()}")
    code = "from styleguard_edu.backend import keras, tf; print(tf.__version__, keras.__version__)"
    run = _run(sys.executable, "-c", code)
    if run.returncode == 0:
        tensorflow, keras = run.stdout.split()[-2:]
        return Check("TensorFlow", OK, f"{tensorflow} starts, with Keras {keras}")
    detail, cure = _STOPPED.get(run.returncode, ("", ""))
    if not detail:
        lines = [f"exit code {run.returncode}", *run.stderr.strip().splitlines()]
        detail = next((line for line in reversed(lines) if "Error" in line), lines[-1])
        if "DLL load failed" in run.stderr:  # a fresh Windows lacks Microsoft's C++ runtime
            cure = "winget install Microsoft.VCRedist.2015+.x64"
        elif "ImportError" in run.stderr or "ModuleNotFoundError" in run.stderr:
            wheels = [f"{r.name}{r.specifier}" for r in requirements() if r.name in _TENSORFLOW]
            cure = install_command(*wheels, again=any(map(installed_version, _TENSORFLOW)))
    return Check("TensorFlow", FAIL, f"does not start: {detail}", cure)


def check_kernel():
    """Will Jupyter's kernel "python3" be this very Python?"""
    if installed_version("ipykernel") is None:
        return Check("kernel", FAIL, "ipykernel is missing", install_command("ipykernel"))
    from jupyter_client.kernelspec import KernelSpecManager

    own_prefix = sys.prefix != sys.base_prefix or (Path(sys.prefix) / "conda-meta").is_dir()
    where = "--sys-prefix" if own_prefix else "--user"
    cure = f"{python_command()} -m ipykernel install {where} --name python3"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except Exception as error:  # there is none, or its file is damaged
        return Check("kernel", FAIL, f'no kernel "python3" can be used: {error!r}', cure)
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

    extension = Path("@jupyter-widgets", "jupyterlab-manager", "package.json")
    if not any((Path(folder) / extension).is_file() for folder in jupyter_path("labextensions")):
        detail = "JupyterLab's widget extension is not installed"
        return Check("widgets", FAIL, detail, install_command("jupyterlab_widgets", again=True))
    versions = ", ".join(f"{name} {installed_version(name)}" for name in pair)
    return Check("widgets", OK, versions)


def check_folders():
    """Can Jupyter write its own files? It cannot start otherwise."""
    from jupyter_core import paths

    folders = [paths.jupyter_config_dir(), paths.jupyter_data_dir(), paths.jupyter_runtime_dir()]
    for folder in map(Path, folders):
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
            names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
            instead = quoted(Path(tempfile.gettempdir(), "jupyter"))
            cure = "export " + " ".join(f"{name}={instead}" for name in names)
            if installation.WINDOWS:
                cure = " = ".join([*(f"$env:{name}" for name in names), instead])
            return Check("folders", FAIL, f"Jupyter cannot write to {quoted(folder)}", cure)
    return Check("folders", OK, "Jupyter can write its own files")
