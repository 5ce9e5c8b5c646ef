"""`rowwise explain RUN --row 17`, `--dependence age` → why a table's model says what it says, and by which columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.errors import UsageError
from rowwise.files import atomic_write
from rowwise.json_text import to_json
from rowwise.runs.saved import Saved
from rowwise.terminal.output import format_of
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowwise.data.source import Source
    from rowwise.terminal.output import Output

OWN = ("row", "dependence", "change", "output")  # the options that this module serves
FORMATS = ("text", "html", "json")
ALL = "all"


def asked_for(given: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether a row or columns are to be explained, once none of the other options contradicts it.

    Raises:
        UsageError: one does.
    """
    row, columns = own["row"], own["dependence"]
    if row is None and columns is None:
        for name in ("change", "output"):
            if own[name] is not None:
                raise UsageError("explain.row.needed", option=f"--{name}")
        return False
    others = [name for name in ("trace", "layer", "batch_size", "convention", "hidden") if given.get(name) is not None]
    if row is not None and columns is not None:
        others = ["dependence", *others]
    if columns is not None and row is None:
        others += [name for name in ("change", "output") if own[name] is not None]
    if others:
        raise UsageError(
            "explain.row.other",
            option="--row" if row is not None else "--dependence",
            other=f"--{others[0].replace('_', '-')}",
        )
    return True


def explain_table(
    named: Source | Path | str | None,
    records: Source | None,
    own: Mapping[str, Any],
    format: str | None,
    out: Path | None,
    output: Output,
) -> None:
    """Print it, or write it to `out`.

    Raises:
        RowwiseError: no model of a table, no such row or column, data that cannot be read, or a file that cannot be
            written.
    """
    from rowwise.measure.record_text import dependence_lines

    if not isinstance(named, Path):
        raise UsageError("explain.row.model")
    kind = format_of(out, format, FORMATS, "explain.format.row")
    saved = Saved.open(named)
    place = records.place if records is not None else str(named)
    facts: Any
    if own["row"] is not None:
        written = {name: value for name, value in (records.to_dict() if records else {}).items() if name != "place"}
        data = None if records is None else records.place
        explained = saved.explain_row(own["row"], data, output=own["output"], change=own["change"], **written)
        facts, lines = explained.to_dict(), repr(explained)
    else:
        from rowwise.runs.explaining import dependence

        columns = None if own["dependence"] == (ALL,) else own["dependence"]
        found = dependence(saved, columns, records)
        facts, lines = [one.to_dict() for one in found], "\n".join(dependence_lines(found))
    if kind == "html":
        from rowwise.measure.page.record import dependence_page, record_page

        page = record_page(explained, place) if own["row"] is not None else dependence_page(found, place)
    content = {"text": lines, "json": to_json(facts, indent=2).decode()}.get(kind) or page
    if out is not None:
        atomic_write(out, f"{content.rstrip()}\n".encode())
        output.tell(say("explain.written", path=out))
    else:
        output.result(content.rstrip())
    output.json(facts if isinstance(facts, dict) else {"columns": facts})
