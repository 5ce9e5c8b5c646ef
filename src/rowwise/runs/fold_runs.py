"""A plan and a table that is cut into folds → a run of each: here, one a core, or by joblib's workers elsewhere."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rowwise.errors import UsageError, warnings_to
from rowwise.fan_out import by_threads, by_workers, elsewhere
from rowwise.interrupt import Stop
from rowwise.runs.folder import RunFolder
from rowwise.runs.model_file import MODEL, open_model
from rowwise.runs.plan import OPTIONS, plan_training
from rowwise.runs.record import RECORD, UNFINISHED
from rowwise.runs.saved import Saved
from rowwise.runs.training import train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rowwise.data.loaders import Folds
    from rowwise.runs.events import Event, Observer
    from rowwise.runs.plan import TrainingPlan
    from rowwise.runs.record import RunRecord

MOST_AT_ONCE = 1 << 24  # numbers in a table whose folds are trained side by side: each has a copy of them


class _Ended(NamedTuple):
    saved: Saved | None  # None where it was stopped before it began, or failed
    events: Sequence[Event]
    error: BaseException | None = None


def run_folds(
    plan: TrainingPlan, folds: Folds, place: Path, tell: Observer, ends: Stop, threads: int | None = None, **how: Any
) -> dict[int, Saved]:
    """The run of each fold by its number, in `place/fold-1` and so on; those that are there are kept or resumed.

    Args:
        tell: called with the events of each fold, fold by fold, on this thread.
        ends: what was asked to stop saves the folds under way; the others are lacking.
        threads: of the native engine; None for one a fold where the folds are trained side by side.
        how: `engine` and `on_divergence`, as of `runs.training.train`.
    """
    assert plan.source is not None
    numbers = range(1, plan.source.folds + 1)
    if elsewhere() and not plan.source.validation_file:  # which a worker may not have
        new = [fold for fold in numbers if not (place / f"fold-{fold}").exists()]
        with suppress(KeyboardInterrupt):
            _run_elsewhere(plan, folds, new, place, ends, how)
    records = folds.table.records.x
    at_once = threads is None and records.size <= MOST_AT_ONCE

    def run(fold: int) -> _Ended:
        events: list[Event] = []
        if ends.is_set():
            return _Ended(None, events)
        one = _plan_of(plan, fold)
        more = {"threads": 1 if at_once else threads, "stop": ends, "loaded": partial(folds, fold), **how}
        try:
            saved = _run(
                one, place / f"fold-{fold}", observer=events.append if at_once else tell, pictures=False, **more
            )
        except KeyboardInterrupt:
            return _Ended(None, events)
        except BaseException as error:  # raised once the folds before it have been told of
            return _Ended(None, events, error)
        return _Ended(saved, events)

    if not at_once:
        return _in_order(((number, run(fold)) for number, fold in enumerate(numbers)), tell)
    halted = False
    ends = Stop(lambda stopped=ends.is_set: halted or stopped())  # type: ignore[misc]
    found = by_threads(run, numbers)
    try:
        return _in_order(found, tell)
    except BaseException:
        halted = True
        for _ in found:  # what is under way is saved before this call ends
            pass
        raise


def _in_order(found: Iterator[tuple[int, _Ended]], tell: Observer) -> dict[int, Saved]:
    """The runs by fold, their events told of as soon as those of all folds before have been."""
    waiting, runs, following = dict[int, _Ended](), dict[int, Saved](), 0
    for number, one in found:
        waiting[number] = one
        while (next_one := waiting.pop(following, None)) is not None:
            following += 1
            for event in next_one.events:
                tell(event)
            if next_one.error is not None:
                raise next_one.error
            if next_one.saved is not None:
                runs[following] = next_one.saved
    return runs


def _plan_of(plan: TrainingPlan, fold: int) -> TrainingPlan:
    assert plan.source is not None
    return replace(plan, source=replace(plan.source, fold=fold))


def _run_elsewhere(
    plan: TrainingPlan, folds: Folds, new: Sequence[int], place: Path, ends: Stop, how: dict[str, Any]
) -> None:
    """Train these folds by the workers that joblib was told of, and save each here as it comes."""
    for _, (fold, content, record) in by_workers(_fold, new, (plan, folds, how), ends.is_set):
        with tempfile.TemporaryDirectory(prefix="rowwise-fold-") as folder:
            file = Path(folder) / MODEL
            file.write_bytes(content)
            model = open_model(file)
        with RunFolder(place / f"fold-{fold}") as kept:
            kept.save(model, replace(record, checkpoint="", best_checkpoint=""), {})


def _fold(fold: int, shared: tuple[TrainingPlan, Folds, dict[str, Any]]) -> tuple[int, bytes, RunRecord]:
    """What a worker does: the run of a fold, in a folder of its own that is gone afterwards."""
    plan, folds, how = shared
    with tempfile.TemporaryDirectory(prefix="rowwise-fold-") as folder:
        place = Path(folder) / "run"
        run = train(_plan_of(plan, fold), out=place, threads=1, pictures=False, loaded=partial(folds, fold), **how)
        assert run.record is not None
        return fold, (run.path / MODEL).read_bytes(), run.record


def _run(plan: TrainingPlan, folder: Path, **more: Any) -> Saved:
    """The run of one fold: as it is there, resumed, or new."""
    later, number = folder.with_name(f"{folder.name}-resumed"), 1
    while later.exists():  # stopped once more
        folder, number = later, number + 1
        later = folder.with_name(f"{folder.name.partition('-resumed')[0]}-resumed-{number}")
    finished, killed = (folder / RECORD).exists(), (folder / UNFINISHED).exists()
    if not finished and not killed:
        return train(plan, out=folder, **more)
    assert plan.source is not None
    saved = Saved.open(folder) if finished else None
    if saved is not None:
        assert saved.record is not None
        with warnings_to(lambda message: None):  # of which the run has told
            train_set, test_set = more["loaded"]()
        settings = plan.settings.suited(train_set, plan.chosen, bool(plan.source.validation_file))
        kept = saved.record.data.checksum, saved.record.data.test_checksum, saved.record.settings
        if kept != (train_set.checksum, test_set.checksum, settings):
            raise UsageError("folds.other", path=folder)
        if not saved.record.interrupted:
            return saved
    reading = {
        name: value
        for name, value in plan.source.to_dict().items()
        if name not in ("place", "test_file", "validation_file")
    }
    chosen = {name: getattr(plan.settings, name) for name in plan.chosen}
    options = {**chosen, **{OPTIONS[name]: value for name, value in reading.items()}}
    data = plan.source.place if plan.source.frame is None else plan.source.frame
    again = plan_training(data, options, folder)
    return train(again, out=later, **more) if saved is not None else train(again, **more)
