import io
from functools import cache
from types import SimpleNamespace

from styleguard_edu.backend import keras, tf
from styleguard_edu.images import png_bytes, to_uint8
from styleguard_edu.models import (
    PaintingStyle,
    drawing_difference,
    painting_batches,
    prepared,
    training,
)
from styleguard_edu.models.painting_crops import SHORT_SIDE
from styleguard_edu.models.painting_style import MOST_WEIGHT
from styleguard_edu.networks import painting_discriminator, painting_generator
from styleguard_edu.pictures import fit_short_side

import numpy as np
import pytest
from PIL import Image

OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")
TERMS = ("content_weight", "tone_weight", "adversarial_weight")


def noise(height=64, width=64, seed=0):
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def places(height, width, blue=0.0):
    """A picture whose every pixel says where it lies, in thousandths of red and of green."""
    rows, columns = np.mgrid[:height, :width] / 1000
    return np.dstack([rows, columns, np.full_like(rows, blue)]).astype(np.float32)


TWO = {"wave": noise(seed=1), "sun": noise(seed=2)}


def make_style(paintings, **settings):
    keras.utils.set_random_seed(0)
    codes = len(paintings) if isinstance(paintings, dict) else 1
    style = PaintingStyle(
        paintings,
        generator=painting_generator(codes, width=2),
        discriminator=painting_discriminator(codes, width=2),
        seed=0,
    )
    style.compile(run_eagerly=True, **settings)
    return style


@cache
def _first_style():
    style = make_style(TWO)
    return style, style.get_weights(), style.noise_seed.state.numpy()


def restarted(**settings):
    """One style of two paintings, always the same object, set back to its start.

    To build a new one takes longer than most tests.
    """
    style, start, noise_seed = _first_style()
    style.set_weights(start)
    style.noise_seed.state.assign(noise_seed)
    style.compile(**{"run_eagerly": True, "r1_weight": 0, **settings})
    for tracker in style.metrics:
        tracker.reset_state()
    return style


def stirred(network):
    """Move every weight a little: in a new generator all codes say the same."""
    rng = np.random.default_rng(0)
    network.set_weights([w + rng.normal(0, 0.2, w.shape) for w in network.get_weights()])
    return network


def only_bias(network, bias):
    """Make a generator paint one grey level, whatever it is shown and asked."""
    last = next(layer for layer in network.layers[::-1] if layer.weights)
    last.set_weights([0 * last.get_weights()[0], np.full(3, np.log(bias / (1 - bias)))])
    return network


def batch(n=2, side=72, tone=None):
    """A batch to learn from, made of noise."""
    photos, real = (
        np.random.default_rng(seed).random((n, side, side, 3), dtype=np.float32) for seed in (0, 1)
    )
    tones = photos if tone is None else np.full_like(photos, tone)
    parts = (photos, tones, real, np.arange(n, dtype=np.int32) % 2)
    return tuple(tf.constant(part) for part in parts)


def standing_still():
    return keras.optimizers.SGD(0.0)


