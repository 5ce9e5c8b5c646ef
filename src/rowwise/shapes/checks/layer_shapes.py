"""A layer and the shapes it is called with → nothing, or an error naming the layer, what it expects and the mend.

With data the mend is how to pass them; while a model is put together from `keras.Input`, whose sizes may be
None, it is the layer that belongs in between.
"""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rowwise.errors import ShapeError
from rowwise.models.keras_view import layer_title
from rowwise.models.kinds import is_a
from rowwise.shapes.checks.record_shapes import check_record, counted, same
from rowwise.shapes.shape_text import product, shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

Shape = tuple[int | None, ...]
ELEMENTWISE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")

# Their weights have a size of the input's last axis (the channels' axis).
NEEDS_SIZE = ("Dense", "Conv1D", "Conv2D", "Conv3D", "BatchNormalization", "SimpleRNN", "LSTM", "GRU")


def check_layer(layer: Any, shapes: Sequence[Shape], symbolic: bool = False) -> None:
    """Compare the shapes of all inputs, the axis of records first, with what the layer says that it takes.

    Args:
        layer: of Keras; layers without an `input_spec` and unknown kinds pass.
        shapes: one for each input.
        symbolic: whether they stand for data that do not exist yet.

    Raises:
        ShapeError: they do not fit.
    """
    if is_a(layer, *ELEMENTWISE, "Concatenate"):
        _check_merge(layer, shapes)
        return
    if len(shapes) != 1:
        return
    shape = shapes[0]
    specs = layer.input_spec if isinstance(layer.input_spec, list | tuple) else [layer.input_spec]
    if specs and specs[0] is not None and len(specs) == 1:
        _check_axes(layer, specs[0], shape, symbolic)
        _check_sizes(layer, specs[0], shape, symbolic)
    if symbolic and not layer.built and is_a(layer, *NEEDS_SIZE):
        first = getattr(layer, "data_format", "") == "channels_first"
        axis = 1 if first else len(shape) - 1
        if shape[axis] is None:
            raise ShapeError("mistake.build_none", layer=layer_title(layer), found=shape_text(shape), axis=axis)
    if is_a(layer, "Reshape"):
        _check_reshape(layer, shape)
    elif not symbolic or len(shape) > 2:
        _check_window(layer, shape)


def _check_axes(layer: Any, spec: Any, shape: Shape, symbolic: bool) -> None:
    """How many axes there are."""
    axes, least, most = spec.ndim, spec.min_ndim, spec.max_ndim
    if axes is None and isinstance(window := getattr(layer, "kernel_size", None), tuple):
        axes = len(window) + 2  # a convolution says only that it takes no fewer, but takes no more either
    if axes is None:
        axes = least if least and len(shape) < least else most if most and len(shape) > most else len(shape)
    if axes == len(shape):
        return
    values: dict[str, Any] = {"layer": layer_title(layer), "axes": axes, "found": shape_text(shape)}
    sizes = tuple(size for size in shape if size is not None)
    if not symbolic and axes == 2 and len(shape) == 1:
        raise ShapeError("mistake.vector", **values)
    if not symbolic and len(shape) == axes - 1 and len(sizes) == len(shape):
        # Two axes are a table; of images, a last axis of 1, 3 or 4 is that of the channels.
        one_record = len(shape) != 3 or shape[-1] in (1, 3, 4)
        lacking = say(f"mistake.rank.{'channels' if not one_record else 'records' if len(shape) == 3 else 'axis'}")
        raise ShapeError("mistake.rank", **values, lacking=lacking, code="x[None]" if one_record else "x[..., None]")
    if symbolic and len(shape) == axes + 1 > 4 and shape[1] is None:  # an image has no side of unknown length alone
        shapes = {"input": shape_text(shape[1:]), "mend": shape_text(shape[2:]), "axes": axes}
        raise ShapeError("mistake.build_declared", layer=layer_title(layer), found=shape_text(shape), **shapes)
    code = _reshape(shape[1:], axes - 1)
    raise ShapeError("mistake.build_axes", **values, code=code)


