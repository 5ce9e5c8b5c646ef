"""A Dataset → a compiled Keras model of Dense layers that takes its records as they are."""

from __future__ import annotations

import math
import operator
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.errors import UsageError
from rowwise.models.input_scaling import scaling_layer
from rowwise.models.presets import suited
from rowwise.models.target_units import layers_of_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras


HIDDEN, RATE = (100, 30), 0.001  # of pictures and arrays
NAME = "dense"  # of the models


def dense(
    dataset: Dataset,
    hidden: Sequence[int] | None = None,
    activation: str | Sequence[str] = "relu",
    dropout: float | Sequence[float] | None = None,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule | None = None,
    seed: int | None = None,
    pieces: int | None = None,
    weight_decay: float = 0.0,
) -> keras.Model:
    """Input → Rescaling(1/255) → Flatten → Dense, … → Dense(classes, softmax), compiled.

    The optimizer is Adam, the loss sparse categorical cross-entropy (labels are class
    numbers), the metric accuracy. Pixels are divided by their white, 255 or that of 10 to 16 bits; features of arrays
    that are no pixels are standardized by a Normalization instead; values on a scale of about 1 are left as they are.

    A table's records, which have a schema, go through its Preparation instead, and its FeatureEncoding, which tells
    numbers piece by piece. For regression the last layers are Dense(targets) and a Rescaling to the targets' own
    units, the loss the mean squared error, the metric the mean absolute error; for counts, quantiles, a target on a log
    scale and ordered classes the last layer and the loss are those of `target_layers`. For several labels the last
    layer is Dense(labels, sigmoid), the loss binary cross-entropy, the metric binary accuracy. Metrics are weighted
    where the Dataset has weights.

    Args:
        dataset: records `(records, ...)`; the input is `(None, ...)`, the output `(None, classes)` or
            `(None, targets)`.
        hidden: units of each hidden layer, first to last; empty for logistic regression. None: what the preset
            "default" has for a table; (100, 30) for everything else.
        activation: of the hidden layers, by Keras's names: one for all, or one for each.
        dropout: share of each hidden layer's outputs set to 0 while training, 0 <= dropout < 1: one for all, or one for
            each. None: what the preset "default" has for a table; 0 for everything else.
        learning_rate: Adam's; a number or one of Keras's schedules. None: what the preset "default" has for a table;
            0.001 for everything else.
        seed: same seed, same initial weights and dropout; None draws new ones.
        weight_decay: Adam's, decoupled from the gradient (AdamW): the share of each weight, times the learning rate,
            that a step takes away.

    Raises:
        UsageError: no Dataset, a width that is not a positive integer, an unknown activation, a dropout outside
            [0, 1), more or fewer of them than hidden layers, a negative seed.
    """
    import keras

    from rowwise.models.keras_view import check_not_forked

    check_not_forked()
    if not isinstance(dataset, Dataset):
        raise UsageError("model.dataset", found=type(dataset).__name__)
    usual = suited("default", dataset) if dataset.schema is not None else None
    if hidden is None:
        hidden = usual.hidden if usual else HIDDEN
    if dropout is None:
        dropout = usual.dropout if usual else 0.0
    if learning_rate is None:
        learning_rate = usual.learning_rate if usual else RATE
    if pieces is None:
        pieces = usual.pieces if usual else 0
    widths = _widths(hidden)
    shares = of_each("dropout", dropout, len(widths))
    if not all(_is_share(share) for share in shares):
        raise UsageError("model.dropout", found=repr(dropout))
    schedule = isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule)
    if not schedule and not (isinstance(learning_rate, Real) and 0 < float(learning_rate) < math.inf):
        raise UsageError("model.learning_rate", found=repr(learning_rate))
    if seed is not None and not (isinstance(seed, Integral) and seed >= 0):
        raise UsageError("model.seed", found=repr(seed))
    if not (isinstance(weight_decay, Real) and 0 <= weight_decay < 1):
        raise UsageError("model.weight_decay", found=repr(weight_decay))
    if not (isinstance(pieces, Integral) and pieces >= 0):
        raise UsageError("model.pieces", found=repr(pieces))
    activations = of_each("activation", activation, len(widths))
    for one in activations if isinstance(activation, list | tuple) else [activation]:
        try:
            keras.activations.get(one)
        except ValueError:
            raise UsageError("model.activation", found=one) from None

    front = _input_layers(dataset, int(pieces))
    records = keras.Input(dataset.shape, name="records")
    return _compiled(dataset, [records, *front], widths, activations, shares, learning_rate, weight_decay, seed)


def of_each(name: str, value: Any, layers: int) -> list[Any]:
    """What each hidden layer has of a setting: the same, or its own; UsageError where there are more or fewer."""
    if not isinstance(value, list | tuple):
        return [value] * layers
    if len(value) != layers:
        raise UsageError("model.each", name=name, found=len(value), layers=layers)
    return list(value)


