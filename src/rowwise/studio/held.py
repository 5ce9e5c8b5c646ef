"""The records of a source, training and test → what the page needs to know of them, and those that it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data import load_default
from rowwise.data.loaders import load_source
from rowwise.data.source import Source
from rowwise.errors import UsageError, warn_user
from rowwise.figures import is_picture
from rowwise.studio.offered import columns_shown
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.runs.saved import Saved

SAMPLES = 24  # of each class, that a person picks from
MOST = 4096  # records at most in one answer


@dataclass(frozen=True, eq=False)
class Held:
    """The training and test records under study; `source` finds them again."""

    source: Source
    train: Dataset
    test: Dataset

    @classmethod
    def of(cls, source: Source | None) -> Held:
        """The records of a source; None for Fashion-MNIST where it is available, else the garments."""
        if source is not None:
            return cls(source.checked(), *load_source(source))
        train, test, warning = load_default()
        if warning:
            warn_user(warning)
        return cls(Source(train.name), train, test)

    @classmethod
    def of_run(cls, saved: Saved, source: Source) -> Held:
        """A run's records, as its model takes them; where the training records are unknown, the test records twice."""
        train, test = saved.sets()
        test = saved.as_taken(test)[0]
        return cls(source, test if train is None else saved.as_taken(train)[0], test)

    @property
    def kind(self) -> str:
        """`"table"`, `"pictures"` or `"arrays"`."""
        if self.test.schema is not None:
            return "table"
        return "pictures" if is_picture(self.test.shape) else "arrays"

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the page draws of them, as JSON takes it."""
        test = self.test
        return {
            "name": test.name,
            "origin": {"en": self._told(test.provenance), "ko": self._told(test.provenance_ko)},
            "kind": self.kind,
            "task": test.task,
            "shape": list(test.shape),
            "bytes": test.x.dtype == np.uint8,
            "white": float(np.iinfo(test.x.dtype).max) if test.x.dtype.kind == "u" else 1.0,
            "train": len(self.train),
            "test": len(test),
            "classes": {"en": list(test.classes), "ko": list(test.classes_ko)},
            "targets": list(test.targets),
            **self._table(),
            "counts": self.train.counts.tolist(),
            "samples": self._samples(),
        }

    def _told(self, provenance: str) -> str:
        """Without the folders of this machine, which are nobody's business in a page that is shown to others."""
        return provenance.replace(self.source.place, Path(self.source.place).name)

    def _table(self) -> dict[str, Any]:
        """Of a table its columns, those of X with what their numbers mean, and how many features they become."""
        schema = self.test.schema
        if schema is None:
            return {"features": [], "wide": 0, "columns": [], "inputs": []}
        inputs = [
            {"name": name, "levels": list(column.levels), "low": _number(column.low), "high": _number(column.high)}
            for column in schema.used
            for name in column.inputs
        ]
        columns = columns_shown(schema)
        return {"features": list(schema.inputs), "wide": len(schema.features), "columns": columns, "inputs": inputs}

    def records(self, numbers: Sequence[int]) -> NDArray[Any]:
        """`(records, ...)`: these test records, bytes or float32.

        Raises:
            UsageError: too many, or there is no such record.
        """
        if not 0 < len(numbers) <= MOST or not all(0 <= number < len(self.test) for number in numbers):
            raise UsageError("studio.records", most=MOST, last=len(self.test) - 1)
        x = self.test.x[np.asarray(numbers)]
        return x if x.dtype == np.uint8 else x.astype(np.float32)

    def record_of(self, body: bytes) -> NDArray[Any]:
        """`(records, ...)`: records that the page has drawn or changed.

        Raises:
            UsageError: no whole records.
        """
        kind = np.dtype(np.uint8 if self.test.x.dtype == np.uint8 else "<f4")
        one = int(np.prod(self.test.shape)) * kind.itemsize
        if not body or len(body) % one or len(body) > MOST * one:
            raise UsageError("studio.body", expected=f"{one:,}", found=f"{len(body):,}")
        return np.frombuffer(body, kind).reshape(-1, *self.test.shape).astype(self.test.x.dtype, copy=False)

    def look_at(self, name: str, content: bytes) -> tuple[NDArray[Any], list[str]]:
        """A picture as these records are, `(1, ...)`; and what was done to it, in words.

        Raises:
            UsageError: the records are no pictures. DataError: it is none, or cannot be read.
        """
        from rowwise.data.pictures.prepare import read_pictures
        from rowwise.runs.data_record import prepared_as

        if self.kind != "pictures":
            raise UsageError("studio.look.pictures")
        test = self.test
        x, notes = read_pictures(content, test.shape, int(self.about["white"]), prepared_as(test.source), name[:60])
        return x.astype(test.x.dtype, copy=False), notes

    def labels(self) -> list[int] | list[float]:
        """Of each test record its class, or its first target."""
        y = self.test.y
        return (y if y.ndim == 1 else y[:, 0]).tolist()

    def _samples(self) -> list[list[int]]:
        """Of each class some of its test records; of numbers that are predicted some of all, in one list."""
        if not self.test.classes:
            return [np.linspace(0, len(self.test) - 1, min(SAMPLES, len(self.test)), dtype=int).tolist()]
        return [np.flatnonzero(self.test.y == label)[:SAMPLES].tolist() for label in range(len(self.test.classes))]


def _number(value: float | str | None) -> float | None:
    return value if isinstance(value, float | int) else None


def number_of(text: str, name: str) -> int:
    """A whole number of a query.

    Raises:
        UsageError: it is none.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise UsageError("studio.number", name=say(f"studio.number.{name}"), found=text[:40])
    return int(text)
