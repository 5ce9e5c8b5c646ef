"""All that a report's page shows, in one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.measure.multilabel import MultiLabelReport
from rowwise.measure.quantiles import QuantileReport
from rowwise.measure.regression import RegressionReport
from rowwise.measure.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.measure.dependence import Dependence
    from rowwise.measure.importance import Importance


@dataclass(frozen=True)
class Training:
    """How a model was trained, as far as is known.

    Attributes:
        records, checksum: of the training records; 0 and empty where they are not known.
        settings: by name, in the order in which they are shown.
        versions: of the libraries that trained.
        figures: Keras's, by name: a number an epoch, NaN for none.
        seconds: of each epoch.
        spread: each measure of the networks of an ensemble, one by one.
        best_epoch: that whose weights the model has, from 1; 0 where those of the last one.
    """

    records: int = 0
    checksum: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Sequence[float]] = field(default_factory=dict)
    seconds: Sequence[float] = ()
    best_epoch: int = 0
    spread: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ReportContent:
    """A model, the data that it was measured on, and what came of it.

    Attributes:
        report: of `data`.
        model: as it was measured.
        data: the records as they were read, which the page shows.
        importance: of the columns, for tables.
        dependence: of the most important ones.
        training: of the model.
        commands: what repeats the run, line by line: title key of the catalogue, command.
        versions: of what computed the measures.
    """

    report: Report | RegressionReport | MultiLabelReport | QuantileReport
    model: keras.Model
    data: Dataset
    importance: Importance | None = None
    training: Training = field(default_factory=Training)
    commands: Sequence[tuple[str, str]] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    dependence: Sequence[Dependence] = ()

    @property
    def classes(self) -> Report | None:
        """The report where it is of classes."""
        return self.report if isinstance(self.report, Report) else None

    @property
    def numbers(self) -> RegressionReport | None:
        """The report where it is of numbers."""
        return self.report if isinstance(self.report, RegressionReport) else None

    @property
    def quantiles(self) -> QuantileReport | None:
        """The report where it is of quantiles."""
        return self.report if isinstance(self.report, QuantileReport) else None

    @property
    def labels(self) -> MultiLabelReport | None:
        """The report where it is of several labels a record."""
        return self.report if isinstance(self.report, MultiLabelReport) else None

    @cached_property
    def probabilities(self) -> NDArray[Any]:
        """`(records, classes)`; no columns where the report is not of classes, or has none."""
        probabilities = None if self.classes is None else self.classes.probabilities
        return np.empty((len(self.data), 0)) if probabilities is None else probabilities

    @cached_property
    def confidence(self) -> NDArray[Any]:
        """`(records,)`: the highest probability of each."""
        return self.probabilities.max(1)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """`(records,)` class numbers."""
        predicted = None if self.classes is None else self.classes.predicted
        return self.probabilities.argmax(1) if predicted is None else predicted
