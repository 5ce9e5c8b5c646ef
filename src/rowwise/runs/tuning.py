"""A plan and a number of trials → the settings with the lowest validation loss, by Optuna; test records stay unseen.

Trials are asked for and trained in rounds: what is tried next depends on the rounds before alone, not on which trial of
a round ends first. So a search that was killed and goes on, or that Dask's workers share, is the same search.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rowwise.errors import ModelError, SaveError, UsageError, os_reason
from rowwise.fan_out import by_threads, by_workers, elsewhere, in_chunks
from rowwise.files import LOCK, atomic_write
from rowwise.interrupt import deferred
from rowwise.json_text import from_json, to_json
from rowwise.locks import Lock, owner
from rowwise.runs.folder import default_places
from rowwise.runs.search_space import Space, as_toml, settings_of
from rowwise.runs.trial import COMPLETE, FAILED, PRUNED, STOPPED, Task, Trial, run_trial, run_trials
from rowwise.text import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rowwise.runs.plan import TrainingPlan
    from rowwise.runs.settings import Settings

JOURNAL, ABOUT, TABLE, BEST, PAGE = "trials.journal", "tuning.json", "trials.csv", "best.toml", "trials.html"
ROUND = 4  # trials that are asked for together
STUDY = "rowwise"


@dataclass(frozen=True)
class TrialEnded:
    """A trial has ended; `best` is the one with the lowest loss until now, None where none is complete."""

    trial: Trial
    trials: int
    best: Trial | None


@dataclass(frozen=True, eq=False, repr=False)
class Tuning:
    """What a search has found.

    Attributes:
        path: the folder: `trials.csv`, `trials.html`, `best.toml`, and what a search goes on from.
        trials: by number.
        settings: of the best one, by name: what it adds to the settings that were given.
        interrupted: whether it was stopped before its last trial, by Ctrl-C or its timeout.
    """

    path: Path
    trials: tuple[Trial, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def best(self) -> Trial | None:
        """The one with the lowest validation loss."""
        return best_trial(self.trials)

    @property
    def options(self) -> Path:
        """The file that `rowwise train --options` takes."""
        return self.path / BEST

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        best = self.best
        return {
            "path": str(self.path),
            "best": best.number if best else None,
            "settings": self.settings,
            "interrupted": self.interrupted,
            "trials": [asdict(trial) for trial in self.trials],
        }

    def __repr__(self) -> str:
        """The best trials, in at most 80 columns."""
        from rowwise.runs.trials_table import trial_lines

        return "\n".join(trial_lines(self.trials))


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """The complete one with the lowest validation loss; of equals the first."""
    complete = [trial for trial in trials if trial.state == COMPLETE and trial.loss is not None]
    return min(complete, key=lambda trial: (trial.loss, trial.number), default=None)


def tune(
    plan: TrainingPlan,
    trials: int,
    *,
    timeout: float | None = None,
    out: Path | None = None,
    engine: str = "auto",
    observer: Callable[[TrialEnded], object] | None = None,
    stop: threading.Event | None = None,
    loaded: Callable[[], object] | None = None,
) -> Tuning:
    """Try `trials` settings in all; a folder `out` that holds some of them goes on.

    Args:
        plan: its settings that were chosen are kept, the others are tried.
        timeout: seconds after which no further trial begins; those under way go on to their end.
        out: the folder; None for `runs/<date>-<data>-tuning`.
        observer: called as each trial ends.
        stop: once set, by any thread, the search ends as after Ctrl-C; what is finished stays.
        loaded: called once the data are read.

    Raises:
        UsageError: Optuna is missing; nothing is left to try; `out` holds another search, or something else.
        DataError, SaveError: as of a training.
    """
    optuna = _optuna()
    task, space = _task(plan, engine)
    if loaded is not None:
        loaded()
    place = out or next(place for place in default_places(f"{task.train.name}-tuning") if not place.exists())
    about = {
        "schema": 1,
        "data": task.train.checksum,
        "validation": "" if task.validation is None else task.validation.checksum,
        "settings": task.settings.to_dict(),
        "space": space.to_dict(),
    }
    ends = None if timeout is None else time.monotonic() + timeout
    with _folder(place, about), _quiet(optuna), deferred(lambda: None) as interrupted:
        journal = _journal(optuna, place)
        done = {trial.number: trial for trial in map(_trial_of, journal.get_trials(deepcopy=False))}

        def stopped() -> bool:
            return interrupted() or (stop is not None and stop.is_set())

        def late() -> bool:
            return ends is not None and time.monotonic() > ends

        def ended(trial: Trial) -> None:
            if trial.state == STOPPED:
                return
            done[trial.number] = trial
            journal.add_trial(_frozen(optuna, space, trial))
            if observer is not None:
                observer(TrialEnded(trial, trials, best_trial(tuple(done.values()))))

        for first in range(1, trials + 1, ROUND):
            before = tuple(done[number] for number in range(1, first))
            asked = _asked(optuna, space, task.settings, before)
            wanted = {number: parameters for number, parameters in asked.items() if number <= trials}
            left = {number: parameters for number, parameters in wanted.items() if number not in done}
            _run(left, replace(task, finished=before), stopped, late, ended)
            if any(number not in done for number in wanted):
                break
        found = tuple(done[number] for number in sorted(done))
        best = best_trial(found)
        tuning = Tuning(place, found, settings_of(best.parameters) if best else {}, len(found) < trials)
        _write(tuning, plan)
    return tuning


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as cause:
        raise UsageError("tune.optuna") from cause
    return optuna


def _task(plan: TrainingPlan, engine: str) -> tuple[Task, Space]:
    """What all trials share; the test records are forgotten as soon as they are read."""
    from rowwise.data.loaders import load_source, load_validation

    if plan.source is None or plan.source.folds:
        raise UsageError("tune.data")
    train = load_source(plan.source)[0]
    validation = load_validation(plan.source, train)
    settings = plan.settings.suited(train, plan.chosen, validation is not None)
    if not settings.validation and validation is None:
        raise UsageError("tune.validation")
    space = Space.of(settings, plan.chosen, train)
    if not (space.choices or space.ranges):
        raise UsageError("tune.nothing")
    return Task(
        train, validation, settings, "batch_size" in plan.chosen or "batch_size" in space.choices, engine
    ), space


def _asked(optuna: Any, space: Space, settings: Settings, before: Sequence[Trial]) -> dict[int, dict[str, Any]]:
    """The parameters of the next round by number; they follow from the rounds before, and the seed, alone."""
    sampler = optuna.samplers.TPESampler(seed=settings.seed + len(before), n_startup_trials=2 * ROUND)
    study = optuna.create_study(sampler=sampler)
    study.add_trials([_frozen(optuna, space, trial) for trial in before])
    if not before:
        study.enqueue_trial(space.near(settings))
    return {len(before) + number: space.suggested(study.ask()) for number in range(1, ROUND + 1)}


def _run(
    trials: Mapping[int, Mapping[str, Any]],
    task: Task,
    stopped: Callable[[], bool],
    late: Callable[[], bool],
    ended: Callable[[Trial], None],
) -> None:
    """Train them: by threads here, one a core, or in chunks by the workers that joblib was told of.

    Once it is late none begins; those under way go on to their end.
    """
    if late():
        return
    if workers := elsewhere():
        with suppress(KeyboardInterrupt):
            for _, found in by_workers(run_trials, in_chunks(list(trials.items()), workers), task, stopped):
                for trial in found:
                    ended(trial)
        return

    def train(one: tuple[int, Mapping[str, Any]]) -> Trial:
        number, parameters = one
        if stopped() or late():
            return Trial(number, STOPPED, parameters)
        return run_trial(number, parameters, task, stopped)

    for _, trial in by_threads(train, list(trials.items())):
        ended(trial)


def _frozen(optuna: Any, space: Space, trial: Trial) -> Any:
    """A trial as Optuna keeps it."""
    states = {COMPLETE: "COMPLETE", PRUNED: "PRUNED", FAILED: "FAIL"}
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[states[trial.state]],
        value=trial.loss if trial.state == COMPLETE else None,
        params=dict(trial.parameters),
        distributions=space.distributions(optuna),
        user_attrs={"trial": {**asdict(trial), "losses": list(trial.losses)}},
        intermediate_values=dict(enumerate(trial.losses)),
    )


def _trial_of(frozen: Any) -> Trial:
    try:
        kept = frozen.user_attrs["trial"]
        return Trial(**{**kept, "losses": tuple(kept["losses"])})
    except (KeyError, TypeError) as cause:
        raise ModelError("tune.damaged", cause=cause) from cause


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Without Optuna's words on every study that is made."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _journal(optuna: Any, place: Path) -> Any:
    """Optuna's study in the folder, in a file that a kill cannot break."""
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(place / JOURNAL)))
    return optuna.create_study(storage=storage, study_name=STUDY, load_if_exists=True)


