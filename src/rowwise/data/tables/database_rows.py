"""A database's place → its rows as a DataFrame, or a connection to write to."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.data.databases import SQLITE, Database
from rowwise.data.tables.frames import series_of_array
from rowwise.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

# What a query of SQLite may do: select, read columns, call functions, refer to itself.
READING = (21, 20, 31, 33)  # sqlite3's SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION, SQLITE_RECURSIVE


def read_database(place: str, password: str = "") -> pl.DataFrame:
    """All rows of a table or query; columns of SQLite by their values, which may be of several types.

    Raises:
        UsageError: no table named where there are several, or the extra for PostgreSQL is missing. DataError: the
            database refuses.
    """
    database = Database.of(place)
    if database.kind == SQLITE:
        return _of_sqlite(database, place)
    with connected(database, place, password) as connection:
        if not (database.table or database.query):
            named = rows_of_query(connection, "select tablename from pg_tables where schemaname = 'public' order by 1")
            database = database.with_table(named.to_series().to_list(), place)
        frame = rows_of_query(connection, database.selection)
    return frame.with_columns(_plain(column) for column in frame)


def rows_of_query(connection: Any, query: str) -> pl.DataFrame:
    """What PostgreSQL answers, its columns as they come through Arrow."""
    import polars as pl

    with connection.cursor() as cursor:
        cursor.execute(query)
        return pl.DataFrame(cursor.fetch_arrow())


def _plain(column: pl.Series) -> pl.Series:
    """Numbers of any precision, which come as texts of a type of PostgreSQL's own, as texts."""
    import polars as pl

    base = getattr(pl, "BaseExtension", None)
    if base is None or not isinstance(column.dtype, base):
        return column
    held = column.ext.storage()
    return held if held.dtype == pl.String else column


def _of_sqlite(database: Database, place: str) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    if not os.path.isfile(database.path):
        raise DataError("source.missing", path=database.path)
    with connected(database, place) as connection:
        if not (database.table or database.query):
            named = connection.execute("select name from sqlite_master where type in ('table', 'view') order by 1")
            database = database.with_table([name for (name,) in named if not name.startswith("sqlite_")], place)
        cursor = connection.execute(database.selection)
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchall()
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    made = []
    for number, values in enumerate(columns):
        array = np.empty(len(values), object)
        array[:] = values
        made.append(series_of_array(f"{number}", array))
    frame = pl.DataFrame(made)
    frame.columns = names
    return frame


@contextmanager
def connected(database: Database, place: str, password: str = "", write: bool = False) -> Iterator[Any]:
    """A connection, closed at the end; what the database refuses becomes a DataError of one sentence.

    With `write`, what is written within the block is there once it ends well, else nothing of it is. Without, nothing
    can be written: queries may come from a stranger's run.
    """
    if database.kind == SQLITE:
        import sqlite3

        try:
            connection: Any = sqlite3.connect(database.path) if write else _only_reading(database.path)
            try:
                with connection:
                    yield connection
            finally:
                connection.close()
        except sqlite3.Error as cause:
            if getattr(cause, "sqlite_errorcode", 0) == sqlite3.SQLITE_AUTH:
                raise UsageError("database.only_reads") from cause
            raise DataError("database.refused", place=place, cause=_reason(cause)) from cause
        return
    try:
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi
    except ImportError as cause:
        raise UsageError("database.extra") from cause
    try:
        with dbapi.connect(database.address_with(password)) as connection:
            if not write:
                with connection.cursor() as cursor:
                    cursor.execute("set transaction read only")
            yield connection
            if write:
                connection.commit()
    except Error as cause:
        text = _reason(cause)
        raise DataError(
            "database.refused", place=place, cause=text.replace(password, "…") if password else text
        ) from cause


def _only_reading(path: str) -> Any:
    """A connection to SQLite that writes nothing, into no other file either."""
    import sqlite3

    connection = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("pragma query_only = on")
        connection.set_authorizer(
            lambda action, first, *_: (
                sqlite3.SQLITE_OK
                if action in READING or (action == sqlite3.SQLITE_PRAGMA and first == "data_version")  # by FTS5
                else sqlite3.SQLITE_DENY
            )
        )
    except BaseException:
        connection.close()
        raise
    return connection


def _reason(cause: Exception) -> str:
    """The first sentence of what a database says."""
    text = str(cause).partition("\nQuery was")[0].partition("\nLINE ")[0]
    return " ".join(text.split())[:200].rstrip(".")
