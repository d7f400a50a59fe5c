"""What every adversarial training shares: ``compile``, ``fit``, the steps, the EMA generator."""

from collections.abc import Iterator

import numpy as np

from ..backend import keras, tf
from ..checks import is_number, require_count, require_numbers
from .losses import gradient_penalty

__all__ = ["AdversarialModel", "keras_seed"]


class AdversarialModel(keras.Model):
    r"""A generator G and a discriminator D with their optimizers, penalty, and EMA generator.

    Subclasses define ``train_step``, call :meth:`compile` when they are built, and may check what
    they learn from in ``checked_batch``. D returns logits, alone or as a list (for example one for
    each patch and one for the whole image); real is positive. The R1 gradient penalty of Mescheder
    et al. (2018), :math:`\tfrac{w}{2} E_x |\nabla_x D(x)|^2` on real images x, is computed on every
    ``r1_every``-th step only and scaled up accordingly (Karras et al., 2020). Results are drawn
    by the EMA generator, whose weights are an exponential moving average of G's: it is steadier
    than G itself (Yazici et al., 2019).

    Parameters
    ----------
    generator, discriminator : keras.Model
    trackers : sequence of str
        Names of the running means that ``train_step`` reports.
    name : str

    Attributes
    ----------
    ema_generator : keras.Model
        The EMA generator: the network to keep.
    steps : keras.Variable
        Steps of the discriminator so far.
    noise_seed : keras.random.SeedGenerator or None
        Set by subclasses that draw noise while training; it is part of what ``save_weights`` keeps.
    """

    noise_seed = None
    _loaded_at = None  # the step of the state that was loaded last

    def __init__(self, generator, discriminator, *, trackers, name):
        super().__init__(name=name)
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = keras.models.clone_model(generator)
        self.ema_generator.set_weights(generator.get_weights())
        self.steps = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="steps"
        )
        self.trackers = {key: keras.metrics.Mean(name=key) for key in trackers}
        self.built = True  # its networks are

    @property
    def metrics(self):
        return list(self.trackers.values())

    def compile(
        self,
        generator_optimizer=None,
        discriminator_optimizer=None,
        *,
        r1_weight=0.1,
        r1_every=8,
        ema_decay=0.999,
        terms=None,
        run_eagerly=False,
        jit_compile="auto",
    ):
        """Set how both networks learn; called with the defaults on construction.

        The optimizers begin anew: what they remember of earlier steps is forgotten.

        Parameters
        ----------
        generator_optimizer, discriminator_optimizer : keras.optimizers.Optimizer, optional
            Or Keras' name of one; Adam with learning rate 1e-3, beta_1 = 0 and beta_2 = 0.99 unless
            given.
        r1_weight : float >= 0
            w above; 0 switches the penalty off.
        r1_every : int >= 1
            The penalty is computed on every ``r1_every``-th step.
        ema_decay : float in [0, 1)
            Share of the old average kept at each step, once training is under way. 0: no average.
        terms : dict of str to float, optional
            What a subclass weighs its own losses with, all at least 0; they become attributes.
        run_eagerly, jit_compile
            As for ``keras.Model.compile``. Its other arguments are refused: the losses are the
            model's own, and there are two optimizers.

        Raises
        ------
        ValueError
            If a value is none of those above, or if a state was loaded and nothing has been learnt
            since: compile first, then ``load_weights``, or what the optimizers remember is lost.
        """
        terms = {"r1_weight": r1_weight, **(terms or {})}
        require_numbers(terms, dict.fromkeys(terms, (0, np.inf)))
        require_count("r1_every", r1_every, 1)
        if not is_number(ema_decay) or not 0 <= ema_decay < 1:
            raise ValueError(f"ema_decay must lie in [0, 1). Received: {ema_decay!r}")
        if self._loaded_at is not None and self._loaded_at == int(self.steps):
            raise ValueError(
                "compile must come before load_weights: new optimizers would forget what the loaded"
                f" ones remember. Received: a state loaded at step {self._loaded_at}"
            )
        super().compile(run_eagerly=run_eagerly, jit_compile=jit_compile)
        self.generator_optimizer = keras.optimizers.get(generator_optimizer or _adam())
        self.discriminator_optimizer = keras.optimizers.get(discriminator_optimizer or _adam())
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.r1_every, self.ema_decay = r1_every, float(ema_decay)
        for name, value in terms.items():
            setattr(self, name, float(value))

    def fit(self, x, *, callbacks=None, **kwargs):
        """Train as ``keras.Model.fit`` does; an interrupt ends it early and keeps the networks.

        Parameters
        ----------
        x : ndarray, tf.data.Dataset, or iterator
            What ``train_step`` takes; an iterator yields batches, each an array or a tuple of
            arrays, and needs ``steps_per_epoch``.
        callbacks : keras.callbacks.Callback or sequence of such, optional
        **kwargs
            As for ``keras.Model.fit``.

        Returns
        -------
        keras.callbacks.History

        Raises
        ------
        TypeError, ValueError
            If the images do not follow the convention; of a Dataset the first batch is looked at.
        FloatingPointError
            If a loss is not finite any more: the training has diverged.
        """
        callbacks = keras.tree.flatten(callbacks or [])  # one, several or none
        if isinstance(x, Iterator):
            # Keras wants tuples, and must take them in the order in which they come
            x = (self.checked_batch(_as_tuple(batch)) for batch in x)
            kwargs.setdefault("shuffle", False)
        elif isinstance(x, tf.data.Dataset):
            for batch in x.take(1):
                self.checked_batch(_as_tuple(batch))
        else:
            (x,) = self.checked_batch((x,))
        self.history = None  # until training begins
        try:
            return super().fit(x, callbacks=[*callbacks, _StopWhenDiverged()], **kwargs)
        except (KeyboardInterrupt, FloatingPointError) as stopped:
            for callback in callbacks if self.history else ():
                callback.on_train_end()  # Keras does so only where nothing was raised
            if isinstance(stopped, FloatingPointError):
                raise
            print(f"\nStopped by hand after {int(self.steps)} steps; what was learnt is kept.")
            return self.history or keras.callbacks.History()

    def checked_batch(self, batch):
        """What :meth:`fit` learns from, after checking it; subclasses say what that is.

        Parameters
        ----------
        batch : tuple of array_like
            A batch, or all data.

        Returns
        -------
        tuple of ndarray
        """
        return batch

    def load_weights(self, filepath, **kwargs):
        """Go on from a state of ``save_weights``; compile first, as that model was compiled."""
        super().load_weights(filepath, **kwargs)
        self._loaded_at = int(self.steps) or None

    def save(self, filepath, *args, **kwargs):
        """Not possible: this is two networks and their training, not one network."""
        raise TypeError(
            "save must be called on a network, for example ema_generator.save(path); save_weights "
            "keeps the state of the training, save_checkpoint several networks with a card. "
            f"Received: {type(self).__name__} and {str(filepath)!r}"
        )

    def lazy_r1_penalty(self, real, *codes):
        """The R1 penalty on every ``r1_every``-th step, else 0.

        Parameters
        ----------
        real : tensor of float32, ``(n, height, width, channels)`` in [0, 1]
        *codes : tensor of float32, ``(n, c)``
            What D takes besides, if it does.
        """
        if self.r1_weight == 0:
            return 0.0

        def judged(images, training):
            return self.discriminator([images, *codes] if codes else images, training=training)

        weight = self.r1_weight * self.r1_every / 2
        due = self.steps % self.r1_every == 0
        return tf.cond(due, lambda: weight * gradient_penalty(judged, real), lambda: 0.0)

    def apply(self, optimizer, network, tape, loss):
        """Let one network learn from a recorded loss."""
        variables = network.trainable_variables
        scale = optimizer.scale_loss(tf.ones_like(loss))  # not 1 with mixed precision alone
        optimizer.apply(tape.gradient(loss, variables, output_gradients=scale), variables)

    def apply_gradients(self, d_tape, d_loss, g_tape, g_loss):
        """Let both networks learn from losses recorded before either changed; count the step.

        Parameters
        ----------
        d_tape, g_tape : tf.GradientTape
        d_loss, g_loss : tensor of float32, scalar
            What each network is to lower.
        """
        self.apply(self.discriminator_optimizer, self.discriminator, d_tape, d_loss)
        self.apply(self.generator_optimizer, self.generator, g_tape, g_loss)
        self.steps.assign_add(1)
        self.update_ema()

    def update_metrics(self, **values):
        """Add values to the running means of the same names; return all means by name."""
        for name, value in values.items():
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def update_ema(self):
        """Move the EMA generator towards G; at first in big strides, so that it forgets the start.

        After t steps of D, the share of the old average kept is :math:`(1 + t) / (10 + t)`, at
        most ``ema_decay``.
        """
        steps = tf.cast(self.steps, "float32")
        keep = tf.minimum(self.ema_decay, (1 + steps) / (10 + steps))
        pairs = zip(self.ema_generator.variables, self.generator.variables, strict=True)
        for average, weight in pairs:
            if keras.backend.is_float_dtype(average.dtype):  # not the seed states of random layers
                share = tf.cast(keep, average.dtype)
                average.assign(share * average + (1 - share) * weight)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        if self.noise_seed is not None:
            store["noise_seed"] = self.noise_seed.state.numpy()  # Keras leaves it out

    def load_own_variables(self, store):
        store = {key: store[key] for key in store.keys()}  # noqa: SIM118 (a store is no mapping)
        if self.noise_seed is not None:
            self.noise_seed.state.assign(store.pop("noise_seed"))
        super().load_own_variables(store)


def keras_seed(seed):
    """A seed as Keras wants it: None, or an int after checking that it is a whole number."""
    if seed is None:
        return None
    require_count("seed", seed, 0, 2**32 - 1)
    return int(seed)


class _StopWhenDiverged(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        lost = {name: float(x) for name, x in (logs or {}).items() if not np.isfinite(x)}
        if lost:
            raise FloatingPointError(
                f"The training diverged after {int(self.model.steps)} steps: build the networks "
                f"anew, and lower the learning rates or raise r1_weight. Received: {lost}"
            )


def _as_tuple(batch):
    return batch if isinstance(batch, tuple) else (batch,)


def _adam():
    return keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99)
