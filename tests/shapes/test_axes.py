"""Rows are records and go down, columns are features and go across."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import rowwise
from rowwise.errors import ShapeError
from rowwise.shapes import show
from rowwise.text import use_language


def test_two_rows_of_three():
    lines = show([[1, 2, 3], [4, 5, 6]]).splitlines()
    assert lines[0] == "(2, 3): 2 rows (records), 3 columns (features)"
    assert lines[4] == "record 0  1  2  3"
    assert lines[-1] == "X[1, 2] is record 1, feature 2, both counted from 0: 6"


def test_in_korean_both_axes_have_their_names():
    with use_language("ko"):
        text = show([[1, 2, 3], [4, 5, 6]])
    for word in ("2행(레코드), 3열(특성)", "축 0, 세로", "축 1, 가로"):
        assert word in text


def test_houses_have_their_columns_names():
    houses = np.column_stack([np.linspace(4, 8, 32), np.linspace(30, 2, 32)])
    text = show(houses, features=["RM", "LSTAT"])
    assert text.startswith("(32, 2): 32 rows (records), 2 columns (features)")
    assert "X[31, 1] is record 31, feature 1 (LSTAT), both counted from 0: 2" in text


@given(st.integers(1, 400), st.integers(1, 900), st.sampled_from(["en", "ko"]))
def test_any_table_fits_80_columns(records, features, lang):
    values = np.full((records, features), -1.2345678e-5)
    with use_language(lang):
        text = show(values)
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert f"X[{records - 1}, {features - 1}]" in text


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(784), "without the axis of records"),
        (np.zeros((32, 28, 28)), "28 × 28"),
        (np.zeros((2, 4, 4, 3)), "3 channels"),
        (3.5, "(): one number"),
        ([[1, 2, 3]], "1 row (record), 3 columns (features)"),
        ([[1], [2]], "2 rows (records), 1 column (feature)"),
        ([[1]], "1 row (record), 1 column (feature)"),
        (np.zeros((1, 28, 28)), "1 record, an image"),
        (np.zeros((1, 4, 4, 3)), "1 record, an image"),
        (np.zeros((2, 4, 4, 1)), "2 records, each an image of 4 rows and 4 columns of pixels with 1 channel"),
        ([5], "one record of 1 feature,"),
        ([], "(0,): no values"),
        ([[]], "(1, 0): no values"),
        (np.zeros((0, 3)), "(0, 3): no values"),
        (range(4), "one number for each of 4 records"),
        (np.array([[1, 2.5]], object), "2.5"),
        ([[10**30, 1]], "1e+30"),
        (rowwise.Dataset("made", np.ones((2, 3), np.float32), np.array([0, 1]), ("a", "b")), "(2, 3): 2 rows"),
    ],
)
def test_records_and_images_are_told_apart(array, words):
    assert words in " ".join(show(array).split())


def test_one_axis_is_drawn_without_rows():
    lines = show(np.arange(784)).splitlines()
    assert [line.split() for line in lines[-5:-2]] == [
        ["axis", "0,", "the", "only", "one", "→"],
        ["0", "1", "2", "3", "…", "783"],
        ["0", "1", "2", "3", "…", "783"],
    ]


class Table:
    """As pandas's DataFrame: an array with names."""

    def __init__(self, columns, values):
        self.columns, self.values = columns, values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, object)


def test_a_tables_own_names_are_its_features():
    text = show(Table(["RM", "LSTAT"], [[6.5, 5], [7.1, 9]]))
    assert "feature 1 (LSTAT), both counted from 0: 9" in text
    assert "feature 1 (b)" in show(Table(["RM", "LSTAT"], [[6.5, 5], [7.1, 9]]), features=["a", "b"])


def test_long_names_and_names_that_are_numbers_fit():
    text = show(np.ones((2, 3)), features=["한글로 된 아주 길고 긴 특성의 이름" * 3, 7, "c"])
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert " 7 " in text


@pytest.mark.parametrize(("side", "suggested"), [(28, True), (8, True), (7, False)])
def test_a_square_may_be_one_image(side, suggested):
    text = " ".join(show(np.zeros((side, side))).split())
    assert (f"it is one record of {side**2} features: reshape(1, {side**2})" in text) == suggested
    assert "one image" not in show(np.zeros((side, side + 1)))
    assert "one image" not in show(np.zeros((side, side)), features=range(side))


def test_of_images_the_first_is_drawn_with_its_axes_named():
    images = np.zeros((3, 28, 28), "uint8")
    images[0, 4, 2:5], images[1] = 255, 255
    lines = show(images).splitlines()
    drawn = {line.split()[1]: line for line in lines if line.startswith("row ")}
    assert len(drawn) == 28
    assert [number for number, line in drawn.items() if "█" in line] == ["4"]
    assert drawn["4"] == f"row 4   {' ' * 4}{'█' * 6}"
    for words in ("axis 2, across: columns of pixels →", "↓ axis 1, down: rows of pixels"):
        assert any(words in line for line in lines)


def test_a_small_image_is_drawn_as_numbers():
    lines = show(np.arange(24).reshape(2, 3, 4)).splitlines()
    assert "row 2  8  9  10  11" in lines
    assert lines[-1] == "X[0, 2, 3] is record 0, row 2, column 3, all counted from 0: 11"


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from(["en", "ko"]), st.sampled_from([0.0, 1.0, np.nan]))
def test_any_image_fits_80_columns(height, width, lang, corner):
    values = np.linspace(0, 1e-5, height * width).reshape(1, height, width)
    values[0, 0, 0] = corner
    with use_language(lang):
        assert max(cell_len(line) for line in show(values).splitlines()) <= 80


@pytest.mark.parametrize("count", [2, 3])
def test_what_load_gives_is_to_be_shown_one_by_one(count):
    data = rowwise.Dataset("made", np.ones((2, 3), np.float32), np.array([0, 1]), ("a", "b"))
    with pytest.raises(ShapeError, match=r"then show\(train\)"):
        show((data,) * count)
    x, y = np.zeros((4, 2)), np.zeros(4)
    for pair in ((x, y), ((x, y), (x, y))):
        with pytest.raises(ShapeError, match=r"shapes \(4, 2\), \(4,\)"):
            show(pair)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([[1, 2], [3]], "rows differ in length"),
        (np.array([[1, 2], [3]], object), "rows differ in length"),
        ([np.zeros((2, 2)), np.zeros((3, 2))], "rows differ in length"),
        ([["a", 1]], "'a' is among them"),
        ([[1, None]], "None is among them"),
        (Table(["name", "age"], [["Kim", 20]]), "'Kim' is among them"),
        ("hello", "'hello' is among them"),
        (None, "NoneType"),
        ({"a": 1}, "dict"),
        (1j, "complex"),
        (np.zeros((1,) * 5), "one to four axes"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(wrong, words):
    with pytest.raises(ShapeError, match=words):
        show(wrong)


def test_names_must_be_as_many_as_columns():
    with pytest.raises(ShapeError, match="one for each column"):
        show([[1, 2]], features=["RM"])
