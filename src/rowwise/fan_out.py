"""Tasks → their answers as they come: by threads of this process, or by the processes and machines joblib is told of.

`joblib.parallel_config(backend="dask")` (or "ray", or "loky") around a call of rowwise's sends its tasks there, to all
of its workers unless `n_jobs` says to how many; without it they are done by threads here, which serves well because the
engine leaves Python to the others.

What the tasks share is pickled once, and its arrays travel beside it as arguments of their own: Dask sends each of them
to its workers once, loky maps them into the memory of all. A worker that dies takes the data that it holds with it;
whatever was not answered then is done again, with the data sent anew.
"""

from __future__ import annotations

import pickle
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from rowwise.cores import usable_cores
from rowwise.errors import UsageError, warn_user, warnings_to
from rowwise.text import language, use_language

if TYPE_CHECKING:
    from numpy.typing import NDArray

Item = TypeVar("Item")
Answer = TypeVar("Answer")
ATTEMPTS = 4  # a task is sent so often in all where workers die
PATIENCE = 0.05  # seconds between two looks at `stopped`
_one_of_many: ContextVar[bool] = ContextVar("rowwise_one_of_many", default=False)  # a task, which has one core


@dataclass(frozen=True)
class _Failed:
    """What a task raised: an error of its own, which no other worker would do without."""

    error: BaseException


def elsewhere() -> int:
    """How many workers joblib was told of beyond this process; 0 where tasks are done by threads here."""
    found = _backend()
    return 0 if found is None else max(int(found[0].effective_n_jobs(found[1])), 1)


def _backend() -> tuple[Any, int] | None:
    """joblib's backend of processes or machines, and how many of its workers to use; None for threads here."""
    # Nobody has told joblib of any that has not imported it; whoever reads data alone need not wait for that.
    active_backend = getattr(sys.modules.get("joblib.parallel"), "get_active_backend", None)
    if _one_of_many.get() or active_backend is None:
        return None
    backend, jobs = active_backend(prefer="threads")
    if getattr(backend, "supports_sharedmem", False):  # which not every backend has
        return None
    return backend, -1 if jobs in (None, 1) else int(jobs)  # 1 is what joblib says where the caller said nothing


