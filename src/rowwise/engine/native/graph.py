"""A Keras model → its layers in the order of computation, nested models opened, and whose outputs each one takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rowwise.engine.native.bfloat16 import is_mixed
from rowwise.engine.native.layer_description import check_methods
from rowwise.engine.protocol import Unsupported
from rowwise.models.keras_view import calls_of, is_addition, is_functional, layer_title
from rowwise.models.kinds import is_a, kind_of
from rowwise.models.plain import PlainModel

if TYPE_CHECKING:
    import keras

RECORDS = -1  # as a step: what the model itself takes


@dataclass(frozen=True)
class Step:
    """A layer, or an addition that is none, and the numbers of the steps whose outputs it takes; RECORDS is one."""

    layer: Any
    sources: tuple[int, ...]


def steps_of(model: keras.Model) -> list[Step]:
    """The steps of a built model; the last one's output is the model's.

    Raises:
        Unsupported: several inputs or outputs, a layer that is used twice, or an operation that is no layer; a model
            of another kind.
    """
    if isinstance(model, PlainModel):
        return [Step(layer, sources) for layer, sources in model.steps]
    steps: list[Step] = []
    if _walk(model, RECORDS, steps, is_mixed(model)) != len(steps) - 1:
        raise Unsupported("Functional")
    if len({id(step.layer) for step in steps}) < len(steps):
        raise Unsupported(type(model).__name__)  # one layer twice: its gradients would have to be added up
    return steps


def _walk(model: keras.Model, source: int, steps: list[Step], mixed: bool) -> int:
    """Add the steps of a model whose input is the output of `source`; returns the step that gives its output.

    `mixed` is whether the whole model's policy is mixed_bfloat16.
    """
    check_methods(model, layer_title(model))
    if is_mixed(model) != mixed:  # a model casts its inputs too
        raise Unsupported(f"{layer_title(model)}, {model.dtype_policy.name}")
    if getattr(model, "activity_regularizer", None) is not None:
        raise Unsupported(f"{layer_title(model)}, activity_regularizer")
    if kind_of(model) == "Sequential":
        for layer in model.layers:
            source = _add(layer, (source,), steps, mixed)
        return source
    # Inputs and outputs in a dictionary are no single tensor.
    if not is_functional(model) or not all(
        is_a(s, "KerasTensor") for s in (_single(model.input), _single(model.output))
    ):
        raise Unsupported(type(model).__name__)
    given = {id(_single(model.input)): source}  # of each tensor: the step that gives it
    for operation in model.operations:
        calls = calls_of(operation)
        if not (is_a(operation, "Layer") or is_addition(operation)) or len(calls) != 1:
            raise Unsupported(layer_title(operation))
        if is_a(operation, "InputLayer"):
            continue
        takes, gives = calls[0].input_tensors, calls[0].output_tensors
        if len(gives) != 1 or any(id(tensor) not in given for tensor in takes):
            raise Unsupported(layer_title(operation))
        given[id(gives[0])] = _add(operation, tuple(given[id(tensor)] for tensor in takes), steps, mixed)
    return given[id(_single(model.output))]


def _add(layer: Any, sources: tuple[int, ...], steps: list[Step], mixed: bool) -> int:
    if len(sources) > 1 and not is_addition(layer):
        raise Unsupported(layer_title(layer))
    if is_a(layer, "Model"):
        return _walk(layer, sources[0], steps, mixed)
    steps.append(Step(layer, sources))
    return len(steps) - 1


def _single(tensors: Any) -> Any:
    """The tensor itself where a model has one, in a list or bare."""
    return tensors[0] if isinstance(tensors, list | tuple) and len(tensors) == 1 else tensors
