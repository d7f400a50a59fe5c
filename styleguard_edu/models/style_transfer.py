"""Learn several styles from unpaired images, with one generator and one discriminator."""

from itertools import count

import numpy as np

from ..backend import tf
from ..checks import require_count
from ..images import blend, check_images, to_rgb
from ..networks.running import run_network
from ..networks.styles import style_code
from ..styles import STYLES, render_style
from .adversarial import AdversarialModel
from .losses import fake_loss, real_loss

__all__ = ["PLAIN", "StyleTransfer", "unpaired_batches"]

PLAIN = "plain"  # the name of "no style": white on black, the way back


class StyleTransfer(AdversarialModel):
    r"""Unpaired style transfer: G redraws an image in a style, D judges the result.

    Content images x carry the code :math:`o` ("plain"), style images y the code :math:`s` of
    their style. G translates both ways, and a *cycle* there and back must return to the start
    (CycleGAN, Zhu et al., 2017; one generator for all directions: StarGAN, Choi et al., 2018).
    With :math:`\sigma(D(y, s))` D's belief that y is a true image of style s, these are lowered
    in turn over D's and over G's weights:

    .. math::
        L_D &= -E \log \sigma(D(y, s)) - E \log(1 - \sigma(D(G(x, s), s)))
               + \text{the same for plain} + \text{R1} \\
        L_G &= -E \log \sigma(D(G(x, s), s)) - E \log \sigma(D(G(y, o), o))
               + \lambda\, E |G(G(x, s), o) - x| + \lambda\, E |G(G(y, o), s) - y|

    with :math:`|\cdot|` the mean absolute difference of pixels and :math:`\lambda` the cycle
    weight. D gives logits for patches and for the whole image; each kind is averaged.

    Parameters
    ----------
    generator : keras.Model
        :func:`styleguard_edu.networks.style_generator`, one code more than styles.
    discriminator : keras.Model
        :func:`styleguard_edu.networks.style_discriminator` for as many codes.
    styles : sequence of str
        Different names of the styles, none of them "plain"; code 0 is plain, style k of this list
        has code k + 1.

    Examples
    --------
    The networks that come with the course:

    >>> from styleguard_edu import StyleTransfer, load_checkpoint, load_digits
    >>> trained = load_checkpoint("style_digits").networks
    >>> transfer = StyleTransfer(trained["generator"], trained["discriminator"])
    >>> digits = load_digits("bundled", verbose=False).test.images[:4]
    >>> transfer.transfer(digits, "neon", strength=0.8).shape
    (4, 28, 28, 3)
    >>> transfer.transfer(digits[0], {"neon": 1, "ink": 3}).shape
    (28, 28, 3)
    """

    def __init__(self, generator, discriminator, *, styles=STYLES):
        styles = _checked_styles(styles)
        codes = generator.input_shape[1][-1]
        if codes != len(styles) + 1 or discriminator.input_shape[1][-1] != codes:
            raise ValueError(
                f"generator and discriminator must take codes of length {len(styles) + 1}: plain "
                f"and {len(styles)} styles. Received: {codes} and "
                f"{discriminator.input_shape[1][-1]}"
            )
        trackers = ("d_loss", "g_loss", "cycle_loss")
        super().__init__(generator, discriminator, trackers=trackers, name="style_transfer")
        self.styles = styles
        self.compile()

    def compile(self, *args, cycle_weight=10.0, adversarial_weight=1.0, **kwargs):
        r"""Set how both networks learn.

        Parameters
        ----------
        cycle_weight : float >= 0
            :math:`\lambda` above; 0 leaves nothing that keeps the content.
        adversarial_weight : float >= 0
            Weight of D's opinion in :math:`L_G`; 0 leaves nothing that asks for a style.
        *args, **kwargs
            As for :class:`styleguard_edu.models.AdversarialModel`.
        """
        terms = {"cycle_weight": cycle_weight, "adversarial_weight": adversarial_weight}
        super().compile(*args, terms=terms, **kwargs)

    def checked_batch(self, batch):
        """A batch of :func:`unpaired_batches`, images and style numbers checked."""
        if len(batch) != 3:
            raise ValueError(
                "x must yield content, style images and style numbers, as unpaired_batches does. "
                f"Received: batches of {len(batch)} arrays"
            )
        content = check_images(batch[0], name="content", shape=(28, 28, 1))
        painted = check_images(batch[1], name="style images", shape=(28, 28, 3))
        return content, painted, np.asarray(batch[2], np.int32)

    def train_step(self, data):
        """Let both networks learn from one unpaired batch.

        Parameters
        ----------
        data : tuple
            From :func:`unpaired_batches`: content ``(n, 28, 28, 1)``, style images
            ``(n, 28, 28, 3)``, and the style number of each, ``(n,)``.
        """
        content, painted, labels = data
        styled = tf.one_hot(labels + 1, len(self.styles) + 1)
        plain = tf.one_hot(tf.zeros_like(labels), len(self.styles) + 1)
        real = tf.concat([tf.repeat(content, 3, axis=-1), painted], axis=0)
        source = tf.concat([plain, styled], axis=0)  # what they are
        target = tf.concat([styled, plain], axis=0)  # what they shall become

        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = self.generator([real, target], training=True)
            back = self.generator([fake, source], training=True)
            cycle_loss = tf.reduce_mean(tf.abs(tf.cast(back, "float32") - real))
            g_loss = real_loss(self.discriminator([fake, target], training=True))
            g_total = self.adversarial_weight * g_loss + self.cycle_weight * cycle_loss
            shown = tf.stop_gradient(fake)
            d_loss = real_loss(self.discriminator([real, source], training=True))
            d_loss += fake_loss(self.discriminator([shown, target], training=True))
            d_total = d_loss + self.lazy_r1_penalty(real, source)
        self.apply_gradients(d_tape, d_total, g_tape, g_total)
        return self.update_metrics(d_loss=d_loss, g_loss=g_loss, cycle_loss=cycle_loss)

    def transfer(self, images, style, *, strength=1.0):
        """Redraw images in a style, with the EMA generator.

        Parameters
        ----------
        images : ndarray of float, ``(n, 28, 28, 1)`` or ``(n, 28, 28, 3)`` in [0, 1]
            Plain digits; or, for ``style="plain"``, restyled ones. Or one picture alone, without
            n.
        style : str or dict of str to float
            A style's name, ``"plain"``, or a blend: shares by name, at least 0, of which only the
            proportions count.
        strength : float in [0, 1]
            Share of the restyled image in the result; the rest is the image itself.

        Returns
        -------
        ndarray of float32, ``(n, 28, 28, 3)`` in [0, 1], or ``(28, 28, 3)``

        Raises
        ------
        TypeError, ValueError
            For images that are none of these, an unknown style, shares that are
            negative or sum to 0, or a strength outside [0, 1].
        """
        if np.ndim(images) == 3:
            return self.transfer(np.asarray(images)[np.newaxis], style, strength=strength)[0]
        images = to_rgb(check_images(images))
        codes = np.tile(self.code(style), (len(images), 1))
        restyled = run_network(self.ema_generator, images=images, codes=codes)
        return blend(images, restyled, strength)

    def code(self, style):
        """The code of a style or of a blend.

        Parameters
        ----------
        style : str or dict of str to float
            As for :meth:`transfer`.

        Returns
        -------
        ndarray of float32, ``(len(styles) + 1,)``, summing to 1
        """
        return style_code(style, (PLAIN, *self.styles))


