"""The HDF5 part of a `.keras` file, found plain → its arrays by place, of which those that are asked for are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.models.reading.fields import Unread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VARIABLES, NAME = "vars", "name"  # of the group that holds a part's arrays; its attribute


@dataclass
class Stored:
    """The groups and arrays of an open file, whose links and layout have been checked.

    Attributes:
        root: h5py's file.
        asked: the arrays that somebody has asked for.
    """

    root: Any

    def __post_init__(self) -> None:
        self.asked = 0

    def shapes(self, place: str, name: str) -> list[tuple[int, ...]]:
        """Of the arrays of the part that Keras stores at `place` and calls `name`, in its order."""
        return [dataset.shape for dataset in self._datasets(place, name)]

    def read(self, place: str, name: str, shapes: Sequence[tuple[int, ...]]) -> list[NDArray[np.float32]]:
        """The arrays themselves, which must be finite float32 of these shapes."""
        datasets = self._datasets(place, name)
        if [dataset.shape for dataset in datasets] != list(shapes):
            raise Unread(f"{place}: {[dataset.shape for dataset in datasets]}")
        arrays = []
        for dataset in datasets:
            if dataset.dtype != np.dtype("<f4") or len(dataset.attrs):
                raise Unread(f"{place}: {dataset.dtype}")
            array = dataset[()]
            if not isinstance(array, np.ndarray):
                array = np.asarray(array)
            if not np.isfinite(array).all():
                raise Unread(f"{place}: NaN")
            array.flags.writeable = False
            arrays.append(array)
        return arrays

    def _datasets(self, place: str, name: str) -> list[Any]:
        group = self.root.get(f"{place}/{VARIABLES}" if place else VARIABLES)
        if group is None or not hasattr(group, "items") or group.attrs.get(NAME) != name:
            raise Unread(f"{place}: {name}")
        numbers = [str(number) for number in range(len(group))]
        if set(group) != set(numbers):
            raise Unread(f"{place}: {list(group)[:10]}")
        datasets = [group[number] for number in numbers]
        if any(hasattr(dataset, "items") for dataset in datasets):
            raise Unread(place)
        self.asked += len(datasets)
        return datasets


def places_of(kinds: Sequence[str]) -> list[str]:
    """Where Keras stores what layers of these kinds have, in their order: by kind, and number among its like."""
    places, used = [], dict[str, int]()
    for kind in kinds:
        name = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)).lower()
        number = used.get(name, 0)
        used[name] = number + 1
        places.append(f"layers/{name}_{number}" if number else f"layers/{name}")
    return places
