"""The textbook form of the network that repaints, to compare with."""

from styleguard_edu.backend import keras
from styleguard_edu.networks.styles import conditional_norm, residual_block, zero_padded_conv

layers = keras.layers


def plain_painting_generator(codes=1, *, width=16):
    """The textbook form of ``painting_generator``, to see what its changes are worth.

    Up by transposed convolutions, borders filled with zeros, no skip connection past the
    normalisation. The grain is taken and ignored. Parameters and result are those of
    :func:`styleguard_edu.networks.painting_generator`.
    """
    photos, grain = keras.Input((None, None, 3)), keras.Input((None, None, 1))
    code = keras.Input((codes,))
    x = layers.Rescaling(2.0, -1.0)(photos)
    x = layers.ReLU()(layers.Conv2D(width, 3, padding="same")(x))
    for channels in (2 * width, 4 * width):  # full -> half -> quarter
        x = layers.ReLU()(conditional_norm(zero_padded_conv(x, channels, strides=2), code))
    for _ in range(4):
        x = residual_block(x, code, zero_padded_conv)
    for channels in (2 * width, width):  # quarter -> half -> full
        x = layers.Conv2DTranspose(channels, 3, strides=2, padding="same")(x)
        x = layers.ReLU()(conditional_norm(x, code))
    painted = layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x)
    return keras.Model([photos, grain, code], painted, name="plain_painting_generator")
