"""How well a detector finds made damage, in the tables of the cards of lesson 06."""

from styleguard_edu.anomalies import GROUPS, benchmark_anomalies, local_benchmark_anomalies
from styleguard_edu.metrics import pixel_roc_auc, roc_auc

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
    """The :func:`styleguard_edu.anomalies.benchmark_anomalies` that belong to one of ``GROUPS``, by name."""
    names = GROUPS[group]
    return {
        name: kind for name, kind in benchmark_anomalies(colour=colour).items() if name in names
    }


def measure_localisation(detector, images, kinds, *, content=None, seed=0):
    """Pixel AUROC of a detector's maps against the true masks of local damage, by kind."""
    table = {}
    for name, kind in kinds.items():
        damaged = kind(images, rng=seed, content=content)
        maps = detector.anomaly_map(damaged.images, content=content)
        table[name] = pixel_roc_auc(maps, damaged.masks)
    return table


def detection_table(detector, images, kinds, content=None):
    """The table of a card: :func:`measure_detection`, its mean, and that of the localisation."""
    table = measure_detection(detector, images, kinds, content=content)
    rows = [row for name, row in table.items() if name != "clean"]
    table["mean"] = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    local = {name: kind for name, kind in local_benchmark_anomalies().items() if name in kinds}
    found = measure_localisation(detector, images, local, content=content)
    table["mean"]["pixel_auroc"] = float(np.mean(list(found.values())))
    return {name: {k: round(v, 4) for k, v in row.items()} for name, row in table.items()}
