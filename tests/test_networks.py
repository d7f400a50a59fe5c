from styleguard_edu import networks
from styleguard_edu.backend import keras
from styleguard_edu.networks import digit_encoder, fold_batch_norm, segmentation_network

import numpy as np
import pytest


@pytest.mark.parametrize(
    "generator", [networks.article_generator(), networks.digit_generator(64, width=8)]
)
def test_generators_turn_noise_into_images_in_the_convention(generator):
    z = np.random.default_rng(0).normal(size=(3, generator.input_shape[-1]))
    images = generator(z, training=False).numpy()
    assert images.shape == (3, 28, 28, 1)
    assert images.min() >= 0
    assert images.max() <= 1


@pytest.mark.parametrize(
    "discriminator", [networks.article_discriminator(), networks.digit_discriminator(width=4)]
)
def test_discriminators_return_one_logit_an_image(discriminator):
    images = np.random.default_rng(0).random((5, 28, 28, 1))
    assert discriminator(images, training=False).shape == (5, 1)
    assert discriminator.layers[-1].activation.__name__ == "linear"


def test_network_sizes_are_as_the_course_states():
    assert networks.digit_generator().count_params() == pytest.approx(310_000, rel=0.02)
    assert networks.digit_discriminator().count_params() == pytest.approx(110_000, rel=0.02)


def test_digit_judge_returns_ten_logits_and_its_features_feed_them():
    judge = networks.digit_judge()
    images = np.random.default_rng(0).random((4, 28, 28, 1)).astype("float32")
    features = networks.feature_extractor(judge)(images, training=False)
    assert features.shape == (4, 128)
    assert features.numpy().min() >= 0
    np.testing.assert_allclose(
        judge.layers[-1](features), judge(images, training=False), rtol=1e-5, atol=1e-5
    )


def normalisations(network):
    return [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: networks.digit_generator(8, width=4), (8,)),  # dense, transposed
        (lambda: segmentation_network(width=2, strips=True), (28, 28, 1)),
        (lambda: digit_encoder(8, width=2), (28, 28, 1)),
    ],
    ids=["generator", "segmenter", "encoder"],
)
def test_a_folded_network_answers_the_same_without_normalising(build, shape):
    network = build()
    for layer in normalisations(network):
        rng = np.random.default_rng(1)
        layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.get_weights()])
    assert normalisations(network)
    alone = fold_batch_norm(network)
    assert not normalisations(alone)
    x = np.random.default_rng(0).random((3, *shape), dtype=np.float32)
    for mine, theirs in zip(
        keras.tree.flatten(alone(x, training=False)),
        keras.tree.flatten(network(x, training=False)),
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


def test_a_folded_layer_has_a_kernel_and_a_bias_known_by_hand():
    x = keras.Input((1,))
    network = keras.Model(x, keras.layers.BatchNormalization(epsilon=0.0)(keras.layers.Dense(1)(x)))
    dense, normalisation = network.layers[1:]
    dense.set_weights([np.array([[3.0]]), np.array([1.0])])
    normalisation.set_weights([np.array([v]) for v in (2.0, 5.0, 7.0, 4.0)])  # mean 7, variance 4
    kernel, bias = fold_batch_norm(network).layers[1].get_weights()
    # 2 * (3 x + 1 - 7) / sqrt(4) + 5
    np.testing.assert_allclose([kernel[0, 0], bias[0]], [3.0, -1.0], rtol=1e-6)


def test_folding_copies():
    network = digit_encoder(4, width=2)
    alone = fold_batch_norm(network)
    before = alone(np.ones((1, 28, 28, 1), np.float32), training=False).numpy()
    for layer in network.layers:
        layer.set_weights([w + 1 for w in layer.get_weights()])
    after = alone(np.ones((1, 28, 28, 1), np.float32), training=False).numpy()
    np.testing.assert_array_equal(after, before)
    assert len(normalisations(network)) == 3


def test_a_normalisation_stays_where_it_cannot_be_folded():
    x = keras.Input((8, 8, 1))
    curved = keras.layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    shared = keras.layers.Conv2D(2, 3, padding="same")(keras.layers.BatchNormalization()(curved))
    y = keras.layers.Add()([shared, keras.layers.BatchNormalization()(shared)])
    last = keras.layers.Conv2D(2, 3)(y)  # the network gives it away as it is
    network = keras.Model(x, [last, keras.layers.BatchNormalization()(last)])
    for layer in normalisations(network):
        layer.set_weights([w + 0.5 for w in layer.get_weights()])
    alone = fold_batch_norm(network)
    assert len(normalisations(alone)) == 3
    shown = np.random.default_rng(0).random((2, 8, 8, 1), dtype=np.float32)
    both = zip(alone(shown, training=False), network(shown, training=False), strict=True)
    for mine, theirs in both:
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)
