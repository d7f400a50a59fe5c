"""What the threshold explorer is given: checked before anything is drawn."""

import numpy as np

from ..checks import finite_scores
from ..images import check_images


def check_damaged(images, masks):
    """Return images and masks after checking that they fit together.

    Raises
    ------
    ValueError
        If there is nothing clean or nothing damaged, or shapes differ.
    """
    kinds = [name for name in images if name != "clean"]
    if "clean" not in images or not kinds:
        raise ValueError(
            'images must hold "clean" and at least one kind of damage. '
            f"Received: {', '.join(images) or 'nothing'}"
        )
    images = {name: check_images(batch, name=f"images[{name!r}]") for name, batch in images.items()}
    shape = images["clean"].shape
    for name in kinds:
        if images[name].shape != shape:
            raise ValueError(
                f"images[{name!r}] must be of the clean images' shape {shape}. "
                f"Received: {images[name].shape}"
            )
    if masks is None:
        return images, None
    masks = {name: np.asarray(masks.get(name, ())) for name in kinds}
    for name, mask in masks.items():
        if mask.dtype != bool or mask.shape != shape[:3]:
            raise ValueError(
                f"masks[{name!r}] must be bool of shape {shape[:3]}. "
                f"Received: {mask.dtype}, shape {mask.shape}"
            )
    return images, masks


def check_all_scores(scores, images):
    """Return the scores of every detector as arrays, one score an image.

    Raises
    ------
    ValueError
        If there is no detector, or its scores of some images are missing, too few or not finite.
    """
    if not scores:
        raise ValueError("scores must hold at least one detector. Received: none")
    return {
        detector: {
            name: check_row(row.get(name, ()), f"scores[{detector!r}][{name!r}]", len(batch))
            for name, batch in images.items()
        }
        for detector, row in scores.items()
    }


def check_row(row, name, n=None):
    """Return finite scores as an array; of n images, if n is given."""
    shape = np.shape(row)
    if n is not None and shape != (n,):
        raise ValueError(f"{name} must hold {n} numbers, one an image. Received: shape {shape}")
    return finite_scores(name, row).astype(np.float64, copy=False)


def check_maps(name, maps, shape):
    """Return anomaly maps as an array after checking that they are finite floats of a shape."""
    maps = np.asarray(maps)
    if maps.dtype.kind != "f" or maps.shape != shape:
        raise ValueError(
            f"{name} must be of floats, shape {shape}. Received: {maps.dtype}, shape {maps.shape}"
        )
    if bad := int((~np.isfinite(maps)).sum()):
        raise ValueError(f"{name} must be finite. Received: {bad} NaN or infinite values")
    return maps
