"""The command line → arguments checked, one command called, errors in one line.

Exit codes: 0 done, 1 failed, 2 wrong usage or bad input; 130, 143 and 129 after SIGINT (Ctrl-C), SIGTERM and SIGHUP.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING

from rowwise.terminal import failures
from rowwise.terminal.failures import flush_output, guarded, warning_line
from rowwise.terminal.signals import OVER, end_at_once, ignore_all
from rowwise.text import LANGUAGES, use_language
from rowwise.text.options import for_shell

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Every error is one line on standard error; ROWWISE_DEBUG=1 adds the traceback."""
    own = arguments is None  # the whole process is ours
    given = list(sys.argv[1:] if arguments is None else arguments)
    code = guarded(lambda: _whole(given, own))  # a signal may come between the parts, or while an error is told
    if own:
        ignore_all()
        if code >= OVER or failures.ends_at_once or any(thread.daemon for thread in threading.enumerate()):
            # Keras is still being imported, or XLA was at work, for a command that ended: Python must not tear it down.
            sys.stderr.flush()
            os._exit(code)
    return code


def _whole(given: list[str], own: bool) -> int:
    _prepare_streams()
    warnings.formatwarning = warning_line
    warnings.filterwarnings("ignore", module=r"PIL\.")  # of metadata that it cannot make sense of: no news to our user
    if own:
        end_at_once()
    with use_language(_language(given)), for_shell():
        code = guarded(lambda: _run(given))
        code = guarded(flush_output) or code
        if own:
            ignore_all()
    return code


def _prepare_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream := getattr(sys, name), "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without arrows must not end a command


def _run(given: list[str]) -> int:
    # Keras, JAX and TensorFlow speak of devices and log levels at their start: no news to our user.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from rowwise.commands import rowwise as commands
    from rowwise.terminal.address_space import checked_before_keras
    from rowwise.terminal.parsing import call

    with checked_before_keras():
        return call(commands(), given)


def _language(given: list[str]) -> str | None:
    """`--lang` before the line is parsed, so that what is wrong with it is said in that language too."""
    for place, word in enumerate(given):
        wish = word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if word == "--lang" and place + 1 < len(given):
            wish = given[place + 1]
        if wish in LANGUAGES:
            return wish
    return None
