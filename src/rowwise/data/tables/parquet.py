"""What a Parquet file says beside its types: how many rows it has, and which columns were categories of pandas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rowwise.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

ALWAYS, RATIO = 50_000_000, 250  # values that any Parquet file may have; a larger one, for each of its bytes


def refuse_bomb(path: Path, records: int, columns: int) -> None:
    """Raises DataError where a small Parquet file announces values without end: one repeated takes no room in it."""
    size = path.stat().st_size
    if records * columns > max(ALWAYS, RATIO * size):
        counts = {"records": f"{records:,}", "columns": f"{columns:,}"}
        raise DataError("table.bomb", path=path, size=f"{size:,}", **counts)


def with_categories(frame: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    """Whole numbers that were categories of pandas are categories again: Polars reads them as amounts."""
    import polars as pl

    named = _categories_of_pandas(pl.read_parquet_metadata(path).get("pandas", ""))
    if not named:
        return frame
    types = frame.collect_schema()
    levels = [name for name in named if name in types and types[name].is_integer()]
    return frame.with_columns(pl.col(levels).cast(pl.String).cast(pl.Categorical)) if levels else frame


def _categories_of_pandas(written: str) -> list[str]:
    try:
        columns = json.loads(written)["columns"] if written else []
        return [str(column["name"]) for column in columns if column.get("pandas_type") == "categorical"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # whatever another program wrote there
        return []
