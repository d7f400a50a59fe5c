"""Mend damaged images: where, how strongly, and whether the repair is taken."""

from functools import lru_cache

import numpy as np

from ..checks import require_rate
from ..plotting import overlay_heatmaps, tint_masks
from ._case_choice import CaseChoice, in_words
from ._drawing import encode
from ._page import CACHED, in_percent, rate_in_words, steady_labels
from ._parts import Explorer, ValueSlider, View, choice
from ._repair_outcome import judge
from ._sheet import Sheet, align

WORDS = ("score", "p-value", "error", "px changed", "repair", "fails on")


class CorrectionExplorer(Explorer):
    """Choose damaged images and a corrector; set mask and strength; see what is mended and taken.

    Everything is looked up: the repairs, and what the detector says about them, come from
    :func:`precompute_case`. An image is framed where it is flagged, its p-value at most
    ``false_alarm_rate``. A repair is accepted as :func:`styleguard_edu.correctors.accept` has it:
    the score falls enough, the p-value does not fall, the image does not change too much.

    Parameters
    ----------
    cases : dict of str, or of tuple, to CorrectionCase
        By the damage, such as "scratch"; or by damage and severity, ("scratch", 3); or by what the
        images are as well, ("digits", "scratch", 3). All with the same strengths.
    names : dict of str to str, optional
        What to call correctors, where their keys will not do.
    false_alarm_rate : float in (0, 1)

    Attributes
    ----------
    case : CaseChoice
        One row of buttons for each part of a case's name; its value is a name.
    corrector : dict of str to ipywidgets.ToggleButtons
        By case; their values are names of correctors.
    threshold : dict of str to ValueSlider
        By case: where in the heatmap masks begin.
    strength : ValueSlider
        In percent of the corrector's result.
    step : dict of tuple of int to ValueSlider
        By the numbers of steps: how often the repair is refined. Hidden if there is only one.
    """

    title = "correction explorer"

    def __init__(self, cases, *, names=None, false_alarm_rate=0.05):
        self.cases, self.names = check_cases(cases), names or {}
        require_rate("false_alarm_rate", false_alarm_rate)
        self.rate = false_alarm_rate
        self.ranges = {
            name: np.percentile(case.maps, (50, 99.5)).tolist() for name, case in cases.items()
        }
        self._sheets = {name: _Sheets(case, self.rate) for name, case in cases.items()}
        self._before = lru_cache(len(cases))(self._draw_before)
        self._cached = lru_cache(CACHED)(self._view)
        buttons, sliders = self._make_controls()
        rows = [slider.row for slider in sliders]
        super().__init__([steady_labels(), *buttons, *rows], pictures=4)
        self.widget.children[-2].layout.flex_flow = "column"  # columns of images stay aligned
        for control in (*buttons, *(slider.slider for slider in sliders)):
            control.observe(self._changed, "value")

    @property
    def state(self):
        """What the controls say: names of case and corrector, and three indices."""
        case = self.case.value
        corrector = self.corrector[case].value
        steps = self.cases[case].repairs[corrector].steps
        return {
            "case": case,
            "corrector": corrector,
            "threshold": self.threshold[case].slider.value,
            "strength": self.strength.slider.value,
            "step": self.step[steps].slider.value if len(steps) > 1 else 0,
        }

    def view(self, case, corrector, threshold, strength, step=0):
        """The pictures and the text of one state.

        Parameters
        ----------
        case : str or tuple
        corrector : str
        threshold, strength, step : int
            Which of the case's thresholds and strengths, and of the corrector's steps.

        Returns
        -------
        View
            Of the images before, of the mask, of the images after, and of what changed.
        """
        return self._cached(case, corrector, threshold, strength, step)

    def outcome(self, case, corrector, threshold, strength, step=0):
        """The repair and its numbers in one state, as for :meth:`view`; an ``Outcome``."""
        one = self.cases[case]
        return judge(one, one.repairs[corrector], threshold, strength, step)

    def name(self, corrector):
        """What a corrector is called."""
        return self.names.get(corrector, corrector.replace("_", " "))

    def _make_controls(self):
        """Buttons and sliders. Cases that offer the same share a control."""
        first = next(iter(self.cases.values()))
        self.case = CaseChoice(self.cases)
        percent = np.round(100 * np.asarray(first.strengths)).astype(int)
        self.strength = ValueSlider("strength in %", percent, index=len(percent) - 1)
        buttons, thresholds, self.step = {}, {}, {}
        self.corrector, self.threshold = {}, {}
        for name, case in self.cases.items():
            offered, values = tuple(case.repairs), tuple(case.thresholds)
            if offered not in buttons:
                options = {self.name(corrector): corrector for corrector in offered}
                buttons[offered] = choice("corrector", options)
            if values not in thresholds:
                thresholds[values] = ValueSlider("mask threshold", values, index=case.start)
            self.corrector[name], self.threshold[name] = buttons[offered], thresholds[values]
            for repairs in case.repairs.values():
                if len(repairs.steps) > 1 and repairs.steps not in self.step:
                    last = len(repairs.steps) - 1
                    slider = ValueSlider("refinement steps", repairs.steps, index=last)
                    self.step[repairs.steps] = slider
        for control in (*self.case.rows, *buttons.values()):
            control.style.description_width = "64px"
        self._show_controls()
        sliders = [*thresholds.values(), self.strength, *self.step.values()]
        align(sliders)
        return [*self.case.rows, *buttons.values()], sliders

    def _show_controls(self):
        case = self.case.value
        for name in self.cases:
            self.corrector[name].layout.display = "none"
            self.threshold[name].row.layout.display = "none"
        self.corrector[case].layout.display = "flex"
        self.threshold[case].row.layout.display = "flex"
        steps = self.cases[case].repairs[self.corrector[case].value].steps
        for offered, slider in self.step.items():
            slider.row.layout.display = "flex" if offered == steps else "none"

    def _changed(self, change):
        self._show_controls()
        self.refresh()

    def _view(self, case, corrector, threshold, strength, step):
        outcome = self.outcome(case, corrector, threshold, strength, step)
        called = f"{self.name(corrector)}, strength {self.cases[case].strengths[strength]:.0%}"
        steps = self.cases[case].repairs[corrector].steps
        if len(steps) > 1:
            called += f", refinement step {steps[step]}"
        before, masks = self._before(case)
        shown = before, masks[threshold], *self._draw_after(case, called, outcome)
        text = "\n".join(self._sentences(case, corrector, threshold, called, outcome))
        return View(*zip(*shown, strict=True), text)

    def _draw_before(self, case):
        """Clean and damaged images with heatmaps, and all masks: pictures, each with its text.

        Masks are drawn ahead, when a case is first chosen, as in colour they take long.
        """
        one, sheet = self.cases[case], self._sheets[case].before
        low, high = self.ranges[case]
        bitmap = sheet.base.copy()
        sheet.paste(bitmap, 0, one.clean)
        sheet.paste(bitmap, 1, one.damaged)
        sheet.paste(bitmap, 2, overlay_heatmaps(one.damaged, one.maps, low=low, high=high))
        sheet.name(bitmap, 2, f"{low:.3g} to {high:.3g}")
        flagged = np.flatnonzero(one.p_values <= self.rate)
        for k in flagged:
            sheet.frame(bitmap, 1, k)
        alt = (
            f"{len(one.clean)} images: clean, below damaged ({in_words(case)}), below the heatmaps "
            f"of the detector. Flagged and framed: {listed(flagged)}."
        )
        masks = tuple(self._draw_mask(case, value) for value in one.thresholds)
        return (encode(bitmap), alt), masks

    def _draw_mask(self, case, value):
        """The pixels marked above one threshold, and how many they are in words."""
        one, sheet = self.cases[case], self._sheets[case].mask
        mask = one.maps > value
        bitmap = sheet.base.copy()
        sheet.paste(bitmap, 0, tint_masks(one.damaged, mask))
        sheet.name(bitmap, 0, f"above {value:.3g}")
        shares = ", ".join(map(in_percent, mask.mean(axis=(1, 2))))
        return encode(bitmap), (
            f"The same images, in amber the pixels where the heatmap lies above {value:.3g}: "
            f"{shares}."
        )

    def _draw_after(self, case, called, outcome):
        """Corrected images; and what changed, with the numbers: pictures, each with its text."""
        sheets, n = self._sheets[case], len(outcome.shares)
        corrected, changed = sheets.corrected.base.copy(), sheets.changed.base.copy()
        sheets.corrected.paste(corrected, 0, outcome.images)
        sheets.changed.paste(changed, 0, 0.5 + outcome.difference / 2)
        flagged, each = np.flatnonzero(outcome.p_values[1] <= self.rate), []
        for k in flagged:
            sheets.corrected.frame(corrected, 0, k)
        for k in range(n):
            words = outcome.below(k)
            sheets.changed.write(changed, 0, k, words)
            each.append(f"image {k + 1} {outcome.verdict(k)}, score {words[0]}, p {words[1]}")
        return (
            (
                encode(corrected),
                f"The images corrected ({called}). Flagged and framed: {listed(flagged)}.",
            ),
            (
                encode(changed),
                f"What changed: brighter in white, darker in black. {'; '.join(each)}.",
            ),
        )

    def _sentences(self, case, corrector, threshold, called, outcome):
        """The summary, sentence by sentence."""
        one, n = self.cases[case], len(outcome.shares)
        mask = one.maps > one.thresholds[threshold]
        yield (
            f"Mask: where the heatmap lies above {one.thresholds[threshold]:.3g}, "
            f"{in_percent(mask.mean())} of these pixels and "
            f"{in_percent(one.clean_shares[threshold])} of the clean images' pixels."
        )
        if one.repairs[corrector].whole:
            yield f"The corrector {self.name(corrector)} moves the whole image, whatever the mask."
        verdicts = [outcome.verdict(k) for k in range(n)]
        counts = {word: verdicts.count(word) for word in ("accepted", "refused", "unchanged")}
        said = [f"{count} {word}" for word, count in counts.items() if count]
        taken = np.where(outcome.accepted, outcome.p_values[1], outcome.p_values[0]) <= self.rate
        yield (
            f"{called[0].upper()}{called[1:]}: of {n} repairs {', '.join(said)}. Flagged "
            f"(p at most {rate_in_words(self.rate)}): "
            f"{(outcome.p_values[0] <= self.rate).sum()} before, "
            f"{taken.sum()} once the accepted repairs are taken."
        )
        refused = [
            f"{k + 1} ({outcome.why_refused(k)})" for k in range(n) if verdicts[k] == "refused"
        ]
        rule = (
            f"Accepted if the score falls by {one.min_improvement:g}, p does not fall and the "
            f"change (root mean square) is at most {outcome.max_change:g}."
        )
        yield f"{rule} Refused: {', '.join(refused) or 'none'}."
        before, after = outcome.errors
        yield (
            f"Error (root mean square, from the clean image; nothing that the rule of acceptance "
            f"can see): {before.mean():.3f} before, {after.mean():.3f} after; smaller in "
            f"{(after < before).sum()}, larger in {(after > before).sum()}."
        )


