"""Convolutions and poolings of XLA, each as products of matrices and slices: the same numbers but for rounding.

Arguments are those of `lax.conv_general_dilated`, `lax.reduce_window` and their gradients, as a jaxpr has them.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

if TYPE_CHECKING:
    from collections.abc import Sequence

    Numbers = Sequence[int]  # one for each spatial axis, or for each axis of a window


def convolution(
    lhs: jax.Array,
    rhs: jax.Array,
    *,
    window_strides: Numbers,
    padding: Sequence[tuple[int, int]],
    lhs_dilation: Numbers,
    rhs_dilation: Numbers,
    dimension_numbers: Any,
    precision: Any,
    **_: Any,
) -> jax.Array:
    """One product, and slices before or after it.

    Going forward, and to the gradient of the inputs, a slice is taken for each place of the kernel: of what goes into
    the product or of what comes out, whichever is smaller. To the gradient of the kernel, the right operand is the
    gradient of the outputs, as large as a picture, and a slice is taken for each place of the result.
    """
    (batch, feature, *spatial), (out_axis, in_axis, *places), (out_batch, out_feature, *out_spatial) = dimension_numbers
    size = [rhs.shape[axis] for axis in places]
    dilated = [(lhs.shape[axis] - 1) * by + 1 for axis, by in zip(spatial, lhs_dilation, strict=True)]
    outputs = [
        (length + low + high - (width - 1) * by - 1) // stride + 1
        for length, (low, high), width, by, stride in zip(
            dilated, padding, size, rhs_dilation, window_strides, strict=True
        )
    ]
    columns = rhs.shape[out_axis]
    if math.prod(size) > math.prod(outputs):
        padded = _padded(lhs, spatial, padding, lhs_dilation)
        # Joined along the records: for the gradient of a kernel these are the channels, and the matrix that is made
        # here is the one of the way forward, which XLA then computes once.
        seen = _views(padded, spatial, outputs, window_strides, size, rhs_dilation, joined=batch)
        contracted = (*spatial, feature), (*places, in_axis)
        product = lax.dot_general(seen, rhs, (contracted, ((), ())), precision=precision)
        axes = (*out_spatial, out_batch, out_feature)
        product = product.reshape(*outputs, lhs.shape[batch], columns)
        return lax.transpose(product, np.argsort(axes))

    lhs = lax.transpose(lhs, (batch, *spatial, feature))
    kernel = lax.transpose(rhs, (*places, in_axis, out_axis))
    inner, last = range(1, lhs.ndim - 1), lhs.ndim - 1
    scattered = columns * math.prod(lhs.shape[1:-1]) < lhs.shape[-1] * math.prod(outputs)
    if scattered and set(window_strides) == {1}:
        matrix = jnp.moveaxis(kernel, -2, 0).reshape(lhs.shape[-1], -1)
        product = lax.dot_general(lhs, matrix, (((last,), (0,)), ((), ())), precision=precision)
        result = jnp.zeros((lhs.shape[0], *outputs, columns), lhs.dtype)
        for number, place in enumerate(itertools.product(*map(range, size))):
            begins = [low - at * by for at, by, (low, _) in zip(place, rhs_dilation, padding, strict=True)]
            edges = [(low, out - low - length) for low, out, length in zip(begins, outputs, dilated, strict=True)]
            part = lax.slice_in_dim(product, number * columns, (number + 1) * columns, axis=last)
            result += _padded(part, inner, edges, lhs_dilation)
    else:
        padded = _padded(lhs, inner, padding, lhs_dilation)
        seen = _views(padded, inner, size, rhs_dilation, outputs, window_strides, joined=last)
        matrix = kernel.reshape(-1, columns)
        result = lax.dot_general(seen, matrix, (((last,), (0,)), ((), ())), precision=precision)
    return lax.transpose(result, np.argsort((out_batch, *out_spatial, out_feature)))


def reduce_window_max(operand: jax.Array, **params: Any) -> jax.Array:
    """The largest of each window."""
    return _pooled(operand, -math.inf, lax.max, **params)


def reduce_window_sum(operand: jax.Array, **params: Any) -> jax.Array:
    """The sum of each window."""
    return _pooled(operand, 0.0, lax.add, **params)


def max_pool_backward(
    source: jax.Array,
    operand: jax.Array,
    *,
    window_dimensions: Numbers,
    window_strides: Numbers,
    padding: Sequence[tuple[int, int]],
    **_: Any,
) -> jax.Array:
    """`lax`'s select_and_scatter_add: what belongs to a window goes to the first place that has its largest number."""
    axes = range(operand.ndim)
    padded = _padded(operand, axes, padding, fill=-math.inf)
    counts = source.shape
    views = [
        (place, _view(padded, axes, place, counts, window_strides))
        for place in itertools.product(*map(range, window_dimensions))
    ]
    largest = views[0][1]
    for _place, view in views[1:]:
        largest = lax.max(largest, view)
    result, taken = jnp.zeros(padded.shape, source.dtype), jnp.zeros(counts, bool)
    for place, view in views:
        here = (view == largest) & ~taken
        taken |= here
        edges = [
            (at, length - at - (count - 1) * stride - 1)
            for at, length, count, stride in zip(place, padded.shape, counts, window_strides, strict=True)
        ]
        result += _padded(jnp.where(here, source, jnp.zeros_like(source)), axes, edges, window_strides)
    return _padded(result, axes, [(-low, -high) for low, high in padding])


