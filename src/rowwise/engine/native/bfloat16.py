"""Keras's policy `mixed_bfloat16` → what of a network the native engine rounds, and whether this machine can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.engine.native import bfloat16_sets, set_in_bfloat16
from rowwise.engine.protocol import Unsupported
from rowwise.environment import instruction_set
from rowwise.models.keras_view import layer_title
from rowwise.models.kinds import is_plain
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.engine.native.description import DenseGraph

FLOAT32, MIXED = "float32", "mixed_bfloat16"


def is_mixed(part: Any) -> bool:
    """Whether a layer or a model computes in bfloat16, of weights in float32.

    Raises:
        Unsupported: another policy than this and float32.
    """
    policy = FLOAT32 if is_plain(part) else part.dtype_policy.name
    if policy not in (FLOAT32, MIXED):
        raise Unsupported(f"{layer_title(part)}, {policy}")
    return bool(policy == MIXED)


def check_float32(layer: Any) -> None:
    """Raises Unsupported for a layer that the engine computes in float32 alone."""
    if is_mixed(layer):
        raise Unsupported(f"{layer_title(layer)}, {MIXED}")


def why_not() -> str:
    """Why nothing runs in bfloat16 here; empty where it does."""
    if set_in_bfloat16():
        return ""
    if not bfloat16_sets():
        return say("native.bfloat16.build")
    if any(runs for _, runs in bfloat16_sets()):
        return say("native.bfloat16.isa", isa=instruction_set())
    return say("native.bfloat16.processor")


def check_runs(graph: DenseGraph) -> None:
    """Raises Unsupported where layers are in bfloat16, and nothing runs it here."""
    if any(layer.bfloat16 for layer in graph.layers) and (reason := why_not()):
        raise Unsupported(reason)


def rounded(number: float) -> float:
    """The nearest that bfloat16 has, of two the even one: the upper half of a float32."""
    bits = int(np.float32(number).view(np.uint32))
    return float(np.uint32((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(np.float32))
