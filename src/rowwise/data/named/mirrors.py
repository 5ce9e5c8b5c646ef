"""Mirrors → verified files in a folder, each from the first mirror that gives it whole.

pooch downloads beside the file's place, compares the MD5, then renames: a file is there whole or not at all.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from rowwise.errors import SaveError, os_reason
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.progress import Progress, TaskID

TIMEOUT = (5.0, 30.0)  # seconds to connect, and between two packets
CHUNK = 64 * 1024  # bytes between two moves of a bar


def fetch(
    files: Mapping[str, str], folder: Path, mirrors: Sequence[str], timeout: tuple[float, float] = TIMEOUT
) -> list[str]:
    """Download what `folder` lacks; a file in it that has the right MD5 is left alone.

    A mirror that failed, in whatever way, is asked last for the files that follow.

    Args:
        files: MD5s by file name.
        folder: the target folder; created if needed.
        mirrors: URLs of the folders that hold the files, the preferred one first.
        timeout: seconds to connect, and between two packets.

    Returns:
        Empty when all files are in the folder. Else each mirror's answer for the first file that none gave.

    Raises:
        SaveError: the folder cannot be written or is full: no other mirror would help.
    """
    import pooch
    import requests  # type: ignore[import-untyped,unused-ignore]

    pooch.get_logger().setLevel("WARNING")  # a bar shows each download already
    order = list(mirrors)
    with _progress() as progress:
        for name, md5 in files.items():
            answers = []
            bar = _Bar(progress, name) if progress else None
            for mirror in list(order):
                url = f"{mirror.rstrip('/')}/{name}"
                if bar:
                    bar.begin()
                downloader = pooch.HTTPDownloader(progressbar=bar or False, chunk_size=CHUNK, timeout=timeout)
                try:
                    pooch.retrieve(url, f"md5:{md5}", name, str(folder), downloader=downloader)
                    break
                except Exception as cause:
                    # What requests raises is an OSError too.
                    network = isinstance(cause, (requests.RequestException, ConnectionError, TimeoutError))
                    if isinstance(cause, OSError) and not network:
                        first = cause.__cause__ if isinstance(cause.__cause__, OSError) else cause
                        raise SaveError("mirror.folder", path=folder, cause=os_reason(first)) from cause
                    answers.append(f"{url}: {_answer(cause)}")
                    order.remove(mirror)
                    order.append(mirror)
            else:
                return answers
    return []


def _answer(cause: Exception) -> str:
    """What a mirror answered, in a few words."""
    import requests

    if isinstance(cause, requests.HTTPError) and cause.response is not None:
        return say("mirror.status", code=cause.response.status_code, reason=cause.response.reason)
    # A time-out in the middle of a body comes wrapped in a ConnectionError.
    if isinstance(cause, (requests.Timeout, TimeoutError)) or "timed out" in str(cause):
        return say("mirror.slow")
    if isinstance(cause, requests.exceptions.SSLError):
        return say("mirror.certificate")
    if isinstance(cause, (requests.exceptions.ChunkedEncodingError, ConnectionResetError)):
        return say("mirror.cut")
    if isinstance(cause, (requests.ConnectionError, ConnectionError)):
        return say("mirror.unreachable")
    if isinstance(cause, ValueError) and not isinstance(cause, requests.RequestException):
        return say("mirror.checksum")
    return f"{type(cause).__name__}: {cause}"[:200]


def _progress() -> Any:
    """rich's bars where standard error is a terminal, else a context that gives None."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=Console(stderr=True), expand=True)


class _Bar:
    """One file's line among the bars, with the interface that pooch asks for."""

    total = 0  # bytes; pooch sets it, to 0 where the server does not say

    def __init__(self, progress: Progress, name: str) -> None:
        self.progress = progress
        self.task: TaskID = progress.add_task(say("mirror.fetching", file=name), total=None)
        self.seen = 0

    def begin(self) -> None:
        """Start again, for another mirror."""
        self.seen = 0
        self.progress.reset(self.task)

    def update(self, count: int) -> None:
        # pooch counts whole chunks, and the total once more at the end.
        self.seen = min(self.seen + count, self.total or self.seen + count)
        self.progress.update(self.task, completed=self.seen, total=self.total or None)

    def reset(self) -> None:
        """pooch calls it at the end, to count the total anew: nothing to do."""

    def close(self) -> None:
        """The bars are closed together."""
