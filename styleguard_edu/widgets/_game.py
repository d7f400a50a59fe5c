"""Where the game between two networks stands, drawn and in words."""

from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ..plotting import BLUE, ORANGE
from ._drawing import encode, figure_bitmap, mirrored_histogram, subplots


@dataclass(frozen=True)
class Game:
    """Where the game between G and D stands.

    Attributes
    ----------
    samples : ndarray of float32, ``(samples, height, width, channels)`` in [0, 1]
        What G, the network being trained, makes of the fixed noise z.
    belief_real, belief_fake : ndarray of float, ``(64,)``
        D's belief in [0, 1] that each of the fixed images is real.
    d_losses, g_losses : tuple of float
        One a step of that network.
    story : str
        What happened last.
    """

    samples: np.ndarray | None = None
    belief_real: np.ndarray | None = None
    belief_fake: np.ndarray | None = None
    d_losses: tuple = ()
    g_losses: tuple = ()
    story: str = "Nothing learnt yet."


def draw_game(game):
    """Draw the losses so far, and below them how D's beliefs are spread.

    Parameters
    ----------
    game : Game

    Returns
    -------
    bytes
        A PNG file.
    """
    figure, (losses, beliefs) = subplots(490, 330, 2, 1, layout=None, height_ratios=(3, 2))
    figure.subplots_adjust(left=0.11, right=0.95, top=0.92, bottom=0.13, hspace=0.5)
    _draw_losses(losses, game)
    _draw_beliefs(beliefs, game)
    return encode(figure_bitmap(figure))


def _draw_losses(axes, game):
    longest = max(len(game.d_losses), len(game.g_losses))
    for values, name, colour, dash in (
        (game.d_losses, "D", BLUE, "-"),
        (game.g_losses, "G", ORANGE, "--"),
    ):
        steps = np.arange(1, len(values) + 1)
        marker = "." if longest <= 40 else None
        axes.plot(steps, values, dash, color=colour, marker=marker, label=f"loss of {name}")
    axes.set(xlabel="steps of that network", xlim=(0, max(10, longest)))
    axes.set_ylim(0, max(2, axes.get_ylim()[1]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.96), ncols=2, frameon=False)


def _draw_beliefs(axes, game):
    """A histogram that points up for real images and down for generated ones."""
    axes.spines[:].set_visible(True)
    axes.grid(visible=False)
    mirrored_histogram(axes, np.linspace(0, 1, 21), game.belief_real, game.belief_fake)
    for sign, values in ((1, game.belief_real), (-1, game.belief_fake)):
        axes.plot([values.mean()] * 2, [0, sign], ":", color="black")
    axes.set(xlim=(0, 1), ylim=(-1, 1), yticks=(0.5, -0.5), yticklabels=("real", "by G"))
    axes.set_xlabel("D's belief that an image is real (dotted: mean)")
    axes.xaxis.set_major_formatter(PercentFormatter(1))


def in_numbers(game):
    """Steps, losses and beliefs in words."""
    words = ""
    for name, losses in (("D", game.d_losses), ("G", game.g_losses)):
        loss = f", loss {losses[-1]:.2f}" if losses else ""
        words += f"{name}: step {len(losses):,}{loss}. "
    real, fake = game.belief_real.mean(), game.belief_fake.mean()
    belief = f"{real:.0%} for real images, {fake:.0%} for G's."
    return f"{words}D's mean belief that an image is real: {belief}"
