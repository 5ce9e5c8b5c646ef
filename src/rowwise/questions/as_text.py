"""A question → what a terminal of 80 columns shows of it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from rowwise.questions import questions
from rowwise.text import say
from rowwise.text.terminal import WIDTH, wrap

if TYPE_CHECKING:
    from rowwise.questions import Question

INDENT = 4  # columns of code
PICTURE = re.compile(r"^!\[.*?\]\(.*?\)\n*", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\(#[\w-]+\)")
CODE = re.compile(r"^```(?:python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKS = re.compile(r"`([^`]*)`|\*\*([^*]+)\*\*")


def listing() -> str:
    """All ten with their numbers, and how to go on."""
    lines = []
    for question in questions():
        first, *others = wrap(plain(question.title), WIDTH - 4)
        lines += [f"{question.number:>2}  {first}", *(f"    {line}" for line in others)]
    return "\n".join([*lines, "", *wrap(say("questions.more"), WIDTH)])


def in_terminal(question: Question) -> str:
    """The question, the short answer, and the long one: prose and tables within 80 columns, code as it stands."""
    head = wrap(f"{question.number}. {plain(question.title)}", WIDTH)
    answer = [f"  {line}" for line in wrap(plain(question.answer), WIDTH - 2)]
    parts = ["\n".join(head), "\n".join(answer)]
    body, end = PICTURE.sub("", question.body), 0
    for found in CODE.finditer(body):
        parts += [*_prose(body[end : found.start()]), _indented(found[1])]
        end = found.end()
    parts += _prose(body[end:])
    return "\n\n".join([*parts, "\n".join(wrap(say("questions.picture", number=question.number), WIDTH))])


def plain(markdown: str) -> str:
    """Without the marks of code, emphasis and links."""
    return MARKS.sub(lambda found: found[1] or found[2] or "", LINK.sub(r"\1", markdown))


def _indented(code: str) -> str:
    """Code and outputs, set in as far as they leave room for it; a longer line of an output goes on below."""
    from rich.cells import cell_len

    lines = code.rstrip("\n").split("\n")
    lines = [part for line in lines for part in (wrap(line) if cell_len(line) > WIDTH else [line])]
    indent = " " * min(INDENT, WIDTH - max(map(cell_len, lines)))
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)


def _prose(markdown: str) -> list[str]:
    """Paragraphs, lists and tables, laid out by Rich."""
    if not markdown.strip():
        return []
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    console.print(Markdown(LINK.sub(r"\1", markdown), hyperlinks=False))
    lines = (line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]
    return ["\n".join(lines).strip("\n")]
