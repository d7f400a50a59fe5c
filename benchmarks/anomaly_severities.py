"""How gross are the anomalies? A classifier and a simple detector look at each family.

    python -m benchmarks.anomaly_severities

damages MNIST test digits with every kind at severity 3 (``benchmark_anomalies``) and
prints, with the means over the families:

- *accuracy*: of ``digit_judge`` on 2,000 damaged digits; on clean ones it is in the first line.
- *LOF*: area under the ROC curve with which scikit-learn's local outlier factor, fitted on the
  pixels of 5,000 clean training digits, tells 1,000 damaged test digits from 1,000 clean ones.
- *digits / s*: through the kind alone, 1,000 at a time, in seconds of processor time, best of
  three.

The severities were set by this table, before any detector was trained, so that doing nothing leaves
the judge at a mean of 0.85 to 0.90 and LOF reaches a mean of 0.78 to 0.88. ``--severity`` shows
another one, ``--all`` all five, ``--local`` the local variants. A table takes about a minute.
"""

import argparse
import time

from styleguard_edu import load_checkpoint, load_digits
from styleguard_edu.anomalies import benchmark_anomalies, local_benchmark_anomalies

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor

JUDGED, COMPARED, FITTED = 2000, 1000, 5000
SEED = 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--severity", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="all five severities")
    parser.add_argument("--local", action="store_true", help="damage only part of each digit")
    parser.add_argument("--only", nargs="+", help="some families, by name")
    options = parser.parse_args()
    digits = load_digits("mnist")
    judge = load_checkpoint("digit_judge").networks["judge"]
    lof = LocalOutlierFactor(novelty=True).fit(digits.train.images[:FITTED].reshape(FITTED, -1))
    print(
        f"accuracy on clean digits: {accuracy(judge, digits.test.images, digits.test.labels):.3f}"
    )
    for severity in range(1, 6) if options.all else [options.severity]:
        print_table(chosen(severity, options), digits.test, judge, lof)


def chosen(severity, options):
    """The families asked for, at a severity."""
    kinds = local_benchmark_anomalies() if options.local else benchmark_anomalies()
    return {
        name: type(kind)(severity=severity, local=kind.local)
        for name, kind in kinds.items()
        if not options.only or name in options.only
    }


def print_table(kinds, test, judge, lof):
    clean = test.images[-COMPARED:]  # not those that are damaged
    clean_scores = lof.score_samples(clean.reshape(COMPARED, -1))
    heads = f"{'accuracy':>9s}{'LOF':>7s}{'digits / s':>12s}"
    print(f"\n{'family':18s}{'group':12s}{'parameter':18s}{heads}")
    accuracies, areas = [], []
    for name, kind in kinds.items():
        damaged = kind(test.images[:JUDGED], rng=SEED).images
        accuracies.append(accuracy(judge, damaged, test.labels))
        scores = lof.score_samples(damaged[:COMPARED].reshape(COMPARED, -1))
        areas.append(roc_auc_score([0] * COMPARED + [1] * COMPARED, -np.r_[clean_scores, scores]))
        parameter = f"{kind.parameter} {kind.value:g}"
        print(
            f"{name:18s}{kind.group:12s}{parameter:18s}{accuracies[-1]:9.3f}{areas[-1]:7.3f}"
            f"{speed(kind, test.images[:COMPARED]):12,.0f}",
            flush=True,
        )
    print(
        f"{'mean':48s}{np.mean(accuracies):9.3f}{np.mean(areas):7.3f}\n"
        f"{'least':48s}{min(accuracies):9.3f}{min(areas):7.3f}"
    )


def accuracy(judge, images, labels):
    answers = judge.predict(images[:JUDGED], batch_size=500, verbose=0).argmax(axis=1)
    return float((answers == labels[:JUDGED]).mean())


def speed(kind, images):
    """Images a second of processor time."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        kind(images, rng=SEED)
        seconds.append(time.process_time() - start)
    return len(images) / min(seconds)


if __name__ == "__main__":
    main()
