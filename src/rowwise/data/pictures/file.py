"""A picture file or its bytes → an upright Pillow picture of 8 bits; or what its header says."""

from __future__ import annotations

import io
import os
import re
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rowwise.data.dataset import PIXEL_MAX
from rowwise.data.white_value import white_level
from rowwise.errors import DataError, os_reason
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

# What Pillow may open. Its other readers are rare or, as for EPS, start a program.
FORMATS = {
    "PNG": "PIL.PngImagePlugin",
    "JPEG": "PIL.JpegImagePlugin",
    "MPO": "PIL.MpoImagePlugin",
    "WEBP": "PIL.WebPImagePlugin",
    "AVIF": "PIL.AvifImagePlugin",
    "GIF": "PIL.GifImagePlugin",
    "BMP": "PIL.BmpImagePlugin",
    "TIFF": "PIL.TiffImagePlugin",
    "PPM": "PIL.PpmImagePlugin",
}
SUFFIXES = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".avif", ".gif", ".bmp", ".dib"),
        *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
    )
)
ALWAYS = 80_000_000  # bytes of pixels that any picture may have: 20 million pixels of colour with transparency
RATIO = 500  # how many times its file a larger one may: photographs are 5 to 50, one colour alone reaches 1,000
MOST_PIXELS = 80_000_000  # of one picture: more is a mistake or an attack
OVERSAMPLED = 8  # a JPEG is decoded to at least this many times the size asked for
GREY_MODES = frozenset(("1", "L", "LA", "La", "F"))  # Pillow's modes without colour; and all that begin with I
ORIENTATION = 0x0112  # the EXIF tag
TURNED = (5, 6, 7, 8)  # its values that exchange width and height
EXIF_KEYS = frozenset(("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"))  # where Pillow looks for it
COLOURED_PIXEL = 24  # how far its channels lie apart at least, of 255: less is what JPEG does to grey
COLOURED_SHARE = 0.001  # of such pixels in a picture of colour


class Header(NamedTuple):
    """The upright picture's size in pixels, whether it may have colour, and whether it has more than 8 bits a pixel."""

    height: int
    width: int
    colour: bool
    deep: bool


def open_picture(
    path: str | Path,
    notes: list[str],
    content: bytes | None = None,
    least: tuple[int, int] | None = None,
    white: float | None = None,
) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, upright and in one of the modes L, RGB, RGBA, nothing lazy left; and its width and height.

    Pillow may warn of metadata that it cannot make sense of.

    Args:
        path: the file; of bytes, the name that errors give them.
        notes: what was done is added to it, in words.
        content: the bytes, where they have been read already.
        least: `(height, width)` that suffice: a larger JPEG may be decoded to a part of its size, which is quicker.
            The size returned is the whole picture's all the same.
        white: what becomes 255 in a picture of more than 8 bits; None for the white of its own values.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    with _opened(path, content) as file:
        if getattr(file, "is_animated", False):
            notes.append(say("picture.frames"))
        size = file.size
        if least and file.format in ("JPEG", "MPO"):
            side = OVERSAMPLED * max(least)  # both ways: it may yet be turned
            file.draft(None, (side, side))
        file.load()  # a PNG's EXIF may stand behind its pixels
        picture = file
        # Asking for it costs as much as decoding a small picture, and few have any.
        if hasattr(file, "tag_v2") or not EXIF_KEYS.isdisjoint(file.info):
            if (orientation := file.getexif().get(ORIENTATION, 1)) != 1:
                notes.append(say("picture.upright"))
                picture = ImageOps.exif_transpose(file)
            if orientation in TURNED:
                size = size[1], size[0]
        if _is_deep(picture):
            return _eight_bits(picture, white, notes), size
        transparent = picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info
        return picture.convert("RGBA" if transparent else "L" if picture.mode in ("1", "L") else "RGB"), size


