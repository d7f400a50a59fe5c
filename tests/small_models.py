"""Small models of the three games, and what they learn from, for the tests of training."""

from functools import cache

from styleguard_edu import networks
from styleguard_edu.backend import keras, tf
from styleguard_edu.datasets import load_digits
from styleguard_edu.models import GAN, PaintingStyle, StyleTransfer
from styleguard_edu.networks.styles import conditional_norm

import numpy as np

layers = keras.layers
KINDS = ("gan", "style transfer", "painting style")
STYLES = ("ink", "neon")
DIGITS = load_digits("bundled", verbose=False).test.images[:12]
Z = np.random.default_rng(1).standard_normal((8, 4)).astype(np.float32)


def noise(height=64, width=64, seed=0):
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


PAINTINGS = {"wave": noise(seed=1), "sun": noise(seed=2)}


def build(kind, real=False):
    """A new small model, always with the same weights; ``real``: of the networks of the course."""
    keras.utils.set_random_seed(0)
    if kind == "gan":
        parts = networks.digit_generator(4, width=4), networks.digit_discriminator(width=2)
        return GAN(*parts, seed=0)
    if kind == "style transfer":
        builders = networks.style_generator, networks.style_discriminator
        parts = [b(3, width=2) for b in builders] if real else tiny_networks(3)
        return StyleTransfer(*parts, styles=STYLES)
    builders = networks.painting_generator, networks.painting_discriminator
    parts = [b(2, width=2) for b in builders] if real else tiny_networks(2, grain=True)
    return PaintingStyle(PAINTINGS, generator=parts[0], discriminator=parts[1], seed=0)


def tiny_networks(codes, grain=False):
    """Two networks that take and give what those of a style do, and are quick to teach."""
    size = None if grain else 28
    images, code = keras.Input((size, size, 3)), keras.Input((codes,))
    inputs = [images, keras.Input((size, size, 1))] if grain else [images]
    x = layers.Concatenate()(inputs) if grain else images
    x = layers.ReLU()(conditional_norm(layers.Conv2D(4, 3, padding="same")(x), code))
    redrawn = layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x)
    logits = []
    for kernel in (4, 12):
        x = layers.LeakyReLU(0.2)(layers.Conv2D(2, kernel, strides=kernel)(images))
        patches = layers.Reshape((-1, codes))(layers.Conv2D(codes, 1)(x))
        logits.append(layers.Dot(axes=-1)([patches, code]))
    return keras.Model([*inputs, code], redrawn), keras.Model([images, code], logits)


@cache
def _first(kind):
    model = build(kind)
    noise_state = None if model.noise_seed is None else np.array(model.noise_seed.state)
    return model, model.get_weights(), noise_state


def restarted(kind, **settings):
    """One small model of a kind, always the same object, set back to its start.

    To build a new one takes longer than most tests.
    """
    model, start, noise_state = _first(kind)
    model.set_weights(start)
    if noise_state is not None:
        model.noise_seed.state.assign(noise_state)
    model.compile(**{"run_eagerly": True, "r1_weight": 0, **settings})
    for tracker in model.metrics:
        tracker.reset_state()
    return model


def data(kind, tone=None):
    """What one training step of a kind learns from."""
    if kind == "gan":
        return tf.constant(DIGITS[:8])
    if kind == "style transfer":
        parts = DIGITS[:2], DIGITS[2:4].repeat(3, axis=-1), np.array([0, 1], np.int32)
        return tuple(map(tf.constant, parts))
    photos, real = (
        np.random.default_rng(seed).random((2, 72, 72, 3), dtype=np.float32) for seed in (0, 1)
    )
    tones = photos if tone is None else np.full_like(photos, tone)
    return tuple(map(tf.constant, (photos, tones, real, np.array([0, 1], np.int32))))


def real_and_fake(kind, model):
    """What D of a model sees as real and as fake: its inputs, each with its codes."""
    given = data(kind)
    if kind == "gan":
        return given, model.generator(Z, training=True)
    if kind == "style transfer":
        content, painted, labels = given
        plain, styled = tf.one_hot([0, 0], 3), tf.one_hot(labels + 1, 3)
        real = tf.concat([tf.repeat(content, 3, axis=-1), painted], 0)
        source, target = tf.concat([plain, styled], 0), tf.concat([styled, plain], 0)
        return [real, source], [model.generator([real, target], training=True), target]
    photos, _, real, labels = given
    code = tf.one_hot(labels, 2)
    painted = model.generator([photos, tf.zeros_like(photos[..., :1]), code], training=True)
    return [real, code], [painted, code]


def opinions(kind, model):
    """D's mean logit of what is real and of what is fake."""
    return [
        np.mean([np.mean(part) for part in keras.tree.flatten(model.discriminator(shown))])
        for shown in real_and_fake(kind, model)
    ]


def standing_still():
    return keras.optimizers.SGD(0.0)


def weights(network):
    return [np.array(weight) for weight in network.get_weights()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


class Screen:
    """Stands in for the notebook: remembers what was shown, at first and in its place."""

    def __init__(self):
        self.shown = []

    def __call__(self, picture, *, display_id):
        assert display_id is True  # else there is nothing to update
        self.shown.append(picture.data)
        return self

    def update(self, picture):
        self.shown.append(picture.data)


def stirred(network):
    """Move every weight a little: in a new generator all codes say the same."""
    rng = np.random.default_rng(0)
    network.set_weights([w + rng.normal(0, 0.2, w.shape) for w in network.get_weights()])
    return network


def only_bias(network, grey):
    """Make a generator draw one grey level, whatever it is shown and asked."""
    last = next(layer for layer in network.layers[::-1] if layer.weights)
    kernel, bias = last.get_weights()
    last.set_weights([0 * kernel, np.full_like(bias, np.log(grey / (1 - grey)))])
    return network
