"""A Trace → a standalone HTML page: the picture, the products that weigh most, and the sum. No script, no network.

Words are in the current language.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from rowwise.pages.render import render
from rowwise.shapes.ledger.trace_text import products, steps
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.shapes.ledger.tracing import Trace


def page(trace: Trace, data: str = "") -> str:
    """The document; its policy forbids it to fetch anything.

    Args:
        trace: what is shown.
        data: where the record comes from and what it is, in words.
    """
    document = render(
        "rowwise.shapes.ledger",
        "trace.html",
        title=trace.heading(),
        data=data,
        picture=base64.b64encode(trace.picture()).decode() if trace.has_picture else "",
        columns=[say(f"trace.column.{name}") for name in ("feature", "value", "weight", "product")],
        products=products(trace),
        steps=steps(trace),
    )
    return str(document)
