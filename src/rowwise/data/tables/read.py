"""A CSV or Parquet file, or a DataFrame → a Table: named columns, read in batches of rows."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.column_names import checked_names, resolved
from rowwise.data.databases import is_database
from rowwise.data.tables.cleaning import ROW, cleaned_with_numbers, no_column
from rowwise.data.tables.csv_dialect import open_text
from rowwise.data.tables.database_rows import read_database
from rowwise.data.tables.frames import from_pandas
from rowwise.data.tables.missing_words import own_words
from rowwise.data.tables.parquet import with_categories
from rowwise.data.tables.parquet_pages import check_counts
from rowwise.data.tables.ragged_rows import Ragged, ragged
from rowwise.errors import DataError, os_reason, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import polars as pl

    from rowwise.data.source import Source
    from rowwise.data.tables.cleaning import Words
    from rowwise.data.tables.csv_dialect import Text


class Limits(NamedTuple):
    """How much of a table is in memory at once; what is read does not depend on it.

    Attributes:
        batch_cells: rows × columns of a batch, which has 64 rows at least.
        in_memory: bytes of a CSV file that is read once and kept; a larger one is read again for every pass.
    """

    batch_cells: int = 1_000_000
    in_memory: int = 64 << 20


@dataclass(eq=False)
class Table:
    """Rows are records.

    Attributes:
        name: for messages: the file's or the DataFrame's.
        source: what was opened, its options by the names of the columns.
        frame: of Polars, lazy.
        texts: whether all values are texts, as in a CSV file, so that their kinds are still to be recognised.
        about: how it was read, for `run.json`.
        text: of a CSV file.
        records: how many a Parquet file says it has.
        batch_cells: rows × columns of a batch.
        widths_checked: whether the fields of a CSV file's rows have been counted.
        names_told: whether it has been said that the names stand among the records as well.
        unread: the columns that are not looked at, and what they hold: no single values (bytes, lists, objects), or
            whatever it may be where they are to be dropped. `frame` may lack them.
        missing: what stands for a missing value in it, besides `MISSING`.
    """

    name: str
    source: Source
    frame: pl.LazyFrame
    texts: bool
    columns: tuple[str, ...]
    about: dict[str, Any]
    text: Text | None = None
    records: int | None = None
    batch_cells: int = Limits().batch_cells
    widths_checked: bool = False
    names_told: bool = False
    unread: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def separator(self) -> str:
        """Of a CSV file; else empty."""
        return self.text.separator if self.text else ""

    def raw(self, numbered: bool = False) -> Iterator[pl.DataFrame]:
        """The rows as they stand, in order, some thousands at a time.

        Left out are lines of a CSV file without a value, and those that repeat the names, as files joined end to end
        have them. Nothing is said of blank lines, and of lines without a value at a file's end: they are no records.

        Args:
            numbered: a column `ROW` more, int32: which row of the table each is, the first below the names being 1.

        Raises:
            DataError: rows are missing, or most have fewer fields than the header.

        Warns:
            Suspicious: some rows have fewer fields than the header, no value, or repeat it.
        """
        import polars as pl

        names = self._names_as_values()
        end = last_missing = valued = 0
        amid = False  # whether a row with values follows one without
        for rows in self.frame.collect_batches(chunk_size=max(self.batch_cells // max(len(self.columns), 1), 64)):
            start, end = end, end + len(rows)
            # A line without any value, such as an empty last one, has none in the last column, nor has a short one.
            filled = None
            if self.text is not None and len(self.columns) > 1 and (nulls := rows[self.columns[-1]].null_count()):
                filled = rows.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
                last_missing += nulls - int((~filled).sum())
            amid = amid or (valued < start if filled is None else _follows(filled, valued < start))
            valued += len(rows) if filled is None else int(filled.sum())
            if names is not None and (rows[names[0]] == names[1]).any():
                filled = self._unlike_names(rows, start) & (True if filled is None else filled)
            if numbered:
                rows = rows.with_columns(pl.Series(ROW, np.arange(start + 1, end + 1, dtype=np.int32)))
            if filled is not None and not filled.all():
                rows = rows.filter(filled)
            if len(rows):
                yield rows
        if self.records is not None and end != self.records:  # a thread of Polars can die without an error
            raise DataError("table.cut", path=self.name, found=f"{end:,}", expected=f"{self.records:,}")
        if (last_missing or amid) and not self.widths_checked:
            self.widths_checked = True
            assert self.text is not None
            lines = ragged_of(self.text)
            if amid and (empty := lines.rows - len(self.text.below) - valued) > 0:
                warn_user(say("table.empty_rows", path=self.name, count=f"{empty:,}"))
            if last_missing:
                _check_short(self.name, lines, len(self.columns))

    def _names_as_values(self) -> tuple[str, str] | None:
        """A column and what its name in the file is, by which rows that repeat the names are found; None for none."""
        if self.text is None or not self.text.header.line or len(self.columns) < 2:
            return None
        pairs = zip(self.columns, self.text.header.names, strict=True)
        return next(((column, name) for column, name in pairs if name), None)

    def _unlike_names(self, rows: pl.DataFrame, start: int) -> pl.Series:
        """Whether each row is something else than the names once more; says so where it is none."""
        import polars as pl

        assert self.text is not None
        pairs = zip(self.columns, self.text.header.names, strict=True)
        alike = rows.select(
            pl.all_horizontal(pl.col(column).str.strip_chars().eq_missing(name or None) for column, name in pairs)
        ).to_series()
        if alike.any() and not self.names_told:
            self.names_told = True
            warn_user(say("table.names_again", path=self.name, record=f"{start + int(alike.arg_max() or 0) + 1:,}"))
        return ~alike

    def batches(
        self,
        numeric: Callable[[str], bool] = no_column,
        words: Words | None = None,
        numbered: bool = False,
        seen: dict[str, Counter[str]] | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The same, `cleaned`, without what is unread."""
        for rows, _ in self.batches_with_numbers(numeric, words, numbered, seen):
            yield rows

    def batches_with_numbers(
        self,
        numeric: Callable[[str], bool] = no_column,
        words: Words | None = None,
        numbered: bool = False,
        seen: dict[str, Counter[str]] | None = None,
    ) -> Iterator[tuple[pl.DataFrame, dict[str, pl.Series]]]:
        """The same, and beside them the numbers of those columns whose texts are all numbers."""
        for raw in self.raw(numbered):
            rows = raw.drop(self.unread, strict=False) if self.unread else raw
            yield cleaned_with_numbers(rows, numeric, words, seen, self.missing)


