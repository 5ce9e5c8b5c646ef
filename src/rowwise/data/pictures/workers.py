"""A step and many files → its answers, in order: from threads here or, for very many files, from processes.

Small pictures keep Python busier than Pillow, and threads share one Python, so very many files go to a process a core.
joblib's loky runs these: unlike `multiprocessing` it neither runs the caller's program again in each, nor forks one
that has threads. What loky leaves to its caller is done here:

- Its workers wait for ever for a caller that was killed. Ours watch a pipe whose other end only the caller holds.
- Where one dies, all that is in flight fails, and which file it was is not known. These files are done one by one.
- Where no process can be started (no semaphores, a program that has Python inside), threads take over.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rowwise.cores import usable_cores
from rowwise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

MANY = 2000  # files from which on starting processes, most of a second of work, pays
CHUNK, THREAD_CHUNK = 128, 4  # small files at a time; Ctrl-C waits for a thread's chunk
CHUNK_BYTES = 1 << 19  # of larger files fewer at a time
# No threads for products of matrices, which no step has; no modules from the folder that the caller works in.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}

Answer = TypeVar("Answer")
AnswerOut = TypeVar("AnswerOut", covariant=True)


class Step(Protocol[AnswerOut]):
    """What is done with some files of a folder. A process gets it, and gives its answer, pickled."""

    @property
    def folder(self) -> str:
        """Where the files are."""

    def __call__(self, start: int, names: Sequence[str]) -> AnswerOut:
        """The answer for the files `names` below the folder; the first of them is number `start`."""


class Workers:
    """Threads or processes, as many as there are cores, for several steps. A context: they end with it.

    Args:
        files: how many there are.
        size: bytes of all of them.
    """

    def __init__(self, files: int, size: int) -> None:
        self._cores = usable_cores()
        self._in_processes = files >= MANY and self._cores > 1
        # Chunks in flight, no more than loky hands on at once: more answers would fill the memory, and where more wait
        # when its processes are killed, its own thread ends with a traceback (a KeyError, joblib 1.6).
        self._ahead = 2 * self._cores + 1
        self._longest = max(1, CHUNK_BYTES * files // max(size, 1))
        self._pool: Any = None  # an Executor
        self._lifeline: Connection | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        self._end(at_once=failure is not None)

    def answers(
        self, step: Step[Answer], names: Sequence[str], advance: Callable[[int], None]
    ) -> Iterator[tuple[int, Answer]]:
        """`(number of the first file, answer)` for some files at a time, in their order.

        Args:
            step: what to do.
            names: the files, below the step's folder.
            advance: called with how many more files are done.

        Raises:
            DataError: the process that worked on a file died twice. OSError, MemoryError: as the step itself.
        """
        if names and self._pool is None:
            self._start()
        length = min(CHUNK if self._in_processes else THREAD_CHUNK, self._longest)
        chunks = ((start, names[start : start + length]) for start in range(0, len(names), length))
        in_flight: deque[tuple[int, Sequence[str], Future[Answer]]] = deque()
        while True:
            for start, some in islice(chunks, self._ahead - len(in_flight)):
                in_flight.append((start, some, self._submit(step, start, some)))
            if not in_flight:
                return
            start, some, future = in_flight.popleft()
            try:
                answer = future.result()
            except BrokenExecutor:
                self._end(at_once=True)
                in_flight.appendleft((start, some, future))
                for start, some, _ in in_flight:
                    for number, name in enumerate(some, start):
                        answer = self._alone(step, number, name)
                        advance(1)
                        yield number, answer
                in_flight.clear()
            else:
                advance(len(some))
                yield start, answer

    def _submit(self, step: Step[Answer], start: int, names: Sequence[str]) -> Future[Answer]:
        try:
            future: Future[Answer] = self._pool.submit(step, start, names)
        except BrokenExecutor as broken:  # since the last answer was taken
            future = Future()
            future.set_exception(broken)
        return future

    def _alone(self, step: Step[Answer], number: int, name: str) -> Answer:
        """The answer for one file, while no other is worked on: should a process die now, it is this file's doing."""
        try:
            if self._pool is None:
                self._pool, self._lifeline = _processes(self._cores)
            answer: Answer = self._pool.submit(step, number, [name]).result()
        except BrokenExecutor as cause:
            raise DataError("folder.died", file=Path(step.folder, name)) from cause
        return answer

    def _start(self) -> None:
        if self._in_processes:
            with suppress(Exception):  # whatever loky, this system or this program has against processes
                self._pool, self._lifeline = _processes(self._cores)
                return
            self._in_processes = False
        self._pool = ThreadPoolExecutor(self._cores)

    def _end(self, at_once: bool) -> None:
        pool, lifeline = self._pool, self._lifeline
        self._pool = self._lifeline = None
        try:
            if isinstance(pool, ThreadPoolExecutor):
                pool.shutdown(cancel_futures=True)
            elif pool is not None:
                pool.shutdown(kill_workers=at_once)
        finally:
            if lifeline is not None:
                lifeline.close()


def _processes(count: int) -> tuple[Any, Connection]:
    """loky's executor, once it is sure that its processes live, and the pipe's end that keeps them alive.

    Raises:
        Exception: of many kinds: no process can be started, or none that finds this module.
    """
    if getattr(sys, "frozen", False):  # the program itself would be started
        raise OSError
    import multiprocessing
    from multiprocessing import resource_tracker

    multiprocessing.Lock()  # raises where there are no semaphores; joblib would warn the user of that
    resource_tracker.ensure_running()  # as loky would, but it ends by letting Ctrl-C through
    from joblib.externals.loky import ProcessPoolExecutor  # type: ignore[import-untyped]

    watched, lifeline = multiprocessing.Pipe(duplex=False)
    pool = ProcessPoolExecutor(count, initializer=_begin, initargs=(watched,), env=ENVIRONMENT)
    try:
        with _interrupts_blocked():  # which the processes inherit
            alive = pool.submit(os.getpid)
        alive.result()
    except BaseException:
        lifeline.close()
        pool.shutdown(kill_workers=True)
        raise
    return pool, lifeline


def _begin(watched: Connection) -> None:
    """What a process does first: it will be silent, leave Ctrl-C to its caller, and end when the caller does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    Thread(target=_end_with, args=(watched,), daemon=True).start()


def _end_with(watched: Connection) -> None:
    with suppress(EOFError, OSError):
        watched.recv_bytes()  # nothing is ever sent: it returns when the other end is closed
    os._exit(1)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C does not reach this thread, nor, as long as they live, the processes that it starts meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
