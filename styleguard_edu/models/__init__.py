"""Models that learn: the GAN, style transfer, the style of a painting, and what they share.

The names below are loaded when first used.
"""

from .. import _lazily

_HOME = {  # public name -> module that defines it
    "AdversarialModel": "adversarial",
    "GAN": "gan",
    "LivePreview": "training",
    "PaintingStyle": "painting_style",
    "StopAfter": "training",
    "StyleTransfer": "style_transfer",
    "fake_loss": "losses",
    "real_loss": "losses",
    "drawing_difference": "painting_losses",
    "endless_batches": "training",
    "gradient_penalty": "losses",
    "load_painter": "painting_style",
    "painting_batches": "painting_crops",
    "tone_difference": "painting_losses",
    "training_picture": "painting_crops",
    "unpaired_batches": "style_transfer",
}

__all__ = list(_HOME)

__getattr__, __dir__ = _lazily(__name__, _HOME)
