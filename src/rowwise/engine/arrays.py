"""What the user passed (a Dataset or a pair of arrays) → arrays that an engine takes, or an error in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.dataset import Dataset, check_finite, check_float32
from rowwise.data.storage import take_rows
from rowwise.engine.sparse_rows import SparseRows
from rowwise.engine.trees import alone, leaves, mapped, tree_of
from rowwise.errors import DataError, UsageError, warn_user
from rowwise.shapes.checks.as_array import array_of
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Records = Dataset | tuple[ArrayLike, ArrayLike]


INT32_MAX = 2**31 - 1  # JAX has no wider integers unless asked


class Arrays(NamedTuple):
    """Records of equal number, each part an array, or a dict, list or tuple of arrays: of several inputs or outputs.

    x `(records, ...)`; y `(records,)` or `(records, outputs)`, None where the loss asks for no labels; `weights`
    `(records,)` floating: how much each record counts in the loss; None where all count alike.
    """

    x: Any
    y: Any = None
    weights: Any = None

    @property
    def records(self) -> int:
        """How many there are."""
        return len(leaves(self.x)[0])

    @property
    def parts(self) -> tuple[Any, ...]:
        """x, y and, where there are some, weights: a batch as Keras takes it."""
        if self.y is None:
            return (self.x,)
        return (self.x, self.y) if self.weights is None else (self.x, self.y, self.weights)

    @property
    def single(self) -> bool:
        """Whether x, y and the weights, where there are some, are one array each, in no structure."""
        return self.y is not None and all(isinstance(part, np.ndarray) for part in self.parts)

    @property
    def bare(self) -> Arrays:
        """The same, with the array itself in the place of a structure that holds no other."""
        return Arrays(*(alone(part) for part in self))

    def take(self, rows: NDArray[Any]) -> Arrays:
        """These records, in this order; `rows` are their numbers."""
        return Arrays(*(mapped(lambda array: _rows_of(array, rows), part) for part in self))

    def apart(self, rows: NDArray[Any]) -> Arrays:
        """As `take`, but what is sparse stays sparse."""
        return Arrays(*(mapped(lambda array: _apart(array, rows), part) for part in self))

    @property
    def sparse(self) -> bool:
        """Whether some part is a matrix that is made dense only as its rows are taken."""
        return any(isinstance(array, SparseRows) for array in leaves(self.x))

    @property
    def dense(self) -> Arrays:
        """The same, with every part an array."""
        return self.take(np.arange(self.records)) if self.sparse else self

    def first(self, records: int) -> Arrays:
        """The first so many, without a copy."""
        return Arrays(*(mapped(lambda array: array[:records], part) for part in self))

    def after(self, records: int) -> Arrays:
        """Those after the first so many, without a copy."""
        return Arrays(*(mapped(lambda array: array[records:], part) for part in self))


def _rows_of(array: NDArray[Any] | SparseRows, rows: NDArray[Any]) -> NDArray[Any]:
    return array.take(rows) if isinstance(array, SparseRows) else take_rows(array, rows)


def _apart(array: NDArray[Any] | SparseRows, rows: NDArray[Any]) -> NDArray[Any] | SparseRows:
    return array[rows] if isinstance(array, SparseRows) else take_rows(array, rows)


def as_arrays(records: Records, floatx: str, what: str = "train") -> Arrays:
    """uint8 stays uint8, other integers become int32, floating values and integers beyond int32 become `floatx`.

    Args:
        records: what `check_records` has passed; only x's values remain to be looked at.
        floatx: Keras's floating type, such as `"float32"`.
        what: names the records in errors.

    Raises:
        UsageError: neither a Dataset nor a pair. DataError: a value of x is not a finite number.
    """
    if isinstance(records, Dataset):
        return Arrays(_typed(records.x, floatx), records.y)  # checked when it was made
    if not (isinstance(records, tuple | list) and len(records) == 2):
        raise UsageError("fit.pair", what=what, found=type(records).__name__)
    x, y = (array_of(part, what) for part in records)
    for name, part in ((what, x), (f"{what} y", y)):
        check_float32(name, part)
    x = _typed(x, floatx)
    check_finite(what, x)
    return Arrays(x, _typed(y, floatx))


def typed(tree: Any, floatx: str, name: str) -> Any:
    """Each array of a structure as the engines take it: as `as_arrays` has it; True and False stay what they are in x.

    Raises:
        DataError: text, dates, objects: no numbers.
    """

    def one(array: Any) -> Any:
        if isinstance(array, SparseRows):
            return array.astype(floatx, copy=False)
        if array.dtype.kind not in "buif" and not _is_low_precision(array.dtype):
            raise DataError("data.dtype", name=name, found=array.dtype)
        if array.dtype.kind == "b" and name == "x":
            return array
        with np.errstate(over="ignore"):  # whoever wants to know has looked before
            return _typed(array, floatx)

    return None if tree is None else mapped(one, tree)


def _is_low_precision(dtype: np.dtype[Any]) -> bool:
    """Whether it is one of the floating types that NumPy has from JAX, such as bfloat16."""
    return dtype.kind == "V" and "float" in dtype.name


def record_weights(sample_weight: Any, records: int) -> Any:
    """As given: `(records,)`, or as Keras takes them, such as a weight a step, or an array an output.

    Raises:
        DataError: other numbers of weights than of records, or no numbers.

    Warns:
        Suspicious: weights that are no finite numbers.
    """

    def weights_of(array: NDArray[Any]) -> NDArray[np.float32]:
        if array.ndim < 1 or len(array) != records or array.dtype.kind not in "iufb":
            raise DataError("fit.sample_weight", found=array.shape, records=records)
        array = array.astype(np.float32)
        array = array[:, 0] if array.shape == (records, 1) else array
        if not np.isfinite(array).all():
            warn_user(say("fit.weights"))
        return array

    return None if sample_weight is None else mapped(weights_of, tree_of(sample_weight, "sample_weight"))


def with_mean_one(arrays: Arrays) -> Arrays:
    """The records with their weights divided by the mean of these."""
    mean = float(np.mean(arrays.weights, dtype=np.float64))
    return arrays._replace(weights=(arrays.weights / mean).astype(np.float32)) if mean else arrays


def with_class_weights(train: Arrays, class_weight: Mapping[int, float] | None) -> Arrays:
    """The records with their weights times that of their class, 1 for a class that is not named.

    Args:
        train: records with one output.
        class_weight: class number → weight; labels are class numbers or one-hot rows.

    Raises:
        UsageError: no mapping, weights that are no numbers, several outputs, or weights of more than the records.
    """
    if class_weight is None:
        return train
    if not isinstance(class_weight, Mapping):
        raise UsageError("fit.class_weight", found=repr(class_weight))
    y, own = alone(train.y), alone(train.weights)
    if not isinstance(y, np.ndarray) or not (own is None or (isinstance(own, np.ndarray) and own.ndim == 1)):
        raise UsageError("fit.class_weight.outputs")
    weights = np.ones(train.records, np.float32) if own is None else own.copy()
    labels = y.argmax(-1) if y.ndim > 1 and y.shape[-1] != 1 else y.reshape(train.records, -1)
    if labels.size != train.records:
        raise UsageError("fit.class_weight.outputs")
    with np.errstate(invalid="ignore"):
        labels = np.round(labels.reshape(-1)).astype(np.int64)
    for number, weight in class_weight.items():
        try:
            weights[labels == number] *= np.float32(weight)
        except (TypeError, ValueError) as cause:
            raise UsageError("fit.class_weight", found=repr(class_weight)) from cause
    return train._replace(weights=weights)


def doubts_of_class_weights(y: Any, class_weight: Mapping[int, float] | None) -> str:
    """What Keras would take without a word: names of no class, labels of no class, weights of no number."""
    if class_weight is None:
        return ""
    if not all(isinstance(number, int | np.integer) for number in class_weight):
        return say("fit.class_weight", found=repr(class_weight))
    if not np.isfinite([*class_weight.values()]).all():
        return say("fit.weights")
    single = y.ndim == 1 or y.shape[-1] == 1
    return say("fit.class_weight.labels") if single and y.dtype.kind == "f" and np.any(y != np.trunc(y)) else ""


def _typed(array: NDArray[Any], floatx: str) -> NDArray[Any]:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind in "iub":
        wide = not np.can_cast(array.dtype, np.int32) and array.size > 0
        large = wide and max(-int(array.min()), int(array.max())) > INT32_MAX
        return array.astype(floatx if large else np.int32, copy=False)
    return array.astype(floatx, copy=False)
