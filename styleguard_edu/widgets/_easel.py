"""Photos and paintings side by side, and what becomes of a photo in the style of a painting."""

from functools import lru_cache
from itertools import count

import numpy as np
from PIL import Image, ImageOps

from ..pictures import load_picture, save_picture
from ._drawing import FINE, encode

YOURS = "yours"  # stands for the photo or the painting that was uploaded
KEPT = 16  # painted photos: five megabytes each
LARGE, SMALL = (384, 256), (196, 160)  # displayed pixels: what a result and the others fit into


class Easel:
    """Holds the pictures to choose from, and keeps the photos painted last.

    Parameters
    ----------
    style : PaintingStyle
        Has ``names`` and ``transfer(picture, style=name)``.
    photos, paintings : dict of str to ndarray
        A painting for every name of the style.
    long_side : int
        Photos are brought to at most so many pixels.

    Attributes
    ----------
    pictures : dict of str to dict
        By ``"photo"`` and ``"painting"``, then by name: float32 ``(height, width, 3)`` in [0, 1].
    titles : dict of str to str or None
        What the pictures of one's own are called, by ``"photo"`` and ``"painting"``.
    """

    def __init__(self, style, photos, paintings, *, long_side):
        missing = sorted(set(style.names) - set(paintings))
        if missing:
            raise ValueError(
                "paintings must hold a picture for every name of the style. "
                f"Received: none for {', '.join(missing)}"
            )
        if not photos or YOURS in (*photos, *style.names):
            raise ValueError(
                f"photos must hold at least one picture, and {YOURS!r} is taken as a name. "
                f"Received: photos {list(photos)}, paintings {list(style.names)}"
            )
        self.style, self.titles = style, {}
        self.pictures = {"photo": {}, "painting": {}}
        for name, photo in photos.items():
            picture = load_picture(photo, long_side=long_side, name=f"photos[{name!r}]")
            self.pictures["photo"][name] = picture
        for name in style.names:
            picture = load_picture(paintings[name], name=f"paintings[{name!r}]")
            self.pictures["painting"][name] = picture
        self.paint, self.small = lru_cache(KEPT)(self.paint), lru_cache(KEPT)(self.small)

    def put(self, kind, picture, title):
        """Put up a picture of one's own; forget what was made from the one before."""
        self.pictures[kind][YOURS], self.titles[kind] = picture, title
        self.paint.cache_clear()
        self.small.cache_clear()

    def title(self, kind, name):
        """What a picture is called in a sentence."""
        if name != YOURS:
            return name.replace("_", " ")
        return f"your {kind} {self.titles[kind] or ''}".rstrip()

    def deed(self, photo, painting, strength, step):
        """What is done to a photo, in words; the arguments are those of :meth:`paint`."""
        content, style = self.title("photo", photo), self.title("painting", painting)
        if painting == YOURS and not step:
            return f"{content} as it is: {style} has not been learnt yet"
        if strength == 0:
            return f"{content} as it is, strength 0.00"
        return f"{content} painted like {style}, strength {strength:.2f}"

    def paint(self, photo, painting, step=0, own=None):
        """A photo in the style of a painting; painted anew only if something has changed.

        Parameters
        ----------
        photo, painting : str
        step : int
            For one's own painting: for how many steps its style has been learnt; not before the
            first does it paint.
        own : PaintingStyle or None
            That style.

        Returns
        -------
        painted : ndarray of float32, ``(height, width, 3)`` in [0, 1]
        ends : tuple of PIL.Image.Image
            The photo and the painted photo, as they are displayed.
        """
        picture = painted = self.pictures["photo"][photo]
        if painting != YOURS:
            painted = np.asarray(self.style.transfer(picture, style=painting))
        elif step:
            painted = np.asarray(own.transfer(picture))
        return painted, tuple(_displayed(each, LARGE) for each in (picture, painted))

    def small(self, kind, name):
        """The JPEG file of a photo or a painting as it is displayed."""
        return encode(_displayed(self.pictures[kind][name], SMALL), "JPEG")


def _displayed(picture, box):
    """A float picture as a Pillow image that fits into a box of displayed pixels."""
    image = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    return ImageOps.contain(image, [FINE * side for side in box], Image.Resampling.LANCZOS)


def save_as_new(picture, folder):
    """Save as painted.png, or as the first of painted_2.png, painted_3.png ... that is not there.

    Parameters
    ----------
    picture : ndarray of float, ``(height, width, 3)`` in [0, 1]
    folder : pathlib.Path

    Returns
    -------
    pathlib.Path
        Absolute.
    """
    for number in count(1):
        path = folder.resolve() / (f"painted_{number}.png" if number > 1 else "painted.png")
        try:
            path.touch(exist_ok=False)  # taken at once: two notebooks may share the folder
        except FileExistsError:
            continue
        try:
            save_picture(picture, path)
        except BaseException:
            path.unlink()
            raise
        return path
