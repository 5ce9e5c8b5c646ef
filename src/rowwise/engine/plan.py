"""A model and the user's callbacks → which engine runs, and why not the faster one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import jax
import keras

from rowwise.engine import native
from rowwise.engine.batch_hooks import heard_hook
from rowwise.engine.hosts import host_count
from rowwise.environment import ENGINES
from rowwise.errors import UsageError
from rowwise.models.keras_view import overridden_step, python_at_each_step, times_batches
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Plan:
    """The engine's name and the reason as a message of the catalogue."""

    engine: str
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The reason in the current language."""
        return say(self.key, **self.values)

    @property
    def fell_back(self) -> bool:
        """Whether a faster engine was refused because of the user's model, and not only missing."""
        return self.key not in (
            "plan.asked",
            "plan.native",
            "plan.whole_epoch",
            "plan.no_native",
            "plan.accelerator",
            "plan.stream",
            "plan.hosts",
        )


def plan(model: keras.Model, callbacks: Iterable[keras.callbacks.Callback], engine: str = "auto") -> Plan:
    """Choose the engine: `native` where it was compiled, else `whole_epoch`, else `keras`.

    The first two are refused on another backend than JAX, under a Keras distribution, in eager runs and
    with a callback that must be called at every batch. Whether they can run the model shows only when they
    are made: their `Unsupported` then leads to `unsupported` or `untraceable`.

    Raises:
        UsageError: an unknown engine, or one by name where it cannot run.
    """
    if engine not in ENGINES:
        raise UsageError("plan.unknown", found=engine, known=", ".join(ENGINES))
    if (hosts := host_count()) > 1:
        return _of_hosts(hosts, model, callbacks, engine)
    if engine == "keras":
        return Plan("keras", "plan.asked", {"engine": "keras"})
    refusal = _refusal(model, callbacks)
    if refusal is not None:
        if engine != "auto":
            raise refused(engine, refusal)
        return refusal
    if engine == "whole_epoch":
        return Plan("whole_epoch", "plan.asked", {"engine": engine})
    usual = without_a_model()
    if usual.engine == "native":
        for callback, hook in _heard(callbacks):
            usual = Plan("whole_epoch", "plan.batch_hook", {"callback": type(callback).__name__, "hook": hook})
    if engine == "auto":
        return usual
    if usual.key in ("plan.no_native", "plan.batch_hook"):
        raise refused(engine, usual)
    return Plan("native", "plan.asked", {"engine": engine})


def _of_hosts(hosts: int, model: keras.Model, callbacks: Iterable[keras.callbacks.Callback], engine: str) -> Plan:
    """The plan where several hosts train together, which one engine can; raises UsageError where it cannot."""
    together = Plan("whole_epoch", "plan.hosts", {"hosts": hosts})
    if engine not in ("auto", "whole_epoch"):
        raise refused(engine, together)
    if (refusal := _refusal(model, callbacks)) is not None:
        raise apart(refusal)
    for callback, hook in _heard(callbacks):
        raise apart(Plan("keras", "plan.batch_hook.live", {"callback": type(callback).__name__, "hook": hook}))
    return together


def apart(decision: Plan) -> UsageError:
    """The error for what several hosts cannot train together, but one can, as the decision says."""
    return UsageError("hosts.refused", hosts=host_count(), reason=decision.reason)


def streamed(decision: Plan, source: Any, engine: str) -> Plan:
    """The plan for batches that an object of the user's gives: the native engine wants all records at once.

    Raises:
        UsageError: the native engine was asked for by name.
    """
    if decision.engine != "native":
        return decision
    stream = Plan("whole_epoch", "plan.stream", {"kind": type(source).__name__})
    if engine == "native":
        raise refused(engine, stream)
    return stream


def refused(engine: str, refusal: Plan) -> UsageError:
    """The error for an engine that was asked for by name and cannot run."""
    return UsageError("plan.refused", engine=engine, reason=refusal.reason)


def running(decision: Plan, isa: str) -> Plan:
    """The plan once the native engine has the model: a network in bfloat16 has an instruction set of its own."""
    return replace(decision, values={"isa": isa}) if decision.key == "plan.native" else decision


def unsupported(part: Exception) -> Plan:
    """The plan once the native engine has met a part of the model that it cannot run."""
    return Plan("whole_epoch", "plan.unsupported", {"part": part})


def untraceable(refusal: Exception) -> Plan:
    """The plan once JAX, whose error is the refusal's cause, could not trace the model."""
    return Plan("keras", "plan.untraceable", {"cause": first_line(refusal)})


def first_line(error: Exception) -> str:
    """The kind of an exception, or of its cause, and the beginning of what it says, for a sentence."""
    cause = error.__cause__ or error
    text = str(cause).strip() or type(cause).__name__
    return f"{type(cause).__name__}: {text.splitlines()[0][:160]}"


def without_a_model() -> Plan:
    """What `auto` takes for a model that every engine can run, on this machine."""
    if not native.instruction_sets():
        return Plan("whole_epoch", "plan.no_native", {"cause": native.why_missing})
    if (device := jax.default_backend()) != "cpu":
        return Plan("whole_epoch", "plan.accelerator", {"device": device})
    return Plan("native", "plan.native", {"isa": native.chosen()})


def _refusal(model: keras.Model, callbacks: Iterable[keras.callbacks.Callback]) -> Plan | None:
    if (backend := keras.config.backend()) != "jax":
        return Plan("keras", "plan.backend", {"backend": backend})
    if keras.distribution.distribution() is not None:
        return Plan("keras", "plan.distribution")
    if model.run_eagerly:
        return Plan("keras", "plan.eager")
    # A scan keeps no logs: an epoch's come from the metrics, as they do in Keras's own steps.
    if step := overridden_step(model):
        return Plan("keras", "plan.own_step", {"step": step})
    if part := python_at_each_step(model):
        return Plan("keras", "plan.uncompiled", {"part": part})
    for callback, hook in _heard(callbacks):
        if model.steps_per_execution != 1 or not isinstance(model.steps_per_execution, int):
            return Plan("keras", "plan.batch_hook.steps", {"callback": type(callback).__name__, "hook": hook})
        if isinstance(callback, keras.callbacks.CallbackList) or times_batches(callback):
            return Plan("keras", "plan.batch_hook.live", {"callback": type(callback).__name__, "hook": hook})
    return None


def _heard(callbacks: Iterable[keras.callbacks.Callback]) -> Iterator[tuple[keras.callbacks.Callback, str]]:
    """The callbacks that hear of every batch, each with the first of its hooks that does."""
    return ((callback, hook) for callback in callbacks if (hook := heard_hook(callback)))
