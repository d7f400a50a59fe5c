"""What every adversarial training shares; the games themselves are in the layer above."""

from collections.abc import Iterator

from ..backend import keras, tf
from ..checks import require_count, require_number


class AdversarialModel(keras.Model):
    r"""A generator G and a discriminator D with their optimisers, penalty, and average.

    Subclasses define ``train_step``. D returns logits, alone or as a list (for example one for
    each patch and one for the whole image); real is positive. The R1 gradient penalty of Mescheder
    et al. (2018), :math:`\tfrac{w}{2} E_x |\nabla_x D(x)|^2` on real images x, is computed on every
    ``r1_every``-th step only and scaled up accordingly (Karras et al., 2020). Results are drawn
    with a running average of G's weights, steadier than G itself (Yazici et al., 2019).

    Parameters
    ----------
    generator, discriminator : keras.Model
    trackers : sequence of str
        Names of the running means that ``train_step`` reports.
    name : str

    Attributes
    ----------
    ema_generator : keras.Model
        G with averaged weights: the network to keep.
    steps : keras.Variable
        Steps of the discriminator so far.
    noise_seed : keras.random.SeedGenerator or None
        Set by subclasses that draw noise while training; it is part of what ``save_weights`` keeps.
    """

    noise_seed = None

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
        **kwargs,
    ):
        """Set how both networks learn.

        Parameters
        ----------
        generator_optimizer, discriminator_optimizer : keras.optimizers.Optimizer, optional
            Adam with learning rate 1e-3, beta_1 = 0 and beta_2 = 0.99 unless given.
        r1_weight : float >= 0
            w above; 0 switches the penalty off.
        r1_every : int >= 1
            The penalty is computed on every ``r1_every``-th step.
        ema_decay : float in [0, 1)
            Share of the old average kept at each step, once training is under way. 0: no average.
        **kwargs
            As for ``keras.Model.compile``, for example ``run_eagerly=True``.
        """
        require_number("r1_weight", r1_weight, 0, float("inf"))
        require_count("r1_every", r1_every, 1)
        if not 0 <= ema_decay < 1:
            raise ValueError(f"ema_decay must lie in [0, 1). Received: {ema_decay}")
        super().compile(**kwargs)
        self.generator_optimizer = generator_optimizer or _adam()
        self.discriminator_optimizer = discriminator_optimizer or _adam()
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.r1_weight, self.r1_every = float(r1_weight), r1_every
        self.ema_decay = float(ema_decay)

    def fit(self, x, **kwargs):
        """Train as ``keras.Model.fit`` does; an interrupt ends it early and keeps the networks.

        Parameters
        ----------
        x : ndarray, tf.data.Dataset, or iterator
            What ``train_step`` takes; an iterator yields batches, each an array or a tuple of
            arrays, and needs ``steps_per_epoch``.
        **kwargs
            As for ``keras.Model.fit``.

        Returns
        -------
        keras.callbacks.History
        """
        if isinstance(x, Iterator):
            # Keras wants tuples, and must take them in the order in which they come
            x = (batch if isinstance(batch, tuple) else (batch,) for batch in x)
            kwargs.setdefault("shuffle", False)
        self.history = None  # until training begins
        try:
            return super().fit(x, **kwargs)
        except KeyboardInterrupt:
            print(f"\nStopped by hand after {int(self.steps)} steps; what was learnt is kept.")
            if self.history is None:
                return keras.callbacks.History()
            for callback in kwargs.get("callbacks") or ():
                callback.on_train_end()  # Keras does so only where nothing was raised
            return self.history

    def lazy_r1_penalty(self, discriminator, real):
        """The R1 penalty on every ``r1_every``-th step, else 0.

        Parameters
        ----------
        discriminator : callable
            ``discriminator(images, training=True) -> logits``.
        real : tensor of float32, ``(n, height, width, channels)`` in [0, 1]
        """
        if self.r1_weight == 0:
            return 0.0
        weight = self.r1_weight * self.r1_every / 2
        return tf.cond(
            self.steps % self.r1_every == 0,
            lambda: weight * gradient_penalty(discriminator, real),
            lambda: 0.0,
        )

    def apply(self, optimizer, network, tape, loss):
        """Let one network learn from a recorded loss."""
        variables = network.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)

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
        """Move the average towards G; at first in big strides, so that it forgets the start."""
        steps = tf.cast(self.steps, "float32")
        keep = tf.minimum(self.ema_decay, (1 + steps) / (10 + steps))
        if self.ema_decay == 0:
            keep = 0.0
        for average, weight in zip(
            self.ema_generator.variables, self.generator.variables, strict=True
        ):
            if average.dtype == "float32":  # not the seed states of random layers
                average.assign(keep * average + (1 - keep) * weight)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        if self.noise_seed is not None:
            store["noise_seed"] = self.noise_seed.state.numpy()  # Keras leaves it out

    def load_own_variables(self, store):
        store = {key: store[key] for key in store.keys()}  # noqa: SIM118 (a store is no mapping)
        if self.noise_seed is not None:
            self.noise_seed.state.assign(store.pop("noise_seed"))
        super().load_own_variables(store)


def real_loss(logits):
    r"""Loss that is low where D says "real": the mean of :math:`-\log \sigma(D)`.

    Parameters
    ----------
    logits : tensor of float32, or list of them
        Several outputs of D count alike, whatever their sizes.

    Returns
    -------
    tensor of float32, scalar >= 0
    """
    return sum(tf.reduce_mean(tf.nn.softplus(-part)) for part in _as_list(logits))


def fake_loss(logits):
    r"""Loss that is low where D says "fake": the mean of :math:`-\log (1 - \sigma(D))`.

    Parameters and result are those of :func:`real_loss`.
    """
    return sum(tf.reduce_mean(tf.nn.softplus(part)) for part in _as_list(logits))


def gradient_penalty(discriminator, images):
    r"""Mean squared length of D's gradient at the images, :math:`E_x |\nabla_x D(x)|^2`.

    Where D gives many logits an image, D(x) is the mean of each output, summed over the outputs.

    Parameters
    ----------
    discriminator : callable
        ``discriminator(images, training=True) -> logits``, one or a list of tensors ``(n, ...)``.
    images : tensor of float32, ``(n, height, width, channels)`` in [0, 1]

    Returns
    -------
    tensor of float32, scalar >= 0
    """
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        parts = _as_list(discriminator(images, training=True))
        total = sum(tf.reduce_mean(part) for part in parts) * tf.cast(
            tf.shape(images)[0], "float32"
        )
    gradient = tape.gradient(total, images)
    return tf.reduce_mean(tf.reduce_sum(gradient**2, axis=[1, 2, 3]))


def _as_list(logits):
    return logits if isinstance(logits, (list, tuple)) else [logits]


def _adam():
    return keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99)
