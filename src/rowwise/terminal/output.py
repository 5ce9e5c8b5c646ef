"""What a command has to say → the stream where it belongs."""

from __future__ import annotations

import errno
import json
import shutil
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from rowwise.errors import SaveError, UsageError, os_reason, warnings_to
from rowwise.files import check_place, write_whole
from rowwise.json_text import plain
from rowwise.terminal.streams import for_terminal, silence
from rowwise.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

Done = TypeVar("Done")
FORMATS = {".txt": "text", ".html": "html", ".svg": "svg", ".json": "json", ".png": "png"}  # by endings of files


class Output:
    """Where a command's words go.

    What a command is for (a report, classes, a list) is its `result` and goes to standard output.
    Accompanying lines (data, engine, progress, where things were saved) go to `tell`: on standard output where that
    is a terminal, else on standard error, so that a pipe or a file gets the result alone. With `--json` one
    object stands on standard output and everything else on standard error, whichever code prints it: within
    the `with` block what Keras or JAX might print is led there too. What rowwise warns of there goes to `warn`.

    A reader that goes away (`rowwise … | head`) does not end the command, which may have a trained
    model to save.
    """

    def __init__(self, json: bool = False, quiet: bool = False) -> None:
        self._json, self._quiet = json, quiet
        self._out, self._err = (
            _LastingStream(sys.stdout, _reader_gone),
            _LastingStream(sys.stderr, lambda error: True),
        )
        self._redirected = ExitStack()

    def __enter__(self) -> Self:
        self._redirected.enter_context(redirect_stderr(self._err))
        self._redirected.enter_context(redirect_stdout(self._err if self._json else self._out))
        self._redirected.enter_context(warnings_to(self.warn))
        return self

    def __exit__(self, *error: Any) -> None:
        self._redirected.__exit__(*error)

    def result(self, text: str) -> None:
        """What the command is for. Raises SaveError where standard output cannot be written."""
        if not self._quiet:
            self._err.line(text) if self._json else self._answer(text)

    def tell(self, text: str) -> None:
        """What goes with the result."""
        if not self._quiet:
            (self._out if self._out.isatty() and not self._json else self._err).prose(text)

    def warn(self, text: str) -> None:
        """What must not be missed, `--quiet` or not."""
        self._err.prose(f"rowwise: {text}")

    def json(self, record: Any) -> None:
        """The one object, where `--json` asks for it. Raises SaveError as `result`."""
        if self._json:
            text = json.dumps(plain(record), allow_nan=False)  # ASCII: right on every terminal and pipe
            self._answer(text.replace("\x7f", "\\u007f"))  # the one control character that JSON lets stand

    def lines(self, make: Callable[[Callable[[bytes], object]], Done]) -> Done:
        """What `make(write)` gives, its text written to standard output: with `--json`, JSON lines, a row each.

        Raises:
            SaveError: as `result`.
        """
        try:
            done = make(lambda content: self._out.write(content.decode()))
            self._out.flush()
        except OSError as cause:
            silence(self._out)
            raise SaveError("cli.output", cause=os_reason(cause)) from cause
        return done

    def _answer(self, text: str) -> None:
        try:
            self._out.line(text)
        except OSError as cause:  # a full disk behind `> file`
            silence(self._out)
            raise SaveError("cli.output", cause=os_reason(cause)) from cause


class _LastingStream:
    """A text stream that discards what follows once an error that is `overlooked` has ended it."""

    def __init__(self, stream: TextIO, overlooked: Callable[[OSError], bool]) -> None:
        self._stream, self._overlooked = stream, overlooked

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._overlook(error)
            return len(text)

    def write_bytes(self, content: bytes) -> None:
        """In whatever encoding they are."""
        try:
            self._stream.flush()
            self._stream.buffer.write(content)
        except OSError as error:
            self._overlook(error)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._overlook(error)

    def _overlook(self, error: OSError) -> None:
        if not self._overlooked(error):
            raise error
        silence(self._stream)

    def line(self, text: str) -> None:
        self.write(f"{visible(text, lines=True)}\n")
        self.flush()

    def prose(self, text: str) -> None:
        """As `line`; what is too long for a terminal is broken between words."""
        self.line(for_terminal(text, self._stream))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _reader_gone(error: OSError) -> bool:
    """`rowwise … | head`, or a terminal that was closed."""
    return isinstance(error, BrokenPipeError) or error.errno == errno.EIO


def called() -> str:
    """How this program was started, for commands to copy: `rowwise`, `.venv/bin/rowwise`, `python -m rowwise`."""
    program = Path(sys.argv[0])
    if program.stem == "__main__":
        return f"{Path(sys.executable).name} -m rowwise"
    if program.stem != "rowwise" or shutil.which("rowwise"):  # called from Python, or found by its name
        return "rowwise"
    with suppress(ValueError):  # on another drive, or not below this folder
        return str(program.absolute().relative_to(Path.cwd()))
    return str(program)


def format_of(out: Path | None, chosen: str | None, formats: Sequence[str], key: str) -> str:
    """The format that a file's name ends in, else the one that was chosen, else text.

    Raises:
        UsageError: the ending is of none, or of another than was chosen; or the format is none of `formats`, which the
            message `key` names. SaveError: `out` names no place for a file.
    """
    if out is not None:
        check_place(out)
        ending = out.suffix.lower()
        if ending and ending not in FORMATS:
            endings = ", ".join(end for end, name in FORMATS.items() if name in formats)
            raise UsageError("explain.suffix", path=out, known=endings)
        if ending and chosen not in (None, FORMATS[ending]):
            raise UsageError("explain.format", path=out, found=chosen)
        chosen = FORMATS.get(ending, chosen)
    if chosen not in (None, *formats):
        raise UsageError(key, found=chosen, known=", ".join(formats))
    return chosen or "text"


def write_out(path: Path | None, make: Callable[[Callable[[bytes], object]], Done]) -> Done:
    """What `make(write)` gives, its text written to `path`, whole or not at all, else to standard output.

    Raises:
        SaveError: it cannot be written.
    """
    if path is not None:
        return write_whole(path, make)
    out = sys.stdout
    terminal = out.isatty()

    def write(content: bytes) -> None:
        if terminal:
            out.write(visible(content.decode("utf-8-sig", "replace"), lines=True))
        elif isinstance(out, _LastingStream):
            out.write_bytes(content)  # a pipe or file gets the content as it is
        else:
            out.write(content.decode())

    try:
        out.flush()
        done = make(write)
        out.flush()
    except OSError as cause:
        raise SaveError("cli.output", cause=os_reason(cause)) from cause
    return done
