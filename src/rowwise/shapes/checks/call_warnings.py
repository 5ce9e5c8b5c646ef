"""A Keras call of the user's that would pass with a mistake in it → a warning before it.

Which mistakes those are is known by the keys of our messages: Keras raises for the others, and `explained` explains.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import RowwiseError, warn_user, warnings_to
from rowwise.shapes.checks.check import check_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

WITH_LABELS = ("fit", "evaluate", "train_on_batch", "test_on_batch")
WATCHED = (*WITH_LABELS, "predict", "predict_on_batch")
# What `check` refuses and Keras on JAX takes; `mistake.unequal` only where Keras stretches one side.
SILENT = {
    *("data.not_finite", "mistake.labels_not_finite", "mistake.embedding"),
    *("mistake.logits", "mistake.twice", "mistake.squashed", "mistake.one_unit", "mistake.one_softmax"),
    *("mistake.classes", "mistake.from_one", "mistake.negative", "mistake.fractions", "mistake.no_classes"),
    *("mistake.binary_labels", "mistake.binary_range"),
}

_said: ContextVar[set[str] | None] = ContextVar("rowwise_said", default=None)  # of the block under way in this thread
_lock = threading.Lock()
_blocks = 0  # under way in all threads
_before: dict[str, Any] = {}  # what keras.Model itself had of WATCHED: nothing, unless somebody else put it there


@contextmanager
def watched() -> Iterator[None]:
    """Within the block, the calls of `WATCHED` are looked at before they start."""
    global _blocks
    with _lock:
        _blocks += 1
        if _blocks == 1:
            _wrap()
    token = _said.set(set() if (said := _said.get()) is None else said)
    try:
        yield
    finally:
        _said.reset(token)
        with _lock:
            _blocks -= 1
            if not _blocks:
                _unwrap()


def _wrap() -> None:
    import keras

    for name in WATCHED:
        if name in vars(keras.Model):
            _before[name] = vars(keras.Model)[name]
        setattr(keras.Model, name, _looking(getattr(keras.Model, name)))


def _unwrap() -> None:
    import keras

    for name in WATCHED:
        delattr(keras.Model, name)  # the trainer's own, which Model inherits, is seen again
        if name in _before:
            setattr(keras.Model, name, _before.pop(name))


def _looking(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)  # once: it takes as long as the checks of a small batch

    @functools.wraps(method)
    def call(model: Any, *args: Any, **kwargs: Any) -> Any:
        said = _said.get()
        # Keras calls evaluate within fit, and rowwise checks by itself.
        caller = str(sys._getframe(1).f_globals.get("__name__", "")).partition(".")[0]
        if said is not None and caller not in ("keras", "rowwise"):
            for message in _found(signature, method.__name__, model, args, kwargs):
                if message not in said:
                    said.add(message)
                    warn_user(message)
        return method(model, *args, **kwargs)

    return call


def _found(signature: inspect.Signature, name: str, model: Any, args: Any, kwargs: Any) -> list[str]:
    """What is to be said of a call; nothing of one so odd that our checks fail."""
    messages: list[str] = []
    try:
        values = signature.bind_partial(model, *args, **kwargs).arguments
        for x, y, _ in pairs_of(values, name):
            messages += _of_pair(model, x, y if name in WITH_LABELS else None)
    except Exception:
        pass
    return messages


def _of_pair(model: Any, x: Any, y: Any) -> Iterator[str]:
    x, y = (readable(part[0] if isinstance(part, list) and len(part) == 1 else part) for part in (x, y))
    if x is None:
        return
    if y is not None and model.compiled:
        yield from _of_check(model, (x, y), finite=False, pixels=False)
    yield from _of_check(model, x)


def _of_check(model: Any, data: Any, **options: bool) -> Iterator[str]:
    heard: list[str] = []
    with warnings_to(heard.append):
        try:
            check_records(model, data, **options)
        except RowwiseError as found:
            if found.key in SILENT or found.values.get("stretched"):
                heard.append(str(found))
    yield from heard


def pairs_of(values: dict[str, Any], name: str) -> list[tuple[Any, Any, str]]:
    """(x, y, how they are passed, as code): of a call's arguments, those of validation too."""
    pairs = [(values.get("x"), values.get("y"), f"model.{name}(x, y)")]
    held = values.get("validation_data")
    if isinstance(held, tuple | list) and len(held) in (1, 2, 3):
        pairs.append((held[0], held[1] if len(held) > 1 else None, "validation_data=(x, y)"))
    elif readable(held) is not None:
        pairs.append((held, None, "validation_data=(x, y)"))
    return pairs


def readable(values: Any) -> NDArray[Any] | None:
    """The array itself, or one of zeros that takes no memory where only shape and type are known."""
    shape, dtype = getattr(values, "shape", None), getattr(values, "dtype", None)
    if shape is None or any(not isinstance(size, int) for size in shape):
        return None
    array = read(values)
    return array if array is not None else np.broadcast_to(np.zeros((), str(dtype)), tuple(shape))


def read(values: Any) -> NDArray[Any] | None:
    """The array itself; None where its values are not there yet."""
    try:
        return np.asarray(values)
    except Exception:  # a tracer of JAX or a symbolic tensor
        return None