def unpaired_batches(content, drawn_from, batch_size, *, styles=STYLES, seed, start=0):
    """Yield batches for :meth:`StyleTransfer.fit`, for ever: content, style images, style numbers.

    Batch number t is the same whatever ``start`` is.

    Parameters
    ----------
    content : ndarray of float, ``(n, 28, 28, 1)`` in [0, 1]
    drawn_from : ndarray of float, ``(m, 28, 28, 1)`` in [0, 1]
        The digits that are rendered as style images. Unpaired means: none of them is in
        ``content``.
    batch_size : int
    styles : sequence of str
        As for :class:`StyleTransfer`.
    seed : int
    start : int
        Number of the first batch to yield.

    Yields
    ------
    tuple of ndarray
        ``(batch_size, 28, 28, 1)``, ``(batch_size, 28, 28, 3)`` and int32 ``(batch_size,)``.
    """
    require_count("batch_size", batch_size, 1)
    require_count("seed", seed)
    require_count("start", start)
    styles = _checked_styles(styles)
    for number in count(start):
        rng = np.random.default_rng((seed, number))
        chosen = drawn_from[rng.integers(len(drawn_from), size=batch_size)]
        labels = rng.integers(len(styles), size=batch_size, dtype=np.int32)
        painted = np.empty((*chosen.shape[:3], 3), np.float32)
        for label in np.unique(labels):
            painted[labels == label] = render_style(chosen[labels == label], styles[label])
        yield content[rng.integers(len(content), size=batch_size)], painted, labels


def _checked_styles(styles):
    names = () if isinstance(styles, str) else tuple(styles)
    different = {name for name in names if isinstance(name, str)} - {PLAIN}
    if not names or len(different) < len(names):
        raise ValueError(
            f"styles must be a sequence of different names, none of them {PLAIN!r}. "
            f"Received: {styles!r}"
        )
    return names
