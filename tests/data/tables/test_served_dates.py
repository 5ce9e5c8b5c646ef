"""Dates that a trained model is given are read as they are meant there; what cannot be known is told."""

import datetime
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.data.loaders import load_source
from rowwise.data.source import Source
from rowwise.data.tables.advice import advice
from rowwise.data.tables.encode import encode, oddity_notes

RECORDS = 60
DAYS = [datetime.date(2019, 1, 3) + datetime.timedelta(11 * n) for n in range(RECORDS)]
CLASSES = ["ab"[n % 2] for n in range(RECORDS)]


def table(way=None):
    days = DAYS if way is None else [day.strftime(way) for day in DAYS]
    return pl.DataFrame({"day": days, "ok": CLASSES})


def trained_on(way=None):
    return rowwise.load(table(way), target="ok")[0].schema


def parts(encoded):
    return [tuple(row[:3]) for row in encoded.x]


MEANT = [(day.year, day.month, day.day) for day in DAYS]
WAYS = (
    None,
    "%Y-%m-%d",
    "%Y-%m-%d 00:00:00",
    "%Y-%m-%dT00:00:00.000Z",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d %b %Y",
    "%Y%m%d",
)


@pytest.mark.parametrize("way", WAYS)
def test_a_table_of_dates_is_read_the_same_however_it_was_written_in_training(tmp_path, way):
    schema = trained_on(way)
    for served in WAYS:
        table(served).write_csv(tmp_path / "served.csv")
        table(served).write_parquet(tmp_path / "served.parquet")
        for carrier in (table(served), tmp_path / "served.csv", tmp_path / "served.parquet", table(served).to_dicts()):
            assert parts(encode(schema, carrier)) == MEANT


def test_the_models_order_holds_unless_the_file_proves_another():
    schema = trained_on("%m/%d/%Y")
    one = encode(schema, [{"day": "01/02/2020"}])
    assert parts(one) == [(2020, 1, 2)]
    assert oddity_notes(schema, one.oddities) == []
    several = encode(schema, [{"day": "01/02/2020"}, {"day": "25/12/2020"}])
    assert parts(several) == [(2020, 2, 1), (2020, 12, 25)]
    assert "2 dates are read with the day first" in oddity_notes(schema, several.oddities)[0]


def test_an_order_that_nobody_knows_is_told_and_counts_as_missing():
    schema = trained_on("%Y-%m-%d")
    encoded = encode(schema, [{"day": "01/02/2020"}, {"day": "2020-02-01"}])
    assert np.isnan(encoded.x[0]).all()
    assert parts(encoded)[1] == (2020, 2, 1)
    notes = " ".join(oddity_notes(schema, encoded.oddities))
    assert "day or the month comes first" in notes
    assert "1 value could not be read" in notes


def test_another_column_of_the_served_file_settles_the_order():
    schema = rowwise.load(table("%Y-%m-%d").with_columns(sent=pl.col("day")), target="ok")[0].schema
    encoded = encode(schema, [{"day": "01/02/2020", "sent": "01/02/2020"}, {"day": "02/02/2020", "sent": "15/02/2020"}])
    assert parts(encoded) == [(2020, 2, 1), (2020, 2, 2)]


def test_times_with_and_without_a_zone_are_told_where_training_had_the_other():
    moments = pl.DataFrame({"at": [f"{day}T13:18:00+09:00" for day in DAYS], "ok": CLASSES})
    schema = rowwise.load(moments, target="ok")[0].schema
    naive = encode(schema, [{"at": "2020-01-01T05:00:00"}])
    assert naive.x[0, 4] == 5
    assert "1 time has no time zone" in oddity_notes(schema, naive.oddities)[0]
    plain = moments.with_columns(pl.col("at").str.head(19))
    schema = rowwise.load(plain, target="ok")[0].schema
    zoned = encode(schema, [{"at": "2020-01-01T05:00:00+09:00"}])
    assert zoned.x[0, 4] == 5
    assert "1 time has a time zone" in oddity_notes(schema, zoned.oddities)[0]


def test_a_run_reads_its_own_table_as_it_did_when_it_was_trained(tmp_path):
    seconds = [1_700_000_000 + 7 * n for n in range(RECORDS)]
    table("%d-%b-%Y").with_columns(seconds=pl.Series(seconds), w=pl.Series(range(RECORDS))).write_csv(
        tmp_path / "t.csv"
    )
    source = Source(str(tmp_path / "t.csv"), target="ok")
    train, test = load_source(source)
    again = load_source(source, train.schema)
    assert (again[0].checksum, again[1].checksum) == (train.checksum, test.checksum)
    day, number, w = train.schema.columns  # an earlier version dropped such dates, and counted numbers from 0
    day = replace(day, kind="dropped", reason="identifier", parts=(), means=(), scales=(), low=None, high=None)
    earlier = replace(train.schema, columns=(day, replace(number, origin=0.0), w))
    old_train, old_test = load_source(source, earlier)
    assert old_train.schema == earlier
    kept = np.concatenate([old_train.rows, old_test.rows])
    assert np.array_equal(np.concatenate([old_train.x, old_test.x])[:, 0], np.float32(np.array(seconds)[kept - 1]))
    assert np.array_equal(old_test.rows, test.rows)


def test_a_column_of_dates_suggests_to_measure_on_the_latest(tmp_path):
    (line,) = advice(rowwise.load(table(), target="ok")[0])
    assert 'time="day"' in line
    assert advice(rowwise.load(table(), target="ok", time="day")[0]) == []
    assert advice(rowwise.load(pl.DataFrame({"w": range(RECORDS), "ok": CLASSES}), target="ok")[0]) == []