def _check_sizes(layer: Any, spec: Any, shape: Shape, symbolic: bool) -> None:
    """The sizes of the axes that the kernel depends on."""
    expected: dict[int, int | None] = {axis % len(shape): size for axis, size in (spec.axes or {}).items()}
    if not expected and spec.shape is not None and len(spec.shape) == len(shape):
        expected = {axis: size for axis, size in enumerate(spec.shape) if axis and size is not None}
    for axis, size in expected.items():
        actual = shape[axis]
        if size is None or actual is None or actual == size:
            continue
        if not symbolic:
            record = tuple(expected.get(place, found) for place, found in enumerate(shape))[1:]
            if is_a(layer, "Dense") and math.prod(_sizes(shape[1:])) == size:
                record = (size,)
            if len(record) != 2:  # else steps of a sequence, not an image
                check_record(record, _sizes(shape), layer_title(layer))
        raise ShapeError(
            "mistake.build_width",
            layer=layer_title(layer),
            found=shape_text(shape),
            axis=axis,
            expected=size,
            got=actual,
        )


def _check_merge(layer: Any, shapes: Sequence[Shape]) -> None:
    """Layers that join several outputs."""
    values: dict[str, Any] = {"layer": layer_title(layer), "found": ", ".join(map(shape_text, shapes))}
    if len(shapes) < 2:
        raise ShapeError("mistake.merge_one", **values, code=f"keras.layers.{type(layer).__name__}()([a, b])")
    if is_a(layer, "Concatenate"):
        axis = layer.axis % len(shapes[0])
        rest = [shape[:axis] + shape[axis + 1 :] for shape in shapes]
        if not all(same(rest[0], other) for other in rest):
            raise ShapeError("mistake.concatenate", **values, axis=axis)
        return
    for sizes in zip_longest(*(reversed(shape[1:]) for shape in shapes)):  # as broadcasting does, from the last axis
        if len({size for size in sizes if size not in (None, 1)}) > 1:
            raise ShapeError("mistake.merge", **values)


def _check_window(layer: Any, shape: Shape) -> None:
    """A convolution or pooling without padding whose window is larger than the image."""
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if not isinstance(window, tuple) or getattr(layer, "padding", "") != "valid" or len(shape) != len(window) + 2:
        return
    if is_a(layer, *TRANSPOSED):
        return
    sizes = shape[2:] if getattr(layer, "data_format", "") == "channels_first" else shape[1:-1]
    spread = getattr(layer, "dilation_rate", None) or (1,) * len(window)
    reach = tuple((width - 1) * step + 1 for width, step in zip(window, spread, strict=True))
    if any(size is not None and size < width for size, width in zip(sizes, reach, strict=True)):
        raise ShapeError(
            "mistake.build_window",
            layer=layer_title(layer),
            window=product(reach),
            size=product(sizes),
            found=shape_text(shape),
        )


def _check_reshape(layer: Any, shape: Shape) -> None:
    target, record = tuple(layer.target_shape), shape[1:]
    if None in record:
        return
    numbers, fixed = math.prod(_sizes(record)), math.prod(size for size in target if size != -1)
    if numbers == fixed or (-1 in target and fixed and numbers % fixed == 0):
        return
    raise ShapeError(
        "mistake.build_reshape",
        layer=layer_title(layer),
        target=shape_text(target),
        wanted=counted("number", fixed),
        found=shape_text(record),
        numbers=counted("number", numbers),
    )


def _reshape(record: Shape, axes: int) -> str:
    """The layer that gives a record this many axes: code."""
    sizes = [-1 if size is None else size for size in record]
    if axes == 1:
        return "keras.layers.Flatten()"
    if len(sizes) == axes - 1:
        sizes = [*sizes, 1]
    elif len(sizes) == 1 and axes == 3 and sizes[0] > 0 and math.isqrt(sizes[0]) ** 2 == sizes[0]:
        sizes = [math.isqrt(sizes[0])] * 2 + [1]
    elif len(sizes) < axes:
        sizes = [*sizes, *[1] * (axes - len(sizes))]
    else:
        rest = sizes[axes - 1 :]
        sizes = [*sizes[: axes - 1], -1 if -1 in rest else math.prod(rest)]
    return f"keras.layers.Reshape(({', '.join(map(str, sizes))}))"


def _sizes(shape: Shape) -> tuple[int, ...]:
    return tuple(size or 1 for size in shape)
