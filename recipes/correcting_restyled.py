"""How well restyled digits and repainted photos are corrected by their guards."""

import time

from styleguard_edu.anomalies import benchmark_anomalies, photo_anomalies
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.gallery import measured_photos
from styleguard_edu.guard import load_guard
from styleguard_edu.metrics import psnr, ssim
from styleguard_edu.models import load_painter
from styleguard_edu.networks import run_network

import numpy as np
from skimage.restoration import inpaint_biharmonic

from ._cards import save_with_card
from ._detection_tables import mean_row
from .correcting import reference_guard, some_digits
from .detecting import SOURCES
from .detecting_restyled import MAKERS, random_codes, restyle_codes
from .restyling import true_renderings

FAILURES = 10_000  # test digits that each network restyles, at most
FEW = 400  # test digits a kind of made damage


def measure_restyled_correction():
    """Correct what the networks of lesson 03 failed at, and made damage on their final work.

    The true renderings and the two judges only measure.
    """
    started, metrics = time.perf_counter(), {}
    makers = load_checkpoint("style_digits").networks
    for source in SOURCES:
        guard = reference_guard("restyled_digits", source)
        plain, labels = some_digits(source, FAILURES)
        codes = random_codes(len(plain), np.random.default_rng(0))
        metrics[source] = {
            maker: corrected_failures(
                guard, restyle_codes(makers[maker], plain, codes), plain, labels, codes
            )
            for maker in MAKERS
        }
        metrics[source]["damaged"] = _damaged(guard, makers["generator"], plain, labels, codes)
        print(source, metrics[source], flush=True)
    save_with_card(
        "restyled_correction",
        data=f"up to {FAILURES:,} test digits of each source, restyled by the networks of "
        "style_digits",
        settings={"failures": FAILURES, "damaged": FEW},
        seconds=time.perf_counter() - started,
        metrics=metrics,
        notes="before and after the guard. ssim: to the true rendering, of all digits and of the "
        "tenth that is furthest from it (redrawn_worst_ssim: if every image is wholly drawn again, "
        "flagged or not); digit, style: shares that the judges read and name. "
        f"damaged: {FEW} digits of the final network for each kind of damage at severity 3; means "
        "over the kinds",
    )


def corrected_failures(guard, restyled, plain, labels, codes):
    """What the guard makes of restyled digits, measured with the truth that it never sees.

    Parameters
    ----------
    guard : StyleGuard
    restyled : ndarray of float32, ``(n, 28, 28, 3)`` in [0, 1]
    plain : ndarray of float32, ``(n, 28, 28, 1)`` in [0, 1]
        What they were made from.
    labels : ndarray of int, ``(n,)``
        The digits.
    codes : ndarray of int, ``(n,)``
        The styles asked for, from 1.

    Returns
    -------
    dict of str to float or list of float
        ``flagged``, ``accepted``: shares; and, as pairs before and after, ``ssim``,
        ``worst_ssim`` (of the tenth that was furthest from the truth), ``digit``, ``style``;
        ``redrawn_worst_ssim``: of the same tenth, if the corrector draws all of each image again.
    """
    truth, report = true_renderings(plain, codes), guard.run(restyled, content=plain)
    (corrector,) = guard.correctors.values()
    ways = restyled, report.images, corrector.restyle(restyled, plain)
    likeness = np.stack([ssim(images, truth) for images in ways])
    worst = likeness[0] <= np.quantile(likeness[0], 0.1)
    read = [_read(images, labels, codes) for images in (restyled, report.images)]
    return {
        "flagged": float(np.mean(report.outcomes != "passed")),
        "accepted": float(report.accepted.mean()),
        "ssim": likeness[:2].mean(axis=1).tolist(),
        "worst_ssim": likeness[:2, worst].mean(axis=1).tolist(),
        "redrawn_worst_ssim": float(likeness[2, worst].mean()),
        **{name: [one[name] for one in read] for name in ("digit", "style")},
    }


