from styleguard_edu.backend import keras, tf
from styleguard_edu.models import (
    AdversarialModel,
    StopAfter,
    endless_batches,
    fake_loss,
    gradient_penalty,
    real_loss,
)
from tests.small_models import (
    DIGITS,
    KINDS,
    PAINTINGS,
    build,
    data,
    opinions,
    real_and_fake,
    restarted,
    same,
    standing_still,
    weights,
)

import numpy as np
import pytest

every_model = pytest.mark.parametrize("kind", KINDS)
OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")
# what leaves G with D's opinion alone
OPINION_ALONE = {
    "gan": {},
    "style transfer": {"cycle_weight": 0},
    "painting style": {"content_weight": 0, "tone_weight": 0},
}


def batches(kind, model):
    """What ``AdversarialModel.fit`` takes: the same batch for ever."""
    parts = keras.tree.map_structure(np.asarray, data(kind))
    while True:
        yield parts


def fit(kind, model, steps=1, **settings):
    return AdversarialModel.fit(  # not model.fit: that of a painting's style takes photos
        model, batches(kind, model), steps_per_epoch=steps, verbose=0, **settings
    )


class Interrupt(keras.callbacks.Callback):
    ended = 0

    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt

    def on_train_end(self, logs=None):
        self.ended += 1


# The losses


def test_losses_of_a_belief_of_three_quarters_known_by_hand():
    logits = tf.fill((2, 1), np.float32(np.log(3)))  # sigmoid: 3/4
    assert float(real_loss(logits)) == pytest.approx(np.log(4 / 3))
    assert float(fake_loss(logits)) == pytest.approx(np.log(4))


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


PATCHES = linear([[2.0, 0.0], [0.0, 4.0], [0.0, 0.0], [2.0, -2.0]])  # mean gradient 1, 2, 0, 0
WHOLE = linear([[3.0], [-2.0], [0.0], [1.0]])  # together with it 4, 0, 0, 1


def both(x, training):
    return [PATCHES(x, training=training), WHOLE(x, training=training)]


def square(x, training):  # gradient 2x, of squared length 4 |x|^2
    return tf.reduce_sum(x**2, axis=[1, 2, 3])[:, None]


@pytest.mark.parametrize(
    ("discriminator", "expected"), [(WHOLE, 14), (PATCHES, 5), (both, 17), (square, 2)]
)
def test_the_gradient_penalty_is_the_mean_squared_slope_known_by_hand(discriminator, expected):
    x = np.zeros((2, 2, 2, 1), np.float32)
    x[1] = 0.5  # squared length 1
    assert float(gradient_penalty(discriminator, x)) == pytest.approx(expected)


def test_the_penalty_is_due_on_every_r1_every_th_step_and_scaled_to_the_same_mean():
    model, images = restarted("gan", r1_weight=0.5, r1_every=4), tf.constant(DIGITS[:4])
    found = []
    for step in range(9):
        model.steps.assign(step)
        found.append(float(model.lazy_r1_penalty(images)))
    full = 0.5 / 2 * float(gradient_penalty(model.discriminator, images))
    np.testing.assert_allclose(found, [4 * full, 0, 0, 0] * 2 + [4 * full], rtol=1e-5)


# A step of every model


@every_model
@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_each_optimizer_moves_only_its_own_network(kind, role):
    model = restarted(kind, **{f"{role}_optimizer": standing_still()})
    moved = {}
    for name in ("generator", "discriminator"):
        moved[name] = [np.array(v) for v in getattr(model, name).trainable_variables]
    model.train_step(data(kind))
    for name, before in moved.items():
        now = [np.array(v) for v in getattr(model, name).trainable_variables]
        assert same(before, now) == (name == role)


@every_model
def test_D_comes_to_tell_real_from_fake(kind):
    model = restarted(kind, generator_optimizer=standing_still())
    before = opinions(kind, model)
    for _ in range(4):
        model.train_step(data(kind))
    real, fake = np.subtract(opinions(kind, model), before)
    assert real > 0 and fake < 2 / 3 * real  # 0.8 if fakes were taught as real in part


@every_model
def test_G_comes_to_be_called_real(kind):
    model = restarted(kind, discriminator_optimizer=standing_still(), **OPINION_ALONE[kind])
    before = opinions(kind, model)[1]
    for _ in range(2):
        model.train_step(data(kind))
    assert opinions(kind, model)[1] > before


