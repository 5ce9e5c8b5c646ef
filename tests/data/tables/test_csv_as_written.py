"""CSV files as people have them: what is read is what Python's csv reads, whatever stands around the records."""

import csv
import gzip
import io
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rowwise
from rowwise.data import Source
from rowwise.data.tables.load import load
from rowwise.data.tables.quotes import quotes_of
from rowwise.data.tables.read import Limits, open_table
from rowwise.errors import DataError, Suspicious, UsageError, warnings_to
from rowwise.text import use_language

R = range(60)
OK = ["ab"[n % 3 > 0] for n in R]
HEADER = "a;c;ok\n"
ROWS = "".join(f"{n},5;{'xy'[n % 2]};{OK[n]}\n" for n in R)


def read(path, content, **options):
    """All records in order, `(names, x, classes of the records)`, and what was warned of."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    words = []
    with warnings_to(words.append):
        parts = rowwise.load(path, **{"target": "ok"} | options)
    order = np.argsort(np.concatenate([part.rows for part in parts]))
    x = np.concatenate([part.x for part in parts])[order]
    y = [parts[0].classes[label] for label in np.concatenate([part.y for part in parts])[order]]
    return parts[0].schema.inputs, x, y, [text for text in words if "stand among the training" not in text]


def check(path, content, said="", names=("a", "c"), **options):
    """That `HEADER` and `ROWS` were read out of it, and what was said."""
    inputs, x, y, words = read(path, content, **options)
    assert inputs == names
    np.testing.assert_array_equal(x, [[n + 0.5, n % 2] for n in R])
    assert y == OK
    assert len(words) == bool(said), words
    assert said in "".join(words)


ABOVE = {
    "sep=;\n": "",
    '"sep=;"\n': "",
    "SEP=;\r\n": "",
    "\n\n": "",
    ";;\n": "",
    "# export 2024\n": 'the first is "# export 2024"). Line 2 holds the names: a;c;ok',
    "# one\n# two\n\n": "(2; the first is",
    "# a; b; c\n": "Line 2 holds",
    "// made by a machine\n": "Line 2 holds",
    "Umsatz 2024;;\n;;\n": 'the first is "Umsatz 2024"). Line 3 holds',
    "Umsatz 2024\n\n": "Line 3 holds",
    "Report: A, B\nby me\n\n": "(2; the first is",
    '"a title; in ""quotes"""\n': "Line 2 holds",
    "매출 현황\n": 'the first is "매출 현황"',
    ";2023;\n": "Line 2 holds",  # the upper of two lines of names
}


@pytest.mark.parametrize("above", ABOVE)
def test_what_stands_above_the_names_is_left_out_with_a_word(tmp_path, above):
    check(tmp_path / "t.csv", above + HEADER + ROWS, ABOVE[above])
    check(tmp_path / "t.csv", (above + HEADER + ROWS).replace("\r", "").replace("\n", "\r\n"), ABOVE[above])


def test_names_that_are_years_are_found_below_shorter_lines(tmp_path):
    above = '"Data Source","Indicators",\n\n"Last Updated","2023-12-18",\n\n'
    records = "".join(f'"Land {n}","L{n}","GDP","{n}.5","{n * 7 % 50}",\n' for n in R)
    (tmp_path / "t.csv").write_text(above + '"Country","Code","Indicator","1990","2000",\n' + records)
    with pytest.warns(Suspicious, match="Line 5 holds the names"):
        train, test = rowwise.load(tmp_path / "t.csv", "2000")
    assert (train.schema.inputs, len(train) + len(test)) == (("1990",), len(R))


def test_a_word_over_all_columns_and_a_line_of_remarks_are_no_names_and_no_record(tmp_path):
    above = "downloaded: 2023/01/20\n\n\nTokyo,Tokyo,Tokyo\nday,temperature,rain\n,quality,\n"
    (tmp_path / "t.csv").write_text(above + "".join(f"2023/1/{n % 28 + 1},{n}.5,{n * 7 % 50}\n" for n in R))
    with pytest.warns(Suspicious, match="Line 5 holds the names|line 6 says in which units"):
        train, test = rowwise.load(tmp_path / "t.csv", "rain")
    assert [column.kind for column in train.schema.columns] == ["date", "numeric"]
    assert len(train) + len(test) == len(R)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp949"])
