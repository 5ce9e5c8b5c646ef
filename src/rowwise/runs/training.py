"""A plan → a model trained, measured and saved as a run, without a terminal: progress is reported as events."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rowwise.data import load_default
from rowwise.data.loaders import load_source, load_validation
from rowwise.environment import ENGINES, MOST_THREADS
from rowwise.errors import DataError, SaveError, UsageError, warn_user, warnings_to
from rowwise.interrupt import deferred
from rowwise.models.backbones import backbone_of, behind_backbone, with_backbone
from rowwise.runs.clock import Clock
from rowwise.runs.data_record import DataRecord
from rowwise.runs.events import (
    DataLoaded,
    FeaturesMade,
    Measured,
    ModelBuilt,
    RunSaved,
    StopRequested,
    Warned,
)
from rowwise.runs.folder import RunFolder
from rowwise.runs.keras_import import import_loaders, importing_keras
from rowwise.runs.memory import available_bytes, check_memory
from rowwise.runs.model_training import Job, opened_model, train_model
from rowwise.runs.pictures import run_pictures
from rowwise.runs.saved import Saved
from rowwise.text import say
from rowwise.text.options import option

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.engine.prediction import Prediction
    from rowwise.measure import AnyReport
    from rowwise.runs.events import Event, Observer
    from rowwise.runs.model_training import Fitted
    from rowwise.runs.plan import TrainingPlan
    from rowwise.runs.record import RunRecord
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
    loaded: Callable[[], tuple[Dataset, Dataset]] | None = None,
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
        loaded: gives the training and test records of the plan's source, where that has been read already.
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
    check_asked(engine, threads, stop)
    clock, tell = Clock(), observer or _nobody
    with ExitStack() as stack:
        if observer is not None:
            stack.enter_context(warnings_to(lambda message: tell(Warned(message))))
        folder = stack.enter_context(RunFolder(out, plan.resume if plan.killed else None))
        stack.enter_context(_saying_what_stays(folder, tell))
        with clock.lap("load"):
            if loaded is None:
                import_loaders(plan.source)
        with importing_keras(clock), clock.lap("load"):
            train_set, test_set, validation_set = _load(plan, tell, loaded)
            settings = plan.settings if plan.before is not None else _suited(plan, train_set, validation_set)
        _check_hosts(settings)
        tell(DataLoaded(train_set, test_set, settings, settings.differences(plan.settings), validation_set))
        folder.reserve(train_set.name)
        _obey(stop)
        how = engine, threads, stop, on_divergence
        with clock.lap("load"):
            backbone, sets = _as_features(settings, tell, train_set, test_set)
        _obey(stop)
        data = DataRecord.of(train_set, test_set, validation_set)
        job = Job(plan, settings, sets[0], sets[1], clock, tell, folder, *how, validation_set, data)
        with clock.lap("build"):
            model = new_or_opened(job)
        _obey(stop)
        if settings.ensemble > 1:
            from rowwise.models.piecewise import encoding_once

            stack.enter_context(encoding_once())  # for the first network, the others, and what they are measured on
        with clock.lap("fit"):
            fitted = train_model(job, model)
        interrupted = fitted.interrupted
        with deferred(lambda: tell(StopRequested(training=False)), interrupted):
            prediction, report = _measured(job, sets[1], fitted.model)
            record, drawn = _recorded(job, fitted, test_set, prediction, report, pictures)
            tell(Measured(report, record.spread))
            model = fitted.model if backbone is None else with_backbone(backbone, fitted.model)
            place, record = folder.save(model, record, drawn)
            saved = Saved(place, model, record)
            tell(RunSaved(saved))
    return saved


@contextmanager
def _saying_what_stays(folder: RunFolder, tell: Observer) -> Iterator[None]:
    """What ends the block early, once it is said that the last checkpoint stays."""
    try:
        yield
    except BaseException as ending:
        if (kept := folder.kept) is None:
            raise
        from rowwise.engine.hosts import follows  # JAX is there by now

        if follows():
            raise
        message = say("run.stays", path=folder.path, done=len(kept.epochs), epochs=kept.settings.epochs)
        if isinstance(ending, KeyboardInterrupt):
            raise KeyboardInterrupt(message) from ending
        if not isinstance(ending, SaveError):  # which says so itself
            tell(Warned(message))
        raise


def _nobody(event: Event) -> None:
    """Ignores every event."""


def check_asked(engine: str, threads: int | None, stop: Any = None) -> None:
    """Raises UsageError, before seconds go into reading data, where these are invalid."""
    if engine not in ENGINES:
        raise UsageError("plan.unknown", found=engine, known=", ".join(ENGINES))
    whole = isinstance(threads, int) and not isinstance(threads, bool)
    if threads is not None and not (whole and 1 <= threads <= MOST_THREADS):
        raise UsageError("fit.threads", most=MOST_THREADS, found=repr(threads))
    if stop is not None and not hasattr(stop, "is_set"):
        raise UsageError("fit.stop", found=type(stop).__name__)


def _check_hosts(settings: Settings) -> None:
    """Raises UsageError where several hosts train together, but several models are to be trained."""
    from rowwise.engine.hosts import host_count

    if settings.ensemble > 1 and host_count() > 1:
        raise UsageError("hosts.one_model", what=option("seeds"))


def _obey(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise KeyboardInterrupt


def _suited(plan: TrainingPlan, train_set: Dataset, validation_set: Dataset | None) -> Settings:
    return plan.settings.suited(train_set, plan.chosen, validation_set is not None)


def _as_features(
    settings: Settings, tell: Observer, train: Dataset, test: Dataset
) -> tuple[keras.Model | None, tuple[Dataset, Dataset]]:
    """The backbone, and its features in the place of the pictures; None and the records themselves where it has none.

    Raises:
        DataError: its weights cannot be had.
    """
    if not settings.features:
        return None, (train, test)
    from rowwise.models.backbones import backbone
    from rowwise.runs.features import features_of

    network = backbone(settings.features, train.shape, settings.features_weights)
    sets, seconds = features_of(network, (train, test))
    tell(FeaturesMade(settings.features, len(train) + len(test), sets[0].shape[0], seconds))
    return network, sets


def _load(
    plan: TrainingPlan, tell: Observer, loaded: Callable[[], tuple[Dataset, Dataset]] | None
) -> tuple[Dataset, Dataset, Dataset | None]:
    """Training and test records, and those of a table of their own to validate with."""
    validation_set = None
    if plan.source is None:
        train_set, test_set, warning = load_default()
        if warning:
            tell(Warned(warning))
    else:
        if loaded is not None and plan.before is None:
            train_set, test_set = loaded()
        else:
            train_set, test_set = load_source(plan.source, None if plan.before is None else plan.before.data.schema)
        validation_set = load_validation(plan.source, train_set)
    if plan.before is not None and plan.before.data.checksum != train_set.checksum:
        raise DataError("cli.resume.data", path=plan.resume, name=train_set.name)
    if validation_set is None or plan.before is None:
        return train_set, test_set, validation_set
    if plan.before.data.validation_checksum != validation_set.checksum:
        file = plan.source.validation_file if plan.source is not None else ""
        raise DataError("cli.resume.validation", path=plan.resume, file=file)
    return train_set, test_set, validation_set


def new_or_opened(job: Job) -> keras.Model:
    """The resumed run's model with its optimizer, or a new one."""
    import jax

    plan, settings, data = job.plan, job.settings, job.train
    if jax.default_backend() == "cpu":  # other devices have their own memory
        shape = data.shape if data.schema is None else (len(data.schema.features) * (1 + settings.pieces),)
        outputs = len(data.classes or data.targets if data.schema is None else data.classes or data.schema.outputs)
        more = settings.refit, settings.ensemble * settings.views
        check_memory(shape, settings.hidden, outputs, settings.batch_size, available_bytes(), *more)
    if plan.resume is not None and plan.before is not None:
        model = opened_model(plan)
        if backbone_of(model) is not None:  # a run that was saved whole; its checkpoints are of what learns
            model = behind_backbone(model)
        job.tell(ModelBuilt(model, plan.resume, len(plan.before.epochs)))
    else:
        model = job.settings.new_model(job.train)
        job.tell(ModelBuilt(model))
    return model