@every_model
def test_every_network_is_called_in_training_mode(kind, monkeypatch):
    model, asked = restarted(kind), []
    for network in (model.generator, model.discriminator):

        def spy(inputs, *, call=network.call, **kwargs):
            asked.append(kwargs.get("training"))
            return call(inputs, **kwargs)

        monkeypatch.setattr(network, "call", spy)
    model.train_step(data(kind))
    assert len(asked) >= 4 and all(asked)


@every_model
def test_the_penalty_is_taken_at_the_real_images(kind, monkeypatch):
    model, seen = restarted(kind), []
    monkeypatch.setattr(model, "lazy_r1_penalty", lambda images, *_: seen.append(images) or 0.0)
    model.train_step(data(kind))
    real = real_and_fake(kind, model)[0]
    np.testing.assert_array_equal(seen, [real[0] if isinstance(real, list) else real])


@every_model
def test_the_penalty_is_part_of_what_D_lowers(kind):
    learnt = []
    for weight in (0.0, 10.0):
        model = restarted(kind, r1_weight=weight, r1_every=1)
        model.train_step(data(kind))
        learnt.append(weights(model.discriminator))
    assert not same(*learnt)


@every_model
@pytest.mark.parametrize(("steps", "share"), [(0, 2 / 11), (10_000, 0.9)])
def test_the_EMA_generator_forgets_the_start_at_first_and_then_moves_slowly(kind, steps, share):
    model = restarted(kind, ema_decay=0.9)
    start = weights(model.generator)
    model.steps.assign(steps)
    model.train_step(data(kind))
    now, average = weights(model.generator), weights(model.ema_generator)
    for old, new, between in zip(start, now, average, strict=True):
        np.testing.assert_allclose(between, share * old + (1 - share) * new, atol=1e-5)


def test_without_averaging_the_EMA_generator_is_the_generator():
    model = restarted("gan", ema_decay=0)
    fit("gan", model, steps=2)
    assert same(weights(model.generator), weights(model.ema_generator))


@every_model
def test_a_step_in_mixed_precision_is_no_error(kind):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = build(kind, real=True)
        losses = model.train_step(data(kind))  # the first one, with the penalty
    finally:
        keras.config.set_dtype_policy("float32")
    assert all(np.isfinite(float(loss)) for loss in losses.values())


# compile


