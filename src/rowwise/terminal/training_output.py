"""Events of a training, or of a cross-validation → lines of the output, as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from rowwise.runs import events
from rowwise.runs.events import about_features, about_further, about_kept
from rowwise.runs.picture_lines import about_parameters, about_time
from rowwise.runs.table_lines import about_table
from rowwise.terminal.output import called
from rowwise.terminal.signals import StopSignals
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.engine.progress import Display
    from rowwise.runs.saved import Saved
    from rowwise.terminal.output import Output


class TrainingOutput:
    """Events of a training → lines of the output, as they come; `loaded` is called once the data are there."""

    def __init__(self, output: Output, quiet: bool, loaded: Callable[[], object]) -> None:
        self._output, self._quiet, self._loaded = output, quiet, loaded
        self._display: Display | None = None
        self._training: bool | None = None  # None before it
        self._train: Dataset | None = None  # what is trained on, once that is known
        self._kept_said = False  # whether the epoch kept is said already
        self._stopping_said = False  # when the signal came, before the engine notices
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
                self._train = event.train
                self.signals.patient = True
                counts = {"train": f"{len(event.train):,}", "test": f"{len(event.test):,}"}
                output.tell(say("cli.loaded", provenance=event.train.origin, **counts))
                if (held := event.validation) is not None:
                    file = held.source["load"]["place"]
                    output.tell(say("cli.loaded.validation", records=f"{len(held):,}", file=file))
                for line in about_table(event.train):
                    output.tell(line)
                if "epochs" in event.suited:
                    how = event.settings
                    output.tell(say("cli.preset", preset=how.preset, networks=how.ensemble, epochs=how.epochs))
                for line in about_time(event.train, event.settings):
                    output.tell(line)
            case events.FeaturesMade():
                output.tell(about_features(event))
            case events.ModelBuilt():
                if event.resumed is not None:
                    output.tell(say("cli.resumed", path=event.resumed, done=event.epochs_done))
                words = {"widths": _widths(event.model), "parameters": f"{event.model.count_params():,}"}
                output.tell(say("cli.model", **words))
                for line in about_parameters(self._train, event.model) if self._train is not None else ():
                    output.tell(line)
            case events.TrainingBegan():
                self._training = True
                self._begin(event)
            case events.EpochEnded():
                if self._display is not None:
                    self._display.epoch(event.number - 1, event.figures, event.seconds)
            case events.StopRequested() if not self._stopping_said:
                self._stopping_said = event.training
                if not event.training:
                    output.warn(say("cli.finishing"))
                elif not self._quiet:
                    output.tell("")
                    output.warn(say("fit.interrupted"))
            case events.RefitBegan() | events.EnsembleBegan():  # a training has one of them at most
                self._close()
                if event.kept is not None:
                    output.tell(about_kept(event.kept))
                output.tell(about_further(event))
                self._kept_said = True
            case events.TrainingEnded():
                self._close()
                self._training = False
                if event.interrupted:
                    self.signals.interruption_is_over()
                    output.warn(say("cli.stopping"))
                output.tell(say("cli.engine", engine=event.engine, reason=event.reason))
                if event.kept is not None and not self._kept_said:
                    output.tell(about_kept(event.kept))
            case events.Decided():
                output.tell(event.message)
            case events.Measured():
                from rowwise.measure.spread import seed_lines

                output.result("\n".join([str(event.report), *seed_lines(event.spread, event.report)]))

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

    def saved(self, run: Saved) -> None:
        """Where the run is, and what can be done with it."""
        assert run.record is not None
        key, where = "cli.saved", dict[str, Any]()
        if run.record.diverged:
            key = "cli.saved.diverged"
        if run.record.interrupted:
            key = "cli.saved.interrupted"
            if (cut := run.record.unfinished) is not None:
                key = "cli.saved.amid" if run.record.checkpoint else "cli.saved.unfinished"
                where = {"epoch": cut.epoch, "steps": f"{cut.steps:,}"}
        file = "picture.png" if run.schema is None else "new.csv"
        self._output.tell(say(key, path=run.path, command=called(), file=file, **where))


class FoldsOutput:
    """Events of a cross-validation → a line for each fold; what each fold says again is said once.

    `loaded` is called once the table is read.
    """

    def __init__(self, output: Output, folds: int, signals: StopSignals, loaded: Callable[[], object]) -> None:
        self._output, self._folds, self._signals, self._loaded = output, folds, signals, loaded
        self._fold, self._warned = 0, set[str]()

    def observe(self, event: events.Event) -> None:
        match event:
            case events.Warned() if event.message not in self._warned:
                self._warned.add(event.message)
                self._output.warn(event.message)
            case events.FoldsBegan():
                self._loaded()
                self._signals.patient = True
            case events.DataLoaded():
                if not self._fold:
                    for line in about_table(event.train):
                        self._output.tell(line)
                self._fold += 1
            case events.Measured():
                from rowwise.measure.as_text import figures_line

                figures = figures_line(event.report)
                self._output.tell(say("cli.fold", fold=self._fold, folds=self._folds, figures=figures))


def _widths(model: keras.Model) -> str:
    """`784 → 100 → 30 → 10`."""
    from rowwise.models.keras_view import dense_kernels

    shapes = [kernel.shape for kernel in dense_kernels(model)]
    return " → ".join(str(width) for width in (shapes[0][0], *(shape[1] for shape in shapes)))
