"""A Source → its two Datasets, by the module that loads data of its kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rowwise.data.named.names import module

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source
    from rowwise.data.tables.schema import Schema


def load_source(source: Source, schema: Schema | None = None) -> tuple[Dataset, Dataset]:
    """`(train, test)`; by `source["load"]` of a file's or folder's Datasets `Source.from_dict` finds them again.

    Args:
        schema: of a run that was trained on this table, which is then read as it was; None: what the table shows.

    Raises:
        UsageError, DataError: as `Source.checked`, or what is wrong with the data themselves.
    """
    source = source.checked()
    if source.kind == "named":
        named: tuple[Dataset, Dataset] = module(source.place).load()
        return named
    train, test = _load(source, schema)
    again = {**source.to_dict(), **train.source.get("load", {})}  # a table's columns by their own names
    if source.frame is None:
        again["place"] = str(Path(source.place).resolve())
    for name in ("test_file", "validation_file"):
        if file := getattr(source, name):
            again[name] = str(Path(file).resolve())
    train, test = (replace(part, source={**part.source, "load": again}) for part in (train, test))
    return train, test


def load_validation(source: Source, train: Dataset) -> Dataset | None:
    """The records that a training is validated with, read as those of `train`; None where the source names none.

    Raises:
        DataError: as what is wrong with a `test_file`. UsageError: as `Source.checked`.
    """
    if not source.validation_file:
        return None
    from rowwise.data.tables import load as table

    return table.load_validation(source, train)


def _load(source: Source, schema: Schema | None) -> tuple[Dataset, Dataset]:
    # Each imports what reads its kind of data: Polars, Pillow.
    if source.kind == "table":
        from rowwise.data.tables import load as table

        return table.load(source, schema=schema)
    if source.kind == "folder":
        from rowwise.data.pictures import folder

        return folder.load(source)
    from rowwise.data.arrays import file

    return file.load(source)
