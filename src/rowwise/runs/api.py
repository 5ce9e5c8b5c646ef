"""`rowwise.open`, `rowwise.train`, `rowwise.cross_validate`: runs from Python, as the commands have them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.data.option_files import read_options, read_settings
from rowwise.errors import UsageError, warn_user
from rowwise.notebook import said_to
from rowwise.runs.events import (
    Decided,
    EnsembleBegan,
    EpochEnded,
    FeaturesMade,
    RefitBegan,
    StopRequested,
    TrainingBegan,
    TrainingEnded,
    Warned,
    about_features,
    about_further,
    about_kept,
)
from rowwise.runs.plan import OPTIONS, plan_training
from rowwise.runs.saved import Saved
from rowwise.runs.training import train as train_plan
from rowwise.text import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from rowwise.engine.progress import Display
    from rowwise.runs.cross_validation import CrossValidation
    from rowwise.runs.events import Event, KeptEpoch, Observer
    from rowwise.runs.tuning import TrialEnded, Tuning

__all__ = ["cross_validate", "open", "train", "tune"]


def open(path: str | Path, task: str | None = None) -> Saved:
    """A run's folder, or a `.keras` file, as something to use: `.predict`, `.evaluate`, `.explain`, `.model`.

    `task` names what the outputs mean where the model's loss and last layer do not say it; see `Saved.open`.

    Raises:
        ModelError: missing, another format, damaged, or with code in it. UsageError: an invalid task.
    """
    return Saved.open(path, task)


def train(
    data: Any = None,
    target: str | Sequence[str] = (),
    *,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    engine: str = "auto",
    threads: int | None = None,
    pictures: bool = True,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    verbose: int | str = "auto",
    options: str | Path | None = None,
    on_divergence: str = "stop",
    **more: Any,
) -> Saved:
    """Load data, build a dense model, train, measure, and save a run: what `rowwise train` does.

    Args:
        data: a name such as `"fashion-mnist"`; the path of a table, a folder of pictures, a `.npz` or `.npy` file; a
            DataFrame. None: Fashion-MNIST where it is available.
        target: of a table, the column to be predicted, or several.
        out: the run's folder, new or empty; None for `runs/<date>-<data>`.
        resume: the folder of a run to go on from, as if it had never stopped.
        engine: "auto", "native", "whole_epoch" or "keras".
        threads: of the native engine; None for as many as pay.
        pictures: whether the run has pictures of its figures.
        observer: called with each event of `rowwise.runs.events`, warnings among them; nothing is printed then.
        stop: once set, by any thread, the training ends as after Ctrl-C, and what was trained is saved.
        verbose: without an observer: 0 silent, 1 a bar, 2 a line an epoch, "auto" by the kind of output.
        options: a TOML file with more of the following.
        on_divergence: "stop", or "continue" where a training that diverges is to continue regardless.
        **more: settings (`preset`, `hidden`, `activation`, `dropout`, `pieces`, `seeds` (or `ensemble`),
            `learning_rate`, `weight_decay`, `batch_size`, `validation`, `seed`, `class_weight`, `epochs`, `patience`,
            `refit`, `threshold`, `calibrate`), and how data are read (`categorical`, `drop`, `group`, `time`, `test`,
            `split_seed`, …: the attributes of `rowwise.data.Source`).

    Returns:
        The run. Its record's `interrupted` says whether it was stopped, `diverged` whether it diverged.

    Raises:
        RowwiseError: options, data or places that cannot be used; the training diverged; the run cannot be saved.
        KeyboardInterrupt: Ctrl-C, or `stop`, before there was anything to save; or Ctrl-C a second time.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise UsageError("fit.verbose", found=repr(verbose))
    plan = plan_training(data, _options(options, target, more), None if resume is None else Path(resume))
    if plan.source is not None and plan.source.folds and not plan.source.fold:
        raise UsageError("folds.train", folds=plan.source.folds)
    progress = _Progress(verbose, stop)
    try:
        return train_plan(
            plan,
            out=None if out is None else Path(out),
            engine=engine,
            threads=threads,
            pictures=pictures,
            observer=observer or progress.show,
            stop=stop,
            on_divergence=on_divergence,
        )
    finally:
        progress.close()


