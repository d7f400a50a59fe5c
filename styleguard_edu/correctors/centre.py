"""Undo a shift by whole pixels."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..anomalies.draws import moved
from ..moments import background, centres_of_mass, middle
from .base import WholeImageCorrector


@dataclass(eq=False, repr=False, kw_only=True)
class CentreCorrector(WholeImageCorrector):
    """What is shown moves until its centre of mass is nearest to the middle, by whole pixels.

    No pixel is resampled, so nothing is lost but what leaves the picture; from outside comes the
    background, the median of the outermost pixels. What stands out is told by its contrast to it.

    The whole image changes: masks are checked, then ignored. Other damage moves the centre of mass
    as well, such as a mark across the picture: let :func:`styleguard_edu.correctors.accept` decide.

    Parameters
    ----------
    shift : float >= 0
        In pixels; an image that lies further off, down or across, is left as it is.
    strength : float in [0, 1]
        As for :class:`Corrector`; in between, the two images lie over each other.
    max_change : float in (0, 1]
        As for :class:`Corrector`; a shift by a stroke's width changes most pixels that show
        something.

    Notes
    -----
    Indicated for images whose centre of mass is more than 1.25 pixels off the middle, down or
    across.

    Examples
    --------
    >>> import numpy as np
    >>> from styleguard_edu.correctors import CentreCorrector
    >>> image = np.zeros((1, 4, 5, 1), "float32")
    >>> image[:, 1:3, 0:2] = 1
    >>> CentreCorrector().correct(image, np.ones((1, 4, 5), bool))[0, ..., 0].astype(int)
    array([[0, 0, 0, 0, 0],
           [0, 0, 1, 1, 0],
           [0, 0, 1, 1, 0],
           [0, 0, 0, 0, 0]])
    """

    translates_only: ClassVar = True
    _RANGES: ClassVar = WholeImageCorrector._RANGES | {"shift": (0, np.inf)}

    shift: float = 6.0

    def _propose(self, images, masks, content):
        steps = np.rint(middle(images.shape) - centres_of_mass(images)).astype(int)
        steps[np.abs(steps).max(axis=1) > self.shift] = 0
        n, height, width, channels = images.shape
        framed = np.empty((n, height + 2, width + 2, channels), np.float32)
        framed[:] = background(images)
        framed[:, 1:-1, 1:-1] = images
        return moved(framed, steps)[:, 1:-1, 1:-1]  # the frame is repeated outwards
