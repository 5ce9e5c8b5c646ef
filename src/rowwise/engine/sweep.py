"""A function that builds a model, and seeds → all the models trained, several at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.call import called_as_in_keras
from rowwise.engine.arguments import check_numbers
from rowwise.engine.arrays import Arrays
from rowwise.engine.callbacks import Clock, assign_state, params_of, state_variables
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
from rowwise.fan_out import by_threads, by_workers, elsewhere, in_chunks
from rowwise.interrupt import deferred
from rowwise.shapes.checks.check import check_compiled
from rowwise.text import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from rowwise.data.augmentation import Augmentation
    from rowwise.engine.records import Prepared


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
    augment: str | Augmentation = "none",
) -> list[Fitted]:
    """Train a model for each seed, each as `fit` with that seed would, to the bit.

    With the native engine every core trains a model of its own: threads that share a model wait for each other.
    Models that this engine cannot run are trained as by `fit`, one after another. Within
    `joblib.parallel_config(backend="dask")`, or another backend of processes or machines, each of its workers trains a
    chunk of the seeds; `build` and `callbacks` are called there as well, and the data sent over once.

    Args:
        build: seed → compiled Keras model, as `lambda seed: rowwise.dense(train, seed=seed)`.
        x: as in `fit`; kept once for all models.
        seeds: of the models; each fixes the order of the records, and the split.
        epochs, batch_size: as in `fit`, of each model.
        validation: as in `fit`; a share is held out anew for each seed.
        workers: models at once, here; None for one a core.
        threads: of the native engine, for each model.
        stop: as in `fit`: it ends the training of all models.
        on_divergence: as in `fit`, for each model by itself.
        callbacks: a function, seed → callbacks of that model; or callbacks as in `fit`, which serve one model after
            another: the models are then trained in turn.
        verbose: as in `fit`, for models that are trained in turn.
        y, sample_weight, class_weight, validation_split, validation_data, shuffle, initial_epoch, steps_per_epoch,
            validation_steps, validation_batch_size, validation_freq, engine, augment: as in `fit`.

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
        augment=augment,
    )
    models = {int(seed): build(int(seed)) for seed in seeds}
    for model in models.values():
        check_compiled(model)
    prepared = prepare_records(list(models.values()), request)
    in_turn = bool(callbacks) and not callable(callbacks)
    others = 0 if in_turn or isinstance(prepared.train, Stream) or len(models) < 2 else elsewhere()
    if others:
        _trained_elsewhere(models, prepared, build, callbacks, others)
    else:
        own = {seed: listed(callbacks(seed) if callable(callbacks) else callbacks) for seed in models}
        _trained_here(models, prepared, own, workers, in_turn)
    return [Fitted(seed, model, model.history) for seed, model in models.items()]


def _trained_here(
    models: Mapping[int, keras.Model],
    prepared: Prepared,
    own: Mapping[int, Sequence[keras.callbacks.Callback]],
    workers: int | None,
    in_turn: bool,
) -> None:
    at_once = {} if in_turn else _trained_natively(models, prepared, own, workers)
    for seed, model in models.items():
        if seed not in at_once:
            trained(model, prepared, seed, own[seed])
        elif (diverged := model.history.rowwise.get("diverged")) is not None:
            warn_user(say("sweep.diverged", seed=seed, divergence=diverged))


def _trained_elsewhere(
    models: Mapping[int, keras.Model], prepared: Prepared, build: Any, callbacks: Any, workers: int
) -> None:
    """By the workers that joblib was told of: each builds and trains a chunk of the seeds; they come back as states."""
    request = prepared.request
    plain = replace(prepared, request=replace(request, stop=None, callbacks=None))
    assert isinstance(prepared.train, Arrays)
    with deferred(lambda: None) as interrupted:

        def stopped() -> bool:
            return interrupted() or is_set(request.stop)

        chunks = in_chunks(list(models), workers)
        for _, answers in by_workers(_chunk, chunks, (plain, build, callbacks), stopped):
            for seed, state, history, epochs, notes in answers:
                model = models[seed]
                build_variables(model, prepared.train, request.batch_size or 1)
                assign_state(model, state)
                model.history = keras.callbacks.History()
                model.history.set_model(model)
                model.history.history, model.history.epoch, model.history.rowwise = history, epochs, notes


def _chunk(seeds: Sequence[int], shared: tuple[Prepared, Any, Any]) -> list[tuple[Any, ...]]:
    """Of each seed: the state of its model, and what its History has."""
    prepared, build, callbacks = shared
    models = {seed: build(seed) for seed in seeds}
    own = {seed: listed(callbacks(seed) if callbacks else None) for seed in seeds}
    _trained_here(models, prepared, own, 1, False)
    return [
        (
            seed,
            [np.asarray(variable.value) for variable in state_variables(model)],
            model.history.history,
            model.history.epoch,
            model.history.rowwise,
        )
        for seed, model in models.items()
    ]


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

        def train(seed: int) -> bool:
            """False where the native engine cannot run this model."""
            if stopped():
                return False
            model, decision = models[seed], native[seed]
            parts = prepared.parts(held[seed])
            assert isinstance(parts.train, Arrays)
            watch = Watch(model, parts.train) if request.on_divergence == "stop" else None
            try:
                made = native_engine(model, parts, request.threads)
                trainer = EpochLoop(made, watch, parts.validation, augmented=parts.augmented)
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
        done = dict(by_threads(train, list(native), workers))
        if stopped():
            raise KeyboardInterrupt
    return {seed for number, seed in enumerate(native) if done[number]}
