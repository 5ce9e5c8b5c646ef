"""A Keras model and a stream of batches → the same model one epoch on, many batches by one jitted loop.

Batches are read as Keras reads them, gathered on the host until there are enough for a block, and trained on by the
loop of `whole_epoch`: in the order in which they came, each by itself. A stream is never held as a whole, and every
epoch asks for its batches anew, so that what augments pictures augments them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from rowwise.engine.batch_hooks import BatchHooks
from rowwise.engine.callbacks import state_variables
from rowwise.engine.compiled_steps import functions_of
from rowwise.engine.device_records import Steps
from rowwise.engine.model_state import read_state, write_state
from rowwise.engine.protocol import Unsupported
from rowwise.models.keras_view import metric_results

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    import keras
    from numpy.typing import NDArray

    from rowwise.models.keras_view import EpochBatches

ROOMS = (1, 8, 64)  # batches that a block has room for; in the last Python runs once for 64 steps
MOST_BYTES = 64 << 20  # in a block
MOST_SHAPES = 6  # of blocks, each compiled once; batches of further shapes are trained on one by one


class StreamedEpoch:
    """The compiled epochs of one model over one stream: an `Engine`.

    Args:
        model: compiled Keras model on the JAX backend; it is built by the stream's first batch.
        batches: of each epoch.
        callbacks: those among them that hear of every batch are called by this engine.

    Raises:
        Unsupported: the model's step cannot be traced by JAX, or the batches are no arrays.
    """

    records = 0  # nobody knows
    batch_size = 1  # neither
    validates = False  # that is a stream's, too

    def __init__(
        self, model: keras.Model, batches: EpochBatches, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> None:
        self.model, self._batches = model, batches
        self._hooks = BatchHooks(callbacks, "train")
        self.steps_done = 0  # of the current epoch
        start = time.perf_counter()
        self._shapes: set[Any] = set()
        try:
            first = batches.build(model)
            self._functions = functions_of(model)  # of what is built now
            self._trace(first)
        except Exception as cause:  # whatever a user's layer, loss or metric raises when it meets a tracer
            raise Unsupported from cause
        self.compile_seconds = time.perf_counter() - start

    def blocks(self, order: NDArray[np.int32]) -> Generator[int]:
        """Train one epoch in the stream's own order; yields the steps done, after each block."""
        self.steps_done = 0
        self._functions = functions_of(self.model)  # a callback may have changed what is trained
        every = (_steps(block) for block in self._blocks())
        if self._hooks:
            try:
                for done in self._hooks.called_over(every, self._functions.logged_train, self.model):
                    self.steps_done = done
                    yield done
            finally:
                self.steps_done = self._hooks.done  # a hook may have raised
            return
        for steps in every:
            state = self._functions.trained(read_state(self.model), steps)
            write_state(self.model, jax.block_until_ready(state))
            self.steps_done += int(steps.count)  # after the state: an interrupt above has trained nothing
            yield self.steps_done

    def renew(self) -> None:
        """Every epoch asks for its batches anew."""

    def settle(self) -> None:
        """The model holds everything already."""

    def state(self) -> list[jax.Array]:
        """JAX's arrays never change: they need no copies."""
        return [variable.value for variable in state_variables(self.model)]

    def so_far(self) -> dict[str, Any]:
        """The model's own figures: it has the state of the last block."""
        return metric_results(self.model)

    def validate(self) -> dict[str, float]:
        """A stream's validation is read by Keras: see `EpochLoop`."""
        raise NotImplementedError

    def _trace(self, batch: Any) -> None:
        rows = jax.ShapeDtypeStruct((1, _size(batch)), np.int32)
        state = read_state(self.model)
        jax.eval_shape(self._functions.train["loop"].function, state, jax.tree.map(_shape, batch), rows, np.int32(1))

    def _blocks(self) -> Iterator[list[Any]]:
        """Batches of one shape that came one after another."""
        block: list[Any] = []
        most, shape = 1, None
        for batch in self._batches.epoch():
            if block and (len(block) >= most or _shapes(batch) != shape):
                yield from self._allowed(block)
                block = []
            if not block:
                shape = _shapes(batch)
                most = max(1, min(ROOMS[-1], MOST_BYTES // max(1, _bytes(batch))))
            block.append(batch)
        if block:
            yield from self._allowed(block)

    def _allowed(self, block: list[Any]) -> Iterator[list[Any]]:
        """The block, or its batches one by one where too many sizes of blocks would be compiled."""
        key = _room_for(len(block)), _shapes(block[0])
        if key not in self._shapes and len(self._shapes) >= MOST_SHAPES:
            yield from ([batch] for batch in block)
            return
        self._shapes.add(key)
        yield block


def _steps(block: list[Any]) -> Steps:
    """The batches of a block, a step each, on the device."""
    room = _room_for(len(block))
    rows = np.arange(room * _size(block[0]), dtype=np.int32).reshape(room, -1)
    return Steps(_joined(block, room), jax.device_put(rows), jnp.int32(len(block)))


def _room_for(batches: int) -> int:
    """For how many batches there is to be room: one of a few numbers, since each is compiled."""
    return next(room for room in ROOMS if room >= batches)


def _joined(block: list[Any], room: int) -> Any:
    """The batches of a block as one, on the device: each array `(room * batch, ...)`, zeros beyond the block."""

    def joined(*arrays: NDArray[Any]) -> jax.Array:
        first = arrays[0]
        whole = first
        if room > 1:
            whole = np.zeros((room * len(first), *first.shape[1:]), jax.dtypes.canonicalize_dtype(first.dtype))
            np.concatenate(arrays, out=whole[: len(arrays) * len(first)], casting="same_kind")
        return jax.device_put(whole.astype(jax.dtypes.canonicalize_dtype(whole.dtype), copy=False))

    return jax.tree.map(joined, *block)


def _size(batch: Any) -> int:
    sizes = {len(array) for array in jax.tree.leaves(batch)}
    if len(sizes) != 1:
        raise ValueError(f"a batch of arrays with {sorted(sizes)} records")
    return sizes.pop()


def _shape(array: NDArray[Any]) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, jax.dtypes.canonicalize_dtype(array.dtype))


def _shapes(batch: Any) -> Any:
    leaves, structure = jax.tree.flatten(batch)
    return structure, tuple((array.shape, array.dtype) for array in leaves)


def _bytes(batch: Any) -> int:
    return sum(array.nbytes for array in jax.tree.leaves(batch))
