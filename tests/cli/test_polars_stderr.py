"""Nothing is printed over a damaged file but the error of ours; what others print is kept."""

import os
import threading

import polars as pl
import pytest

import rowwise
from rowwise.errors import DataError
from rowwise.terminal.polars_stderr import hide_panics

PANIC = b"thread 'a' panicked at b.rs:1:2:\n"


def frame():
    """A day so late that Polars panics when it is shown."""
    days = pl.Series("day", [2**30] * 20 + list(range(20)), dtype=pl.Int32).cast(pl.Date)
    return pl.DataFrame({"x": range(40), "day": days, "y": ["a", "b"] * 20})


def test_a_panic_of_polars_is_an_error_and_no_more(tmp_path, capfd):
    frame().write_parquet(tmp_path / "t.parquet")
    for data in (tmp_path / "t.parquet", frame()):
        with (
            pytest.raises(DataError, match="cannot be read as a table: out-of-range date"),
            hide_panics(reads_table=True),
        ):
            rowwise.load(data, target="y")
    assert capfd.readouterr() == ("", "")


def fail(text):
    with hide_panics(reads_table=True):
        os.write(2, text)
        raise KeyError


def test_what_else_is_printed_is_kept(capfd):
    with hide_panics(reads_table=True):
        os.write(2, b"a note\n")
    for text in (b"another\n", PANIC):
        with pytest.raises(KeyError):
            fail(text)
    assert capfd.readouterr().err == "a note\nanother\n"


def test_threads_give_standard_error_back(capfd):
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with hide_panics(reads_table=True):
            inside.set()
            leave.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    with hide_panics(reads_table=True):
        os.write(2, b"first\n")
    leave.set()
    thread.join()
    os.write(2, b"second\n")
    assert capfd.readouterr().err == "first\nsecond\n"
