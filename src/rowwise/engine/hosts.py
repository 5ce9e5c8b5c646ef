"""One process on each of several hosts → one training: each takes its share of every batch, gradients are summed.

`jax.distributed` has joined the processes, and each has all records and all weights. One constraint is enough for XLA
to divide a step: the rows of a batch lie over the devices of all hosts. What is summed over a batch then becomes a sum
over hosts, and everything else is computed by each alone. At the beginning of an epoch all take the first host's state
and its order of records: processors that round differently, or other seeds, cannot lead the hosts apart.
"""

from __future__ import annotations

import zlib
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from rowwise.engine.model_state import read_state, write_state
from rowwise.errors import HostError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import keras
    from numpy.typing import NDArray

    from rowwise.engine.arrays import Arrays
    from rowwise.engine.model_state import State


def host_count() -> int:
    """Processes that train together; 1 where `jax.distributed` has joined none."""
    return jax.process_count() if jax.distributed.is_initialized() else 1


def follows() -> bool:
    """Whether this is not the first of several hosts, which keeps what they have trained."""
    return jax.distributed.is_initialized() and jax.process_index() > 0


class OneHost:
    """Data and state on the device of this process."""

    def check(self, *arrays: Arrays | None, batch_size: int) -> None:
        """Nobody else has to have the same."""

    def put(self, array: NDArray[Any]) -> jax.Array:
        """The array on the device."""
        return jax.device_put(array)  # not jnp.asarray: on a CPU that copies twice

    def like(self, shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
        """What stands for such an array where a function is compiled."""
        return jax.ShapeDtypeStruct(shape, dtype)

    def agreed(self, model: keras.Model, order: NDArray[np.int32]) -> NDArray[np.int32]:
        """The order of an epoch's records."""
        return order

    def read(self, model: keras.Model) -> State:
        """The model's variables: see `read_state`."""
        return read_state(model)

    def write(self, model: keras.Model, state: State) -> None:
        """The model's variables take these values, once they are computed."""
        write_state(model, jax.block_until_ready(state))

    def divided(self, rows: jax.Array) -> jax.Array:
        """The rows of a batch, within a compiled step."""
        return rows

    def connected(self) -> AbstractContextManager[None]:
        """Around steps that run; raises HostError where another host ends amid them."""
        return nullcontext()


class ManyHosts:
    """The same records and state on the devices of all hosts; each takes its share of every batch.

    A batch, such as the last one, whose records cannot be divided evenly is computed by every host as a whole.
    """

    def __init__(self) -> None:
        self._mesh = Mesh(np.array(jax.devices()), ("devices",))
        self._whole = NamedSharding(self._mesh, PartitionSpec())
        self._rows = NamedSharding(self._mesh, PartitionSpec("devices"))

    def check(self, *arrays: Arrays | None, batch_size: int) -> None:
        """Compare the records of all hosts.

        Raises:
            UsageError: they are not the same, or a batch cannot be divided. HostError: a host has ended.
        """
        devices = self._mesh.size
        if batch_size % devices:
            raise UsageError("hosts.batch", batch_size=batch_size, devices=devices)
        parts = [leaf for part in arrays if part is not None for leaf in jax.tree.leaves(part.parts)]
        own = [batch_size, len(parts), *(_checksum(part) for part in parts)]
        from jax.experimental import multihost_utils

        with self.connected():
            every = multihost_utils.process_allgather(np.array(_folded(own), np.uint32))
        others = [number for number, value in enumerate(every) if value != every[0]]
        if others:
            raise UsageError("hosts.data", host=others[0])

    def put(self, array: NDArray[Any]) -> jax.Array:
        """The array, whole, on every device."""
        return jax.make_array_from_process_local_data(self._whole, array, array.shape)

    def like(self, shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
        """What stands for such an array where a function is compiled."""
        return jax.ShapeDtypeStruct(shape, dtype, sharding=self._whole)

    def agreed(self, model: keras.Model, order: NDArray[np.int32]) -> NDArray[np.int32]:
        """The first host's order of the records; the model takes its state, too. Raises HostError."""
        from jax.experimental import multihost_utils

        with self.connected():
            state, order = multihost_utils.broadcast_one_to_all((read_state(model), order))
        write_state(model, jax.tree.map(jax.device_put, state))
        return np.asarray(order)

    def read(self, model: keras.Model) -> State:
        """The model's variables, on every device."""
        state: State = jax.tree.map(lambda value: self.put(np.asarray(value)), read_state(model))
        return state

    def write(self, model: keras.Model, state: State) -> None:
        """The model takes these values on this host's own device, where everything but training is computed.

        Raises:
            HostError: another host has ended before they were computed.
        """
        with self.connected():
            jax.block_until_ready(state)
        write_state(model, jax.tree.map(lambda value: value.addressable_data(0), state))

    def divided(self, rows: jax.Array) -> jax.Array:
        """The rows of a batch, each host's on its devices, where they can be divided."""
        even = not rows.shape[0] % self._mesh.size
        return jax.lax.with_sharding_constraint(rows, self._rows if even else self._whole)

    @contextmanager
    def connected(self) -> Iterator[None]:
        """What fails within fails because another host no longer answers."""
        try:
            yield
        except (jax.errors.JaxRuntimeError, ValueError) as cause:  # which of them depends on when it is noticed
            raise HostError("hosts.lost", hosts=host_count(), cause=str(cause).splitlines()[0]) from cause


def placement() -> OneHost | ManyHosts:
    """Where this process's data and state lie."""
    return ManyHosts() if host_count() > 1 else OneHost()


def _checksum(array: NDArray[Any]) -> int:
    """Of its numbers, shape and dtype."""
    kind = zlib.crc32(f"{array.dtype} {array.shape}".encode())
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, kind)


def _folded(numbers: list[int]) -> int:
    return zlib.crc32(np.array(numbers, np.uint64).tobytes())
