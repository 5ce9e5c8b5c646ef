"""Options within a message → as the caller writes them: `--target price` in a shell, `target="price"` in Python.

The catalogue has them as a shell does. A value that is a plain word is joined by `=`, as in `--task=regression`: after
a space it would look like the rest of the sentence, as in `--decimal says otherwise`.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from rowwise.text.visible import cut, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = (
    *("batch-size", "epochs", "fold", "folds", "header", "learning-rate", "patience", "row", "seed", "seeds", "size"),
    *("split-seed", "test", "trials", "validation"),
)
LONGEST_GIVEN = 80  # characters of a value that an error quotes
FLAGS = {"skip-bad": "skip_bad=True", "no-early-stopping": "patience=0"}

_NAME = r"(?<![\w-])--(?P<name>[a-z][a-z-]*|\{\w+\})"
_VALUE = r'\{\w+\}|"[^"]*"|[0-9][0-9x.]*(?<!\.)|[A-Z]{2,}'  # after a space
_WORD = r"[A-Za-z][\w.-]*(?<!\.)"
# Compiled where they are needed, and kept by `re`: --help needs one at most.
_OPTION = rf"(?a:{_NAME}(?:=(?P<word>{_WORD})| (?P<value>{_VALUE}))?)"
_JOINED = rf"(?a:{_NAME}=(?P<word>{_WORD}))"
_COMMAND = rf"(?a:rowwise train((?: --[a-z-]+ (?:{_VALUE}))+))"

_shell: ContextVar[bool] = ContextVar("rowwise_shell", default=False)


@contextmanager
def for_shell() -> Iterator[None]:
    """Within the block, messages are read by somebody who typed a command."""
    token = _shell.set(True)
    try:
        yield
    finally:
        _shell.reset(token)


def option(name: str, value: object = None) -> str:
    """A setting by its name in Python, such as `split_seed`, as the caller writes it; None for no value."""
    text = "" if value is None else as_argument(value)
    if _shell.get():
        return f"--{name.replace('_', '-')} {text}".rstrip()
    return f"{name}={text}"


def as_argument(value: object) -> str:
    """A value as the caller writes it: `100,30` in a shell, `(100, 30)` in Python."""
    if _shell.get():
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f'"{value}"' if isinstance(value, str) else str(value)


def as_given(value: object) -> str:
    """The beginning of a value that cannot be used, as the caller wrote it."""
    return str(cut(as_argument(value), LONGEST_GIVEN)) if _shell.get() else shown(value, LONGEST_GIVEN)


def as_called(message: str) -> str:
    """A message of the catalogue, not filled in yet, with its options as the caller writes them."""
    if "--" not in message:
        return message
    if _shell.get():
        return re.sub(_JOINED, r"--\g<name> \g<word>", message)
    message = message.replace("rowwise train --help", "help(rowwise.train)")
    message = re.sub(_COMMAND, lambda command: f"rowwise.train({', '.join(_arguments(command[1]))})", message)
    return re.sub(_OPTION, lambda found: _argument(found["name"], found["word"] or found["value"]), message)


def _arguments(options: str) -> list[str]:
    return [_argument(found["name"], found["value"]) for found in re.finditer(_OPTION, options)]


def _argument(name: str, value: str | None) -> str:
    """`name="value"`; `name=` where the message gives no value."""
    if name in FLAGS:
        return FLAGS[name]
    if value is None:
        value = ""
    elif not value.startswith('"') and not (name in NUMBERS and re.fullmatch(r"[0-9.]+|\{\w+\}|[A-Z]+", value)):
        value = f'"{value}"'
    return f"{name.replace('-', '_')}={value}"
