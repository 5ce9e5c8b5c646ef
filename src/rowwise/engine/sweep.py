"""A function that builds a model, and seeds → all the models trained, several at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras

from rowwise.cores import usable_cores
from rowwise.engine.arguments import check_numbers, check_on_divergence
from rowwise.engine.callbacks import Clock, params_of
from rowwise.engine.divergence import Watch
from rowwise.engine.loop import EpochLoop, record_run
from rowwise.engine.native.description import Unsupported
from rowwise.engine.native.run import Native
from rowwise.engine.plan import plan
from rowwise.engine.records import prepare_records
from rowwise.engine.training import build_variables, fit, is_set
from rowwise.errors import warn_user
from rowwise.interrupt import deferred
from rowwise.shapes.checks.check import check_compiled
from rowwise.text import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from rowwise.engine.arrays import Records, Validation
    from rowwise.engine.plan import Plan

PATIENCE = 0.05  # seconds between two looks at Ctrl-C and `stop`


@dataclass(frozen=True, eq=False)
class Fitted:
    """One model of a sweep: its seed, itself, and Keras's History, whose attribute `rowwise` is that of `fit`."""

    seed: int
    model: keras.Model
    history: keras.callbacks.History


def sweep(
    build: Callable[[int], keras.Model],
    train: Records,
    seeds: Iterable[int] = range(8),
    epochs: int = 1,
    batch_size: int = 32,
    validation: Validation | float | None = None,
    workers: int | None = None,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[int, float] | None = None,
    threads: int = 1,
    stop: threading.Event | None = None,
    on_divergence: str = "stop",
    callbacks: Callable[[int], Sequence[keras.callbacks.Callback]] | None = None,
) -> list[Fitted]:
    """Train a model for each seed, each as `fit` with that seed would, to the bit.

    With the native engine every core trains a separate model: threads that share a model wait for each other.
    Models that this engine cannot run are trained by `fit`, one after another.

    Args:
        build: seed → compiled Keras model, as `lambda seed: rowwise.dense(train, seed=seed)`.
        train: as in `fit`; kept once for all models.
        seeds: of the models; each fixes the order of the records, and the split.
        epochs: of each model.
        batch_size: records a step.
        validation: as in `fit`; a share is held out anew for each seed.
        workers: models at once; None for one a core.
        sample_weight, class_weight: as in `fit`.
        threads: of the native engine, for each model.
        stop: as in `fit`: it ends the training of all models.
        on_divergence: as in `fit`, for each model by itself.
        callbacks: seed → the callbacks of its model, as in `fit`; they are called on the thread that trains it.

    Returns:
        A Fitted a seed, in the order of the seeds.

    Raises:
        UsageError, DataError, ShapeError, ModelError: as `fit`.
        KeyboardInterrupt: after Ctrl-C or `stop`, once every model under way has ended a block of steps.
    """
    models = {int(seed): build(int(seed)) for seed in seeds}
    own = {seed: list(callbacks(seed)) if callbacks is not None else [] for seed in models}
    check_on_divergence(on_divergence)
    check_numbers(epochs=epochs, batch_size=batch_size, workers=workers, threads=threads)
    for model in models.values():
        check_compiled(model)
    prepared = prepare_records(list(models.values()), train, validation, sample_weight, class_weight)
    masks = {seed: prepared.held_out(model, seed, batch_size) for seed, model in models.items()}

    with deferred(lambda: None) as interrupted:

        def stopped() -> bool:
            return interrupted() or is_set(stop)

        def train_natively(seed: int, model: keras.Model, decision: Plan) -> bool:
            """False where the native engine cannot run this model."""
            arrays, validation = prepared.parts(masks[seed])
            try:
                watch = Watch(model, arrays) if on_divergence == "stop" else None
                trainer, clock = EpochLoop(Native(model, arrays, validation, batch_size, threads), watch), Clock()
            except Unsupported:
                return False
            params = params_of(decision, epochs, len(arrays.x), batch_size)
            try:
                trainer.train(seed, range(epochs), [*own[seed], clock], stopped, params)
            finally:
                record_run(model, decision, clock, trainer, watch)
            return True

        for model in models.values():
            build_variables(model, prepared.arrays, batch_size)
        decisions = {seed: plan(model, own[seed]) for seed, model in models.items()}
        with ThreadPoolExecutor(workers or usable_cores()) as pool:
            jobs = {
                seed: pool.submit(train_natively, seed, models[seed], decision)
                for seed, decision in decisions.items()
                if decision.engine == "native"
            }
            while wait(jobs.values(), PATIENCE).not_done:  # in pieces: Python answers signals between them
                if stopped():
                    for job in jobs.values():
                        job.cancel()
        if stopped():
            raise KeyboardInterrupt
    trained = {seed for seed, job in jobs.items() if job.result()}
    for seed, model in models.items():
        if seed in trained:
            continue
        fit(
            model,
            train,
            epochs,
            batch_size,
            validation,
            seed,
            verbose=0,
            sample_weight=sample_weight,
            class_weight=class_weight,
            callbacks=own[seed],
            stop=stop,
            on_divergence=on_divergence,
        )
    for seed in trained:
        if (diverged := models[seed].history.rowwise.get("diverged")) is not None:
            warn_user(say("sweep.diverged", seed=seed, divergence=diverged))
    return [Fitted(seed, model, model.history) for seed, model in models.items()]
