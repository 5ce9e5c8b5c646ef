"""The files of a picture tree → one memory-mapped array of records, decoded once and kept in rowwise's cache.

The cache (`$ROWWISE_CACHE` or the system's place) holds under `pictures/`:

- `listings/`: of each folder what `listing` knows of its files.
- `<key>/`: the records `x.npy` and what is known of them, `about.json`. The key is the SHA-256 of all names and
  contents and of what was asked for, so a folder that was moved or touched is not decoded again, and one whose
  content has changed always is.

All of it can be deleted at any time. Records unused for a month are.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.cores import usable_cores
from rowwise.data.pictures.bars import bars
from rowwise.data.pictures.file import is_colourful
from rowwise.data.pictures.listing import DIGEST, cache_written, joined, listing
from rowwise.data.pictures.prepare import with_white
from rowwise.data.pictures.steps import DecodeRecords, Unusable
from rowwise.data.pictures.workers import Workers
from rowwise.data.storage import allocate
from rowwise.data.white_value import white_level
from rowwise.environment import cache_folder
from rowwise.errors import DataError, SaveError
from rowwise.files import PARTIAL, unfinished, write_through

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rowwise.data.pictures.listing import Listing, StartBar
    from rowwise.data.pictures.prepare import Prepare
    from rowwise.data.pictures.tree import Tree

FORM = 3  # of what lies in the cache: a change of it, or of how pictures are decoded, adds one
RECORDS, ABOUT = "x.npy", "about.json"
LONGEST_SIDE = 64  # pixels, of records whose size was not chosen
FEW, SIDE_OF_FEW = 2000, 32  # of so few pictures fewer pixels are learned better, and four times as fast
SAMPLE = 300  # pictures whose pixels are looked at for colour
DAY = 24 * 3600  # seconds
UNUSED, LEFT_BEHIND = 30 * DAY, DAY  # after so long records, and what killed programs have left, are deleted


class TreeRecords(NamedTuple):
    """The records of a tree.

    Attributes:
        x: `(files, height, width)` or `(files, height, width, 3)` uint8, read-only, memory-mapped; black where the
            file is unusable.
        unusable: the files that are no pictures.
        least, most: smallest and largest `(height, width)` of the files' pictures.
        key: of the content, hexadecimal.
        prepare: how the files became records.
        deep: pictures of more than 8 bits among them.
    """

    x: NDArray[np.uint8]
    unusable: list[Unusable]
    least: tuple[int, int]
    most: tuple[int, int]
    key: str
    prepare: Prepare
    deep: int


def decoded(tree: Tree, size: tuple[int, int] | None, colour: bool | None, prepare: Prepare) -> TreeRecords:
    """The tree's pictures, from the cache where their content is known.

    Args:
        tree: the files.
        size: `(height, width)` of a record; None for the middle (median) height and width of all pictures, both
            scaled down so that the longer side has 64 pixels at most, of few pictures 32: pictures of one small size
            stay as they are.
        colour: True for RGB, False for grey; None for what they are: RGB where the pixels of one of 300 have colour.
        prepare: how a file becomes a record; where it does not say what white is in pictures of more than 8 bits, all
            of them have one, by the largest value of any.

    Raises:
        DataError: a file changes while it is read. SaveError: the cache cannot be written.
    """
    folder = cache_folder() / "pictures"
    with bars() as start_bar, _workers(tree) as workers:
        files = listing(tree, folder / "listings", workers, start_bar)
        brightest = files.headers[:, 3]
        if brightest.any():
            prepare = with_white(prepare, white_level(float(brightest.max())))
        size = size or _middle_size(files.sizes)
        entry = folder / _key(tree, files, size, colour, prepare)
        if (kept := _read_entry(entry, len(tree.names))) is None:
            with cache_written(folder), _new_entry(entry, len(tree.names)) as partial:
                _decode(tree, files, _record_shape(tree, files, size, colour), prepare, partial, workers, start_bar)
            kept = _read_entry(entry, len(tree.names))
    if kept is None:
        raise SaveError("folder.cache", path=folder, cause="—")
    return TreeRecords(*kept, entry.name, prepare, int(np.count_nonzero(brightest)))


def record_shape(
    tree: Tree, size: tuple[int, int] | None, colour: bool | None
) -> tuple[tuple[int, ...], NDArray[np.bool_]]:
    """The shape of a record that `decoded` would make, and `(files,)` which are pictures by their headers.

    At most 300 files are decoded, where the colour was not chosen.

    Raises:
        SaveError: the cache cannot be written.
    """
    with bars() as start_bar, _workers(tree) as workers:
        files = listing(tree, cache_folder() / "pictures" / "listings", workers, start_bar)
    return _record_shape(tree, files, size, colour), files.is_picture


def _workers(tree: Tree) -> Workers:
    return Workers(tree.folder, len(tree.names), int(tree.stats[:, 0].sum()))


def _record_shape(tree: Tree, files: Listing, size: tuple[int, int] | None, colour: bool | None) -> tuple[int, ...]:
    height, width = size or _middle_size(files.sizes)
    if colour is None:
        colour = _have_colour(tree, np.flatnonzero(files.headers[:, 2]))
    return (height, width, 3) if colour else (height, width)


def _middle_size(sizes: NDArray[np.int32]) -> tuple[int, int]:
    """`(height, width)` for records of pictures of `sizes` `(files, 2)`."""
    middle = np.median(sizes, 0)
    longest = LONGEST_SIDE if len(sizes) >= FEW else SIDE_OF_FEW
    height, width = np.maximum(np.rint(middle * min(1.0, longest / middle.max())).astype(int), 1)
    return int(height), int(width)


def _have_colour(tree: Tree, candidates: NDArray[np.intp]) -> bool:
    """Whether any of some files, evenly spread among the candidates by their headers, has pixels of colour."""
    rows = candidates[np.linspace(0, len(candidates) - 1, min(SAMPLE, len(candidates))).astype(int)]

    def has_colour(row: int) -> bool:
        with suppress(DataError):
            return is_colourful(tree.folder / tree.names[row])
        return False

    pool = ThreadPoolExecutor(usable_cores())
    try:
        return any(pool.map(has_colour, rows.tolist()))
    finally:
        pool.shutdown(cancel_futures=True)


def _key(tree: Tree, files: Listing, size: tuple[int, int], colour: bool | None, prepare: Prepare) -> str:
    settings = json.dumps([FORM, size, colour, prepare.name]).encode()
    return hashlib.sha256(b"\0".join((settings, joined(tree.names), files.digests.tobytes()))).hexdigest()


def _read_entry(
    entry: Path, files: int
) -> tuple[NDArray[np.uint8], list[Unusable], tuple[int, int], tuple[int, int]] | None:
    """What lies in the cache, if it is whole: the first four fields of `TreeRecords`."""
    try:
        about = json.loads((entry / ABOUT).read_bytes())
        x = np.load(entry / RECORDS, mmap_mode="r", allow_pickle=False)
        unusable = [Unusable(int(row), str(kind), dict(values)) for row, kind, values in about["bad"]]
        least, most = ((int(height), int(width)) for height, width in (about["least"], about["most"]))
        if list(x.shape) != about["shape"] or len(x) != files or x.dtype != np.uint8:
            return None
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    with suppress(OSError):
        os.utime(entry)  # used now
    return x, unusable, least, most


@contextmanager
def _new_entry(entry: Path, files: int) -> Iterator[Path]:
    """A folder to write into, which then becomes the entry; whole or not at all."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    _tidy(entry.parent)
    partial = unfinished(entry)
    try:
        partial.mkdir()
        yield partial
        if _read_entry(entry, files) is None:  # else another program has made it meanwhile
            shutil.rmtree(entry, ignore_errors=True)  # a damaged one
            with suppress(OSError):
                partial.rename(entry)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _decode(
    tree: Tree,
    files: Listing,
    shape: tuple[int, ...],
    prepare: Prepare,
    entry: Path,
    workers: Workers,
    start_bar: StartBar,
) -> None:
    """Write the records of all files, and what is known of them, into the folder `entry`."""
    count = len(tree.names)
    _check_room(entry.parent, count * prod(shape))
    unusable: list[Unusable] = []
    with open(entry / RECORDS, "xb") as file:
        np.lib.format.write_array_header_2_0(file, {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)})
        file.flush()
        offset = file.tell()
        allocate(file, offset, count * prod(shape))
        step = DecodeRecords(str(tree.folder), shape, prepare.record, str(entry / RECORDS), offset)
        for start, answer in workers.answers(step, tree.names, start_bar("folder.bar.decoding", count)):
            for row, digest in enumerate(answer.digests, start):
                if digest is not None and digest != files.digest(row):
                    raise DataError("folder.changed", file=tree.folder / tree.names[row])
            unusable += answer.unusable
        os.fsync(file.fileno())
    about = {"shape": [count, *shape], "bad": unusable}
    about |= {"least": files.sizes.min(0).tolist(), "most": files.sizes.max(0).tolist()}
    write_through(entry / ABOUT, json.dumps(about).encode())


def _check_room(folder: Path, needed: int) -> None:
    """Raises SaveError where the records will not fit: better before decoding than in the middle."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SaveError("folder.room", path=folder, needed=f"{needed / 1e9:,.1f}", free=f"{free / 1e9:,.1f}")


def _tidy(folder: Path) -> None:
    """Delete records unused for a month, and what killed programs have left."""
    now = time.time()
    with suppress(OSError):
        for entry in folder.iterdir():
            oldest = now - (LEFT_BEHIND if entry.name[:1] == "." else UNUSED)
            if entry.stat().st_mtime < oldest and (len(entry.name) == 2 * DIGEST or entry.name.endswith(PARTIAL)):
                shutil.rmtree(entry, ignore_errors=True)
