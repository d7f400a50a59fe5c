"""Several detectors asked together."""

from dataclasses import KW_ONLY, dataclass

import numpy as np
from sklearn.base import clone

from ..checks import finite_scores, require_number
from ..thresholds.conformal import scores_needed
from .base import AnomalyDetector

__all__ = ["FusedDetector", "surprisal"]

LEAST = 20  # calibration scores: the outermost 5 % must hold at least one


@dataclass(eq=False, repr=False)
class FusedDetector(AnomalyDetector):
    r"""Several detectors asked together.

    Each part's score becomes a surprisal :math:`-\log p`, with p its p-value among clean images,
    two-sided (an image that is *too* easy to reconstruct is suspicious as well) unless the part
    is named in ``one_sided``; beyond the highest score seen, where p-values can only repeat
    themselves, the surprisal goes on growing in proportion to the score. The fused score is the
    weighted sum of the surprisals (Fisher's method), and is calibrated anew, on images that the
    parts' calibration has not seen: of the images given to :meth:`calibrate`, the first, third,
    fifth ... are for the parts, the others for the sum. At least 40 are needed, and 2 / rate - 2.

    Parameters
    ----------
    parts : dict of str to AnomalyDetector
        Fitted already, or to be fitted by :meth:`fit`, which leaves them as they are and keeps
        fitted clones. Their own calibration plays no role.
    one_sided : collection of str
        Parts of which only high scores are suspicious.
    weights : dict of str to float >= 0, optional
        1 for a part that is not named.
    map_weights : dict of str to float, optional
        The map is the sum of the maps of the parts named, each times its number; the map of the
        first part unless given.
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.

    Attributes
    ----------
    part_scores_ : dict of str to ndarray of float64
        After :meth:`calibrate`: each part's scores of its half of the images, ascending.
    parts_ : dict of str to AnomalyDetector
        After :meth:`fit`: clones of the parts, fitted.

    See Also
    --------
    styleguard_edu.detectors.surprisal : The scale on which the parts are compared.

    References
    ----------
    Fisher (1932), *Statistical Methods for Research Workers*, 4th edition, section 21.1: how to
    combine p-values.

    Examples
    --------
    One part measures the position, the other what a median filter would change:

    >>> import numpy as np
    >>> from scipy.ndimage import median_filter
    >>> from styleguard_edu import FusedDetector, PositionDetector, ReconstructionDetector
    >>> from styleguard_edu import load_digits
    >>> from styleguard_edu.anomalies import SaltAndPepper
    >>> digits = load_digits("bundled", verbose=False)
    >>> filtered = ReconstructionDetector(lambda x, content: median_filter(x, (1, 3, 3, 1)))
    >>> detector = FusedDetector({"place": PositionDetector(), "filtered": filtered})
    >>> detector = detector.calibrate(digits.calibration.images)
    >>> clean = digits.test.images[:1]
    >>> shifted, speckled = np.roll(clean, 3, axis=2), SaltAndPepper()(clean, rng=0).images
    >>> detector.predict(np.concatenate([clean, shifted, speckled]))
    array([ 1, -1, -1])
    >>> found = detector.surprisals(np.concatenate([shifted, speckled]))
    >>> bool(found["place"][0] > found["place"][1])
    True
    """

    parts: dict
    _: KW_ONLY
    one_sided: tuple = ()
    weights: dict | None = None
    map_weights: dict | None = None

    def surprisals(self, images, *, content=None):
        """How unusual each part finds each image; the terms of the fused score.

        Parameters
        ----------
        images, content : ndarray
            As for :meth:`fit`; any images.

        Returns
        -------
        dict of str to ndarray of float64, ``(n,)``
            At least 0, higher is worse, before weighting.
        """
        self._require_calibration()
        scores, _ = self._ask(*self._validate(images, content), maps=False)
        return self._surprisals(scores, self.part_scores_)

    def surprisal_of(self, name, images, *, content=None):
        """The same of one part alone, which is all that is asked; ``(n,)``."""
        self._require_calibration()
        if name not in self.parts:
            raise ValueError(f"name must be one of {list(self.parts)}. Received: {name!r}")
        return self._surprisal_of(name, *self._validate(images, content))

    def calibration(self):
        """What :meth:`calibrate` learnt, as a dict of arrays for :meth:`restore_calibration`."""
        own = super().calibration()
        return {**own, **{f"part_{name}": scores for name, scores in self.part_scores_.items()}}

    def _check_settings(self):
        if not isinstance(self.parts, dict) or not self.parts:
            raise TypeError(f"parts must hold detectors by name. Received: {self.parts!r}")
        for name, part in self.parts.items():
            if not isinstance(part, AnomalyDetector):
                raise TypeError(f"parts[{name!r}] must be an AnomalyDetector. Received: {part!r}")
            part._check_settings()
        for name in ("one_sided", "weights", "map_weights"):
            given = getattr(self, name) or ()
            if unknown := set(given) - set(self.parts):
                named = f"{name} must name parts, {list(self.parts)}"
                raise ValueError(f"{named}. Received: {sorted(unknown, key=str)}")
            for part in given if isinstance(given, dict) else ():
                require_number(f"{name}[{part!r}]", given[part], 0, np.inf)
        if not any(self._weights().values()):
            raise ValueError(f"weights must not all be 0. Received: {self.weights}")

    def _weights(self):
        return {**dict.fromkeys(self.parts, 1.0), **(self.weights or {})}

    def _asked(self):
        """The detectors in use: those given, or what :meth:`fit` made of them."""
        return getattr(self, "parts_", self.parts)

    def _fit(self, images, content):
        parts = {name: clone(part) for name, part in self.parts.items()}
        for part in parts.values():
            part._fit(images, content)
        self.parts_ = parts
        vars(self).pop("part_scores_", None)

    def _calibrate(self, images, content):
        needed = 2 * max(LEAST, scores_needed(self.false_alarm_rate))
        if len(images) < needed:  # before any network is asked
            raise ValueError(
                f"images must hold at least {needed} to calibrate on at a rate of "
                f"{self.false_alarm_rate}, half of them for the parts. Received: {len(images)}"
            )
        scores, shown = self._ask(images, content, maps=True)
        part_scores = {name: np.sort(part[::2]) for name, part in scores.items()}
        held_out = {name: part[1::2] for name, part in scores.items()}
        kept = {f"part_{name}": part for name, part in part_scores.items()}
        self._set_calibration(self._total(held_out, part_scores), shown, **kept)

    def _calibration_names(self):
        return [*super()._calibration_names(), *(f"part_{name}" for name in self.parts)]

    def _restore(self, calibration):
        super()._restore(calibration)
        self.part_scores_ = {
            name: np.sort(np.asarray(calibration[f"part_{name}"], np.float64))
            for name in self.parts
        }

    def _surprisal_of(self, name, images, content):
        scores, _ = self._asked()[name]._score_in_batches(images, content, False)
        return _surprisal(scores, self.part_scores_[name], name not in self.one_sided)

    def _score_batch(self, images, content, maps):
        self._require_calibration()  # without it not even the scores have a scale
        scores, shown = self._ask(images, content, maps)
        return self._total(scores, self.part_scores_), shown

    def _ask(self, images, content, maps):
        """The parts' scores and, if asked for, the weighted sum of their maps."""
        scores, shown = {}, None
        shares = self.map_weights or {next(iter(self.parts)): 1.0}
        for name, part in self._asked().items():
            wanted = maps and name in shares
            scores[name], found = part._score_in_batches(images, content, wanted)
            if wanted:
                found = np.float32(shares[name]) * found
                shown = found if shown is None else shown + found
        return scores, shown

    def _surprisals(self, scores, part_scores):
        return {
            name: _surprisal(part, part_scores[name], name not in self.one_sided)
            for name, part in scores.items()
        }

    def _total(self, scores, part_scores):
        weights, parts = self._weights(), self._surprisals(scores, part_scores)
        return sum([weights[name] * part for name, part in parts.items()])


