"""A plan → a model trained, measured and saved as a run, without a terminal: progress is reported as events."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rowwise.data import load_default
from rowwise.data.loaders import load_source
from rowwise.environment import ENGINES, MOST_THREADS, checkpoint_seconds
from rowwise.errors import DataError, SaveError, UsageError, warn_user, warnings_to
from rowwise.interrupt import deferred
from rowwise.runs.clock import Clock
from rowwise.runs.events import (
    DataLoaded,
    Measured,
    ModelBuilt,
    RunSaved,
    StopRequested,
    TrainingEnded,
    Warned,
)
from rowwise.runs.folder import RunFolder
from rowwise.runs.keras_import import import_loaders, importing_keras
from rowwise.runs.memory import available_bytes, check_memory
from rowwise.runs.model_file import MODEL, open_model
from rowwise.runs.pictures import run_pictures
from rowwise.runs.record import DataRecord, Diverged, Epoch, RunRecord, Unfinished, epochs_of, versions
from rowwise.runs.saved import Saved
from rowwise.text import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.engine.prediction import Prediction
    from rowwise.measure import AnyReport
    from rowwise.runs.events import Event, Observer
    from rowwise.runs.plan import TrainingPlan
    from rowwise.runs.settings import Settings


def train(
    plan: TrainingPlan,
    *,
    out: Path | None = None,
    engine: str = "auto",
    threads: int | None = None,
    pictures: bool = True,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    on_divergence: str = "stop",
) -> Saved:
    """Load the data, build or open the model, train, measure on the test records, draw, save.

    The run's folder is there from the start, and has a checkpoint every 30 seconds, or every epoch that takes longer:
    what is killed, or fails, continues from there when it is resumed.

    Args:
        plan: what `plan_training` gives.
        out: the run's folder, new or empty; None for `runs/<date>-<data>`, or the resumed run's own where that was
            killed.
        engine: "auto", "native", "whole_epoch" or "keras".
        threads: of the native engine; None for as many as pay.
        pictures: whether the run has pictures of its figures.
        observer: called with each event (`rowwise.runs.events`), warnings among them; None: they are Python's warnings.
        stop: once set, by any thread, the training ends as after Ctrl-C: with the block under way, and what was
            trained until then is measured and saved.
        on_divergence: "stop": a training that diverges ends there, and the weights of its last good epoch are measured
            and saved; "continue": it trains on regardless.

    Returns:
        The run; its record's `interrupted` says whether it was stopped, `diverged` whether it diverged.

    Raises:
        RowwiseError: options, data or places that cannot be used; a training that was to continue diverged; the run
            cannot be saved.
        KeyboardInterrupt: Ctrl-C, or `stop`, before there was anything to save; or Ctrl-C a second time. Where a
            checkpoint stays, it says so.
    """
    _check_asked(engine, threads, stop)
    clock, tell = Clock(), observer or _nobody
    with ExitStack() as stack:
        if observer is not None:
            stack.enter_context(warnings_to(lambda message: tell(Warned(message))))
        folder = stack.enter_context(RunFolder(out, plan.resume if plan.killed else None))
        stack.enter_context(_saying_what_stays(folder, tell))
        with clock.lap("load"):
            import_loaders(plan.source)
        with importing_keras(clock), clock.lap("load"):
            train_set, test_set = _load(plan, tell)
        settings = plan.settings if plan.before is not None else plan.settings.suited(train_set, plan.chosen)
        tell(DataLoaded(train_set, test_set, settings, settings.differences(plan.settings)))
        folder.reserve(train_set.name)
        _obey(stop)
        with clock.lap("build"):
            model = _model(plan, settings, train_set, tell)
        _obey(stop)
        job = _Job(plan, settings, train_set, test_set, model, clock, tell, folder)
        with clock.lap("fit"):
            fitted = _fit(job, engine, threads, stop, on_divergence)
        interrupted = fitted.interrupted
        with deferred(lambda: tell(StopRequested(training=False)), interrupted):
            prediction, report = _measured(job)
            record, drawn = _recorded(job, fitted, prediction, report, pictures)
            tell(Measured(report))
            place, record = folder.save(model, record, drawn)
            saved = Saved(place, model, record)
            tell(RunSaved(saved))
    return saved


@dataclass(frozen=True, eq=False)
class _Job:
    """A training under way."""

    plan: TrainingPlan
    settings: Settings
    train: Dataset
    test: Dataset
    model: keras.Model
    clock: Clock
    tell: Observer
    folder: RunFolder

    @property
    def epochs_before(self) -> tuple[Epoch, ...]:
        """Those of the resumed run."""
        return self.plan.before.epochs if self.plan.before else ()

    def begun(self) -> RunRecord:
        """What is known of the run before its training."""
        return RunRecord(
            data=DataRecord.of(self.train, self.test),
            settings=self.settings,
            engine="",
            engine_reason="",
            epochs=self.epochs_before,
            test={},
            seconds={},
            versions=versions(),
            resumed_from=self._resumed_from,
        )

    @property
    def _resumed_from(self) -> str | None:
        """A killed run that continues in its own folder stays the run that it was."""
        plan = self.plan
        if plan.killed and plan.before is not None and plan.resume == self.folder.path:
            return plan.before.resumed_from
        return str(plan.resume) if plan.resume else None


@dataclass(frozen=True)
class _Fitted:
    """How a training went.

    Attributes:
        engine, engine_reason, epochs: as in a RunRecord.
        compile_seconds: None where it is unknown.
        interrupted, diverged: whether it was stopped, and why.
        unfinished: where, if that was within an epoch.
        checkpoint: the file that holds the model as it was before that epoch; empty where it could not be written.
    """

    engine: str
    engine_reason: str
    epochs: tuple[Epoch, ...]
    compile_seconds: float | None = None
    interrupted: bool = False
    diverged: Diverged | None = None
    unfinished: Unfinished | None = None
    checkpoint: str = ""


@contextmanager
def _saying_what_stays(folder: RunFolder, tell: Observer) -> Iterator[None]:
    """What ends the block early, once it is said that the last checkpoint stays."""
    try:
        yield
    except BaseException as ending:
        if (kept := folder.kept) is None:
            raise
        message = say("run.stays", path=folder.path, done=len(kept.epochs), epochs=kept.settings.epochs)
        if isinstance(ending, KeyboardInterrupt):
            raise KeyboardInterrupt(message) from ending
        if not isinstance(ending, SaveError):  # which says so itself
            tell(Warned(message))
        raise


def _nobody(event: Event) -> None:
    """Ignores every event."""


def _check_asked(engine: str, threads: int | None, stop: Any) -> None:
    """Raises UsageError, before seconds go into reading data, where these are invalid."""
    if engine not in ENGINES:
        raise UsageError("plan.unknown", found=engine, known=", ".join(ENGINES))
    whole = isinstance(threads, int) and not isinstance(threads, bool)
    if threads is not None and not (whole and 1 <= threads <= MOST_THREADS):
        raise UsageError("fit.threads", most=MOST_THREADS, found=repr(threads))
    if stop is not None and not hasattr(stop, "is_set"):
        raise UsageError("fit.stop", found=type(stop).__name__)


def _obey(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise KeyboardInterrupt


def _load(plan: TrainingPlan, tell: Observer) -> tuple[Dataset, Dataset]:
    if plan.source is None:
        train_set, test_set, warning = load_default()
        if warning:
            tell(Warned(warning))
    else:
        train_set, test_set = load_source(plan.source, None if plan.before is None else plan.before.data.schema)
    if plan.before is not None and plan.before.data.checksum != train_set.checksum:
        raise DataError("cli.resume.data", path=plan.resume, name=train_set.name)
    return train_set, test_set


def _model(plan: TrainingPlan, settings: Settings, data: Dataset, tell: Observer) -> keras.Model:
    """The resumed run's model with its optimizer, or a new one."""
    import jax

    from rowwise.models.dense import dense

    if jax.default_backend() == "cpu":  # other devices have their own memory
        shape = data.shape if data.schema is None else (len(data.schema.features),)
        outputs = len(data.classes or data.targets)
        check_memory(shape, settings.hidden, outputs, settings.batch_size, available_bytes())
    if plan.resume is not None and plan.before is not None:
        model = open_model(plan.resume / (plan.before.checkpoint or MODEL))
        tell(ModelBuilt(model, plan.resume, len(plan.before.epochs)))
    else:
        layers = settings.hidden, settings.activation, settings.dropout
        model = dense(data, *layers, learning_rate=settings.learning_rate, seed=settings.seed)
        tell(ModelBuilt(model))
    return model


