"""A model and arrays → every shape explained, conventions side by side, what does not fit in words."""

from rowwise.shapes.axes import show
from rowwise.shapes.conventions import from_columns, from_torch, side_by_side, to_columns, to_torch
from rowwise.shapes.ledger import Ledger, explain

__all__ = ["Ledger", "explain", "from_columns", "from_torch", "show", "side_by_side", "to_columns", "to_torch"]
