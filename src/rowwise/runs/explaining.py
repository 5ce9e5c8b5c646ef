"""A saved model of a table, and rows → why it says what it says of one, and what its columns do on average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import UsageError, warn_user
from rowwise.measure.columns import check_count
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source
    from rowwise.measure.dependence import Dependence
    from rowwise.measure.record_explanation import RecordExplanation
    from rowwise.runs.saved import Saved


def explain_row(
    saved: Saved,
    row: int,
    data: Any = None,
    *,
    output: str | None = None,
    change: float | None = None,
    seed: int = 0,
    **written: Any,
) -> RecordExplanation:
    """Why a model of a table says what it says of one row, and what would have to change for another answer.

    Each column's contribution is its Shapley value, compared with training records; see `measure.contributions`. Of the
    changes of one or two columns that would be enough the nearest are found; see `measure.changes`.

    Args:
        row: its number, from 1, below the header of the table; it may be one that the model was trained on.
        data: rows as for `Saved.predict`; None for the run's own table.
        output: the class, label or target to explain; None for the class that is answered, or the first.
        change: how far a predicted number is to move; None for half a deviation of what is predicted of the training
            records.
        seed: of what is drawn.
        **written: as of `Saved.predict`.

    Raises:
        UsageError: no table, no such row or output, or no records to compare it with. DataError: as `Saved.predict`.
    """
    from rowwise.measure.record_explanation import explain_record
    from rowwise.runs.prediction_inputs import records_of

    schema = saved.schema
    if schema is None:
        raise UsageError("saved.no_table", path=saved.path, accepts=str(saved.accepts))
    if isinstance(row, bool) or not isinstance(row, int | np.integer) or row < 1:
        raise UsageError("record.row", found=repr(row))
    check_count("seed", seed, 0)
    train, test = _own(saved)
    learned_from = False
    if data is None:
        record, learned_from = _own_row(saved, row, train, test)
    else:
        x = records_of(saved, data, written).x
        if row > len(x):
            raise UsageError("record.row.beyond", found=f"{row:,}", records=f"{len(x):,}")
        record = np.asarray(x[row - 1], np.float32)
    others = train if train is not None else test
    if others is None:
        if data is None or len(x) < 2:
            raise UsageError("record.no_training", path=saved.path)
        warn_user(say("record.compared", records=f"{len(x):,}"))
    compared: NDArray[np.float32] = np.asarray(x if others is None else others.x, np.float32)
    return explain_record(
        saved.predictor.predict,
        record,
        compared,
        schema,
        saved.class_names,
        name=say("record.name", row=f"{row:,}"),
        output=output,
        change=change,
        seed=seed,
        learned_from=learned_from,
    )


def dependence(
    saved: Saved,
    columns: Sequence[str] | None = None,
    data: Dataset | Source | None = None,
    points: int = 12,
    seed: int = 0,
) -> tuple[Dependence, ...]:
    """What a model of a table says on average as a column takes this value or that; see `measure.dependence`.

    Args:
        columns: of the table; None for all.
        data: a Dataset of the table; None for the run's test records.
        points: values of a column at most.
        seed: of the draw, where there are more records than are averaged.

    Raises:
        UsageError: no table, or no such column. As `Saved.evaluate` where the data are not available.
    """
    from rowwise.data.dataset import Dataset
    from rowwise.measure.dependence import partial_dependence

    if saved.schema is None:
        raise UsageError("saved.no_table", path=saved.path, accepts=str(saved.accepts))
    check_count("points", points, 1)
    check_count("seed", seed, 0)
    records = data if isinstance(data, Dataset) else saved.sets(data)[1]
    return partial_dependence(saved.network, records, columns, points, seed, saved.named)


def _own(saved: Saved) -> tuple[Dataset | None, Dataset | None]:
    """The run's training and test records; None where nobody knows them."""
    if saved.own_source() is None:
        return None, None
    return saved.sets()


def _own_row(saved: Saved, row: int, train: Dataset | None, test: Dataset | None) -> tuple[NDArray[np.float32], bool]:
    """The row of the run's own table, by its number below the header, and whether the model was trained on it."""
    if test is None:
        key = "record.no_data.frame" if saved.record is not None else "record.no_data"
        raise UsageError(key, path=saved.path, row=row)
    own_test = test.source.get("split", {}).get("by") != "file"
    for part in (train, test if own_test else None):
        if part is not None and part.rows is not None and len(place := np.flatnonzero(part.rows == row)):
            return np.asarray(part.x[int(place[0])], np.float32), part is train
    rows = [part.rows for part in (train, test if own_test else None) if part is not None and part.rows is not None]
    last = max((int(one.max()) for one in rows if len(one)), default=0)
    if row <= last:
        raise UsageError("record.row.left_out", found=f"{row:,}")
    raise UsageError("record.row.beyond", found=f"{row:,}", records=f"{last:,}")
