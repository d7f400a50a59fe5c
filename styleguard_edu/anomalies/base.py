"""What all anomalies share: severity or parameter, the checks, the place, the exact mask."""

import re
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple

import numpy as np

from ..checks import is_number, is_whole
from ..images import check_content, check_images
from .draws import as_generator, draw_regions, draw_spots

_SMALLEST = 8  # pixels a side
_HALF_GREY_LEVEL = 1 / 510  # less does not survive being saved with 256 levels


class Damaged(NamedTuple):
    """Damaged images and the truth about them.

    ``images``: float32, ``(n, h, w, c)``; ``masks``: bool, ``(n, h, w)``, True where a pixel
    changed; ``labels``: int, ``(n,)``, -1 where at least one pixel changed, +1 otherwise.

    Examples
    --------
    >>> from styleguard_edu import Occlusion, load_digits
    >>> digits = load_digits("bundled", verbose=False).test.images[:3]
    >>> images, masks, labels = Occlusion(side=5)(digits, rng=0)
    >>> images.shape, masks.shape, labels.tolist()
    ((3, 28, 28, 1), (3, 28, 28), [-1, -1, -1])
    """

    images: np.ndarray
    masks: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Anomaly:
    """Base of the kinds of anomaly: one way of damaging images, at one strength.

    A kind adds one physical parameter. Give it, or a severity, or neither for severity 3; the
    parameter then holds its number. What else is random about the damage (place, direction, sign)
    is drawn for each image, so a severity means the same for all.

    Parameters
    ----------
    severity : int, optional
        1 (slight) to 5 (gross): the parameter is taken from the class' ``SEVERITIES``.
    local : bool
        Damage only a random rectangle or ellipse of each image, about 10 to 35 % of its area,
        around something that stands out from the background.

    Attributes
    ----------
    SEVERITIES : tuple of 5 numbers
        The parameter at severity 1 to 5.
    RANGE : tuple of 2 numbers
        The parameter must be above the first and at most the second, which bounds time and memory.
    name, label : str
        In snake case, for keys; in plain words, for tables.
    group : str
        "noise", "blur", "geometric" or "structural".
    integer, colour_only, needs_content : bool
        Whether the parameter must be whole, grey images are refused, ``content`` must be given.

    Raises
    ------
    TypeError, ValueError
        If parameter and severity are both given and do not agree, or one of them is no number
        of its range.
    """

    severity: int | None = None
    local: bool = False

    SEVERITIES: ClassVar[tuple]
    RANGE: ClassVar[tuple] = (0, 1000)
    name: ClassVar[str]
    label: ClassVar[str]
    group: ClassVar[str] = "structural"
    integer: ClassVar[bool] = False  # the parameter counts something
    colour_only: ClassVar[bool] = False
    needs_content: ClassVar[bool] = False

    def __init_subclass__(cls, group=None):
        cls.group = group or cls.group
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        cls.label = vars(cls).get("label", cls.name.replace("_", " "))

    def __post_init__(self):
        if not isinstance(self.local, (bool, np.bool_)):
            raise TypeError(f"local must be True or False. Received: {self.local!r}")
        name, given, severity = self.parameter, self.value, self.severity
        if given is None or severity is not None:
            severity = 3 if severity is None else severity
            if not is_whole(severity) or not 1 <= severity <= 5:
                raise ValueError(f"severity must be 1, 2, 3, 4 or 5. Received: {severity!r}")
            object.__setattr__(self, "severity", int(severity))
            own = self.SEVERITIES[severity - 1]
            if given not in (None, own):  # both together are what dataclasses.replace gives
                both = f"{name}={given!r} and severity={severity!r}"
                kind = type(self).__name__
                raise ValueError(f"Give {kind} either {name} or severity. Received: {both}")
            given = own
        object.__setattr__(self, name, self._checked(given))

    def _checked(self, value):
        low, high = self.RANGE
        kind = "a whole number" if self.integer else "a number"
        right = is_whole(value) if self.integer else is_number(value)
        if not right or not low < value <= high:  # also refuses NaN
            allowed = f"{kind} above {low} and at most {high}"
            raise ValueError(f"{self.parameter} must be {allowed}. Received: {value!r}")
        return int(value) if self.integer else float(value)

    @property
    def parameter(self):
        """Name of the physical parameter."""
        return next(f.name for f in fields(self) if f.name not in ("severity", "local"))

    @property
    def value(self):
        """Number of the physical parameter."""
        return getattr(self, self.parameter)

    def __call__(self, images, *, rng, content=None):
        """Damage every image.

        Parameters
        ----------
        images : ndarray of float, ``(n, h, w, c)`` in [0, 1], at least 8x8 px
            Left as they are.
        rng : numpy.random.Generator or int
            Source of randomness, or the seed of one; the same seed gives the same damage.
        content : ndarray of float, ``(n, h, w, 1 or 3)`` in [0, 1], optional
            What the images looked like before they were restyled; only :class:`StyleLeak` uses it.

        Returns
        -------
        Damaged
            The mask is exact: True where ``images`` differ. A pixel that changed by less than half
            a grey level in every channel is put back, for nobody could see it.

        Raises
        ------
        TypeError
            If ``rng`` is neither, or images are no floating-point numbers.
        ValueError
            If images or content are not as above, too small, or grey for a kind that needs colour.
        """
        images = self._check_images(images)
        content = self._check_content(content, images)
        rng = as_generator(rng)
        spots = draw_spots(images, rng)
        regions = draw_regions(spots, images.shape, rng) if self.local else None
        damaged = self._damage(images, rng=rng, spots=spots, content=content)
        return _with_truth(images, damaged, regions)

    def _damage(self, images, *, rng, spots, content):
        """Return damaged images; values outside [0, 1] are clipped by the caller."""
        raise NotImplementedError(f"{type(self).__name__} must define _damage")

    def _check_images(self, images):
        images = check_images(images)
        if min(images.shape[1:3]) < _SMALLEST:
            least = f"{_SMALLEST}x{_SMALLEST} px"
            raise ValueError(f"images must be at least {least}. Received: shape {images.shape}")
        if self.colour_only and images.shape[-1] == 1:
            raise ValueError(
                f"{type(self).__name__} needs colour: images must have 3 channels. "
                f"Received: shape {images.shape}"
            )
        return images

    def _check_content(self, content, images):
        if not self.needs_content:
            return None
        if content is None:
            raise ValueError(
                f"{type(self).__name__} needs content=, the images before restyling, one for each "
                "image. Received: None"
            )
        return check_content(content, images)


def _with_truth(images, damaged, regions):
    """Keep what changed visibly, inside the regions if there are any; say where that is."""
    damaged = np.clip(damaged, 0, 1).astype(np.float32, copy=False)
    masks = (np.abs(damaged - images) >= _HALF_GREY_LEVEL).any(axis=-1)
    if regions is not None:
        masks &= regions
    damaged = np.where(masks[..., None], damaged, images)
    return Damaged(damaged, masks, np.where(masks.any(axis=(1, 2)), -1, 1))
