"""A model and records → its outputs, and what they mean; a `Predictor` for many calls, from many threads."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.call import called_as_in_keras
from rowwise.data.dataset import Dataset
from rowwise.data.source import is_frame
from rowwise.engine.arguments import check_numbers
from rowwise.engine.arrays import typed
from rowwise.engine.interpretation import Prediction, interpreted
from rowwise.engine.native.inference import Networks, networks_for
from rowwise.engine.native.records import multiply_adds
from rowwise.engine.protocol import Unsupported
from rowwise.engine.streams import as_stream
from rowwise.engine.trees import count_of, mapped, tree_of
from rowwise.errors import ModelError, warn_user
from rowwise.models.backbones import backbone_of
from rowwise.models.keras_settings import floatx
from rowwise.models.keras_view import check_not_forked
from rowwise.models.table_features import preparation_of
from rowwise.shapes.checks.as_array import array_of
from rowwise.shapes.checks.check import check_kind, check_records

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray


USUAL_BATCH = 1024  # records a step
# Records of each step of a Predictor where Keras predicts: XLA rounds otherwise for other numbers of them.
FULL_STEP = 64
STEP_OF_BACKBONE = 4  # whose records take a hundred times as long as those of Dense layers

__all__ = ["Prediction", "Predictor", "interpreted", "predict", "predict_proba"]


class Predictor:
    """A model, ready to predict again and again: its layers are described, and its network is built, once.

    Any number of threads may call it, and other Predictors of the same model, at the same time. It uses the weights
    that the model holds when it is called, and so follows a training; while another thread trains, some may be those
    of the epoch before. It does not see layers that are added or changed after the first call: make another one. Where
    the native engine cannot run the model, Keras's `predict` does, one call at a time. While Keras's own `fit` trains
    the model, it cannot predict.

    Args:
        model: a Keras model with one input and one output.
        threads: of the native engine, for each call; None for $ROWWISE_THREADS, else as many as pay.
        task: as for `rowwise.predict`.

    Raises:
        ModelError: no Keras model, or several inputs or outputs. UsageError: an invalid number of threads.
    """

    def __init__(self, model: keras.Model, threads: int | None = None, task: str | None = None) -> None:
        check_kind(model)
        check_numbers(threads=threads)
        self.model, self.threads, self.task = model, threads, task
        self._networks: Networks | None = None
        self._described = False  # a model that is not built yet has no layers to describe

    @property
    def multiply_adds(self) -> int | None:
        """Of one record, as its cost; None where Keras predicts."""
        networks = self._described_networks()
        return None if networks is None else multiply_adds(networks.graph)

    def outputs(self, x: Any, batch_size: int | None = None, checked: bool = False) -> NDArray[np.float32]:
        """`(records, outputs)`: what the model gives for x `(records, ...)`, an array or a Dataset.

        Without a batch_size they do not depend, to the bit, on how many records are predicted at once.

        Args:
            x: the records.
            batch_size: records a step, where Keras predicts; None for steps that are always full.
            checked: whether x is known to be an array of finite numbers that the model takes: to ask again takes longer
                than to predict a record.

        Raises:
            UsageError: batch_size is no positive integer.
            DataError: no records, or values that are no finite numbers. ShapeError: x does not fit the model's input.
        """
        if not checked:
            x = _checked(self.model, x, FULL_STEP if batch_size is None else batch_size)
        return _outputs(self.model, self._described_networks(), x, batch_size)

    def predict(self, x: Any, batch_size: int | None = None) -> Prediction:
        """As `rowwise.predict`; batch_size as of `outputs`."""
        return interpreted(self.model, self.outputs(_records_of(self.model, x), batch_size), self.task)

    def _described_networks(self) -> Networks | None:
        if not self._described and self.model.built:
            self._networks, self._described = networks_for(self.model, self.threads), True
        return self._networks


@called_as_in_keras()
def predict(
    model: keras.Model,
    x: Any,
    batch_size: int | None = None,
    verbose: int | str = "auto",
    steps: int | None = None,
    callbacks: Any = None,
    *,
    threads: int | None = None,
    task: str | None = None,
) -> Prediction:
    """Classes and probabilities of x `(records, ...)`, pixels as in training; the numbers of a model for regression.

    It is called as `Model.predict` is. What the outputs mean follows from the model's loss and its last layer
    (`rowwise.models.task`); where that is not known they are handed on as they are, as `values`. A classifier that
    ends without softmax or sigmoid gives logits: they are turned into probabilities here.

    Args:
        model: a Keras model with one output.
        x: records as an array or a Dataset, or, for several inputs, a dict, list or tuple of arrays; of a model that
            was trained on a table also a table, as `rowwise.load` takes it; or what gives batches, as for `fit`.
        batch_size: records a step, where Keras predicts; the result does not depend on it.
        verbose: 1 and 2 show Keras's bar or line, where Keras predicts.
        steps: batches to predict; None for all records.
        callbacks: as in Keras, which then predicts.
        threads: as for `Predictor`, which is for many calls: it need not look whether the model is still the same.
        task: "regression", "binary", "multiclass", "multilabel", or "classification" for what the outputs allow; None:
            what is known.

    Raises:
        CallError: an argument that there is not. ShapeError: x does not fit the model's input. ModelError: no outputs
        a record, or they are NaN. UsageError: an unknown task, or one that such outputs cannot mean.
        DataError: a table that lacks columns, or cannot be read.
    """
    outputs = predict_proba(model, _records_of(model, x), batch_size, threads, verbose, steps, callbacks)
    return interpreted(model, outputs, task)


def predict_proba(
    model: keras.Model,
    x: Any,
    batch_size: int | None = None,
    threads: int | None = None,
    verbose: int | str = "auto",
    steps: int | None = None,
    callbacks: Any = None,
) -> NDArray[np.float32]:
    """`(records, outputs)` float32: the model's outputs for x `(records, ...)`; arguments as for `predict`.

    Those of targets that have an origin (`Schema.target_origins`) are counted from it, as in the model itself.

    Raises:
        ModelError: no Keras model, or several outputs. UsageError: an invalid batch_size or number of threads.
        DataError: no records, or values that are no finite numbers. ShapeError: x does not fit the model's input.
    """
    check_numbers(threads=threads, steps=steps, batch_size=batch_size)
    size, own = batch_size or USUAL_BATCH, _listed(callbacks)
    shown = 0 if verbose == "auto" else verbose
    if (source := as_stream(x)) is not None:
        return _by_keras(model, source, steps=steps, callbacks=own, verbose=shown)
    if (count_of(getattr(model, "inputs", None)) or 1) > 1:
        x = mapped(lambda array: getattr(array, "matrix", array), typed(tree_of(x, "x"), floatx(), "x"))
        if steps:
            x = mapped(lambda array: array[: steps * size], x)
        return _by_keras(model, x, batch_size=size, callbacks=own, verbose=shown)
    x = _checked(model, x, size)[: steps * size if steps else None]
    if own or shown:
        return _by_keras(model, x, batch_size=size, callbacks=own, verbose=shown)
    return _outputs(model, _kept_networks(model, threads), x, size)


def _listed(callbacks: Any) -> list[keras.callbacks.Callback]:
    if callbacks is None:
        return []
    from rowwise.engine.request import listed

    return listed(callbacks)


def _by_keras(model: keras.Model, x: Any, **options: Any) -> NDArray[np.float32]:
    """What Keras predicts; raises ModelError for several outputs."""
    if (outputs := count_of(getattr(model, "outputs", None)) or 1) > 1:
        raise ModelError("model.several", name=model.name, inputs=len(model.inputs), outputs=outputs)
    check_not_forked()
    with _lock_of(model):  # Keras takes the weights out of the model while it predicts
        return np.asarray(model.predict(x, **options), np.float32)


# Of each model: the lock under which its weights are read and Keras predicts; the networks of the last predictions, by
# number of threads. Neither refers to the model, which goes when its user lets it go.
_locks: weakref.WeakKeyDictionary[keras.Model, threading.RLock] = weakref.WeakKeyDictionary()
_networks: weakref.WeakKeyDictionary[keras.Model, dict[int | None, Networks]] = weakref.WeakKeyDictionary()
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
        kept = _networks.setdefault(model, {})
        if threads not in kept or not kept[threads].same_layers(networks):
            kept[threads] = networks
        return kept[threads]


def _checked(model: keras.Model, x: Any, batch_size: int) -> NDArray[Any]:
    """x as an array that the model takes. Keras checks less, and a call that fails within it can spoil the model."""
    check_numbers(batch_size=batch_size)
    x = array_of(x.x if isinstance(x, Dataset) else x, "x")
    check_records(model, x)
    return x


def _outputs(
    model: keras.Model, networks: Networks | None, x: NDArray[Any], batch_size: int | None
) -> NDArray[np.float32]:
    if networks is not None:
        with _lock_of(model):
            values = [variable.value for variable in networks.variables]
        try:
            outputs = networks.outputs(x, values)
        except Unsupported:
            outputs = None
        if outputs is not None:
            return outputs
    return _in_full_steps(model, x) if batch_size is None else _by_keras(model, x, batch_size=batch_size, verbose=0)


def filled(x: NDArray[Any], records: int) -> NDArray[Any]:
    """At most so many records, and the last of them again until there are so many: XLA compiles for one number."""
    return np.concatenate([x, np.repeat(x[-1:], records - len(x), axis=0)])


def _in_full_steps(model: keras.Model, x: NDArray[Any]) -> NDArray[np.float32]:
    """What Keras predicts, the last step filled with the last record."""
    step = FULL_STEP if backbone_of(model) is None else STEP_OF_BACKBONE
    whole = len(x) - len(x) % step
    parts = [x[:whole]] if whole else []
    if whole < len(x):
        parts.append(filled(x[whole:], step))
    outputs = [_by_keras(model, part, batch_size=step, verbose=0) for part in parts]
    return outputs[0][: len(x)] if len(outputs) == 1 else np.concatenate(outputs)[: len(x)]


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
