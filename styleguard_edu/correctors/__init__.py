"""Correctors: mend what a detector marked, leave the rest bit-identical.

All follow the contract of :class:`Corrector`. They propose; :func:`accept` and
:func:`smallest_change` decide whether a proposal is taken.
"""

from .acceptance import accept, change, chosen_images, smallest_change
from .base import Corrector
from .latent import LatentCorrector
from .neighbour import MedianCorrector, NeighbourCorrector
from .realign import Alignment, RealignCorrector, transformed
from .refining import generator_parts, refine_latents
from .repair import RepairCorrector, RestyleCorrector

__all__ = [
    "Alignment",
    "Corrector",
    "LatentCorrector",
    "MedianCorrector",
    "NeighbourCorrector",
    "RealignCorrector",
    "RepairCorrector",
    "RestyleCorrector",
    "accept",
    "change",
    "chosen_images",
    "generator_parts",
    "refine_latents",
    "smallest_change",
    "transformed",
]
