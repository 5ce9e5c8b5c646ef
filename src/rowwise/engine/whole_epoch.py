"""A Keras model and resident data → the same model one epoch on, by one jitted loop over its `train_step`.

The step is Keras's: forward, loss, gradients, optimizer and metrics all come from `model.train_step` in
Keras's stateless form (`JAXTrainer` in keras/src/backend/jax/trainer.py). What is saved is everything around
it: Python runs once an epoch, not once a batch.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from rowwise.engine.batch_hooks import BatchHooks
from rowwise.engine.callbacks import state_variables
from rowwise.engine.compiled_steps import arguments_of, functions_of
from rowwise.engine.device_records import DeviceRecords
from rowwise.engine.hosts import placement
from rowwise.engine.protocol import Unsupported
from rowwise.models.keras_view import metric_results

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import keras
    from numpy.typing import NDArray

    from rowwise.engine.arrays import Arrays


class WholeEpoch:
    """The compiled epochs of one model over one set of arrays: an `Engine`.

    Args:
        model: compiled and built Keras model on the JAX backend.
        train: x `(records, ...)`, y `(records, ...)`.
        validation: the same, or None.
        batch_size: records a step; the last step takes what is left.
        device_bytes: up to this size the training data, and the validation data, each stay on the
            device; above it they are streamed in blocks of many batches, in the same order and with the
            same result.
        validation_batch_size: records a step of the validation; None for as many as of the training.
        callbacks: those among them that hear of every batch are called by this engine.

    Raises:
        Unsupported: the model's step cannot be traced by JAX. UsageError: hosts that train together have other records.
    """

    def __init__(
        self,
        model: keras.Model,
        train: Arrays,
        validation: Arrays | None,
        batch_size: int,
        device_bytes: int,
        validation_batch_size: int | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> None:
        self.model, self.batch_size = model, batch_size
        self.steps_done = 0  # of the current epoch
        self._hooks, self._test_hooks = BatchHooks(callbacks, "train"), BatchHooks(callbacks, "test")
        self._functions = functions_of(model)
        self._place = place = placement()
        place.check(train, validation, batch_size=batch_size)
        start = time.perf_counter()
        try:
            self.train = DeviceRecords(train, batch_size, device_bytes, place)
            held_size = validation_batch_size or batch_size
            held = DeviceRecords(validation, held_size, device_bytes, place) if validation is not None else None
            self.validation = held
            self._compile()
        except Exception as cause:  # whatever a user's layer, loss or metric raises when it meets a tracer
            raise Unsupported from cause
        self.compile_seconds = time.perf_counter() - start

    @property
    def records(self) -> int:
        return self.train.records

    @property
    def validates(self) -> bool:
        return self.validation is not None

    def blocks(self, order: NDArray[np.int32]) -> Generator[int]:
        """Train one epoch in this order of records; yields the steps done, after each block.

        The model holds the state of the last yielded block whenever the caller has control.
        """
        self.steps_done = 0
        if self._hooks:
            yield from self._heard(order)
            return
        for block in self.train.blocks(self._place.agreed(self.model, order)):
            state = self._place.read(self.model)
            with self._place.connected():
                for steps in block:
                    state = self._functions.trained(state, steps)
            self._place.write(self.model, state)
            self.steps_done += sum(
                int(steps.count) for steps in block
            )  # after the state: an interrupt above has trained nothing
            yield self.steps_done

    def _heard(self, order: NDArray[np.int32]) -> Generator[int]:
        """The same, and callbacks hear of every batch."""
        steps = chain.from_iterable(self.train.blocks(order))
        try:
            for done in self._hooks.called_over(steps, self._functions.logged_train, self.model):
                self.steps_done = done
                yield done
        finally:
            self.steps_done = self._hooks.done  # a hook may have raised

    def renew(self) -> None:
        """The records go to the device anew."""
        self.train.renew()

    def settle(self) -> None:
        """The model holds everything already."""

    def state(self) -> list[jax.Array]:
        """JAX's arrays never change: they need no copies."""
        return [variable.value for variable in state_variables(self.model)]

    def so_far(self) -> dict[str, Any]:
        """The model's own figures: it has the state of the last block."""
        return metric_results(self.model)

    def validate(self) -> dict[str, float]:
        """Loss and metrics over the validation records, by name without `val_`."""
        assert self.validation is not None
        self.model.reset_metrics()
        blocks = self.validation.blocks(np.arange(self.validation.records, dtype=np.int32))
        if self._test_hooks:
            self.model.stop_evaluating = False
            every = self._test_hooks.called_over(chain.from_iterable(blocks), self._functions.logged_test, self.model)
            for _ in every:
                pass
            return metric_results(self.model)
        trainable, frozen, optimizer, metrics = self._place.read(self.model)
        with self._place.connected():
            for steps in chain.from_iterable(blocks):
                metrics, frozen = self._functions.tested((trainable, frozen, metrics), steps)
        self._place.write(self.model, (trainable, frozen, optimizer, metrics))
        return metric_results(self.model)

    def _compile(self) -> None:
        """Trace and compile what an epoch needs, before the first."""
        state = trainable, frozen, _, metrics = self._place.read(self.model)
        functions = self._functions
        with ThreadPoolExecutor() as pool:  # while XLA compiles one, Python traces the next
            compiling = []
            for steps in self.train.signatures():
                data, rows, one, kind = steps
                if self._hooks:
                    compiling.append(pool.submit(functions.logged_train.traced(state, data, rows, one, one)))
                else:
                    compiling.append(pool.submit(functions.train[kind].traced(state, *arguments_of(steps))))
            for steps in self.validation.signatures() if self.validation is not None else ():
                data, rows, one, kind = steps
                if self._test_hooks:
                    compiling.append(pool.submit(functions.logged_test.traced(state, data, rows, one, one)))
                else:
                    held = trainable, frozen, metrics
                    compiling.append(pool.submit(functions.test[kind].traced(held, *arguments_of(steps))))
            for one_compiled in compiling:
                one_compiled.result()
