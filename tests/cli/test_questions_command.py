"""`rowwise questions`: the ten of the documentation, in the terminal and as a page, from one text."""

import json
import re
import webbrowser
from pathlib import Path

import pytest
from rich.cells import cell_len

from rowwise.cli import main
from rowwise.questions import questions

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_all_ten_are_named(lang, capsys):
    assert main(["questions", "--lang", lang]) == 0
    said = capsys.readouterr().out
    assert re.findall(r"^ ?(\d+)  ", said, re.MULTILINE) == [str(number) for number in range(1, 11)]
    assert "rowwise questions 3" in said
    assert "`" not in said


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("number", range(1, 11))
def test_each_answer_fits_a_terminal_of_80_columns(number, lang, capsys):
    assert main(["questions", str(number), "--lang", lang]) == 0
    said = capsys.readouterr().out
    assert max(map(cell_len, said.splitlines())) <= 80
    assert "![" not in said
    assert "```" not in said
    assert "**" not in re.sub(r"\d \*\* \d", "", said)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_an_answer_has_all_words_and_all_code_of_the_page(lang, capsys):
    page = (DOCS / lang / "questions.md").read_text("utf-8")
    assert main(["questions", "6", "--lang", lang]) == 0
    said = capsys.readouterr().out
    for line in ("x1 = [X[record, 0] for record in range(32)]", "print(np.array_equal(x1, X[:, 0]))"):
        assert line in page
        assert line in said
    words = "옆으로 누운 한 줄입니다." if lang == "ko" else "they are one row that lies on its side."
    assert words in " ".join(page.split())
    assert words in " ".join(said.split())


def test_is_there_f1_in_keras_is_answered_yes(capsys):
    assert main(["questions", "5", "--lang", "ko"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "F1, 재현율, 정밀도가 있나요? 네. AUC도 있습니다." in said


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_page_has_every_question_with_its_picture_and_asks_for_nothing(lang, tmp_path, capsys):
    place = tmp_path / "page.html"
    assert main(["questions", "--html", str(place), "--lang", lang]) == 0
    page = place.read_text("utf-8")
    assert page.count("<section id=") == page.count("<svg") == 10
    assert f'<html lang="{lang}">' in page
    assert "prefers-color-scheme:dark" in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    assert "&lt;a id" not in page
    assert str(place) in capsys.readouterr().err


def test_the_browser_is_opened_at_the_question(monkeypatch, capsys):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert main(["questions", "9", "--open", "--lang", "en"]) == 0
    (address,) = opened
    assert address.startswith("file:")
    assert address.endswith("#next-layers")


def test_as_json_it_is_the_page(capsys):
    assert main(["questions", "--json", "--lang", "en"]) == 0
    said = json.loads(capsys.readouterr().out)["questions"]
    assert [(one["number"], one["name"]) for one in said] == [(one.number, one.name) for one in questions("en")]
    assert all(one["markdown"] in (DOCS / "en" / "questions.md").read_text("utf-8") for one in said)


@pytest.mark.parametrize(("given", "words"), [("11", "no question 11"), ("0", "at least 1"), ("none", "at least 1")])
def test_a_number_that_there_is_not_is_said(given, words, capsys):
    assert main(["questions", given, "--lang", "en"]) == 2
    assert words in capsys.readouterr().err


def test_explain_names_the_questions_beside_its_result(capsys):
    assert main(["explain", "--lang", "en"]) == 0
    said = capsys.readouterr()
    assert "rowwise questions" in said.err
    assert "rowwise questions" not in said.out
