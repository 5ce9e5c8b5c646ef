"""The kinds of columns, a module each: how a column is recognised, becomes columns of X, is summarised and described.

A new kind is one more module here, with the functions that `kind.Kind` lists, and a line in `KINDS`. Beside it:

- how it is named in tables that people read: `schema.kind.…` and `schema.enters.…` in `text/tables.toml`;
- which arithmetic makes features of its columns of X: `recipe` in `models/preparation.py`. Its columns are
  standardized unless something else is said there.

What a kind needs to know of all values of a column before it is chosen is collected in `profile.py`. Values are parsed
in `parse.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.data.tables.columns import boolean, categorical, date, dropped, numeric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowwise.data.tables.columns.kind import Kind

# By name, as in a saved schema. The first that matches a column's values is taken: 0 and 1 are booleans before they are
# numbers, and what nothing else matches is a category.
KINDS: Mapping[str, Kind] = {
    "boolean": boolean,
    "numeric": numeric,
    "date": date,
    "categorical": categorical,
    "dropped": dropped,
}
