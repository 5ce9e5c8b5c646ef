"""Class numbers → rows of probabilities, and a model that learns from such: what mixup blends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset


def with_soft_labels(model: keras.Model) -> keras.Model:
    """The same model of classes, whose loss takes probabilities; compiled anew, before it is trained."""
    model.compile(model.optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


def soft(data: Dataset) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """x, and of each record the probability of each class: 1 for its own."""
    return data.x, np.eye(len(data.classes), dtype=np.float32)[data.y]
