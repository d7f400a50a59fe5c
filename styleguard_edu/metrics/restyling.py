"""Numbers that judge one restyled picture, against the painting and against the photo.

A *picture* is float32 ``(height, width, 3)`` in [0, 1]; *luma* is its brightness by Rec. 709
(:data:`styleguard_edu.images.LUMA`), in [0, 1]. Every function raises TypeError for a picture that
is not floating-point, and ValueError for one of another shape or range, with NaN, or too small; for
a photo of another shape than its restyled picture; and where there is nothing to measure.
"""

import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity
from skimage.transform import downscale_local_mean

from ..checks import require_count, require_same
from ..images import LUMA, check_picture

_PATCH = 7  # px
_LEAST = 32  # px a side
_KERNEL = np.array([1, 4, 6, 4, 1], np.float32) / 16  # Burt and Adelson's, with a = 0.375


def _lumas(image, content, least):
    """Check a restyled picture and the photo it was made from; return their lumas."""
    image = check_picture(image, name="image", least=least)
    content = check_picture(content, name="content", least=least)
    require_same("the same shape", image=image.shape, content=content.shape)
    # variances as differences of squares lose digits in float32
    return image.astype(np.float64) @ LUMA, content.astype(np.float64) @ LUMA


def laplacian_bands(picture):
    """Split a picture into three bands of fine to coarse detail (Burt and Adelson, 1983).

    Each level smooths and halves the picture; its band is what that loses: float32, around 0, of
    full, half and quarter size. The remainder is left out, so an added constant changes no band.
    """
    bands, current = [], np.asarray(picture, np.float32)
    for _ in range(3):
        smaller = _smooth(current)[::2, ::2]
        spread = np.zeros_like(current)
        spread[::2, ::2] = smaller * 4  # one pixel in four is filled
        bands.append(current - _smooth(spread))
        current = smaller
    return bands


def _smooth(picture):
    # "mirror" (about the edge pixel) keeps filled and empty rows apart when expanding
    for axis in (0, 1):
        picture = ndimage.correlate1d(picture, _KERNEL, axis=axis, mode="mirror")
    return picture


def texture_distance(image, painting, *, patches=8192, directions=256, seed=0):
    r"""How far the texture of a picture is from a painting's, whatever their colours.

    Both are split into three Laplacian bands :math:`b`, each divided by the standard deviation
    of the *painting's* band (over pixels and channels, so that a faint channel is not blown up).
    7x7 colour patches, drawn with replacement, are compared by the sliced 1-Wasserstein distance
    (Rabin et al., 2011):

    .. math::
        d = \frac{1}{3KN} \sum_{b,k,i} |\mathrm{sort}(P_b u_k)_i - \mathrm{sort}(Q_b u_k)_i|

    with the :math:`N` patches as rows of :math:`P_b` and :math:`Q_b` (147 numbers each) and
    :math:`K` random directions :math:`u_k` of length 1. Adding a colour to the picture does not
    move it; a stronger or weaker contrast does, as contrast is part of a texture.

    Parameters
    ----------
    image, painting : ndarray of float, ``(h, w, 3)`` in [0, 1]
        At least 32 px each way. Both sizes matter: in the project's figures the photo is 384x256,
        the painting's shorter side 360.
    patches, directions : int
        N and K, at least 1.
    seed : int
        Chooses patches and directions; equal seeds give equal distances.

    Returns
    -------
    float
        At least 0, lower is better, in standard deviations of the painting's bands. As patches are
        drawn for each alone, a painting is not at 0 from itself: quote that floor (about 0.02).
    """
    image = check_picture(image, name="image", least=_LEAST)
    painting = check_picture(painting, name="painting", least=_LEAST)
    require_count("patches", patches, 1)
    require_count("directions", directions, 1)
    require_count("seed", seed)
    rng = np.random.default_rng(seed)
    distances = []
    for band, target in zip(laplacian_bands(image), laplacian_bands(painting), strict=True):
        scale = float(target.std())
        if scale < 1e-5:  # far below one step of 8 bits; only rounding is left
            band_of = f"a band of contrast {scale:.1g}"
            raise ValueError(f"painting must have texture. Received: {band_of}")
        units = rng.normal(size=(_PATCH * _PATCH * 3, int(directions))).astype(np.float32)
        units /= np.linalg.norm(units, axis=0)
        rows = (_random_patches(part / scale, int(patches), rng) for part in (band, target))
        first, second = (np.sort(part @ units, axis=0) for part in rows)
        distances.append(np.abs(first - second).mean(dtype=np.float64))
    return float(np.mean(distances))


