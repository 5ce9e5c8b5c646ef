"""What a user says stands for a missing value: read so in training, kept, and read so again."""

import math

import polars as pl
import pytest

from rowwise.data.loaders import load_source
from rowwise.data.source import Source
from rowwise.data.tables.encode import encode
from rowwise.data.tables.schema import Schema

ROWS = [("-999", "red", "a"), ("1.5", "unknown", "b"), ("2.5", "blue", "a"), ("-999.0", "red", "b")] * 10


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("n,colour,y\n" + "".join(",".join(row) + "\n" for row in ROWS))
    return file


def test_texts_and_numbers_are_missing_and_stay_so(table):
    train, _ = load_source(Source(str(table), target="y", missing="-999,unknown"))
    number, colour = train.schema.used
    assert (number.low, number.high) == (1.5, 2.5)
    assert colour.levels == ("blue", "red")
    schema = Schema.from_dict(train.schema.to_dict())
    assert schema.missing == ("-999", "unknown")
    for rows in ([{"n": -999, "colour": "unknown"}], pl.DataFrame({"n": [-999], "colour": ["unknown"]})):
        encoded = encode(schema, rows)
        assert math.isnan(encoded.x[0, 0])
        assert encoded.oddities["colour"]["missing"] == 1


def test_the_usual_reading_is_as_it_was(table):
    number, colour = load_source(Source(str(table), target="y"))[0].schema.used
    assert (number.low, colour.levels) == (-999, ("blue", "red", "unknown"))


def test_a_class_stays_where_there_would_be_one_class_only():
    frame = pl.DataFrame(
        {
            "glucose": [number if number % 4 else 0 for number in range(84, 124)],
            "age": [*range(40)],
            "ill": [0, 1, 0, 1] * 10,
        }
    )
    with pytest.warns(UserWarning, match="ill"):
        train, _ = load_source(Source("table", target="ill", missing=("0",), frame=frame))
    assert train.classes == ("0", "1")
    assert train.schema.used[0].low >= 85


def test_what_stands_nowhere_is_told(table):
    with pytest.warns(UserWarning, match="nowhere-said"):
        load_source(Source(str(table), target="y", missing=("nowhere-said",)))