def weights(network):
    return [np.array(weight) for weight in network.get_weights()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture(scope="module")
def style():
    """Two paintings, with an effect of their codes; only for tests that teach it nothing."""
    style = make_style(TWO)
    stirred(style.ema_generator)
    return style


@pytest.fixture(scope="module")
def only():
    """A single painting; the generator paints dark grey, the averaged one light grey."""
    style = make_style(noise())
    only_bias(style.generator, 0.25)
    only_bias(style.ema_generator, 0.75)
    return style


# Construction


def test_paintings_are_named_by_their_keys_or_painting(style, only):
    assert style.names == ("wave", "sun")
    assert only.names == ("painting",)


def test_new_networks_have_one_code_a_painting_and_follow_the_seed():
    first, again = (PaintingStyle(TWO, seed=3) for _ in range(2))
    assert first.generator.input_shape[-1] == first.discriminator.input_shape[-1] == (None, 2)
    for role in ("generator", "discriminator", "ema_generator"):
        assert same(weights(getattr(first, role)), weights(getattr(again, role)))


@pytest.mark.parametrize(
    ("paintings", "words"),
    [
        ({}, "paintings must hold at least one picture. Received: none"),
        (np.zeros((64, 64)), r"paintings\['painting'\] must have shape \(height, width, 3\)"),
        (np.zeros((1, 64, 64, 3)), r"Received: shape \(1, 64, 64, 3\)"),
        (np.zeros((64, 64, 4)), r"Received: shape \(64, 64, 4\)"),
        (np.zeros((200, 63, 3)), r"at least 64 pixels a side. Received: shape \(200, 63, 3\)"),
        (np.full((64, 64, 3), np.nan), r"paintings\['painting'\] must lie in \[0, 1\]"),
        ({**TWO, "sky": np.full((64, 64, 3), 1.1)}, r"paintings\['sky'\] must lie in .* to 1.1"),
    ],
)
def test_what_is_no_painting_is_refused_by_name(paintings, words):
    with pytest.raises(ValueError, match=words):
        PaintingStyle(paintings)


def test_a_painting_in_bytes_is_refused():
    with pytest.raises(TypeError, match=r"paintings\['painting'\] must hold .*dtype uint8"):
        PaintingStyle(np.zeros((64, 64, 3), np.uint8))


def test_networks_for_another_number_of_paintings_are_refused():
    with pytest.raises(ValueError, match=r"generator must take codes of length 2.*Received: 3"):
        PaintingStyle(TWO, generator=painting_generator(3, width=2))
    with pytest.raises(ValueError, match=r"discriminator must take codes of .* 2.*Received: 1"):
        PaintingStyle(
            TWO,
            generator=painting_generator(2, width=2),
            discriminator=painting_discriminator(1, width=2),
        )


@pytest.mark.parametrize(
    "wrong",
    [
        *({term: -0.1} for term in (*TERMS, "tolerance", "weight_rate", "r1_weight")),
        {"r1_every": 0},
        {"ema_decay": 1},
    ],
)
def test_compile_names_the_wrong_setting(style, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must .*Received: "):
        style.compile(**wrong)


# A training step


def test_batches_are_of_its_own_paintings_and_follow_its_seed(style):
    paintings = [prepared(painting, SHORT_SIDE, name) for name, painting in TWO.items()]
    expected = painting_batches([noise(seed=3)], paintings, seed=0, start=2)
    assert same(next(style.batches([noise(seed=3)], start=2)), next(expected))


def test_a_step_teaches_both_networks_and_counts():
    style = restarted()
    g, d = weights(style.generator), weights(style.discriminator)
    losses = style.train_step(batch())
    assert not same(g, weights(style.generator))
    assert not same(d, weights(style.discriminator))
    assert int(style.steps) == 1
    assert set(losses) == {"d_loss", "g_loss", "content_loss", "tone_loss"}


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_each_optimizer_moves_only_its_own_network(role):
    style = restarted(**{f"{role}_optimizer": standing_still()})
    g, d = weights(style.generator), weights(style.discriminator)
    style.train_step(batch())
    assert same(g, weights(style.generator)) == (role == "generator")
    assert same(d, weights(style.discriminator)) == (role == "discriminator")


@pytest.mark.parametrize("term", TERMS)
def test_each_term_alone_teaches_the_generator(term):
    style = restarted(**dict.fromkeys(TERMS, 0) | {term: 1})
    g = weights(style.generator)
    style.train_step(batch())
    assert not same(g, weights(style.generator))


def test_without_any_term_only_the_discriminator_learns_and_as_much_as_ever():
    learnt = []
    for settings in ({}, dict.fromkeys(TERMS, 0)):
        style = restarted(**settings)
        g = weights(style.generator)
        style.train_step(batch())
        learnt.append(weights(style.discriminator))
    assert same(g, weights(style.generator))  # D's own loss must not reach it
    assert same(*learnt)  # and G's wishes must not reach D


def test_without_adversarial_weight_the_generator_learns_the_same_from_any_discriminator():
    learnt = []
    for change in (lambda network: network, stirred):
        style = restarted(adversarial_weight=0)
        g = weights(style.generator)
        change(style.discriminator)
        style.train_step(batch())
        learnt.append(weights(style.generator))
    assert same(*learnt)
    assert not same(learnt[0], g)


def test_the_penalty_is_part_of_what_the_discriminator_lowers():
    learnt = []
    for weight in (0.0, 10.0):
        style = restarted(r1_weight=weight, r1_every=1)
        style.train_step(batch())
        learnt.append(weights(style.discriminator))
    assert not same(*learnt)


def test_losses_of_an_undecided_discriminator_and_a_grey_generator_known_by_hand():
    style = restarted()
    only_bias(style.generator, 0.25)
    style.discriminator.set_weights([0 * w for w in style.discriminator.get_weights()])
    data = batch(tone=0.75)
    flat = tf.fill(data[0].shape, 0.25)
    losses = style.train_step(data)
    assert float(losses["d_loss"]) == pytest.approx(6 * np.log(2))  # real and fake, three outputs
    assert float(losses["g_loss"]) == pytest.approx(3 * np.log(2))
    strayed = np.mean(drawing_difference(flat, data[0]))
    assert float(losses["content_loss"]) == pytest.approx(strayed, rel=1e-5)
    assert float(losses["tone_loss"]) == pytest.approx(0.75 - 0.25, rel=1e-5)


def test_every_crop_meets_the_code_of_its_painting(monkeypatch):
    style, asked = restarted(), []
    for network in (style.generator, style.discriminator):

        def spy(inputs, *, call=network.call, name=network.name, **kwargs):
            asked.append((name, np.argmax(inputs[-1], axis=-1).tolist(), kwargs["training"]))
            return call(inputs, **kwargs)

        monkeypatch.setattr(network, "call", spy)
    *pictures, _ = batch(n=3)
    style.train_step((*pictures, tf.constant([1, 0, 1], "int32")))
    names = ["painting_generator", *["painting_discriminator"] * 3]
    assert asked == [(name, [1, 0, 1], True) for name in names]


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


def test_a_few_steps_lower_the_difference_in_drawing():
    style = restarted(
        generator_optimizer=keras.optimizers.Adam(2e-2), adversarial_weight=0, tone_weight=0
    )
    photo = noise(12, 12, seed=5).repeat(8, axis=0).repeat(8, axis=1)  # blots
    data = tuple(tf.constant(part[:1]) for part in next(style.batches([photo])))
    losses = []
    for _ in range(6):
        style.trackers["content_loss"].reset_state()
        losses.append(float(style.train_step(data)["content_loss"]))
    assert losses[-1] < 0.7 * losses[0]


# Training


PHOTOS = {"cat": noise(seed=3), "dog": noise(80, 70, seed=4)}


@pytest.mark.parametrize("budget", [{}, {"steps": 1, "minutes": 1}])
def test_fit_wants_exactly_one_budget(style, budget):
    with pytest.raises(ValueError, match=r"exactly one of minutes and steps. Received: minutes="):
        style.fit(PHOTOS, **budget)


@pytest.mark.parametrize("budget", [{"steps": 0}, {"minutes": -1}])
def test_fit_wants_a_positive_budget(style, budget):
    with pytest.raises(ValueError, match="must be positive"):
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


def test_the_compiled_step_does_the_same_as_the_eager_one():
    learnt = []
    for eager in (True, False):
        # not Adam, which makes much of rounding errors
        rates = {name: keras.optimizers.SGD(0.1) for name in OPTIMIZERS}
        style = restarted(r1_weight=1.0, run_eagerly=eager, **rates)
        style.make_train_function(force=True)  # else that of an earlier test stays in use
        style.fit(PHOTOS, steps=1)
        learnt.append(weights(style))
    for first, second in zip(*learnt, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4)


def test_a_budget_in_minutes_ends_the_training():
    style = restarted()
    style.fit(PHOTOS, minutes=1e-6)
    assert int(style.steps) == 2  # the clock starts at the end of the first step


def test_an_interrupt_keeps_what_was_learnt(capsys):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    style = restarted()
    before = style.transfer(noise(), "sun")
    history = style.fit(PHOTOS, steps=5, callbacks=[Interrupt()])
    assert isinstance(history, keras.callbacks.History)
    assert int(style.steps) == 1
    assert "Stopped by hand after 1 steps" in capsys.readouterr().out
    assert np.abs(style.transfer(noise(), "sun") - before).max() > 0


class Screen:
    """Stands in for the notebook: remembers what was shown, at first and in its place."""

    def __init__(self):
        self.shown = []

    def __call__(self, picture, *, display_id):
        assert display_id
        self.shown.append(picture.data)
        return self

    def update(self, picture):
        self.shown.append(picture.data)


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


def test_what_cannot_be_previewed_is_refused(style):
    with pytest.raises(
        ValueError, match=r"preview must have shape .*Received: shape \(63, 64, 3\)"
    ):
        style.fit(PHOTOS, steps=1, preview=noise(63, 64))


def test_saved_weights_hold_the_whole_state(tmp_path):
    file, data = tmp_path / "state.weights.h5", batch()
    style = restarted()
    style.train_step(data)
    style.save_weights(file)
    style.train_step(data)
    straight = weights(style)
    style = restarted()
    stirred(style.generator)
    style.load_weights(file)
    assert int(style.steps) == 1
    style.train_step(data)  # with the next grain, and Adam's memory
    assert same(straight, weights(style))


# Transfer


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 23), (64, 41), (30, 19)])
def test_a_repainted_picture_has_the_size_of_the_picture(style, height, width):
    painted = style.transfer(noise(height, width), "sun")
    assert painted.shape == (height, width, 3)
    assert painted.dtype == np.float32
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_transfer_shows_what_the_averaged_generator_says_now():
    style, picture = restarted(), noise(16, 20)
    first = style.transfer(picture, style.names[0])
    for weight in style.ema_generator.trainable_weights:
        weight.assign(0.9 * weight)
    again = style.transfer(picture, style.names[0], seed=0)
    padded = np.pad(picture, ((8, 8), (8, 8), (0, 0)), mode="reflect")[np.newaxis]
    grain = np.random.default_rng(0).standard_normal((1, 32, 36, 1), np.float32)
    code = style.code(style.names[0])[np.newaxis]
    eager = style.ema_generator([padded, grain, code], training=False).numpy()
    np.testing.assert_allclose(again, eager[0, 8:24, 8:28], atol=1e-5)
    assert np.abs(again - first).max() > 1e-3


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 23), (64, 41), (30, 19)])
def test_no_pixel_is_moved_and_the_network_sees_mirrored_borders(style, monkeypatch, height, width):
    seen = []

    def copy(*inputs):
        seen.extend(np.array(part) for part in inputs)
        return inputs[0]

    graph = SimpleNamespace(get_concrete_function=lambda *specs: copy)
    monkeypatch.setattr(style, "_repaint", graph)
    picture = places(height, width)
    np.testing.assert_allclose(style.transfer(picture, "sun"), picture, atol=1e-6)
    shown, grain, code = seen
    assert shown.shape[1] % 4 == shown.shape[2] % 4 == 0
    assert grain.shape == (*shown.shape[:3], 1)
    np.testing.assert_array_equal(code, [[0, 1]])
    np.testing.assert_array_equal(shown[0, 7, 8:][:width], picture[1])
    np.testing.assert_array_equal(shown[0, 8 + height, 8:][:width], picture[-2])
    np.testing.assert_array_equal(shown[0, 8:, 7][:height], picture[:, 1])