def _fit(job: _Job, engine: str, threads: int | None, stop: threading.Event | None, on_divergence: str) -> _Fitted:
    """Train to the last epoch, or until it is stopped. What was stopped with nothing trained is passed on."""
    from rowwise.data.class_weights import balanced
    from rowwise.engine import fit
    from rowwise.runs.checkpoints import Checkpoints
    from rowwise.runs.epoch_events import EpochEvents

    model, settings = job.model, job.settings
    batch_size = settings.batch_size
    if "batch_size" not in job.plan.chosen:  # it was not chosen: fewer records are no mistake
        batch_size = max(1, min(batch_size, int(len(job.train) * (1 - settings.validation))))
    before = job.plan.before
    if before is not None and len(before.epochs) >= settings.epochs:  # killed after its last epoch
        return _Fitted(before.engine, before.engine_reason, before.epochs)
    checkpoints = Checkpoints(job.folder, job.begun(), checkpoint_seconds())
    interrupted = False
    try:
        fit(
            model,
            job.train,
            epochs=settings.epochs,
            batch_size=batch_size,
            validation=settings.validation,
            seed=settings.seed,
            class_weight=balanced(job.train) if settings.class_weight == "balanced" else None,
            callbacks=[checkpoints, EpochEvents(job.tell, len(job.epochs_before))],
            engine=engine,
            threads=threads,
            stop=stop,
            on_divergence=on_divergence,
            verbose=0,
            initial_epoch=len(job.epochs_before),
        )
    except KeyboardInterrupt:
        history = getattr(model, "history", None)  # none before the first epoch
        if history is None or not (history.epoch or history.rowwise.get("interrupted")):
            raise
        interrupted = True
    kept = checkpoints.write()  # before the measuring, which may take longer than the sender of a signal waits
    told: dict[str, Any] = model.history.rowwise
    divergence = told.get("diverged")
    job.tell(TrainingEnded(told["engine"], told["reason"], interrupted, divergence is not None))
    epochs = (
        *job.epochs_before,
        *epochs_of(model.history.history, told["seconds"], len(job.epochs_before) + 1),
    )
    cut = told.get("interrupted") if interrupted else None
    return _Fitted(
        engine=told["engine"],
        engine_reason=told["reason"],
        epochs=epochs,
        compile_seconds=told["compile_seconds"],
        interrupted=interrupted,
        diverged=None if divergence is None else Diverged(divergence.epoch, divergence.loss),
        unfinished=Unfinished(len(epochs) + 1, cut["steps"]) if cut else None,
        checkpoint=kept.checkpoint if cut and kept is not None else "",
    )


