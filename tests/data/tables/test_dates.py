"""Dates however they are written, and in whatever they come, are the dates that they are."""

import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rowwise
from rowwise.data.tables.encode import encode
from rowwise.errors import Suspicious, UsageError

RECORDS = 60
MOMENTS = [
    datetime.datetime(2023, 1, 3, 6, 5, 9) + n * datetime.timedelta(days=11, hours=7, minutes=3) for n in range(RECORDS)
]
MONTHLY = [datetime.date(2019 + n // 12, n % 12 + 1, 1) for n in range(RECORDS)]


def csv(path, **columns):
    """A CSV file of the columns and of a target `ok`; every field is quoted."""
    columns["ok"] = ["ab"[n % 2] for n in range(RECORDS)]
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    path.write_text("".join(",".join(f'"{field}"' for field in row) + "\n" for row in rows), "utf-8")
    return path


def dates_of(x):
    """`year-month-day hour` of the first columns of X."""
    return [tuple(np.round(row[[0, 1, 2, 4]], 3)) for row in x]


def read(path, **options):
    """All records of a file, in its order, as a model of that file has them."""
    schema = rowwise.load(path, target="ok", **options)[0].schema
    return schema, encode(schema, path).x


# A way of writing, as strftime has it, and whether it has a time.
WAYS = [
    ("%Y-%m-%d %H:%M:%S", True),
    ("%Y-%m-%d %H:%M:%S+00:00", True),
    ("%Y-%m-%dT%H:%M:%SZ", True),
    ("%Y-%m-%dT%H:%M:%S.250000+09:00", True),
    ("%Y-%m-%d %H:%M:%S +0900", True),
    ("%Y-%m-%dT%H:%M", True),
    ("%Y%m%dT%H%M%SZ", True),
    ("%Y%m%d%H%M%S", True),
    ("%m/%d/%Y %H:%M:%S", True),
    ("%m/%d/%Y %I:%M %p", True),
    ("%d/%m/%Y %H:%M", True),
    ("%d.%m.%Y %H:%M:%S", True),
    ("%d-%b-%Y %H:%M:%S", True),
    ("%a, %d %b %Y %H:%M:%S GMT", True),
    ("%a %b %d %Y %H:%M:%S GMT+0900 (KST)", True),
    ("%d/%b/%Y:%H:%M:%S +0900", True),
    ("%Y년 %m월 %d일 %H시 %M분", True),
    ("%d-%b-%Y", False),
    ("%b %d, %Y", False),
    ("%B %d, %Y", False),
    ("%d. %B %Y", False),
    ("%Y-%b-%d", False),
    ("%Y. %m. %d.", False),
    ("%Y년 %m월 %d일", False),
    ("%Y年%m月%d日", False),
    ("%Y%m%d", False),
    ("%d.%m.%Y", False),
    ("%Y.%m.%d(%a)", False),
]


@pytest.mark.parametrize(("way", "timed"), WAYS)
def test_dates_are_dates_however_they_are_written(tmp_path, way, timed):
    schema, x = read(csv(tmp_path / "t.csv", day=[moment.strftime(way) for moment in MOMENTS]))
    assert schema.columns[0].kind == "date"
    for row, moment in zip(x, MOMENTS, strict=True):
        assert tuple(row[:4]) == (moment.year, moment.month, moment.day, moment.isoweekday())
        if timed:
            assert row[4] == np.float32(moment.hour + moment.minute / 60)


def test_numbers_without_a_zero_before_them_and_halves_of_the_day(tmp_path):
    texts = [f"{m.month}/{m.day}/{m.year} {m.hour % 12 or 12}:{m.minute:02} {'AP'[m.hour // 12]}M" for m in MOMENTS]
    korean = [
        f"{m.year}. {m.month}. {m.day}. {'오전오후'[m.hour // 12 * 2 :][:2]} {m.hour % 12 or 12}:{m.minute:02}"
        for m in MOMENTS
    ]
    _, x = read(csv(tmp_path / "t.csv", day=texts, korean=korean))
    expected = [(m.year, m.month, m.day, np.round(np.float32(m.hour + m.minute / 60), 3)) for m in MOMENTS]
    assert dates_of(x) == expected
    assert dates_of(x[:, 5:]) == expected


@pytest.mark.parametrize("way", ["%Y-%m", "%Y/%m", "%Y년 %m월", "%b %Y", "%m/%Y"])
def test_a_year_and_a_month_have_no_day(tmp_path, way):
    schema, x = read(csv(tmp_path / "t.csv", month=[month.strftime(way) for month in MONTHLY]))
    assert schema.columns[0].parts == ("year", "month")
    assert (schema.columns[0].low[:4], schema.columns[0].high) == ("2019", "2023-12")
    assert [tuple(row[:2]) for row in x] == [(month.year, month.month) for month in MONTHLY]


@pytest.mark.parametrize("way", ["{y}Q{q}", "{y}-Q{q}", "{y}년 {q}분기", "Q{q} {y}"])
def test_a_quarter_is_its_first_month(tmp_path, way):
    quarters = [way.format(y=2001 + n // 4, q=n % 4 + 1) for n in range(RECORDS)]
    _, x = read(csv(tmp_path / "t.csv", quarter=quarters))
    assert [tuple(row[:2]) for row in x] == [(2001 + n // 4, 3 * (n % 4) + 1) for n in range(RECORDS)]


@pytest.mark.parametrize("way", ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S%p", "%H시 %M분"])
def test_times_of_day_are_angles(tmp_path, way):
    schema, x = read(csv(tmp_path / "t.csv", at=[moment.strftime(way) for moment in MOMENTS]))
    assert schema.columns[0].parts == ("hour",)
    assert schema.features[:2] == ("at hour sin", "at hour cos")
    assert x[:, 0].tolist() == [np.float32(moment.hour + moment.minute / 60) for moment in MOMENTS]
    typed = encode(schema, pl.DataFrame({"at": [moment.time() for moment in MOMENTS]})).x
    assert np.array_equal(typed, x)


def test_a_column_that_proves_the_day_first_settles_the_others(tmp_path):
    later = [f"{month + datetime.timedelta(20):%d/%m/%Y}" for month in MONTHLY]
    for first in ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y"):
        path = csv(tmp_path / "t.csv", month=[month.strftime(first) for month in MONTHLY], delivered=later)
        _, x = read(path)
        assert [tuple(row[:3]) for row in x] == [(month.year, month.month, 1) for month in MONTHLY]


def test_a_column_that_proves_the_month_first_settles_the_others(tmp_path):
    later = [f"{month + datetime.timedelta(20):%m/%d/%Y}" for month in MONTHLY]
    _, x = read(csv(tmp_path / "t.csv", month=[f"{month:%m/%d/%Y}" for month in MONTHLY], delivered=later))
    assert [tuple(row[:3]) for row in x] == [(month.year, month.month, 1) for month in MONTHLY]


@pytest.mark.parametrize(("way", "order"), [("%d/%m/%Y", "day-first"), ("%m/%d/%Y", "month-first")])
def test_monthly_dates_that_nothing_settles_are_told_with_the_option_that_does(tmp_path, way, order):
    path = csv(tmp_path / "t.csv", month=[month.strftime(way) for month in MONTHLY])
    with pytest.warns(Suspicious, match=f'01/01/2019.*month.*date_order="{order}"'):
        rowwise.load(path, target="ok")
    for asked in ("day-first", "month-first"):  # and the option is obeyed, without a word
        _, x = read(path, date_order=asked)
        as_meant = [(month.year, month.month, 1) for month in MONTHLY]
        exchanged = [(month.year, 1, month.month) for month in MONTHLY]
        assert [tuple(row[:3]) for row in x] == (as_meant if asked == order else exchanged)


def test_an_order_that_the_dates_contradict_is_refused_with_the_date(tmp_path):
    path = csv(tmp_path / "t.csv", day=[f"{moment:%d/%m/%Y}" for moment in MOMENTS])
    with pytest.raises(UsageError, match=r'month-first" contradicts column "day", which has 14/01/2023 in record 2'):
        rowwise.load(path, target="ok", date_order="month-first")
    with pytest.raises(UsageError, match="date_order must be one of day-first, month-first, year-first"):
        rowwise.load(path, target="ok", date_order="american")


def test_years_of_two_digits_may_stand_first(tmp_path):
    path = csv(tmp_path / "t.csv", day=[f"{moment:%y.%m.%d}" for moment in MOMENTS])
    with pytest.warns(Suspicious, match="with the year first"):
        rowwise.load(path, target="ok")
    _, x = read(path, date_order="year-first")
    assert [tuple(row[:3]) for row in x] == [(moment.year, moment.month, moment.day) for moment in MOMENTS]


@pytest.mark.parametrize("none", ["0000-00-00", "NaT", "2023-02-30", "unknown"])
def test_a_value_that_is_no_date_is_missing_and_told(tmp_path, none):
    texts = [f"{moment:%Y-%m-%d}" for moment in MOMENTS]
    texts[7] = none
    path = csv(tmp_path / "t.csv", day=texts)
    with pytest.warns(Suspicious, match=rf'"day": 1 of 60 values is no date, in record 8 \({none}\)'):
        schema = rowwise.load(path, target="ok")[0].schema
    x = encode(schema, path).x
    assert np.isnan(x[7, :4]).all()
    assert np.flatnonzero(np.isnan(x[:, 0])).tolist() == [7]


def test_dates_too_many_of_which_cannot_be_read_are_told(tmp_path):
    texts = [f"{moment:%d/%m/%Y}" if n % 2 else f"{moment:%m/%d/%Y}" for n, moment in enumerate(MOMENTS)]
    schema = rowwise.load(csv(tmp_path / "t.csv", day=texts, w=range(RECORDS)), target="ok")[0].schema
    assert (schema.columns[0].kind, schema.columns[0].reason) == ("dropped", "dates")


@pytest.mark.parametrize(
    "texts",
    [
        [f"10.0.0.{n}" for n in range(RECORDS)],
        [f"02-123-{4000 + n}" for n in range(RECORDS)],
        [f"{n % 7}:{n % 9}" for n in range(RECORDS)],
        [f"Lot {n} 2023" for n in range(RECORDS)],
        [f"{10 + n}-{20 + n}-{30 + n}" for n in range(RECORDS)],
    ],
)
def test_addresses_numbers_and_codes_are_no_dates(tmp_path, texts):
    schema = rowwise.load(csv(tmp_path / "t.csv", code=texts, w=range(RECORDS)), target="ok")[0].schema
    assert schema.columns[0].kind != "date"


def test_whole_numbers_are_dates_only_where_all_of_them_are(tmp_path):
    numbers = [20230000 + 2 * n for n in range(RECORDS)]
    assert read(csv(tmp_path / "t.csv", code=numbers))[0].columns[0].kind == "numeric"
    days = [int(f"{moment:%Y%m%d}") for moment in MOMENTS]
    schema, x = read(csv(tmp_path / "t.csv", day=days))
    assert [tuple(row[:3]) for row in x] == [(moment.year, moment.month, moment.day) for moment in MOMENTS]
    assert np.array_equal(encode(schema, pl.DataFrame({"day": days})).x, x)
    assert read(tmp_path / "t.csv", numeric="day")[0].columns[0].kind == "numeric"


def moments_in(zone):
    return pl.Series("at", MOMENTS).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)


def carriers(series, tmp_path):
    """The same moments as a DataFrame, in Parquet, as dictionaries, and as texts of three kinds."""
    frame = pl.DataFrame({"at": series})
    frame.write_parquet(tmp_path / "at.parquet")
    frame.write_csv(tmp_path / "at.csv")
    written = frame.with_columns(pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%S.000%:z"))
    yield from (frame, tmp_path / "at.parquet", tmp_path / "at.csv", series.to_frame().to_dicts(), written)


@pytest.mark.parametrize("trained", ["UTC", "Asia/Seoul", "America/New_York"])
def test_a_moment_gives_the_same_features_in_whatever_zone_and_carrier(tmp_path, trained):
    classes = pl.Series("ok", ["ab"[n % 2] for n in range(RECORDS)])
    (tmp_path / "trained").mkdir()
    for carrier in carriers(moments_in(trained), tmp_path / "trained"):
        if isinstance(carrier, list):
            continue
        frame = carrier
        if not isinstance(carrier, pl.DataFrame):
            parquet = carrier.suffix == ".parquet"
            frame = pl.read_parquet(carrier) if parquet else pl.read_csv(carrier, infer_schema=False)
        schema = rowwise.load(frame.with_columns(classes), target="ok")[0].schema
        expected = encode(schema, moments_in("UTC").to_frame()).x
        clock = "UTC" if schema.columns[0].zone == "UTC" else trained  # New York's offset changes within a year
        assert np.floor(expected[:, 4]).tolist() == moments_in(clock).dt.hour().to_list()
        for zone in ("UTC", "Asia/Seoul", "Asia/Kolkata"):
            for served in carriers(moments_in(zone), tmp_path):
                assert np.array_equal(encode(schema, served).x, expected)


def test_offsets_that_change_are_brought_to_utc(tmp_path):
    texts = [f"{moment:%Y-%m-%d %H:%M:%S}{'+01:00' if n % 2 else '+02:00'}" for n, moment in enumerate(MOMENTS)]
    schema, x = read(csv(tmp_path / "t.csv", at=texts))
    assert schema.columns[0].zone == "UTC"
    utc = [moment - datetime.timedelta(hours=1 if n % 2 else 2) for n, moment in enumerate(MOMENTS)]
    assert [tuple(row[:3]) for row in x] == [(moment.year, moment.month, moment.day) for moment in utc]
    assert np.floor(x[:, 4]).tolist() == [moment.hour for moment in utc]


@settings(deadline=None, max_examples=20)
@given(
    st.lists(
        st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(2049, 12, 31)),
        min_size=20,
        max_size=20,
        unique_by=lambda moment: moment.date(),
    )
)
def test_a_table_of_dates_is_the_same_as_typed_and_as_text(moments):
    classes = ["ab"[n % 2] for n in range(len(moments))]
    typed = pl.DataFrame({"at": [moment.replace(microsecond=0) for moment in moments], "ok": classes})
    schema = rowwise.load(typed, target="ok")[0].schema
    expected = encode(schema, typed).x
    for way in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d %b %Y %H:%M:%S", "%Y년 %m월 %d일 %H:%M:%S"):
        texts = typed.with_columns(pl.col("at").dt.strftime(way))
        assert np.array_equal(encode(schema, texts).x, expected, equal_nan=True)
