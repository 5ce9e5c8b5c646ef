"""What the user passed (a Dataset or a pair of arrays) → arrays that an engine takes, or an error in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.dataset import Dataset, check_finite, check_float32
from rowwise.data.storage import taken
from rowwise.data.tables.schema import from_origins
from rowwise.errors import DataError, UsageError
from rowwise.shapes.checks.as_array import array_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from rowwise.data.tables.schema import Schema

    Records = Dataset | tuple[ArrayLike, ArrayLike]
    Validation = Records | tuple[ArrayLike, ArrayLike, ArrayLike]


INT32_MAX = 2**31 - 1  # JAX has no wider integers unless asked


class Arrays(NamedTuple):
    """Records and labels of equal number: x `(records, ...)`, y `(records,)` or `(records, outputs)`.

    `weights` `(records,)` floating: how much each record counts in the loss; None where all count alike.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    weights: NDArray[Any] | None = None

    @property
    def parts(self) -> tuple[NDArray[Any], ...]:
        """x, y and, where there are some, weights: a batch as Keras takes it."""
        return (self.x, self.y) if self.weights is None else (self.x, self.y, self.weights)

    def take(self, rows: NDArray[Any]) -> Arrays:
        """These records, in this order; `rows` are their numbers."""
        return Arrays(*(taken(part, rows) for part in self.parts))


def as_arrays(records: Records, floatx: str, what: str = "train", schema: Schema | None = None) -> Arrays:
    """uint8 stays uint8, other integers become int32, floating values and integers beyond int32 become `floatx`.

    Args:
        records: what `check_records` has passed; only x's values remain to be looked at.
        floatx: Keras's floating type, such as `"float32"`.
        what: names the records in errors.
        schema: of the table that the model was made for: its targets are counted from the schema's origins.

    Raises:
        UsageError: neither a Dataset nor a pair. DataError: a value of x is not a finite number.
    """
    if isinstance(records, Dataset):
        return Arrays(_typed(records.x, floatx), from_origins(records.y, schema))  # checked when it was made
    if not (isinstance(records, tuple | list) and len(records) == 2):
        raise UsageError("fit.pair", what=what, found=type(records).__name__)
    x, y = (array_of(part, what) for part in records)
    for name, part in ((what, x), (f"{what} y", y)):
        check_float32(name, part)
    x = _typed(x, floatx)
    check_finite(what, x)
    return Arrays(x, _typed(from_origins(y, schema), floatx))


def record_weights(sample_weight: ArrayLike | None, records: int) -> NDArray[np.float32] | None:
    """`(records,)` as given; None where none were.

    Raises:
        DataError: weights of another shape, or that are no finite numbers of at least 0.
    """
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight)
    if weights.shape != (records,) or weights.dtype.kind not in "iufb":
        raise DataError("fit.sample_weight", found=weights.shape, records=records)
    return _checked_weights(weights.astype(np.float32))


def with_class_weights(train: Arrays, class_weight: Mapping[int, float] | None) -> Arrays:
    """The records with their weights times that of their class, 1 for a class that is not named.

    Args:
        class_weight: class number → weight; labels are class numbers or one-hot rows.

    Raises:
        DataError: weights that are no finite numbers of at least 0.
        UsageError: classes that are no numbers, or labels that are no classes.
    """
    if class_weight is None:
        return train
    weights = np.ones(len(train.x), np.float32) if train.weights is None else train.weights.copy()
    labels = train.y.argmax(1) if train.y.ndim == 2 and train.y.shape[1] > 1 else train.y.reshape(-1)
    if not isinstance(class_weight, Mapping) or not all(isinstance(c, int | np.integer) for c in class_weight):
        raise UsageError("fit.class_weight", found=repr(class_weight))
    if labels.dtype.kind not in "iu" and not np.array_equal(labels, labels.astype(np.int64)):
        raise UsageError("fit.class_weight.labels")
    for number, weight in class_weight.items():
        weights[labels == number] *= np.float32(weight)
    return train._replace(weights=_checked_weights(weights))


def _checked_weights(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise DataError("fit.weights")
    return weights


def _typed(array: NDArray[Any], floatx: str) -> NDArray[Any]:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind in "iub":
        wide = not np.can_cast(array.dtype, np.int32) and array.size > 0
        large = wide and max(-int(array.min()), int(array.max())) > INT32_MAX
        return array.astype(floatx if large else np.int32, copy=False)
    return array.astype(floatx, copy=False)
