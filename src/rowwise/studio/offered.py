"""A table that was dropped on the page → its columns, to choose the target from; and then the Source to learn from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rowwise.data.source import TABLES, Source, source_of
from rowwise.errors import UsageError
from rowwise.files import atomic_write
from rowwise.text import LANGUAGES, use_language
from rowwise.text.visible import file_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rowwise.data.tables.schema import Schema
    from rowwise.studio.shelf import Shelf

MOST_BYTES = 1 << 28  # of a table that is dropped
MOST_COLUMNS = 200  # that are shown
LISTS = ("drop", "categorical", "numeric")  # what a column may be told to be


@dataclass(frozen=True)
class Offered:
    """A table whose target nobody has chosen yet.

    Attributes:
        path: where it is kept, named by its content: a run that learns from it finds it again.
        columns: as the page draws them.
        records: how many it has.
    """

    path: Path
    name: str
    columns: tuple[Mapping[str, Any], ...]
    records: int

    @classmethod
    def of(cls, name: str, content: bytes, shelf: Shelf) -> Offered:
        """Put the table on the shelf, and look at its columns.

        Raises:
            UsageError: no table by its name, or it has nothing in it. DataError: it cannot be read. SaveError: no room.
        """
        from rowwise.data.tables.load import survey

        called = PurePosixPath(file_name(name))
        if called.suffix.lower() not in TABLES:
            raise UsageError("studio.table.kind", name=name[:60], known=", ".join(TABLES))
        if not content:
            raise UsageError("studio.table.empty", name=name[:60])
        folder = shelf.folder(hashlib.sha256(content).hexdigest()[:20])
        path = folder / (called.stem.lstrip(".")[:60] + called.suffix.lower())
        if not path.exists():
            atomic_write(path, content)
        schema, records = survey(Source(str(path)))
        return cls(path, called.name, columns_shown(schema), records)

    def source(self, choices: Mapping[str, Any]) -> Source:
        """The table with its target, and with what the columns were told to be.

        Raises:
            UsageError: a choice names no column.
        """
        names = {column["name"] for column in self.columns}
        target = choices.get("target")
        lists = {key: choices.get(key, []) for key in LISTS}
        asked = [target, *(name for some in lists.values() for name in (some if isinstance(some, list) else [None]))]
        if unknown := [name for name in asked if not isinstance(name, str) or name not in names]:
            raise UsageError("studio.table.column", found=str(unknown[0])[:60])
        options = {key: tuple(some) for key, some in lists.items() if some}
        return source_of(str(self.path), {"target": (str(target),), **options}).checked()

    def about(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {"name": self.name, "records": self.records, "columns": list(self.columns)}


def columns_shown(schema: Schema) -> tuple[dict[str, Any], ...]:
    """Of each column its name and kind, and in each language the cells that `rowwise data show` has for it."""
    from rowwise.data.tables.schema_text import cells

    shown = []
    for column, place in schema.placed[:MOST_COLUMNS]:
        words = {}
        for lang in LANGUAGES:
            with use_language(lang):
                words[lang] = list(cells(column, place)[1:])
        shown.append({"name": column.name, "kind": column.kind, **words})
    return tuple(shown)
