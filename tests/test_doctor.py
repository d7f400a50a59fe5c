"""The doctor: every check passes on a sound installation, and names the cure on a broken one."""

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

from styleguard_edu import datasets, doctor, files, gallery
from styleguard_edu import files as installation
from styleguard_edu.doctor import FAIL, OK, WARN, Check

import numpy as np
import psutil
import pytest


@pytest.fixture
def versions(monkeypatch):
    """Pretend that packages have other versions: ``versions["keras"] = "2.0"``, or None."""
    pretended = {installation.PROJECT: "0.1.0"}
    real = installation.installed_version
    monkeypatch.setattr(doctor, "installed_version", lambda name: pretended.get(name, real(name)))
    return pretended


def test_a_sound_installation_passes_the_checks_that_depend_on_it(versions):
    names = ("Python", "packages", "kernel", "widgets", "data")
    checks = [doctor._guarded(name, doctor._CHECKS[name]) for name in names]
    assert [(check.status, check.cure) for check in checks] == [(OK, "")] * len(names), checks


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0)])
def test_a_python_out_of_range_fails(monkeypatch, version):
    monkeypatch.setattr(doctor.sys, "version_info", version)
    check = doctor.check_python()
    assert check.status == FAIL and ".".join(map(str, version)) in check.detail
    assert "make setup PYTHON=" in check.cure


def test_missing_and_old_packages_are_named_with_one_command_for_all(versions):
    versions.update({"tqdm": None, "keras": "2.15.0"})
    check = doctor.check_packages()
    assert check.status == FAIL
    assert "tqdm is missing" in check.detail and "keras 2.15.0 is not" in check.detail
    assert '"keras<4,>=3.15"' in check.cure and '"tqdm<5,>=4.70"' in check.cure


def test_the_other_tensorflow_wheel_counts_as_tensorflow(versions):
    versions.update({"tensorflow-cpu": None, "tensorflow": "2.21.0"})
    assert doctor.check_packages().status == OK


def test_a_project_that_is_not_installed_fails(versions):
    versions[installation.PROJECT] = None
    check = doctor.check_packages()
    assert check.status == FAIL and "cannot import" in check.detail and " -e " in check.cure


def test_both_tensorflow_wheels_at_once_are_a_warning(versions):
    versions.update({"tensorflow-cpu": "2.21.0", "tensorflow": "2.21.0"})
    check = doctor.check_tensorflow()
    assert check.status == WARN and "uninstall -y tensorflow tensorflow-cpu" in check.cure


@pytest.mark.parametrize(
    ("stderr", "detail", "cure"),
    [
        ("Traceback\nImportError: no AVX", "no AVX", "--force-reinstall"),
        ("ImportError: DLL load failed while importing x", "DLL load failed", "winget install"),
        ("", "exit code 132", "--force-reinstall"),
    ],
)
def test_a_tensorflow_that_does_not_start_fails(versions, monkeypatch, stderr, detail, cure):
    versions["tensorflow"] = None
    result = SimpleNamespace(returncode=132, stdout="", stderr=stderr)
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: result)
    check = doctor.check_tensorflow()
    assert check.status == FAIL and detail in check.detail and cure in check.cure


def test_a_tensorflow_that_hangs_fails_without_raising(versions, monkeypatch):
    def hang(*_, timeout, **__):
        raise subprocess.TimeoutExpired("python", timeout)

    monkeypatch.setattr(doctor.subprocess, "run", hang)
    check = doctor._guarded("TensorFlow", doctor.check_tensorflow)
    assert check.status == FAIL and "timed out" in check.detail


def set_kernel(monkeypatch, answer):
    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", answer)


def test_a_kernel_of_another_python_fails(monkeypatch):
    program = os.path.join(os.sep, "elsewhere", "python")
    set_kernel(monkeypatch, lambda *_: SimpleNamespace(argv=[program, "-m"]))
    check = doctor.check_kernel()
    assert check.status == FAIL and program in check.detail and "ipykernel install" in check.cure


def test_a_kernel_that_names_this_very_python_passes(monkeypatch):
    set_kernel(monkeypatch, lambda *_: SimpleNamespace(argv=[sys.executable, "-m"]))
    assert doctor.check_kernel().status == OK


def test_no_kernel_fails(monkeypatch):
    from jupyter_client.kernelspec import NoSuchKernel

    def missing(*_):
        raise NoSuchKernel("python3")

    set_kernel(monkeypatch, missing)
    assert doctor.check_kernel().status == FAIL


