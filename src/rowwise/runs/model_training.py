"""A built model and its data → the model trained: all epochs, the best one kept, and once more on all records."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rowwise.environment import checkpoint_seconds
from rowwise.errors import HostError, warn_user
from rowwise.runs.data_record import DataRecord
from rowwise.runs.decision_record import Decisions
from rowwise.runs.decisions import about_decisions, apply, decide
from rowwise.runs.events import Decided, EnsembleBegan, KeptEpoch, RefitBegan, TrainingEnded
from rowwise.runs.model_file import MODEL, open_model
from rowwise.runs.record import Diverged, Epoch, Member, RunRecord, Unfinished, epochs_of, versions
from rowwise.text import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.engine.best_epoch import BestEpoch
    from rowwise.engine.loop import TrainingNotes
    from rowwise.runs.checkpoints import Checkpoints
    from rowwise.runs.clock import Clock
    from rowwise.runs.events import Observer
    from rowwise.runs.folder import RunFolder
    from rowwise.runs.plan import TrainingPlan
    from rowwise.runs.settings import Settings

QUICK = 3.0  # seconds: a training that took less, and has no epochs to come, is repeated sooner than it is kept


@dataclass(frozen=True, eq=False)
class Job:
    """A training under way; `engine`, `threads`, `stop` and `on_divergence` are those of `rowwise.fit`."""

    plan: TrainingPlan
    settings: Settings
    train: Dataset
    test: Dataset | None  # None: it is not measured
    clock: Clock
    tell: Observer
    folder: RunFolder | None  # None: nothing is written
    engine: str = "auto"
    threads: int | None = None
    stop: threading.Event | None = None
    on_divergence: str = "stop"
    validation: Dataset | None = None  # a table of their own; None: a share of `train` is held out, or none
    data: DataRecord | None = None  # of what was loaded, where the records are not that but features made of it

    @property
    def held_out(self) -> Dataset | float:
        """What `rowwise.fit` takes as `validation`."""
        return self.settings.validation if self.validation is None else self.validation

    @property
    def batch_size(self) -> int:
        """Records a step."""
        return self.settings.batch_size_of(self.train, "batch_size" in self.plan.chosen)

    @property
    def epochs_before(self) -> tuple[Epoch, ...]:
        """Those of the resumed run."""
        return self.plan.before.epochs if self.plan.before else ()

    @property
    def kept(self) -> RunRecord | None:
        """The record of the last checkpoint."""
        return None if self.folder is None else self.folder.kept

    def begun(self) -> RunRecord:
        """What is known of the run before its training."""
        return RunRecord(
            data=self.data or DataRecord.of(self.train, self.test, self.validation),
            settings=self.settings,
            engine="",
            engine_reason="",
            epochs=self.epochs_before,
            test={},
            seconds={},
            versions=versions(),
            resumed_from=self._resumed_from,
            refit=self.plan.before.refit if self.plan.before else (),
        )

    @property
    def _resumed_from(self) -> str | None:
        """A killed run that continues in its own folder stays the run that it was."""
        plan = self.plan
        if plan.killed and plan.before and self.folder is not None and plan.resume == self.folder.path:
            return plan.before.resumed_from
        return str(plan.resume) if plan.resume else None


@dataclass(frozen=True, eq=False)
class Fitted:
    """How a training went.

    Attributes:
        model: trained.
        compile_seconds: None where it is unknown.
        others: as in a RunRecord.
    """

    model: keras.Model
    engine: str
    engine_reason: str
    epochs: tuple[Epoch, ...]
    compile_seconds: float | None = None
    interrupted: bool = False
    diverged: Diverged | None = None
    unfinished: Unfinished | None = None
    checkpoint: str = ""
    best_epoch: int = 0
    refit: tuple[Epoch, ...] = ()
    members: tuple[Member, ...] = ()
    spread: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    best_checkpoint: str = ""
    decisions: Decisions | None = None
    views: int = 1

    def record_of(self, job: Job) -> RunRecord:
        """The record of the run, but for what was measured and the seconds."""
        return replace(
            job.begun(),
            engine=self.engine,
            engine_reason=self.engine_reason,
            epochs=self.epochs,
            interrupted=self.interrupted,
            diverged=self.diverged,
            unfinished=self.unfinished,
            checkpoint=self.checkpoint,
            best_epoch=self.best_epoch,
            refit=self.refit,
            members=self.members,
            spread=self.spread,
            decisions=self.decisions,
            views=self.views,
            best_checkpoint=self.best_checkpoint,
        )


def opened_model(plan: TrainingPlan) -> keras.Model:
    """The model of the resumed run, with its optimizer: that of its last epoch, or of the best if there is no other to
    come."""
    assert plan.resume is not None
    assert plan.before is not None
    best = _best_file(plan) if _has_all_epochs(plan) else ""
    return open_model(plan.resume / (best or plan.before.checkpoint or MODEL))


def train_model(job: Job, model: keras.Model) -> Fitted:
    """Train to the last epoch, or until it is stopped. What was stopped with nothing trained is passed on."""
    before, best = job.plan.before, _best_epoch(job)
    if before is not None and _has_all_epochs(job.plan):  # stopped or killed after its last epoch
        fitted = Fitted(model, before.engine, before.engine_reason, before.epochs, best_epoch=before.best_epoch)
    else:
        fitted = _all_epochs(job, model, best)
    kept, first = _kept_epoch(fitted, best), fitted.model
    if kept is not None and job.settings.refit and not (fitted.interrupted or fitted.diverged):
        fitted = _refitted(job, fitted, kept)
    if (job.settings.ensemble > 1 or job.settings.views > 1) and not (fitted.interrupted or fitted.diverged):
        fitted = _averaged(job, fitted, kept, goes_on=best is None or not best.stopped)
    diverged = fitted.diverged is not None
    job.tell(TrainingEnded(fitted.engine, fitted.engine_reason, fitted.interrupted, diverged, kept))
    if job.settings.threshold or job.settings.calibrate:
        fitted = _decided(job, fitted, first if fitted.refit else fitted.model, best is None or not best.stopped)
    return fitted


def _has_all_epochs(plan: TrainingPlan) -> bool:
    """Whether the resumed run has, so that nothing is left but to measure, or to refit."""
    before = plan.before
    return before is not None and (len(before.epochs) >= plan.settings.epochs or before.stopped_early)


def _best_file(plan: TrainingPlan) -> str:
    """The resumed run's model as it was after its best epoch; empty where that was its last, or none is kept."""
    before = plan.before
    assert before is not None
    calibrated = before.decisions is not None and bool(before.decisions.temperatures)
    if plan.killed or before.is_mean or calibrated:
        return before.best_checkpoint
    return MODEL if before.best_epoch and before.checkpoint else ""


