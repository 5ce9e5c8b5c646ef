"""Rows with their predictions, batch by batch → CSV as the table itself was written, JSON lines, Parquet, a database.

CSV is for people: its columns are named in their language, in the encoding that their spreadsheet reads, with the
table's own signs, and texts that a spreadsheet would compute have an apostrophe before them (`data.tables.formulas`).
The others are for programs: numbers that the model reads as such are numbers, a missing value is null.
"""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rowwise.data.databases import (
    FAIL,
    POSTGRES,
    REPLACE,
    SQLITE,
    Database,
    quoted,
    quoted_table,
    schema_and_table,
    split_password,
)
from rowwise.data.tables.database_rows import connected, rows_of_query
from rowwise.data.tables.formulas import harmless_cells, harmless_names
from rowwise.data.tables.parse import as_numbers
from rowwise.errors import DataError, UsageError
from rowwise.text import language, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from rowwise.data.tables.schema import Schema

UNMARKED = ("", "utf-8", "ascii")  # encodings of tables after which UTF-8 needs no mark: whatever wrote them reads it
BLOCK = 1 << 20  # bytes
NUMBER = "\0number "  # before the name of a column of numbers, beside the texts that they were read from
PARQUET, LINES = (".parquet", ".pq"), (".jsonl", ".ndjson")


class Form(NamedTuple):
    """How a table is written.

    Attributes:
        separator: of a CSV file; else empty.
        decimal: the sign before fractions.
        asked: the encoding that the user named.
        encoding: of a CSV file, as it was found.
        columns: the names of all columns, those of the prediction last.
    """

    separator: str
    decimal: str
    asked: str
    encoding: str
    columns: tuple[str, ...]


class Batch(NamedTuple):
    """Some rows: as they stand; with null for what is missing; the schema by this table's signs; and what gives rows
    the columns of the prediction."""

    rows: pl.DataFrame
    clean: pl.DataFrame
    schema: Schema
    with_prediction: Callable[[pl.DataFrame], pl.DataFrame]


class Sink(Protocol):
    """What takes a predicted table: `begin` once, `add` for each batch, `end`, which gives notes for the user; and
    `close`, whether it came to its end or not."""

    @property
    def language(self) -> str:
        """Of the names of the columns that are added."""

    def begin(self, form: Form) -> None: ...

    def add(self, batch: Batch) -> None: ...

    def end(self) -> list[str]: ...

    def close(self) -> None: ...


class CsvSink:
    """CSV: the table's separator, a comma where it has none; its sign before fractions; UTF-8, with a mark where the
    table had one or was in CP949, so that spreadsheets recognise it; or the encoding that was asked for.

    Args:
        write: is given the bytes piece by piece.
        marked: whether a mark may stand before the first.
    """

    def __init__(self, write: Callable[[bytes], object], marked: bool = True) -> None:
        self._write, self._marked = write, marked
        self.language = language()
        self._formulas = self._pieces = 0

    def begin(self, form: Form) -> None:
        self._form: dict[str, Any] = {
            "separator": form.separator or ",",
            "decimal_comma": form.separator != "" and form.decimal == ",",
        }
        mark = self._marked and form.encoding not in UNMARKED
        self._encoding = form.asked or ("utf-8-sig" if mark else "utf-8")
        self._encoder = codecs.getincrementalencoder(self._encoding)()

    def add(self, batch: Batch) -> None:
        clean = batch.clean
        numbers = {column.name for column in clean if column.dtype.is_numeric()} | _in_units(batch.schema, clean)
        predicted, changed = harmless_cells(batch.with_prediction(batch.rows), numbers)
        predicted.columns = harmless_names(predicted.columns)
        self._formulas += changed
        text = predicted.write_csv(include_header=not self._pieces, **self._form)
        self._pieces += 1
        try:
            self._write(self._encoder.encode(text))
        except UnicodeEncodeError as cause:
            found = text[cause.start : cause.end][:20]
            raise DataError("predict.encoding", encoding=self._encoding, found=found) from cause

    def end(self) -> list[str]:
        return [say("predict.table.formulas", count=f"{self._formulas:,}")] if self._formulas else []

    def close(self) -> None:
        pass


