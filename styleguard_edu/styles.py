"""The digit styles: for each a renderer that draws the true restyled digit.

Every renderer is a fixed function of a grey digit, without randomness, so the right answer of a
restyling is known pixel by pixel. The style GAN never sees a digit beside its rendering; the truth
serves for measuring, and to calibrate a guard on what is right.
"""

from itertools import cycle

import numpy as np
from scipy.ndimage import gaussian_filter, grey_dilation

from .images import check_images, to_rgb
from .metrics import ssim
from .pictures import match_histogram

_SIZE = 28
_ROWS, _COLUMNS = np.mgrid[:_SIZE, :_SIZE].astype(np.float32)


def render_style(images, style):
    """Draw digits in one of the styles.

    Parameters
    ----------
    images : ndarray of float, ``(n, 28, 28, 1)`` in [0, 1]
        Digits, bright on black.
    style : str
        One of :data:`STYLES`.

    Returns
    -------
    ndarray of float32, ``(n, 28, 28, 3)`` in [0, 1]
        The same digits in colour.

    Raises
    ------
    ValueError
        If the style is unknown or the images are of another shape or range.
    """
    if style not in _RENDERERS:
        raise ValueError(f"style must be one of {STYLES}. Received: {style!r}")
    digits = check_images(images, shape=(_SIZE, _SIZE, 1))[..., 0]
    return np.clip(_RENDERERS[style](digits), 0, 1).astype(np.float32)


def _ink(digits):
    """A soft brush: blue-black ink on cream rice paper, drier along slanted streaks."""
    wet = _step(_blur(digits, 0.6), 0.38, 0.16)
    streaks = 0.86 + 0.14 * np.sin((_ROWS + 2 * _COLUMNS) * np.pi / 3)
    fibres = 0.03 * np.sin(_ROWS * np.pi / 2 + np.sin(_COLUMNS * np.pi / 4))
    paper = _colour(0.95, 0.90, 0.78) + fibres[..., None]
    halo = 0.25 * _blur(digits, 1.8)  # the paper drinks
    paper = _mix(paper, _colour(0.45, 0.50, 0.60), halo)
    return _mix(paper, _colour(0.10, 0.12, 0.28), wet * streaks)


def _chalk(digits):
    """A stick of chalk on a green board: grainy, with wiped dust behind."""
    board = _colour(0.12, 0.27, 0.20) + 0.05 * _grain()[..., None]
    dust = 0.22 * _blur(digits, 3.0)
    stroke = _step(_blur(digits, 0.5), 0.35, 0.25) * (0.82 + 0.35 * _grain())
    return _mix(_mix(board, _colour(0.75, 0.85, 0.80), dust), _colour(1.0, 0.98, 0.88), stroke)


