"""Records → blocks of them on the device, of a few sizes: what is compiled for one number of records serves others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rowwise.engine.arrays import Arrays
    from rowwise.engine.hosts import ManyHosts, OneHost

    Data = tuple[Any, ...]  # x, y and, where there are some, weights: arrays, or structures of them

PADDED_BYTES = 32 * 2**20  # above it an epoch takes longer than compiling, and a padded copy is not worth its memory
SMALLEST = 256  # records that a block has room for


class Steps(NamedTuple):
    """Some steps over one block.

    Attributes:
        data: x, y and, where there are some, weights, each `(room, ...)`.
        rows: `(room for steps, batch_size)`: which of these records each step takes.
        count: how many steps there are; what `rows` has beyond them is not looked at.
        kind: "loop", or one step that takes all the data as they lie: "rest" after a loop's steps, else "only".
    """

    data: Data
    rows: jax.Array | jax.ShapeDtypeStruct
    count: jax.Array | jax.ShapeDtypeStruct
    kind: str = "loop"


class DeviceRecords:
    """Records of which a training takes each batch by the numbers of its rows.

    Resident records are one block, with room for more: its size is one of a few. Streamed records are gathered on the
    host, block by block, so that the rows of a block count from 0. The records of the last, shorter batch are gathered
    by themselves, so that its step depends on nothing but its size.

    Args:
        arrays: the records.
        batch_size: records a step; the last step takes what is left.
        device_bytes: up to this size they stay on the device.
        place: which device that is, or which ones.
    """

    def __init__(self, arrays: Arrays, batch_size: int, device_bytes: int, place: OneHost | ManyHosts) -> None:
        self._place = place
        self.arrays, self.records, self.batch_size = arrays, arrays.records, batch_size
        record_bytes = max(1, sum(part.nbytes for part in jax.tree.leaves(arrays.parts)) // self.records)
        resident = record_bytes * self.records <= device_bytes
        # Two blocks are alive at once, one computed on and one being gathered.
        streamed = max(1, device_bytes // (2 * record_bytes * batch_size)) * batch_size
        self.block_records = self.records if resident else min(streamed, self.records)
        padded = resident and record_bytes * self.records <= PADDED_BYTES
        self._room = room_for(self.records) if padded else self.block_records
        self._resident = resident
        self._on_device: Data | None = None
        self.renew()

    def renew(self) -> None:
        """What lies on the device is what the arrays hold now."""
        if self._resident:
            self._on_device = self._to_device(self.arrays.dense, self._room)

    def blocks(self, order: NDArray[np.int32]) -> Iterator[list[Steps]]:
        """The steps of an epoch over the records in this order."""
        for start in range(0, len(order), self.block_records):
            rows = order[start : start + self.block_records]
            full = len(rows) // self.batch_size * self.batch_size  # rows of full batches
            block = []
            if full:
                data, places = self._on_device, rows[:full]
                if data is None:
                    data = self._to_device(self.arrays.take(places), self._room)
                    places = np.arange(full, dtype=np.int32)
                block.append(self._steps(data, places))
            if full < len(rows):
                rest = self.arrays.take(rows[full:])
                numbers = self._place.put(np.arange(rest.records, dtype=np.int32)[None])  # what JAX counts, it compiles
                data = self._to_device(rest, rest.records)
                one = self._place.put(np.array(1, np.int32))
                block.append(Steps(data, numbers, one, self._kind_of_rest))
            yield block

    def signatures(self) -> Iterator[Steps]:
        """The shapes and dtypes of what `blocks` gives, once each."""
        one = self._place.like((), np.int32)
        if self.records >= self.batch_size:
            rows = self._place.like((self._most_steps, self.batch_size), np.int32)
            yield Steps(self._signature(self._room), rows, one)
        if rest := self.records % self.batch_size:
            rows = self._place.like((1, rest), np.int32)
            yield Steps(self._signature(rest), rows, one, self._kind_of_rest)

    @property
    def _kind_of_rest(self) -> str:
        return "rest" if self.records > self.batch_size else "only"

    @property
    def _most_steps(self) -> int:
        return self._room // self.batch_size

    def _steps(self, data: Data, rows: NDArray[np.int32]) -> Steps:
        padded = np.zeros((self._most_steps, self.batch_size), np.int32)
        steps = rows.reshape(-1, self.batch_size)
        padded[: len(steps)] = steps
        return Steps(data, self._place.put(padded), self._place.put(np.array(len(steps), np.int32)))

    def _signature(self, records: int) -> Data:
        return jax.tree.map(lambda array: self._place.like(*_shape_of(records, array)), self.arrays.parts)

    def _to_device(self, arrays: Arrays, room: int) -> Data:
        return jax.tree.map(lambda array: self._place.put(_with_room(array, room)), arrays.parts)


def room_for(records: int) -> int:
    """The smallest of a few sizes, each a third or a half above the last, that so many records fit in."""
    room = SMALLEST
    while room < records:
        room *= 2
    return room // 4 * 3 if room > SMALLEST and records <= room // 4 * 3 else room


def _shape_of(records: int, array: NDArray[Any]) -> tuple[tuple[int, ...], Any]:
    return (records, *array.shape[1:]), jax.dtypes.canonicalize_dtype(array.dtype)


def _with_room(array: NDArray[Any], room: int) -> NDArray[Any]:
    """In a dtype of JAX's, with zeros after the records."""
    array = array.astype(jax.dtypes.canonicalize_dtype(array.dtype), copy=False)
    if len(array) < room:
        padded = np.zeros((room, *array.shape[1:]), array.dtype)
        padded[: len(array)] = array
        return padded
    return array