def surprisal(scores, calibration_scores, *, two_sided=False):
    r"""How unusual scores are among those of clean images: :math:`-\log p`, made continuous.

    Between calibration scores p is interpolated; beyond the most extreme, the surprisal grows by 1
    with each mean excess of the outermost 5 % over their quantile (an exponential tail).

    Parameters
    ----------
    scores : ndarray of float, ``(n,)``
        Higher = worse.
    calibration_scores : ndarray of float, ``(m,)``, m >= 20
        Of clean images, in any order.
    two_sided : bool
        Low scores count as well, and p doubles.

    Returns
    -------
    ndarray of float64, ``(n,)``, at least 0
        Higher = worse. At a calibration score it is minus the logarithm of
        :func:`styleguard_edu.thresholds.conformal_p_values`; it never falls as the score rises
        or, two-sided, as the score leaves the middle.

    Raises
    ------
    ValueError
        If there are fewer than 20 calibration scores, or a value is NaN or infinite.

    Examples
    --------
    Of 99 clean images ten score at least 89, so there :math:`p = (1 + 10) / 100`:

    >>> import numpy as np
    >>> from styleguard_edu.detectors import surprisal
    >>> np.exp(-surprisal([89.0], np.arange(99.0))).round(3)
    array([0.11])
    """
    scores = finite_scores("scores", scores).astype(np.float64)
    ordered = np.sort(finite_scores("calibration_scores", calibration_scores).astype(np.float64))
    if len(ordered) < LEAST:
        raise ValueError(f"calibration_scores must hold at least {LEAST}. Received: {len(ordered)}")
    return _surprisal(scores, ordered, two_sided)


def _surprisal(scores, ordered, two_sided):
    """The same of checked arrays, of which the second is ascending."""
    tails = []
    sides = ((scores, ordered), (-scores, -ordered[::-1])) if two_sided else ((scores, ordered),)
    for given, known in sides:
        m = len(known)
        values, first = np.unique(known, return_index=True)
        tail = 1 - first / (m + 1)  # the conformal p-value of each calibration score
        start = known[int(0.95 * (m - 1))]
        excess = (known[known >= start] - start).mean()
        # where the outermost scores are all equal, rounding must not look like an anomaly
        least = 1e-6 * max(abs(known[0]), abs(known[-1])) or 1e-12
        beyond = np.maximum(given - values[-1], 0) / max(excess, least)
        tails.append(beyond - np.log(np.interp(given, values, tail)))
    return np.maximum(np.maximum(*tails) - np.log(2), 0) if two_sided else tails[0]