def _best_epoch(job: Job) -> BestEpoch | None:
    """What keeps the best epoch, with the best one of the resumed run; None where the last epoch is kept."""
    from rowwise.engine.best_epoch import MONITOR, BestEpoch
    from rowwise.engine.callbacks import state_variables

    plan, before, patience = job.plan, job.plan.before, job.settings.patience
    if not patience:
        return None
    if before is None or not before.best_epoch:
        return BestEpoch(patience, len(job.epochs_before))
    state = None
    if (file := _best_file(plan)) and not _has_all_epochs(plan):
        assert plan.resume is not None
        state = [variable.value for variable in state_variables(open_model(plan.resume / file))]
    loss = before.epochs[before.best_epoch - 1].figures.get(MONITOR, math.inf)
    return BestEpoch(patience, len(before.epochs), before.best_epoch, loss, state)


def _all_epochs(job: Job, model: keras.Model, best: BestEpoch | None) -> Fitted:
    """Train the model; it has the best epoch's state afterwards, where that is kept."""
    from rowwise.runs.checkpoints import Checkpoints

    settings = job.settings
    every = checkpoint_seconds()
    checkpoints = Checkpoints(job.folder, job.begun(), every, best)
    interrupted = False
    try:
        _fit(job, job.train, model, checkpoints, settings.epochs, len(job.epochs_before), job.held_out, best)
    except KeyboardInterrupt:
        history = getattr(model, "history", None)  # none before the first epoch
        if history is None or not (history.epoch or history.rowwise.interrupted):
            raise
        interrupted = True
    except HostError:
        checkpoints.write()
        raise
    notes: TrainingNotes = model.history.rowwise
    # Before the measuring, which may take longer than the sender of a signal waits.
    at_its_end = best is not None and best.stopped and not interrupted
    quick = sum(notes.seconds) < (QUICK if every is None else min(every, QUICK))
    kept = job.kept if at_its_end and quick else checkpoints.write()
    divergence = notes.diverged
    new = epochs_of(model.history.history, notes.seconds, len(job.epochs_before) + 1)
    epochs = (*job.epochs_before, *new)
    cut = notes.interrupted if interrupted else None
    if len(checkpoints.epochs) > len(epochs):  # stopped as the callbacks were told of an epoch's end: it is whole
        epochs, cut = checkpoints.epochs, None
    checkpoint = kept.checkpoint if kept is not None and kept.epochs_trained == len(epochs) else ""
    fitted = Fitted(
        model,
        engine=notes.engine,
        engine_reason=notes.reason,
        epochs=epochs,
        compile_seconds=notes.compile_seconds,
        interrupted=interrupted,
        diverged=None if divergence is None else Diverged(divergence.epoch, divergence.loss),
        unfinished=Unfinished(len(epochs) + 1, cut.steps) if cut else None,
        checkpoint=checkpoint if cut else "",
    )
    if best is None or not best.epoch:
        return fitted
    best.restore(model)
    # Steps of an epoch cut short are not in the weights; an uninterrupted training may go on with more epochs.
    further = not (best.is_last or best.stopped or divergence)
    return replace(fitted, best_epoch=best.epoch, unfinished=None, checkpoint=checkpoint if further else "")


