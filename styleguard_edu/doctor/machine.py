"""Checks of the machine: processor cores, memory, disk."""

import os
import shutil
from pathlib import Path

from ..installation import python_command
from .check import FAIL, OK, WARN, Check

_GIB = 2**30


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


def _container_memory():
    """Return the bytes left under a container's limit (such as Binder's): none or one number."""
    control = Path("/sys/fs/cgroup")
    try:
        limit = int((control / "memory.max").read_text())  # "max" if there is no limit
        used = dict(line.split() for line in (control / "memory.stat").read_text().splitlines())
        return [limit - int(used["anon"])]  # the rest is file cache, which gives way
    except (OSError, ValueError, KeyError):
        return []
