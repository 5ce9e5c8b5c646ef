"""A step of `picture_work` and many files → its answers, from several threads or, where it pays, processes.

The processes are plain ones that run our own module, not `multiprocessing`'s: that would run the caller's program
anew in each, or fork one that has threads. They end with their input, so none outlives a caller that was killed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, Any

from rowwise.cores import usable_cores
from rowwise.data.pictures.steps import READY, STEPS, Decoding, Looking
from rowwise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MANY = 2000  # files from which on starting processes, a third of a second each, pays
CHUNK, CHUNK_HERE = 32, 4  # files at a time; here a chunk cannot be cut short
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from rowwise.data.pictures.steps import main; main()"

Step = Looking | Decoding


class _Died(Exception):
    """The process is gone."""


class _Worker:
    """A process that is started when it is first asked; a step is done here where none can be."""

    def __init__(self, here: bool) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.here = here

    def ask(self, step: Step, start: int, names: Sequence[str]) -> dict[str, Any]:
        """Raises _Died; OSError, MemoryError: as the step itself."""
        if self.process is None and not self.here:
            self._start()
        if (process := self.process) is None:
            return step(start, names)
        assert process.stdin is not None
        assert process.stdout is not None
        name = next(name for name, kind in STEPS.items() if kind is type(step))
        try:
            process.stdin.write(json.dumps([name, step, start, names]).encode() + b"\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError) as cause:
            self.end()
            raise _Died from cause
        if "refused" in answer:
            raise OSError(*answer["refused"])
        if "memory" in answer:
            raise MemoryError
        return answer

    def _start(self) -> None:
        command = [sys.executable, "-c", PROGRAM, *sys.path]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # it multiplies no matrices
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            self.here = True
            return
        assert self.process.stdout is not None
        if self.process.stdout.readline() != READY:  # no Python that finds us, such as a program with Python inside
            self.end()
            self.here = True

    def kill(self) -> None:
        """Whoever waits for its answer is told that it died."""
        if (process := self.process) is not None:
            process.kill()

    def end(self) -> None:
        """It may be asked again, and is another then."""
        if (process := self.process) is not None:
            self.process = None
            process.kill()
            process.communicate()


class Crew:
    """As many workers as there are cores, for several steps. A context: they end with it, at once if need be."""

    def __init__(self, files: int) -> None:
        cores = usable_cores()
        can = bool(sys.executable) and not getattr(sys, "frozen", False)  # else that is no Python
        self.here = not can or files < MANY or cores == 1
        self.workers = [_Worker(self.here) for _ in range(cores)]
        self.free: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self.workers:
            self.free.put(worker)
        self.pool = ThreadPoolExecutor(cores)
        self.stop = Event()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for worker in self.workers:
            worker.kill()
        self.pool.shutdown(cancel_futures=True)
        for worker in self.workers:
            worker.end()

    def do(self, step: Step, names: Sequence[str], advance: Callable[[int], None]) -> Iterator[dict[str, Any]]:
        """The step's answers, for some files at a time, in their order.

        Args:
            step: it and its answers are plain JSON.
            names: the files, below the step's folder.
            advance: is told how many more are done.

        Raises:
            DataError: a file made the process that read it crash, twice. OSError, MemoryError: as the step itself.
        """
        chunk = CHUNK_HERE if self.here else CHUNK
        waiting: deque[Future[dict[str, Any]]] = deque()

        def next_done() -> dict[str, Any]:
            answer = waiting.popleft().result()
            advance(len(answer["digests"]))
            return answer

        for start in range(0, len(names), chunk):
            waiting.append(self.pool.submit(self._one, step, start, names[start : start + chunk]))
            if len(waiting) > 4 * len(self.workers):  # no more: answers that nobody has taken fill the memory
                yield next_done()
        while waiting:
            yield next_done()

    def _one(self, step: Step, start: int, names: Sequence[str]) -> dict[str, Any]:
        if self.stop.is_set():
            return {}
        worker = self.free.get()
        try:
            return worker.ask(step, start, names)
        except _Died:
            return {} if self.stop.is_set() else _singly(worker, step, start, names)
        finally:
            self.free.put(worker)


def _singly(worker: _Worker, step: Step, start: int, names: Sequence[str]) -> dict[str, Any]:
    """The same file by file, to know which one it was; or it was no file's fault."""
    answer: dict[str, list[Any]] = {}
    for place, name in enumerate(names):
        try:
            for key, values in worker.ask(step, start + place, [name]).items():
                answer.setdefault(key, []).extend(values)
        except _Died as cause:
            raise DataError("folder.died", file=Path(step.folder, name)) from cause
    return answer
