"""Models and what the user passed to train them → records to train on and to validate with; once for fit and sweep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.data.storage import taken
from rowwise.engine.arrays import Arrays, as_arrays, weighted
from rowwise.errors import UsageError
from rowwise.models.inputs_outputs import is_regression
from rowwise.shapes.checks.check import check_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from rowwise.engine.arrays import Records

MOST_CLASSES = 10_000  # whole numbers of which there are more are quantities, whatever the loss


@dataclass(frozen=True, eq=False)
class Prepared:
    """Checked records, of which a share is still to be held out where the user asked for one.

    Attributes:
        arrays: all records to train on, with their weights.
        validation: records of its own to validate with, or None.
        share: of `arrays` to hold out; 0 for none.
        source: what `arrays` were made of: a Dataset knows groups and times.
    """

    arrays: Arrays
    validation: Arrays | None
    share: float
    source: Records

    def held_out(self, model: keras.Model, seed: int, batch_size: int) -> NDArray[np.bool_] | None:
        """`(records,)`: which of `arrays` are held out for this model; None where no share is.

        Classes give the same share each, wherever labels are classes; a Dataset is split by its groups or times.

        Raises:
            UsageError: the share is not between 0 and 1, or leaves a part empty, or `batch_size` is larger than the
                number of records that are left to train on.
        """
        held = None
        if self.share:
            held = held_out(self.arrays.y, self.share, seed, self.source, is_regression(model))
        records = len(self.arrays.x) if held is None else int(np.count_nonzero(~held))
        if batch_size > records:
            raise UsageError("fit.batch_size", found=batch_size, records=records)
        return held

    def parts(self, held: NDArray[np.bool_] | None) -> tuple[Arrays, Arrays | None]:
        """The records to train on and those to validate with."""
        return (self.arrays, self.validation) if held is None else divided(self.arrays, held)


def prepare_records(
    models: Sequence[keras.Model],
    train: Records,
    validation: Records | float | None,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[int, float] | None = None,
) -> Prepared:
    """Check the records against each model, and make arrays of them, once for all models.

    Raises:
        UsageError, DataError, ShapeError, ModelError: as `fit`.
    """
    share = float(validation) if isinstance(validation, int | float) else 0.0  # np.float64 is a float
    held = None if isinstance(validation, int | float) else validation
    for model in models:
        check_records(model, train, finite=False)
    arrays = weighted(as_arrays(train, keras.config.floatx()), sample_weight, class_weight)
    if held is None:
        return Prepared(arrays, None, share, train)
    for model in models:
        check_records(model, held, finite=False)
    return Prepared(arrays, as_arrays(held, keras.config.floatx(), "validation"), share, train)


def held_out(
    y: NDArray[Any], share: float, seed: int, source: Records | None = None, quantities: bool = False
) -> NDArray[np.bool_]:
    """`(records,)`: True where a record is held out.

    Args:
        y: labels `(records,)` or `(records, outputs)`.
        share: of the records, between 0 and 1.
        seed: same seed, same records.
        source: what the records were made of: a Dataset is split as `Dataset.split` does.
        quantities: whether whole numbers in y are quantities and no classes. One-hot rows are classes all the same.

    Raises:
        UsageError: the share is not between 0 and 1, or leaves a part empty.
    """
    numbers = np.arange(len(y), dtype=np.int64)
    if isinstance(source, Dataset):
        rows = replace(source, x=numbers[:, None], schema=None)
    else:
        labels, classes = _classes(y, quantities)
        rows = Dataset("train", numbers[:, None], labels, tuple(map(str, range(classes))))
    chosen = np.zeros(len(y), bool)
    chosen[rows.split(share, seed)[1].x[:, 0]] = True
    return chosen


def divided(arrays: Arrays, held: NDArray[np.bool_]) -> tuple[Arrays, Arrays]:
    """The records that are not held out, and those that are, which all count alike, as in Keras: without weights."""
    rows = np.flatnonzero(held)
    return arrays.take(np.flatnonzero(~held)), Arrays(taken(arrays.x, rows), arrays.y[rows])


def _classes(y: NDArray[Any], quantities: bool) -> tuple[NDArray[np.int32], int]:
    """Labels as class numbers from 0, and how many classes there are; one for all where labels are no classes."""
    if y.ndim == 2 and y.shape[1] > 1 and np.array_equal(y.sum(1), np.ones(len(y))):
        y = y.argmax(1)
    elif quantities or y.size != len(y) or y.dtype.kind not in "iu":
        return np.zeros(len(y), np.int32), 1
    values, labels = np.unique(y, return_inverse=True)
    if len(values) > MOST_CLASSES:
        return np.zeros(len(y), np.int32), 1
    return labels.reshape(-1).astype(np.int32), len(values)
