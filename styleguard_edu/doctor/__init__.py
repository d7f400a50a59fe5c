"""What is wrong with this installation, and the command that helps.

Run ``styleguard-edu doctor`` in a terminal, or call :func:`report` in a notebook.
Everything is imported late and with care: finding out what is missing is this module's job, so
it works on a bare Python too.
"""

from ..installation import install_command, say
from . import course, machine, software
from .check import FAIL, WARN, Check

__all__ = ["Check", "diagnose", "report"]

_CHECKS = {
    "Python": software.check_python,
    "packages": software.check_packages,
    "TensorFlow": software.check_tensorflow,
    "kernel": software.check_kernel,
    "widgets": software.check_widgets,
    "folders": software.check_folders,
    "data": course.check_data,
    "checkpoints": course.check_checkpoints,
    "cores": machine.check_cores,
    "memory": machine.check_memory,
    "disk": machine.check_disk,
}


def diagnose():
    """Look at everything the course needs.

    Returns
    -------
    list of Check
        One for each thing looked at, always all of them: a check that itself breaks is a FAIL.
    """
    return [_guarded(name, check) for name, check in _CHECKS.items()]


def report(checks=None):
    """Print one line for each check, and under each problem the command that helps.

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
        say(f"{check.status:<4}  {check.name:<11} {detail}")
        if check.cure:
            say(f"      {'':<11} what helps: {check.cure}")
    failed = sum(check.status == FAIL for check in checks)
    warned = sum(check.status == WARN for check in checks)
    if failed:
        say(f"\n{failed} of {len(checks)} checks failed. See to the first, then run this again.")
    else:
        say(f"\nThe course will run. Checks: {len(checks)}, warnings: {warned}.")
    return not failed


def _guarded(name, check):
    """Run one check; turn an exception into a FAIL, since a doctor must not faint."""
    try:
        return check()
    except Exception as error:
        detail = f"could not be checked ({type(error).__name__}: {error})"
        cure = install_command() if isinstance(error, ImportError) else ""
        return Check(name, FAIL, detail, cure)
