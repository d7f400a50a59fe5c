"""The doctor: each check passes on a working installation, and names what helps on a broken one."""

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

from styleguard_edu import checkpoints, cli, datasets, doctor, files, gallery, installation
from styleguard_edu.doctor import course, machine, software
from styleguard_edu.doctor.check import FAIL, OK, WARN, Check

import jupyter_core.paths
import numpy as np
import psutil
import pytest

ROOT = Path(doctor.__file__).parents[2]


@pytest.fixture
def versions(monkeypatch):
    """Pretend that packages have other versions: ``versions["keras"] = "2.0"``, or None."""
    pretended = {installation.PROJECT: "0.2.0"}
    real = installation.installed_version
    monkeypatch.setattr(software, "installed_version", lambda name: pretended.get(name, real(name)))
    return pretended


def answers(monkeypatch, **result):
    """Let every command that the doctor runs end like this."""
    result = SimpleNamespace(**{"returncode": 0, "stdout": "", "stderr": "", **result})
    monkeypatch.setattr(software.subprocess, "run", lambda *_, **__: result)


def test_a_working_installation_passes_the_checks_that_depend_on_it(versions):
    names = ("Python", "packages", "kernel", "widgets", "data", "checkpoints")
    checks = [doctor._guarded(name, doctor._CHECKS[name]) for name in names]
    assert [(check.status, check.cure) for check in checks] == [(OK, "")] * len(names), checks


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0)])
@pytest.mark.parametrize(
    ("windows", "returncode", "cure"),
    [
        (False, 0, "make setup PYTHON=python3.13"),
        (True, 0, "py -3.13 -m venv --clear .venv"),
        (True, 1, "install Python 3.13, then run this again"),
    ],
)
def test_a_python_out_of_range_fails_and_one_that_is_there_is_named(
    monkeypatch, version, windows, returncode, cure
):
    monkeypatch.setattr(software.sys, "version_info", version)
    monkeypatch.setattr(installation, "WINDOWS", windows)
    answers(monkeypatch, returncode=returncode)
    check = software.check_python()
    assert (check.status, check.cure) == (FAIL, cure)
    assert ".".join(map(str, version)) in check.detail


def test_missing_and_old_packages_are_named_with_one_command_for_all(versions):
    versions.update({"tqdm": None, "keras": "2.15.0"})
    check = software.check_packages()
    assert check.status == FAIL
    assert "tqdm is missing" in check.detail and "keras 2.15.0 is not" in check.detail
    assert check.cure.endswith("'keras<4,>=3.15' 'tqdm<5,>=4.70'")


def test_a_missing_jupyterlab_is_a_warning(versions):
    versions["jupyterlab"] = None
    check = software.check_packages()
    assert check.status == WARN and check.cure.endswith("'jupyterlab<5,>=4.6'")


def test_the_other_tensorflow_wheel_counts_as_tensorflow(versions):
    versions.update({"tensorflow-cpu": None, "tensorflow": "2.21.0"})
    assert software.check_packages().status == OK


def test_a_project_that_is_not_installed_fails(versions):
    versions[installation.PROJECT] = None
    check = software.check_packages()
    assert check.status == FAIL and "cannot import" in check.detail and " -e " in check.cure


def test_both_tensorflow_wheels_at_once_are_a_warning(versions):
    versions.update({"tensorflow-cpu": "2.21.0", "tensorflow": "2.21.0"})
    check = software.check_tensorflow()
    assert check.status == WARN and "uninstall -y tensorflow tensorflow-cpu" in check.cure


@pytest.mark.parametrize(
    ("code", "stderr", "detail", "cure"),
    [
        (1, "ImportError: no such symbol\nFailed to load", "no such symbol", "--force-reinstall"),
        (1, "ImportError: DLL load failed for x\nFailed to load", "DLL load", "winget install"),
        (1, "ValueError: Invalid `floatx` configuration", "floatx", ""),
        (-4, "", "lacks instructions (AVX)", "use a computer with"),
        (0xC000001D, "", "lacks instructions (AVX)", "use a computer with"),
        (137, "Traceback", "lack of memory", "close other programs"),
        (77, "", "exit code 77", ""),
    ],
)
def test_a_tensorflow_that_does_not_start_fails_and_only_what_can_help_is_advised(
    versions, monkeypatch, code, stderr, detail, cure
):
    versions["tensorflow"] = None
    answers(monkeypatch, returncode=code, stderr=stderr)
    check = software.check_tensorflow()
    assert check.status == FAIL and detail in check.detail
    assert cure in check.cure and bool(cure) == bool(check.cure)


