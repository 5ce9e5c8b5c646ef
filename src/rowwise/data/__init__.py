"""A name, a file, a folder or a DataFrame → two Datasets, for training and for testing.

What all data share is here: `dataset` (what data become), `source` (what to load, and how), `loaders`, `splits`,
`storage`, `overlap`, `summary`, `class_weights`, `contact_sheet`. Each kind of data has a room: `tables/`, `pictures/`,
`arrays/`, and `named/` for those that rowwise brings along.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.data.loaders import load_source
from rowwise.data.named.names import canonical_name, module, names
from rowwise.data.option_files import read_options
from rowwise.data.source import Source, is_frame, source_of
from rowwise.errors import DataNotFound, SaveError
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.data.dataset import Dataset

__all__ = ["Source", "canonical_name", "fetch", "form", "load", "load_default", "names"]


def load(
    data: Any, target: str | Sequence[str] = (), *, options: str | Path | None = None, **more: Any
) -> tuple[Dataset, Dataset]:
    """`(train, test)` of a name (in any case, with `-` or `_`), a file, a folder of pictures or a DataFrame.

    Args:
        data: `"fashion-mnist"`; the path of a CSV or Parquet file, of a folder with a folder of pictures a class, of
            a `.npz` or `.npy` file; a DataFrame of Polars or pandas.
        target: of a table, the column to be predicted, or several.
        options: a TOML file with more of them.
        **more: the attributes of `rowwise.data.Source`: `drop=["id"]`, `categorical="rad"`, `time="date"`, `test=0.2`.

    Raises:
        UsageError: no name, path or table, or invalid options. DataError: an unknown name (the nearest is
            suggested), a missing file, or broken data. DataNotFound: not available anywhere; lists the places looked
            at. SaveError: what was fetched cannot be stored.
    """
    asked = (read_options(Path(options)) if options is not None else {}) | more | ({"target": target} if target else {})
    if not isinstance(data, str | Path) and not is_frame(data):
        canonical_name(data)  # raises: it is no text
    return load_source(source_of(data, asked))


def form(name: str) -> tuple[tuple[int, ...], int]:
    """The shape of one record of the data called `name`, and its number of classes, without loading them.

    Raises:
        DataError: an unknown name.
    """
    data = module(name)
    return data.IMAGE, len(data.CLASSES)


def load_default() -> tuple[Dataset, Dataset, str | None]:
    """Fashion-MNIST where it is available, else the garments and a sentence that says so."""
    try:
        return *load("fashion-mnist"), None
    except (DataNotFound, SaveError) as missing:  # not available, or no room for it
        return *load("garments"), f"{missing}\n{say('data.default')}"


def fetch(name: str) -> Path | None:
    """See to it that the data are on this machine: their folder, or None for data that need no files.

    Raises:
        DataError: an unknown name. DataNotFound: no mirror gave them. SaveError: they cannot be stored.
    """
    if canonical_name(name) != "fashion-mnist":
        return None
    from rowwise.data.named import fashion_mnist

    return (fashion_mnist.find() or fashion_mnist.download()).folder
