"""The adversarial game: a generator and a discriminator that train each other."""

from collections.abc import Iterator

from .backend import keras, tf


class GAN(keras.Model):
    r"""Train a generator G against a discriminator D.

    D returns a logit; :math:`\sigma(D(x))` is its belief that image x is real. The game of
    Goodfellow et al. (2014), with G's non-saturating loss, is played by lowering in turn

    .. math::
        L_D = -E_x \log \sigma(D(x)) - E_z \log(1 - \sigma(D(G(z))))
              + \tfrac{w}{2} E_x |\nabla_x D(x)|^2,
        \qquad
        L_G = -E_z \log \sigma(D(G(z)))

    over D's and over G's weights, with real images x and standard normal z. The last term of
    :math:`L_D` is the R1 gradient penalty of Mescheder et al. (2018); it is computed on every
    ``r1_every``-th step only and scaled up accordingly (Karras et al., 2020). ``sample`` draws
    from a running average of G's weights, which is steadier than G itself (Yazici et al., 2019).

    Parameters
    ----------
    generator : keras.Model
        ``(n, latent_dim) -> (n, height, width, channels)`` in [0, 1].
    discriminator : keras.Model
        ``(n, height, width, channels) -> (n, 1)`` logits.
    seed : int, optional
        Fixes the noise z of training. For a run that repeats itself, fix the weights as well:
        call ``keras.utils.set_random_seed`` before building the networks.

    Attributes
    ----------
    averaged_generator : keras.Model
        G with averaged weights: the network to keep.
    steps : keras.Variable
        Steps of the discriminator so far.

    Examples
    --------
    >>> gan = GAN(digit_generator(), digit_discriminator(), seed=0)      # doctest: +SKIP
    >>> gan.compile()                                                    # doctest: +SKIP
    >>> gan.fit(images, batch_size=64, epochs=1)                         # doctest: +SKIP
    """

    def __init__(self, generator, discriminator, *, seed=None):
        super().__init__(name="gan")
        if generator.output_shape[1:] != discriminator.input_shape[1:]:
            raise ValueError(
                "discriminator must take what generator makes, images of shape "
                f"{generator.output_shape[1:]}. Received: a discriminator for "
                f"{discriminator.input_shape[1:]}"
            )
        self.generator = generator
        self.discriminator = discriminator
        self.averaged_generator = keras.models.clone_model(generator)
        self.averaged_generator.set_weights(generator.get_weights())
        self.latent_dim = generator.input_shape[-1]
        self.noise_seed = keras.random.SeedGenerator(seed)
        self.steps = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="steps"
        )
        self.trackers = {
            name: keras.metrics.Mean(name=name) for name in ("d_loss", "g_loss", "d_real", "d_fake")
        }
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
        average_decay=0.999,
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
        average_decay : float in [0, 1)
            Share of the old average kept at each step, once training is under way. 0: no average.
        **kwargs
            As for ``keras.Model.compile``, for example ``run_eagerly=True``.
        """
        if r1_weight < 0:
            raise ValueError(f"r1_weight must be at least 0. Received: {r1_weight}")
        if r1_every != int(r1_every) or r1_every < 1:
            raise ValueError(f"r1_every must be a whole number >= 1. Received: {r1_every}")
        if not 0 <= average_decay < 1:
            raise ValueError(f"average_decay must lie in [0, 1). Received: {average_decay}")
        super().compile(**kwargs)
        self.generator_optimizer = generator_optimizer or _adam()
        self.discriminator_optimizer = discriminator_optimizer or _adam()
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.r1_weight, self.r1_every = float(r1_weight), int(r1_every)
        self.average_decay = float(average_decay)

    def train_step(self, data):
        """Let D learn from one batch of real images, then G from as many fresh noises."""
        real, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        self.discriminator_step(real)
        self.generator_step(tf.shape(real)[0])
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def discriminator_step(self, real):
        """Let the discriminator learn; returns its loss, without the penalty.

        Parameters
        ----------
        real : tensor of float32, ``(n, height, width, channels)`` in [0, 1]

        Returns
        -------
        tensor of float32, scalar
        """
        fake = self.generator(self._noise(tf.shape(real)[0]), training=True)
        with tf.GradientTape() as tape:
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(fake, training=True)
            loss = tf.reduce_mean(tf.nn.softplus(-real_logits))  # -log sigmoid(D(x))
            loss += tf.reduce_mean(tf.nn.softplus(fake_logits))  # -log(1 - sigmoid(D(G(z))))
            total = loss + self._due_penalty(real)
        self._apply(self.discriminator_optimizer, self.discriminator, tape, total)
        self.steps.assign_add(1)
        self.trackers["d_loss"].update_state(loss)
        self.trackers["d_real"].update_state(tf.sigmoid(real_logits))
        self.trackers["d_fake"].update_state(tf.sigmoid(fake_logits))
        return loss

    def generator_step(self, batch_size):
        """Let the generator learn from fresh noise; returns its loss.

        Parameters
        ----------
        batch_size : int

        Returns
        -------
        tensor of float32, scalar
        """
        with tf.GradientTape() as tape:
            fake = self.generator(self._noise(batch_size), training=True)
            fake_logits = self.discriminator(fake, training=True)
            loss = tf.reduce_mean(tf.nn.softplus(-fake_logits))  # -log sigmoid(D(G(z)))
        self._apply(self.generator_optimizer, self.generator, tape, loss)
        self._update_average()
        self.trackers["g_loss"].update_state(loss)
        return loss

    def sample(self, n, *, seed=None):
        """Draw images with the averaged generator.

        Parameters
        ----------
        n : int
        seed : int, optional
            The same seed gives the same noise z.

        Returns
        -------
        ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
        """
        if n != int(n) or n < 1:
            raise ValueError(f"n must be a whole number >= 1. Received: {n}")
        z = keras.random.normal((int(n), self.latent_dim), seed=seed)
        return self.averaged_generator.predict(z, batch_size=256, verbose=0)

    def fit(self, x, **kwargs):
        """Train as ``keras.Model.fit`` does; an interrupt ends it early and keeps the networks.

        Parameters
        ----------
        x : ndarray, tf.data.Dataset, or iterator of ndarrays
            Real images, ``(n, height, width, channels)`` in [0, 1]; an iterator yields batches
            (:func:`styleguard_edu.training.endless_batches`) and needs ``steps_per_epoch``.
        **kwargs
            As for ``keras.Model.fit``.

        Returns
        -------
        keras.callbacks.History
        """
        if isinstance(x, Iterator):
            x = ((batch,) for batch in x)  # Keras wants tuples, in the order in which they come
            kwargs.setdefault("shuffle", False)
        try:
            return super().fit(x, **kwargs)
        except KeyboardInterrupt:
            print(f"\nStopped by hand after {int(self.steps)} steps; what was learnt is kept.")
            return self.history

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["noise_seed"] = self.noise_seed.state.numpy()  # Keras leaves it out

    def load_own_variables(self, store):
        store = {key: store[key] for key in store.keys()}  # noqa: SIM118 (a store is no mapping)
        self.noise_seed.state.assign(store.pop("noise_seed"))
        super().load_own_variables(store)

    def _noise(self, n):
        return keras.random.normal((n, self.latent_dim), seed=self.noise_seed)

    def _due_penalty(self, real):
        """R1 on every ``r1_every``-th step, else 0."""
        if self.r1_weight == 0:
            return 0.0
        weight = self.r1_weight * self.r1_every / 2
        return tf.cond(
            self.steps % self.r1_every == 0,
            lambda: weight * gradient_penalty(self.discriminator, real),
            lambda: 0.0,
        )

    def _update_average(self):
        """Move the average towards G; at first in big strides, so that it forgets the start."""
        steps = tf.cast(self.steps, "float32")
        keep = tf.minimum(self.average_decay, (1 + steps) / (10 + steps))
        if self.average_decay == 0:
            keep = 0.0
        for average, weight in zip(
            self.averaged_generator.variables, self.generator.variables, strict=True
        ):
            if average.dtype == "float32":  # not the seed states of random layers
                average.assign(keep * average + (1 - keep) * weight)

    @staticmethod
    def _apply(optimizer, network, tape, loss):
        variables = network.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)


def gradient_penalty(discriminator, images):
    r"""Mean squared length of D's gradient at the images, :math:`E_x |\nabla_x D(x)|^2`.

    Parameters
    ----------
    discriminator : keras.Model
        ``(n, height, width, channels) -> (n, 1)`` logits.
    images : tensor of float32, ``(n, height, width, channels)`` in [0, 1]

    Returns
    -------
    tensor of float32, scalar >= 0
    """
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(discriminator(images, training=True))
    gradient = tape.gradient(total, images)
    return tf.reduce_mean(tf.reduce_sum(gradient**2, axis=[1, 2, 3]))


def _adam():
    return keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99)
