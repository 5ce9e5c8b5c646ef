"""A shape → the text that stands for it: `(32, 784)`, `28 × 28`."""

from __future__ import annotations

Shape = tuple[int | None, ...]


def shape_text(shape: Shape, records: int | None = None) -> str:
    """`(32, 784)`: the first None, the axis of records, becomes `records` where that is known."""
    sizes = [records if place == 0 and size is None else size for place, size in enumerate(shape)]
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def product(sizes: Shape, sign: str = " × ") -> str:
    """`28 × 28`."""
    return sign.join(map(str, sizes)) or "1"
