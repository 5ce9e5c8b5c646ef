"""A stream that nobody reads any more → one that leads nowhere."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any


def silence(stream: Any) -> None:
    """Lead a stream nowhere: Python would complain when it flushes at the end what could not be written."""
    with suppress(OSError, ValueError):  # a stream of a test has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
