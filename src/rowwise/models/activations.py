"""Keras's activations that the native engine has, in NumPy, by their names there: of numbers `(records, units)`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Function = Callable[[NDArray[Any]], NDArray[Any]]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def linear(x: NDArray[Any]) -> NDArray[Any]:
    return x


def relu(x: NDArray[Any]) -> NDArray[Any]:
    return np.maximum(x, 0)


def leaky_relu(x: NDArray[Any]) -> NDArray[Any]:
    return np.where(x >= 0, x, x * np.float32(0.2))


def elu(x: NDArray[Any]) -> NDArray[Any]:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def gelu(x: NDArray[Any]) -> NDArray[Any]:
    return (x * (1 + _erf(x / math.sqrt(2))) / 2).astype(x.dtype)


def silu(x: NDArray[Any]) -> NDArray[Any]:
    return x * sigmoid(x)


def tanh(x: NDArray[Any]) -> NDArray[Any]:
    return np.tanh(x)


def sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def softmax(x: NDArray[Any]) -> NDArray[Any]:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


FUNCTIONS: dict[str, Function] = {
    function.__name__: function for function in (linear, relu, leaky_relu, elu, gelu, silu, tanh, sigmoid, softmax)
}
