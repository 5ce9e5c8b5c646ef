"""`DenseClassifier`: classes or several labels, with their probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from rowwise.sklearn.estimator import DenseEstimator, checked_target, names_of_targets, plain
from rowwise.sklearn.rows import rows_of
from rowwise.sklearn.weights import weights_of
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class DenseClassifier(ClassifierMixin, DenseEstimator):
    """A network of Dense layers, trained as `rowwise.train` trains one on a table, as a classifier of scikit-learn.

    X may be an array of numbers, or a DataFrame of pandas or Polars with categories, dates and missing values as they
    are: no encoder, imputer or scaler is needed before it. A DataFrame to be predicted may have its columns in any
    order. y has classes of any type, or is a matrix `(records, labels)` of zeros and ones. With the same settings and
    records it is the same model, to the bit, as that of `rowwise.train`; where fewer than 33 different records are
    weighted or repeated, those weights and repetitions are the same to the bit instead.

    Pickling and joblib work, but whoever opens such a file runs the code in it, whoever wrote it. `save` makes the
    folder of a run, which `rowwise.open` opens safely.

    Args:
        preset: "fast", "default" (the mean of six networks) or "best" (of 24), which chooses what is None here.
        hidden: units of each hidden layer.
        activation: of the hidden layers, by Keras's name.
        dropout: share of the hidden layers' outputs that training sets to 0.
        learning_rate, weight_decay: Adam's.
        batch_size: records a step.
        epochs: at most.
        validation: share of the records that early stopping looks at; 0 for none.
        patience: epochs without a lower validation loss after which the training stops, and keeps its best epoch; 0
            for all epochs, and the last one's weights.
        refit: whether a model is then trained on all records for as many epochs as were best.
        pieces: that each number is divided into; 0 leaves numbers standardized.
        seeds: networks that are averaged.
        class_weight: "balanced"; or class → weight, which the held out records have as well; None: all count alike.
        calibrate: whether the probabilities are calibrated by a temperature, on the records held out.
        threshold: of two classes or of labels, the probability from which on the answer is yes, or what it is chosen
            by on the records held out: "f1", "balanced_accuracy", "cost=FP:FN".
        random_state: same number, same model. None draws one each time.
        categorical, numeric: names of columns to be taken so, whatever they look like.
        engine: "auto", "native", "whole_epoch" or "keras".
        threads: of the native engine; None for as many as pay. The result does not depend on it.

    Attributes:
        classes_: the classes, sorted; of labels their numbers.
        n_features_in_, feature_names_in_: the columns, and their names where X had some.
        model_: the Keras model. history_: the figures of each epoch. n_iter_: epochs trained. record_: all that is
            known of the training.

    Raises, as ValueErrors that are a `RowwiseError` too:
        EstimatorError: settings or data that cannot be used.
    """

    class_weight: str | Mapping[Any, float] | None
    calibrate: bool
    threshold: str | float | None

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
        class_weight: str | Mapping[Any, float] | None = None,
        calibrate: bool = False,
        threshold: str | float | None = None,
        random_state: int | np.random.RandomState | None = 0,
        categorical: Sequence[str] = (),
        numeric: Sequence[str] = (),
        engine: str = "auto",
        threads: int | None = None,
    ) -> None:
        self._keep(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on the records X `(records, columns)` and their classes, or labels, y.

        Raises:
            ValueError, TypeError: data or settings that cannot be used.
        """
        rows = rows_of(self, X, fitting=True)
        labels = checked_target(self, X, y, numbers=False)
        check_classification_targets(labels)
        if type_of_target(labels) == "multilabel-indicator":
            return self._fit_labels(rows, labels, y, sample_weight)
        return self._fit_classes(rows, column_or_1d(labels, warn=True), y, sample_weight)

    def predict(self, X: Any) -> NDArray[Any]:
        """`(records,)`: the most probable classes; of labels `(records, labels)` zeros and ones."""
        prediction = self._predicted(X)
        if self._order is None:
            return prediction.labels.astype(np.int64)
        return self.classes_[self._order[prediction.classes]]

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """`(records, classes)`, in the order of `classes_`; of labels `(records, labels)`: of each that it is there."""
        prediction = self._predicted(X)
        if self._order is None:
            return prediction.probabilities
        return prediction.probabilities[:, np.argsort(self._order)]

    def _more_settings(self) -> dict[str, Any]:
        threshold = plain(self.threshold)
        weights = None if self.class_weight is None or isinstance(self.class_weight, Mapping) else self.class_weight
        return {"class_weight": weights, "calibrate": self.calibrate or None, "threshold": threshold}

    def _fit_classes(self, rows: Any, classes: NDArray[Any], y: Any, sample_weight: Any) -> Self:
        import polars as pl

        from rowwise.data.tables.columns.categorical import sorted_levels
        from rowwise.data.tables.parse import as_text

        weights = weights_of(sample_weight, self.class_weight, rows, classes)
        counts = np.ones(len(classes), bool) if weights is None else weights > 0
        self.classes_, numbers = np.unique(classes[counts], return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(say("sklearn.one_class", name=type(self).__name__, found=self.classes_[0]))
        texts = [as_text(one) for one in self.classes_.tolist()]
        place = {text: number for number, text in enumerate(sorted_levels(texts))}
        in_model = np.array([place[text] for text in texts])  # class → its number in the model, as of a table
        names = np.array([f"class {number:09}" for number in in_model])
        of_records = np.full(len(classes), names[0])
        of_records[counts] = names[numbers]
        (name,) = names_of_targets(y, 1, rows.columns)
        targets = pl.DataFrame({name: of_records.tolist()})
        self._order: NDArray[np.intp] | None = np.argsort(in_model)  # number in the model → class; None for labels
        return self._fit(rows, targets, weights, {"task": "classification"}, tuple(sorted_levels(texts)))

    def _fit_labels(self, rows: Any, labels: NDArray[Any], y: Any, sample_weight: Any) -> Self:
        import polars as pl

        weights = weights_of(sample_weight, None, rows, labels)
        names = names_of_targets(y, labels.shape[1], rows.columns)
        targets = pl.DataFrame({name: column.astype(np.int64) for name, column in zip(names, labels.T, strict=True)})
        self.classes_, self._order = np.arange(labels.shape[1]), None
        return self._fit(rows, targets, weights, {"task": "multilabel"})
