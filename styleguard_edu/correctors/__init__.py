"""Correctors: change what a detector marked, leave the rest bit-identical.

All follow the contract of :class:`Corrector`. They propose; :func:`accept` and
:func:`smallest_change` decide whether a proposal is taken.
The names below are loaded when first used; only correctors with a network need TensorFlow.
"""

from .. import _lazily

_HOME = {  # public name -> module that defines it
    "Alignment": "realign",
    "CentreCorrector": "centre",
    "Corrector": "base",
    "LatentCorrector": "latent",
    "MedianCorrector": "neighbour",
    "NeighbourCorrector": "neighbour",
    "RealignCorrector": "realign",
    "RestorationCorrector": "restoration",
    "RestyleCorrector": "restoration",
    "accept": "acceptance",
    "rms_change": "acceptance",
    "chosen_images": "acceptance",
    "generator_parts": "refining",
    "refine": "refining",
    "refine_latents": "refining",
    "smallest_change": "acceptance",
    "transformed": "affine",
}

__all__ = list(_HOME)

__getattr__, __dir__ = _lazily(__name__, _HOME)
