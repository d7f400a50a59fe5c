"""Functions that build the networks of style transfer: redraw an image as a code asks.

A *code* is a list of numbers, one for each style: a style is a one-hot code, a mixture of styles a
blend of codes. It enters through conditional instance normalisation (Dumoulin et al., 2017).
"""

import numpy as np

from ..backend import keras

layers, ops = keras.layers, keras.ops


def style_code(style, names):
    """The code of a style or of a blend of styles.

    Parameters
    ----------
    style : str or dict of str to float
        One of the names; or a blend: shares by name, at least 0, of which only the proportions
        count.
    names : sequence of str
        All styles, in the order of the code.

    Returns
    -------
    ndarray of float32, ``(len(names),)``, summing to 1

    Raises
    ------
    ValueError
        For an unknown name, or shares that are negative, infinite or sum to 0.
    """
    shares = {style: 1.0} if isinstance(style, str) else dict(style)
    if unknown := sorted(set(shares) - set(names)):
        raise ValueError(f"style must name some of {tuple(names)}. Received: {unknown}")
    code = np.array([shares.get(name, 0.0) for name in names], np.float32)
    if not (np.all(code >= 0) and np.isfinite(code).all() and code.sum() > 0):
        raise ValueError(
            f"style must give shares that are at least 0, not all 0. Received: {shares}"
        )
    return code / code.sum()


def style_generator(codes, *, width=24):
    """A network that redraws a 28x28 colour image in the style that a code asks for.

    Two strided steps of DCGAN become one: down to 14x14, residual blocks, and up again by
    resizing. The code enters through conditional instance normalisation (Dumoulin et al., 2017)
    and through a learned *canvas*, four channels the size of the image: paper and grain lie at
    fixed places, which a convolution alone cannot know.

    Parameters
    ----------
    codes : int
        Length of the code. A style is a one-hot code; a mixture of styles is a blend of codes.
    width : int
        Channels at 28x28; 24 gives 0.15 million weights for seven codes.

    Returns
    -------
    keras.Model
        ``[(n, 28, 28, 3) in [0, 1], (n, codes)] -> (n, 28, 28, 3)`` in [0, 1].
    """
    images, code = keras.Input((28, 28, 3)), keras.Input((codes,))
    x = layers.Rescaling(2.0, -1.0)(images)
    fine = layers.ReLU()(layers.Conv2D(width, 3, padding="same")(x))
    x = layers.Conv2D(2 * width, 4, strides=2, padding="same")(fine)  # 28x28 -> 14x14
    x = layers.ReLU()(conditional_norm(x, code))
    for _ in range(2):
        x = residual_block(x, code, zero_padded_conv)
    x = layers.Conv2D(width, 3, padding="same")(x)
    x = layers.UpSampling2D(interpolation="bilinear")(x)  # 14x14 -> 28x28
    canvas = layers.Dense(28 * 28 * 4, use_bias=False)(code)
    x = layers.Concatenate()([x, fine, layers.Reshape((28, 28, 4))(canvas)])
    x = layers.Conv2D(width, 3, padding="same")(x)
    x = layers.ReLU()(conditional_norm(x, code))
    restyled = layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x)
    return keras.Model([images, code], restyled, name="style_generator")


def style_discriminator(codes, *, width=32):
    """A network that judges whether a 28x28 colour image is a true one of a given style.

    Parameters
    ----------
    codes : int
        Length of the code, as for :func:`style_generator`.
    width : int
        Channels of the first convolution; 32 gives 0.15 million weights.

    Returns
    -------
    keras.Model
        ``[(n, 28, 28, 3) in [0, 1], (n, codes)] -> [(n, 49), (n, 1)]``: logits for 49 overlapping
        patches, 18 pixels wide (a PatchGAN, Isola et al., 2017), and one for the whole image.
        The patches judge texture; the whole knows where a digit should lie.
    """
    images, code = keras.Input((28, 28, 3)), keras.Input((codes,))
    x = layers.Rescaling(2.0, -1.0)(images)
    for channels, kernel, strides in ((width, 4, 2), (2 * width, 4, 2), (3 * width, 3, 1)):
        x = layers.Conv2D(channels, kernel, strides=strides, padding="same")(x)
        x = layers.LeakyReLU(0.2)(x)  # 28x28 -> 14x14 -> 7x7 -> 7x7
    patches = layers.Reshape((49, codes))(layers.Conv2D(codes, 1)(x))
    x = layers.Conv2D(2 * width, 3, strides=2, padding="same")(x)
    whole = layers.Dense(codes)(layers.Flatten()(layers.LeakyReLU(0.2)(x)))
    # one logit a style; the code picks the one that is asked
    logits = [layers.Dot(axes=-1)([patches, code]), layers.Dot(axes=-1)([whole, code])]
    return keras.Model([images, code], logits, name="style_discriminator")


