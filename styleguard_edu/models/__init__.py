"""Models that learn: the GAN, style transfer, the style of a painting, and what they share.

The names below are loaded when first used.
"""

from .. import _lazily

__all__, __getattr__, __dir__ = _lazily(
    __name__,
    adversarial="AdversarialModel",
    gan="GAN",
    losses="fake_loss gradient_penalty real_loss",
    painting_crops="painting_batches training_picture",
    painting_losses="drawing_difference tone_difference",
    painters="load_painter",
    painting_style="PaintingStyle",
    style_transfer="StyleTransfer unpaired_batches",
    training="endless_batches LivePreview StopAfter",
)
