"""Models and what was asked for → records to train on and to validate with; once for fit and sweep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.data.dataset import Dataset, check_finite, check_float32
from rowwise.engine.arrays import (
    Arrays,
    doubts_of_class_weights,
    record_weights,
    typed,
    with_class_weights,
    with_mean_one,
)
from rowwise.engine.augmented import Augmented
from rowwise.engine.holdout import held_out, warn_of_lost_classes
from rowwise.engine.request import USUAL_BATCH
from rowwise.engine.streams import Stream, as_stream
from rowwise.engine.trees import alone, count_of, leaves, tree_of
from rowwise.errors import DataError, RowwiseError, UsageError, warn_user
from rowwise.models.keras_view import has_own_loss, layers_of, overridden_step, would_train
from rowwise.models.table_features import preparation_of
from rowwise.models.task import REGRESSION, task_of
from rowwise.shapes.checks.check import check_records
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Schema
    from rowwise.engine.request import Request


@dataclass(frozen=True, eq=False)
class Prepared:
    """Checked records, of which a share is still to be held out where the user asked for one.

    Attributes:
        request: what was asked for.
        train: all records to train on, with their own weights, or a stream of batches.
        validation: records or a stream of its own to validate with, or None.
        source: what `train` was made of: a Dataset knows groups and times.
    """

    request: Request
    train: Arrays | Stream
    validation: Arrays | Stream | None
    source: Any

    def held_out(self, model: keras.Model, seed: int) -> NDArray[np.bool_] | int | None:
        """Which records are held out for this model: `(records,)`, or all after so many; None where no share is.

        Classes give the same share each, wherever labels are classes; a Dataset is split by its groups or times.
        `validation_split` takes the last records.

        Raises:
            UsageError: the share is not between 0 and 1, or leaves a part empty.

        Warns:
            Suspicious: a class of which all records are held out, with their group or for their time.
        """
        share, train = self.request.share, self.train
        if not share or isinstance(train, Stream):
            return None
        if self.request.last:
            kept = math.floor(train.records * (1 - share))  # as Keras counts
            if not 0 < kept < train.records:
                raise UsageError("fit.validation_split.empty", share=share, records=train.records)
            return kept
        y = train.bare.y
        single = isinstance(y, np.ndarray)
        labels = y if single else np.zeros(train.records)
        held = held_out(labels, share, seed, self.source, not single or task_of(model).name == REGRESSION)
        warn_of_lost_classes(self.source, held)
        return held

    def parts(self, held: NDArray[np.bool_] | int | None) -> Parts:
        """What is trained on, classes weighted, and validated with, each with its own weights.

        Those of a Dataset are divided by their mean, of either part by itself: losses are weighted means then, in
        whatever unit the weights are.

        Warns:
            Suspicious: more steps were asked for than there are batches.
        """
        request, train, validation = self.request, self.train, self.validation
        if isinstance(train, Stream):
            if request.augmentation is not None:
                raise UsageError("fit.augment.pictures", found=type(train.source).__name__)
            return Parts(train, validation, USUAL_BATCH, request.validation_batch_size or USUAL_BATCH)
        if isinstance(held, int):
            train, validation = train.first(held), train.after(held)
        elif held is not None:
            train, validation = train.apart(np.flatnonzero(~held)), train.apart(np.flatnonzero(held))
        size, steps = request.batch_size, request.steps_per_epoch
        if size is None:
            size = math.ceil(train.records / steps) if steps else USUAL_BATCH
        _warn_of_steps("steps_per_epoch", steps, train.records, size)
        held_size, held_steps = request.validation_batch_size or request.batch_size, request.validation_steps
        if isinstance(validation, Arrays) and held_steps:
            held_size = held_size or math.ceil(validation.records / held_steps)
            _warn_of_steps("validation_steps", held_steps, validation.records, held_size)
            validation = validation.first(held_steps * held_size)
        if _has_weights(self.source):
            train = with_mean_one(train)
        if isinstance(validation, Arrays) and _has_weights(request.held if held is None else self.source):
            validation = with_mean_one(validation)
        train = with_class_weights(train, request.class_weight)
        augmented = None if request.augmentation is None else Augmented(train, request.augmentation)
        train = train if augmented is None else augmented.train
        return Parts(train, validation, min(size, train.records), held_size or USUAL_BATCH, augmented)


@dataclass(frozen=True, eq=False)
class Parts:
    """What one model is trained on and validated with, and how many records a step takes of each."""

    train: Arrays | Stream
    validation: Arrays | Stream | None
    batch_size: int
    validation_batch_size: int
    augmented: Augmented | None = None  # what changes the pictures of `train` for each epoch


def prepare_records(models: Sequence[keras.Model], request: Request) -> Prepared:
    """Check the records against each model, and make arrays of them, once for all models.

    What Keras would fail with is an error, what it would train on without a word a warning.

    Raises:
        UsageError, DataError, ShapeError, ModelError: as `fit`.
    """
    if (source := as_stream(request.x)) is not None:
        train: Arrays | Stream = _stream(source, request)
    else:
        train = _arrays(models, *_labelled(models, request.x, request.y, request.sample_weight), "train", request)
        if request.class_weight is not None:
            with_class_weights(train.first(1), request.class_weight)  # refused before anything is divided
            if doubt := doubts_of_class_weights(train.bare.y, request.class_weight):
                warn_user(doubt)
    return Prepared(request, train, _validation(models, request), request.x)


def _has_weights(source: Any) -> bool:
    return isinstance(source, Dataset) and source.weights is not None


def _warn_of_steps(name: str, steps: int | None, records: int, batch_size: int) -> None:
    if steps and steps > (batches := -(-records // batch_size)):
        warn_user(say("fit.steps", name=name, found=steps, batches=batches))


def _stream(source: Any, request: Request) -> Stream:
    for name, value in (("y", request.y), ("sample_weight", request.sample_weight)):
        if value is not None:
            raise UsageError("fit.stream.apart", name=name, found=type(request.x).__name__)
    if request.share:
        raise UsageError("fit.stream.share", found=type(request.x).__name__)
    return Stream(source, request.steps_per_epoch, request.class_weight)


def _validation(models: Sequence[keras.Model], request: Request) -> Arrays | Stream | None:
    """Records of its own to validate with: as `x`, or `(x, y)`, or `(x, y, weights)`."""
    held = request.held
    if held is None:
        return None
    if (source := as_stream(held)) is not None:
        return Stream(source, request.validation_steps)
    x, y, weights = held, None, None
    if isinstance(held, tuple | list) and len(held) <= 3 and not any(isinstance(part, Dataset) for part in held):
        x, y, weights = (*held, None, None)[:3]  # never inputs alone, as in Keras
    return _arrays(models, *_labelled(models, x, y, weights), "validation", request)


def _labelled(models: Sequence[keras.Model], x: Any, y: Any, weights: Any) -> tuple[Any, Any, Any]:
    """x, y and weights apart, however they came: as Keras takes them, or in one pair or triple.

    Raises:
        UsageError: no records, or labels beside a Dataset, which has its own. DataError: PyTorch's records one by one.
    """
    if x is None:
        raise UsageError("fit.pair", what="x", found="None")
    if any(base.__module__.startswith("torch.utils.data") for base in type(x).__mro__):
        raise DataError("fit.torch_dataset", found=type(x).__name__)
    if isinstance(x, Dataset):
        if y is not None:
            raise UsageError("fit.dataset.labels")
        return x, None, weights
    if isinstance(x, tuple | list) and any(isinstance(part, Dataset) for part in x):
        raise UsageError("fit.two_datasets", what="x")
    if y is None and isinstance(x, tuple | list) and _carries_labels(models, x):
        x, y, *more = x
        if more and weights is not None:
            raise UsageError("call.twice", function="fit", name="sample_weight")
        weights = more[0] if more else weights
    return x, y, weights


def _carries_labels(models: Sequence[keras.Model], parts: Sequence[Any]) -> bool:
    """Whether it is `(x, y)` or `(x, y, weights)`, and not the inputs of a model that has as many."""
    inputs = _sides(models)[0]
    if inputs is None and models and not _asks_for_labels(models[0]):
        return False
    if inputs is None or inputs == 1:
        return len(parts) in (2, 3)
    first = parts[0]
    nested = isinstance(first, dict) or (isinstance(first, list | tuple) and len(first) == inputs)
    return len(parts) in (2, 3) and nested


def _asks_for_labels(model: keras.Model) -> bool:
    """Whether something of the model takes labels, so that they may be among what was passed as x."""
    return getattr(model, "loss", None) is not None or has_own_loss(model) or overridden_step(model) is not None


def _sides(models: Sequence[keras.Model]) -> tuple[int | None, int | None]:
    """How many inputs and outputs the models, which are trained alike, have."""
    model = models[0] if models else None
    return count_of(getattr(model, "inputs", None)), count_of(getattr(model, "outputs", None))


def _has_several_losses(model: keras.Model) -> bool:
    """Whether labels come as several arrays, however many outputs there are: `compute_loss` may divide one."""
    loss = getattr(model, "loss", None)
    return isinstance(loss, dict) or (isinstance(loss, list | tuple) and len(loss) > 1)


def _arrays(models: Sequence[keras.Model], x: Any, y: Any, weights: Any, what: str, request: Request) -> Arrays:
    floatx, schema, source = keras.config.floatx(), _schema(models), x
    if isinstance(x, Dataset):
        x, y = source.x, source.y
        if source.weights is not None and weights is not None:
            raise UsageError("fit.dataset.weights")
        weights = source.weights if weights is None else weights
    inputs, outputs = _sides(models)
    apart = any(_has_several_losses(model) for model in models)
    x, y = tree_of(x, "x", inputs), tree_of(y, "y", None if apart else outputs)
    doubts = list(_doubts(models, source, x, y, what))
    records = _count(x, y, what, doubts)
    try:
        arrays = Arrays(typed(x, floatx, "x"), typed(_from_origins(y, schema), floatx, "y"))
    except (DataError, TypeError, ValueError):
        if doubts:
            raise doubts[0] from None  # which says more
        raise
    arrays = arrays._replace(weights=record_weights(weights, records))
    if doubts or (y is None and models):
        batch = arrays.first(min(request.batch_size or USUAL_BATCH, records))
        for model in models:
            if overridden_step(model) is None and not would_train(model, batch.parts):
                code = "rowwise.fit(model, x, y)" if what == "train" else "validation_data=(x, y)"
                raise doubts[0] if doubts else DataError("mistake.no_labels", code=code)
    for message in dict.fromkeys(map(str, doubts)):
        warn_user(say("fit.all_the_same", doubt=message))
    return arrays


def _count(x: Any, y: Any, what: str, doubts: Sequence[RowwiseError]) -> int:
    """How many records there are.

    Raises:
        DataError: none, or other numbers of them in some part; or the first of the doubts, which says more.
    """
    every = [*leaves(x), *(leaves(y) if y is not None else ())]
    counts = [len(array) if array.ndim else 0 for array in every]
    if every and counts[0] and len(set(counts)) == 1:
        return counts[0]
    if doubts:
        raise doubts[0]
    if not every or not counts[0]:
        raise DataError("fit.empty", what=f"{what} x {every[0].shape if every else ()}")
    other = next(array for array, count in zip(every, counts, strict=True) if count != counts[0])
    raise DataError("mistake.counts", x=every[0].shape, y=other.shape)


def _doubts(models: Sequence[keras.Model], source: Any, x: Any, y: Any, what: str) -> Iterator[RowwiseError]:
    """What Keras fails with, or trains on without a word."""
    x, y = alone(x), alone(y)
    single = isinstance(x, np.ndarray) and (y is None or isinstance(y, np.ndarray))
    for model in models:
        if not (single and isinstance(model, keras.Model) and set(_sides([model])) <= {None, 1}):
            continue
        try:
            check_records(model, source if isinstance(source, Dataset) else x if y is None else (x, y), finite=False)
        except RowwiseError as doubt:
            yield doubt
    if isinstance(source, Dataset):
        return  # checked when it was made
    takes_missing = any(getattr(layer, "takes_missing", False) for model in models for layer in layers_of(model))
    for name, part in ((what, x), (f"{what} y", y)):
        for array in (getattr(array, "stored", array) for array in leaves(part)) if part is not None else ():
            if array.dtype.kind != "f":
                continue
            try:
                if part is x and not takes_missing:
                    check_finite(name, array)
                check_float32(name, array)
            except DataError as doubt:
                yield doubt


def _from_origins(y: Any, schema: Schema | None) -> Any:
    return schema.from_origins(y) if schema is not None and isinstance(y, np.ndarray) else y


def _schema(models: Sequence[keras.Model]) -> Schema | None:
    """Of the table that the models, which are trained alike, were made for."""
    preparation = preparation_of(models[0]) if models else None
    return None if preparation is None else preparation.schema
