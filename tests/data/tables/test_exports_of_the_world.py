"""CSV files as spreadsheets of many countries export them: each column has the values that its owner means."""

import csv
import io
from typing import Any, NamedTuple

import numpy as np
import pytest

import rowwise
from rowwise.data import Source
from rowwise.data.tables.encode import encode

RECORDS = 48
DAYS = [(2023, 1, 14), (2022, 12, 31), (2021, 7, 4), (2020, 5, 2)]
NAN = float("nan")


class Export(NamedTuple):
    """A file: its four first records by column, and what they are worth; dates are `DAYS`."""

    separator: str
    encoding: str
    date: list[str]
    numbers: dict[str, tuple[list[str], list[float]]]
    levels: list[str]
    number: str  # of the records


EXPORTS = {
    "German": Export(
        ";",
        "cp1252",
        ["14.01.2023", "31.12.2022", "4.7.2021", "02.05.2020"],
        {
            "Umsatz": (["1.234,56 €", "-0,50 €", "12.345.678,90 €", "7,00 €"], [1234.56, -0.5, 12_345_678.9, 7]),
            "Anteil": (["12,5 %", "100 %", "0,25 %", "7 %"], [12.5, 100, 0.25, 7]),
            "Menge": (["5", "k.A.", "#NV", "7"], [5, NAN, NAN, 7]),
        },
        ["WAHR", "FALSCH"],
        "lfd. Nr.",
    ),
    "French": Export(
        ";",
        "cp1252",
        ["14 janvier 2023", "31 déc. 2022", "4 juil. 2021", "2 mai 2020"],
        {
            "prix": (["1\u00a0234,56 €", "-0,50 €", "12\u00a0345,90 €", "7,00 €"], [1234.56, -0.5, 12_345.9, 7]),
            "budget": (["1,5 M€", "950 k€", "2,5 Md€", "800 k€"], [1.5e6, 950e3, 2.5e9, 800e3]),
            "quantité": (["5", "#VALEUR!", "n.c.", "7"], [5, NAN, NAN, 7]),
        },
        ["oui", "non"],
        "N°",
    ),
    "Swiss": Export(
        ";",
        "utf-8-sig",
        ["14.01.2023", "31.12.2022", "04.07.2021", "02.05.2020"],
        {
            "Betrag": (["CHF 1’234.56", "CHF -0.50", "CHF 12’345.90", "CHF 7.00"], [1234.56, -0.5, 12_345.9, 7]),
            "Fläche": (["1'234", "950", "12'345", "7"], [1234, 950, 12_345, 7]),
        },
        ["ja", "nein"],
        "Nr.",
    ),
    "Dutch": Export(
        ";",
        "utf-8",
        ["14-01-2023", "31-12-2022", "04-07-2021", "02-05-2020"],
        {
            "bedrag": (["€ 1.234,-", "€ 0,50", "€ 3,25-", "€ 7,--"], [1234, 0.5, -3.25, 7]),
            "aantal": (["5", "#WAARDE!", "n.v.t.", "7"], [5, NAN, NAN, 7]),
        },
        ["ja", "nee"],
        "nr",
    ),
    "Polish": Export(
        ";",
        "cp1250",
        ["14 stycznia 2023", "31 grudnia 2022", "4 lipca 2021", "2 maja 2020"],
        {
            "cena": (["1 234,56 zł", "0,50 zł", "-3,25 zł", "7,00 zł"], [1234.56, 0.5, -3.25, 7]),
            "ilość": (["5", "#ARG!", "brak danych", "7"], [5, NAN, NAN, 7]),
        },
        ["tak", "nie"],
        "nr",
    ),
    "Russian": Export(
        ";",
        "cp1251",
        ["14 января 2023", "31 дек 2022", "4 июля 2021", "2 мая 2020"],
        {
            "цена": (["1 234,56 руб.", "0,50 руб.", "-3,25 руб.", "7 руб."], [1234.56, 0.5, -3.25, 7]),
            "сумма": (["1,5 млн", "950 тыс.", "2,5 млрд", "800 тыс."], [1.5e6, 950e3, 2.5e9, 800e3]),
        },
        ["да", "нет"],
        "№",
    ),
    "Brazilian": Export(
        ";",
        "utf-8",
        ["14/01/2023", "31/12/2022", "04/07/2021", "02/05/2020"],
        {
            "preço": (["R$ 1.234,56", "R$ 0,50", "-R$ 3,25", "R$ 7,00"], [1234.56, 0.5, -3.25, 7]),
            "receita": (["R$ 1,5 milhões", "R$ 950 mil", "R$ 2 bi", "R$ 800"], [1.5e6, 950e3, 2e9, 800]),
        },
        ["sim", "não"],
        "Nº",
    ),
    "Indian": Export(
        ",",
        "utf-8",
        ["14-Jan-2023", "31-Dec-2022", "04-Jul-2021", "02-May-2020"],
        {
            "price": (["₹1,23,456.50", "₹0.50", "₹12,34,567", "₹7"], [123_456.5, 0.5, 1_234_567, 7]),
            "salary": (["2.5 lakh", "1.5 crore", "50,000", "12 lakh"], [2.5e5, 1.5e7, 50_000, 1.2e6]),
            "area": (["1,23,456", "99,999", "12,34,567", "1,00,00,000"], [123_456, 99_999, 1_234_567, 10_000_000]),
        },
        ["Yes", "No"],
        "Sr. No",
    ),
    "Korean": Export(
        ",",
        "cp949",
        ["2023. 1. 14.", "2022. 12. 31.", "2021. 7. 4.", "2020. 5. 2."],
        {
            "금액": (["69,500원", "1,200,000원", "500원", "-3,000원"], [69_500, 1_200_000, 500, -3000]),
            "시세": (["12억 5,000", "3억5천", "9억 8,500만", "7천만"], [1.25e9, 3.5e8, 9.85e8, 7e7]),
            "용돈": (["1만", "3만5천", "2만원", "9,500원"], [10_000, 35_000, 20_000, 9500]),
            "수량": (["5", "결측", "무응답", "7"], [5, NAN, NAN, 7]),
        },
        ["예", "아니오"],
        "연번",
    ),
    "Japanese": Export(
        ",",
        "cp932",
        ["2023年1月14日", "2022年12月31日", "2021年7月4日", "2020年5月2日"],
        {
            "金額": (["69,500円", "1,200,000円", "500円", "-3,000円"], [69_500, 1_200_000, 500, -3000]),
            "売上": (["1万円", "3万5千円", "2億3000万円", "7千円"], [10_000, 35_000, 2.3e8, 7000]),
            "数量": (["5", "不明", "該当なし", "7"], [5, NAN, NAN, 7]),
        },
        ["はい", "いいえ"],
        "番号",
    ),
    "Chinese": Export(
        ",",
        "gb18030",
        ["2023年1月14日", "2022年12月31日", "2021年7月4日", "2020年5月2日"],
        {
            "金额": (["69,500.50元", "1,200.00元", "500元", "3元"], [69_500.5, 1200, 500, 3]),
            "播放": (["3.5万次", "1亿次", "950次", "2千次"], [35_000, 1e8, 950, 2000]),
            "数量": (["5", "未知", "暂无", "7"], [5, NAN, NAN, 7]),
        },
        ["是", "否"],
        "序号",
    ),
}