def _follows(filled: pl.Series, before: bool) -> bool:
    """Whether a row with values follows one without, in these or, as `before` says, in earlier ones."""
    at = np.flatnonzero(filled.to_numpy())
    return len(at) > 0 and (before or int(at[-1]) >= len(at))


def _check_short(name: str, rows: Ragged, columns: int) -> None:
    """Polars fills rows that have too few fields with nulls and says nothing: so it is said here."""
    if not rows.short:
        return
    values = {"path": name, "count": f"{rows.short:,}", "rows": f"{rows.rows:,}", "line": rows.short_line}
    values |= {"found": rows.short_fields, "expected": columns}
    if rows.short * 2 > rows.rows:
        raise DataError("table.short", **values)
    warn_user(say("table.short.some", **values))


@contextmanager
def open_table(source: Source, limits: Limits | None = None, missing: Sequence[str] = ()) -> Iterator[Table]:
    """The table of a source; the temporary file of a CSV file that had to be rewritten is removed at the end.

    Args:
        limits: of memory.
        missing: what stands for a missing value besides what the source says.

    Raises:
        DataError: it cannot be read, has no columns, too many, or two of one name; or Polars meets values within the
            block that it cannot compute with. UsageError: a wrong option.
    """
    limits = limits or Limits()
    path = Path(source.place)
    own = tuple(dict.fromkeys((*own_words(source.missing), *missing)))
    with reading(source.place):
        if source.frame is not None:
            yield replace(_of_frame(source, limits), missing=own)
            return
        if is_database(source.place):
            yield replace(_of_database(source, limits), missing=own)
            return
        if str(path) != str(path).encode("utf-8", "replace").decode():  # Polars opens no other names
            raise DataError("table.unreadable", path=path, cause=say("table.name"))
        if path.suffix.lower() in (".parquet", ".pq"):
            yield replace(_of_parquet(path, source, limits), missing=own)
            return
        with open_text(path, source.encoding, source.separator, source.header) as text, _long_row_named(path, text):
            yield replace(_of_text(path, text, source, limits), missing=own)


