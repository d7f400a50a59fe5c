"""Two detectors side by side on the same damaged images: where they look, and who notices."""

from functools import lru_cache
from textwrap import wrap

import numpy as np
from PIL import Image, ImageDraw
from sklearn.metrics import roc_curve

from ..anomalies import ANOMALIES
from ..checks import require_rate
from ..images import to_uint8
from ..metrics.detection import pixel_roc_auc, roc_auc
from ..plotting import BLUE, GREEN, GREY, ORANGE, heat_colours, overlay_heatmaps, tint_masks
from ._drawing import blank_figure, caption, encode, figure_bitmap, frame
from ._page import CACHED, MOST, Page, p_in_words, rate_in_words, steady_labels
from ._parts import Explorer, View, choice
from ._threshold_checks import check_damaged, check_maps, check_row

LINES = ((BLUE, "-"), (GREEN, "--"))  # colour and dash of the two detectors
MARKERS = (
    {"marker": "o", "color": BLUE, "markersize": 6},
    {"marker": "s", "color": GREEN, "markersize": 8, "mfc": "none", "mew": 1.8},
)


class DetectorComparison(Explorer):
    """Choose a kind of damage and two detectors; see heatmaps, scores, p-values and ROC curves.

    The colours of a detector's heatmaps begin at the median and end at the 99.5th percentile of
    all its maps, whatever the kind. An image is flagged, and its heatmap framed, where its p-value
    is at most ``false_alarm_rate``. A state is drawn when first chosen, and then looked up.

    Parameters
    ----------
    images : dict of str to ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        Under ``"clean"`` the clean images, at most 12; under every other name, a kind of damage,
        the same images damaged.
    maps : dict of str to dict of str to ndarray of float, ``(n, height, width)``
        By detector, and in each by kind; higher = worse.
    scores : dict of str to dict of str to array_like, ``(m,)``, m >= n
        By detector, and in each under the names of ``images``; higher = worse. The first n belong
        to ``images``; with more, the ROC curves become smooth.
    p_values : dict of str to dict of str to array_like, ``(m,)``, m >= n
        By detector, and in each by kind, in (0, 1]; only the first n are used.
    masks : dict of str to ndarray of bool, ``(n, height, width)``, optional
        By kind: True = damaged.
    names : dict of str to str, optional
        What to call kinds and detectors, where their keys, or a kind's label, will not do.
    false_alarm_rate : float in (0, 1)

    Attributes
    ----------
    kind, first, second : ipywidgets.ToggleButtons
        Their values are keys.
    """

    title = "detector comparison"

    def __init__(
        self, images, maps, scores, p_values, *, masks=None, names=None, false_alarm_rate=0.05
    ):
        self.images, self.masks = check_damaged(images, masks)
        self.kinds = [kind for kind in self.images if kind != "clean"]
        findings = check_findings(self.images, self.kinds, maps, scores, p_values)
        self.maps, self.scores, self.p_values = findings
        require_rate("false_alarm_rate", false_alarm_rate)
        self.rate, self.names = false_alarm_rate, names or {}
        self.ranges = {
            detector: np.percentile(np.stack(list(row.values())), (50, 99.5)).tolist()
            for detector, row in self.maps.items()
        }
        self.areas = {
            detector: [roc_auc(row["clean"], row[kind]) for kind in self.kinds]
            for detector, row in self.scores.items()
        }
        self._cached = lru_cache(4 * CACHED)(self._view)
        self.kind = choice("damage", {self.name(kind): kind for kind in self.kinds})
        detectors = {self.name(detector): detector for detector in self.maps}
        self.first, self.second = choice("compare", detectors), choice("with", detectors)
        self.second.value = list(self.maps)[min(1, len(self.maps) - 1)]
        controls = [self.kind, self.first, self.second]
        for control in controls:
            control.style.description_width = "60px"
        super().__init__([steady_labels(), *controls], pictures=2)
        for control in controls:
            control.observe(self._changed, "value")

    @property
    def state(self):
        """What the controls say: the kind and two detectors."""
        return {"kind": self.kind.value, "first": self.first.value, "second": self.second.value}

    def view(self, kind, first, second):
        """The pictures and the text of one state.

        Parameters
        ----------
        kind : str
        first, second : str
            Detectors; they may be the same.

        Returns
        -------
        View
            Of the images with both detectors' heatmaps, and of the ROC curves.
        """
        return self._cached(kind, first, second)

    def name(self, key):
        """What a kind or a detector is called."""
        return self.names.get(
            key, ANOMALIES[key].label if key in ANOMALIES else key.replace("_", " ")
        )

    def _changed(self, change):
        self.refresh()

    def _view(self, kind, first, second):
        both = (first, second)
        pictures = self._rows(kind, both), self._curves(kind, both)
        return View(pictures, self._alts(kind, both), self._text(kind, both))

    def _rows(self, kind, detectors):
        """Clean images, damaged ones, the truth, and the heatmaps of both detectors."""
        images, clean = self.images[kind], self.images["clean"]
        rows = [(("clean",), clean), (("damaged",), images)]
        if self.masks is not None:
            rows.append((("truth:", "damaged", "in amber"), tint_masks(images, self.masks[kind])))
        names = [words for words, _ in rows]
        names += [tuple(wrap(self.name(detector), 14)[:4]) for detector in detectors]
        lines = [0] * len(rows) + [2, 2]
        page = Page(images.shape, names, lines=lines, margins=(168, 128), foot=44, largest=280)
        bitmap = page.base
        for row, (_, batch) in enumerate(rows):
            page.paste(bitmap, row, batch)
        draw = ImageDraw.Draw(bitmap)
        for row, detector in enumerate(detectors, len(rows)):
            self._heatmaps(page, row, kind, detector)
            top = page.box(row, 0)[1]
            if row == len(rows):  # the markers of the curves below
                draw.ellipse((2, top + 4, 24, top + 26), fill=BLUE)
            else:
                draw.rectangle((3, top + 5, 22, top + 24), outline=GREEN, width=5)
        most = rate_in_words(self.rate)
        note = f"Below a heatmap: score, p-value. Framed: flagged, as p is at most {most}."
        caption(bitmap, (0, bitmap.height - 8), note, size=22, anchor="ls", colour="#333333")
        return encode(bitmap)

    def _heatmaps(self, page, row, kind, detector):
        """One detector's heatmaps, framed where flagged, with numbers below and a colour bar."""
        low, high = self.ranges[detector]
        heat = overlay_heatmaps(self.images[kind], self.maps[detector][kind], low=low, high=high)
        page.paste(page.base, row, heat)
        for k, p in enumerate(self.p_values[detector][kind]):
            words = (f"{self.scores[detector][kind][k]:.3g}", f"p {p_in_words(p)}")
            page.write(page.base, row, k, words)
            if p <= self.rate:
                frame(page.base, page.box(row, k), ORANGE, thickness=4)
        _, top, right, bottom = page.box(row, len(heat) - 1)
        left = right + 16
        colours = to_uint8(heat_colours(bottom - top)[::-1, np.newaxis][np.newaxis])[0]
        bar = Image.fromarray(colours).resize((20, bottom - top), Image.Resampling.NEAREST)
        page.base.paste(bar, (left, top))
        ImageDraw.Draw(page.base).rectangle((left, top, left + 19, bottom - 1), outline="#888888")
        for y, anchor, value in ((top, "lt", high), (bottom, "lb", low)):
            caption(page.base, (left + 28, y), f"{value:.2g}", size=20, anchor=anchor)

    def _curves(self, kind, detectors):
        """The ROC curves for one kind, and the areas under them for all kinds."""
        several = len(self.kinds) > 1
        figure = blank_figure(880 if several else 330, 340)
        figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.05)
        axes = np.atleast_1d(figure.subplots(1, 1 + several, width_ratios=(1, 1.9)[: 1 + several]))
        axes[0].plot([0, 1], [0, 1], ":", color=GREY)
        at = self.kinds.index(kind)
        for detector, (colour, dash) in zip(detectors, LINES, strict=True):
            row = self.scores[detector]
            truth = np.repeat([False, True], [len(row["clean"]), len(row[kind])])
            rates = roc_curve(truth, np.concatenate([row["clean"], row[kind]]))[:2]
            label = f"{self.name(detector)}: {self.areas[detector][at]:.3f}"
            axes[0].plot(*rates, dash, color=colour, linewidth=2, label=label)
        axes[0].set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes[0].set(xlabel="false-alarm rate", ylabel="recall")
        titles = [f"ROC, {self.name(kind)}; area below", "Area below the ROC curve, all kinds"]
        if several:
            self._plot_areas(axes[1], at, detectors)
        for one, title in zip(axes, titles, strict=False):  # above, where no curve can pass
            looks = {"alignment": "left", "frameon": False, "fontsize": 9, "borderaxespad": 0.2}
            one.legend(title=title, loc="lower left", bbox_to_anchor=(-0.02, 1), **looks)
            one.grid(alpha=0.3)
            one.tick_params(labelsize=8)
            one.spines[["top", "right"]].set_visible(False)
        return encode(figure_bitmap(figure))

    def _plot_areas(self, axes, at, detectors):
        """A column for each kind: the area under both detectors' ROC curves."""
        axes.axvspan(at - 0.45, at + 0.45, color="#fff3cd")
        axes.axhline(0.5, linestyle=":", color=GREY)
        places = np.arange(len(self.kinds))
        for detector, look in zip(detectors, MARKERS, strict=True):
            axes.plot(places, self.areas[detector], ls="", label=self.name(detector), **look)
        axes.set_xticks(places, [self.name(kind) for kind in self.kinds], rotation=90)
        axes.set(xlim=(-0.6, len(places) - 0.4), ylim=(None, 1.04))
        axes.text(len(places) - 0.3, 0.5, "guessing", fontsize=8, va="center")

    def _alts(self, kind, both):
        at = self.kinds.index(kind)
        lists = [
            f"{self.name(detector)}: p {', '.join(map(p_in_words, self.p_values[detector][kind]))}."
            for detector in both
        ]
        truth = "" if self.masks is None else ", the true damage in amber"
        areas = [f"{self.name(key)} (area {self.areas[key][at]:.3f})" for key in both]
        others = "; beside them the areas for all kinds" if len(self.kinds) > 1 else ""
        return (
            f"{len(self.images[kind])} images with {self.name(kind)}: clean, damaged{truth}, and "
            f"the heatmaps of two detectors, framed where flagged. {' '.join(lists)}",
            f"ROC curves for {self.name(kind)} of {' and '.join(areas)}{others}.",
        )

    def _text(self, kind, both):
        called, one, two = map(self.name, (kind, *both))
        areas = np.array([self.areas[detector] for detector in both])
        here = areas[:, self.kinds.index(kind)]
        flagged = [self.p_values[detector][kind] <= self.rate for detector in both]
        clean, damaged = (len(self.scores[both[0]][name]) for name in ("clean", kind))
        lines = [
            f"{called[0].upper()}{called[1:]}: area under the ROC curve {here[0]:.3f} for {one}, "
            f"{here[1]:.3f} for {two} ({clean:,} clean and {damaged:,} damaged images).",
            f"Flagged at p ≤ {rate_in_words(self.rate)}, of {len(flagged[0])} shown: "
            f"{flagged[0].sum()} by {one}, {flagged[1].sum()} by {two}, "
            f"{(flagged[0] & flagged[1]).sum()} by both.",
        ]
        if self.masks is not None:
            lines.append(self._place_in_words(kind, both))
        if len(self.kinds) > 1:
            ahead = (areas[0] > areas[1]).sum(), (areas[0] < areas[1]).sum()
            lines.append(
                f"Over all {len(self.kinds)} kinds, {one} is ahead on {ahead[0]}, {two} on "
                f"{ahead[1]}; mean areas {areas[0].mean():.3f} and {areas[1].mean():.3f}."
            )
        return "\n".join(lines)

    def _place_in_words(self, kind, both):
        """How well the heatmaps find the damaged pixels of the images shown."""
        masks = self.masks[kind]
        if masks.all() or not masks.any():
            return (
                f"{'All' if masks.all() else 'No'} pixels are damaged: there is no place to find."
            )
        one, two = (pixel_roc_auc(self.maps[detector][kind], masks) for detector in both)
        return f"Damaged pixels in the heatmaps: area under the ROC curve {one:.3f} and {two:.3f}."


