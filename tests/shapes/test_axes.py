"""Rows are records and go down, columns are features and go across."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

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
        (np.zeros((2, 4, 4, 3)), "3"),
    ],
)
def test_records_and_images_are_told_apart(array, words):
    assert words in " ".join(show(array).split())


@pytest.mark.parametrize("wrong", [[[1, 2], [3]], 3, [["a"]], np.zeros((1,) * 5)])
def test_what_is_no_array_of_numbers_is_refused(wrong):
    with pytest.raises(ShapeError):
        show(wrong)


def test_names_must_be_as_many_as_columns():
    with pytest.raises(ShapeError, match="one for each column"):
        show([[1, 2]], features=["RM"])
