"""Text → lines that fit a terminal, where a Korean letter takes two columns."""

from __future__ import annotations

from rowwise.text.visible import visible

WIDTH = 80  # columns that every terminal has


def wrap(text: str, width: int = WIDTH) -> list[str]:
    """Lines of at most `width` columns, broken at spaces, or within a word that is longer than a line."""
    from rich.cells import cell_len, chop_cells

    lines = [""]
    for word in visible(text, lines=True).split():
        for piece in chop_cells(word, width):
            longer = f"{lines[-1]} {piece}" if lines[-1] else piece
            if cell_len(longer) <= width:
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines
