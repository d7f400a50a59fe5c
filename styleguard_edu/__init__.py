"""styleguard-edu: GANs, style transfer, and guarding what they draw.

The names below are loaded when first used, so ``import styleguard_edu`` is fast and does not
import TensorFlow; ``images``, ``metrics``, ``thresholds``, ``anomalies``, ``datasets``,
``pictures`` and ``gallery`` work without it.
"""

import sys
from importlib import import_module

__version__ = "0.2.0"

_ANOMALIES = """
    BlockLoss Blur Brightness Checkerboard ColourCast Damaged Deformation Dilation Edges Erosion
    Fog Ghost GlassBlur Halo MotionBlur Noise Occlusion Pixelation Rotation SaltAndPepper Scaling
    Scratch Shear Shift ShotNoise Spatter Speckle Stripe StyleLeak Zigzag
""".split()
_HOME = {  # public name -> module that defines it
    **dict.fromkeys(_ANOMALIES, "anomalies"),
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
    "CentreCorrector": "correctors",
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
    "TiledDetector": "detectors",
    "GuardReport": "guard",
    "StyleGuard": "guard",
    "load_guard": "guard",
}
_OLD = {"RepairCorrector": "correctors:RestorationCorrector"}  # names of 0.1.0

__all__ = ["__version__", *_HOME]


def _lazily(package, home):
    """The ``__getattr__`` and ``__dir__`` of a package that loads its names when first used.

    Parameters
    ----------
    package : str
        Its full name.
    home : dict of str to str
        Public name -> module of the package that defines it, or ``"module:name"`` where the name
        there is another.
    """

    def get(name):
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, there = home[name].partition(":")
        return getattr(import_module(f"{package}.{module}"), there or name)

    return get, lambda: sorted({*vars(sys.modules[package]), *home})


__getattr__, __dir__ = _lazily(__name__, _HOME | _OLD)