class _Sheets:
    """Four empty pages of one width, one below the other; only what moves is drawn anew."""

    def __init__(self, case, rate):
        shape = case.clean.shape
        self.before = Sheet(shape, [("clean",), ("damaged",), ("heatmap",)], coloured=True)
        self.mask = Sheet(shape, [("mask",)], coloured=True)
        self.corrected = Sheet(shape, [("corrected",)])
        self.changed = Sheet(shape, [("change",)], words=WORDS, coloured=False, foot=72)
        self.changed.note(
            f"Framed: flagged, as p is at most {rate_in_words(rate)}.\n"
            "Change: white where brighter, black where darker."
        )


def check_cases(cases):
    """Return the cases after checking that there are some, with the same strengths.

    Raises
    ------
    ValueError
        If there are none, or strengths differ.
    """
    if not cases:
        raise ValueError("cases must hold at least one case. Received: none")
    first = next(iter(cases.values())).strengths
    for name, case in cases.items():
        if not np.array_equal(case.strengths, first):
            raise ValueError(
                f"cases[{name!r}].strengths must be the same as the first's, {list(first)}. "
                f"Received: {list(case.strengths)}"
            )
    return cases


def listed(indices):
    """Images by number, from 1; "none" if there are none."""
    return ", ".join(str(k + 1) for k in indices) or "none"
