"""What a command raises → one line on standard error, and its exit code."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from rowwise.environment import debug
from rowwise.errors import OS_REASONS, RowwiseError, os_reason
from rowwise.terminal.streams import for_terminal, silence
from rowwise.text import say
from rowwise.text.visible import cut, visible

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED, WRONG, INTERRUPTED = 1, 2, 130
# As XLA, the system's loader of libraries and the system itself say that there is no memory (`ulimit -v`, a container).
OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "failed to map segment", "Cannot allocate memory")
_FORMAT_WARNING = warnings.formatwarning


ends_at_once = False  # set where what a command has begun would keep Python from ending, or fail as it does


def guarded(work: Callable[[], int]) -> int:
    """The exit code of `work`, whatever it raises."""
    try:
        return work()
    except BrokenPipeError:  # `rowwise --help | head`: the reader has closed the pipe
        silence(sys.stdout)
        return 0
    except KeyboardInterrupt as ending:
        code = getattr(ending, "exit_code", INTERRUPTED)
        line = "\n" if code == INTERRUPTED else ""  # the terminal shows ^C
        return _failed(f"{line}rowwise: {ending if ending.args else say('cli.interrupted')}", code)
    except RowwiseError as error:
        return _failed(f"rowwise: {error}", error.exit_code)
    except ModuleNotFoundError as error:
        return _failed(f"rowwise: {_missing(error)}", WRONG)
    except Exception as error:
        if isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY):
            return _failed(f"rowwise: {say('cli.memory')}", FAILED)
        if isinstance(error, OSError) and error.filename and error.errno in OS_REASONS:
            values = {"file": os.fsdecode(error.filename), "cause": os_reason(error)}
            return _failed(f"rowwise: {say('idx.missing', **values)}", WRONG)
        first = cut((str(error).strip() or "—").splitlines()[0])
        return _failed(f"rowwise: {say('cli.unexpected', cause=f'{type(error).__name__}: {first}')}", FAILED)


def _missing(error: ModuleNotFoundError) -> str:
    """A library is not installed: Keras's backend, most likely, where the environment asks for another than JAX."""
    backend = os.environ.get("KERAS_BACKEND", "jax")
    if backend != "jax":
        return say("cli.backend", backend=backend, name=error.name)
    return say("cli.unexpected", cause=f"{type(error).__name__}: {error}")


def _failed(line: str, code: int) -> int:
    if debug():
        import traceback

        traceback.print_exc()
    print(for_terminal(visible(line, lines=True), sys.stderr), file=sys.stderr)
    return code


def warning_line(*about: Any, **more: Any) -> str:
    """What Python prints of a warning: Keras's may quote names that stand in a stranger's file."""
    return visible(_FORMAT_WARNING(*about, **more), lines=True)


def flush_output() -> int:
    """Python would flush at exit, where an error can no longer be reported in a line of ours."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as cause:  # a full disk behind `> file`
        silence(sys.stdout)
        return _failed(f"rowwise: {say('cli.output', cause=os_reason(cause))}", FAILED)
    return 0
