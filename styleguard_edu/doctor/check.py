"""The result of one check of an installation."""

from dataclasses import dataclass

OK, WARN, FAIL = "OK", "WARN", "FAIL"


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
        The command or the act that helps; empty if nothing is wrong, or none is known.
    """

    name: str
    status: str
    detail: str
    cure: str = ""