def _dropped(source: Source) -> list[str]:
    """The columns that nobody looks at: a group, time or weight that is dropped is no feature, but still looked at."""
    return [name for name in source.drop if name not in (source.group, source.time, source.weight)]


def _of_text(path: Path, text: Text, source: Source, limits: Limits) -> Table:
    import polars as pl

    source = resolved(source, path, text.names, text.repeated)
    frame = pl.scan_csv(
        text.file,
        separator=text.separator,
        has_header=False,
        skip_lines=text.header.lines,
        schema=dict.fromkeys(text.names, pl.String),
        missing_columns="insert",  # of a first record that is too short
        glob=False,  # brackets and stars may stand in a name
    )
    for fields in text.below:
        same = (
            pl.col(name).str.strip_chars().eq_missing(field) for name, field in zip(text.names, fields, strict=True)
        )
        frame = frame.filter(~pl.all_horizontal(same))
    if text.file.stat().st_size <= limits.in_memory:
        frame = frame.collect().lazy()
    about: dict[str, Any] = {"file": path.name, "encoding": text.encoding, "separator": text.separator}
    if text.header.line != 1:
        about["header"] = text.header.line
    unread = dict.fromkeys(_dropped(source), "String")
    return Table(str(path), source, frame, True, text.names, about, text, batch_cells=limits.batch_cells, unread=unread)


def _of_parquet(path: Path, source: Source, limits: Limits) -> Table:
    import polars as pl

    try:
        frame = pl.scan_parquet(path, glob=False)
        records = int(frame.select(pl.len()).collect().item())  # stands in the file's footer: nothing else is read
        check_counts(path, records, len(frame.collect_schema()))
    except OSError as cause:
        raise DataError("table.unreadable", path=path, cause=os_reason(cause)) from cause
    frame = with_categories(frame, path)
    about = {"file": path.name}
    return replace(_typed(str(path), frame, about, source, limits), records=records)


def _of_frame(source: Source, limits: Limits) -> Table:
    import polars as pl

    given = source.frame
    of_polars = isinstance(given, pl.DataFrame | pl.LazyFrame)
    frame, repeated = (given, {}) if of_polars else from_pandas(given)
    about = {"frame": type(given).__module__.split(".")[0]}
    return _typed(source.place, frame.lazy(), about, source, limits, repeated)


def _of_database(source: Source, limits: Limits) -> Table:
    frame = read_database(source.place, source.password)
    return _typed(source.place, frame.lazy(), {"database": source.place}, source, limits)


def _typed(
    name: str,
    frame: pl.LazyFrame,
    about: dict[str, Any],
    source: Source,
    limits: Limits,
    repeated: Mapping[str, tuple[str, ...]] | None = None,
) -> Table:
    """Columns without single values are not read: Polars itself can do little with them."""
    import polars as pl

    columns, _ = checked_names(name, frame.collect_schema().names())
    frame = frame.rename(dict(zip(frame.collect_schema().names(), columns, strict=True)))
    types = frame.collect_schema()
    source = resolved(source, name, columns, repeated or {})
    dropped = _dropped(source)
    unread = {
        column: str(type_)
        for column, type_ in types.items()
        if column in dropped or type_.is_nested() or type_ in (pl.Binary, pl.Object) or _is_of_extension(type_)
    }
    held = frame.drop(list(unread)) if unread else frame
    return Table(name, source, held, False, columns, about, batch_cells=limits.batch_cells, unread=unread)


def _is_of_extension(type_: pl.DataType) -> bool:
    """Whether another library defined the type, such as pandas's periods: Polars cannot compute with it."""
    import polars as pl

    base = getattr(pl, "BaseExtension", None)  # releases before 1.36 have no such types
    return base is not None and isinstance(type_, base)


def ragged_of(text: Text) -> Ragged:
    """The rows of a text that have too few or too many fields."""
    return ragged(text.file, text.separator, len(text.names), text.header.lines)


@contextmanager
def _long_row_named(path: Path, text: Text) -> Iterator[None]:
    """Turns Polars's error over rows with too many fields into one that names the first; only then is it looked for."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError) as cause:
        if "found more fields" not in str(cause) and "n_extra" not in str(cause):
            raise
        rows = ragged_of(text)
        if not rows.long:
            raise
        values = {"line": rows.long_line, "found": rows.long_fields, "expected": len(text.names)}
        raise DataError("table.long", path=path, count=f"{rows.long:,}", **values) from cause


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
