"""A detector that knows what was asked for: it restyles the content again."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..images import to_rgb
from ..metrics.fidelity import ssim
from ..networks import run_network
from ..pictures import fit_short_side
from .base import AnomalyDetector
from .hooks import redrawn, smoothed

KEPT, TRIED = 16, 64  # photos painted again; photos in all styles, at a small size
LEAST_SIDE = 16  # pixels, of a photo that can be painted


@dataclass(eq=False, repr=False)
class RestylingDetector(AnomalyDetector):
    r"""What does not look as another generator would have drawn it from the same content.

    With r(x, c), the content c of image x restyled once more, the score is
    :math:`1 - \mathrm{SSIM}(x, r(x, c))`, the mean over pixels and channels; the map is
    :math:`|x - r(x, c)|`, the mean of the channels, smoothed. SSIM compares each 7x7 window by its
    own mean and contrast, so a faint style counts as much as a glaring one. Edges that the content
    has are in r as well: they are no damage.

    Parameters
    ----------
    restyle : callable
        ``restyle(images, content) -> ndarray`` of the images' shape; for example
        :class:`SameStyleRestyling`.
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.
    """

    restyle: object

    def _score_batch(self, images, content, maps):
        expected = redrawn("restyle", self.restyle, images, content)
        scores = 1 - ssim(images, expected)
        return scores, smoothed(np.abs(images - expected).mean(axis=-1)) if maps else None


class SameStyleRestyling:
    """Draw restyled images again from their content, each in the style that it has.

    For :class:`RestylingDetector`: a generator of the same styles, trained from another seed
    than the one that made the images, makes other mistakes. A second network, shown damaged images
    too, tells the style.

    Parameters
    ----------
    generator : keras.Model
        ``[(n, height, width, 3), (n, codes)] -> (n, height, width, 3)``, as built by
        :func:`styleguard_edu.networks.style_generator`.
    codes : ndarray of float, ``(styles, codes)``
        One row a style.
    classifier : keras.Model
        ``(n, height, width, 3) -> (n, styles)``, one logit a style, as built by
        :func:`styleguard_edu.networks.style_classifier`.
    """

    def __init__(self, generator, codes, classifier):
        codes = np.asarray(codes, np.float32)
        wanted = generator.inputs[1].shape[-1], classifier.outputs[0].shape[-1]
        if codes.ndim != 2 or codes.shape != wanted[::-1]:
            raise ValueError(
                f"codes must have shape ({wanted[1]}, {wanted[0]}), one row a style that the "
                f"classifier tells. Received: shape {codes.shape}"
            )
        self.generator = generator
        self.codes = codes
        self.classifier = classifier

    def __call__(self, images, content):
        """Draw each image again.

        Parameters
        ----------
        images : ndarray of float32, ``(n, height, width, 3)`` in [0, 1]
        content : ndarray of float32, ``(n, height, width, 1 or 3)`` in [0, 1]
            What they were restyled from; grey is repeated.

        Returns
        -------
        ndarray of float32, ``(n, height, width, 3)`` in [0, 1]
            The content, in the style of each image.

        Raises
        ------
        ValueError
            If there is no content, or the shapes do not fit each other.
        """
        content = _in_colour_beside(images, content)
        codes = self.codes[self.styles(images)]
        return run_network(self.generator, content=content, code=codes)

    def styles(self, images):
        """Which style each image seems to have: the row of ``codes``, int ``(n,)``."""
        return run_network(self.classifier, images=images).argmax(axis=1)


class NearestRepainting:
    """Paint photos again, each in the style in which that comes nearest to the picture made of it.

    As :class:`SameStyleRestyling` for photos of any size: another painter of the same paintings,
    trained from another seed, paints other strokes in other places, but draws the same things in
    similar colours.
    The last repaintings are kept, for a guard looks at the same photo again and again.

    Parameters
    ----------
    style : PaintingStyle
        Or any object with ``names`` and ``transfer(photo, name) -> picture``.
    side : int
        Pixels of the shorter side at which all styles are tried.
    """

    def __init__(self, style, *, side=96):
        self.style = style
        self.side = side
        self._paint_again = lru_cache(KEPT)(self._paint_once)
        self._try_all = lru_cache(TRIED)(self._try_once)

    def __call__(self, pictures, photos):
        """Paint each photo again.

        Parameters
        ----------
        pictures : ndarray of float32, ``(n, height, width, 3)`` in [0, 1]
            Repainted pictures, at least 16 pixels a side.
        photos : ndarray of float32, ``(n, height, width, 1 or 3)`` in [0, 1]
            What they were made from; grey is repeated.

        Returns
        -------
        ndarray of float32, ``(n, height, width, 3)`` in [0, 1]
            The photos, in the style of each picture.

        Raises
        ------
        ValueError
            If there are no photos, or the shapes do not fit each other.
        """
        return self.beside(pictures, photos)[..., 3:]

    def beside(self, pictures, photos):
        """Each photo and its picture painted again, ``(n, height, width, 6)``."""
        photos = np.asarray(_in_colour_beside(pictures, photos), np.float32)
        pairs = zip(photos, self.styles(pictures, photos), strict=True)
        again = [self._paint_again(photo.tobytes(), photo.shape, name) for photo, name in pairs]
        return np.concatenate([photos, np.stack(again)], axis=-1)

    def styles(self, pictures, photos):
        """The style that each picture seems to have, list of str ``(n,)``.

        The mean absolute difference decides, at a small size. Both must be in colour.
        """
        if (least := min(pictures.shape[1:3])) < LEAST_SIDE:
            raise ValueError(
                f"images must have at least {LEAST_SIDE} pixels a side. Received: {least}"
            )
        return [self._style(*pair) for pair in zip(pictures, photos, strict=True)]

    def _style(self, picture, photo):
        side = min(self.side, *photo.shape[:2])
        picture, photo = fit_short_side(picture, side), fit_short_side(photo, side)
        tried = self._try_all(photo.tobytes(), photo.shape)
        return self.style.names[int(np.abs(tried - picture).mean(axis=(1, 2, 3)).argmin())]

    def _try_once(self, values, shape):
        return np.stack([self._paint_once(values, shape, name) for name in self.style.names])

    def _paint_once(self, values, shape, name):
        return self.style.transfer(np.frombuffer(values, np.float32).reshape(shape), name)


def _in_colour_beside(images, content):
    """The content in colour, after checking that the images are of its shape."""
    if content is None:
        raise ValueError("content must be given: it is what is restyled. Received: None")
    content = to_rgb(content)
    if images.shape != content.shape:
        raise ValueError(
            f"images must be in colour, of shape {content.shape}. Received: {images.shape}"
        )
    return content
