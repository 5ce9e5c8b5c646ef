"""What variables begin with → tensors, without the program that XLA would compile for each of their shapes.

`jnp.zeros` compiles one, and so does an array of NumPy that an initializer gives: 10 ms and more for each shape that a
process has not met, which is a third of the time that a small table's networks take to train.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

OF_KERAS = "keras.src.optimizers"
PLAIN = "float32"


def tensor_of(values: NDArray[Any], dtype: str | None = None) -> Any:
    """As an initializer gives them."""
    dtype = dtype or PLAIN
    return keras.ops.convert_to_tensor(values.astype(dtype, copy=False), dtype)


def zeros(shape: tuple[int, ...], dtype: str | None = None) -> Any:
    """An initializer, as Keras's own."""
    if dtype not in (None, PLAIN):
        return keras.ops.zeros(shape, dtype)
    return tensor_of(np.zeros(shape, PLAIN), dtype)


def build_optimizer(model: keras.Model) -> None:
    """Make the optimizer's variables for the model's weights."""
    with slots_uncompiled(model.optimizer):
        model.optimizer.build(model.trainable_variables)


@contextmanager
def slots_uncompiled(optimizer: Any) -> Iterator[None]:
    """While the block runs, one of Keras's optimizers has its slots of zeros by `zeros`."""
    if optimizer is None or optimizer.built or not type(optimizer).__module__.startswith(OF_KERAS):
        yield
        return
    own = optimizer.add_variable_from_reference

    def add(reference_variable: Any, name: str | None = None, initializer: Any = "zeros") -> Any:
        return own(reference_variable, name=name, initializer=zeros if initializer == "zeros" else initializer)

    optimizer.add_variable_from_reference = add
    try:
        yield
    finally:
        del optimizer.add_variable_from_reference
