"""A picture as a file, bytes or an array → records as a model takes them, and what was done to it, in words."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from rowwise.data.arrays import npy
from rowwise.data.dataset import PIXEL_MAX, check_finite
from rowwise.data.picture_records import BORDER, CROP, OBJECT, WHOLE
from rowwise.data.pictures.file import OVERSAMPLED, on_colour, open_picture
from rowwise.errors import DataError, os_reason
from rowwise.files import check_regular
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIGHT = 128  # corners brighter than this are a light background: not one of Fashion-MNIST's 70,000 images has them
WAYS = (WHOLE, BORDER, CROP)
CORNER = 20  # a corner is a square of this part of the shorter side
BACKGROUND = 0.95  # the quantile of a corner's pixels that counts as background: its noise is below
STANDS_OUT = 16  # how much brighter than the background the object is
HALF = 0.5  # a pixel of the record: less than that is not cut off
SPECK = 0.01  # rows and columns with a smaller share of such pixels are dust


class Prepare(NamedTuple):
    """How a picture becomes a record.

    Attributes:
        name: what a run keeps of it: `"object"`, `"whole"`, `"border"`, `"crop"`, or such as `"border/4095"` where it
            says what is white in pictures of more than 8 bits.
        record: `(path, shape, notes, content) → record`, as `whole` is; it can be pickled.
    """

    name: str
    record: Callable[[str, tuple[int, ...], list[str], bytes | None], NDArray[np.uint8]]


def read_pictures(
    source: str | Path | bytes | NDArray[Any],
    shape: tuple[int, ...],
    brightest: int = PIXEL_MAX,
    pictures: str = OBJECT,
    name: str = "",
) -> tuple[NDArray[Any], list[str]]:
    """`(records, *shape)` and, in words, each step of their conversion.

    Pictures are turned upright, made grey where the model's are, and fitted into `shape`, proportions kept, as `whole`
    does; those of models trained on `"object"` pictures, as Fashion-MNIST's are, before that inverted where the
    background is light (the training data's is black) and cropped to the object on a black background.
    A grey picture of exactly that size and arrays are taken as they are.

    Args:
        source: a picture or a `.npy` array: its path, its bytes, or the array itself.
        shape: of one record: `(height, width)`, or with 1 or 3 channels `(height, width, channels)`.
        brightest: the value of white, as `brightest_pixel` gives it: 255 gives uint8, 1 float32.
        pictures: how the training's were prepared, a name that `prepare_for` takes: a run's `run.json` says it.
        name: what messages call bytes or an array, such as the name of an uploaded file; a file's is its path.

    Raises:
        DataError: missing, unreadable, too large, or of a shape that cannot be meant.
    """
    notes: list[str] = []
    name = name or say("picture.unnamed")
    if isinstance(source, np.ndarray):
        x = _records(name, source, shape)
    elif isinstance(source, bytes):
        if source.startswith(npy.MAGIC):
            x = _records(name, _read_array(name, source), shape)
        else:
            x = prepare_for(pictures).record(name, shape, notes, source)[None]
    else:
        path = Path(source)
        if path.is_dir():
            raise DataError("picture.folder", file=path)
        if not path.exists():
            raise DataError("picture.missing", file=path)
        try:
            check_regular(path)
        except OSError as cause:
            raise DataError("picture.unreadable", file=path, cause=os_reason(cause)) from cause
        if path.suffix.lower() == ".npy":
            x = _records(path, _read_array(path, None), shape)
        else:
            x = prepare_for(pictures).record(str(path), shape, notes, None)[None]
    x, scaled = scale(x, brightest)
    return x, notes + scaled


def prepare_for(pictures: str) -> Prepare:
    """How the pictures of a run were prepared, by what it keeps: one of `WAYS`, or else a bright object on black."""
    kind, _, white = pictures.partition("/")
    if kind not in WAYS:
        return Prepare(OBJECT, cut_out)
    return Prepare(pictures, partial(whole, white=float(white) if white else None, fit=kind))


def with_white(prepare: Prepare, white: float) -> Prepare:
    """The same, with this value of white in pictures of more than 8 bits, if it has none of its own."""
    return prepare_for(f"{prepare.name}/{white:.0f}") if prepare.name in WAYS else prepare


def scale(x: NDArray[Any], brightest: int) -> tuple[NDArray[Any], list[str]]:
    """Pixels x `(records, ...)` → the same with white at `brightest`, and a note where that changed them.

    White is 1 or 255 in x, by its values; or `brightest` where x may have more than 8 bits, as the model's pixels have.
    """
    if x.dtype != np.uint8 and (brightest > PIXEL_MAX and (x.dtype.kind in "iu" or x.max() > PIXEL_MAX)):
        return x, []
    white = PIXEL_MAX if x.dtype == np.uint8 or x.max() > 2 else 1  # 2: resizing overshoots 1 a little
    if white == brightest or x.min() < 0:  # negative values were scaled already
        return x, []
    note = say("picture.scaled", before=f"0..{white}", after=f"0..{brightest}")
    return (x / (white / brightest)).astype(np.float32), [note]  # by 255, as the course divides


def whole(
    path: str | Path,
    shape: tuple[int, ...],
    notes: list[str],
    content: bytes | None = None,
    white: float | None = None,
    fit: str = WHOLE,
) -> NDArray[np.uint8]:
    """A picture → one record of `shape`, not inverted.

    What is transparent becomes white; the picture is resized, proportions kept. One that has the size already is taken
    as it is.

    Args:
        path: the file; of bytes, the name that errors give them.
        shape: `(height, width)` for grey, `(height, width, 1 or 3)`.
        notes: what was done is added to it, in words.
        content: the bytes, where they have been read already.
        white: what becomes 255 in a picture of more than 8 bits; None for the white of its own values.
        fit: what becomes of other proportions: as large as `shape` holds it, in the middle of black (`WHOLE`) or of the
            colour that its border has (`BORDER`); or as large as it fills `shape`, and what reaches beyond is cut off
            (`CROP`).

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    height, width = shape[:2]
    picture, before = open_picture(path, notes, content, (height, width), white)
    if picture.mode == "RGBA":
        if picture.getchannel("A").getextrema()[0] != PIXEL_MAX:
            notes.append(say("picture.on_white"))
        picture = on_colour(picture, "white")
    picture = _in_mode(picture, shape, notes)
    if picture.size != (width, height):
        picture = _fitted(_reduced(picture, height, width), width, height, fit, notes)
        notes.append(say("picture.resized", before=f"{before[0]} × {before[1]}", after=f"{width} × {height}"))
    return np.frombuffer(picture.tobytes(), np.uint8).reshape(shape)  # in a third of np.asarray's time


def cut_out(
    path: str | Path, shape: tuple[int, ...], notes: list[str], content: bytes | None = None
) -> NDArray[np.uint8]:
    """A picture → one record of `shape`, a bright object on black, as Fashion-MNIST's are. Takes what `whole` takes.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    height, width = shape[:2]
    picture, before = open_picture(path, notes, content)
    exact = picture.size == (width, height)
    if not exact:
        picture = _reduced(picture, height, width)
    if picture.mode == "RGBA":
        picture = _on_background(picture, notes)
    picture = _in_mode(picture, shape, notes)
    if np.median(np.stack(_corners(np.asarray(picture.convert("L"))))) >= LIGHT:
        picture = ImageOps.invert(picture)
        notes.append(say("picture.inverted"))
    if not exact:
        picture = _on_sheet(_resized(_cropped(picture, notes), width, height), width, height)
        notes.append(say("picture.resized", before=f"{before[0]} × {before[1]}", after=f"{width} × {height}"))
    return np.asarray(picture, np.uint8).reshape(shape)


def _in_mode(picture: Image.Image, shape: tuple[int, ...], notes: list[str]) -> Image.Image:
    """Grey or RGB, as records of `shape` are."""
    mode = "L" if len(shape) == 2 or shape[2] == 1 else "RGB"
    if picture.mode == mode:
        return picture
    if mode == "L":
        notes.append(say("picture.grey"))
    return picture.convert(mode)


def _reduced(picture: Image.Image, height: int, width: int) -> Image.Image:
    """Roughly smaller where it is far too large: a resize that follows costs less, and gives nearly the same."""
    step = min(picture.size) // (OVERSAMPLED * max(height, width))
    return picture.reduce(step) if step > 1 else picture


def _fitted(picture: Image.Image, width: int, height: int, fit: str, notes: list[str]) -> Image.Image:
    """`width` × `height`, proportions kept; see `whole` for what `fit` makes of others."""
    if fit == CROP:
        scaling = max(width / picture.width, height / picture.height)
        left = max(0.0, (picture.width - width / scaling) / 2)
        top = max(0.0, (picture.height - height / scaling) / 2)
        if max(left, top) * scaling >= HALF:
            notes.append(say("picture.middle"))
        box = left, top, picture.width - left, picture.height - top
        return picture.resize((width, height), Image.Resampling.LANCZOS, box)
    resized = _resized(picture, width, height)
    if fit == WHOLE or resized.size == (width, height):
        return _on_sheet(resized, width, height)
    colour = _border_colour(picture)
    notes.append(say("picture.padded", colour=", ".join(map(str, np.atleast_1d(colour)))))
    return _on_sheet(resized, width, height, colour)


def _border_colour(picture: Image.Image) -> int | tuple[int, ...]:
    """The median of the pixels along its four sides: what lies there seldom, such as an object cut off, has no say."""
    pixels = np.asarray(picture)
    along = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    middle = np.rint(np.median(along, axis=0)).astype(int)
    return int(middle) if middle.ndim == 0 else tuple(middle.tolist())


def _resized(picture: Image.Image, width: int, height: int) -> Image.Image:
    """As large as `width` × `height` holds it, proportions kept."""
    scaling = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scaling)), max(1, round(picture.height * scaling))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _on_sheet(picture: Image.Image, width: int, height: int, colour: int | tuple[int, ...] = 0) -> Image.Image:
    """In the middle of a sheet of that size and colour, black by default."""
    if picture.size == (width, height):
        return picture
    sheet = Image.new(picture.mode, (width, height), colour)
    sheet.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
    return sheet


def _on_background(picture: Image.Image, notes: list[str]) -> Image.Image:
    """RGBA → RGB: what is transparent becomes the opposite of what is drawn, so that it can be seen."""
    alpha = np.asarray(picture.getchannel("A"), np.float64)
    if alpha.min() == PIXEL_MAX:
        return picture.convert("RGB")
    grey = np.asarray(picture.convert("RGB").convert("L"))
    drawn = float((grey * alpha).sum() / max(alpha.sum(), 1.0))
    colour, note = ("black", "picture.on_black") if drawn >= LIGHT else ("white", "picture.on_white")
    notes.append(say(note))
    return on_colour(picture, colour)


def _cropped(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Background down to black, then the box around what stands out of it: so the training images were made."""
    grey = np.asarray(picture.convert("L"))
    # The second brightest corner: the light may fall from one side, and the object may reach into one corner.
    level = float(sorted(np.quantile(corner, BACKGROUND) for corner in _corners(grey))[-2])
    bright = grey > level + STANDS_OUT
    rows, columns = (np.flatnonzero(bright.mean(axis) > SPECK) for axis in (1, 0))
    if not (len(rows) and len(columns)):
        notes.append(say("picture.blank"))
        return picture
    if level:
        above = (np.asarray(picture, np.float64) - level).clip(0) * (PIXEL_MAX / (PIXEL_MAX - level))
        picture = Image.fromarray(np.rint(above).astype(np.uint8))
        notes.append(say("picture.background"))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    if box != (0, 0, *picture.size):
        picture = picture.crop(box)
        notes.append(say("picture.cropped"))
    return picture


def _corners(grey: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The four corners `(side, side)` of `(height, width)`."""
    side = max(1, min(grey.shape) // CORNER)
    ends = (slice(None, side), slice(-side, None))
    return [grey[rows, columns] for rows in ends for columns in ends]


def _read_array(name: str | Path, content: bytes | None) -> NDArray[Any]:
    """The array of a `.npy` file, mapped into memory (a header may announce more than that holds), or of its bytes."""
    try:
        with open(name, "rb") if content is None else io.BytesIO(content) as file:
            header = npy.read_header(file)
        return npy.mapped(Path(name), header) if content is None else npy.unpacked(content, header)
    except Exception as cause:  # NumPy parses the header as Python
        raise DataError("picture.unreadable", file=name, cause=os_reason(cause).rstrip(".")) from cause


def _records(name: str | Path, array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """A copy of an array of one record or several, `(records, *shape)`."""
    if array.dtype.kind not in "uif":
        raise DataError("data.dtype", name=name, found=array.dtype)
    records = array[None] if array.shape == shape else array
    if records.shape[1:] != shape or not len(records):
        several = f"(records, {', '.join(map(str, shape))})"
        raise DataError("picture.shape", file=name, found=array.shape, expected=shape, several=several)
    records = np.array(records)
    check_finite(str(name), records)
    return records
