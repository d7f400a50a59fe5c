"""Make ``data/paintings/NAME.jpg``: pictures whose style a small GAN can learn.

Every painting is drawn from nothing: a scene made of formulas and seeded noise, then a technique
that leaves its marks over the whole picture.

Run it from the project's folder: ``python scripts/make_paintings.py``.
"""

import argparse
from functools import partial
from pathlib import Path

from styleguard_edu.files import data_path, write_atomically

import numpy as np
from painting_scenes import alps, evening_sea, night_town, river_bank, sun_garden, two_fish
from painting_tools import (
    FINE,
    Canvas,
    at,
    colours,
    coordinates,
    edge,
    fill_to_tone,
    flow,
    ink,
    luma,
    noise,
    normals,
    over,
    pillow,
    relief,
    scatter,
    spindles,
    streamlines,
)
from PIL import Image
from scipy import ndimage, spatial
from skimage import color, segmentation

HEIGHT = 480  # px; every painting is half as wide again
QUALITY = 90  # of the JPEG file


def brush_strokes(height, rng):
    """Thick paint: curved strokes along the structure, large to small (Hertzmann 1998)."""
    scene, unit = evening_sea(height, rng), height / 480
    angle = flow(luma(scene), 7 * unit) + 0.15 * noise(rng, scene.shape[:2], 40 * unit)
    paint = Canvas(np.broadcast_to(colours("#5a3324"), scene.shape))
    surface = Canvas(np.zeros(scene.shape[:2]))
    for width, bristles in ((17, 7), (12, 8), (8, 6)):
        smooth = ndimage.gaussian_filter(scene, (width * unit / 3,) * 2 + (0,))
        middles = scatter(rng, angle.shape, 0.62 * width * unit)
        lines = streamlines(middles, angle, rng.uniform(3, 6, len(middles)) * width * unit, 12)
        across, tints = normals(lines), at(smooth, middles) + rng.normal(0, 0.06, (len(lines), 3))
        tints *= rng.normal(1.04, 0.14, (len(lines), 1))
        for line, side, tint in zip(lines, across, tints, strict=True):
            depth = rng.uniform(0.35, 1, bristles)
            for place, deep in zip(np.linspace(-0.5, 0.5, bristles), depth, strict=True):
                first, last = rng.integers(0, 3), len(line) - rng.integers(0, 4)
                hair = pillow((line + side * place * width * unit)[first:last])
                thick = round(FINE * unit * width / (bristles - 1) * 1.25)
                shade = tint * (0.72 + 0.42 * deep)
                paint.draw.line(hair, ink(shade), thick, joint="curve")
                body = deep * (1 - 1.6 * place**2) + 0.1
                surface.draw.line(hair, int(np.clip(body, 0, 1) * 255), thick, joint="curve")
    body = ndimage.gaussian_filter(surface.reduced(), 0.7 * unit)
    return relief(paint.reduced(), body, 5.0 * unit)


