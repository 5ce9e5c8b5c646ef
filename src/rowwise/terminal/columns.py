"""Rows of words → lines whose columns stand below each other, wide characters included."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def in_columns(rows: Sequence[Sequence[str]]) -> str:
    """The first column is aligned to the left, the others, which are numbers, to the right."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]

    def line(words: Sequence[str]) -> str:
        gaps = [" " * (width - cell_len(word)) for word, width in zip(words, widths, strict=True)]
        first, *others = zip(words, gaps, strict=True)
        return "  ".join(["".join(first), *(gap + word for word, gap in others)]).rstrip()

    return "\n".join(map(line, rows))