def check_findings(images, kinds, maps, scores, p_values):
    """Return maps, scores and p-values as arrays after checking that they fit the images.

    Raises
    ------
    ValueError
        If there is no detector, or its findings are missing, of another shape or out of range.
    """
    n = len(images["clean"])
    if n > MOST:
        raise ValueError(f"images must be at most {MOST} a kind. Received: {n}")
    if not maps:
        raise ValueError("maps must hold at least one detector. Received: none")
    checked = {}, {}, {}
    first = next(iter(maps))
    for detector, row in maps.items():
        for table in checked:
            table[detector] = {}
        for name in images:
            own = checked[1][detector][name] = _check_first(scores, "scores", detector, name, n)
            if len(own) != (wanted := len(checked[1][first][name])):
                raise ValueError(
                    f"scores[{detector!r}][{name!r}] must hold as many numbers as the first "
                    f"detector's, {wanted}. Received: {len(own)}"
                )
        for kind in kinds:
            called = f"[{detector!r}][{kind!r}]"
            heat = check_maps(f"maps{called}", row.get(kind, ()), images[kind].shape[:3])
            p = _check_first(p_values, "p_values", detector, kind, n)[:n]
            if not (p.min() > 0 and p.max() <= 1):
                raise ValueError(
                    f"p_values{called} must lie in (0, 1]. Received: from {p.min()} to {p.max()}"
                )
            checked[0][detector][kind], checked[2][detector][kind] = heat, p
    return checked


def _check_first(table, called, detector, name, n):
    """Finite numbers of a table by detector and name, at least one an image shown."""
    called = f"{called}[{detector!r}][{name!r}]"
    row = check_row(table.get(detector, {}).get(name, ()), called)
    if len(row) < n:
        raise ValueError(f"{called} must hold at least {n} numbers. Received: {len(row)}")
    return row