def stained_glass(height, rng):
    """Glass: Voronoi pieces cut along the scene's outlines, in lead, lit from behind."""
    fine, unit = 2 * height, height / 480
    scene, region = sun_garden(fine, rng)
    points = scatter(rng, region.shape, 50 * unit)
    grid = np.stack(np.mgrid[: region.shape[0], : region.shape[1]], axis=-1)
    cell = spatial.KDTree(points).query(grid)[1]
    pieces = np.unique(region * 100_000 + cell, return_inverse=True)[1].reshape(region.shape)
    splinter = np.bincount(pieces.ravel())[pieces] < 260 * unit**2
    nearest = ndimage.distance_transform_edt(splinter, return_distances=False, return_indices=True)
    pieces = pieces[tuple(nearest)]
    depth = ndimage.distance_transform_edt(~segmentation.find_boundaries(pieces)) / (2 * unit)
    count = pieces.max() + 1
    share = np.maximum(np.bincount(pieces.ravel(), minlength=count), 1)
    glass = np.stack(
        [np.bincount(pieces.ravel(), scene[..., c].ravel(), count) / share for c in range(3)],
        axis=-1,
    )
    glass = color.rgb2hsv(np.clip(glass, 0, 1))
    glass[:, 0] = (glass[:, 0] + rng.normal(0, 0.03, count)) % 1
    glass[:, 1] = np.clip(glass[:, 1] * 1.15 + rng.normal(0, 0.06, count), 0, 1)
    glass[:, 2] = np.clip(glass[:, 2] * rng.uniform(0.7, 1.3, count), 0, 1)
    picture = color.hsv2rgb(glass)[pieces]
    streaks = noise(rng, region.shape, 14 * unit)
    glow = 0.66 + 0.55 * (1 - np.exp(-depth / 4)) + 0.13 * streaks
    picture = np.clip(
        picture * glow[..., np.newaxis] + 0.05 * (streaks > 1.3)[..., np.newaxis], 0, 1
    )
    lead = colours("#17141a") * (1.6 - depth / 2.4)[..., np.newaxis]
    picture = over(picture, edge(1.9 - depth, 1.0), np.clip(lead, 0, 1))
    return picture.reshape(height, 2, -1, 2, 3).mean(axis=(1, 3))


def pointillism(height, rng):
    """Dots of nearly pure colour that mix in the eye (divisionism, after Seurat and Signac)."""
    scene, unit = river_bank(height, rng), height / 480
    canvas = Canvas(np.broadcast_to(colours("#fbf1d8"), scene.shape))
    for radius, spacing, vivid in ((5.2, 7.6, 0.8), (4.2, 7.2, 1.15), (3.4, 7.4, 1.5)):
        points = scatter(rng, scene.shape[:2], spacing * unit)
        tints = color.rgb2hsv(at(scene, points))
        hue = rng.choice([0, 0.06, -0.06, 0.5, 0.12], len(points), p=[0.46, 0.2, 0.2, 0.07, 0.07])
        tints[:, 0] = (tints[:, 0] + hue + rng.normal(0, 0.02, len(points))) % 1
        tints[:, 1] = np.clip(tints[:, 1] * vivid + rng.uniform(0.02, 0.3, len(points)), 0, 1)
        tints[:, 2] = np.clip(tints[:, 2] * rng.choice([0.74, 0.93, 1.05, 1.2], len(points)), 0, 1)
        sizes = radius * unit * rng.uniform(0.7, 1.15, len(points))
        for (row, column), tint, size in zip(points, color.hsv2rgb(tints), sizes, strict=True):
            box = np.array([column - size, row - size, column + size, row + size]) * FINE
            canvas.draw.ellipse(box.tolist(), ink(tint))
    return canvas.reduced()


def combed(x, y, spacing, pull, sharp, phase=0.0):
    """Undo a comb: teeth ``spacing`` apart in x had dragged the paint by ``pull`` along y."""
    offset = (x - phase + spacing / 2) % spacing - spacing / 2
    return y - pull * np.exp(-np.abs(offset) / sharp)


