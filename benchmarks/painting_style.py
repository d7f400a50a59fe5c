"""What is one painting's style worth after a few minutes of training? Ours against baselines.

    python -m benchmarks.painting_style --more FOLDER

trains :class:`styleguard_edu.PaintingStyle` on each bundled painting, and on each picture in
FOLDER, from that one picture alone, and prints how the three test photos come out: texture distance
to the painting and structure score (also as ratio to histogram matching), halos, frame,
checkerboard, seconds a photo of 384x256, and the peak memory of the training. By default each
training gets 4.5 minutes of wall time, so leave the machine alone meanwhile; ``--steps`` asks for
the same work on every machine instead. Each row is computed in a process of its own and kept in
``build/benchmarks/painting_style.jsonl``; finished rows are not run again.

- *photo*: the photo as it is. *matched*: per-channel histogram matching.
- *plain*: the textbook generator (transposed convolutions, zero borders), no tone term.
- *ours*: ``PaintingStyle`` with its defaults.
- *reference*: the checkpoint ``paintings``, one network for all bundled paintings.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from recipes.painting import measure_repainting
from recipes.plain_painting import plain_painting_generator
from styleguard_edu import PaintingStyle, load_checkpoint, load_paintings, load_photos
from styleguard_edu.gallery import PHOTO_SPLITS, measured_photos
from styleguard_edu.pictures import load_picture, match_histogram

import numpy as np

RESULTS = Path("build", "benchmarks", "painting_style.jsonl")
METHODS = ("photo", "matched", "plain", "ours", "reference")
COLUMNS = ("texture", "structure", "halo", "frame", "checkerboard", "seconds", "steps", "gigabytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--more", type=Path, help="a folder of further paintings")
    parser.add_argument("--minutes", type=float, default=4.5, help="wall time of each training")
    parser.add_argument("--steps", type=int, help="training steps instead of minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", nargs="*", default=["mosaic"], help="paintings for plain")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "PAINTING"), help="print one row")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(row(*options.one, options)))
        return
    for painting in all_paintings(options.more):
        for method in METHODS:
            if wanted(method, painting, options):
                run_unless_done(method, painting, options)
    print_table()


def all_paintings(folder):
    """The bundled paintings by name, and those in a folder."""
    more = sorted(folder.glob("*.jpg")) if folder else []
    return load_paintings() | {path.stem: load_picture(path) for path in more}


def wanted(method, painting, options):
    if method == "plain":
        return painting in options.plain
    return method != "reference" or painting in load_paintings()


def run_unless_done(method, painting, options):
    """Compute one row in a process of its own, so that its memory is its own, and keep it."""
    budget = f"{options.steps} steps" if options.steps else f"{options.minutes} min"
    key = {"method": method, "painting": painting, "budget": budget, "seed": options.seed}
    if method in ("photo", "matched", "reference"):
        key["budget"] = key["seed"] = None
    if any(all(old[name] == key[name] for name in key) for old in finished()):
        return
    print(f"{painting}: {method} ...", flush=True)
    command = [sys.executable, __file__, *sys.argv[1:], "--one", method, painting]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result = key | json.loads(run.stdout.splitlines()[-1])
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


def row(method, name, options):
    """Train if the method needs it, repaint the test photos, and measure."""
    painting, photos = all_paintings(options.more)[name], measured_photos()
    style = None
    if method == "reference":
        networks = load_checkpoint("paintings").networks
        style = PaintingStyle(load_paintings(), generator=networks["generator"])
    elif method in ("plain", "ours"):
        generator = plain_painting_generator() if method == "plain" else None
        style = PaintingStyle(painting, generator=generator, seed=options.seed)
        if method == "plain":
            style.compile(tone_weight=0.0)
        budget = {"steps": options.steps} if options.steps else {"minutes": options.minutes}
        style.fit([load_photos()[photo] for photo in PHOTO_SPLITS["train"]], **budget)
    repaint = {
        "photo": lambda photo: photo,
        "matched": lambda photo: match_histogram(photo, painting),
    }.get(method, lambda photo: style.transfer(photo, None if method != "reference" else name))
    measures = measure_repainting(repaint, painting, photos)
    measures["seconds"] = seconds_a_photo(repaint, photos["chelsea"])
    measures["steps"] = int(style.steps) if style else 0
    measures["gigabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {key: round(value, 4) for key, value in measures.items()}


def seconds_a_photo(repaint, photo):
    """Median of ten, after two to warm up."""
    times = []
    for _ in range(12):
        start = time.perf_counter()
        repaint(photo)
        times.append(time.perf_counter() - start)
    return float(np.median(times[2:]))


def finished():
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def print_table():
    rows = finished()
    print(f"{'painting':20s}{'method':11s}{'budget':11s}" + "".join(f"{c:>13s}" for c in COLUMNS))
    for painting in dict.fromkeys(row["painting"] for row in rows):
        for old in (row for row in rows if row["painting"] == painting):
            numbers = "".join(f"{old[column]:13.3f}" for column in COLUMNS)
            print(f"{painting:20s}{old['method']:11s}{old['budget'] or '':11s}{numbers}")
    base = {row["painting"]: row["texture"] for row in rows if row["method"] == "matched"}
    for method in ("photo", "plain", "ours", "reference"):
        ratios = [row["texture"] / base[row["painting"]] for row in rows if row["method"] == method]
        if ratios:
            print(f"texture, {method} / matched: mean {np.mean(ratios):.2f} of {len(ratios)}")


if __name__ == "__main__":
    main()
