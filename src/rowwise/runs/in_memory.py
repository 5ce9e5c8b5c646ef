"""Training records and settings → a model trained as a run's is, and its record, without a folder or test records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rowwise.runs.clock import Clock
from rowwise.runs.model_training import Job, train_model
from rowwise.runs.plan import TrainingPlan
from rowwise.runs.training import check_asked, new_or_opened

if TYPE_CHECKING:
    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.runs.record import RunRecord
    from rowwise.runs.settings import Settings


class Trained(NamedTuple):
    """A model, and what is known of its training: nothing was measured on test records."""

    model: keras.Model
    record: RunRecord


def train_in_memory(
    data: Dataset, settings: Settings, chosen: frozenset[str], engine: str = "auto", threads: int | None = None
) -> Trained:
    """Train on all of `data`, but for the share that is held out to validate: the same model, to the bit, as that of
    a run with these training records and settings.

    Args:
        settings: complete; those whose names are not in `chosen` may still be suited to the data.
        engine, threads: as of `rowwise.train`.

    Raises:
        RowwiseError: settings that contradict the data or one another. KeyboardInterrupt: Ctrl-C.
    """
    from rowwise.models.piecewise import encoding_once

    check_asked(engine, threads)
    settings, clock = settings.suited(data, chosen), Clock()
    plan = TrainingPlan(None, settings, chosen)
    job = Job(plan, settings, data, None, clock, lambda event: None, None, engine, threads)
    with encoding_once(), clock.lap("fit"):
        fitted = train_model(job, new_or_opened(job))
    if fitted.interrupted:
        raise KeyboardInterrupt
    return Trained(fitted.model, replace(fitted.record_of(job), seconds={**clock.seconds, "total": clock.total()}))