def test_a_missing_ipykernel_fails(versions):
    versions["ipykernel"] = None
    check = doctor.check_kernel()
    assert check.status == FAIL and check.cure.endswith('"ipykernel"')


@pytest.mark.parametrize("name", ["ipywidgets", "jupyterlab_widgets"])
def test_a_missing_widget_package_fails(versions, name):
    versions[name] = None
    check = doctor.check_widgets()
    assert check.status == FAIL and name in check.detail and name in check.cure


def test_a_widget_manager_that_does_not_match_fails(versions):
    versions["jupyterlab_widgets"] = "1.1.0"
    check = doctor.check_widgets()
    assert check.status == FAIL and "1.1.0" in check.detail and "jupyterlab_widgets" in check.cure


def test_a_missing_lab_extension_fails(monkeypatch, tmp_path):
    import jupyter_core.paths

    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *_: [str(tmp_path)])
    check = doctor.check_widgets()
    assert check.status == FAIL and "--force-reinstall" in check.cure


def test_damaged_bundled_digits_fail(monkeypatch, tmp_path):
    (tmp_path / "digits.npz").write_bytes(b"PK nonsense")
    monkeypatch.setattr(datasets, "data_path", tmp_path.joinpath)
    check = doctor.check_data()
    assert check.status == FAIL and "data/digits.npz" in check.detail
    assert check.cure == installation.restore_command("digits.npz")


def test_missing_paintings_fail(monkeypatch, tmp_path):
    monkeypatch.setattr(gallery, "data_path", tmp_path.joinpath)
    check = doctor.check_data()
    assert check.status == FAIL and "data/paintings" in check.detail
    assert check.cure == installation.restore_command("paintings")


@pytest.fixture
def no_mnist(monkeypatch, tmp_path):
    """The path of an MNIST that is not there, although it is asked for."""
    monkeypatch.setenv("STYLEGUARD_DATA", str(tmp_path))
    monkeypatch.delenv("STYLEGUARD_DIGITS", raising=False)
    return tmp_path / "mnist.npz"


def test_a_missing_mnist_fails_with_the_command_that_fetches_it(no_mnist):
    check = doctor.check_data()
    assert check.status == FAIL and str(no_mnist) in check.detail
    assert check.cure == f"{installation.python_command()} -m styleguard_edu.datasets"


def test_a_damaged_mnist_is_moved_away_before_it_is_fetched_again(no_mnist, monkeypatch):
    np.savez(no_mnist, x_train=np.zeros(3))
    check = doctor.check_data()
    assert check.status == FAIL and str(no_mnist) in check.detail
    move, fetch = check.cure.split("; ")
    assert fetch == f"{installation.python_command()} -m styleguard_edu.datasets"
    assert move.endswith(f' "{no_mnist}" "{no_mnist}.damaged"')
    monkeypatch.setattr(doctor, "_WINDOWS", True)
    assert doctor.check_data().cure.startswith("Move-Item ")


@pytest.mark.parametrize(
    ("windows", "cure"),
    [(False, "unset STYLEGUARD_DIGITS"), (True, "Remove-Item Env:STYLEGUARD_DIGITS")],
)
def test_a_wrong_variable_is_to_be_unset(monkeypatch, windows, cure):
    monkeypatch.setenv("STYLEGUARD_DIGITS", "minst")
    monkeypatch.setattr(doctor, "_WINDOWS", windows)
    check = doctor.check_data()
    assert check.status == FAIL and "minst" in check.detail and check.cure == cure