def read_header(path: str | Path, content: bytes | None = None) -> Header:
    """Size and colours by the header, without the pixels.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    with _opened(path, content) as file:
        # Pillow would decode a whole PNG to look for EXIF behind the pixels.
        turned = bool(file.info.get("exif")) and file.getexif().get(ORIENTATION, 1) in TURNED
        width, height = reversed(file.size) if turned else file.size
        return Header(height, width, not (file.mode in GREY_MODES or file.mode.startswith("I")), _is_deep(file))


def brightest_value(path: str | Path, content: bytes | None = None) -> float:
    """The largest value of a picture of more than 8 bits; 0 where none is above 0.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    with _opened(path, content) as file:
        return max(float(_values(file).max()), 0.0)


def is_colourful(path: str | Path) -> bool:
    """Whether the pixels themselves have colour: many grey pictures are stored as RGB.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    picture, _ = open_picture(path, [], least=(64, 64))
    if picture.mode == "L":
        return False
    if picture.mode == "RGBA":
        picture = on_colour(picture, "white")
    values = np.asarray(picture, np.int16)
    apart = values.max(2) - values.min(2)
    return float(np.mean(apart >= COLOURED_PIXEL)) >= COLOURED_SHARE


def on_colour(picture: Image.Image, colour: str) -> Image.Image:
    """RGBA → RGB, on this colour."""
    return Image.alpha_composite(Image.new("RGBA", picture.size, colour), picture).convert("RGB")


@contextmanager
def _opened(path: str | Path, content: bytes | None) -> Iterator[Image.Image]:
    """Pillow's lazy picture, once it is known to be of a sensible size; errors of its readers become DataErrors."""
    try:
        with Image.open(path if content is None else io.BytesIO(content), formats=_formats()) as file:
            if file.width * file.height > MOST_PIXELS:
                raise _too_large(path, f"{file.width:,} × {file.height:,}")
            size = file.width * file.height * len(file.getbands())
            if size > ALWAYS and size > RATIO * (packed := _bytes(path, content)):
                raise DataError("picture.bomb", file=path, size=f"{packed:,}", found=f"{size:,}")
            yield file
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as cause:  # warnings may be errors
        count = re.search(r"\d+", str(cause))
        raise _too_large(path, f"{int(count[0]):,}" if count else str(cause)) from cause
    except (DataError, MemoryError):
        raise
    except UnidentifiedImageError as cause:  # its words name an object in memory: no two are the same
        raise DataError("picture.unknown", file=path) from cause
    except Exception as cause:  # a broken file makes a reader raise whatever it stumbles upon
        words = os_reason(cause).rstrip(".") or type(cause).__name__
        raise DataError("picture.unreadable", file=path, cause=words) from cause


def _bytes(path: str | Path, content: bytes | None) -> int:
    return os.stat(path).st_size if content is None else len(content)


def _too_large(path: str | Path, size: str) -> DataError:
    return DataError("picture.too_large", file=path, found=size, most=f"{MOST_PIXELS:,}")


@cache
def _formats() -> tuple[str, ...]:
    """Those that this Pillow was built with."""
    for module in FORMATS.values():  # not `Image.init`, which imports forty others
        with suppress(ImportError):
            import_module(module)
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _is_deep(picture: Image.Image) -> bool:
    return picture.mode.startswith(("I", "F"))


def _values(picture: Image.Image) -> NDArray[np.float32]:
    return np.nan_to_num(np.asarray(picture, np.float32))


def _eight_bits(picture: Image.Image, white: float | None, notes: list[str]) -> Image.Image:
    """More than 8 bits a pixel, scaled: Pillow's own conversion would clip at 255."""
    values = _values(picture).clip(0)
    largest = float(values.max())
    white = white or white_level(largest)
    if white != PIXEL_MAX:
        notes.append(say("picture.depth", white=f"{white:,.6g}"))
    if largest > white:
        notes.append(say("picture.clipped", largest=f"{largest:,.6g}"))
    return Image.fromarray(np.rint((values * (PIXEL_MAX / white)).clip(max=PIXEL_MAX)).astype(np.uint8))
