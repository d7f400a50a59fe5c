"""The loop: detect, correct, look again, until an image is good or no repair helps it."""

import copy
import re

import numpy as np
from tqdm.auto import tqdm

from ..checks import is_number, require_count, require_rate
from ..correctors import Corrector
from ..detectors import AnomalyDetector
from ..images import check_content, check_images
from ..thresholds import threshold_for_rate
from .batches import batch_states
from .report import GuardReport
from .rounds import joined_rounds


class StyleGuard:
    r"""Detect what went wrong in images, correct it, look again, and stop in time.

    An image is flagged if its p-value is at most ``false_alarm_rate``; the others are never
    touched. In each round the candidate correctors make proposals for every image in the loop,
    where the detector marked it *as it is now*, and the detector looks at each proposal. With
    score s (the detector's ``acceptance_scores``), p-value p, and distance d from the image *as it came
    in* (primes mark the proposal), one is acceptable if

    .. math:: s - s' \ge \mathrm{min_improvement}, \quad p' \ge p, \quad d' \le \mathrm{max_change}

    What a candidate was not to change is as it came, whatever the detector thinks of it now that
    its surroundings are mended: only pixels marked before *and* after a repair are marked in the
    next round. Candidates that change all of an image (``whole_image``) are asked last, only where no
    other proposal is acceptable, or the best of the others is not enough and what it leaves plainly
    needs them (:meth:`styleguard_edu.correctors.Corrector.indicated_for`). They must not raise the
    number of marked pixels, and must leave the image looking sound: :math:`p' \ge` ``min_p_value``.
    Those among them that only move pixels (``translates_only``) are asked first instead, where the image
    as it is plainly needs them, and are taken only if it is then no longer flagged: that is enough.

    Of the acceptable proposals that are enough (of the other candidates: :math:`p' \ge`
    ``target_p_value``), else of those no longer flagged, else of all acceptable ones, the one that uses
    up the least share of its corrector's ``max_change`` is taken. An image leaves the loop when that is
    enough, when no proposal is acceptable (what was taken before is kept), when there is no
    corrector left to ask (each was taken ``max_uses`` times, or only moves pixels and is not plainly
    needed), or after ``max_rounds``.

    So scores and areas never rise, and the loop ends. That does not make a repair *right*: the
    detector is the only judge, and a repair that pleases it is kept. Hence the least improvement and
    the largest change; see :mod:`styleguard_edu.correctors.acceptance`.

    Parameters
    ----------
    detector : AnomalyDetector
        Calibrated.
    corrector : Corrector or dict of str to Corrector
        One, or several candidates by name. One alone is named after its class, a
        ``RealignCorrector`` "realign".
    false_alarm_rate : float in (0, 1)
        Share of clean images that may be flagged; of clean tiles for a ``TiledDetector``.
    max_rounds : int >= 1
        Repairs of one image, at most.
    max_uses : int >= 1, optional
        How often one corrector may be taken for one image; ``max_rounds`` unless given. A network
        that was taught to mend damage leads away from the truth where it mends what it mended.
    min_improvement : float > 0, or dict of str to float > 0
        By which the score must fall in a round, in the unit of the score; or one for each
        candidate.
    min_p_value : float in (0, 1)
        The p-value that an image must reach if all of it is changed. A score falls easily if a
        whole image is made smaller or smoother; to look sound is harder.
    target_p_value : float in (0, 1), optional
        The p-value with which a repaired image leaves the loop; to be no longer flagged is enough
        unless given. A repair is chosen for what the detector thinks of it, so it looks sounder
        than it is: one that is just not flagged has often mended a symptom.

    Attributes
    ----------
    detector : AnomalyDetector
        At the guard's rate: a copy, sharing its networks, if the one given has another rate.
    candidates : dict of str to Corrector
        By name.
    min_improvements : dict of str to float
        By the same names.

    Raises
    ------
    TypeError
        If the detector or a corrector is none.
    ValueError
        If a number is not one of those above, or the detector's calibration scores are too few to
        promise the rate.
    sklearn.exceptions.NotFittedError
        If the detector is not calibrated.
    """

    def __init__(
        self,
        detector,
        corrector,
        *,
        false_alarm_rate=0.05,
        max_rounds=3,
        max_uses=None,
        min_improvement=1.0,
        min_p_value=0.01,
        target_p_value=None,
    ):
        require_count("max_rounds", max_rounds, least=1)
        if max_uses is not None:
            require_count("max_uses", max_uses, least=1)
        require_rate("min_p_value", min_p_value)
        if target_p_value is not None:
            require_rate("target_p_value", target_p_value)
        self.detector = _at_rate(detector, false_alarm_rate)
        self.corrector = corrector
        self.candidates = _named(corrector)
        self.min_improvements = _min_improvements(min_improvement, self.candidates)
        self.false_alarm_rate = false_alarm_rate
        self.max_rounds = max_rounds
        self.max_uses = max_rounds if max_uses is None else max_uses
        self.min_p_value = min_p_value
        self.target_p_value = (
            0.0 if target_p_value is None else target_p_value
        )  # what is flagged never is enough
        self.min_improvement = min_improvement

    def run(self, images, content=None, *, batch_size=256, progress=False):
        """Mend what is flagged, as far as it can be mended.

        Parameters
        ----------
        images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
            Left as they are.
        content : ndarray of float, ``(n, height, width, channels)`` in [0, 1], optional
            The images from which ``images`` were made, for detectors and correctors that use them.
        batch_size : int >= 1
            Images in work at once: bounds the memory.
        progress : bool
            Show a progress bar.

        Returns
        -------
        GuardReport
            An interrupt (Ctrl-C, or the stop button of a notebook) ends the loop: the report then
            holds the images done, in all rounds that were finished, and says so in ``interrupted``.

        Raises
        ------
        TypeError, ValueError
            If images, content or batch size are not as above.
        Exception
            Whatever the detector or a corrector raises; with the report of what was done until
            then in its attribute ``report``, if a batch had finished its first round. Before that,
            an interrupt is raised as well.
        """
        require_count("batch_size", batch_size, least=1)
        images = check_images(images)
        content = check_content(content, images)
        done = []
        try:
            self._run(images, content, batch_size, done, progress)
        except KeyboardInterrupt:
            if not done:
                raise
            return self._report(done, f"stopped by hand, {self._how_far(done, images)}")
        except Exception as error:
            if done:
                far = self._how_far(done, images)
                error.report = self._report(done, f"{far}, then {type(error).__name__}: {error}")
                error.add_note(f"{far}: see the attribute `report` of this exception")
            raise
        return self._report(done, None)

    def _run(self, images, content, batch_size, done, progress):
        """Put each batch into the list ``done``, as it is after its last finished round."""
        with tqdm(
            total=len(images), desc="guard", unit="image", mininterval=0.5, disable=not progress
        ) as bar:
            for place, start in enumerate(range(0, len(images), batch_size)):
                part = slice(start, start + batch_size)
                beside = None if content is None else content[part]
                for batch in batch_states(self, images[part], beside):
                    done[place:] = [batch]
                    bar.set_postfix_str(f"round {len(batch.rounds)}, {len(batch.queue)} in queue")
                bar.update(len(batch.images))

    def _how_far(self, done, images):
        """Such as "256 of 512 images done, 12 of them not in all rounds"."""
        last = done[-1]
        waiting = len(last.queue) if len(last.rounds) < self.max_rounds else 0
        less = f", {waiting} of them not in all rounds" if waiting else ""
        return f"{sum(len(batch.images) for batch in done)} of {len(images)} images done{less}"

    def _report(self, done, interrupted):
        starts = np.cumsum([0, *(len(batch.images) for batch in done)])
        return GuardReport(
            images=np.concatenate([batch.images for batch in done]),
            originals=np.concatenate([batch.originals for batch in done]),
            flagged=np.concatenate([batch.seen.flagged for batch in done]),
            accepted=np.concatenate([(batch.taken > 0).any(axis=0) for batch in done]),
            p_values=np.concatenate([batch.seen.p_values for batch in done]),
            scores=np.concatenate([batch.seen.scores for batch in done]),
            rounds=joined_rounds([batch.rounds for batch in done], starts),
            false_alarm_rate=self.false_alarm_rate,
            rate_of=self.detector.RATE_OF,
            max_rounds=self.max_rounds,
            interrupted=interrupted,
        )


