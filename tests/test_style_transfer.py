from functools import cache
from itertools import islice

from styleguard_edu.backend import keras, tf
from styleguard_edu.datasets import load_digits
from styleguard_edu.models import StyleTransfer, unpaired_batches
from styleguard_edu.networks import style_discriminator, style_generator
from styleguard_edu.styles import render_style

import numpy as np
import pytest

STYLES = ("ink", "neon")
OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")
DIGITS = load_digits("bundled", verbose=False).test.images[:12]


def make_transfer():
    keras.utils.set_random_seed(0)
    codes = len(STYLES) + 1
    return StyleTransfer(
        style_generator(codes, width=2), style_discriminator(codes, width=2), styles=STYLES
    )


@cache
def _first_transfer():
    transfer = make_transfer()
    return transfer, transfer.get_weights()


def restarted(**settings):
    """Small networks, always the same objects, set back to their start.

    To build new ones takes longer than most tests.
    """
    transfer, start = _first_transfer()
    transfer.set_weights(start)
    transfer.compile(**{"run_eagerly": True, "r1_weight": 0, **settings})
    for tracker in transfer.metrics:
        tracker.reset_state()
    return transfer


def batches(batch_size=2, **kwargs):
    return unpaired_batches(
        DIGITS[:6], DIGITS[6:], batch_size, **{"styles": STYLES, "seed": 0, **kwargs}
    )


def tensors():
    """The first batch, for a single step."""
    return tuple(tf.constant(part) for part in next(batches()))


