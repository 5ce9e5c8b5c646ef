"""A compiled model → its one loss and its end: the two that labels must suit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras

SPARSE = "sparse_categorical_crossentropy"
CATEGORICAL = ("categorical_crossentropy", "categorical_focal_crossentropy")
BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
# Keras's losses that compare labels and outputs number by number, so that both need one shape.
ELEMENTWISE = (
    *CATEGORICAL,
    *BINARY,
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_squared_logarithmic_error", "huber", "log_cosh", "poisson", "kl_divergence", "cosine_similarity"),
    *("hinge", "squared_hinge", "categorical_hinge", "dice", "tversky"),
)
PROBABILITIES = ("softmax", "sigmoid")
# What a last Dense layer can end with and still give numbers below 0 or above 1.
UNBOUNDED = ("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "tanh", "log_softmax")


@dataclass(frozen=True)
class Loss:
    """A loss by Keras's own name; `ignored` is the label that it leaves out."""

    name: str
    from_logits: bool = False
    ignored: int | None = None


@dataclass(frozen=True)
class Output:
    """The end of a model: `layer` in words, the output's shape for one record, and the activation, where known."""

    layer: str
    shape: tuple[int | None, ...] | None = None
    activation: str | None = None

    @property
    def units(self) -> int | None:
        """How many numbers stand in a row of the output."""
        return self.shape[-1] if self.shape else None


def loss_of(model: keras.Model) -> Loss | None:
    """The one loss that the model was compiled with, where it is one of Keras's own."""
    loss: Any = model.loss
    if isinstance(loss, dict):
        loss = list(loss.values())
    if isinstance(loss, list | tuple):
        loss = loss[0] if len(loss) == 1 else None
    return named_loss(loss)


def named_loss(loss: Any) -> Loss | None:
    """`"bce"`, `keras.losses.binary_crossentropy` or `keras.losses.BinaryCrossentropy(...)` → a Loss."""
    import keras

    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return None
    if isinstance(loss, type):  # `loss="BinaryCrossentropy"`, which Keras makes an instance of
        loss = loss()
    function = loss
    if isinstance(loss, keras.losses.Loss):
        function = getattr(loss, "fn", None) if type(loss).__module__.startswith(("keras.", "rowwise.")) else None
    name = getattr(function, "__name__", "")
    if not name or getattr(keras.losses, name, None) is not function:
        return None
    return Loss(name, bool(getattr(loss, "from_logits", False)), getattr(loss, "ignore_class", None))


def output_of(model: keras.Model, record: tuple[int | None, ...] | None = None) -> Output | None:
    """The last layer that computes; `record` is the shape of its output where the model itself does not tell it."""
    import keras

    shape = getattr(model, "output_shape", None) if model.built else None
    if shape is not None and not (isinstance(shape, tuple) and all(isinstance(size, int | None) for size in shape)):
        return None
    if isinstance(model, keras.Sequential):
        layers = [layer for layer in model.layers if type(layer).__name__ not in ("Dropout", "Identity")]
        last = layers[-1] if layers else None
    else:
        last = model.outputs[0]._keras_history.operation if getattr(model, "outputs", None) else None
    if last is None:
        return Output(say("mistake.outputs"), record) if record else None
    if isinstance(last, keras.Sequential) or getattr(last, "outputs", None):
        return output_of(last, record)
    units = getattr(last, "units", None)
    known = shape[1:] if shape is not None else record or ((units,) if units is not None else None)
    name = type(last).__name__.lower()
    if name in ("dense", "activation"):
        function = last.activation
        name = function.__name__ if str(getattr(function, "__module__", "")).startswith("keras.") else ""
    return Output(named(last), known, name if name in (*PROBABILITIES, *UNBOUNDED) else None)


def flat_layers(model: Any) -> Iterator[Any]:
    """The layers that compute, in order, those of nested models among them."""
    for layer in model.layers:
        yield from flat_layers(layer) if hasattr(layer, "layers") else (layer,)


def named(layer: Any) -> str:
    """`Dense "hidden_1"`."""
    return f'{type(layer).__name__} "{layer.name}"'
