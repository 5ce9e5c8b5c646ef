"""A model and records → classes and probabilities, or numbers; a `Predictor` for many calls, from many threads."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.data.source import is_frame
from rowwise.engine.arguments import check_numbers
from rowwise.engine.native.description import Unsupported
from rowwise.engine.native.inference import Networks, networks_for
from rowwise.errors import ModelError, warn_user
from rowwise.models.inputs_outputs import gives_logits, is_regression
from rowwise.models.preparation import preparation_of
from rowwise.shapes.checks.as_array import array_of
from rowwise.shapes.checks.check import check_kind, check_records
from rowwise.text import say
from rowwise.text.visible import visible

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

SHOWN = 10  # records of a Prediction in a notebook
WIDTH = 80  # columns


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """What the model says of each record.

    Attributes:
        probabilities: `(records, classes)` float32; no columns for regression.
        values: `(records, targets)` float32, in the targets' own units; no columns for classification. Float64 where
            float32 could not tell the targets apart.
        class_names: of the columns of `probabilities`; empty where they are not known.
        target_names: of the columns of `values`; empty where they are not known.
        notes: in words, what was done to the data before, where whoever predicted says it.
    """

    probabilities: NDArray[np.float32]
    values: NDArray[Any] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    class_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def classes(self) -> NDArray[np.int64]:
        """`(records,)`: the most probable class's number. ModelError: the model predicts numbers."""
        if self.values.shape[1]:
            raise ModelError("prediction.no_classes")
        return self.probabilities.argmax(1)

    @property
    def names(self) -> list[str]:
        """The most probable class's name, a record; its number as text where the names are not known."""
        names = self._class_names
        return [names[number] for number in self.classes.tolist()]

    def top(self, most: int = 3) -> list[list[tuple[int, float]]]:
        """For each record its most probable classes and their probabilities, most probable first."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :most]
        return [
            [(int(c), float(row[c])) for c in columns] for row, columns in zip(self.probabilities, order, strict=True)
        ]

    def to_dicts(self) -> list[dict[str, Any]]:
        """As JSON takes it, a record: `{"class": name, "probabilities": {name: p, …}}`, or `{target: number, …}`."""
        if self.values.shape[1]:
            return [dict(zip(self._target_names, row, strict=True)) for row in self.values.tolist()]
        rows = (dict(zip(self._class_names, row, strict=True)) for row in self.probabilities.tolist())
        return [{"class": name, "probabilities": row} for name, row in zip(self.names, rows, strict=True)]

    def __repr__(self) -> str:
        """The first records, in at most 80 columns: their most probable classes, or their numbers."""
        from rich.cells import set_cell_size

        numbers = bool(self.values.shape[1])
        lines = [say("prediction.numbers" if numbers else "prediction.classes", records=f"{len(self):,}")]
        width = len(str(min(len(self), SHOWN) - 1))
        for number, cells in enumerate(self._shown_values() if numbers else self._shown_classes()):
            line = visible(f"{number:>{width}}  {'  '.join(cells)}")
            lines.append(set_cell_size(line, WIDTH).rstrip())
        if len(self) > SHOWN:
            lines.append(say("prediction.more", more=f"{len(self) - SHOWN:,}"))
        return "\n".join(lines)

    def _shown_classes(self) -> list[list[str]]:
        first = Prediction(self.probabilities[:SHOWN])
        return [[f"{self._class_names[number]} {share:.1%}" for number, share in row] for row in first.top()]

    def _shown_values(self) -> list[list[str]]:
        rows = self.values[:SHOWN].tolist()
        return [[f"{name} {value:.6g}" for name, value in zip(self._target_names, row, strict=True)] for row in rows]

    @property
    def _class_names(self) -> tuple[str, ...]:
        return self.class_names or tuple(map(str, range(self.probabilities.shape[1])))

    @property
    def _target_names(self) -> tuple[str, ...]:
        columns = self.values.shape[1]
        return self.target_names or (("y",) if columns == 1 else tuple(f"y{column}" for column in range(columns)))


class Predictor:
    """A model, ready to predict again and again: its layers are described, and its network is built, once.

    Any number of threads may call it, and other Predictors of the same model, at the same time. It uses the weights
    that the model holds when it is called, and so follows a training; amid one, in another thread, some may be those of
    the epoch before. Layers that are added or changed after the first call it does not see: make another one. Where the
    native engine cannot run the model, Keras's `predict` does, one call at a time. While Keras's own `fit` trains the
    model, nobody can predict with it.

    Args:
        model: a Keras model with one input and one output.
        threads: of the native engine, for each call; None for $ROWWISE_THREADS, else as many as pay.

    Raises:
        ModelError: no Keras model, or several inputs or outputs. UsageError: threads that make no sense.
    """

    def __init__(self, model: keras.Model, threads: int | None = None) -> None:
        check_kind(model)
        check_numbers(threads=threads)
        self.model, self.threads = model, threads
        self._networks: Networks | None = None
        self._described = False  # a model that is not built yet has no layers to describe

    def outputs(self, x: Any, batch_size: int = 1024) -> NDArray[np.float32]:
        """`(records, outputs)`: what the model gives for x `(records, ...)`, an array or a Dataset.

        Raises:
            UsageError: batch_size is no positive integer.
            DataError: no records, or values that are no finite numbers. ShapeError: x does not fit the model's input.
        """
        x = _checked(self.model, x, batch_size)
        if not self._described and self.model.built:
            self._networks, self._described = networks_for(self.model, self.threads), True
        return _outputs(self.model, self._networks, x, batch_size)

    def predict(self, x: Any, batch_size: int = 1024) -> Prediction:
        """As `rowwise.predict`."""
        return _prediction(self.model, self.outputs(_records_of(self.model, x), batch_size))


def predict(model: keras.Model, x: Any, batch_size: int = 1024, threads: int | None = None) -> Prediction:
    """Classes and probabilities of x `(records, ...)`, pixels as in training; the numbers of a model for regression.

    A classifier that ends without softmax or sigmoid gives logits: they are turned into probabilities here.

    Args:
        model: a Keras model with one input and one output.
        x: records as an array or a Dataset; of a model that was trained on a table also a table, as `rowwise.load`
            takes it.
        batch_size: records a step, where Keras predicts; the result does not depend on it.
        threads: as for `Predictor`, which is for many calls: it need not look whether the model is still the same.

    Raises:
        ShapeError: x does not fit the model's input. ModelError: no classifier, or its outputs are NaN.
        DataError: a table that lacks columns, or cannot be read.
    """
    return _prediction(model, predict_proba(model, _records_of(model, x), batch_size, threads))


def predict_proba(
    model: keras.Model, x: Any, batch_size: int = 1024, threads: int | None = None
) -> NDArray[np.float32]:
    """`(records, outputs)` float32: the model's outputs for x `(records, ...)`; arguments as for `predict`.

    Those of targets that have an origin (`Schema.target_origins`) are counted from it, as in the model itself.

    Raises:
        ModelError: no Keras model. UsageError: batch_size or threads make no sense.
        DataError: no records, or values that are no finite numbers. ShapeError: x does not fit the model's input.
    """
    check_numbers(threads=threads)
    x = _checked(model, x, batch_size)
    return _outputs(model, _kept_networks(model, threads), x, batch_size)


# Of each model: the lock under which its weights are read and Keras predicts; the networks of the last predictions, by
# number of threads. Neither refers to the model, which goes when its user lets it go.
_locks: weakref.WeakKeyDictionary[keras.Model, threading.RLock] = weakref.WeakKeyDictionary()
_kept: weakref.WeakKeyDictionary[keras.Model, dict[int | None, Networks]] = weakref.WeakKeyDictionary()
_guard = threading.Lock()  # of both dictionaries


def _lock_of(model: keras.Model) -> threading.RLock:
    with _guard:
        return _locks.setdefault(model, threading.RLock())


def _kept_networks(model: keras.Model, threads: int | None) -> Networks | None:
    """Those of the last call, unless the model's layers have changed since."""
    networks = networks_for(model, threads) if model.built else None
    if networks is None:
        return None
    with _guard:
        kept = _kept.setdefault(model, {})
        if threads not in kept or not kept[threads].same_layers(networks):
            kept[threads] = networks
        return kept[threads]


