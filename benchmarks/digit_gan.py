"""Which digit GAN learns most in 100 seconds? Three networks, same loop, same budget.

    python -m benchmarks.digit_gan

trains each of them from each seed, one after the other, on MNIST's training split, and prints the
Fréchet distance of 10,000 samples to MNIST's test split (features of ``digit_judge``) and the
precision and recall of 10,000 against 10,000. Ours goes on to ten minutes from the first seed. The
budget is wall time, so leave the machine alone meanwhile. This takes about 35 minutes; finished
rows are kept in ``build/benchmarks/digit_gan.jsonl`` and not run again.

- *article*: the networks and the learning rate of the article that the course follows, with its
  losses corrected, batches of 64 and Adam's beta_1 = 0.5 (batches of 16 and 0.9 end worse).
- *tutorial*: those of TensorFlow's DCGAN tutorial.
- *ours*: the course's networks and :class:`styleguard_edu.GAN` with its defaults.
"""

import argparse
import json
from pathlib import Path

from recipes.digits import measure_generator
from styleguard_edu import GAN, load_checkpoint, load_digits
from styleguard_edu.backend import keras
from styleguard_edu.models import StopAfter, endless_batches
from styleguard_edu.networks import (
    article_discriminator,
    article_generator,
    digit_discriminator,
    digit_generator,
)

import numpy as np

RESULTS = Path("build", "benchmarks", "digit_gan.jsonl")
layers = keras.layers


def tutorial_generator():
    """The generator of TensorFlow's tutorial "Deep Convolutional GAN"."""
    return keras.Sequential(
        [
            keras.Input((100,)),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 5, strides=1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Conv2DTranspose(64, 5, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Conv2DTranspose(
                1, 5, strides=2, padding="same", use_bias=False, activation="tanh"
            ),
            layers.Rescaling(0.5, 0.5),
        ]
    )


def tutorial_discriminator():
    """The discriminator of the same tutorial."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(2.0, -1.0),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(0.3),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, strides=2, padding="same"),
            layers.LeakyReLU(0.3),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )


def make_article():
    gan = GAN(article_generator(), article_discriminator())
    adams = [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2)]
    gan.compile(*adams, **PLAIN)
    return gan, 64


def make_tutorial():
    gan = GAN(tutorial_generator(), tutorial_discriminator())
    gan.compile(keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4), **PLAIN)
    return gan, 256


def make_ours():
    gan = GAN(digit_generator(), digit_discriminator())
    gan.compile()
    return gan, 64


PLAIN = {"r1_weight": 0, "ema_decay": 0}
CONTENDERS = {"article": make_article, "tutorial": make_tutorial, "ours": make_ours}


def run(name, seed, budgets, digits, judge):
    """Train one contender and measure it at each budget (seconds); yields a row for each."""
    keras.utils.set_random_seed(seed)
    gan, batch_size = CONTENDERS[name]()
    spent = 0
    for budget in budgets:
        gan.fit(
            endless_batches(digits.train.images, batch_size, seed=seed, start=int(gan.steps)),
            steps_per_epoch=10**9,
            callbacks=[StopAfter(seconds=budget - spent)],
            verbose=0,
        )
        spent = budget
        measures = measure_generator(gan.ema_generator, judge, digits.test.images)
        weights = [gan.generator.count_params(), gan.discriminator.count_params()]
        yield {
            "name": name,
            "seed": seed,
            "seconds": budget,
            "steps": int(gan.steps),
            "weights": weights,
            **{key: round(value, 3) for key, value in measures.items()},
        }


def print_table(rows, floor):
    """Median over seeds, with the range of the Fréchet distance."""
    print(f"\n{'network':9s}{'weights G + D':>20s}{'seconds':>9s}{'steps':>7s}", end="")
    print(f"{'Fréchet distance':>24s}{'/ floor':>9s}{'precision':>11s}{'recall':>8s}")
    for name, seconds in sorted({(row["name"], row["seconds"]) for row in rows}):
        group = [row for row in rows if (row["name"], row["seconds"]) == (name, seconds)]
        distance = [row["frechet_distance"] for row in group]
        median = {
            key: np.median([row[key] for row in group]) for key in ("steps", "precision", "recall")
        }
        weights = " + ".join(f"{count:,d}" for count in group[0]["weights"])
        spread = f"{np.median(distance):.1f} ({min(distance):.1f} to {max(distance):.1f})"
        print(f"{name:9s}{weights:>20s}{seconds:9.0f}{median['steps']:7.0f}{spread:>24s}", end="")
        print(f"{np.median(distance) / floor['frechet_floor']:9.1f}", end="")
        print(f"{median['precision']:11.2f}{median['recall']:8.2f}")
    real = [floor[f"{key}_real_against_real"] for key in ("precision", "recall")]
    print(f"{'real':9s}{'':36s}{floor['frechet_floor']:24.1f}{1:9.1f}", end="")
    print(f"{real[0]:11.2f}{real[1]:8.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=100, help="budget of each (100)")
    parser.add_argument("--long", type=float, default=600, help="ours from seed 0 goes on (600)")
    parser.add_argument("--seeds", type=int, default=3, help="how many (3)")
    options = parser.parse_args()
    digits, judge = load_digits("mnist"), load_checkpoint("digit_judge")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    rows = [json.loads(line) for line in lines]
    for seed in range(options.seeds):
        for name in CONTENDERS:
            goes_on = name == "ours" and seed == 0
            budgets = [options.seconds, options.long] if goes_on else [options.seconds]
            done = {row["seconds"] for row in rows if (row["name"], row["seed"]) == (name, seed)}
            if done >= set(budgets):
                continue
            print(f"{name}, seed {seed}")
            for row in run(name, seed, budgets, digits, judge):
                rows.append(row)
                with RESULTS.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            keras.utils.clear_session()
    print_table(rows, judge.card["metrics"])


if __name__ == "__main__":
    main()
