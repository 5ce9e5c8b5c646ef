"""Calls of Keras's functions → arguments, before they run (`intercepted`) or after they failed (`failed_calls`)."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import keras

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from types import FrameType

LIBRARIES = ("keras", "jax", "jaxlib", "numpy", "optree", "ml_dtypes", "tensorflow", "torch")
STATEFUL = ("fit", "evaluate", "predict")  # on JAX they take the values out of a model while they run

_lock = threading.Lock()
_blocks = 0  # of `intercepted`, under way in all threads
_replaced: dict[str, Any] = {}  # what keras.Model itself defined: nothing, unless other code put it there


@contextmanager
def unfiltered_tracebacks() -> Iterator[None]:
    """Within the block, and this thread, tracebacks keep Keras's frames: filtered ones have lost the arguments."""
    filtering = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()
    try:
        yield
    finally:
        if filtering:
            keras.config.enable_traceback_filtering()


def failed_calls(error: BaseException) -> Iterator[tuple[str, dict[str, Any]]]:
    """(function, arguments by name) of Keras's calls that led to an error, the user's own call first.

    None where the error was raised outside of Keras and the libraries that it calls: by the user's own layer or
    callback, say.
    """
    frames = list(_frames_of(error))
    if not frames or _package(frames[-1]) not in LIBRARIES:
        return
    unwrapped = None  # the code of the function whose wrapper came last
    for frame in frames:
        if _package(frame) != "keras":
            continue
        values = frame.f_locals
        # Keras wraps its public functions in this one, which still has the arguments as they were passed; the
        # function itself may have split or replaced them meanwhile.
        if frame.f_code.co_name == "error_handler" and inspect.isfunction(values.get("fn")):
            function = values["fn"]
            bound = inspect.signature(function).bind_partial(*values.get("args", ()), **values.get("kwargs", {}))
            unwrapped = function.__code__
            yield function.__name__, bound.arguments
        elif frame.f_code is not unwrapped:
            yield frame.f_code.co_name, values


def restore_values(error: BaseException) -> None:
    """Give models the values back that a call of `STATEFUL` had taken out of them when it failed.

    After the first step Keras can do it itself; before, they are only in a variable of the call.
    """
    for frame in _frames_of(error):
        model = frame.f_locals.get("self")
        if frame.f_code.co_name in STATEFUL and isinstance(model, keras.Model):
            with suppress(Exception):  # the error that is under way matters more
                _restore(model, frame.f_code.co_name, frame.f_locals.get("state", ()))


def _restore(model: keras.Model, method: str, state: Sequence[Sequence[Any]]) -> None:
    if (sync := getattr(model, "jax_state_sync", None)) is not None:
        sync()
    optimizer = getattr(model.optimizer, "variables", [])
    groups = {
        "fit": (model.trainable_variables, model.non_trainable_variables, optimizer, model.metrics_variables),
        "evaluate": (model.trainable_variables, model.non_trainable_variables, model.metrics_variables),
        "predict": (model.trainable_variables, model.non_trainable_variables),
    }[method]
    for variables, values in zip(groups, state, strict=False):
        for variable, value in zip(variables, values, strict=False):
            if variable._value is None and not value.is_deleted():
                variable.assign(value)


def _frames_of(error: BaseException) -> Iterator[FrameType]:
    """From the outermost call to the one that raised."""
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


class Call(NamedTuple):
    """A call of a model's method that is about to run; `caller` is the first part of the calling module's name."""

    caller: str
    method: str
    model: Any
    signature: inspect.Signature
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def arguments(self) -> dict[str, Any]:
        """Those that were passed, by name. TypeError: the method does not take them."""
        return self.signature.bind_partial(self.model, *self.args, **self.kwargs).arguments


@contextmanager
def intercepted(methods: Collection[str], before: Callable[[Call], object]) -> Iterator[None]:
    """Within the block `before` runs before each of these methods of any model.

    It acts on the class, and so on all threads: `before` must know whose calls concern it. Blocks may be nested, and
    overlap in several threads, with the same `methods` and `before`.
    """
    global _blocks
    with _lock:
        _blocks += 1
        if _blocks == 1:
            for name in methods:
                if name in vars(keras.Model):
                    _replaced[name] = vars(keras.Model)[name]
                setattr(keras.Model, name, _preceded(getattr(keras.Model, name), before))
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            if not _blocks:
                for name in methods:
                    delattr(keras.Model, name)  # the trainer's own, which Model inherits, is seen again
                    if name in _replaced:
                        setattr(keras.Model, name, _replaced.pop(name))


def _preceded(method: Callable[..., Any], before: Callable[[Call], object]) -> Callable[..., Any]:
    signature = inspect.signature(method)  # once: it takes as long as the checks of a small batch

    @functools.wraps(method)
    def call(model: Any, *args: Any, **kwargs: Any) -> Any:
        before(Call(_package(sys._getframe(1)), method.__name__, model, signature, args, kwargs))
        return method(model, *args, **kwargs)

    return call
