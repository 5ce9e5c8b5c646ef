"""A CSV or Parquet file, or a DataFrame → a Table: named columns, read in batches of rows."""

from __future__ import annotations

import datetime
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.tables.csv_dialect import check_names, open_text
from rowwise.data.tables.encode import finite
from rowwise.data.tables.polars_stderr import panics_hushed
from rowwise.data.tables.ragged_rows import ragged
from rowwise.errors import DataError, UsageError, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from rowwise.data.source import Source
    from rowwise.data.tables.csv_dialect import Text

CELLS = 1_000_000  # of a batch
IN_MEMORY = 64 << 20  # bytes of a file that is read once and kept; a larger one is read anew for every pass
ROW = "\0row"  # the column of `batches(numbered=True)`
# What stands in a text file where a value is missing.
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None", "?", "-", "결측")


def never(_: str) -> bool:
    """No column."""
    return False


@dataclass(eq=False)
class Table:
    """Rows are records.

    Attributes:
        name: for messages: the file's or the DataFrame's.
        frame: of Polars, lazy.
        texts: whether all values are texts, as in a CSV file, so that their kinds are still to be found.
        about: how it was read, for `run.json`.
        text: of a CSV file.
        records: how many a Parquet file says it has.
        checked: whether the fields of a CSV file's rows have been counted.
    """

    name: str
    frame: pl.LazyFrame
    texts: bool
    columns: tuple[str, ...]
    about: dict[str, Any]
    text: Text | None = None
    records: int | None = None
    checked: bool = False

    @property
    def separator(self) -> str:
        """Of a CSV file; else empty."""
        return self.text.separator if self.text else ""

    def raw(self, numbered: bool = False) -> Iterator[pl.DataFrame]:
        """The rows as they stand, in order, some thousands at a time; lines of a CSV file without a value are left out.

        Args:
            numbered: a column `ROW` more, int32: which row of the table each is, the first below the names being 1.

        Raises:
            DataError: rows are lacking, or most have fewer fields than the header.

        Warns:
            Suspicious: some rows have fewer fields than the header.
        """
        import polars as pl

        done = lacking = 0
        for rows in self.frame.collect_batches(chunk_size=max(CELLS // max(len(self.columns), 1), 64)):
            begun, done = done, done + len(rows)
            # A line without any value, such as an empty last one, has none in the last column, nor has a short one.
            filled = None
            if self.text is not None and len(self.columns) > 1 and (nulls := rows[self.columns[-1]].null_count()):
                filled = rows.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
                lacking += nulls
            if numbered:
                rows = rows.with_columns(pl.Series(ROW, np.arange(begun + 1, done + 1, dtype=np.int32)))
            if filled is not None and not filled.all():
                rows = rows.filter(filled)
            if len(rows):
                yield rows
        if self.records is not None and done != self.records:  # a thread of Polars's has died in silence
            raise DataError("table.cut", path=self.name, found=f"{done:,}", expected=f"{self.records:,}")
        if lacking and not self.checked:
            self._check_widths()

    def _check_widths(self) -> None:
        self.checked = True
        assert self.text is not None
        found = ragged(self.text.file, self.text.separator, len(self.columns))
        if not found.short:
            return
        values = {"path": self.name, "count": f"{found.short:,}", "rows": f"{found.rows:,}", "line": found.short_line}
        values |= {"found": found.short_fields, "expected": len(self.columns)}
        if found.short * 2 > found.rows:
            raise DataError("table.short", **values)
        warn_user(say("table.short.some", **values))

    def batches(self, numeric: Callable[[str], bool] = never, numbered: bool = False) -> Iterator[pl.DataFrame]:
        """The same, `cleaned`."""
        for rows in self.raw(numbered):
            yield cleaned(rows, numeric)


def cleaned(rows: pl.DataFrame, numeric: Callable[[str], bool] = never) -> pl.DataFrame:
    """Texts without the spaces around them; what stands for a missing value as null.

    Args:
        numeric: asked by a column's name: whether it may come as Float64 where all its texts are numbers. To read
            texts as numbers is the dearest work on a long table: so it is done once.
    """
    import polars as pl

    texts = [name for name in rows.columns if rows[name].dtype == pl.String]
    numbers = rows.select(pl.col(name).cast(pl.Float64, strict=False) for name in texts)
    made: list[pl.Expr | pl.Series] = []
    for name in texts:
        column = numbers[name]
        if column.null_count() > rows[name].null_count() or not finite(column):
            text = pl.col(name).str.strip_chars()
            made.append(pl.when(~text.is_in(MISSING)).then(text))
        elif numeric(name):  # else there is nothing to clean
            made.append(column)
    return rows.with_columns(made)


@contextmanager
def open_table(source: Source) -> Iterator[Table]:
    """The table of a source; what had to be written for it is removed at the end.

    Raises:
        DataError: it cannot be read, has no columns, too many, or two of one name; or Polars meets values within the
            block that it cannot compute with. UsageError: a wrong option.
    """
    path = Path(source.place)
    with reading(source.place), panics_hushed():
        if source.frame is not None:
            yield _of_frame(source)
            return
        if path.suffix.lower() in (".parquet", ".pq"):
            yield _of_parquet(path)
            return
        text = open_text(path, source.encoding, source.separator)
        try:
            with _too_many_fields_named(path, text):
                yield _of_text(path, text)
        finally:
            if text.made is not None:
                text.made.close()


def _of_text(path: Path, text: Text) -> Table:
    import polars as pl

    columns = list(text.names)
    frame = pl.scan_csv(
        text.file,
        separator=text.separator,
        infer_schema=False,
        with_column_names=lambda _: columns,
        glob=False,  # brackets and stars may stand in a name
    )
    if text.file.stat().st_size <= IN_MEMORY:
        frame = frame.collect().lazy()
    about = {"file": path.name, "encoding": text.encoding, "separator": text.separator}
    return Table(str(path), frame, True, tuple(columns), about, text)


def _of_parquet(path: Path) -> Table:
    import polars as pl

    try:
        frame = pl.scan_parquet(path, glob=False)
        columns = frame.collect_schema().names()
        records = int(frame.select(pl.len()).collect().item())  # of its last lines: nothing else is read
    except OSError as cause:
        raise DataError("table.unreadable", path=path, cause=cause.strerror or cause) from cause
    check_names(path, columns)
    return Table(str(path), frame, False, tuple(columns), {"file": path.name}, records=records)


def _of_frame(source: Source) -> Table:
    import polars as pl

    frame = source.frame
    polars = isinstance(frame, pl.DataFrame | pl.LazyFrame)
    lazy = frame.lazy() if polars else _from_pandas(frame).lazy()
    columns = lazy.collect_schema().names()
    check_names(source.place, columns)
    return Table(source.place, lazy, False, tuple(columns), {"frame": type(frame).__module__.split(".")[0]})


def _from_pandas(frame: Any) -> pl.DataFrame:
    """Column by column through NumPy: pandas, which rowwise does not need, is not asked for more.

    Raises:
        UsageError: no DataFrame. DataError: two columns of one name.
    """
    import polars as pl

    names = [str(name) for name in frame.columns]
    check_names("DataFrame", names)
    columns = {}
    try:
        for place, name in enumerate(names):
            column = frame.iloc[:, place]
            values = column.to_numpy(dtype=object) if str(column.dtype) == "category" else np.asarray(column)
            columns[name] = _series(name, values)
    except (AttributeError, TypeError) as cause:
        raise UsageError("table.frame", found=type(frame).__name__) from cause
    return pl.DataFrame(columns)


def _series(name: str, values: Any) -> pl.Series:
    """`(records,)` of NumPy → a column; NaN, NaT, None and pandas's NA are null."""
    import polars as pl

    if values.dtype.kind == "M":
        return pl.Series(name, values.astype("datetime64[us]"))
    if values.dtype.kind != "O":
        return pl.Series(name, values).fill_nan(None) if values.dtype.kind == "f" else pl.Series(name, values)
    # NaN is not equal to itself, and NA gives no truth when compared.
    listed = [None if value is None or type(value).__name__ in ("NAType", "NaTType") else value for value in values]
    listed = [None if isinstance(value, float) and value != value else value for value in listed]
    kinds = {type(value) for value in listed if value is not None}
    if kinds <= {bool} or kinds <= {str} or all(issubclass(kind, int | float | np.number) for kind in kinds):
        return pl.Series(name, listed, strict=False)
    if all(issubclass(kind, datetime.date) for kind in kinds):  # pandas's Timestamp among them
        bare = [value.replace(tzinfo=None) if isinstance(value, datetime.datetime) else value for value in listed]
        return pl.Series(name, np.array(bare, "datetime64[us]"))
    return pl.Series(name, [None if value is None else str(value) for value in listed], dtype=pl.String)


@contextmanager
def _too_many_fields_named(path: Path, text: Text) -> Iterator[None]:
    """The line is looked for only once Polars has met one."""
    import polars as pl

    try:
        yield
    except pl.exceptions.ComputeError as cause:
        if "found more fields" not in str(cause):
            raise
        found = ragged(text.file, text.separator, len(text.names))
        if not found.long:
            raise
        values = {"line": found.long_line, "found": found.long_fields, "expected": len(text.names)}
        raise DataError("table.long", path=path, count=f"{found.long:,}", **values) from cause


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Turns what Polars raises over bad files into a DataError of one sentence."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeError) as cause:
        text = str(cause).strip() or type(cause).__name__
        if "found more fields" in text:
            raise DataError("table.ragged", path=place) from cause
        first = " ".join(text.split("\n\n")[0].split())[:160].rstrip(".")
        raise DataError("table.unreadable", path=place, cause=first) from cause
