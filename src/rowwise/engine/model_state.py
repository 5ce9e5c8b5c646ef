"""A Keras model ↔ all that a step of its training reads and gives, as JAX arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import jax
    import keras

    State = tuple[list[jax.Array], ...]  # trainable, non-trainable, optimizer, metrics


def read_state(model: keras.Model) -> State:
    """The model's variables as JAX arrays: trainable, non-trainable, optimizer, metrics."""
    return tuple([variable.value for variable in group] for group in step_variables(model))


def write_state(model: keras.Model, state: State) -> None:
    """The reverse of `read_state`: the model, its optimizer and its metrics take the values."""
    assign_values(step_variables(model), state)


def assign_values(groups: Iterable[list[keras.Variable]], state: State) -> None:
    """Give variables, in groups as of `step_variables`, their values."""
    for variables, values in zip(groups, state, strict=True):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def step_variables(model: keras.Model) -> tuple[list[keras.Variable], ...]:
    """In the order of Keras's own JAX trainer, whose `train_step` takes and gives these four lists."""
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
