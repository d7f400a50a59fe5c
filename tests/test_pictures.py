"""Pictures as people bring them: shown as browsers show them, or refused with a way out."""

import io
import os
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zlib

from styleguard_edu import decoding
from styleguard_edu.pictures import fit_short_side, load_picture, match_histogram, save_picture

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

RED, GREEN, BLUE, WHITE = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)


def marked(mode="RGB", size=(96, 64)):
    """A green picture, wider than high, with a red top left corner."""
    image = Image.new("RGB", size, "lime")
    image.paste("red", (0, 0, 32, 32))
    return image.convert(mode)


def encoded(image, kind="PNG", **settings):
    file = io.BytesIO()
    image.save(file, format=kind, **settings)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_is_refused(kind):
    first, *others = (Image.new("RGB", (64, 64), colour) for colour in ("red", "lime", "blue"))
    dance = encoded(first, kind, save_all=True, append_images=others, duration=100)
    with pytest.raises(ValueError, match=r"dance must be one still picture.*several frames"):
        load_picture(dance, name="dance")


def png_part(kind, data):
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(width, height, pixels=bytes(99), *, bits=8, colours=2, more=b""):
    """A PNG file made by hand; without pixels it claims a size and holds hardly any."""
    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    parts = png_part(b"IHDR", header) + more + png_part(b"IDAT", zlib.compress(pixels))
    return b"\x89PNG\r\n\x1a\n" + parts + png_part(b"IEND", b"")


def tiff(value, *, bits=16, white_is=1, sign=1):
    """A grey TIFF file of 64x64 equal numbers, made by hand."""
    two = (value << bits | value).to_bytes(bits // 4, "little" if bits == 16 else "big")
    pixels = two * 2048
    tags = {256: 64, 257: 64, 258: bits, 259: 1, 262: white_is, 273: 8, 277: 1, 278: 64}
    tags |= {279: len(pixels), 339: sign}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, number) for tag, number in tags.items())
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + directory


def colour_at(picture, row, column):
    return pytest.approx(tuple(picture[row, column]), abs=0.02)


KINDS = [("RGB", kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "AVIF")]
KINDS += [("P", "PNG"), ("P", "GIF"), ("RGBA", "PNG"), ("RGBA", "WEBP")]
KINDS += [("CMYK", "JPEG"), ("CMYK", "TIFF")]


@pytest.mark.parametrize(("mode", "kind"), KINDS)
def test_every_kind_of_colour_picture_gives_the_same_colours(mode, kind):
    settings = {"quality": 100} if kind in ("JPEG", "WEBP", "AVIF") else {}
    picture = load_picture(encoded(marked(mode), kind, **settings))
    assert (picture.shape, picture.dtype) == ((64, 96, 3), np.float32)
    assert picture.min() >= 0 and picture.max() <= 1
    assert colour_at(picture, 10, 10) == RED
    assert colour_at(picture, 50, 80) == GREEN


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_a_grey_picture_gets_three_equal_channels(mode):
    grey = Image.new("L", (80, 64), 255)
    grey.paste(0, (0, 0, 40, 64))
    picture = load_picture(encoded(grey.convert(mode)))
    assert colour_at(picture, 30, 10) == (0, 0, 0)
    assert colour_at(picture, 30, 70) == WHITE


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_more_than_256_levels_and_is_resized_without_clipping(kind):
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    picture = load_picture(encoded(Image.fromarray(ramp), kind))
    np.testing.assert_allclose(picture[..., 1], ramp / 65535, atol=1e-6)
    small = load_picture(encoded(Image.new("I;16", (200, 200), 32768), kind), long_side=100)
    np.testing.assert_allclose(small, 0.5, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"value": 16384}, 0.25),
        ({"value": 16384, "white_is": 0}, 0.75),
        ({"value": 1024, "bits": 12}, 0.25),
        ({"value": 64, "bits": 8, "white_is": 0}, 0.75),
    ],
)
def test_grey_of_any_depth_and_either_sign_has_its_own_white(settings, expected):
    np.testing.assert_allclose(load_picture(tiff(**settings)), expected, atol=2e-3)


