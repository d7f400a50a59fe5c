"""What the paintings of ``make_paintings.py`` show, before any technique leaves its marks.

Every scene is made of formulas and seeded noise: ``scene(height, rng)`` returns a float picture
``(height, width, 3)``, roughly in [0, 1], or grey tones, and what its technique needs beside it.
"""

import numpy as np
from painting_tools import colours, coordinates, edge, noise, over, ramp


def evening_sea(height, rng):
    """Scene: the sun sets behind headlands; the sky whirls."""
    y, x = coordinates(height)
    drift = noise(rng, y.shape, 0.35 * height) * 0.05
    to_sun = np.hypot(x - 1.0, (y - 0.47) * 1.05)
    rings = 0.5 + 0.5 * np.sin(42 * to_sun + 18 * drift)
    sky = ramp(
        np.clip(to_sun + drift * 1.2 + 0.09 * rings, 0, 1.2),
        [0, 0.09, 0.2, 0.35, 0.55, 0.8, 1.1],
        colours("#fff6c8 #ffdf6b #ff9f3c #f0593e #b8366b #5a3a92 #253a86"),
    )
    waves = np.sin(125 * (y + 0.02 * np.sin(9 * x + 30 * y) + 0.3 * drift))
    sea = ramp(waves + 0.3 * np.sin(31 * x), [-1.2, 0, 1.2], colours("#0f2f63 #137b8d #5cc3b0"))
    glitter = np.exp(-(((x - 1.0) / (0.06 + 0.35 * (y - 0.55))) ** 2)) * (waves > -0.1)
    sea = over(sea, 0.95 * glitter, colours("#ffc24f"))
    picture = over(sky, edge(0.055 - to_sun), colours("#fffbe0"))
    picture = over(picture, edge(y - 0.58), sea)
    for level, tilt, shade in (
        (0.56, 0.3, "#5b45a0"),
        (0.7, 0.55, "#3f8f5a"),
        (0.86, 0.36, "#1d6a5c"),
    ):
        ridge = level + tilt * (x - 0.45) + 0.05 * np.sin(11 * x + 9 * level)
        stripes = np.sin(90 * (y - ridge) + 12 * drift)[..., np.newaxis]
        land = colours(shade) * (1 + 0.3 * stripes) + np.array([0.3, 0.2, 0]) * (stripes > 0.75)
        picture = over(picture, edge(y - ridge), land)
    return np.clip(picture, 0, 1)


def sun_garden(height, rng):
    """Scene: a sun with rays over blue hills and red lilies; also the number of each region."""
    y, x = coordinates(height)
    radius, turn = np.hypot(x - 0.75, y - 0.4), np.arctan2(y - 0.4, x - 0.75)
    ray = np.floor((turn / np.pi + 1) * 12 + 1.1 * radius)
    picture = ramp(radius, [0.1, 0.35, 0.6, 0.95], colours("#ffb31f #e8551c #7a2a8f #14307f"))
    dimmer = np.where(ray % 2 == 0, 0.0, 1.0)
    picture = over(
        picture, 0.55 * dimmer, ramp(radius, [0.1, 0.5, 0.9], colours("#fff0a0 #f08a2a #2b6fd0"))
    )
    region = ray + 30 * np.floor(radius * 6)
    picture = over(picture, radius < 0.13, colours("#fff3b0"))
    region = np.where(radius < 0.13, 900, region)
    for k, (level, tint) in enumerate(((0.66, "#2a62c8"), (0.78, "#1c9aa0"), (0.9, "#158a4a"))):
        below = y > level + 0.06 * np.sin(5 * x + 2.2 * k)
        picture, region = over(picture, below, colours(tint)), np.where(below, 1000 + k, region)
    for k, middle in enumerate(np.arange(0.1, 1.5, 0.26)):
        top = 0.72 + 0.07 * (k % 2)
        stem = (np.abs(x - middle - 0.03 * np.sin(9 * y)) < 0.012) & (y > top)
        picture, region = over(picture, stem, colours("#3fae3a")), np.where(stem, 2000 + k, region)
        for petal in range(6):
            dy, dx = y - top, x - middle
            angle = petal * np.pi / 3 + k
            u, v = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
            inside = (u > 0) & (((u - 0.05) / 0.05) ** 2 + (v / 0.024) ** 2 < 1)
            tint = colours("#e0122d #ff3f6a #c80f5a")[petal % 3]
            picture = over(picture, inside, tint)
            region = np.where(inside, 3000 + 10 * k + petal, region)
    return picture, region