def network(
    dataset: Dataset,
    features: int | None,
    hidden: Sequence[int],
    activation: str | Sequence[str],
    dropout: float | Sequence[float],
    rate: float,
    weight_decay: float,
    seed: int,
) -> keras.Model:
    """What `dense` has after the layers that learn nothing, for their output `(None, features)`, or with them where
    that is None; without metrics, which take longer than a small epoch, and with its loss built, for which Keras would
    trace the network."""
    import keras

    from rowwise.models.keras_view import build_loss

    if features is None:
        front = [keras.Input(dataset.shape, name="records"), *_input_layers(dataset, 0)]
    else:
        front = [keras.Input((features,), name="features")]
    activations, shares = (of_each("", one, len(hidden)) for one in (activation, dropout))
    model = _compiled(dataset, front, hidden, activations, shares, rate, weight_decay, seed, metrics=False)
    build_loss(model)
    return model


def _compiled(
    dataset: Dataset,
    front: Sequence[Any],
    widths: Sequence[int],
    activations: Sequence[str],
    shares: Sequence[float],
    learning_rate: Any,
    weight_decay: float,
    seed: int | None,
    metrics: bool = True,
) -> keras.Model:
    """The input and the layers of `front`, then Dense layers for the labels of the dataset."""
    import keras

    from rowwise.models.keras_view import zeros

    loss: keras.losses.Loss | str
    metric: str | None
    dense_layers: list[tuple[keras.layers.Dense, Any, Any]] = []
    random = np.random.default_rng(np.random.randint(2**31) if seed is None else int(seed))

    def layer(units: int, name: str, activation: str) -> keras.layers.Dense:
        dense = keras.layers.Dense(units, activation, name=name)
        dense_layers.append((dense, dense.kernel_initializer, dense.bias_initializer))
        dense.kernel_initializer, dense.bias_initializer = partial(_glorot_uniform, random), zeros
        return dense

    def draw() -> int:
        # Each layer needs a separate seed: Dropout of two layers must not drop alike.
        return int(random.integers(2**31))

    layers = [*front]
    for number, (units, activation, share) in enumerate(zip(widths, activations, shares, strict=True), 1):
        layers.append(layer(units, f"hidden_{number}", activation))
        if share:
            layers.append(keras.layers.Dropout(share, seed=draw(), name=f"dropout_{number}"))
    if dataset.task == "multilabel":
        layers.append(layer(len(dataset.targets), "labels", "sigmoid"))
        loss, metric = "binary_crossentropy", "binary_accuracy"
    elif dataset.targets:
        outputs = len(dataset.targets if dataset.schema is None else dataset.schema.outputs)
        made, loss = layers_of_numbers(dataset)
        layers += [layer(outputs, "targets", "linear"), *made]
        metric = None if dataset.schema is not None and dataset.schema.quantiles else "mean_absolute_error"
    elif dataset.schema is not None and dataset.schema.ordered:
        from rowwise.models.target_layers import OrderedClasses

        classes = len(dataset.classes)
        layers += [layer(classes - 1, "levels", "linear"), OrderedClasses(classes, name="classes")]
        loss, metric = "sparse_categorical_crossentropy", "accuracy"
    else:
        layers.append(layer(len(dataset.classes), "classes", "softmax"))
        loss, metric = "sparse_categorical_crossentropy", "accuracy"
    model = keras.Sequential(layers, name=NAME)
    for made, of_kernel, of_bias in dense_layers:  # a saved model names Keras's own, of the same distribution
        made.kernel_initializer, made.bias_initializer = of_kernel, of_bias
    metrics = metrics and metric is not None
    own = {"metrics" if dataset.weights is None else "weighted_metrics": [metric]} if metrics else {}
    model.compile(keras.optimizers.Adam(learning_rate, weight_decay=weight_decay or None), loss, **own)
    return model


def draws_its_seeds(model: keras.Model) -> bool:
    """Whether it is one of `dense`, whose Dropout layers have seeds that nobody chose."""
    return bool(model.name == NAME)


def _glorot_uniform(random: np.random.Generator, shape: tuple[int, int], dtype: str | None = None) -> Any:
    """A kernel as Keras draws it by default (Glorot and Bengio 2010), by NumPy: JAX would compile it for each shape."""
    from rowwise.models.keras_view import tensor_of

    limit = math.sqrt(6 / sum(shape))
    return tensor_of(random.uniform(-limit, limit, shape), dtype)


def _input_layers(dataset: Dataset, pieces: int) -> list[keras.Layer]:
    """What the records go through before the first Dense layer."""
    import keras

    if dataset.schema is not None:
        from rowwise.models.encoding import fitted_encoding
        from rowwise.models.preparation import Preparation

        preparation = Preparation(dataset.schema, name="preparation")
        encoding = fitted_encoding(preparation, dataset.x, pieces, name="encoding")
        return [preparation] if encoding is None else [preparation, encoding]
    flatten = keras.layers.Flatten(name="flatten")
    scaling = scaling_layer(dataset.x)
    return [flatten] if scaling is None else [scaling, flatten]


def _is_share(value: Any) -> bool:
    return isinstance(value, Real) and 0 <= float(value) < 1


def _widths(hidden: Sequence[int] | int) -> list[int]:
    try:
        units: list[Any] = [hidden] if isinstance(hidden, Integral) else list(hidden)  # type: ignore[arg-type]
        widths = [operator.index(width) for width in units if not isinstance(width, bool)]
    except TypeError:  # None, a float, text
        raise UsageError("model.hidden", found=repr(hidden)) from None
    if len(widths) != len(units) or min(widths, default=1) < 1:
        raise UsageError("model.hidden", found=repr(hidden))
    return widths
