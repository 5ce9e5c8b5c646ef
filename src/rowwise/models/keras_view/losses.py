"""A compiled Keras model → its one loss and its end: the two that labels must suit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rowwise.models.keras_view.layers import (
    PASSIVE,
    Shape,
    activation_name,
    attribute,
    has_keras_activation,
    is_shape,
    layer_title,
    producer,
)
from rowwise.models.kinds import is_a
from rowwise.models.plain import PlainLoss, PlainModel
from rowwise.text import say

if TYPE_CHECKING:
    import keras

SPARSE = "sparse_categorical_crossentropy"
CATEGORICAL = ("categorical_crossentropy", "categorical_focal_crossentropy")
BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
# Losses that compare quantities: a model compiled with one predicts numbers.
OF_NUMBERS = (
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_squared_logarithmic_error", "huber", "log_cosh", "poisson"),
)
# Losses of margins: the sign of an output, or the largest one, is the answer, and none is a probability.
OF_MARGINS = ("hinge", "squared_hinge", "categorical_hinge")
# Losses that compare labels and outputs number by number, so that both need one shape.
ELEMENTWISE = (
    *CATEGORICAL,
    *BINARY,
    *OF_NUMBERS,
    *OF_MARGINS,
    *("kl_divergence", "cosine_similarity", "dice", "tversky"),
)
# The classes of the losses above, by the names of their functions.
LOSS_CLASSES = {
    SPARSE: "SparseCategoricalCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "poisson": "Poisson",
    "hinge": "Hinge",
    "squared_hinge": "SquaredHinge",
    "categorical_hinge": "CategoricalHinge",
    "kl_divergence": "KLDivergence",
    "cosine_similarity": "CosineSimilarity",
    "dice": "Dice",
    "tversky": "Tversky",
}
PROBABILITIES = ("softmax", "sigmoid")
# Activations whose outputs may lie below 0 or above 1.
UNBOUNDED = ("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "tanh", "log_softmax")


@dataclass(frozen=True)
class Loss:
    """One of Keras's losses by the name of its function; `ignored` is the label that it leaves out."""

    name: str
    from_logits: bool = False
    ignored: int | None = None


@dataclass(frozen=True)
class Output:
    """The end of a model: `layer` in words, the output's shape for one record, and the activation, where known."""

    layer: str
    shape: Shape | None = None
    activation: str | None = None

    @property
    def units(self) -> int | None:
        """How many numbers stand in a row of the output."""
        return self.shape[-1] if self.shape else None


def loss_of(model: keras.Model) -> Loss | None:
    """The one loss that the model was compiled with; None where there are several, or it is none of Keras's."""
    loss: Any = getattr(model, "loss", None)
    if loss is None:
        return None
    if isinstance(loss, dict):
        loss = list(loss.values())
    if isinstance(loss, list | tuple):
        loss = loss[0] if len(loss) == 1 else None
    return named_loss(loss)


def named_loss(loss: Any) -> Loss | None:
    """`"bce"`, `keras.losses.binary_crossentropy` or `keras.losses.BinaryCrossentropy(...)` → a Loss."""
    if isinstance(loss, PlainLoss):
        return Loss(loss.name, loss.from_logits, loss.ignored) if loss.name else None
    import keras

    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return None
    if isinstance(loss, type):  # `loss="BinaryCrossentropy"`, which Keras makes an instance of
        loss = loss()
    function = loss
    if isinstance(loss, keras.losses.Loss):  # a class of the user's may compute anything
        function = getattr(loss, "fn", None) if type(loss).__module__.startswith(("keras.", "rowwise.")) else None
    name = getattr(function, "__name__", "")
    if not name or getattr(keras.losses, name, None) is not function:
        return None
    return Loss(name, bool(getattr(loss, "from_logits", False)), getattr(loss, "ignore_class", None))


def has_loss_weights(model: keras.Model) -> bool:
    """Whether `compile` was given `loss_weights`."""
    return getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None) is not None


def output_of(model: keras.Model, record: Shape | None = None) -> Output | None:
    """The last layer that computes; None for several outputs.

    Args:
        model: built or not.
        record: the shape of the output for one record, where the model itself does not know it.
    """
    shape = getattr(model, "output_shape", None) if model.built else None
    if shape is not None and not is_shape(shape):
        return None
    if isinstance(model, PlainModel) or is_a(model, "Sequential"):
        layers = [layer for layer in model.layers if not is_a(layer, *PASSIVE)]
        last = layers[-1] if layers else None
    else:
        last = producer(model.outputs[0]) if getattr(model, "outputs", None) else None
    if last is None:
        return Output(say("mistake.outputs"), record) if record else None
    if is_a(last, "Sequential") or getattr(last, "outputs", None):
        return output_of(last, record)
    units = attribute(last, "units")
    record_shape = shape[1:] if shape is not None else record or ((units,) if units is not None else None)
    name = activation_name(last) if has_keras_activation(last) else ""
    return Output(layer_title(last), record_shape, name if name in (*PROBABILITIES, *UNBOUNDED) else None)
