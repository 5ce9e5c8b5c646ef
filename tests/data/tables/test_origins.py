"""Large numbers that differ little keep their differences, as features and as targets; others stay as they are."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_tables import houses, write

import rowwise
from rowwise.data.source import Source
from rowwise.data.tables.encode import encode
from rowwise.data.tables.load import read_as
from rowwise.data.tables.schema import Schema
from rowwise.errors import DataError
from rowwise.models.preparation import Preparation

RECORDS = 60
COLUMNS = {
    "seconds": [1_700_000_000 + 7 * n for n in range(RECORDS)],
    "milliseconds": [1_700_000_000_000 + 977 * n for n in range(RECORDS)],
    "northing": [round(5_432_100 + 0.13 * n, 2) for n in range(RECORDS)],
    "below zero": [-1_700_000_000 - 3 * n for n in range(RECORDS)],
    "long": [100_000_000_000_000_000 + 7 * n for n in range(RECORDS)],
    "near": [1 + n * 1e-9 for n in range(RECORDS)],
}


def frame():
    return pl.DataFrame({**COLUMNS, "ok": ["ab"[n % 2] for n in range(RECORDS)]})


@pytest.fixture(params=["frame", "csv", "parquet"])
def table(request, tmp_path):
    """The same table in each carrier; without the column that float64 cannot read from text."""
    if request.param == "csv":
        frame().write_csv(tmp_path / "t.csv")
        return tmp_path / "t.csv"
    if request.param == "parquet":
        frame().write_parquet(tmp_path / "t.parquet")
        return tmp_path / "t.parquet"
    return frame()


def test_all_values_stay_apart_in_x_and_in_the_features(table):
    schema = rowwise.load(table, target="ok")[0].schema
    x = encode(schema, table).x
    features = Preparation(schema).prepare(x)
    for place, (name, values) in enumerate(COLUMNS.items()):
        column = schema.columns[place]
        exact = np.array([value - COLUMNS[name][0] for value in values], float)
        assert len(set(x[:, place])) == RECORDS
        assert np.allclose(np.diff(x[:, place].astype(float)), np.diff(exact), atol=2e-7 * abs(exact).max())
        standardized = (exact - exact.mean()) / exact.std()
        assert np.corrcoef(features[:, place], standardized)[0, 1] > 1 - 1e-12
        assert np.allclose(float(column.high) - float(column.low), exact.max() - exact.min(), rtol=0.3)


def test_rows_served_as_dictionaries_are_counted_from_the_same_number(table):
    schema = rowwise.load(table, target="ok")[0].schema
    assert np.array_equal(encode(schema, frame().to_dicts()).x, encode(schema, table).x)
    assert np.array_equal(encode(schema, frame()[3:4]).x, encode(schema, table).x[3:4])


def test_the_schema_says_what_numbers_are_counted_from_and_comes_back_from_json(table):
    schema = rowwise.load(table, target="ok", drop="long")[0].schema
    assert schema.columns[0].origin == 1_700_000_206
    assert schema.inputs[0] == "seconds - 1700000206"
    assert "1700000206" in str(schema)
    assert Schema.from_dict(schema.to_dict()) == schema


def test_targets_keep_their_differences_and_are_predicted_in_their_own_units(tmp_path):
    path = tmp_path / "t.csv"
    lines = (f"{n},{COLUMNS['seconds'][n]},{COLUMNS['northing'][n]}\n" for n in range(RECORDS))
    path.write_text("v,seconds,northing\n" + "".join(lines))
    for target, other, apart in ((["seconds"], "northing", False), (["northing", "seconds"], (), True)):
        train, test = rowwise.load(path, target=target, drop=other)
        expected = pl.read_csv(path)[target].to_numpy()
        found = np.concatenate([train.y, test.y]).reshape(RECORDS, -1)
        assert {*map(tuple, found)} == {*map(tuple, expected)}
        model = rowwise.dense(train, (30,), learning_rate=0.01, seed=0)
        data = (train.x, train.y) if apart else train
        rowwise.fit(model, data, epochs=60, batch_size=16, validation=0, verbose=0)
        values = rowwise.predict(model, test.x).values
        assert values.dtype == np.float64
        errors = np.abs(values - test.y.reshape(len(test), -1)).mean(0)
        assert (errors < 0.2 * expected.std(0)).all()
        assert rowwise.evaluate(model, test).r2 > 0.9


def test_ordinary_numbers_are_what_the_table_has(tmp_path):
    columns = {
        "year": [1990 + n % 30 for n in range(RECORDS)],
        "pressure": [1013.25 + n % 17 for n in range(RECORDS)],
        "price": [200_000_000 + 45_000_000 * n for n in range(RECORDS)],
        "kelvin": [273.15 + 0.5 * n for n in range(RECORDS)],
        "share": [n / RECORDS for n in range(RECORDS)],
    }
    table = pl.DataFrame({**columns, "ok": ["ab"[n % 2] for n in range(RECORDS)]})
    schema = rowwise.load(table, target="ok")[0].schema
    assert [column.origin for column in schema.columns] == [0.0] * len(columns)
    assert schema.inputs == tuple(columns)
    assert np.array_equal(encode(schema, table).x, np.stack(list(columns.values()), 1).astype(np.float32))
    train = rowwise.load(write(tmp_path / "houses.csv", houses()), target="price", drop="dear")[0]
    assert train.y.dtype == np.float32
    assert "target_origins" not in train.schema.to_dict()


@settings(deadline=None, max_examples=20)
@given(st.integers(-(2**52), 2**52), st.integers(1, 1000))
def test_whole_numbers_never_merge(first, step):
    values = [first + step * n for n in range(RECORDS)]
    table = pl.DataFrame({"n": values, "ok": ["ab"[n % 2] for n in range(RECORDS)]})
    schema = rowwise.load(table, target="ok", numeric="n")[0].schema
    assert len(set(encode(schema, table).x[:, 0])) == RECORDS


@pytest.mark.parametrize(
    ("first", "dtype"), [(2**60, "Int64"), (-(2**61), "Int64"), (2**63 + 5, "UInt64"), (2**63 - 700, "UInt64")]
)
def test_whole_numbers_that_float64_rounds_are_learned_exactly(tmp_path, first, dtype):
    ids = [first + 7 * n for n in range(200)]
    table = pl.DataFrame({"v": range(200), "id": pl.Series(ids, dtype=getattr(pl, dtype))})
    table.write_csv(tmp_path / "t.csv")
    table.write_parquet(tmp_path / "t.parquet")
    pandas = pytest.importorskip("pandas").DataFrame({"v": range(200), "id": np.array(ids, dtype.lower())})
    for carrier in (table, tmp_path / "t.csv", tmp_path / "t.parquet", pandas):
        train, test = rowwise.load(carrier, target="id")
        assert train.y.dtype == dtype.lower()
        assert sorted(map(int, [*train.y, *test.y])) == sorted(ids)
        counted = train.schema.from_origins(test.y)
        assert (counted.dtype, len(set(counted))) == (np.float32, len(test))
        assert np.array_equal(np.diff(counted), np.diff(test.y.astype(object)).astype(np.float32))
    with_features = rowwise.load(table, target="v", numeric="id")[0].schema
    served = [encode(with_features, rows).x for rows in (table, table.to_dicts(), tmp_path / "t.csv")]
    assert all(np.array_equal(one, served[0]) for one in served)
    assert np.array_equal(np.diff(served[0][:, 0]), np.full(199, 7, np.float32))


def test_answers_are_measured_by_differences_that_float64_cannot_hold_as_sums():
    ids = [2**60 + 7 * n for n in range(200)]
    train, test = rowwise.load(pl.DataFrame({"v": range(200), "id": ids}), target="id")
    model = rowwise.dense(train, (30,), learning_rate=0.01, seed=0)
    rowwise.fit(model, train, epochs=60, batch_size=16, validation=0, verbose=0)
    report = rowwise.evaluate(model, test, train=train)
    assert report.r2 > 0.95
    assert report.mae < 100  # of a range of 1400; float64 steps by 256 there
    assert report.per_target[0].mean == pytest.approx(2**60, rel=1e-12)
    values = rowwise.predict(model, test).values
    assert values.dtype == np.float64
    assert np.abs(values[:, 0] - 2**60).max() <= 1400 + 256


@pytest.mark.parametrize(
    ("first", "value", "record"),
    [(2**60, 10**20, 200), (2**60, -(10**20), 1), (2**60, 2 * 10**38, 7), (2**60, -(2**63), 3), (2**63 + 9000, 0, 5)],
)
def test_a_target_that_no_whole_number_of_the_training_holds_is_refused_in_words(tmp_path, first, value, record):
    ids = [first + 7 * n for n in range(200)]
    schema = rowwise.load(pl.DataFrame({"v": range(200), "id": ids}), target="id")[0].schema
    ids[record - 1] = value
    file = tmp_path / "t.csv"
    file.write_text("v,id\n" + "".join(f"{n},{one}\n" for n, one in enumerate(ids)))
    with pytest.raises(DataError, match=f'"id" holds {value} in record {record}[.]'):
        read_as(schema, Source(str(file)))


def test_several_targets_of_which_one_is_small_are_float64():
    table = pl.DataFrame({"v": range(60), "id": [2**60 + 256 * n for n in range(60)], "w": [n / 7 for n in range(60)]})
    train, test = rowwise.load(table, target=["id", "w"])
    assert train.y.dtype == np.float64
    found = np.concatenate([train.y, test.y])
    assert {*map(tuple, found)} == {*zip(map(float, table["id"]), table["w"], strict=True)}


def test_arrays_whose_targets_float32_cannot_tell_apart_are_told(tmp_path):
    x = np.arange(200, dtype=np.float32)[:, None]
    for first in (1_700_000_000, 2**60):
        np.savez(tmp_path / "t.npz", x=x, y=first + 7 * np.arange(200))
        with pytest.warns(rowwise.Suspicious, match="y has large numbers that differ little"):
            rowwise.load(tmp_path / "t.npz", task="regression")
    np.savez(tmp_path / "t.npz", x=x, y=1990.5 + np.arange(200))
    rowwise.load(tmp_path / "t.npz")


def test_ids_beyond_float32_stay_apart_as_categories_and_as_classes(tmp_path):
    ids = [2**24 + 1 + n % 4 for n in range(RECORDS)]
    for table in (pl.DataFrame({"id": ids, "v": range(RECORDS)}), tmp_path / "t.csv"):
        if not isinstance(table, pl.DataFrame):
            pl.DataFrame({"id": ids, "v": range(RECORDS)}).write_csv(table)
        assert rowwise.load(table, target="id")[0].classes == tuple(str(2**24 + 1 + n) for n in range(4))
        schema = rowwise.load(table, target="v", categorical="id")[0].schema
        assert schema.columns[0].levels == tuple(str(2**24 + 1 + n) for n in range(4))
        assert encode(schema, table).x[:4, 0].tolist() == [0, 1, 2, 3]
