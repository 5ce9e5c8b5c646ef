"""A Keras model and resident data → the same model one epoch on, by one jitted `lax.scan` of its own train step.

The step is Keras's: forward, loss, gradients, optimizer and metrics all come from `model.train_step` in
Keras's stateless form. What is saved is everything around it: Python runs once an epoch, not once a batch.
"""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from rowwise.engine.arrays import Arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import keras
    from numpy.typing import NDArray

    State = tuple[list[jax.Array], ...]  # trainable, non-trainable, optimizer, metrics

EVALUATION_BATCH = 1024  # records a step where nothing is learned: the result does not depend on it


class CannotTrace(Exception):
    """JAX refused the model; `__cause__` says why."""


class WholeEpoch:
    """The compiled epochs of one model over one set of arrays.

    Args:
        model: compiled and built Keras model on the JAX backend.
        train: x `(records, ...)`, y `(records, ...)`.
        validation: the same, or None.
        batch_size: records a step; the last step takes what is left.
        device_bytes: up to this size the data stay on the device; above it they are streamed in blocks
            of many batches, in the same order and with the same result.

    Raises:
        CannotTrace: the model's step cannot be traced by JAX.
    """

    def __init__(
        self, model: keras.Model, train: Arrays, validation: Arrays | None, batch_size: int, device_bytes: int
    ) -> None:
        self.model, self.train, self.validation, self.batch_size = model, train, validation, batch_size
        record_bytes = max(1, (train.x.nbytes + train.y.nbytes) // len(train.x))
        self.resident = record_bytes * len(train.x) <= device_bytes
        # Two blocks are alive at once, one computed on and one being gathered.
        self.block_records = (
            len(train.x) if self.resident else max(1, device_bytes // (2 * record_bytes * batch_size)) * batch_size
        )
        self.steps_done = 0  # of the current epoch
        self._functions = _functions_of(model)
        self.compile_seconds = self._compile()
        self._on_device = _put(train) if self.resident else None
        self._validation_on_device = _put(validation) if validation is not None else None

    def blocks(self, order: NDArray[np.int32]) -> Iterator[int]:
        """Train one epoch in this order of records; yields the steps done, after each block.

        The model holds the state of the last yielded block whenever the caller has control.
        """
        self.steps_done = 0
        for start in range(0, len(order), self.block_records):
            rows = order[start : start + self.block_records]
            if self._on_device is not None:
                x, y = self._on_device
            else:
                x, y = _put(Arrays(self.train.x[rows], self.train.y[rows]))
                rows = np.arange(len(rows), dtype=np.int32)
            state = read_state(self.model)
            whole = len(rows) // self.batch_size * self.batch_size
            if whole:
                state = self._functions.train(state, x, y, jnp.asarray(rows[:whole].reshape(-1, self.batch_size)))
            if whole < len(rows):
                state = self._functions.train(state, x, y, jnp.asarray(rows[None, whole:]))
            write_state(self.model, jax.block_until_ready(state))
            self.steps_done += -(-len(rows) // self.batch_size)
            yield self.steps_done

    def validate(self) -> dict[str, float]:
        """Loss and metrics over the validation records, by name without `val_`."""
        assert self._validation_on_device is not None
        x, y = self._validation_on_device
        trainable, frozen, optimizer, _ = read_state(self.model)
        self.model.reset_metrics()
        metrics = [v.value for v in self.model.metrics_variables]
        for rows in _evaluation_rows(len(x)):
            metrics, frozen = self._functions.test((trainable, frozen, metrics), x, y, rows)
        write_state(self.model, (trainable, frozen, optimizer, metrics))
        return results(self.model)

    def _compile(self) -> float:
        """Trace and compile what an epoch needs, before the first; seconds it took."""
        start = time.perf_counter()
        state = read_state(self.model)
        rows = min(len(self.train.x), self.block_records)
        held = rows if not self.resident else len(self.train.x)
        x, y = (jax.ShapeDtypeStruct((held, *a.shape[1:]), jax.dtypes.canonicalize_dtype(a.dtype)) for a in self.train)
        try:
            for steps, size in ((rows // self.batch_size, self.batch_size), (1, rows % self.batch_size)):
                if steps and size:
                    self._functions.train.prepare(state, x, y, jax.ShapeDtypeStruct((steps, size), np.int32))
        except Exception as cause:
            raise CannotTrace from cause
        return time.perf_counter() - start


def read_state(model: keras.Model) -> State:
    """The model's variables as JAX arrays: trainable, non-trainable, optimizer, metrics."""
    groups = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
    return tuple([variable.value for variable in group] for group in groups)


def write_state(model: keras.Model, state: State) -> None:
    """The reverse of `read_state`: the model, its optimizer and its metrics take the values."""
    groups = (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
    for variables, values in zip(groups, state, strict=True):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def results(model: keras.Model) -> dict[str, float]:
    """The metrics' values as Python floats, by name."""
    return {name: float(value) for name, value in model.get_metrics_result().items()}


class _Prepared:
    """A jitted function whose executables, one a signature, are made ahead of the first call.

    `jax.jit` alone compiles within the first call: the first epoch would be timed with it.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._jit = jax.jit(function)
        self._compiled: dict[Any, Any] = {}

    def prepare(self, *arguments: Any) -> Any:
        key = tuple((leaf.shape, np.dtype(leaf.dtype)) for leaf in jax.tree.leaves(arguments))
        if key not in self._compiled:
            self._compiled[key] = self._jit.lower(*arguments).compile()
        return self._compiled[key]

    def __call__(self, *arguments: Any) -> Any:
        return self.prepare(*arguments)(*arguments)


class _Functions:
    """The jitted scans of one compiled model; valid while what they were traced from stays in place."""

    def __init__(self, model: keras.Model) -> None:
        self.traced_from = _traced_from(model)
        reference = weakref.ref(model)  # the cache must not keep the model alive

        def train(state: State, x: jax.Array, y: jax.Array, rows: jax.Array) -> State:
            model = reference()
            assert model is not None

            def step(state: State, batch: jax.Array) -> tuple[State, None]:
                _, new = model.train_step(state, (_take(x, batch), _take(y, batch)))
                return _like(new, state), None

            return jax.lax.scan(step, state, rows)[0]

        def test(state: State, x: jax.Array, y: jax.Array, rows: jax.Array) -> tuple[list[jax.Array], list[jax.Array]]:
            model = reference()
            assert model is not None

            def step(state: State, batch: jax.Array) -> tuple[State, None]:
                _, new = model.test_step(state, (_take(x, batch), _take(y, batch)))
                return _like(new, state), None

            _, frozen, metrics = jax.lax.scan(step, state, rows)[0]
            return metrics, frozen

        self.train, self.test = _Prepared(train), _Prepared(test)


_cache: weakref.WeakKeyDictionary[keras.Model, _Functions] = weakref.WeakKeyDictionary()


def _functions_of(model: keras.Model) -> _Functions:
    functions = _cache.get(model)
    # Identity, piece by piece: comparing by == would compare Keras variables element by element.
    now = _traced_from(model)
    if functions is None or [id(p) for p in functions.traced_from] != [id(p) for p in now]:
        functions = _cache[model] = _Functions(model)
    return functions


def _traced_from(model: keras.Model) -> list[object]:
    """What a trace bakes in: the optimizer and metrics of one compile(), and which variables are trained."""
    return [model.optimizer, *model.metrics, *model.trainable_variables, *model.non_trainable_variables]


def _take(array: jax.Array, rows: jax.Array) -> jax.Array:
    # mode="clip": the default masks rows out of range, a third of the epoch's time; ours never are.
    return jnp.take(array, rows, axis=0, mode="clip")


def _like(new: Any, old: State) -> State:
    """`new` with the containers and dtypes of `old`: a scan's carry must not change its type."""
    leaves = [jnp.asarray(n, o.dtype) for n, o in zip(jax.tree.leaves(new), jax.tree.leaves(old), strict=True)]
    return jax.tree.unflatten(jax.tree.structure(old), leaves)


def _put(arrays: Arrays) -> tuple[jax.Array, jax.Array]:
    return jnp.asarray(arrays.x), jnp.asarray(arrays.y)


def _evaluation_rows(records: int) -> Iterator[jax.Array]:
    whole = records // EVALUATION_BATCH * EVALUATION_BATCH
    rows = np.arange(records, dtype=np.int32)
    if whole:
        yield jnp.asarray(rows[:whole].reshape(-1, EVALUATION_BATCH))
    if whole < records:
        yield jnp.asarray(rows[None, whole:])