def test_in_every_encoding(tmp_path, encoding):
    text = "매출 현황\n" + HEADER + ROWS
    check(tmp_path / "t.csv", text.encode(encoding), "매출 현황")
    check(tmp_path / "t.csv", ("sep=;\n" + HEADER + ROWS).encode(encoding))


@pytest.mark.parametrize("separator", [",", "\t", "|", ";"])
def test_the_line_for_excel_is_obeyed(tmp_path, separator):
    rows = "".join(f"{n}{separator}{n * n}{separator}{OK[n]}\n" for n in R)
    text = f"sep={separator}\n" + separator.join(["x", "y", "ok"]) + "\n" + rows
    names, x, y, words = read(tmp_path / "t.csv", text)
    assert (names, y, words) == (("x", "y"), OK, [])
    np.testing.assert_array_equal(x, [[n, n * n] for n in R])


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
@pytest.mark.parametrize(("above", "line"), [("sep=;\n", 12), ("", 11), ("title\n\n\n", 14)])
def test_lines_are_counted_from_the_top_of_the_file(tmp_path, above, line, in_memory):
    lines = ROWS.splitlines()
    (tmp_path / "t.csv").write_text(above + HEADER + "\n".join([*lines[:9], "1;x", *lines[9:]]))
    words = []
    with warnings_to(words.append):
        load(Source(str(tmp_path / "t.csv"), target=("ok",)), Limits(in_memory=in_memory))
    assert any(f"1 of 61 rows has fewer fields than the header has names, on line {line} " in w for w in words)
    (tmp_path / "t.csv").write_text(above + HEADER + "\n".join([*lines[:9], "1;x;a;b", *lines[9:]]))
    with warnings_to(print), pytest.raises(DataError, match=f"line {line}: 4 fields, but the header has 3 names"):
        load(Source(str(tmp_path / "t.csv"), target=("ok",)), Limits(in_memory=in_memory))


UNITS = ("[m];[-];[-]\n", "(m);;\n", "[m];;[class]\n")


@pytest.mark.parametrize("units", UNITS)
def test_units_below_the_names_are_no_record(tmp_path, units):
    check(tmp_path / "t.csv", HEADER + units + ROWS, "line 2 says in which units the columns are")


@pytest.mark.parametrize("rule", ["---+---+---\n", "|---|:--:|---|\n", "======\n", "--- --- ---\n"])
def test_a_rule_below_the_names_is_no_record(tmp_path, rule):
    check(tmp_path / "t.csv", HEADER + rule + ROWS, "line 2 is a rule below the names")
    check(tmp_path / "t.csv", (HEADER + rule + ROWS).replace(";", "|"), "line 2 is a rule below the names")


def test_units_without_brackets_are_told_by_two_columns(tmp_path):
    rows = "".join(f"{n},{n * n},{OK[n]}\n" for n in R)
    names, x, _, words = read(tmp_path / "t.csv", "x,y,ok\nm,kg,\n" + rows)
    assert names == ("x", "y")
    assert len(x) == 60
    assert "line 2 says in which units" in words[0]


@pytest.mark.parametrize("first", ["?,z,a", "NA,-,b", "<5,>100,a", "1,n/k,b", "n/k,n/k,a"])
def test_a_first_record_that_is_odd_is_still_a_record(tmp_path, first):
    path = tmp_path / "t.csv"
    path.write_text(f"x,y,ok\n{first}\n" + "".join(f"{n},{'zw'[n % 2]},{OK[n]}\n" for n in R))
    with open_table(Source(str(path))) as table:
        (rows,) = table.raw()
    assert rows.row(0) == tuple(first.split(","))
    assert len(rows) == 61


BELOW = (
    "Total;99;\n",
    "TOTAL:;;60\n",
    "합계;;60\n",
    "Source: the office\n",
    "\n* Source: the office; 2023\n",
    "Source: office;;\n\n* preliminary;;\n",
)


