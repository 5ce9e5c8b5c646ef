"""The values of x and the layers that meet them first → an error or a warning where they do not go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import PIXEL_MAX
from rowwise.errors import DataError, warn_user
from rowwise.models.keras_view import flat_layers, layer_title
from rowwise.models.kinds import is_a
from rowwise.text import say

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

SAMPLE = 256  # records looked at for the scale of the pixels; the rest only before a warning is given
FEWEST_PIXELS = 64  # 8 x 8: rows with fewer features are a table's, not an image's
DARK = 1 / 50  # a Rescaling by less than this was made for 0..255
RESCALES, UNSCALED, UNKNOWN_SCALE = "rescales", "none", "unknown"
WITH_KERNELS = ("Dense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D")
# Layers that give the values which they take, in another arrangement.
REARRANGING = ("InputLayer", "Flatten", "Reshape", "Dropout", "ZeroPadding2D", "Permute")


def check_indices(model: keras.Model, x: NDArray[Any]) -> None:
    """Raises DataError where an Embedding, which looks up rows by number, has no row: on JAX the result is NaN."""
    first = next((layer for layer in flat_layers(model) if not is_a(layer, "InputLayer")), None)
    if not is_a(first, "Embedding") or not x.size:
        return
    least, most, rows = x.min(), x.max(), int(first.input_dim)  # type: ignore[union-attr]
    if least < 0 or most >= rows:
        outside = least if least < 0 else most
        raise DataError(
            "mistake.embedding", layer=layer_title(first), last=rows - 1, found=f"{outside:g}", rows=int(most) + 1
        )


def check_pixels(model: keras.Model, x: NDArray[Any], scale: tuple[str, str] | None = None) -> None:
    """Warn where pixels and the model's own scaling do not go together.

    A sample refutes the suspicion for nearly all data; all values are read only to confirm it.

    Args:
        scale: what `scale_of` says of the model, where it has been asked already.
    """
    if x.ndim < 2 or int(np.prod(x.shape[1:])) < FEWEST_PIXELS or x.dtype.kind not in "uif":
        return
    known, layer = scale or scale_of(model)
    suspicion = {UNSCALED: _is_unscaled, RESCALES: _is_scaled}.get(known)
    if suspicion is None or not suspicion(x[:: -(-len(x) // SAMPLE)]) or not suspicion(x):
        return
    key = "mistake.unscaled" if known == UNSCALED else "mistake.scaled_twice"
    warn_user(say(key, layer=layer, most=f"{float(x.max()):.4g}", white=PIXEL_MAX))


def _is_unscaled(x: NDArray[Any]) -> bool:
    """Whole numbers in 0..255 up to at least half of white: what a file of pixels holds."""
    return bool(x.min() >= 0 and PIXEL_MAX / 2 < x.max() <= PIXEL_MAX) and (
        x.dtype.kind != "f" or not np.any(np.modf(x)[0])
    )


def _is_scaled(x: NDArray[Any]) -> bool:
    return bool(x.dtype.kind == "f" and x.min() >= 0 and 0 < x.max() <= 1)


def scale_of(model: keras.Model) -> tuple[str, str]:
    """`RESCALES` by 1/255 or so, `UNSCALED` before the first kernel, or `UNKNOWN_SCALE`; and the layer that tells."""
    for layer in flat_layers(model):
        if is_a(layer, "Rescaling"):
            small = np.max(np.abs(np.asarray(layer.scale))) < DARK
            return (RESCALES if small else UNKNOWN_SCALE), layer_title(layer)
        if is_a(layer, *WITH_KERNELS):
            return UNSCALED, layer_title(layer)
        if not is_a(layer, *REARRANGING):
            break  # it may well scale
    return UNKNOWN_SCALE, ""