def test_numbers_whose_white_is_unknown_are_refused():
    floats = encoded(Image.new("F", (80, 80), 7.0), "TIFF")
    for data in (floats, tiff(0, sign=2), tiff(0, bits=8, sign=2)):
        with pytest.raises(ValueError, match="nobody knows what is white"):
            load_picture(data)


# what browsers show


def test_a_png_is_shown_whatever_its_text_holds():
    notes = PngInfo()
    notes.add_text("notes", 3_000_000 * "x", zip=True)
    notes.add_text("more", 2_000_000 * "y")
    data = bytearray(encoded(marked(), pnginfo=notes))
    data[data.index(b"tEXt") + 99] ^= 1  # its checksum is wrong now
    np.testing.assert_array_equal(load_picture(bytes(data)), load_picture(encoded(marked())))


@pytest.mark.parametrize(("bits", "clear"), [(8, (3, 40, 5)), (16, (300, 40_000, 500))])
def test_the_transparent_colour_of_a_png_becomes_white_at_any_depth(bits, clear):
    red = (2**bits - 1, 0, 0)
    row = b"\0" + np.array([clear, red], f">u{bits // 8}").repeat(32, axis=0).tobytes()
    more = png_part(b"tRNS", struct.pack(">3H", *clear))
    picture = load_picture(png(64, 64, 64 * row, bits=bits, more=more))
    assert colour_at(picture, 30, 10) == WHITE
    assert colour_at(picture, 30, 50) == RED
    grey = Image.fromarray(np.array([[1000, 60000]], np.uint16).repeat(64, 0).repeat(32, 1))
    grey = load_picture(encoded(grey, transparency=1000))
    np.testing.assert_allclose(grey[0, [0, -1], 0], [1, 60000 / 65535])


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_without_its_end_marker_is_shown(progressive, missing):
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), "JPEG", progressive=progressive)
    np.testing.assert_array_equal(load_picture(data[:-missing]), load_picture(data))
    with pytest.raises(ValueError, match="cut off"):
        load_picture(data[:-100])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white_and_half_of_it_half_white(mode):
    image = Image.new("RGBA", (96, 64), (0, 0, 0, 0))  # transparent black
    image.paste((0, 0, 0, 128), (0, 0, 48, 64))
    image = image.quantize() if mode == "P" else image.convert(mode)
    picture = load_picture(encoded(image))
    assert colour_at(picture, 30, 80) == WHITE
    assert colour_at(picture, 30, 10) == (0.5, 0.5, 0.5)


def test_a_transparent_colour_leaves_no_dark_rim_when_resized():
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (133, 0, 400, 400))  # white on nothing: all white
    assert load_picture(encoded(image), long_side=100).min() > 0.98


# where the red corner, stored top left, belongs: (row, column) of the upright picture
CORNERS = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1)}
CORNERS |= {8: (-1, 0)}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", CORNERS)
def test_the_turn_that_a_camera_notes_is_applied(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = load_picture(encoded(marked(size=(300, 200)), kind, exif=exif), long_side=150)
    assert picture.shape == ((150, 100, 3) if orientation >= 5 else (100, 150, 3))
    corners = {(row, column) for row in (0, -1) for column in (0, -1)}
    red = {place for place in corners if picture[place][0] > 0.8}
    assert red == {CORNERS[orientation]}


def test_a_phone_photo_with_a_second_exposure_or_damaged_exif_is_shown():
    second = Image.new("RGB", (96, 64), "blue")
    broken = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(7)
    data = encoded(marked(), "MPO", save_all=True, append_images=[second])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow says that it is corrupt
        for photo in (data, encoded(marked(), "JPEG", exif=broken)):
            assert colour_at(load_picture(photo), 50, 80) == GREEN


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2048, 1000), (500, 1024)),
        ((300, 3000), (1024, 102)),
        ((64, 64), (64, 64)),
        ((1600, 100), (64, 1024)),
    ],
)
def test_the_long_side_is_limited_the_aspect_stays_and_nothing_is_enlarged(size, expected):
    picture = load_picture(encoded(Image.new("RGB", size)))
    assert picture.shape == load_picture(np.zeros(size[::-1])).shape == (*expected, 3)
    with pytest.raises(ValueError, match=r"too long and narrow.*Crop .* at most 1600 pixels"):
        load_picture(np.zeros((100, 3000)))


