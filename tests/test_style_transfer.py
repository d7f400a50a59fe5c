from itertools import islice

from styleguard_edu.backend import keras, tf
from styleguard_edu.models import StyleTransfer, unpaired_batches
from styleguard_edu.networks import style_discriminator, style_generator
from styleguard_edu.styles import render_style
from tests.small_models import DIGITS, STYLES, build, data, only_bias, restarted, same, weights

import numpy as np
import pytest


def batches(batch_size=2, **kwargs):
    return unpaired_batches(
        DIGITS[:6], DIGITS[6:], batch_size, **{"styles": STYLES, "seed": 0, **kwargs}
    )


@pytest.fixture(scope="module")
def untrained():
    """Only for tests that leave its networks alone."""
    return build("style transfer")


# The networks and the styles


@pytest.mark.parametrize(("codes_g", "codes_d"), [(2, 3), (3, 2), (4, 4)])
def test_networks_for_another_number_of_styles_are_refused(codes_g, codes_d):
    message = f"codes of length 3: plain and 2 styles. Received: {codes_g} and {codes_d}"
    networks = style_generator(codes_g, width=2), style_discriminator(codes_d, width=2)
    with pytest.raises(ValueError, match=message):
        StyleTransfer(*networks, styles=STYLES)


@pytest.mark.parametrize("styles", ["ink", ("ink", "ink"), ("plain", "ink"), (), ("ink", 3)])
def test_styles_that_are_not_different_names_are_refused(untrained, styles):
    words = "styles must be a sequence of different names, none of them 'plain'. Received: "
    with pytest.raises(ValueError, match=words):
        StyleTransfer(untrained.generator, untrained.discriminator, styles=styles)
    with pytest.raises(ValueError, match=words):
        next(batches(styles=styles))


def test_plain_has_the_first_code_and_each_style_the_next(untrained):
    np.testing.assert_array_equal(untrained.code("plain"), [1, 0, 0])
    np.testing.assert_array_equal(untrained.code({"neon": 5, "plain": 5}), [0.5, 0, 0.5])


def test_grey_images_are_taken_as_colour_images_of_equal_channels(untrained):
    np.testing.assert_array_equal(
        untrained.transfer(DIGITS, "ink"), untrained.transfer(DIGITS.repeat(3, axis=-1), "ink")
    )
    with pytest.raises(ValueError, match=r"images must be of shape \(n, 28, 28, 3\)"):
        untrained.transfer(np.zeros((1, 32, 32, 1)), "ink")


# Training


def test_a_few_steps_lower_the_cycle_loss():
    adam = keras.optimizers.Adam(2e-2)
    transfer = restarted("style transfer", generator_optimizer=adam, adversarial_weight=0)
    losses = []
    for _ in range(4):
        transfer.trackers["cycle_loss"].reset_state()
        losses.append(float(transfer.train_step(data("style transfer"))["cycle_loss"]))
    assert losses[-1] < 0.9 * losses[0]


def test_losses_of_an_undecided_discriminator_and_a_grey_generator_known_by_hand():
    transfer = restarted("style transfer")
    only_bias(transfer.generator, 0.25)
    transfer.discriminator.set_weights([0 * w for w in weights(transfer.discriminator)])
    content, painted = tf.zeros((2, 28, 28, 1)), tf.ones((2, 28, 28, 3))
    losses = transfer.train_step((content, painted, tf.constant([0, 1], "int32")))
    assert float(losses["d_loss"]) == pytest.approx(4 * np.log(2))  # real and fake, two outputs
    assert float(losses["g_loss"]) == pytest.approx(2 * np.log(2))
    assert float(losses["cycle_loss"]) == pytest.approx((0.25 + 0.75) / 2)


def test_every_image_meets_the_codes_of_what_it_is_and_what_it_shall_become(monkeypatch):
    transfer = restarted("style transfer")
    asked = {"generator": [], "discriminator": []}
    for role in asked:
        network = getattr(transfer, role)

        def spy(inputs, *, role=role, call=network.call, **kwargs):
            asked[role].append(np.argmax(inputs[1], axis=-1).tolist())
            return call(inputs, **kwargs)

        monkeypatch.setattr(network, "call", spy)
    content, painted, _ = data("style transfer")
    transfer.train_step((content, painted, tf.constant([1, 0], "int32")))
    source, target = [0, 0, 2, 1], [2, 1, 0, 0]  # plain digits, then neon and ink
    assert asked["generator"] == [target, source]
    assert asked["discriminator"] == [target, source, target]


# Batches


def test_batches_are_unpaired_digits_and_true_renderings_of_the_style_numbered():
    truths = [render_style(DIGITS[6:], style) for style in STYLES]
    for content, painted, labels in islice(batches(4), 3):
        assert content.dtype == painted.dtype == np.float32
        assert labels.dtype == np.int32
        assert all(any(np.array_equal(one, digit) for digit in DIGITS[:6]) for one in content)
        for image, label in zip(painted, labels, strict=True):
            assert any(np.array_equal(image, truth) for truth in truths[label])


def test_all_digits_and_styles_have_their_turn():
    content, painted, labels = next(batches(200))
    assert len(np.unique(content, axis=0)) == 6
    assert len(np.unique(painted, axis=0)) == 12
    assert 60 < np.sum(labels == 0) < 140


@pytest.mark.parametrize("start", [0, 1, 3])
def test_a_batch_follows_from_its_seed_and_number_alone(start):
    whole = list(islice(batches(), 5))
    for expected, found in zip(whole[start:], batches(start=start), strict=False):
        assert same(expected, found)
    assert not same(whole[0], whole[1])
    assert not same(whole[0], next(batches(seed=1)))


@pytest.mark.parametrize(
    "wrong", [{"batch_size": 0}, {"batch_size": 1.5}, {"seed": "one"}, {"styles": ["crayon"]}]
)
def test_settings_of_batches_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))[:5]}.* must be .* Received: "):
        next(batches(**wrong))
