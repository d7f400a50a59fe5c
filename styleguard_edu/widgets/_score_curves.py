"""Scores as histogram, ROC and precision-recall curve: drawn once; a line and points move."""

import numpy as np
from matplotlib.ticker import PercentFormatter
from PIL import Image, ImageChops, ImageDraw
from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

from ..plotting import GREEN, GREY
from ..thresholds import least_cost
from ._drawing import encode, figure_bitmap, mirrored_histogram, place, subplots
from ._gallery import BLACK, PALE

SIZE = (648, 256)  # displayed pixels
SMALL = {"fontsize": 9}


def score_axis(clean, damaged, n):
    """Even steps along an axis of scores; logarithmic where damaged images score far higher.

    One in two hundred scores may lie beyond either end.

    Parameters
    ----------
    clean, damaged : ndarray, ``(k,)``
    n : int

    Returns
    -------
    values : ndarray, ``(n,)``
    log : bool
    """
    scores = np.concatenate([clean, damaged])
    low, high = np.percentile(scores, (0.5, 99.5))
    log = bool(scores.min() > 0 and high > 20 * np.median(clean))
    if low == high:  # a detector that always says the same
        low, high = low - 0.5, high + 0.5
    if log:
        low, high = np.log((low, high))
    margin = 0.04 * (high - low)
    values = np.linspace(low - margin, high + margin, n)
    return (np.exp(values) if log else values), log


class Curves:
    """Histogram, ROC and precision-recall curve, over which a line and two points move.

    Parameters
    ----------
    clean, damaged : ndarray, ``(n,)`` and ``(m,)``
        Scores, higher = worse.
    costs : dict of str to float
        Prices, and the share of damaged images for which precision is drawn, as for
        :func:`styleguard_edu.thresholds.least_cost`.

    Attributes
    ----------
    axes : ndarray of three matplotlib.axes.Axes
    least : CostChoice
        A small mark shows its threshold.
    """

    def __init__(self, clean, damaged, costs):
        truth, scores = sample(clean, damaged)
        self.least = least_cost(scores, truth, **costs)
        figure, self.axes = subplots(*SIZE, 1, 3, width_ratios=(1.65, 1, 1))
        figure.get_layout_engine().set(w_pad=0.06, h_pad=0.05)
        _draw_histogram(self.axes[0], clean, damaged, self.least.threshold)
        draw_roc(self.axes[1], clean, damaged, color=GREEN)
        area = roc_auc_score(truth, scores)
        self.axes[1].set_title(f"ROC, area {area:.3f}", loc="left", fontsize=10)
        _draw_precision(self.axes[2], truth, scores, costs["damaged_share"])
        for one in self.axes[1:]:
            one.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
            for axis in (one.xaxis, one.yaxis):
                axis.set_major_formatter(PercentFormatter(1))
        self.axes[0].grid(visible=False)
        for one in self.axes:
            one.tick_params(labelsize=9)
        self._bitmap = figure_bitmap(figure)

    def png(self, threshold, recall, false_alarm_rate, precision):
        """The curves with the line at a threshold and the points at its rates, all in [0, 1]."""
        bitmap = self._bitmap.copy()
        scores, roc, precision_recall = self.axes
        low, high = scores.get_xlim()
        bottom, top = scores.get_ylim()
        right, top = place(bitmap, scores, high, top)
        x, bottom = place(bitmap, scores, np.clip(threshold, low, high), bottom)
        if x < right:  # what is right of the line is flagged
            flagged = bitmap.crop((x, top, right, bottom))
            pale = Image.new("RGB", flagged.size, PALE)
            bitmap.paste(ImageChops.multiply(flagged, pale), (x, top))
        draw = ImageDraw.Draw(bitmap)
        draw.line((x, top, x, bottom), fill=BLACK, width=4)
        draw.polygon([(x - 12, top - 14), (x + 12, top - 14), (x, top + 4)], fill=BLACK)
        points = (roc, false_alarm_rate, recall), (precision_recall, recall, precision)
        for x, y in (place(bitmap, *point) for point in points):
            draw.ellipse((x - 10, y - 10, x + 10, y + 10), fill=BLACK)
        return encode(bitmap)


def draw_roc(axes, clean, damaged, **look):
    """Draw the ROC curve of scores, recall over false-alarm rate, beside that of guessing."""
    axes.plot([0, 1], [0, 1], ":", color=GREY)
    axes.plot(*roc_curve(*sample(clean, damaged))[:2], linewidth=2, **look)
    axes.set_xlabel("false-alarm rate", **SMALL)
    axes.set_ylabel("recall", **SMALL)


def sample(clean, damaged):
    """The truth and the scores of all images, clean ones first."""
    truth = np.repeat([False, True], [len(clean), len(damaged)])
    return truth, np.concatenate([clean, damaged])


def _draw_histogram(axes, clean, damaged, cheapest):
    """A histogram that points up for clean images and down for damaged ones."""
    edges, log = score_axis(clean, damaged, 37)
    mirrored_histogram(axes, edges, clean, damaged)
    most = 1.12 * np.abs(axes.dataLim.intervaly).max()
    axes.set(xlim=edges[[0, -1]], ylim=(-most, most), xscale="log" if log else "linear")
    axes.set_yticks((0.5 * most, -0.5 * most), ("clean", "damaged"), rotation=90, va="center")
    axes.set_title("Scores", loc="left", fontsize=10)
    axes.set_xlabel("score; flagged right of the line", **SMALL)
    if edges[0] < cheapest < edges[-1]:
        axes.plot([cheapest], [-most], "^", color=GREEN, markersize=8, clip_on=False, zorder=5)
        axes.set_title("▲ least cost", loc="right", color=GREEN, **SMALL)


def _draw_precision(axes, truth, scores, share):
    weights = np.where(truth, share / truth.sum(), (1 - share) / (~truth).sum())
    precision, recall, _ = precision_recall_curve(truth, scores, sample_weight=weights)
    axes.plot([0, 1], [share, share], ":", color=GREY)
    axes.step(recall, precision, where="post", color=GREEN, linewidth=2)
    axes.set_title(f"PR, {100 * share:.3g}% damaged", loc="left", fontsize=10)
    axes.set_xlabel("recall", **SMALL)
    axes.set_ylabel("precision", **SMALL)
