from styleguard_edu import networks

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