class LinesSink:
    """JSON lines in UTF-8: an object a row, its names in English whatever the language."""

    language = "en"

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def begin(self, form: Form) -> None:
        pass

    def add(self, batch: Batch) -> None:
        import polars as pl

        numbers = _numbers(batch)
        rows = batch.clean.with_columns(column.alias(name) for name, column in numbers.items())
        rows = batch.with_prediction(rows)
        floats = [column.name for column in rows if column.dtype.is_float()]
        rows = rows.with_columns(  # JSON knows neither NaN nor infinity
            pl.when(pl.col(name).is_finite()).then(pl.col(name)) for name in floats
        )
        self._write(rows.write_ndjson().encode())

    def end(self) -> list[str]:
        return []

    def close(self) -> None:
        pass


class ParquetSink:
    """A Parquet file, by way of a temporary one a batch."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write, self._spool = write, _Spool()
        self.language = language()

    def begin(self, form: Form) -> None:
        pass

    def add(self, batch: Batch) -> None:
        self._spool.add(batch)

    def end(self) -> list[str]:
        file = self._spool.folder / "whole"
        self._spool.frame().sink_parquet(file)
        with file.open("rb") as content:
            while block := content.read(BLOCK):
                self._write(block)
        return []

    def close(self) -> None:
        self._spool.close()


class DatabaseSink:
    """A table of a database, all of it or nothing.

    Args:
        place: as `Database.of` takes it, with the table's name, and a password where there is one.

    Raises:
        UsageError: no table is named, or the place is none.
    """

    def __init__(self, place: str) -> None:
        self.place, self._password = split_password(place)
        self._database, self._spool = Database.of(self.place), _Spool()
        if not self._database.table:
            raise UsageError("database.no_table", place=self.place)
        self.language = language()

    def begin(self, form: Form) -> None:
        """Refuses before anything is predicted; raises UsageError where the table is there already, or cannot have the
        columns."""
        if self._database.kind == SQLITE:
            _check_names(form.columns)
        with connected(self._database, self.place, self._password, write=True) as connection:
            self._check_free(connection)

    def add(self, batch: Batch) -> None:
        self._spool.add(batch)

    def end(self) -> list[str]:
        with connected(self._database, self.place, self._password, write=True) as connection:
            there = self._check_free(connection)
            batches = self._spool.frame().collect_batches(maintain_order=True)
            if self._database.kind == POSTGRES:
                self._to_postgres(connection, batches, there)
            else:
                self._to_sqlite(connection, batches, there)
        return []

    def close(self) -> None:
        self._spool.close()

    def _check_free(self, connection: Any) -> bool:
        """Whether the table is there."""
        table = self._database.table
        if self._database.kind == POSTGRES:
            name = quoted_table(table, POSTGRES).replace("'", "''")  # arguments of a query would ask for pyarrow
            there = bool(rows_of_query(connection, f"select to_regclass('{name}') is not null").item())
        else:
            named = connection.execute("select count(*) from sqlite_master where name = ? collate nocase", (table,))
            there = bool(named.fetchone()[0])
        if there and self._database.if_exists == FAIL:
            raise UsageError("database.exists", table=table, place=self.place.partition("?")[0])
        return there

    def _to_postgres(self, connection: Any, batches: Iterator[pl.DataFrame], there: bool) -> None:
        schema, table = schema_and_table(self._database.table, POSTGRES)
        mode = "replace" if there and self._database.if_exists == REPLACE else "append" if there else "create"
        with connection.cursor() as cursor:
            for rows in batches:
                cursor.adbc_ingest(table, _storable(rows), mode=mode, db_schema_name=schema or None)
                mode = "append"

    def _to_sqlite(self, connection: Any, batches: Iterator[pl.DataFrame], there: bool) -> None:
        table = quoted_table(self._database.table, SQLITE)
        connection.execute("begin")
        if there and self._database.if_exists == REPLACE:
            connection.execute(f"drop table {table}")
            there = False
        for rows in map(_storable, batches):
            names = [quoted(name) for name in rows.columns]
            if not there:
                kinds = ("REAL" if t.is_float() else "INTEGER" if t.is_integer() else "TEXT" for t in rows.dtypes)
                columns = (f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
                connection.execute(f"create table {table} ({', '.join(columns)})")
                there = True
            marks = ", ".join("?" * len(rows.columns))
            connection.executemany(f"insert into {table} ({', '.join(names)}) values ({marks})", _python_rows(rows))


def _check_names(names: tuple[str, ...]) -> None:
    """SQLite tells the letters of ASCII apart by no case; raises UsageError for two names that are one to it."""
    seen = dict[bytes, str]()
    for name in names:
        first = seen.setdefault(name.encode("utf-8", "surrogatepass").lower(), name)
        if first is not name:
            raise UsageError("database.same_columns", first=first, second=name)


class _Spool:
    """Batches in temporary Parquet files → one table whose columns have one type each."""

    def __init__(self) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._files: list[Path] = []
        self._texts: set[str] = set()  # columns of numbers that hold something else somewhere

    @property
    def folder(self) -> Path:
        """Of the temporary files."""
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="rowwise-")
        return Path(self._temporary.name)

    def close(self) -> None:
        """Remove the files."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def add(self, batch: Batch) -> None:
        import polars as pl

        texts = {name for name, type_ in batch.rows.schema.items() if type_ == pl.String}
        numbers = _numbers(batch)
        names = [column.name for column in batch.schema.used if column.kind == "numeric" and column.name in texts]
        self._texts |= {name for name in names if name not in numbers}
        empty = pl.lit(None, pl.Float64)
        beside = [numbers.get(name, empty).alias(NUMBER + name) for name in names]
        typed = batch.clean.select(
            pl.col(name).cast(batch.rows.schema[name], strict=False)
            if name not in names
            else pl.col(name).cast(pl.String)
            for name in batch.clean.columns
        )
        file = self.folder / f"{len(self._files):09}.parquet"
        batch.with_prediction(typed.with_columns(beside)).write_parquet(file)
        self._files.append(file)

    def frame(self) -> pl.LazyFrame:
        """All batches in their order."""
        import polars as pl

        frame = pl.scan_parquet(self._files, glob=False)
        names = frame.collect_schema().names()
        beside = {name.removeprefix(NUMBER) for name in names if name.startswith(NUMBER)}
        return frame.select(
            pl.col(NUMBER + name).alias(name) if name in beside - self._texts else pl.col(name)
            for name in names
            if not name.startswith(NUMBER)
        )


