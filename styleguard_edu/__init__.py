"""styleguard-edu: GANs, style transfer, and guarding what they draw.

The names below are loaded when first used, so ``import styleguard_edu`` is fast and does not
import TensorFlow; ``images``, ``metrics``, ``thresholds``, ``anomalies``, ``datasets``,
``pictures`` and ``gallery`` work without it.
"""

import sys
from importlib import import_module

__version__ = "0.2.0"


def _lazily(package, **names):
    """What a package needs that loads its names when they are first used.

    Parameters
    ----------
    package : str
        Its full name.
    **names : str
        For each of its modules the public names that it defines, with spaces between them;
        ``old=new`` where an older name is kept.

    Returns
    -------
    tuple
        For ``__all__``, ``__getattr__`` and ``__dir__``.
    """
    home = {
        name.partition("=")[0]: module for module, text in names.items() for name in text.split()
    }
    renamed = dict(
        name.split("=") for text in names.values() for name in text.split() if "=" in name
    )

    def get(name):
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), renamed.get(name, name))

    public = [name for name in home if name not in renamed]
    return public, get, lambda: sorted({*vars(sys.modules[package]), *home})


__all__, __getattr__, __dir__ = _lazily(
    __name__,
    anomalies="""
        BlockLoss Blur Brightness Checkerboard ColourCast Damaged Deformation Dilation Edges Erosion
        Fog Ghost GlassBlur Halo MotionBlur Noise Occlusion Pixelation Rotation SaltAndPepper
        Scaling Scratch Shear Shift ShotNoise Spatter Speckle Stripe StyleLeak Zigzag
    """,
    datasets="Digits load_digits",
    gallery="load_paintings load_photos",
    pictures="load_picture save_picture",
    models="GAN PaintingStyle StyleTransfer",
    checkpoints="load_checkpoint load_result",
    correctors="""
        CentreCorrector Corrector LatentCorrector MedianCorrector NeighbourCorrector
        RealignCorrector RestorationCorrector RestyleCorrector RepairCorrector=RestorationCorrector
    """,
    detectors="""
        AnomalyDetector DiscriminatorDetector FusedDetector PatchDetector PositionDetector
        ReconstructionDetector SegmentationDetector TiledDetector
    """,
    guard="GuardReport StyleGuard load_guard",
)
__all__ += ["__version__"]
