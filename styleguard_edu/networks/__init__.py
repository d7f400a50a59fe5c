"""Functions that build the Keras networks of the course, and the ones that run any network.

Images enter and leave every network in [0, 1]. The names below are loaded when first used; the
two constants need no TensorFlow.
"""

from .. import _lazily

BATCH = 256  # images that a network sees at once, at most
BATCH_PIXELS = BATCH * 28 * 28  # and their pixels: bounds the memory, for photos too

_HOME = {  # public name -> module that defines it
    "article_discriminator": "digits",
    "article_generator": "digits",
    "compiled": "running",
    "digit_discriminator": "digits",
    "digit_encoder": "detectors",
    "digit_generator": "digits",
    "digit_judge": "digits",
    "feature_extractor": "digits",
    "fold_batch_norm": "running",
    "hidden_features": "detectors",
    "run_network": "running",
    "painting_discriminator": "styles",
    "painting_generator": "styles",
    "segmentation_network": "detectors",
    "segment": "running",
    "style_code": "styles",
    "style_discriminator": "styles",
    "style_generator": "styles",
    "style_classifier": "detectors",
}

__all__ = ["BATCH", "BATCH_PIXELS", *_HOME]

__getattr__, __dir__ = _lazily(__name__, _HOME)
