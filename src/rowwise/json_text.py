"""A value → JSON that every reader takes: what is not finite becomes null, Korean stays readable."""

from __future__ import annotations

import json
import math
from typing import Any

MOST_VALUES = 2_000_000  # 100,000 epochs have half of them


def plain(value: Any) -> Any:
    """`value` as JSON has it: tuples as lists, a number that is not finite as None."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def from_json(content: bytes, most: int = MOST_VALUES) -> Any:
    """The value of a JSON text that a stranger may have written.

    Raises:
        ValueError: no JSON, or more values than anything of ours has: empty lists take 30 times their text.
        RecursionError: nested without measure.
    """
    if (values := sum(map(content.count, (b",", b"[", b"{")))) > most:
        raise ValueError(f"{values:,} > {most:,}")
    return json.loads(content)


def to_json(value: Any, indent: int | None = None) -> bytes:
    """`plain(value)` in UTF-8; a byte of a file name that is no UTF-8 becomes JSON's own escape."""
    text = json.dumps(plain(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")
