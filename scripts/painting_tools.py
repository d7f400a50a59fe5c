"""What the paintings of ``make_paintings.py`` share: scenes' fields, strokes, and antialiasing.

Pictures are float arrays ``(height, width, 3)`` in [0, 1] while they are worked on. Lengths in
pixels are those of a picture 480 px high; every function multiplies them by ``height / 480``.
"""

import numpy as np
from PIL import Image, ImageColor, ImageDraw
from scipy import ndimage
from skimage.feature import structure_tensor

FINE = 3  # sub-pixels along one pixel where Pillow, which does not antialias, draws
LIGHT = np.array([-0.6, -0.8])  # column and row of the direction towards the lamp


def coordinates(height):
    """Return row and column of every pixel in picture heights: rows 0 to 1, columns 0 to 1.5."""
    rows, columns = np.mgrid[0:height, 0 : height * 3 // 2]
    return (rows + 0.5) / height, (columns + 0.5) / height


def noise(rng, shape, scale, octaves=3):
    """Return smooth noise of mean 0 and deviation 1; ``scale`` px is the size of its blobs."""
    total = np.zeros(shape)
    for octave in range(octaves):
        sigma = scale / 2**octave / 2
        field = ndimage.gaussian_filter(rng.normal(size=shape), sigma, mode="wrap")
        total += field / field.std() / 2**octave
    return (total - total.mean()) / total.std()


def colours(text):
    """Turn ``"#fe9 #123"`` into an array ``(2, 3)`` in [0, 1], one colour into ``(3,)``."""
    return np.array([ImageColor.getrgb(name) for name in text.split()]).squeeze() / 255


def ramp(values, stops, palette):
    """Colour ``values`` by linear interpolation between ``stops``."""
    return np.stack([np.interp(values, stops, channel) for channel in palette.T], axis=-1)


def over(picture, cover, colour):
    """Lay a colour (or a picture) over a picture where ``cover`` in [0, 1] says so."""
    cover = np.clip(cover, 0, 1)[..., np.newaxis]
    return picture * (1 - cover) + colour * cover


def edge(distance, softness=0.004):
    """Turn a signed distance (inside > 0) into a cover with a soft edge."""
    return np.clip(0.5 + distance / softness, 0, 1)


def luma(picture):
    """Return the brightness of a picture."""
    return picture @ np.array([0.299, 0.587, 0.114])


def flow(grey, sigma):
    """Return the angle (radians) along the structure of a picture: across its gradient.

    The eigenvector of the structure tensor with the smaller eigenvalue; the tensor is averaged
    over ``sigma`` px, so that edges lend their direction to the flat places beside them.
    """
    rr, rc, cc = structure_tensor(
        ndimage.gaussian_filter(grey, 1.5), sigma=sigma, mode="nearest", order="rc"
    )
    return 0.5 * np.arctan2(2 * rc, cc - rr) + np.pi / 2


def scatter(rng, shape, spacing):
    """Return points ``(n, 2)``, row and column, on a jittered grid, in random order."""
    axes = [np.arange(spacing / 2 - spacing, side + spacing, spacing) for side in shape]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    return rng.permutation(points + rng.uniform(-0.5, 0.5, points.shape) * spacing)


def at(field, points):
    """Return the values of a field at points ``(..., 2)``; outside, those of the border."""
    rows = np.clip(points[..., 0].astype(int), 0, field.shape[0] - 1)
    columns = np.clip(points[..., 1].astype(int), 0, field.shape[1] - 1)
    return field[rows, columns]


def streamlines(points, angle, length, steps=8):
    """Follow a field of angles from every point, half the length to either side.

    Parameters
    ----------
    points : array ``(n, 2)``
        Row and column of the middle of every line.
    angle : array ``(height, width)``
        Direction in radians; a turn by pi means the same.
    length : float or array ``(n,)``
        Length in px.
    steps : int
        Even; a line has ``steps + 1`` corners.

    Returns
    -------
    array ``(n, steps + 1, 2)``
    """
    stride = np.broadcast_to(length, len(points))[:, np.newaxis] / steps
    halves = []
    for sign in (-1, 1):
        here, heading, half = points.astype(float), None, []
        for _ in range(steps // 2):
            turn = at(angle, here)
            step = np.stack([np.sin(turn), np.cos(turn)], axis=-1) * sign
            if heading is not None:  # an angle has two headings: keep going forward
                step *= np.where((step * heading).sum(axis=-1, keepdims=True) < 0, -1, 1)
            heading, here = step, here + stride * step
            half.append(here)
        halves.append(half)
    return np.stack([*halves[0][::-1], points, *halves[1]], axis=1)


def normals(lines):
    """Return the unit vectors across polylines ``(n, k, 2)``, same shape."""
    along = np.gradient(lines, axis=1)
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + 1e-9
    return np.stack([along[..., 1], -along[..., 0]], axis=-1)


def spindles(lines, width):
    """Turn polylines into outlines ``(n, 2 k, 2)`` that are ``width`` px wide and taper."""
    taper = np.sin(np.linspace(0.03, 0.97, lines.shape[1]) * np.pi) ** 0.7
    width = np.broadcast_to(width, len(lines))
    offset = normals(lines) * taper[:, np.newaxis] * width[:, np.newaxis, np.newaxis] / 2
    return np.concatenate([lines + offset, (lines - offset)[:, ::-1]], axis=1)


def fill_to_tone(wanted, laid, lines, areas, reach, least=0.12):
    """Choose strokes, one after the other, until ``wanted`` cover is reached everywhere.

    Parameters
    ----------
    wanted : array ``(height, width)`` in [0, 1]
        Share of every place that strokes should cover.
    laid : array ``(height, width)``
        Share covered so far, blurred; updated in place.
    lines : array ``(n, k, 2)``
        Candidates, in the order in which they are tried.
    areas : array ``(n,)``
        Area of each stroke in square px.
    reach : float
        Deviation in px of the blur: strokes keep about this distance from each other.
    least : float
        A stroke is laid if this much is missing along it, and nowhere exceeded by as much.

    Yields
    ------
    int
        Index of a stroke to draw.
    """
    half = int(2.5 * reach) + 1
    spots = np.stack(np.mgrid[-half : half + 1, -half : half + 1], axis=-1).reshape(-1, 2)
    weights = np.exp(-(spots**2).sum(axis=1) / (2 * reach**2))
    weights /= weights.sum() * lines.shape[1]
    wanted_there, indices = at(wanted, lines), np.rint(lines).astype(int)
    for k, line in enumerate(lines):
        missing = wanted_there[k] - at(laid, line)
        if missing.min() < -least or missing.mean() < least:
            continue
        places = (indices[k][:, np.newaxis] + spots).reshape(-1, 2)
        inside = ((places >= 0) & (places < wanted.shape)).all(axis=1)
        amounts = np.tile(weights * areas[k], len(line))
        np.add.at(laid, tuple(places[inside].T), amounts[inside])
        yield k


def ink(colour):
    """Turn a colour in [0, 1] into what Pillow draws with."""
    return tuple(int(value) for value in np.clip(colour, 0, 1) * 255 + 0.5)


def pillow(points):
    """Turn points (row, column) in px into Pillow's list of sub-pixel x, y."""
    return (points[..., ::-1] * FINE).ravel().tolist()


class Canvas:
    """A picture to draw on at ``FINE`` times its size, and its reduction to real size."""

    def __init__(self, ground):
        """Start from a float picture, ``(height, width, 3)`` or ``(height, width)``."""
        self.size = ground.shape[1], ground.shape[0]
        pixels = Image.fromarray(np.uint8(np.clip(ground, 0, 1) * 255 + 0.5))
        self.image = pixels.resize([side * FINE for side in self.size], Image.Resampling.BILINEAR)
        self.draw = ImageDraw.Draw(self.image)

    def reduced(self):
        """Return the antialiased picture, float in [0, 1]."""
        return np.asarray(self.image.reduce(FINE)) / 255


def relief(picture, surface, strength):
    """Light a picture as if ``surface`` were its height: paint, glass and tiles catch light."""
    slope = np.gradient(surface)
    shade = strength * (slope[0] * LIGHT[1] + slope[1] * LIGHT[0])
    shade = np.tanh(shade)[..., np.newaxis]
    return np.clip(picture * (1 + 0.45 * np.minimum(shade, 0)) + 0.3 * np.maximum(shade, 0), 0, 1)
