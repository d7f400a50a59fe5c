"""Two detectors side by side on the same damaged images: where they look, and who notices."""

from textwrap import wrap

import numpy as np
from PIL import Image, ImageDraw

from ..checks import require_rate
from ..images import to_uint8
from ..metrics.detection import pixel_roc_auc, roc_auc
from ..plotting import BLUE, GREEN, GREY, heat_colours, overlay_heatmaps, tint_masks
from ._checks import check_damaged, check_table
from ._drawing import caption, encode, figure_bitmap, subplots
from ._page import CACHED, MOST, Page, in_words, p_in_words, rate_in_words
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
    p_values : dict of str to dict of str to array_like, ``(n,)``
        By detector, and in each by kind, in (0, 1].
    masks : dict of str to ndarray of bool, ``(n, height, width)``
        By kind: True = damaged.
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

    def __init__(self, images, maps, scores, p_values, *, masks, false_alarm_rate=0.05):
        self.images, self.masks = check_damaged(images, masks, most=MOST)
        self.kinds = list(self.masks)
        n, *size, _ = self.images["clean"].shape
        if len(maps) < 2:
            raise ValueError(f"maps must hold at least two detectors. Received: {list(maps)}")
        require_rate("false_alarm_rate", false_alarm_rate)
        self.rate = false_alarm_rate
        self.maps = check_table("maps", maps, maps, self.kinds, (n, *size))
        self.scores = check_table("scores", scores, maps, self.images, (n,), more=True)
        self.p_values = check_table("p_values", p_values, maps, self.kinds, (n,), above=0, most=1)
        self.areas = {
            detector: np.array([roc_auc(row["clean"], row[kind]) for kind in self.kinds])
            for detector, row in self.scores.items()
        }
        self.kind = choice("damage", {in_words(kind): kind for kind in self.kinds})
        detectors = {in_words(detector): detector for detector in self.maps}
        self.first, self.second = choice("compare", detectors), choice("with", detectors)
        self.second.value = list(self.maps)[1]
        for control in (self.first, self.second):
            control.observe(self._keep_apart, "value")
        super().__init__([self.kind, self.first, self.second], cached=4 * CACHED)

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
        both = (first, second)
        pictures = self._rows(kind, both), self._curves(kind, both)
        return View(pictures, *self._words(kind, both))

    def _keep_apart(self, change):
        """A detector is not compared with itself: the two change places."""
        other = self.second if change["owner"] is self.first else self.first
        if other.value == change["new"]:
            other.value = change["old"]

    def _rows(self, kind, detectors):
        """Clean images, damaged ones, the truth, and the heatmaps of both detectors."""
        images = self.images[kind]
        rows = {"clean": self.images["clean"], "damaged": images}
        rows["truth:\ndamaged\nin amber"] = tint_masks(images, self.masks[kind])
        called = ["\n".join(wrap(in_words(detector), 14)[:4]) for detector in detectors]
        words = [(), (), (), *[("score", "p-value")] * 2]
        note = f"Framed: flagged, as p is at most {rate_in_words(self.rate)}."
        page = Page(images.shape, [*rows, *called], words=words, left=168, right=128, note=note)
        for row, batch in enumerate(rows.values()):
            page.paste(page.base, row, batch)
        draw = ImageDraw.Draw(page.base)
        for row, (detector, look) in enumerate(zip(detectors, LOOKS, strict=True), len(rows)):
            self._heatmaps(page, row, kind, detector)
            _, top, _, _ = page.box(row, 0)  # the marker of the curves below
            shape, width = (draw.ellipse, 12) if look["marker"] == "o" else (draw.rectangle, 5)
            shape((3, top + 5, 24, top + 26), outline=look["color"], width=width)
        return encode(page.base)

    def _heatmaps(self, page, row, kind, detector):
        """One detector's heatmaps, framed where flagged, with numbers below and a colour bar."""
        low, high = np.percentile(list(self.maps[detector].values()), (50, 99.5))
        heat = overlay_heatmaps(self.images[kind], self.maps[detector][kind], low=low, high=high)
        page.paste(page.base, row, heat)
        p_values = self.p_values[detector][kind]
        page.flag(page.base, row, p_values <= self.rate)
        for k, p in enumerate(p_values):
            words = f"{self.scores[detector][kind][k]:.3g}", p_in_words(p)
            page.write(page.base, row, k, words)
        _, top, right, bottom = page.box(row, len(heat) - 1)
        colours = to_uint8(heat_colours(bottom - top)[np.newaxis, ::-1, np.newaxis])[0]
        bar = Image.fromarray(colours).resize((20, bottom - top), Image.Resampling.NEAREST)
        page.base.paste(bar, (right + 16, top))
        for y, anchor, value in ((top, "lt", high), (bottom, "lb", low)):
            caption(page.base, (right + 44, y), f"{value:.2g}", size=20, anchor=anchor)

    def _curves(self, kind, detectors):
        """The ROC curves for one kind, and the areas under them for all kinds."""
        figure, (roc, areas) = subplots(880, 340, 1, 2, width_ratios=(1, 1.9))
        figure.get_layout_engine().set(w_pad=0.06, h_pad=0.05)
        at, places = self.kinds.index(kind), np.arange(len(self.kinds))
        areas.axvspan(at - 0.45, at + 0.45, color="#fff3cd")
        areas.axhline(0.5, linestyle=":", color=GREY)
        areas.text(len(places) - 0.3, 0.5, "guessing", fontsize=8, va="center")
        for detector, look in zip(detectors, LOOKS, strict=True):
            row, called = self.scores[detector], in_words(detector)
            label = f"{called}: {self.areas[detector][at]:.3f}"
            draw_roc(roc, row["clean"], row[kind], label=label, **look | {"marker": ""})
            areas.plot(places, self.areas[detector], label=called, **look | {"ls": ""})
        roc.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        areas.set(xlim=(-0.6, len(places) - 0.4), ylim=(None, 1.04))
        areas.set_xticks(places, [in_words(kind) for kind in self.kinds], rotation=90)
        looks = {"alignment": "left", "frameon": False, "fontsize": 9, "borderaxespad": 0.2}
        for axes, title in (
            (roc, f"ROC, {in_words(kind)}; area below"),
            (areas, "Area below the ROC curve, all kinds"),
        ):  # above, where no curve can pass
            axes.legend(title=title, loc="lower left", bbox_to_anchor=(-0.02, 1), **looks)
            axes.tick_params(labelsize=9)
        return encode(figure_bitmap(figure))

    def _words(self, kind, both):
        """The alternative texts of both pictures, and the summary."""
        called, one, two = map(in_words, (kind, *both))
        areas = np.array([self.areas[detector] for detector in both])
        here = areas[:, self.kinds.index(kind)]
        p_values = np.array([self.p_values[detector][kind] for detector in both])
        flagged = p_values <= self.rate
        each = [
            f"{name}: p {', '.join(map(p_in_words, row))}."
            for name, row in zip((one, two), p_values, strict=True)
        ]
        alts = (
            f"{flagged.shape[1]} images with {called}: clean, damaged, the true damage in amber, "
            f"and the heatmaps of two detectors, framed where flagged. {' '.join(each)}",
            f"ROC curves for {called} of {one} (area {here[0]:.3f}) and {two} "
            f"(area {here[1]:.3f}); beside them the areas for all kinds.",
        )
        clean, damaged = (len(self.scores[both[0]][name]) for name in ("clean", kind))
        ahead = (areas[0] > areas[1]).sum(), (areas[0] < areas[1]).sum()
        return alts, (
            f"{called[0].upper()}{called[1:]}: area under the ROC curve {here[0]:.3f} for {one}, "
            f"{here[1]:.3f} for {two} ({clean:,} clean and {damaged:,} damaged images).\n"
            f"Flagged at p ≤ {rate_in_words(self.rate)}, of {flagged.shape[1]} shown: "
            f"{flagged[0].sum()} by {one}, {flagged[1].sum()} by {two}, "
            f"{flagged.all(axis=0).sum()} by both.\n"
            f"{self._place_in_words(kind, both)}\n"
            f"Over all {len(self.kinds)} kinds, {one} is ahead on {ahead[0]}, {two} on "
            f"{ahead[1]}; mean areas {areas[0].mean():.3f} and {areas[1].mean():.3f}."
        )

    def _place_in_words(self, kind, both):
        """How well the heatmaps find the damaged pixels of the images shown."""
        masks = self.masks[kind]
        if masks.all() or not masks.any():
            share = "All" if masks.all() else "No"
            return f"{share} pixels are damaged: there is no place to find."
        one, two = (pixel_roc_auc(self.maps[detector][kind], masks) for detector in both)
        return f"Damaged pixels in the heatmaps: area under the ROC curve {one:.3f} and {two:.3f}."