def test_strength_is_the_share_of_the_repainted_picture(style):
    picture = noise(20, 30)
    nothing, half, full = (style.transfer(picture, "sun", strength=s) for s in (0, 0.5, 1))
    np.testing.assert_array_equal(nothing, picture)
    np.testing.assert_allclose(half, (picture + full) / 2, atol=1e-6)
    assert np.abs(full - picture).mean() > 0.01


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, int])
def test_any_kind_of_number_as_strength_gives_float32(style, kind):
    assert style.transfer(noise(16, 16), "sun", strength=kind(1)).dtype == np.float32


@pytest.mark.parametrize("strength", [0.1, 1 / 3, 0.7, 0.9])
def test_no_strength_leads_out_of_the_range(style, monkeypatch, strength):
    monkeypatch.setattr(style.ema_generator, "call", lambda inputs, **_: inputs[0])
    white = np.ones((16, 16, 3), np.float32)
    assert style.transfer(white, "sun", strength=strength).max() <= 1


@pytest.mark.parametrize("strength", [-0.1, 1.01, np.nan])
def test_a_strength_outside_0_to_1_is_refused(style, strength):
    with pytest.raises(ValueError, match=rf"strength must lie in \[0, 1\]. Received: {strength}"):
        style.transfer(noise(), "sun", strength=strength)


