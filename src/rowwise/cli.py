"""The command line → arguments checked, one command called, errors in one line.

Exit codes: 0 done, 1 failed, 2 wrong usage or bad input; 130, 143 and 129 after SIGINT (Ctrl-C), SIGTERM and SIGHUP.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

from rowwise.environment import debug
from rowwise.errors import OS_REASONS, RowwiseError, os_reason
from rowwise.terminal.signals import OVER, end_at_once, ignore_all
from rowwise.terminal.streams import silence
from rowwise.text import LANGUAGES, say, use_language
from rowwise.text.options import for_shell
from rowwise.text.visible import cut, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FAILED, WRONG, INTERRUPTED = 1, 2, 130
# As XLA, the system's loader of libraries and the system itself say that there is no memory (`ulimit -v`, a container).
OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "failed to map segment", "Cannot allocate memory")
_FORMAT_WARNING = warnings.formatwarning


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Every error is one line on standard error; ROWWISE_DEBUG=1 adds the traceback."""
    own = arguments is None  # the whole process is ours
    given = list(sys.argv[1:] if arguments is None else arguments)
    code = _guarded(lambda: _whole(given, own))  # a signal may come between the parts, or while an error is told
    if own:
        ignore_all()
        if code >= OVER or any(thread.daemon for thread in threading.enumerate()):
            # Keras is still being imported, or XLA was at work, for a command that ended: Python must not tear it down.
            sys.stderr.flush()
            os._exit(code)
    return code


def _whole(given: list[str], own: bool) -> int:
    _prepare_streams()
    warnings.formatwarning = _warning
    warnings.filterwarnings("ignore", module=r"PIL\.")  # of metadata that it cannot make sense of: no news to our user
    if own:
        end_at_once()
    with use_language(_language(given)), for_shell():
        code = _guarded(lambda: _run(given))
        code = _guarded(_flush) or code
        if own:
            ignore_all()
    return code


def _prepare_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by `>&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(stream := getattr(sys, name), "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without arrows must not end a command


def _run(given: list[str]) -> int:
    # Keras, JAX and TensorFlow speak of devices and log levels at their start: no news to our user.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from rowwise.commands import rowwise as commands
    from rowwise.terminal.parsing import call

    return call(commands(), given)


def _guarded(work: Callable[[], int]) -> int:
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
    print(visible(line, lines=True), file=sys.stderr)
    return code


def _warning(*about: Any, **more: Any) -> str:
    """What Python prints of a warning: Keras's may quote names that stand in a stranger's file."""
    return visible(_FORMAT_WARNING(*about, **more), lines=True)


def _flush() -> int:
    """Python would flush at exit, where an error can no longer be reported in a line of ours."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as cause:  # a full disk behind `> file`
        silence(sys.stdout)
        return _failed(f"rowwise: {say('cli.output', cause=os_reason(cause))}", FAILED)
    return 0


def _language(given: list[str]) -> str | None:
    """`--lang` before the line is parsed, so that what is wrong with it is said in that language too."""
    for place, word in enumerate(given):
        wish = word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if word == "--lang" and place + 1 < len(given):
            wish = given[place + 1]
        if wish in LANGUAGES:
            return wish
    return None
