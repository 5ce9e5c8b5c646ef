"""A compiled model's loss and optimizer → their descriptions for the native engine, or the part that it cannot run."""

from __future__ import annotations

from typing import Any

import keras

from rowwise.engine.native.network_description import LOSSES, LossDescription, OptimizerDescription
from rowwise.engine.protocol import Unsupported
from rowwise.models.keras_view import LOSS_CLASSES, has_loss_weights, learning_rate_of, own_method

CROSSENTROPIES = LOSSES[:2]
SPARSE = CROSSENTROPIES[0]


def check_methods(part: Any, title: str) -> None:
    """Raises Unsupported where the user has replaced a method of it."""
    if name := own_method(part):
        raise Unsupported(f"{title}, {name}")


def loss_description(model: keras.Model, last: str) -> LossDescription:
    """Raises Unsupported where the engine has not this loss; `last` is the last layer's activation."""
    loss = model.loss
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            raise Unsupported(str(loss)) from None
    for name in LOSSES:
        function = getattr(keras.losses, name)
        kind = getattr(keras.losses, LOSS_CLASSES[name])
        if loss is function or type(loss) is kind:
            break
    else:
        raise Unsupported(getattr(loss, "__name__", type(loss).__name__))
    description = checked_loss(model, loss, name)
    if name in CROSSENTROPIES and not description.from_logits and last != "softmax":
        raise Unsupported(f"{_label(loss, name)} + {last}")
    return description


def _label(loss: Any, name: str) -> str:
    return type(loss).__name__ if isinstance(loss, keras.losses.Loss) else name


def checked_loss(model: keras.Model, loss: Any, name: str) -> LossDescription:
    """The description of a loss of this name, whose other options are Keras's defaults."""
    label = _label(loss, name)
    if isinstance(loss, keras.losses.Loss):
        check_methods(loss, label)
    if getattr(loss, "reduction", "sum_over_batch_size") not in ("sum_over_batch_size", "mean"):
        raise Unsupported(f"{label}, reduction={loss.reduction!r}")
    config = loss.get_config() if isinstance(loss, keras.losses.Loss) else {}
    for option, usual in (("axis", -1), ("ignore_class", None)):
        if config.get(option, usual) != usual:
            raise Unsupported(f"{label}, {option}={config[option]!r}")
    if has_loss_weights(model):
        raise Unsupported("loss_weights")
    from_logits, label_smoothing = config.get("from_logits", False), config.get("label_smoothing", 0.0)
    return LossDescription(name, bool(from_logits), float(label_smoothing))


def optimizer_description(model: keras.Model) -> OptimizerDescription:
    """Raises Unsupported where the engine has not this optimizer, or an option of it."""
    optimizer = model.optimizer
    kind = type(optimizer)
    rules = {
        keras.optimizers.Adam: "adam",
        keras.optimizers.AdamW: "adam",
        keras.optimizers.Nadam: "nadam",
        keras.optimizers.Lion: "lion",
        keras.optimizers.SGD: "sgd",
        keras.optimizers.RMSprop: "rmsprop",
    }
    if kind not in rules:
        raise Unsupported(kind.__name__)
    check_methods(optimizer, kind.__name__)
    rate = learning_rate_of(optimizer)
    if callable(rate) and not isinstance(rate, keras.Variable | keras.optimizers.schedules.LearningRateSchedule):
        raise Unsupported(f"{kind.__name__}, learning_rate={type(rate).__name__}")
    options = (
        "amsgrad",
        "centered",
        "loss_scale_factor",
        "gradient_accumulation_steps",
    )
    for option in options:
        if getattr(optimizer, option, None):
            raise Unsupported(f"{kind.__name__}, {option}={getattr(optimizer, option)!r}")
    values: dict[str, Any] = {}
    for option in ("beta_1", "beta_2", "epsilon", "momentum", "nesterov", "rho", "weight_decay"):
        value = getattr(optimizer, option, None)
        if value is not None:
            values[option] = bool(value) if option == "nesterov" else float(value)
    for option in ("clipnorm", "global_clipnorm", "clipvalue"):  # Keras takes the first that is set
        value = getattr(optimizer, option, None)
        if value is not None and value > 0:
            values[option] = float(value)
            break
    return OptimizerDescription(rules[kind], averages=bool(optimizer.use_ema), **values)
