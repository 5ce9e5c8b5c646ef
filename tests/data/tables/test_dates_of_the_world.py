"""Dates as people of many countries write them, years that are easily misread, and what only looks like a date."""

import polars as pl
import pytest

import rowwise
from rowwise.data.tables.encode import encode
from rowwise.errors import Suspicious

RECORDS = 48
DAYS = ["2023-01-14", "2022-12-31", "2021-07-04", "2020-05-02"]
TIMED = ["2023-01-14 15:05", "2022-12-31 00:30", "2021-07-04 09:00", "2020-05-02 12:00"]
WRITTEN = {  # four days, or their times of day
    "it": ["14 gennaio 2023", "31-dic-2022", "4 luglio 2021", "2 maggio 2020"],
    "pt": ["14 de janeiro de 2023", "31/dez/2022", "4 de julho de 2021", "2/mai/2020"],
    "nl": ["14 januari 2023", "31 december 2022", "4 juli 2021", "2 mei 2020"],
    "pl": ["14 stycznia 2023", "31 grudnia 2022", "4 lipca 2021", "2 maja 2020"],
    "ru": ["14 января 2023", "31 декабря 2022", "4 июля 2021", "2 мая 2020"],
    "tr": ["14 Ocak 2023", "31 Aralık 2022", "4 Temmuz 2021", "2 Mayıs 2020"],
    "cs": ["14. ledna 2023", "31. prosince 2022", "4. července 2021", "2. května 2020"],
    "fi": ["14. tammikuuta 2023", "31. joulukuuta 2022", "4. heinäkuuta 2021", "2. toukokuuta 2020"],
    "el": ["14 Ιανουαρίου 2023", "31 Δεκεμβρίου 2022", "4 Ιουλίου 2021", "2 Μαΐου 2020"],
    "hu": ["2023. január 14.", "2022. december 31.", "2021. július 4.", "2020. május 2."],
    "id": ["14 Januari 2023", "31 Desember 2022", "4 Juli 2021", "2 Mei 2020"],
    "uk": ["14 січня 2023", "31 грудня 2022", "4 липня 2021", "2 травня 2020"],
    "vi": ["14 tháng 1 2023", "ngày 31 tháng 12 năm 2022", "4 tháng 7, 2021", "2 tháng 5 năm 2020"],
    "he": ["14 בינואר 2023", "31 בדצמבר 2022", "4 ביולי 2021", "2 במאי 2020"],
    "ar": ["14 يناير 2023", "31 ديسمبر 2022", "4 يوليو 2021", "2 مايو 2020"],
    "bg": ["14 януари 2023", "31 декември 2022", "4 юли 2021", "2 май 2020"],
    "et": ["14. jaanuar 2023", "31. detsember 2022", "4. juuli 2021", "2. mai 2020"],
    "weekday first": ["Sa, 14.01.2023", "Sa. 31.12.2022", "So 04.07.2021", "Sa, 02.05.2020"],
    "weekday last": ["2023년 1월 14일 토요일", "2022년 12월 31일 토요일", "2021. 7. 4. 일요일", "2020-05-02 토요일"],
    "era": ["令和5年1月14日", "令和4年12月31日", "令和3年7月4日", "令和2年5月2日"],
    "digits": ["１４/０１/２０２３", "٣١/١٢/٢٠٢٢", "०४/०७/२०२१", "02/05/2020"],
    "spaces": ["2023 01 14", "2022_12_31", "2021 07 04", "2020-05-02"],
    "week": ["2023-W02-6", "2022-W52-6", "2021W267", "2020-W18-6"],
    "Austrian": ["14. Jän. 2023", "31. Dez. 2022", "4. Juli 2021", "2. Mai 2020"],
    "word for year": ["14 января 2023 г.", "31.12.2022 г.", "4 липня 2021 року", "2 maja 2020 r."],
    "short years of Korea": ["23년 1월 14일", "22년 12월 31일", "'21.7.4", "'20. 5. 2."],
    "several": ["2023-01-14", "12/31/2022", "July 4, 2021", "2020. 5. 2."],
}
WEEKS = {  # the Mondays of the weeks of the days
    "ISO": ["2023-W02", "2022W52", "2021-W26", "2020W18"],
    "English": ["Week 2, 2023", "W52 2022", "Wk 26/2021", "2020 W18"],
    "German": ["KW 02/2023", "KW52 2022", "2021 KW 26", "Woche 18 2020"],
    "French": ["S02-2023", "semaine 52 2022", "S26 2021", "Sem. 18 2020"],
    "Korean": ["2023년 2주", "2022년 52주차", "2021년 제26주", "2020년 18주"],
    "Japanese": ["2023年第2週", "2022年第52週", "2021年26週", "2020年第18週"],
    "Chinese": ["2023年第2周", "2022年第52周", "2021年第26周", "2020年18周"],
}
MONDAYS = ["2023-01-09", "2022-12-26", "2021-06-28", "2020-04-27"]
WRITTEN_WITH_TIMES = {
    "ordinal": ["2023-014T15:05", "2022-365T00:30:00", "2021-185 09:00", "2020-123T12:00"],
    "Spanish": ["14/01/2023 3:05 p. m.", "31/12/2022 12:30 a. m.", "04/07/2021 9:00 a. m.", "02/05/2020 12:00 p. m."],
    "Uhr": ["14.01.2023 15:05 Uhr", "31.12.2022 um 00.30 Uhr", "04.07.2021, 09:00 Uhr", "02.05.2020 12 Uhr"],
    "time first": ["15:05 14.01.2023", "00:30 31.12.2022", "09:00 04.07.2021", "12:00 02.05.2020"],
    "of date": [
        "Sat Jan 14 15:05:00 2023",
        "Sat Dec 31 00:30:00 UTC 2022",
        "Sun Jul  4 09:00:00 +0000 2021",
        "Sat May 02 12:00:00 2020",
    ],
    "points": ["14-JAN-23 03.05.00.000 PM", "31-DEC-22 12.30.00 AM", "04-JUL-21 09.00.00 AM", "02-MAY-20 12.00.00 PM"],
}
MONTHS = {
    "M": ["2023M01", "2022M10", "2021M07", "2020M04"],
    "quarter": ["Q1'23", "4Q22", "T3 2021", "2. Quartal 2020"],
    "quarter of Asia": ["2023년 1분기", "2022年第4四半期", "2021年第3季度", "2020年第2季"],
}
CLOCKS = {"h": ["15h05", "00h30", "9h00", "12h00"], "Uhr": ["15.05 Uhr", "00.30 Uhr", "9:00 Uhr", "12.00 Uhr"]}
NO_DATES = {
    "sets": ["Set 12", "Set 10", "Set 45", "Set 31"],
    "shifts": ["06:00-14:00", "14:00-22:00", "22:00-06:00", "08:00-12:00"],
    "scores": ["3:1", "2:2", "0:0", "1:4"],
    "screens": ["16:9", "4:3", "21:9", "1:1"],
    "addresses": ["192.168.100.101", "100.100.100.107", "172.160.110.200", "10.168.111.222"],
    "codes": ["00E1", "00E2", "00E3", "01E1"],
}