@pytest.mark.parametrize("below", BELOW)
def test_totals_and_notes_at_the_end_are_no_records(tmp_path, below):
    check(tmp_path / "t.csv", HEADER + ROWS + below, "the last rows (")
    check(tmp_path / "t.csv", (HEADER + ROWS + below).encode("utf-16"), "the last rows (")


def test_a_total_below_rows_that_are_shorter_than_the_header_does_not_hide_that_they_are(tmp_path):
    rows = "".join(f"{n},b,{OK[n]}\n" for n in range(20))
    with pytest.raises(DataError, match="21 of 21 rows have fewer fields"):
        read(tmp_path / "t.csv", f"n,what,ok,\n{rows}total,190\n")


@pytest.mark.parametrize("line", [b"1", b","])
def test_a_line_without_end_is_refused_before_it_is_read(tmp_path, line):
    with pytest.raises(DataError, match="a line of more than 16,777,216 bytes"):
        read(tmp_path / "t.csv", b"n,ok\n" + line * (20 << 20))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_whose_name_is_no_text_is_refused_in_words(tmp_path):
    with pytest.raises(DataError, match="its name is not in UTF-8"):
        read(tmp_path / "t\udcff.csv", "n,ok\n1,a\n2,b\n" * 9)


def test_a_last_record_is_no_total_only_because_it_says_so(tmp_path):
    rows = "".join(f"{('total', 'part')[n % 2]},{n},{OK[n]}\n" for n in R)
    _, x, _, words = read(tmp_path / "t.csv", "what,n,ok\n" + rows + "total,60,a\n")
    assert (len(x), words) == (61, [])
    _, x, _, words = read(tmp_path / "t.csv", "n,m,ok\n" + "".join(f"{n},{n % 7},{OK[n]}\n" for n in R) + "60,,\n")
    assert words == ["1 of 61 records has no value for the target (ok) and is left out."]


def of_python(text, **how):
    return [row for row in csv.reader(io.StringIO(text, newline=""), **how) if row]


def raw(path, content, **options):
    """All fields that are read, empty texts for missing ones."""
    path.write_bytes(content.encode())
    with open_table(Source(str(path), **options)) as table:
        return [list(table.columns), *(list(row) for rows in table.raw() for row in rows.fill_null("").iter_rows())]


def rows_with(field, every=7, separator=","):
    lines = [separator.join([field if n % every == 3 else "pipe", str(n), "ab"[n % 2]]) for n in R]
    return separator.join(["name", "size", "ok"]) + "\n" + "\n".join(lines) + "\n"


ODD_QUOTES = (
    *(
        '5" pipe',
        '5"',
        'a "b" c',
        '"a" b',
        '"a"b"c"',
        '""',
        '""""',
        '"a ""b"" c"',
        "it's",
        "'a",
        '6" x 4"',
        'x""',
        '"a" ',
    ),
    *('"a, b"', '"two\nlines"', '"5"" pipe, long"', '5" "pipe"', '"5"" x 4"""', 'a\\"b', "C:\\dir\\", '"C:\\dir\\"'),
)


@pytest.mark.parametrize("field", ODD_QUOTES)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_quotes_are_read_as_python_reads_them(tmp_path, field, separator):
    text = rows_with(field.replace(",", separator), separator=separator)
    assert raw(tmp_path / "t.csv", text) == of_python(text, delimiter=separator)


@given(
    st.lists(
        st.lists(st.text(st.sampled_from('ab "\n,'), max_size=6), min_size=3, max_size=3), min_size=4, max_size=12
    ),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_pythons_csv_writes_is_regular_and_read_again(rows, quoting):
    rows = [["x", "y", "z"], *([f"v{field}v" for field in row] for row in rows)]
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator="\n").writerows(rows)
    with tempfile.TemporaryDirectory() as folder, warnings_to(str):
        path = Path(folder) / "t.csv"
        assert raw(path, text.getvalue(), separator=",", header=1) == rows
        assert quotes_of(path, 1, ",", 3).regular


