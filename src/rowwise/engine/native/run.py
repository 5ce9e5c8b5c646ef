"""A Keras model and records → the same model one epoch on, by the compiled network.

`Native` is an `Engine` as `protocol` has it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jax
import keras
import numpy as np

from rowwise.data.storage import file_of, release
from rowwise.engine.callbacks import state_variables
from rowwise.engine.native import build, network, plans_for
from rowwise.engine.native.compiled_description import compiled
from rowwise.engine.native.description import Compiled, describe
from rowwise.engine.native.layer_description import check_methods
from rowwise.engine.native.network_description import SPARSE, NetworkDescription, OptimizerDescription
from rowwise.engine.native.planner import Planner
from rowwise.engine.native.records import INFERENCE_BATCH, Records, network_description
from rowwise.engine.native.remembered_plans import PlanMemory
from rowwise.engine.native.step_numbers import count_steps, step_numbers
from rowwise.engine.protocol import Unsupported
from rowwise.models.keras_view import (
    add_to_mean,
    compiled_metrics,
    has_weighted_metrics,
    loss_tracker,
    mean_function,
    metric_results,
    optimizer_slots,
    seed_states,
    sums_over_records,
    update_metrics,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from rowwise.engine.arrays import Arrays

SLICE_SECONDS = 0.05  # how long the engine runs before it looks whether Ctrl-C was pressed


class Native:
    """The compiled network of one model over one set of arrays.

    Args:
        model: compiled and built Keras model.
        train: x `(records, ...)`, y `(records,)` or `(records, outputs)`.
        validation: the same, or None.
        batch_size: records a step; the last step takes what is left.
        threads: None for as many as pay.

    Raises:
        Unsupported: the model has a part that this engine cannot run.
    """

    compile_seconds = 0.0  # it was compiled when rowwise was installed

    def __init__(
        self,
        model: keras.Model,
        train: Arrays,
        validation: Arrays | None,
        batch_size: int,
        threads: int | None = None,
    ) -> None:
        self.model, self.batch_size = model, batch_size
        self.steps_done = 0  # of the current epoch
        self._given = train.x
        self._under_way: tuple[Any, int] | None = None  # the network's epoch and how many records it takes
        self._ahead = False  # whether the network holds what the model does not
        self.graph = describe(model)
        self.compiled = compiled(model, self.graph)
        _check_metrics(model)
        self.train = Records(train, self.graph, self.compiled)
        self.validation = Records(validation, self.graph, self.compiled) if validation is not None else None
        description = self._described(self.compiled, self.train, batch_size)
        plans = plans_for(description, threads)
        self._network = network(description, next(iter(plans)))
        memory = PlanMemory(description, self._network.isa, build(), plans)
        self.planner = Planner(self._network, description, plans, memory)
        release(self.train.x)
        file = file_of(self.train.x) or ()
        self._bound_train = self._network.records(self.train.x, self.train.y, self.train.weights, *file)
        if self.validation is not None:
            without_slots = replace(self.compiled, optimizer=OptimizerDescription())
            checked = self._described(without_slots, self.validation, INFERENCE_BATCH)
            self._checker = network(checked, next(iter(plans_for(checked, threads, trains=False))))
            records = self.validation
            self._bound_validation = self._checker.records(records.x, records.y, records.weights)
        weights = self.graph.variables
        self._variables = [*weights, *_slots(model.optimizer, weights), *self.graph.statistics]
        self._synced: list[Any] = [None] * len(self._variables)  # the values that the network took or gave last
        self._copies: dict[int, NDArray[np.float32]] = {}  # of what it holds, since it trained last

    @property
    def isa(self) -> str:
        """The instruction set that runs the network."""
        return str(self._network.isa)

    @property
    def records(self) -> int:
        return self.train.records

    @property
    def validates(self) -> bool:
        return self.validation is not None

    def blocks(self, order: NDArray[np.int32]) -> Generator[int]:
        """Train one epoch in this order of records; yields the steps done, every `SLICE_SECONDS`.

        When the generator ends, or is closed, the model holds the state of the last yield; its weights and the
        optimizer's slots after `settle`.
        """
        steps = -(-len(order) // self.batch_size)
        order = self.train.with_classes_together(order, self.batch_size)
        optimizer = self.model.optimizer
        done_before = int(optimizer.iterations.value)
        numbers = step_numbers(optimizer, done_before, steps)
        every = None if self._counts_hits(self.train) else np.empty((len(order), self.train.units), np.float32)
        key = _dropout_key(self.model)
        epoch = self._bound_train.epoch(order, numbers.rates, numbers.corrections, key, every)
        self._under_way = epoch, len(order)
        self._read()
        self._ahead = True
        self.steps_done = 0
        try:
            while self.steps_done < steps:
                self._copies.clear()
                self.steps_done = self.planner.run(epoch, self.steps_done, len(order), SLICE_SECONDS)
                yield self.steps_done
        finally:
            seen = min(self.steps_done * self.batch_size, len(order))
            count_steps(optimizer, done_before, self.steps_done, numbers)
            outputs = self._in_units(every[:seen]) if every is not None else None
            _, loss, hits = epoch.progress
            self._under_way = None
            _measure(self.model, loss, hits, self.train.take(order[:seen]), outputs)

    def _described(self, compiled: Compiled, records: Records, batch_size: int) -> NetworkDescription:
        size = min(batch_size, max(1, records.records))
        return network_description(self.graph, compiled, records.bytes, size)

    def _counts_hits(self, records: Records) -> bool:
        """Whether all metrics are accuracies that compare two argmax, as the engine itself does."""
        sparse = self.compiled.loss.name == SPARSE
        counted = keras.metrics.sparse_categorical_accuracy if sparse else keras.metrics.categorical_accuracy
        if records.weights is not None and has_weighted_metrics(self.model):
            return False
        return records.countable and all(mean_function(metric) is counted for metric in compiled_metrics(self.model))

    def so_far(self) -> dict[str, Any]:
        """The mean loss, and the accuracies that the network counts itself."""
        if self._under_way is None or not self.steps_done:
            return {}
        epoch, records = self._under_way
        _, loss, hits = epoch.progress
        seen = min(self.steps_done * self.batch_size, records)
        counted = compiled_metrics(self.model) if self._counts_hits(self.train) else []
        return {"loss": loss / seen, **{metric.name: hits / seen for metric in counted}}

    def validate(self) -> dict[str, float]:
        """Loss and metrics over the validation records, by name without `val_`."""
        assert self.validation is not None
        weights, statistics = len(self.graph.variables), len(self.graph.statistics)
        held = [*range(weights), *range(len(self._variables) - statistics, len(self._variables))]  # but no slots
        for place, index in enumerate(held):
            value = self._variables[index].value
            self._checker.write(place, self._read_variable(index) if self._ahead else np.asarray(value))
        outputs = np.empty((self.validation.records, self.validation.units), np.float32)
        release(self.train.x)  # of a large table: two sets need not be in memory at once
        loss, hits = self._bound_validation.predict(outputs)
        release(self.validation.x)
        self.model.reset_metrics()
        records = self.validation
        judged = None if self._counts_hits(records) else self._in_units(outputs)
        _measure(self.model, loss, hits, (records.labels, records.weights), judged)
        return metric_results(self.model)

    def _in_units(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(records, outputs)` as the model gives them, from what the network gives."""
        if self.graph.finish is not None:
            return self.graph.finish.finish(outputs)
        if not self.compiled.standardized:
            return outputs
        scale, offset = (np.array(one, np.float32) for one in (self.graph.output_scale, self.graph.output_offset))
        return outputs * scale + offset

    def _read(self) -> None:
        """The network takes what the model holds, if that is not what it gave it."""
        for index, variable in enumerate(self._variables):
            if variable.value is not self._synced[index]:
                self._network.write(index, np.ascontiguousarray(variable.value, np.float32))
                self._synced[index] = variable.value

    def renew(self) -> None:
        """The network reads the records where they lie; those that it has as other numbers are made anew."""
        if not np.shares_memory(self.train.x, self._given):
            np.copyto(self.train.x, self._given.reshape(self.train.x.shape))

    def settle(self) -> None:
        """The model takes what the network has learned since."""
        if not self._ahead:
            return
        self.planner.keep()
        # All at once: as many calls of JAX as there are variables take longer than a short epoch.
        values = jax.device_put([self._read_variable(index) for index in range(len(self._variables))])
        for index, (variable, value) in enumerate(zip(self._variables, values, strict=True)):
            variable.assign(value)
            self._synced[index] = variable.value
        self._ahead = False

    def state(self) -> list[NDArray[Any]]:
        """Copies of what the network holds, where the model has not been given it, and of the rest."""
        places = {id(variable): place for place, variable in enumerate(self._variables)} if self._ahead else {}
        return [
            self._read_variable(places[id(variable)]) if id(variable) in places else np.array(variable.value)
            for variable in state_variables(self.model)
        ]

    def _read_variable(self, index: int) -> NDArray[np.float32]:
        """Shared by all who ask between two blocks: nobody writes into it."""
        if index not in self._copies:
            values = np.empty(self._variables[index].shape, np.float32)
            self._network.read(index, values)
            values.flags.writeable = False
            self._copies[index] = values
        return self._copies[index]


