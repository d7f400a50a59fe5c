"""How well damaged digits are corrected: by the guard, and by filters without a network."""

import time
import warnings

from styleguard_edu.anomalies import GROUPS, benchmark_anomalies
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.datasets import load_digits
from styleguard_edu.guard import load_guard
from styleguard_edu.images import check_images, sharpen
from styleguard_edu.networks import run_network

import numpy as np
from scipy import ndimage

from ._cards import save_with_card
from ._detection_tables import detection_table, families_of
from .detecting import HELD_OUT_STEPS, SOURCES, digit_segmenter, guard_of_digits

MEASURED = 10_000  # test images a kind
_TONES, _LEAST_RANGE = (0.05, 0.99), 1e-3  # quantiles that become black and white; their distance
SEEDS = (0, 1, 2)  # of segmenters
DETECTED, FEW = 1_000, 500  # test digits a kind: to find, to correct


def _filtered(function, *, by=(1, 3, 3, 1), **settings):
    return lambda images: function(images, by, mode="nearest", **settings)


def stretch_contrast(images):
    r"""Stretch the tones of each image over [0, 1], as a darkroom would correct the exposure.

    .. math:: x' = (x - q_{0.05}) / (q_{0.99} - q_{0.05}), \quad \text{clipped to } [0, 1]

    with the quantiles q over all pixels and channels of the image: one pixel in a hundred may be
    lighter than white, so that a few false ones do not count.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        Left as they are.

    Returns
    -------
    ndarray of float32, ``(n, height, width, channels)`` in [0, 1]
        All 0 for an image of a single tone.
    """
    images = check_images(images)
    low, high = np.quantile(images, _TONES, axis=(1, 2, 3), keepdims=True)
    stretched = (images - low) / np.maximum(high - low, _LEAST_RANGE)
    return np.clip(stretched, 0, 1).astype(np.float32)


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
    "sharpening": sharpen,
    "stretching": stretch_contrast,
    "centring": lambda images: _centred(images),
}


def measure_digit_correction():
    """Correct damaged test digits and let the judge read them before and after.

    By the guard, for both sources, and by the best of a few filters, family by family and in
    hindsight; and on MNIST by guards whose segmenters never saw the group of damage that they
    are to correct. The judge only measures: no part of a guard knows it.
    """
    held_out = {group: digit_segmenter(steps=HELD_OUT_STEPS, without=group)[0] for group in GROUPS}
    started, metrics = time.perf_counter(), {}
    for source in SOURCES:
        digits, kinds = some_digits(source), benchmark_anomalies()
        filters = best_filters(digits, kinds)
        guard = reference_guard("digits", source)
        metrics[source] = correction_table(guard, digits, kinds, filters)
    metrics["held_out"] = _held_out(held_out, metrics["mnist"])
    save_with_card(
        "digit_correction",
        data=f"{MEASURED:,} test digits of each source, or all if there are fewer, at severity 3",
        settings={"digits": MEASURED},
        seconds=time.perf_counter() - started,
        metrics=metrics,
        notes="before, after: share of the digits that the judge reads, as damaged and as the "
        "guard returns them; filter: by the best filter of the family; psnr of all pixels of a "
        "family, in dB; accepted: share of the images in which a proposal was accepted. recovered: "
        "of the share that damage cost, in the mean over the families. held_out: on MNIST, by "
        "segmenters that were not shown the family, nor any other of its group",
    )


def measure_digit_guard_seeds():
    """Detection and correction of MNIST digits by guards whose segmenters have other seeds."""
    segmenters = [digit_segmenter(seed)[0] for seed in SEEDS]
    started, metrics = time.perf_counter(), {}
    digits = load_digits("mnist", verbose=False).test.images[:DETECTED]
    few, kinds = some_digits("mnist", FEW), benchmark_anomalies()
    filters = best_filters(few, kinds)
    for seed, segmenter in zip(SEEDS, segmenters, strict=True):
        guard = guard_of_digits(segmenter, "mnist")
        found = detection_table(guard.detector, digits, kinds)
        corrected = correction_table(guard, few, kinds, filters)
        metrics[f"seed {seed}"] = {
            **found["mean"],
            "worst_auroc": min(row["auroc"] for row in found.values() if "auroc" in row),
            **found["clean"],
            **corrected["mean"],
            "clean_before": corrected["clean"]["before"],
            "clean_after": corrected["clean"]["after"],
        }
        print(metrics[f"seed {seed}"], flush=True)
    save_with_card(
        "digit_guard_seeds",
        data="as digit_detector and digit_correction, MNIST",
        settings={"seeds": SEEDS},
        seconds=time.perf_counter() - started,
        metrics=metrics,
        notes=f"means over the families; detection on {DETECTED:,}, correction on {FEW:,} test "
        "digits a family; minutes without training",
    )


