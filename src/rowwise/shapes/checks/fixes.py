"""Labels, a loss and the end of a model that do not suit one another → the mend in words and as code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.models.keras_view import BINARY, CATEGORICAL, LOSS_CLASSES, Loss, Output
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLASSES = 10_000  # whole numbers beyond are quantities


def rows_of(y: NDArray[Any]) -> str:
    """What rows `(records, columns)` are: `"onehot"`, `"soft"` (probabilities), `"several"` (0 and 1), `"numbers"`."""
    sums = y.sum(axis=-1)
    if np.all((y == 0) | (y == 1)):
        return "onehot" if np.all(sums == 1) else "several"
    return "soft" if np.all(y >= 0) and np.allclose(sums, 1, atol=1e-3) else "numbers"


def as_code(name: str, loss: Loss) -> str:
    """A loss to take in place of `loss` behind the same last layer, as code."""
    class_name = LOSS_CLASSES[name]
    return f"keras.losses.{class_name}(from_logits=True)" if loss.from_logits else f'"{name}"'


def dense_code(units: int, activation: str | None) -> str:
    """A last layer as code."""
    return f'keras.layers.Dense({units}, activation="{activation}")' if activation else f"keras.layers.Dense({units})"


def _are_shares(y: NDArray[Any]) -> bool:
    """Whether labels lie from 0 (no) to 1 (yes)."""
    return bool(y.min() >= 0 and y.max() <= 1)


def classes_of(y: NDArray[Any], read: bool = True) -> tuple[int, int] | None:
    """The least and the most of labels that are class numbers, one a record; None where they are none."""
    if not read or y.size != len(y) or not y.size or y.dtype.kind not in "iuf":
        return None
    least, most = y.min(), y.max()
    return (int(least), int(most)) if 0 <= least <= most < MOST_CLASSES and np.all(y == np.trunc(y)) else None


def units_for(y: NDArray[Any], cross_entropy: bool) -> str:
    """How a last layer of one unit is to be replaced for these labels, in words."""
    if y.ndim == 2 and y.shape[1] > 1:
        return say("mistake.one_unit.rows", dense=dense_code(y.shape[1], "softmax"))
    classes = classes_of(y)
    if classes is None and not _are_shares(y):
        mse = say("mistake.mse") if cross_entropy else ""
        return say("mistake.quantities", dense=dense_code(1, None), mse=mse)
    if classes is None or classes[1] < 2:
        return say("mistake.one_unit.two", dense=dense_code(1, "sigmoid"))
    return say("mistake.one_unit.more", most=classes[1], dense=dense_code(classes[1] + 1, "softmax"))


def width_mend(y: NDArray[Any], loss: Loss, units: int, read: bool) -> str:
    """How one-hot rows and the last layer come to one width, in words; what holds fewer classes than it might."""
    dense, lacking = dense_code(y.shape[1], None if loss.from_logits else "softmax"), units - y.shape[1]
    if lacking > 0:
        return say("mistake.onehot_width.narrow", dense=dense, columns=y.shape[1], lacking=lacking)
    cut = read and not np.any(y[:, units:])
    return say(f"mistake.onehot_width.{'unused' if cut else 'wide'}", dense=dense, units=units)


def shape_mend(
    y: NDArray[Any], loss: Loss, output: Output, classes: tuple[int, int] | None, values: dict[str, Any]
) -> str:
    """How labels and outputs of a loss that compares number by number come to one shape, in words."""
    shape, columns, binary = output.shape or (), y.shape[-1], loss.name in BINARY
    kept = output.activation if output.activation != "linear" else None
    if len(shape) == 1 and shape[0] != 1 and y.size == len(y):
        if binary and _are_shares(y):
            return say("mistake.unequal.single", dense=dense_code(1, None if loss.from_logits else "sigmoid"))
        mse = say("mistake.mse") if loss.name in (*BINARY, *CATEGORICAL) else ""
        single = say("mistake.quantities", dense=dense_code(1, None), mse=mse)
        if classes is None:
            return single
        dense = dense_code(max(shape[0] or 0, classes[1] + 1), "softmax")
        return f"{single} {say('mistake.unequal.single.classes', dense=dense)}"
    if shape == (1,) and y.ndim == 2 and rows_of(y) == "onehot":
        numbers = " " + say("mistake.unequal.onehot.numbers") if columns == 2 or not binary else ""
        return say("mistake.unequal.onehot", dense=dense_code(columns, "softmax")) + numbers
    if len(shape) == 1 and y.ndim == 2:
        return say("mistake.unequal.columns", dense=dense_code(columns, kept), **values)
    flatten = len(shape) > 1 and y.ndim < len(shape) + 1
    return say(f"mistake.unequal.{'flatten' if flatten else 'other'}", **values)
