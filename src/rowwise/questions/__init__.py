"""docs/*/questions.md → the ten questions, in the terminal and as a page with its pictures.

A checkout has the pages where the site has them; a wheel has the same files beside this module (`pyproject.toml` puts
them there), so that there is one text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rowwise.text import language

HERE = Path(__file__).parent
# The name that links lead to, the number, the question, and below it the short answer and what is behind it.
QUESTION = re.compile(
    r'^<a id="(?P<name>[\w-]+)"></a>\n\n## (?P<number>\d+)\. (?P<title>.*)\n\n(?P<answer>(?:> .*\n)+)\n'
    r'(?P<body>(?:.*\n)*?)(?=<a id="|\Z)',
    re.MULTILINE,
)


@dataclass(frozen=True)
class Question:
    """One of the ten.

    Attributes:
        name: what links lead to: `none`.
        title, answer: the question and the short answer, in Markdown.
        body: the long answer, with code and what it prints, in Markdown.
    """

    number: int
    name: str
    title: str
    answer: str
    body: str


def questions(lang: str | None = None) -> tuple[Question, ...]:
    """All of them in a language, "en" or "ko"; None is the current one."""
    return _questions(lang or language())


def introduction(lang: str | None = None) -> str:
    """What stands above the first question, in Markdown: who asks, two words, and the model that it is about."""
    text = _page(lang or language())
    return text[: text.index("<a id=")]


@cache
def _questions(lang: str) -> tuple[Question, ...]:
    return tuple(
        Question(
            int(found["number"]),
            found["name"],
            found["title"],
            re.sub(r"^> ?", "", found["answer"], flags=re.MULTILINE).strip().replace("\n", " "),
            found["body"].strip(),
        )
        for found in QUESTION.finditer(_page(lang))
    )


@cache
def _page(lang: str) -> str:
    checkout = HERE.parents[2] / "docs" / lang / "questions.md"
    installed = HERE / f"{lang}.md"
    return (installed if installed.exists() else checkout).read_text("utf-8")
