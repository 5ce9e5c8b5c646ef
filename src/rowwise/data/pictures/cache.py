"""The files of a picture tree → one memory-mapped array of records, decoded once and kept in rowwise's cache.

The cache (`$ROWWISE_CACHE` or the system's place) holds under `pictures/`:

- `listings/`: for each folder what `picture_listing` knows of its files.
- `<key>/`: the records `x.npy` and what is known of them, `about.json`. The key is the SHA-256 of all names and
  contents and of what was asked for, so a folder that was moved or touched is decoded no second time, and one whose
  content has changed always is.

All of it can be deleted at any time. Records that nobody has used for a month are.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.cores import usable_cores
from rowwise.data.dataset import WHOLE
from rowwise.data.pictures.file import hush, is_colourful, whole
from rowwise.data.pictures.listing import DIGEST, Progressing, joined, listing, writing
from rowwise.data.pictures.steps import Decoding
from rowwise.data.pictures.workers import Crew
from rowwise.environment import cache_folder
from rowwise.errors import DataError, SaveError
from rowwise.files import PARTIAL, unfinished, write_through
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from rich.progress import Progress

    from rowwise.data.pictures.listing import Listing
    from rowwise.data.pictures.tree import Tree

FORM = 1  # of what lies in the cache: a change of it, or of how pictures are decoded, adds one
RECORDS, ABOUT = "x.npy", "about.json"
LONGEST_SIDE = 64  # pixels, of records whose size nobody chose
SAMPLE = 300  # pictures whose pixels are looked at for colour
MONTH = 30 * 24 * 3600  # seconds


class Bad(NamedTuple):
    """A file that is no picture that can be used: its row in the tree, and why, as the catalogue's key and values."""

    row: int
    kind: str
    values: dict[str, str]

    def reason(self) -> str:
        """Why, in words."""
        return say(f"folder.bad.{self.kind}", **self.values)


class Prepare(NamedTuple):
    """How a picture becomes a record: the name that a run keeps, and `(path, shape, notes, content) → record`.

    The latter is a function of a module of ours: other processes import it.
    """

    name: str
    record: Callable[[str, tuple[int, ...], list[str], bytes | None], NDArray[np.uint8]]


WHOLLY = Prepare(WHOLE, whole)


class Decoded(NamedTuple):
    """The records of a tree.

    Attributes:
        x: `(files, height, width)` or `(files, height, width, 3)` uint8, read-only, memory-mapped; black where bad.
        bad: the files that could not be used.
        least, most: smallest and largest `(height, width)` of the files' pictures.
        key: of the content, hexadecimal.
    """

    x: NDArray[np.uint8]
    bad: list[Bad]
    least: tuple[int, int]
    most: tuple[int, int]
    key: str


def decoded(
    tree: Tree, size: tuple[int, int] | None = None, colour: bool | None = None, prepare: Prepare = WHOLLY
) -> Decoded:
    """The tree's pictures, from the cache where their content is known.

    Args:
        tree: the files.
        size: `(height, width)` of a record; None for the middle (median) height and width of all pictures, both
            scaled down so that the longer side has 64 pixels at most: pictures of one small size stay as they are.
        colour: True for RGB, False for grey; None for what they are: RGB where the pixels of one of 300 have colour.
        prepare: how a file becomes a record.

    Raises:
        DataError: a file changes while it is read; no file can be used. SaveError: the cache cannot be written.
    """
    hush()
    folder = cache_folder() / "pictures"
    with _progress() as step, Crew(len(tree.names)) as crew:
        files = listing(tree, folder / "listings", crew, step)
        key = _key(tree, files.digests, size, colour, prepare.name)
        if (known := _known(folder / key, len(tree.names))) is None:
            _decode(tree, files, size, colour, prepare, folder / key, crew, step)
            known = _known(folder / key, len(tree.names))
    if known is None:
        raise SaveError("folder.cache", path=folder, cause="—")
    return known


def looked(
    tree: Tree, size: tuple[int, int] | None = None, colour: bool | None = None
) -> tuple[tuple[int, ...], NDArray[np.bool_]]:
    """The shape of a record that `decoded` would make, and `(files,)` which are pictures by their headers.

    At most 300 files are decoded, where nobody chose the colour.

    Raises:
        SaveError: the cache cannot be written.
    """
    hush()
    with _progress() as step, Crew(len(tree.names)) as crew:
        files = listing(tree, cache_folder() / "pictures" / "listings", crew, step)
    return _shape(tree, files, size, colour), files.looks[:, 0] > 0


def _shape(tree: Tree, known: Listing, size: tuple[int, int] | None, colour: bool | None) -> tuple[int, ...]:
    height, width = size or _chosen(_sizes(known))
    if colour is None:
        colour = _has_colour(tree, np.flatnonzero(known.looks[:, 2]))
    return (height, width, 3) if colour else (height, width)


def _sizes(known: Listing) -> NDArray[np.int32]:
    """`(pictures, 2)`: heights and widths."""
    pictures = known.looks[:, 0] > 0
    return known.looks[pictures, :2] if pictures.any() else np.ones((1, 2), np.int32)


