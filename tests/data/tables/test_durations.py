"""Durations are seconds, in whatever they come; times of day are not taken for them."""

import datetime

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.data.tables.encode import encode

RECORDS = 60
WAITS = [datetime.timedelta(minutes=37 * n - 300, seconds=n, milliseconds=500) for n in range(RECORDS)]
SECONDS = np.array([wait.total_seconds() for wait in WAITS], np.float32)


def as_pandas(wait):
    days = wait.days
    rest = wait - datetime.timedelta(days=days)
    return f"{days} days {'+' if days < 0 else ''}{rest}"


def as_clock(wait):
    seconds = abs(wait.total_seconds())
    sign = "-" if wait.total_seconds() < 0 else ""
    return f"{sign}{int(seconds // 3600)}:{int(seconds // 60 % 60):02}:{seconds % 60:04.1f}"


def table(waits):
    return pl.DataFrame({"wait": waits, "ok": ["ab"[n % 2] for n in range(RECORDS)]})


ISO = pl.Series(WAITS).dt.to_string("iso").to_list()
WRITTEN = {"typed": WAITS, "pandas": [*map(as_pandas, WAITS)], "clock": [*map(as_clock, WAITS)], "ISO 8601": ISO}


@pytest.mark.parametrize("how", WRITTEN)
def test_a_duration_is_its_seconds_in_whatever_it_comes(tmp_path, how):
    data = table(WRITTEN[how])
    if how != "typed":
        data.write_csv(tmp_path / "t.csv")
        data = tmp_path / "t.csv"
    schema = rowwise.load(data, target="ok")[0].schema
    assert (schema.columns[0].kind, schema.columns[0].seconds) == ("numeric", True)
    assert "seconds" in str(schema)
    assert np.allclose(encode(schema, data).x[:, 0], SECONDS)
    for served in WRITTEN.values():
        assert np.array_equal(encode(schema, table(served)).x, encode(schema, table(WAITS)).x)
        assert np.array_equal(encode(schema, table(served).to_dicts()).x, encode(schema, table(WAITS)).x)


OF_THE_WORLD = [("1 Std. 20 Min.", 4_800), ("2 Stunden 5 Minuten 3 Sekunden", 7_503), ("1 heure 20 minutes", 4_800)]
OF_THE_WORLD += [("2 horas 5 minutos", 7_500), ("1 ч 20 мин", 4_800), ("1小时20分钟", 4_800), ("1:02.5", 62.5)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h 15m 30s", 8130),
        ("1d 2h", 93_600),
        ("2시간 15분", 8_100),
        ("1 day, 2:00:00", 93_600),
        ("PT1.5H", 5_400),
        *OF_THE_WORLD,
    ],
)
def test_ways_of_writing_a_duration(tmp_path, text, seconds):
    texts = [text, *(f"{n}h {n}m" for n in range(1, RECORDS))]
    schema = rowwise.load(table(WAITS), target="ok")[0].schema
    assert encode(schema, table(texts)).x[:2, 0].tolist() == [seconds, 3660]


def test_texts_that_may_be_times_of_day_are_durations_where_asked(tmp_path):
    texts = [f"{n % 24:02}:{n:02}:30" for n in range(RECORDS)]
    assert rowwise.load(table(texts), target="ok")[0].schema.columns[0].parts == ("hour",)
    schema = rowwise.load(table(texts), target="ok", numeric="wait")[0].schema
    assert encode(schema, table(texts)).x[:, 0].tolist() == [n % 24 * 3600 + n * 60 + 30 for n in range(RECORDS)]


def test_a_duration_is_predicted_in_seconds(tmp_path):
    texts = [f"{20 + n}:{n % 60:02}:30" for n in range(60)]
    (tmp_path / "t.csv").write_text("v,wait\n" + "".join(f"{n * 7 % 61},{text}\n" for n, text in enumerate(texts)))
    train, test = rowwise.load(tmp_path / "t.csv", "wait")
    assert train.schema.targets == ("wait",)
    expected = {n + 1: (20 + n) * 3600 + n % 60 * 60 + 30 for n in range(60)}
    assert dict(zip([*train.rows, *test.rows], [*train.y, *test.y], strict=True)) == expected
