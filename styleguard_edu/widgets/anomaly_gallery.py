"""Pick a kind of damage and its severity, and see what it does to images and where."""

import numpy as np

from ..anomalies import ANOMALIES, GROUPS
from ..images import check_content
from ..plotting import tint_masks
from ._checks import check_few
from ._choices import PathChoice
from ._drawing import encode
from ._page import CACHED, MOST, Page, in_percent
from ._parts import Explorer, ValueSlider, View, choice

# What the physical parameter is, in its unit; and what the damage imitates.
WORDS = {
    "noise": ("standard deviation {:g}, where black to white is 1", "a sensor that gets too warm"),
    "shot_noise": ("{:g} photons at a white pixel", "a picture taken in too little light"),
    "salt_and_pepper": ("{:.0%} of the pixels turn black or white", "dead pixels"),
    "speckle": ("values times a factor with standard deviation {:g}", "the grain of radar"),
    "spatter": ("{:.0%} of the picture under drops", "drops of paint or mud"),
    "blur": ("standard deviation of the kernel {:g} px", "a lens out of focus"),
    "motion_blur": ("smeared along {:g} px", "a camera that moved"),
    "glass_blur": ("every pixel from up to {:g} px away", "a look through frosted glass"),
    "pixelation": ("blocks of {0}x{0} px", "a picture enlarged from too few pixels"),
    "erosion": ("bright parts shrink by {:g} px", "a pen that runs dry"),
    "dilation": ("bright parts grow by {:g} px", "ink that spreads"),
    "deformation": ("pixels move by {:g} px (root mean square)", "a generator's misshapen strokes"),
    "shift": ("moved by {:g} px", "a picture cut out in the wrong place"),
    "rotation": ("turned by {:g}°", "a page laid askew on the scanner"),
    "scaling": ("larger or smaller by a factor of {:g}", "a picture resized by mistake"),
    "shear": ("each row slides {:g} px against the next", "handwriting with too much slant"),
    "occlusion": ("a square of {0}x{0} px", "something that stands in front"),
    "scratch": ("{} across the picture, 1 px wide", "a scratched film"),
    "zigzag": ("{} one after another, 1 px wide", "a scribble of a pen"),
    "stripe": ("a band {} px wide, inverted", "a sensor that reads some rows wrongly"),
    "block_loss": ("{:.0%} of the 4x4 px blocks", "data lost on the way"),
    "fog": ("{:.0%} of the light from the veil", "fog in front of the lens"),
    "brightness": ("values {:.0%} of the way to black or to white", "a wrong exposure"),
    "ghost": ("{:.0%} of the light from a copy 4 px away", "a double exposure"),
    "checkerboard": ("pixels {:g} brighter, darker in turn", "what upsampling layers leave behind"),
    "halo": ("{:g} times the fine detail added", "a picture sharpened too much"),
    "edges": ("{:.0%} of the way to contours alone", "a generator that forgets to fill outlines"),
    "colour_cast": ("up to {:g} added to a colour channel", "a wrong white balance"),
    "style_leak": ("{:.0%} of the picture left as it was", "a style GAN that forgot some places"),
}
_PLURAL = {"scratch": "line", "zigzag": "stroke"}  # what a bare number counts


class AnomalyGallery(Explorer):
    """Choose what goes wrong, how badly and where; see clean, damaged and changed pixels.

    Of all anomalies, those that suit the images are offered.

    The random draws are the same at every severity: the slider makes the same damage worse.

    Parameters
    ----------
    images : ndarray of float, ``(n, height, width, channels)`` in [0, 1], at least 8x8 px
        Clean ones, at most 12; eight digits or two photos fill the page well.
    content : ndarray of float, ``(n, height, width, 1 or 3)`` in [0, 1], optional
        What the images looked like before they were restyled; "style leak" needs it.

    Attributes
    ----------
    kind : PathChoice
        Its value is a group from ``styleguard_edu.anomalies.GROUPS`` and a name of a kind.
    severity : ValueSlider
        From 1 to 5.
    where : ipywidgets.ToggleButtons
        Its value is True for a part of the image, False for the whole.
    """

    title = "anomaly gallery"

    def __init__(self, images, *, content=None):
        self.images = check_few(images, MOST)
        self.content = check_content(content, self.images)
        names = ["clean", "damaged", "changed\npixels"]
        self._page = Page(self.images.shape, names, words=[(), (), ("share",)])
        self._page.paste(self._page.base, 0, self.images)
        kinds = [(group, name) for group, names in GROUPS.items() for name in names]
        labels = {"group": str, "kind": lambda name: ANOMALIES[name].label}
        self.kind = PathChoice([path for path in kinds if self._suits(ANOMALIES[path[1]])], labels)
        self.severity = ValueSlider("severity", np.arange(1, 6), index=2)
        self.where = choice("where", {"whole image": False, "part of it": True})
        super().__init__([*self.kind.rows, self.where, self.severity], cached=CACHED)

    @property
    def state(self):
        """What the controls say: the kind, the severity, and whether only a part is damaged."""
        (_, kind), severity = self.kind.value, self.severity.value + 1
        return {"kind": kind, "severity": severity, "local": self.where.value}

    def view(self, kind, severity, local):
        """The picture and the text of one state.

        Parameters
        ----------
        kind : str
        severity : int
            1 to 5.
        local : bool

        Returns
        -------
        View
            Of clean images above damaged ones above the changed pixels.
        """
        damaged = self.damage(kind, severity, local)
        shares = damaged.masks.mean(axis=(1, 2))
        bitmap = self._page.base.copy()
        self._page.paste(bitmap, 1, damaged.images)
        self._page.paste(bitmap, 2, tint_masks(damaged.images, damaged.masks))
        for k, share in enumerate(shares):
            self._page.write(bitmap, 2, k, (in_percent(share),))
        return View((encode(bitmap),), *self._words(kind, severity, local, shares))

    def damage(self, kind, severity, local):
        """Damage the images as in one state; returns a ``Damaged``."""
        anomaly = ANOMALIES[kind](severity=severity, local=local)
        return anomaly(self.images, rng=0, content=self.content)

    def _suits(self, anomaly):
        colour = self.images.shape[-1] == 3 or not anomaly.colour_only
        return colour and (self.content is not None or not anomaly.needs_content)

    def _words(self, kind, severity, local, shares):
        """The alternative texts and the summary."""
        label, n = ANOMALIES[kind].label, len(shares)
        place = "part of the image" if local else "the whole image"
        what = f"{label[0].upper()}{label[1:]}, severity {severity} of 5, {place}"
        alt = (
            f"{n} image{'s' * (n > 1)}: clean above, damaged below, and at the bottom the changed "
            f"pixels in amber. {what}. Changed: {', '.join(map(in_percent, shares))}."
        )
        parameter, imitates = in_words(kind, severity)
        text = f"{what}: {parameter}.\nIt imitates {imitates}.\n"
        if not shares.any():
            return (alt,), f"{text}Nothing changed: the damage leaves these images as they are."
        least, mean, most = map(in_percent, (shares.min(), shares.mean(), shares.max()))
        span = f", from {least} to {most} an image" if least != most else ""
        return (alt,), f"{text}{mean} of the pixels changed{span}."


def in_words(kind, severity):
    """The physical parameter with its unit, and what a kind of damage imitates."""
    parameter, imitates = WORDS[kind]
    value = ANOMALIES[kind](severity=severity).value
    if kind in _PLURAL:
        value = f"{value} {_PLURAL[kind]}{'s' * (value > 1)}"
    return parameter.format(value), imitates
