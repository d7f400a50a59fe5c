"""styleguard-edu: GANs, style transfer, and guarding what they draw.

The names below are loaded when first used, so ``import styleguard_edu`` is fast and does not
import TensorFlow; ``images``, ``metrics``, ``thresholds``, ``anomalies``, ``datasets``,
``pictures`` and ``gallery`` work without it.
"""

import sys
from importlib import import_module

__version__ = "0.1.0"

_HOME = {  # public name -> module that defines it
    "BlockLoss": "anomalies",
    "Blur": "anomalies",
    "Checkerboard": "anomalies",
    "ColourCast": "anomalies",
    "Damaged": "anomalies",
    "Deformation": "anomalies",
    "Fog": "anomalies",
    "Noise": "anomalies",
    "Occlusion": "anomalies",
    "SaltAndPepper": "anomalies",
    "Scratch": "anomalies",
    "Shift": "anomalies",
    "StyleLeak": "anomalies",
    "Digits": "datasets",
    "load_digits": "datasets",
    "load_paintings": "gallery",
    "load_photos": "gallery",
    "load_picture": "pictures",
    "save_picture": "pictures",
    "GAN": "models",
    "PaintingStyle": "models",
    "StyleTransfer": "models",
    "load_checkpoint": "checkpoints",
    "load_result": "checkpoints",
    "Corrector": "correctors",
    "LatentCorrector": "correctors",
    "MedianCorrector": "correctors",
    "NeighbourCorrector": "correctors",
    "RealignCorrector": "correctors",
    "RestorationCorrector": "correctors",
    "RestyleCorrector": "correctors",
    "AnomalyDetector": "detectors",
    "DiscriminatorDetector": "detectors",
    "FusedDetector": "detectors",
    "PatchDetector": "detectors",
    "PositionDetector": "detectors",
    "ReconstructionDetector": "detectors",
    "SegmentationDetector": "detectors",
    "GuardReport": "guard",
    "StyleGuard": "guard",
    "load_guard": "guard",
}

__all__ = ["__version__", *_HOME]


def _lazily(package, home):
    """The ``__getattr__`` and ``__dir__`` of a package that loads its names when first used.

    Parameters
    ----------
    package : str
        Its full name.
    home : dict of str to str
        Public name -> module of the package that defines it.
    """

    def get(name):
        if name in home:
            return getattr(import_module(f"{package}.{home[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get, lambda: sorted({*vars(sys.modules[package]), *home})


__getattr__, __dir__ = _lazily(__name__, _HOME)