def test_the_seed_fixes_the_grain(style):
    first, again, other = (style.transfer(noise(), "sun", seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_a_style_is_its_one_sided_blend_and_styles_differ(style):
    wave, sun, both = (style.transfer(noise(), s) for s in ("wave", "sun", {"wave": 1, "sun": 1}))
    np.testing.assert_array_equal(wave, style.transfer(noise(), {"wave": 3, "sun": 0}))
    for first, second in ((wave, sun), (wave, both), (both, sun)):
        assert np.abs(first - second).mean() > 1e-3


def test_codes_follow_the_order_of_the_paintings(style):
    np.testing.assert_array_equal(style.code("wave"), [1, 0])
    np.testing.assert_allclose(style.code({"sun": 3, "wave": 1}), [0.25, 0.75])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (None, r"style must name one of \('wave', 'sun'\). Received: None"),
        ("moon", r"some of \('wave', 'sun'\). Received: \['moon'\]"),
        ({"wave": -1, "sun": 2}, "at least 0, not all 0"),
    ],
)
def test_styles_that_are_none_are_refused(style, name, words):
    with pytest.raises(ValueError, match=words):
        style.transfer(noise(), name)
    with pytest.raises(ValueError, match=words):
        style.code(name)


def test_the_only_painting_need_not_be_named(only):
    np.testing.assert_array_equal(only.code(), [1])
    np.testing.assert_array_equal(only.transfer(noise()), only.transfer(noise(), "painting"))


def test_the_averaged_generator_paints(only):
    np.testing.assert_allclose(only.transfer(noise(20, 17)), 0.75, atol=1e-6)
    mixed = only.transfer(np.zeros((20, 17, 3)), strength=0.4)
    np.testing.assert_allclose(mixed, 0.3, atol=1e-6)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (noise(15, 40), r"at least 16 pixels a side. Received: shape \(15, 40, 3\)"),
        (np.zeros((20, 20)), r"picture must have shape \(height, width, 3\)"),
        (np.zeros((1, 20, 20, 3)), r"Received: shape \(1, 20, 20, 3\)"),
        (np.full((20, 20, 3), np.nan), r"picture must lie in \[0, 1\] and be finite"),
    ],
)
def test_what_is_no_picture_is_refused(style, picture, words):
    with pytest.raises(ValueError, match=words):
        style.transfer(picture, "sun")


def test_a_picture_in_bytes_is_refused(style):
    with pytest.raises(TypeError, match="picture must hold floating-point numbers"):
        style.transfer(to_uint8(noise()[np.newaxis])[0], "sun")
