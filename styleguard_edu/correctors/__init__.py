"""Correctors: change what a detector marked, leave the rest bit-identical.

All follow the contract of :class:`Corrector`. They propose; :func:`accept` and
:func:`smallest_change` decide whether a proposal is taken.
The names below are loaded when first used; only correctors with a network need TensorFlow.
"""

from .. import _lazily

__all__, __getattr__, __dir__ = _lazily(
    __name__,
    acceptance="accept chosen_images rms_change smallest_change",
    affine="transformed",
    base="Corrector",
    centre="CentreCorrector",
    latent="LatentCorrector",
    neighbour="MedianCorrector NeighbourCorrector",
    realign="Alignment RealignCorrector",
    refining="generator_parts refine refine_latents",
    restoration="RestorationCorrector RestyleCorrector",
)