def _pooled(
    operand: jax.Array,
    start: float,
    join: Any,
    *,
    window_dimensions: Numbers,
    window_strides: Numbers,
    padding: Sequence[tuple[int, int]],
    **_: Any,
) -> jax.Array:
    axes = range(operand.ndim)
    padded = _padded(operand, axes, padding, fill=start)
    counts = [
        (length - width) // stride + 1
        for length, width, stride in zip(padded.shape, window_dimensions, window_strides, strict=True)
    ]
    first, *others = itertools.product(*map(range, window_dimensions))
    result = _view(padded, axes, first, counts, window_strides)
    for place in others:
        result = join(result, _view(padded, axes, place, counts, window_strides))
    return result


def _padded(
    array: jax.Array,
    axes: Sequence[int],
    edges: Sequence[tuple[int, int]],
    dilation: Numbers | None = None,
    fill: float = 0.0,
) -> jax.Array:
    """So much more, or less, at both ends of each axis, and between its places."""
    config = [(0, 0, 0)] * array.ndim
    for axis, (low, high), by in zip(axes, edges, dilation or [1] * len(axes), strict=True):
        config[axis] = low, high, by - 1
    return lax.pad(array, jnp.asarray(fill, array.dtype), config)


def _view(array: jax.Array, axes: Sequence[int], starts: Numbers, counts: Numbers, strides: Numbers) -> jax.Array:
    """So many places of each axis, `stride` apart."""
    begin, end, step = [0] * array.ndim, list(array.shape), [1] * array.ndim
    for axis, start, count, stride in zip(axes, starts, counts, strides, strict=True):
        begin[axis], end[axis], step[axis] = start, start + (count - 1) * stride + 1, stride
    return lax.slice(array, begin, end, step)


def _views(
    array: jax.Array,
    axes: Sequence[int],
    walked: Numbers,
    steps: Numbers,
    counts: Numbers,
    strides: Numbers,
    joined: int,
) -> jax.Array:
    """A view from each of the places that are walked through, `steps` apart, side by side along one axis."""
    views = [
        _view(array, axes, [at * step for at, step in zip(place, steps, strict=True)], counts, strides)
        for place in itertools.product(*map(range, walked))
    ]
    return jnp.concatenate(views, joined) if len(views) > 1 else views[0]
