"""Numbers that judge: generated images, images beside their truth, detectors, restyled pictures.

The names below are loaded when first used; none of them needs TensorFlow.
"""

from .. import _lazily

__all__, __getattr__, __dir__ = _lazily(
    __name__,
    detection="average_precision iou pixel_roc_auc roc_auc",
    fidelity="psnr ssim",
    generation="""
        feature_statistics FeatureStatistics frechet_distance nearest_neighbours precision_recall
        PrecisionRecall
    """,
    restyling="""
        checkerboard_strength frame_strength halo_strength laplacian_bands structure_score
        texture_distance
    """,
)
