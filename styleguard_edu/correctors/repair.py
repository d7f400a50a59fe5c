"""Two correctors with a network: what was seen in training, and what the content asks for."""

import numpy as np

from ..checks import require_number
from ..detector_networks import segmented
from ..images import sharpen
from .base import Corrector


class RepairCorrector(Corrector):
    """Marked pixels become what a network, shown made damage, guesses they were.

    The network was trained to restore images damaged in many ways: the mean squared difference to
    the clean image is the least for the mean of all that could have been there, so where much is
    possible, the guess is soft, as grey as a stroke is likely.

    Parameters
    ----------
    network : keras.Model
        As built by :func:`styleguard_edu.detector_networks.segmentation_network`, trained; its
        third output is the proposal. With a second input, content must be given.
    first : callable, optional
        ``first(images) -> ndarray`` of the same shape: what is done to the images before the
        network mends them, such as :func:`styleguard_edu.images.stretch_tones`. Damage that the
        network was not shown may thus become damage that it was.
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
        self.first = first
        self.sharpness = sharpness
        self.prepare = prepare

    def _propose(self, images, masks, content):
        if self.first is not None:
            images = self.first(images)
        guess = segmented(self.network, images, content, self.prepare)[2]
        if not self.sharpness:
            return guess
        return sharpen(self._checked_proposal(guess, images.shape), amount=self.sharpness)


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
