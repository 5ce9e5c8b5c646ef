"""Models and what the user passed to train them → records to train on and to validate with; once for fit and sweep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.engine.arrays import Arrays, as_arrays, record_weights, with_class_weights
from rowwise.errors import UsageError, warn_user
from rowwise.models.preparation import preparation_of
from rowwise.models.task import REGRESSION, task_of
from rowwise.shapes.checks.check import check_records
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from rowwise.data.tables.schema import Schema
    from rowwise.engine.arrays import Records, Validation

MOST_CLASSES = 10_000  # whole numbers of which there are more are quantities, whatever the loss


@dataclass(frozen=True, eq=False)
class Prepared:
    """Checked records, of which a share is still to be held out where the user asked for one.

    Attributes:
        arrays: all records to train on, with their own weights.
        validation: separate records to validate with, or None.
        share: of `arrays` to hold out; 0 for none.
        source: what `arrays` were made of: a Dataset knows groups and times.
        class_weight: class number → weight, of the records that are trained on alone, as in Keras.
    """

    arrays: Arrays
    validation: Arrays | None
    share: float
    source: Records
    class_weight: Mapping[int, float] | None = None

    def held_out(self, model: keras.Model, seed: int, batch_size: int) -> NDArray[np.bool_] | None:
        """`(records,)`: which of `arrays` are held out for this model; None where no share is.

        Classes give the same share each, wherever labels are classes; a Dataset is split by its groups or times.

        Raises:
            UsageError: the share is not between 0 and 1, or leaves a part empty, or `batch_size` is larger than the
                number of records that are left to train on.

        Warns:
            Suspicious: a class of which all records are held out, with their group or for their time.
        """
        mask = None
        if self.share:
            quantities = task_of(model).name == REGRESSION
            mask = held_out(self.arrays.y, self.share, seed, self.source, quantities)
            _warn_of_lost_classes(self.source, mask)
        records = len(self.arrays.x) if mask is None else int(np.count_nonzero(~mask))
        if batch_size > records:
            raise UsageError("fit.batch_size", found=batch_size, records=records)
        return mask

    def parts(self, mask: NDArray[np.bool_] | None) -> tuple[Arrays, Arrays | None]:
        """The records to train on, classes weighted, and those to validate with, each with its own weight."""
        train, validation = (self.arrays, self.validation) if mask is None else divided(self.arrays, mask)
        return with_class_weights(train, self.class_weight), validation


def prepare_records(
    models: Sequence[keras.Model],
    train: Records,
    validation: Validation | float | None,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[int, float] | None = None,
) -> Prepared:
    """Check the records against each model, and make arrays of them, once for all models.

    Raises:
        UsageError, DataError, ShapeError, ModelError: as `fit`.
    """
    share = float(validation) if isinstance(validation, int | float) else 0.0  # np.float64 is a float
    records = None if isinstance(validation, int | float) else validation
    for model in models:
        check_records(model, train, finite=False)
    arrays = as_arrays(train, keras.config.floatx(), schema=_schema(models))
    arrays = arrays._replace(weights=record_weights(sample_weight, len(arrays.x)))
    with_class_weights(arrays, class_weight)  # refuses invalid weights before anything is split
    return Prepared(arrays, _validation(models, records), share, train, class_weight)


def _validation(models: Sequence[keras.Model], records: Validation | None) -> Arrays | None:
    """Separate records to validate with: as `train`, or `(x, y, weights)`."""
    if records is None:
        return None
    pair, weights = (
        (records[:2], records[2]) if isinstance(records, tuple | list) and len(records) == 3 else (records, None)
    )
    for model in models:
        check_records(model, pair, finite=False)
    arrays = as_arrays(pair, keras.config.floatx(), "validation", _schema(models))
    return arrays._replace(weights=record_weights(weights, len(arrays.x)))


def _schema(models: Sequence[keras.Model]) -> Schema | None:
    """Of the table that the models, which are trained alike, were made for."""
    preparation = preparation_of(models[0]) if models else None
    return None if preparation is None else preparation.schema


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


def _warn_of_lost_classes(source: Records, mask: NDArray[np.bool_]) -> None:
    if not isinstance(source, Dataset) or not source.split_by or not source.classes:
        return  # otherwise each class keeps some
    left = np.bincount(source.y[~mask], minlength=len(source.classes))
    lost = np.flatnonzero((left == 0) & (source.counts > 0))
    if len(lost):
        names = ", ".join(source.class_names[number] for number in lost[:6]) + (", …" if len(lost) > 6 else "")
        warn_user(say("fit.validation.classes", classes=names, by=source.split_by))


def divided(arrays: Arrays, mask: NDArray[np.bool_]) -> tuple[Arrays, Arrays]:
    """The records that are not held out, and those that are, all with their weights, as in Keras."""
    return arrays.take(np.flatnonzero(~mask)), arrays.take(np.flatnonzero(mask))


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
