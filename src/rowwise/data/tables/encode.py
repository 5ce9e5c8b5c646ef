"""A schema, and rows as a file, a DataFrame or dictionaries → X as a model with that schema takes it."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.column_names import composed, cut, label_name, listed
from rowwise.data.source import Source, check_written, is_frame
from rowwise.data.tables.cleaning import ROW, cleaned
from rowwise.data.tables.columns import KINDS
from rowwise.data.tables.dates.prediction_dates import LOOKED_AT, dates_as_written
from rowwise.data.tables.file_signs import signs_of, signs_of_dicts
from rowwise.data.tables.frames import from_dicts
from rowwise.data.tables.missing_words import own_words
from rowwise.data.tables.number_text import is_mark, read
from rowwise.data.tables.parse import check_range
from rowwise.data.tables.read import open_table, reading
from rowwise.errors import DataError, UsageError
from rowwise.text import say

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.tables.read import Limits, Table
    from rowwise.data.tables.schema import Column, Schema

OF_FILES = ("separator", "encoding", "header")  # of a text; rows have none
ROWS = "rows"  # what a list of dictionaries is called in messages
NAMED = 3  # values of a column that training did not know: so many are named


class Oddities(Counter[str]):
    """How many values of a column are odd, by kind, and the first few of those that training did not know."""

    def __init__(self, counts: Mapping[str, int] | None = None, unknown: Sequence[str] = ()) -> None:
        super().__init__(counts or {})
        self.unknown = list(unknown)

    def note(self, values: pl.Series) -> None:
        """Values that training did not know: the first few different ones are kept, to be named."""
        if len(self.unknown) <= NAMED:
            found = dict.fromkeys([*self.unknown, *map(str, values.unique(maintain_order=True).head(2 * NAMED))])
            self.unknown = list(found)[: NAMED + 1]


class Encoded(NamedTuple):
    """Rows as numbers.

    Attributes:
        x: `(records, columns)` float32: numbers, level numbers and parts of dates; NaN where a value is missing or
            unreadable, the number after the last for a level that training did not know.
        oddities: by column of the table, how many values are `missing`, `unknown` levels or `unreadable`.
    """

    x: NDArray[np.float32]
    oddities: dict[str, Counter[str]]


def encode(
    schema: Schema, rows: Any, limits: Limits | None = None, written: Mapping[str, Any] | None = None
) -> Encoded:
    """Encode rows, which need no target, by the schema of a trained model.

    The same values give the same X, to the bit, in whatever form they come. Columns that the schema does not use are
    ignored.

    Args:
        rows: a list of dictionaries by column name, whose values are numbers, texts, booleans, dates or None, and in
            which a key may be lacking where the value is missing; a DataFrame of Polars or pandas; the path of a CSV
            or Parquet file; or a Source of one of these.
        limits: of memory, for a file or DataFrame.
        written: how they are written where they do not show it, by the names in `rowwise.data.source.WRITTEN`.

    Raises:
        UsageError: something else than rows. DataError: no row has one of the columns that the schema uses, there
            are no rows, a number is beyond float32, or a file cannot be read.
    """
    if isinstance(rows, Sequence) and not isinstance(rows, str | bytes):
        return _of_dicts(schema, rows, written or {})
    source = _source(rows, written or {})
    oddities: dict[str, Counter[str]] = {}
    with open_table(source, limits, schema.missing) as table:
        check_columns(table.name, table.columns, _used(schema), table.unread)
        signs = signs_of(table, schema, source.decimal)
        own = as_written(schema.read_with(signs), table, oddities)
        batches = table.batches(own.numeric, own.words, numbered=True)
        blocks = [encode_rows(own, batch, oddities) for batch in batches]
    if not sum(map(len, blocks)):
        raise DataError("table.rows", path=source.place)
    return Encoded(np.concatenate(blocks), oddities)


def _source(rows: Any, written: Mapping[str, Any]) -> Source:
    if not isinstance(rows, Source | str | Path) and not is_frame(rows):
        raise UsageError("rows.type", found=type(rows).__name__)
    source = Source.used_on(rows, written)
    source.check_table()
    return source


def _of_dicts(schema: Schema, rows: Sequence[Any], asked: Mapping[str, Any]) -> Encoded:
    check_written(asked)
    for name in OF_FILES:
        if name in asked:
            raise UsageError("rows.no_file", option=name)
    source = Source.from_dict({"place": ROWS, **asked})
    missing = (*own_words(source.missing), *schema.missing)
    names_of_rows = {name for row in rows if isinstance(row, Mapping) for name in row}
    if not all(isinstance(name, str) and composed(name) == name for name in names_of_rows):
        rows = [
            {composed(label_name(name, 0)): row[name] for name in row} if isinstance(row, Mapping) else row
            for row in rows
        ]
    used = _used(schema)
    names: dict[str, None] = {}  # of all rows, in the order that they come in
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise UsageError("rows.mapping", number=f"{number:,}", found=type(row).__name__)
        names |= dict.fromkeys(row)
        for name in used:
            value = row.get(name)
            if hasattr(value, "__len__") and not isinstance(value, str | bytes):
                raise DataError("rows.nested", number=f"{number:,}", name=name, found=type(value).__name__)
    if not rows:
        raise DataError("rows.none")
    check_columns(ROWS, list(names), used)
    import polars as pl

    x = np.empty((len(rows), len(schema.inputs)), np.float32)
    oddities: dict[str, Counter[str]] = {}
    with reading(ROWS):
        groups = [(places, cleaned(frame, words=schema.words, own=missing)) for places, frame in from_dicts(rows, used)]
        frames = [frame for _, frame in groups]
        written = schema.read_with(signs_of_dicts(frames, schema, source.decimal))
        heads = [frame.head(LOOKED_AT) for frame in frames]
        written = dates_as_written(written, heads, lambda: frames, oddities, source.date_order)
        for places, frame in groups:
            numbered = frame.with_columns(pl.Series(ROW, places + 1))
            x[places] = encode_rows(written, numbered, oddities)
    return Encoded(x, oddities)


def encode_rows(
    schema: Schema, rows: pl.DataFrame, oddities: dict[str, Counter[str]] | None = None
) -> NDArray[np.float32]:
    """`(records, columns of X)` of `cleaned` rows that have the schema's columns, and maybe `ROW`.

    Args:
        oddities: counted here by column, as in `Encoded`.

    Raises:
        DataError: a number beyond float32.
    """
    import polars as pl

    oddities = {} if oddities is None else oddities
    inputs = [np.empty((len(rows), 0), np.float32)]
    for column in schema.used:
        values, odd = rows[column.name], oddities.setdefault(column.name, Oddities())
        if column.kind != "categorical" and values.dtype in (pl.Categorical, pl.Enum):
            values = values.cast(pl.String)  # read as texts of a file are
        odd["missing"] += values.null_count()
        encoded = KINDS[column.kind].encode(column, values, odd)
        if column.kind == "numeric":
            check_range(column.name, encoded[:, 0], values, rows[ROW] if ROW in rows.columns else None)
        if odd["unknown"] and isinstance(odd, Oddities):
            odd.note(values.filter(encoded[:, 0] == len(column.levels)))
        unread = values.is_not_null().to_numpy() & np.isnan(encoded[:, 0])
        if unread.any():
            odd.update(_unread(column, values.filter(unread)))
        inputs.append(encoded)
    return np.concatenate(inputs, axis=1)


def as_written(schema: Schema, table: Table, oddities: dict[str, Counter[str]]) -> Schema:
    """The schema for a table whose file may write dates in another order than the training's.

    Args:
        oddities: counted here by column, as in `Encoded`.
    """
    names = [column.name for column in schema.used if column.kind == "date"]
    if not names:
        return schema
    chosen = table.frame.select(names)

    def batches() -> Iterator[pl.DataFrame]:
        for rows in chosen.collect_batches(chunk_size=max(table.batch_cells // len(names), 64)):
            yield cleaned(rows, own=table.missing)

    heads = [cleaned(chosen.head(LOOKED_AT).collect(), own=table.missing)]
    return dates_as_written(schema, heads, batches, oddities, table.source.date_order)


def _unread(column: Column, values: pl.Series) -> Counter[str]:
    """How many of values that gave no number are missing, in another unit than in training, or unreadable."""
    counts = Counter(missing=0, unit=0, unreadable=len(values))
    if column.kind == "numeric" and str(values.dtype) == "String":
        counts["missing"] = int(is_mark(values).sum())
        counts["unit"] = read(values, column.decimal).numbers.count()
        counts["unreadable"] -= counts["missing"] + counts["unit"]
    return counts


def _used(schema: Schema) -> tuple[str, ...]:
    return tuple(column.name for column in schema.used)


def check_columns(
    place: str, columns: Sequence[str], expected: Sequence[str], unread: Mapping[str, str] | None = None
) -> None:
    """Raises DataError where a table, called `place`, lacks one of the expected columns, or it holds no single values.

    Args:
        unread: as a Table's.
    """
    lacking = [name for name in expected if name not in columns]
    if lacking:
        spare = [name for name in columns if name not in expected]
        pairs = ((near, name) for name in lacking for near in difflib.get_close_matches(name, spare, 1, 0.7))
        near, name = next(pairs, ("", ""))
        key = f"{'rows' if place == ROWS else 'table'}.lacks"
        values = {"names": listed(lacking, 5), "found": listed(columns, 10), "near": cut(near), "name": cut(name)}
        raise DataError(f"{key}.near" if near else key, path=place, **values)
    for name in expected:
        if unread and name in unread:
            raise DataError("table.nested", name=name, found=cut(unread[name]))


def oddity_notes(schema: Schema, oddities: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Sentences on what of a table could not be used as in training; values that training lacked too are no news."""
    missed = {column.name for column in schema.used if column.missing}
    categories = {column.name for column in schema.used if column.kind == "categorical"}
    notes = []
    for name, counts in oddities.items():
        for oddity, count in counts.items():
            if count and not (oddity == "missing" and name in missed):
                kind = ".category" if oddity == "missing" and name in categories else ""
                words = {"found": _named(counts)} if oddity == "unknown" else {}
                notes.append(say(f"predict.table.{oddity}{kind}", name=name, count=f"{count:,}", **words))
    return notes


def _named(counts: Mapping[str, int]) -> str:
    """`"ultra", "mega"`: the values that training did not know, as far as they were noted."""
    unknown = counts.unknown if isinstance(counts, Oddities) else []
    shown = [f'"{cut(value)}"' for value in unknown[:NAMED]]
    return ", ".join(shown) + (", …" if len(unknown) > NAMED else "")
