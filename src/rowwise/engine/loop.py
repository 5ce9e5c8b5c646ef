"""A Keras model and records → the model trained in place and Keras's History, whichever engine runs."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any, NoReturn

import jax
import keras
import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.engine import keras_fit
from rowwise.engine.arrays import Arrays, as_arrays, hold_out, weighted
from rowwise.engine.native.description import Unsupported
from rowwise.engine.native.run import Native, infer
from rowwise.engine.order import epoch_order, reseed
from rowwise.engine.plan import Plan, plan, refused, unsupported, untraceable
from rowwise.engine.progress import Bar, Clock, Lines, reporter
from rowwise.engine.whole_epoch import CannotTrace, WholeEpoch, results
from rowwise.environment import device_bytes
from rowwise.errors import UsageError
from rowwise.interrupt import deferred
from rowwise.shapes.checks.as_array import array_of
from rowwise.shapes.checks.check import check_compiled, check_records
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from rowwise.engine.arrays import Records


def fit(
    model: keras.Model,
    train: Records,
    epochs: int = 1,
    batch_size: int = 32,
    validation: Records | float | None = None,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] | keras.callbacks.Callback | None = None,
    engine: str = "auto",
    verbose: int | str = "auto",
    initial_epoch: int = 0,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[int, float] | None = None,
    **unknown: Any,
) -> keras.callbacks.History:
    """Train a compiled Keras model, as `model.fit` would, faster.

    Weights, optimizer state and metrics are updated in place: `model.fit`, `model.evaluate` and
    `model.save` go on from there.

    Args:
        model: any compiled Keras model; with its input `(None, ...)` and output `(None, outputs)`.
        train: a Dataset, or the pair `(x, y)`: x `(records, ...)` uint8 or floating, y `(records,)` class
            numbers or `(records, outputs)`, whatever the model's loss takes.
        epochs: the number of the last epoch, as in Keras: from `initial_epoch` to `epochs`.
        batch_size: records a step; the last batch of an epoch is trained on even if it is shorter.
        validation: a share of `train` to hold out (seeded, stratified by class), or records of its own.
        seed: with the epoch's number it fixes the order of the records, and the split.
        callbacks: Keras callbacks. One with batch hooks sends the run to the engine `keras`.
        engine: "auto"; "native" (C++), "whole_epoch" (JAX) or "keras" (plain `model.fit` over the same batches).
        verbose: 0 silent, 1 a bar, 2 a line an epoch, "auto" by the kind of output.
        initial_epoch: epochs done before, for a resumed run.
        sample_weight: `(records,)`: how much each record of `train` counts in the loss and in weighted metrics.
        class_weight: class number → weight of its records; classes that are not named weigh 1.

    Returns:
        Keras's History; its attribute `rowwise` says the engine, the reason, and the seconds of each
        epoch and of compiling.

    Raises:
        UsageError: arguments that make no sense. DataError: broken records. ShapeError: records that
        do not fit the model. ModelError: a model that is not compiled.
        KeyboardInterrupt: after Ctrl-C, once the block under way has ended. The model then holds what
        was trained and `model.history` the epochs that were completed.
    """
    if unknown:
        _refuse(next(iter(unknown)))
    check_compiled(model)
    own = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else list(callbacks or [])
    _check_others(own, verbose)
    check_numbers(epochs=epochs, batch_size=batch_size, initial_epoch=initial_epoch, seed=seed)
    check_records(model, train, finite=False)
    arrays = weighted(as_arrays(train, keras.config.floatx()), sample_weight, class_weight)
    held: Arrays | None = None
    if isinstance(validation, int | float):  # np.float64 is a float
        if validation:
            arrays, held = hold_out(arrays, float(validation), seed, train)
    elif validation is not None:
        check_records(model, validation, finite=False)
        held = as_arrays(validation, keras.config.floatx(), "validation")
    if batch_size > len(arrays.x):
        raise UsageError("fit.batch_size", found=batch_size, records=len(arrays.x))

    decision = plan(model, own, engine)
    with deferred(lambda: None) as interrupted:  # JAX, interrupted while it compiles, may lose the signal
        build_variables(model, arrays, batch_size)
        runner, decision = _runner(model, arrays, held, batch_size, decision, engine)
    if interrupted():
        raise KeyboardInterrupt
    clock = Clock()
    report = reporter(verbose, clock, len(arrays.x), epochs, initial_epoch)
    if report is not None and decision.fell_back:
        print(f"rowwise: {decision.reason}", file=sys.stderr)
    every = [*own, clock, *([report] if report is not None else [])]
    halt = keras_fit.Halt()
    try:
        with deferred(_say_interrupted if report is not None else lambda: None) as interrupted:
            if runner is None:
                halt.interrupted = interrupted
                keras_fit.run(
                    model,
                    arrays,
                    held,
                    batch_size=batch_size,
                    seed=seed,
                    epochs=epochs,
                    initial_epoch=initial_epoch,
                    callbacks=[*every, halt],
                )
            else:
                run_epochs(runner, every, seed, epochs, initial_epoch, batch_size, interrupted)
            if interrupted():
                raise KeyboardInterrupt
    finally:
        if isinstance(report, Bar):
            report.close()
        record_run(model, decision, clock, runner, halt.steps_done if runner is None else runner.steps_done)
    return model.history


def predict_proba(model: keras.Model, x: Any, batch_size: int = 1024) -> np.ndarray:
    """`(records, outputs)` float32: the model's outputs for x `(records, ...)`.

    Raises:
        ModelError: no Keras model. UsageError: batch_size is no positive integer.
        DataError: no records, or values that are no finite numbers. ShapeError: x does not fit the model's input.
    """
    # Keras checks less, and a call that fails amid its own work can leave the model unusable.
    check_numbers(batch_size=batch_size)
    x = array_of(x.x if isinstance(x, Dataset) else x, "x")
    check_records(model, x)
    outputs = infer(model, x)
    return (
        outputs if outputs is not None else np.asarray(model.predict(x, batch_size=batch_size, verbose=0), np.float32)
    )


def _runner(
    model: keras.Model, arrays: Arrays, held: Arrays | None, batch_size: int, decision: Plan, engine: str
) -> tuple[Native | WholeEpoch | None, Plan]:
    """What runs the epochs, None for Keras itself; and the decision, which may have fallen to a slower engine."""
    if decision.engine == "native":
        try:
            return Native(model, arrays, held, batch_size), decision
        except Unsupported as part:
            decision = unsupported(part)
            if engine == "native":
                raise refused(engine, decision) from part
    if decision.engine == "whole_epoch":
        try:
            return WholeEpoch(model, arrays, held, batch_size, device_bytes()), decision
        except CannotTrace as cannot:
            decision = untraceable(cannot.__cause__)  # type: ignore[arg-type]
            if engine == "whole_epoch":
                raise refused(engine, decision) from cannot
    return None, decision


def run_epochs(
    runner: Native | WholeEpoch,
    callbacks: list[keras.callbacks.Callback],
    seed: int,
    epochs: int,
    initial_epoch: int,
    batch_size: int,
    interrupted: Callable[[], bool],
) -> None:
    """The epochs of a runner, with the callbacks called as Keras calls them."""
    model, records = runner.model, runner.train.records
    listed = keras.callbacks.CallbackList(
        callbacks, add_history=True, model=model, verbose=0, epochs=epochs, steps=-(-records // batch_size)
    )
    if isinstance(runner, Native):  # to give the model its weights takes longer than a small epoch
        runner.lazy = all(isinstance(callback, Clock | Bar | Lines) for callback in callbacks)
    model.stop_training = False
    logs: dict[str, float] = {}
    listed.on_train_begin()
    # BackupAndRestore sets this in on_train_begin, and Keras's own fit reads it there.
    initial_epoch = getattr(model, "_initial_epoch", None) or initial_epoch
    try:
        for epoch in range(initial_epoch, epochs):
            model.reset_metrics()
            reseed(model, seed, epoch)
            listed.on_epoch_begin(epoch)
            runner.steps_done = 0
            with closing(runner.blocks(epoch_order(seed, epoch, records))) as blocks:
                for _ in blocks:
                    if interrupted():
                        break
            whole = runner.steps_done == -(-records // batch_size)
            if not whole:
                raise KeyboardInterrupt
            logs = results(model)
            if runner.validation is not None:
                listed.on_test_begin()
                held = runner.validate()
                listed.on_test_end(held)
                logs |= {f"val_{name}": value for name, value in held.items()}
            listed.on_epoch_end(epoch, logs)
            runner.steps_done = 0
            if interrupted() or model.stop_training:
                break
    finally:
        if isinstance(runner, Native):
            runner.settle()
        model.optimizer.finalize_variable_values(model.trainable_weights)
    listed.on_train_end(logs)


def _say_interrupted() -> None:
    print(f"\nrowwise: {say('fit.interrupted')}", file=sys.stderr, flush=True)


def build_variables(model: keras.Model, arrays: Arrays, batch_size: int) -> None:
    """Make every variable: layers', metrics', optimizer's. Keras does it from one symbolic batch."""
    batch = tuple(jax.ShapeDtypeStruct((batch_size, *a.shape[1:]), a.dtype) for a in arrays.parts)
    if not model.built or any(not layer.built for layer in model.layers):
        model(keras.ops.convert_to_tensor(arrays.x[:1]))
    if keras.config.backend() == "jax":
        model._symbolic_build(data_batch=batch)
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def record_run(
    model: keras.Model, decision: Plan, clock: Clock, runner: Native | WholeEpoch | None, steps: int
) -> None:
    history = getattr(model, "history", None)
    if history is None:
        return
    history.rowwise = {
        "engine": decision.engine,
        "reason": decision.reason,
        "seconds": clock.seconds,
        "compile_seconds": runner.compile_seconds if runner is not None else None,
    }
    if steps:
        history.rowwise["interrupted"] = {"epoch": len(history.epoch), "steps": steps}


def check_numbers(**numbers: Any) -> None:
    least = {"epochs": 1, "batch_size": 1, "initial_epoch": 0, "seed": 0, "workers": 1}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least[name]:
            if isinstance(value, np.ndarray):
                raise UsageError("fit.labels_apart", name=name, found=f"an array {value.shape}")
            raise UsageError("fit.number", name=name, least=least[name], found=repr(value))


def _refuse(name: str) -> NoReturn:
    """Raises UsageError that says what an argument of `model.fit` is called here."""
    mends = {
        "validation_split": "validation",
        "validation_data": "validation",
        "x": "x",
        "y": "x",
        "shuffle": "shuffle",
    }
    raise UsageError("fit.unknown", name=name, mend=say(f"fit.unknown.{mends.get(name, 'other')}"))


def _check_others(callbacks: list[Any], verbose: Any) -> None:
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise UsageError("fit.callback", found=type(callback).__name__)
    if verbose not in ("auto", 0, 1, 2):
        raise UsageError("fit.verbose", found=repr(verbose))
