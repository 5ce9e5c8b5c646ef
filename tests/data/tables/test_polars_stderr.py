"""Nothing is printed over a damaged file but the error of ours; what others print is kept."""

import os
import threading
from datetime import date

import polars as pl
import pytest

import rowwise
from rowwise.data.tables.polars_stderr import panics_hushed
from rowwise.errors import DataError

PANIC = b"thread 'a' panicked at b.rs:1:2:\n"


def frame():
    """A day so late that Polars panics when it is shown."""
    days = pl.Series("day", [2**30] * 20 + list(range(20)), dtype=pl.Int32).cast(pl.Date)
    return pl.DataFrame({"x": range(40), "day": days, "y": ["a", "b"] * 20})


def test_a_panic_of_polars_is_an_error_and_no_more(tmp_path, capfd):
    frame().write_parquet(tmp_path / "t.parquet")
    for data in (tmp_path / "t.parquet", frame()):
        with pytest.raises(DataError, match="cannot be read as a table: out-of-range date"):
            rowwise.load(data, target="y")
    assert capfd.readouterr() == ("", "")


def test_rows_that_a_damaged_file_no_longer_gives_are_missed(tmp_path, monkeypatch):
    frame().head(20).with_columns(pl.lit(date(2020, 1, 1)).alias("day")).write_parquet(tmp_path / "t.parquet")
    with monkeypatch.context() as patched:
        patched.setattr(pl.LazyFrame, "collect_batches", lambda self, **_: iter([self.collect().head(12)]))
        with pytest.raises(DataError, match="says that it has 20 rows, but 12 can be read"):
            rowwise.load(tmp_path / "t.parquet", target="y")
    assert len(rowwise.load(tmp_path / "t.parquet", target="y")[0]) == 16


def fail(text):
    with panics_hushed():
        os.write(2, text)
        raise KeyError


def test_what_else_is_printed_is_kept(capfd):
    with panics_hushed():
        os.write(2, b"a note\n")
    for text in (b"another\n", PANIC):
        with pytest.raises(KeyError):
            fail(text)
    assert capfd.readouterr().err == "a note\nanother\n"


def test_threads_give_standard_error_back(capfd):
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with panics_hushed():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    with panics_hushed():
        os.write(2, b"first\n")
    leave.set()
    thread.join()
    os.write(2, b"second\n")
    assert capfd.readouterr().err == "first\nsecond\n"
