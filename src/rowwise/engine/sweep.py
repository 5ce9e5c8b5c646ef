"""A function that builds a model, and seeds → all the models trained, several at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras

from rowwise.cores import usable_cores
from rowwise.engine.arrays import as_arrays, hold_out
from rowwise.engine.loop import build_variables, check_numbers, fit, record_run, run_epochs
from rowwise.engine.native.description import Unsupported, compiled, describe
from rowwise.engine.native.run import Native
from rowwise.engine.plan import Plan, plan
from rowwise.engine.progress import Clock
from rowwise.errors import UsageError
from rowwise.interrupt import deferred
from rowwise.shapes.checks.check import check_compiled, check_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rowwise.engine.arrays import Arrays, Records

PATIENCE = 0.05  # seconds between two looks at Ctrl-C


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
    validation: Records | float | None = None,
    workers: int | None = None,
) -> list[Fitted]:
    """Train a model for each seed, each as `fit` with that seed would, to the bit.

    With the native engine every core trains a model of its own: threads that share a model wait for each other.
    Models that this engine cannot run are trained by `fit`, one after another.

    Args:
        build: seed → compiled Keras model, as `lambda seed: rowwise.dense(train, seed=seed)`.
        train: as in `fit`; kept once for all models.
        seeds: of the models; each fixes the order of the records, and the split.
        epochs: of each model.
        batch_size: records a step.
        validation: as in `fit`; a share is held out anew for each seed.
        workers: models at once; None for one a core.

    Returns:
        A Fitted a seed, in the order of the seeds.

    Raises:
        UsageError, DataError, ShapeError, ModelError: as `fit`.
        KeyboardInterrupt: after Ctrl-C, once every model under way has ended a step.
    """
    models = {int(seed): build(int(seed)) for seed in seeds}
    check_numbers(epochs=epochs, batch_size=batch_size, **({} if workers is None else {"workers": workers}))
    for model in models.values():
        check_compiled(model)
        check_records(model, train, finite=False)
        if validation is not None and not isinstance(validation, int | float):
            check_records(model, validation, finite=False)
    arrays = as_arrays(train, keras.config.floatx())
    if batch_size > len(arrays.x):
        raise UsageError("fit.batch_size", found=batch_size, records=len(arrays.x))
    share = float(validation) if isinstance(validation, int | float) else 0.0
    held: Arrays | None = None
    if validation is not None and not isinstance(validation, int | float):
        held = as_arrays(validation, keras.config.floatx(), "validation")

    with deferred(lambda: None) as interrupted:
        for model in models.values():
            build_variables(model, arrays, batch_size)
        decisions = [decision for model in models.values() if (decision := _native(model)) is not None]
        if len(decisions) < len(models):
            return [
                Fitted(seed, model, fit(model, train, epochs, batch_size, validation, seed, verbose=0))
                for seed, model in models.items()
            ]

        def run(seed: int, model: keras.Model, decision: Plan) -> None:
            own, kept = hold_out(arrays, share, seed) if share else (arrays, held)
            runner, clock = Native(model, own, kept, batch_size, threads=1), Clock()
            try:
                run_epochs(runner, [clock], seed, epochs, 0, batch_size, interrupted)
            finally:
                record_run(model, decision, clock, runner, runner.steps_done)

        with ThreadPoolExecutor(workers or usable_cores()) as pool:
            jobs = [pool.submit(run, *job, decision) for job, decision in zip(models.items(), decisions, strict=True)]
            while wait(jobs, PATIENCE).not_done:  # in pieces: Python answers signals between them
                if interrupted():
                    for job in jobs:
                        job.cancel()
    if interrupted():
        raise KeyboardInterrupt
    for job in jobs:
        job.result()
    return [Fitted(seed, model, model.history) for seed, model in models.items()]


def _native(model: keras.Model) -> Plan | None:
    """The plan where the native engine runs this model, else None."""
    decision = plan(model, [])
    if decision.engine != "native":
        return None
    try:
        compiled(model, describe(model))
    except Unsupported:
        return None
    return decision
