"""The files of a picture tree → the SHA-256 and header of each; a file that was read before is not read again.

It was where its name, size and times of change are the kept listing's. The time of the entry's change is among them: a
program can set back the content's, not this. As git does, a listing is trusted only for files that were two seconds old
when they were read: file systems count in steps.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.pictures.steps import ReadHeaders
from rowwise.errors import SaveError, os_reason
from rowwise.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rowwise.data.pictures.tree import Tree
    from rowwise.data.pictures.workers import Workers

SETTLED = 2_000_000_000  # ns: the coarsest file system counts in steps of two seconds
DIGEST = 32  # bytes of a SHA-256
HEADER = 4  # numbers of a header

StartBar = Callable[
    [str, int], Callable[[int], None]
]  # what is done (a key) and how many → takes how many more are done


class Listing(NamedTuple):
    """What the files of a tree hold, by their rows.

    Attributes:
        digests: `(files, 32)` uint8; zeros for one that cannot be read.
        headers: `(files, 4)` int32: height, width, 1 where it may have colour, the largest value where it has more than
            8 bits; zeros for one that is no picture.
    """

    digests: NDArray[np.uint8]
    headers: NDArray[np.int32]

    def digest(self, row: int) -> bytes:
        """Empty for a file that cannot be read."""
        digest = self.digests[row]
        return digest.tobytes() if digest.any() else b""

    @property
    def is_picture(self) -> NDArray[np.bool_]:
        """`(files,)`: by their headers; the pixels behind them may yet be damaged."""
        return self.headers[:, 0] > 0

    @property
    def sizes(self) -> NDArray[np.int32]:
        """`(pictures, 2)`: heights and widths; a single 1×1 where no file is a picture."""
        return self.headers[self.is_picture, :2] if self.is_picture.any() else np.ones((1, 2), np.int32)


def listing(tree: Tree, folder: Path, workers: Workers, start_bar: StartBar) -> Listing:
    """The tree's listing, kept in `folder`; only files that are not in it, or have changed, are read.

    Raises:
        SaveError: the listing cannot be written.
    """
    count = len(tree.names)
    files = Listing(np.zeros((count, DIGEST), np.uint8), np.zeros((count, HEADER), np.int32))
    path = folder / f"{hashlib.sha256(os.fsencode(tree.folder.resolve())).hexdigest()[:DIGEST]}.npz"
    names, now = joined(tree.names), time.time_ns()
    kept = _recall(path, names, tree, files)
    if kept.all():
        return files
    rows = np.flatnonzero(~kept).tolist()
    unread = [tree.names[row] for row in rows]
    advance = start_bar("folder.bar.reading", len(unread))
    for start, answer in workers.answers(ReadHeaders(str(tree.folder)), unread, advance):
        some = rows[start : start + len(answer.digests)]
        for row, digest, header, brightest in zip(some, *answer, strict=True):
            if digest:
                files.digests[row] = np.frombuffer(digest, np.uint8)
            if header:
                files.headers[row] = (header.height, header.width, header.colour, brightest)
    settled = (tree.stats[:, 1:].max(1) < now - SETTLED) & files.digests.any(1)
    arrays = {"names": np.frombuffer(names, np.uint8), "facts": tree.stats, "settled": kept | settled}
    content = io.BytesIO()
    np.savez(content, **arrays, digests=files.digests, headers=files.headers)
    with cache_written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(path, content.getvalue())
    return files


def _recall(path: Path, names: bytes, tree: Tree, files: Listing) -> NDArray[np.bool_]:
    """Fill `files` from the kept listing; `(files,)`: the rows that could be filled."""
    filled = np.zeros(len(tree.names), bool)
    arrays: tuple[NDArray[Any], ...] = (files.digests, files.headers)
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            kept_names, stats, settled = (kept[name] for name in ("names", "facts", "settled"))
            before = kept["digests"], kept["headers"]
        rows = len(settled)
        if stats.shape != (rows, tree.stats.shape[1]):
            return filled
        for old, new in zip(before, arrays, strict=True):
            if old.shape != (rows, *new.shape[1:]) or old.dtype != new.dtype:
                return filled
    except Exception:  # none yet; or damaged, in any way that NumPy and zipfile can find
        return filled
    if kept_names.tobytes() == names:
        filled = settled & (stats == tree.stats).all(1)
        for old, new in zip(before, arrays, strict=True):
            new[filled] = old[filled]
        return filled
    old_rows = {name: row for row, name in enumerate(kept_names.tobytes().split(b"\0"))}
    for row, name in enumerate(names.split(b"\0")):
        at = old_rows.get(name, rows)
        if at < rows and settled[at] and (stats[at] == tree.stats[row]).all():
            filled[row] = True
            for old, new in zip(before, arrays, strict=True):
                new[row] = old[at]
    return filled


def joined(names: Sequence[str]) -> bytes:
    """Names as one text that no other names give."""
    return os.fsencode("\0".join(names))


@contextmanager
def cache_written(folder: Path) -> Iterator[None]:
    """Raises SaveError where the file system refuses what belongs into the cache."""
    try:
        yield
    except OSError as cause:
        raise SaveError("folder.cache", path=folder, cause=os_reason(cause)) from cause
