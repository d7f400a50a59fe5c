import matplotlib

matplotlib.use("Agg")

from styleguard_edu import plotting

import matplotlib.pyplot as plt
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def images(n=5, channels=1):
    return np.random.default_rng(0).random((n, 28, 28, channels), np.float32)


@pytest.mark.parametrize("channels", [1, 3])
def test_plot_images_draws_every_pixel_of_every_image_unstretched(channels):
    batch = 0.5 * images(4, channels)
    ax = plotting.plot_images(batch, columns=2, gap=0)
    drawn = np.asarray(ax.images[0].get_array()).reshape(56, 56, channels)
    np.testing.assert_array_equal(drawn[28:, :28], batch[2])
    assert ax.images[0].get_clim() == (0, 1)


def test_plot_images_puts_the_titles_above_and_draws_where_told():
    _, mine = plt.subplots()
    ax = plotting.plot_images(images(3), titles=np.array(["a", "b", "c"]), ax=mine)
    assert ax is mine
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    with pytest.raises(ValueError, match="titles must hold one text an image, 5"):
        plotting.plot_images(images(), titles=["a"])


def test_plot_curves_draws_and_names_each_curve_differently():
    ax = plotting.plot_curves(
        [1, 2], {"D": [1, 3], "G": [2, 1]}, xlabel="step", ylabel="loss", log=True
    )
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 3])
    assert ax.get_xlabel() == "step"
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["D", "G"]
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 2


@pytest.mark.parametrize("count", [0, 5])
def test_plot_curves_refuses_more_curves_than_it_has_looks(count):
    with pytest.raises(ValueError, match="1 to 4 curves"):
        plotting.plot_curves([1], {name: [1] for name in "abcde"[:count]}, xlabel="", ylabel="")


@pytest.mark.parametrize(
    ("photographs", "kind", "start"),
    [(False, "image/png", b"\x89PNG"), (True, "image/jpeg", b"\xff\xd8")],
)
def test_show_displays_a_picture_with_its_alt_text_and_closes_the_figure(
    displayed, photographs, kind, start
):
    ax, alt = plotting.plot_images(images()), "Five squares of random grey."
    plotting.show(ax, alt, photographs=photographs)
    ((data, settings),) = displayed
    assert data[kind].startswith(start)
    assert f'alt="{alt}"' in data["text/html"] and f"data:{kind};base64," in data["text/html"]
    assert data["text/plain"] == alt
    assert settings["metadata"] == {kind: {"alt": alt}}
    assert not plt.fignum_exists(ax.figure.number)
    with pytest.raises(ValueError, match="in 20 characters or more"):
        plotting.show(ax, "noise")


def test_the_brightness_of_pure_colours_is_that_of_rec_709():
    pure = np.eye(3, dtype=np.float32)[:, None, None, :]  # red, green, blue
    tinted = plotting.tint_masks(pure, np.zeros((3, 1, 1), bool))
    np.testing.assert_allclose(tinted[:, 0, 0, 0] / 0.75, [0.2126, 0.7152, 0.0722], atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_masks_are_tinted_amber_and_the_rest_is_grey(channels):
    mask = np.zeros((2, 4, 4), bool)
    mask[0, 1, 2] = True
    white = plotting.tint_masks(np.ones((2, 4, 4, channels), np.float32), mask)
    np.testing.assert_allclose(white[0, 1, 2], [1, 0.685, 0.3], atol=1e-6)  # 0.3 + 0.7 amber
    np.testing.assert_allclose(white[~mask], 0.75, atol=1e-6)
    assert white.max() <= 1


def test_a_mask_must_fit_its_images():
    with pytest.raises(ValueError, match=r"masks must be bool .* Received: float64"):
        plotting.tint_masks(images(2), np.zeros((2, 28, 28)))
    with pytest.raises(ValueError, match=r"bool of shape \(2, 28, 28\).*shape \(1, 28, 28\)"):
        plotting.tint_masks(images(2), np.zeros((1, 28, 28), bool))


def test_cold_pixels_are_grey_and_hotter_ones_brighter_whatever_the_others_show():
    maps = np.linspace(0, 1, 16).reshape(1, 4, 4)
    black = np.zeros((2, 4, 4, 1), np.float32)
    heat = plotting.overlay_heatmaps(black[:1], maps, low=0, high=1)
    brightness = heat.sum(axis=-1).ravel()
    assert brightness[0] == 0 and (np.diff(brightness) > 0).all()
    both = plotting.overlay_heatmaps(black, np.concatenate([maps, maps + 9]), low=0, high=1)
    np.testing.assert_array_equal(both[:1], heat)
    half = np.full((1, 4, 4, 3), 0.5, np.float32)
    grey = plotting.overlay_heatmaps(half, np.zeros((1, 4, 4)), low=0, high=1)
    np.testing.assert_allclose(grey, 0.3, atol=1e-6)


def test_heat_beyond_the_range_has_the_colour_of_its_end():
    maps = np.array([[[-9.0, 0.0, 1.0, 9.0]]])
    black = np.zeros((1, 1, 4, 1), np.float32)
    heat = plotting.overlay_heatmaps(black, maps, low=0, high=1)[0, 0]
    np.testing.assert_array_equal(heat[0], heat[1])
    np.testing.assert_array_equal(heat[2], heat[3])
    np.testing.assert_allclose(heat[[0, 3]], plotting.heat_colours()[[0, -1]], atol=1e-6)


@pytest.mark.parametrize(
    ("maps", "settings", "message"),
    [
        (np.zeros((2, 28, 27)), {}, r"maps must have shape \(2, 28, 28\).*Received: \(2, 28, 27\)"),
        (np.full((2, 28, 28), np.nan), {}, "maps must be finite. Received: 1568 NaN"),
        (np.full((2, 28, 28), "hot"), {}, "maps must hold numbers. Received: dtype <U3"),
        (np.zeros((2, 28, 28)), {"low": 2}, "high must be a number >= 2, finite. Received: 1"),
        (np.zeros((2, 28, 28)), {"high": "hot"}, "high must be a number .*Received: 'hot'"),
    ],
)
def test_maps_must_fit_their_images(maps, settings, message):
    with pytest.raises(ValueError, match=message):
        plotting.overlay_heatmaps(images(2), maps, **({"low": 0, "high": 1} | settings))
