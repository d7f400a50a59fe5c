"""The recipe of lesson 09: an early digit GAN, and a critic that can guide its samples on."""

from styleguard_edu.backend import keras, tf
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.correctors import generator_parts, refine
from styleguard_edu.datasets import load_digits
from styleguard_edu.models import GAN, endless_batches, fake_loss, gradient_penalty, real_loss
from styleguard_edu.networks import digit_discriminator, digit_generator, run_network

import numpy as np

from ._cards import save_with_card
from ._detection_tables import mean_row
from ._snapshots import cosine_adam, made_once, state_folder, train_with_snapshots
from .digits import measure_images

FULL_TRAINING = 20_000  # steps of the reference GAN, whose beginning this one is
EARLY_STEPS = 700
STAGE = 0  # the ReLU layer whose values are refined
# Two walks: z first, as there is its prior to return to; then the hidden values it gives.
EARLY_WALKS = (
    {"steps": 3, "step_size": 0.05, "weight": 3.0},
    {"steps": 10, "step_size": 0.7, "prior": 0.0, "temperature": 0.0},
)
# A critic learns from samples after up to as many steps of these.
SHAPING_WALKS = (
    {"steps": 6, "step_size": 0.05, "weight": 3.0},
    {"steps": 6, "step_size": 0.5, "prior": 0.0, "temperature": 0.0},
)
# The reference GAN's own D is a good guide without further training, for a shorter way.
REFERENCE_WALKS = (
    {"steps": 4, "step_size": 0.05, "weight": 1.5, "temperature": 0.8},
    {"steps": 2, "step_size": 0.4, "prior": 0.0, "temperature": 0.0},
)
REDRAWN = (10, 25, 50)  # per cent of the samples, those that the critic likes least
SEEDS = (1, 2, 3)  # of z; 0 is that of the logs
MEASURED = 10_000


