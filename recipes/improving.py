"""The recipe of lesson 09 for its fifth step: does a GAN learn better from what a guard found?"""

import time

from styleguard_edu.anomalies import GROUPS, benchmark_anomalies, damage_some
from styleguard_edu.backend import keras, tf
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.correctors import generator_parts
from styleguard_edu.datasets import load_digits
from styleguard_edu.guard import load_guard
from styleguard_edu.metrics import roc_auc
from styleguard_edu.models import GAN, endless_batches, fake_loss, real_loss
from styleguard_edu.networks import digit_discriminator, digit_generator, run_network

import numpy as np

from ._cards import save_with_card
from ._damage_training import training_kinds
from ._snapshots import cosine_adam
from .digits import measure_generator
from .refining import FULL_TRAINING, STAGE, early_gan, early_state, refine, some_steps

WAYS = ("control", "damaged", "refined")  # what D's further fakes are; the control has none
HELD_OUT = "geometric"  # the group of damage that D is not shown
DAMAGED = 10_000  # training digits
MEASURED = 1_000  # test digits a kind of damage, for D; drawings, for the guard


class TaughtGAN(GAN):
    """A GAN whose discriminator also learns from fakes that its generator did not draw.

    Parameters
    ----------
    generator, discriminator, seed
        As for :class:`styleguard_edu.GAN`.
    share : float in [0, 1]
        Of these fakes in the loss of all fakes; 0 is the plain GAN.
    """

    def __init__(self, generator, discriminator, *, share, seed=None):
        super().__init__(generator, discriminator, seed=seed)
        self.share = share

    def train_step(self, data):
        """Let D learn from real images, drawn ones and the others, then G from fresh noises."""
        (real, other), _, _ = keras.utils.unpack_x_y_sample_weight(data)
        drawn = self.generator(self._noise(tf.shape(real)[0]), training=True)
        with tf.GradientTape() as tape:
            says = [self.discriminator(images, training=True) for images in (real, drawn, other)]
            no = (1 - self.share) * fake_loss(says[1]) + self.share * fake_loss(says[2])
            loss = real_loss(says[0]) + no
            total = loss + self.lazy_r1_penalty(real)
        self.apply(self.discriminator_optimizer, self.discriminator, tape, total)
        self.steps.assign_add(1)
        self.generator_step(tf.shape(real)[0])
        return self.update_metrics(d_loss=loss)


def train_digit_gan_taught(*, steps=600, share=0.5, learning_rate=1e-3, seeds=(1, 2, 3)):
    """Train the early digit GAN on in three ways, three seeds each, and keep the measures only.

    The control learns as before. The others' D also learns from further fakes: damaged digits that
    the guard flagged, or the generator's own drawings refined along D. One group of damage is kept
    from D until it is measured.

    Parameters
    ----------
    steps : int
        Further ones, after those of ``digit_gan_early``.
    share : float in [0, 1]
        Of these further fakes among D's.
    learning_rate : float
        Of both Adams, at the start of the full training.
    seeds : sequence of int
        Of batches and noise.
    """
    settings = {**locals(), "held_out": HELD_OUT}
    early, images, _ = early_gan()
    state = early_state()
    guard = load_guard("digits", source="mnist")
    kinds = training_kinds(without=HELD_OUT)
    pool = damage_some(images[:DAMAGED], kinds, share=1.0, rng=0)[0].images
    damaged = pool[guard.detector.predict(pool) == -1]
    started = time.perf_counter()
    rows = {"at the start": [_measure(early, guard)]}
    for way in WAYS:
        for seed in seeds:
            weight = 0.0 if way == "control" else share
            gan = TaughtGAN(digit_generator(), digit_discriminator(), share=weight, seed=seed)
            gan.compile(*(cosine_adam(learning_rate, FULL_TRAINING) for _ in range(2)))
            gan.load_weights(state)
            gan.noise_seed = keras.random.SeedGenerator(seed)
            go_on(gan, images, damaged, steps, refined=way == "refined", seed=seed)
            rows.setdefault(way, []).append(_measure(gan, guard))
            print(way, seed, rows[way][-1], flush=True)
    save_with_card(
        "digit_gan_taught",
        data="MNIST train split (50,000 images) and bundled train split (997 images)",
        settings=settings,
        seconds=time.perf_counter() - started,
        metrics={way: _summary(measures) for way, measures in rows.items()},
        notes="mean over the seeds, least and most. frechet_distance: of 10,000 drawings; "
        "precision, recall: 2,000 a side; flagged: share of the drawings that the guard of MNIST "
        "digits flags; auroc: of D alone finding damage at severity 3, mean over the families that "
        "were shown to the D of the way damaged, and over those of the group that was not",
    )


def go_on(gan, images, damaged, steps, *, refined, seed, batch_size=64):
    """Train on; D's further fakes are damaged images, or drawings refined along D as it is then.

    Parameters
    ----------
    gan : TaughtGAN
        Compiled; it is changed.
    images, damaged : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
    steps : int
    refined : bool
    seed : int
    batch_size : int
    """
    real, wrong = (endless_batches(part, batch_size, seed=seed) for part in (images, damaged))
    parts, rng = generator_parts(gan.generator, STAGE), np.random.default_rng((seed, 1))
    for step in range(steps):
        other = next(wrong)
        if refined:
            z = rng.standard_normal((batch_size, gan.latent_dim), np.float32)
            walks = some_steps(rng)
            other = refine(gan.generator, parts, gan.discriminator, z, walks, seed=step)
        gan.train_on_batch((next(real), other))


def _measure(gan, guard):
    """What the EMA generator draws, and what D makes of damage."""
    measures = measure_generator(gan.ema_generator, load_checkpoint("digit_judge"))
    kept = ("frechet_distance", "precision", "recall")
    drawn = gan.sample(MEASURED, seed=0)
    test = load_digits("mnist", verbose=False).test.images[:MEASURED]

    def doubt(shown):
        return -run_network(gan.discriminator, images=shown)[:, 0]

    clean = doubt(test)
    found = {
        name: roc_auc(clean, doubt(kind(test, rng=0).images))
        for name, kind in benchmark_anomalies().items()
    }
    unseen = [found.pop(name) for name in GROUPS[HELD_OUT]]
    return {
        **{name: measures[name] for name in kept},
        "flagged": float(np.mean(guard.detector.predict(drawn) == -1)),
        "auroc_shown": float(np.mean(list(found.values()))),
        "auroc_not_shown": float(np.mean(unseen)),
    }


def _summary(rows):
    """Mean, least and most of each measure."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {
        name: [float(f(values)) for f in (np.mean, min, max)] for name, values in columns.items()
    }
