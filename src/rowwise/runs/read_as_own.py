"""A saved model and another source → its records, read as the model's own were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.errors import warn_user

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source
    from rowwise.runs.saved import Saved


def read_as_own(saved: Saved, source: Source) -> Dataset | None:
    """All records of a table, or of a folder of pictures, read as the model's own; None for other data."""
    if source.kind == "table" and saved.schema is not None:
        from rowwise.data.tables.encode import oddity_notes
        from rowwise.data.tables.load import read_as

        test, oddities = read_as(saved.schema, source)
        for note in oddity_notes(saved.schema, oddities):
            warn_user(note)
        return test
    if source.kind == "folder" and saved.accepts.kind == "pictures":
        from rowwise.data.pictures.folder import read_as as read_pictures_as
        from rowwise.data.pictures.prepare import prepare_for

        units = max(saved.network.output_shape[-1] or 0, 2)
        names = saved.record.data.classes if saved.record else ()
        return read_pictures_as(
            source,
            tuple(size for size in saved.accepts.shape if size is not None),
            names if len(names) == units else (),
            prepare_for(saved.accepts.pictures),
        )
    return None
