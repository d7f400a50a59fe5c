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


@pytest.mark.parametrize("term", ["cycle_weight", "adversarial_weight"])
@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf, "1", None])
def test_compile_names_the_wrong_weight(untrained, term, value):
    with pytest.raises(ValueError, match=f"{term} must be a number >= 0, finite. Received: "):
        untrained.compile(**{term: value})


# Codes


@pytest.mark.parametrize(
    ("style", "code"),
    [
        ("plain", [1, 0, 0]),
        ("neon", [0, 0, 1]),
        ({"ink": 1, "neon": 3}, [0, 0.25, 0.75]),  # only proportions count
        ({"neon": 5, "plain": 5}, [0.5, 0, 0.5]),
        ({"ink": 0.0, "neon": 0.1}, [0, 0, 1]),
    ],
)
def test_codes_of_styles_and_of_blends_known_by_hand(untrained, style, code):
    found = untrained.code(style)
    np.testing.assert_allclose(found, code)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("crayon", r"style must name some of \('plain', 'ink', 'neon'\).* Received: \['crayon'\]"),
        ({"ink": 1, "oil": 1, "crayon": 0}, r"Received: \['crayon', 'oil'\]"),
        ({"ink": 2, "neon": -1}, "shares that are at least 0, not all 0. Received: .*-1"),
        ({"ink": 0, "neon": 0}, "not all 0"),
        ({}, r"not all 0. Received: \{\}"),
        ({"ink": np.nan}, "at least 0"),
        ({"ink": np.inf, "neon": 1}, "at least 0"),
    ],
)
def test_styles_that_are_none_are_refused(untrained, style, words):
    with pytest.raises(ValueError, match=words):
        untrained.transfer(DIGITS, style)


# Transfer


def test_a_restyled_image_is_in_the_convention(untrained):
    restyled = untrained.transfer(DIGITS, "neon")
    assert restyled.shape == (12, 28, 28, 3)
    assert restyled.dtype == np.float32
    assert 0 <= restyled.min() <= restyled.max() <= 1


def test_a_picture_gives_a_picture_and_a_batch_its_images_one_by_one(untrained):
    pictures = [untrained.transfer(image, "neon", strength=0.7) for image in DIGITS[:3]]
    assert pictures[0].shape == (28, 28, 3)
    batch = untrained.transfer(DIGITS[:3], "neon", strength=0.7)
    np.testing.assert_allclose(batch, pictures, atol=1e-5)


def test_grey_images_are_taken_as_colour_images_of_equal_channels(untrained):
    np.testing.assert_array_equal(
        untrained.transfer(DIGITS, "ink"), untrained.transfer(DIGITS.repeat(3, axis=-1), "ink")
    )


def test_strength_is_the_share_of_the_restyled_image(untrained):
    nothing, quarter, full = (
        untrained.transfer(DIGITS, "ink", strength=s) for s in (0, np.float64(0.25), np.int64(1))
    )
    np.testing.assert_array_equal(nothing, DIGITS.repeat(3, axis=-1))
    np.testing.assert_allclose(quarter, 0.75 * nothing + 0.25 * full, atol=1e-6)
    assert nothing.dtype == quarter.dtype == full.dtype == np.float32


def test_no_strength_leads_out_of_the_range():
    transfer, white = restarted("style transfer"), np.ones((1, 28, 28, 1), np.float32)
    only_bias(transfer.ema_generator, 1 - 1e-7)
    for strength in (0.1, 1 / 3, 0.7, 0.9):
        assert transfer.transfer(white, "ink", strength=strength).max() <= 1


def test_the_EMA_generator_draws_as_it_is_now():
    transfer, black = restarted("style transfer"), np.zeros((2, 28, 28, 1))
    only_bias(transfer.generator, 0.9)
    for grey in (0.75, 0.25):
        only_bias(transfer.ema_generator, grey)
        np.testing.assert_allclose(transfer.transfer(black, "ink"), grey, atol=1e-6)
    np.testing.assert_allclose(transfer.transfer(black, "ink", strength=0.4), 0.1, atol=1e-6)


def test_a_style_is_its_one_sided_blend_and_styles_differ(untrained):
    ink = untrained.transfer(DIGITS, "ink")
    np.testing.assert_array_equal(ink, untrained.transfer(DIGITS, {"ink": 3, "neon": 0}))
    assert np.abs(ink - untrained.transfer(DIGITS, "neon")).max() > 1e-3


@pytest.mark.parametrize("strength", [-0.1, 1.01, np.nan])
def test_a_strength_outside_0_to_1_is_refused(untrained, strength):
    with pytest.raises(ValueError, match=rf"strength must lie in \[0, 1\]. Received: {strength}"):
        untrained.transfer(DIGITS, "ink", strength=strength)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((1, 32, 32, 1)), r"images must be of shape \(n, 28, 28, 3\)"),
        (np.zeros((28, 28)), "images must have shape"),
        (np.full((1, 28, 28, 3), 2.0), r"images must lie in \[0, 1\]"),
        (np.full((28, 28, 3), np.nan), r"images must lie in \[0, 1\]"),
    ],
)
def test_images_of_another_shape_or_range_are_refused(untrained, images, words):
    with pytest.raises(ValueError, match=words):
        untrained.transfer(images, "ink")


# Training


def test_a_few_steps_lower_the_cycle_loss():
    adam = keras.optimizers.Adam(2e-2)
    transfer = restarted("style transfer", generator_optimizer=adam, adversarial_weight=0)
    losses = []
    for _ in range(6):
        transfer.trackers["cycle_loss"].reset_state()
        losses.append(float(transfer.train_step(data("style transfer"))["cycle_loss"]))
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("term", ["cycle_weight", "adversarial_weight", None])
def test_each_term_alone_teaches_G_and_none_of_them_D(term):
    learnt = []
    for settings in (
        {},
        {"cycle_weight": 0, "adversarial_weight": 0} | ({term: 1} if term else {}),
    ):
        transfer = restarted("style transfer", **settings)
        g = weights(transfer.generator)
        transfer.train_step(data("style transfer"))
        learnt.append(weights(transfer.discriminator))
    assert same(g, weights(transfer.generator)) == (term is None)  # nor does D's loss reach G
    assert same(*learnt)


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


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"batch_size": 1.5}, {"seed": "one"}])
def test_a_batch_size_or_seed_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be .* Received: "):
        next(batches(**wrong))


def test_an_unknown_style_in_batches_is_refused():
    with pytest.raises(ValueError, match="style must be one of"):
        next(batches(styles=["crayon"]))
