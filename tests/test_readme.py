"""What the README says holds: its numbers stand on the cards, its paths and commands exist."""

import re
from pathlib import Path

from styleguard_edu.checkpoints import load_result, verified_card
from styleguard_edu.thresholds import false_alarm_interval

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def row(begins):
    """Return the numbers of the row of a table that begins with these words."""
    (line,) = (line for line in TEXT.splitlines() if line.startswith(f"| {begins}"))
    return [float(number) for number in re.findall(r"\d*\.\d+", line)]


def metrics(name):
    return verified_card(name)["metrics"]


def test_the_results_are_those_of_the_cards():
    judge, restyling = metrics("digit_judge"), metrics("style_digits")["mean"]
    found = metrics("digit_detector")["mnist"]
    corrected = load_result("digit_correction").card["metrics"]
    shown, not_shown = corrected["mnist"]["mean"], corrected["held_out"]["mean"]
    worst = min(measured["auroc"] for measured in found.values() if "auroc" in measured)
    percent = {
        "restyled digits": (restyling["accuracy"], restyling["true_accuracy"]),
        "damaged digits read": (shown["before"], shown["after"], shown["filter"]),
        "the same, kinds": (not_shown["before"], not_shown["after"], not_shown["filter"]),
    }
    for begins, shares in percent.items():
        assert row(begins) == pytest.approx([100 * share for share in shares], abs=0.051), begins
    by_chance = false_alarm_interval(0.05, 5_000, 2_000)[1]  # half of the calibration digits
    rates = found["clean"]["false_alarm_rate"], by_chance
    assert row("clean digits flagged") == pytest.approx([100 * rate for rate in rates], abs=0.051)
    distances = metrics("digit_gan")["frechet_distance"], judge["frechet_floor"]
    assert row("Fréchet distance") == pytest.approx(distances, abs=0.0051)
    assert row("damaged digits told") == pytest.approx([found["mean"]["auroc"], worst], abs=0.00051)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:\w+/)+[\w.]*)`", TEXT))))
def test_every_path_exists(path):
    places = (ROOT / path, ROOT / "styleguard_edu" / path)
    made = path.startswith("build/")  # by the commands that the sentence names
    assert made or any(place.exists() for place in places)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_every_link_leads_to_a_file_of_the_project(link):
    assert (ROOT / link).is_file()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z-]+)(?=[`\s])", TEXT))))
def test_every_make_command_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_lesson_is_on_the_map_and_no_other():
    lessons = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert re.findall(r"^\| (\d\d_\w+) \|", TEXT, re.MULTILINE) == lessons
