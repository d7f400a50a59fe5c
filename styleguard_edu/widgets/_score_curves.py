"""Scores as histogram, ROC and precision-recall curve: drawn once; a line and points move."""

import numpy as np
from matplotlib.ticker import PercentFormatter
from PIL import Image, ImageChops, ImageDraw
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from ..plotting import BLUE, GREEN, GREY, ORANGE
from ._drawing import blank_figure, encode, figure_bitmap, with_marker_colour

BLACK = "#1a1a1a"
PALE = (255, 243, 205)  # behind what is flagged
SIZE = (648, 256)  # displayed pixels


class ScoreAxis:
    """From scores to positions between 0 and 1; logarithmic where damaged images score far higher.

    Parameters
    ----------
    clean, damaged : ndarray, ``(n,)``
        One in two hundred scores may lie beyond either end.
    """

    def __init__(self, clean, damaged):
        scores = np.concatenate([clean, damaged])
        self.low, self.high = np.percentile(scores, (0.5, 99.5)).tolist()
        self.log = bool(scores.min() > 0 and self.high > 20 * np.median(clean))
        if self.low == self.high:  # a detector that always says the same
            self.low, self.high = self.low - 0.5, self.high + 0.5
        start, end = self._straight(np.array([self.low, self.high]))
        margin = 0.04 * (end - start)
        self.low, self.high = self.score(start - margin), self.score(end + margin)

    def _straight(self, scores):
        return np.log(scores) if self.log else scores

    def score(self, straight):
        """Back from a logarithm, where the axis is logarithmic."""
        return np.exp(straight) if self.log else straight

    def even(self, n):
        """n scores at even distances on the axis, the first and last at its ends."""
        return self.score(np.linspace(*self._straight(np.array([self.low, self.high])), n))

    def stops(self, n):
        """At most n short numbers along the axis, to set a slider to."""
        if self.log:
            return np.unique([float(f"{score:.3g}") for score in self.even(n)])
        finest = (self.high - self.low) / n
        power = np.floor(np.log10(finest))
        step = next(k * 10**power for k in (1, 2, 5, 10) if k * 10**power > finest)
        whole = np.arange(np.ceil(self.low / step), np.floor(self.high / step) + 1)
        return np.round(whole * step, max(0, int(-power)))

    def position(self, scores):
        """0 at the left end of the axis, 1 at the right one, and never beyond."""
        clipped = np.clip(scores, self.low, self.high)
        start, end = self._straight(np.array([self.low, self.high]))
        return (self._straight(clipped) - start) / (end - start)


