"""A detector that was shown damage of many kinds, with its true masks."""

from dataclasses import KW_ONLY, dataclass

from ..networks import segment
from .base import AnomalyDetector


@dataclass(eq=False, repr=False)
class SegmentationDetector(AnomalyDetector):
    """A network that was shown damage of many kinds, with its true masks.

    After DRAEM (Zavrtanik et al., 2021): made damage teaches a network to find damage that was
    not made. The score is the network's logit for the image, the map that of each pixel. Images
    whose sides the network cannot halve often enough are continued by their mirror image.

    Parameters
    ----------
    network : keras.Model
        As built by :func:`styleguard_edu.networks.segmentation_network`, trained; with a
        second input it compares images with their content, which must then be given.
    prepare : callable, optional
        ``prepare(images, content) -> ndarray``: the second input, if it is not the content itself.
    false_alarm_rate, pixel_false_alarm_rate : float in (0, 1)
        As for :class:`styleguard_edu.detectors.AnomalyDetector`.

    See Also
    --------
    styleguard_edu.networks.segmentation_network : Builds the network.
    RestorationCorrector : Corrects with the third output of the same network.

    References
    ----------
    Zavrtanik, Kristan and Skočaj (2021), "DRAEM: A discriminatively trained reconstruction
    embedding for surface anomaly detection", *ICCV*, 8330-8339.

    Examples
    --------
    >>> from styleguard_edu import SegmentationDetector, load_checkpoint, load_digits
    >>> from styleguard_edu.anomalies import Occlusion
    >>> digits = load_digits("bundled", verbose=False)
    >>> network = load_checkpoint("digit_detector").networks["segmenter"]
    >>> detector = SegmentationDetector(network).calibrate(digits.calibration.images[:40])
    >>> hidden = Occlusion()(digits.test.images[:3], rng=0)
    >>> found = detector.detect(hidden.images)
    >>> found.flagged
    array([ True,  True,  True])
    >>> bool(found.maps[hidden.masks].mean() > found.maps[~hidden.masks].mean())
    True
    """

    network: object
    _: KW_ONLY
    prepare: object = None

    def _score_batch(self, images, content, maps):
        pixels, image = segment(self.network, images, content, self.prepare, wanted=(0, 1))
        return image[:, 0], pixels[..., 0] if maps else None
