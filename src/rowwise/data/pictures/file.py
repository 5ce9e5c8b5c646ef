"""A picture file → an upright Pillow picture of 8 bits; and the whole of it, fitted into a record."""

from __future__ import annotations

import io
import re
import warnings
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rowwise.data.dataset import PIXEL_MAX
from rowwise.errors import DataError
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

# What Pillow may open. Its other readers are rare or, as for EPS, start a program.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
SUFFIXES = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".avif", ".gif", ".bmp", ".dib"),
        *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
    )
)
MOST_PIXELS = 80_000_000  # of one picture: more is a mistake or an attack
OVERSAMPLED = 8  # a picture is looked at in this many times the model's size, at most twice that
GREY = frozenset(("1", "L", "LA", "La", "F"))  # Pillow's modes without colour; and all that begin with I
ORIENTATION = 0x0112  # the EXIF tag
TURNED = (5, 6, 7, 8)  # its values that exchange width and height
TURNING = frozenset(("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"))  # where Pillow looks for it
COLOUR = 24  # how far a pixel's channels lie apart at least, of 255: less is what JPEG does to grey
COLOURED = 0.001  # share of such pixels in a picture of colour


class Look(NamedTuple):
    """What a file's header says: the upright picture's size in pixels, and whether it may have colour."""

    height: int
    width: int
    colour: bool


def open_picture(
    path: str | Path, notes: list[str], content: bytes | None = None, aim: tuple[int, int] | None = None
) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, upright and in one of the modes L, RGB, RGBA, nothing lazy left; and the file's width and height.

    Args:
        path: the file.
        notes: what was done is added to it, in words.
        content: the file's bytes, where they have been read already.
        aim: `(height, width)` that suffice: a larger JPEG may be decoded to a part of its size, which is quicker.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    with _opened(path, content) as file:
        if getattr(file, "is_animated", False):
            notes.append(say("picture.frames"))
        size = file.size
        if aim and file.format in ("JPEG", "MPO"):
            side = OVERSAMPLED * max(aim)  # both ways: it may yet be turned
            file.draft(None, (side, side))
        file.load()  # a PNG's EXIF may stand behind its pixels
        picture = file
        # Asking for it costs as much as decoding a small picture, and few have any.
        if hasattr(file, "tag_v2") or not TURNING.isdisjoint(file.info):
            if (turn := file.getexif().get(ORIENTATION, 1)) != 1:
                notes.append(say("picture.upright"))
                picture = ImageOps.exif_transpose(file)
            if turn in TURNED:
                size = size[1], size[0]
        if picture.mode.startswith(("I", "F")):
            notes.append(say("picture.depth"))
            return _eight_bits(picture), size
        transparent = picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info
        return picture.convert("RGBA" if transparent else "L" if picture.mode in ("1", "L") else "RGB"), size


def look(path: str | Path, content: bytes | None = None) -> Look:
    """Size and colours by the header, without the pixels.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    with _opened(path, content) as file:
        # Pillow would decode a whole PNG to look for EXIF behind the pixels.
        turned = bool(file.info.get("exif")) and file.getexif().get(ORIENTATION, 1) in TURNED
        width, height = reversed(file.size) if turned else file.size
        return Look(height, width, not (file.mode in GREY or file.mode.startswith("I")))


def is_colourful(path: str | Path) -> bool:
    """Whether the pixels themselves have colour: many grey pictures are stored as RGB.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    picture, _ = open_picture(path, [], aim=(64, 64))
    if picture.mode == "L":
        return False
    if picture.mode == "RGBA":
        picture = on_colour(picture, "white")
    values = np.asarray(picture, np.int16)
    apart = values.max(2) - values.min(2)
    return float(np.mean(apart >= COLOUR)) >= COLOURED


