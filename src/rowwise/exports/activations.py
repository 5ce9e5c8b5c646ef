"""Keras's activation functions, in the operations of a Program."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowwise.exports.tracing import Traced

SHRINK = 0.5  # Keras's default
SELU = 1.67326324, 1.05070098  # alpha and scale, as Keras has them


def plain(operation: str) -> Callable[[Traced], Traced]:
    """An activation that is one operation by itself."""
    return lambda x: x.tracer.step(operation, x)


def least(x: Traced, bound: float) -> Traced:
    """The numbers, or the bound where they are greater."""
    return x.tracer.step("minimum", x, bound)


def bounded(x: Traced, low: float, high: float) -> Traced:
    """The numbers between two bounds."""
    return x.tracer.clip(x, low, high)


def leaky_relu(x: Traced, slope: Any = 0.2) -> Traced:
    """x above 0, `slope · x` below."""
    return x.tracer.where(x > 0.0, x, x * slope)


def elu(x: Traced, alpha: float = 1.0) -> Traced:
    """x above 0, `alpha · (eˣ - 1)` below."""
    return x.tracer.where(x > 0.0, x, (_exp(least(x, 0.0)) - 1.0) * alpha)


def celu(x: Traced, alpha: float = 1.0) -> Traced:
    return x.tracer.where(x > 0.0, x, (_exp(least(x, 0.0) / alpha) - 1.0) * alpha)


def gelu(x: Traced) -> Traced:
    return x * 0.5 * (1.0 + x.tracer.step("erf", x * math.sqrt(0.5)))


def silu(x: Traced) -> Traced:
    return x * plain("sigmoid")(x)


def softsign(x: Traced) -> Traced:
    return x / (1.0 + plain("abs")(x))


def hard_sigmoid(x: Traced) -> Traced:
    return bounded(x / 6.0 + 0.5, 0.0, 1.0)


def log_softmax(x: Traced) -> Traced:
    shifted = x - x.tracer.step("row_max", x, columns=1)
    powers = x.tracer.step("row_sum", _exp(shifted), columns=1)
    return shifted - x.tracer.step("log", powers)


def squareplus(x: Traced) -> Traced:
    return (x + plain("sqrt")(x * x + 4.0)) / 2.0


def hard_shrink(x: Traced) -> Traced:
    return x.tracer.where(plain("abs")(x) > SHRINK, x, 0.0)


def soft_shrink(x: Traced) -> Traced:
    return x - bounded(x, -SHRINK, SHRINK)


def sparse_plus(x: Traced) -> Traced:
    """0 up to -1, x from 1 on, and a parabola between."""
    risen = bounded(x, -1.0, 1.0) + 1.0
    return x.tracer.where(x > 1.0, x, risen * risen / 4.0)


def relu6(x: Traced) -> Traced:
    return bounded(x, 0.0, 6.0)


def _exp(x: Traced) -> Traced:
    return x.tracer.step("exp", x)


_NAMED: dict[str, Callable[[Traced], Traced]] = {
    **{name: plain(name) for name in ("relu", "sigmoid", "softmax", "softplus", "tanh")},
    "linear": lambda x: x,
    "celu": celu,
    "elu": elu,
    "exponential": _exp,
    "gelu": gelu,
    "hard_shrink": hard_shrink,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": lambda x: x * hard_sigmoid(x),
    "hard_tanh": lambda x: bounded(x, -1.0, 1.0),
    "leaky_relu": leaky_relu,
    "log_sigmoid": lambda x: -plain("softplus")(-x),
    "log_softmax": log_softmax,
    "mish": lambda x: x * plain("tanh")(plain("softplus")(x)),
    "relu6": relu6,
    "selu": lambda x: elu(x, SELU[0]) * SELU[1],
    "silu": silu,
    "soft_shrink": soft_shrink,
    "softsign": softsign,
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": lambda x: bounded((x + 1.0) / 2.0, 0.0, 1.0),
    "squareplus": squareplus,
    "tanh_shrink": lambda x: x - plain("tanh")(x),
}


def activation(function: Any) -> Callable[[Traced], Traced] | None:
    """What Keras's `function` computes; None for one that is not among those here, as a user's own."""
    for name, computed in _NAMED.items():
        if function is getattr(keras.activations, name, None):
            return computed
    return None
