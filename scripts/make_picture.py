"""Draw the picture at the top of the README: ten digits on their way through the guard.

    python scripts/make_picture.py

writes ``docs/guard.png``. Everything on it is the course's own: bundled digits, restyled by the
network of lesson 03, damaged by ``styleguard_edu.anomalies``, judged and corrected by the guard.
"""

from pathlib import Path

from styleguard_edu import StyleTransfer, load_checkpoint, load_digits, load_guard
from styleguard_edu.anomalies import ANOMALIES
from styleguard_edu.plotting import overlay_heatmaps

import matplotlib.pyplot as plt
import numpy as np

FILE = Path(__file__).resolve().parents[1] / "docs" / "guard.png"
KINDS = (
    *("occlusion", "scratch", "noise", "block_loss", "zigzag"),
    *("salt_and_pepper", "stripe", "blur", "spatter", "style_leak"),
)
ROWS = ("restyled by a GAN", "damaged", "what looks wrong", "corrected")
EXAMPLES = (1, 1, 1, 1, 1, 1, 1, 1, 1, 3)  # which test digit of each label
INK, PAPER = "#1a1a1a", "#ffffff"


def ways_of_ten_digits():
    """The rows of the picture, each float32 ``(10, 28, 28, 3)`` in [0, 1]."""
    digits = load_digits("bundled", verbose=False).test
    plain = np.stack([digits.images[digits.labels == k][nth] for k, nth in enumerate(EXAMPLES)])
    networks = load_checkpoint("style_digits").networks
    transfer = StyleTransfer(networks["generator"], networks["discriminator"])
    names = [transfer.styles[k % len(transfer.styles)] for k in range(10)]
    restyled = np.concatenate(
        [transfer.transfer(image[None], name) for image, name in zip(plain, names, strict=True)]
    )
    damaged = np.concatenate(
        [
            ANOMALIES[kind](severity=4)(restyled[[k]], rng=k + 3, content=plain[[k]]).images
            for k, kind in enumerate(KINDS)
        ]
    )
    guard = load_guard("restyled_digits", source="bundled")
    seen = guard.detector.detect(damaged, content=plain)
    heated = overlay_heatmaps(damaged, np.maximum(seen.maps, 0), low=0, high=seen.maps.max())
    return restyled, damaged, heated, guard.run(damaged, content=plain).images


def main():
    """Draw the rows beside their names and write the file."""
    figure, axes = plt.subplots(4, 10, figsize=(11, 4.1), facecolor=PAPER)
    figure.subplots_adjust(
        left=0.152, right=0.995, top=0.985, bottom=0.015, wspace=0.06, hspace=0.06
    )
    for name, row, images in zip(ROWS, axes, ways_of_ten_digits(), strict=True):
        for ax, image in zip(row, images, strict=True):
            ax.imshow(image, vmin=0, vmax=1, interpolation="nearest")
            ax.axis("off")
        place = (-0.14, 0.5)
        row[0].text(
            *place,
            name,
            transform=row[0].transAxes,
            ha="right",
            va="center",
            color=INK,
            fontsize=12,
        )
    FILE.parent.mkdir(exist_ok=True)
    figure.savefig(FILE, dpi=110)
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