def _slots(optimizer: keras.optimizers.Optimizer, weights: list[keras.Variable]) -> list[keras.Variable]:
    """The optimizer's variables for these weights; raises Unsupported where it was built for others."""
    try:
        return optimizer_slots(optimizer, weights)
    except KeyError:  # one that was frozen when the optimizer was built: Keras says what to do
        raise Unsupported(f"{type(optimizer).__name__}, built for other variables") from None


def _dropout_key(model: keras.Model) -> int:
    """64 bits from the state that `reseed` has given the model's random layers for this epoch."""
    for state in seed_states(model)[:1]:
        first, second = (int(part) for part in np.asarray(state.value).ravel()[:2])
        return first << 32 | second
    return 0


def _check_metrics(model: keras.Model) -> None:
    """All records at once must give what batch by batch gives: so it is for Keras's own, which sum over records.

    Raises:
        Unsupported: a metric of the user's own, or a loss taken as a metric, which is a mean of means of batches.
    """
    for metric in compiled_metrics(model):
        title = f"{type(metric).__name__} {metric.name!r}"
        if not sums_over_records(metric):
            raise Unsupported(title)
        check_methods(metric, title)


def _measure(
    model: keras.Model,
    loss: float,
    hits: int,
    truth: tuple[NDArray[Any], NDArray[np.float32] | None],
    outputs: NDArray[np.float32] | None,
) -> None:
    """The model's loss and metrics, as if Keras had updated them batch by batch.

    Args:
        model: whose metrics take the values.
        loss: its sum over the records.
        hits: records whose largest output is the label's; used where `outputs` is None.
        seen: labels and weights of the records.
        outputs: `(records, units)`.
    """
    labels, weights = truth
    if not len(labels):
        return
    add_to_mean(loss_tracker(model), loss, len(labels))
    if not compiled_metrics(model):
        return
    if outputs is None:
        for metric in compiled_metrics(model):
            add_to_mean(metric, hits, len(labels))
    else:
        update_metrics(model, labels, outputs, weights)
