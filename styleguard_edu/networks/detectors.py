"""Functions that build the networks of anomaly detectors.

Images enter in [0, 1], as everywhere; logits are positive for "damaged". Initial weights come
from Keras' global random state.
"""

from functools import partial

from ..backend import keras
from ..checks import require_count

layers = keras.layers
_normalised = partial(layers.BatchNormalization, momentum=0.95)

# Layers that only restore images.
RESTORER = "restorer restorer_normalised restorer_2 restorer_2_normalised gain offset".split()


def segmentation_network(channels=1, *, content_channels=0, width=16, depth=2, strips=False):
    """A small U-Net (Ronneberger et al., 2015) that marks damage, judges the image and restores it.

    The way down gathers what surrounds a pixel; the way up puts it back into place. The whole
    image is judged from both, because a shifted digit has no damaged *part*. A pixel x is restored
    as :math:`x + a x + b`, with a and b for each pixel: so the network can easily leave it, lighten
    it, fill it, or undo a negative.

    Parameters
    ----------
    channels : int
        Of the images: 1 or 3.
    content_channels : int
        Of the images beside them, if such are given: what they were made from, and perhaps what
        they are expected to look like; 0 if not.
    width : int
        Channels at full size, doubled at each halving.
    depth : int
        Halvings, at least 1: height and width are multiples of ``2 ** depth``.
    strips : bool
        Each pixel also sees the mean of its row and of its column (strip pooling; Hou et al.,
        2020): for damage that runs across, in images of one size.

    Returns
    -------
    keras.Model
        ``(n, height, width, channels) in [0, 1]``, or a list of these and of the content images,
        ``-> [(n, height, width, 1), (n, 1), (n, height, width, channels)]``: logits of the pixels
        and of the image, and the image restored, about in [0, 1].

    Raises
    ------
    ValueError
        If a number is not one of those above.
    """
    for name, value, allowed in (
        ("channels", channels, (1, 3)),
        ("content_channels", content_channels, (0, 1, 3, 6)),
    ):
        if value not in allowed:
            raise ValueError(f"{name} must be one of {allowed}. Received: {value}")
    require_count("width", width, 1)
    require_count("depth", depth, 1)
    inputs = [keras.Input((None, None, channels), name="images")]
    if content_channels:
        inputs.append(keras.Input((None, None, content_channels), name="content"))
    x = layers.Concatenate()(inputs) if content_channels else inputs[0]
    x = layers.Rescaling(2.0, -1.0)(x)
    passed = []
    for level in range(depth):  # full -> half -> quarter
        x = _convolutions(x, width << level, 2)
        x = _with_strips(x) if strips else x
        passed.append(x)
        x = layers.MaxPooling2D()(x)
    x = deepest = _convolutions(x, width << depth, 2)
    for level in reversed(range(depth)):  # and back
        x = layers.Concatenate()([layers.UpSampling2D()(x), passed[level]])
        x = _convolutions(x, width << level, 1)
    pixels = layers.Conv2D(1, 1, name="pixel_logits")(x)
    pools = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
    summary = layers.Concatenate()([pool()(part) for part in (deepest, pixels) for pool in pools])
    image = layers.Dense(4 * width, activation="relu")(summary)
    image = layers.Dense(1, name="image_logit")(image)
    branch = layers.Concatenate()([x, *inputs])
    for name, filters in (("restorer", 2 * width), ("restorer_2", width)):
        branch = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(branch)
        branch = _normalised(name=f"{name}_normalised")(branch)
        branch = layers.LeakyReLU(0.1)(branch)  # with ReLU all of this branch can die
    gain, offset = (
        layers.Conv2D(channels, 1, kernel_initializer="zeros", name=name)(branch)
        for name in ("gain", "offset")
    )
    scaled = layers.Multiply()([inputs[0], gain])
    restored = layers.Add(name="restored")([inputs[0], scaled, offset])
    inputs = inputs if content_channels else inputs[0]
    return keras.Model(inputs, [pixels, image, restored], name="segmentation_network")


def digit_encoder(latent_dim=64, *, width=32):
    """A network that guesses from which z a generator would draw an image (f-AnoGAN's encoder).

    Parameters
    ----------
    latent_dim : int
        Length of z.
    width : int
        Channels of the first convolution.

    Returns
    -------
    keras.Model
        ``(n, 28, 28, 1)`` in [0, 1] ``-> (n, latent_dim)``.
    """
    images = keras.Input((28, 28, 1))
    x = layers.Rescaling(2.0, -1.0)(images)
    for channels, kernel in ((width, 4), (2 * width, 4), (4 * width, 3)):  # 28 -> 14 -> 7 -> 4
        x = layers.Conv2D(channels, kernel, strides=2, padding="same", use_bias=False)(x)
        x = layers.LeakyReLU(0.2)(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(images, layers.Dense(latent_dim)(layers.Flatten()(x)), name="digit_encoder")


def style_classifier(styles, *, width=24):
    """A small classifier that tells in which style an image is.

    The mean over all places decides, so a damaged part is outvoted by the clean ones.

    Parameters
    ----------
    styles : int
        How many are told apart.
    width : int
        Channels of the first convolution.

    Returns
    -------
    keras.Model
        ``(n, height, width, 3)`` in [0, 1] ``-> (n, styles)``, one logit a style.
    """
    images = keras.Input((None, None, 3))
    x = layers.Rescaling(2.0, -1.0)(images)
    for channels, strides in ((width, 2), (2 * width, 2), (3 * width, 1)):
        x = layers.Conv2D(channels, 3, strides=strides, padding="same")(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Dense(2 * width, activation="relu")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, layers.Dense(styles)(x), name="style_classifier")


def hidden_features(discriminator, stage):
    """What a discriminator sees after one of its convolutions.

    Parameters
    ----------
    discriminator : keras.Model
        With LeakyReLU layers, as built by :func:`styleguard_edu.networks.digit_discriminator`.
    stage : int
        Which of them: 0 is the first, -1 the last.

    Returns
    -------
    keras.Model
        The discriminator's inputs ``-> (n, rows, columns, d)``.

    Raises
    ------
    ValueError
        If there is no such stage.
    """
    stages = [layer for layer in discriminator.layers if isinstance(layer, layers.LeakyReLU)]
    if not -len(stages) <= stage < len(stages):
        raise ValueError(
            f"stage must be one of the {len(stages)} LeakyReLU layers. Received: {stage}"
        )
    return keras.Model(discriminator.inputs[0], stages[stage].output, name="hidden_features")


def _with_strips(x):
    """Add to each pixel what is seen in all of its row and in all of its column."""
    channels = x.shape[-1]
    lying, standing = (
        layers.Dense(channels)(keras.ops.mean(x, axis=axis, keepdims=True)) for axis in (2, 1)
    )
    return layers.ReLU()(keras.ops.add(keras.ops.add(x, lying), standing))


def _convolutions(x, channels, count):
    for _ in range(count):
        x = layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(_normalised()(x))
    return x
