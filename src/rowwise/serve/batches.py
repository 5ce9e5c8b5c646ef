"""Requests that came together → their answers, computed in batches of records of one kind."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from rowwise.errors import RowwiseError
from rowwise.serve.problems import TOO_LATE, Refused, refusal
from rowwise.text import say

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Iterator
    from contextvars import Context

    from numpy.typing import NDArray

    from rowwise.engine.interpretation import Prediction
    from rowwise.serve.model import Model

NO_FIELD = re.compile(r'["\\\x00-\x1f]')  # what JSON escapes: msgspec writes the names of fields as they are
MOST_RECORDS = 8192  # that are computed at once: what waits behind them is not to wait long


class Asked(Protocol):
    """What a request asks: its body as X, and what was predicted as the body of the answer."""

    def records(self, model: Model) -> NDArray[Any]:
        """X `(records, ...)`; raises Refused or RowwiseError."""
        ...

    def answer(self, model: Model, predicted: Predicted) -> bytes:
        """The body of the answer."""
        ...


@dataclass(eq=False, slots=True)
class Job:
    """A request that waits for its answer.

    Attributes:
        asked: what it asks.
        size: bytes of its body.
        loop, answered: where its caller waits, and for what.
        context: the caller's, for the language of what is said.
        ends: when nobody waits any more, by `time.monotonic`.
        x: the records, once they are read.
    """

    asked: Asked
    size: int
    loop: asyncio.AbstractEventLoop
    answered: asyncio.Future[bytes]
    context: Context
    ends: float
    x: Any = None


Done = list[tuple[Job, bytes | Refused]]


@dataclass
class Counts:
    """What a worker has done.

    Attributes:
        batches: computed.
        records: of them.
        largest: records of one batch.
    """

    batches: int = 0
    records: int = 0
    largest: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, records: int) -> None:
        """One batch of so many; by any thread."""
        with self._lock:
            self.batches += 1
            self.records += records
            self.largest = max(self.largest, records)


class _Batch:
    """What was predicted of a batch, in the forms that answers have: each is made once, for all its requests."""

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction

    @cached_property
    def rows(self) -> list[Any]:
        return self.prediction.rows(_structs)

    @cached_property
    def outputs(self) -> NDArray[Any]:
        values = self.prediction.values
        return values if values.shape[1] else self.prediction.probabilities

    @cached_property
    def numbers(self) -> list[list[float]]:
        numbers: list[list[float]] = self.outputs.tolist()
        return numbers

    @cached_property
    def names(self) -> list[str]:
        return self.prediction.names

    @cached_property
    def labels(self) -> NDArray[np.bool_]:
        return self.prediction.labels


@dataclass(eq=False, slots=True)
class Predicted:
    """The part of a batch that one request asked for; `whole` is the prediction of all of it."""

    batch: _Batch
    start: int
    end: int

    @classmethod
    def of(cls, prediction: Prediction) -> Predicted:
        """All of a prediction."""
        return cls(_Batch(prediction), 0, len(prediction))

    def __len__(self) -> int:
        return self.end - self.start

    @property
    def whole(self) -> Prediction:
        return self.batch.prediction

    @property
    def rows(self) -> list[Any]:
        """What JSON writes as it writes `Prediction.to_dicts`."""
        return self.batch.rows[self.start : self.end]

    @property
    def outputs(self) -> NDArray[Any]:
        """`(records, outputs)`: values where there are some, else probabilities."""
        return self.batch.outputs[self.start : self.end]

    @property
    def numbers(self) -> list[list[float]]:
        """`outputs` as lists."""
        return self.batch.numbers[self.start : self.end]

    @property
    def names(self) -> list[str]:
        """The class of each record."""
        return self.batch.names[self.start : self.end]

    @property
    def labels(self) -> NDArray[np.bool_]:
        """`(records, labels)`: those that each record has."""
        return self.batch.labels[self.start : self.end]


@dataclass(frozen=True)
class Batches:
    """What answers requests that came together.

    Attributes:
        seconds: that a request may take.
        counts: of what was computed.
    """

    seconds: float
    counts: Counts = field(default_factory=Counts)

    def answers(self, jobs: Iterable[Job], model: Model, most: int = MOST_RECORDS) -> Iterator[Done]:
        """Of all of them, in parts that are ready together; each job is read as the iterable gives it.

        Args:
            most: records from which on a batch takes no more.
        """
        batches: dict[Any, list[Job]] = {}
        sizes: dict[Any, int] = {}
        done: Done = []
        for job in jobs:
            if job.answered.done() or time.monotonic() > job.ends:
                done.append((job, job.context.run(too_late, self.seconds)))
                continue
            try:
                job.x = job.context.run(job.asked.records, model)
            except Exception as error:
                done.append((job, job.context.run(refusal, error)))
                continue
            kind = job.x.dtype, job.x.shape[1:]
            batches.setdefault(kind, []).append(job)
            sizes[kind] = sizes.get(kind, 0) + len(job.x)
            if sizes[kind] >= most:
                yield done + self._computed(batches.pop(kind), model)
                sizes[kind], done = 0, []
        for batch in batches.values():
            done += self._computed(batch, model)
        yield done

    def _computed(self, jobs: list[Job], model: Model) -> Done:
        """One batch; where it cannot be computed, each request by itself, so that one cannot spoil the others'."""
        parts = [job.x for job in jobs]
        try:
            prediction = model.predict(parts[0] if len(parts) == 1 else np.concatenate(parts))
        except Exception as error:
            if len(jobs) > 1 and isinstance(error, RowwiseError):
                return [done for job in jobs for done in self._computed([job], model)]
            return [(job, job.context.run(refusal, error)) for job in jobs]
        self.counts.add(len(prediction))
        batch = _Batch(prediction)
        done: Done = []
        start = 0
        for job in jobs:
            end = start + len(job.x)
            job.x = None
            try:
                done.append((job, job.context.run(job.asked.answer, model, Predicted(batch, start, end))))
            except Exception as error:
                done.append((job, job.context.run(refusal, error)))
            start = end
        return done


@lru_cache(maxsize=64)
def _structs(names: tuple[str, ...]) -> Callable[[list[float]], Any]:
    """What makes an object of a record's numbers in a sixth of the time that a dict takes, where msgspec can."""
    if any(NO_FIELD.search(name) for name in names):
        return lambda row: dict(zip(names, row, strict=True))
    fields = [(f"n{place}", float) for place in range(len(names))]
    renamed = {field: name for (field, _), name in zip(fields, names, strict=True)}
    form = msgspec.defstruct("Numbers", fields, rename=renamed, gc=False)
    return lambda row: form(*row)


def too_late(seconds: float) -> Refused:
    """Of a request that nobody waits for any more."""
    return Refused(TOO_LATE, say("serve.late", seconds=f"{seconds:g}"))
