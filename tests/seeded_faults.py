"""Put known faults into a copy of the project, one at a time, and say which test notices each.

    python tests/seeded_faults.py            # all of them: about half an hour on two cores
    python tests/seeded_faults.py ema luma   # those whose names hold one of these words

The exit code is 1 if a fault survives, or if its place in the code is not found any more. Run it by
hand after larger changes, and weekly; the tests of every change are those of ``make test``.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("styleguard_edu", "recipes", "tests", "notebooks", "scripts", "pyproject.toml")


class Fault(NamedTuple):
    """A text that stands once in a file, what takes its place, and the tests that should notice."""

    name: str
    file: str
    old: str
    new: str
    tests: str  # files below tests/, without test_ and .py


FAULTS = [
    Fault(**row)
    for row in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))[
        "fault"
    ]
]


def place_of(fault):
    """Return the file's text with the fault in it; ValueError unless its place is found once."""
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    if (found := text.count(fault.old)) != 1:
        raise ValueError(f"{fault.file} must hold {fault.old!r} once. Received: {found} times")
    return text.replace(fault.old, fault.new)


def copy_of_project(folder):
    """Copy what the tests need; data are linked, for no fault is put into them."""
    for part in COPIED:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
    (folder / "data").symlink_to(ROOT / "data")


def first_failure(folder, tests):
    """Run tests in a copy until one fails; return its name, or None if all pass."""
    paths = [f"tests/test_{name}.py" for name in tests.split()]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *paths],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "STYLEGUARD_DIGITS": "bundled"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if run.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", run.stdout, re.MULTILINE)
    return failed.group(1) if failed else f"pytest ended with {run.returncode}"


def main(words):
    """Try the faults whose names hold one of the words, all if there are none."""
    chosen = [f for f in FAULTS if not words or any(word in f.name for word in words)]
    trouble = 0
    with tempfile.TemporaryDirectory(prefix="seeded-faults-") as name:
        folder = Path(name)
        copy_of_project(folder)
        for tests in sorted({name for fault in chosen for name in fault.tests.split()}):
            if failed := first_failure(folder, tests):
                raise SystemExit(f"{failed} fails without a fault: nothing can be seen by it")
        for fault in chosen:
            try:
                (folder / fault.file).write_text(place_of(fault), encoding="utf-8")
                noticed = first_failure(folder, fault.tests)
            except ValueError as error:
                noticed, trouble = f"PLACE NOT FOUND: {error}", trouble + 1
            if noticed is None:
                noticed, trouble = "SURVIVED", trouble + 1
            shutil.copy(ROOT / fault.file, folder / fault.file)
            print(f"{fault.name:60s} {noticed}", flush=True)
    print(f"{len(chosen)} faults, {trouble} not noticed")
    return int(trouble > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
