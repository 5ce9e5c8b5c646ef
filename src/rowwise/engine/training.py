"""A Keras model and records → the model trained in place and Keras's History, whichever engine runs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import keras

from rowwise.call import called_as_in_keras
from rowwise.engine.arguments import check_numbers
from rowwise.engine.callbacks import Clock, Progress, params_of, tell_interrupted
from rowwise.engine.loop import record_run
from rowwise.engine.order import unheard_seeds
from rowwise.engine.plan import plan
from rowwise.engine.records import prepare_records
from rowwise.engine.request import Request, listed
from rowwise.engine.streams import Stream
from rowwise.engine.trainer import trainer_for
from rowwise.errors import warn_user
from rowwise.interrupt import deferred
from rowwise.models.keras_view import check_not_forked, forget_initial_epoch
from rowwise.notebook import said_to
from rowwise.shapes.checks.check import check_compiled

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Mapping, Sequence

    from rowwise.data.augmentation import Augmentation
    from rowwise.engine.records import Prepared
    from rowwise.engine.schedule import Schedule

# The arguments of rowwise's own order, from the third on: `fit(model, data, 5, 32)`.
FORMER = (
    "epochs",
    "batch_size",
    "validation",
    "seed",
    "callbacks",
    "engine",
    "verbose",
    "initial_epoch",
    "sample_weight",
    "class_weight",
    "threads",
    "stop",
    "on_divergence",
)


@called_as_in_keras(FORMER, {"train": "x"})
def fit(
    model: keras.Model,
    x: Any = None,
    y: Any = None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: int | str = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool | str = True,
    class_weight: Mapping[int, float] | None = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: int | Collection[int] = 1,
    *,
    validation: Any = None,
    seed: int | None = None,
    engine: str = "auto",
    threads: int | None = None,
    stop: threading.Event | None = None,
    on_divergence: str = "stop",
    augment: str | Augmentation = "none",
) -> keras.callbacks.History:
    """Train a compiled Keras model, as `model.fit` would, faster.

    Every argument of `model.fit` is here by its own name, place, default and meaning; rowwise's own come after them,
    by name. Weights, optimizer state and metrics are updated in place: `model.fit`, `model.evaluate` and `model.save`
    go on from there.

    Args:
        model: any compiled Keras model.
        x: records `(records, ...)` uint8 or floating; for several inputs a dict, list or tuple of such. Or a Dataset,
            the pair `(x, y)` or `(x, y, weights)`; or what gives batches: a generator, a `keras.utils.PyDataset`,
            tf.data, PyTorch's DataLoader, grain.
        y: `(records,)` class numbers or `(records, outputs)`, whatever the model's loss takes; for several outputs a
            dict, list or tuple; None where x has the labels, or the model's losses ask for none.
        batch_size: records a step, 32 unless given; the last batch of an epoch is trained on even if it is shorter.
        epochs: the number of the last epoch, as in Keras: from `initial_epoch` to `epochs`.
        verbose: 0 silent, 1 a bar, 2 a line an epoch, "auto" by the kind of output.
        callbacks: Keras callbacks: one, lists of them, a `CallbackList`. For one with batch hooks `whole_epoch` trains
            many batches at once and then calls it for each; one that looks at the model sees that batch's state. In
            `params` they find `engine`, `engine_reason` and `records` beside what Keras puts there; one whose attribute
            `needs_weights` is False is called without the model being given its weights first.
        validation_split: the share of the records to hold out, the last ones as they were given, as in Keras.
        validation_data: records of its own to validate with: `(x, y)`, `(x, y, weights)`, a Dataset, or what gives
            batches.
        shuffle: False takes the records of each epoch as they were given; "batch" shuffles within the batches.
        class_weight: class number → weight of its records; classes that are not named weigh 1.
        sample_weight: `(records,)`: how much each record counts in the loss and in weighted metrics; for several
            outputs also a structure as that of y.
        initial_epoch: epochs done before, for a resumed run.
        steps_per_epoch: steps of an epoch, where that is to be fewer than the records make.
        validation_steps: steps of each validation; None for all records.
        validation_batch_size: records a step of the validation; None for `batch_size`.
        validation_freq: validate after every so many epochs, or after these, counted from 1.
        validation: a share of the records to hold out (seeded; stratified where labels are classes; by a Dataset's
            groups or times), or the same as `validation_data`. Records that are held out keep their `sample_weight`;
            class weights are for training alone, as in Keras.
        seed: with the epoch's number it fixes the order of the records, dropout, and the split; 0 unless given.
            Neither `keras.utils.set_random_seed` nor a seed of a layer has a say in them, which is said once.
        engine: "auto"; "native" (C++), "whole_epoch" (JAX) or "keras" (plain `model.fit` over the same batches).
        threads: of the native engine; None for $ROWWISE_THREADS, else as many as pay. The result does not depend on it.
        stop: once it is set, from any thread, the training ends as by Ctrl-C.
        on_divergence: "stop" ends the training after an epoch whose loss is no finite number or has exploded
            (`rowwise.engine.divergence` says when), with a warning; the model then holds the weights of the last good
            epoch. "continue" trains on regardless.
        augment: "none", "light", "strong" or parts such as "shift,erase": what each epoch does to pictures, records of
            uint8 `(height, width)` or `(height, width, channels)`; see `rowwise.data.augmentation`. It depends on the
            seed, the epoch and the record's number alone, whatever the engine. What validates is left as it is.

    Returns:
        Keras's History; its attribute `rowwise` says the engine, the reason, the seconds of each epoch and of
        compiling, and, where the training diverged, in which epoch.

    Raises:
        CallError: an argument that there is not; a TypeError, too. UsageError: arguments that make no sense.
        DataError: broken records. ShapeError: records that do not fit the model. ModelError: a model that is not
        compiled.
        KeyboardInterrupt: after Ctrl-C or `stop`, once the block of steps under way has ended. The model then holds
        what was trained and `model.history` the epochs that were completed.

    Warns:
        Suspicious: what Keras would train on without a word, and seldom is meant.
    """
    request = Request(
        x=x,
        y=y,
        batch_size=batch_size,
        epochs=epochs,
        verbose=verbose,
        callbacks=callbacks,
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
    check_numbers(seed=0 if seed is None else seed)
    check_compiled(model)
    own = listed(callbacks)
    prepared = prepare_records([model], request)
    if request.verbose:
        for message in unheard_seeds(model, seed, bool(shuffle) and not isinstance(prepared.train, Stream)):
            _say_once(message)
    return trained(model, prepared, seed or 0, own)


@cache
def _say_once(message: str) -> None:
    print(f"rowwise: {message}", file=said_to())


def trained(
    model: keras.Model, prepared: Prepared, seed: int, own: Sequence[keras.callbacks.Callback]
) -> keras.callbacks.History:
    """Train one model on prepared records, as `fit` does; `own` are the user's callbacks."""
    request, schedule = prepared.request, prepared.request.schedule(seed)
    parts = prepared.parts(prepared.held_out(model, seed))
    decision = plan(model, own, request.engine)
    if decision.engine != "native" or engine_of(model) != "native":  # which has left nothing for JAX to compile
        check_not_forked()
    with deferred(lambda: None) as interrupted:  # JAX, interrupted while it compiles, may lose the signal
        watched = request.on_divergence == "stop" and not any(map(_stops_by_itself, own))
        trainer, decision = trainer_for(model, parts, decision, request, watched, own)
    if interrupted() or is_set(request.stop):
        raise KeyboardInterrupt
    if request.verbose and decision.fell_back:
        print(f"rowwise: {decision.reason}", file=said_to())
    records = None if isinstance(parts.train, Stream) else parts.train.records
    clock = Clock()
    progress = Progress(clock, request.verbose, records, request.epochs, request.initial_epoch)
    steps = schedule.steps if records is None else schedule.steps_of(records, parts.batch_size)
    params = params_of(decision, request.epochs, records, steps)
    all_callbacks = [*own, clock, progress]
    told_of_stop = False

    def stopped() -> bool:
        nonlocal told_of_stop
        if is_set(request.stop) and not told_of_stop:
            told_of_stop = True
            tell_interrupted(own)  # the caller set it: nothing is printed
        return told_of_stop or interrupted()

    forget_initial_epoch(model)
    try:
        with deferred(lambda: tell_interrupted(all_callbacks)) as interrupted:
            trainer.train(_whole_executions(schedule, model), all_callbacks, stopped, params)
            if stopped():
                raise KeyboardInterrupt
    finally:
        forget_initial_epoch(model)
        progress.close()
        record_run(model, decision, clock, trainer)
    if trainer.watch is not None and trainer.watch.found is not None:
        warn_user(str(trainer.watch.found))
    return model.history


def _whole_executions(schedule: Schedule, model: keras.Model) -> Schedule:
    """Keras ends an epoch of `steps_per_epoch` steps after a whole number of executions, each of several steps."""
    each = model.steps_per_execution
    if schedule.steps is None or not isinstance(each, int):
        return schedule
    return replace(schedule, steps=-(-schedule.steps // each) * each)


def _stops_by_itself(callback: keras.callbacks.Callback) -> bool:
    """Whether the user has chosen what happens once the loss is no number."""
    return isinstance(callback, keras.callbacks.TerminateOnNaN)


def engine_of(model: keras.Model) -> str:
    """The engine that trained a model last; empty where none of ours did."""
    return getattr(getattr(getattr(model, "history", None), "rowwise", None), "engine", "")


def is_set(stop: threading.Event | None) -> bool:
    """Whether the training was asked to end."""
    return stop is not None and stop.is_set()
