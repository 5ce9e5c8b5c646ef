"""A stream that nobody reads any more → one that leads nowhere; and a line as wide as what it is written to."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Any

from rowwise.text.terminal import WIDTH, wrap

NARROWEST = 40  # columns of a terminal whose size is believed
COMMAND = r"(?<=:) ((?:\S*/)?rowwise(?: \S+)+)$"  # at the end of a sentence, to be copied


def silence(stream: Any) -> None:
    """Lead a stream nowhere: Python would complain when it flushes at the end what could not be written."""
    with suppress(OSError, ValueError):  # a stream of a test has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def for_terminal(text: str, stream: Any) -> str:
    """The text with its long lines broken between words where the stream is a terminal, which breaks them anywhere.

    A command at the end of a line stays whole, in a line of its own; indented lines stay as they are.
    """
    if not stream.isatty():
        return text
    width = WIDTH
    with suppress(OSError, ValueError):
        width = max(os.get_terminal_size(stream.fileno()).columns, NARROWEST)
    return "\n".join(piece for line in text.split("\n") for piece in _pieces(line, width))


def _pieces(line: str, width: int) -> list[str]:
    if len(line.encode()) <= width or line.startswith(" "):
        return [line]
    sentence, *command = re.split(COMMAND, line)[:2]
    return [*wrap(sentence, width), *(f"  {one}" for one in command)]
