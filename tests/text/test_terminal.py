"""Lines fit the terminal whatever the script."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rowwise.text.terminal import wrap


def test_a_korean_letter_counts_two_columns():
    assert wrap("가나 다라 마", 6) == ["가나", "다라", "마"]
    assert wrap("", 10) == [""]


@given(st.text(st.sampled_from("ab 가나·×"), max_size=60), st.integers(4, 20))
def test_no_line_is_wider_than_asked_and_no_letter_is_lost(text, width):
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
