import gc
import io
import random
from functools import partial

from styleguard_edu.backend import keras, tf
from styleguard_edu.images import png_bytes
from styleguard_edu.models import (
    PaintingStyle,
    drawing_difference,
    load_painter,
    painters,
    painting_batches,
    painting_style,
    training,
    training_picture,
)
from styleguard_edu.models.painting_crops import SHORT_SIDE
from styleguard_edu.models.painting_style import MOST_WEIGHT
from styleguard_edu.pictures import fit_short_side
from tests import small_models
from tests.small_models import PAINTINGS, Screen, build, noise, only_bias, same, stirred, weights

import numpy as np
import pytest
from PIL import Image

TERMS = ("content_weight", "tone_weight", "adversarial_weight")


def restarted(**settings):
    return small_models.restarted("painting style", **settings)


def batch(tone=None):
    return small_models.data("painting style", tone)


@pytest.fixture(scope="module")
def style():
    """Two paintings, with an effect of their codes; only for tests that teach it nothing."""
    style = build("painting style")
    stirred(style.ema_generator)
    return style


# Construction


def test_the_only_painting_need_not_be_named():
    generator, discriminator = small_models.tiny_networks(1, grain=True)
    only = PaintingStyle(noise(), generator=generator, discriminator=discriminator)
    assert only.names == ("painting",)
    np.testing.assert_array_equal(only.code(), [1])
    np.testing.assert_array_equal(only.transfer(noise()), only.transfer(noise(), "painting"))


def test_of_several_paintings_one_must_be_named(style):
    assert style.names == ("wave", "sun")
    with pytest.raises(ValueError, match=r"one of \('wave', 'sun'\). Received: None"):
        style.transfer(noise())


def test_the_seed_fixes_new_networks_and_leaves_the_global_random_state_alone(monkeypatch):
    for k, role in enumerate(("generator", "discriminator")):  # to build true ones takes seconds
        build = partial(lambda k, codes: small_models.tiny_networks(codes, grain=True)[k], k)
        monkeypatch.setattr(painting_style, f"painting_{role}", build)
    states = random.getstate(), np.random.get_state()[1].copy()
    first, again, other = (PaintingStyle(PAINTINGS, seed=seed) for seed in (3, np.int64(3), 4))
    assert random.getstate() == states[0]
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])
    assert first.generator.input_shape[-1] == first.discriminator.input_shape[-1] == (None, 2)
    for role in ("generator", "discriminator", "ema_generator"):
        assert same(weights(getattr(first, role)), weights(getattr(again, role)))
        assert not same(weights(getattr(first, role)), weights(getattr(other, role)))


@pytest.mark.parametrize(
    ("paintings", "words"),
    [
        ({}, "paintings must hold at least one picture. Received: none"),
        (np.zeros((64, 64)), r"paintings\['painting'\] must have shape \(height, width, 3\)"),
        (np.zeros((1, 64, 64, 3)), r"Received: shape \(1, 64, 64, 3\)"),
        (np.zeros((64, 64, 4)), r"Received: shape \(64, 64, 4\)"),
        (np.zeros((200, 63, 3)), r"at least 64 pixels a side. Received: shape \(200, 63, 3\)"),
        (np.full((64, 64, 3), np.nan), r"paintings\['painting'\] must lie in \[0, 1\]"),
        (
            {**PAINTINGS, "sky": np.full((64, 64, 3), 1.1)},
            r"paintings\['sky'\] must lie in .* to 1.1",
        ),
        (np.zeros((64, 64, 3), np.uint8), r"paintings\['painting'\] must hold .*dtype uint8"),
    ],
)
def test_what_is_no_painting_is_refused_by_name(paintings, words):
    with pytest.raises((TypeError, ValueError), match=words):
        PaintingStyle(paintings)


def test_networks_for_another_number_of_paintings_are_refused(style):
    generator, discriminator = small_models.tiny_networks(1, grain=True)
    with pytest.raises(ValueError, match=r"generator must take codes of length 2.*Received: 1"):
        PaintingStyle(PAINTINGS, generator=generator)
    with pytest.raises(ValueError, match=r"discriminator must take codes of .* 2.*Received: 1"):
        PaintingStyle(PAINTINGS, generator=style.generator, discriminator=discriminator)


