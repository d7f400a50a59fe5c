"""Correct damaged images: where, how strongly, and whether the correction is accepted."""

from functools import cache, lru_cache

import numpy as np

from ..checks import require_rate
from ..plotting import overlay_heatmaps, tint_masks
from ._choices import PathChoice, show_only
from ._correction_outcome import Outcome
from ._drawing import encode
from ._page import CACHED, Page, in_percent, in_words, rate_in_words
from ._parts import Explorer, ValueSlider, View

WORDS = ("score", "p-value", "error", "pixels changed", "correction", "fails on")


LABELS = {"images": str, "damage": str, "severity": str, "corrector": in_words}


class CorrectionExplorer(Explorer):
    """Choose damaged images, a corrector, mask and strength; see what is corrected and accepted.

    Everything is looked up: the corrections, and what the detector says about them, come from
    :func:`precompute_case`. An image is framed where it is flagged, its p-value at most
    ``false_alarm_rate``. A correction is accepted as :func:`styleguard_edu.correctors.accept` has
    it: the score falls enough, the p-value does not fall, the image does not change too much.

    Parameters
    ----------
    cases : dict of tuple to CorrectionCase
        By images, damage and severity, such as ("digits", "scratch", 3); all with the same
        strengths.
    false_alarm_rate : float in (0, 1)

    Attributes
    ----------
    case : PathChoice
        One row of buttons for each part of a case's name, and one for the corrector.
    threshold : dict of str to ValueSlider
        By case: where in the heatmap masks begin.
    strength : ValueSlider
        In percent of the corrector's result.
    step : dict of tuple of int to ValueSlider
        By the numbers of steps: how often the correction is refined. Hidden if there is only one.
    """

    title = "correction explorer"

    def __init__(self, cases, *, false_alarm_rate=0.05):
        if not cases or not all(isinstance(name, tuple) and len(name) == 3 for name in cases):
            raise ValueError(
                "cases must hold at least one, each by images, damage and severity. "
                f"Received: {list(cases)}"
            )
        strengths = [list(case.strengths) for case in cases.values()]
        if any(row != strengths[0] for row in strengths):
            raise ValueError(f"cases must all have the same strengths. Received: {strengths}")
        self.cases = cases
        require_rate("false_alarm_rate", false_alarm_rate)
        self.rate = false_alarm_rate
        self.pages, self._before = map(lru_cache(8), (self._draw_pages, self._draw_before))
        self._make_controls(strengths[0])
        sliders = dict.fromkeys([*self.threshold.values(), self.strength, *self.step.values()])
        super().__init__([*self.case.rows, *sliders], flow="column", cached=CACHED)

    @property
    def state(self):
        """What the controls say: names of case and corrector, and three indices."""
        case, corrector, steps = self._chosen()
        return {
            "case": case,
            "corrector": corrector,
            "threshold": self.threshold[case].value,
            "strength": self.strength.value,
            "step": self.step[steps].value,
        }

    def _chosen(self):
        """The names of case and corrector, and this corrector's numbers of steps."""
        *case, corrector = self.case.value
        case = tuple(case)
        return case, corrector, self.cases[case].corrections[corrector].steps

    def view(self, case, corrector, threshold, strength, step=0):
        """The pictures and the text of one state.

        Parameters
        ----------
        case : tuple
        corrector : str
        threshold, strength, step : int
            Which of the case's thresholds and strengths, and of the corrector's steps.

        Returns
        -------
        View
            Of the images before with heatmap and mask, and of the images after.
        """
        one = self.cases[case]
        corrections = one.corrections[corrector]
        outcome = Outcome(one, corrections, threshold, strength, step)
        called = f"{in_words(corrector)}, strength {one.strengths[strength]:.0%}"
        if len(corrections.steps) > 1:
            called += f", refinement step {corrections.steps[step]}"
        shown = self._before(case, threshold), self._draw_after(case, called, outcome)
        text = "\n".join(self._sentences(case, corrector, threshold, called, outcome))
        return View(*zip(*shown, strict=True), text)

    def _make_controls(self, strengths):
        paths = [(*path, name) for path, case in self.cases.items() for name in case.corrections]
        self.case = PathChoice(paths, LABELS)
        percent = np.round(100 * np.array(strengths)).astype(int)
        self.strength = ValueSlider("strength in %", percent, index=len(percent) - 1)
        slider = cache(ValueSlider)  # cases with the same thresholds share one
        self.threshold, self.step = {}, {}
        for name, case in self.cases.items():
            values = tuple(case.thresholds)
            self.threshold[name] = slider("mask threshold", values, index=case.start)
            for steps in (one.steps for one in case.corrections.values()):
                self.step[steps] = slider("refinement steps", steps, index=len(steps) - 1)
        for row in self.case.rows:
            row.observe(self._show_sliders, "value")
        self._show_sliders()

    def _show_sliders(self, change=None):
        """Show the sliders of the case and the corrector chosen."""
        case, _, steps = self._chosen()
        used = [self.threshold[case], *[self.step[steps]] * (len(steps) > 1)]
        show_only([*self.threshold.values(), *self.step.values()], used)

    def _draw_pages(self, case):
        """Two pages, of one width: what stays in all states of a case is on them."""
        one = self.cases[case]
        shape = one.clean.shape
        low, high = np.percentile(one.maps, (50, 99.5))
        settings = {"left": 176, "tall": 168 if shape[1] < 64 else 256}
        heatmaps = overlay_heatmaps(one.damaged, one.maps, low=low, high=high)
        called = f"heatmap\n{low:.3g} to {high:.3g}"
        before = Page(shape, ["clean", "damaged", called, "mask"], **settings)
        for row, images in enumerate((one.clean, one.damaged, heatmaps)):
            before.paste(before.base, row, images)
        note = (
            f"Framed: flagged, as p is at most {rate_in_words(self.rate)}.\n"
            "Change: white where brighter, black where darker."
        )
        settings |= {"words": [(), WORDS], "note": note}
        return before, Page(shape, ["corrected", "change"], **settings)

    def _draw_before(self, case, threshold):
        """Clean and damaged images, heatmaps and masks: a picture and its text."""
        one, (page, _) = self.cases[case], self.pages(case)
        value = one.thresholds[threshold]
        mask, bitmap = one.maps > value, page.base.copy()
        page.paste(bitmap, 3, tint_masks(one.damaged, mask))
        shares = ", ".join(map(in_percent, mask.mean(axis=(1, 2))))
        framed = page.flag(bitmap, 1, one.p_values <= self.rate)
        return encode(bitmap), (
            f"{len(one.clean)} images: clean, below damaged ({case[0]}, {case[1]}, severity "
            f"{case[2]}), below the heatmaps of the detector, below in amber the pixels where the "
            f"heatmap lies above {value:.3g}: {shares}. Flagged and framed: {framed}."
        )

    def _draw_after(self, case, called, outcome):
        """Corrected images, and what changed, with the numbers: a picture and its text."""
        _, page = self.pages(case)
        bitmap, each = page.base.copy(), []
        page.paste(bitmap, 0, outcome.images)
        page.paste(bitmap, 1, 0.5 + outcome.difference / 2)
        framed = page.flag(bitmap, 0, outcome.p_values[1] <= self.rate)
        for k in range(len(outcome.shares)):
            words = outcome.below(k)
            page.write(bitmap, 1, k, words)
            each.append(f"image {k + 1} {outcome.verdicts[k]}, score {words[0]}, p {words[1]}")
        return encode(bitmap), (
            f"The images corrected ({called}). Flagged and framed: {framed}. Below, what "
            f"changed: brighter in white, darker in black. {'; '.join(each)}."
        )

    def _sentences(self, case, corrector, threshold, called, outcome):
        """The summary, sentence by sentence."""
        one, n = self.cases[case], len(outcome.shares)
        value, rate = one.thresholds[threshold], rate_in_words(self.rate)
        yield (
            f"Mask: where the heatmap lies above {value:.3g}, "
            f"{in_percent((one.maps > value).mean())} of these pixels and "
            f"{in_percent(one.clean_shares[threshold])} of the clean images' pixels."
        )
        corrections = one.corrections[corrector]
        if corrections.whole:
            yield f"The corrector {in_words(corrector)} moves the whole image, whatever the mask."
        verdicts = outcome.verdicts.tolist()
        words = "accepted", "not accepted", "unchanged"
        said = ", ".join(f"{verdicts.count(word)} {word}" for word in words if word in verdicts)
        p_before, p_after = outcome.p_values
        after = np.where(outcome.accepted, p_after, p_before) <= self.rate
        yield (
            f"{called[0].upper()}{called[1:]}: of {n} corrections {said}. Flagged (p at most "
            f"{rate}): {(p_before <= self.rate).sum()} before, {after.sum()} once the accepted "
            "corrections are taken."
        )
        rejected = np.flatnonzero(outcome.verdicts == "not accepted")
        reasons = [f"{k + 1} ({outcome.why_not(k)})" for k in rejected]
        yield (
            f"Accepted if the score falls by {one.min_improvement:g}, p does not fall and the "
            f"change (root mean square) is at most {corrections.max_change:g}. Not accepted: "
            f"{', '.join(reasons) or 'none'}."
        )
        before, after = outcome.errors
        yield (
            f"Error (root mean square distance from the clean image, which the rule of acceptance "
            f"does not know): {before.mean():.3f} before, {after.mean():.3f} after; smaller in "
            f"{(after < before).sum()}, larger in {(after > before).sum()}."
        )
