"""A column of yes and no, true and false, 1 and 0 → one column of X, 1 or 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.data.tables.parse import FALSE, TRUE, as_booleans, as_float32
from rowwise.text import say

if TYPE_CHECKING:
    from collections import Counter

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.tables.columns.kind import Summary
    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.schema import Column


def matches(profile: Profile) -> bool:
    if str(profile.dtype) == "Boolean":
        return True
    texts = {value.lower() for value in profile.values or ()}
    return texts <= {*TRUE, *FALSE} and bool(texts & set(TRUE) and texts & set(FALSE))


def fields(profile: Profile) -> dict[str, Any]:
    """How the table writes no and yes; of several spellings the first."""
    texts = sorted(profile.values or ())
    words = [next((text for text in texts if text.lower() in known), "") for known in (FALSE, TRUE)]
    return {"levels": tuple(words)} if all(words) else {}


def word(column: Column, value: float) -> str:
    """A value of X as the table writes it; as we do where no table's words were kept."""
    return column.levels[bool(value)] if column.levels else say(f"table.{'yes' if value else 'no'}")


def inputs(column: Column) -> tuple[str, ...]:
    return (column.name,)


def features(column: Column) -> tuple[str, ...]:
    return (column.name,)


def encode(column: Column, values: pl.Series, oddities: Counter[str]) -> NDArray[np.float32]:
    return as_float32(as_booleans(values))[:, None]


def tally(column: Column) -> None:
    return None


def statistics(column: Column, summary: Summary) -> dict[str, Any]:
    return {"means": summary.means, "scales": (1.0,)}


def values_text(column: Column) -> str:
    return say("schema.share", share=f"{100 * column.means[0]:.1f}") if column.means else ""


def enters_text(column: Column) -> str:
    return say("schema.enters.boolean")
