"""A step and many files → its answers, in order: from threads here or, for very many files, from processes.

Small pictures keep Python busier than Pillow, and threads share one Python, so very many files go to a process a core.
loky runs these: unlike `multiprocessing` it neither runs the caller's program again in each, nor forks one
that has threads. What loky leaves to its caller is done here:

- Its processes wait for ever for a caller that was killed, and to kill them it needs `pgrep`, which small images lack,
  and ends with a traceback where tasks wait (loky 3.7). Ours watch a pipe whose other end only the caller holds.
- Where a process dies, all that is in flight fails, and which file it was is not known: it is done again bit by bit.
- Where no process can be started (no semaphores, a program that has Python inside), threads take over.

Within `joblib.parallel_config`, whose workers may be other machines, these do it all, and must see the same folder.

loky itself keeps two small processes, its resource trackers, until the caller's program ends.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from rowwise.cores import usable_cores
from rowwise.errors import DataError
from rowwise.fan_out import by_workers, elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from multiprocessing.connection import Connection
    from pathlib import Path

MANY = 2000  # files from which on starting processes, 0.4 s on two cores, pays
CHUNK, THREAD_CHUNK = 128, 4  # small files at a time: Ctrl-C waits for them
CHUNK_BYTES = 1 << 19  # of larger files fewer at a time
AHEAD = 5  # chunks in flight for each core: with fewer they wait for work, with more the answers fill the memory
PATIENCE = 3  # seconds that a process has for what it is doing when its caller ends
# No threads for products of matrices, which no step has; no modules from the folder that the caller works in.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}

Answer = TypeVar("Answer")
Step: TypeAlias = "Callable[[int, Sequence[str]], Answer]"  # number of the first file, names of some → their answer


class Workers:
    """Threads or processes, as many as there are cores, for several steps. A context: they end with it.

    Args:
        folder: where the files are.
        files: how many there are.
        size: bytes of all of them.
    """

    def __init__(self, folder: Path, files: int, size: int) -> None:
        self._folder, self._cores = folder, usable_cores()
        self._in_processes = files >= MANY and self._cores > 1
        self._longest = max(1, CHUNK_BYTES * files // max(size, 1))
        self._pool: Any = None  # an Executor
        self._lifeline: Connection | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def answers(
        self, step: Step[Answer], names: Sequence[str], advance: Callable[[int], None]
    ) -> Iterator[tuple[int, Answer]]:
        """`(number of the first file, answer)` for some files at a time, in their order.

        Args:
            step: what to do. Processes get it, and give its answers, pickled.
            names: the files, below the folder.
            advance: called with how many more files are done.

        Raises:
            DataError: the process that worked on a file died twice. OSError, MemoryError: as the step itself.
        """
        if names and (others := elsewhere()):
            yield from _elsewhere(step, names, min(CHUNK, self._longest), advance, others)
            return
        if names and self._pool is None:
            self._start()
        length = min(CHUNK if self._in_processes else THREAD_CHUNK, self._longest)
        chunks = ((start, names[start : start + length]) for start in range(0, len(names), length))
        in_flight: deque[tuple[int, Sequence[str]]] = deque()
        futures: deque[Future[Answer]] = deque()
        while True:
            try:
                for chunk in islice(chunks, AHEAD * self._cores - len(in_flight)):
                    in_flight.append(chunk)
                    futures.append(self._pool.submit(_unless_ended, step, *chunk))
                if not in_flight:
                    return
                answer = futures[0].result()
            except BrokenExecutor:
                self._end()
                for start, some in in_flight:
                    yield from self._alone(step, start, some, advance)
                in_flight.clear()
                futures.clear()
            else:
                futures.popleft()
                start, some = in_flight.popleft()
                advance(len(some))
                yield start, answer

    def _alone(
        self, step: Step[Answer], start: int, names: Sequence[str], advance: Callable[[int], None]
    ) -> Iterator[tuple[int, Answer]]:
        """Answers for a chunk that was in flight when a process died: by itself and then, if need be, file by file."""
        try:
            if self._pool is None:
                self._pool, self._lifeline = _processes(self._cores)
            answer = self._pool.submit(_unless_ended, step, start, names).result()
        except BrokenExecutor as cause:
            self._end()
            if len(names) == 1:
                raise DataError("folder.died", file=self._folder / names[0]) from cause
            for number, name in enumerate(names, start):
                yield from self._alone(step, number, [name], advance)
        else:
            advance(len(names))
            yield start, answer

    def _start(self) -> None:
        if self._in_processes:
            with suppress(Exception):  # for whatever reason processes cannot be started
                self._pool, self._lifeline = _processes(self._cores)
                return
            self._in_processes = False
        self._pool = ThreadPoolExecutor(self._cores)

    def _end(self) -> None:
        """Wait for what is being done; what is still in flight is dropped."""
        pool, lifeline = self._pool, self._lifeline
        self._pool = self._lifeline = None
        if lifeline is not None:
            lifeline.close()
            pool.shutdown()
        elif pool is not None:
            pool.shutdown(cancel_futures=True)


def _elsewhere(
    step: Step[Answer], names: Sequence[str], length: int, advance: Callable[[int], None], workers: int
) -> Iterator[tuple[int, Answer]]:
    """As `Workers.answers`, from the workers that joblib was told of; only so many chunks at once fill the memory."""
    chunks = [(start, names[start : start + length]) for start in range(0, len(names), length)]
    for first in range(0, len(chunks), AHEAD * workers):
        some = chunks[first : first + AHEAD * workers]
        waiting, following = dict[int, Answer](), 0
        for number, answer in by_workers(_step, some, step, lambda: False):
            waiting[number] = answer
            advance(len(some[number][1]))
            while following in waiting:
                yield some[following][0], waiting.pop(following)
                following += 1


def _step(chunk: tuple[int, Sequence[str]], step: Step[Answer]) -> Answer:
    return step(*chunk)


def _processes(count: int) -> tuple[Any, Connection]:
    """loky's executor, once it is sure that its processes live, and the pipe's end that keeps them alive.

    Raises:
        Exception: of many kinds: no process can be started, or none that finds this module.
    """
    if getattr(sys, "frozen", False):  # the program itself would be started
        raise OSError
    import multiprocessing
    from multiprocessing import resource_tracker

    multiprocessing.Lock()  # raises where there are no semaphores; loky would warn the user of that
    resource_tracker.ensure_running()  # as loky would, but it ends by letting Ctrl-C through
    from loky import ProcessPoolExecutor

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


_ended = Event()  # set in a process whose caller is gone, or wants no more answers


def _unless_ended(step: Step[Answer], start: int, names: Sequence[str]) -> Answer | None:
    return None if _ended.is_set() else step(start, names)


def _begin(watched: Connection) -> None:
    """What a process does first: it will be silent, leave Ctrl-C to its caller, and end with its caller."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    Thread(target=_watch, args=(watched,), daemon=True).start()


def _watch(watched: Connection) -> None:
    with suppress(EOFError, OSError):
        watched.recv_bytes()  # nothing is ever sent: it returns when the other end is closed
    _ended.set()
    time.sleep(PATIENCE)  # loky ends a process that is idle, without a word; it would speak of one that it must kill
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
