"""Functions that build the Keras networks of the course.

Images enter and leave every network in [0, 1]; a network that prefers [-1, 1] rescales inside.
Discriminators return *logits*: any real number, positive for "real". Initial weights come from
Keras' global random state: ``keras.utils.set_random_seed`` fixes them.
"""

from ..backend import keras

layers = keras.layers


def article_generator(latent_dim=100):
    """The source article's generator, changed so that it fits 28x28 images.

    As printed it starts from 8x8 and ends at 32x32; starting from 7x7 it ends at 28x28.

    Parameters
    ----------
    latent_dim : int
        Length of the input z, drawn from a standard normal distribution.

    Returns
    -------
    keras.Model
        ``(n, latent_dim) -> (n, 28, 28, 1)`` in [0, 1].
    """
    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(7 * 7 * 128, activation="relu"),
            layers.Reshape((7, 7, 128)),
            layers.Conv2DTranspose(64, 4, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(32, 4, strides=2, padding="same", activation="relu"),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ],
        name="article_generator",
    )


def article_discriminator():
    """The source article's discriminator, returning a logit instead of a probability.

    Returns
    -------
    keras.Model
        ``(n, 28, 28, 1)`` in [0, 1] ``-> (n, 1)``, one logit an image.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(1),
        ],
        name="article_discriminator",
    )


def digit_generator(latent_dim=64, *, width=64):
    """A small generator for digits, after DCGAN (Radford et al., 2015).

    Parameters
    ----------
    latent_dim : int
        Length of the input z, drawn from a standard normal distribution.
    width : int
        Channels of the 7x7 stage; 64 gives 0.31 million weights.

    Returns
    -------
    keras.Model
        ``(n, latent_dim) -> (n, 28, 28, 1)`` in [0, 1].
    """
    z = keras.Input((latent_dim,))
    x = layers.Dense(7 * 7 * width, use_bias=False)(z)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    x = layers.Reshape((7, 7, width))(x)
    for channels in (width, width // 2):  # 7x7 -> 14x14 -> 28x28
        x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    images = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x)
    return keras.Model(z, images, name="digit_generator")


def digit_discriminator(*, width=32):
    """A small discriminator for digits: strided convolutions, no batch normalisation.

    Parameters
    ----------
    width : int
        Channels of the first convolution; 32 gives 0.11 million weights.

    Returns
    -------
    keras.Model
        ``(n, 28, 28, 1)`` in [0, 1] ``-> (n, 1)``, one logit an image.
    """
    images = keras.Input((28, 28, 1))
    x = layers.Rescaling(2.0, -1.0)(images)
    for channels, kernel in ((width, 4), (2 * width, 4), (4 * width, 3)):  # 28 -> 14 -> 7 -> 4
        x = layers.Conv2D(channels, kernel, strides=2, padding="same")(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Flatten()(x)
    return keras.Model(images, layers.Dense(1)(x), name="digit_discriminator")


def digit_judge(*, channels=1, classes=10):
    """The classifier that judges digits, and whose last hidden layer gives the features.

    Parameters
    ----------
    channels : int
        1 for grey digits, 3 for restyled ones.
    classes : int
        What is told apart: ten digits, or styles.

    Returns
    -------
    keras.Model
        ``(n, 28, 28, channels)`` in [0, 1] ``-> (n, classes)``, one logit a class.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, channels)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu", name="features"),
            layers.Dense(classes),
        ],
        name="digit_judge",
    )


def feature_extractor(judge):
    """The part of the judge that ends at its last hidden layer.

    Parameters
    ----------
    judge : keras.Model
        As built by :func:`digit_judge`, trained.

    Returns
    -------
    keras.Model
        ``(n, 28, 28, 1)`` in [0, 1] ``-> (n, 128)`` features, all at least 0.
    """
    return keras.Model(judge.inputs[0], judge.get_layer("features").output, name="features")