@pytest.fixture
def checkpoint(monkeypatch, tmp_path):
    """A folder with one checkpoint of one small file, which the doctor takes for the shipped."""
    home = tmp_path / "checkpoints" / "toy"
    home.mkdir(parents=True)
    (home / "net.keras").write_bytes(b"weights")
    card = {"sha256": {"net.keras": files.sha256(home / "net.keras")}}
    (home / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr(files, "data_path", tmp_path.joinpath)
    return home


def test_a_whole_checkpoint_passes(checkpoint):
    assert doctor.check_checkpoints() == Check("checkpoints", OK, "toy")


@pytest.mark.parametrize(
    ("file", "content"),
    [("net.keras", "{"), *(("card.json", text) for text in ("{", "{}", "[]", '{"sha256": 3}'))],
)
def test_a_changed_checkpoint_fails_and_is_named(checkpoint, file, content):
    (checkpoint / file).write_text(content)
    check = doctor.check_checkpoints()
    assert check.status == FAIL and f"toy/{file}" in check.detail and check.cure


def test_a_missing_network_and_no_checkpoint_at_all_fail(checkpoint):
    (checkpoint / "net.keras").unlink()
    assert "toy/net.keras" in doctor.check_checkpoints().detail
    shutil.rmtree(checkpoint)
    assert doctor.check_checkpoints().status == FAIL


def test_one_core_is_a_warning(monkeypatch):
    monkeypatch.setattr(doctor.os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert doctor.check_cores().status == WARN


@pytest.mark.parametrize(("free", "status"), [(2.1, OK), (1.5, WARN), (0.5, FAIL)])
def test_little_memory_warns_and_very_little_fails(monkeypatch, free, status):
    memory = SimpleNamespace(available=int(free * 2**30))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(doctor, "_container_memory", lambda: [])
    check = doctor.check_memory()
    assert check.status == status and bool(check.cure) == (status != OK)


def test_a_containers_limit_counts(monkeypatch):
    monkeypatch.setattr(doctor, "_container_memory", lambda: [2**29])
    assert doctor.check_memory().status == FAIL


@pytest.mark.parametrize(("free", "status"), [(1.5, OK), (0.5, WARN), (0.1, FAIL)])
def test_little_disk_warns_and_very_little_fails(monkeypatch, free, status):
    usage = namedtuple("usage", "free")(int(free * 2**30))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    check = doctor.check_disk()
    assert check.status == status and bool(check.cure) == (status != OK)


def test_no_check_may_raise(monkeypatch):
    def faint():
        raise RuntimeError("oh no")

    monkeypatch.setattr(doctor, "_CHECKS", dict.fromkeys(doctor._CHECKS, faint))
    checks = doctor.diagnose()
    assert len(checks) == 10
    assert all(check.status == FAIL and "oh no" in check.detail for check in checks)


@pytest.mark.parametrize(
    ("checks", "sound", "text"),
    [
        ([Check("a", OK, "fine")], True, "The course will run. Checks: 1, warnings: 0."),
        ([Check("a", WARN, "hm", "mend")], True, "warnings: 1"),
        ([Check("a", FAIL, "two\nlines", "mend")], False, "1 of 1 checks failed"),
    ],
)
def test_the_report_shows_one_line_a_check_and_the_cure(capsys, checks, sound, text):
    assert doctor.report(checks) is sound
    printed = capsys.readouterr().out
    assert text in printed
    assert ("to mend it: mend" in printed) == bool(checks[0].cure)
    assert "two\nlines" not in printed


def test_it_works_without_any_package():
    """On a bare Python (-S: no site-packages) it still reports ten checks, most of them failed."""
    run = subprocess.run(
        [sys.executable, "-S", "-m", "styleguard_edu.doctor"],
        cwd=Path(doctor.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1 and run.stderr == ""
    lines = [line for line in run.stdout.splitlines() if line.startswith(("OK", "WARN", "FAIL"))]
    assert [line.split()[1] for line in lines] == list(doctor._CHECKS)


def test_an_interpreter_with_a_space_in_its_path_is_quoted(monkeypatch):
    monkeypatch.setattr(installation.sys, "executable", "C:/My Files/python.exe")
    assert '"C:/My Files/python.exe" -m pip' in installation.install_command("tqdm")


def test_data_are_restored_by_git_in_a_checkout_and_by_pip_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setattr(installation, "CHECKOUT", tmp_path)
    assert installation.restore_command("digits.npz").endswith(
        f'--force-reinstall --no-deps "{installation.WHEEL}"'
    )
    (tmp_path / "pyproject.toml").touch()  # a copy without git
    assert "copy data/digits.npz from there" in installation.restore_command("digits.npz")
    (tmp_path / ".git").mkdir()
    assert installation.restore_command("digits.npz").endswith("checkout -- data/digits.npz")


def test_without_a_checkout_the_installed_package_says_what_it_requires(monkeypatch, tmp_path):
    monkeypatch.setattr(installation, "CHECKOUT", tmp_path)
    listed = ["numpy>=2", 'ruff>=0.1; extra == "dev"', 'colorama; sys_platform == "nowhere"']
    monkeypatch.setattr(installation.metadata, "requires", lambda _: listed)
    assert [str(requirement) for requirement in installation.requirements()] == ["numpy>=2"]
