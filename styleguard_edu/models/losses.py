"""What a discriminator lowers and what a generator lowers, and the R1 gradient penalty."""

from ..backend import tf

__all__ = ["fake_loss", "gradient_penalty", "real_loss"]


def real_loss(logits):
    r"""Loss that is low where D says "real": the mean of :math:`-\log \sigma(D)`.

    Parameters
    ----------
    logits : tensor of float32, or list of them
        Several outputs of D count alike, whatever their sizes.

    Returns
    -------
    tensor of float32, scalar >= 0
    """
    return sum(tf.reduce_mean(tf.nn.softplus(-part)) for part in _logits(logits))


def fake_loss(logits):
    r"""Loss that is low where D says "fake": the mean of :math:`-\log (1 - \sigma(D))`.

    Parameters and result are those of :func:`real_loss`.
    """
    return sum(tf.reduce_mean(tf.nn.softplus(part)) for part in _logits(logits))


def gradient_penalty(discriminator, images):
    r"""Mean squared length of D's gradient at the images, :math:`E_x |\nabla_x D(x)|^2`.

    Where D gives many logits an image, D(x) is the mean of each output, summed over the outputs.

    Parameters
    ----------
    discriminator : callable
        ``discriminator(images, training=True) -> logits``, one or a list of tensors ``(n, ...)``.
    images : tensor of float32, ``(n, height, width, channels)`` in [0, 1]

    Returns
    -------
    tensor of float32, scalar >= 0
    """
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        parts, n = _logits(discriminator(images, training=True)), tf.shape(images)[0]
        total = sum(tf.reduce_mean(part) for part in parts) * tf.cast(n, "float32")
    gradient = tape.gradient(total, images)
    return tf.reduce_mean(tf.reduce_sum(gradient**2, axis=[1, 2, 3]))


def _logits(outputs):
    """All outputs of D as a list, in float32 whatever precision it computes in."""
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [tf.cast(part, "float32") for part in outputs]
