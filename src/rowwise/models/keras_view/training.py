"""A compiled Keras model → the parts that an engine must read and write to train in Keras's stead."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
from keras.src.backend import compute_output_spec
from keras.src.utils.rng_utils import get_random_seed

from rowwise.models.keras_view.initial import slots_uncompiled

# The optimizer's slots a variable, in the order in which Keras makes them.
SLOTS = {
    keras.optimizers.Adam: ("_momentums", "_velocities"),
    keras.optimizers.AdamW: ("_momentums", "_velocities"),
    keras.optimizers.Nadam: ("_momentums", "_velocities"),
    keras.optimizers.Lion: ("_momentums",),
    keras.optimizers.SGD: ("momentums",),
    keras.optimizers.RMSprop: ("_velocities", "_momentums"),
}
# Methods by which a model trains or gives its figures as it likes: what they return is the epoch's logs.
STEPS = ("train_step", "test_step", "compute_metrics", "make_train_function", "make_test_function")


# ---- optimizers


def learning_rate_of(optimizer: keras.optimizers.Optimizer) -> Any:
    """What gives the learning rate: a variable, a schedule, or a function of the user's."""
    return optimizer._learning_rate


def optimizer_slots(optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable]) -> list[keras.Variable]:
    """The optimizer's own variables for `variables`: all of the first slot, then of the second, then the averages.

    The optimizer is one of `SLOTS` exactly, and is built.
    """
    names = SLOTS[type(optimizer)]
    if not getattr(optimizer, "momentum", 1):  # one that has the option, and does not use it
        names = names[: 1 if type(optimizer) is keras.optimizers.RMSprop else 0]
    if optimizer.use_ema:
        names = (*names, "_model_variables_moving_average")
    places = [optimizer._get_variable_index(variable) for variable in variables]
    return [getattr(optimizer, name)[place] for name in names for place in places]


def nadam_product(optimizer: keras.optimizers.Nadam) -> keras.Variable:
    """The product of all momentums so far, which Nadam's bias correction takes."""
    return optimizer._u_product


def decays(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> bool:
    """Whether the optimizer's weight decay applies to this variable."""
    return bool(optimizer._use_weight_decay(variable))


# ---- the model as a whole


def build_from_shapes(model: keras.Model, batch: tuple[Any, ...]) -> None:
    """Make the variables of metrics, loss and optimizer from the shapes and dtypes of one batch, computing nothing."""
    with slots_uncompiled(model.optimizer):
        model._symbolic_build(data_batch=batch)


def build_loss(model: keras.Model) -> None:
    """What `build_from_shapes` makes of a model that is built, with one output, one loss and no metrics, untraced."""
    outputs = np.empty((1, *model.output_shape[1:]), np.float32)  # their structure is all that is looked at
    model._compile_loss.build(outputs, outputs)


def settings_of(model: keras.Model) -> list[tuple[str, Any]]:
    """The options of the model's layers and its optimizer that a trace takes as they are: numbers, names, functions."""
    return [
        (name, value)
        for part in (*model._flatten_layers(include_self=False), model.optimizer)
        for name, value in vars(part).items()
        if (not name.startswith("_") or name in ("_trainable", "_learning_rate"))
        and (value is None or isinstance(value, bool | int | float | str) or callable(value))
    ]


def would_train(model: keras.Model, batch: tuple[Any, ...]) -> bool:
    """Whether Keras takes such a batch, by its shapes and types alone: `(x,)`, `(x, y)` or `(x, y, weights)`.

    Outputs, loss and metrics are traced without computing anything. A model that is not built is built by it, as by
    Keras's own `fit`.
    """

    def symbol(array: Any) -> Any:
        return None if array is None else keras.KerasTensor(array.shape, keras.backend.standardize_dtype(array.dtype))

    x, y, weights = (*(keras.tree.map_structure(symbol, part) for part in batch), None, None)[:3]
    try:
        outputs = compute_output_spec(model, x, training=False)
        compute_output_spec(model._compute_loss, x, y, outputs, sample_weight=weights, training=False)
        compute_output_spec(model.compute_metrics, x, y, outputs, sample_weight=weights)
    except Exception:  # whatever Keras, or a layer, loss or metric of the user's, says to it
        return False
    return True


def overridden_step(model: keras.Model) -> str | None:
    """The method of `STEPS` that the model, or its class, overrides; None where all are Keras's."""
    for step in STEPS:
        if step in vars(model) or getattr(type(model), step) is not getattr(keras.Model, step):
            return step
    return None


def python_at_each_step(model: keras.Model) -> str | None:
    """A part of the model that was not written in Keras and that Keras runs anew at each step, by its name; or None.

    `compile(jit_compile=False)` leaves the step uncompiled: what a layer prints or notes beside its output counts then.
    """
    if model._jit_compile is not False:
        return None
    layers = list(model._flatten_layers(include_self=True))
    given = [getattr(layer, name, None) for layer in layers for name in ("activation", "function")]
    metrics = model._compile_metrics
    figures = [] if metrics is None else [metrics._user_metrics, metrics._user_weighted_metrics]
    for part in (*layers, model.optimizer, *keras.tree.flatten([model.loss, *figures]), *given):
        kind = part if inspect.isfunction(part) else type(part)
        if not kind.__module__.startswith(("keras.", "builtins", "rowwise.")):
            return str(kind.__name__)
    return None


def has_own_loss(model: keras.Model) -> bool:
    """Whether the model's `compute_loss` was written outside of Keras."""
    return "compute_loss" in vars(model) or type(model).compute_loss is not keras.Model.compute_loss


def has_own_train_step(model: keras.Model) -> bool:
    """Whether `train_step` was written outside of Keras, so that it may take any data."""
    return not type(model).train_step.__module__.startswith("keras.")


def initial_epoch_of(model: keras.Model, initial_epoch: int) -> int:
    """The epoch to begin with: that of `BackupAndRestore`, which sets it in `on_train_begin`, else `initial_epoch`."""
    return getattr(model, "_initial_epoch", None) or initial_epoch


def forget_initial_epoch(model: keras.Model) -> None:
    """Take back what `BackupAndRestore` set: Keras keeps it, and a later `fit` of fewer epochs would train nothing."""
    model._initial_epoch = None


def seed_states(model: keras.Model) -> list[keras.Variable]:
    """The states of the model's random layers (Dropout, GaussianNoise, …), in the order of the layers."""
    return [variable for variable in model.non_trainable_variables if variable.name == "seed_generator_state"]


def global_seed() -> int | None:
    """What `keras.utils.set_random_seed` was last called with; None where it was not."""
    return get_random_seed()


def seeded_layers(model: keras.Model) -> dict[str, int]:
    """Random layers that were given a seed: name → seed."""
    return {
        layer.name: layer.seed
        for layer in model._flatten_layers(include_self=False)
        if layer._seed_generators and isinstance(getattr(layer, "seed", None), int)
    }


def works_within_epochs(callback: keras.callbacks.TensorBoard) -> bool:
    """Whether a TensorBoard callback writes or profiles within epochs, and not only at their ends."""
    return callback.update_freq != "epoch" or _profiles(callback)


def times_batches(callback: keras.callbacks.Callback) -> bool:
    """Whether it is a TensorBoard callback that profiles batches or writes how many there are in a second."""
    if not isinstance(callback, keras.callbacks.TensorBoard):
        return False
    return _profiles(callback) or bool(callback.write_steps_per_second)


def _profiles(callback: keras.callbacks.TensorBoard) -> bool:
    return bool(getattr(callback, "_should_trace", False) or getattr(callback, "_start_batch", -1) > 0)
