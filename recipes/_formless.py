"""Damage of no kind, for the training of networks alone.

A network learns by heart the damage that it is shown; what it must correct later may look like none
of it. So part of its training is damage that has no form of its own.
"""

from dataclasses import dataclass

from styleguard_edu.anomalies import Anomaly
from styleguard_edu.anomalies.draws import draw_blobs, draw_steps, moved

import numpy as np

_FARTHEST = 8  # pixels that a patch comes from elsewhere
_WIDTHS = (1.0, 3.0)  # pixels, of the smoothing of a patch's outline
_KNOTS = 5  # of a tone curve


@dataclass(frozen=True, kw_only=True)
class ForeignPatches(Anomaly):
    """Parts of another image, moved, lie over the image, solid or half transparent.

    After foreign patch interpolation (Tan et al., 2020) and CutPaste (Li et al., 2021), with
    outlines of any form. In half of the images the patches are negatives.

    Parameters
    ----------
    share : float
        Of the pixels that are covered, in (0, 1].
    severity, local
        As in :class:`styleguard_edu.anomalies.Anomaly`.
    """

    share: float | None = None

    SEVERITIES = (0.05, 0.1, 0.2, 0.3, 0.45)
    RANGE = (0, 1)
    group = "formless"
    label = "foreign patches"

    def _damage(self, images, rng, spots, **_):
        n = len(images)
        far = rng.uniform(1, _FARTHEST, n)
        others = moved(images[rng.permutation(n)], draw_steps(n, far[:, None], rng))
        negative = rng.random((n, 1, 1, 1)) < 0.5
        others = np.where(negative, 1 - others, others)
        covered = draw_blobs(spots, images.shape, rng.uniform(*_WIDTHS), self.share, rng)
        opacity = rng.uniform(0.3, 1, (n, 1, 1)).astype(np.float32)
        return images + (opacity * covered)[..., None] * (others - images)


@dataclass(frozen=True, kw_only=True)
class ToneCurve(Anomaly):
    """Every tone becomes another one, along a random curve.

    Parameters
    ----------
    bend : float
        How far the curve may lie from the straight line, in (0, 1]: at 1, any tone may become any
        other.
    severity, local
        As in :class:`styleguard_edu.anomalies.Anomaly`.
    """

    bend: float | None = None

    SEVERITIES = (0.2, 0.35, 0.5, 0.7, 1.0)
    RANGE = (0, 1)
    group = "formless"
    label = "tone curve"

    def _damage(self, images, rng, **_):
        knots = np.linspace(0, 1, _KNOTS)
        curves = rng.uniform(0, 1, (len(images), _KNOTS))
        curves = knots + self.bend * (curves - knots)
        return np.stack(
            [np.interp(image, knots, curve) for image, curve in zip(images, curves, strict=True)]
        )


def with_formless(kinds):
    """The same kinds of damage, and damage of no kind, so often that it is a third of all.

    Parameters
    ----------
    kinds : list of Anomaly

    Returns
    -------
    list of Anomaly
    """
    formless = [
        kind(severity=severity, local=local)
        for kind in (ForeignPatches, ToneCurve)
        for severity in range(1, 6)
        for local in (False, True)
    ]
    return [*kinds, *formless * round(len(kinds) / (2 * len(formless)))]
