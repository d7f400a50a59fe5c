from styleguard_edu.backend import keras, tf
from styleguard_edu.models import AdversarialModel, fake_loss, gradient_penalty, real_loss

import numpy as np
import pytest


@pytest.mark.parametrize("loss", [real_loss, fake_loss])
def test_an_undecided_discriminator_costs_log_2(loss):
    assert float(loss(tf.zeros((5, 1)))) == pytest.approx(np.log(2))


def test_losses_of_a_belief_of_three_quarters_known_by_hand():
    logits = tf.fill((2, 1), np.float32(np.log(3)))  # sigmoid: 3/4
    assert float(real_loss(logits)) == pytest.approx(np.log(4 / 3))
    assert float(fake_loss(logits)) == pytest.approx(np.log(4))


def test_what_is_called_real_is_not_called_fake():
    logits = tf.constant([[-2.0], [0.5], [7.0]])
    assert float(fake_loss(logits)) == pytest.approx(float(real_loss(-logits)))
    assert float(real_loss(tf.constant([[30.0]]))) < 1e-9 < float(fake_loss(logits))


def test_losses_stay_finite_where_the_belief_rounds_to_0_or_1():
    assert float(real_loss(tf.constant([[-1000.0]]))) == pytest.approx(1000)
    assert float(fake_loss(tf.constant([[-1000.0]]))) == 0


@pytest.mark.parametrize("loss", [real_loss, fake_loss])
def test_several_outputs_count_alike_whatever_their_sizes(loss):
    many, one = tf.constant([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]]), tf.constant([[4.0], [-1.0]])
    assert float(loss([many, one])) == pytest.approx(float(loss(many)) + float(loss(one)))
    assert float(loss([tf.zeros((2, 49)), tf.zeros((2, 1))])) == pytest.approx(2 * np.log(2))


def linear(weights):
    """A discriminator of 2x2 images, linear, with one logit a column of ``weights``."""
    weights = np.array(weights, np.float32)
    layer = keras.layers.Dense(weights.shape[1])
    network = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), layer])
    layer.set_weights([weights, np.zeros(weights.shape[1])])
    return network


def images(n):
    return np.random.default_rng(0).random((n, 2, 2, 1)).astype("float32")


@pytest.mark.parametrize("n", [1, 5])
def test_gradient_penalty_takes_the_mean_of_an_output_with_many_logits(n):
    patches = linear([[2.0, 0.0], [0.0, 4.0], [0.0, 0.0], [2.0, -2.0]])  # mean: 1, 2, 0, 0
    assert float(gradient_penalty(patches, images(n))) == pytest.approx(5)


def test_gradient_penalty_sums_the_outputs_before_it_squares():
    patches = linear([[2.0, 0.0], [0.0, 4.0], [0.0, 0.0], [2.0, -2.0]])  # gradient 1, 2, 0, 0
    whole = linear([[3.0], [-2.0], [0.0], [1.0]])  # together 4, 0, 0, 1

    def both(x, training):
        return [patches(x, training=training), whole(x, training=training)]

    assert float(gradient_penalty(both, images(3))) == pytest.approx(17)


def test_gradient_penalty_is_the_mean_over_images_of_different_slopes():
    def square(x, training):  # gradient 2x, of squared length 4 |x|^2
        return tf.reduce_sum(x**2, axis=[1, 2, 3])[:, None]

    x = np.zeros((2, 2, 2, 1), "float32")
    x[1] = 0.5  # |x|^2 = 1
    assert float(gradient_penalty(square, x)) == pytest.approx(2)


def test_the_discriminator_is_asked_in_training_mode():
    asked = []

    def spy(x, training):
        asked.append(training)
        return tf.reduce_sum(x, axis=[1, 2, 3])

    gradient_penalty(spy, images(2))
    assert asked == [True]


# The model


class Scales(AdversarialModel):
    """G multiplies an image by a weight, D gives it the logit weight x image."""

    def __init__(self, noise=None):
        networks = (keras.Sequential([keras.Input((1,)), scale(by)]) for by in (2.0, 3.0))
        super().__init__(*networks, trackers=("d_loss", "g_loss"), name="scales")
        if noise is not None:
            self.noise_seed = keras.random.SeedGenerator(noise)
        self.compile(*(keras.optimizers.SGD(0.5) for _ in range(2)), ema_decay=0.9)


def scale(by):
    return keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(by))


def weight(network):
    return network.get_weights()[0].item()


def test_learning_moves_both_networks_by_losses_recorded_before_and_then_the_average():
    model, one = Scales(), tf.ones((1, 1))
    model.steps.assign(10**6)  # under way: the average moves by a tenth
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        g_loss = d_loss = tf.reduce_sum(model.discriminator(model.generator(one)))  # 2 x 3
    model.learn(d_tape, d_loss, g_tape, g_loss)
    assert weight(model.discriminator) == pytest.approx(3 - 0.5 * 2)
    assert weight(model.generator) == pytest.approx(2 - 0.5 * 3)  # of the D from before
    assert weight(model.ema_generator) == pytest.approx(0.9 * 2 + 0.1 * 0.5)
    assert int(model.steps) == 10**6 + 1


def test_a_report_is_the_running_mean_of_each_value():
    model = Scales()
    model.report(d_loss=1.0, g_loss=tf.constant([2.0, 4.0]))
    means = model.report(d_loss=2.0)
    assert {name: float(mean) for name, mean in means.items()} == {"d_loss": 1.5, "g_loss": 3.0}
    assert {name: float(mean) for name, mean in model.report().items()} == {
        "d_loss": 1.5,
        "g_loss": 3.0,
    }


def test_the_noise_goes_on_where_a_saved_state_left_it(tmp_path):
    first, other = Scales(noise=1), Scales(noise=2)
    keras.random.normal((1,), seed=first.noise_seed)
    first.save_weights(tmp_path / "state.weights.h5")
    expected = keras.random.normal((3,), seed=first.noise_seed)
    other.load_weights(tmp_path / "state.weights.h5")
    np.testing.assert_array_equal(keras.random.normal((3,), seed=other.noise_seed), expected)


def test_a_model_without_noise_keeps_none(tmp_path):
    store = {}
    Scales().save_own_variables(store)
    assert "noise_seed" not in store