def _min_improvements(min_improvement, candidates):
    """The min_improvement of each candidate, by name."""
    min_improvements = (
        min_improvement
        if isinstance(min_improvement, dict)
        else dict.fromkeys(candidates, min_improvement)
    )
    for value in min_improvements.values():
        if not is_number(value) or not 0 < value < np.inf:
            raise ValueError(
                f"min_improvement must be a number above 0, finite. Received: {value!r}"
            )
    if set(min_improvements) != set(candidates):
        raise ValueError(
            f"min_improvement must name the candidates {list(candidates)}. Received: {list(min_improvements)}"
        )
    return min_improvements


def _at_rate(detector, rate):
    """The detector, or a copy that shares its networks, with the threshold of this rate."""
    if not isinstance(detector, AnomalyDetector):
        raise TypeError(f"detector must be an AnomalyDetector. Received: {detector!r}")
    threshold = threshold_for_rate(detector.calibration()["scores"], rate)
    if threshold == detector.threshold_:
        return detector
    other = copy.copy(detector)
    other.false_alarm_rate, other.threshold_ = rate, threshold
    return other


def _named(corrector):
    """Correctors by name."""
    if isinstance(corrector, Corrector):
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(corrector).__name__).lower()
        corrector = {words.removesuffix("_corrector"): corrector}
    if not isinstance(corrector, dict) or not corrector:
        raise TypeError(
            f"corrector must be a Corrector, or several by name. Received: {corrector!r}"
        )
    for name, candidate in corrector.items():
        if not isinstance(name, str) or not isinstance(candidate, Corrector):
            raise TypeError(
                f"corrector must hold Correctors by name. Received: {name!r}: {candidate!r}"
            )
    return dict(corrector)
