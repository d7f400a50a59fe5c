"""styleguard-edu: GANs, style transfer, and guarding what they draw.

The names below are loaded when first used, so ``import styleguard_edu`` is fast and does not
import TensorFlow; ``images``, ``metrics``, ``thresholds``, ``anomalies``, ``datasets``,
``pictures`` and ``gallery`` work without it.
"""

import sys
from importlib import import_module

__version__ = "0.2.0"

_PARTS = {  # module -> the public names that it defines
    "anomalies": """
        BlockLoss Blur Brightness Checkerboard ColourCast Damaged Deformation Dilation Edges
        Erosion Fog Ghost GlassBlur Halo MotionBlur Noise Occlusion Pixelation Rotation
        SaltAndPepper Scaling Scratch Shear Shift ShotNoise Spatter Speckle Stripe StyleLeak Zigzag
    """,
    "datasets": "Digits load_digits",
    "gallery": "load_paintings load_photos",
    "pictures": "load_picture save_picture",
    "models": "GAN PaintingStyle StyleTransfer",
    "checkpoints": "load_checkpoint load_result",
    "correctors": """
        CentreCorrector Corrector LatentCorrector MedianCorrector NeighbourCorrector
        RealignCorrector RestorationCorrector RestyleCorrector
    """,
    "detectors": """
        AnomalyDetector DiscriminatorDetector FusedDetector PatchDetector PositionDetector
        ReconstructionDetector SegmentationDetector TiledDetector
    """,
    "guard": "GuardReport StyleGuard load_guard",
}
_HOME = {name: module for module, names in _PARTS.items() for name in names.split()}
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
