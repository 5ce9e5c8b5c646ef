"""Sample weights and class weights → how much each record counts; repeated records → one that counts as often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_array, check_consistent_length

from rowwise.text import say

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

# Different records up to which weights and repetitions are the same to the bit: as many as a usual batch has.
FEW = 32
LOOKED_AT = 1024  # records, of which more than FEW differ in nearly every table


def weights_of(sample_weight: Any, class_weight: Any, X: Any, y: NDArray[Any]) -> NDArray[np.float64] | None:
    """`(records,)`; None where all records count alike.

    Args:
        class_weight: class → weight, which multiplies those of its records; anything else is the training's affair.

    Raises:
        ValueError: negative or infinite weights, weights that are all zero, or not one for each record.
    """
    weights = None
    if sample_weight is not None:
        weights = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
        if weights.ndim != 1:
            raise ValueError(say("sklearn.weights.shape", found=weights.shape, expected=f"({len(X):,},)"))
        check_consistent_length(sample_weight, X)
        if (weights < 0).any():
            raise ValueError(say("sklearn.weights.negative", found=f"{weights.min():g}"))
    if isinstance(class_weight, Mapping):
        of_classes = compute_sample_weight(dict(class_weight), y)
        weights = of_classes if weights is None else weights * of_classes
    if weights is None or ((weights == weights[0]).all() and weights[0] == 1):
        return None
    if not weights.any():
        raise ValueError(say("sklearn.weights.zero"))
    return weights


def distinct(rows: pl.DataFrame, weight: str) -> pl.DataFrame:
    """Where few records differ, each of them once, in an order of their own; its weight the sum of all its weights.

    A training by batches depends on the order of its records, and an epoch with a record twice is not one in which it
    weighs 2. Of few records the order says nothing: they are put in that of their values. Then a weight of 2 is the
    same, to the bit, as two such records, and a record that weighs nothing as one that is not there.

    Args:
        rows: records with their targets.
        weight: the name of the column of weights; where there is none, records count 1.
    """
    import polars as pl

    names = [name for name in rows.columns if name != weight]
    if rows.head(LOOKED_AT).select(names).n_unique() > FEW:
        return rows
    counted = rows if weight in rows.columns else rows.with_columns(pl.lit(1.0).alias(weight))
    each = counted.group_by(names, maintain_order=True).agg(pl.col(weight).sum())
    if len(each) > FEW or (weight not in rows.columns and len(each) == len(rows)):
        return rows
    each = each.sort(names)
    return each.drop(weight) if (each[weight] == 1).all() else each
