"""A model and arrays → every shape explained, conventions side by side, what does not fit in words.

The names are found when they are first used: a ledger needs a third of what `check` and `explained` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.lazy import late

if TYPE_CHECKING:
    from rowwise.shapes.checks.check import check as check
    from rowwise.shapes.checks.explained import explained as explained
    from rowwise.shapes.ledger.axes import show as show
    from rowwise.shapes.ledger.conventions import from_columns as from_columns
    from rowwise.shapes.ledger.conventions import from_torch as from_torch
    from rowwise.shapes.ledger.conventions import side_by_side as side_by_side
    from rowwise.shapes.ledger.conventions import to_columns as to_columns
    from rowwise.shapes.ledger.conventions import to_torch as to_torch
    from rowwise.shapes.ledger.ledger import Ledger as Ledger
    from rowwise.shapes.ledger.ledger import explain as explain
    from rowwise.shapes.ledger.tracing import Trace as Trace
    from rowwise.shapes.ledger.tracing import trace as trace

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
        "Ledger": "rowwise.shapes.ledger.ledger",
        "Trace": "rowwise.shapes.ledger.tracing",
        "check": "rowwise.shapes.checks.check",
        "explain": "rowwise.shapes.ledger.ledger",
        "explained": "rowwise.shapes.checks.explained",
        "from_columns": "rowwise.shapes.ledger.conventions",
        "from_torch": "rowwise.shapes.ledger.conventions",
        "show": "rowwise.shapes.ledger.axes",
        "side_by_side": "rowwise.shapes.ledger.conventions",
        "to_columns": "rowwise.shapes.ledger.conventions",
        "to_torch": "rowwise.shapes.ledger.conventions",
        "trace": "rowwise.shapes.ledger.tracing",
    },
)
