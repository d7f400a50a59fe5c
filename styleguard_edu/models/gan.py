"""The adversarial game: a generator and a discriminator that train each other."""

from ..backend import keras, tf
from ..checks import require_count
from ..images import check_images
from ..networks.running import run_network
from .adversarial import AdversarialModel, keras_seed
from .losses import fake_loss, real_loss


class GAN(AdversarialModel):
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
    from the EMA generator, whose weights are an exponential moving average of G's (Yazici et al.,
    2019).

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
    ema_generator : keras.Model
        The EMA generator: the network to keep.
    steps : keras.Variable
        Steps of the discriminator so far.

    Examples
    --------
    Two tiny networks learn from 32 digits for a moment:

    >>> from styleguard_edu import GAN, load_digits
    >>> from styleguard_edu.networks import digit_discriminator, digit_generator
    >>> digits = load_digits("bundled", verbose=False)
    >>> gan = GAN(digit_generator(8, width=4), digit_discriminator(width=2), seed=0)
    >>> gan.compile(r1_weight=0.2, run_eagerly=True)
    >>> history = gan.fit(digits.train.images[:32], batch_size=16, verbose=0)
    >>> sorted(history.history)
    ['d_fake', 'd_loss', 'd_real', 'g_loss']
    >>> gan.sample(3, seed=0).shape
    (3, 28, 28, 1)
    """

    def __init__(self, generator, discriminator, *, seed=None):
        if generator.output_shape[1:] != discriminator.input_shape[1:]:
            raise ValueError(
                "discriminator must take what generator makes, images of shape "
                f"{generator.output_shape[1:]}. Received: a discriminator for "
                f"{discriminator.input_shape[1:]}"
            )
        trackers = ("d_loss", "g_loss", "d_real", "d_fake")
        super().__init__(generator, discriminator, trackers=trackers, name="gan")
        self.latent_dim = generator.input_shape[-1]
        self.noise_seed = keras.random.SeedGenerator(keras_seed(seed))
        self.compile()

    def checked_batch(self, batch):
        """Images for the discriminator: float32, of its shape, in [0, 1]."""
        return (check_images(batch[0], name="x", shape=self.generator.output_shape[1:]),)

    def train_step(self, data):
        """Let D learn from one batch of real images, then G from as many fresh noises."""
        real, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        self.discriminator_step(real)
        self.generator_step(tf.shape(real)[0])
        return self.update_metrics()

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
            loss = real_loss(real_logits) + fake_loss(fake_logits)
            total = loss + self.lazy_r1_penalty(real)
        self.apply(self.discriminator_optimizer, self.discriminator, tape, total)
        self.steps.assign_add(1)
        self.update_metrics(
            d_loss=loss, d_real=tf.sigmoid(real_logits), d_fake=tf.sigmoid(fake_logits)
        )
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
            loss = real_loss(fake_logits)
        self.apply(self.generator_optimizer, self.generator, tape, loss)
        self.update_ema()
        self.update_metrics(g_loss=loss)
        return loss

    def sample(self, n, *, seed=None):
        """Draw images with the EMA generator.

        Parameters
        ----------
        n : int
        seed : int, optional
            The same seed gives the same noise z.

        Returns
        -------
        ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
        """
        require_count("n", n, 1)
        z = keras.random.normal((int(n), self.latent_dim), seed=keras_seed(seed))
        return run_network(self.ema_generator, z=z.numpy())

    def _noise(self, n):
        return keras.random.normal((n, self.latent_dim), seed=self.noise_seed)
