"""What networks, detectors and guards answer on fixed inputs does not change unnoticed.

The answers are kept as summaries in ``frozen_answers.json``: no image is stored. After a change
that is meant to alter them, ``python tests/test_frozen_answers.py`` writes them anew; those of
MNIST only where MNIST is at hand.
"""

import json
import sys
import warnings
from pathlib import Path

from styleguard_edu import load_checkpoint, load_digits, load_guard
from styleguard_edu.anomalies import ANOMALIES
from styleguard_edu.datasets import mnist_path
from styleguard_edu.gallery import load_paintings, load_photos
from styleguard_edu.models import GAN, PaintingStyle, StyleTransfer
from styleguard_edu.pictures import fit_short_side

import numpy as np
import pytest

FILE = Path(__file__).with_name("frozen_answers.json")
SHOWN = [
    ANOMALIES[name]()
    for name in (
        *("noise", "salt_and_pepper", "blur", "shift"),
        *("rotation", "occlusion", "stripe", "edges"),
    )
]
SHOWN_IN_PHOTOS = [
    ANOMALIES["noise"](std=0.2, local=True),
    ANOMALIES["blur"](sigma=3.5, local=True),
    ANOMALIES["checkerboard"](amplitude=0.22, local=True),
    ANOMALIES["pixelation"](block=8, local=True),
    ANOMALIES["motion_blur"](pixels=17, local=True),
    ANOMALIES["ghost"](opacity=0.5, local=True),
    ANOMALIES["brightness"](amount=0.6, local=True),
    ANOMALIES["colour_cast"](amount=0.3, local=True),
]
TOLERANCE = 2e-3  # relative: other processors, and other numbers of threads, round otherwise


def summary(values):
    """A few numbers that tell an array from others: one for each of its first rows, and means."""
    values = np.asarray(values, np.float64)
    rows = values.reshape(len(values), -1)
    return [round(float(x), 6) for x in (values.mean(), values.std(), *rows.mean(axis=1)[:24])]


def damaged(images, content=None, kinds=SHOWN):
    """One image in nine clean, the others damaged in ways of their own."""
    parts = [images[::9]]
    for k, kind in enumerate(kinds, start=1):
        beside = None if content is None else content[k::9]
        parts.append(kind(images[k::9], rng=k, content=beside).images)
    return np.concatenate(parts)


def in_order(content):
    """The content of :func:`damaged` images, in their order."""
    return np.concatenate([content[k::9] for k in range(9)])


def guarded(guard, images, content=None):
    """What a guard and its detector say of images."""
    found = guard.detector.detect(images, content=content)
    report = guard.run(images, content=content)
    return {
        "scores": summary(found.scores),
        "p_values": summary(found.p_values),
        "maps": summary(found.maps),
        "masks": summary(found.masks),
        "flagged": found.flagged.tolist(),
        "corrected": summary(report.images),
        "accepted": report.accepted.tolist(),
        "flagged_in_the_end": report.flagged.tolist(),
        "final_p_values": summary(report.p_values),
    }


def shipped_guard(domain, source=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # other digits than in use
        return load_guard(domain, source=source)


def answers_of_digits(source):
    digits = load_digits(source, verbose=False)
    return guarded(shipped_guard("digits", source), damaged(digits.test.images[:72]))


def answers_of_restyled_digits(source):
    plain = load_digits(source, verbose=False).test.images[:36]
    trained = load_checkpoint("style_digits").networks
    transfer = StyleTransfer(trained["generator"], trained["discriminator"])
    styles = transfer.styles
    restyled = np.concatenate(
        [transfer.transfer(image[None], styles[k % len(styles)]) for k, image in enumerate(plain)]
    )
    answers = guarded(
        shipped_guard("restyled_digits", source), damaged(restyled, plain), in_order(plain)
    )
    return {"restyled": summary(restyled), **answers}


def answers_of_photos():
    photos = [fit_short_side(photo, 160)[:128, :160] for photo in load_photos().values()][:3]
    painter = PaintingStyle(load_paintings(), **load_checkpoint("paintings").networks)
    names = painter.names
    content = np.stack((photos * 3)[:9])
    painted = np.stack(
        [painter.transfer(photo, names[k % len(names)]) for k, photo in enumerate(content)]
    )
    answers = guarded(
        shipped_guard("photos"), damaged(painted, content, SHOWN_IN_PHOTOS), in_order(content)
    )
    return {"painted": summary(painted), **answers}


def answers_of_generators():
    answers = {}
    for name in ("digit_gan", "digit_gan_early", "digit_gan_bundled"):
        networks = load_checkpoint(name).networks
        critic = networks.get("discriminator") or networks.get("critic")
        critic = critic or load_checkpoint("digit_gan").networks["discriminator"]
        drawn = GAN(networks["generator"], critic).sample(16, seed=0)
        answers[name] = summary(drawn)
        answers[f"{name}, judged"] = summary(critic.predict(drawn, verbose=0))
    return answers


ANSWERS = {
    "digits, bundled": lambda: answers_of_digits("bundled"),
    "digits, mnist": lambda: answers_of_digits("mnist"),
    "restyled digits, bundled": lambda: answers_of_restyled_digits("bundled"),
    "restyled digits, mnist": lambda: answers_of_restyled_digits("mnist"),
    "photos": answers_of_photos,
    "generators": answers_of_generators,
}


def close(now, then):
    """Whether numbers agree but for rounding; truth values must agree wholly."""
    if isinstance(then[0], bool):
        return now == then
    scale = np.maximum(np.abs(then), np.abs(then[0]) + then[1])
    return len(now) == len(then) and bool(
        (np.abs(np.subtract(now, then)) <= TOLERANCE * scale).all()
    )


@pytest.mark.parametrize("subject", ANSWERS)
def test_answers_are_as_they_were(subject):
    if "mnist" in subject and not mnist_path().is_file():
        pytest.skip("MNIST is not at hand")
    then, now = json.loads(FILE.read_text(encoding="utf-8"))[subject], ANSWERS[subject]()
    assert {key for key in then if not close(now[key], then[key])} == set()
    assert set(now) == set(then)


def test_an_answer_that_differs_is_noticed():
    assert close([0.5, 0.1, 0.4], [0.5, 0.1, 0.4])
    assert not close([0.5, 0.1, 0.42], [0.5, 0.1, 0.4])
    assert not close([True, False], [True, True])


if __name__ == "__main__":
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    for subject in sys.argv[1:] or ANSWERS:
        if "mnist" not in subject or mnist_path().is_file():
            kept[subject] = ANSWERS[subject]()
    FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
