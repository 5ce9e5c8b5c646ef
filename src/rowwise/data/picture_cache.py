"""The files of a picture tree → one memory-mapped array of records, decoded once and kept in rowwise's cache.

The cache (`$ROWWISE_CACHE` or the system's place) holds under `pictures/`:

- `listings/`: for each folder its files' names, sizes, times of change, and the SHA-256 of each file's content.
  A file whose size and times are the known ones is not read again. The time of the entry's change is among them:
  a program can set back the other one, not this. As git does, it is trusted only if the file was two seconds
  old when it was read: file systems count in steps.
- `<key>/`: the records `x.npy` and what is known of them, `about.json`. The key is the SHA-256 of all names and
  contents and of what was asked for, so a folder that was moved or touched is decoded no second time, and one whose
  content has changed always is.

All of it can be deleted at any time. Records that nobody has used for a month are.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from rowwise.data.dataset import WHOLE
from rowwise.data.picture_file import Look, hush, is_colourful, look, whole
from rowwise.errors import DataError, SaveError
from rowwise.files import PARTIAL, atomic_write, cache_folder, unfinished, write_through
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from rich.progress import Progress

    from rowwise.data.picture_tree import Tree

FORM = 1  # of what lies in the cache: a change of it, or of how pictures are decoded, adds one
RECORDS, ABOUT = "x.npy", "about.json"
LONGEST_SIDE = 64  # pixels, of records whose size nobody chose
SAMPLE = 300  # pictures whose pixels are looked at for colour
LARGEST_FILE = 512 * 1024**2  # bytes
SMALL_FILE = 1024**2  # bytes: read at once; for each larger one a buffer is made
CHUNK = 32  # files that a thread takes at a time
SETTLED = 2_000_000_000  # ns: the coarsest file system counts in steps of two seconds
MONTH = 30 * 24 * 3600  # seconds
DIGEST = 32  # bytes of a SHA-256

T = TypeVar("T")
Step = Callable[[str, int], Callable[[int], None]]  # a bar's words and total → what takes how many more are done


class Bad(NamedTuple):
    """A file that is no picture that can be used: its row in the tree, and why, as the catalogue's key and values."""

    row: int
    kind: str
    values: dict[str, str]

    def reason(self) -> str:
        """Why, in words."""
        return say(f"folder.bad.{self.kind}", **self.values)


class Prepare(NamedTuple):
    """How a picture becomes a record: the name that a run keeps, and `(path, shape, notes, content) → record`."""

    name: str
    record: Callable[[Path, tuple[int, ...], list[str], bytes | None], NDArray[np.uint8]]


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
    with _progress() as step:
        digests = _digests(tree, folder / "listings", step)
        key = _key(tree, digests, size, colour, prepare.name)
        if (known := _known(folder / key, len(tree.names))) is None:
            _decode(tree, digests, size, colour, prepare, folder / key, step)
            known = _known(folder / key, len(tree.names))
    if known is None:
        raise SaveError("folder.cache", path=folder, cause="—")
    return known


def _key(
    tree: Tree, digests: NDArray[np.uint8], size: tuple[int, int] | None, colour: bool | None, prepared: str
) -> str:
    asked = json.dumps([FORM, size, colour, prepared]).encode()
    return hashlib.sha256(b"\0".join((asked, _blob(tree.names), digests.tobytes()))).hexdigest()


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


def _digests(tree: Tree, listings: Path, step: Step) -> NDArray[np.uint8]:
    """`(files, 32)`: the SHA-256 of each file; zeros for one that cannot be read. Read are those not known yet."""
    count = len(tree.names)
    digests = np.zeros((count, DIGEST), np.uint8)
    place = listings / f"{hashlib.sha256(os.fsencode(tree.folder.resolve())).hexdigest()[:DIGEST]}.npz"
    blob, now = _blob(tree.names), time.time_ns()
    known = _recall(place, blob, tree, digests)
    if known.all():
        return digests
    missing = np.flatnonzero(~known).tolist()

    def one(row: int) -> bytes:
        try:
            with open(tree.folder / tree.names[row], "rb", buffering=0) as file:
                if tree.facts[row, 0] > SMALL_FILE:
                    return hashlib.file_digest(file, "sha256").digest()
                return hashlib.sha256(file.read()).digest()
        except OSError:
            return bytes(DIGEST)

    rows = iter(missing)
    for several in _spread(one, missing, step("folder.bar.reading", len(missing))):
        for digest in several:
            digests[next(rows)] = np.frombuffer(digest, np.uint8)
    settled = (tree.facts[:, 1:].max(1) < now - SETTLED) & digests.any(1)
    listing = io.BytesIO()
    names = np.frombuffer(blob, np.uint8)
    np.savez(listing, names=names, facts=tree.facts, digests=digests, settled=known | settled)
    with _writing(listings):
        listings.mkdir(parents=True, exist_ok=True)
        atomic_write(place, listing.getvalue())
    return digests


