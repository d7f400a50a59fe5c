"""What the recipes of lesson 06 share: training on made damage, and measuring what is found."""

import numpy as np

from ..anomalies import GROUPS, KINDS, damage_some, local_families
from ..backend import keras
from ..detection_metrics import pixel_roc_auc, roc_auc
from ..detector_networks import digit_encoder, hidden_features
from ..training import endless_batches
from ._snapshots import cosine_adam

POOL = 20_000  # images damaged afresh each round
DAMAGED_SHARE = 0.6
SEVERITIES = range(1, 6)


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
        for name, kind in KINDS.items()
        if name not in left_out and (colour or not (kind.colour_only or kind.needs_content))
        for severity in SEVERITIES
        for local in (False, True)
    ]


def train_segmenter(
    network, clean, kinds, *, steps, learning_rate, batch_size=64, pool=POOL, seed=0
):
    """Teach a segmentation network to find damage that is made while it learns.

    Parameters
    ----------
    network : keras.Model
        From :func:`styleguard_edu.detector_networks.segmentation_network`; it is changed.
    clean : callable
        ``clean(rng, n) -> (images, content or None)``: n clean images.
    kinds : list of Anomaly
    steps, batch_size : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    pool : int
        Images that are damaged at a time.
    seed : int
    """
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(cosine_adam(learning_rate, steps, beta_1=0.9), [bce, bce])
    a_round, done = pool // batch_size, 0
    while done < steps:
        rng = np.random.default_rng((seed, done))
        images, content = clean(rng, pool)
        damaged, _ = damage_some(images, kinds, share=DAMAGED_SHARE, rng=rng, content=content)
        inputs = [damaged.images] if content is None else [damaged.images, content]
        answers = [damaged.masks[..., np.newaxis], damaged.labels[:, np.newaxis] < 0]
        count = min(a_round, steps - done) * batch_size
        network.fit(
            [part[:count] for part in inputs] if content is not None else inputs[0][:count],
            [part[:count].astype(np.float32) for part in answers],
            batch_size=batch_size,
            verbose=0,
        )
        done += count // batch_size
        losses = network.get_metrics_result()
        print(f"step {done:6,d}   loss {losses['loss']:.4f}", flush=True)


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
    generator.trainable = discriminator.trainable = features.trainable = False
    x = keras.Input((28, 28, 1))
    again = generator(encoder(x), training=False)
    strayed = keras.layers.Subtract()([features(again), features(x)])
    model = keras.Model(x, [again, strayed])
    model.compile(cosine_adam(learning_rate, steps, beta_1=0.9), ["mse", "mse"])
    batches = endless_batches(images, batch_size, seed=seed)
    nothing = np.zeros((batch_size, *strayed.shape[1:]), np.float32)
    model.fit(
        ((batch, (batch, nothing)) for batch in batches),
        steps_per_epoch=steps,
        shuffle=False,
        verbose=2,
    )
    return encoder


def measure_detection(detector, images, kinds, *, content=None, seed=0):
    """How well a calibrated detector tells damaged images from the same images clean.

    Parameters
    ----------
    detector : AnomalyDetector
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        Clean ones, of the test split.
    kinds : dict of str to Anomaly
    content : ndarray of float, ``(n, height, width, channels)`` in [0, 1], optional
    seed : int
        Of the damage.

    Returns
    -------
    dict of str to dict of str to float
        For each kind ``auroc`` and ``tpr``, the share flagged. Under ``"clean"``: the
        ``false_alarm_rate`` realised.
    """
    clean = detector.anomaly_score(images, content)
    table = {"clean": {"false_alarm_rate": float(np.mean(clean > detector.threshold_))}}
    for name, kind in kinds.items():
        damaged = kind(images, rng=seed, content=content)
        scores = detector.anomaly_score(damaged.images, content)
        table[name] = {
            "auroc": roc_auc(clean, scores),
            "tpr": float(np.mean(scores > detector.threshold_)),
        }
    return table


def measure_localisation(detector, images, kinds, *, content=None, seed=0):
    """Pixel AUROC of a detector's maps against the true masks of local damage, by kind."""
    table = {}
    for name, kind in kinds.items():
        damaged = kind(images, rng=seed, content=content)
        maps = detector.anomaly_map(damaged.images, content)
        table[name] = pixel_roc_auc(maps, damaged.masks)
    return table


def detection_table(detector, images, kinds, content=None):
    """The table of a card: :func:`measure_detection`, its mean, and that of the localisation."""
    table = measure_detection(detector, images, kinds, content=content)
    rows = [row for name, row in table.items() if name != "clean"]
    table["mean"] = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    local = {name: kind for name, kind in local_families().items() if name in kinds}
    found = measure_localisation(detector, images, local, content=content)
    table["mean"]["pixel_auroc"] = float(np.mean(list(found.values())))
    return {name: {k: round(v, 4) for k, v in row.items()} for name, row in table.items()}