def _refitted(job: Job, fitted: Fitted, kept: KeptEpoch) -> Fitted:
    """Another model, trained on all training records for as many epochs as were best; stopped, the first is kept."""
    from rowwise.runs.checkpoints import Checkpoints

    plan, before = job.plan, job.begun().refit
    if before and plan.resume is not None and plan.before is not None:
        model = open_model(plan.resume / plan.before.checkpoint)
        if len(before) >= fitted.best_epoch:  # killed after the last epoch, before it was saved
            return replace(fitted, model=model, refit=before)
    else:
        model = job.settings.new_model(job.train)
    last = job.kept
    record = replace(
        job.begun(),
        engine=fitted.engine,
        engine_reason=fitted.engine_reason,
        epochs=fitted.epochs,
        best_epoch=fitted.best_epoch,
        best_checkpoint="" if last is None else last.best_checkpoint or last.checkpoint,
    )
    checkpoints = Checkpoints(job.folder, record, checkpoint_seconds(), refit_of=fitted.model)
    checkpoints.set_model(model)  # it may be stopped before the callbacks are told anything
    every = job.train if job.validation is None else job.train.with_records_of(job.validation)
    job.tell(RefitBegan(kept, len(every)))
    try:
        _fit(job, every, model, checkpoints, fitted.best_epoch, len(before), 0.0)
    except KeyboardInterrupt:
        written = checkpoints.write()
        done = written.refit if written is not None else ()
        if len(done) >= fitted.best_epoch:  # it was stopped with its last epoch
            return replace(fitted, model=model, refit=done)
        return replace(fitted, interrupted=True, refit=done, checkpoint=written.checkpoint if written and done else "")
    if model.history.rowwise.diverged:
        return fitted
    new = epochs_of(model.history.history, model.history.rowwise.seconds, len(before) + 1)
    compiled = (fitted.compile_seconds or 0.0) + (model.history.rowwise.compile_seconds or 0.0)
    return replace(fitted, model=model, compile_seconds=compiled, refit=(*before, *new))


def _averaged(job: Job, fitted: Fitted, kept: KeptEpoch | None, goes_on: bool) -> Fitted:
    """The mean of this network and others; stopped before those are trained, the first alone is kept.

    Where it may go on with more epochs, the run keeps the first network as it was after its last and its best one.
    """
    from rowwise.runs.ensemble import with_others

    if job.settings.ensemble > 1:
        job.tell(EnsembleBegan(kept, job.settings.ensemble - 1, job.settings.on_all))
    try:
        model, members, spread = with_others(job, fitted.model, fitted.best_epoch, job.batch_size)
    except KeyboardInterrupt:
        return replace(fitted, interrupted=True)
    fitted = replace(fitted, model=model, members=members, spread=spread, views=job.settings.views)
    last = job.kept
    if not goes_on or last is None or last.epochs_trained != len(fitted.epochs):
        return replace(fitted, checkpoint="")
    return replace(fitted, checkpoint=last.checkpoint, best_checkpoint=last.best_checkpoint)


def _decided(job: Job, fitted: Fitted, decider: keras.Model, goes_on: bool) -> Fitted:
    """The model with its probabilities calibrated and its thresholds, by what `decider` gives for the records held out.

    A calibrated model cannot go on training: where it may, the run keeps it as it was before.
    """
    from rowwise.engine.holdout import held_out

    if fitted.interrupted or fitted.diverged:
        warn_user(say("decisions.stopped"))
        return fitted
    settings, train, held = job.settings, job.train, job.validation
    if held is None and settings.validation:
        held = train[held_out(train.y, settings.validation, settings.seed, train)]
    decisions = decide(decider, held, settings)
    apply(fitted.model, decisions, settings)
    for line in about_decisions(decisions, settings, train):
        job.tell(Decided(line))
    last, fitted = job.kept, replace(fitted, decisions=decisions)
    if not (decisions.temperatures and goes_on) or last is None or last.epochs_trained != len(fitted.epochs):
        return fitted
    return replace(fitted, checkpoint=last.checkpoint, best_checkpoint=last.best_checkpoint)


def _fit(
    job: Job,
    train: Dataset,
    model: keras.Model,
    checkpoints: Checkpoints,
    epochs: int,
    initial_epoch: int,
    validation: Dataset | float,
    *first: keras.callbacks.Callback | None,
) -> None:
    from rowwise.engine import fit
    from rowwise.runs.epoch_events import EpochEvents

    settings = job.settings
    fit(
        model,
        settings.records_of(train),
        epochs=epochs,
        batch_size=job.batch_size,
        validation=settings.records_of(validation),
        seed=settings.seed,
        class_weight=settings.class_weights_of(job.train),
        callbacks=[*filter(None, first), checkpoints, EpochEvents(job.tell, initial_epoch)],
        engine=job.engine,
        threads=job.threads,
        stop=job.stop,
        on_divergence=job.on_divergence,
        augment=settings.augment,
        verbose=0,
        initial_epoch=initial_epoch,
    )


def _kept_epoch(fitted: Fitted, best: BestEpoch | None) -> KeptEpoch | None:
    if best is None or not best.epoch:
        return None
    return KeptEpoch(best.epoch, best.loss, len(fitted.epochs), best.patience if best.stopped else None)