@given(st.text(st.sampled_from('a"\n,'), max_size=40))
def test_regular_means_that_every_quote_is_at_a_fields_end_or_doubled(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text(text, newline="")
        regular = quotes_of(path, 0, ",", 3).regular
    try:
        fields = [field for row in csv.reader(io.StringIO(text, newline=""), strict=True) for field in row]
        strict = True
    except csv.Error:
        strict, fields = False, []
    if regular:
        assert strict
    if strict and not any('"' in field for field in fields):
        assert regular


def test_a_space_before_a_quote_opens_a_field(tmp_path):
    rows = "".join(f'{n}, "{n}, {n}", {"ab"[n % 2]}\n' for n in R)
    table = raw(tmp_path / "t.csv", "x, where, ok\n" + rows)
    assert table[4] == ["3", "3, 3", "b"]
    assert table[0] == ["x", "where", "ok"]


def test_quotes_escaped_by_a_backslash_are_read_with_a_word(tmp_path):
    text = "name,size,ok\n" + "".join(f'"a \\"{n}, c\\" d",{n},{"ab"[n % 2]}\n' for n in R)
    with pytest.warns(Suspicious, match=r'\\" is read as a quote within a field'):
        table = raw(tmp_path / "t.csv", text)
    assert table[5] == ['a "4, c" d', "4", "a"]
    assert len(table) == 61


@pytest.mark.parametrize("line", [2, 30, 61])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_quote_that_is_never_closed_is_named(tmp_path, line, encoding):
    lines = rows_with("pipe").splitlines()
    lines[line - 1] = '"5 inch' + lines[line - 1]
    (tmp_path / "t.csv").write_bytes("\n".join(lines).encode(encoding))
    words = rf'line {line}: a double quote opens a field \("5 inchpipe,{line - 2},.\) and is never closed'
    with pytest.raises(DataError, match=words):
        rowwise.load(tmp_path / "t.csv", target="ok")


def test_a_quote_that_is_closed_amid_another_line_is_named(tmp_path):
    lines = rows_with("pipe").splitlines()
    lines[9] = '"5 inch' + lines[9]
    lines[39] = '"6 inch' + lines[39]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match="line 10: a double quote opens"):
        rowwise.load(tmp_path / "t.csv", target="ok")


def test_rows_that_a_quoted_field_seems_to_have_swallowed_are_told_of(tmp_path):
    lines = rows_with("pipe").splitlines()
    lines[9] = '"' + lines[9]
    lines[19] = lines[19].replace(",", '",', 1)
    with pytest.warns(Suspicious, match="line 10: a quoted field goes on over several lines that look like rows"):
        assert len(raw(tmp_path / "t.csv", "\n".join(lines))) == 61 - 10
    poem = '"one,\ntwo\nthree, or\nfour, five\nsix"'
    assert raw(tmp_path / "t.csv", rows_with(poem))[4][0] == poem.strip('"')  # warnings are errors here


def test_an_error_never_prints_a_whole_field_or_row(tmp_path):
    lines = rows_with("pipe").splitlines()
    lines[9] = '"' + "x" * 5000 + lines[9]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    with pytest.raises(DataError) as caught:
        rowwise.load(tmp_path / "t.csv", target="ok")
    assert len(str(caught.value)) < 400 + len(str(tmp_path))
    for text in ("1" * 5000 + ",2\n3,4\n", "x" * 5000 + ",y\n1,2\n3,4\n"):
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises((DataError, UsageError)) as caught:
            rowwise.load(tmp_path / "t.csv", target="ok")
        assert len(str(caught.value)) < 600 + len(str(tmp_path))


def table_with(end, separator=","):
    return separator.join(["x", "y", "ok"]) + end + "".join(f"{n}{separator}{n * n}{separator}{OK[n]}{end}" for n in R)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", " \n", ",\n", ",\r\n", "\t\n"])
def test_lines_end_in_every_way(tmp_path, end):
    names, x, y, words = read(tmp_path / "t.csv", table_with(end))
    assert (names, y, words) == (("x", "y"), OK, [])
    np.testing.assert_array_equal(x, [[n, n * n] for n in R])


