"""Guards: detect what went wrong in images, correct it, look again, and say what was done."""

from .loading import BUILDERS, SETTINGS, TILE, load_guard
from .loop import StyleGuard
from .report import GuardReport
from .rounds import Round

__all__ = [
    "BUILDERS",
    "SETTINGS",
    "TILE",
    "GuardReport",
    "Round",
    "StyleGuard",
    "load_guard",
]
