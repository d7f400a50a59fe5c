"""The recipes of lesson 03: judges of restyled digits, and the GAN that restyles them."""

import time

from styleguard_edu.backend import keras
from styleguard_edu.checkpoints import load_checkpoint
from styleguard_edu.datasets import load_digits
from styleguard_edu.files import write_atomically
from styleguard_edu.images import to_uint8
from styleguard_edu.metrics import ssim
from styleguard_edu.models import StyleTransfer, unpaired_batches
from styleguard_edu.networks import digit_judge, style_discriminator, style_generator
from styleguard_edu.styles import STYLES, do_nothing, measure_restyling, render_style

import numpy as np

from ._cards import save_with_card
from ._detection_tables import mean_row
from ._snapshots import cosine_adam, snapshot_steps, state_folder, train_with_snapshots

CODES = len(STYLES) + 1
EARLY = (300, 1_000)  # steps of the snapshots that are kept as networks
WATCHED = 500  # calibration digits a style on which a training is watched


def train_style_judges(*, epochs=6, batch_size=128, learning_rate=1e-3, seed=0):
    """Train two judges on true renderings of MNIST's training split: one reads, one names styles.

    Both see every digit in a style drawn anew each epoch; plain counts as a style. They measure,
    and no method that restyles, detects or corrects may use them.

    Parameters
    ----------
    epochs, batch_size : int
    learning_rate : float
        Of Adam, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    settings = dict(locals())  # what it was called with
    digits = load_digits("mnist")
    keras.utils.set_random_seed(seed)
    judges = {
        "digit": digit_judge(channels=3, classes=10),
        "style": digit_judge(channels=3, classes=CODES),
    }
    steps = epochs * (len(digits.train.images) // batch_size)
    for judge in judges.values():
        judge.compile(
            cosine_adam(learning_rate, steps, beta_1=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
    started = time.perf_counter()
    for epoch in range(epochs):
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(digits.train.images))
        codes = rng.integers(CODES, size=len(order))
        painted = true_renderings(digits.train.images[order], codes)
        for name, answers in (("digit", digits.train.labels[order]), ("style", codes)):
            judges[name].fit(painted, answers, batch_size=batch_size, epochs=1, verbose=2)
    seconds = time.perf_counter() - started
    metrics = {
        name: _true_accuracy(judges, load_digits(name, verbose=False).test)
        for name in ("mnist", "bundled")
    }
    save_with_card(
        "style_judges",
        judges,
        data="true renderings of the MNIST train split (50,000 images)",
        settings=settings,
        seconds=seconds,
        metrics=metrics,
        notes="metrics: accuracy on true renderings of the test splits, mean over styles",
    )


def train_style_digits(*, steps=9_000, batch_size=16, learning_rate=1e-3, seed=0):
    """Train the reference network of lesson 03, and keep two early snapshots with it.

    Content: the first halves of MNIST's and of the bundled training split; style images are
    rendered from the second halves. The log keeps the SSIM to the truth at about 16 snapshots.

    Parameters
    ----------
    steps, batch_size : int
    learning_rate : float
        Of both Adams, at the start; it falls to 0 along half a cosine.
    seed : int
    """
    _train_and_save("style_digits", early=EARLY, **locals())


def train_style_digits_other(*, steps=18_000, batch_size=16, learning_rate=1e-3, seed=1):
    """Train the same network from another seed, twice as long, for guards; parameters as the first.

    A network that judges and corrects should make fewer mistakes. After a shorter training, the
    strokes of some styles lie a quarter of a pixel off the content, and D, which sees no pairs,
    takes them for right. Only the generator is kept: a guard needs no more.
    """
    _train_and_save("style_digits_other", generator_only=True, **locals())


def train_style_digits_ablations(*, steps=1_200, batch_size=16, learning_rate=1e-3, seed=0):
    """Train without the cycle, without the discriminator, and with both, for a short time.

    Kept are the measures, and pictures: the first 0 to 7 of the bundled test digits in ink, then
    in neon, uint8 ``(16, 28, 28, 3)`` for each of the three. Parameters are those of
    :func:`train_style_digits`.
    """
    settings = dict(locals())  # what it was called with
    weights = {
        "complete": {},
        "no_cycle": {"cycle_weight": 0.0},
        "no_discriminator": {"adversarial_weight": 0.0},
    }
    arrays, metrics, seconds = {}, {}, 0.0
    for name, terms in weights.items():
        model, log = _train(f"style_digits_ablations/{name}", [0, steps], terms, settings)
        arrays[name] = _pictures(model.transfer)
        metrics[name] = _measure_with_judges(model)
        seconds += log["seconds"][-1]
    what = "arrays: the first 0 to 7 of the bundled test digits in ink, then in neon,"
    _save("style_digits_ablations", {}, settings, seconds, metrics, arrays, what)


def _pictures(restyle):
    digits = load_digits("bundled", verbose=False).test
    first = [np.flatnonzero(digits.labels == digit)[0] for digit in range(8)]
    return to_uint8(
        np.concatenate([restyle(digits.images[first], style) for style in ("ink", "neon")])
    )


def _train_and_save(name, *, early=(), generator_only=False, **settings):
    stops = sorted({*snapshot_steps(settings["steps"], count=16), *early})
    model, log = _train(name, stops, {}, settings, early)
    networks, seconds = {"generator": model.ema_generator}, log["seconds"][-1]
    if generator_only:
        log = None
    else:
        networks["discriminator"] = model.discriminator
    for step in early:
        networks[f"snapshot_{step}"] = keras.saving.load_model(_early_file(name, settings, step))
    _save(name, networks, settings, seconds, _measure_with_judges(model), arrays=log)


def _train(name, stops, terms, settings, early=()):
    """Train to the last stop; ``terms`` are weights for ``StyleTransfer.compile``."""
    rate, seed = settings["learning_rate"], settings["seed"]
    keras.utils.set_random_seed(seed)
    model = StyleTransfer(style_generator(CODES), style_discriminator(CODES))
    optimizers = [cosine_adam(rate, settings["steps"]) for _ in range(2)]
    model.compile(*optimizers, **terms)
    content, drawn_from = _halves()
    watched = load_digits("mnist", verbose=False).calibration.images[:WATCHED]

    def look():
        if int(model.steps) in early:
            file = _early_file(name, settings, int(model.steps))
            write_atomically(file, model.ema_generator.save)
        return _snapshot(model, watched)

    log = train_with_snapshots(
        model,
        lambda start: unpaired_batches(
            content, drawn_from, settings["batch_size"], seed=seed, start=start
        ),
        look,
        stops,
        name=name,
        settings={**settings, **terms},
    )
    return model, log


def _snapshot(model, watched):
    """What the log keeps of one moment: SSIM by style, and eight digits in every style."""
    scores, samples = [], []
    for style in STYLES:
        restyled = model.transfer(watched, style)
        scores.append(ssim(restyled, render_style(watched, style)).mean())
        samples.append(to_uint8(restyled[:8]))
    print(" ".join(f"{style} {score:.2f}" for style, score in zip(STYLES, scores, strict=True)))
    return {"ssim": np.array(scores), "samples": np.stack(samples)}


def _save(name, networks, settings, seconds, metrics, arrays=None, what="generators:"):
    save_with_card(
        name,
        networks,
        data="content: first halves of the MNIST and bundled train splits (25,498 images); "
        "style images: true renderings of the second halves (25,499 images)",
        settings=settings,
        seconds=seconds,
        metrics=metrics,
        notes=f"{what} the EMA generator. Measured on the MNIST test split "
        "by style_judges: mean over styles, then each style.",
        arrays=arrays,
    )


def _measure_with_judges(model):
    judges = load_checkpoint("style_judges").networks
    table = measure_restyling(model.transfer, load_digits("mnist", verbose=False).test, judges)
    return {"mean": mean_row(list(table.values())), **table}


def _halves():
    """Content digits, and the digits from which style images are drawn; none in common."""
    splits = [load_digits(name, verbose=False).train.images for name in ("mnist", "bundled")]
    first = np.concatenate([images[: len(images) // 2] for images in splits])
    return first, np.concatenate([images[len(images) // 2 :] for images in splits])


def _early_file(name, settings, step):
    return state_folder(name, settings) / f"snapshot_{step}.keras"


def true_renderings(images, codes):
    """What a perfect generator would make: digits rendered in the style of each code.

    Parameters
    ----------
    images : ndarray of float, ``(n, 28, 28, 1)`` in [0, 1]
    codes : ndarray of int, ``(n,)``
        0 is plain, k the k-th style.

    Returns
    -------
    ndarray of float32, ``(n, 28, 28, 3)`` in [0, 1]
    """
    painted = do_nothing(images, "plain")
    for code in np.unique(codes[codes > 0]):
        painted[codes == code] = render_style(images[codes == code], STYLES[code - 1])
    return painted


def _true_accuracy(judges, split):
    """Accuracy of both judges on true renderings, mean over the styles."""
    mean = mean_row(list(measure_restyling(render_style, split, judges).values()))
    return {key: mean[key] for key in ("accuracy", "style")}
