"""Functions that build the Keras networks of the course, and the ones that run any network.

Images enter and leave every network in [0, 1]. The names below are loaded when first used; the
two constants need no TensorFlow.
"""

from .. import _lazily

BATCH = 256  # images that a network sees at once, at most
BATCH_PIXELS = BATCH * 28 * 28  # and their pixels: bounds the memory, for photos too

__all__, __getattr__, __dir__ = _lazily(
    __name__,
    detectors="digit_encoder hidden_features segmentation_network style_classifier",
    digits="""
        article_discriminator article_generator digit_discriminator digit_generator digit_judge
        feature_extractor
    """,
    running="compiled fold_batch_norm run_network segment",
    styles="""
        painting_discriminator painting_generator style_code style_discriminator style_generator
    """,
)
__all__ += ["BATCH", "BATCH_PIXELS"]
