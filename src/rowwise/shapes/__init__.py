"""A model and arrays → every shape explained, conventions side by side, what does not fit in words."""

from rowwise.shapes.axes import show
from rowwise.shapes.check import check
from rowwise.shapes.conventions import from_columns, from_torch, side_by_side, to_columns, to_torch
from rowwise.shapes.explained import explained
from rowwise.shapes.ledger import Ledger, explain
from rowwise.shapes.trace import Trace, trace

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
