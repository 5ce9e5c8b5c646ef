"""What a saved model takes, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rowwise.data.picture_records import OBJECT
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.data.tables.schema import Column


@dataclass(frozen=True)
class Accepts:
    """What a saved model takes.

    Attributes:
        kind: "table" (rows of a table), "pictures" (picture files, bytes or pixels) or "arrays".
        shape: of one record of the model's input; None for a size that may vary.
        columns: of a table, those that are used.
        white: the value of a white pixel, 255 or 1.
        pictures: how picture files become records: "object" (cut out, bright on black), "border", "whole" or "crop".
    """

    kind: str
    shape: tuple[int | None, ...]
    columns: tuple[Column, ...] = ()
    white: int = 1
    pictures: str = OBJECT

    def __str__(self) -> str:
        """One sentence, in the current language."""
        names = ", ".join(column.name for column in self.columns)
        shape = ", ".join("…" if size is None else str(size) for size in self.shape)
        return say(f"saved.accepts.{self.kind}", columns=names, shape=shape, white=self.white)