@pytest.mark.parametrize(
    "wrong",
    [
        *({"r1_weight": value} for value in (-1, np.nan, np.inf, "0.1", None)),
        *({"r1_every": value} for value in (0, 2.5, None)),
        *({"ema_decay": value} for value in (1.0, -0.1, "0.9")),
    ],
)
def test_compile_names_the_wrong_setting(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must .*Received: "):
        restarted("gan", **wrong)


@pytest.mark.parametrize("foreign", ["optimizer", "loss"])
def test_compile_refuses_what_it_would_ignore(foreign):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{foreign}'"):
        restarted("gan", **{foreign: "adam"})


# fit


@every_model
def test_the_graph_does_the_same_as_eager_steps_and_the_same_start_gives_the_same_run(kind):
    runs = []
    for eager in (True, True, False):
        # not Adam, which makes much of rounding errors
        rates = {name: keras.optimizers.SGD(0.1) for name in OPTIMIZERS}
        model = restarted(kind, r1_weight=1.0, run_eagerly=eager, **rates)
        model.make_train_function(force=True)  # else that of an earlier run stays in use
        assert {"d_loss", "g_loss"} <= set(fit(kind, model).history) == set(model.trackers)
        runs.append(weights(model))
    assert same(runs[0], runs[1])
    for first, second in zip(runs[0], runs[2], strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4)


def test_an_interrupt_keeps_what_was_learnt_and_ends_the_callbacks(capsys):
    model, stop = restarted("gan"), Interrupt()
    before = weights(model.generator)
    history = fit("gan", model, steps=3, callbacks=stop)
    assert isinstance(history, keras.callbacks.History) and stop.ended == 1
    assert int(model.steps) == 1
    assert not same(before, weights(model.generator))
    assert "Stopped by hand after 1 steps" in capsys.readouterr().out


def test_an_interrupt_before_the_first_batch_is_no_error(capsys):
    def nothing():
        raise KeyboardInterrupt
        yield

    model = restarted("gan")
    for steps in (0, 1):  # the second time after a training that went to its end
        history = model.fit(nothing(), steps_per_epoch=1, callbacks=[StopAfter(steps=1)])
        assert history.history == {}
        assert f"Stopped by hand after {steps} steps" in capsys.readouterr().out
        fit("gan", model)


def test_a_training_that_diverges_says_so_and_ends_the_callbacks():
    model, bar = restarted("gan"), StopAfter(steps=3)
    model.discriminator.set_weights([w * np.nan for w in model.discriminator.get_weights()])
    with pytest.raises(FloatingPointError, match=r"diverged after 1 steps.*Received: .*d_loss"):
        fit("gan", model, steps=3, callbacks=[bar])
    assert bar._bar.disable  # closed


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.full((8, 28, 28, 1), np.nan, np.float32), "must lie in .* and be finite"),
        (255 * DIGITS[:8], r"must lie in \[0, 1\]"),
        (np.zeros((8, 28, 28, 1), np.uint8), "from_uint8 converts"),
        (np.zeros((8, 32, 32, 1), np.float32), r"\(28, 28, 1\)"),
        (np.zeros((8, 784), np.float32), "must have shape"),
    ],
)
@pytest.mark.parametrize("how", ["array", "batches", "dataset"])
def test_images_that_do_not_follow_the_convention_are_not_learnt_from(images, words, how):
    ways = {
        "array": lambda: images,
        "batches": lambda: endless_batches(images, 4, seed=0),
        "dataset": lambda: tf.data.Dataset.from_tensor_slices(images).batch(4),
    }
    model = restarted("gan")
    with pytest.raises((TypeError, ValueError), match=f"x must .*{words}|{words}"):
        model.fit(ways[how](), steps_per_epoch=1, verbose=0)
    assert int(model.steps) == 0


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (0, np.full((2, 28, 28, 1), np.nan), "content must lie"),
        (0, np.zeros((2, 28, 28, 3)), r"content must be of .*\(28, 28, 1\)"),
        (1, np.zeros((2, 28, 28, 3), np.uint8), "style images must hold floating-point"),
        (1, np.full((2, 28, 28, 3), 255.0), "style images must lie"),
    ],
)
def test_unpaired_batches_that_do_not_follow_the_convention_are_refused(place, value, words):
    parts = [np.asarray(part) for part in data("style transfer")]
    parts[place] = value
    with pytest.raises((TypeError, ValueError), match=words):
        restarted("style transfer").fit(iter([tuple(parts)]), steps_per_epoch=1, verbose=0)
    with pytest.raises(ValueError, match=r"style numbers, as unpaired_batches does. Received"):
        restarted("style transfer").fit(DIGITS, verbose=0)


# Keeping


@every_model
def test_saved_weights_hold_the_whole_state(kind, tmp_path):
    file = tmp_path / "state.weights.h5"
    model = restarted(kind)
    model.train_step(data(kind))
    model.save_weights(file)
    model.train_step(data(kind))
    straight = weights(model)
    model = restarted(kind)
    model.load_weights(file)
    assert int(model.steps) == 1
    model.train_step(data(kind))  # with the next noise, and Adam's memory
    assert same(straight, weights(model))


def test_a_loaded_state_cannot_lose_its_optimizers_by_accident(tmp_path):
    model = restarted("gan")
    model.train_step(data("gan"))
    model.save_weights(tmp_path / "state.weights.h5")
    model.load_weights(tmp_path / "state.weights.h5")
    with pytest.raises(ValueError, match=r"compile must come before load_weights.*at step 1"):
        model.compile()
    model.train_step(data("gan"))
    model.compile()  # learning has gone on: to begin anew is meant


def test_save_says_what_to_save_and_leaves_no_file(tmp_path):
    with pytest.raises(
        TypeError, match=r"ema_generator.save.*save_weights.*Received: .*model.keras"
    ):
        restarted("gan").save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", [-1, 1.5, "one", 2**32, True])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(ValueError, match=r"seed must be a whole number .*Received: "):
        restarted("gan").sample(1, seed=seed)
    with pytest.raises(ValueError, match=r"seed must be a whole number .*Received: "):
        type(restarted("painting style"))(PAINTINGS, seed=seed)
