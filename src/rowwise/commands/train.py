"""`rowwise train` → a trained model, measured, drawn and saved as a run."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rowwise.commands.addresses import KERAS, check_addresses
from rowwise.commands.options import chosen, reading, settings
from rowwise.commands.polars_stderr import hide_panics
from rowwise.commands.tables import about_table
from rowwise.errors import UsageError
from rowwise.runs import events
from rowwise.runs.events import about_kept
from rowwise.runs.plan import plan_training
from rowwise.runs.training import train
from rowwise.terminal.output import Output, called
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.signals import OVER, Ended, StopSignals
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.terminal.values import one_of, whole
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from rowwise.engine.progress import Display
    from rowwise.runs.plan import TrainingPlan
    from rowwise.runs.saved import Saved

DIVERGED = 3  # exit code


def _train(
    data: str | None,
    engine: str | None,
    out: Path | None,
    resume: Path | None,
    no_pictures: bool,
    no_early_stopping: bool,
    on_divergence: str | None,
    quiet: bool,
    json: bool,
    **given: Any,
) -> int:
    """Train, measure, draw, save; 0, or 128 and the number of the signal that ended the training (after saving), or 3
    where it diverged (after saving the weights of the last good epoch).

    Raises:
        RowwiseError: options, data or places that cannot be used. KeyboardInterrupt: before there was
            anything to save, or a second time.
    """
    if no_early_stopping:
        if given.get("patience") is not None:
            raise UsageError("cli.patience.both")
        given["patience"] = 0
    plan = plan_training(data, chosen(given), resume)  # what can be refused is, before seconds go into importing Keras
    check_addresses(KERAS)
    with (
        own_temporary_folder(),
        Output(json, quiet) as output,
        ExitStack() as reading_data,
        _Teller(output, quiet, reading_data.close) as teller,
    ):
        reading_data.enter_context(hide_panics(plan.source is not None and plan.source.kind == "table"))
        more = {"engine": engine or "auto", "on_divergence": on_divergence or "stop"}
        if plan.source is not None and plan.source.folds and not plan.source.fold:
            return _cross_validate(plan, output, teller.signals, out=out, **more)
        saved = _until_stopped(plan, teller, out=out, pictures=not no_pictures, **more)
        teller.say_where(saved)
        assert saved.record is not None
        output.json(saved.record.to_dict())
    if teller.signals.number:
        return OVER + teller.signals.number
    return DIVERGED if saved.record.diverged else 0


def _until_stopped(plan: TrainingPlan, teller: _Teller, **more: Any) -> Saved:
    try:
        return train(plan, observer=teller.observe, stop=teller.signals.event, **more)
    except KeyboardInterrupt as ending:
        raise Ended(teller.signals.number or signal.SIGINT, str(ending)) from ending


def _cross_validate(plan: TrainingPlan, output: Output, signals: StopSignals, **more: Any) -> int:
    from rowwise.measure.as_text import figures_line
    from rowwise.runs.cross_validation import cross_validate

    assert plan.source is not None
    folds, fold, said = plan.source.folds, 0, set[str]()

    def observe(event: events.Event) -> None:
        nonlocal fold
        match event:
            case events.Warned() if event.message not in said:
                said.add(event.message)
                output.warn(event.message)
            case events.DataLoaded():
                signals.patient = True
                if not fold:
                    for line in about_table(event.train):
                        output.tell(line)
                fold += 1
            case events.Measured():
                output.tell(say("cli.fold", fold=fold, folds=folds, figures=figures_line(event.report)))

    try:
        together = cross_validate(plan, observer=observe, stop=signals.event, **more)
    except KeyboardInterrupt as ending:
        raise Ended(signals.number or signal.SIGINT, str(ending)) from ending
    output.result(str(together))
    output.tell(say("cli.folds.saved", path=together.path))
    output.json(together.to_dict())
    return 0


class _Teller:
    """Events of a training → lines of the output, as they come; `loaded` is called once the data are there."""

    def __init__(self, output: Output, quiet: bool, loaded: Callable[[], object]) -> None:
        self._output, self._quiet, self._loaded = output, quiet, loaded
        self._display: Display | None = None
        self._training: bool | None = None  # None before it
        self._first_told = False  # whether the epoch kept is said already
        self._stopping_told = False  # when the signal came, before the engine notices
        self.signals = StopSignals(self._stopping)

    def __enter__(self) -> Self:
        self.signals.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self.signals.__exit__()

    def observe(self, event: events.Event) -> None:
        output = self._output
        match event:
            case events.Warned():
                output.warn(event.message)
            case events.DataLoaded():
                self._loaded()
                self.signals.patient = True
                counts = {"train": f"{len(event.train):,}", "test": f"{len(event.test):,}"}
                output.tell(say("cli.loaded", provenance=event.train.origin, **counts))
                for line in about_table(event.train):
                    output.tell(line)
                if "epochs" in event.suited:
                    how = event.settings
                    output.tell(say("cli.preset", preset=how.preset, networks=how.ensemble, epochs=how.epochs))
            case events.ModelBuilt():
                if event.resumed is not None:
                    output.tell(say("cli.resumed", path=event.resumed, done=event.epochs_done))
                words = {"widths": _widths(event.model), "parameters": f"{event.model.count_params():,}"}
                output.tell(say("cli.model", **words))
            case events.TrainingBegan():
                self._training = True
                self._begin(event)
            case events.EpochEnded():
                if self._display is not None:
                    self._display.epoch(event.number - 1, event.figures, event.seconds)
            case events.StopRequested() if not self._stopping_told:
                self._stopping_told = event.training
                if not event.training:
                    output.warn(say("cli.finishing"))
                elif not self._quiet:
                    output.tell("")
                    output.warn(say("fit.interrupted"))
            case events.RefitBegan():
                self._close()
                output.tell(about_kept(event.kept))
                output.tell(say("cli.refit", records=f"{event.records:,}", epochs=event.kept.epoch))
                self._first_told = True
            case events.EnsembleBegan():
                self._close()
                if event.kept is not None and not self._first_told:
                    output.tell(about_kept(event.kept))
                output.tell(say("cli.ensemble", others=event.others, networks=1 + event.others))
                self._first_told = True
            case events.TrainingEnded():
                self._close()
                self._training = False
                if event.interrupted:
                    self.signals.saved_in_spite()
                    output.warn(say("cli.stopping"))
                output.tell(say("cli.engine", engine=event.engine, reason=event.reason))
                if event.kept is not None and not self._first_told:
                    output.tell(about_kept(event.kept))
            case events.Measured():
                output.result(str(event.report))

    def _begin(self, event: events.TrainingBegan) -> None:
        from rowwise.engine.progress import display

        if event.fell_back and not self._quiet:
            self._output.warn(event.reason)
        verbose = 0 if self._quiet else "auto"
        self._display = display(verbose, event.records, event.epochs, event.initial_epoch)

    def _stopping(self) -> None:
        if self._training is not None:
            self.observe(events.StopRequested(self._training))

    def _close(self) -> None:
        """Give the terminal back; safe to call twice."""
        if self._display is not None:
            self._display.close()
            self._display = None

    def say_where(self, saved: Saved) -> None:
        """Where the run is, and what can be done with it."""
        assert saved.record is not None
        key, where = "cli.saved", dict[str, Any]()
        if saved.record.diverged:
            key = "cli.saved.diverged"
        if saved.record.interrupted:
            key = "cli.saved.interrupted"
            if (cut := saved.record.unfinished) is not None:
                key = "cli.saved.amid" if saved.record.checkpoint else "cli.saved.unfinished"
                where = {"epoch": cut.epoch, "steps": f"{cut.steps:,}"}
        file = "picture.png" if saved.schema is None else "new.csv"
        self._output.tell(say(key, path=saved.path, command=called(), file=file, **where))


def _widths(model: keras.Model) -> str:
    """`784 → 100 → 30 → 10`."""
    from rowwise.models.keras_view import dense_kernels

    shapes = [kernel.shape for kernel in dense_kernels(model)]
    return " → ".join(str(width) for width in (shapes[0][0], *(shape[1] for shape in shapes)))


command = Command(
    "train",
    "cli.help.train",
    [
        Argument("data", "cli.help.train.data", "DATA", required=False),
        *settings(),
        Option("--folds", "cli.help.folds", "N", type=whole(2)),
        Option("--fold", "cli.help.fold", "K", type=whole(1)),
        Option("--out", "cli.help.out", "DIR", type=Path),
        Option("--resume", "cli.help.resume", "DIR", type=Path),
        Option("--on-divergence", "cli.help.on_divergence", "WHAT", type=one_of("stop", "continue")),
        Option("--no-pictures", "cli.help.no_pictures", is_flag=True),
        *reading(),
        *common(json=True, quiet=True),
    ],
    _train,
)