def _measured(job: _Job) -> tuple[Prediction, AnyReport]:
    from rowwise.engine.prediction import predict
    from rowwise.measure import judge

    with job.clock.lap("evaluate"):
        prediction = predict(job.model, job.test.x)
        return prediction, judge(prediction, job.test, job.train)


def _recorded(
    job: _Job, fitted: _Fitted, prediction: Prediction, report: AnyReport, pictures: bool
) -> tuple[RunRecord, dict[str, bytes]]:
    """The record of the run, and its pictures by file name."""
    clock = job.clock
    with clock.lap("pictures"), ThreadPoolExecutor(1) as beside:
        measures = beside.submit(report.to_dict)  # the bootstrap leaves Python to the pictures
        drawn: dict[str, bytes] = {}
        if pictures:
            try:
                drawn.update(run_pictures(job.model, job.test, prediction, report, fitted.epochs))
            except Exception as cause:  # a picture that cannot be drawn is no reason to lose the training
                warn_user(say("cli.pictures", cause=f"{type(cause).__name__}: {cause}"))
        test = measures.result()
    clock.seconds["compile"] = fitted.compile_seconds or 0.0  # plain model.fit compiles in its first epoch
    clock.seconds["fit"] -= clock.seconds["compile"]
    record = replace(
        job.begun(),
        engine=fitted.engine,
        engine_reason=fitted.engine_reason,
        epochs=fitted.epochs,
        test=test,
        seconds={**clock.seconds, "total": clock.total()},
        interrupted=fitted.interrupted,
        diverged=fitted.diverged,
        unfinished=fitted.unfinished,
        checkpoint=fitted.checkpoint,
    )
    return record, drawn
