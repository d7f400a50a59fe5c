import gc
import weakref

from styleguard_edu.backend import keras
from styleguard_edu.networks import (
    BATCH,
    digit_discriminator,
    digit_encoder,
    hidden_features,
    run_network,
    segment,
    segmentation_network,
    style_classifier,
)

import numpy as np
import pytest


def images(n=2, height=28, width=28, channels=1, seed=0):
    return np.random.default_rng(seed).random((n, height, width, channels), dtype=np.float32)


def doubled(shape=(4, 4, 1), name="doubled"):
    """A network without weights: twice its input, and its input's sum."""
    x = keras.Input(shape)
    return keras.Model(x, [2 * x, keras.ops.sum(x, axis=(1, 2, 3))], name=name)


COLOUR = images(2, 4, 4, 3)


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 28, 28), (3, 32, 48)])
def test_segmentation_network_answers_for_each_pixel_and_for_the_image(channels, height, width):
    network = segmentation_network(channels, width=4)
    pixels, image, restored = network(images(2, height, width, channels), training=False)
    assert pixels.shape == (2, height, width, 1)
    assert image.shape == (2, 1)
    assert restored.shape == (2, height, width, channels)


def test_of_the_three_answers_only_those_that_are_wanted_are_given():
    network, shown = segmentation_network(width=4, depth=1), images(3, 30, 27)
    everything = segment(network, shown)
    assert len(everything) == 3
    for wanted in ((0, 1), (2,), (2, 0)):
        some = segment(network, shown, wanted=wanted)
        for answer, place in zip(some, wanted, strict=True):
            np.testing.assert_allclose(answer, everything[place], atol=1e-5)
    (only,) = run_network(doubled(), wanted=(1,), images=images(2, 4, 4))
    np.testing.assert_allclose(only, images(2, 4, 4).sum(axis=(1, 2, 3)), rtol=1e-6)


def test_an_untrained_network_restores_an_image_to_what_it_is():
    shown = images()
    np.testing.assert_array_equal(segmentation_network(width=4)(shown, training=False)[2], shown)


def test_each_pixel_of_the_restored_image_has_a_gain_and_an_offset():
    network = segmentation_network(width=2)
    for name, value in (("gain", -2.0), ("offset", 1.0)):
        layer = network.get_layer(name)
        layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.array([value], np.float32)])
    shown = images()
    restored = network(shown, training=False)[2]
    np.testing.assert_allclose(restored, 1 - shown, atol=1e-6)  # x - 2 x + 1: the negative


def test_strips_let_a_pixel_see_the_far_end_of_its_row():
    keras.utils.set_random_seed(0)
    near, wide = (segmentation_network(width=4, depth=1, strips=strips) for strips in (False, True))
    shown, changed = images(1, 64, 64), images(1, 64, 64)
    changed[0, 5, 60] = 1 - changed[0, 5, 60]
    seen = [
        np.abs(network(shown, training=False)[0] - network(changed, training=False)[0])[0, 5, 2, 0]
        for network in (near, wide)
    ]
    assert seen[0] == 0 < seen[1]


def test_a_network_with_strips_is_kept_in_a_file_that_loads_safely(tmp_path):
    network, shown = segmentation_network(width=2, depth=1, strips=True), images()
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    for mine, theirs in zip(segment(network, shown), segment(loaded, shown), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_segmented_continues_images_that_cannot_be_halved_and_cuts_the_answers_back():
    network = segmentation_network(width=2, depth=3)
    pixels, image, restored = segment(network, images(2, 21, 30))
    assert (pixels.shape, image.shape) == ((2, 21, 30, 1), (2, 1))
    np.testing.assert_array_equal(restored, images(2, 21, 30))


def test_segmented_shows_the_network_what_was_prepared():
    network = segmentation_network(3, content_channels=1, width=2)
    shown, content = images(channels=3), images(seed=1)
    prepared = segment(network, shown, content, lambda images, content: 1 - content)
    np.testing.assert_array_equal(prepared[0], segment(network, shown, 1 - content)[0])
    assert not np.allclose(prepared[0], segment(network, shown, content)[0])
    with pytest.raises(ValueError, match=r"content must be given.*Received: None"):
        segment(network, shown)


def test_segmentation_network_has_the_size_that_the_course_states():
    assert segmentation_network().count_params() == pytest.approx(125_000, rel=0.02)
    assert segmentation_network(strips=True).count_params() == pytest.approx(128_000, rel=0.02)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"channels": 2}, r"channels must be one of \(1, 3\). Received: 2"),
        ({"content_channels": 2}, r"content_channels must be one of \(0, 1, 3, 6\). Received: 2"),
        ({"width": 0}, "width must be a whole number >= 1. Received: 0"),
        ({"depth": 1.5}, "depth must be a whole number >= 1. Received: 1.5"),
    ],
)
def test_segmentation_network_refuses_what_it_cannot_build(settings, words):
    with pytest.raises(ValueError, match=words):
        segmentation_network(**settings)