def test_resizing_is_smooth():
    stripes = np.zeros((256, 256), np.uint8)
    stripes[:, ::2] = 255  # finer than the result can show: even grey, no moire
    for image in (Image.fromarray(stripes), Image.fromarray(stripes).convert("P")):
        picture = load_picture(encoded(image), long_side=64)
        np.testing.assert_allclose(picture[:, 2:-2], 0.5, atol=0.02)


class Stream(io.BytesIO):
    """A file that cannot go back."""

    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation("seek")


def test_path_text_bytes_memory_stream_and_open_file_give_the_same(tmp_path):
    path, data = tmp_path / "a picture.png", encoded(marked())
    path.write_bytes(data)
    expected = load_picture(path)
    with open(path, "rb") as file:
        file.read(5)  # read from its start, wherever it stands
        for source in (str(path), data, memoryview(data), Stream(data), file):
            np.testing.assert_array_equal(load_picture(source), expected)
        assert not file.closed


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.full((64, 80), 255, np.uint8), 1),
        (np.full((64, 80), 13107, np.uint16), 0.2),
        (np.full((64, 80, 1), 0.3), 0.3),
        (np.full((64, 80), 1 + 1e-7), 1),  # rounding noise
        (np.broadcast_to([0, 0, 0, 0.25], (64, 80, 4)), 0.75),  # on white
    ],
)
def test_an_array_is_scaled_by_its_white_and_laid_on_white(array, expected):
    picture = load_picture(array)
    np.testing.assert_allclose(picture, np.full((64, 80, 3), expected), rtol=1e-6)
    assert picture.dtype == np.float32 and picture.max() <= 1


GREY = np.zeros((64, 64))


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        (GREY + np.nan, ValueError, "finite. Received: values from nan"),
        (GREY + 255, ValueError, r"lie in \[0, 1\]"),
        (GREY[None, ..., None], ValueError, r"shape \(1, 64, 64, 1\)"),
        (np.zeros((64, 64, 2)), ValueError, "1, 3 or 4 channels"),
        (GREY[:0], ValueError, "shape"),
        (GREY[1:], ValueError, "at least 64 pixels .*Received: 64 x 63 p"),
        (np.broadcast_to(np.uint8(0), (8000, 8000)), ValueError, "at most 52 million pixels"),
        (encoded(Image.new("RGB", (63, 500))), ValueError, "at least 64 .*Received: 63 x 500 p"),
        (GREY.astype(int), TypeError, "images / 255.*Received: dtype int64"),
        (GREY.astype(bool), TypeError, r"astype\(.float32.\).*Received: dtype bool"),
        (None, TypeError, "source must be a path.*Received: NoneType"),
        ([[0.5]], TypeError, "source must be a path.*Received: list"),
        (io.StringIO("text"), TypeError, "source must be a path.*Received: StringIO"),
    ],
)
def test_what_is_no_picture_in_the_convention_is_refused(source, error, words):
    with pytest.raises(error, match=words):
        load_picture(source)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "1"])