def _key(
    tree: Tree, digests: NDArray[np.uint8], size: tuple[int, int] | None, colour: bool | None, prepared: str
) -> str:
    asked = json.dumps([FORM, size, colour, prepared]).encode()
    return hashlib.sha256(b"\0".join((asked, joined(tree.names), digests.tobytes()))).hexdigest()


def _known(entry: Path, files: int) -> Decoded | None:
    """What lies in the cache, if it is whole."""
    try:
        about = json.loads((entry / ABOUT).read_bytes())
        x = np.load(entry / RECORDS, mmap_mode="r", allow_pickle=False)
        bad = [Bad(int(row), str(kind), dict(values)) for row, kind, values in about["bad"]]
        least, most = ((int(height), int(width)) for height, width in (about["least"], about["most"]))
        if list(x.shape) != about["shape"] or len(x) != files or x.dtype != np.uint8:
            return None
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    with suppress(OSError):
        os.utime(entry)  # used now
    return Decoded(x, bad, least, most, entry.name)


def _decode(
    tree: Tree,
    known: Listing,
    size: tuple[int, int] | None,
    colour: bool | None,
    prepare: Prepare,
    entry: Path,
    crew: Crew,
    step: Progressing,
) -> None:
    """Decode all files into the cache: the entry is there whole or not at all."""
    sizes, shape = _sizes(known), _shape(tree, known, size, colour)
    count, bad = len(tree.names), []
    with writing(entry.parent):
        entry.parent.mkdir(parents=True, exist_ok=True)
        _tidy(entry.parent)
        _check_room(entry.parent, count * int(np.prod(shape)))
        partial = unfinished(entry)
        try:
            partial.mkdir()
            with open(partial / RECORDS, "xb") as file:
                header = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
                np.lib.format.write_array_header_2_0(file, header)
                file.flush()
                offset = file.tell()
                file.truncate(offset + count * int(np.prod(shape)))
                make = f"{prepare.record.__module__}:{prepare.record.__qualname__}"
                work = Decoding(str(tree.folder), shape, make, str(partial / RECORDS), offset)
                rows = iter(range(count))
                for answer in crew.do(work, tree.names, step("folder.bar.decoding", count)):
                    for digest, row in zip(answer["digests"], rows, strict=False):
                        if digest is not None and digest != known.digest(row):
                            raise DataError("folder.changed", file=tree.folder / tree.names[row])
                    bad += [Bad(*found) for found in answer["bad"]]
                os.fsync(file.fileno())
            about = {"shape": [count, *shape], "bad": bad}
            about |= {"least": sizes.min(0).tolist(), "most": sizes.max(0).tolist()}
            write_through(partial / ABOUT, json.dumps(about).encode())
            if _known(entry, count) is None:  # else another program has made it meanwhile
                shutil.rmtree(entry, ignore_errors=True)  # a damaged one
                with suppress(OSError):
                    partial.rename(entry)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _chosen(sizes: NDArray[np.int32]) -> tuple[int, int]:
    """`(height, width)` for records of pictures of `sizes` `(files, 2)`."""
    middle = np.median(sizes, 0)
    height, width = np.maximum(np.rint(middle * min(1.0, LONGEST_SIDE / middle.max())).astype(int), 1)
    return int(height), int(width)


def _has_colour(tree: Tree, may: NDArray[np.intp]) -> bool:
    """Whether the pixels of any of some files have colour, evenly spread among those that `may` have."""
    rows = may[np.linspace(0, len(may) - 1, min(SAMPLE, len(may))).astype(int)]

    def one(row: int) -> bool:
        with suppress(DataError):
            return is_colourful(tree.folder / tree.names[row])
        return False

    pool = ThreadPoolExecutor(usable_cores())
    try:
        return any(pool.map(one, rows.tolist()))
    finally:
        pool.shutdown(cancel_futures=True)


def _check_room(folder: Path, needed: int) -> None:
    """Raises SaveError where the records will not fit: better before decoding than in the middle."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SaveError("folder.room", path=folder, needed=f"{needed / 1e9:,.1f}", free=f"{free / 1e9:,.1f}")


def _tidy(folder: Path) -> None:
    """Delete records that nobody has used for a month, and what killed programs have left."""
    before = time.time() - MONTH
    with suppress(OSError):
        for entry in folder.iterdir():
            old = entry.stat().st_mtime < (before if entry.name[:1] != "." else time.time() - 24 * 3600)
            if old and (len(entry.name) == 2 * DIGEST or entry.name.endswith(PARTIAL)):
                shutil.rmtree(entry, ignore_errors=True)


@contextmanager
def _progress() -> Iterator[Progressing]:
    """rich's bars on standard error where somebody watches, from the first step on, else nothing: gives `step`."""
    if not sys.stderr.isatty():
        yield lambda key, total: lambda count: None
        return
    with ExitStack() as stack:
        bars: list[Progress] = []

        def step(key: str, total: int) -> Callable[[int], None]:
            if not bars:
                bars.append(stack.enter_context(_bars()))
            task = bars[0].add_task(say(key), total=total)
            return lambda count: bars[0].update(task, advance=count)

        yield step


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), expand=True, transient=True)
