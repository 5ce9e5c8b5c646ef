"""A model and arrays → every shape explained, conventions side by side, what does not fit in words.

The names are found when they are first used: a ledger needs a third of what `check` and `explained` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.lazy import late

if TYPE_CHECKING:
    from rowwise.shapes.axes import show as show
    from rowwise.shapes.checking import check as check
    from rowwise.shapes.conventions import from_columns as from_columns
    from rowwise.shapes.conventions import from_torch as from_torch
    from rowwise.shapes.conventions import side_by_side as side_by_side
    from rowwise.shapes.conventions import to_columns as to_columns
    from rowwise.shapes.conventions import to_torch as to_torch
    from rowwise.shapes.explaining import explained as explained
    from rowwise.shapes.ledger import Ledger as Ledger
    from rowwise.shapes.ledger import explain as explain
    from rowwise.shapes.tracing import Trace as Trace
    from rowwise.shapes.tracing import trace as trace

__all__ = [
    "Ledger",
    "Trace",
    "check",
    "explain",
    "explained",
    "from_columns",
    "from_torch",
    "show",
    "side_by_side",
    "to_columns",
    "to_torch",
    "trace",
]

__getattr__, __dir__ = late(
    __name__,
    {
        "Ledger": "rowwise.shapes.ledger",
        "Trace": "rowwise.shapes.tracing",
        "check": "rowwise.shapes.checking",
        "explain": "rowwise.shapes.ledger",
        "explained": "rowwise.shapes.explaining",
        "from_columns": "rowwise.shapes.conventions",
        "from_torch": "rowwise.shapes.conventions",
        "show": "rowwise.shapes.axes",
        "side_by_side": "rowwise.shapes.conventions",
        "to_columns": "rowwise.shapes.conventions",
        "to_torch": "rowwise.shapes.conventions",
        "trace": "rowwise.shapes.tracing",
    },
)
