"""A walk through what a generator can draw, guided by a discriminator."""

import numpy as np

from ..backend import keras, tf
from ..checks import finite_array, require_count, require_numbers, require_positive
from ..networks import BATCH, compiled, run_network

__all__ = ["generator_parts", "refine", "refine_latents"]


def refine_latents(
    generator,
    discriminator,
    z,
    *,
    steps=20,
    step_size=0.05,
    weight=1.0,
    prior=1.0,
    temperature=1.0,
    seed=0,
):
    r"""Move latents to where a discriminator finds what the generator draws more real.

    Langevin's walk through the landscape of Che et al. (2020),

    .. math::
        E(z) = \tfrac{p}{2} |z|^2 - w\,D(G(z)), \qquad
        z_{t+1} = z_t - \eta\,\nabla E(z_t) + \sqrt{2 \eta T}\,\xi_t ,

    with latents z, generator G, discriminator D (its *logit*), weights w of D and p of the standard
    normal prior of z, step size :math:`\eta`, temperature T and fresh standard normal noise
    :math:`\xi_t`. If D is as good as it can be against this G, its logit is
    :math:`\log p_{real} / p_G`, and at w = p = T = 1 a long walk of small steps ends in latents
    whose images are distributed like real ones, as far as G can draw them. At T = 0 it goes
    straight downhill: every image looks better, and in the end all of them alike. So do the few
    steps of collaborative sampling (Liu et al., 2020), and with noise those of the gradient flow of
    Ansari et al. (2021).

    A generator's input has few numbers to improve an image by. The same walk can start further up:
    take the upper of the :func:`generator_parts` for G and what the lower one makes of z for z, and
    set p = T = 0, as those hidden values are not normally distributed.

    Parameters
    ----------
    generator : keras.Model
        ``(n, d) -> (n, height, width, channels)`` in [0, 1].
    discriminator : keras.Model
        ``(n, height, width, channels) -> (n, 1)`` logits, real is positive.
    z : array_like of float, ``(n, d)``
        What the generator takes.
    steps : int >= 0
    step_size : float > 0
        :math:`\eta`; from 2 on, the prior alone makes z grow without end.
    weight : float >= 0
        w; 0 draws from the prior.
    prior, temperature : float >= 0
        p and T.
    seed : int
        Of the noise.

    Returns
    -------
    ndarray of float32, ``(n, d)``

    Raises
    ------
    ValueError
        If a number is not one of those above, or z does not fit the generator.
    FloatingPointError
        If the walk leaves the finite numbers: the step size is too large for this D.
    """
    z = _checked_latents(z, generator)
    require_count("steps", steps)
    require_positive("step_size", step_size)
    others = {"weight": weight, "prior": prior, "temperature": temperature}
    require_numbers(others, dict.fromkeys(others, (0, np.inf)))
    slope = _logit_gradient(generator, discriminator)
    noise = np.float32(np.sqrt(2 * step_size * temperature))
    # not the plain seed: z is often drawn with it, and the noise would repeat z
    rng = np.random.default_rng((seed, 1))
    for step in range(1, steps + 1):
        uphill = np.concatenate(
            [slope(tf.constant(z[k : k + BATCH])) for k in range(0, len(z), BATCH)]
        )
        with np.errstate(over="ignore"):  # reported below
            z = z + np.float32(step_size) * (np.float32(weight) * uphill - np.float32(prior) * z)
        z += noise * rng.standard_normal(z.shape, np.float32)
        if not np.isfinite(z).all():
            raise FloatingPointError(
                f"z must stay finite; it did not in step {step}. Received: {step_size=}"
            )
    return z


def generator_parts(generator, stage):
    """Cut a generator in two at one of its ReLU layers; both parts share its weights.

    Parameters
    ----------
    generator : keras.Model
        A chain of layers, as built by :func:`styleguard_edu.networks.digit_generator`.
    stage : int
        Which ReLU layer ends the lower part: 0 is the first, -1 the last.

    Returns
    -------
    lower : keras.Model
        The generator's input ``-> (n, ...)`` hidden values.
    upper : keras.Model
        These ``-> (n, height, width, channels)`` in [0, 1].

    Raises
    ------
    ValueError
        If there is no such stage.
    """
    relu = keras.layers.ReLU
    places = [k for k, layer in enumerate(generator.layers) if isinstance(layer, relu)]
    if not -len(places) <= stage < len(places):
        raise ValueError(f"stage must be one of the {len(places)} ReLU layers. Received: {stage}")
    place = places[stage]
    lower = keras.Model(generator.inputs[0], generator.layers[place].output, name="lower")
    hidden = images = keras.Input(lower.output_shape[1:])
    for layer in generator.layers[place + 1 :]:
        images = layer(images)
    return lower, keras.Model(hidden, images, name="upper")


def refine(generator, parts, critic, z, walks, *, seed=0):
    """Draw images from latents that a critic has guided: two walks, both short.

    Parameters
    ----------
    generator : keras.Model
    parts : pair of keras.Model
        Its :func:`generator_parts` at ``STAGE``.
    critic : keras.Model
    z : ndarray of float32, ``(n, latent_dim)``
    walks : pair of dict
        Settings of :func:`refine_latents` for z, and for the hidden values it gives.
    seed : int

    Returns
    -------
    ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
    """
    lower, upper = parts
    z = refine_latents(generator, critic, z, **walks[0], seed=seed)
    hidden = run_network(lower, z=z)
    hidden = refine_latents(upper, critic, hidden, **walks[1])
    return run_network(upper, hidden=hidden)


def _logit_gradient(generator, discriminator):
    """Compiled: latents -> gradient of D's logit of G(z)."""

    def gradient(generator, discriminator, z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            logit = tf.reduce_sum(discriminator(generator(z, training=False), training=False))
        return tape.gradient(logit, z)

    latents = tf.TensorSpec((None, *generator.input_shape[1:]), tf.float32)
    return compiled("logit gradient", gradient, [generator, discriminator], latents)


def _checked_latents(z, generator):
    z, wanted = finite_array("z", z, np.float32), generator.input_shape[1:]
    if z.shape[1:] != wanted or not z.size:
        described = ", ".join(map(str, ("n", *wanted)))
        raise ValueError(f"z must be of shape ({described}). Received: shape {z.shape}")
    return z
