"""A function that builds a model, and seeds → all the models trained, several at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras

from rowwise.call import called_as_in_keras
from rowwise.cores import usable_cores
from rowwise.engine.arguments import check_numbers
from rowwise.engine.arrays import Arrays
from rowwise.engine.callbacks import Clock, params_of
from rowwise.engine.divergence import Watch
from rowwise.engine.loop import EpochLoop, record_run
from rowwise.engine.plan import plan
from rowwise.engine.protocol import Unsupported
from rowwise.engine.records import prepare_records
from rowwise.engine.request import Request, listed
from rowwise.engine.streams import Stream
from rowwise.engine.trainer import build_variables, native_engine
from rowwise.engine.training import is_set, trained
from rowwise.errors import warn_user
from rowwise.interrupt import deferred
from rowwise.shapes.checks.check import check_compiled
from rowwise.text import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from rowwise.engine.plan import Plan
    from rowwise.engine.records import Prepared

PATIENCE = 0.05  # seconds between two looks at Ctrl-C and `stop`


@dataclass(frozen=True, eq=False)
class Fitted:
    """One model of a sweep: its seed, itself, and Keras's History, whose attribute `rowwise` is that of `fit`."""

    seed: int
    model: keras.Model
    history: keras.callbacks.History


@called_as_in_keras(renamed={"train": "x"})
def sweep(
    build: Callable[[int], keras.Model],
    x: Any = None,
    seeds: Iterable[int] = range(8),
    epochs: int = 1,
    batch_size: int | None = None,
    validation: Any = None,
    workers: int | None = None,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    threads: int | None = 1,
    stop: threading.Event | None = None,
    on_divergence: str = "stop",
    *,
    y: Any = None,
    verbose: int | str = 0,
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool | str = True,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: int | Collection[int] = 1,
    engine: str = "auto",
) -> list[Fitted]:
    """Train a model for each seed, each as `fit` with that seed would, to the bit.

    With the native engine every core trains a model of its own: threads that share a model wait for each other.
    Models that this engine cannot run are trained as by `fit`, one after another.

    Args:
        build: seed → compiled Keras model, as `lambda seed: rowwise.dense(train, seed=seed)`.
        x: as in `fit`; kept once for all models.
        seeds: of the models; each fixes the order of the records, and the split.
        epochs, batch_size: as in `fit`, of each model.
        validation: as in `fit`; a share is held out anew for each seed.
        workers: models at once; None for one a core.
        threads: of the native engine, for each model.
        stop: as in `fit`: it ends the training of all models.
        on_divergence: as in `fit`, for each model by itself.
        callbacks: a function, seed → callbacks of that model; or callbacks as in `fit`, which serve one model after
            another: the models are then trained in turn.
        verbose: as in `fit`, for models that are trained in turn.
        y, sample_weight, class_weight, validation_split, validation_data, shuffle, initial_epoch, steps_per_epoch,
            validation_steps, validation_batch_size, validation_freq, engine: as in `fit`.

    Returns:
        A Fitted a seed, in the order of the seeds.

    Raises:
        CallError, UsageError, DataError, ShapeError, ModelError: as `fit`.
        KeyboardInterrupt: after Ctrl-C or `stop`, once every model under way has ended a block of steps.
    """
    check_numbers(workers=workers)
    request = Request(
        x=x,
        y=y,
        batch_size=batch_size,
        epochs=epochs,
        verbose=verbose,
        validation_split=validation_split,
        validation_data=validation_data,
        shuffle=shuffle,
        class_weight=class_weight,
        sample_weight=sample_weight,
        initial_epoch=initial_epoch,
        steps_per_epoch=steps_per_epoch,
        validation_steps=validation_steps,
        validation_batch_size=validation_batch_size,
        validation_freq=validation_freq,
        validation=validation,
        engine=engine,
        threads=threads,
        stop=stop,
        on_divergence=on_divergence,
    )
    models = {int(seed): build(int(seed)) for seed in seeds}
    for model in models.values():
        check_compiled(model)
    own = {seed: listed(callbacks(seed) if callable(callbacks) else callbacks) for seed in models}
    prepared = prepare_records(list(models.values()), request)
    in_turn = bool(callbacks) and not callable(callbacks)
    at_once = {} if in_turn else _trained_natively(models, prepared, own, workers)
    for seed, model in models.items():
        if seed not in at_once:
            trained(model, prepared, seed, own[seed])
        elif (diverged := model.history.rowwise.get("diverged")) is not None:
            warn_user(say("sweep.diverged", seed=seed, divergence=diverged))
    return [Fitted(seed, model, model.history) for seed, model in models.items()]


def _trained_natively(
    models: Mapping[int, keras.Model],
    prepared: Prepared,
    own: Mapping[int, Sequence[keras.callbacks.Callback]],
    workers: int | None,
) -> set[int]:
    """The seeds of the models that the native engine could run, which are trained: several at once."""
    request = prepared.request
    if isinstance(prepared.train, Stream):
        return set()
    with deferred(lambda: None) as interrupted:

        def stopped() -> bool:
            return interrupted() or is_set(request.stop)

        def train(seed: int, model: keras.Model, decision: Plan) -> bool:
            """False where the native engine cannot run this model."""
            parts = prepared.parts(held[seed])
            assert isinstance(parts.train, Arrays)
            watch = Watch(model, parts.train) if request.on_divergence == "stop" else None
            try:
                trainer = EpochLoop(native_engine(model, parts, request.threads), watch, parts.validation)
            except Unsupported:
                return False
            clock, schedule = Clock(), request.schedule(seed)
            steps = schedule.steps_of(parts.train.records, parts.batch_size)
            params = params_of(decision, request.epochs, parts.train.records, steps)
            try:
                trainer.train(schedule, [*own[seed], clock], stopped, params)
            finally:
                record_run(model, decision, clock, trainer)
            return True

        held = {seed: prepared.held_out(model, seed) for seed, model in models.items()}
        decisions = {seed: plan(model, own[seed], request.engine) for seed, model in models.items()}
        native = {seed: decision for seed, decision in decisions.items() if decision.engine == "native"}
        for seed in native:
            build_variables(models[seed], prepared.train, request.batch_size or 1)
        with ThreadPoolExecutor(workers or usable_cores()) as pool:
            jobs = {seed: pool.submit(train, seed, models[seed], decision) for seed, decision in native.items()}
            while wait(jobs.values(), PATIENCE).not_done:  # in pieces: Python answers signals between them
                if stopped():
                    for job in jobs.values():
                        job.cancel()
        if stopped():
            raise KeyboardInterrupt
    return {seed for seed, job in jobs.items() if job.result()}