def weights(network):
    return [np.array(weight) for weight in network.get_weights()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def only_bias(network, bias):
    """Make the generator draw one grey level, whatever it is shown and asked."""
    kernel = network.layers[-1].get_weights()[0]
    network.layers[-1].set_weights([0 * kernel, np.full(3, np.log(bias / (1 - bias)))])
    return network


@pytest.fixture(scope="module")
def untrained():
    """Only for tests that leave its networks alone."""
    return make_transfer()


# The networks


@pytest.mark.parametrize(("codes_g", "codes_d"), [(2, 3), (3, 2), (4, 4)])
def test_networks_for_another_number_of_styles_are_refused(codes_g, codes_d):
    message = f"codes of length 3: plain and 2 styles. Received: {codes_g} and {codes_d}"
    with pytest.raises(ValueError, match=message):
        StyleTransfer(
            style_generator(codes_g, width=2),
            style_discriminator(codes_d, width=2),
            styles=STYLES,
        )


@pytest.mark.parametrize(
    "wrong", [{"cycle_weight": -1}, {"adversarial_weight": -0.1}, {"r1_every": 0}]
)
def test_compile_names_the_wrong_setting(untrained, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must .* Received: "):
        untrained.compile(**wrong)


# Codes


@pytest.mark.parametrize(
    ("style", "code"),
    [
        ("plain", [1, 0, 0]),
        ("ink", [0, 1, 0]),
        ("neon", [0, 0, 1]),
        ({"ink": 0.25, "neon": 0.75}, [0, 0.25, 0.75]),
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
        untrained.code(style)
    with pytest.raises(ValueError, match=words):
        untrained.transfer(DIGITS, style)


# Transfer


def test_a_restyled_image_is_in_the_convention(untrained):
    restyled = untrained.transfer(DIGITS, "neon")
    assert restyled.shape == (12, 28, 28, 3)
    assert restyled.dtype == np.float32
    assert restyled.min() >= 0
    assert restyled.max() <= 1


@pytest.mark.parametrize("style", ["ink", "plain", {"ink": 1, "neon": 1}])
def test_strength_0_is_the_content_exactly(untrained, style):
    found = untrained.transfer(DIGITS, style, strength=0)
    np.testing.assert_array_equal(found, DIGITS.repeat(3, axis=-1))


def test_strength_is_the_share_of_the_restyled_image(untrained):
    plain, half, full = (untrained.transfer(DIGITS, "ink", strength=s) for s in (0, 0.5, 1))
    np.testing.assert_allclose(half, (plain + full) / 2, atol=1e-6)
    assert half.dtype == np.float32
    quarter = untrained.transfer(DIGITS, "ink", strength=0.25)
    np.testing.assert_allclose(quarter, 0.75 * plain + 0.25 * full, atol=1e-6)


def test_no_strength_leads_out_of_the_range():
    transfer, white = restarted(), np.ones((1, 28, 28, 1), np.float32)
    only_bias(transfer.ema_generator, 1 - 1e-9)
    for strength in (0.1, 1 / 3, 0.7, 0.9):
        assert transfer.transfer(white, "ink", strength=strength).max() <= 1


def test_what_G_draws_known_by_hand():
    transfer, black = restarted(), np.zeros((2, 28, 28, 1))
    only_bias(transfer.ema_generator, 0.25)
    np.testing.assert_allclose(transfer.transfer(black, "ink"), 0.25, atol=1e-6)
    np.testing.assert_allclose(transfer.transfer(black, "ink", strength=0.4), 0.1, atol=1e-6)


def test_grey_images_are_taken_as_colour_images_of_equal_channels(untrained):
    np.testing.assert_array_equal(
        untrained.transfer(DIGITS, "ink"), untrained.transfer(DIGITS.repeat(3, axis=-1), "ink")
    )


def test_a_restyled_image_can_be_made_plain_again(untrained):
    back = untrained.transfer(render_style(DIGITS, "ink"), "plain", strength=0.5)
    assert back.shape == (12, 28, 28, 3)


def test_a_style_is_its_one_sided_blend_and_styles_differ(untrained):
    ink = untrained.transfer(DIGITS, "ink")
    np.testing.assert_array_equal(ink, untrained.transfer(DIGITS, {"ink": 3, "neon": 0}))
    assert np.abs(ink - untrained.transfer(DIGITS, "neon")).max() > 1e-3


def test_a_batch_is_restyled_as_its_images_one_by_one(untrained):
    alone = np.concatenate([untrained.transfer(DIGITS[[k]], "neon") for k in range(3)])
    np.testing.assert_allclose(untrained.transfer(DIGITS[:3], "neon"), alone, atol=1e-5)


def test_the_averaged_generator_draws():
    transfer = restarted()
    only_bias(transfer.generator, 0.25)
    only_bias(transfer.ema_generator, 0.75)
    np.testing.assert_allclose(transfer.transfer(DIGITS, "ink"), 0.75, atol=1e-6)


@pytest.mark.parametrize("strength", [-0.1, 1.01, np.nan])
def test_a_strength_outside_0_to_1_is_refused(untrained, strength):
    with pytest.raises(ValueError, match=rf"strength must lie in \[0, 1\]. Received: {strength}"):
        untrained.transfer(DIGITS, "ink", strength=strength)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((1, 32, 32, 1)), r"height, width, channels \(28, 28, 3\)"),
        (np.zeros((28, 28, 1)), "images must have shape"),
        (np.full((1, 28, 28, 3), 2.0), r"images must lie in \[0, 1\]"),
    ],
)
def test_images_of_another_shape_or_range_are_refused(untrained, images, words):
    with pytest.raises(ValueError, match=words):
        untrained.transfer(images, "ink")


# Training


def test_a_few_steps_lower_the_cycle_loss():
    transfer = restarted(generator_optimizer=keras.optimizers.Adam(2e-2), adversarial_weight=0)
    batch = tensors()
    losses = []
    for _ in range(6):
        transfer.trackers["cycle_loss"].reset_state()
        losses.append(float(transfer.train_step(batch)["cycle_loss"]))
    assert losses[-1] < 0.9 * losses[0]


def test_a_step_teaches_both_networks_and_counts():
    transfer = restarted()
    g, d = weights(transfer.generator), weights(transfer.discriminator)
    transfer.train_step(tensors())
    assert not same(g, weights(transfer.generator))
    assert not same(d, weights(transfer.discriminator))
    assert int(transfer.steps) == 1


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_each_optimizer_moves_only_its_own_network(role):
    transfer = restarted(**{f"{role}_optimizer": keras.optimizers.SGD(0.0)})
    g, d = weights(transfer.generator), weights(transfer.discriminator)
    transfer.train_step(tensors())
    assert same(g, weights(transfer.generator)) == (role == "generator")
    assert same(d, weights(transfer.discriminator)) == (role == "discriminator")


def test_without_cycle_and_opinion_only_the_discriminator_learns_and_as_much_as_ever():
    learnt = []
    for settings in ({}, {"cycle_weight": 0, "adversarial_weight": 0}):
        transfer = restarted(**settings)
        g = weights(transfer.generator)
        transfer.train_step(tensors())
        learnt.append(weights(transfer.discriminator))
    assert same(g, weights(transfer.generator))  # D's own loss must not reach it
    assert same(*learnt)  # and G's wishes must not reach D


@pytest.mark.parametrize("term", ["cycle_weight", "adversarial_weight"])
def test_each_term_alone_teaches_the_generator(term):
    transfer = restarted(**{"cycle_weight": 0, "adversarial_weight": 0} | {term: 1})
    g = weights(transfer.generator)
    transfer.train_step(tensors())
    assert not same(g, weights(transfer.generator))


def test_losses_of_an_undecided_discriminator_and_a_grey_generator_known_by_hand():
    transfer = restarted()
    only_bias(transfer.generator, 0.25)
    transfer.discriminator.set_weights([0 * w for w in weights(transfer.discriminator)])
    content, painted = tf.zeros((2, 28, 28, 1)), tf.ones((2, 28, 28, 3))
    losses = transfer.train_step((content, painted, tf.constant([0, 1], "int32")))
    assert float(losses["d_loss"]) == pytest.approx(4 * np.log(2))  # real and fake, two outputs
    assert float(losses["g_loss"]) == pytest.approx(2 * np.log(2))
    assert float(losses["cycle_loss"]) == pytest.approx((0.25 + 0.75) / 2)


def test_every_image_meets_the_codes_of_what_it_is_and_what_it_shall_become(monkeypatch):
    transfer = restarted()
    asked = {"generator": [], "discriminator": []}
    for role in asked:
        network = getattr(transfer, role)

        def spy(inputs, *, role=role, call=network.call, **kwargs):
            asked[role].append(np.argmax(inputs[1], axis=-1).tolist())
            return call(inputs, **kwargs)

        monkeypatch.setattr(network, "call", spy)
    content, painted = tf.constant(DIGITS[:2]), tf.constant(DIGITS[:2].repeat(3, axis=-1))
    transfer.train_step((content, painted, tf.constant([1, 0], "int32")))
    source, target = [0, 0, 2, 1], [2, 1, 0, 0]  # plain digits, then neon and ink
    assert asked["generator"] == [target, source]
    assert asked["discriminator"] == [target, source, target]


def test_the_penalty_is_part_of_what_the_discriminator_lowers():
    learnt = []
    for weight in (0.0, 10.0):
        transfer = restarted(r1_weight=weight, r1_every=1)
        transfer.train_step(tensors())
        learnt.append(weights(transfer.discriminator))
    assert not same(*learnt)


def test_averaged_generator_lies_between_start_and_now():
    transfer = restarted(ema_decay=0.9)
    start = weights(transfer.generator)
    transfer.steps.assign(10_000)
    transfer.train_step(tensors())
    for old, new, average in zip(
        start, weights(transfer.generator), weights(transfer.ema_generator), strict=True
    ):
        np.testing.assert_allclose(average, 0.9 * old + 0.1 * new, atol=1e-6)


def test_same_start_same_run_eagerly_and_nearly_the_same_in_a_graph():
    runs = []
    for eager in (True, True, False):
        # not Adam, which makes much of rounding errors
        rates = {name: keras.optimizers.SGD(0.1) for name in OPTIMIZERS}
        transfer = restarted(r1_weight=1.0, run_eagerly=eager, **rates)
        transfer.make_train_function(force=True)  # else that of an earlier run stays in use
        history = transfer.fit(batches(), steps_per_epoch=1, verbose=0).history
        assert set(history) == {"d_loss", "g_loss", "cycle_loss"}
        assert int(transfer.steps) == 1
        runs.append(weights(transfer))
    assert same(runs[0], runs[1])
    for first, second in zip(runs[0], runs[2], strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4)


# Batches


def test_batches_are_unpaired_digits_and_renderings():
    content, painted, labels = next(batches(5))
    assert content.shape == (5, 28, 28, 1)
    assert painted.shape == (5, 28, 28, 3)
    assert content.dtype == painted.dtype == np.float32
    assert labels.dtype == np.int32
    assert set(labels) <= {0, 1}
    assert all(any(np.array_equal(one, digit) for digit in DIGITS[:6]) for one in content)


def test_every_style_image_is_a_true_rendering_of_the_style_that_its_number_names():
    truths = [render_style(DIGITS[6:], style) for style in STYLES]
    for _, painted, labels in islice(batches(4), 3):
        for image, label in zip(painted, labels, strict=True):
            assert any(np.array_equal(image, truth) for truth in truths[label])


def test_all_digits_and_styles_have_their_turn():
    content, painted, labels = next(batches(200))
    assert len(np.unique(content, axis=0)) == 6
    assert len(np.unique(painted, axis=0)) == 12
    assert 60 < np.sum(labels == 0) < 140


def test_batches_repeat_with_their_seed_and_differ_between_numbers_and_seeds():
    first, second = islice(batches(), 2)
    again, other = next(batches()), next(batches(seed=1))
    assert same(first, again)
    assert not same(first, second)
    assert not same(first, other)


@pytest.mark.parametrize("start", [0, 1, 3])
def test_starting_later_skips_the_batches_before(start):
    whole = list(islice(batches(), 5))
    for expected, found in zip(whole[start:], batches(start=start), strict=False):
        assert same(expected, found)


@pytest.mark.parametrize("batch_size", [0, -1, 1.5])
def test_a_batch_size_that_is_none_is_refused(batch_size):
    with pytest.raises(ValueError, match=f"batch_size must be .* Received: {batch_size}"):
        next(batches(batch_size))


def test_an_unknown_style_in_batches_is_refused():
    with pytest.raises(ValueError, match="style must be one of"):
        next(batches(styles=["crayon"]))