def river_bank(height, rng):
    """Scene: poplars, their reflection, a meadow in flower and two sails on a summer river."""
    y, x = coordinates(height)
    wobble = noise(rng, y.shape, 0.12 * height) * 0.02
    picture = ramp(y + wobble, [0, 0.3, 0.45], colours("#3f86dc #8fc4f0 #ffd590"))
    river = ramp(y + 2 * wobble, [0.46, 0.75], colours("#ffc98a #2f86c8"))
    picture = over(picture, edge(y - 0.46), river)
    far = 0.42 - 0.03 * np.sin(7 * x) + wobble
    picture = over(picture, edge(np.minimum(y - far, 0.475 - y)), colours("#6d7fc4"))
    for middle, tall in ((0.12, 0.36), (0.25, 0.42), (0.36, 0.33), (1.22, 0.3), (1.36, 0.38)):
        for sign in (1, -1):
            v = sign * (y - 0.47) / tall
            half = 0.052 * np.sqrt(np.clip((0.25 - v) * (1 + v) * 2.6, 0, 1)) + wobble
            side = (x - middle) / 0.06
            tree = ramp(side + 8 * wobble, [-1, 0.2, 1], colours("#e6d83c #4f9a3a #1f4b7a"))
            cover = edge(half - np.abs(x - middle), 0.01) * (v < 0) * (v > -1)
            picture = over(picture, cover * (1.0 if sign > 0 else 0.6), tree)
    for middle, size in ((0.7, 0.27), (0.98, 0.16)):
        sail = (x > middle) & (y < 0.53) & ((x - middle) * 2.1 < y - 0.53 + size)
        picture = over(picture, sail, colours("#ff7a3c" if size > 0.15 else "#fff4e0"))
    bank = 0.76 - 0.1 * np.sin(2.2 * x + 0.4) + wobble
    grass = ramp(y - bank + 3 * wobble, [0, 0.06, 0.3], colours("#f4e04a #7fbf3f #1f6a4f"))
    picture = over(picture, edge(y - bank), grass)
    flowers = (noise(rng, y.shape, 0.02 * height, 1) > 1.2) & (y > bank + 0.03)
    return np.clip(over(picture, flowers, colours("#ff5a5f")), 0, 1)


def alps(height, rng):
    """Scene in grey, with the direction of its forms: sunlit peaks, a wood, a lake."""
    y, x = coordinates(height)
    drift = noise(rng, y.shape, 0.3 * height)
    radius = np.hypot(x - 1.1, y - 0.2) + 0.012 * drift
    tone = 0.6 + 0.2 * np.sin(34 * radius) - 0.12 * drift + 0.35 * np.exp(-((radius / 0.16) ** 2))
    angle = np.arctan2(y - 0.2, x - 1.1) + np.pi / 2 + 0.25 * drift
    for k, (level, rise, count) in enumerate(((0.3, 0.3, 4), (0.48, 0.24, 6), (0.62, 0.14, 8))):
        knots = np.linspace(-0.1, 1.6, 2 * count + 1)
        peaks = level + rise * np.where(np.arange(2 * count + 1) % 2, -0.5, 0.5)
        peaks += rng.uniform(-0.4, 0.4, len(peaks)) * rise
        knots[1:-1] += rng.uniform(-0.4, 0.4, 2 * count - 1) * 0.85 / count
        deep = y - np.interp(x, knots, peaks) - 0.01 * np.abs((17 * x + k) % 2 - 1)
        crest = x + 0.03 * np.abs((7 * deep + 2 * x) % 2 - 1) - 0.12 * deep
        rising = np.interp(crest, (knots[1:] + knots[:-1]) / 2, np.diff(peaks)) < 0
        face = np.where(rising, 0.86, 0.2) + 0.12 * np.sin(40 * deep + 9 * x)
        tone = np.where(deep > 0, np.where(deep < 0.008, 0.1, face), tone)
        angle = np.where(deep > 0, np.where(rising, 2.3, 0.95) + 0.15 * drift, angle)
    for k, (level, tall) in enumerate(((0.7, 0.13), (0.82, 0.17))):
        tree = (x * 9 * (1 + 0.2 * (1 - k)) + 0.5 * k) % 1 - 0.5
        deep = y - level - (2 * np.abs(tree) - 0.4 + 0.12 * np.sin(5 * x + k)) * tall
        side = np.where(tree < 0, 2.5, 0.64)
        branch = 0.12 * (np.sin(85 * (y - 0.11 * np.abs(tree))) > 0)
        tone = np.where(deep > 0, np.where(tree < 0, 0.5, 0.14) + branch, tone)
        tone = np.where(np.abs(deep) < 0.005, 0.85, tone)
        angle = np.where(deep > 0, side, angle)
    waves = 0.055 * np.sin(15 * x + 2 * drift) * (y - 0.7)
    tone = np.where(y > 0.86, 0.56 + 0.36 * np.sin(120 * (y + waves)), tone)
    return np.clip(tone, 0.12, 0.84), np.where(y > 0.86, np.arctan(waves * 8), angle)