def marbling(height, rng):
    """Marbled paper: drops of colour spread, then combs drawn through (Lu et al. 2012).

    Every move has an exact inverse, so each sub-pixel is traced back to the drop it came from.
    """
    y, x = coordinates(FINE * height)
    grain = 1 + 0.05 * noise(rng, (height, height * 3 // 2), 2.5 * height / 480)[..., np.newaxis]
    for row, column, turns in (
        (0.3, 0.36, 1.5),
        (0.68, 1.1, -1.5),
        (0.2, 1.25, 1.2),
        (0.85, 0.3, -1.2),
    ):
        dy, dx = y - row, x - column  # a stylus stirs in circles
        turn = turns * np.exp(-np.hypot(dy, dx) / 0.13)
        y, x = (
            row + dy * np.cos(turn) + dx * np.sin(turn),
            column + dx * np.cos(turn) - dy * np.sin(turn),
        )
    y = combed(x, y, 0.065, 0.1, 0.014)
    x = combed(y, x, 0.2, 0.16, 0.04)
    x = combed(y, x, 0.2, -0.16, 0.04, 0.1)
    palette = colours("#14213d #f6ecd6 #c4262e #1f8f8a #e6a52f #f6ecd6 #2b4a9b #7a1f3d")
    picture = np.empty((*y.shape, 3))
    free = np.ones(y.shape, bool)
    for k in range(320):  # the last drop first
        row, column, radius = (
            rng.uniform(-0.3, 1.3),
            rng.uniform(-0.3, 1.8),
            rng.uniform(0.02, 0.075),
        )
        dy, dx = y - row, x - column
        square = dy * dy + dx * dx
        inside = free & (square < radius**2)
        picture[inside] = palette[k % len(palette)]
        free &= ~inside
        stretch = np.sqrt(np.clip(1 - radius**2 / np.maximum(square, 1e-12), 0, 1))
        y, x = row + dy * stretch, column + dx * stretch
    first = scatter(rng, (1.3, 1.8), 0.06)  # the first drops lay side by side
    nearest = spatial.KDTree(first).query(np.stack([y[free], x[free]], axis=-1))[1]
    picture[free] = palette[nearest % len(palette)]
    return picture.reshape(height, FINE, -1, FINE, 3).mean(axis=(1, 3)) * grain


def hatching(height, rng):
    """Pen and ink: strokes that follow form until the tone is reached (Salisbury et al. 1997)."""
    (tone, angle), unit = alps(height, rng), height / 480
    wanted = 1 - ndimage.gaussian_filter(tone, 1.2 * unit)
    paper = colours("#f3e0ba") * (1 + 0.02 * noise(rng, tone.shape, 3 * unit))[..., np.newaxis]
    canvas, laid = Canvas(paper), np.zeros(tone.shape)
    for turn, floor, length in ((0, 0.0, 34), (0.75, 0.56, 22), (-0.75, 0.7, 16)):
        shade = np.where(wanted > floor, np.minimum(wanted, floor + 0.56), 0)
        middles = scatter(rng, tone.shape, 1.6 * unit)
        lengths = length * unit * rng.uniform(0.6, 1.3, len(middles))
        lines = streamlines(middles, angle + turn, lengths, 16)
        widths = unit * rng.uniform(1.8, 2.8, len(lines))
        outlines = spindles(lines, widths)
        for k in fill_to_tone(shade, laid, lines, 0.8 * widths * lengths, 2.1 * unit):
            canvas.draw.polygon(pillow(outlines[k]), ink(colours("#3d2212 #5a3018")[k % 2]))
    return canvas.reduced()


def woodcut(height, rng):
    """Print from a carved block: gouge marks bare the colours under the ink; follows form too."""
    (picture, carve, angle), unit = night_town(height, rng), height / 480
    block = Canvas(np.zeros(carve.shape))
    laid, smooth = np.zeros(carve.shape), ndimage.gaussian_filter(carve, 0.8 * unit)
    for length, width in ((34, 4.4), (18, 3.4), (9, 2.6)):
        middles = scatter(rng, carve.shape, 2.2 * unit)
        lengths = length * unit * rng.uniform(0.7, 1.2, len(middles))
        lines = streamlines(middles, angle, lengths, 12)
        widths = width * unit * rng.uniform(0.75, 1.2, len(lines))
        outlines = spindles(lines, widths)
        for k in fill_to_tone(smooth, laid, lines, 0.8 * widths * lengths, 2.4 * unit):
            block.draw.polygon(pillow(outlines[k]), 255)
    fibre = ndimage.gaussian_filter1d(rng.normal(size=carve.shape), 9 * unit, axis=1)
    ground = picture * (1 + 0.05 * noise(rng, carve.shape, 4 * unit))[..., np.newaxis]
    dark = colours("#11142b") + 0.28 * np.clip(fibre, 0, 1)[..., np.newaxis]
    return over(dark, block.reduced(), np.clip(ground, 0, 1))


def mosaic(height, rng):
    """Square stones set along the outlines: Lloyd's rounds in rotated squares (Hausner 2001)."""
    scene, unit = two_fish(height, rng), height / 480
    side = 11 * unit
    angle = flow(luma(scene), 6 * unit)
    stones = scatter(rng, angle.shape, side)
    pixels = np.stack(np.mgrid[: angle.shape[0], : angle.shape[1]], axis=-1).reshape(-1, 2)
    for _ in range(14):
        near = spatial.KDTree(stones).query(pixels, k=6)[1]
        away = pixels[:, np.newaxis] - stones[near]
        cos, sin = (function(at(angle, stones))[near] for function in (np.cos, np.sin))
        u, v = away[..., 1] * cos + away[..., 0] * sin, away[..., 0] * cos - away[..., 1] * sin
        owner = near[np.arange(len(near)), np.maximum(np.abs(u), np.abs(v)).argmin(axis=1)]
        count = np.bincount(owner, minlength=len(stones))
        sums = [np.bincount(owner, axis, len(stones)) for axis in pixels.T]
        stones = np.where(
            count[:, np.newaxis] > 0,
            np.transpose(sums) / np.maximum(count, 1)[:, np.newaxis],
            stones,
        )
    stones = stones[count > 0.3 * side**2]
    canvas = Canvas(np.broadcast_to(colours("#4a3f3a"), scene.shape))
    surface = Canvas(np.zeros(angle.shape))
    tints = at(scene, stones) * rng.normal(1, 0.16, (len(stones), 1)) + rng.normal(
        0, 0.035, (len(stones), 3)
    )
    turns = at(angle, stones) + rng.normal(0, 0.06, len(stones))
    for stone, tint, turn in zip(stones, tints, turns, strict=True):
        corners = turn + np.pi / 4 + np.arange(4) * np.pi / 2 + rng.normal(0, 0.08, 4)
        reach = 0.62 * side * rng.uniform(0.88, 1.04, 4)
        outline = stone + np.stack([np.sin(corners) * reach, np.cos(corners) * reach], axis=-1)
        canvas.draw.polygon(pillow(outline), ink(tint))
        surface.draw.polygon(pillow(outline), int(rng.uniform(150, 255)))
    body = ndimage.gaussian_filter(surface.reduced(), 1.0 * unit)
    return relief(canvas.reduced(), body + 0.05 * noise(rng, angle.shape, 3 * unit), 2.2 * unit)


PAINTINGS = (brush_strokes, stained_glass, pointillism, marbling, hatching, mosaic, woodcut)


def paint(painting, height=HEIGHT):
    """Paint one picture; the same every time.

    Parameters
    ----------
    painting : callable
        One of ``PAINTINGS``. Its name seeds its randomness, so that adding, leaving out or
        reordering paintings changes no other.
    height : int
        In px; the width is 3/2 of it.

    Returns
    -------
    uint8 array ``(height, width, 3)``
    """
    picture = painting(height, np.random.default_rng(list(painting.__name__.encode())))
    return np.uint8(np.clip(picture, 0, 1) * 255 + 0.5)


def main():
    known = {painting.__name__: painting for painting in PAINTINGS}
    parser = argparse.ArgumentParser(description="Make the bundled paintings.")
    parser.add_argument("--out", type=Path, default=data_path("paintings"), help="folder to write")
    parser.add_argument("names", nargs="*", help=f"which to make, else all: {', '.join(known)}")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        parser.error(f"names must be among {', '.join(known)}. Received: {', '.join(unknown)}")
    for name in arguments.names or known:
        image = Image.fromarray(paint(known[name], HEIGHT))
        path = arguments.out / f"{name}.jpg"
        write_atomically(path, partial(image.save, quality=QUALITY, optimize=True))
        print(f"{path}: {image.width} x {image.height} px, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
