"""Detectors of damaged images: fit, calibrate, score, point at the place.

All follow the contract of :class:`AnomalyDetector`. None of them makes images: networks come in as
constructor arguments. The names below are loaded when first used; only detectors with a network
need TensorFlow.
"""

from .. import _lazily

_HOME = {  # public name -> module that defines it
    "AnomalyDetector": "base",
    "DiscriminatorDetector": "discriminator",
    "Detection": "hooks",
    "FusedDetector": "fused",
    "NearestRepainting": "restyling",
    "PatchDetector": "patches",
    "PositionDetector": "position",
    "ReconstructionDetector": "reconstruction",
    "RestylingDetector": "restyling",
    "SameStyleRestyling": "restyling",
    "SegmentationDetector": "segmentation",
    "TiledDetector": "tiled",
    "surprisal": "fused",
}

__all__ = list(_HOME)

__getattr__, __dir__ = _lazily(__name__, _HOME)