@contextmanager
def _folder(place: Path, about: Mapping[str, Any]) -> Iterator[None]:
    """The folder, this process's own: new, or that of the same search."""
    file = place / ABOUT
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not file.exists() and any(entry.name != LOCK for entry in place.iterdir()):
            raise UsageError("run.exists", path=place)
        lock = Lock(place / LOCK)
    except BlockingIOError:
        raise UsageError("run.busy", path=place, process=owner(place / LOCK)) from None
    except OSError as cause:
        raise SaveError("run.unwritable", path=place, cause=os_reason(cause)) from cause
    try:
        if not file.exists():
            atomic_write(file, to_json(about, indent=2) + b"\n")
        elif from_json(file.read_bytes()) != from_json(to_json(about)):
            raise UsageError("tune.other", path=place)
        yield
    finally:
        lock.release()


def _write(tuning: Tuning, plan: TrainingPlan) -> None:
    """The table, the page, and the winner's settings."""
    from rowwise.measure.page.trials import trials_page
    from rowwise.runs.trials_table import csv_of, table_of

    assert plan.source is not None
    atomic_write(tuning.path / TABLE, csv_of(tuning.trials))
    best = tuning.best
    title = say("tune.title", name=plan.source.name)
    head, rows = table_of(tuning.trials)
    series = [trial.loss if trial.state == COMPLETE else None for trial in tuning.trials]
    atomic_write(tuning.path / PAGE, trials_page(title, head, rows, series).encode())
    if best is None:
        return
    reading = {name: value for name, value in plan.source.to_dict().items() if name != "place"}
    given = {name: getattr(plan.settings, name) for name in sorted(plan.chosen)}
    comment = say(
        "tune.toml", name=plan.source.name, best=best.number, trials=len(tuning.trials), loss=f"{best.loss:.4g}"
    )
    atomic_write(tuning.path / BEST, as_toml(comment, reading, given | tuning.settings).encode())
