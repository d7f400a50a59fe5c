"""Two correctors with a network: what was seen in training, and what the content asks for."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from ..images import _sharpen
from ..networks import segment
from .base import Corrector

__all__ = ["RestorationCorrector", "RestyleCorrector"]


@dataclass(eq=False, repr=False)
class RestorationCorrector(Corrector):
    r"""Marked pixels become what a network, shown made damage, guesses they were.

    The network was trained to restore images that were damaged in many ways. Its guess is the mean
    of all that could have been there, as that has the least mean squared difference to the clean
    image. So where much is possible the guess is soft: as grey as a stroke is likely.

    Damage that the network was not shown may look more like what it was shown after a filter. With
    k ``views`` there are up to k + 1 guesses,

    .. math:: g_j = \frac{1}{j + 1} \sum_{i=0}^{j} f(v_i(x)), \qquad j = 0, \dots, k

    where f is the network's third output, v_i is view i, and v_0 leaves the image x as it is. They
    are made one after another until the network, by its second output, no longer calls the image
    with the guess in its place damaged. If it always does, the least damaged one is taken.

    Parameters
    ----------
    network : keras.Model
        As built by :func:`styleguard_edu.networks.segmentation_network`, trained; its
        third output is the guess. With a second input, content must be given.
    views : sequence of callable
        Each ``view(images) -> ndarray`` in [0, 1], of the same shape: filters whose results the
        network is asked about as well, one after another.
    sharpness : float >= 0
        The ``amount`` by which :func:`styleguard_edu.images.sharpen` sharpens the guess, for that
        is softer than what it is the mean of.
    prepare : callable, optional
        ``prepare(images, content) -> ndarray``: the second input, if it is not the content itself.
    dilation, feather, strength, max_change
        As for :class:`Corrector`.

    Examples
    --------
    >>> from styleguard_edu import RestorationCorrector, load_checkpoint, load_digits
    >>> from styleguard_edu.anomalies import Occlusion
    >>> digits = load_digits("bundled", verbose=False).test.images[:20]
    >>> images, masks, _ = Occlusion(side=6)(digits, rng=0)
    >>> network = load_checkpoint("digit_detector").networks["segmenter"]
    >>> corrected = RestorationCorrector(network).correct(images, masks)
    >>> bool(abs(corrected - digits).mean() < abs(images - digits).mean())
    True
    """

    _RANGES: ClassVar = Corrector._RANGES | {"sharpness": (0, np.inf)}

    network: object
    _: KW_ONLY
    views: tuple = ()
    sharpness: float = 0.0
    prepare: Callable | None = None

    def _propose(self, images, masks, content):
        total = self._restored(images, content, images.shape)
        proposed = _sharpen(total, self.sharpness)
        if not self.views:
            return proposed
        damaged = self._damage_logits(images, proposed, masks, content)
        for count, view in enumerate(self.views, start=2):
            rows = np.flatnonzero(damaged > 0)  # for the others more guesses are a waste of time
            if not len(rows):
                break
            beside = None if content is None else content[rows]
            total[rows] += self._restored(view(images[rows]), beside, images[rows].shape)
            guess = _sharpen(total[rows] / count, self.sharpness)
            still = self._damage_logits(images[rows], guess, masks[rows], beside)
            better = still < damaged[rows]
            damaged[rows[better]], proposed[rows[better]] = still[better], guess[better]
        return proposed

    def _restored(self, seen, content, shape):
        (guess,) = segment(self.network, seen, content, self.prepare, wanted=(2,))
        return self._checked_proposal(guess, shape)

    def _damage_logits(self, images, guess, masks, content):
        """The network's logits for the images with a guess where they are marked, ``(n,)``."""
        corrected = np.where(masks[..., np.newaxis], guess, images)
        (logits,) = segment(self.network, corrected, content, self.prepare, wanted=(1,))
        return logits[:, 0]


@dataclass(eq=False, repr=False)
class RestyleCorrector(Corrector):
    """Marked pixels are drawn again from the content, in the style that the image seems to have.

    Parameters
    ----------
    restyle : callable
        ``restyle(images, content) -> ndarray`` of the images' shape; for example
        :class:`styleguard_edu.detectors.SameStyleRestyling`.
    dilation, feather, strength, max_change
        As for :class:`Corrector`.

    Examples
    --------
    The style is the negative here; one pixel is damaged:

    >>> import numpy as np
    >>> from styleguard_edu import RestyleCorrector
    >>> content = np.full((1, 3, 3, 1), 0.25, "float32")
    >>> images, masks = 1 - content, np.zeros((1, 3, 3), bool)
    >>> images[0, 1, 1], masks[0, 1, 1] = 0, True
    >>> corrector = RestyleCorrector(lambda images, content: 1 - content)
    >>> float(corrector.correct(images, masks, content=content)[0, 1, 1, 0])
    0.75
    """

    restyle: Callable
    _: KW_ONLY
    max_change: float = 0.5

    def _propose(self, images, masks, content):
        return self.restyle(images, content)
