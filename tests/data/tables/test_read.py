"""CSV, Parquet and DataFrames: however they are written, the same table gives the same Datasets."""

import importlib.util
import json
import os

import numpy as np
import polars as pl
import pytest
from synthetic_tables import csv_of, houses, object_frame, without, write

import rowwise
from rowwise.data import Source
from rowwise.data.loaders import load_source
from rowwise.data.tables.cleaning import cleaned
from rowwise.data.tables.load import load, read_as
from rowwise.data.tables.read import Limits, Table
from rowwise.errors import DataError, Suspicious, UsageError
from rowwise.text import use_language

HOUSES = without(houses(), "dear")
KOREAN = {
    "이름": [f"손님{number % 7}" for number in range(60)],
    "지역": [("서울", "부산", "제주")[number % 3] for number in range(60)],
    "나이": [20 + number % 31 for number in range(60)],
    "구매": [("예", "아니오")[(number // 2) % 2] for number in range(60)],
}


def same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.x, b.x)
        np.testing.assert_array_equal(a.y, b.y)
        assert a.schema.features == b.schema.features
        assert (a.classes, a.targets) == (b.classes, b.targets)


@pytest.fixture
def plain(tmp_path):
    return rowwise.load(write(tmp_path / "plain.csv", HOUSES), target="price")


HOW = {
    "semicolons": {"separator": ";"},
    "tabs": {"separator": "\t"},
    "bars": {"separator": "|"},
    "a mark": {"encoding": "utf-8-sig"},
    "UTF-16": {"encoding": "utf-16"},
    "words for missing": {"missing": "NA"},
    "question marks": {"missing": " ? "},
    "decimal commas": {"separator": ";", "decimal": ","},
    "quoted decimal commas": {"separator": "\t", "decimal": ","},
}


@pytest.mark.parametrize("how", HOW)
def test_a_csv_file_is_read_however_it_is_written(tmp_path, plain, how):
    same(rowwise.load(write(tmp_path / "other.csv", HOUSES, **HOW[how]), target="price"), plain)


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n\n"])
def test_lines_may_end_in_any_way(tmp_path, plain, newline):
    (tmp_path / "other.csv").write_bytes(csv_of(HOUSES).replace("\n", newline).encode())
    same(rowwise.load(tmp_path / "other.csv", target="price"), plain)


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16"])
def test_korean_is_read_in_every_usual_encoding(tmp_path, encoding):
    train, test = rowwise.load(write(tmp_path / "손님.csv", KOREAN, encoding=encoding), target="구매", drop="이름")
    assert train.classes == ("아니오", "예")
    assert train.schema.used[0].levels == ("부산", "서울", "제주")
    assert (len(train), len(test)) == (48, 12)


def test_parquet_and_dataframes_give_what_csv_gives(tmp_path, plain):
    frame = pl.DataFrame(HOUSES).with_columns(pl.col("sold").str.to_date(), pl.col("river") == "yes")
    frame.write_parquet(tmp_path / "houses.parquet")
    for other in (tmp_path / "houses.parquet", frame, frame.lazy()):
        same(rowwise.load(other, target="price"), plain)


def test_a_dataframe_of_pandas_is_read_without_pandas(plain):
    with_nan = {name: [float("nan") if v is None else v for v in values] for name, values in HOUSES.items()}
    frame = object_frame(with_nan | {"sold": np.array(HOUSES["sold"], "datetime64[ns]").astype(object)})
    frame._values[list(HOUSES).index("sold")] = np.array(HOUSES["sold"], "datetime64[ns]")
    same(rowwise.load(frame, target="price"), plain)


@pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="pandas is not installed")
def test_a_real_dataframe_of_pandas_gives_the_same(plain):
    import pandas

    frame = pandas.DataFrame(HOUSES)
    frame["sold"] = pandas.to_datetime(frame["sold"])
    frame["view"] = frame["view"].astype("category")
    same(rowwise.load(frame, target="price"), plain)


def test_fields_may_hold_separators_quotes_and_lines(tmp_path):
    names = ['a "quoted", name', "two\nlines", "plain"]
    text = "x,what\n" + "".join(f'{n},"{names[n % 3].replace(chr(34), 2 * chr(34))}"\n' for n in range(60))
    (tmp_path / "t.csv").write_text(text)
    train, _ = rowwise.load(tmp_path / "t.csv", target="what")
    assert set(train.classes) == set(names)


def test_a_byte_that_belongs_to_no_letter_is_named(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"name,x\ncaf\xe9,1\nth\xe9,2\n" * 9)
    with pytest.raises(DataError, match=r"neither UTF-8 nor CP949: .*place 10, on line 2, .*encoding=\"cp1252\""):
        rowwise.load(tmp_path / "t.csv", target="x")


def test_an_encoding_that_is_named_is_taken(tmp_path):
    columns = {"name": ["café", "thé"] * 20, "x": list(range(40))}
    path = write(tmp_path / "t.csv", columns, encoding="latin-1")
    train, _ = rowwise.load(path, target="name", encoding="latin-1")
    assert train.classes == ("café", "thé")


X, Y = list(range(40)), ["a", "b"] * 20
BROKEN = {
    "nothing": (b"", "is empty"),
    "blank": (b"\n\n\n", "is empty|no records"),
    "a header alone": (b"x,y\n", "has no records"),
    "rows without values": (b"x,y\n,\n,\n", "has no records"),
    "more fields than names": (b"x,y\n1,a\n2,b,c\n", "line 3: 3 fields, but the header has 2 names"),
    "an open quote": (b'x,y\n1,"a\n2,b\n', r'line 2: a double quote opens a field \("a\)'),
    "no names": (b"1,2\n3,4\n", r"Line 1 of .* holds values \(1,2\).*header=0"),
    "zero bytes": (b"x,y\n1,\x00\n", "line 2: byte 6 is zero"),
    "50,000 columns": (
        (",".join(f"c{n}" for n in range(50_000)) + "\n1,2\n").encode(),
        "has 50,000 columns.*most 10,000",
    ),
    "no such target": (csv_of({"x": X, "z": Y}).encode(), 'y": .* has no such column. It has: x, z'),
    "a target without values": (csv_of({"x": X, "y": [None] * 40}).encode(), 'target "y" has no value'),
    "a target of one class": (csv_of({"x": X, "y": ["a"] * 40}).encode(), 'target "y" is a in every record'),
    "a target that names records": (
        csv_of({"x": X, "y": [f"n{n}" for n in X]}).encode(),
        'target "y" has 40 classes in 40 records',
    ),
    "nothing to learn from": (csv_of({"x": [1] * 40, "y": Y}).encode(), "No column .*x: one value only"),
    "a number beyond float32": (
        csv_of({"x": [*range(39), 1e300], "y": Y}).encode(),
        r'Column "x" holds 1e\+300 in record 40;',
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, what):
    content, words = BROKEN[what]
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises((DataError, UsageError), match=f"(?s){words}"):
        rowwise.load(tmp_path / "t.csv", target="y")
    with use_language("ko"), pytest.raises((DataError, UsageError)) as caught:
        rowwise.load(tmp_path / "t.csv", target="y")
    assert str(caught.value)


def test_no_temporary_file_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    rowwise.load(write(tmp_path / "t.csv", KOREAN, encoding="cp949"), target="구매")
    path = write(
        tmp_path / "bad.csv", KOREAN | {"지역": ["서울"] * 60, "나이": [1] * 60, "이름": ["a"] * 60}, encoding="cp949"
    )
    with pytest.raises(DataError):
        rowwise.load(path, target="구매")
    assert os.listdir(tmp_path / "temporary") == []


def test_a_path_that_is_not_there_and_a_file_of_another_kind_are_named(tmp_path):
    with pytest.raises(DataError, match=r"no file or folder .*houses\.csv"):
        rowwise.load(tmp_path / "houses.csv", target="price")
    (tmp_path / "houses.xlsx").touch()
    with pytest.raises(DataError, match=r"no kind of file .*\.csv"):
        rowwise.load(tmp_path / "houses.xlsx", target="price")


def test_a_parquet_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 this is no table PAR1")
    with pytest.raises(DataError, match="cannot be read as a table"):
        rowwise.load(tmp_path / "t.parquet", target="y")


def test_rows_that_a_damaged_file_no_longer_gives_are_missed(tmp_path):
    frame = pl.DataFrame({"x": range(20), "y": ["a", "b"] * 10})
    frame.write_parquet(tmp_path / "t.parquet")
    assert len(rowwise.load(tmp_path / "t.parquet", target="y")[0]) == 16
    # A thread of Polars that dies takes its rows along; the file's footer still counts them.
    table = Table("t.parquet", Source("t.parquet"), frame.head(12).lazy(), False, ("x", "y"), {}, records=20)
    with pytest.raises(DataError, match="says that it has 20 rows, but 12 can be read"):
        list(table.batches())


def test_records_without_a_target_are_left_out(tmp_path):
    prices = [None if number < 50 else price for number, price in enumerate(HOUSES["price"])]
    with pytest.warns(Suspicious, match="50 of 200 records have no value"):
        train, test = rowwise.load(write(tmp_path / "t.csv", HOUSES | {"price": prices}), target="price")
    assert len(train) + len(test) == 150


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_every_record_knows_its_row_of_the_file(tmp_path, in_memory):
    limits = Limits(batch_cells=512, in_memory=in_memory)
    lines = ["v,y,x"]
    for number in range(1, 301):  # an empty line, and a record without its target, here and there
        lines.append("" if number % 50 == 0 else f"{number},{'' if number % 7 == 0 else number % 2},{number % 13}")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    source = Source(str(tmp_path / "t.csv"), target=("y",))
    with pytest.warns(Suspicious, match="42 of 294 records have no value"):
        train, test = load(source, limits)
    rest, held_out = train.split(0.25)
    for part in (train, test, rest, held_out, test[5:20], test[np.arange(len(test)) % 3 == 0]):
        assert part.rows.dtype == np.int32
        np.testing.assert_array_equal(part.rows, part.x[:, part.schema.inputs.index("v")])
    assert not {7, 50} & {*train.rows.tolist(), *test.rows.tolist()}
    with pytest.warns(Suspicious, match="42 of 294 records"):
        again, _ = read_as(train.schema, source, limits)
    np.testing.assert_array_equal(np.sort(again.rows), np.sort(np.concatenate([train.rows, test.rows])))


def test_rows_of_a_dataframe_split_by_group_are_its_own():
    frame = pl.DataFrame({"x": range(1, 41), "g": [n // 4 for n in range(40)], "y": Y})
    for part in rowwise.load(frame, target="y", group="g", seed=1):
        np.testing.assert_array_equal(part.rows, part.x[:, 0])


def test_what_is_infinite_is_missing():
    frame = pl.DataFrame({"x": [*map(float, range(38)), float("inf"), float("nan")], "y": Y})
    with pytest.warns(Suspicious, match='"inf" in record 39'):
        train, test = rowwise.load(frame, target="y")
    assert np.isnan(np.concatenate([train.x, test.x])).sum() == 2


def test_columns_of_lists_are_not_used():
    frame = pl.DataFrame({"x": X, "lists": [[n] for n in X], "y": Y})
    train, _ = rowwise.load(frame, target="y")
    assert [(c.name, c.reason) for c in train.schema.columns] == [("x", ""), ("lists", "nested")]


def test_equal_records_on_both_sides_are_warned_of():
    frame = pl.DataFrame({"x": X * 2, "y": Y * 2})
    with pytest.warns(Suspicious, match="test records stand among the training records"):
        rowwise.load(frame, target="y")


def test_classes_that_differ_in_case_alone_are_warned_of():
    frame = pl.DataFrame({"x": X, "y": ["Dog", "dog", "cat", "cat"] * 10})
    with pytest.warns(Suspicious, match="look alike, but for case, width or a point at the end: Dog, dog"):
        assert rowwise.load(frame, target="y")[0].classes == ("Dog", "cat", "dog")


def test_a_file_may_have_brackets_in_its_name(tmp_path, plain):
    same(rowwise.load(write(tmp_path / "houses [1] (*).csv", HOUSES), target="price"), plain)
    pl.DataFrame({"x": X, "y": Y}).write_parquet(tmp_path / "t[1].parquet")
    assert len(rowwise.load(tmp_path / "t[1].parquet", target="y")[0]) == 32


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_a_table_read_in_small_batches_gives_the_same(tmp_path, plain, in_memory):
    source = Source(str(write(tmp_path / "again.csv", HOUSES)), target=("price",))
    again = load(source, Limits(batch_cells=512, in_memory=in_memory), block_rows=50)
    same(again, plain)
    for one, other in zip(again[0].schema.used, plain[0].schema.used, strict=True):
        np.testing.assert_allclose(one.means, other.means)
        np.testing.assert_allclose(one.scales, other.scales)


@pytest.mark.slow
def test_a_large_table_is_encoded_in_a_mapped_file_and_holds_what_the_table_does():
    records, columns = 800_000, 24  # of X; its training records alone have 69 MB
    values = np.random.default_rng(0).normal(size=(records, columns)).astype(np.float32)
    frame = pl.from_numpy(values, [f"x{place}" for place in range(columns)])
    frame = frame.with_columns(y=pl.Series(values[:, 0] * 2.0))
    parts = rowwise.load(frame, target="y", test=0.1)
    assert isinstance(parts[0].x.base, np.memmap), "not copied into memory"
    for part in parts:
        np.testing.assert_array_equal(part.x, values[part.rows - 1])
        np.testing.assert_array_equal(part.y, values[part.rows - 1, 0] * 2)
    training = values[parts[0].rows - 1].astype(np.float64)
    np.testing.assert_allclose([c.means[0] for c in parts[0].schema.used], training.mean(0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose([c.scales[0] for c in parts[0].schema.used], training.std(0), rtol=1e-6)


def test_options_come_from_a_toml_file_too(tmp_path):
    (tmp_path / "how.toml").write_text('target = "price"\ndrop = ["id", "sold"]\ncategorical = "river"\n')
    train, _ = rowwise.load(write(tmp_path / "t.csv", HOUSES), options=tmp_path / "how.toml", drop="sold")
    assert train.targets == ("price",)
    assert [c.name for c in train.schema.columns if c.reason == "asked"] == ["sold"]
    assert train.schema.columns[4].levels == ("no", "yes")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "say which column is to be predicted"),
        ({"target": ("",)}, "say which column is to be predicted"),
        ({"target": "prise"}, "did you mean price"),
        ({"target": "price", "drop": "price"}, 'Column "price" is named by target= and by drop='),
        ({"target": "price", "colour": "grey"}, "colour= says nothing about"),
        (
            {"target": "price", "numeric": "view"},
            'Column "view" holds no value that reads as a number, such as "sea" in record 1',
        ),
        ({"target": "price", "task": "guess"}, "task must be one of classification, regression"),
        ({"target": "price", "test": 1.5}, "between 0 and 1"),
        ({"target": "price", "targets": "price"}, 'no option "targets"'),
        ({"target": "price", "separator": "and"}, "separator is one character"),
        ({"target": "price", "encoding": "utf-88"}, 'no encoding "utf-88"'),
        ({"target": "view", "task": "regression"}, 'the target "view" holds "'),
        ({"target": ["price", "rooms"], "task": "classification"}, "Classification has one"),
        ({"target": "price", "group": "view", "time": "sold"}, "by group .* or by time"),
        ({"target": 3}, "target cannot be 3"),
    ],
)
def test_an_option_that_makes_no_sense_is_answered(tmp_path, options, words):
    path = write(tmp_path / "t.csv", HOUSES)
    with pytest.raises((UsageError, DataError), match=words):
        rowwise.load(path, **options)


def test_only_columns_of_nothing_but_numbers_are_read_as_numbers_at_once():
    rows = pl.DataFrame({"a": ["1", None, "2.5"], "b": ["1", "NA", "2"], "c": [" 1", "2", "x "], "d": ["1", "2", "3"]})
    found = cleaned(rows, lambda name: name != "d")
    assert found["a"].to_list() == [1.0, None, 2.5]
    assert found["b"].to_list() == ["1", None, "2"]
    assert found["c"].to_list() == ["1", "2", "x"]
    assert found["d"].to_list() == ["1", "2", "3"]


def test_a_number_beyond_float32_is_named():
    frame = pl.DataFrame({"x": [*map(float, X[:-1]), -1e39], "y": Y})
    with pytest.raises(DataError, match=r'Column "x" holds -1e\+39 in record 40;'):
        rowwise.load(frame, target="y")


def test_a_source_survives_json_and_gives_the_same_data(tmp_path):
    path = write(tmp_path / "t.csv", HOUSES)
    source = Source(str(path), target=("price",), drop=("sold",), time="rooms", test=0.3)
    again = Source.from_dict(json.loads(json.dumps(source.to_dict())))
    assert again == source
    same(load_source(again), load_source(source))
    kept = load_source(source)[0].source["load"]
    same(load_source(Source.from_dict(json.loads(json.dumps(kept)))), load_source(source))
    with pytest.raises(UsageError, match='no option "frames"'):
        Source.from_dict({"place": "t.csv", "frames": 1})
    with pytest.raises(UsageError, match="drop cannot be 3"):
        Source.from_dict({"place": "t.csv", "drop": 3})


def test_a_small_parquet_file_of_endless_rows_is_refused(tmp_path):
    pl.select(pl.repeat(1.0, 30_000_000).alias("x"), pl.repeat("y", 30_000_000).alias("y")).write_parquet(
        tmp_path / "bomb.parquet", compression="zstd"
    )
    with pytest.raises(DataError, match=r"announces 30,000,000 rows of 2 columns"):
        rowwise.load(tmp_path / "bomb.parquet", target="y")


@pytest.mark.parametrize(
    ("place", "byte"),
    [("values", 0x33), ("packed", 0x01), ("unpacked", 0x01), ("more values than rows", 0x7A)],
)
def test_a_parquet_page_that_announces_the_impossible_is_refused_before_it_ends_the_process(tmp_path, place, byte):
    file = tmp_path / "t.parquet"
    pl.DataFrame({"x": range(60), "y": ["a", "b"] * 30}).write_parquet(file, compression="uncompressed")
    assert rowwise.load(file, target="y")[0].x.shape == (48, 1)
    content = bytearray(file.read_bytes())
    # Thrift's compact protocol: the page's kind, bytes unpacked and packed, then the data page's own: 60 values.
    at = content.index(b"\x15\x00\x15", 4)
    values = content.index(b"\x2c\x15\x78", at) + 2
    content[{"unpacked": at + 3, "packed": values - 3}.get(place, values)] = byte  # odd numbers are negative ones
    file.write_bytes(content)
    with pytest.raises(DataError, match="its pages announce what it cannot hold"):
        rowwise.load(file, target="y")


@pytest.mark.parametrize("options", [{}, {"row_group_size": 7}, {"data_page_size": 8, "compression": "gzip"}])
def test_nested_and_empty_parquet_columns_pass(tmp_path, options):
    rows = {"x": range(60), "y": ["a", "b"] * 30, "list": [[1, 2], None, []] * 20, "pair": [{"q": 1.0}, None] * 30}
    frame = pl.DataFrame(rows).with_columns(none=pl.lit(None, pl.Float64), town=pl.lit("hill", pl.Categorical))
    frame.write_parquet(tmp_path / "t.parquet", **options)
    assert rowwise.load(tmp_path / "t.parquet", target="y")[0].x.shape == (48, 1)
