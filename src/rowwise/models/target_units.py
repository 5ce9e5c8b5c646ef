"""A Dataset's numbers → the layers after the last Dense layer that give them in their own units, and the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset


def layers_of_numbers(dataset: Dataset) -> tuple[list[keras.layers.Layer], keras.losses.Loss | str]:
    """From outputs with mean 0 and deviation 1, which the Dense layers learn most easily, to the targets' units.

    Targets that have an origin are counted from it: float32 could not hold them. Means and deviations are weighted
    where the records have weights.
    """
    from rowwise.models.target_layers import (
        CountsOfLogs,
        NumbersOfLogs,
        PinballLoss,
        PoissonDeviance,
        RisingQuantiles,
        SquaredLogError,
    )

    schema = dataset.schema
    counted = dataset.y if schema is None else schema.from_origins(dataset.y)
    y = counted.reshape(len(dataset), -1).astype(np.float64)
    if schema is not None and schema.counts:
        scale = _one_or_several([mean or 1.0 for mean in _statistics(y, dataset)[0]])
        return [CountsOfLogs(scale, name="units")], PoissonDeviance(scale)
    if schema is not None and schema.target_scale == "none":
        return [], "mean_squared_error"
    logs = schema is not None and schema.target_scale == "log"
    means, deviations = _statistics(np.log(y) if logs else y, dataset)
    scale, offset = _one_or_several([deviation or 1.0 for deviation in deviations]), _one_or_several(means)
    if logs:
        return [NumbersOfLogs(scale, offset, name="units")], SquaredLogError(scale)
    if schema is not None and schema.quantiles:
        assert isinstance(scale, float)
        assert isinstance(offset, float)
        return [RisingQuantiles(schema.quantiles, scale, offset, name="units")], PinballLoss(schema.quantiles, scale)
    return _rescaled(scale, offset)


def _rescaled(
    scale: float | list[float], offset: float | list[float]
) -> tuple[list[keras.layers.Layer], keras.losses.Loss]:
    import keras

    from rowwise.models.preparation import ScaledSquaredError

    return [keras.layers.Rescaling(scale, offset, name="units")], ScaledSquaredError(scale)


def _statistics(y: NDArray[np.float64], dataset: Dataset) -> tuple[list[float], list[float]]:
    """The means and standard deviations of `(records, targets)`."""
    means: NDArray[Any]
    if dataset.weights is None:
        means, deviations = y.mean(0), y.std(0)
    else:
        means = np.average(y, 0, dataset.weights)
        deviations = np.sqrt(np.average((y - means) ** 2, 0, dataset.weights))
    return means.tolist(), deviations.tolist()


def _one_or_several(values: list[float]) -> float | list[float]:
    return values[0] if len(values) == 1 else values
