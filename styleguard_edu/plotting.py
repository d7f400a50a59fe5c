"""Arrays in, Axes out; and one way to put a finished figure, with its alt text, on the page."""

import html
import io
from base64 import b64encode

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib import colormaps
from PIL import Image

from .checks import finite_array, require_count, require_number
from .images import LUMA, check_images, image_grid

# Okabe and Ito's colours, told apart with any kind of colour vision
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
_AMBER = np.array([1.0, 0.55, 0.0], np.float32)
_HEAT = colormaps["inferno"]  # brighter is hotter, so it reads without colour vision too


def plot_images(images, *, columns=8, titles=None, gap=2, ax=None):
    """Draw a batch of images in rows.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    columns : int
        Images a row.
    titles : sequence of str, optional
        One short title an image, drawn above it.
    gap : int
        Pixels between images; with titles, at least a third of an image's height.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure of fitting size unless given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    images = check_images(images)
    require_count("gap", gap)
    n, height, width, _ = images.shape
    if titles is not None and len(titles) != n:
        raise ValueError(f"titles must hold one text an image, {n} in all. Received: {len(titles)}")
    titles, gap = ((), gap) if titles is None else (titles, max(gap, -(-height // 3)))
    picture, columns = image_grid(images, columns=columns, gap=gap), min(columns, n)
    if ax is None:
        inch = min(0.9, 8.0 / columns)  # an image's width on the page
        wide, high = columns * inch, columns * inch * picture.shape[0] / picture.shape[1]
        _, ax = plt.subplots(figsize=(wide, high + 0.3), layout="constrained")
    ax.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    for k, title in enumerate(titles):
        top, left = (k // columns) * (height + gap), (k % columns) * (width + gap)
        ax.text(left + width / 2, top - 1.5, title, ha="center", va="bottom", fontsize=8)
    ax.axis("off")
    return ax


def tint_masks(images, masks):
    """Show which pixels are damaged: amber where the mask is True, grey elsewhere.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    masks : ndarray of bool, ``(n, height, width)``
        True = damaged.

    Returns
    -------
    ndarray of float32, ``(n, height, width, 3)`` in [0, 1]
        The image's brightness shows through both.

    Raises
    ------
    ValueError
        If the masks are not bool, or not of the images' number, height and width.
    """
    grey, masks = _grey(images), np.asarray(masks)
    if masks.dtype != bool or masks.shape != grey.shape[:3]:
        wanted = f"bool of shape {grey.shape[:3]}, as images"
        raise ValueError(f"masks must be {wanted}. Received: {masks.dtype}, shape {masks.shape}")
    return np.where(masks[..., np.newaxis], 0.3 * grey + 0.7 * _AMBER, 0.75 * grey)


def overlay_heatmaps(images, maps, *, low, high):
    """Lay anomaly maps over images: grey where cold, then violet, red, orange, pale yellow.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
    maps : ndarray of float, ``(n, height, width)``
        Higher = worse, as from :meth:`styleguard_edu.detectors.AnomalyDetector.anomaly_map`.
    low, high : float
        Where the colours begin and end, for all images alike: what lies below is grey. Take them
        from clean images or from the threshold; the extremes of the maps themselves would make
        even a clean image light up.

    Returns
    -------
    ndarray of float32, ``(n, height, width, 3)`` in [0, 1]

    Raises
    ------
    ValueError
        If the maps are not finite, or not of the images' number, height and width, or ``high`` is
        below ``low``.
    """
    grey, maps = _grey(images), finite_array("maps", maps, np.float32)
    if maps.shape != grey.shape[:3]:
        wanted = f"shape {grey.shape[:3]}, as images"
        raise ValueError(f"maps must have {wanted}. Received: {maps.shape}")
    require_number("low", low, -np.inf, np.inf)
    require_number("high", high, low, np.inf)
    heat = np.clip((maps - low) / max(high - low, 1e-12), 0, 1)
    # the root makes little heat visible, and no heat leaves the grey image alone
    share = np.sqrt(heat)[..., np.newaxis]
    return (0.6 * (1 - share) * grey + share * _HEAT(heat)[..., :3]).astype(np.float32)


def heat_colours(n=256):
    """The colours that :func:`overlay_heatmaps` lays on black, coldest first.

    Returns
    -------
    ndarray of float, ``(n, 3)`` in [0, 1]
    """
    heat = np.linspace(0, 1, n)
    return np.sqrt(heat)[:, np.newaxis] * _HEAT(heat)[:, :3]


def _grey(images):
    """Brightness of checked images, ``(n, height, width, 1)``."""
    images = check_images(images)
    if images.shape[-1] == 1:
        return images
    return np.minimum(images @ np.array(LUMA, np.float32)[:, np.newaxis], 1)  # 1 after rounding


def plot_curves(x, curves, *, xlabel, ylabel, log=False, ax=None):
    """Draw named curves over a common x, told apart by colour, dash and marker.

    Parameters
    ----------
    x : array_like, ``(t,)``
    curves : dict of str to array_like, ``(t,)``
        Up to four curves by name. NaN leaves a gap.
    xlabel, ylabel : str
        With units.
    log : bool
        Logarithmic y axis.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    looks = [(BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (GREY, ":", "D")]
    if not 1 <= len(curves) <= len(looks):
        raise ValueError(f"curves must hold 1 to {len(looks)} curves. Received: {len(curves)}")
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    many = len(np.asarray(x)) > 60
    for (name, y), (colour, dash, marker) in zip(curves.items(), looks, strict=False):
        ax.plot(x, y, dash, color=colour, label=name, marker=None if many else marker, markersize=4)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    ax.grid(alpha=0.3)
    if len(curves) > 1:
        ax.legend()
    return ax


def show(figure, alt, *, photographs=False):
    """Put a figure on the page with its alt text, and close it.

    The text also becomes the output's plain-text form, so a stored notebook says what the picture
    shows even where pictures are not, and two runs compare equal.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or matplotlib.axes.Axes
    alt : str
        One or two sentences that say what is to be seen.
    photographs : bool
        Store a somewhat smaller JPEG instead of a PNG of 256 colours.
    """
    figure = getattr(figure, "figure", figure)
    if not isinstance(alt, str) or len(alt) < 20:
        wanted = "describe the picture in 20 characters or more"
        raise ValueError(f"alt must {wanted}. Received: {alt!r}")
    drawn, stored = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=80 if photographs else 100, bbox_inches="tight")
    plt.close(figure)
    page = Image.open(drawn).convert("RGB")
    if photographs:
        page.save(stored, format="JPEG", quality=70, optimize=True)
    else:  # 256 colours are enough for a page, and a notebook keeps every picture twice
        few = page.quantize(256, dither=Image.Dither.NONE)
        few.save(stored, format="PNG", optimize=True)
    show_file(stored.getvalue(), alt)


def show_file(data, alt, *, text="", style="", css_class="styleguard-figure"):
    """Put a picture on the page with its alt text.

    JupyterLab and nbconvert ignore the alt text of a plain picture, so an HTML form goes with it.

    Parameters
    ----------
    data : bytes
        A PNG or a JPEG file.
    alt : str
        One or two sentences that say what is to be seen.
    text : str
        Printed below the picture.
    style : str
        A ``<style>`` element to put before the picture.
    css_class : str
        By which the style finds the picture.
    """
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    looks = f'class="{css_class}" style="max-width: 100%" alt="{html.escape(alt)}"'
    picture = f'{style}<img {looks} src="data:{kind};base64,{b64encode(data).decode()}">'
    if text:
        picture += f'<p style="white-space: pre-line">{html.escape(text)}</p>'
        alt = f"{alt} {text}"
    shown = {"text/html": picture, kind: data, "text/plain": alt}
    display(shown, metadata={kind: {"alt": alt}}, raw=True)
