"""Numbers that judge: generated images, images beside their truth, detectors, restyled pictures.

The names below are loaded when first used; none of them needs TensorFlow.
"""

from .. import _lazily

_HOME = {  # public name -> module that defines it
    "FeatureStatistics": "generation",
    "PrecisionRecall": "generation",
    "average_precision": "detection",
    "checkerboard_strength": "restyling",
    "feature_statistics": "generation",
    "frame_strength": "restyling",
    "frechet_distance": "generation",
    "halo_strength": "restyling",
    "iou": "detection",
    "laplacian_bands": "restyling",
    "nearest_neighbours": "generation",
    "pixel_roc_auc": "detection",
    "precision_recall": "generation",
    "psnr": "fidelity",
    "roc_auc": "detection",
    "ssim": "fidelity",
    "structure_score": "restyling",
    "texture_distance": "restyling",
}

__all__ = list(_HOME)

__getattr__, __dir__ = _lazily(__name__, _HOME)