def test_lines_may_end_in_different_ways_in_one_file(tmp_path):
    text = "x,y,ok\n" + "".join(f"{n},{n * n},{OK[n]}" + ("\r\n", "\r", "\n")[n % 3] for n in R)
    _, x, y, words = read(tmp_path / "t.csv", text)
    assert (y, words) == (OK, [])
    np.testing.assert_array_equal(x, [[n, n * n] for n in R])


@pytest.mark.parametrize("surplus", [",", ",,", " ,"])
def test_a_separator_at_the_end_of_rows_alone_makes_no_field(tmp_path, surplus):
    text = "x,y,ok\n" + "".join(f"{n},{n * n},{OK[n]}{surplus}\n" for n in R)
    names, x, y, words = read(tmp_path / "t.csv", text)
    assert (names, y, words) == (("x", "y"), OK, [])
    np.testing.assert_array_equal(x, [[n, n * n] for n in R])


def test_several_spaces_separate(tmp_path):
    text = "x    y  ok\n" + "".join(f"  {n}{' ' * (1 + n % 4)}{n * n}   {OK[n]}  \n" for n in R)
    names, x, y, _ = read(tmp_path / "t.csv", text)
    assert (names, y) == (("x", "y"), OK)
    np.testing.assert_array_equal(x, [[n, n * n] for n in R])
    text = '"x" "y" "ok"\n' + "".join(f'"{n + 1}" {n} {n * n} "{OK[n]} z"\n' for n in R)
    names, x, y, words = read(tmp_path / "t.csv", text)
    assert (names, y) == (("x", "y"), [f"{ok} z" for ok in OK])
    assert "column_1, as R writes row names" in words[0]
    np.testing.assert_array_equal(x, [[n, n * n] for n in R])


@pytest.mark.parametrize("separator", ["\\t", "\t", "tab"])
def test_a_tab_can_be_written_as_shells_have_it(tmp_path, separator):
    assert read(tmp_path / "t.csv", table_with("\n", "\t"), separator=separator)[2] == OK


WITHOUT_NAMES = {
    "numbers": ("".join(f"{n},{n * n},{n % 2}\n" for n in R), "0,0,0", ["0", "1"] * 30),
    "flowers": ("".join(f"{n / 10 + 4},{n * n},{OK[n]}\n" for n in R), "4.0,0,a", OK),
    "dates": ("".join(f"2023-01-{n % 28 + 1:02},{n * n},{OK[n]}\n" for n in R), "2023-01-01,0,a", OK),
}


@pytest.mark.parametrize("what", WITHOUT_NAMES)
def test_a_file_without_names_is_refused_with_the_way_out(tmp_path, what):
    text, first, targets = WITHOUT_NAMES[what]
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=rf"(?i)line 1 of .*\({first}\).*header=0.*header=1"):
        rowwise.load(tmp_path / "t.csv", target="column_3")
    _, x, y, _ = read(tmp_path / "t.csv", text, target="column_3", header=0)
    assert y == targets
    np.testing.assert_array_equal(x[:, -1], [n * n for n in R])
    assert (
        len(
            read(tmp_path / "t.csv", text, target=first.split(",")[2] + (".2" if what == "numbers" else ""), header=1)[
                1
            ]
        )
        == 59
    )


@pytest.mark.parametrize(
    "names", ["ok,1960,1961", "ok,2020-01,2020-02", "1,ok,2", ",ok,0", "ok,x (m),y"], ids=lambda names: names
)
def test_a_header_may_hold_numbers(tmp_path, names):
    place = names.split(",").index("ok")
    rows = [[str(n), str(n * n)] for n in R]
    for row, ok in zip(rows, OK, strict=True):
        row.insert(place, ok)
    text = names + "\n" + "".join(",".join(row) + "\n" for row in rows)
    _, x, y, words = read(tmp_path / "t.csv", text)
    assert (len(x), y, words) == (60, OK, [])


def test_pandass_own_names_0_1_2_are_names(tmp_path):
    text = "0,1,2\n" + "".join(f"{n},{n * n},{OK[n]}\n" for n in R)
    names, _, y, _ = read(tmp_path / "t.csv", text, target="2")
    assert (names, y) == (("0", "1"), OK)


