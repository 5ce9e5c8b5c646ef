"""Only a column that is used can refuse a table: whatever the others hold, the rest is read as it is."""

import datetime

import numpy as np
import polars as pl
import pytest
from synthetic_tables import PandasFrame, csv_of

import rowwise
from rowwise.data.tables.encode import encode
from rowwise.errors import DataError, Suspicious, UsageError, warnings_to

W = [n * 0.25 for n in range(60)]
OK = ["ab"[n % 2] for n in range(60)]
ODD = {
    "bytes": pl.Series([b"\x01\x03\xff" + bytes([n]) for n in range(60)]),
    "bytes that are UTF-8": pl.Series([b"POINT" for _ in range(60)]),
    "lists": pl.Series([[n] for n in range(60)]),
    "arrays": pl.Series([[n, n] for n in range(60)], dtype=pl.Array(pl.Int64, 2)),
    "structs": pl.Series([{"lat": n, "lon": n} for n in range(60)]),
    "objects": pl.Series([object() for _ in range(60)], dtype=pl.Object),
    "extensions": pl.Series(range(60)).ext.to(pl.Extension("x", pl.Int64)),
}


def frame(odd):
    return pl.DataFrame({"odd": odd, "w": W, "ok": OK})


def carried(tmp_path, odd, carrier):
    table = frame(odd)
    if carrier == "DataFrame":
        return table
    if odd.dtype == pl.Object:
        pytest.skip("Parquet has no objects")
    table.write_parquet(tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


@pytest.mark.parametrize("carrier", ["DataFrame", "Parquet"])
@pytest.mark.parametrize("drop", [(), "odd"])
@pytest.mark.parametrize("what", ODD)
def test_what_holds_no_single_values_is_left_out(tmp_path, what, drop, carrier):
    parts = rowwise.load(carried(tmp_path, ODD[what], carrier), target="ok", drop=drop)
    assert [(c.name, c.reason) for c in parts[0].schema.columns] == [("odd", "asked" if drop else "nested"), ("w", "")]
    for part in parts:
        np.testing.assert_array_equal(part.x[:, 0], np.array(W, np.float32)[part.rows - 1])
        assert [part.classes[y] for y in part.y] == [OK[row - 1] for row in part.rows]


@pytest.mark.parametrize("option", ["categorical", "numeric", "group", "time", "target"])
@pytest.mark.parametrize("what", ODD)
def test_it_refuses_only_where_it_is_asked_for(what, option):
    with pytest.raises(UsageError, match=r'Column "odd" holds .*no single values. Leave it out'):
        rowwise.load(frame(ODD[what]), **{"target": "ok"} | {option: "odd"})


def test_a_model_is_not_served_lists_where_it_knew_numbers():
    schema = rowwise.load(frame(pl.Series(range(60))), target="ok")[0].schema
    with pytest.raises(DataError, match=r'Column "odd" holds List\(Int64\)'):
        encode(schema, frame(ODD["lists"]))
    served = pl.DataFrame({"odd": range(60), "w": W, "geometry": ODD["bytes"]})
    np.testing.assert_array_equal(encode(schema, served).x[:, 1], np.array(W, np.float32))


@pytest.mark.parametrize("options", [{}, {"drop": "wait"}, {"numeric": "wait"}])
def test_durations_are_seconds(options):
    waits = pl.Series([datetime.timedelta(minutes=n) for n in range(60)])
    train, _ = rowwise.load(pl.DataFrame({"wait": waits, "w": W, "ok": OK}), target="ok", **options)
    if options.get("drop"):
        assert train.schema.inputs == ("w",)
    else:
        np.testing.assert_array_equal(train.x[:, 0], 60 * (train.rows - 1))


ZIPS = [str(20_000 + n) if n != 38 else "20038-1234" for n in range(60)]


def test_a_column_of_numbers_with_a_few_that_are_none_is_left_out_with_a_word(tmp_path):
    (tmp_path / "t.csv").write_text(csv_of({"zip": ZIPS, "w": W, "ok": OK}))
    words = 'Column "zip" is not used: it mixes 59 numbers with 1 values .*"20038-1234" in record 39.*categorical='
    with pytest.warns(Suspicious, match=words):
        train, _ = rowwise.load(tmp_path / "t.csv", target="ok")
    assert train.schema.inputs == ("w",)
    train, _ = rowwise.load(tmp_path / "t.csv", target="ok", drop="zip")  # warnings are errors here
    assert train.schema.columns[0].reason == "asked"
    train, _ = rowwise.load(tmp_path / "t.csv", target="ok", categorical="zip")
    assert "20038-1234" in train.schema.columns[0].levels or len(train.schema.columns[0].levels) == 48


@pytest.mark.parametrize("values", [["1e300"] * 30 + ["-1e300"] * 30, ZIPS, ["\x01"] * 60, ['"a ""b"'] * 60])
def test_a_dropped_column_of_a_csv_file_is_not_looked_at(tmp_path, values):
    rows = "".join(f"{odd},{w},{ok}\n" for odd, w, ok in zip(values, W, OK, strict=True))
    (tmp_path / "t.csv").write_text("odd,w,ok\n" + rows)
    train, _ = rowwise.load(tmp_path / "t.csv", target="ok", drop="odd")
    np.testing.assert_array_equal(train.x[:, 0], np.array(W, np.float32)[train.rows - 1])


def test_where_no_other_column_is_left_that_is_the_reason(tmp_path):
    table = pl.DataFrame({"zip": ZIPS, "ok": OK}).write_csv().encode()
    (tmp_path / "t.csv").write_bytes(table)
    with warnings_to(print), pytest.raises(DataError, match=r"No column .*zip: numbers and texts mixed"):
        rowwise.load(tmp_path / "t.csv", target="ok")


def test_a_group_or_time_that_is_dropped_still_splits():
    table = pl.DataFrame({"when": range(60), "w": W, "ok": OK})
    train, test = rowwise.load(table, target="ok", time="when", drop="when")
    assert train.rows.max() < test.rows.min()
    assert train.schema.inputs == ("w",)
    train, test = rowwise.load(table.with_columns(who=pl.col("when") // 6), target="ok", group="who", drop="who")
    assert not {(row - 1) // 6 for row in train.rows} & {(row - 1) // 6 for row in test.rows}


def objects(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


@pytest.mark.parametrize(
    "odd",
    [
        objects([[n] for n in range(60)]),
        objects([{"a": n} for n in range(60)]),
        objects([b"\xff" + bytes([n]) for n in range(60)]),
        objects([None, *[np.zeros(2)] * 59]),
        np.arange(60) * 1j,
    ],
    ids=["lists", "dictionaries", "bytes", "arrays", "complex numbers"],
)
def test_a_dataframe_of_pandas_is_no_other(odd):
    train, _ = rowwise.load(PandasFrame(("odd", "w", "ok"), (odd, np.array(W), objects(OK))), target="ok")
    assert [(c.name, c.reason) for c in train.schema.columns] == [("odd", "nested"), ("w", "")]
    train, _ = rowwise.load(PandasFrame(("odd", "w", "ok"), (odd, np.array(W), objects(OK))), target="ok", drop="odd")
    assert train.schema.columns[0].reason == "asked"


def test_pandas_objects_of_one_type_are_what_they_are():
    waits = objects([datetime.timedelta(hours=n) for n in range(60)])
    train, _ = rowwise.load(PandasFrame(("wait", "ok"), (waits, objects(OK))), target="ok")
    np.testing.assert_array_equal(train.x[:, 0], 3600 * (train.rows - 1))
    long = np.arange(60).astype(np.longdouble)
    train, _ = rowwise.load(PandasFrame(("long", "ok"), (long, objects(OK))), target="ok")
    np.testing.assert_array_equal(train.x[:, 0], train.rows - 1)