def _numbers(batch: Batch) -> dict[str, pl.Series]:
    """By column that the model reads as numbers, the numbers that its texts say, where all of them do."""
    import polars as pl

    found = {}
    for column in batch.schema.used:
        if column.kind != "numeric" or batch.rows[column.name].dtype != pl.String:
            continue
        values = batch.clean[column.name]
        numbers = values if values.dtype.is_numeric() else as_numbers(values, column.decimal, column.unit)
        if numbers.null_count() == values.null_count():
            found[column.name] = numbers.cast(pl.Float64)
    return found


def _in_units(schema: Schema, rows: pl.DataFrame) -> set[str]:
    """The columns whose texts are all numbers in the unit of the training, such as `-5 kg`."""
    columns = (column for column in schema.used if column.kind == "numeric" and column.unit)
    return {
        column.name
        for column in columns
        if as_numbers(rows[column.name], column.decimal, column.unit).null_count() == rows[column.name].null_count()
    }


def _storable(rows: pl.DataFrame) -> pl.DataFrame:
    """Of types that databases have."""
    import polars as pl

    unsigned = [pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Int8]
    return rows.with_columns(
        pl.col(unsigned).cast(pl.Int64),
        pl.col(pl.Categorical, pl.Enum).cast(pl.String),
        pl.col(pl.Duration).dt.to_string(),
    )


def _python_rows(rows: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """As SQLite takes them: dates and times in ISO's form."""
    import polars as pl

    times = [name for name, type_ in rows.schema.items() if type_.is_temporal()]
    return rows.with_columns(
        pl.col(pl.Boolean).cast(pl.Int64), *(pl.col(name).dt.to_string("iso") for name in times)
    ).iter_rows()
