"""Guards for the three kinds of images of the course, put together from shipped checkpoints."""

import warnings
from dataclasses import dataclass

import numpy as np

from .backend import keras
from .checkpoints import load_checkpoint
from .datasets import digit_source, load_digits
from .detector_networks import hidden_features, network_outputs
from .detectors import (
    AnomalyDetector,
    DiscriminatorDetector,
    FusedDetector,
    NearestRestyling,
    PatchDetector,
    ReconstructionDetector,
    RestylingDetector,
    SegmentationDetector,
    TiledDetector,
)
from .pictures import matched

DOMAINS = ("digits", "restyled_digits", "photos")
TILE = 64  # pixels a side, of photos
_CHECKPOINTS = {domain: f"{domain.removesuffix('s')}_detector" for domain in DOMAINS}


@dataclass(frozen=True)
class StyleGuard:
    """What watches over one kind of images.

    Attributes
    ----------
    detector : AnomalyDetector
        Calibrated.
    """

    detector: AnomalyDetector


def load_guard(domain, *, source=None):
    """Load the calibrated guard of one kind of images from the shipped checkpoints.

    Parameters
    ----------
    domain : {"digits", "restyled_digits", "photos"}
        Plain digits ``(n, 28, 28, 1)``; restyled ones ``(n, 28, 28, 3)``, judged beside the digits
        they were made from; restyled photos of any size, judged beside the photos.
    source : {"mnist", "bundled"}, optional
        The digits on which the guard is calibrated: those in use unless given. A guard calibrated
        on others than those in use keeps no promise about them; there is a warning. Photos have
        one source only.

    Returns
    -------
    StyleGuard

    Raises
    ------
    ValueError
        If the domain or the source is unknown.
    """
    if domain not in DOMAINS:
        raise ValueError(f"domain must be one of {DOMAINS}. Received: {domain!r}")
    if source is not None and source not in ("mnist", "bundled"):
        raise ValueError(f'source must be "mnist" or "bundled". Received: {source!r}')
    in_use = digit_source()
    if domain != "photos" and source not in (None, in_use):
        warnings.warn(
            f"This guard is calibrated on the {source} digits, but the digits in use are "
            f"{in_use}: its false-alarm rate does not hold for them.",
            stacklevel=2,
        )
    checkpoint = load_checkpoint(_CHECKPOINTS[domain])
    detector = BUILDERS[domain](checkpoint)
    calibrated_on = "photos" if domain == "photos" else source or in_use
    start = f"{calibrated_on}_"
    return StyleGuard(
        detector.restore_calibration(
            {
                key.removeprefix(start): value
                for key, value in checkpoint.arrays.items()
                if key.startswith(start)
            }
        )
    )


def digit_detector(checkpoint):
    """The detector of plain digits, not calibrated yet, from its checkpoint."""
    gan = load_checkpoint("digit_gan").networks
    patches = PatchDetector(hidden_features(gan["discriminator"], 0))
    patches.mean_, patches.whitener_ = (checkpoint.arrays[key] for key in ("mean", "whitener"))
    encoder = checkpoint.networks["encoder"]
    drawn_again = keras.Model(encoder.inputs[0], gan["generator"](encoder.outputs[0]))
    return FusedDetector(
        {
            "segmentation": SegmentationDetector(checkpoint.networks["segmenter"]),
            "discriminator": DiscriminatorDetector(gan["discriminator"]),
            "patches": patches,
            "reconstruction": ReconstructionDetector(
                lambda images, content: network_outputs(drawn_again, images=images),
                features=hidden_features(gan["discriminator"], -1),
            ),
        },
        one_sided=("segmentation",),
        weights={"segmentation": 2.0},
    )


def restyled_digit_detector(checkpoint):
    """The detector of restyled digits, not calibrated yet, from its checkpoint."""
    generator = load_checkpoint("style_digits_other").networks["generator"]
    codes = np.eye(generator.input_shape[1][-1])[1:]  # the first is plain
    examples = load_digits("bundled", verbose=False).train.images[:16]
    return FusedDetector(
        {
            "segmentation": SegmentationDetector(checkpoint.networks["segmenter"]),
            "restyling": RestylingDetector(NearestRestyling(generator, codes, examples)),
        },
        one_sided=("segmentation", "restyling"),
        weights={"segmentation": 0.25},
        map_weights={"segmentation": 1.0, "restyling": 40.0},  # about the same spread
    )


def photo_detector(checkpoint):
    """The detector of restyled photos, not calibrated yet, from its checkpoint."""
    segmentation = SegmentationDetector(checkpoint.networks["segmenter"], prepare=in_its_colours)
    return TiledDetector(segmentation, side=TILE)


def in_its_colours(pictures, photos):
    """Photos in the colours of the pictures made from them, so that other colours stand out.

    Parameters
    ----------
    pictures, photos : ndarray of float, ``(n, height, width, 3)`` in [0, 1]

    Returns
    -------
    ndarray of float32, the shape of ``photos``
    """
    return np.stack([matched(*pair) for pair in zip(photos, pictures, strict=True)])


BUILDERS = {
    "digits": digit_detector,
    "restyled_digits": restyled_digit_detector,
    "photos": photo_detector,
}