def test_a_pil_image_is_taken_as_its_file_is_and_left_alone(mode):
    image = marked(mode, size=(300, 200))
    before = image.tobytes()
    expected = load_picture(encoded(image, "TIFF"), long_side=150)
    np.testing.assert_array_equal(load_picture(image, long_side=150), expected)
    assert image.tobytes() == before


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_file_that_was_cut_off_or_overwritten_is_refused_by_name(kind):
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    broken = [data[: int(len(data) * share)] for share in (0.02, 0.3, 0.7)]
    if kind == "PNG":
        broken.append(data.replace(data[len(data) // 2 :][:8], bytes(8)))
    for file in broken:
        with pytest.raises(ValueError, match=r"holiday .*again.*Received: "):
            load_picture(file, name="holiday")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "again. Received: an empty file"),
        (b"hello", "again. Received: a file that begins with b'hello'"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "save it as a JPEG.*Received: a HEIC photo"),
        (b"\0\0\0\x18ftypmp42", "a single frame.*Received: a film"),
        (b"%PDF-1.7 and more", "Received: a PDF document"),
        (b'<?xml version="1.0"?>\n<!-- -->\n<svg>', "Export it as PNG. Received: an SVG drawing"),
        (b"<!DOCTYPE html><html>", "Received: a web page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\nshowpage", "PostScript"),  # would start another program
        (b"version https://git-lfs.github.com/spec/v1", "Run `git lfs pull`"),
    ],
)
def test_what_is_no_picture_is_named_with_a_way_out(tmp_path, data, words):
    path = tmp_path / "notes.txt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"notes\.txt must be a picture that can .*{words}"):
        load_picture(path)


def test_a_path_may_begin_with_the_home_folder(tmp_path, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    save_picture(np.full((64, 64, 3), 0.5), "~/grey.png")
    assert load_picture("~/grey.png").shape == (64, 64, 3)
    assert (tmp_path / "grey.png").is_file()


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("nowhere.png", FileNotFoundError, r"nowhere\.png is not there"),
        ("'nowhere.png'", FileNotFoundError, "leave out its quotation marks"),
        ("https://example.org/a.png", ValueError, "Save it first.*web address"),
        ("data:image/png;base64,iVBO", ValueError, "Save it first.*web address"),
        (".", IsADirectoryError, "Name a file in the folder"),
        (os.devnull, OSError, "pipe or device"),
    ],
)
def test_what_is_no_path_of_a_file_is_refused_with_advice(source, error, words):
    with pytest.raises(error, match=f"source must be .*{words}"):
        load_picture(source)