def _random_patches(band, count, rng):
    """Draw 7x7 patches at random places; return them as rows, ``(count, 147)``."""
    windows = np.lib.stride_tricks.sliding_window_view(band, (_PATCH, _PATCH), axis=(0, 1))
    rows, columns = (rng.integers(size, size=count) for size in windows.shape[:2])
    return windows[rows, columns].reshape(count, -1)


def structure_score(image, content):
    """How much of a photo's drawing is left in its restyled picture, whatever the tones.

    The structural similarity (Wang et al., 2004) of the two lumas at half size, after their
    contrast is made even: minus the local mean, over the local standard deviation (Gaussian
    windows, standard deviation 8 px at half size), -2 to 2 then mapped to 0 to 1. 7x7 windows.

    Parameters
    ----------
    image, content : ndarray of float, ``(h, w, 3)`` in [0, 1]
        The restyled picture and the photo it was made from, of one shape; at least 32 px each way.

    Returns
    -------
    float
        In [-1, 1], higher is better: 1 for equal structure, about 0 for unrelated pictures, below
        0 for a negative. Adding to the luma or multiplying it (above 0) does not change it.
    """
    lumas = _lumas(image, content, _LEAST)
    height, width = (size // 2 * 2 for size in lumas[0].shape)  # odd sizes get a black line else
    halves = (downscale_local_mean(luma[:height, :width], (2, 2)) for luma in lumas)
    first, second = map(_even_contrast, halves)
    return float(structural_similarity(first, second, data_range=1.0))


def _even_contrast(luma, sigma=8.0):
    luma = luma - luma.mean()
    mean = ndimage.gaussian_filter(luma, sigma)
    variance = np.clip(ndimage.gaussian_filter(luma**2, sigma) - mean**2, 0, None)
    floor = 0.01 * luma.var() + 1e-10  # a tenth of all contrast: else a clear sky's noise counts
    even = (luma - mean) / np.sqrt(variance + floor)
    # moved off 0: around 0 the brightness and contrast terms of SSIM can both turn negative, and
    # a photo's negative would score as well as the photo
    return np.clip(0.5 + even / 4, 0, 1)


def halo_strength(image, content):
    r"""How much brighter or darker the rims along a photo's edges became in the restyled picture.

    What the content explains is taken away first: :math:`r = Y - \bar a X - \bar b`, the luma
    :math:`Y` of the picture minus its guided filter (He et al., 2010), a locally linear function of
    the content's luma :math:`X` (25x25 windows); so a change of tone or contrast does not count.
    Edges are the 5 % of pixels with the strongest gradient in the content; rims lie 1 to 3 px
    beside them, bright and dark side apart. Along a rim :math:`r` is averaged (Gaussian, standard
    deviation 4 px), then made absolute: a halo keeps its sign along an edge, brush strokes do not.
    The same for strips 12 to 14 px off is subtracted, and with it a texture that is everywhere.

    Parameters
    ----------
    image, content : ndarray
        As in :func:`structure_score`, but at least 64 px each way.

    Returns
    -------
    float
        In units of luma, higher is worse; about 0, on either side of it, without halos. Rims
        brighter by 0.1 give 0.05 to 0.07 (the filter follows); blurred or moved edges count too.
    """
    luma, guide = _lumas(image, content, least=64)
    residual = luma - _guided_filter(luma, guide, radius=12)
    slope = ndimage.gaussian_gradient_magnitude(guide, 1.0)
    edges = slope >= max(np.quantile(slope, 0.95), 1e-3)
    if not edges.any():
        raise ValueError("content must have edges. Received: a picture of one tone")
    distance, nearest = ndimage.distance_transform_edt(~edges, return_indices=True)
    bright = guide > guide[tuple(nearest)]  # brighter than the middle of its edge
    rims, strips = ((distance > first) & (distance <= first + 3) for first in (0, 11))
    return _coherent_mean(residual, rims, bright) - _coherent_mean(residual, strips, bright)


def _guided_filter(luma, guide, *, radius, ridge=1e-5, weights=1.0):
    """Write luma as a locally linear function of a guide; where weights are 0, extrapolate."""

    def mean(values, weights):
        parts = (weights * values, weights * np.ones_like(values))
        above, below = (ndimage.uniform_filter(p, 2 * radius + 1, mode="constant") for p in parts)
        return above / below

    mean_guide, mean_luma = mean(guide, weights), mean(luma, weights)
    variance = np.clip(mean(guide**2, weights) - mean_guide**2, 0, None)
    slope = (mean(guide * luma, weights) - mean_guide * mean_luma) / (variance + ridge)
    return mean(slope, 1.0) * guide + mean(mean_luma - slope * mean_guide, 1.0)


def _coherent_mean(residual, band, bright):
    """Mean over a band of the absolute residual after averaging along it, each side apart."""
    averages = []
    for side in (band & bright, band & ~bright):
        total, weight = (ndimage.gaussian_filter(side * part, 4.0) for part in (residual, 1.0))
        averages.append(np.abs(total[side] / weight[side]))
    return float(np.mean(np.concatenate(averages))) if band.any() else 0.0


def frame_strength(image, content):
    """How visible a frame the restyled picture got at its border.

    From all but the outer 8 px, the picture's luma is written as a locally linear function of the
    content's (guided filter, 49x49 windows), which is continued to the border. What differs there
    is averaged along each row or column parallel to a side (a frame runs along a side, brush
    strokes do not), made absolute, and averaged over sides and depths. The same for the picture
    without its outer 16 px is subtracted: continuing has its errors.

    Parameters
    ----------
    image, content : ndarray
        As in :func:`structure_score`, but at least 64 px each way.

    Returns
    -------
    float
        In units of luma, higher is worse; about 0, on either side of it, without a frame. A frame
        of 8 px, darker by 0.1, gives 0.08 to 0.1.
    """
    luma, guide = _lumas(image, content, least=64)
    inside = (slice(16, -16), slice(16, -16))
    return _border_error(luma, guide) - _border_error(luma[inside], guide[inside])


def _border_error(luma, guide, width=8):
    weights = np.zeros_like(guide)
    weights[width:-width, width:-width] = 1
    # a firmer ridge: a slope found on faint detail must not be continued to strong detail
    error = luma - _guided_filter(luma, guide, radius=24, ridge=1e-3, weights=weights)
    rows, columns = error.mean(axis=1), error.mean(axis=0)
    return float(np.abs([rows[:width], rows[-width:], columns[:width], columns[-width:]]).mean())


def checkerboard_strength(image):
    """How much of a picture's fine detail is a checkerboard or grid of period 2 or 4 px.

    Transposed convolutions and strides leave such grids (Odena et al., 2016). In the power spectrum
    (Hann window, sum of the channels) they are peaks where both frequencies are 0, 1/4 or 1/2
    cycle a pixel. The energy within 2 bins of these places, minus what the bins 4 to 8 away
    lead one to expect, is divided by the energy of all detail finer than a period of 8 px.

    Parameters
    ----------
    image : ndarray of float, ``(h, w, 3)`` in [0, 1]
        At least 64 px each way.

    Returns
    -------
    float
        A share, higher is worse: about 0, on either side of it, without a grid; 1 for only a grid.
    """
    image = check_picture(image, name="image", least=64).astype(np.float64)
    height, width = (size // 4 * 4 for size in image.shape[:2])  # period 4 falls on a bin
    image = image[:height, :width] - image[:height, :width].mean(axis=(0, 1))
    window = np.outer(np.hanning(height), np.hanning(width))[..., np.newaxis]
    power = (np.abs(np.fft.fft2(image * window, axes=(0, 1))) ** 2).sum(axis=-1)
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.fftfreq(width))
    detail = power[frequency > 1 / 8].sum() + 1e-9 * power.size**2  # 0 / tiny in a flat picture
    places = [(down, right) for down in range(4) for right in range(4) if down or right]
    return float(sum(_peak(power, *place) for place in places) / detail)


def _peak(power, down, right):
    """Energy within 2 bins of a place, in quarters, beyond that of the bins 4 to 8 away."""
    middle = (8 - down * power.shape[0] // 4, 8 - right * power.shape[1] // 4)
    box = np.roll(power, middle, axis=(0, 1))[:17, :17]
    near, far = slice(6, 11), np.r_[0:5, 12:17]
    # upright and level lines of a picture make ridges along the two axes of the spectrum; there
    # only neighbours on the ridge itself tell what to expect
    expected = [box[near, far].mean()] if right else []
    expected += [box[far, near].mean()] if down else []
    return box[near, near].sum() - 25 * np.mean(expected)
