from styleguard_edu.adversarial import called_fake, called_real, gradient_penalty
from styleguard_edu.backend import keras, tf

import numpy as np
import pytest


@pytest.mark.parametrize("loss", [called_real, called_fake])
def test_an_undecided_discriminator_costs_log_2(loss):
    assert float(loss(tf.zeros((5, 1)))) == pytest.approx(np.log(2))


def test_losses_of_a_belief_of_three_quarters_known_by_hand():
    logits = tf.fill((2, 1), np.float32(np.log(3)))  # sigmoid: 3/4
    assert float(called_real(logits)) == pytest.approx(np.log(4 / 3))
    assert float(called_fake(logits)) == pytest.approx(np.log(4))


def test_what_is_called_real_is_not_called_fake():
    logits = tf.constant([[-2.0], [0.5], [7.0]])
    assert float(called_fake(logits)) == pytest.approx(float(called_real(-logits)))
    assert float(called_real(tf.constant([[30.0]]))) < 1e-9 < float(called_fake(logits))


def test_losses_stay_finite_where_the_belief_rounds_to_0_or_1():
    assert float(called_real(tf.constant([[-1000.0]]))) == pytest.approx(1000)
    assert float(called_fake(tf.constant([[-1000.0]]))) == 0


@pytest.mark.parametrize("loss", [called_real, called_fake])
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
