"""A model → the shapes of its input and output, where it is a classifier of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.errors import ModelError

if TYPE_CHECKING:
    import keras


def classifier_shapes(model: keras.Model) -> tuple[tuple[int | None, ...], int]:
    """The shape of one record, and the number of outputs.

    Raises:
        ModelError: not one input, or not one output of the form (records, outputs).
    """
    given, gives = (_shape(model, name) for name in ("input_shape", "output_shape"))
    if not (isinstance(given, tuple) and all(isinstance(size, int | None) for size in given)):
        raise ModelError("predict.inputs", found=given)
    if not (isinstance(gives, tuple) and len(gives) == 2 and isinstance(gives[1], int)):
        raise ModelError("predict.outputs", found=gives)
    return given[1:], gives[1]


def _shape(model: keras.Model, name: str) -> Any:
    return getattr(model, name, "?") if model.built else "?"  # Keras knows none before the first call