def reference_guard(domain, source):
    """The shipped guard for either source of digits, whichever is in use, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it is for other digits than in use
        return load_guard(domain, source=source)


def some_digits(source, most=MEASURED):
    """Test digits drawn at random, all if there are fewer: images and labels."""
    test = load_digits(source, verbose=False).test
    rows = np.random.default_rng(0).permutation(len(test.images))[:most]
    return test.images[rows], test.labels[rows]


def best_filters(digits, kinds):
    """The filter after which the judge reads most, chosen for each kind of damage in hindsight.

    Parameters
    ----------
    digits : tuple of ndarray
        Images ``(n, 28, 28, 1)`` in [0, 1] and labels ``(n,)``.
    kinds : dict of str to Anomaly

    Returns
    -------
    dict of str to dict
        For each kind ``best_filter``, a key of ``FILTERS``, and ``filter``, the share read after
        it, or without it if that is more.
    """
    images, labels = digits
    table = {}
    for name, kind in kinds.items():
        damaged = kind(images, rng=0).images
        read = {key: share_read(function(damaged), labels) for key, function in FILTERS.items()}
        best = max(read, key=read.get)
        share = max(read[best], share_read(damaged, labels))
        table[name] = {"filter": share, "best_filter": best}
    return table


def share_read(images, labels):
    """The share of the digits that the judge reads rightly."""
    judge = load_checkpoint("digit_judge").networks["judge"]
    answers = run_network(judge, images=np.asarray(images, np.float32))
    return float(np.mean(answers.argmax(axis=1) == labels))


def correction_table(guard, digits, kinds, filters):
    """What the judge reads before and after correction, by kind of damage.

    Parameters
    ----------
    guard : StyleGuard
    digits, kinds
        As for :func:`best_filters`.
    filters : dict of str to dict
        From :func:`best_filters`, to compare with.

    Returns
    -------
    dict of str to dict of str to float
        As in the card of ``digit_correction``; rows ``clean``, the kinds, and ``mean``.
    """
    images, labels = digits
    table = {"clean": _row(guard, images, images, labels)}
    for name, kind in kinds.items():
        row = _row(guard, kind(images, rng=0).images, images, labels)
        table[name] = row | {key: filters[name][key] for key in ("filter", "best_filter")}
        print(name, {key: row[key] for key in ("before", "after")}, flush=True)
    table["mean"] = _means([table[name] for name in kinds], table["clean"])
    return table


def _held_out(segmenters, shown):
    """The same table, each family corrected by a guard whose segmenter did not see its group."""
    table = {}
    for group, segmenter in segmenters.items():
        guard = guard_of_digits(segmenter, "mnist")
        part = correction_table(guard, some_digits("mnist"), families_of(group), shown)
        part[f"{group}: mean"] = part.pop("mean")
        part[f"{group}: clean"] = part.pop("clean")
        table |= part
    rows = [row for name, row in table.items() if name in benchmark_anomalies()]
    return {**table, "mean": _means(rows, shown["clean"])}


def _means(rows, clean):
    """Means over the families, and what was recovered of what the damage cost."""
    mean = {
        key: float(np.mean([row[key] for row in rows])) for key in ("before", "after", "filter")
    }
    cost = clean["before"] - mean["before"]
    mean["recovered"] = (mean["after"] - mean["before"]) / cost
    mean["recovered_by_filters"] = (mean["filter"] - mean["before"]) / cost
    return mean


def _row(guard, images, truth, labels):
    report = guard.run(images)
    row = {
        "before": share_read(images, labels),
        "after": share_read(report.images, labels),
        "accepted": float(report.accepted.mean()),
        "still_flagged": float(report.flagged.mean()),
    }
    if images is not truth:
        row |= {"psnr_before": _psnr(images, truth), "psnr_after": _psnr(report.images, truth)}
    return row


def _psnr(images, truth):
    return float(-10 * np.log10(np.mean((images - truth) ** 2)))


def _centred(images):
    moved = np.empty_like(images)
    for k, image in enumerate(images):
        down, right = np.rint(13.5 - np.array(ndimage.center_of_mass(image[..., 0] + 1e-9)))
        moved[k] = np.roll(image, (int(down), int(right)), axis=(0, 1))
    return moved