def measure_photo_correction():
    """Repair repainted test photos with local damage, and compare with inpainting.

    Both are given the same predicted masks. A picture in which nothing is marked is left out.
    """
    started = time.perf_counter()
    guard, painter = load_guard("photos"), load_painter("paintings")
    photos, metrics = measured_photos(), {}
    for number, (name, kind) in enumerate(photo_anomalies(1).items()):
        rows = []
        for k, photo in enumerate(photos.values()):
            style = painter.names[(number + 2 * k) % len(painter.names)]
            picture = painter.transfer(photo, style, seed=k)[np.newaxis]
            rows += corrected_photo(guard, picture, photo[np.newaxis], kind, seed=number)
        metrics[name] = {"marked": len(rows), **(mean_row(rows) if rows else {})}
        print(name, metrics[name], flush=True)
    metrics["mean"] = mean_row([row for row in metrics.values() if row["marked"]])
    save_with_card(
        "photo_correction",
        data=f"photos {', '.join(photos)} at 384x256, restyled by paintings, damaged in places",
        settings={"pictures": len(photos)},
        seconds=time.perf_counter() - started,
        metrics=metrics,
        notes="PSNR in dB to the clean picture: damaged; restoration, biharmonic: everything that "
        "the guard marked replaced by its network, and by biharmonic inpainting; guard: as its "
        "rule of acceptance leaves it. marked: of the pictures, those in which anything was",
    )


def corrected_photo(guard, picture, photo, kind, *, seed):
    """PSNR of one picture damaged, restored, inpainted and guarded.

    Parameters
    ----------
    guard : StyleGuard
        Of photos.
    picture, photo : ndarray of float32, ``(1, height, width, 3)`` in [0, 1]
        A repainted photo, and the photo.
    kind : Anomaly
    seed : int
        Of the damage.

    Returns
    -------
    list of dict of str to float
        One, or none if nothing was marked.
    """
    broken = kind(picture, rng=seed, content=photo).images
    masks = guard.detector.detect(broken, content=photo).masks
    if not masks.any():
        return []
    (corrector,) = guard.correctors.values()
    ways = {
        "damaged": broken,
        "restoration": corrector.correct(broken, masks, content=photo),
        "biharmonic": _inpainted(broken, masks),
        "guard": guard.run(broken, content=photo).images,
    }
    return [{name: float(psnr(images, picture)[0]) for name, images in ways.items()}]


def _inpainted(pictures, masks):
    """Biharmonic inpainting, islands of marked pixels one by one: much faster, and the same."""
    inpainted = [
        inpaint_biharmonic(picture, mask, split_into_regions=True, channel_axis=-1)
        for picture, mask in zip(pictures, masks, strict=True)
    ]
    return np.clip(inpainted, 0, 1).astype(np.float32)


def _damaged(guard, generator, plain, labels, codes):
    """Means over the kinds of made damage, before and after correction."""
    plain, labels, codes = (part[:FEW] for part in (plain, labels, codes))
    restyled, rows = restyle_codes(generator, plain, codes), []
    for kind in benchmark_anomalies(colour=True).values():
        damaged = kind(restyled, rng=0, content=plain).images
        report = guard.run(damaged, content=plain)
        rows.append(
            [
                [psnr(images, restyled).mean(), *_read(images, labels, codes).values()]
                for images in (damaged, report.images)
            ]
        )
    means = np.mean(rows, axis=0).T.tolist()
    table = dict(zip(("psnr", "digit", "style"), means, strict=True))
    return {**table, "undamaged": _read(restyled, labels, codes)}


def _read(images, labels, codes):
    """Shares of the images whose digit, and whose style, the judges recognise."""
    judges, right = load_checkpoint("style_judges").networks, (labels, codes)
    return {
        name: float(np.mean(run_network(judges[name], images=images).argmax(axis=1) == wanted))
        for name, wanted in zip(("digit", "style"), right, strict=True)
    }
