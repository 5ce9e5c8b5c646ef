"""`rowwise bench` → the measurements of `rowwise.benchmarks`, which prints them itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.commands.keras_import import hush

if TYPE_CHECKING:
    import argparse


def bench(options: argparse.Namespace) -> int:
    """Measure what was asked for; 0."""
    hush()
    from rowwise.benchmarks import main

    return main(options)
