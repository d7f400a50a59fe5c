"""Correctors: mend what a detector marked, leave the rest bit-identical.

All follow the contract of :class:`Corrector`. They propose; :func:`accept` and
:func:`smallest_change` decide whether a proposal is taken.
"""

from .acceptance import accept, change, chosen_images, smallest_change
from .base import Corrector
from .neighbour import MedianCorrector, NeighbourCorrector
from .realign import Alignment, RealignCorrector

__all__ = [
    "Alignment",
    "Corrector",
    "MedianCorrector",
    "NeighbourCorrector",
    "RealignCorrector",
    "accept",
    "change",
    "chosen_images",
    "smallest_change",
]