def test_a_painter_that_comes_with_the_course_ties_paintings_to_codes_by_its_card(monkeypatch):
    known = painters.load_paintings()
    more = {"a_new_one": known["mosaic"], **dict(reversed(known.items()))}
    monkeypatch.setattr(painters, "load_paintings", lambda: more)
    assert load_painter("paintings").names == tuple(known)
    del more["mosaic"]
    with pytest.raises(ValueError, match=r"hold .*'paintings' .*Received: none named .*mosaic"):
        load_painter("paintings")


# A training step


def test_batches_are_of_its_own_paintings_and_follow_its_seed(style):
    paintings = [
        training_picture(painting, SHORT_SIDE, name) for name, painting in PAINTINGS.items()
    ]
    expected = painting_batches([noise(seed=3)], paintings, seed=0, start=2)
    assert same(next(style.batches([noise(seed=3)], start=2)), next(expected))


@pytest.mark.parametrize(("term", "tone"), [("content_weight", None), ("tone_weight", 0.8)])
def test_a_few_steps_lower_each_difference_to_the_photo(term, tone):
    settings = dict.fromkeys(TERMS, 0) | {term: 5, "weight_rate": 0}
    style = restarted(generator_optimizer=keras.optimizers.Adam(2e-2), **settings)
    blots = noise(9, 9, seed=5).repeat(8, axis=0).repeat(8, axis=1)[np.newaxis].repeat(2, axis=0)
    tones = blots if tone is None else np.full_like(blots, tone)
    data, losses = (tf.constant(blots), tf.constant(tones), *batch()[2:]), []
    name = {"content_weight": "content_loss", "tone_weight": "tone_loss"}[term]
    for _ in range(4):
        style.trackers[name].reset_state()
        losses.append(float(style.train_step(data)[name]))
    assert losses[-1] < 0.9 * losses[0]


def test_every_crop_meets_the_code_of_its_painting(monkeypatch):
    style, asked = restarted(), []
    for network in (style.generator, style.discriminator):

        def spy(inputs, *, call=network.call, **kwargs):
            asked.append(np.argmax(inputs[-1], axis=-1).tolist())
            return call(inputs, **kwargs)

        monkeypatch.setattr(network, "call", spy)
    *pictures, _ = batch()
    style.train_step((*pictures, tf.constant([1, 0], "int32")))
    assert asked == [[1, 0]] * 4


def test_losses_of_an_undecided_discriminator_and_a_grey_generator_known_by_hand():
    style = restarted()
    only_bias(style.generator, 0.25)
    style.discriminator.set_weights([0 * w for w in style.discriminator.get_weights()])
    data = batch(tone=0.75)
    flat = tf.fill(data[0].shape, 0.25)
    losses = style.train_step(data)
    assert float(losses["d_loss"]) == pytest.approx(4 * np.log(2))  # real and fake, two outputs
    assert float(losses["g_loss"]) == pytest.approx(2 * np.log(2))
    strayed = np.mean(drawing_difference(flat, data[0]))
    assert float(losses["content_loss"]) == pytest.approx(strayed, rel=1e-5)
    assert float(losses["tone_loss"]) == pytest.approx(0.75 - 0.25, rel=1e-5)


def test_a_content_weight_grows_by_the_excess_of_its_own_paintings_crops():
    style = restarted(content_weight=3, tolerance=0.2, weight_rate=0.5, adversarial_weight=0)
    only_bias(style.generator, 0.25)
    *pictures, _ = batch()
    strayed = np.mean(drawing_difference(tf.fill(pictures[0].shape, 0.25), pictures[0]))
    style.train_step((*pictures, tf.constant([1, 1], "int32")))
    expected = [3, 3 * np.exp(0.5 * (strayed - 0.2))]  # no crop was of the first painting
    np.testing.assert_allclose(style.content_weights, expected, rtol=1e-5)
    assert expected[1] > 3.1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [4 * np.exp(0.1), 4 * np.exp(-0.2)]),  # mean losses 0.6 and 0.3, less 0.5
        ({"weight_rate": 0}, [4, 4]),
        ({"weight_rate": 100, "tolerance": 0.2}, [MOST_WEIGHT, MOST_WEIGHT]),
        ({"content_weight": 0}, [0, 0]),
    ],
)
def test_content_weights_after_a_step_known_by_hand(settings, expected):
    style = restarted(**{"content_weight": 4, "tolerance": 0.5, "weight_rate": 1} | settings)
    style._steer(tf.one_hot([0, 1, 0], 2), tf.constant([0.4, 0.3, 0.8]))
    np.testing.assert_allclose(style.content_weights, expected, rtol=1e-5)