def test_style_classifier_has_one_logit_a_style_for_images_of_any_size():
    classifier = style_classifier(4, width=2)
    assert classifier(images(3, 12, 20, 3), training=False).shape == (3, 4)
    assert style_classifier(6).count_params() == pytest.approx(46_000, rel=0.05)
    assert digit_encoder(5, width=4)(images(3), training=False).shape == (3, 5)


def test_hidden_features_are_what_the_discriminator_computes_on_its_way():
    discriminator = digit_discriminator(width=4)
    x = images()
    last, same = (hidden_features(discriminator, stage)(x, training=False) for stage in (-1, 2))
    assert last.shape == (2, 4, 4, 16)
    np.testing.assert_array_equal(last, same)
    logits = discriminator.layers[-1](np.reshape(last, (2, -1)))
    np.testing.assert_allclose(logits, discriminator(x, training=False), rtol=1e-5)


@pytest.mark.parametrize("stage", [3, -4])
def test_hidden_features_refuses_a_stage_that_is_not_there(stage):
    words = f"stage must be one of the 3 LeakyReLU layers. Received: {stage}"
    with pytest.raises(ValueError, match=words):
        hidden_features(digit_discriminator(width=4), stage)


@pytest.mark.parametrize("n", [1, BATCH, BATCH + 3])
def test_network_outputs_answers_every_image_in_order(n):
    x = images(n, 4, 4)
    twice, total = run_network(doubled(), images=x)
    np.testing.assert_array_equal(twice, 2 * x)
    np.testing.assert_allclose(total, x.sum(axis=(1, 2, 3)), rtol=1e-5)


def test_network_outputs_are_those_of_predict_without_training():
    discriminator, shown = digit_discriminator(width=4), images(5)
    dropping = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Dropout(0.9)])
    for network in (discriminator, dropping):
        expected = network.predict(shown, verbose=0)
        np.testing.assert_allclose(run_network(network, images=shown), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "inputs", "words"),
    [
        (doubled(), {"images": COLOUR}, r"\(n, 4, 4, 1\) .*'doubled'. Received: .*4, 3\)"),
        (segmentation_network(width=2), {"images": COLOUR}, r"\(n, any, any, 1\)"),
        (doubled(), {"images": images(), "more": 0}, r"takes 1 inputs. .*\['images', 'more'\]"),
    ],
    ids=["shape", "any size", "number"],
)
def test_inputs_that_the_network_does_not_take_are_refused(network, inputs, words):
    with pytest.raises(ValueError, match=words):
        run_network(network, **inputs)


def test_network_outputs_follows_weights_that_were_trained_on():
    discriminator = digit_discriminator(width=4)
    before = run_network(discriminator, images=images())
    discriminator.layers[-1].bias.assign([1.0])
    np.testing.assert_allclose(run_network(discriminator, images=images()), before + 1)


def test_running_a_network_neither_warns_nor_compiles_again_for_other_batch_sizes(caplog):
    networks = [doubled((None, None, 1), name=f"network_{k}") for k in range(6)]
    for network in networks:  # Keras' predict warns at the fifth
        for n, side in ((1, 4), (2, 4), (3, 8)):
            assert run_network(network, images=images(n, side, side))[0].shape[0] == n
    assert [record for record in caplog.records if "retracing" in record.getMessage()] == []


def test_network_outputs_does_not_keep_a_network_alive():
    network = doubled()
    run_network(network, images=images(1, 4, 4))
    gone = weakref.ref(network)
    del network
    gc.collect()
    assert gone() is None