def _neon(digits):
    """A glass tube on a night wall: white-hot core, pink rim, wide glow over bricks."""
    bricks = 0.05 * ((_ROWS % 7 == 0) | ((_COLUMNS + 4 * (_ROWS // 7 % 2)) % 8 == 0))
    wall = _colour(0.10, 0.06, 0.20) + bricks[..., None]
    glow = 2.2 * _blur(digits, 2.5)
    lit = wall * (1 + 2 * glow[..., None]) + _colour(0.75, 0.05, 0.55) * glow[..., None] * 0.55
    tube = _step(digits, 0.30, 0.25)
    core = _step(_blur(digits, 0.8), 0.62, 0.12)
    return _mix(_mix(lit, _colour(1.0, 0.25, 0.75), tube), _colour(1.0, 0.93, 0.98), core)


def _outline(digits):
    """A pen that walks around the digit, on squared paper."""
    body = _step(_blur(digits, 0.5), 0.40, 0.20)
    ring = grey_dilation(body, (1, 3, 3)) - body
    squares = 0.10 * ((_ROWS % 4 == 1) | (_COLUMNS % 4 == 1))
    paper = 1 - squares[..., None] * _colour(1.6, 0.8, 0.2)
    return _mix(_mix(paper, _colour(1.0, 0.80, 0.25), body), _colour(0.05, 0.20, 0.60), ring)


def _woven(digits):
    """A thread picture: over and under in cells of four pixels, red on linen."""
    over = (_ROWS // 2 + _COLUMNS // 2) % 2  # which thread lies on top
    across = np.where(over == 0, _ROWS % 2, _COLUMNS % 2)  # light and dark side of a thread
    relief = (0.80 + 0.20 * across)[..., None]
    red = _mix(_colour(0.80, 0.14, 0.16), _colour(0.60, 0.05, 0.12), over)
    linen = _mix(_colour(0.90, 0.82, 0.66), _colour(0.78, 0.69, 0.52), over)
    return _mix(linen, red, _step(_blur(digits, 0.6), 0.36, 0.2)) * relief


def _embossed(digits):
    """Pressed copper, lit from the upper left."""
    height = _blur(_step(digits, 0.4, 0.5), 0.9)
    slope = np.gradient(height, axis=1) + np.gradient(height, axis=2)
    light = 0.52 - 1.1 * slope + 0.10 * height
    brushed = 0.04 * np.sin(_ROWS * np.pi * 2 / 3 + 0.5)
    metal = (light + brushed)[..., None]
    return metal * _colour(1.30, 0.86, 0.55) + 0.7 * np.clip(metal - 0.68, 0, 1)


STYLES = ("ink", "chalk", "neon", "outline", "woven", "embossed")
_RENDERERS = dict(zip(STYLES, (_ink, _chalk, _neon, _outline, _woven, _embossed), strict=True))


def _blur(digits, sigma):
    return gaussian_filter(digits, (0, sigma, sigma), mode="constant")


def _step(x, middle, width):
    """A smooth step from 0 to 1, centred on ``middle``."""
    t = np.clip((x - middle) / width + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def _colour(red, green, blue):
    return np.array([red, green, blue], np.float32)


def _mix(below, above, share):
    """Lay colour ``above`` over ``below``; ``share`` has no channel axis."""
    share = np.clip(share, 0, 1)[..., None]
    return below * (1 - share) + above * share


def _grain():
    """A rough surface in about [-1, 1]: slanted waves that do not repeat within the picture."""
    return 0.5 * (np.sin(1.9 * _ROWS + 2.7 * _COLUMNS) + np.sin(2.9 * _ROWS - 1.3 * _COLUMNS))


def measure_restyling(restyle, digits, judges):
    """Measure restyled digits, style by style, against the true renderings.

    Parameters
    ----------
    restyle : callable
        ``restyle(images, style) -> (n, 28, 28, 3)``, for example ``StyleTransfer.transfer``.
    digits : Split
        Digits that the style transfer has not seen, with their labels.
    judges : dict of str to keras.Model
        ``"digit"`` reads restyled digits, ``"style"`` is a style classifier (0 is plain); both
        return logits. ``load_checkpoint("style_judges").networks`` holds them.

    Returns
    -------
    dict of str to dict of str to float
        For each style ``accuracy`` (digits read), ``true_accuracy`` (the same on true
        renderings), ``style`` (share recognised as of that style) and ``ssim`` to the truth.
    """
    table = {}
    for code, style in enumerate(STYLES, start=1):
        truth = render_style(digits.images, style)
        restyled = restyle(digits.images, style)
        table[style] = {
            "accuracy": _share(judges["digit"], restyled, digits.labels),
            "true_accuracy": _share(judges["digit"], truth, digits.labels),
            "style": _share(judges["style"], restyled, code),
            "ssim": float(ssim(restyled, truth).mean()),
        }
    return table


def do_nothing(images, style):
    """Return the plain digits in three equal channels: the first baseline of a restyling.

    Parameters
    ----------
    images : ndarray of float, ``(n, 28, 28, 1)`` in [0, 1]
    style : str
        Ignored; it makes the signature that of a restyling.

    Returns
    -------
    ndarray of float, ``(n, 28, 28, 3)`` in [0, 1]
    """
    return to_rgb(images)


def match_colours(images, style, *, examples):
    """Match each digit's histograms to an image of the style: the second baseline.

    Parameters
    ----------
    images : ndarray of float, ``(n, 28, 28, 1)`` in [0, 1]
    style : str
        One of :data:`STYLES`.
    examples : ndarray of float, ``(m, 28, 28, 1)`` in [0, 1]
        Other digits; the k-th result has, channel by channel, the histogram of the rendering of
        the k-th (mod m).

    Returns
    -------
    ndarray of float32, ``(n, 28, 28, 3)`` in [0, 1]
    """
    painted = cycle(render_style(examples, style))
    return np.stack([match_histogram(image, next(painted)) for image in to_rgb(images)])


def _share(judge, images, answers):
    logits = judge.predict(images, batch_size=500, verbose=0)
    return float(np.mean(logits.argmax(axis=1) == answers))
