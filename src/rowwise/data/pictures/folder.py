"""A folder of pictures, a sub-folder a class → two Datasets; or records and batches for a model that is there already.

Each picture is turned upright and resized into the record, proportions kept, padded in the colour of its border unless
the source says otherwise; what is transparent becomes white. `rowwise predict` does the same with a picture given to
it: a run keeps how it was.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rowwise.data.dataset import Dataset, provenance_fields
from rowwise.data.overlap import warn_of_shared
from rowwise.data.picture_records import BORDER, FITS
from rowwise.data.pictures.cache import decoded, record_shape
from rowwise.data.pictures.file import read_header
from rowwise.data.pictures.prepare import prepare_for
from rowwise.data.pictures.steps import Unusable
from rowwise.data.pictures.tree import SHOWN, scan, scan_all, shown
from rowwise.data.splits import held_out
from rowwise.errors import DataError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rowwise.data.pictures.cache import TreeRecords
    from rowwise.data.pictures.prepare import Prepare
    from rowwise.data.pictures.tree import Tree
    from rowwise.data.source import Source

BATCH = 1024  # records handed on at a time
COLOURS = {"grey": False, "colour": True}  # what a source asks for; where it says nothing the pictures decide
PADDED = prepare_for(BORDER)
DEEP_WHITE = 2**16 - 1  # of a picture that uses all of its 16 bits


def load(source: Source) -> tuple[Dataset, Dataset]:
    """`(train, test)`: x `(records, height, width)` uint8 of grey pictures, `(records, height, width, 3)` of colour.

    The split is the folder's own where it has one, else stratified and seeded.

    Raises:
        DataError: a folder that cannot be learned from, as `scan` of `tree` says; pictures that cannot be read.
        SaveError: the cache cannot be written.

    Warns:
        Suspicious: pictures left out, files passed over, pictures in both parts.
    """
    tree = scan(Path(source.place))
    records = decoded(tree, source.size, COLOURS.get(source.colour), prepare_for(FITS.get(source.fit, BORDER)))
    usable = _usable(tree, records.unusable, source.skip_bad, learn=True)
    _, _, white = records.prepare.name.partition("/")
    if white and int(white) != DEEP_WHITE:
        values = {"count": f"{records.deep:,}", "white": f"{int(white):,}", "full": f"{DEEP_WHITE:,}"}
        warn_user(say("folder.depth", folder=tree.folder, **values))

    def part(name: str, rows: slice) -> Dataset:
        return _dataset(source.name, tree, records, rows, usable, part=name)

    if tree.train is None:
        train, test = part("train", slice(None)).split(source.test, source.seed)
    else:
        train, test = part("train", slice(tree.train)), part("test", slice(tree.train, None))
    warn_of_shared(train, test)
    return train, replace(test, part="test")


def read_as(
    source: Source, shape: tuple[int, ...], classes: tuple[str, ...] = (), prepare: Prepare = PADDED
) -> Dataset:
    """The pictures of a folder, of its test part where it has one, as records that a trained model takes.

    Args:
        source: the folder.
        shape: of one record: `(height, width)`, or with 1 or 3 channels `(height, width, channels)`.
        classes: the model's, by number: a sub-folder's name must be among them. None: the sub-folders', sorted.
        prepare: how the model's own pictures became records.

    Raises:
        DataError: a folder without pictures or with classes that the model does not know; pictures that cannot be
            read. SaveError: the cache cannot be written.

    Warns:
        Suspicious: pictures left out, files passed over.
    """
    tree = scan(Path(source.place), learn=False)
    with_pictures = [tree.classes[label] for label in np.unique(tree.y)]
    if classes and (unknown := [name for name in with_pictures if name not in classes]):
        raise DataError("folder.unknown", folder=tree.folder, names=shown(unknown), known=shown(classes))
    records = _decoded_as(tree, shape, prepare)
    usable = _usable(tree, records.unusable, source.skip_bad, learn=False)
    if classes:
        number = np.array([classes.index(name) if name in classes else 0 for name in tree.classes], np.int32)
        tree = replace(tree, classes=classes, y=number[tree.y])
    rows = slice(tree.train, None)
    return _dataset(source.name, tree, records, rows, usable, part="test")


def read_batches(
    folder: Path, shape: tuple[int, ...], prepare: Prepare = PADDED, skip_bad: bool = False, batch: int = BATCH
) -> Iterator[tuple[list[str], NDArray[np.uint8]]]:
    """`(paths below the folder, records)` of every picture at any depth, by name, so many at a time.

    All are decoded, into the cache, before the first batch is given: what cannot be read is known by then.

    Args:
        folder: with or without sub-folders; their names are no classes.
        shape: of one record: `(height, width)`, or with 1 or 3 channels `(height, width, channels)`.
        prepare: how the model's own pictures became records.
        skip_bad: whether pictures that cannot be read are left out.
        batch: records at a time.

    Raises:
        DataError: no such folder, no pictures in it, or some that cannot be read. SaveError: the cache cannot be
            written.

    Warns:
        Suspicious: pictures left out, files passed over.
    """
    tree = scan_all(folder)
    records = _decoded_as(tree, shape, prepare)
    usable = _usable(tree, records.unusable, skip_bad, learn=False)
    rows = np.arange(len(tree.names)) if usable is None else np.flatnonzero(usable)
    for start in range(0, len(rows), batch):
        some = rows[start : start + batch]
        yield [tree.names[row] for row in some], records.x[some]


class Preview(NamedTuple):
    """What `load` would give of a folder, known without decoding its pictures.

    Attributes:
        shape: of a record: `(height, width)` or `(height, width, 3)`.
        classes: the classes' names.
        files: `(training records,)` the path of each below the folder.
    """

    shape: tuple[int, ...]
    classes: tuple[str, ...]
    files: list[str]


def preview(source: Source) -> Preview:
    """By the headers: a picture that breaks off behind its header is counted among the records.

    Raises:
        DataError: a folder that cannot be learned from, or files that are no pictures. SaveError: the cache cannot be
            written.

    Warns:
        Suspicious: pictures left out, files passed over.
    """
    tree = scan(Path(source.place))
    shape, is_picture = record_shape(tree, source.size, COLOURS.get(source.colour))
    unusable = []
    for row in np.flatnonzero(~is_picture).tolist():
        try:
            read_header(tree.folder / tree.names[row])
        except DataError as error:
            unusable.append(Unusable.of(row, error))
    usable = _usable(tree, unusable, source.skip_bad, learn=True)
    rows = np.arange(len(tree.names)) if usable is None else np.flatnonzero(usable)
    if tree.train is None:
        rows = rows[~held_out(len(rows), source.test, source.seed, tree.y[rows])]
    else:
        rows = rows[rows < tree.train]
    return Preview(shape, tree.classes, [tree.names[row] for row in rows])


def _decoded_as(tree: Tree, shape: tuple[int, ...], prepare: Prepare) -> TreeRecords:
    records = decoded(tree, (shape[0], shape[1]), len(shape) == 3 and shape[2] == 3, prepare)
    return records._replace(x=records.x.reshape(-1, *shape))


def _usable(tree: Tree, unusable: list[Unusable], skip: bool, learn: bool) -> NDArray[np.bool_] | None:
    """`(files,)`: which pictures can be used; None for all.

    Raises:
        DataError: some cannot, and are not to be skipped; or, to `learn`, too few of a class are left: one, or two
            where they are split.
    """
    if not unusable:
        return None
    lines = [f"\n  {shown([tree.names[file.row]])}: {file.reason()}" for file in unusable[:SHOWN]]
    if len(unusable) > SHOWN:
        lines.append("\n  " + say("folder.bad.more", more=f"{len(unusable) - SHOWN:,}"))
    counted = {"count": f"{len(unusable):,}", "files": f"{len(tree.names):,}", "list": "".join(lines)}
    usable = np.ones(len(tree.names), bool)
    usable[[file.row for file in unusable]] = False
    if not skip or not usable.any():
        raise DataError("folder.bad", folder=tree.folder, **counted)
    counts = np.bincount(tree.y[: tree.train][usable[: tree.train]], minlength=len(tree.classes))
    least = 2 if tree.train is None else 1
    if learn and (few := [name for name, count in zip(tree.classes, counts, strict=True) if count < least]):
        raise DataError("folder.bad.class", folder=tree.folder, names=shown(few), list=counted["list"])
    warn_user(say("folder.skipped", folder=tree.folder, **counted))
    return usable


def _dataset(
    name: str,
    tree: Tree,
    records: TreeRecords,
    rows: slice,
    usable: NDArray[np.bool_] | None,
    part: str,
) -> Dataset:
    height, width = records.x.shape[1:3]
    (low, narrow), (high, wide) = records.least, records.most
    sizes = " × ".join(
        f"{least:,}" if least == most else f"{least:,}–{most:,}" for least, most in ((narrow, wide), (low, high))
    )
    colour = "colour" if records.x.shape[3:] == (3,) else "grey"
    fitted = provenance_fields(f"folder.fit.{records.prepare.name.partition('/')[0]}")
    origin = {
        name: made + fitted[name]
        for name, made in provenance_fields(
            f"folder.provenance.{colour}", folder=tree.folder, sizes=sizes, height=height, width=width
        ).items()
    }
    source = {
        "folder": str(tree.folder.resolve()),
        "files": len(tree.names),
        "content": records.key,
        "pictures": records.prepare.name,
        "skipped": [tree.names[file.row] for file in records.unusable],
    }
    x, y = records.x[rows], tree.y[rows]
    if usable is not None:
        x, y = x[usable[rows]], y[usable[rows]]
    for array in (x, y):
        array.flags.writeable = False  # nothing else refers to them: no need to copy them again
    return Dataset(name, x, y, tree.classes, part=part, source=source, **origin)
