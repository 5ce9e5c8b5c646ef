"""A Keras model and resident data → the same model one epoch on, by one jitted loop over its `train_step`.

The step is Keras's: forward, loss, gradients, optimizer and metrics all come from `model.train_step` in
Keras's stateless form (`JAXTrainer` in keras/src/backend/jax/trainer.py). What is saved is everything around
it: Python runs once an epoch, not once a batch.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from rowwise.engine.batch_hooks import BatchHooks, logged
from rowwise.engine.callbacks import state_variables
from rowwise.engine.cpu_lowering import lowered_for_cpu
from rowwise.engine.device_records import DeviceRecords
from rowwise.engine.hosts import placement
from rowwise.engine.model_changes import Snapshot
from rowwise.engine.protocol import Unsupported
from rowwise.models.keras_view import metric_results

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    import keras
    from numpy.typing import NDArray

    from rowwise.engine.arrays import Arrays
    from rowwise.engine.device_records import Data
    from rowwise.engine.model_state import State

KEPT = 32  # executables of one model: those that were used last
NARROW = 200  # units; measured on two AVX-512 cores with batches of 16 to 256


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
            for steps in block:
                state = self._functions.train(state, *steps)
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
        for block in blocks:
            for steps in block:
                metrics, frozen = self._functions.test((trainable, frozen, metrics), *steps)
        self._place.write(self.model, (trainable, frozen, optimizer, metrics))
        return metric_results(self.model)

    def _compile(self) -> None:
        """Trace and compile what an epoch needs, before the first."""
        state = trainable, frozen, _, metrics = self._place.read(self.model)
        functions = self._functions
        with ThreadPoolExecutor() as pool:  # while XLA compiles one, Python traces the next
            compiling = []
            for data, rows, one in self.train.signatures():
                if self._hooks:
                    compiling.append(pool.submit(functions.logged_train.traced(state, data, rows, one, one)))
                else:
                    compiling.append(pool.submit(functions.train.traced(state, data, rows, one)))
            for data, rows, one in self.validation.signatures() if self.validation is not None else ():
                if self._test_hooks:
                    compiling.append(pool.submit(functions.logged_test.traced(state, data, rows, one, one)))
                else:
                    compiling.append(pool.submit(functions.test.traced((trainable, frozen, metrics), data, rows, one)))
            for one_compiled in compiling:
                one_compiled.result()


class _Prepared:
    """A jitted function whose executables, one a signature, are made ahead of the first call.

    `jax.jit` alone compiles within the first call: the first epoch would be timed with it.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, str]) -> None:
        self.function, self._options = function, options
        self._compiled: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    def traced(self, *arguments: Any) -> Callable[[], Any]:
        """What gives the executable for such arguments, and compiles it where there is none; it is traced now."""
        leaves, structure = jax.tree.flatten(arguments)
        key = structure, tuple((leaf.shape, np.dtype(leaf.dtype)) for leaf in leaves)
        with self._lock:
            found = self._compiled.get(key)
            if found is not None:
                self._compiled.move_to_end(key)
        if found is not None:
            return lambda: found  # held here: another thread may push it out meanwhile
        lowered = lowered_for_cpu(self.function, *arguments)

        def compiled() -> Any:
            executable = self._compile(lowered)
            with self._lock:
                self._compiled[key] = executable
                self._compiled.move_to_end(key)
                if len(self._compiled) > KEPT:
                    self._compiled.popitem(last=False)
            return executable

        return compiled

    def _compile(self, lowered: Any) -> Any:
        if self._options:
            with suppress(jax.errors.JaxRuntimeError):  # a release of XLA without such an option
                return lowered.compile(compiler_options=self._options)
        return lowered.compile()

    def __call__(self, *arguments: Any) -> Any:
        return self.traced(*arguments)()(*arguments)


