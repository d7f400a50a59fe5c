"""The guard: detect what went wrong in images, correct it, look again, stop in time."""

import copy
import re
from dataclasses import KW_ONLY, dataclass

import numpy as np
from tqdm.auto import tqdm

from ..checks import require_count, require_positive, require_rate
from ..correctors import Corrector
from ..detectors import AnomalyDetector
from ..estimators import Estimator
from ..images import check_content, check_images
from .loop import Looks, Loop
from .report import GuardReport
from .rounds import joined_rounds


@dataclass(eq=False, repr=False)
class StyleGuard(Estimator):
    r"""Detect what went wrong in images, correct it, look again, and stop in time.

    **Flagged** is an image whose p-value is at most the false-alarm rate. The others pass, and
    are never touched.

    **A round.** Correctors make proposals for the flagged images, where the detector marked them.
    The detector looks at each proposal. With its score s (``acceptance_scores``), its p-value p
    and the distance d from the image as it came in, a proposal (primes) is acceptable if

    .. math:: s - s' \ge \mathrm{min_improvement}, \quad p' \ge p, \quad d' \le \mathrm{max_change}

    A proposal of a corrector that changes the whole image must also reach ``min_p_value``, and
    must not raise the number of marked pixels.

    **Enough** is an acceptable proposal that is no longer flagged and reaches ``target_p_value``.
    Where one is enough, no other corrector is asked.

    **Order.** Correctors that only move pixels come first. They are asked where an image needs
    them at sight (:meth:`styleguard_edu.correctors.Corrector.indicated_for`), and only a proposal
    that is no longer flagged is acceptable from them; it is always enough. Then come those that
    keep to the masks, and last those that change the whole image. Where an earlier proposal
    helped, the later ones are asked only if what it left needs them at sight.

    **Choice.** Proposals that are enough come before those that are no longer flagged, and these
    before other acceptable ones. Among equals, the one that takes the least share of its
    corrector's ``max_change`` is chosen.

    **The end.** An image leaves the loop when the choice was enough, when nothing was acceptable,
    when every corrector was taken ``max_uses`` times, or after ``max_rounds``. What was taken
    stays. In the next round, only pixels that were marked before are marked, unless the whole
    image was changed. So scores and marked areas never rise.

    Parameters
    ----------
    detector : AnomalyDetector
        Calibrated. It is the only judge, so a proposal that deceives it is taken.
    correctors : dict of str to Corrector, or Corrector
        By name. One alone is named after its class: a ``RealignCorrector`` "realign".
    false_alarm_rate : float in (0, 1), optional
        Share of clean images that may be flagged; of clean tiles for a ``TiledDetector``. The
        detector's own unless given.
    max_rounds : int >= 1
        The most rounds for one image.
    max_uses : int >= 1, optional
        How often one corrector may be taken for one image; ``max_rounds`` unless given. A network
        that corrects its own corrections leads away from the truth.
    min_improvement : float > 0
        By which the score must fall in a round, in the unit of the score.
    min_p_value : float in (0, 1)
        Asked of proposals that change the whole image: a score falls easily if all of an image is
        made smaller or smoother.
    target_p_value : float in (0, 1), optional
        The p-value that is enough; unless given, it is enough to be no longer flagged. A proposal
        was chosen for its p-value, so the image often looks cleaner than it is.

    Attributes
    ----------
    correctors : dict of str to Corrector
        By name, also if one alone was given.

    See Also
    --------
    styleguard_edu.load_guard : Guards that are ready to use.
    styleguard_edu.correctors.accept : The rule above for any scores.

    Examples
    --------
    A detector of light pixels, and a filter against them:

    >>> import numpy as np
    >>> from styleguard_edu import AnomalyDetector, MedianCorrector, StyleGuard
    >>> class Lightness(AnomalyDetector):
    ...     def _score_batch(self, images, content, maps):
    ...         return images.max(axis=(1, 2, 3)), images[..., 0]
    >>> dark = np.random.default_rng(0).random((99, 5, 5, 1), "float32") / 9
    >>> guard = StyleGuard(Lightness().calibrate(dark), MedianCorrector(), min_improvement=0.5)
    >>> images = np.zeros((3, 5, 5, 1), "float32")
    >>> images[1, 2, 2] = 1
    >>> guard.run(images).outcomes.tolist()
    ['passed', 'corrected', 'passed']
    """

    detector: AnomalyDetector
    correctors: dict
    _: KW_ONLY
    false_alarm_rate: float | None = None
    max_rounds: int = 3
    max_uses: int | None = None
    min_improvement: float = 1.0
    min_p_value: float = 0.01
    target_p_value: float | None = None

    def __setattr__(self, name, value):
        if name == "correctors" and isinstance(value, Corrector):
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(value).__name__).lower()
            value = {words.removesuffix("_corrector"): value}
        super().__setattr__(name, value)

    def run(self, images, *, content=None, batch_size=256, progress=False):
        """Correct what is flagged, as far as it can be corrected.

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
            If images, content, batch size or a setting of the guard or of a corrector are not as
            documented, or the detector's calibration scores are too few to promise the rate.
        sklearn.exceptions.NotFittedError
            If the detector is not calibrated.
        Exception
            Whatever the detector or a corrector raises; with the report of what was done until
            then in its attribute ``report``, if a batch had finished its first round. Before that,
            an interrupt is raised as well.
        """
        loop = self._loop()
        require_count("batch_size", batch_size, least=1)
        images = check_images(images)
        content = check_content(content, images)
        done = {}  # place of the first image -> the batch after its last finished round
        try:
            with tqdm(total=len(images), desc="guard", unit="image", disable=not progress) as bar:
                for start in range(0, len(images), batch_size):
                    part = slice(start, start + batch_size)
                    beside = None if content is None else content[part]
                    for batch in loop.batches(images[part], beside):
                        done[start] = batch
                        bar.set_postfix_str(f"round {len(batch.rounds)}")
                    bar.update(len(batch.originals))
        except (Exception, KeyboardInterrupt) as error:
            if not done:
                raise
            *_, (start, last) = done.items()
            waiting = len(last.queue) if len(last.rounds) < self.max_rounds else 0
            less = f", {waiting} of them not in all rounds" if waiting else ""
            far = f"{start + len(last.originals)} of {len(images)} images done{less}"
            if isinstance(error, KeyboardInterrupt):
                return self._report(loop, done, f"stopped by hand, {far}")
            error.report = self._report(loop, done, f"{far}, then {type(error).__name__}: {error}")
            error.add_note(f"{far}: see the attribute `report` of this exception")
            raise
        return self._report(loop, done)

    def _report(self, loop, done, interrupted=None):
        batches = done.values()
        now = Looks(*map(np.concatenate, zip(*(batch.now for batch in batches), strict=True)))
        shared = ("images", "flagged", "p_values", "scores")
        return GuardReport(
            **{name: getattr(now, name) for name in shared},
            originals=np.concatenate([batch.originals for batch in batches]),
            accepted=np.concatenate([batch.uses.any(axis=0) for batch in batches]),
            rounds=joined_rounds({start: batch.rounds for start, batch in done.items()}),
            false_alarm_rate=loop.detector.false_alarm_rate,
            rate_of=self.detector.RATE_OF,
            max_rounds=self.max_rounds,
            interrupted=interrupted,
        )

    def _loop(self):
        """The loop, once the settings are checked."""
        if not isinstance(self.detector, AnomalyDetector):
            raise TypeError(f"detector must be an AnomalyDetector. Received: {self.detector!r}")
        self.detector._require_calibration()
        given = self.correctors.items() if isinstance(self.correctors, dict) else ()
        if not given or not all(isinstance(k, str) and isinstance(c, Corrector) for k, c in given):
            raise TypeError(
                f"correctors must be a Corrector, or several by name. Received: {self.correctors!r}"
            )
        for corrector in self.correctors.values():
            corrector._check_settings()
        require_count("max_rounds", self.max_rounds, least=1)
        require_positive("min_improvement", self.min_improvement)
        require_rate("min_p_value", self.min_p_value)
        if self.max_uses is not None:
            require_count("max_uses", self.max_uses, least=1)
        if self.target_p_value is not None:
            require_rate("target_p_value", self.target_p_value)
        detector = self.detector
        if self.false_alarm_rate is not None:  # a copy with another threshold, of the same networks
            detector = copy.copy(detector).set_params(false_alarm_rate=self.false_alarm_rate)
            detector.restore_calibration(self.detector.calibration())
        return Loop(self, detector, [*self.correctors.values()])
