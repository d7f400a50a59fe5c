"""Several detectors asked together."""

import numpy as np

from ..thresholds import threshold_for_rate
from .base import AnomalyDetector, _require_entries

LEAST = 20  # calibration scores: the outermost 5 % must hold at least one


class FusedDetector(AnomalyDetector):
    r"""Several detectors asked together.

    Each part's score becomes a surprisal :math:`-\log p`, with p its p-value among clean images,
    two-sided (an image that is *too* easy to reconstruct is suspicious as well) unless the part
    is named in ``one_sided``; beyond the highest score seen, where p-values can only repeat
    themselves, the surprisal goes on growing in proportion to the score. The fused score is the
    weighted sum of the surprisals (Fisher's method), and is calibrated anew, on images that the
    parts' calibration has not seen: of the images given to :meth:`calibrate`, the first, third,
    fifth ... are for the parts, the others for the sum.

    Parameters
    ----------
    parts : dict of str to AnomalyDetector
        Fitted; or :meth:`fit` fits them, in place. Their own calibration plays no role.
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
    """

    def __init__(
        self,
        parts,
        *,
        one_sided=(),
        weights=None,
        map_weights=None,
        false_alarm_rate=0.05,
        pixel_false_alarm_rate=0.01,
    ):
        super().__init__(
            false_alarm_rate=false_alarm_rate, pixel_false_alarm_rate=pixel_false_alarm_rate
        )
        if not parts:
            raise ValueError("parts must hold at least one detector. Received: none")
        for name, given in (
            ("one_sided", one_sided),
            ("weights", weights or ()),
            ("map_weights", map_weights or ()),
        ):
            if unknown := sorted(set(given) - set(parts)):
                raise ValueError(f"{name} must name parts {list(parts)}. Received: {unknown}")
        all_weights = {**dict.fromkeys(parts, 1.0), **(weights or {})}.values()
        if not (all(0 <= weight < np.inf for weight in all_weights) and any(all_weights)):
            raise ValueError(f"weights must be at least 0, not all 0. Received: {weights}")
        if not all(0 <= weight < np.inf for weight in (map_weights or {}).values()):
            raise ValueError(f"map_weights must be at least 0, finite. Received: {map_weights}")
        self.parts = parts
        self.one_sided = one_sided
        self.weights = weights
        self.map_weights = map_weights

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
        scores = self.parts[name].anomaly_score(images, content=content)
        return self._surprisals({name: scores}, self.part_scores_)[name]

    def calibrate(self, images, *, content=None):
        """Learn how high clean images score: the parts on one half of them, the sum on the other.

        Parameters
        ----------
        images, content : ndarray
            As for :meth:`fit`, but images that it has not seen, in random order.

        Returns
        -------
        FusedDetector
            Itself.

        Raises
        ------
        ValueError
            If there are too few images: it takes at least 40, and 2 / rate - 2.
        """
        images, content = self._validate(images, content)
        self._require_images(len(images))
        scores, shown = self._ask(images, content, maps=True)
        part_scores = {name: np.sort(part[::2]) for name, part in scores.items()}
        held_out = {name: part[1::2] for name, part in scores.items()}
        self.part_scores_ = part_scores
        self._set_calibration(self._total(held_out, part_scores), shown)
        return self

    def calibration(self):
        """What :meth:`calibrate` learnt, as a dict of arrays for :meth:`restore_calibration`."""
        own = super().calibration()
        return {**own, **{f"part_{name}": scores for name, scores in self.part_scores_.items()}}

    def restore_calibration(self, calibration):
        """Take over what another detector of the same parts learnt; returns itself.

        Parameters and errors as :meth:`AnomalyDetector.restore_calibration`.
        """
        _require_entries(calibration, [f"part_{name}" for name in self.parts])
        super().restore_calibration(calibration)
        self.part_scores_ = {
            name: np.asarray(calibration[f"part_{name}"], np.float64) for name in self.parts
        }
        return self

    def _fit(self, images, content):
        for part in self.parts.values():
            part._fit_anew(images, content)
        vars(self).pop("part_scores_", None)

    def _score_batch(self, images, content, maps):
        self._require_calibration()  # without it not even the scores have a scale
        scores, shown = self._ask(images, content, maps)
        return self._total(scores, self.part_scores_), shown

    def _ask(self, images, content, maps):
        """The parts' scores and, if asked for, the weighted sum of their maps."""
        scores, shown = {}, None
        shares = self.map_weights or {next(iter(self.parts)): 1.0}
        for name, part in self.parts.items():
            wanted = maps and name in shares
            scores[name], found = part._score_in_batches(images, content, wanted)
            if wanted:
                found = np.float32(shares[name]) * found
                shown = found if shown is None else shown + found
        return scores, shown

    def _surprisals(self, scores, part_scores):
        return {
            name: surprisal(part, part_scores[name], two_sided=name not in self.one_sided)
            for name, part in scores.items()
        }

    def _total(self, scores, part_scores):
        weights = self.weights or {}
        parts = self._surprisals(scores, part_scores)
        return sum(weights.get(name, 1.0) * part for name, part in parts.items())

    def _require_images(self, n):
        """Refuse to calibrate on too few images, before any network is asked."""
        if n < 2 * LEAST:
            raise ValueError(
                f"images must hold at least {2 * LEAST} to calibrate on, half of them for the "
                f"parts. Received: {n}"
            )
        try:
            threshold_for_rate(np.zeros(n // 2), self.false_alarm_rate)
        except ValueError as error:
            raise ValueError(f"half of the {n} images calibrate the parts, and {error}") from None


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
    """
    scores = np.asarray(scores, np.float64)
    ordered = np.sort(np.asarray(calibration_scores, np.float64))
    if len(ordered) < LEAST:
        raise ValueError(f"calibration_scores must hold at least {LEAST}. Received: {len(ordered)}")
    for name, values in (("scores", scores), ("calibration_scores", ordered)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite. Received: NaN or infinite values")
    high = _tail_surprisal(scores, ordered)
    if not two_sided:
        return high
    low = _tail_surprisal(-scores, -ordered[::-1])
    return np.maximum(np.maximum(high, low) - np.log(2), 0)


def _tail_surprisal(scores, ordered):
    m = len(ordered)
    values, first = np.unique(ordered, return_index=True)
    tail = 1 - first / (m + 1)  # the conformal p-value of each calibration score, ties included
    inside = -np.log(np.interp(scores, values, tail))
    start = ordered[int(0.95 * (m - 1))]
    excess = (ordered[ordered >= start] - start).mean()
    # where the outermost scores are all equal, rounding must not look like an anomaly
    least = 1e-6 * max(abs(ordered[0]), abs(ordered[-1])) or 1e-12
    return inside + np.maximum(scores - values[-1], 0) / max(excess, least)
