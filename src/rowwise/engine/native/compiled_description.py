"""A compiled model's loss and optimizer → their descriptions for the native engine, or the part that it cannot run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras

from rowwise.engine.native.description import Compiled, DenseGraph
from rowwise.engine.native.layer_description import BIASES, KERNELS, check_methods, kernel_and_bias, moving_statistics
from rowwise.engine.native.network_description import LOSSES, LayerDescription, LossDescription, OptimizerDescription
from rowwise.engine.native.step_description import for_each
from rowwise.engine.protocol import Unsupported
from rowwise.models.keras_view import LOSS_CLASSES, decays, has_loss_weights, layer_title, learning_rate_of
from rowwise.models.preparation import ScaledSquaredError
from rowwise.models.target_layers import loss_fits

CROSSENTROPIES = LOSSES[:2]


def compiled(model: keras.Model, graph: DenseGraph) -> Compiled:
    """Loss and optimizer of a compiled model.

    Raises:
        Unsupported: another loss or optimizer, or an option of theirs that the engine does not have; variables that
            are frozen, or that no Dense layer has.
    """
    _check_trained(model, graph)
    last = graph.layers[-1]
    standardized = type(model.loss) is ScaledSquaredError
    if graph.finish is not None:
        if not loss_fits(graph.finish, model.loss):
            raise Unsupported(f"{layer_title(graph.finish)} + {getattr(model.loss, 'name', model.loss)}")
        loss = checked_loss(model, model.loss, graph.finish.loss)
        loss = replace(loss, levels=tuple(getattr(graph.finish, "levels", ())))
    elif standardized:
        if graph.output_scale != for_each(last.units, model.loss.scale):
            raise Unsupported(f"ScaledSquaredError, scale={model.loss.scale}")
        loss = checked_loss(model, model.loss, "mean_squared_error")
    else:
        loss = loss_description(model, last.activation)
        if graph.output_scale and loss.from_logits:
            raise Unsupported("Rescaling + from_logits")
    optimizer = optimizer_description(model)
    return Compiled(_with_decay(model, graph, optimizer), loss, optimizer, standardized)


def _check_trained(model: keras.Model, graph: DenseGraph) -> None:
    """Raises Unsupported where what the model trains is not exactly the kernels and biases of the graph."""
    trained = {id(variable) for variable in model.trainable_variables}
    for layer in graph.parts:
        for name, variable in kernel_and_bias(layer).items():
            if id(variable) not in trained:
                frozen = f"{name}.trainable" if getattr(layer, "trainable", True) else "trainable"
                raise Unsupported(f"{layer_title(layer)}, {frozen}=False")
        if (
            layer is not None and moving_statistics(layer) and not layer.trainable
        ):  # which Keras then takes in training too
            raise Unsupported(f"{layer_title(layer)}, trainable=False")
    if len({id(variable) for variable in graph.variables}) < len(graph.variables):
        raise Unsupported("Dense, one kernel in two layers")  # its gradients would have to be added up
    known = {id(variable) for variable in graph.variables}
    for variable in model.trainable_variables:
        if id(variable) not in known:
            raise Unsupported(f'Variable "{variable.path}"')


def _with_decay(model: keras.Model, graph: DenseGraph, optimizer: OptimizerDescription) -> tuple[LayerDescription, ...]:
    """The layers, with what the weight decay applies to."""
    if not optimizer.weight_decay:
        return tuple(graph.layers)
    described = []
    for part, description in zip(graph.parts, graph.layers, strict=True):
        applies = {name: decays(model.optimizer, variable) for name, variable in kernel_and_bias(part).items()}
        kernel, bias = (any(applies.get(name, False) for name in names) for names in (KERNELS, BIASES))
        described.append(replace(description, kernel_decays=kernel, bias_decays=bias))
    return tuple(described)


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
