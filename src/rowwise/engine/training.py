"""A Keras model and records → the model trained in place and Keras's History, whichever engine runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import jax
import keras

from rowwise.engine.arguments import check_numbers, check_on_divergence, refuses_labels_apart
from rowwise.engine.callbacks import Clock, Progress, params_of, tell_interrupted
from rowwise.engine.divergence import Watch
from rowwise.engine.keras_fit import KerasFit
from rowwise.engine.loop import EpochLoop, record_run
from rowwise.engine.native.run import Native
from rowwise.engine.plan import Plan, plan, refused, unsupported, untraceable
from rowwise.engine.protocol import Unsupported
from rowwise.engine.records import prepare_records
from rowwise.engine.whole_epoch import WholeEpoch
from rowwise.environment import device_bytes
from rowwise.errors import UsageError, warn_user
from rowwise.interrupt import deferred
from rowwise.models.keras_view import build_from_shapes, check_not_forked
from rowwise.shapes.checks.check import check_compiled
from rowwise.text import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from rowwise.engine.arrays import Arrays, Records, Validation
    from rowwise.engine.protocol import Trainer

# Arguments of model.fit that are called otherwise here, and the message that says how.
RENAMED = {
    "validation_split": "validation",
    "validation_data": "validation",
    "x": "x",
    "y": "x",
    "shuffle": "shuffle",
}


@refuses_labels_apart
def fit(
    model: keras.Model,
    train: Records,
    epochs: int = 1,
    batch_size: int = 32,
    validation: Validation | float | None = None,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] | keras.callbacks.Callback | None = None,
    engine: str = "auto",
    verbose: int | str = "auto",
    initial_epoch: int = 0,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[int, float] | None = None,
    threads: int | None = None,
    stop: threading.Event | None = None,
    on_divergence: str = "stop",
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
        validation: a share of `train` to hold out (seeded; stratified where labels are classes; by a Dataset's groups
            or times), or separate records: a Dataset, `(x, y)` or `(x, y, weights)`. Records that are held out keep
            their `sample_weight`; class weights are for training alone, as in Keras.
        seed: with the epoch's number it fixes the order of the records, and the split.
        callbacks: Keras callbacks. One with batch hooks sends the run to the engine `keras`. In `params` they find
            `engine`, `engine_reason` and `records` beside what Keras puts there; one whose attribute `needs_weights`
            is False is called without the model being given its weights first.
        engine: "auto"; "native" (C++), "whole_epoch" (JAX) or "keras" (plain `model.fit` over the same batches).
        verbose: 0 silent, 1 a bar, 2 a line an epoch, "auto" by the kind of output.
        initial_epoch: epochs done before, for a resumed run.
        sample_weight: `(records,)`: how much each record of `train` counts in the loss and in weighted metrics.
        class_weight: class number → weight of its records; classes that are not named weigh 1.
        threads: of the native engine; None for $ROWWISE_THREADS, else as many as pay. The result does not depend on it.
        stop: once it is set, from any thread, the training ends as by Ctrl-C.
        on_divergence: "stop" ends the training after an epoch whose loss is no finite number or has exploded
            (`rowwise.engine.divergence` says when), with a warning; the model then holds the weights of the last good
            epoch. "continue" trains on regardless.

    Returns:
        Keras's History; its attribute `rowwise` says the engine, the reason, the seconds of each epoch and of
        compiling, and, where the training diverged, in which epoch.

    Raises:
        UsageError: invalid arguments. DataError: broken records. ShapeError: records that
        do not fit the model. ModelError: a model that is not compiled.
        KeyboardInterrupt: after Ctrl-C or `stop`, once the block of steps under way has ended. The model then holds
        what was trained and `model.history` the epochs that were completed.
    """
    if unknown:
        _refuse(next(iter(unknown)))
    check_compiled(model)
    own = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else list(callbacks or [])
    _check_others(own, verbose, stop)
    check_on_divergence(on_divergence)
    check_numbers(epochs=epochs, batch_size=batch_size, initial_epoch=initial_epoch, seed=seed, threads=threads)
    prepared = prepare_records([model], train, validation, sample_weight, class_weight)
    arrays, held_out = prepared.parts(prepared.held_out(model, seed, batch_size))

    decision = plan(model, own, engine)
    if decision.engine != "native" or engine_of(model) != "native":  # which has left nothing for JAX to compile
        check_not_forked()
    with deferred(lambda: None) as interrupted:  # JAX, interrupted while it compiles, may lose the signal
        build_variables(model, arrays, batch_size)
        watch = Watch(model, arrays) if on_divergence == "stop" else None
        trainer, decision = trainer_for(model, arrays, held_out, batch_size, decision, engine, threads, watch)
    if interrupted() or is_set(stop):
        raise KeyboardInterrupt
    if verbose and decision.fell_back:
        print(f"rowwise: {decision.reason}", file=sys.stderr)
    clock = Clock()
    progress = Progress(clock, verbose, len(arrays.x), epochs, initial_epoch)
    params = params_of(decision, epochs, len(arrays.x), batch_size)
    all_callbacks = [*own, clock, progress]
    told_of_stop = False

    def stopped() -> bool:
        nonlocal told_of_stop
        if is_set(stop) and not told_of_stop:
            told_of_stop = True
            tell_interrupted(own)  # the caller set it: nothing is printed
        return told_of_stop or interrupted()

    try:
        with deferred(lambda: tell_interrupted(all_callbacks)) as interrupted:
            trainer.train(
                seed,
                range(initial_epoch, epochs),
                all_callbacks,
                stopped,
                params,
            )
            if stopped():
                raise KeyboardInterrupt
    finally:
        progress.close()
        record_run(model, decision, clock, trainer, watch)
    if watch is not None and watch.found is not None:
        warn_user(str(watch.found))
    return model.history


