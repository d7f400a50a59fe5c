"""The course in one test: digits, damage, a threshold with a promise, corrections, a report."""

from styleguard_edu import (
    MedianCorrector,
    PositionDetector,
    SaltAndPepper,
    Shift,
    StyleGuard,
    load_checkpoint,
    load_digits,
    load_guard,
)
from styleguard_edu.metrics import psnr, roc_auc
from styleguard_edu.networks import run_network

import numpy as np


def test_a_detector_of_ones_own_becomes_a_guard():
    digits = load_digits("bundled", verbose=False)
    clean = digits.test.images
    shifted = Shift(pixels=5)(clean, rng=0).images

    detector = PositionDetector(false_alarm_rate=0.1).fit(digits.train.images)
    detector.calibrate(digits.calibration.images)
    assert roc_auc(detector.anomaly_score(clean), detector.anomaly_score(shifted)) > 0.99
    assert np.mean(detector.predict(clean) == -1) < 0.2 < np.mean(detector.predict(shifted) == -1)

    report = StyleGuard(detector, MedianCorrector()).run(shifted[:20])
    assert set(report.outcomes) <= {"passed", "corrected", "for review"}
    assert report.false_alarm_rate == 0.1
    np.testing.assert_array_equal(report.images[~report.accepted], shifted[:20][~report.accepted])


def test_the_shipped_guard_finds_corrects_and_reports(tmp_path):
    digits = load_digits("bundled", verbose=False).test
    clean, labels = digits.images[:100], digits.labels[:100]
    damaged = SaltAndPepper(severity=4)(clean, rng=0).images

    report = load_guard("digits", source=None).run(damaged)
    assert np.mean(report.outcomes != "passed") > 0.95
    assert np.mean(psnr(report.images, clean) > psnr(damaged, clean)) > 0.9

    judge = load_checkpoint("digit_judge").networks["judge"]
    before, after = (
        np.mean(run_network(judge, images=images).argmax(axis=1) == labels)
        for images in (damaged, report.images)
    )
    assert after > before + 0.1

    table = report.to_frame()
    assert table["image"].nunique() == 100 and set(table["outcome"]) == set(report.outcomes)
    page = report.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "100 images" in page and "100 images" in report.summary()
