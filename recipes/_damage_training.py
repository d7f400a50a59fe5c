"""What the recipes of lessons 06 and 08 share: training on made damage."""

from typing import NamedTuple

from styleguard_edu.anomalies import ANOMALIES, GROUPS, damage_some
from styleguard_edu.backend import keras
from styleguard_edu.models import endless_batches
from styleguard_edu.networks import digit_encoder, hidden_features, run_network
from styleguard_edu.networks.detectors import RESTORER

import numpy as np

from ._snapshots import cosine_adam

POOL = 20_000  # images damaged afresh each round
DAMAGED_SHARE, CLASSIFIED_DAMAGED = 0.6, 0.8  # of what is segmented; of what is classified
SEVERITIES = range(1, 6)
MOST_WEIGHT = 25.0  # of a damaged pixel, where few are
MOVED = ("shift", "rotation", "scaling", "shear")  # no network corrects these pixel by pixel
STILL_WRONG = 0.25  # a corrected pixel that is further off is damaged still
WRONG_SHARE = 0.01  # of an image's pixels, and the image is


def training_kinds(*, colour=False, without=None):
    """The damage a segmenter is trained on: every kind and severity, whole image and local.

    Parameters
    ----------
    colour : bool
        With the kinds that need colour.
    without : str, optional
        A group of kinds to leave out, to see how damage never shown is found.

    Returns
    -------
    list of Anomaly
    """
    left_out = GROUPS[without] if without else ()
    return [
        kind(severity=severity, local=local)
        for name, kind in ANOMALIES.items()
        if name not in left_out and (colour or not (kind.colour_only or kind.needs_content))
        for severity in SEVERITIES
        for local in (False, True)
    ]


class Clean(NamedTuple):
    """Clean images to damage.

    Attributes
    ----------
    images : ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
    content : ndarray of float32, ``(n, height, width, 1 or 3)`` in [0, 1], or None
        What they were made from.
    beside : ndarray of float32, ``(n, height, width, c)``, or None
        The network's second input.
    """

    images: np.ndarray
    content: np.ndarray | None = None
    beside: np.ndarray | None = None


def train_segmenter(
    network,
    clean,
    kinds,
    *,
    steps,
    learning_rate,
    batch_size=64,
    pool=POOL,
    corrected_share=0.3,
    restoring=20.0,
    seed=0,
):
    """Teach a segmentation network to find damage that is made while it learns, and to correct it.

    Images moved as a whole are to be left as they are: that is not to be corrected pixel by pixel.
    Part of the images are shown as the network itself corrects them, with the truth about what is
    still wrong: it learns to judge its own work, and does not take all of it for damage.

    Parameters
    ----------
    network : keras.Model
        From :func:`styleguard_edu.networks.segmentation_network`; it is changed.
    clean : callable
        ``clean(rng, n) -> Clean``, n of them.
    kinds : list of Anomaly
    steps, batch_size : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    pool : int
        Images that are damaged at a time.
    corrected_share : float in [0, 1]
        Of the damaged images: shown as the network corrects them, after the first pool. Not where
        slight damage is meant to be found, for what is left of that counts as clean.
    restoring : float >= 0
        Weight of the squared difference to the clean images in the loss; at 0 nothing is learnt of
        restoring, for :func:`train_restorer` to do.
    seed : int
    """
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(
        cosine_adam(learning_rate, steps, beta_1=0.9),
        [bce, bce, "mse"],
        loss_weights=[1.0, 1.0, restoring],
    )
    amount = {"steps": steps, "batch_size": batch_size, "pool": pool, "seed": seed}
    pools = _damaged_pools(network, clean, kinds, corrected_share=corrected_share, **amount)
    for done, inputs, answers in pools:
        network.fit(inputs, answers, batch_size, verbose=0)
        losses = {name: f"{value:.4f}" for name, value in network.get_metrics_result().items()}
        print(f"step {done:6,d}   {losses}", flush=True)


def train_localiser(network, clean, kinds, *, steps, learning_rate, batch_size, **how):
    """Teach a segmentation network to find damaged pixels, and nothing else.

    In the loss, the damaged and the clean pixels of an image weigh alike, however few there are of
    either (a pixel at most ``MOST_WEIGHT`` times as much as in a mean): lost blocks count as much
    as a colour cast.

    Parameters are those of :func:`train_segmenter` (``pool``, ``seed``), and ``damaged_share``: the
    share of the images that are damaged.
    """
    localiser = keras.Model(network.inputs, network.outputs[0])
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    localiser.compile(cosine_adam(learning_rate, steps, beta_1=0.9), bce)
    pools = _damaged_pools(network, clean, kinds, steps=steps, batch_size=batch_size, **how)
    for done, inputs, (masks, *_) in pools:
        weights = pixel_weights(masks > 0)
        localiser.fit(inputs, masks, batch_size, sample_weight=weights, verbose=0)
        loss = localiser.get_metrics_result()["loss"]
        print(f"finding, step {done:6,d}   loss {loss:.4f}", flush=True)


def pixel_weights(masks):
    """Weights with which damaged and clean pixels of an image count alike, 1/2 each.

    Parameters
    ----------
    masks : ndarray of bool, ``(n, height, width, 1)``

    Returns
    -------
    ndarray of float32, ``(n, height, width, 1)``
        1/2 everywhere in an image with one sort of pixels only.
    """
    share = masks.mean(axis=(1, 2, 3), keepdims=True)
    of_own_sort = np.where(masks, share, 1 - share)
    weights = np.minimum(0.5 / of_own_sort, MOST_WEIGHT)
    return np.where((share == 0) | (share == 1), 0.5, weights).astype(np.float32)


