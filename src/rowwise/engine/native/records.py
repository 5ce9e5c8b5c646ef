"""Records and a model's graph → arrays as the compiled network takes them, and the description of that network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.engine.native.network_description import SPARSE, NetworkDescription
from rowwise.engine.protocol import Unsupported

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.engine.arrays import Arrays
    from rowwise.engine.native.description import Compiled, DenseGraph
    from rowwise.models.target_functions import TargetFunction

INFERENCE_BATCH = 256


class Records:
    """Records as the network takes them: x `(records, features)` uint8 or float32; y int32 classes or float32."""

    def __init__(self, arrays: Arrays, graph: DenseGraph, compiled: Compiled | None = None) -> None:
        if not arrays.single or np.ndim(arrays.weights) > 1:
            raise Unsupported("x, y, sample_weight: several arrays")
        self.records, self.units = arrays.records, graph.layers[-1].units if graph.layers else 0
        self.labels, self.weights = arrays.y, arrays.weights  # as the metrics take them
        if graph.dtype not in ("float32", arrays.x.dtype.name):
            raise Unsupported(f"Input, {graph.dtype}")
        x = arrays.x.reshape(self.records, -1)
        if graph.prepare is not None:
            x = graph.prepare(x)
        self.bytes = x.dtype == np.uint8 and graph.takes_bytes
        self.x = np.ascontiguousarray(x if self.bytes else x.astype(np.float32, copy=False))
        if compiled is None:
            return
        y, self.classes = arrays.y, None
        if graph.finish is not None:
            self.countable = False
            self.y = self._of_layer(graph.finish, y)
            return
        sparse = compiled.loss.name == SPARSE
        width = 1 if sparse else self.units
        # Any other shape Keras would broadcast, or refuse.
        if y.shape not in ((self.records, width), (self.records, width, 1)) and (width > 1 or y.ndim > 1):
            raise Unsupported(f"y {y.shape}")
        # Whether the engine's own count of hits is what Keras's accuracy gives for these labels.
        self.countable = y.dtype.kind in "iu" if sparse else y.ndim == 2
        if sparse:
            self.y = np.ascontiguousarray(y.reshape(self.records), np.int32)
            if self.records and not 0 <= self.y.min() <= self.y.max() < self.units:  # Keras takes them for no class
                raise Unsupported(f"y {self.y.min()} … {self.y.max()}")
        else:
            y = y.reshape(self.records, self.units)
            if compiled.standardized:
                y = (y - np.array(graph.output_offset)) / np.array(graph.output_scale)
            self.y = np.ascontiguousarray(y, np.float32)
        # Of pictures, which the order of a batch puts beside each other.
        if self.bytes and (sparse or self.units > 1):
            self.classes = self.y if sparse else self.y.argmax(axis=1)

    def _of_layer(self, layer: TargetFunction, y: NDArray[Any]) -> NDArray[np.float32]:
        """Raises Unsupported where Keras would broadcast the labels, or refuse them."""
        try:
            targets = layer.targets(y)
        except ValueError:
            targets = None
        if targets is None or targets.shape != (self.records, self.units):
            raise Unsupported(f"y {y.shape}")
        return np.ascontiguousarray(targets)

    def with_classes_together(self, order: NDArray[np.int32], batch_size: int) -> NDArray[np.int32]:
        """The same batches, with pictures of a class beside each other.

        Rows that are taken together skip the pixels that are zero in all of them: pictures of a class share more.
        Another order within a batch changes what is learned by rounding alone.
        """
        if self.classes is None:
            return order
        batch = np.arange(len(order)) // batch_size
        return order[np.argsort(batch * self.units + self.classes[order], kind="stable")]

    def take(self, rows: NDArray[np.int32]) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
        """Labels and weights of these records, for the metrics."""
        return self.labels[rows], self.weights[rows] if self.weights is not None else None


def multiply_adds(graph: DenseGraph) -> int:
    """Of one record going forward."""
    return sum(layer.inputs * layer.units for layer in graph.layers if layer.kind == "dense")


def network_description(
    graph: DenseGraph, compiled: Compiled, takes_bytes: bool, batch_size: int
) -> NetworkDescription:
    """Of the network that takes up to `batch_size` records at a time."""
    return NetworkDescription(
        layers=compiled.layers,
        loss=compiled.loss,
        optimizer=compiled.optimizer,
        scale=graph.scale,
        offset=graph.offset,
        bytes=takes_bytes,
        output_scale=() if compiled.standardized else graph.output_scale,
        output_offset=() if compiled.standardized else graph.output_offset,
        batch_size=batch_size,
        rounds_records=graph.mixed,
    )