def night_town(height, rng):
    """Scene: moon over gabled houses by a river; with the share to carve and its direction."""
    y, x = coordinates(height)
    radius = np.hypot(x - 0.98, y - 0.22) + 0.006 * noise(rng, y.shape, 0.2 * height)
    picture = ramp(radius, [0.1, 0.3, 0.6, 0.9], colours("#ffe9a0 #8fd0e0 #4f86e0 #6a5be0"))
    carve = np.where(
        radius < 0.1, 0.95, 0.62 - 0.42 * np.clip(radius, 0, 0.8) + 0.1 * np.sin(60 * radius)
    )
    angle = np.arctan2(y - 0.22, x - 0.98) + np.pi / 2
    left, bottom = -0.02, 0.78
    while left < 1.5:
        wide, top = rng.uniform(0.1, 0.17), rng.uniform(0.4, 0.6)
        inside = (x > left) & (x < left + wide) & (y < bottom)
        roof = top - 0.9 * (wide / 2 - np.abs(x - left - wide / 2))
        wall, tiles = inside & (y > top), inside & (y > roof) & (y <= top)
        picture[wall] = colours("#c97bd0 #e8794a #5fb8a8 #d9a05a")[rng.integers(4)]
        picture[tiles] = colours("#f0523a #e0337a")[rng.integers(2)]
        carve[wall], carve[tiles] = rng.uniform(0.3, 0.5), 0.55
        angle[wall] = rng.choice([np.pi / 2, 0.0, 0.7])
        angle[tiles] = np.where(x < left + wide / 2, -0.75, 0.75)[tiles]
        across, down = (x - left) / wide * 3, (y - top) / 0.075
        pane = wall & (np.abs(across % 1 - 0.5) < 0.24) & (np.abs(down % 1 - 0.5) < 0.3)
        lit = rng.random((40, 3)) < 0.62
        lit = lit[np.clip(down, 0, 39).astype(int), np.clip(across, 0, 2).astype(int)]
        picture[pane], carve[pane] = colours("#ffc93c"), np.where(lit, 1.0, 0.0)[pane]
        angle[pane], left = 0.0, left + wide
    water = y > bottom
    mirror = np.clip(((2 * bottom - y) * height).astype(int), 0, height - 1)
    ripple = np.clip((x * height + 9 * np.sin(90 * y)).astype(int), 0, y.shape[1] - 1)
    waves = 0.5 + 0.5 * np.sin(150 * y + 4 * np.sin(14 * x))
    picture[water] = (0.3 * colours("#4f86e0") + 0.7 * picture[mirror, ripple])[water]
    carve[water] = (0.15 + 0.55 * waves * np.minimum(1, 0.4 + carve[mirror, ripple]))[water]
    angle[water] = (0.3 * np.cos(14 * x))[water]
    return picture, carve, angle


def two_fish(height, rng):
    """Scene: two fish among scales of waves."""
    y, x = coordinates(height)
    row = np.floor(y / 0.11)
    scale = np.hypot((x + 0.11 * (row % 2)) % 0.22 - 0.11, y % 0.11 - 0.11)
    waves = np.sin(2 * np.pi * scale / 0.045)
    picture = ramp(
        waves + 0.7 * (y - 0.5), [-1, -0.2, 0.5, 1.1], colours("#0d3f5e #13788a #36b3a8 #bfe8d4")
    )
    for middle_y, middle_x, size, sign in ((0.29, 0.57, 0.35, 1), (0.7, 0.92, 0.38, -1)):
        u = sign * (x - middle_x) / size
        v = (y - middle_y - 0.03 * np.sin(5 * u)) / size
        body = 0.36 * np.sqrt(np.clip(1 - u**2, 0, 1)) * (1 - 0.25 * u) - np.abs(v) - 0.01
        tail = np.minimum(0.08 + 0.8 * (-0.85 - u), 0.4) - np.abs(v)
        tail = np.minimum(tail, u + 1.12 + 0.9 * np.abs(v))  # forked
        fins = np.minimum(0.52 - 0.5 * np.abs(u + 0.1) - np.abs(v), 0.6 - np.abs(u + 0.1))
        scales = np.sin(
            2 * np.pi * np.hypot((u * 5 + (np.floor(v * 9) % 2) * 0.5) % 1 - 0.5, (v * 9) % 1)
        )
        skin = ramp(scales + 1.4 * v, [-1, 0, 1], colours("#ffd873 #e88b25 #b23a1c"))
        picture = over(picture, edge(fins, 0.01), colours("#f3e3b5"))
        picture = over(picture, edge(tail, 0.01), colours("#c9431f"))
        picture = over(picture, edge(body, 0.01), skin)
        picture = over(picture, edge(np.minimum(body, u - 0.52), 0.01), colours("#f2c14b"))
        eye = np.hypot(u - 0.68, v + 0.07)
        picture = over(picture, edge(0.085 - eye, 0.01), colours("#fff8e6"))
        picture = over(picture, edge(0.05 - eye, 0.01), colours("#14202b"))
    return picture
