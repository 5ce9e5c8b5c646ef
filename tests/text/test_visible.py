"""Whatever a name or a file holds, nothing of it acts on a terminal, and no message prints a whole file."""

import re
import unicodedata
import warnings

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rowwise
from rowwise.cli import main
from rowwise.errors import DataError, Suspicious, warn_user
from rowwise.text import say
from rowwise.text.visible import file_name, visible

ESCAPE, BIDI, BELL = "\x1b[2J\x1b]0;owned\x07", "\u202etxt.exe\u2066", "\r\x00\x08\x9b31m"
NASTY = f"a{ESCAPE}{BIDI}{BELL}b"
# Surrogates are the bytes of file names: the stream writes them, or escapes them itself.
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def raw(text):
    return sorted(set(map(ascii, HARMFUL.findall(text))))


@given(st.text(st.characters(), max_size=30))
def test_nothing_harmful_is_left_and_everything_else_stays(text):
    shown = visible(text, lines=True)
    assert not raw(shown)
    assert all(unicodedata.category(letter) not in ("Cc", "Cs") or letter in "\n\t" for letter in shown)
    if text.isprintable():
        assert shown == text
    assert "\n" not in visible(text)
    assert visible(shown, lines=True) == shown


@pytest.mark.parametrize("text", ["김치 볶음밥", "naïve – “quotes”", "👩‍👧‍👦", "می‌خواهم", "क्‍ष", "a\u00a0b"])
def test_what_people_write_stays(text):
    assert visible(text, lines=True) in (text, text.replace("\u00a0", "\u00a0"))


def test_a_message_quotes_nothing_raw_and_nothing_at_length():
    error = DataError("table.unreadable", path=f"x{NASTY}.csv", cause="y" * 10**6)
    assert not raw(str(error))
    assert len(str(error)) < 1500
    assert r"\x1b[2J" in str(error)
    assert "\n" not in str(DataError("table.unreadable", path="a\nrowwise: done", cause="c"))
    with pytest.warns(Suspicious) as told:
        warn_user(f"{NASTY}")
    assert not raw(str(told[0].message))
    assert not raw(say("table.unreadable", path=NASTY, cause=NASTY))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table whose header, levels and classes are hostile, and a run on it."""
    folder = tmp_path_factory.mktemp("nasty")
    rows = 60
    nasty = NASTY.replace("\0", "")  # which no text file may hold
    frame = pl.DataFrame(
        {
            f"x{nasty}": [number / 7 for number in range(rows)],
            "town": [f"t{nasty}{number % 3}" for number in range(rows)],
            "y": [f"{nasty}\nrowwise: {'yes' if number % 2 else 'no'}" for number in range(rows)],
        }
    )
    frame.write_csv(folder / "nasty.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Suspicious)
        saved = rowwise.train(folder / "nasty.csv", "y", epochs=1, pictures=False, verbose=0, out=folder / "run")
    return folder, frame, saved


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize(
    "command",
    [
        "data show {folder}/nasty.csv --target y",
        "train {folder}/nasty.csv --target y --epochs 1 --no-pictures --out {folder}/again-{lang}",
        "evaluate {folder}/run",
        "evaluate {folder}/run --json",
        "explain {folder}/run",
        "predict {folder}/run {folder}/other.csv",
        "predict {folder}/run {folder}/\x1b[2Jnothing.csv",
        "data show {folder}/nasty.csv --target \x1b[2Jy",
        "\x1b[2J",
        "train --\x1b[2J",
        "train nothing --engine \x1b[2J",
    ],
)
def test_no_command_prints_a_control_character(table, capsys, command, lang):
    folder = table[0]
    (folder / "other.csv").write_text("a\x1b[2J,b\r\n1,2\r\n")
    main([*command.format(folder=folder, lang=lang).split(" "), "--lang", lang])
    printed = capsys.readouterr()
    assert not raw(printed.out)
    assert not raw(printed.err)
    assert not re.search("^rowwise: (yes|no)", printed.out + printed.err, re.M)


def test_nothing_that_python_prints_holds_one_either(table):
    _, frame, saved = table
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        prediction = saved.predict(frame)
        shown = [saved.evaluate(), saved.schema, prediction, saved.explain(), saved.trace(0, 0), saved.accepts, saved]
    for text in [*map(str, shown), repr(prediction), *(str(one.message) for one in told)]:
        assert not raw(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("houses", "houses"),
        ("집값 자료", "집값 자료"),
        ("a\x1b[31m\u202eb\n", "a_[31m_b_"),
        ("../etc\\x", ".._etc_x"),
        ("가" * 300, "가" * 66),
        ('a:b<c>"|?*', "a_b_c_____"),  # that Windows takes for streams, pipes and patterns, or not at all
        ("houses. .", "houses___"),
        ("CON", "_CON"),
        ("com1.csv", "_com1.csv"),
        ("console", "console"),
    ],
)
def test_a_name_of_data_is_fit_for_a_file(text, name):
    assert file_name(text) == name
