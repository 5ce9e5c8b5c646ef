"""`rowwise questions` → the ten that everybody asks: named, one answered, or all of them as a page."""

from __future__ import annotations

from pathlib import Path

from rowwise.errors import UsageError
from rowwise.files import atomic_write
from rowwise.questions import questions
from rowwise.questions.as_text import in_terminal, listing
from rowwise.runs.record import SCHEMA
from rowwise.terminal.argument_types import whole
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.text import say

PAGE = "rowwise-questions.html"


def _questions(number: int | None, html: Path | None, open: bool, json: bool) -> int:
    """Name the questions, answer one, or write the page; 0.

    Raises:
        UsageError: no question has that number. SaveError: the page cannot be written.
    """
    asked = questions()
    if number is not None and number > len(asked):
        raise UsageError("questions.number", found=number, last=len(asked))
    with Output(json) as output:
        if html is not None or open:
            _page(html, number, open, output)
        elif number is None:
            output.result(listing())
        else:
            output.result(in_terminal(asked[number - 1]))
        chosen = asked if number is None else asked[number - 1 : number]
        facts = [
            {"number": one.number, "name": one.name, "question": one.title, "answer": one.answer, "markdown": one.body}
            for one in chosen
        ]
        output.json({"schema": SCHEMA, "questions": facts})
    return 0


def _page(html: Path | None, number: int | None, open: bool, output: Output) -> None:
    import tempfile
    import webbrowser

    from rowwise.questions.as_html import page

    # A page that is only looked at lies where the system clears up; the browser reads it after this command has ended.
    place = html if html is not None else Path(tempfile.mkdtemp(prefix="rowwise-")) / PAGE
    atomic_write(place, page().encode())
    output.tell(say("questions.written", path=place))
    if open:
        name = "" if number is None else f"#{questions()[number - 1].name}"
        webbrowser.open(place.absolute().as_uri() + name)


command = Command(
    "questions",
    "cli.help.questions",
    [
        Argument("number", "questions.help.number", "N", required=False, type=whole(1)),
        Option("--open", "questions.help.open", is_flag=True),
        Option("--html", "questions.help.html", "FILE", type=Path),
        *common(json=True),
    ],
    _questions,
)
