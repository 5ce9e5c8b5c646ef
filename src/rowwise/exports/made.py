"""An export that is not written yet: its files, and what runs them to prove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from rowwise.exports.program import Program
    from rowwise.exports.proof import Expected, Proof, Runner
    from rowwise.runs.saved import Saved


@dataclass(frozen=True)
class Made:
    """An export that is not written yet.

    Attributes:
        runners: by name and version, what runs it.
        files: the content of each file with the proof in it; the main file comes last.
        note: the key of a message about what could not be run here; empty where the file itself was.
    """

    runners: Mapping[str, Runner]
    files: Callable[[Proof], dict[Path, bytes]]
    note: str = ""


def described(program: Program) -> dict[str, Runner]:
    """What runs the operations that a file was written from, where nothing here runs the file itself."""
    return {f"numpy {np.__version__}": program.answers}


class Format(Protocol):
    """One of the formats."""

    suffix: str
    floats: bool  # whether it has float32 alone: then the caller counts long numbers from their origin

    def make(self, saved: Saved, program: Program, wanted: Expected, path: Path) -> Made:
        """What is to be written at `path`."""
