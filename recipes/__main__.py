"""Run the recipe named on the command line."""

import argparse

from . import __doc__ as about
from . import (
    correcting,
    correcting_restyled,
    detecting,
    detecting_photos,
    detecting_restyled,
    digits,
    improving,
    painting,
    refining,
    restyling,
)

RECIPES = {
    "digit_judge": digits.train_digit_judge,
    "digit_gan": digits.train_digit_gan,
    "digit_gan_early": refining.train_digit_gan_early,
    "digit_gan_taught": improving.train_digit_gan_taught,
    "digit_gan_bundled": digits.train_digit_gan_bundled,
    "style_judges": restyling.train_style_judges,
    "style_digits": restyling.train_style_digits,
    "style_digits_other": restyling.train_style_digits_other,
    "style_digits_ablations": restyling.train_style_digits_ablations,
    "paintings": painting.train_paintings,
    "paintings_other": painting.train_paintings_other,
    "paintings_ablations": painting.train_paintings_ablations,
    "digit_detector": detecting.train_digit_detector,
    "digit_detector_held_out": detecting.train_digit_detector_held_out,
    "digit_correction": correcting.measure_digit_correction,
    "digit_guard_seeds": correcting.measure_digit_guard_seeds,
    "restyled_digit_detector": detecting_restyled.train_restyled_digit_detector,
    "restyled_digit_detector_held_out": detecting_restyled.train_restyled_digit_detector_held_out,
    "photo_detector": detecting_photos.train_photo_detector,
    "restyled_correction": correcting_restyled.measure_restyled_correction,
    "photo_correction": correcting_restyled.measure_photo_correction,
}


def main(arguments=None):
    """Run the recipe named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m recipes", description=about.splitlines()[0])
    parser.add_argument("name", choices=RECIPES, help="the checkpoint to train")
    RECIPES[parser.parse_args(arguments).name]()


if __name__ == "__main__":
    main()
