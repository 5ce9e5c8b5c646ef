"""A value or a name means one thing, whichever program wrote it, and however its letters are encoded."""

import json
import unicodedata

import polars as pl
import pytest

import rowwise
from rowwise.data.tables.encode import encode
from rowwise.errors import DataError, Suspicious

N = 40
NUMBERS = [n * 7 % 41 for n in range(N)]
LABELS = ["ab"[n % 2] for n in range(N)]


def first_column(frame, **options):
    """Its Column, and its values in the order of the records."""
    source = frame if isinstance(frame, pl.DataFrame) else str(frame)
    schema = rowwise.load(source, "y", **options)[0].schema
    return schema.columns[0], encode(schema, source).x[:, 0].tolist()


def text_of(rows):
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def test_names_that_stand_among_the_records_again_are_no_record(tmp_path):
    rows, more = ([["size", "y"], *((n + 50 * part, LABELS[n]) for n in range(N))] for part in (0, 1))
    (tmp_path / "joined.csv").write_text(text_of([*rows, *more]))
    with pytest.warns(Suspicious, match="record 41 holds the names of the columns once more"):
        train, test = rowwise.load(str(tmp_path / "joined.csv"), "y")
    assert train.classes == ("a", "b")
    assert sorted([*train.rows, *test.rows]) == [*range(1, 41), *range(42, 82)]
    assert train.schema.columns[0].kind == "numeric"


@pytest.mark.parametrize(("written", "asked"), [("NFD", "NFC"), ("NFC", "NFD")])
@pytest.mark.parametrize("name", ["prénom", "가격"])
def test_a_name_is_the_same_in_one_piece_and_in_several(tmp_path, written, asked, name):
    column, target = (unicodedata.normalize(written, text) for text in ("größe", name))
    values = [unicodedata.normalize(("NFC", "NFD")[n // 2 % 2], ("thé", "가을")[n % 2]) for n in range(N)]
    (tmp_path / "t.csv").write_text(text_of([[column, target], *zip(NUMBERS, values, strict=True)]), "utf-8")
    train, _ = rowwise.load(str(tmp_path / "t.csv"), unicodedata.normalize(asked, name))
    assert train.classes == ("thé", "가을")
    rows = [{unicodedata.normalize(form, "größe"): 3} for form in ("NFC", "NFD")]
    assert encode(train.schema, rows).x.tolist() == [[3], [3]]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("größer\n", "cp1252"),
        ("prénom,âge élevé\nœuvre,naïveté\n", "cp1252"),
        ("价格,城市\n一百,上海浦东新区\n", "gbk"),
        ("値段,都市\nひゃく,さいたま\n", "shift-jis"),
    ],
)
def test_what_is_not_korean_is_not_read_as_such(tmp_path, text, encoding):
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    with pytest.raises(DataError, match="Name its encoding"):
        rowwise.load(str(tmp_path / "t.csv"), "y")


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["no", "yes"]), pl.Boolean])
def test_yes_and_no_are_one_and_zero_in_every_type(dtype):
    values = pl.Series([["no", "yes"][n % 3 == 0] for n in range(N)])
    values = values == "yes" if dtype == pl.Boolean else values.cast(dtype)
    column, found = first_column(pl.DataFrame({"v": values, "n": NUMBERS, "y": LABELS}))
    assert (column.kind, found) == ("boolean", [float(n % 3 == 0) for n in range(N)])


def test_whole_numbers_beyond_signed_ones_keep_their_digits():
    frame = pl.DataFrame({"v": pl.Series([2**63 + n for n in NUMBERS], dtype=pl.UInt64), "y": LABELS})
    column, found = first_column(frame)
    assert [value + column.origin - 2**63 for value in found] == pytest.approx(NUMBERS, abs=1e-3 * 2**20)
    assert len(set(found)) == len(set(NUMBERS))


def test_categories_that_pandas_saved_stay_categories(tmp_path):
    about = {"columns": [{"name": "v", "pandas_type": "categorical"}, {"name": "y", "pandas_type": "unicode"}]}
    frame = pl.DataFrame({"v": [n % 5 for n in range(N)], "n": NUMBERS, "y": LABELS})
    for pandas, kind in ((json.dumps(about), "categorical"), ("{", "numeric"), ('{"columns": 3}', "numeric")):
        frame.write_parquet(tmp_path / "t.parquet", metadata={"pandas": pandas})
        column, found = first_column(tmp_path / "t.parquet")
        assert (column.kind, found) == (kind, [n % 5 for n in range(N)])


def test_numbers_of_a_frame_that_are_not_finite_are_told():
    values = [float("inf") if n == 3 else float(n) for n in range(N)]
    with pytest.warns(Suspicious, match='"v": 1 value, "inf" in record 4, stands for no number and counts as missing'):
        column, found = first_column(pl.DataFrame({"v": values, "y": LABELS}))
    assert (column.kind, found[3] == found[3], found[4]) == ("numeric", False, 4)


def test_classes_that_look_alike_are_told(tmp_path):
    names = ["<=50K", ">50K", "<=50K.", ">50K."]
    rows = [["v", "y"], *((NUMBERS[n], names[n % 4]) for n in range(N))]
    (tmp_path / "t.csv").write_text(text_of(rows))
    with pytest.warns(Suspicious, match=r"look alike, but for case, width or a point at the end: <=50K, <=50K\."):
        rowwise.load(str(tmp_path / "t.csv"), "y")


def test_rows_without_a_value_amid_a_file_are_left_out_and_said(tmp_path):
    table = tmp_path / "t.csv"
    rows = [f"{n},{n * n % 7},{3 * n}\n" for n in range(40)]
    table.write_text("a,b,y\n" + "".join([*rows[:20], ",,\n", *rows[20:39], ",,\n\n", rows[39], "\n"]))
    with pytest.warns(Suspicious, match="rows without any value are left out: 2\\."):
        train, test = rowwise.load(table, target="y", task="regression")
    assert sorted([*train.y.tolist(), *test.y.tolist()]) == [3 * n for n in range(40)]
    for lines in ([*rows, ",,\n\n,,\n"], ["\n".join(rows), "\n\n"]):  # at the end, or blank: no records
        table.write_text("a,b,y\n" + "".join(lines))
        train, test = rowwise.load(table, target="y", task="regression")
        assert len(train) + len(test) == 40
