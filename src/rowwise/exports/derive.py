"""A saved model → the Program of all that it computes, from what a user has to what a prediction says."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.errors import ModelError
from rowwise.exports.inputs import table_columns
from rowwise.exports.kinds import FLOATS, MATRIX
from rowwise.exports.layers import refused, steps_of_layer
from rowwise.exports.program import DOUBLE, FLOAT, WHOLE
from rowwise.exports.tracing import Traced, Tracer
from rowwise.models.inputs_outputs import gives_logits
from rowwise.models.keras_view import graph_calls, is_functional, layer_title, own_method
from rowwise.models.task import MULTILABEL, OF_CLASSES, REGRESSION, THRESHOLD, UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.exports.program import Program
    from rowwise.runs.saved import Saved


def derived(saved: Saved, outputs: NDArray[np.float32], inputs: str = MATRIX) -> Program:
    """The Program of a saved model.

    Args:
        outputs: `(records, units)`: what the model gives for some records: where nothing else says whether these are
            logits, they do.
        inputs: of a table, one of `kinds.INPUTS`, or FLOATS.

    Raises:
        ModelError: a layer that cannot be exported, by its name.
    """
    tracer = Tracer([column.name for column in saved.schema.used] if saved.schema is not None else ())
    tracer.layer = "inputs"
    shape = tuple(size for size in saved.accepts.shape if size is not None)
    if len(shape) != len(saved.accepts.shape):
        raise ModelError("export.sizes", shape=saved.accepts.shape)
    if saved.schema is not None:
        records = table_columns(tracer, saved.schema, inputs)
    else:
        records = tracer.input("records", math.prod(shape), FLOAT, shape)
    raw = _of_model(saved.model, records)
    tracer.layer = "answer"
    answers = _answers(saved, raw, gives_logits(saved.model, outputs), inputs == FLOATS)
    return replace(tracer.program(answers, raw, shape), kind=inputs)


def _of_model(model: Any, records: Traced) -> Traced:
    """What a Sequential or Functional model makes of records, models within it too."""
    sequential = type(model) is keras.Sequential
    if not (sequential or is_functional(model)) or own_method(model) is not None:
        raise ModelError("export.model", name=model.name, kind=type(model).__name__)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError("model.several", name=model.name, inputs=len(model.inputs), outputs=len(model.outputs))
    known: dict[int, Traced] = {}
    last = records
    for layer, call in graph_calls(model):
        if call is None:
            raise refused(layer)
        if isinstance(layer, keras.layers.InputLayer):
            known[id(call.output_tensors[0])] = records
            continue
        takes = [known[id(tensor)] for tensor in call.input_tensors]
        if isinstance(layer, keras.Model):
            last = _of_model(layer, takes[0])
        elif isinstance(layer, keras.layers.Layer):
            last = steps_of_layer(layer, takes)
        else:  # a function of keras.ops within the graph
            raise ModelError("export.layer.kind", layer=layer_title(layer))
        known[id(call.output_tensors[0])] = last
    return known.get(id(model.outputs[0]), last)


def _answers(saved: Saved, raw: Traced, logits: bool, floats: bool) -> dict[str, Traced]:
    """What a Prediction says of the model's outputs, as `engine.interpretation` decides it."""
    task, schema = saved.basis, saved.schema
    if len(raw.shape) != 1:
        raise ModelError("predict.outputs", found=(None, *raw.shape))
    if task.name in (REGRESSION, UNKNOWN) or task.margins:
        values = raw
        if schema is not None and schema.target_origins and not floats:
            values = raw.tracer.cast(raw, DOUBLE) + np.array(schema.target_origins)
        answers = {"values": values}
        if task.name in OF_CLASSES:
            answers["class"] = _largest(raw) if raw.array.columns > 1 else _yes(raw > 0.0)
        if task.name == MULTILABEL:
            answers["labels"] = raw.tracer.cast(raw > 0.0, WHOLE)
        return answers
    ops, p = raw.tracer, raw
    if raw.array.columns == 1:
        second = ops.step("sigmoid", raw) if logits else ops.clip(raw, 0.0, 1.0)
        p = ops.concatenate([1.0 - second, second])
    elif logits:
        p = ops.step("sigmoid" if task.name == MULTILABEL else "softmax", raw)
    thresholds = schema.thresholds if schema is not None else ()
    if task.name == MULTILABEL:
        there = p >= np.array(thresholds, np.float32) if thresholds else p > THRESHOLD
        return {"probabilities": p, "labels": ops.cast(there, WHOLE)}
    return {"probabilities": p, "class": _decided(p, thresholds, schema is not None and schema.ordered)}


def _decided(p: Traced, thresholds: tuple[float, ...], ordered: bool) -> Traced:
    """The number of the class, as `engine.interpretation.answers` has it."""
    classes = p.array.columns
    if ordered:
        below = p.tracer.matmul(p[:, : classes - 1], np.triu(np.ones((classes - 1, classes - 1), np.float32)))
        count = p.tracer.step("row_sum", p.tracer.cast(below < 0.5, FLOAT), columns=1)
        return p.tracer.step("column_of", p.tracer.cast(count, WHOLE), columns=1, type=WHOLE)
    if thresholds and classes == 2:
        return _yes(p[:, 1:2] >= thresholds[0])
    return _largest(p)


def _yes(truth: Traced) -> Traced:
    return truth.tracer.step("column_of", truth.tracer.cast(truth, WHOLE), columns=1, type=WHOLE)


def _largest(x: Traced) -> Traced:
    return x.tracer.step("argmax", x, columns=1, type=WHOLE)
