"""How well a detector finds made damage, in the tables of the cards of lesson 06."""

from styleguard_edu.anomalies import GROUPS, benchmark_anomalies, local_benchmark_anomalies
from styleguard_edu.metrics import average_precision, iou, pixel_roc_auc, roc_auc

import numpy as np


def measure_detection(detector, images, kinds, *, content=None, seed=0):
    """How well a calibrated detector tells damaged images from the same images clean.

    Parameters
    ----------
    detector : AnomalyDetector
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1]
        Clean ones, of the test split.
    kinds : dict of str to Anomaly
    content : ndarray of float, ``(n, height, width, channels)`` in [0, 1], optional
    seed : int
        Of the damage.

    Returns
    -------
    dict of str to dict of str to float
        For each kind ``auroc`` and ``tpr``, the share flagged. Under ``"clean"``: the
        ``false_alarm_rate`` realised.
    """
    clean = detector.anomaly_score(images, content=content)
    table = {"clean": {"false_alarm_rate": float(np.mean(clean > detector.threshold_))}}
    for name, kind in kinds.items():
        damaged = kind(images, rng=seed, content=content)
        scores = detector.anomaly_score(damaged.images, content=content)
        table[name] = {
            "auroc": roc_auc(clean, scores),
            "tpr": float(np.mean(scores > detector.threshold_)),
        }
    return table


def families_of(group, *, colour=False):
    """The kinds of ``benchmark_anomalies`` that belong to one of ``GROUPS``, by name."""
    names = GROUPS[group]
    return {
        name: kind for name, kind in benchmark_anomalies(colour=colour).items() if name in names
    }


def measure_localisation(detector, images, kinds, *, content=None, seed=0):
    """How well a detector's maps and masks agree with the true masks of local damage.

    Parameters are those of :func:`measure_detection`.

    Returns
    -------
    dict of str to dict of str to float
        For each kind ``pixel_auroc`` and ``average_precision`` of the maps, over all pixels, and
        ``iou`` of the masks, mean over the images.
    """
    table = {}
    for name, kind in kinds.items():
        damaged = kind(images, rng=seed, content=content)
        found, true = detector.detect(damaged.images, content=content), damaged.masks
        table[name] = {
            "pixel_auroc": pixel_roc_auc(found.maps, true),
            "average_precision": average_precision(found.maps[~true], found.maps[true]),
            "iou": float(iou(found.masks, true).mean()),
        }
    return table


def mean_row(rows):
    """The mean of each measure over rows with the same measures."""
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def detection_table(detector, images, kinds, content=None):
    """The table of a card: :func:`measure_detection`, its mean, and that of the localisation."""
    table = measure_detection(detector, images, kinds, content=content)
    rows = [row for name, row in table.items() if name != "clean"]
    table["mean"] = mean_row(rows)
    local = {name: kind for name, kind in local_benchmark_anomalies().items() if name in kinds}
    found = measure_localisation(detector, images, local, content=content)
    table["mean"] |= mean_row(list(found.values()))
    return table
