"""A Keras model's graph of layers → its outputs for any records, from any number of threads at once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.cores import usable_cores
from rowwise.engine.arrays import Arrays
from rowwise.engine.native import instruction_sets, network, plans_for
from rowwise.engine.native.description import DenseGraph, around, describe, uncompiled
from rowwise.engine.native.records import INFERENCE_BATCH, Records, network_description
from rowwise.engine.protocol import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import keras
    from numpy.typing import NDArray

    from rowwise.models.plain import PlainModel

BLOCK = 1 << 16  # records that are prepared at once
FEW = 16  # records at most for which a network of few threads is kept: waking threads takes longer than the work


class Networks:
    """The compiled networks of one model: built when they are first needed, and then kept.

    Callers at the same time have a network each, as many as there are cores; further ones wait. Each network takes the
    model's weights anew where they have changed since it was used last.

    Args:
        graph: the model's layers.
        threads: of each network; None for as many as pay.
    """

    def __init__(self, graph: DenseGraph, threads: int | None = None) -> None:
        self.graph, self.threads = graph, threads
        self.variables = [*graph.variables, *graph.statistics]
        self._room = threading.BoundedSemaphore(usable_cores())
        self._guard = threading.Lock()
        self._idle: dict[tuple[bool, int], list[_Network]] = {}

    def same_layers(self, other: Networks) -> bool:
        """Whether the layers are the same, and their weights the same variables, whatever values these hold."""
        mine, others = ([id(variable) for variable in one.variables] for one in (self, other))
        return mine == others and self.graph == other.graph

    def outputs(self, x: NDArray[Any], values: Sequence[Any]) -> NDArray[np.float32] | None:
        """`(records, outputs)`: what the model gives for x `(records, ...)`.

        Args:
            x: records as the model takes them.
            values: of `variables`, read at one moment: a network must not mix those of two.

        Returns:
            None where the weights are not all finite numbers: zeros are skipped here, but 0 * NaN is NaN.

        Raises:
            Unsupported: records of a type that the model casts differently.
        """
        if self.graph.prepare is not None and len(x) > BLOCK:  # a table's features may be far wider than its columns
            blocks = [self.outputs(x[start : start + BLOCK], values) for start in range(0, len(x), BLOCK)]
            return None if any(block is None for block in blocks) else np.concatenate(blocks)  # type: ignore[arg-type]
        records = Records(Arrays(x, np.zeros(len(x), np.int32)), self.graph)
        outputs = np.empty((records.records, records.units), np.float32)
        size = FEW if records.records <= FEW else INFERENCE_BATCH
        with self._room, self._network(records.bytes, size) as borrowed:
            if not borrowed.takes(values):
                return None
            borrowed.compiled.records(records.x).predict(outputs)
        return outputs if self.graph.finish is None else self.graph.finish.finish(outputs)

    @contextmanager
    def _network(self, takes_bytes: bool, size: int) -> Iterator[_Network]:
        """A network that is in exclusive use."""
        with self._guard:
            idle = self._idle.setdefault((takes_bytes, size), [])
            borrowed = idle.pop() if idle else None
        if borrowed is None:
            description = network_description(self.graph, uncompiled(self.graph), takes_bytes, size)
            likeliest, *_ = plans_for(description, self.threads, trains=False)
            borrowed = _Network(network(description, likeliest), len(self.variables))
        yield borrowed
        with self._guard:  # after an error it is left to be forgotten
            idle.append(borrowed)


class _Network:
    """A network of the extension, and the values that it has taken."""

    def __init__(self, compiled: Any, variables: int) -> None:
        self.compiled = compiled
        self._taken: list[Any] = [None] * variables

    def takes(self, values: Sequence[Any]) -> bool:
        """Take the weights that it does not have yet; False where one is no finite number."""
        for index, value in enumerate(values):
            if value is not self._taken[index]:
                weights = np.ascontiguousarray(value, np.float32)
                if not np.isfinite(weights).all():
                    return False
                self.compiled.write(index, weights)
                self._taken[index] = value
        return True


def dense_values(
    model: keras.Model | PlainModel, layer: str, x: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """What a Dense layer of a built model takes, `(records, features)`, and gives, `(records, units)`, for x
    `(records, ...)`; None where this engine is missing or cannot run the model so far."""
    if not instruction_sets():
        return None
    try:
        found = []
        for graph in around(model, layer):
            if not graph.layers:
                records = Records(Arrays(x, np.zeros(len(x), np.int32)), graph).x.astype(np.float32)
                found.append(records * np.float32(graph.scale) + np.float32(graph.offset))
                continue
            networks = Networks(graph)
            values = networks.outputs(x, [variable.value for variable in networks.variables])
            if values is None:
                return None
            found.append(values)
    except Unsupported:
        return None
    inputs, outputs = found
    return inputs, outputs


def networks_for(model: keras.Model | PlainModel, threads: int | None = None) -> Networks | None:
    """The networks of a built model; None where this engine is missing or cannot run the model."""
    if not instruction_sets():
        return None
    try:
        return Networks(describe(model), threads)
    except Unsupported:
        return None
