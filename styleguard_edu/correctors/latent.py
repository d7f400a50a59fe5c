"""A corrector that looks for the image nearest to a damaged one among all a generator can draw."""

from typing import ClassVar

import numpy as np

from ..backend import tf
from ..checks import require_count, require_positive
from ..networks import BATCH, compiled, run_network
from .base import Corrector, checked
from .neighbour import NeighbourCorrector
from .refining import numbers_of_steps

__all__ = ["LatentCorrector"]


class LatentCorrector(Corrector):
    r"""Marked pixels are filled in from the image nearest to the rest that a generator can draw.

    The projection of Schlegl et al. (2017) and Samangouei et al. (2018), started where an encoder
    guesses (Schlegl et al., 2019): for each image x with marked pixels M, ``steps`` steps of Adam
    lower

    .. math::
        L(z) = \frac{1}{|\bar M|} \sum_{i \in \bar M} (G(z)_i - x_i)^2
             + \frac{\mathrm{prior}}{d} |z|^2

    over :math:`z \in R^d`, and G(z) is proposed. :math:`\bar M` are the unmarked pixels, or all of
    them where there are none. The second term keeps z where G was trained, on a standard normal
    distribution. The encoder is shown the image with its marked pixels filled in by
    :class:`NeighbourCorrector`, as it knows no masks.

    In holes in digits this is 3 to 4 dB better than those neighbours; about 30 digits a second on
    two CPU cores.

    Parameters
    ----------
    generator : keras.Model
        ``(n, d) -> (n, height, width, channels)`` in [0, 1].
    encoder : keras.Model
        ``(n, height, width, channels)`` in [0, 1] ``-> (n, d)``.
    steps : int >= 0
        Of Adam; at 0, G draws what the encoder guesses.
    learning_rate : float > 0
        Of Adam, at the start, in units of z; it falls to 0 along half a cosine.
    prior_weight : float >= 0
        prior above.
    max_change, dilation, feather, strength
        As for :class:`Corrector`.

    Examples
    --------
    >>> from styleguard_edu import LatentCorrector, load_checkpoint, load_digits
    >>> from styleguard_edu.anomalies import Occlusion
    >>> digits = load_digits("bundled", verbose=False).test.images[:8]
    >>> images, masks, _ = Occlusion(side=6)(digits, rng=0)
    >>> generator = load_checkpoint("digit_gan").networks["generator"]
    >>> encoder = load_checkpoint("digit_detector").networks["encoder"]
    >>> corrected = LatentCorrector(generator, encoder, steps=5).correct(images, masks)
    >>> bool(abs(corrected - digits).mean() < abs(images - digits).mean())
    True
    """

    _RANGES: ClassVar = Corrector._RANGES | {"prior_weight": (0, np.inf)}

    def __init__(
        self,
        generator,
        encoder,
        *,
        steps=30,
        learning_rate=0.1,
        prior_weight=0.02,
        max_change=0.35,
        dilation=1,
        feather=0.5,
        strength=1.0,
    ):
        super().__init__(
            dilation=dilation, feather=feather, strength=strength, max_change=max_change
        )
        self.generator = generator
        self.encoder = encoder
        self.steps = steps
        self.learning_rate = learning_rate
        self.prior_weight = prior_weight

    def project(self, images, masks, steps):
        """What the generator draws after so many steps, for a look at the way.

        Parameters
        ----------
        images : ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
        masks : ndarray of bool, ``(n, height, width)``
            Taken as they are, not grown.
        steps : sequence of int >= 0
            Rising. The last takes the place of the ``steps`` of the corrector.

        Returns
        -------
        ndarray of float32, ``(k, n, height, width, channels)``
            One round of images for each of the k numbers of steps.

        Raises
        ------
        TypeError, ValueError
            As for :meth:`correct`, and if the steps do not rise.
        """
        self._check_settings()
        kept = self._descend(*checked(images, masks), numbers_of_steps(steps))
        return np.stack([run_network(self.generator, z=z) for z in kept])

    def _check_settings(self):
        super()._check_settings()
        require_count("steps", self.steps)
        require_positive("learning_rate", self.learning_rate)
        wanted = self.generator.output_shape[1:], self.generator.input_shape[1:]
        given = self.encoder.input_shape[1:], self.encoder.output_shape[1:]
        if given != wanted:
            raise ValueError(
                f"encoder must turn what generator makes, {wanted[0]}, into what it takes, "
                f"{wanted[1]}. Received: an encoder from {given[0]} to {given[1]}"
            )

    def _propose(self, images, masks, content):
        return run_network(self.generator, z=self._descend(images, masks, [self.steps])[0])

    def _descend(self, images, masks, stops):
        """Latents after each number of steps, ``(k, n, d)``."""
        stops = np.asarray(stops)
        filled = NeighbourCorrector(dilation=0, feather=0)._correct(images, masks, None)
        weights = np.where(masks.all(axis=(1, 2))[:, None, None], True, ~masks).astype(np.float32)
        weights = weights[..., np.newaxis] / weights.sum(axis=(1, 2), keepdims=True)[..., None]
        z = run_network(self.encoder, images=filled)
        slope = _misfit_gradient(self.generator)
        kept = np.empty((len(stops), *z.shape), np.float32)
        for start in range(0, len(z), BATCH):
            part = slice(start, start + BATCH)
            given = tf.constant(images[part]), tf.constant(weights[part] / images.shape[-1])
            walk = self._walk(z[part], slope, given, max(stops))
            for step, place in enumerate(walk):
                for row in np.flatnonzero(stops == step):
                    kept[row, part] = place
        return kept

    def _walk(self, z, slope, given, steps):
        """Yield z before and after each step of Adam (Kingma & Ba, 2015), each z for itself."""
        mean, square = np.zeros_like(z), np.zeros_like(z)
        yield z
        for step in range(1, steps + 1):
            gradient = (
                slope(tf.constant(z), *given).numpy() + 2 * self.prior_weight * z / z.shape[1]
            )
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.99 * square + 0.01 * gradient**2
            pace = self.learning_rate * (1 + np.cos(np.pi * (step - 1) / steps)) / 2
            scale = np.sqrt(square / (1 - 0.99**step)) + 1e-8
            z = z - np.float32(pace) * mean / (1 - 0.9**step) / scale
            yield z


def _misfit_gradient(generator):
    """Compiled: latents, images and weights of pixels -> gradient of the misfit of G(z)."""

    def gradient(generator, z, images, weights):
        with tf.GradientTape() as tape:
            tape.watch(z)
            misfit = tf.reduce_sum(weights * (generator(z, training=False) - images) ** 2)
        return tape.gradient(misfit, z)

    shapes = generator.input_shape, generator.output_shape, (*generator.output_shape[:3], None)
    specs = (tf.TensorSpec(shape, tf.float32) for shape in shapes)
    return compiled("misfit gradient", gradient, [generator], *specs)
