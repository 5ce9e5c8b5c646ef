"""A model, its records and the plan → what runs the epochs: the engine that the plan names, or one that it falls to."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import jax

from rowwise.engine.arrays import Arrays
from rowwise.engine.divergence import Watch
from rowwise.engine.hosts import host_count
from rowwise.engine.keras_fit import Batches, KerasFit
from rowwise.engine.loop import EpochLoop
from rowwise.engine.native.run import Native
from rowwise.engine.plan import Plan, apart, first_line, refused, running, streamed, unsupported, untraceable
from rowwise.engine.protocol import Unsupported
from rowwise.engine.schedule import IN_ORDER
from rowwise.engine.streamed_epoch import StreamedEpoch
from rowwise.engine.streams import Stream
from rowwise.engine.trees import mapped
from rowwise.engine.whole_epoch import WholeEpoch
from rowwise.environment import device_bytes
from rowwise.errors import RowwiseError, warn_user
from rowwise.models.keras_view import build_from_shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras
    from numpy.typing import NDArray

    from rowwise.engine.protocol import Engine, Trainer
    from rowwise.engine.records import Parts
    from rowwise.engine.request import Request


def trainer_for(
    model: keras.Model,
    parts: Parts,
    decision: Plan,
    request: Request,
    watched: bool,
    callbacks: Sequence[keras.callbacks.Callback],
) -> tuple[Trainer, Plan]:
    """What runs the epochs, and the decision, which may have fallen to a slower engine.

    Args:
        watched: whether a training that diverges is to be stopped.
        callbacks: the user's.

    Raises:
        UsageError: the engine was asked for by name and cannot run the model.
    """
    train, held, engine = parts.train, parts.validation, request.engine
    if isinstance(train, Stream):
        if host_count() > 1:  # each would read batches of its own
            raise apart(Plan("whole_epoch", "plan.stream", {"kind": type(train.source).__name__}))
        watch = Watch(model, None) if watched else None
        decision = streamed(decision, train.source, engine)
        return _trainer_of_a_stream(model, train, parts, decision, request, watch, callbacks)
    try:
        build_variables(model, train, parts.batch_size)
    except Exception as cause:  # of a layer, loss or metric of the user's: what Keras itself says to it counts
        decision = _fallen(engine, untraceable(cause), cause)
    watch = Watch(model, train) if watched else None
    made, decision = _engine_for(model, parts, decision, request, callbacks)
    if isinstance(made, Exception):
        size = parts.validation_batch_size
        return KerasFit(model, train, held, parts.batch_size, watch, size, parts.augmented), decision
    remade = partial(engine_made_again, model, parts, decision, request, callbacks)
    return EpochLoop(made, watch, held, remade, parts.augmented), decision


def _engine_for(
    model: keras.Model,
    parts: Parts,
    decision: Plan,
    request: Request,
    callbacks: Sequence[keras.callbacks.Callback],
) -> tuple[Engine | Exception, Plan]:
    """The engine, or why only Keras's own loop trains the model; and the decision, which may have fallen."""
    cause: Exception = ValueError(decision.reason)
    if decision.engine == "native":
        try:
            made = native_engine(model, parts, request.threads)
            return made, running(decision, made.isa)
        except Unsupported as part:
            decision = _fallen(request.engine, unsupported(part), part)
    if decision.engine == "whole_epoch":
        assert isinstance(parts.train, Arrays)
        size, resident = parts.validation_batch_size, device_bytes()
        validated = parts.validation if isinstance(parts.validation, Arrays) else None
        try:
            return WholeEpoch(model, parts.train, validated, parts.batch_size, resident, size, callbacks), decision
        except Unsupported as cannot:
            cause = cannot
            decision = _fallen(request.engine, untraceable(cannot), cannot)
    return cause, decision


def engine_made_again(
    model: keras.Model,
    parts: Parts,
    decision: Plan,
    request: Request,
    callbacks: Sequence[keras.callbacks.Callback],
) -> Engine:
    """The engine for a model that a callback has changed.

    Raises:
        Exception: what Keras says to such a model.
    """
    made, now = _engine_for(model, parts, decision, request, callbacks)
    if isinstance(made, Exception):
        raise made.__cause__ or made
    if now is not decision:
        warn_user(now.reason)
    return made


def _fallen(engine: str, decision: Plan, cause: Exception) -> Plan:
    """The decision for a slower engine.

    Raises:
        UsageError: another was asked for by name, or several hosts train together, which none but `whole_epoch` can.
    """
    if host_count() > 1:
        raise apart(decision) from cause
    if engine not in ("auto", decision.engine):
        raise refused(engine, decision) from cause
    return decision


def _trainer_of_a_stream(
    model: keras.Model,
    train: Stream,
    parts: Parts,
    decision: Plan,
    request: Request,
    watch: Watch | None,
    callbacks: Sequence[keras.callbacks.Callback],
) -> tuple[Trainer, Plan]:
    """As `trainer_for`, which has decided; Keras reads what one engine has begun to read without losing a batch."""
    held, size = parts.validation, parts.validation_batch_size
    if decision.engine == "whole_epoch":
        batches = train.batches(request.schedule(0))
        try:
            made = StreamedEpoch(model, batches, callbacks)
            held = Stream(Batches(held, size, IN_ORDER)) if isinstance(held, Arrays) else held
            return EpochLoop(made, watch, held), decision
        except Unsupported as cannot:
            decision = _fallen(request.engine, untraceable(cannot), cannot)
            train = replace(train, source=batches.adapter, class_weight=None)  # the adapter has them
    return KerasFit(model, train, held, parts.batch_size, watch, size), decision


def native_engine(model: keras.Model, parts: Parts, threads: int | None) -> Native:
    """The compiled network for one model; raises Unsupported where it has a part that the engine cannot run."""
    held = parts.validation.bare if isinstance(parts.validation, Arrays) else None
    assert isinstance(parts.train, Arrays)
    if parts.train.sparse:
        raise Unsupported("SciPy's sparse matrices")
    try:
        return Native(model, parts.train.bare, held, parts.batch_size, threads)
    except (Unsupported, RowwiseError):
        raise
    except Exception as cause:  # what a layer, loss or metric of the user's says to a question
        raise Unsupported(first_line(cause)) from cause


def build_variables(model: keras.Model, arrays: Arrays, batch_size: int) -> None:
    """Make every variable: layers', metrics', optimizer's. As Keras does, from the shapes of one batch alone."""

    def shape_of(part: NDArray[Any]) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((min(batch_size, len(part)), *part.shape[1:]), part.dtype)

    build_from_shapes(model, tuple(mapped(shape_of, part) for part in arrays.parts))
