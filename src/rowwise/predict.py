"""A model and records, or a picture file → classes and probabilities."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import PIXEL_MAX, check_finite
from rowwise.errors import DataError
from rowwise.text import say

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    from numpy.typing import ArrayLike, NDArray
    from PIL import Image

LIGHT = 128  # a border brighter than this is a light background
MOST_PIXELS = 100_000_000  # of one picture: more is a mistake or an attack


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says of each record.

    Attributes:
        probabilities: `(records, classes)` float32.
    """

    probabilities: NDArray[np.float32]

    @property
    def classes(self) -> NDArray[np.int64]:
        """`(records,)`: the most probable class's number."""
        return self.probabilities.argmax(1)

    def top(self, most: int = 3) -> list[list[tuple[int, float]]]:
        """For each record its most probable classes and their probabilities, most probable first."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :most]
        return [
            [(int(c), float(row[c])) for c in columns] for row, columns in zip(self.probabilities, order, strict=True)
        ]


def predict(model: keras.Model, x: ArrayLike, batch_size: int = 1024) -> Prediction:
    """Classes and probabilities of x `(records, ...)`, pixels as in training.

    Raises:
        ShapeError: x does not fit the model's input.
    """
    from rowwise.engine import predict_proba

    probabilities = predict_proba(model, x, batch_size)
    if probabilities.ndim == 2 and probabilities.shape[1] == 1:  # one sigmoid unit: the second class's
        probabilities = np.hstack([1 - probabilities, probabilities])
    return Prediction(probabilities)


def read_pictures(path: Path, shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], list[str]]:
    """A file → `(records, *shape)` uint8 and, in words, each step of its conversion.

    Pictures (PNG, JPEG and whatever else Pillow reads) are turned upright, made grey, inverted where the
    background is light (the training data's is black), and fitted into `shape`. `.npy` is taken as it is.

    Raises:
        DataError: missing, unreadable, too large, or of a shape that cannot be meant.
    """
    if not path.is_file():
        raise DataError("picture.missing", file=path)
    if path.suffix.lower() == ".npy":
        return _read_npy(path, shape)
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                if file.width * file.height > MOST_PIXELS:
                    raise DataError("picture.too_large", file=path, found=file.size, most=MOST_PIXELS)
                file.load()
                picture = ImageOps.exif_transpose(file)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as cause:
        raise DataError("picture.too_large", file=path, found=cause, most=MOST_PIXELS) from cause
    except (OSError, ValueError, SyntaxError, EOFError) as cause:  # what Pillow raises for broken files
        raise DataError("picture.unreadable", file=path, cause=cause) from cause
    array, notes = _convert(picture, shape)
    return array[None], notes


def _convert(picture: Image.Image, shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], list[str]]:
    from PIL import Image, ImageOps

    height, width = shape[:2]
    grey = len(shape) == 2 or shape[2] == 1
    notes: list[str] = []
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        # What is transparent is background, and the training data's background is black.
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "black"), picture)
        notes.append(say("picture.alpha"))
    if picture.mode.startswith(("I", "F")):  # 16 bits a pixel and more: convert() would clip, not scale
        values = np.asarray(picture, np.float64)
        top = max(values.max(), 1.0)
        picture = Image.fromarray((values * (PIXEL_MAX / top)).astype(np.uint8))
        notes.append(say("picture.depth"))
    wanted = "L" if grey else "RGB"
    if picture.mode != wanted:
        if grey:
            notes.append(say("picture.grey"))
        picture = picture.convert(wanted)
    border = np.asarray(picture)
    edge = np.concatenate([border[0], border[-1], border[:, 0], border[:, -1]])
    if np.median(edge) >= LIGHT:
        picture = ImageOps.invert(picture)
        notes.append(say("picture.inverted"))
    if picture.size != (width, height):
        before = picture.size
        picture = ImageOps.pad(picture, (width, height), Image.Resampling.LANCZOS, color=0)
        notes.append(say("picture.resized", before=f"{before[0]} × {before[1]}", after=f"{width} × {height}"))
    return np.asarray(picture, np.uint8).reshape(shape), notes


def _read_npy(path: Path, shape: tuple[int, ...]) -> tuple[NDArray[Any], list[str]]:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as cause:
        raise DataError("picture.unreadable", file=path, cause=cause) from cause
    if array.dtype.kind not in "uif":
        raise DataError("data.dtype", name=path, found=array.dtype)
    check_finite(str(path), array)
    records = array[None] if array.shape == shape else array
    if records.shape[1:] != shape:
        raise DataError("picture.shape", file=path, found=array.shape, expected=shape, several=("records", *shape))
    return records, [say("picture.as_it_is")]
