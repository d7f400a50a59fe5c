"""What the two models have in common that redraw images in a style."""

from functools import cache

from tests.small_models import build, data, noise, only_bias, restarted, same, stirred, weights

import numpy as np
import pytest

STYLES = {"style transfer": ("ink", "neon"), "painting style": ("wave", "sun")}
TERMS = {
    "style transfer": ("cycle_weight", "adversarial_weight"),
    "painting style": ("content_weight", "tone_weight", "adversarial_weight"),
}
STEERING = [("painting style", "tolerance"), ("painting style", "weight_rate")]
each_kind = pytest.mark.parametrize("kind", STYLES)
PICTURES = np.stack([noise(28, 28, seed=seed) for seed in range(3)])


@pytest.fixture(scope="module", params=STYLES)
def model(request):
    """Only for tests that leave its networks alone; its styles differ, and are in its list."""
    model = build(request.param)
    stirred(model.ema_generator)
    model.known = STYLES[request.param]
    return model


@pytest.mark.parametrize(("kind", "term"), [*((k, t) for k in TERMS for t in TERMS[k]), *STEERING])
@pytest.mark.parametrize("value", [-0.1, np.inf, np.nan, "1", None])
def test_compile_names_the_wrong_weight(kind, term, value):
    with pytest.raises(ValueError, match=f"{term} must be a number >= 0, finite. Received: "):
        restarted(kind, **{term: value})


@cache
def taught_by_all(kind):
    """D's weights after a step with all terms; it sets the model back."""
    model = restarted(kind)
    model.train_step(data(kind))
    return weights(model.discriminator)


@pytest.mark.parametrize(("kind", "term"), [(k, t) for k in TERMS for t in (*TERMS[k], None)])
def test_each_term_alone_teaches_G_and_none_of_them_D(kind, term):
    model = restarted(kind, **dict.fromkeys(TERMS[kind], 0) | ({term: 1} if term else {}))
    start = weights(model.generator)
    model.train_step(data(kind))
    assert same(start, weights(model.generator)) == (term is None)  # nor does D's loss reach G
    assert same(weights(model.discriminator), taught_by_all(kind))


def test_a_picture_gives_a_picture_and_a_batch_its_pictures_one_by_one(model):
    alone = [model.transfer(picture, model.known[1], strength=0.7) for picture in PICTURES]
    batch = model.transfer(PICTURES, model.known[1], strength=0.7)
    np.testing.assert_allclose(batch, alone, atol=1e-5)
    assert batch.shape == PICTURES.shape and batch.dtype == np.float32
    assert 0 <= batch.min() <= batch.max() <= 1


def test_strength_is_the_share_of_the_redrawn_picture(model):
    nothing, quarter, full = (
        model.transfer(PICTURES, model.known[1], strength=strength)
        for strength in (0, np.float64(0.25), np.int64(1))
    )
    np.testing.assert_array_equal(nothing, PICTURES)
    np.testing.assert_allclose(quarter, 0.75 * PICTURES + 0.25 * full, atol=1e-6)
    assert np.abs(full - PICTURES).mean() > 0.01
    with pytest.raises(ValueError, match=r"strength must lie in \[0, 1\]. Received: 1.01"):
        model.transfer(PICTURES, model.known[1], strength=1.01)


def test_a_style_is_its_one_sided_blend_and_styles_differ(model):
    first, second = model.known
    one, other, both = (
        model.transfer(PICTURES, style) for style in (first, second, {first: 1, second: 1})
    )
    np.testing.assert_array_equal(one, model.transfer(PICTURES, {first: 3, second: 0}))
    for a, b in ((one, other), (one, both), (both, other)):
        assert np.abs(a - b).mean() > 1e-3


def test_the_last_codes_are_those_of_the_styles_in_order(model):
    first, second = model.known
    np.testing.assert_array_equal(model.code(first)[-2:], [1, 0])
    np.testing.assert_array_equal(model.code({second: 3, first: 1})[-2:], [0.25, 0.75])
    with pytest.raises(ValueError, match=rf"some of .*'{second}'\). Received: \['moon'\]"):
        model.transfer(PICTURES, "moon")


@each_kind
def test_the_EMA_generator_draws_as_it_is_now(kind):
    model, black = restarted(kind), np.zeros((2, 28, 28, 3))
    only_bias(model.generator, 0.9)
    for grey in (0.75, 0.25):
        only_bias(model.ema_generator, grey)
        np.testing.assert_allclose(model.transfer(black, STYLES[kind][0]), grey, atol=1e-6)
    mixed = model.transfer(black, STYLES[kind][0], strength=0.4)
    np.testing.assert_allclose(mixed, 0.1, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((28, 28)), "images must have shape"),
        (np.full((1, 28, 28, 3), 2.0), r"images must lie in \[0, 1\]"),
        (np.full((28, 28, 3), np.nan), r"images must lie in \[0, 1\] and be finite"),
        (np.zeros((28, 28, 3), np.uint8), "images must hold floating-point numbers"),
    ],
)
def test_what_is_no_picture_is_refused(model, images, words):
    with pytest.raises((TypeError, ValueError), match=words):
        model.transfer(images, model.known[0])