def in_chunks(items: Sequence[Item], parts: int) -> list[Sequence[Item]]:
    """The items in order, in so many parts of nearly the same length; none is empty."""
    bounds = [len(items) * part // parts for part in range(parts + 1)]
    return [items[start:end] for start, end in pairwise(bounds) if end > start]


def by_threads(
    task: Callable[[Item], Answer], items: Sequence[Item], workers: int | None = None
) -> Iterator[tuple[int, Answer]]:
    """`(number of the item, answer)` as they come, from so many threads at once; None for one a core.

    Raises:
        Exception: what the first task that failed raised, once all have ended.
    """
    from joblib import Parallel, delayed

    def numbered(number: int) -> tuple[int, Answer | _Failed]:
        return number, _answer(task, items[number])

    count = workers or (1 if _one_of_many.get() else usable_cores())
    calls = [delayed(copy_context().run)(numbered, number) for number in range(len(items))]  # warnings go as here
    parallel = Parallel(
        n_jobs=count, require="sharedmem", batch_size=1, pre_dispatch="all", return_as="generator_unordered"
    )
    failed: dict[int, _Failed] = {}
    for number, answer in parallel(calls):
        if isinstance(answer, _Failed):
            failed[number] = answer
        else:
            yield number, answer
    if failed:
        raise failed[min(failed)].error


def by_workers(
    task: Callable[[Item, Any], Answer], items: Sequence[Item], shared: Any, stopped: Callable[[], bool]
) -> Iterator[tuple[int, Answer]]:
    """`(number of the item, answer)` as they come from the workers that joblib was told of.

    Args:
        task: called with an item and what is shared; a function of a module. Items, answers and what is shared are
            pickled; functions among them may be the caller's own, wherever they are defined.
        stopped: looked at while answers are awaited; what is under way then is left to itself.

    Raises:
        KeyboardInterrupt: it was stopped. UsageError: workers died again and again, or the backend failed. Else what a
            task raised.
    """
    packed, arrays = _packed((task, shared))
    left = dict(enumerate(items))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            for number, answer, messages in _answers(packed, arrays, left, stopped):
                del left[number]
                for message in messages:
                    warn_user(message)
                yield number, _unless_failed(answer)
        except _Lost as lost:
            if attempt == ATTEMPTS:
                cause = lost.__cause__
                raise UsageError("fan_out.lost", cause=f"{type(cause).__name__}: {cause}") from cause
        if not left:
            return


class _Lost(Exception):
    """The backend gave no answer; its cause says why."""


def _answers(
    packed: bytes, arrays: Sequence[NDArray[np.uint8]], items: dict[int, Any], stopped: Callable[[], bool]
) -> Iterator[tuple[int, Any, list[str]]]:
    """As they come. joblib waits without looking left or right, so a thread of its own does it."""
    from joblib import Parallel, delayed, parallel_config

    if (found := _backend()) is None:
        raise _Lost from RuntimeError("joblib.parallel_config")
    backend, jobs = found
    arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
    ended = threading.Event()
    calls = [delayed(_remote)(packed, number, _pickled(item), language(), *arrays) for number, item in items.items()]

    def wait() -> None:
        how = "generator_unordered" if getattr(backend, "supports_return_generator", False) else "list"
        try:
            with parallel_config(backend=backend, n_jobs=jobs):
                parallel = Parallel(return_as=how, batch_size=1, pre_dispatch="all")
                for answer in parallel(calls):
                    if ended.is_set():
                        return
                    arrived.put(answer)
        except BaseException as cause:
            arrived.put(cause)
        else:
            arrived.put(None)

    threading.Thread(target=wait, daemon=True, name="rowwise-fan-out").start()
    try:
        while True:
            try:
                answer = arrived.get(timeout=PATIENCE)
            except queue.Empty:
                if stopped():
                    raise KeyboardInterrupt from None
                continue
            if answer is None:
                return
            if isinstance(answer, BaseException):
                raise _Lost from answer
            number, content, messages = answer
            yield number, pickle.loads(content), messages
    finally:
        ended.set()


def _remote(
    packed: bytes, number: int, item: bytes, lang: str, *arrays: NDArray[np.uint8]
) -> tuple[int, bytes, list[str]]:
    """What a worker does: the item's number, its answer, and what is to be said to the user."""
    task, shared = pickle.loads(packed, buffers=arrays)
    messages: list[str] = []
    with use_language(lang), warnings_to(messages.append):
        answer = copy_context().run(_answer, lambda one: task(one, shared), pickle.loads(item))
        return number, _content(answer), messages


def _content(answer: Any) -> bytes:
    """What is sent back: the answer, or an error in words where it, or the error that it is, cannot travel."""
    try:
        content = _pickled(answer)
        if isinstance(answer, _Failed):  # errors that can be pickled cannot all be read again
            pickle.loads(content)
    except Exception as cause:
        error = answer.error if isinstance(answer, _Failed) else cause
        return _pickled(_Failed(UsageError("fan_out.failed", cause=f"{type(error).__name__}: {error}")))
    return content


def _answer(task: Callable[[Item], Answer], item: Item) -> Answer | _Failed:
    _one_of_many.set(True)  # in a context of its own
    try:
        return task(item)
    except BaseException as error:
        return _Failed(error)


def _unless_failed(answer: Answer | _Failed) -> Answer:
    if isinstance(answer, _Failed):
        raise answer.error
    return answer


def _packed(shared: Any) -> tuple[bytes, list[NDArray[np.uint8]]]:
    """Pickled, and the memory of its arrays, which is not copied."""
    import cloudpickle

    buffers: list[pickle.PickleBuffer] = []
    packed = cloudpickle.dumps(shared, protocol=5, buffer_callback=buffers.append)
    return packed, [np.frombuffer(buffer.raw(), np.uint8) for buffer in buffers]


def _pickled(one: Any) -> bytes:
    import cloudpickle

    pickled: bytes = cloudpickle.dumps(one)
    return pickled
