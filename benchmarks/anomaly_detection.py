"""Which detector notices damaged digits? Every one of ours, and PyOD's best on pixels.

    pip install -e .[benchmark]
    python -m benchmarks.anomaly_detection

fits or loads each detector, calibrates it on MNIST's calibration split for 5 % false alarms, and
asks it about MNIST test digits, clean and damaged at severity 3. For each it prints the area under
the ROC curve, mean and worst family; the share of damaged digits flagged at the calibrated
threshold, with the realised rate of false alarms; and images a second in batches of 256. Then the
same by family for the guard's own detector, and how sharply it points at local damage. Without
PyOD its rows are left out. PyOD is asked about 500 digits a family, single parts about 2,000, the
fused detectors about all of them. About 15 minutes on two cores; ``--digits`` takes fewer.

- *ECOD, LOF, KNN, PCA*: PyOD, on the pixels of 5,000 training digits.
- *discriminator, reconstruction, patches, position, segmentation*: the parts of
  ``load_guard("digits")``.
- *parts without damage*: these parts fused, without the segmenter, which was trained on damage.
- *guard*: ``load_guard("digits").detector``.
"""

import argparse
import time
from importlib.util import find_spec

from styleguard_edu import load_digits, load_guard
from styleguard_edu.anomalies import benchmark_anomalies, local_benchmark_anomalies
from styleguard_edu.detectors import AnomalyDetector, FusedDetector
from styleguard_edu.metrics import pixel_roc_auc, roc_auc
from styleguard_edu.thresholds import false_alarm_interval, threshold_for_rate

import numpy as np

FITTED, RATE, BATCH, SEED = 5_000, 0.05, 256, 0
FUSED = ("parts without damage", "guard")


class PixelDetector(AnomalyDetector):
    """A PyOD model on flattened pixels; it has no map worth the name."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def _fit(self, images, content):
        self.model.fit(images.reshape(len(images), -1))

    def _score_batch(self, images, content, maps):
        return self.model.decision_function(images.reshape(len(images), -1)), None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digits", type=int, default=10_000, help="test digits a family")
    count = parser.parse_args().digits
    digits = load_digits("mnist")
    clean = digits.test.images[:count]
    damaged = {name: kind(clean, rng=SEED).images for name, kind in benchmark_anomalies().items()}
    detectors = all_detectors(digits)
    print(f"\n{'':28s}{'AUROC':>7s}{'worst':>7s}{'found':>7s}{'false':>7s}{'images/s':>10s}")
    for name, detector in detectors.items():
        table, rate, speed = ask(detector, digits, clean, damaged, few(name))
        areas, found = np.array(list(table.values())).T
        print(
            f"{name:28s}{areas.mean():7.3f}{areas.min():7.3f}{found.mean():7.3f}{rate:7.3f}"
            f"{speed:10,.0f}",
            flush=True,
        )
    low, high = false_alarm_interval(RATE, len(digits.calibration.images) // 2, count)
    print(f"\nThe guard by family; 95 % of realised rates lie in [{low:.4f}, {high:.4f}].")
    for name, (area, share) in table.items():
        print(f"{name:18s} AUROC {area:.3f}   found {share:.3f}")
    print("\nPixel AUROC on local damage")
    local = {
        name: kind(clean[:2_000], rng=SEED) for name, kind in local_benchmark_anomalies().items()
    }
    areas = {
        name: pixel_roc_auc(detector.anomaly_map(part.images), part.masks)
        for name, part in local.items()
    }
    print(" ".join(f"{name} {area:.3f}" for name, area in areas.items()))
    print(f"mean {np.mean(list(areas.values())):.3f}")


def all_detectors(digits):
    """Detectors by name, fitted; the guard's last."""
    detectors = {}
    if find_spec("pyod"):
        from pyod.models.ecod import ECOD
        from pyod.models.knn import KNN
        from pyod.models.lof import LOF
        from pyod.models.pca import PCA

        for model in (ECOD, LOF, KNN, PCA):
            detector = PixelDetector(model())
            detectors[f"PyOD {model.__name__}"] = detector.fit(digits.train.images[:FITTED])
    guard = load_guard("digits", source="mnist").detector
    detectors |= guard.parts
    untrained = {name: part for name, part in guard.parts.items() if name != "segmentation"}
    without = FusedDetector(untrained, one_sided=["position"])
    return detectors | dict(zip(FUSED, (without, guard), strict=True))


def few(name):
    """How many digits a family a detector is asked about: fewer if it is slow."""
    if name.startswith("PyOD"):
        return 500
    return None if name in FUSED else 2_000


def ask(detector, digits, clean, damaged, count):
    """AUROC and share found by family, the realised false-alarm rate, and images a second."""
    calibration = digits.calibration.images
    if isinstance(detector, FusedDetector):
        threshold = detector.calibrate(calibration).threshold_
    else:
        threshold = threshold_for_rate(detector.anomaly_score(calibration[:count]), RATE)
    scores = detector.anomaly_score(clean[:count])
    table = {}
    for name, images in damaged.items():
        found = detector.anomaly_score(images[:count])
        table[name] = roc_auc(scores, found), float(np.mean(found > threshold))
    started = time.perf_counter()
    for _ in range(4):
        detector.anomaly_score(clean[:BATCH])
    speed = 4 * BATCH / (time.perf_counter() - started)
    return table, float(np.mean(scores > threshold)), speed


if __name__ == "__main__":
    main()
