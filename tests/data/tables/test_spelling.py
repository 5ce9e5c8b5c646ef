"""One value, one class: words for a missing value that are classes, and spellings of one value in every carrier."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rowwise
from rowwise.data.source import Source
from rowwise.data.tables.encode import encode
from rowwise.data.tables.load import read_as
from rowwise.data.tables.spelling import merged
from rowwise.errors import Suspicious

N = 120


def csv(folder, classes, name="y"):
    path = folder / "t.csv"
    rows = "".join(f"{n * 37 % 127}.5,{classes[n % len(classes)]}\n" for n in range(N))
    path.write_text(f"h,{name}\n{rows}")
    return path


def counts(data):
    return dict(zip(data.classes, data.counts.tolist(), strict=True))


def whole(parts):
    return {name: parts[0].counts[number] + parts[1].counts[number] for number, name in enumerate(parts[0].classes)}


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (["None", "None", "Insomnia", "Apnea"], {"Apnea": 30, "Insomnia": 30, "None": 60}),
        (["+", "-"], {"+": 60, "-": 60}),
        (["NA", "EU", "AS"], {"AS": 40, "EU": 40, "NA": 40}),
        (["EMEA", "APAC", "LATAM"] * 6 + ["NA", "EMEA"], {"APAC": 36, "EMEA": 42, "LATAM": 36, "NA": 6}),
        (["null", "minor", "major"], {"major": 40, "minor": 40, "null": 40}),
        (["nan", "chiang", "mai"], {"chiang": 40, "mai": 40, "nan": 40}),
        (["1", "NA"], {"1": 60, "NA": 60}),
        (["-", "없음", "있음"], {"-": 40, "없음": 40, "있음": 40}),
    ],
)
def test_a_word_that_stands_as_often_as_a_class_is_one(tmp_path, classes, expected):
    path = csv(tmp_path, classes)
    with pytest.warns(Suspicious, match="taken for classes"):
        parts = rowwise.load(path, "y")
    assert whole(parts) == expected
    frame = pl.read_csv(path)
    frame.write_parquet(tmp_path / "t.parquet")
    for source in (Source(str(path)), Source("t", frame=frame), Source(str(tmp_path / "t.parquet"))):
        assert counts(read_as(parts[0].schema, source)[0]) == expected


@pytest.mark.parametrize(
    ("classes", "word", "left_out"),
    [
        (["good"] * 5 + ["bad"] * 2 + ["NA"], '"NA": 15', 15),
        (["0", "1", "?"], r'"\?": 40', 40),
        (["yes"] * 5 + ["no"] * 4 + [""], "are left out", 12),
    ],
)
def test_records_without_a_target_are_counted_and_said(tmp_path, classes, word, left_out):
    path = csv(tmp_path, classes)
    with pytest.warns(Suspicious, match=rf"{left_out} of 120 records have no value for the target.*{word}"):
        train, test = rowwise.load(path, "y")
    assert len(train) + len(test) == N - left_out
    assert train.source["without_target"] == left_out
    with pytest.warns(Suspicious, match=f"{left_out} of 120 records"):
        read_as(train.schema, Source(str(path)))


def test_numbers_to_be_predicted_may_be_missing(tmp_path):
    path = csv(tmp_path, [f"{n}.25" for n in range(29)] + ["None"])
    with pytest.warns(Suspicious, match='4 of 120 records.*"None": 4'):
        train, test = rowwise.load(path, "y")
    assert train.task == "regression"
    assert len(train) + len(test) == 116


def test_a_null_of_a_frame_stays_missing_and_says_how_the_class_is_read(tmp_path):
    path = csv(tmp_path, ["None", "a", "b"])
    with pytest.warns(Suspicious, match="taken for classes"):
        train, _ = rowwise.load(path, "y")
    frame = pl.read_csv(path, null_values="None")
    with pytest.warns(Suspicious, match="40 of 120.*keep_default_na=False"):
        data, _ = read_as(train.schema, Source("t", frame=frame))
    assert counts(data) == {"None": 0, "a": 40, "b": 40}


def test_a_word_in_a_column_of_categories_is_said_and_can_be_made_a_level():
    frame = pl.DataFrame(
        {
            "country": ["NA", "KR", "DE", "FR"] * 30,
            "h": [n * 37 % 127 + 0.5 for n in range(N)],
            "y": ["a", "b", "b", "a", "b"] * 24,
        }
    )
    with pytest.warns(Suspicious, match=r'country "NA" \(30\).*categorical="country"'):
        train, _ = rowwise.load(frame, "y")
    assert train.schema.columns[0].levels == ("DE", "FR", "KR")
    assert train.schema.columns[0].missing == pytest.approx(0.25, abs=0.05)
    train, _ = rowwise.load(frame, "y", categorical="country")
    assert train.schema.columns[0].levels == ("DE", "FR", "KR", "NA")
    rows = [{"country": text, "h": 1.0} for text in ("NA", "KR", None)]
    assert encode(train.schema, rows).x[:2, 0].tolist() == [3, 2]
    assert encode(train.schema, rows).oddities["country"]["missing"] == 1


BOOLEANS = [n % 3 == 0 for n in range(N)]
CARRIERS = {
    "bool": BOOLEANS,
    "int": [int(one) for one in BOOLEANS],
    "float": [float(one) for one in BOOLEANS],
    "True": [str(one) for one in BOOLEANS],
    "TRUE": [str(one).upper() for one in BOOLEANS],
    "1.0": [f"{float(one)}" for one in BOOLEANS],
    "categories": pl.Series([str(one).lower() for one in BOOLEANS], dtype=pl.Categorical),
}


def carried(folder, name, as_file):
    frame = pl.DataFrame({"h": [n * 37 % 127 + 0.5 for n in range(N)], "y": CARRIERS[name]})
    if not as_file:
        return Source("t", frame=frame)
    frame.write_csv(folder / f"{name}.csv")
    return Source(str(folder / f"{name}.csv"))


@pytest.mark.parametrize("trained", CARRIERS)
@pytest.mark.parametrize("as_file", [True, False])
def test_a_class_is_the_same_whatever_carries_it(tmp_path, trained, as_file):
    source = carried(tmp_path, trained, as_file)
    schema = rowwise.load(source.frame if source.frame is not None else source.place, "y")[0].schema
    for served in CARRIERS:
        for file in (True, False):
            data, _ = read_as(schema, carried(tmp_path, served, file))
            assert data.counts.tolist() == [80, 40], (served, file)


@pytest.mark.parametrize(
    ("classes", "kept", "said"),
    [
        (["0", "1", "0", "1.0"], ("0", "1"), '"1" = "1.0"'),
        (["True", "TRUE", "false", "true"], ("false", "true"), '"true" = "True" = "TRUE"'),
        (["yes ", "yes", "no", "No"], ("no", "yes"), '"no" = "No"'),
        (["01", "1", "2"], ("1", "2"), '"1" = "01"'),
        (["1.50", "1.5", "2"], ("1.5", "2"), '"1.5" = "1.50"'),
    ],
)
def test_spellings_of_one_class_are_one_class_and_said(tmp_path, classes, kept, said):
    with pytest.warns(Suspicious, match=said):
        train, test = rowwise.load(csv(tmp_path, classes), "y", task="classification")
    assert train.classes == kept
    assert len(train) + len(test) == N


def test_decimals_of_a_database_are_the_classes_of_a_file():
    numbers = [Decimal(one) for one in ("1.00", "2.50", "10.00")]
    frame = pl.DataFrame({"h": [n * 37 % 127 + 0.5 for n in range(N)], "y": [numbers[n % 3] for n in range(N)]})
    schema = rowwise.load(frame, "y", task="classification")[0].schema
    assert schema.classes == ("1", "2.5", "10")
    assert (
        read_as(schema, Source("t", frame=frame.with_columns(pl.col("y").cast(float))))[0].counts.tolist() == [40] * 3
    )


def test_categories_of_numbers_are_read_by_a_column_that_was_learned_as_numbers():
    frame = pl.DataFrame({"h": [n * 37 % 127 + 0.5 for n in range(N)], "b": BOOLEANS, "y": ["a", "b"] * (N // 2)})
    schema = rowwise.load(frame, "y")[0].schema
    served = frame.with_columns(pl.col("h", "b").cast(pl.String).cast(pl.Categorical))
    assert np.array_equal(encode(schema, served).x, encode(schema, frame).x)


def test_classes_that_differ_in_what_is_not_seen_are_said(tmp_path):
    with pytest.warns(Suspicious, match="look alike"):
        train, _ = rowwise.load(csv(tmp_path, ["a", "a\u200b", "b"]), "y")
    assert len(train.classes) == 3


def test_codes_keep_their_zeros_and_are_found_without_them(tmp_path):
    train, _ = rowwise.load(csv(tmp_path, ["01", "02", "10"]), "y", task="classification")
    assert train.classes == ("01", "02", "10")
    frame = pl.DataFrame({"h": [n * 37 % 127 + 0.5 for n in range(N)], "y": [1, 2, 10] * 40})
    assert counts(read_as(train.schema, Source("t", frame=frame))[0]) == {"01": 40, "02": 40, "10": 40}


def test_levels_are_the_same_whatever_carries_them():
    frame = pl.DataFrame({"zip": [1, 2, 3, 4] * 30, "y": [n * 37 % 127 + 0.5 for n in range(N)]})
    schema = rowwise.load(frame, "y", categorical="zip")[0].schema
    values = [2, 2.0, "2", "2.0", "02", "5"]
    encoded = encode(schema, [{"zip": value} for value in values])
    assert encoded.x[:, 0].tolist() == [1, 1, 1, 1, 1, 4]
    assert encoded.oddities["zip"]["unknown"] == 1


@given(st.lists(st.integers(-1000, 1000), min_size=1, unique=True))
def test_every_number_keeps_one_spelling(numbers):
    texts = [text for number in numbers for text in (str(number), f"{number}.0", f"{number}.00")]
    kept, groups = merged(texts)
    assert sorted(kept) == sorted(map(str, numbers))
    assert all(len(group) == 3 for group in groups)
