"""Correctors: mend what a detector marked, leave the rest bit-identical.

All follow the contract of :class:`Corrector`. They propose; :func:`accept` and
:func:`smallest_change` decide whether a proposal is taken.
The names below are loaded when first used; only correctors with a network need TensorFlow.
"""

from importlib import import_module

_HOME = {  # public name -> module that defines it
    "Alignment": "realign",
    "Corrector": "base",
    "LatentCorrector": "latent",
    "MedianCorrector": "neighbour",
    "NeighbourCorrector": "neighbour",
    "RealignCorrector": "realign",
    "RepairCorrector": "repair",
    "RestyleCorrector": "repair",
    "accept": "acceptance",
    "change": "acceptance",
    "chosen_images": "acceptance",
    "generator_parts": "refining",
    "refine_latents": "refining",
    "smallest_change": "acceptance",
    "transformed": "realign",
}

__all__ = list(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_HOME})
