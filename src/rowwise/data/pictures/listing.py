"""The files of a picture tree → the SHA-256 of each and what its header says; a file that is known is not read again.

Known is one whose name, size and times of change are the listing's. The time of the entry's change is among them: a
program can set back the other one, not this. As git does, it is trusted only if the file was two seconds old when it
was read: file systems count in steps.
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

from rowwise.data.pictures.steps import Looking
from rowwise.errors import SaveError
from rowwise.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rowwise.data.pictures.tree import Tree
    from rowwise.data.pictures.workers import Crew

SETTLED = 2_000_000_000  # ns: the coarsest file system counts in steps of two seconds
DIGEST = 32  # bytes of a SHA-256

Progressing = Callable[[str, int], Callable[[int], None]]  # a bar's words and total → what takes how many more are done


class Listing(NamedTuple):
    """What is known of a tree's files, by their rows.

    Attributes:
        digests: `(files, 32)` uint8; zeros for one that cannot be read.
        looks: `(files, 3)` int32: height, width, 1 where it may have colour; zeros for one that is no picture.
    """

    digests: NDArray[np.uint8]
    looks: NDArray[np.int32]

    def digest(self, row: int) -> str:
        """Hexadecimal; empty for one that cannot be read."""
        digest = self.digests[row]
        return digest.tobytes().hex() if digest.any() else ""


def listing(tree: Tree, folder: Path, crew: Crew, step: Progressing) -> Listing:
    """From the tree's listing in `folder`; what is not known yet is read, and written there.

    Raises:
        SaveError: the listing cannot be written.
    """
    count = len(tree.names)
    found = Listing(np.zeros((count, DIGEST), np.uint8), np.zeros((count, 3), np.int32))
    place = folder / f"{hashlib.sha256(os.fsencode(tree.folder.resolve())).hexdigest()[:DIGEST]}.npz"
    names, now = joined(tree.names), time.time_ns()
    known = _recall(place, names, tree, found)
    if known.all():
        return found
    missing = np.flatnonzero(~known).tolist()
    rows = iter(missing)
    some = [tree.names[row] for row in missing]
    for answer in crew.do(Looking(str(tree.folder)), some, step("folder.bar.reading", len(missing))):
        for digest, look, row in zip(answer["digests"], answer["looks"], rows, strict=False):
            if digest:
                found.digests[row] = np.frombuffer(bytes.fromhex(digest), np.uint8)
            if look:
                found.looks[row] = look
    settled = (tree.facts[:, 1:].max(1) < now - SETTLED) & found.digests.any(1)
    content = io.BytesIO()
    flat = np.frombuffer(names, np.uint8)
    np.savez(content, names=flat, facts=tree.facts, settled=known | settled, **found._asdict())
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(place, content.getvalue())
    return found


def _recall(place: Path, names: bytes, tree: Tree, found: Listing) -> NDArray[np.bool_]:
    """Fill `found` from the listing; `(files,)`: which rows of it could be."""
    known = np.zeros(len(tree.names), bool)
    mine: tuple[NDArray[Any], ...] = (found.digests, found.looks)
    try:
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as kept:
            before, facts, settled, *values = (kept[name] for name in ("names", "facts", "settled", *Listing._fields))
        rows = len(settled)
        if facts.shape != (rows, tree.facts.shape[1]):
            return known
        if any(
            old.shape != (rows, *new.shape[1:]) or old.dtype != new.dtype for old, new in zip(values, mine, strict=True)
        ):
            return known
    except Exception:  # none yet; or damaged, in any way that NumPy and zipfile can find
        return known
    if before.tobytes() == names:
        known = settled & (facts == tree.facts).all(1)
        for old, new in zip(values, mine, strict=True):
            new[known] = old[known]
        return known
    places = {name: row for row, name in enumerate(before.tobytes().split(b"\0"))}
    for row, name in enumerate(names.split(b"\0")):
        at = places.get(name, rows)
        if at < rows and settled[at] and (facts[at] == tree.facts[row]).all():
            known[row] = True
            for old, new in zip(values, mine, strict=True):
                new[row] = old[at]
    return known


def joined(names: Sequence[str]) -> bytes:
    """Names as one text that no other names give."""
    return os.fsencode("\0".join(names))


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raises SaveError where the file system refuses to keep what belongs into the cache."""
    try:
        yield
    except OSError as cause:
        raise SaveError("folder.cache", path=folder, cause=cause.strerror or cause) from cause
