"""Learn the style of one painting, or of several, from nothing but random crops."""

import random
from functools import lru_cache

import numpy as np

from ..backend import keras, tf
from ..checks import require_count, require_positive
from ..images import blend, check_images, to_rgb
from ..networks.styles import painting_discriminator, painting_generator, style_code
from .adversarial import AdversarialModel, keras_seed
from .losses import fake_loss, real_loss
from .painting_crops import SHORT_SIDE, painting_batches, training_picture
from .painting_losses import drawing_difference, tone_difference
from .training import LivePreview, StopAfter

__all__ = ["MOST_WEIGHT", "PaintingStyle"]

MOST_WEIGHT = 50.0  # beyond, the painting would hardly matter
_LEAST_SIDE, _MARGIN = 16, 8  # pixels: of a picture; mirrored around it
_SIZES = 4  # of pictures whose compiled networks are kept: a hundred would fill 180 MB


class PaintingStyle(AdversarialModel):
    r"""Repaint photographs in the style of a painting, learnt from that one picture.

    D sees crops of the painting and crops of G's work, and judges small patches at three sizes
    (one picture is enough for that: Li and Wand, 2016; patches: Isola et al., 2017). G is kept to
    the photograph by two terms beside D's opinion:

    .. math::
        L_G = -E \log \sigma(D(G(x))) + a\, E |\ell(G(x)) - \ell(x)|
              + b\, E |\bar G(x) - \bar m(x)|

    with :math:`\ell` luma after subtracting its local mean and dividing by its local standard
    deviation, at a half and a quarter of the size (the drawing must stay); m(x) the photograph
    with the painting's histogram and the bar an average over 8x8 pixels (dark and light must stay,
    or the edges of objects grow halos, and different things must keep different colours); a and b
    weights. D's loss is that of :class:`styleguard_edu.models.GAN`, with the R1 penalty.

    How much a must be depends on the painting: coarse strokes fight the drawing harder than fine
    grain. So a, one number a painting, is a Lagrange multiplier for "the second term is at most
    ``tolerance``": it grows at each step while the term is above, and shrinks while it is below.

    Parameters
    ----------
    paintings : ndarray of float, ``(height, width, 3)`` in [0, 1], or dict of str to such
        One painting, or several by name: one network then learns all of them.
    generator, discriminator : keras.Model, optional
        Trained networks, as built by :mod:`styleguard_edu.networks.styles`, one code a painting in
        the order of ``paintings``; new ones unless given.
    seed : int, optional
        Fixes the weights of new networks, the crops and the grain of training.

    Attributes
    ----------
    names : tuple of str
        Of the paintings; ``("painting",)`` for a single one.

    Examples
    --------
    One painting, which here is learnt for a single step; five minutes are enough on two cores:

    >>> from styleguard_edu import PaintingStyle, load_paintings, load_photos
    >>> from styleguard_edu.pictures import fit_short_side
    >>> style = PaintingStyle(load_paintings()["mosaic"], seed=0)
    >>> style.compile(run_eagerly=True)
    >>> photos = load_photos()
    >>> history = style.fit({"flower": photos["flower"]}, steps=1)
    >>> style.transfer(fit_short_side(photos["coffee"], 32), strength=0.8).shape
    (32, 48, 3)
    """

    def __init__(self, paintings, *, generator=None, discriminator=None, seed=None):
        if not isinstance(paintings, dict):
            paintings = {"painting": paintings}
        if not paintings:
            raise ValueError("paintings must hold at least one picture. Received: none")
        pictures = [
            training_picture(picture, SHORT_SIDE, f"paintings[{name!r}]")
            for name, picture in paintings.items()
        ]
        seed, random_state = keras_seed(seed), random.getstate()
        if seed is not None:
            random.seed(seed)  # from which Keras draws initial weights
        generator = generator or painting_generator(len(paintings))
        discriminator = discriminator or painting_discriminator(len(paintings))
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            if (codes := network.input_shape[-1][-1]) != len(paintings):
                raise ValueError(
                    f"{name} must take codes of length {len(paintings)}, one a painting. "
                    f"Received: {codes}"
                )
        trackers = ("d_loss", "g_loss", "content_loss", "tone_loss")
        super().__init__(generator, discriminator, trackers=trackers, name="painting_style")
        if seed is not None:
            random.setstate(random_state)
        self.names = tuple(paintings)
        self.content_weights = self.add_weight(
            shape=(len(paintings),), initializer="zeros", trainable=False, name="content_weights"
        )
        self._paintings, self._seed = pictures, seed or 0
        self.noise_seed = keras.random.SeedGenerator(seed)  # of the grain
        self._graph = lru_cache(_SIZES)(self._compiled_for)
        self.compile()

    def compile(
        self,
        *args,
        content_weight=2.5,
        tolerance=0.28,
        weight_rate=0.02,
        tone_weight=5.0,
        adversarial_weight=1.0,
        ema_decay=0.995,
        **kwargs,
    ):
        """Set how both networks learn; called with the defaults on construction.

        Parameters
        ----------
        content_weight : float >= 0
            a above, at the start; 0 for good leaves the drawing to itself.
        tolerance : float >= 0
            The difference in drawing that a is steered to.
        weight_rate : float >= 0
            How fast log a changes, per step and unit of difference; 0 leaves a as it is.
        tone_weight : float >= 0
            b above.
        adversarial_weight : float >= 0
            Weight of D's opinion; without it nothing asks for the painting.
        ema_decay : float in [0, 1)
        *args, **kwargs
            As for :class:`styleguard_edu.models.AdversarialModel`.
        """
        terms = {
            "content_weight": content_weight,
            "tolerance": tolerance,
            "weight_rate": weight_rate,
            "tone_weight": tone_weight,
            "adversarial_weight": adversarial_weight,
        }
        super().compile(*args, ema_decay=ema_decay, terms=terms, **kwargs)
        self.content_weights.assign(np.full(len(self.names), content_weight, np.float32))

    def fit(self, photos, *, minutes=None, steps=None, preview=None, callbacks=None):
        """Learn for a while; called again, go on. An interrupt keeps what was learnt.

        Parameters
        ----------
        photos : sequence of ndarray, or dict of str to ndarray
            Pictures ``(height, width, 3)`` in [0, 1] to practise on, of any sizes.
        minutes : float, optional
            Wall time to spend, counted from the end of the first step.
        steps : int, optional
            Training steps to do: the same work on every machine. Give exactly one budget.
        preview : ndarray of float, ``(height, width, 3)`` in [0, 1], optional
            A picture to repaint every 15 seconds while training.
        callbacks : keras.callbacks.Callback or sequence of such, optional

        Returns
        -------
        keras.callbacks.History
        """
        if (minutes is None) == (steps is None):
            raise ValueError(
                f"Give exactly one of minutes and steps. Received: {minutes=}, {steps=}"
            )
        if minutes is not None:
            require_positive("minutes", minutes)
        seconds = None if minutes is None else 60 * minutes
        callbacks = [StopAfter(steps=steps, seconds=seconds), *keras.tree.flatten(callbacks or [])]
        if preview is not None:
            small = training_picture(preview, min(256, *np.shape(preview)[:2]), "preview")
            callbacks.append(LivePreview(lambda: self.transfer(small, self.names[0])))
        return super().fit(
            self.batches(photos, start=int(self.steps)),
            steps_per_epoch=steps or 10**6,  # with a budget in minutes, StopAfter stops
            callbacks=callbacks,
            verbose=0,
        )

    def batches(self, photos, *, start=0):
        """Yield random crops to learn from, for ever; batch number t does not depend on ``start``.

        Parameters and what is yielded are those of
        :func:`styleguard_edu.models.painting_batches`, for the style's own paintings.
        """
        return painting_batches(photos, self._paintings, seed=self._seed, start=start)

    def train_step(self, data):
        """Let both networks learn from one batch of :meth:`batches`."""
        photos, tones, real, labels = data
        code = tf.one_hot(labels, len(self.names))
        grain = keras.random.normal(tf.shape(photos[..., :1]), seed=self.noise_seed)
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            painted = self.generator([photos, grain, code], training=True)
            g_loss = real_loss(self.discriminator([painted, code], training=True))
            content_losses = drawing_difference(painted, photos)
            weights = tf.stop_gradient(tf.gather(self.content_weights, labels))
            tone_loss = tone_difference(painted, tones)
            g_total = self.adversarial_weight * g_loss
            g_total += tf.reduce_mean(weights * content_losses) + self.tone_weight * tone_loss
            shown = tf.stop_gradient(painted)
            d_loss = real_loss(self.discriminator([real, code], training=True))
            d_loss += fake_loss(self.discriminator([shown, code], training=True))
            d_total = d_loss + self.lazy_r1_penalty(real, code)
        self.apply_gradients(d_tape, d_total, g_tape, g_total)
        self._steer(code, content_losses)
        return self.update_metrics(
            d_loss=d_loss,
            g_loss=g_loss,
            content_loss=tf.reduce_mean(content_losses),
            tone_loss=tone_loss,
        )

    def transfer(self, images, style=None, *, strength=1.0, seed=0):
        """Repaint a picture, or a batch of pictures of one size, with the EMA generator.

        Parameters
        ----------
        images : ndarray of float, ``(height, width, 3)`` in [0, 1], at least 16 pixels a side
            Or a batch of such, ``(n, height, width, 3)``. Time and memory grow with the pixels:
            384x256 takes about 0.2 s on two cores, a second at the first picture of a size, and
            about 600 bytes a pixel; :func:`styleguard_edu.pictures.load_picture` brings files to a
            working size.
        style : str or dict of str to float, optional
            A painting's name, or a blend: shares by name, at least 0, of which only the
            proportions count. May be left out where there is one painting.
        strength : float in [0, 1]
            Share of the repainted picture in the result; the rest is the picture itself.
        seed : int
            Fixes the grain: the same seed gives the same strokes, also within a batch.

        Returns
        -------
        ndarray of float32, of the shape of ``images``, in [0, 1]

        Raises
        ------
        TypeError, ValueError
            For images that are none of these, an unknown style, shares that are negative or sum
            to 0, or a strength outside [0, 1].
        """
        if np.ndim(images) == 3:
            images = np.asarray(images)[np.newaxis]
            return self.transfer(images, style, strength=strength, seed=seed)[0]
        images = to_rgb(check_images(images))
        height, width = images.shape[1:3]
        if min(height, width) < _LEAST_SIDE:
            raise ValueError(
                f"images must have at least {_LEAST_SIDE} pixels a side. "
                f"Received: shape {images.shape}"
            )
        require_count("seed", seed)
        code = self.code(style)[np.newaxis]
        # the network wants sides that are multiples of four
        sides = [(_MARGIN, _MARGIN + -side % 4) for side in (height, width)]
        padded = np.pad(images, ((0, 0), *sides, (0, 0)), mode="reflect")
        grain = np.random.default_rng(seed).standard_normal((1, *padded.shape[1:3], 1), np.float32)
        repaint = self._graph(*padded.shape[1:3])
        painted = np.concatenate([repaint(picture[np.newaxis], grain, code) for picture in padded])
        middle = painted[:, _MARGIN : _MARGIN + height, _MARGIN : _MARGIN + width]
        return blend(images, middle, strength)

    def _compiled_for(self, height, width):
        """The EMA generator for one picture of a size, as a graph.

        Called eagerly, it would keep what every layer says until the end; compiled for all sizes
        it cannot be, for Keras resizes bilinearly only what it knows the size of.
        """
        shapes = (1, height, width, 3), (1, height, width, 1), (1, len(self.names))
        repaint = tf.function(lambda *x: self.ema_generator(list(x), training=False))
        graph = repaint.get_concrete_function(*map(tf.TensorSpec, shapes))
        return lambda *arrays: graph(*map(tf.constant, arrays)).numpy()

    def code(self, style=None):
        """The code of a painting or of a blend; ``style`` as for :meth:`transfer`.

        Returns
        -------
        ndarray of float32, ``(len(names),)``, summing to 1
        """
        if style is None and len(self.names) > 1:
            raise ValueError(f"style must name one of {self.names}. Received: None")
        return style_code(self.names[0] if style is None else style, self.names)

    def _steer(self, code, content_losses):
        """Raise the content weight of paintings whose drawing strays too far, lower the others."""
        excess = tf.reduce_sum(code * (content_losses[:, None] - self.tolerance), axis=0)
        count = tf.maximum(tf.reduce_sum(code, axis=0), 1.0)
        grown = self.content_weights * tf.exp(self.weight_rate * excess / count)
        self.content_weights.assign(tf.minimum(grown, MOST_WEIGHT))
