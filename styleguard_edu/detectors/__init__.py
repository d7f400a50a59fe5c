"""Detectors of damaged images: fit, calibrate, score, point at the place.

All follow the contract of :class:`AnomalyDetector`. None of them makes images: networks come in as
constructor arguments.
"""

from .base import AnomalyDetector, Findings
from .fused import FusedDetector, surprise
from .restyling import NearestRepainting, RestylingDetector, SameStyleRestyling
from .single import (
    DiscriminatorDetector,
    PatchDetector,
    PositionDetector,
    ReconstructionDetector,
    SegmentationDetector,
)
from .tiled import TiledDetector

__all__ = [
    "AnomalyDetector",
    "DiscriminatorDetector",
    "Findings",
    "FusedDetector",
    "NearestRepainting",
    "PatchDetector",
    "PositionDetector",
    "ReconstructionDetector",
    "RestylingDetector",
    "SameStyleRestyling",
    "SegmentationDetector",
    "TiledDetector",
    "surprise",
]
