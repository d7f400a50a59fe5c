"""Guards: detect what went wrong in images, correct it, look again, and say what was done."""

from .loading import GUARDS, load_guard
from .report import GuardReport
from .rounds import Round
from .style_guard import StyleGuard

__all__ = ["GUARDS", "GuardReport", "Round", "StyleGuard", "load_guard"]
