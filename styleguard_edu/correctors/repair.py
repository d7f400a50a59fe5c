"""Two correctors with a network: what was seen in training, and what the content asks for."""

import numpy as np

from ..checks import require_number
from ..detector_networks import segmented
from ..images import sharpen
from .base import Corrector


class RepairCorrector(Corrector):
    r"""Marked pixels become what a network, shown made damage, guesses they were.

    The network was trained to restore images damaged in many ways: the mean squared difference to
    the clean image is the least for the mean of all that could have been there, so where much is
    possible, the guess is soft, as grey as a stroke is likely.

    Damage that the network was not shown may look more like what it was shown after a filter. With
    k ``views`` there are k + 1 guesses,

    .. math:: g_j = \frac{1}{j + 1} \sum_{i=0}^{j} f(v_i(x)), \qquad j = 0, \dots, k

    where f restores, v_i is view i, and v_0 leaves the image x as it is. Of these the network takes
    the one that it holds for the least damaged, by its second output, once it is in its place.

    Parameters
    ----------
    network : keras.Model
        As built by :func:`styleguard_edu.detector_networks.segmentation_network`, trained; its
        third output is the guess. With a second input, content must be given.
    views : sequence of callable
        Each ``view(images) -> ndarray`` in [0, 1], of the same shape: filters whose results the
        network is asked about as well, one after another.
    first : callable, optional
        ``first(images) -> ndarray`` of the same shape: what is done to the images, and to their
        views, before the network mends them, such as
        :func:`styleguard_edu.images.stretch_tones`. Damage that the network was not shown may thus
        become damage that it was.
    sharpness : float >= 0
        The ``amount`` by which :func:`styleguard_edu.images.sharpen` sharpens the guess, for that
        is softer than what it is the mean of.
    prepare : callable, optional
        ``prepare(images, content) -> ndarray``: the second input, if it is not the content itself.
    grow, feather, strength, limit
        As for :class:`Corrector`.
    """

    def __init__(
        self,
        network,
        *,
        views=(),
        first=None,
        sharpness=0.0,
        prepare=None,
        grow=1,
        feather=0.5,
        strength=1.0,
        limit=0.35,
    ):
        super().__init__(grow=grow, feather=feather, strength=strength, limit=limit)
        require_number("sharpness", sharpness, 0, np.inf)
        self.network = network
        self.views = views
        self.first = first
        self.sharpness = sharpness
        self.prepare = prepare

    def _propose(self, images, masks, content):
        guesses = self._guesses(images, content)
        if len(guesses) == 1:
            return guesses[0]
        marked = masks[..., np.newaxis]
        judged = [
            segmented(self.network, np.where(marked, guess, images), content, self.prepare)[1][:, 0]
            for guess in guesses
        ]
        return guesses[np.argmin(judged, axis=0), np.arange(len(images))]

    def _guesses(self, images, content):
        """The k + 1 means ``(k + 1, n, height, width, channels)``, sharpened."""
        restored = []
        for seen in (images, *(view(images) for view in self.views)):
            seen = seen if self.first is None else self.first(seen)
            guess = segmented(self.network, seen, content, self.prepare)[2]
            restored.append(self._checked_proposal(guess, images.shape))
        counts = np.arange(1, len(restored) + 1, dtype=np.float32)
        means = np.cumsum(restored, axis=0) / counts.reshape(-1, 1, 1, 1, 1)
        if not self.sharpness:
            return means
        return np.stack([sharpen(np.clip(mean, 0, 1), amount=self.sharpness) for mean in means])


class RestyleCorrector(Corrector):
    """Marked pixels are drawn again from the content, in the style that the image seems to have.

    Parameters
    ----------
    restyle : callable
        ``restyle(images, content) -> ndarray`` of the images' shape; for example
        :class:`styleguard_edu.detectors.SameStyleRestyling`.
    grow, feather, strength, limit
        As for :class:`Corrector`.
    """

    def __init__(self, restyle, *, grow=1, feather=0.5, strength=1.0, limit=0.5):
        super().__init__(grow=grow, feather=feather, strength=strength, limit=limit)
        self.restyle = restyle

    def _propose(self, images, masks, content):
        return self.restyle(images, content)
