"""A value → JSON that every reader takes: what is not finite becomes null, Korean stays readable."""

from __future__ import annotations

import json
import math
from typing import Any


def plain(value: Any) -> Any:
    """`value` as JSON has it: tuples as lists, a number that is not finite as None."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_json(value: Any, indent: int | None = None) -> bytes:
    """`plain(value)` in UTF-8; a byte of a file name that is no UTF-8 becomes JSON's own escape."""
    text = json.dumps(plain(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")
