"""Run the recipe named on the command line, all of them, or list them."""

import argparse
import inspect
import json

from styleguard_edu.checkpoints import load_result, verified_card

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

RECIPES = {  # name -> what runs it, and the recipes whose results it uses; these come before it
    "digit_judge": (digits.train_digit_judge,),
    "digit_gan": (digits.train_digit_gan, "digit_judge"),
    "digit_gan_bundled": (digits.train_digit_gan_bundled, "digit_judge"),
    "digit_gan_early": (refining.train_digit_gan_early, "digit_judge", "digit_gan"),
    "style_judges": (restyling.train_style_judges,),
    "style_digits": (restyling.train_style_digits, "style_judges"),
    "style_digits_other": (restyling.train_style_digits_other, "style_judges"),
    "style_digits_ablations": (restyling.train_style_digits_ablations, "style_judges"),
    "paintings": (painting.train_paintings,),
    "paintings_other": (painting.train_paintings_other,),
    "paintings_ablations": (painting.train_paintings_ablations,),
    "digit_detector": (detecting.train_digit_detector, "digit_gan"),
    "digit_detector_held_out": (detecting.train_digit_detector_held_out, "digit_detector"),
    "digit_correction": (correcting.measure_digit_correction, "digit_judge", "digit_detector"),
    "digit_guard_seeds": (correcting.measure_digit_guard_seeds, "digit_judge", "digit_detector"),
    "digit_gan_taught": (improving.train_digit_gan_taught, "digit_gan_early", "digit_detector"),
    "restyled_digit_detector": (
        detecting_restyled.train_restyled_digit_detector,
        "style_digits",
        "style_digits_other",
    ),
    "restyled_digit_detector_held_out": (
        detecting_restyled.train_restyled_digit_detector_held_out,
        "style_digits_other",
    ),
    "photo_detector": (detecting_photos.train_photo_detector, "paintings", "paintings_other"),
    "restyled_correction": (
        correcting_restyled.measure_restyled_correction,
        "style_judges",
        "restyled_digit_detector",
    ),
    "photo_correction": (correcting_restyled.measure_photo_correction, "photo_detector"),
}


def main(arguments=None):
    """Run the recipe named on the command line, all of them, or list them."""
    parser = argparse.ArgumentParser(prog="python -m recipes", description=about.splitlines()[0])
    parser.add_argument("name", choices=["all", *RECIPES], nargs="?", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="the names, and what each is made from")
    options = parser.parse_args(arguments)
    if options.name == "all":
        run_all()
    elif options.name:
        RECIPES[options.name][0]()
    elif options.list:
        for name, (_, *needs) in RECIPES.items():
            print(f"{name:33s} {'done' if is_done(name) else '-':5s} {', '.join(needs)}".rstrip())
    else:
        parser.error(f"NAME must be all or one of {', '.join(RECIPES)}")


def run_all():
    """Run every recipe that is not done, and those that use what it makes, one after another.

    After an interruption the same command goes on: with the next recipe, and in the midst of a
    long training.
    """
    made = set()
    for name, (function, *needs) in RECIPES.items():
        if is_done(name) and made.isdisjoint(needs):
            print(f"{name}: done already")
        else:
            print(f"{name}: begins", flush=True)
            function()
            made.add(name)


def is_done(name):
    """Whether what a recipe makes is there, made with the settings that it has today."""
    try:
        card = verified_card(name)
    except (ValueError, FileNotFoundError):
        try:
            card = load_result(name).card
        except (ValueError, FileNotFoundError):
            return False
    today = inspect.signature(RECIPES[name][0]).parameters.items()
    settings = {key: json.loads(json.dumps(parameter.default)) for key, parameter in today}
    return all(card["settings"].get(key) == value for key, value in settings.items())


if __name__ == "__main__":
    main()
