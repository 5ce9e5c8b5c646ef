"""The ten questions → a page of its own with their pictures, light and dark, which fetches nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markupsafe import Markup

from rowwise.pages.render import render
from rowwise.questions import introduction, questions
from rowwise.questions.pictures import picture_in_a_page

if TYPE_CHECKING:
    from rowwise.questions import Question

PICTURE = re.compile(r"^!\[.*?\]\(.*?\)$", re.MULTILINE)


def page() -> str:
    """The document, in the current language."""
    heading, _, rest = introduction().partition("\n")
    return str(
        render(
            "rowwise.questions",
            "questions.html",
            title=heading.removeprefix("# "),
            introduction=_html(rest),
            questions=[_parts(question) for question in questions()],
        )
    )


def _parts(question: Question) -> dict[str, object]:
    return {
        "name": question.name,
        "title": _html(f"{question.number}\\. {question.title}", inline=True),
        "answer": _html(question.answer, inline=True),
        "picture": picture_in_a_page(question.name),
        "body": _html(PICTURE.sub("", question.body)),
    }


def _html(markdown: str, inline: bool = False) -> Markup:
    """Our own pages' Markdown; tags in it are shown as text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return Markup(parser.renderInline(markdown) if inline else parser.render(markdown))
