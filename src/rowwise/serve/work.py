"""Requests that wait → answers: all that came while the last ones were computed are computed at once.

Nobody waits for a batch to fill. Numbers of different requests meet only in the network, whose outputs for a record do
not depend on the records beside it. Each model has a thread of its own. What takes microseconds does not go there: two
threads of Python hand its lock to one another, which takes longer; the loop that reads the requests answers it as well,
all that came in one turn of it in the next.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rowwise.serve.batches import Batches, Counts, Job, too_late
from rowwise.serve.problems import NOT_NOW, TOO_MANY, Refused
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rowwise.serve.batches import Asked, Done
    from rowwise.serve.limits import Limits
    from rowwise.serve.model import Model

TURN = 0.005  # seconds that a loop answers requests before it looks at its connections again


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
        self._batches = Batches(limits.seconds, self.counts)
        self._waiting: deque[Job] = deque()
        self._turns: dict[asyncio.AbstractEventLoop, deque[Job]] = {}  # of each loop, what it answers next itself
        self._changed = threading.Condition()
        self._unanswered = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"rowwise-serve-{model.name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests that have no answer yet."""
        return self._unanswered + sum(map(len, self._turns.values()))

    async def answer(self, asked: Asked, size: int, quick: bool = False) -> bytes:
        """The body of the answer.

        Args:
            asked: the request.
            size: of its body, in bytes.
            quick: whether it is read, and its records are predicted, in microseconds.

        Raises:
            Refused: the request is wrong, too much waits, or it took too long.
        """
        loop = asyncio.get_running_loop()
        seconds = self._limits.seconds
        job = Job(asked, size, loop, loop.create_future(), copy_context(), time.monotonic() + seconds)
        if quick:
            self._take(job)
            return await job.answered
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

    def _take(self, job: Job) -> None:
        """The loop is to answer it."""
        if self._closed:
            raise _ending()
        turn = self._turns.get(job.loop)
        if turn is None:
            turn = self._turns[job.loop] = deque()
            job.loop.call_soon(self._answer_turn, job.loop, turn)
        if len(turn) >= self._limits.queue:
            raise self._too_many()
        turn.append(job)

    def _answer_turn(self, loop: asyncio.AbstractEventLoop, turn: deque[Job]) -> None:
        """What came in the loop's last turn, or as much of it as `TURN` allows.

        It is computed in batches of a millisecond, each before more is read: so their time counts too.
        """
        ends = time.monotonic() + TURN
        try:
            for done in self._batches.answers(_each(turn, ends), self.model, self.model.quick_records):
                _set_all([(job.answered, answer) for job, answer in done])
        finally:  # whatever happens, the next are taken
            if turn:
                loop.call_soon(self._answer_turn, loop, turn)
            else:
                del self._turns[loop]

    def _submit(self, job: Job) -> None:
        with self._changed:
            if self._closed:
                raise _ending()
            if self._unanswered >= self._limits.queue or not self._room.take(job.size):
                raise self._too_many()
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
                jobs, self._waiting = self._waiting, deque()
            # Each is let go once it is answered: their bodies and records may be large.
            for done in self._batches.answers(_each(jobs), self.model):
                self._deliver(done)

    def _too_many(self) -> Refused:
        return Refused(TOO_MANY, say("serve.queue", waiting=f"{self.waiting:,}"), {"retry-after": "1"})

    def _deliver(self, done: Done) -> None:
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


def _each(jobs: deque[Job], ends: float = math.inf) -> Iterator[Job]:
    """One after another, which is then let go of, until a time of `time.monotonic`."""
    while jobs:
        yield jobs.popleft()
        if time.monotonic() > ends:
            return


def _ending() -> Refused:
    return Refused(NOT_NOW, say("serve.ending"), {"retry-after": "1"})


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
        future.set_exception(too_late(seconds))