def test_the_line_of_the_names_can_be_said(tmp_path):
    check(tmp_path / "t.csv", "1;2;3\nq;w;e\n" + HEADER + ROWS, header=3)
    (tmp_path / "t.csv").write_text(HEADER + ROWS)
    with pytest.raises(DataError, match=r"header=300: .* no such line"):
        rowwise.load(tmp_path / "t.csv", target="ok", header=300)
    for wrong in (-1, True, 1.5):
        with pytest.raises(UsageError, match="header is the line"):
            rowwise.load(tmp_path / "t.csv", target="ok", header=wrong)


NO_HEADER = {
    "survey 2024,,\nname,answer,ok\n" + "".join(f"kim{n % 7},{'yn'[n % 2]},{OK[n]}\n" for n in R): r"1 of 3",
    "x;y;ok\n" + "".join(f"{n},{n * n},{OK[n]}\n" for n in R): r"1 of 3",
    "one,two,three\n" + "".join(f"{n},{n * n},{n % 7},{n % 5},{OK[n]}\n" for n in R): r"3 of 5",
}


@pytest.mark.parametrize("text", NO_HEADER, ids=["a title among texts", "another separator", "too few names"])
def test_where_no_line_is_plainly_the_header_it_is_asked_for(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=r"Line 1 of .* it is no header of theirs. Say .*header="):
        rowwise.load(tmp_path / "t.csv", target="ok")


def zipped(*names):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


FOREIGN = {
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook. .* save its sheet as CSV"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Excel workbook"),
    "a page": (b"<!DOCTYPE html>\n<html><table>", "an HTML or XML page"),
    "a page with a mark": (b"\xef\xbb\xbf\r\n<HTML>", "an HTML or XML page"),
    "gzip": (gzip.compress(b"x,y\n1,2\n"), "a packed file. Unpack it first"),
    "zip": (zipped("t.csv"), "a packed file"),
    "JSON": (b'[{"x": 1, "y": "a"}]', "JSON"),
    "JSON lines": (b'{"x": 1}\n{"x": 2}\n', "JSON"),
    "Parquet": (b"PAR1" + bytes(8) + b"PAR1", r"a Parquet file. Rename it .*\.parquet"),
    "PDF": (b"%PDF-1.7\n", "a PDF document"),
    "SQLite": (b"SQLite format 3\0" + bytes(80), "an SQLite database"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "a picture"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_no_csv_file_is_said_to_be_what_it_is(tmp_path, what):
    content, words = FOREIGN[what]
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=f"no CSV file but {words}"):
        rowwise.load(tmp_path / "t.csv", target="ok")
    with use_language("ko"), pytest.raises(DataError, match="CSV가 아니라"):
        rowwise.load(tmp_path / "t.csv", target="ok")


@pytest.mark.parametrize("place", [3, 1 << 20, (1 << 20) + 5])
def test_a_zero_byte_is_named_wherever_it_is(tmp_path, place):
    text = b"x,y\n" + b"1,a\n" * (1 << 18) + b"2,b\n" * 9
    (tmp_path / "t.csv").write_bytes(text[:place] + b"\0" + text[place:])
    with pytest.raises(DataError, match=f"line {text[:place].count(10) + 1:,}: byte {place:,} is zero"):
        rowwise.load(tmp_path / "t.csv", target="y")


@pytest.mark.parametrize("cell", ['="{}"', '"=""{}"""'])
def test_cells_written_so_that_a_spreadsheet_keeps_their_digits_are_what_it_shows(tmp_path, cell):
    rows = "".join(f"{cell.format(n / 4)};{cell.format(f'{n % 5:03}')};{cell.format(OK[n])}\n" for n in R)
    (tmp_path / "t.csv").write_text("a;code;ok\n" + rows)
    with pytest.warns(Suspicious, match='"code" holds codes such as "00'):
        train, test = rowwise.load(tmp_path / "t.csv", "ok")
    assert train.classes == ("a", "b")
    assert train.schema.columns[1].levels == ("000", "001", "002", "003", "004")
    order = np.argsort(np.concatenate([train.rows, test.rows]))
    assert np.concatenate([train.x, test.x])[order, 0].tolist() == [n / 4 for n in R]