class _Functions:
    """The jitted loops of one compiled model; valid while what they were traced from stays in place."""

    def __init__(self, model: keras.Model) -> None:
        self.traced_from = Snapshot(model)
        reference = weakref.ref(model)  # the cache must not keep the model alive
        divided = placement().divided

        def train(state: State, data: Data, rows: jax.Array, steps: jax.Array) -> State:
            model = reference()
            assert model is not None

            def step(number: jax.Array, state: State) -> State:
                _, new = model.train_step(state, _take(data, divided(rows[number])))
                return _as_carry(new, state)

            return jax.lax.fori_loop(0, steps, step, state)

        def test(state: State, data: Data, rows: jax.Array, steps: jax.Array) -> State:
            model = reference()
            assert model is not None

            def step(number: jax.Array, state: State) -> State:
                _, new = model.test_step(state, _take(data, divided(rows[number])))
                return _as_carry(new, state)

            _, frozen, metrics = jax.lax.fori_loop(0, steps, step, state)
            return metrics, frozen

        def logged_train(state: State, data: Data, rows: jax.Array, first: jax.Array, last: jax.Array) -> Any:
            model = reference()
            assert model is not None

            def step(state: State, batch: Any) -> Any:
                logs, new = model.train_step(state, batch)
                return logs, _as_carry(new, state)

            return logged(step, state, lambda number: _take(data, divided(rows[number])), first, last)

        def logged_test(state: State, data: Data, rows: jax.Array, first: jax.Array, last: jax.Array) -> Any:
            model = reference()
            assert model is not None

            def step(state: State, batch: Any) -> Any:
                trainable, frozen, optimizer, metrics = state
                logs, new = model.test_step((trainable, frozen, metrics), batch)
                _, frozen, metrics = new
                return logs, _as_carry((trainable, frozen, optimizer, metrics), state)

            return logged(step, state, lambda number: _take(data, divided(rows[number])), first, last)

        options = compiler_options(model)
        self.train, self.logged_train = _Prepared(train, options), _Prepared(logged_train, options)
        # As Keras compiles `evaluate`, whose figures are then those of the validation to the last bit.
        self.test, self.logged_test = _Prepared(test, {}), _Prepared(logged_test, {})


def compiler_options(model: keras.Model) -> dict[str, str]:
    """Options for XLA beyond its defaults: which library multiplies the matrices on a CPU.

    XLA's default, YNNPACK, runs a batch of 32 times a kernel (784, 100) on two cores at less than half the
    speed of Eigen, XLA's other library, and wide kernels a third faster than it. So Eigen is chosen where
    the largest kernel has at most `NARROW` units. The products of a convolution, with many rows for each
    record, are YNNPACK's.
    """
    shapes = [variable.shape for variable in model.trainable_variables]
    kernels = [shape for shape in shapes if len(shape) == 2]
    if jax.default_backend() != "cpu" or not kernels or any(len(shape) > 2 for shape in shapes):
        return {}
    if max(kernels, key=math.prod)[1] > NARROW:
        return {}
    return {"xla_cpu_experimental_ynn_fusion_type": ""}


_cache: weakref.WeakKeyDictionary[keras.Model, _Functions] = weakref.WeakKeyDictionary()


def functions_of(model: keras.Model) -> _Functions:
    """The model's jitted loops, traced once for as long as what they were traced from stays in place."""
    functions = _cache.get(model)
    if functions is None or not functions.traced_from.same(model):
        functions = _cache[model] = _Functions(model)
    return functions


def _take(data: Any, rows: jax.Array) -> Any:
    # mode="clip": the default masks rows out of range, a third of the epoch's time; ours never are.
    return jax.tree.map(lambda array: jnp.take(array, rows, axis=0, mode="clip"), data)


def _as_carry(new: Any, old: State) -> State:
    """`new` with the containers and dtypes of `old`: a loop's carry must not change its type."""
    leaves = [jnp.asarray(n, o.dtype) for n, o in zip(jax.tree.leaves(new), jax.tree.leaves(old), strict=True)]
    return jax.tree.unflatten(jax.tree.structure(old), leaves)