def _recall(place: Path, blob: bytes, tree: Tree, digests: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Fill `digests` from the listing; `(files,)`: which of them could be."""
    known = np.zeros(len(tree.names), bool)
    try:
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as listing:
            names, facts, kept, settled = (listing[name] for name in ("names", "facts", "digests", "settled"))
        rows = len(settled)
        if facts.shape != (rows, tree.facts.shape[1]) or kept.shape != (rows, DIGEST) or kept.dtype != np.uint8:
            return known
    except Exception:  # none yet; or damaged, in any way that NumPy and zipfile can find
        return known
    before = names.tobytes()
    if before == blob:
        known = settled & (facts == tree.facts).all(1)
        digests[known] = kept[known]
        return known
    places = {name: row for row, name in enumerate(before.split(b"\0"))}
    for row, name in enumerate(blob.split(b"\0")):
        at = places.get(name, rows)
        if at < rows and settled[at] and (facts[at] == tree.facts[row]).all():
            digests[row], known[row] = kept[at], True
    return known


def _decode(
    tree: Tree,
    digests: NDArray[np.uint8],
    size: tuple[int, int] | None,
    colour: bool | None,
    prepare: Prepare,
    entry: Path,
    step: Step,
) -> None:
    """Decode all files into the cache: the entry is there whole or not at all."""
    looks = _looks(tree, step)
    sizes = np.array([found[:2] for found in looks if found] or [(1, 1)])
    height, width = size or _chosen(sizes)
    if colour is None:
        colour = _has_colour(tree, looks)
    shape = (height, width, 3) if colour else (height, width)
    record = int(np.prod(shape))

    def one(row: int) -> NDArray[np.uint8] | Bad:
        path = tree.folder / tree.names[row]
        try:
            if path.stat().st_size > LARGEST_FILE:
                return Bad(row, "large_file", {"most": f"{LARGEST_FILE:,}"})
            content = path.read_bytes()
        except OSError as cause:
            if digests[row].any():  # it could be read before
                raise DataError("folder.changed", file=path) from cause
            return Bad(row, "unreadable", {"cause": cause.strerror or str(cause)})
        if hashlib.sha256(content).digest() != digests[row].tobytes():
            raise DataError("folder.changed", file=path)
        try:
            return prepare.record(path, shape, [], content)
        except DataError as error:
            values = {name: str(value) for name, value in error.values.items() if name != "file"}
            return Bad(row, error.key.rpartition(".")[2], values)

    bad: list[Bad] = []
    with _writing(entry.parent):
        entry.parent.mkdir(parents=True, exist_ok=True)
        _tidy(entry.parent)
        _check_room(entry.parent, len(looks) * record)
        partial = unfinished(entry)
        try:
            partial.mkdir()
            with open(partial / RECORDS, "xb") as file:
                header = {"descr": "|u1", "fortran_order": False, "shape": (len(looks), *shape)}
                np.lib.format.write_array_header_2_0(file, header)
                rows = range(len(looks))
                for several in _spread(one, rows, step("folder.bar.decoding", len(looks))):
                    bad += [found for found in several if isinstance(found, Bad)]
                    file.write(b"".join(bytes(record) if isinstance(made, Bad) else made.tobytes() for made in several))
                file.flush()
                os.fsync(file.fileno())
            about = {"shape": [len(looks), *shape], "bad": bad}
            about |= {"least": sizes.min(0).tolist(), "most": sizes.max(0).tolist()}
            write_through(partial / ABOUT, json.dumps(about).encode())
            if _known(entry, len(looks)) is None:  # else another program has made it meanwhile
                shutil.rmtree(entry, ignore_errors=True)  # a damaged one
                with suppress(OSError):
                    partial.rename(entry)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _looks(tree: Tree, step: Step) -> list[Look | None]:
    """What each file's header says; None where it is no picture's: decoding it will say why."""

    def one(row: int) -> Look | None:
        with suppress(DataError):
            return look(tree.folder / tree.names[row])
        return None

    rows = range(len(tree.names))
    return [found for several in _spread(one, rows, step("folder.bar.looking", len(rows))) for found in several]


def _chosen(sizes: NDArray[np.int64]) -> tuple[int, int]:
    """`(height, width)` for records of pictures of `sizes` `(files, 2)`."""
    middle = np.median(sizes, 0)
    height, width = np.maximum(np.rint(middle * min(1.0, LONGEST_SIDE / middle.max())).astype(int), 1)
    return int(height), int(width)


def _has_colour(tree: Tree, looks: Sequence[Look | None]) -> bool:
    may = [row for row, found in enumerate(looks) if found and found.colour]
    rows = [may[place] for place in np.linspace(0, len(may) - 1, min(SAMPLE, len(may))).astype(int)]

    def one(row: int) -> bool:
        with suppress(DataError):
            return is_colourful(tree.folder / tree.names[row])
        return False

    return any(any(several) for several in _spread(one, rows, lambda count: None, 4))


def _spread(
    work: Callable[[int], T], rows: Sequence[int], advance: Callable[[int], None], chunk: int = CHUNK
) -> Iterator[list[T]]:
    """`work(row)` for all rows, in threads, in their order, some at a time: Pillow and hashlib release the GIL."""
    stop = Event()

    def several(some: Sequence[int]) -> list[T]:
        return [work(int(row)) for row in some if not stop.is_set()]

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    waiting: deque[Future[list[T]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for start in range(0, len(rows), chunk):
            waiting.append(pool.submit(several, rows[start : start + chunk]))
            if len(waiting) > 4 * threads:  # no more: results that nobody has taken fill the memory
                done = waiting.popleft().result()
                advance(len(done))
                yield done
        while waiting:
            done = waiting.popleft().result()
            advance(len(done))
            yield done
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _blob(names: Sequence[str]) -> bytes:
    return os.fsencode("\0".join(names))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise SaveError("folder.cache", path=folder, cause=cause.strerror or cause) from cause


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
def _progress() -> Iterator[Step]:
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