def cross_validate(
    data: Any,
    target: str | Sequence[str] = (),
    folds: int = 5,
    *,
    out: str | Path | None = None,
    engine: str = "auto",
    threads: int | None = None,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    options: str | Path | None = None,
    on_divergence: str = "stop",
    **more: Any,
) -> CrossValidation:
    """Train a model for each fold of a table; each record is predicted by the model that did not learn from it.

    Folds keep classes in proportion; with `group=` groups are not parted, with `time=` each fold is predicted by a
    model that learned from earlier records. What `rowwise train --folds` does.

    Args:
        data, target: as of `train`; a table.
        folds: how many, at least 2.
        out: the folder of the runs, `fold-1` and so on; None for `runs/<date>-<data>-folds`. Folds that are finished
            there are kept.
        others: as of `train`.

    Returns:
        The runs, the out-of-fold predictions, and the measures: of each fold, and of all records together.

    Raises:
        RowwiseError: as `train`. KeyboardInterrupt: Ctrl-C, or `stop`; the same call goes on.
    """
    from rowwise.runs.cross_validation import cross_validate as run_folds

    plan = plan_training(data, _options(options, target, {**more, "folds": folds}))
    place = None if out is None else Path(out)
    how = {"engine": engine, "threads": threads, "observer": observer, "stop": stop, "on_divergence": on_divergence}
    return run_folds(plan, out=place, **how)  # type: ignore[arg-type]


def tune(
    data: Any,
    target: str | Sequence[str] = (),
    trials: int = 30,
    *,
    timeout: float | None = None,
    out: str | Path | None = None,
    engine: str = "auto",
    observer: Callable[[TrialEnded], object] | None = None,
    stop: threading.Event | None = None,
    options: str | Path | None = None,
    **more: Any,
) -> Tuning:
    """Try many settings and find those with the lowest validation loss: what `rowwise tune` does.

    Needs Optuna. Settings that are passed are kept; width and number of layers, dropout, learning rate, weight decay,
    batch size and, of a table, pieces are tried where they are not. A trial is one network, trained by one core and
    judged by its best epoch on the records held out; the test records are not looked at.

    Args:
        data, target: as of `train`.
        trials: how many in all; a folder `out` that holds some goes on from them.
        timeout: seconds after which no further trial begins.
        out: its folder; None for `runs/<date>-<data>-tuning`.
        observer: called with a `rowwise.runs.tuning.TrialEnded` as each trial ends.
        stop: once set, by any thread, the search ends; what is finished stays.
        others: as of `train`.

    Returns:
        All trials, the best, and its settings, which `train(options=tuning.options)` takes.

    Raises:
        UsageError: Optuna is missing, or `out` holds another search. Else as `train`.
    """
    from rowwise.runs.tuning import tune as search

    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1:
        raise UsageError("tune.trials", found=repr(trials))
    plan = plan_training(data, _options(options, target, more))
    place = None if out is None else Path(out)
    return search(plan, trials, timeout=timeout, out=place, engine=engine, observer=observer, stop=stop)


def _options(file: str | Path | None, target: str | Sequence[str], more: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a TOML file, overruled by the others."""
    from_file = read_options(Path(file)) if file is not None else {}
    settings = read_settings(Path(file)) if file is not None else {}
    options = {OPTIONS[attribute]: value for attribute, value in from_file.items()} | settings | dict(more)
    return options | ({"target": target} if target else {})


class _Progress:
    """Events → what `rowwise.fit` would show of them; warnings are Python's."""

    def __init__(self, verbose: int | str, stop: threading.Event | None) -> None:
        self._verbose, self._stop = verbose, stop
        self._display: Display | None = None
        self._kept_said = False  # whether the epoch kept is said already

    def show(self, event: Event) -> None:
        from rowwise.engine.progress import display

        match event:
            case Warned():
                warn_user(event.message)
            case FeaturesMade() if self._verbose:
                print(f"rowwise: {about_features(event)}", file=said_to())
            case TrainingBegan():
                if event.fell_back and self._verbose:
                    print(f"rowwise: {event.reason}", file=said_to())
                self._display = display(self._verbose, event.records, event.epochs, event.initial_epoch)
            case EpochEnded() if self._display is not None:
                self._display.epoch(event.number - 1, event.figures, event.seconds)
            case StopRequested() if self._verbose and not (self._stop is not None and self._stop.is_set()):
                key = "fit.interrupted" if event.training else "cli.finishing"
                print(f"\nrowwise: {say(key)}", file=said_to(), flush=True)
            case RefitBegan() | EnsembleBegan():  # a training has one of them at most
                self._say(event.kept)
                if self._verbose:
                    print(f"rowwise: {about_further(event)}", file=said_to())
                self._kept_said = True
            case TrainingEnded():
                self.close()
                if not self._kept_said:
                    self._say(event.kept)
            case Decided() if self._verbose:
                print(f"rowwise: {event.message}", file=said_to())

    def _say(self, kept: KeptEpoch | None) -> None:
        self.close()
        if kept is not None and self._verbose:
            print(f"rowwise: {about_kept(kept)}", file=said_to())

    def close(self) -> None:
        """Give the terminal back; safe to call twice."""
        if self._display is not None:
            self._display.close()
            self._display = None
