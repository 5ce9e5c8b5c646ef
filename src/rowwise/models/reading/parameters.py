"""How a layer's weights begin, and what training asks of them → nothing but that it is known: predictions need none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.models.reading.fields import Fields, instance, number, only, positive, seed

if TYPE_CHECKING:
    from collections.abc import Callable

_SEEDED: dict[str, Callable[[Any], Any]] = {"seed": seed, "input_axes": only(None), "output_axes": only(None)}
INITIALIZERS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "Zeros": {},
    "Ones": {},
    "Constant": {"value": number},
    "RandomNormal": {"mean": number, "stddev": positive, "seed": seed},
    "TruncatedNormal": {"mean": number, "stddev": positive, "seed": seed},
    "RandomUniform": {"minval": number, "maxval": number, "seed": seed},
    **{f"{name}{kind}": _SEEDED for name in ("Glorot", "He", "Lecun") for kind in ("Uniform", "Normal")},
}
REGULARIZERS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "L1": {"l1": number},
    "L2": {"l2": number},
    "L1L2": {"l1": number, "l2": number},
}


def initializer(value: Any) -> None:
    _check(value, INITIALIZERS, "keras.initializers")


def regularizer(value: Any) -> None:
    if value is not None:
        _check(value, REGULARIZERS, "keras.regularizers")


def _check(value: Any, kinds: dict[str, dict[str, Callable[[Any], Any]]], module: str) -> None:
    kind, config = instance(value, kinds, module)
    with config:
        for name, check in kinds[kind].items():
            config.take(name, check, None)


def take_parameters(config: Fields, *names: str) -> None:
    """The initializer, regularizer and constraint of each of these weights."""
    for name in names:
        config.take(f"{name}_initializer", initializer)
        if name in ("moving_mean", "moving_variance"):
            continue
        config.take(f"{name}_regularizer", regularizer)
        config.take(f"{name}_constraint", only(None))
