"""Paint a photo of one's own in a bundled style, or in that of a painting of one's own."""

import asyncio
import io
from functools import partial
from pathlib import Path

import ipywidgets as widgets
import numpy as np
from PIL import Image

from ..gallery import load_paintings
from ..images import blend
from ..pictures import load_picture
from ._drawing import FINE
from ._easel import YOURS, Easel, jpeg, row_of_photos, save_as_new
from ._live_style import LiveStyle, new_style
from ._parts import Explorer, ValueSlider, View, choice

TRAIN, PAUSE = "Train on this painting", "Pause"
_TYPES = "image/jpeg,image/png,image/webp,image/gif,image/bmp,image/tiff,image/avif"


class PaintYourOwn(Explorer):
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
    error : Exception or None
        What went wrong last, if anything did.

    Notes
    -----
    A photo is painted when it is chosen, and kept; the slider only mixes pixels. Live training is
    an asyncio task on the loop that handles the click. It yields to that loop after every step, so
    a press of a button is heard between two steps.
    """

    title = "paint-your-own explorer"

    def __init__(
        self, style, photos, *, paintings=None, make_style=None, long_side=512, folder="."
    ):
        paintings = load_paintings() if paintings is None else paintings
        self.easel = Easel(style, photos, paintings, long_side=long_side)
        self.long_side, self.folder = long_side, Path(folder)
        self._make_style = new_style if make_style is None else make_style
        self._learnt_with = dict(photos)
        self._live = self.error = None
        self._shown_step, self._note = 0, ""
        super().__init__(self._controls(), pictures=3)
        self.photo.observe(self._chosen, "value")
        self.painting.observe(self._chosen, "value")
        self.strength.slider.observe(lambda _: self._try(self.refresh), "value")

    @property
    def state(self):
        """What the controls say, and how far the learning of your painting has come."""
        return {
            "photo": self.photo.value,
            "painting": self.painting.value,
            "strength": self.strength.values[self.strength.slider.value].item(),
            "step": self._shown_step,
            "seconds": 0 if self._live is None else round(self._live.seconds),
            "learning": self.running,
        }

    @property
    def running(self):
        """Whether live training is under way."""
        return self._live is not None and self._live.running

    @property
    def own_style(self):
        """What is being learnt from your painting, or None. Keep it to save its weights."""
        return None if self._live is None else self._live.style

    @property
    def result(self):
        """The picture now shown, and saved: float32, ``(height, width, 3)`` in [0, 1]."""
        state = self.state
        photo, painting, strength = state["photo"], state["painting"], state["strength"]
        painted, _ = self.easel.paint(photo, painting, state["step"], self._live)
        original = self.easel.pictures["photo"][photo]
        return blend(original, painted, strength)

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
        _, ends = self.easel.paint(photo, painting, step, self._live)
        content = self.easel.title("photo", photo)
        style = self.easel.title("painting", painting)
        if painting == YOURS and not step:
            deed = f"{content} as it is: {style} has not been learnt yet"
        elif strength == 0:
            deed = f"{content} as it is, strength 0.00"
        else:
            deed = f"{content} painted like {style}, strength {strength:.2f}"
        text = f"{deed[0].upper()}{deed[1:]}."
        if YOURS in self.easel.pictures["painting"]:
            text += f"\n{_progress(step, seconds, learning)}"
        pictures = (
            self.easel.small("photo", photo),
            self.easel.small("painting", painting),
            jpeg(Image.blend(*ends, strength)),
        )
        alts = (
            f"The photo to be painted: {content}.",
            f"The painting to paint like: {style}.",
            f"The result: {deed}.",
        )
        return View(pictures, alts, text)

    def refresh(self):
        """Show the present state; while a painting is being learnt, the last preview of it."""
        view = self.view(**self.state)
        for picture, file, alt in zip(self.pictures, view.pictures, view.alts, strict=True):
            with picture.hold_sync():
                picture.format, picture.value, picture.tooltip = "jpeg", file, alt
                picture.width = str(Image.open(io.BytesIO(file)).width // FINE)
        self.say(view.text + self._note)

    def static_picture(self):
        """The present pictures as one JPEG file, for readers without a kernel."""
        return row_of_photos(self.view(**self.state).pictures)

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
        self._live, self._shown_step = None, 0
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
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "play needs a running event loop, as a notebook has; elsewhere use "
                "PaintingStyle(painting).fit(photos, minutes=5)"
            ) from None
        if YOURS not in self.easel.pictures["painting"]:
            raise ValueError("Upload a painting first: the styles of the others are learnt already")
        if self._live is None:
            style = self._make_style(self.easel.pictures["painting"][YOURS])
            self._live = LiveStyle(style, self._learnt_with, look=self._look, fail=self._fail)
        self._live.play()
        self._label(PAUSE, "pause")
        self.painting.value = YOURS
        if self._live.steps:
            self.refresh()
        else:
            self.say("Getting ready to learn: the first step takes longer, once.")

    def pause(self):
        """Stop to learn after the step under way; what has been learnt is kept and shown."""
        if self.running:
            self._live.pause()
            self._label(TRAIN, "play")
            self._look()

    def close(self):
        """Stop to learn and free the widgets."""
        self.pause()
        super().close()

    def _take(self, kind, picture, title):
        """Choose a picture of one's own, and add a button for it."""
        self.easel.put(kind, picture, title)
        buttons = {"photo": self.photo, "painting": self.painting}[kind]
        if YOURS not in dict(buttons.options).values():
            buttons.unobserve(self._chosen, "value")  # new options go back to the first one
            buttons.options = (*buttons.options, (YOURS, YOURS))
            buttons.observe(self._chosen, "value")
        if kind == "painting":
            self.train_button.layout.display = None
        if buttons.value == YOURS:
            self._look()
        else:
            buttons.value = YOURS

    def _controls(self):
        self.photo, self.painting = (
            choice(kind, {self.easel.title(kind, name): name for name in pictures})
            for kind, pictures in self.easel.pictures.items()
        )
        for buttons in (self.photo, self.painting):
            buttons.style.description_width = "56px"
        self.strength = ValueSlider("strength", np.round(np.linspace(0, 1, 21), 2), index=20)
        self.photo_upload, self.painting_upload = (
            widgets.FileUpload(
                accept=_TYPES,
                description=f"Your {kind}",
                tooltip=f"JPEG, PNG or WebP, up to 10 MB; for a larger file call use_{kind}(path)",
                layout={"width": "auto"},
            )
            for kind in ("photo", "painting")
        )
        self.train_button, self.save_button = (
            widgets.Button(description=words, icon=icon, layout={"width": "auto"})
            for words, icon in ((TRAIN, "play"), ("Save PNG", "download"))
        )
        self.train_button.layout.display = "none"  # until there is a painting to learn
        for upload, use in (
            (self.photo_upload, self.use_photo),
            (self.painting_upload, self.use_painting),
        ):
            upload.observe(partial(self._uploaded, use), "value")
        self.train_button.on_click(lambda _: self._try(self.pause if self.running else self.play))
        self.save_button.on_click(lambda _: self._try(self.save))
        row = (self.photo_upload, self.painting_upload, self.train_button, self.save_button)
        buttons = widgets.HBox(row, layout={"flex_flow": "row wrap", "align_items": "center"})
        return [self.photo, self.painting, self.strength.row, buttons]

    def _chosen(self, change):
        self._try(self._look)

    def _look(self):
        """Show the present state, painted with what has been learnt so far."""
        self._shown_step = 0 if self._live is None else self._live.steps
        self.refresh()

    def _uploaded(self, use, change):
        for file in change["new"]:
            change["owner"].value = ()  # the same file may be chosen again; its bytes are freed
            self._try(partial(use, bytes(file["content"]), name=file["name"]))

    def _try(self, action):
        """Do what a control asks for; an error is shown, and the pictures stay."""
        self._note, self.error = "", None
        try:
            action()
        except Exception as error:
            self._fail(error)

    def _fail(self, error):
        self.error = error
        if not self.running:
            self._label(TRAIN, "play")
        plain = isinstance(error, ValueError | OSError)
        message = str(error) if plain else f"{type(error).__name__}: {error}"
        self._note = f"\n{message}"  # stays below the next previews
        self.say(message, role="alert")

    def _label(self, description, icon):
        with self.train_button.hold_sync():
            self.train_button.description, self.train_button.icon = description, icon


def _progress(step, seconds, learning):
    """How far the learning of one's own painting has come, in words."""
    if learning:
        return f"Learning your painting: step {step:,}, {seconds} s."
    if not step:
        return f"Press “{TRAIN}” to learn your painting; it can be stopped at any time."
    return f"Paused after step {step:,}, {seconds} s. Press “{TRAIN}” to go on."