@pytest.mark.filterwarnings("ignore::rowwise.errors.Suspicious")
@pytest.mark.parametrize("country", EXPORTS)
def test_an_export_has_the_values_that_its_owner_means(tmp_path, country):
    export = EXPORTS[country]
    written = {
        "day": export.date,
        "level": export.levels,
        **{name: texts for name, (texts, _) in export.numbers.items()},
    }
    columns: dict[str, Any] = {export.number: [str(n + 1) for n in range(RECORDS)]}
    columns |= {name: [texts[n % len(texts)] for n in range(RECORDS)] for name, texts in written.items()}
    columns["y"] = ["a", "b", "b"] * (RECORDS // 3)
    text = io.StringIO()
    csv.writer(text, delimiter=export.separator).writerows([list(columns), *zip(*columns.values(), strict=True)])
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode(export.encoding))
    encoding = "" if export.encoding in ("utf-8", "utf-8-sig", "cp949") else export.encoding
    schema = rowwise.load(path, "y", encoding=encoding)[0].schema
    kinds = {column.name: column.kind for column in schema.columns}
    assert kinds == {export.number: "dropped", "day": "date", "level": kinds["level"]} | dict.fromkeys(
        export.numbers, "numeric"
    )
    assert kinds["level"] in ("categorical", "boolean")
    x = dict(zip(schema.inputs, encode(schema, Source(str(path), encoding=encoding)).x[:4].T.tolist(), strict=True))
    assert list(zip(*(x[f"day {part}"] for part in ("year", "month", "day")), strict=True)) == DAYS
    for column in schema.columns:
        if column.kind == "numeric":
            expected = export.numbers[column.name][1]
            assert np.array(x[column.name]) + column.origin == pytest.approx(expected, rel=1e-6, nan_ok=True), (
                column.name
            )
    assert len(set(x["level"][:2])) == 2
