from styleguard_edu.backend import keras, tf
from styleguard_edu.models import GAN, StopAfter, endless_batches, gradient_penalty
from styleguard_edu.networks import digit_discriminator, digit_generator

import numpy as np
import pytest

IMAGES = np.random.default_rng(0).random((32, 28, 28, 1)).astype("float32")


def make_gan(seed=0, **settings):
    keras.utils.set_random_seed(seed)
    gan = GAN(digit_generator(4, width=4), digit_discriminator(width=2), seed=seed)
    gan.compile(**{"run_eagerly": True, **settings})
    return gan


def weights(network):
    return [np.array(weight) for weight in network.get_weights()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_discriminator_step_teaches_only_the_discriminator():
    gan = make_gan()
    g = [v.numpy() for v in gan.generator.trainable_variables]
    d = weights(gan.discriminator)
    gan.discriminator_step(tf.constant(IMAGES[:8]))
    assert same(g, [v.numpy() for v in gan.generator.trainable_variables])
    assert not same(d, weights(gan.discriminator))


def test_generator_step_teaches_only_the_generator():
    gan = make_gan()
    g, d = weights(gan.generator), weights(gan.discriminator)
    gan.generator_step(8)
    assert not same(g, weights(gan.generator))
    assert same(d, weights(gan.discriminator))


def test_discriminator_learns_to_tell_real_from_fake():
    gan = make_gan()
    black = tf.zeros((16, 28, 28, 1))  # an untrained generator draws grey
    losses = [float(gan.discriminator_step(black)) for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]


def test_generator_learns_to_be_believed():
    gan = make_gan()
    losses = [float(gan.generator_step(16)) for _ in range(30)]
    assert losses[-1] < losses[0] - 0.1


def test_the_loss_of_an_undecided_discriminator_is_2_log_2():
    gan = make_gan(r1_weight=0)
    gan.discriminator.layers[-1].set_weights([w * 0 for w in gan.discriminator.layers[-1].weights])
    assert float(gan.discriminator_step(tf.constant(IMAGES[:8]))) == pytest.approx(2 * np.log(2))


def test_gradient_penalty_of_a_linear_discriminator_is_its_squared_weights():
    linear = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    linear.layers[-1].set_weights([np.array([[1.0], [2.0], [0.0], [-2.0]]), np.zeros(1)])
    images = np.random.default_rng(0).random((5, 2, 2, 1)).astype("float32")
    assert float(gradient_penalty(linear, images)) == pytest.approx(9)


def test_the_penalty_is_due_on_every_r1_every_th_step_only():
    gan = make_gan(r1_weight=1.0, r1_every=4)
    due = []
    for step in range(9):
        gan.steps.assign(step)
        due.append(float(gan.lazy_r1_penalty(gan.discriminator, tf.constant(IMAGES[:4]))) > 0)
    assert due == [True, False, False, False] * 2 + [True]


def test_the_lazy_penalty_is_scaled_to_the_same_mean():
    gan = make_gan(r1_weight=0.5, r1_every=4)
    images = tf.constant(IMAGES[:4])
    gan.steps.assign(0)
    full = 0.5 / 2 * float(gradient_penalty(gan.discriminator, images))
    assert float(gan.lazy_r1_penalty(gan.discriminator, images)) / 4 == pytest.approx(
        full, rel=1e-5
    )


def test_a_strong_penalty_flattens_the_discriminator():
    slopes = []
    for weight in (0.0, 10.0):
        gan = make_gan(r1_weight=weight, r1_every=1)
        for _ in range(20):
            gan.discriminator_step(tf.constant(IMAGES))
        slopes.append(float(gradient_penalty(gan.discriminator, tf.constant(IMAGES))))
    assert slopes[1] < slopes[0]


def test_same_seed_same_run_and_another_seed_another():
    runs = []
    for seed in (1, 1, 2):
        gan = make_gan(seed)
        gan.fit(IMAGES, batch_size=16, epochs=1, shuffle=False, verbose=0)
        runs.append(weights(gan.generator))
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


def test_graph_and_eager_training_agree():
    results = []
    for eager in (True, False):
        gan = make_gan(run_eagerly=eager)
        gan.fit(IMAGES, batch_size=16, epochs=1, shuffle=False, verbose=0)
        results.append(weights(gan.ema_generator))
    for first, second in zip(*results, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4)


def test_averaged_generator_lies_between_start_and_now():
    gan = make_gan(ema_decay=0.9)
    start = weights(gan.generator)
    gan.steps.assign(10_000)
    gan.generator_step(8)
    for old, new, average in zip(
        start, weights(gan.generator), weights(gan.ema_generator), strict=True
    ):
        np.testing.assert_allclose(average, 0.9 * old + 0.1 * new, atol=1e-6)


@pytest.mark.parametrize("eager", [True, False])
def test_without_averaging_the_average_is_the_generator(eager):
    gan = make_gan(ema_decay=0, r1_weight=0, run_eagerly=eager)
    gan.fit(IMAGES, batch_size=16, epochs=1, verbose=0)
    assert same(weights(gan.generator), weights(gan.ema_generator))


def test_fit_reports_losses_and_beliefs():
    history = make_gan().fit(IMAGES, batch_size=16, epochs=2, verbose=0).history
    assert set(history) == {"d_loss", "g_loss", "d_real", "d_fake"}
    assert all(0 <= belief <= 1 for belief in history["d_real"] + history["d_fake"])


def test_fit_takes_endless_batches():
    gan = make_gan()
    gan.fit(endless_batches(IMAGES, 8, seed=0), steps_per_epoch=3, verbose=0)
    assert int(gan.steps) == 3


def test_sample_is_in_the_convention_and_repeats_with_its_seed():
    gan = make_gan()
    first, again, other = gan.sample(5, seed=3), gan.sample(5, seed=3), gan.sample(5, seed=4)
    assert first.shape == (5, 28, 28, 1)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_an_interrupt_keeps_what_was_learnt(capsys):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise KeyboardInterrupt

    gan = make_gan()
    before = weights(gan.generator)
    gan.fit(IMAGES, batch_size=8, epochs=3, verbose=0, callbacks=[Interrupt()])
    assert int(gan.steps) == 2
    assert not same(before, weights(gan.generator))
    assert "Stopped by hand after 2 steps" in capsys.readouterr().out


def test_an_interrupt_ends_the_callbacks_as_the_end_of_training_does():
    class Stop(keras.callbacks.Callback):
        ended = 0

        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

        def on_train_end(self, logs=None):
            self.ended += 1

    stop = Stop()
    history = make_gan().fit(IMAGES, batch_size=8, verbose=0, callbacks=[stop])
    assert isinstance(history, keras.callbacks.History) and stop.ended == 1


def test_an_interrupt_before_the_first_batch_is_no_error(capsys):
    def batches():
        raise KeyboardInterrupt
        yield

    gan = make_gan()
    for steps in (0, 1):  # the second time after a training that went to its end
        history = gan.fit(batches(), steps_per_epoch=1, verbose=0, callbacks=[StopAfter(steps=1)])
        assert history.history == {}
        assert f"Stopped by hand after {steps} steps" in capsys.readouterr().out
        gan.fit(IMAGES[:8], batch_size=8, verbose=0)


def test_saved_weights_hold_the_whole_state(tmp_path):
    file = tmp_path / "state.weights.h5"
    straight, stopped, resumed = make_gan(), make_gan(), make_gan(seed=5)
    straight.fit(IMAGES, batch_size=8, epochs=2, shuffle=False, verbose=0)
    stopped.fit(IMAGES, batch_size=8, epochs=1, shuffle=False, verbose=0)
    stopped.save_weights(file)
    resumed.load_weights(file)
    resumed.fit(IMAGES, batch_size=8, epochs=1, shuffle=False, verbose=0)
    assert int(resumed.steps) == int(straight.steps)
    assert same(weights(straight.generator), weights(resumed.generator))
    assert same(weights(straight.ema_generator), weights(resumed.ema_generator))


def test_networks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"discriminator must take .*\(28, 28, 1\)"):
        GAN(
            digit_generator(4, width=4),
            keras.Sequential(
                [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
            ),
        )


@pytest.mark.parametrize(
    "wrong", [{"r1_weight": -1}, {"r1_every": 0}, {"ema_decay": 1.0}, {"r1_every": 2.5}]
)
def test_compile_names_the_wrong_setting(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        make_gan(**wrong)


@pytest.mark.parametrize("n", [0, -1, 1.5])
def test_sample_refuses_a_count_that_is_none(n):
    with pytest.raises(ValueError, match="n must be a whole number"):
        make_gan().sample(n)