# just too many; more than Pillow warns of; more than it opens
@pytest.mark.parametrize("size", [(8001, 6500), (10_000, 10_000), (50_000, 50_000)])
@pytest.mark.parametrize("action", ["error", "default"])
def test_a_decompression_bomb_is_refused_before_decoding(monkeypatch, size, action):
    monkeypatch.setattr(decoding, "_decode", lambda *_: pytest.fail("decoded"))
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings(record=action == "default") as seen:
        warnings.simplefilter(action)
        with pytest.raises(ValueError, match=r"bomb must have at most \d+ million pixels"):
            load_picture(png(*size), name="bomb")
    assert not seen and before == Image.MAX_IMAGE_PIXELS


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
@pytest.mark.parametrize(
    ("kind", "size", "megabytes"), [("JPEG", (12_000, 9000), 160), ("PNG", (8660, 5773), 420)]
)
def test_pictures_of_108_and_50_megapixels_take_bounded_memory(tmp_path, kind, size, megabytes):
    path = tmp_path / "large"
    large = Image.new("L" if kind == "JPEG" else "RGB", size, "white")
    large.paste("black", (0, 0, size[0], size[1] // 2))
    large.save(path, format=kind, compress_level=1)
    code = (
        "import resource, sys\n"
        "from styleguard_edu.pictures import load_picture\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "picture = load_picture(sys.argv[1])\n"
        "assert picture[0].max() < 0.01 and picture[-1].min() > 0.99\n"
        "unit = 2**20 if sys.platform == 'darwin' else 2**10\n"
        "print(max(picture.shape), (peak() - before) / unit)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    side, memory = map(float, run.stdout.split())
    assert side == 1024 and memory < megabytes  # all pixels as float32 would be 1,296 and 600


def test_hundreds_of_pictures_of_different_sizes_leave_nothing_behind():
    tracemalloc.start()
    for side in range(100, 300):
        load_picture(Image.new("L", (side, side)), long_side=side - 20)
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert left < 200_000  # bytes: less than one of them


@pytest.mark.parametrize("ending", [".png", ".PNG", ".jpg", ".jpeg"])
def test_a_saved_picture_is_read_back(tmp_path, ending):
    picture = load_picture(encoded(marked()))
    path = tmp_path / "new folder" / f"result{ending}"
    save_picture(picture, path)
    back = load_picture(path)
    assert back.shape == picture.shape
    np.testing.assert_allclose(back[4:28, 4:28], picture[4:28, 4:28], atol=0.02)


def test_a_saved_picture_is_rounded_to_the_nearest_and_grey_stays_grey(tmp_path):
    levels = np.array([0.4, 0.6, 127.4, 127.6, 254.6]).reshape(1, 5, 1) / 255
    save_picture(levels, tmp_path / "levels.png")
    saved = Image.open(tmp_path / "levels.png")
    assert saved.mode == "L"
    np.testing.assert_array_equal(np.asarray(saved).ravel(), [0, 1, 127, 128, 255])


@pytest.mark.parametrize(
    ("shape", "file", "words"),
    [
        ((64, 64), "kept.png", r"image must have shape"),
        ((64, 64, 3), "kept.webp", r"path must end in \.png, \.jpg or \.jpeg.*kept\.webp"),
        ((1, 70_000, 3), "kept.jpg", "at most 65,535 pixels a side as a JPEG file"),
    ],
)
def test_a_failed_save_leaves_the_old_file(tmp_path, shape, file, words):
    path = tmp_path / file
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match=words):
        save_picture(np.zeros(shape), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: save_picture(np.zeros((8, 8, 3)), None), TypeError, "path must be a str .*: None"),
        (lambda: load_picture(GREY, long_side=63), ValueError, "long_side must be a whole .*>= 64"),
        (lambda: load_picture(GREY, long_side=100.5), ValueError, "long_side must be a whole "),
        (lambda: fit_short_side(np.zeros((8, 8, 3)), 0), ValueError, "pixels must be .* >= 1"),
        (lambda: fit_short_side(np.zeros((8, 8, 3)), 2.5), ValueError, "pixels must be a whole"),
        (lambda: fit_short_side(np.zeros((64, 20_000, 3)), 360), ValueError, "112,500.*Crop it"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    ("shape", "pixels", "expected"),
    [
        ((100, 200, 3), 50, (50, 100, 3)),
        ((90, 60, 1), 20, (30, 20, 1)),
        ((8, 9, 3), 80, (80, 90, 3)),
    ],
)
def test_fit_short_side_keeps_aspect_range_and_an_even_colour(shape, pixels, expected):
    image = np.zeros(shape)
    image[:, : shape[1] // 2] = (1, 0.5, 0)[: shape[-1]]
    resized = fit_short_side(image, pixels)
    assert (resized.shape, resized.dtype) == (expected, np.float32)
    assert resized.min() >= 0 and resized.max() <= 1
    np.testing.assert_allclose(resized[0, [0, -1]], image[0, [0, -1]], atol=0.01)


# Matching colours


def test_a_matched_picture_has_the_others_colours_and_its_own_drawing():
    rng = np.random.default_rng(0)
    photo, target = rng.random((40, 60, 3)), 0.5 * rng.random((50, 30, 3)) ** 2 + [0.1, 0.2, 0.5]
    found = match_histogram(photo, target)
    assert found.shape == photo.shape
    assert found.dtype == np.float32
    for channel in range(3):
        np.testing.assert_allclose(  # the same histogram
            *(np.quantile(part[..., channel], [0, 0.25, 0.5, 1]) for part in (found, target)),
            atol=0.01,
        )
        order = np.argsort(photo[..., channel], axis=None)
        assert (np.diff(found[..., channel].flat[order]) >= 0).all()  # dark stays dark
