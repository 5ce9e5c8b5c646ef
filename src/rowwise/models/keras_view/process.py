"""A process that was forked → whether JAX, used before the fork, is of no use in it: its threads stayed behind."""

from __future__ import annotations

import os

from rowwise.errors import UsageError

_lost = False  # whether this process has a JAX that was started in the one that it was forked from


def check_not_forked() -> None:
    """Refuse what JAX would wait for without an end.

    Raises:
        UsageError: JAX was started in the process that this one was forked from.
    """
    if _lost:
        raise UsageError("process.forked")


def jax_has_started() -> bool:
    """Whether JAX has threads in this process."""
    try:
        from jax._src.xla_bridge import backends_are_initialized
    except ImportError:
        return False
    return bool(backends_are_initialized())


def _in_child() -> None:
    global _lost
    _lost = _lost or jax_has_started()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
