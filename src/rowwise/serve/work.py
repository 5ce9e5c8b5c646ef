"""Requests that wait → answers: all that came while the last ones were computed are computed at once.

Nobody waits for a batch to fill. Each model has one thread; numbers of different requests meet only in the network,
whose outputs for a record do not depend on the records beside it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rowwise.errors import RowwiseError
from rowwise.serve.problems import NOT_NOW, TOO_LATE, TOO_MANY, Refused, refusal
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rowwise.engine.interpretation import Prediction
    from rowwise.serve.limits import Limits
    from rowwise.serve.model import Model

MOST_RECORDS = 8192  # that are computed at once: what waits behind them is not to wait long


class Asked(Protocol):
    """What a request asks: its body as X, and what was predicted as the body of the answer."""

    def records(self, model: Model) -> NDArray[Any]:
        """X `(records, ...)`; raises Refused or RowwiseError."""
        ...

    def answer(self, model: Model, prediction: Prediction) -> bytes:
        """The body of the answer."""
        ...


@dataclass(eq=False, slots=True)
class _Job:
    asked: Asked
    size: int
    loop: asyncio.AbstractEventLoop
    answered: asyncio.Future[bytes]
    context: Context
    ends: float
    x: Any = None


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


@dataclass
class Room:
    """The bytes of the bodies that wait, of all models."""

    limits: Limits
    taken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, size: int) -> bool:
        """Whether they fit; they are counted then."""
        with self.lock:
            if self.taken and self.taken + size > self.limits.queued_bytes:
                return False
            self.taken += size
            return True

    def give_back(self, size: int) -> None:
        with self.lock:
            self.taken -= size


class Worker:
    """The thread that answers for one model.

    Args:
        model: the one to begin with; `replace` puts another in its place.
        limits: of what may wait.
        room: shared by all workers.
    """

    def __init__(self, model: Model, limits: Limits, room: Room) -> None:
        self.model, self.counts = model, Counts()
        self._limits, self._room = limits, room
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._unanswered = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"rowwise-serve-{model.name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests that have no answer yet."""
        return self._unanswered

    async def answer(self, asked: Asked, size: int) -> bytes:
        """The body of the answer; `size` is that of the request's body.

        Raises:
            Refused: the request is wrong, too much waits, or it took too long.
        """
        loop = asyncio.get_running_loop()
        seconds = self._limits.seconds
        job = _Job(asked, size, loop, loop.create_future(), copy_context(), time.monotonic() + seconds)
        self._submit(job)
        late = loop.call_later(seconds, _give_up, job.answered, seconds)
        try:
            return await job.answered
        finally:
            late.cancel()

    def replace(self, model: Model) -> None:
        """From the next batch on, `model` answers; what is being computed ends with the one before."""
        self.model = model

    def close(self) -> None:
        """Answer what waits, and end. What comes later is refused."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _submit(self, job: _Job) -> None:
        with self._changed:
            if self._closed:
                raise Refused(NOT_NOW, say("serve.ending"), {"retry-after": "1"})
            if self._unanswered >= self._limits.queue or not self._room.take(job.size):
                raise Refused(TOO_MANY, say("serve.queue", waiting=f"{self._unanswered:,}"), {"retry-after": "1"})
            self._unanswered += 1
            self._waiting.append(job)
            if len(self._waiting) == 1:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    if self._closed:
                        return
                    self._changed.wait()
                jobs = [*self._waiting]
                self._waiting.clear()
            self._answer_all(jobs, self.model)

    def _answer_all(self, jobs: list[_Job], model: Model) -> None:
        """Those that came together, in batches of records of one kind."""
        batches: dict[Any, list[_Job]] = {}
        sizes: dict[Any, int] = {}
        done: list[tuple[_Job, bytes | Refused]] = []
        for job in jobs:
            if job.answered.done() or time.monotonic() > job.ends:
                done.append((job, _too_late(self._limits.seconds)))
                continue
            try:
                job.x = job.context.run(job.asked.records, model)
            except Exception as error:
                done.append((job, job.context.run(refusal, error)))
                continue
            kind = job.x.dtype, job.x.shape[1:]
            batches.setdefault(kind, []).append(job)
            sizes[kind] = sizes.get(kind, 0) + len(job.x)
            if sizes[kind] >= MOST_RECORDS:
                done += self._computed(batches.pop(kind), model)
                sizes[kind] = 0
                self._deliver(done)
                done = []
        for batch in batches.values():
            done += self._computed(batch, model)
        self._deliver(done)

    def _computed(self, jobs: list[_Job], model: Model) -> list[tuple[_Job, bytes | Refused]]:
        """One batch; where it cannot be computed, each request by itself, so that one cannot spoil the others'."""
        parts = [job.x for job in jobs]
        try:
            prediction = model.predict(parts[0] if len(parts) == 1 else np.concatenate(parts))
        except Exception as error:
            if len(jobs) > 1 and isinstance(error, RowwiseError):
                return [done for job in jobs for done in self._computed([job], model)]
            return [(job, job.context.run(refusal, error)) for job in jobs]
        self.counts.batches += 1
        self.counts.records += len(prediction)
        self.counts.largest = max(self.counts.largest, len(prediction))
        done: list[tuple[_Job, bytes | Refused]] = []
        start = 0
        for job in jobs:
            end = start + len(job.x)
            own = prediction if len(jobs) == 1 else _part(prediction, start, end)
            try:
                done.append((job, job.context.run(job.asked.answer, model, own)))
            except Exception as error:
                done.append((job, job.context.run(refusal, error)))
            start = end
        return done

    def _deliver(self, done: list[tuple[_Job, bytes | Refused]]) -> None:
        """One call into each loop for all its answers."""
        if not done:
            return
        with self._changed:
            self._unanswered -= len(done)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[bytes], bytes | Refused]]] = {}
        for job, answer in done:
            self._room.give_back(job.size)
            by_loop.setdefault(job.loop, []).append((job.answered, answer))
        for loop, answers in by_loop.items():
            _call(loop, _set_all, answers)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *given: Any) -> None:
    try:
        loop.call_soon_threadsafe(function, *given)
    except RuntimeError:  # the loop was closed: nobody waits for these answers
        return


def _set_all(answers: list[tuple[asyncio.Future[bytes], bytes | Refused]]) -> None:
    for future, answer in answers:
        if future.done():  # it took too long, or its caller has gone
            continue
        if isinstance(answer, Refused):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _give_up(future: asyncio.Future[bytes], seconds: float) -> None:
    if not future.done():
        future.set_exception(_too_late(seconds))


def _too_late(seconds: float) -> Refused:
    return Refused(TOO_LATE, say("serve.late", seconds=f"{seconds:g}"))


def _part(prediction: Prediction, start: int, end: int) -> Prediction:
    return replace(prediction, probabilities=prediction.probabilities[start:end], values=prediction.values[start:end])