def test_what_a_command_writes_is_read_whatever_its_bytes_are():
    code = "import sys; sys.stdout.buffer.write(b'\\xff\\xe8 ok'); print('课程')"
    assert software._run(sys.executable, "-c", code).stdout == "\ufffd\ufffd ok课程\n"


def test_a_tensorflow_that_hangs_fails_without_raising(versions, monkeypatch):
    def hang(*_, timeout, **__):
        raise subprocess.TimeoutExpired("python", timeout)

    monkeypatch.setattr(software.subprocess, "run", hang)
    check = doctor._guarded("TensorFlow", software.check_tensorflow)
    assert check.status == FAIL and "timed out" in check.detail


def set_kernel(monkeypatch, answer):
    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", answer)


def test_a_kernel_of_another_python_fails(monkeypatch):
    program = os.path.join(os.sep, "elsewhere", "python")
    set_kernel(monkeypatch, lambda *_: SimpleNamespace(argv=[program, "-m"]))
    check = software.check_kernel()
    assert check.status == FAIL and program in check.detail and "ipykernel install" in check.cure


def test_a_kernel_that_names_this_very_python_passes(monkeypatch):
    set_kernel(monkeypatch, lambda *_: SimpleNamespace(argv=[sys.executable, "-m"]))
    assert software.check_kernel().status == OK


@pytest.mark.parametrize("fault", [KeyError("python3"), ValueError("no JSON")])
def test_no_kernel_or_a_damaged_one_fails_with_what_installs_it(monkeypatch, fault):
    def missing(*_):
        raise fault

    set_kernel(monkeypatch, missing)
    check = software.check_kernel()
    assert check.status == FAIL and "ipykernel install" in check.cure


def test_a_missing_ipykernel_fails(versions):
    versions["ipykernel"] = None
    check = software.check_kernel()
    assert check.status == FAIL and check.cure.endswith(" ipykernel")


@pytest.mark.parametrize("name", ["ipywidgets", "jupyterlab_widgets"])
def test_a_missing_widget_package_fails(versions, name):
    versions[name] = None
    check = software.check_widgets()
    assert check.status == FAIL and name in check.detail and name in check.cure


def test_a_missing_lab_extension_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *_: [str(tmp_path)])
    check = software.check_widgets()
    assert check.status == FAIL and "--force-reinstall" in check.cure


@pytest.mark.parametrize(("windows", "cure"), [(False, "export JUPYTER_"), (True, "$env:JUPYTER_")])
def test_a_home_that_jupyter_cannot_write_fails(monkeypatch, tmp_path, windows, cure):
    (tmp_path / "home").touch()
    home = tmp_path / "home" / "jupyter"
    monkeypatch.setattr(jupyter_core.paths, "jupyter_data_dir", lambda: str(home))
    monkeypatch.setattr(installation, "WINDOWS", windows)
    check = software.check_folders()
    assert check.status == FAIL and str(home) in check.detail and check.cure.startswith(cure)


def test_damaged_bundled_digits_fail(monkeypatch, tmp_path):
    (tmp_path / "digits.npz").write_bytes(b"PK nonsense")
    monkeypatch.setattr(datasets, "data_path", tmp_path.joinpath)
    check = course.check_data()
    assert check.status == FAIL and "data/digits.npz" in check.detail
    assert check.cure == installation.restore_command("digits.npz")


@pytest.fixture
def contents(monkeypatch):
    """The names of what should be there."""
    names = []
    monkeypatch.setattr(course, "_contents", lambda: names)
    return names


def test_a_single_missing_painting_fails(contents):
    contents.append("paintings/no_such.jpg")
    check = course.check_data()
    assert check.status == FAIL and check.detail == "missing: paintings/no_such.jpg"


