"""What can go wrong, in words → one tree of exceptions.

RowwiseError                  base: everything rowwise raises on purpose
├── UsageError                an invalid argument (zero epochs, an unknown engine)                 exit 2
│   └── CallError             an argument that a function does not have, or lacks                exit 2
├── DataError                 data that are missing, broken or contradictory                     exit 2
│   └── DataNotFound          a named data set that is in none of the places looked at           exit 2
├── ShapeError                an array that does not fit the model                               exit 2
├── EstimatorError           any of the others, raised by an estimator of scikit-learn            as its cause
├── ModelError                a model or model file that cannot be used                          exit 2
├── HostError                 another host of the same training no longer answers                 exit 1
└── SaveError                 the file system refused (full, read-only)                          exit 1

Suspicious                    a warning: data or a model that may be intended, but rarely are

Each carries the key of its message in the catalogue and the values that fill it: what was
expected, what was found, what to do. `str(error)` is the sentence in the current language.
"""

from __future__ import annotations

import errno
import sys
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from rowwise.text import say
from rowwise.text.visible import cut, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_listener: ContextVar[Callable[[str], object] | None] = ContextVar("rowwise_listener", default=None)


# The system's refusals that users meet → what we say instead; Python has them in English alone.
OS_REASONS = {
    errno.ENOENT: "os.missing",
    errno.EACCES: "os.permission",
    errno.EPERM: "os.permission",
    errno.EISDIR: "file.is.folder",
    errno.ENOTDIR: "os.no_folder",
    errno.ENOSPC: "os.space",
    errno.EDQUOT: "os.quota",
    errno.EROFS: "os.read_only",
    errno.ENAMETOOLONG: "os.long_name",
    errno.EMFILE: "os.open_files",
    errno.ELOOP: "os.links",
}
# Of errors that libraries such as Polars raise without a number.
_NUMBERS: dict[type[BaseException], int] = {PermissionError: errno.EACCES, FileNotFoundError: errno.ENOENT}


def os_reason(cause: BaseException) -> str:
    """Why the operating system refused, in the current language where the catalogue knows the reason."""
    number = getattr(cause, "errno", None) or _NUMBERS.get(type(cause), 0)
    if (key := OS_REASONS.get(number)) is not None:
        return say(key)
    return getattr(cause, "strerror", None) or str(cause)


class RowwiseError(Exception):
    """Base of rowwise's errors.

    Args:
        key: the message's key in the catalogue, such as `"fit.epochs"`.
        **values: what fills the message.
    """

    exit_code = 2

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        return say(self.key, **{name: cut(value) for name, value in self.values.items()})

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in a traceback's place: the user's own line, and the sentence."""
        import linecache
        from traceback import walk_tb

        place = next((frame for frame in reversed(list(walk_tb(self.__traceback__))) if not _is_ours(frame[0])), None)
        shown = []
        if place is not None:
            code, line = place[0].f_code, place[1]
            text = linecache.getline(code.co_filename, line, place[0].f_globals).strip()
            shown = [f"{line:>4}  {text}"] if text else []
        return [*shown, f"{type(self).__name__}: {self}"]

    def _repr_html_(self) -> str:
        """As the value of a cell, such as what `check` has found."""
        from html import escape

        style = "border-left:4px solid #c9781f;padding:4px 10px"
        return f'<p style="{style}"><b>{type(self).__name__}</b> {escape(str(self))}</p>'


class UsageError(RowwiseError):
    """An invalid argument."""


class CallError(UsageError, TypeError):
    """A call that does not fit the function, as a typing slip in an argument's name; a TypeError to Python."""


class DataError(RowwiseError):
    """Data that are missing, broken or contradictory."""


class DataNotFound(DataError):
    """A named data set that is in none of the places looked at."""


class ShapeError(RowwiseError):
    """An array that does not fit the model, or rows and columns exchanged."""


class ModelError(RowwiseError):
    """A model, or a model's file, that cannot be used."""


class EstimatorError(RowwiseError, ValueError):
    """Any of the others, raised by an estimator of scikit-learn, whose users expect a ValueError; it is the cause."""

    @classmethod
    def of(cls, error: RowwiseError) -> EstimatorError:
        """The same in the same words."""
        same = cls(error.key, **error.values)
        same.exit_code = error.exit_code
        return same


class SaveError(RowwiseError):
    """The file system refused to take what was to be written."""

    exit_code = 1


class HostError(RowwiseError):
    """Another host of the same training no longer answers."""

    exit_code = 1


class Suspicious(UserWarning):
    """What may be intended but rarely is: pixels that nothing scales, softmax with binary cross-entropy."""


def _is_ours(frame: FrameType) -> bool:
    """Whether it is no line of the user's: one of rowwise's, of a library's, or of the notebook's own machinery."""
    name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return name in ("rowwise", "keras", "jax", "IPython", "sklearn", "contextlib")


def warn_user(message: str) -> None:
    """A `Suspicious` warning at the line that called rowwise, not at one of ours; or to the listener, if any."""
    message = visible(message, lines=True)
    if (listener := _listener.get()) is not None:
        with warnings_to(None):  # what a listener itself warns of is Python's warning
            listener(message)
        return
    level, frame = 1, sys._getframe()
    ours = ("rowwise.", "contextlib")  # a block of ours is left through the latter
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(ours):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, Suspicious, stacklevel=level)


@contextmanager
def warnings_to(listener: Callable[[str], object] | None) -> Iterator[None]:
    """Within the block, and this thread, `listener` is called with what `warn_user` would warn of; None: not at all.

    Unlike `warnings.catch_warnings`, which acts on the whole process, it may be used by several threads at once.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
