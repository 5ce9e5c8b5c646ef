"""An explained record, or what columns do on average → a page of its own: no script, nothing from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.measure.page.dependence import view_of
from rowwise.measure.page.shades import COLOURS
from rowwise.measure.record_text import aim_text, change_text, headline, method, signed
from rowwise.pages.render import render
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.measure.dependence import Dependence
    from rowwise.measure.record_explanation import RecordExplanation


def record_page(explained: RecordExplanation, source: str) -> str:
    """The document; `source` says where the record comes from."""
    most = max(map(abs, explained.contributions.values()), default=0.0) or 1.0
    rows = [
        (name, explained.values[name], signed(explained, value), f"{100 * abs(value) / most:.1f}")
        for name, value in explained.contributions.items()
    ]
    aims = [
        (aim_text(explained, aim, bool(changes)), [change_text(explained, change) for change in changes])
        for aim, changes in explained.changes.items()
    ]
    return _page(
        title=explained.record,
        source=source,
        headline=headline(explained),
        head=[say("report.column"), say("report.value"), say("record.contribution"), ""],
        rows=rows,
        method=method(explained),
        aims=aims,
        caution=say("record.caution"),
    )


def dependence_page(found: Sequence[Dependence], source: str) -> str:
    """The document; `source` says where the records come from."""
    return _page(title=say("report.dependence"), source=source, view=view_of(found))


def _page(**values: object) -> str:
    return str(render("rowwise.measure.page", "record.html", **COLOURS, **values))
