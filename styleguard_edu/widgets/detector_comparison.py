"""Two detectors side by side on the same damaged images: where they look, and who notices."""

from functools import lru_cache
from textwrap import wrap

import numpy as np
from PIL import Image, ImageDraw

from ..anomalies import ANOMALIES
from ..checks import require_rate
from ..images import to_uint8
from ..metrics.detection import pixel_roc_auc, roc_auc
from ..plotting import BLUE, GREEN, GREY, heat_colours, overlay_heatmaps, tint_masks
from ._checks import check_damaged, check_numbers, check_p_values, check_row
from ._drawing import blank_figure, caption, encode, figure_bitmap
from ._page import CACHED, MOST, Page, p_in_words, rate_in_words
from ._parts import Explorer, View, choice
from ._score_curves import draw_roc

LOOKS = (  # of the two detectors' curves and points
    {"color": BLUE, "ls": "-", "marker": "o", "markersize": 6},
    {"color": GREEN, "ls": "--", "marker": "s", "markersize": 8, "mfc": "none", "mew": 1.8},
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
        By detector, at least two, and in each by kind; higher = worse.
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
        Their values are keys. The two detectors differ: choosing the other one swaps them.

    Raises
    ------
    ValueError
        If there are fewer than two detectors, or what they found is missing, of another shape or
        out of range.
    """

    title = "detector comparison"

    def __init__(
        self, images, maps, scores, p_values, *, masks=None, names=None, false_alarm_rate=0.05
    ):
        self.images, self.masks = check_damaged(images, masks)
        if len(self.images["clean"]) > MOST:
            n = len(self.images["clean"])
            raise ValueError(f"images must be at most {MOST} a kind. Received: {n}")
        if len(maps) < 2:
            raise ValueError(f"maps must hold at least two detectors. Received: {list(maps)}")
        require_rate("false_alarm_rate", false_alarm_rate)
        self.kinds = [kind for kind in self.images if kind != "clean"]
        self.rate, self.names = false_alarm_rate, names or {}
        self.maps, self.scores, self.p_values = {}, {}, {}
        for detector in maps:
            self._take(detector, maps, scores, p_values)
        self.ranges = {
            detector: np.percentile(np.stack(list(row.values())), (50, 99.5)).tolist()
            for detector, row in self.maps.items()
        }
        self.areas = {
            detector: np.array([roc_auc(row["clean"], row[kind]) for kind in self.kinds])
            for detector, row in self.scores.items()
        }
        self._cached = lru_cache(4 * CACHED)(self._view)
        self.kind = choice("damage", {self.name(kind): kind for kind in self.kinds})
        detectors = {self.name(detector): detector for detector in self.maps}
        self.first, self.second = choice("compare", detectors), choice("with", detectors)
        self.second.value = list(self.maps)[1]
        controls = [self.kind, self.first, self.second]
        super().__init__(controls, pictures=2)
        for control in (self.first, self.second):
            control.observe(self._keep_apart, "value")
        self.follow(*controls)

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
            Detectors.

        Returns
        -------
        View
            Of the images with both detectors' heatmaps, and of the ROC curves.
        """
        return self._cached(kind, first, second)

    def name(self, key):
        """What a kind or a detector is called."""
        label = ANOMALIES[key].label if key in ANOMALIES else key.replace("_", " ")
        return self.names.get(key, label)

    def _take(self, detector, maps, scores, p_values):
        """Keep what one detector found, after checking that it fits the images."""
        shape, called = self.images["clean"].shape[:3], f"[{detector!r}]"
        rows = scores.get(detector, {})
        self.scores[detector] = {
            name: check_row(rows.get(name, ()), f"scores{called}[{name!r}]") for name in self.images
        }
        first = next(iter(self.scores.values()))
        for name, row in self.scores[detector].items():
            if len(row) < shape[0] or len(row) != len(first[name]):
                raise ValueError(
                    f"scores{called}[{name!r}] must hold at least {shape[0]} numbers, as many as "
                    f"the first detector's, {len(first[name])}. Received: {len(row)}"
                )
        self.maps[detector], self.p_values[detector] = {}, {}
        for kind in self.kinds:
            found = maps[detector].get(kind, ()), p_values.get(detector, {}).get(kind, ())
            end = f"{called}[{kind!r}]"
            self.maps[detector][kind] = check_numbers(f"maps{end}", found[0], shape)
            row = found[1][: shape[0]]
            self.p_values[detector][kind] = check_p_values(f"p_values{end}", row, shape[:1])

    def _keep_apart(self, change):
        """A detector is not compared with itself: the two change places."""
        other = self.second if change["owner"] is self.first else self.first
        if other.value == change["new"]:
            other.value = change["old"]

    def _view(self, kind, first, second):
        both = (first, second)
        pictures = self._rows(kind, both), self._curves(kind, both)
        return View(pictures, self._alts(kind, both), self._text(kind, both))

    def _rows(self, kind, detectors):
        """Clean images, damaged ones, the truth, and the heatmaps of both detectors."""
        images = self.images[kind]
        rows = {"clean": self.images["clean"], "damaged": images}
        if self.masks is not None:
            rows["truth:\ndamaged\nin amber"] = tint_masks(images, self.masks[kind])
        called = ["\n".join(wrap(self.name(detector), 14)[:4]) for detector in detectors]
        words = [()] * len(rows) + [("score", "p-value")] * 2
        page = Page(
            images.shape, [*rows, *called], words=words, left=168, right=128, foot=34, tall=280
        )
        page.note(f"Framed: flagged, as p is at most {rate_in_words(self.rate)}.")
        for row, batch in enumerate(rows.values()):
            page.paste(page.base, row, batch)
        for row, detector in enumerate(detectors, len(rows)):
            self._heatmaps(page, row, kind, detector)
        draw = ImageDraw.Draw(page.base)
        for row, shape, width in ((-2, draw.ellipse, 12), (-1, draw.rectangle, 5)):
            top = page.box(len(words) + row, 0)[1]  # the marker of the curves below
            shape((3, top + 5, 24, top + 26), outline=LOOKS[row]["color"], width=width)
        return encode(page.base)

    def _heatmaps(self, page, row, kind, detector):
        """One detector's heatmaps, framed where flagged, with numbers below and a colour bar."""
        low, high = self.ranges[detector]
        heat = overlay_heatmaps(self.images[kind], self.maps[detector][kind], low=low, high=high)
        page.paste(page.base, row, heat)
        for k, p in enumerate(self.p_values[detector][kind]):
            words = f"{self.scores[detector][kind][k]:.3g}", p_in_words(p)
            page.write(page.base, row, k, words)
            if p <= self.rate:
                page.frame(page.base, row, k)
        _, top, right, bottom = page.box(row, len(heat) - 1)
        colours = to_uint8(heat_colours(bottom - top)[np.newaxis, ::-1, np.newaxis])[0]
        bar = Image.fromarray(colours).resize((20, bottom - top), Image.Resampling.NEAREST)
        page.base.paste(bar, (right + 16, top))
        for y, anchor, value in ((top, "lt", high), (bottom, "lb", low)):
            caption(page.base, (right + 44, y), f"{value:.2g}", size=20, anchor=anchor)

    def _curves(self, kind, detectors):
        """The ROC curves for one kind, and the areas under them for all kinds."""
        several = len(self.kinds) > 1
        figure = blank_figure(880 if several else 330, 340)
        figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.05)
        axes = np.atleast_1d(figure.subplots(1, 1 + several, width_ratios=(1, 1.9)[: 1 + several]))
        at = self.kinds.index(kind)
        axes[0].set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        for detector, look in zip(detectors, LOOKS, strict=True):
            row = self.scores[detector]
            label = f"{self.name(detector)}: {self.areas[detector][at]:.3f}"
            draw_roc(axes[0], row["clean"], row[kind], label=label, **look | {"marker": ""})
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
        for detector, look in zip(detectors, LOOKS, strict=True):
            axes.plot(places, self.areas[detector], **look | {"ls": ""}, label=self.name(detector))
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
        called, at = self.name(kind), self.kinds.index(kind)
        one, two = map(self.name, both)
        areas = np.array([self.areas[detector] for detector in both])
        flagged = np.array([self.p_values[detector][kind] <= self.rate for detector in both])
        clean, damaged = (len(self.scores[both[0]][name]) for name in ("clean", kind))
        lines = [
            f"{called[0].upper()}{called[1:]}: area under the ROC curve {areas[0, at]:.3f} for "
            f"{one}, {areas[1, at]:.3f} for {two} "
            f"({clean:,} clean and {damaged:,} damaged images).",
            f"Flagged at p ≤ {rate_in_words(self.rate)}, of {flagged.shape[1]} shown: "
            f"{flagged[0].sum()} by {one}, {flagged[1].sum()} by {two}, "
            f"{flagged.all(axis=0).sum()} by both.",
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
            share = "All" if masks.all() else "No"
            return f"{share} pixels are damaged: there is no place to find."
        one, two = (pixel_roc_auc(self.maps[detector][kind], masks) for detector in both)
        return f"Damaged pixels in the heatmaps: area under the ROC curve {one:.3f} and {two:.3f}."
