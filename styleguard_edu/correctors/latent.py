"""A corrector that looks for the image nearest to a damaged one among all a generator can draw."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from ..backend import keras, tf
from ..checks import require_positive
from ..networks import BATCH, compiled, run_network
from .base import Corrector, checked
from .neighbour import NeighbourCorrector


@dataclass(eq=False, repr=False)
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

    _COUNTS: ClassVar = ("dilation", "steps")
    _RANGES: ClassVar = Corrector._RANGES | {"prior_weight": (0, np.inf)}

    generator: keras.Model
    encoder: keras.Model
    _: KW_ONLY
    steps: int = 30
    learning_rate: float = 0.1
    prior_weight: float = 0.02

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
        kept = self._descend(*checked(images, masks), _rising(steps))
        return np.stack([run_network(self.generator, z=z) for z in kept])

    def _check_settings(self):
        super()._check_settings()
        require_positive("learning_rate", self.learning_rate)
        wanted = self.generator.output_shape[1:], self.generator.input_shape[1:]
        given = self.encoder.input_shape[1:], self.encoder.output_shape[1:]
        if given != wanted:
            rule = "encoder must turn what generator makes into what it takes"
            raise ValueError(f"{rule}, {wanted}. Received: {given}")

    def _propose(self, images, masks, content):
        return run_network(self.generator, z=self._descend(images, masks, [self.steps])[0])

    def _descend(self, images, masks, stops):
        """Latents after each number of steps, ``(k, n, d)``."""
        filled = NeighbourCorrector(dilation=0, feather=0)._correct(images, masks, None)
        weights = np.where(masks.all(axis=(1, 2))[:, None, None], True, ~masks).astype(np.float32)
        weights = weights[..., np.newaxis] / weights.sum(axis=(1, 2), keepdims=True)[..., None]
        weights /= images.shape[-1]
        z = run_network(self.encoder, images=filled)
        slope, parts = _misfit_gradient(self.generator), []
        for start in range(0, len(z), BATCH):
            part = slice(start, start + BATCH)
            parts.append((part, tf.constant(images[part]), tf.constant(weights[part])))
        # Adam (Kingma & Ba, 2015), each z for itself
        mean, square = np.zeros_like(z), np.zeros_like(z)
        kept = [z] if 0 in stops else []
        for step in range(1, stops[-1] + 1):
            slopes = [slope(tf.constant(z[part]), *given) for part, *given in parts]
            gradient = np.concatenate(slopes) + 2 * self.prior_weight * z / z.shape[1]
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.99 * square + 0.01 * gradient**2
            pace = self.learning_rate * (1 + np.cos(np.pi * (step - 1) / stops[-1])) / 2
            scale = np.sqrt(square / (1 - 0.99**step)) + 1e-8
            z = z - np.float32(pace) * mean / (1 - 0.9**step) / scale
            if step in stops:
                kept.append(z)
        return np.stack(kept)


def _rising(steps):
    """Numbers of steps as an array; ValueError unless they rise."""
    stops = np.asarray(steps)
    whole = stops.ndim == 1 and len(stops) and stops.dtype.kind in "iu"
    if not whole or stops[0] < 0 or (np.diff(stops) <= 0).any():
        raise ValueError(f"steps must be whole numbers >= 0 that rise. Received: {steps!r}")
    return stops


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
