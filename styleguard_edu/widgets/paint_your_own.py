"""Paint a photo of one's own in a bundled style, or in that of a painting of one's own."""

import time
from functools import partial
from pathlib import Path

import ipywidgets as widgets
import numpy as np
from PIL import Image

from .. import models  # loads what is used, when it is
from ..gallery import load_paintings
from ..images import blend
from ..pictures import load_picture
from ._drawing import encode
from ._easel import YOURS, Easel, save_as_new
from ._live_training import LiveExplorer, compiled_step
from ._parts import ValueSlider, View, button, choice

LOOK_EVERY = 3.0  # seconds of training between two looks at the result
MOST_MB = 10  # of an upload: JupyterLab's server takes no larger message unless told to
_TYPES = "image/jpeg,image/png,image/webp,image/gif,image/bmp,image/tiff,image/avif"


class PaintYourOwn(LiveExplorer):
    """Choose a photo and a painting, say how much of it to apply, and save the result.

    Both may be your own. The styles of the bundled paintings are learnt already; that of your
    painting is learnt while you watch, for as long as you like: four to five minutes on two CPU
    cores are convincing.

    Parameters
    ----------
    style : styleguard_edu.models.PaintingStyle
        Trained; has ``names`` and ``transfer(picture, style=name)``.
    photos : dict of str to ndarray
        Photos to choose from, also those that a painting of your own is learnt with.
    paintings : dict of str to ndarray, optional
        The painting behind every name of ``style``; the bundled ones unless given.
    make_style : callable, optional
        Painting -> a new PaintingStyle, to be trained; ``PaintingStyle`` unless given.
    long_side : int
        Photos are painted and saved with at most so many pixels on the longer side, at least 64.
    folder : path
        Where to save; the notebook's folder unless given.

    Attributes
    ----------
    photo, painting : ipywidgets.ToggleButtons
        Their values are names; ``YOURS`` once there is a picture of your own.
    strength : ValueSlider
        From 0, the photo, to 1, the painted photo: a mixture of their pixels.

    Notes
    -----
    A photo is painted when it is chosen, and kept; the slider only mixes pixels.
    """

    title = "paint-your-own explorer"
    train_label = "Train on this painting"
    elsewhere = "use PaintingStyle(painting).fit(photos, minutes=5)"

    def __init__(
        self, style, photos, *, paintings=None, make_style=None, long_side=512, folder="."
    ):
        paintings = load_paintings() if paintings is None else paintings
        self.easel = Easel(style, photos, paintings, long_side=long_side)
        self.long_side, self.folder = long_side, Path(folder)
        self._make_style = make_style or (lambda painting: models.PaintingStyle(painting))
        self._learnt_with = dict(photos)
        self._own, self._seconds, self._shown_step, self._note = None, 0.0, 0, ""
        super().__init__(*self._controls())
        self.play_button.layout.display = "none"  # until there is a painting to learn

    @property
    def state(self):
        """What the controls say, and how far the learning of your painting has come."""
        return {
            "photo": self.photo.value,
            "painting": self.painting.value,
            "strength": self.strength.values[self.strength.value].item(),
            "step": self._shown_step,
            "seconds": round(self._seconds),
            "learning": self.running,
        }

    @property
    def result(self):
        """The picture now shown, and saved: float32, ``(height, width, 3)`` in [0, 1]."""
        photo, painting, strength, step, *_ = self.state.values()
        painted, _ = self._paint(photo, painting, step)
        return blend(self.easel.pictures["photo"][photo], painted, strength)

    def view(self, photo, painting, strength, step, seconds, learning):
        """The pictures and the text of one state.

        Parameters
        ----------
        photo, painting : str
            Names, or ``YOURS``.
        strength : float in [0, 1]
        step, seconds : int
            For how many steps and seconds your painting has been learnt.
        learning : bool
            Whether it still is.

        Returns
        -------
        View
            Of the photo, the painting, and the result; JPEG files.
        """
        _, ends = self._paint(photo, painting, step)
        deed = self.easel.deed(photo, painting, strength, step)
        text = f"{deed[0].upper()}{deed[1:]}."
        if YOURS in self.easel.pictures["painting"]:
            text += f"\n{self._progress(step, seconds, learning)}"
        pictures = (
            self.easel.small("photo", photo),
            self.easel.small("painting", painting),
            encode(Image.blend(*ends, strength), "JPEG"),  # as a PNG, twenty times as slow,
        )
        alts = (
            f"The photo to be painted: {self.easel.title('photo', photo)}.",
            f"The painting to paint like: {self.easel.title('painting', painting)}.",
            f"The result: {deed}.",
        )
        return View(pictures, alts, text)

    def refresh(self):
        """Show the present state; while a painting is being learnt, the last preview of it."""
        super().refresh()
        if self._note:
            self.say(self.text + self._note)

    def use_photo(self, source, *, name=None):
        """Take a photo of your own, as an upload does.

        Parameters
        ----------
        source : path, bytes, binary file object or ndarray
            Anything :func:`styleguard_edu.pictures.load_picture` reads.
        name : str, optional
            What to call it.

        Raises
        ------
        ValueError, TypeError, OSError
            As ``load_picture``; nothing changes then.
        """
        picture = load_picture(source, long_side=self.long_side, name=name)
        self._take("photo", picture, name)

    def use_painting(self, source, *, name=None):
        """Take a painting of your own, as an upload does; what an earlier one taught is dropped.

        Parameters and errors are those of :meth:`use_photo`.
        """
        picture = load_picture(source, name=name)  # not smaller: its marks are the style
        self.pause()
        self._own, self._seconds, self._shown_step = None, 0.0, 0
        self._take("painting", picture, name)

    def save(self):
        """Save the picture shown as a PNG file; no file is replaced.

        Returns
        -------
        pathlib.Path
            painted.png, or the first of painted_2.png, painted_3.png ... that is free.

        Raises
        ------
        OSError
            If the folder cannot be written to.
        """
        picture = self.result
        path = save_as_new(picture, self.folder)
        height, width, _ = picture.shape
        self._note = f"\nSaved as {path.name}, {width} x {height} pixels, in {path.parent}."
        self.refresh()
        return path

    def play(self):
        """Start to learn your painting, or go on; a notebook's event loop must be running."""
        if YOURS not in self.easel.pictures["painting"]:
            raise ValueError("Upload a painting first: the styles of the others are learnt already")
        if self._own is None:
            self._own = self._make_style(self.easel.pictures["painting"][YOURS])
            self._batches = self._own.batches(self._learnt_with)
            self._step = compiled_step(self._own, self._own.train_step)
        super().play()
        self.painting.value = YOURS
        if int(self._own.steps):
            self.refresh()
        else:
            self.say("Preparing to learn: the first step takes longer, once.")

    def _lessons(self):
        while True:
            until = self._seconds + LOOK_EVERY
            while self._seconds < until:
                start = time.perf_counter()
                with self._lock:
                    self._step(next(self._batches))
                self._seconds += time.perf_counter() - start
                yield 0
            self._look()

    def _paint(self, photo, painting, step):
        own = (step, self._own) if painting == YOURS else ()
        with self._lock:
            return self.easel.paint(photo, painting, *own)

    def _take(self, kind, picture, title):
        """Choose a picture of one's own, and add a button for it."""
        self.easel.put(kind, picture, title)
        buttons = getattr(self, kind)
        if YOURS not in dict(buttons.options).values():
            buttons.unobserve(self._changed, "value")  # new options go back to the first one
            buttons.options = (*buttons.options, (YOURS, YOURS))
            buttons.observe(self._changed, "value")
        if kind == "painting":
            self.play_button.layout.display = None
        if buttons.value == YOURS:
            self._look()
        else:
            buttons.value = YOURS

    def _controls(self):
        """The rows of controls, and the buttons that share a row with the one that trains."""
        self.photo, self.painting = (
            choice(kind, {self.easel.title(kind, name): name for name in pictures})
            for kind, pictures in self.easel.pictures.items()
        )
        self.strength = ValueSlider("strength", np.round(np.linspace(0, 1, 21), 2), index=20)
        self.photo_upload, self.painting_upload = (
            widgets.FileUpload(
                accept=_TYPES,
                description=f"Your {kind}",
                tooltip=f"JPEG, PNG or WebP; for a larger file call use_{kind}(path)",
                layout={"width": "auto"},
            )
            for kind in ("photo", "painting")
        )
        self.photo_upload.observe(partial(self._uploaded, self.use_photo), "value")
        self.painting_upload.observe(partial(self._uploaded, self.use_painting), "value")
        limit = widgets.Label(f"at most {MOST_MB} MB each", layout={"margin": "2px 14px 2px 4px"})
        self.save_button = button("Save PNG", "download", lambda: self._try(self.save))
        buttons = [self.photo_upload, self.painting_upload, limit, self.save_button]
        return [self.photo, self.painting, self.strength], buttons

    def _changed(self, change):
        self._try(self.refresh if change["owner"] is self.strength else self._look)

    def _look(self):
        """Show the present state, painted with what has been learnt so far."""
        self._shown_step = 0 if self._own is None else int(self._own.steps)
        self.refresh()

    _paused = _look

    def _uploaded(self, use, change):
        for file in change["new"]:
            if len(file["content"]) < file["size"]:
                continue  # it was taken before, see below
            self._try(partial(self._use_upload, use, file))
            # its bytes are freed, and it may be chosen again; the button counts a good one
            change["owner"].value = () if self.error else (file | {"content": b""},)

    def _use_upload(self, use, file):
        if file["size"] > MOST_MB * 1e6:
            raise ValueError(
                f"{file['name']} is too large, at most {MOST_MB} MB. Make the picture smaller, or "
                f"call {use.__name__}(path) in a cell. Received: {file['size'] / 1e6:.1f} MB"
            )
        use(bytes(file["content"]), name=file["name"])

    def _try(self, action):
        self._note = ""
        super()._try(action)

    def _fail(self, error):
        super()._fail(error)
        self._note = f"\n{self.text}"  # stays below the next previews

    def _progress(self, step, seconds, learning):
        """How far the learning of one's own painting has come, in words."""
        if learning:
            return f"Learning your painting: step {step:,}, {seconds} s."
        if not step:
            return f"Press “{self.train_label}” to learn your painting; press again to stop."
        return f"Paused after step {step:,}, {seconds} s. Press “{self.train_label}” to go on."
