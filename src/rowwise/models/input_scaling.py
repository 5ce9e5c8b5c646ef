"""Records of arrays → the Keras layer that brings them to the scale on which Dense layers learn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import PIXEL_MAX, too_coarse
from rowwise.data.white_value import WHITE_LEVELS, white_level
from rowwise.errors import warn_user
from rowwise.models.keras_settings import epsilon
from rowwise.text import say

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

FEWEST_PIXELS = 64  # of a picture that lies in one row: 8 x 8
UNIT = 2.0  # values up to here are on a scale to learn from; resized pictures overshoot 1 a little
BLOCK = 1 << 22  # values that are averaged at a time


def scaling_layer(x: NDArray[Any]) -> keras.layers.Layer | None:
    """None where the records can be learned from as they are.

    Pixels are divided by white: 255, or that of 10 to 16 bits where they go further. Features of records `(features,)`
    are standardized one by one, as those of a table are; records of more axes that are no pixels, all by one mean and
    deviation.

    Args:
        x: `(records, ...)` integers or floating.
    """
    import keras

    if not x.size:
        return None
    low, high = float(x.min()), float(x.max())
    if _are_pixels(x, low, high):
        white = white_level(high) if high else PIXEL_MAX
        return keras.layers.Rescaling(1 / white, name="rescaling") if white > 1 else None
    if x.ndim == 2:
        if x.dtype.kind == "f" and low >= 0 and high <= 1 and _may_be_picture(x.shape[1]):
            return None  # pixels that were divided already
        mean, variance = _moments(x, axis=0)
        _warn_of_lost_digits(x, mean, variance)
        spread = np.where(variance > 0, variance, 1.0)
        return keras.layers.Normalization(mean=mean.tolist(), variance=spread.tolist(), name="normalization")
    if max(-low, high) <= UNIT:
        return None
    mean, variance = _moments(x, axis=None)
    deviation = math.sqrt(float(variance)) or 1.0
    return keras.layers.Rescaling(1 / deviation, -float(mean) / deviation, name="rescaling")


@dataclass(frozen=True)
class Normalized:
    """A Normalization of features, one by one, as a function of NumPy arrays: it computes what the layer does."""

    layer: keras.layers.Normalization

    def __call__(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """`(records, features)` → the same, standardized."""
        mean, variance = (np.asarray(part, np.float32) for part in (self.layer.mean, self.layer.variance))
        x = x.astype(np.float32) - mean
        x /= np.maximum(np.sqrt(variance), np.float32(epsilon()))
        return x


def _are_pixels(x: NDArray[Any], low: float, high: float) -> bool:
    """Whether the values are pixels that have not been scaled yet, by their type, range and the records' shape."""
    if low < 0 or high > WHITE_LEVELS[-1] or (x.dtype.kind == "f" and high <= UNIT):
        return False
    if x.dtype == np.uint8:
        return x.ndim > 2 or _may_be_picture(x.shape[1])
    if x.ndim > 2:
        return x.dtype.kind in "iu" or high <= PIXEL_MAX
    return _may_be_picture(x.shape[1]) and PIXEL_MAX / 2 < high <= PIXEL_MAX


def _may_be_picture(features: int) -> bool:
    """Whether so many pixels are those of a square picture, grey or of three channels."""
    sides = (math.isqrt(features), math.isqrt(features // 3))
    return features >= FEWEST_PIXELS and features in (sides[0] ** 2, 3 * sides[1] ** 2)


def _moments(x: NDArray[Any], axis: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance in float64, of each feature or of all values, without a copy of x as a whole."""
    rows = max(1, BLOCK // max(1, math.prod(x.shape[1:])))
    blocks = range(0, len(x), rows)
    count = len(x) if axis == 0 else x.size
    mean = np.asarray(sum(x[at : at + rows].sum(axis, dtype=np.float64) for at in blocks) / count)
    squares = sum(((x[at : at + rows].astype(np.float64) - mean) ** 2).sum(axis) for at in blocks)
    return mean, np.asarray(squares / count)


def _warn_of_lost_digits(x: NDArray[Any], mean: NDArray[np.float64], variance: NDArray[np.float64]) -> None:
    """Large numbers that differ little, such as seconds since 1970, are rounded to float32 before they are centred."""
    features, coarse = x.reshape(len(x), -1), np.flatnonzero(too_coarse(mean, np.sqrt(variance)))
    lost = [place for place in coarse if (features[:, place] != features[0, place]).any()]  # float64 may see none
    if lost:
        numbers = ", ".join(map(str, lost[:10]))
        warn_user(say("model.lost_digits", features=numbers))