def test_missing_paintings_fail(monkeypatch, tmp_path):
    monkeypatch.setattr(gallery, "data_path", tmp_path.joinpath)
    check = course.check_data()
    assert check.status == FAIL and "data/paintings" in check.detail
    assert check.cure == installation.restore_command("paintings")


@pytest.fixture
def no_mnist(monkeypatch, tmp_path):
    """The path of an MNIST that is not there, although it is asked for."""
    monkeypatch.setenv("STYLEGUARD_DATA", str(tmp_path))
    monkeypatch.delenv("STYLEGUARD_DIGITS", raising=False)
    return tmp_path / "mnist.npz"


def test_a_missing_mnist_fails_with_the_command_that_fetches_it(no_mnist):
    check = course.check_data()
    assert check.status == FAIL and str(no_mnist) in check.detail
    assert check.cure == f"{installation.python_command()} -m styleguard_edu.datasets"


def test_a_damaged_mnist_is_moved_away_before_it_is_fetched_again(no_mnist, monkeypatch):
    np.savez(no_mnist, x_train=np.zeros(3))
    check = course.check_data()
    assert check.status == FAIL and str(no_mnist) in check.detail
    move, fetch = check.cure.split("; ")
    assert fetch == f"{installation.python_command()} -m styleguard_edu.datasets"
    assert move == f"mv {no_mnist} {no_mnist}.damaged"
    monkeypatch.setattr(installation, "WINDOWS", True)
    assert course.check_data().cure.startswith("Move-Item ")


@pytest.mark.parametrize(
    ("windows", "cure"),
    [(False, "unset STYLEGUARD_DIGITS"), (True, "Remove-Item Env:STYLEGUARD_DIGITS")],
)
def test_a_wrong_variable_is_to_be_unset(monkeypatch, windows, cure):
    monkeypatch.setenv("STYLEGUARD_DIGITS", "minst")
    monkeypatch.setattr(installation, "WINDOWS", windows)
    check = course.check_data()
    assert check.status == FAIL and "minst" in check.detail and check.cure == cure


