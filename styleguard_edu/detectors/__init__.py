"""Detectors of damaged images: fit, calibrate, score, point at the place.

All follow the contract of :class:`AnomalyDetector`. None of them makes images: networks come in as
constructor arguments. The names below are loaded when first used; only detectors with a network
need TensorFlow.
"""

from .. import _lazily

__all__, __getattr__, __dir__ = _lazily(
    __name__,
    base="AnomalyDetector",
    discriminator="DiscriminatorDetector",
    fused="FusedDetector surprisal",
    hooks="Detection",
    patches="PatchDetector",
    position="PositionDetector",
    reconstruction="ReconstructionDetector",
    restyling="NearestRepainting RestylingDetector SameStyleRestyling",
    segmentation="SegmentationDetector",
    tiled="TiledDetector",
)