# Training


PHOTOS = {"cat": noise(seed=3), "dog": noise(80, 70, seed=4)}


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({}, "exactly one of minutes and steps. Received: minutes="),
        ({"steps": 1, "minutes": 1}, "exactly one of minutes and steps. Received: minutes="),
        ({"steps": 1.5}, "steps must be .*Received: "),
        ({"minutes": -1}, "minutes must be .*Received: "),
        ({"steps": 1, "preview": noise(63, 64)}, r"preview must have .*shape \(63, 64, 3\)"),
    ],
)
def test_fit_wants_one_positive_budget_and_a_picture_to_preview(style, budget, words):
    with pytest.raises(ValueError, match=words):
        style.fit(PHOTOS, **budget)


def test_fit_called_again_goes_on_as_if_nothing_had_happened():
    style = restarted()
    history = style.fit(PHOTOS, steps=2).history
    assert set(history) == {"d_loss", "g_loss", "content_loss", "tone_loss"}
    straight = weights(style)
    style = restarted()
    style.fit(list(PHOTOS.values()), steps=1)
    assert int(style.steps) == 1
    style.fit(PHOTOS, steps=1)
    assert int(style.steps) == 2
    assert same(straight, weights(style))


def test_a_budget_in_minutes_ends_the_training():
    style = restarted()
    style.fit(PHOTOS, minutes=1e-6)
    assert int(style.steps) == 2  # the clock starts at the end of the first step


def test_a_small_preview_in_the_first_style_is_shown_and_updated(monkeypatch):
    screen, style, preview = Screen(), restarted(), noise(260, 300, seed=5)
    monkeypatch.setattr(training, "display", screen)
    small = fit_short_side(preview, 256)
    before = style.transfer(small, "wave")
    style.fit(PHOTOS, steps=1, preview=preview)
    assert screen.shown[0] == png_bytes(before)
    assert screen.shown[-1] == png_bytes(style.transfer(small, "wave"))
    assert screen.shown[0] != screen.shown[-1]
    assert Image.open(io.BytesIO(screen.shown[-1])).size == (295, 256)


# Transfer


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 23), (64, 41)])
def test_a_picture_is_repainted_in_its_place_as_the_EMA_generator_would_now(height, width):
    style, picture = restarted(), noise(height, width)
    style.transfer(picture, "sun")  # compiled before the weights change
    stirred(style.ema_generator)
    padding = (8, 8 + -height % 4), (8, 8 + -width % 4), (0, 0)  # the network wants fours
    padded = np.pad(picture, padding, mode="reflect")[np.newaxis]
    grain = np.random.default_rng(0).standard_normal((1, *padded.shape[1:3], 1), np.float32)
    eager = np.asarray(style.ema_generator([padded, grain, style.code("sun")[np.newaxis]]))
    painted = style.transfer(picture, "sun")
    assert painted.shape == (height, width, 3)
    assert painted.dtype == np.float32
    assert 0 <= painted.min() <= painted.max() <= 1
    np.testing.assert_allclose(painted, eager[0, 8 : 8 + height, 8 : 8 + width], atol=1e-5)
    with pytest.raises(ValueError, match=r"16 pixels a side. Received: shape \(1, 15, 40, 3\)"):
        style.transfer(noise(15, 40), "sun")


def test_networks_compiled_for_pictures_of_many_sizes_are_not_kept(style):
    for side in range(16, 36, 4):
        style.transfer(noise(side, 16), "sun")
    gc.collect()
    assert style._graph.cache_info().currsize <= 4


def test_the_seed_fixes_the_grain(style):
    first, again, other = (style.transfer(noise(), "sun", seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