def _checked(model: keras.Model, x: Any, batch_size: int) -> NDArray[Any]:
    """x as an array that the model takes. Keras checks less, and a call that fails within it can spoil the model."""
    check_numbers(batch_size=batch_size)
    x = array_of(x.x if isinstance(x, Dataset) else x, "x")
    check_records(model, x)
    return x


def _outputs(model: keras.Model, networks: Networks | None, x: NDArray[Any], batch_size: int) -> NDArray[np.float32]:
    if networks is not None:
        with _lock_of(model):
            values = [variable.value for variable in networks.variables]
        try:
            outputs = networks.outputs(x, values)
        except Unsupported:
            outputs = None
        if outputs is not None:
            return outputs
    with _lock_of(model):  # Keras takes the weights out of the model while it predicts
        return np.asarray(model.predict(x, batch_size=batch_size, verbose=0), np.float32)


def _prediction(model: keras.Model, outputs: NDArray[np.float32]) -> Prediction:
    if outputs.ndim != 2:
        raise ModelError("predict.outputs", found=outputs.shape)
    if np.isnan(outputs).any():
        raise ModelError("measure.nan")
    if is_regression(model):
        return Prediction(np.empty((len(outputs), 0), np.float32), _in_own_units(model, outputs))
    logits = gives_logits(model, outputs)
    if outputs.shape[1] == 1:  # one unit: the second class's
        second = 1 / (1 + np.exp(-outputs)) if logits else outputs
        return Prediction(np.hstack([1 - second, second]))
    if logits:
        outputs = np.exp(outputs - outputs.max(1, keepdims=True))
        outputs /= outputs.sum(1, keepdims=True)
    return Prediction(outputs)


def _in_own_units(model: keras.Model, outputs: NDArray[np.float32]) -> NDArray[Any]:
    """The outputs, counted from 0: a model of targets too large for float32 counts them from an origin."""
    preparation = preparation_of(model)
    if preparation is None or not (origins := preparation.schema.target_origins):
        return outputs
    return outputs.astype(np.float64) + np.array(origins)


def _records_of(model: keras.Model, x: Any) -> Any:
    """x itself; the `(records, columns)` of a file or DataFrame, read as the table was that the model learned from."""
    if not (isinstance(x, str | Path) or is_frame(x)):
        return x
    from rowwise.data.tables.encode import encode, oddity_notes

    check_kind(model)
    if (preparation := preparation_of(model)) is None:
        raise ModelError("predict.no_table", model=model.name)
    encoded = encode(preparation.schema, x)
    for note in oddity_notes(preparation.schema, encoded.oddities):
        warn_user(note)
    return encoded.x
