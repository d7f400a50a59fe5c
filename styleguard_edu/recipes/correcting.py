"""How well damaged digits are corrected: by the guard, and by filters without a network."""

import time
import warnings

import numpy as np
from scipy import ndimage

from ..anomalies import families
from ..checkpoints import load_checkpoint
from ..datasets import load_digits
from ..detector_networks import network_outputs
from ..guard import load_guard
from ._cards import save_with_card
from .detecting import SOURCES

MEASURED = 500  # test images a kind


def _filtered(function, *, by=(1, 3, 3, 1), **settings):
    return lambda images: function(images, by, mode="nearest", **settings)


# What one would try first: for each family the best of them in hindsight is the baseline.
FILTERS = {
    "median 3x3": _filtered(ndimage.median_filter),
    "median 5x5": _filtered(ndimage.median_filter, by=(1, 5, 5, 1)),
    "Gaussian 0.6": _filtered(ndimage.gaussian_filter, by=(0, 0.6, 0.6, 0)),
    "Gaussian 1": _filtered(ndimage.gaussian_filter, by=(0, 1, 1, 0)),
    "opening": _filtered(ndimage.grey_opening),
    "closing": _filtered(ndimage.grey_closing),
    "erosion": _filtered(ndimage.grey_erosion),
    "dilation": _filtered(ndimage.grey_dilation),
    "sharpening": lambda images: np.clip(
        2 * images - ndimage.gaussian_filter(images, (0, 1, 1, 0), mode="nearest"), 0, 1
    ),
    "stretching": lambda images: _stretched(images),
    "centring": lambda images: _centred(images),
}


def measure_digit_correction():
    """Correct damaged test digits and let the judge read them before and after.

    By the guard, for both sources; and by the best of a few filters, family by family and in
    hindsight. The judge only measures: no part of a guard knows it.
    """
    started = time.perf_counter()
    metrics = {source: correction_table(source, families()) for source in SOURCES}
    save_with_card(
        "digit_correction",
        {},
        data=f"the first {MEASURED:,} test digits of each source, damaged at severity 3",
        settings={"digits": MEASURED},
        seconds=time.perf_counter() - started,
        metrics=metrics,
        notes="before, after: share of the digits that the judge reads, as damaged and as the "
        "guard returns them; filter: by the best filter of the family; psnr of all pixels of a "
        "family, in dB; accepted: share of the images in which a repair was accepted. recovered: "
        "of the share that damage cost, in the mean over the families",
    )


def correction_table(source, kinds, *, most=MEASURED):
    """What the judge reads before and after correction, by kind of damage.

    Parameters
    ----------
    source : {"mnist", "bundled"}
    kinds : dict of str to Anomaly
    most : int
        Test digits a kind, at most.

    Returns
    -------
    dict of str to dict of str to float
        As in the card of ``digit_correction``; rows ``clean``, the kinds, and ``mean``.
    """
    digits = load_digits(source, verbose=False).test
    images, labels = digits.images[:most], digits.labels[:most]
    judge = load_checkpoint("digit_judge").networks["judge"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it is for other digits than those in use
        guard = load_guard("digits", source=source)

    def share_read(shown):
        answers = network_outputs(judge, images=np.asarray(shown, np.float32))
        return float(np.mean(answers.argmax(axis=1) == labels))

    table = {"clean": _row(guard, images, images, share_read)}
    for name, kind in kinds.items():
        damaged = kind(images, rng=0).images
        read = {key: share_read(function(damaged)) for key, function in FILTERS.items()}
        best = max(read, key=read.get)
        row = _row(guard, damaged, images, share_read)
        table[name] = {**row, "filter": max(read[best], row["before"]), "best_filter": best}
        print(name, {key: row[key] for key in ("before", "after")}, flush=True)
    rows = [table[name] for name in kinds]
    mean = {
        key: float(np.mean([row[key] for row in rows])) for key in ("before", "after", "filter")
    }
    cost = table["clean"]["before"] - mean["before"]
    mean["recovered"] = (mean["after"] - mean["before"]) / cost
    mean["recovered_by_filters"] = (mean["filter"] - mean["before"]) / cost
    table["mean"] = mean
    return {
        name: {k: v if isinstance(v, str) else round(v, 4) for k, v in row.items()}
        for name, row in table.items()
    }


def _row(guard, images, truth, share_read):
    report = guard.run(images)
    row = {
        "before": share_read(images),
        "after": share_read(report.images),
        "accepted": float(report.accepted.mean()),
        "still_flagged": float(report.flagged.mean()),
    }
    if images is not truth:
        row |= {"psnr_before": _psnr(images, truth), "psnr_after": _psnr(report.images, truth)}
    return row


def _psnr(images, truth):
    return float(-10 * np.log10(np.mean((images - truth) ** 2)))


def _stretched(images):
    low, high = (np.quantile(images, q, axis=(1, 2), keepdims=True) for q in (0.05, 0.99))
    return np.clip((images - low) / np.maximum(high - low, 1e-3), 0, 1)


def _centred(images):
    moved = np.empty_like(images)
    for k, image in enumerate(images):
        down, right = np.rint(13.5 - np.array(ndimage.center_of_mass(image[..., 0] + 1e-9)))
        moved[k] = np.roll(image, (int(down), int(right)), axis=(0, 1))
    return moved