def train_digit_gan_early(
    *,
    steps=EARLY_STEPS,
    critic_steps=4_800,
    batch_size=64,
    learning_rate=1e-3,
    critic_rate=1e-3,
    seed=0,
):
    """Train the reference digit GAN's first ``steps`` steps, then a critic against what it draws.

    Kept are the generator as it is then, and the ``critic`` of :func:`train_critic`; the card
    compares 10,000 samples as they come, with those that the critic likes least drawn anew, and
    refined.

    Parameters
    ----------
    steps, critic_steps, batch_size : int
    learning_rate : float
        As for ``digit_gan``: of both Adams, at the start of its full training.
    critic_rate : float
        Of the critic's Adam, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    settings = dict(locals())  # what it was called with
    gan, images, seconds = early_gan(steps, batch_size, learning_rate, seed)
    generator = gan.ema_generator
    critic, more_seconds = made_once(
        "digit_critic",
        lambda: train_critic(
            generator, gan.discriminator, images, steps=critic_steps, learning_rate=critic_rate
        ),
        settings={
            "gan": _gan_settings(steps, batch_size, learning_rate, seed),
            "steps": critic_steps,
            "learning_rate": critic_rate,
            "walks": SHAPING_WALKS,
        },
    )
    reference = load_checkpoint("digit_gan").networks
    save_with_card(
        "digit_gan_early",
        {"generator": generator, "critic": critic},
        data="MNIST train split (50,000 images) and bundled train split (997 images)",
        settings={
            **settings,
            "stage": STAGE,
            "shaping_walks": SHAPING_WALKS,
            "walks": EARLY_WALKS,
            "reference_walks": REFERENCE_WALKS,
        },
        seconds=seconds + more_seconds,
        metrics={
            "early": compare(generator, critic, EARLY_WALKS),
            "reference": compare(
                reference["generator"], reference["discriminator"], REFERENCE_WALKS
            ),
        },
        notes="metrics: mean over three seeds of z and, of the Fréchet distance, the range. 10,000 "
        "samples against MNIST's test split; precision and recall from 2,000 a side. refined: "
        "refine_latents of z with the first of the walks, then, with the second, of the hidden "
        "values that the generator cut at stage makes of z. early is guided by the critic, the "
        "reference digit_gan by its own discriminator.",
    )


def early_gan(steps=EARLY_STEPS, batch_size=64, learning_rate=1e-3, seed=0):
    """The reference digit GAN at the beginning of its training; trained once, then taken up.

    Parameters are those of :func:`train_digit_gan_early`.

    Returns
    -------
    gan : GAN
        Compiled, as it is after these steps.
    images : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
        What it learns from.
    seconds : float
        That the training took.
    """
    mnist, bundled = (load_digits(name, verbose=False) for name in ("mnist", "bundled"))
    images = np.concatenate([mnist.train.images, bundled.train.images])
    keras.utils.set_random_seed(seed)
    gan = GAN(digit_generator(), digit_discriminator(), seed=seed)
    gan.compile(*(cosine_adam(learning_rate, FULL_TRAINING) for _ in range(2)))
    log = train_with_snapshots(
        gan,
        lambda start: endless_batches(images, batch_size, seed=seed, start=start),
        dict,
        [steps],
        name="digit_gan_early",
        settings=_gan_settings(steps, batch_size, learning_rate, seed),
    )
    return gan, images, float(log["seconds"][-1])


def early_state(steps=EARLY_STEPS, batch_size=64, learning_rate=1e-3, seed=0):
    """The file in which :func:`early_gan` leaves the whole state of the training."""
    settings = _gan_settings(steps, batch_size, learning_rate, seed)
    return state_folder("digit_gan_early", settings) / "state.weights.h5"


def _gan_settings(steps, batch_size, learning_rate, seed):
    return {"steps": steps, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}


def train_critic(
    generator, discriminator, images, *, steps, learning_rate, batch_size=64, r1_weight=0.1, seed=0
):
    r"""Train a discriminator on against a frozen generator and its refined samples.

    The discriminator shaping of Liu et al. (2020): D's fakes are samples on their way, after a
    random number of steps of both walks of :func:`refine` along D as it is. So D knows not only in
    which direction raw samples can be improved, but also when it is enough.

    Parameters
    ----------
    generator, discriminator : keras.Model
        Not changed.
    images : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
    steps, batch_size : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    r1_weight : float
        Of the gradient penalty, on every eighth step.
    seed : int

    Returns
    -------
    keras.Model
        The critic.
    """
    critic = keras.models.clone_model(discriminator)
    critic.set_weights(discriminator.get_weights())
    parts, adam = generator_parts(generator, STAGE), cosine_adam(learning_rate, steps)
    adam.build(critic.trainable_variables)

    @tf.function(reduce_retracing=True)
    def learn(real, fake, penalised):
        with tf.GradientTape() as tape:
            loss = real_loss(critic(real, training=True)) + fake_loss(critic(fake, training=True))
            total = loss + tf.cond(
                penalised,
                lambda: 8 * r1_weight / 2 * gradient_penalty(critic, real),
                lambda: 0.0,
            )
        variables = critic.trainable_variables
        adam.apply(tape.gradient(total, variables), variables)
        return loss

    rng, losses = np.random.default_rng(seed), []
    batches = endless_batches(images, batch_size, seed=seed)
    for step in range(steps):
        z = rng.standard_normal((batch_size, *generator.input_shape[1:]), np.float32)
        walks = some_steps(rng)
        fake = refine(generator, parts, critic, z, walks, seed=step)
        losses.append(float(learn(next(batches), fake, tf.constant(step % 8 == 0))))
        if (step + 1) % 100 == 0:
            print(f"step {step + 1:5,d}   loss {np.mean(losses[-100:]):.3f}", flush=True)
    return critic


def some_steps(rng):
    """``SHAPING_WALKS``, each with a random number of its steps, none to all."""
    return [{**walk, "steps": int(rng.integers(walk["steps"] + 1))} for walk in SHAPING_WALKS]


def compare(generator, critic, walks, *, seeds=SEEDS, measured=MEASURED):
    """Samples of a generator raw, redrawn and refined, over some seeds of z.

    Returns
    -------
    dict of str to dict of str to float or list of float
        ``raw``, ``redrawn_10`` and so on for the shares redrawn, ``refined``,
        ``redrawn_and_refined`` (the smallest of these shares first); each with
        ``frechet_distance``, its ``range`` over the seeds, ``precision`` and ``recall``.
    """
    judge, parts = load_checkpoint("digit_judge"), generator_parts(generator, STAGE)
    rows = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((measured, *generator.input_shape[1:]), np.float32)
        latents = {"raw": z}
        for share in REDRAWN:
            latents[f"redrawn_{share}"] = _redrawn(generator, critic, z, share, rng)
        images = {name: run_network(generator, z=part) for name, part in latents.items()}
        images["refined"] = refine(generator, parts, critic, z, walks, seed=seed)
        few = latents[f"redrawn_{REDRAWN[0]}"]
        images["redrawn_and_refined"] = refine(generator, parts, critic, few, walks, seed=seed)
        for name, drawn in images.items():
            rows.setdefault(name, []).append(measure_images(drawn, judge))
            print(f"seed {seed}   {name:19s}", rows[name][-1], flush=True)
    return {name: _summary(row) for name, row in rows.items()}


def _redrawn(generator, critic, z, share, rng):
    """Draw anew, until they pass, the ``share`` per cent of latents that the critic likes least."""

    def judged(latents):
        return run_network(critic, images=run_network(generator, z=latents))[:, 0]

    logits, z = judged(z), z.copy()
    threshold = np.percentile(logits, share)
    flagged = np.flatnonzero(logits < threshold)
    while len(flagged):
        z[flagged] = rng.standard_normal((len(flagged), z.shape[1]), np.float32)
        flagged = flagged[judged(z[flagged]) < threshold]
    return z


def _summary(rows):
    """Means over the seeds, and the range of the Fréchet distance."""
    distances = [row["frechet_distance"] for row in rows]
    return {**mean_row(rows), "range": [min(distances), max(distances)]}
