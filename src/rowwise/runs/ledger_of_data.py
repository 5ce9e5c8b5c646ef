"""Data, before any training → the ledger of the model that a training would build of them, and X by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rowwise.data import form
from rowwise.data.loaders import load_source
from rowwise.shapes.ledger.facts import course
from rowwise.shapes.ledger.ledger import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source
    from rowwise.shapes.ledger.ledger import Ledger

HIDDEN = (100, 30)  # of the course's model
RECORDS = 32  # of the batch that X is shown for, where no number was given


@dataclass(frozen=True, eq=False)
class DataLedger:
    """A ledger, and what X holds.

    Attributes:
        ledger: of the model.
        about: X by name, as JSON; empty for named data.
        text: X by name, as text; empty for the same.
        train: the training records of a table.
    """

    ledger: Ledger
    about: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    train: Dataset | None = None


def ledger_of_data(
    data: str | Source,
    hidden: Sequence[int] | None = None,
    batch_size: Sequence[int | None] = (32,),
    convention: str = "keras",
) -> DataLedger:
    """The ledger, without a training; Keras is imported for tables alone.

    Args:
        data: a name; or the Source of a table or a folder of pictures.
        hidden: units of the hidden layers; None for those that a training would take.
        batch_size: numbers of records, None for any.
        convention: as of `rowwise.explain`.

    Raises:
        DataError: data that are not available or cannot be read. UsageError: invalid options.
    """
    options: dict[str, Any] = {"batch_size": batch_size, "convention": convention}
    records = next((size for size in batch_size if size), RECORDS)
    units = HIDDEN if hidden is None else tuple(hidden)
    if isinstance(data, str):
        shape, classes = form(data)
        return DataLedger(explain(course(shape, units, classes), **options))
    if data.kind == "folder":
        from rowwise.data.pictures.folder import preview
        from rowwise.shapes.ledger.pixel_columns import pixels_of, pixels_text

        pictures = preview(data)
        values = pixels_of(pictures.shape, pictures.files, records)
        about = {"records": records, "shape": pictures.shape, "classes": pictures.classes, "values": values}
        ledger = explain(course(pictures.shape, units, len(pictures.classes)), **options)
        return DataLedger(ledger, {"pictures": about}, pixels_text(pictures.shape, values, records))

    from rowwise.models.dense import dense
    from rowwise.shapes.ledger.table_columns import columns_of, table_text

    train = load_source(data)[0]
    ledger = explain(dense(train, hidden, seed=0), **options)
    about = {"table": {"records": records, "columns": columns_of(train, records)}}
    return DataLedger(ledger, about, table_text(train, records), train)
