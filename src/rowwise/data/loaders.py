"""A Source → its two Datasets, by the module that loads data of its kind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rowwise.data.databases import absolute, is_database
from rowwise.data.named.names import module

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source
    from rowwise.data.tables.load import TableRead
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
    return _found_again(source, _places(source), *_load(source, schema))


def load_whole(source: Source) -> Dataset:
    """All records of a table, to be learned from; none are left to test on. Raises as `load_source`."""
    from rowwise.data.tables import load as table

    return table.whole(table.read(source.checked()))


@dataclass(frozen=True, eq=False)
class Folds:
    """A table that was read once; called with a fold's number, from 1, it gives that fold's `(train, test)`."""

    source: Source
    table: TableRead
    places: dict[str, str]
    tests: dict[int, Dataset] = field(default_factory=dict, init=False)  # those that were given

    @classmethod
    def of(cls, source: Source) -> Folds:
        """Of a table's source with `folds`; raises as `load_source`."""
        from rowwise.data.tables import load as table

        source = source.checked()
        return cls(source, table.read(source), _places(source))

    @property
    def untested(self) -> int:
        """How many records no fold tests: by time the earliest, which are only learned from."""
        from rowwise.data.splits import folds_of

        source, records = self.source, self.table.records
        if source.split_by != "time":
            return 0
        numbers = folds_of(len(records.x), source.folds, source.seed, None, records.keys, "time")
        return int((numbers == 0).sum())

    def __call__(self, fold: int) -> tuple[Dataset, Dataset]:
        from rowwise.data.tables import load as table

        parts = table.divided(self.table, fold)
        train, self.tests[fold] = _found_again(replace(self.source, fold=fold), self.places, *parts)
        return train, self.tests[fold]

    def test(self, fold: int) -> Dataset:
        """The second of these, computed once."""
        return self.tests[fold] if fold in self.tests else self(fold)[1]


def _places(source: Source) -> dict[str, str]:
    """Where its files are, whatever folder one works in."""
    names = ("test_file", "validation_file") if source.frame is not None else ("place", "test_file", "validation_file")
    files = {name: file for name in names if (file := getattr(source, name))}
    return {name: absolute(file) if is_database(file) else str(Path(file).resolve()) for name, file in files.items()}


def _found_again(source: Source, places: dict[str, str], train: Dataset, test: Dataset) -> tuple[Dataset, Dataset]:
    """The same, knowing where they are found again."""
    again = {**source.to_dict(), **train.source.get("load", {}), **places}  # a table's columns by their own names
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