def trainer_for(
    model: keras.Model,
    arrays: Arrays,
    validation: Arrays | None,
    batch_size: int,
    decision: Plan,
    engine: str = "auto",
    threads: int | None = None,
    watch: Watch | None = None,
) -> tuple[Trainer, Plan]:
    """What runs the epochs, and the decision, which may have fallen to a slower engine.

    Raises:
        UsageError: the engine was asked for by name and cannot run the model.
    """
    if decision.engine == "native":
        try:
            return EpochLoop(Native(model, arrays, validation, batch_size, threads), watch), decision
        except Unsupported as part:
            decision = unsupported(part)
            if engine == "native":
                raise refused(engine, decision) from part
    if decision.engine == "whole_epoch":
        try:
            return EpochLoop(WholeEpoch(model, arrays, validation, batch_size, device_bytes()), watch), decision
        except Unsupported as reason:
            decision = untraceable(reason)
            if engine == "whole_epoch":
                raise refused(engine, decision) from reason
    return KerasFit(model, arrays, validation, batch_size, watch), decision


def build_variables(model: keras.Model, arrays: Arrays, batch_size: int) -> None:
    """Make every variable: layers', metrics', optimizer's. Keras does it from one symbolic batch."""
    if not model.built or any(not layer.built for layer in model.layers):
        model(keras.ops.convert_to_tensor(arrays.x[:1]))
    if keras.config.backend() == "jax":
        build_from_shapes(
            model, tuple(jax.ShapeDtypeStruct((batch_size, *part.shape[1:]), part.dtype) for part in arrays.parts)
        )
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def engine_of(model: keras.Model) -> str:
    """The engine that trained a model last; empty where none of ours did."""
    return getattr(getattr(getattr(model, "history", None), "rowwise", None), "engine", "")


def is_set(stop: threading.Event | None) -> bool:
    """Whether the training was asked to end."""
    return stop is not None and stop.is_set()


def _refuse(name: str) -> NoReturn:
    """Raises UsageError that says what an argument of `model.fit` is called here."""
    raise UsageError("fit.unknown", name=name, mend=say(f"fit.unknown.{RENAMED.get(name, 'other')}"))


def _check_others(callbacks: list[Any], verbose: Any, stop: Any) -> None:
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise UsageError("fit.callback", found=type(callback).__name__)
    if verbose not in ("auto", 0, 1, 2):
        raise UsageError("fit.verbose", found=repr(verbose))
    if stop is not None and not hasattr(stop, "is_set"):
        raise UsageError("fit.stop", found=type(stop).__name__)
