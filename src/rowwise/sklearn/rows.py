"""X as scikit-learn's users have it (arrays, lists, DataFrames) → a DataFrame of Polars, its columns as when fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import validate_data

from rowwise.data.source import is_frame
from rowwise.text import say

if TYPE_CHECKING:
    import polars as pl
    from sklearn.base import BaseEstimator

LEAST = 2  # records to learn from


def rows_of(estimator: BaseEstimator, X: Any, fitting: bool) -> pl.DataFrame:
    """X with a name for each column; of a DataFrame its own, of an array x0, x1 and so on.

    Where fitting, `n_features_in_` and `feature_names_in_` are set; else X must have those columns, a DataFrame in
    whatever order.

    Raises:
        ValueError, TypeError: scikit-learn's own for what it refuses: another number of columns, no two axes, infinite
            or complex numbers, sparse matrices.
    """
    import polars as pl

    if hasattr(X, "collect") and hasattr(X, "lazy"):
        X = X.collect()
    if is_frame(X):
        return _of_frame(estimator, X, fitting)
    texts = np.asarray(X).dtype.kind in "OSU" if not hasattr(X, "toarray") else False
    array = validate_data(
        estimator,
        X,
        reset=fitting,
        dtype=None if texts and _holds_text(X) else "numeric",
        ensure_all_finite="allow-nan",
        ensure_min_samples=LEAST if fitting else 1,
    )
    if array.dtype.kind in "OSU":
        from rowwise.data.tables.frames import series_of_array

        return pl.DataFrame([series_of_array(f"x{place}", column) for place, column in enumerate(array.T)])
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    columns = {f"x{place}": np.ascontiguousarray(column) for place, column in enumerate(array.T)}
    frame = pl.DataFrame(columns)
    return frame.fill_nan(None) if array.dtype.kind == "f" else frame


def _holds_text(X: Any) -> bool:
    """Whether there is a text that is no number, so that the columns are those of a table."""
    array = np.asarray(X)
    if array.dtype.kind in "SU":
        return True
    return any(isinstance(value, str) for value in array.reshape(-1))


def _of_frame(estimator: BaseEstimator, X: Any, fitting: bool) -> pl.DataFrame:
    from rowwise.data.tables.frames import from_pandas

    if not fitting:
        X = _in_order(estimator, X)
    validate_data(estimator, X, reset=fitting, skip_check_array=True)
    if len(X) < (least := LEAST if fitting else 1):
        name = type(estimator).__name__
        raise ValueError(say("sklearn.rows", name=name, found=len(X), expected=least))
    frame = X if hasattr(X, "lazy") else from_pandas(X)[0]
    infinite = [column.name for column in frame if column.dtype.is_float() and column.is_infinite().any()]
    if infinite:
        raise ValueError(say("sklearn.infinite", columns=", ".join(infinite[:6])))
    return frame


def _in_order(estimator: BaseEstimator, X: Any) -> Any:
    """The columns in the order in which they were fitted; where others are there, X, which scikit-learn refuses."""
    names, given = getattr(estimator, "feature_names_in_", None), list(X.columns)
    if names is None or set(given) != set(names) or len(given) != len(names):
        return X
    return X if given == list(names) else X[list(names)]