def train_restorer(network, clean, kinds, *, steps, learning_rate, batch_size, **how):
    """Teach a trained segmentation network to correct, and leave all else in it as it is.

    Parameters are those of :func:`train_segmenter` (``pool``, ``seed``).
    """
    restorer = keras.Model(network.inputs, network.outputs[2])
    before = {layer: layer.trainable for layer in network.layers}
    for layer in network.layers:
        layer.trainable = layer.name in RESTORER
    restorer.compile(cosine_adam(learning_rate, steps, beta_1=0.9), "mse")
    pools = _damaged_pools(network, clean, kinds, steps=steps, batch_size=batch_size, **how)
    for done, inputs, answers in pools:
        restorer.fit(inputs, answers[2], batch_size, verbose=0)
        loss = restorer.get_metrics_result()["loss"]
        print(f"restoring, step {done:6,d}   loss {loss:.4f}", flush=True)
    for layer, trainable in before.items():
        layer.trainable = trainable


def _damaged_pools(
    network, clean, kinds, *, steps, batch_size, pool, seed=0, corrected_share=0.0, **shares
):
    """Pools damaged one after another, each by the network as it is then, enough for ``steps``.

    Yields the steps done after a pool, what ``fit`` takes as inputs, and the three answers.
    """
    done = 0
    while done < steps:
        rng = np.random.default_rng((seed, done))
        share = corrected_share if done else 0.0
        inputs, answers = _damaged_pool(network, clean(rng, pool), kinds, rng, share, **shares)
        done_now = min(pool // batch_size, steps - done)
        inputs = [part[: done_now * batch_size] for part in inputs]
        answers = [part[: done_now * batch_size].astype(np.float32) for part in answers]
        done += done_now
        yield done, inputs if len(inputs) > 1 else inputs[0], answers


def _damaged_pool(network, clean, kinds, rng, corrected_share, damaged_share=DAMAGED_SHARE):
    """Inputs of the network, and its answers: masks, labels, and what to restore."""
    damaged, names = damage_some(
        clean.images, kinds, share=damaged_share, rng=rng, content=clean.content
    )
    images, masks, broken = damaged.images, damaged.masks, damaged.labels < 0
    moved = np.isin(names, MOVED)
    rows = np.flatnonzero(broken & ~moved & (rng.random(len(images)) < corrected_share))
    if len(rows):
        inputs = {"images": images[rows]}
        if clean.beside is not None:
            inputs["beside"] = clean.beside[rows]
        restored = np.clip(run_network(network, **inputs)[2], 0, 1)
        images[rows] = np.where(masks[rows][..., np.newaxis], restored, images[rows])
        masks[rows] = np.abs(images[rows] - clean.images[rows]).max(axis=-1) > STILL_WRONG
        broken[rows] = masks[rows].mean(axis=(1, 2)) > WRONG_SHARE
    wanted = np.where(moved[:, np.newaxis, np.newaxis, np.newaxis], images, clean.images)
    inputs = [images] if clean.beside is None else [images, clean.beside]
    return inputs, [masks[..., np.newaxis], broken[:, np.newaxis], wanted]


def train_style_classifier(
    classifier, clean, styles, kinds, *, passes, learning_rate, batch_size=64, seed=0
):
    """Teach a classifier to tell the style of restyled images, most of them damaged.

    Parameters
    ----------
    classifier : keras.Model
        From :func:`styleguard_edu.networks.style_classifier`; it is changed.
    clean : Clean
        n restyled images, in colour, and their content.
    styles : ndarray of int, ``(n,)``
        From 0.
    kinds : list of Anomaly
    passes : int
        Over all images; damaged afresh in each.
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    batch_size, seed : int
    """
    steps = passes * -(-len(clean.images) // batch_size)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(cosine_adam(learning_rate, steps, beta_1=0.9), loss, metrics=["accuracy"])
    for number in range(passes):
        rng = np.random.default_rng((seed, number))
        damaged, _ = damage_some(
            clean.images, kinds, share=CLASSIFIED_DAMAGED, rng=rng, content=clean.content
        )
        classifier.fit(damaged.images, styles, batch_size, verbose=2)


def train_encoder(generator, discriminator, images, *, steps, learning_rate, batch_size=64, seed=0):
    """Teach an encoder to find the z from which a frozen generator draws an image again.

    The loss is f-AnoGAN's: the mean squared difference of the pixels plus that of D's last hidden
    layer.

    Parameters
    ----------
    generator, discriminator : keras.Model
        Of a trained GAN; not changed.
    images : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
    steps, batch_size : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    seed : int

    Returns
    -------
    keras.Model
        The encoder.
    """
    encoder = digit_encoder(generator.input_shape[-1])
    features = hidden_features(discriminator, -1)
    x = keras.Input((28, 28, 1))
    again = generator(encoder(x), training=False)
    strayed = keras.layers.Subtract()([features(again), features(x)])
    model = keras.Model(x, [again, strayed])
    frozen = generator, discriminator
    before = [network.trainable for network in frozen]
    for network in frozen:
        network.trainable = False
    model.compile(cosine_adam(learning_rate, steps, beta_1=0.9), ["mse", "mse"])
    batches = endless_batches(images, batch_size, seed=seed)
    nothing = np.zeros((batch_size, *strayed.shape[1:]), np.float32)
    model.fit(
        ((batch, (batch, nothing)) for batch in batches),
        steps_per_epoch=steps,
        shuffle=False,
        verbose=2,
    )
    for network, trainable in zip(frozen, before, strict=True):
        network.trainable = trainable
    return encoder
