"""A model → the function that predicts with it, for as many calls as a measure needs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from rowwise.engine.prediction import Prediction


def predictor(model: keras.Model) -> Callable[..., Prediction]:
    """Takes x, and the number of records in a batch if it shall not be the usual one."""
    from rowwise.engine.prediction import predict

    return partial(predict, model)
