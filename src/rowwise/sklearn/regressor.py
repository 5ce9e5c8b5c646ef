"""`DenseRegressor`: numbers, one or several a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d

from rowwise.sklearn.estimator import DenseEstimator, checked_target, names_of_targets
from rowwise.sklearn.rows import rows_of
from rowwise.sklearn.weights import weights_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class DenseRegressor(RegressorMixin, DenseEstimator):
    """A network of Dense layers, trained as `rowwise.train` trains one on a table, as a regressor of scikit-learn.

    y is `(records,)` or `(records, targets)`. X, pickling, saving and all arguments are as of `DenseClassifier`, but
    for these:

    Args:
        target_scale: on which scale y is learned: "standard", "log", "none" or "auto"; empty for "standard".
        counts: whether y are counts, which are predicted above 0 and learned by their deviance.
    """

    target_scale: str
    counts: bool

    def __init__(
        self,
        *,
        preset: str = "default",
        hidden: Sequence[int] | None = None,
        activation: str | None = None,
        dropout: float | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        batch_size: int | None = None,
        epochs: int | None = None,
        validation: float | None = None,
        patience: int | None = None,
        refit: bool | None = None,
        pieces: int | None = None,
        seeds: int | None = None,
        target_scale: str = "",
        counts: bool = False,
        random_state: int | np.random.RandomState | None = 0,
        categorical: Sequence[str] = (),
        numeric: Sequence[str] = (),
        engine: str = "auto",
        threads: int | None = None,
    ) -> None:
        self._keep(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on the records X `(records, columns)` and their numbers y.

        Raises:
            ValueError, TypeError: data or settings that cannot be used.
        """
        import polars as pl

        rows = rows_of(self, X, fitting=True)
        numbers = checked_target(self, X, y, numbers=True)
        if numbers.ndim != 2 or numbers.shape[1] == 1:
            numbers = column_or_1d(numbers, warn=True)[:, None]
        weights = weights_of(sample_weight, None, rows, numbers)
        names = names_of_targets(y, numbers.shape[1], rows.columns)
        targets = pl.DataFrame(
            {name: np.ascontiguousarray(column) for name, column in zip(names, numbers.T, strict=True)}
        )
        reading = {"task": "counts" if self.counts else "regression", "target_scale": self.target_scale}
        return self._fit(rows, targets, weights, reading)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """`(records,)` float64, or `(records, targets)` where there are several."""
        values = self._predicted(X).values.astype(np.float64)
        return values[:, 0] if values.shape[1] == 1 else values
