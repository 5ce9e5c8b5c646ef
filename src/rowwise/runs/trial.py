"""The parameters of a trial → a network trained with them, and its best epoch's validation loss; or pruned."""

from __future__ import annotations

import statistics
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rowwise.errors import warnings_to
from rowwise.interrupt import Stop
from rowwise.runs.search_space import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rowwise.data.dataset import Dataset
    from rowwise.runs.settings import Settings

LEAST_TRIALS, LEAST_EPOCHS = 4, 10  # finished trials, and epochs of this one, before it may be pruned
COMPLETE, PRUNED, FAILED, STOPPED = "complete", "pruned", "failed", "stopped"


@dataclass(frozen=True)
class Trial:
    """What came of one.

    Attributes:
        number: from 1.
        state: "complete", "pruned", "failed" (it diverged) or "stopped" (before its end, by Ctrl-C).
        parameters: that were tried.
        loss: the lowest validation loss of its epochs; None where there is none.
        best_epoch: that epoch's number, of the `epochs` trained.
        losses: the lowest validation loss so far, an epoch each: what decides whether another one is pruned.
    """

    number: int
    state: str
    parameters: Mapping[str, Any]
    loss: float | None = None
    best_epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
    losses: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Task:
    """What all trials share: the records, the settings that are not tried, and the trials that are finished."""

    train: Dataset
    validation: Dataset | None
    settings: Settings
    batch_size_chosen: bool
    engine: str
    finished: Sequence[Trial] = ()


def run_trials(trials: Sequence[tuple[int, Mapping[str, Any]]], task: Task) -> list[Trial]:
    """A chunk of them, `(number, parameters)` each, one after another: what a worker does."""
    return [run_trial(number, parameters, task, lambda: False) for number, parameters in trials]


def run_trial(number: int, parameters: Mapping[str, Any], task: Task, stopped: Callable[[], bool]) -> Trial:
    """Train it; by the median rule (Golovin et al. 2017) on the lowest validation loss so far, since that decides which
    epoch is kept, it may be ended early."""
    import keras

    from rowwise.engine import fit
    from rowwise.engine.best_epoch import MONITOR, BestEpoch

    settings = replace(task.settings, **settings_of(parameters))
    begun, lowest = time.perf_counter(), list[float]()

    class Watch(keras.callbacks.Callback):
        needs_weights = False
        pruned = False

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            loss = (logs or {}).get(MONITOR, float("inf"))
            lowest.append(min(loss, lowest[-1]) if lowest else loss)
            if is_hopeless(lowest, task.finished):
                self.pruned = True
                self.model.stop_training = True

    model = settings.new_model(task.train)
    best, watch, state = BestEpoch(settings.patience or settings.epochs), Watch(), COMPLETE
    # What fit warns of the records is said once, by the first trial; that another one diverged is its state.
    said = nullcontext() if number == 1 else warnings_to(lambda message: None)
    try:
        with said:
            fit(
                model,
                settings.records_of(task.train),
                epochs=settings.epochs,
                batch_size=settings.batch_size_of(task.train, task.batch_size_chosen),
                validation=settings.records_of(settings.validation if task.validation is None else task.validation),
                seed=settings.seed,
                class_weight=settings.class_weights_of(task.train),
                callbacks=[best, watch],
                engine=task.engine,
                threads=1,
                augment=settings.augment,
                stop=Stop(stopped),  # type: ignore[arg-type]
                verbose=0,
            )
    except KeyboardInterrupt:
        state = STOPPED
    if watch.pruned:
        state = PRUNED
    elif not best.epoch and state == COMPLETE:
        state = FAILED
    loss = best.loss if best.epoch else None
    spent = time.perf_counter() - begun
    return Trial(number, state, dict(parameters), loss, best.epoch, len(lowest), spent, tuple(lowest))


def is_hopeless(losses: Sequence[float], finished: Sequence[Trial]) -> bool:
    """Whether a trial with these lowest losses so far is behind the median of the finished ones at the same epoch.

    One that had ended before counts with what it ended with.
    """
    others = [one.losses for one in finished if one.state == COMPLETE and one.losses]
    if len(others) < LEAST_TRIALS or len(losses) < LEAST_EPOCHS:
        return False
    return losses[-1] > statistics.median(one[min(len(losses), len(one)) - 1] for one in others)
