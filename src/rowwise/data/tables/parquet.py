"""What a Parquet file says beside its types: which columns were categories of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.json_text import from_json

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


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
        columns = from_json(written.encode())["columns"] if written else []
        return [str(column["name"]) for column in columns if column.get("pandas_type") == "categorical"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # whatever another program wrote there
        return []
