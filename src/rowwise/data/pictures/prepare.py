"""A picture or array file → records as the model was trained on them, and what was done to it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import OBJECT, PIXEL_MAX, WHOLE, check_finite
from rowwise.data.pictures.file import fit, hush, in_mode, on_colour, open_picture, reduced, whole
from rowwise.errors import DataError
from rowwise.text import say

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL import Image

LIGHT = 128  # corners brighter than this are a light background: not one of Fashion-MNIST's 70,000 images has them
CORNER = 20  # a corner is a square of this part of the shorter side
BACKGROUND = 0.95  # the quantile of a corner's pixels that counts as background: its noise is below
STANDS_OUT = 16  # how much brighter than the background the object is
SPECK = 0.01  # rows and columns with a smaller share of such pixels are dust


def read_pictures(
    path: Path, shape: tuple[int, ...], brightest: int = PIXEL_MAX, pictures: str = OBJECT
) -> tuple[NDArray[Any], list[str]]:
    """A file → `(records, *shape)` and, in words, each step of its conversion.

    Pictures are turned upright, made grey where the model's are, and fitted into `shape`, proportions kept; those of
    models trained on `"object"` pictures, as Fashion-MNIST's are, before that inverted where the background is
    light (the training data's is black) and cropped to the object on a black background.
    A grey picture of exactly that size and `.npy` arrays are taken as they are.

    Args:
        shape: of one record: `(height, width)`, or with 1 or 3 channels `(height, width, channels)`.
        brightest: the value of white, as `brightest_pixel` gives it: 255 gives uint8, 1 float32.
        pictures: how the training's were prepared, `"object"` or `"whole"`: a run's `run.json` says it.

    Raises:
        DataError: missing, unreadable, too large, or of a shape that cannot be meant.
    """
    if path.is_dir():
        raise DataError("picture.folder", file=path)
    if not path.is_file():
        raise DataError("picture.missing", file=path)
    if path.suffix.lower() == ".npy":
        x, notes = _read_npy(path, shape)
    else:
        notes = []
        hush()
        x = (whole if pictures == WHOLE else cut_out)(path, shape, notes)[None]
    x, scaled = scale(x, brightest)
    return x, notes + scaled


def scale(x: NDArray[Any], brightest: int) -> tuple[NDArray[Any], list[str]]:
    """Pixels x `(records, ...)` → the same with white at `brightest`, 1 or 255, and a note where that changed them."""
    white = PIXEL_MAX if x.dtype == np.uint8 or x.max() > 2 else 1  # 2: resizing overshoots 1 a little
    if white == brightest or x.min() < 0:  # negative values were scaled by somebody already
        return x, []
    note = say("picture.scaled", before=f"0..{white}", after=f"0..{brightest}")
    return (x / (white / brightest)).astype(np.float32), [note]  # by 255, as the course divides


def cut_out(
    path: str | Path, shape: tuple[int, ...], notes: list[str], content: bytes | None = None
) -> NDArray[np.uint8]:
    """A picture → one record of `shape`, a bright object on black, as Fashion-MNIST's are.

    Args:
        shape: `(height, width)` for grey, `(height, width, 1 or 3)`.
        notes: what was done is added to it, in words.
        content: the file's bytes, where they have been read already.

    Raises:
        DataError: unreadable, too large, or no picture.
    """
    from PIL import ImageOps

    height, width = shape[:2]
    picture, before = open_picture(path, notes, content)
    exact = picture.size == (width, height)
    if not exact:
        picture = reduced(picture, height, width)
    if picture.mode == "RGBA":
        picture = _on_background(picture, notes)
    picture = in_mode(picture, shape, notes)
    if np.median(np.stack(_corners(np.asarray(picture.convert("L"))))) >= LIGHT:
        picture = ImageOps.invert(picture)
        notes.append(say("picture.inverted"))
    if not exact:
        picture = fit(_crop(picture, notes), width, height)
        notes.append(say("picture.resized", before=f"{before[0]} × {before[1]}", after=f"{width} × {height}"))
    return np.asarray(picture, np.uint8).reshape(shape)


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


def _crop(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Background down to black, then the box around what stands out of it: so the training images were made."""
    from PIL import Image

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


def _read_npy(path: Path, shape: tuple[int, ...]) -> tuple[NDArray[Any], list[str]]:
    try:
        # Mapped, not read: a header may announce more than the memory holds.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise ValueError(".npz")
    except Exception as cause:
        raise DataError("picture.unreadable", file=path, cause=str(cause).rstrip(".")) from cause
    if array.dtype.kind not in "uif":
        raise DataError("data.dtype", name=path, found=array.dtype)
    records = array[None] if array.shape == shape else array
    if records.shape[1:] != shape or not len(records):
        several = f"(records, {', '.join(map(str, shape))})"
        raise DataError("picture.shape", file=path, found=array.shape, expected=shape, several=several)
    records = np.array(records)
    check_finite(str(path), records)
    return records, []
