"""A folder of pictures, a sub-folder a class → two Datasets.

Each picture is turned upright and resized whole into the record, proportions kept, on black; what is transparent
becomes white. `rowwise predict` does the same with a picture given to it: a run keeps that it was `"whole"`.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import WHOLE, Dataset, provenance_fields
from rowwise.data.duplicates import warn_of_shared
from rowwise.data.picture_cache import decoded
from rowwise.data.picture_tree import SHOWN, scan, shown
from rowwise.errors import DataError, Suspicious
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.data.picture_cache import Bad, Decoded
    from rowwise.data.picture_tree import Tree
    from rowwise.data.source import Source


def load(source: Source) -> tuple[Dataset, Dataset]:
    """`(train, test)`: x `(records, height, width)` uint8 of grey pictures, `(records, height, width, 3)` of colour.

    The split is the folder's own where it has one, else stratified and seeded.

    Raises:
        DataError: a folder that cannot be learned from, as `picture_tree.scan` says; pictures that cannot be read.
        SaveError: the cache cannot be written.

    Warns:
        Suspicious: pictures left out, files passed over, pictures in both parts.
    """
    tree = scan(Path(source.place))
    made = decoded(tree, source.size, {"grey": False, "colour": True}.get(source.colour))
    good = _good(tree, made.bad, source.skip_bad)
    parts = _parts(tree, made, good, source)
    warn_of_shared(*parts, level=4)
    return parts


def _good(tree: Tree, bad: list[Bad], skip: bool) -> slice | np.ndarray[Any, Any]:
    """The rows of the pictures that can be used.

    Raises:
        DataError: there are others, and they shall not be skipped; or a class has none that can be used.
    """
    if not bad:
        return slice(None)
    lines = [f"\n  {shown([tree.names[one.row]])}: {one.reason()}" for one in bad[:SHOWN]]
    if len(bad) > SHOWN:
        lines.append("\n  " + say("folder.bad.more", more=f"{len(bad) - SHOWN:,}"))
    facts = {"folder": tree.folder, "count": f"{len(bad):,}", "files": f"{len(tree.names):,}", "list": "".join(lines)}
    if not skip:
        raise DataError("folder.bad", **facts)
    good = np.ones(len(tree.names), bool)
    good[[one.row for one in bad]] = False
    learned = tree.y[: tree.train][good[: tree.train]]
    least = 2 if tree.train is None else 1
    counts = np.bincount(learned, minlength=len(tree.classes))
    if few := [name for name, count in zip(tree.classes, counts, strict=True) if count < least]:
        raise DataError("folder.bad.class", folder=tree.folder, names=shown(few), list=facts["list"])
    warnings.warn(say("folder.skipped", **facts), Suspicious, stacklevel=4)
    return good


def _parts(tree: Tree, made: Decoded, good: slice | np.ndarray[Any, Any], source: Source) -> tuple[Dataset, Dataset]:
    height, width = made.x.shape[1:3]
    colour = made.x.ndim == 4
    (low, narrow), (high, wide) = made.least, made.most
    sizes = " × ".join(
        f"{least:,}" if least == most else f"{least:,}–{most:,}" for least, most in ((narrow, wide), (low, high))
    )
    origin = provenance_fields(
        "folder.provenance.colour" if colour else "folder.provenance.grey",
        folder=tree.folder,
        sizes=sizes,
        height=height,
        width=width,
    )
    known = {
        "folder": str(tree.folder.resolve()),
        "files": len(tree.names),
        "content": made.key,
        "pictures": WHOLE,
        "skipped": [tree.names[one.row] for one in made.bad],
    }

    def part(name: str, rows: slice) -> Dataset:
        x, y = made.x[rows], tree.y[rows]
        if not isinstance(good, slice):
            x, y = x[good[rows]], y[good[rows]]
        for array in (x, y):
            array.flags.writeable = False  # nobody else has them: no need to copy them again
        return Dataset(source.name, x, y, tree.classes, part=name, source=known, **origin)

    if tree.train is not None:
        return part("train", slice(tree.train)), part("test", slice(tree.train, None))
    train, test = part("train", slice(None)).split(source.test, source.seed)
    return train, replace(test, part="test")