@pytest.fixture
def checkpoint(monkeypatch, tmp_path, contents):
    """A folder with one checkpoint of one small file, which the doctor takes for the shipped."""
    home = tmp_path / "checkpoints" / "toy"
    home.mkdir(parents=True)
    (home / "net.keras").write_bytes(b"weights")
    card = {"sha256": {"net.keras": files.sha256(home / "net.keras")}}
    (home / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr(checkpoints, "data_path", tmp_path.joinpath)
    contents.append("checkpoints/toy")
    return home


def test_a_whole_checkpoint_passes(checkpoint):
    assert course.check_checkpoints().status == OK


@pytest.mark.parametrize(
    ("file", "content"),
    [("net.keras", "{"), *(("card.json", text) for text in ("{", "{}", "[]", '{"sha256": 3}'))],
)
def test_a_changed_checkpoint_fails_and_is_named(checkpoint, file, content):
    (checkpoint / file).write_text(content)
    check = course.check_checkpoints()
    assert check.status == FAIL and "checkpoints/toy" in check.detail
    assert check.cure == installation.restore_command("checkpoints")


def test_a_missing_network_checkpoint_or_result_fails(checkpoint, contents):
    (checkpoint / "net.keras").unlink()
    assert "checkpoints/toy" in course.check_checkpoints().detail
    shutil.rmtree(checkpoint)
    assert "checkpoints/toy" in course.check_checkpoints().detail
    contents[:] = ["results/table"]
    assert "results/table" in course.check_checkpoints().detail


def test_the_list_of_contents_names_all_that_ships():
    data = ROOT / "data"
    found = [
        *(card.parent for card in data.glob("checkpoints/*/card.json")),
        *data.glob("paintings/*"),
        *(card.with_suffix("") for card in data.glob("results/*.json")),
    ]
    assert course._contents() == sorted(path.relative_to(data).as_posix() for path in found)


def test_one_core_is_a_warning(monkeypatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert machine.check_cores().status == WARN


@pytest.mark.parametrize(("free", "status"), [(2.1, OK), (1.5, WARN), (0.5, FAIL)])
def test_little_memory_warns_and_very_little_fails(monkeypatch, free, status):
    memory = SimpleNamespace(available=int(free * 2**30))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(machine, "_container_memory", lambda: [])
    check = machine.check_memory()
    assert check.status == status and bool(check.cure) == (status != OK)


def test_a_containers_limit_counts(monkeypatch):
    monkeypatch.setattr(machine, "_container_memory", lambda: [2**29])
    assert machine.check_memory().status == FAIL


@pytest.mark.parametrize(("free", "status"), [(1.5, OK), (0.5, WARN), (0.1, FAIL)])
def test_little_disk_warns_and_very_little_fails(monkeypatch, free, status):
    usage = namedtuple("usage", "free")(int(free * 2**30))
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage)
    check = machine.check_disk()
    assert check.status == status and bool(check.cure) == (status != OK)


@pytest.mark.parametrize(("fault", "cured"), [(RuntimeError, False), (ImportError, True)])
def test_no_check_may_raise(monkeypatch, fault, cured):
    def faint():
        raise fault("oh no")

    monkeypatch.setattr(doctor, "_CHECKS", dict.fromkeys(doctor._CHECKS, faint))
    for check in doctor.diagnose():
        assert check.status == FAIL and "oh no" in check.detail and bool(check.cure) == cured


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
    assert ("what helps: mend" in printed) == bool(checks[0].cure)
    assert "two\nlines" not in printed


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def test_it_works_without_any_package(tmp_path):
    """On a bare Python (-S: no site-packages) it still reports every check, most of them failed."""
    (tmp_path / "keras.py").write_text("raise ImportError")  # its child would find the real one
    done = run("-S", "-m", "styleguard_edu.doctor", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1 and done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if line.startswith(("OK", "WARN", "FAIL"))]
    assert [line.split()[1] for line in lines] == list(doctor._CHECKS)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_what_the_terminal_cannot_show_is_escaped(encoding):
    code = "from styleguard_edu.doctor import *; report([Check('a', 'FAIL', '课程 1', 'Zoë’s')])"
    done = run("-X", "utf8", "-c", code, PYTHONIOENCODING=encoding)
    assert done.stderr == "" and r"FAIL  a           \u8bfe\u7a0b 1" in done.stdout


@pytest.mark.parametrize(
    "word", ["课程 1/Zoë's course", "a$b", 'a"b', "a`id`", "a;b #c", "plain.txt"]
)
def test_a_path_can_be_pasted_into_a_shell(word, monkeypatch):
    command = f"printf %s {installation.quoted(word)}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == word
    monkeypatch.setattr(installation, "WINDOWS", True)
    pasted = "plain.txt" if word == "plain.txt" else "'" + word.replace("'", "''") + "'"
    assert installation.quoted(word) == pasted


def test_every_command_quotes_the_paths_in_it(monkeypatch, tmp_path):
    home = tmp_path / "Zoë's $HOME"
    (home / ".git").mkdir(parents=True)
    for file in ("pyproject.toml", "constraints.txt"):
        (home / file).touch()
    monkeypatch.setattr(installation, "CHECKOUT", home)
    monkeypatch.setattr(installation.sys, "executable", str(home / "python"))
    pasted = str(home).replace("'", "'\"'\"'")
    assert installation.restore_command("a").startswith(f"git -C '{pasted}' checkout")
    assert installation.install_command() == (
        f"'{pasted}/python' -m pip install -c '{pasted}/constraints.txt' -e '{pasted}[lab]'"
    )
    monkeypatch.setattr(installation, "WINDOWS", True)
    assert installation.python_command().startswith("& '")


def test_data_are_restored_by_git_in_a_checkout_and_by_pip_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setattr(installation, "CHECKOUT", tmp_path)
    assert installation.restore_command("digits.npz").endswith(
        f"--force-reinstall --no-deps {installation.WHEEL}"
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
    assert [requirement.name for requirement in installation.requirements("dev")][1:] == ["ruff"]


def test_the_command_has_a_version_a_help_and_a_doctor(monkeypatch, capsys):
    assert run("-m", "styleguard_edu", "--version").stdout == "styleguard-edu 0.2.0\n"
    assert cli.main([]) == 0 and "doctor" in capsys.readouterr().out
    for passed in (True, False):
        monkeypatch.setattr(cli, "report", lambda passed=passed: passed)
        assert cli.main(["doctor"]) == (not passed)