def _measured(job: Job, test: Dataset, model: keras.Model) -> tuple[Prediction, AnyReport]:
    from rowwise.engine.prediction import predict
    from rowwise.measure import judge

    with job.clock.lap("evaluate"):
        prediction = predict(model, test.x)
        return prediction, judge(prediction, test, job.train)


def _recorded(
    job: Job, fitted: Fitted, test: Dataset, prediction: Prediction, report: AnyReport, pictures: bool
) -> tuple[RunRecord, dict[str, bytes]]:
    """The record of the run, and its pictures by file name."""
    clock = job.clock
    with clock.lap("pictures"), ThreadPoolExecutor(1) as beside:
        measures = beside.submit(report.to_dict)  # the bootstrap leaves Python to the pictures
        drawn: dict[str, bytes] = {}
        if pictures:
            try:
                drawn.update(run_pictures(fitted, test, prediction, report))
            except Exception as cause:  # a picture that cannot be drawn is no reason to lose the training
                warn_user(say("cli.pictures", cause=f"{type(cause).__name__}: {cause}"))
        measured = measures.result()
    clock.seconds["compile"] = fitted.compile_seconds or 0.0  # plain model.fit compiles in its first epoch
    clock.seconds["fit"] -= clock.seconds["compile"]
    return replace(fitted.record_of(job), test=measured, seconds={**clock.seconds, "total": clock.total()}), drawn