def painting_generator(codes=1, *, width=16):
    """A network that repaints a picture of any size.

    Down to a quarter of the size, four residual blocks, and up again by resizing, which leaves no
    checkerboard as transposed convolutions do (Odena et al., 2016). Borders are mirrored, not
    filled with zeros, or the network would see a black frame and paint it. The grain, a picture
    of random numbers, is what it makes texture of where the photograph is smooth.

    Parameters
    ----------
    codes : int
        Length of the code: the number of paintings.
    width : int
        Channels at full size; 16 gives 0.34 million weights.

    Returns
    -------
    keras.Model
        ``[(n, height, width, 3) in [0, 1], (n, height, width, 1) grain, (n, codes)]
        -> (n, height, width, 3)`` in [0, 1]; height and width are multiples of 4, at least 16.
    """
    photos, grain = keras.Input((None, None, 3)), keras.Input((None, None, 1))
    code = keras.Input((codes,))
    x = layers.Concatenate()([layers.Rescaling(2.0, -1.0)(photos), grain])
    x = fine = layers.ReLU()(mirrored_conv(x, width))
    for channels in (2 * width, 4 * width):  # full -> half -> quarter
        x = layers.ReLU()(conditional_norm(mirrored_conv(x, channels, strides=2), code))
    for _ in range(4):
        x = residual_block(x, code, mirrored_conv)
    for channels in (2 * width, width):  # quarter -> half -> full
        x = layers.UpSampling2D(interpolation="bilinear")(x)
        x = layers.ReLU()(conditional_norm(mirrored_conv(x, channels), code))
    # normalisation forgets how bright a place was; the fine lines, past it, still know
    x = layers.Concatenate()([x, _scale_and_shift(fine, code)])
    painted = layers.Activation("sigmoid")(mirrored_conv(x, 3))
    return keras.Model([photos, grain, code], painted, name="painting_generator")


def painting_discriminator(codes=1, *, width=32):
    """A network that judges small patches, at three sizes of the picture.

    Parameters
    ----------
    codes : int
        Length of the code: the number of paintings.
    width : int
        Channels of the first convolutions; 32 gives 0.21 million weights.

    Returns
    -------
    keras.Model
        ``[(n, height, width, 3) in [0, 1], (n, codes)] -> [(n, p), (n, q), (n, r)]``: logits for
        overlapping patches of 18 pixels in the picture, in the same at half and at a quarter of
        the size. Height and width are at least 72.
    """
    pictures, code = keras.Input((None, None, 3)), keras.Input((codes,))
    logits = []
    for shrink in (1, 2, 4):
        x = layers.Rescaling(2.0, -1.0)(pictures)
        x = x if shrink == 1 else layers.AveragePooling2D(shrink)(x)
        for channels, kernel, strides in ((width, 4, 2), (2 * width, 4, 2), (2 * width, 3, 1)):
            x = layers.LeakyReLU(0.2)(layers.Conv2D(channels, kernel, strides=strides)(x))
        patches = layers.Reshape((-1, codes))(layers.Conv2D(codes, 1)(x))
        logits.append(layers.Dot(axes=-1)([patches, code]))  # the code picks the painting asked
    return keras.Model([pictures, code], logits, name="painting_discriminator")


def residual_block(x, code, conv):
    """Add to a picture what two convolutions make of it; ``conv(x, channels)`` is one of them."""
    channels = x.shape[-1]
    y = layers.ReLU()(conditional_norm(conv(x, channels), code))
    return layers.Add()([x, conditional_norm(conv(y, channels), code)])


def zero_padded_conv(x, channels, strides=1):
    """A 3x3 convolution on a picture that is continued by zeros."""
    return layers.Conv2D(channels, 3, strides=strides, padding="same")(x)


def mirrored_conv(x, channels, strides=1):
    """A 3x3 convolution on a picture whose borders are mirrored."""
    x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    return layers.Conv2D(channels, 3, strides=strides)(x)


def conditional_norm(x, code):
    """Instance normalisation whose scale and shift are linear in the code."""
    return _scale_and_shift(
        layers.GroupNormalization(groups=-1, center=False, scale=False)(x), code
    )


def _scale_and_shift(x, code):
    """Each channel times one number and plus another, both linear in the code."""
    channels = x.shape[-1]
    scale = layers.Dense(channels, use_bias=False, kernel_initializer="ones")(code)
    shift = layers.Dense(channels, use_bias=False, kernel_initializer="zeros")(code)
    x = layers.Multiply()([x, layers.Reshape((1, 1, channels))(scale)])
    return layers.Add()([x, layers.Reshape((1, 1, channels))(shift)])
