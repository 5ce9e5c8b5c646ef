"""Words and cells → the few pieces of HTML that every section is made of. All text is escaped here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.shapes.ledger.drawing import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def section(name: str, title: str, *parts: str) -> str:
    """A part of the page that the navigation leads to; nothing where it would be empty."""
    body = "".join(parts)
    return f'<section id="{name}"><h2>{safe(title)}</h2>{body}</section>' if body else ""


def paragraph(words: str, kind: str = "") -> str:
    """A sentence or more."""
    return f"<p{_class(kind)}>{safe(words)}</p>" if words else ""


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], label: str = "", kind: str = "", last: bool = False
) -> str:
    """Text in rows; the first column names the row. With `last` the last row is a sum.

    Roles in full: on a narrow screen a table may be laid out as blocks and would no longer be one to a reader.
    """
    heads = "".join(f'<th scope="col" role="columnheader">{safe(cell)}</th>' for cell in head)
    lines = [
        f'<th scope="row" role="rowheader">{safe(cells[0])}</th>'
        + "".join(f'<td role="cell">{safe(cell)}</td>' for cell in cells[1:])
        for cells in rows
    ]
    body = "".join(
        f'<tr role="row"{_class("sum" if last and n == len(lines) - 1 else "")}>{line}</tr>'
        for n, line in enumerate(lines)
    )
    return wide(
        f'<table role="table"{_class(kind)}><thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>',
        label,
    )


def wide(content: str, label: str = "") -> str:
    """What may be wider than the screen scrolls within itself, by keyboard too."""
    named = f' role="group" aria-label="{safe(label)}"' if label else ""
    return f'<div class="scrolls" tabindex="0"{named}>{content}</div>'


def pairs(found: Iterable[tuple[str, str]]) -> str:
    """Names and what they are; those without a value are left out."""
    lines = "".join(f"<dt>{safe(name)}</dt><dd>{safe(value)}</dd>" for name, value in found if value)
    return f"<dl>{lines}</dl>" if lines else ""


def figure(picture: str, caption: str, below: str = "") -> str:
    """A chart with its caption; `below` is HTML."""
    return f'<figure class="chart"><figcaption>{safe(caption)}</figcaption>{picture}{below}</figure>' if picture else ""


def details(summary: str, content: str) -> str:
    """What is shown when it is asked for, and printed."""
    return f"<details><summary>{safe(summary)}</summary>{content}</details>" if content else ""


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