class Curves:
    """Histogram, ROC and precision-recall curve, over which a line and two points move.

    Parameters
    ----------
    clean, damaged : ndarray, ``(n,)`` and ``(m,)``
        Scores, higher = worse.
    share : float
        Share of damaged images for which precision is drawn.
    cheapest : float
        The threshold of least cost; a small mark shows it.
    """

    def __init__(self, clean, damaged, *, share, cheapest):
        self.axis = ScoreAxis(clean, damaged)
        figure = blank_figure(*SIZE)
        figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.05)
        all_axes = figure.subplots(1, 3, width_ratios=(1.65, 1, 1))
        self._draw_histogram(all_axes[0], clean, damaged, cheapest)
        _draw_roc(all_axes[1], clean, damaged)
        _draw_precision(all_axes[2], clean, damaged, share)
        plain = figure_bitmap(figure)
        width, height = plain.size
        self._boxes = [
            (axes.bbox.x0, height - axes.bbox.y1, axes.bbox.x1, height - axes.bbox.y0)
            for axes in all_axes
        ]
        flagged = ImageChops.multiply(plain, Image.new("RGB", plain.size, PALE))
        both = Image.new("RGB", (width, 2 * height))
        both.paste(plain, (0, 0))
        both.paste(flagged, (0, height))
        both = with_marker_colour(both, BLACK)  # both with one palette
        self._plain = both.crop((0, 0, width, height))
        left, top, right, bottom = (round(edge) for edge in self._boxes[0])
        self._flagged = both.crop((left, height + top, right, height + bottom))

    def png(self, threshold, recall, false_alarm_rate, precision):
        """The curves with the line at a threshold and the points at its rates, all in [0, 1]."""
        bitmap = self._plain.copy()
        left, top, right, bottom = (round(edge) for edge in self._boxes[0])
        x = round(left + (right - left) * float(self.axis.position(threshold)))
        if x < right:  # what is right of the line is flagged
            flagged = self._flagged.crop((x - left, 0, right - left, bottom - top))
            bitmap.paste(flagged, (x, top))
        draw = ImageDraw.Draw(bitmap)
        draw.line((x, top, x, bottom), fill=255, width=4)
        draw.polygon([(x - 12, top - 14), (x + 12, top - 14), (x, top + 4)], fill=255)
        for box, (u, v) in zip(
            self._boxes[1:], ((false_alarm_rate, recall), (recall, precision)), strict=True
        ):
            # both axes reach 0.03 beyond 0 and 1
            x = box[0] + (box[2] - box[0]) * (u + 0.03) / 1.06
            y = box[3] - (box[3] - box[1]) * (v + 0.03) / 1.06
            draw.ellipse((x - 10, y - 10, x + 10, y + 10), fill=255)
        return encode(bitmap)

    def _draw_histogram(self, axes, clean, damaged, cheapest):
        """A histogram that points up for clean images and down for damaged ones."""
        edges = self.axis.even(37)
        for sign, scores, colour, hatch in (
            (1, clean, BLUE, None),
            (-1, damaged, ORANGE, "////"),
        ):
            share = np.histogram(np.clip(scores, edges[0], edges[-1]), edges)[0] / len(scores)
            looks = {"align": "edge", "color": colour, "hatch": hatch, "ec": "white", "lw": 0.4}
            axes.bar(edges[:-1], sign * share, np.diff(edges), **looks)
        most = 1.12 * np.abs(axes.dataLim.intervaly).max()
        axes.set(xlim=(edges[0], edges[-1]), ylim=(-most, most))
        if self.axis.log:
            axes.set_xscale("log")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_yticks((0.5 * most, -0.5 * most), ("clean", "damaged"), rotation=90, va="center")
        axes.tick_params(axis="y", length=0)
        axes.set_title("Scores", loc="left", fontsize=10)
        axes.set_xlabel("score; flagged right of the line", fontsize=9)
        if edges[0] < cheapest < edges[-1]:
            axes.plot([cheapest], [-most], "^", color=GREEN, markersize=8, clip_on=False, zorder=5)
            title = axes.set_title("▲ least cost", loc="right", fontsize=9)
            title.set_color(GREEN)
        _tidy(axes)


def _draw_roc(axes, clean, damaged):
    truth = np.repeat([False, True], [len(clean), len(damaged)])
    scores = np.concatenate([clean, damaged])
    axes.plot([0, 1], [0, 1], ":", color=GREY)
    axes.plot(*roc_curve(truth, scores)[:2], color=GREEN, linewidth=2)
    area = roc_auc_score(truth, scores)
    axes.set_title(f"ROC, area {area:.3f}", loc="left", fontsize=10)
    axes.set_xlabel("false-alarm rate", fontsize=9)
    axes.set_ylabel("recall", fontsize=9)
    _unit_square(axes)


def _draw_precision(axes, clean, damaged, share):
    truth = np.repeat([False, True], [len(clean), len(damaged)])
    weights = np.where(truth, share / len(damaged), (1 - share) / len(clean))
    precision, recall, _ = precision_recall_curve(
        truth, np.concatenate([clean, damaged]), sample_weight=weights
    )
    axes.plot([0, 1], [share, share], ":", color=GREY)
    axes.step(recall, precision, where="post", color=GREEN, linewidth=2)
    axes.set_title(f"PR, {100 * share:.3g}% damaged", loc="left", fontsize=10)
    axes.set_xlabel("recall", fontsize=9)
    axes.set_ylabel("precision", fontsize=9)
    _unit_square(axes)


def _unit_square(axes):
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.grid(alpha=0.3)
    _tidy(axes)


def _tidy(axes):
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