def read(tmp_path, columns):
    """The schema of a CSV file of the columns, their values over and over, and its X by column of X."""
    rows = [{name: values[n % len(values)] for name, values in columns.items()} for n in range(RECORDS)]
    frame = pl.DataFrame(rows).with_columns(
        n=pl.Series(range(RECORDS)) * 7 % 50, y=pl.Series(["a", "b"] * (RECORDS // 2))
    )
    frame.write_csv(tmp_path / "t.csv")
    schema = rowwise.load(tmp_path / "t.csv", target="y")[0].schema
    return schema, dict(
        zip(schema.inputs, encode(schema, tmp_path / "t.csv").x[:4].T.astype(float).round(3).tolist(), strict=True)
    )


@pytest.mark.filterwarnings("ignore::rowwise.errors.Suspicious")
def test_dates_are_read_in_the_languages_of_their_files(tmp_path):
    _, x = read(tmp_path, WRITTEN | WRITTEN_WITH_TIMES)
    for name in WRITTEN | WRITTEN_WITH_TIMES:
        days = [tuple(int(x[f"{name} {part}"][n]) for part in ("year", "month", "day")) for n in range(4)]
        assert ["{}-{:02}-{:02}".format(*day) for day in days] == DAYS, name
    for name in WRITTEN_WITH_TIMES:
        assert x[f"{name} hour"] == [15.083, 0.5, 9, 12], name


@pytest.mark.filterwarnings("ignore::rowwise.errors.Suspicious")
def test_weeks_are_their_mondays(tmp_path):
    _, x = read(tmp_path, WEEKS)
    for name in WEEKS:
        days = [tuple(int(x[f"{name} {part}"][n]) for part in ("year", "month", "day")) for n in range(4)]
        assert ["{}-{:02}-{:02}".format(*day) for day in days] == MONDAYS, name


@pytest.mark.parametrize("written", ["KW 02/2023", "Week 2, 2023", "2023년 2주차", "2023年第2週"])
def test_a_week_that_is_not_written_as_in_iso_8601_is_told(tmp_path, written):
    with pytest.warns(Suspicious, match=f'"{written}" is read as its Monday by ISO 8601, 2023-01-09'):
        read(tmp_path, {"v": [written, written.replace("2,", "3,").replace("02", "03"), *[written] * 2]})


def test_years_of_two_digits_stand_first_where_other_dates_of_the_file_are_so_or_years_are_close(tmp_path):
    _, x = read(tmp_path, {"a": ["23.1.14", "22.12.3", "21.7.4"], "b": ["2023.01.14", "2022.12.31"]})
    assert x["a year"][:3] == [2023, 2022, 2021]
    with pytest.warns(Suspicious, match="year first"):
        _, x = read(tmp_path, {"a": ["23/01/14", "22/12/31", "21/07/04", "20/05/29"]})
    assert x["a year"] == [2023, 2022, 2021, 2020]


def test_a_category_of_which_many_values_are_dates_is_told(tmp_path):
    texts = ["2023-01-14", "2022-12-31", "sometime", "2020-05-02"]
    with pytest.warns(Suspicious, match=r'36 values such as 2023-01-14 are dates: "sometime" in record 3'):
        schema, _ = read(tmp_path, {"a": texts})
    assert schema.columns[0].levels == tuple(sorted(texts))


@pytest.mark.parametrize("texts", [["V1 2015", "V2 2016"], ["S1 2023", "S2 2022"], ["2023H1", "2022H2"]])
def test_versions_and_halves_are_no_weeks(tmp_path, texts):
    schema, _ = read(tmp_path, {"v": texts})
    assert schema.columns[0].levels == tuple(sorted(texts))


@pytest.mark.filterwarnings("ignore::rowwise.errors.Suspicious")
def test_months_quarters_and_clocks_are_what_they_say(tmp_path):
    _, x = read(tmp_path, MONTHS | {f"clock {name}": texts for name, texts in CLOCKS.items()})
    for name in MONTHS:
        months = list(zip(x[f"{name} year"], x[f"{name} month"], strict=True))
        assert months == [(2023, 1), (2022, 10), (2021, 7), (2020, 4)], name
    for name in CLOCKS:
        assert x[f"clock {name} hour"] == [15.083, 0.5, 9, 12], name


@pytest.mark.filterwarnings("ignore::rowwise.errors.Suspicious")
def test_what_only_looks_like_dates_clocks_or_numbers_is_a_category(tmp_path):
    schema, _ = read(tmp_path, NO_DATES)
    assert {column.name: column.kind for column in schema.columns[:-1]} == dict.fromkeys(NO_DATES, "categorical")
    assert all(len(column.levels) == 4 for column in schema.columns[:-1])


def test_years_of_two_digits_are_not_born_in_the_future(tmp_path):
    born = ["14.01.55", "31.12.71", "04.07.65", "03.03.02"]
    with pytest.warns(Suspicious, match=r"14\.01\.55, are taken for 1940 to 2039"):
        schema, x = read(tmp_path, {"born": born})
    assert x["born year"] == [1955, 1971, 1965, 2002]
    assert x["born weekday"] == [5, 5, 7, 7]
    assert encode(schema, [{"born": "01.01.41", "n": 1}]).x[0, 0] == 1941
    assert encode(schema.from_dict(schema.to_dict()), [{"born": "01.01.41", "n": 1}]).x[0, 0] == 1941


@pytest.mark.parametrize("found", ["9999-12-31", "2566-01-14", "1444-06-21", "0476-09-04", "0023-01-14"])
def test_years_of_no_calendar_that_is_meant_are_told(tmp_path, found):
    with pytest.warns(Suspicious, match=f"12 dates lie outside the years 1600 to 2200, such as {found} in record 2"):
        _, x = read(tmp_path, {"day": ["2023-01-14", found, "2022-12-31", "2021-07-04"]})
    assert x["day year"] == [2023, int(found[:4]), 2022, 2021]


@pytest.mark.filterwarnings("ignore::rowwise.errors.Suspicious")
def test_years_before_the_thousandth_are_read_where_they_have_four_digits(tmp_path):
    _, x = read(tmp_path, {"a": ["0476-09-04", "0800-12-25", "0987-07-03", "0325-05-20"], "b": ["04.09.0476"] * 4})
    assert [x[f"a {part}"] for part in ("year", "month")] == [[476, 800, 987, 325], [9, 12, 7, 5]]


@pytest.mark.parametrize("first", ["0001-01-01", "01/01/0001 00:00:00", "1/1/0001 12:00:00 AM", "0001-01-01T00:00:00"])
def test_the_first_day_of_dot_net_is_no_date(tmp_path, first):
    other = "31/12/2021" if "/" in first else "2021-12-31"
    with pytest.warns(Suspicious, match="24 of 48 values are no dates, the first in record 2"):
        _, x = read(tmp_path, {"day": [other, first, other, first]})
    assert str(x["day year"]) == "[2021.0, nan, 2021.0, nan]"


def test_zones_whose_names_tell_no_offset_are_not_guessed_and_said(tmp_path):
    """CST is China's and North America's, IST India's, Israel's and Ireland's; a region has summers."""
    clocks = ["2023-01-14 15:30:00 CST", "2023-07-14 10:00 IST", "2023-01-14 09:15:00 Asia/Seoul", "2023-01-14 12:00"]
    with pytest.warns(Suspicious, match="CST, IST, Asia/Seoul does not say how far .* 36 times are taken"):
        schema, x = read(tmp_path, {"when": clocks})
    assert x["when hour"] == [15.5, 10, 9.25, 12]
    assert schema.columns[0].zone == ""
    with pytest.warns(Suspicious, match="CST does not say"):
        schema, x = read(tmp_path, {"when": ["Sat Jan 14 15:30:00 CST 2023", "Sat Jan 14 15:30:00 KST 2023"]})
    assert (schema.columns[0].zone, x["when hour"]) == ("+09:00", [15.5] * 4)


def test_zones_that_one_place_has_are_converted(tmp_path):
    when = [
        "2023-01-14 15:30:00 KST",
        "2023-01-14 15:15 NPT",
        "2023-01-14 15:30:00 AEDT",
        "Sat Jan 14 00:30:00 BRT 2023",
    ]
    _, x = read(tmp_path, {"when": when})
    assert x["when hour"] == [6.5, 9.5, 4.5, 3.5]


def test_however_many_dates_are_none_the_others_are_dates(tmp_path):
    with pytest.warns(Suspicious, match="24 of 48 values are no dates"):
        schema, x = read(tmp_path, {"day": ["2023-01-14", "0000-00-00", "2021-07-04", "unknown"]})
    assert schema.columns[0].kind == "date"
    assert str(x["day year"]) == "[2023.0, nan, 2021.0, nan]"


def test_whole_numbers_that_are_all_months_are_months(tmp_path):
    months = [f"20{year}{month:02}" for year in (21, 22) for month in (1, 5, 9, 12)]
    _, x = read(tmp_path, {"month": months, "number": [*months[:-1], "202299"], "few": ["202101", "202109"]})
    assert [x["month year"], x["month month"]] == [[2021] * 4, [1, 5, 9, 12]]
    assert x["number"] == [202101, 202105, 202109, 202112]
    assert x["few"] == [202101, 202109, 202101, 202109]
    frame = pl.DataFrame({"month": [int(text) for text in months] * 6, "n": range(48), "y": ["a", "b"] * 24})
    assert encode(rowwise.load(frame, "y")[0].schema, frame).x[:4, :2].tolist() == [[2021, m] for m in (1, 5, 9, 12)]


def test_typed_dates_beyond_the_years_of_python_are_named_as_polars_writes_them():
    days = pl.Series([-16_757_000 + n for n in range(60)], dtype=pl.Int32).cast(pl.Date)
    for typed in (days, days.cast(pl.Datetime("us"))):
        frame = pl.DataFrame({"d": typed, "x": [float(n * 7 % 13) for n in range(60)], "y": ["a", "b", "c"] * 20})
        with pytest.warns(UserWarning, match="-43910"):
            rowwise.load(frame, target="y")