def whole(
    path: str | Path, shape: tuple[int, ...], notes: list[str], content: bytes | None = None
) -> NDArray[np.uint8]:
    """A picture → one record of `shape`, neither inverted nor cropped.

    What is transparent becomes white; the picture is resized as large as `shape` holds it, proportions kept, in the
    middle of black. One that has the size already is taken as it is.

    Args:
        shape: `(height, width)` for grey, `(height, width, 1 or 3)`.
        notes: what was done is added to it, in words.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    height, width = shape[:2]
    picture, before = open_picture(path, notes, content, (height, width))
    if picture.mode == "RGBA":
        if picture.getchannel("A").getextrema()[0] != PIXEL_MAX:
            notes.append(say("picture.on_white"))
        picture = on_colour(picture, "white")
    picture = in_mode(picture, shape, notes)
    if picture.size != (width, height):
        picture = fit(reduced(picture, height, width), width, height)
        notes.append(say("picture.resized", before=f"{before[0]} × {before[1]}", after=f"{width} × {height}"))
    return np.frombuffer(picture.tobytes(), np.uint8).reshape(shape)  # in a third of np.asarray's time


def in_mode(picture: Image.Image, shape: tuple[int, ...], notes: list[str]) -> Image.Image:
    """Grey or RGB, as records of `shape` are."""
    mode = "L" if len(shape) == 2 or shape[2] == 1 else "RGB"
    if picture.mode == mode:
        return picture
    if mode == "L":
        notes.append(say("picture.grey"))
    return picture.convert(mode)


def reduced(picture: Image.Image, height: int, width: int) -> Image.Image:
    """Roughly smaller where it is far too large: a resize that follows costs less, and gives nearly the same."""
    step = min(picture.size) // (OVERSAMPLED * max(height, width))
    return picture.reduce(step) if step > 1 else picture


def fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Resized as large as `width` × `height` holds it, proportions kept, in the middle of black."""
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    resized = picture.resize(size, Image.Resampling.LANCZOS)
    if size == (width, height):
        return resized
    sheet = Image.new(picture.mode, (width, height))
    sheet.paste(resized, ((width - size[0]) // 2, (height - size[1]) // 2))
    return sheet


def on_colour(picture: Image.Image, colour: str) -> Image.Image:
    """RGBA → RGB, on this colour."""
    return Image.alpha_composite(Image.new("RGBA", picture.size, colour), picture).convert("RGB")


@contextmanager
def _opened(path: str | Path, content: bytes | None) -> Iterator[Image.Image]:
    """Pillow's lazy picture, known to be of a sensible size; whatever its reader stumbles upon is a DataError."""
    source = path if content is None else io.BytesIO(content)
    try:
        with Image.open(source, formats=_formats()) as file:
            if file.width * file.height > MOST_PIXELS:
                found = f"{file.width:,} × {file.height:,}"
                raise DataError("picture.too_large", file=path, found=found, most=f"{MOST_PIXELS:,}")
            yield file
    except Image.DecompressionBombError as cause:
        count = re.search(r"\d+", str(cause))
        found = f"{int(count[0]):,}" if count else str(cause)
        raise DataError("picture.too_large", file=path, found=found, most=f"{MOST_PIXELS:,}") from cause
    except (DataError, MemoryError):
        raise
    except Exception as cause:  # broken files make Pillow's readers raise whatever they stumble upon
        if isinstance(cause, UnidentifiedImageError):  # its words name an object in memory: no two are alike
            raise DataError("picture.unknown", file=path) from cause
        words = str(cause).rstrip(".") or type(cause).__name__
        raise DataError("picture.unreadable", file=path, cause=words) from cause


@cache
def _formats() -> tuple[str, ...]:
    """Those that this Pillow was built with."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def hush() -> None:
    """Pillow's own warnings are not shown: a bomb is judged here, a truncated comment is no news.

    A filter that stays: `catch_warnings` is for one thread, and Keras may be importing in another.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """16 bits a pixel and more, scaled: Pillow's own conversion would clip at 255."""
    values = np.nan_to_num(np.asarray(picture, np.float32))
    largest = max(float(values.max()), 0.0)
    # The scale is the format's, not the picture's own maximum, so that a dark picture stays dark.
    white = 1.0 if picture.mode == "F" and largest <= 1 else 65535.0 if picture.mode != "F" and largest <= 65535 else 0
    scaled = values.clip(0) * (PIXEL_MAX / (white or largest or 1.0))
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
