"""The guards of the three kinds of images of the course, put together from shipped checkpoints."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter, grey_erosion

from ..backend import keras, random_state_kept
from ..checkpoints import load_checkpoint
from ..correctors import CentreCorrector, RealignCorrector, RestorationCorrector, RestyleCorrector
from ..datasets import digit_source
from ..detectors import (
    DiscriminatorDetector,
    FusedDetector,
    PatchDetector,
    PositionDetector,
    ReconstructionDetector,
    SegmentationDetector,
)
from ..networks import fold_batch_norm, hidden_features, run_network
from .style_guard import StyleGuard

__all__ = ["GUARDS", "Shipped", "load_guard"]

TILE = 64  # pixels a side, of photos


def load_guard(domain, *, source=None):
    """Load the calibrated guard of one kind of images from the shipped checkpoints.

    Parameters
    ----------
    domain : {"digits", "restyled_digits", "photos"}
        Plain digits ``(n, 28, 28, 1)``; restyled ones ``(n, 28, 28, 3)``, judged beside the digits
        they were made from; restyled photos, at least 16 pixels a side, judged beside the
        photos.
    source : {"mnist", "bundled"}, optional
        The digits on which the guard is calibrated: those in use unless given; of restyled digits,
        their true renderings. A guard that is calibrated on other digits than those in use does
        not keep its false-alarm rate for them: there is a warning. Photos have one source only.

    Returns
    -------
    StyleGuard

    Raises
    ------
    ValueError
        If the domain or the source is unknown.

    Examples
    --------
    >>> from styleguard_edu import load_digits, load_guard
    >>> guard = load_guard("digits", source="bundled")
    >>> list(guard.correctors)
    ['restoration', 'centre', 'realign']
    >>> report = guard.run(load_digits("bundled", verbose=False).test.images[:6])
    >>> print(report)
    6 images: 6 passed, 0 flagged (p-value at most 0.05).
    """
    if domain not in GUARDS:
        raise ValueError(f"domain must be one of {tuple(GUARDS)}. Received: {domain!r}")
    if source is not None and source not in ("mnist", "bundled"):
        raise ValueError(f'source must be "mnist" or "bundled". Received: {source!r}')
    shipped = GUARDS[domain]
    in_use = "photos" if domain == "photos" else digit_source()
    source = in_use if domain == "photos" else source or in_use
    if source != in_use:
        warnings.warn(
            f"This guard is calibrated on the {source} digits, but the digits in use are "
            f"{in_use}: its false-alarm rate does not hold for them.",
            stacklevel=2,
        )
    checkpoint = load_checkpoint(shipped.checkpoint)
    with random_state_kept():
        detector, correctors = shipped.build(checkpoint)
    arrays = checkpoint.arrays.items()
    detector.restore_calibration({key.removeprefix(f"{source}_"): x for key, x in arrays})
    return StyleGuard(detector, correctors, **shipped.settings)


def digit_guard(checkpoint):
    """Detector, not calibrated yet, and correctors of plain digits, from their checkpoint."""
    gan = load_checkpoint("digit_gan").networks
    segmenter, encoder = (
        fold_batch_norm(checkpoint.networks[role]) for role in ("segmenter", "encoder")
    )
    generator = fold_batch_norm(gan["generator"])
    drawn_again = keras.Model(encoder.inputs[0], generator(encoder.outputs[0]))
    patches = PatchDetector(hidden_features(gan["discriminator"], 0))
    patches.restore_fit(checkpoint.arrays["mean"], checkpoint.arrays["whitener"])
    detector = FusedDetector(
        {
            "segmentation": SegmentationDetector(segmenter),
            "discriminator": DiscriminatorDetector(gan["discriminator"]),
            "patches": patches,
            "reconstruction": ReconstructionDetector(
                lambda images, content: run_network(drawn_again, images=images),
                features=hidden_features(gan["discriminator"], -1),
            ),
            "position": PositionDetector(),
        },
        one_sided=("segmentation", "position"),
        weights={"segmentation": 2.0},
    )
    correctors = {
        "restoration": RestorationCorrector(
            segmenter,
            views=(_softened, _thinned),
            sharpness=0.5,
            dilation=0,
            max_change=0.8,  # a digit whose black ground became nearly white differs by 0.75
        ),
        "centre": CentreCorrector(),
        "realign": RealignCorrector(
            lambda images, content: detector._surprisal_of("reconstruction", images, content),
            penalty=0.5,  # the bounds are at one standard deviation
            fixed_cost=1.0,  # a smaller gain does harm as often as good
        ),
    }
    return detector, correctors


def _softened(images):
    """Views of the images with less of what is small and sharp."""
    return gaussian_filter(images, (0, 0.6, 0.6, 0), mode="nearest")


def _thinned(images):
    """Views of the images with less of what is light: every pixel the darkest of its nine."""
    return grey_erosion(images, (1, 3, 3, 1), mode="nearest")


def restyled_digit_guard(checkpoint):
    """Detector, not calibrated yet, and corrector of restyled digits, from their checkpoint."""
    from ..detectors import RestylingDetector, SameStyleRestyling  # plain digits need none of it

    generator = load_checkpoint("style_digits_other").networks["generator"]
    codes = np.eye(generator.input_shape[1][-1])[1:]  # the first is plain
    restyle = SameStyleRestyling(generator, codes, checkpoint.networks["classifier"])
    detector = FusedDetector(
        {
            "segmentation": SegmentationDetector(checkpoint.networks["segmenter"]),
            "restyling": RestylingDetector(restyle),
        },
        one_sided=("segmentation", "restyling"),
        weights={"segmentation": 0.25},
        map_weights={"segmentation": 1.0, "restyling": 40.0},  # about the same spread
        # only flagged images are marked, and a clean pixel hardly changes if it is drawn again
        pixel_false_alarm_rate=0.15,
    )
    return detector, RestyleCorrector(restyle, dilation=2)


def photo_guard(checkpoint):
    """Detector, not calibrated yet, and corrector of restyled photos, from their checkpoint.

    They hold the painter ``paintings_other``; what they are to judge is the work of another.
    """
    from ..detectors import NearestRepainting, TiledDetector  # digits need none of it
    from ..models import load_painter

    beside = NearestRepainting(load_painter("paintings_other")).beside
    segmenter = checkpoint.networks["segmenter"]
    part = SegmentationDetector(segmenter, prepare=beside)
    # pixels are marked in flagged tiles only, so more of them may be than of all clean ones
    detector = TiledDetector(part, side=TILE, pixel_false_alarm_rate=0.05)
    return detector, RestorationCorrector(segmenter, prepare=beside)


class Shipped(NamedTuple):
    """How a guard is put together.

    Attributes
    ----------
    checkpoint : str
        Its name; the arrays of calibration are in it, each with a source in front of its name.
    build : callable
        ``build(checkpoint) -> (detector, correctors)``.
    settings : dict
        Of :class:`StyleGuard`.
    """

    checkpoint: str
    build: Callable
    settings: dict


GUARDS = {
    "digits": Shipped(
        "digit_detector",
        digit_guard,
        # looks cleaner than half of the clean digits: that is enough
        {"max_uses": 1, "min_improvement": 1.0, "target_p_value": 0.5},
    ),
    "restyled_digits": Shipped(
        "restyled_digit_detector", restyled_digit_guard, {"max_uses": 1, "min_improvement": 1.0}
    ),
    "photos": Shipped(
        "photo_detector",
        photo_guard,
        # of the calibration scenes that gained so much in the mean of the tiles, none was harmed
        {"max_uses": 1, "min_improvement": 0.25},
    ),
}
