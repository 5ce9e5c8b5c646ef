"""The native engine: a whole epoch in C++ (`*.h`, `*.cpp` here), where the installation could compile it."""

from __future__ import annotations

import os
from typing import Any

try:
    from rowwise.engine.native import _native
except ImportError as missing:  # no compiler at installation, or another platform than the wheel's
    _native = None
    why_missing: str = str(missing)
else:
    why_missing = ""


def instruction_sets() -> list[tuple[str, bool]]:
    """Name and "this machine runs it", fastest first; empty where the engine was not compiled."""
    return _native.isas() if _native is not None else []


def chosen() -> str:
    """The instruction set that runs: $ROWWISE_ISA, else the fastest of this build on this machine."""
    return os.environ.get("ROWWISE_ISA") or next((name for name, runs in instruction_sets() if runs), "")


def network(layers: list[dict[str, Any]], settings: dict[str, Any], isa: str | None = None, float64: bool = False) -> Any:
    """A Network of the extension; `isa` forces an instruction set ($ROWWISE_ISA does the same).

    Raises:
        ValueError: a description that makes no sense, or an instruction set that this machine cannot run.
    """
    assert _native is not None
    return _native.Network(layers, settings, isa or os.environ.get("ROWWISE_ISA") or None, float64)
