"""True and predicted classes → a Report: accuracy, precision, recall, F1, support, confusion.

Formulas: precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN), a quotient
without a denominator counts 0; macro is the plain mean over the classes that occur, as in scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.errors import DataError
from rowwise.text import language, say
from rowwise.text.terminal import WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


class ClassScore(NamedTuple):
    """One class: `support` records have it, `predicted` were given it."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


class Confused(NamedTuple):
    """`records` of class `true`, the `share` of its support, were taken for `predicted`."""

    true: str
    predicted: str
    records: int
    share: float


@dataclass(frozen=True, eq=False)
class Report:
    """What a classifier got right and wrong on some data.

    Attributes:
        confusion: `(classes, classes)` int64; row: the true class, column: the predicted one.
        classes, classes_ko: names by class number.
        loss: mean cross-entropy, in nats; None where probabilities were not known.
        provenance: of the data measured on.
    """

    confusion: NDArray[np.int64]
    classes: tuple[str, ...]
    classes_ko: tuple[str, ...] = ()
    loss: float | None = None
    provenance: str = ""

    @property
    def records(self) -> int:
        """How many records were measured."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of records on the diagonal."""
        return float(np.trace(self.confusion) / self.records)

    @property
    def per_class(self) -> tuple[ClassScore, ...]:
        """A score a class, by class number."""
        right = np.diagonal(self.confusion)
        support, predicted = self.confusion.sum(1), self.confusion.sum(0)
        precision, recall = _ratio(right, predicted), _ratio(right, support)
        f1 = _ratio(2 * right, support + predicted)
        names = self._names()
        return tuple(
            ClassScore(
                names[c], float(precision[c]), float(recall[c]), float(f1[c]), int(support[c]), int(predicted[c])
            )
            for c in range(len(names))
        )

    @property
    def precision(self) -> float:
        """Macro precision."""
        return self._macro("precision")

    @property
    def recall(self) -> float:
        """Macro recall."""
        return self._macro("recall")

    @property
    def f1(self) -> float:
        """Macro F1: the mean of the classes' F1."""
        return self._macro("f1")

    def confused(self, most: int = 5) -> tuple[Confused, ...]:
        """The pairs taken for one another most often, most first."""
        counts, support, names = self.confusion, self.confusion.sum(1), self._names()
        return tuple(
            Confused(names[t], names[p], int(counts[t, p]), float(counts[t, p] / support[t]))
            for t, p in self._confused(most)
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it; names in English."""
        return {
            "records": self.records,
            "provenance": self.provenance,
            "accuracy": self.accuracy,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "loss": self.loss,
            "per_class": [
                score._asdict() | {"name": name} for name, score in zip(self.classes, self.per_class, strict=True)
            ],
            "confusion": self.confusion.tolist(),
            "confused": [
                {"true": int(true), "predicted": int(predicted), "records": int(self.confusion[true, predicted])}
                for true, predicted in self._confused(5)
            ],
        }

    def __str__(self) -> str:
        """A table of at most 80 columns, in the language in force."""
        from rich.cells import cell_len, set_cell_size

        head = [say(f"measure.{word}") for word in ("precision", "recall", "f1", "support")]
        width = min(max(cell_len(name) for name in (*self._names(), say("measure.macro"))), WIDTH - 4 * 11)

        def line(name: str, cells: Sequence[str]) -> str:
            return set_cell_size(name, width) + "".join(" " * (11 - cell_len(cell)) + cell for cell in cells)

        rows = [
            line(s.name, (f"{s.precision:.4f}", f"{s.recall:.4f}", f"{s.f1:.4f}", f"{s.support:,}"))
            for s in self.per_class
        ]
        macro = line(
            say("measure.macro"), (f"{self.precision:.4f}", f"{self.recall:.4f}", f"{self.f1:.4f}", f"{self.records:,}")
        )
        loss = "" if self.loss is None else "  " + say("measure.loss", loss=f"{self.loss:.4f}")
        lines = [say("measure.accuracy", accuracy=f"{self.accuracy:.4f}") + loss, line("", head), *rows, macro]
        if pairs := self.confused():
            lines.append(say("measure.confused"))
            lines += [
                say("measure.pair", true=p.true, predicted=p.predicted, count=p.records, share=f"{100 * p.share:.1f}")
                for p in pairs
            ]
        if never := [s.name for s in self.per_class if s.support and not s.predicted]:
            lines.append(say("measure.never", names=", ".join(never)))
        return "\n".join(lines)

    def _confused(self, most: int) -> list[tuple[int, int]]:
        """(true, predicted) class numbers of the cells off the diagonal that hold most records."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        pairs = (divmod(int(cell), len(wrong)) for cell in np.argsort(-wrong, axis=None, kind="stable")[:most])
        return [pair for pair in pairs if wrong[pair]]

    def _names(self) -> tuple[str, ...]:
        return self.classes_ko if self.classes_ko and language() == "ko" else self.classes

    def _macro(self, figure: str) -> float:
        return float(np.mean([getattr(s, figure) for s in self.per_class if s.support or s.predicted]))


def measure(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    classes: Sequence[str],
    classes_ko: Sequence[str] = (),
    loss: float | None = None,
    provenance: str = "",
) -> Report:
    """Compare `y_true` `(records,)` with `y_pred` `(records,)`, class numbers both.

    Raises:
        DataError: no records, or the numbers of records differ.
    """
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if true.shape != predicted.shape or true.ndim != 1 or not len(true):
        raise DataError("measure.records", true=true.shape, predicted=predicted.shape)
    cells = np.bincount(true.astype(np.int64) * len(classes) + predicted, minlength=len(classes) ** 2)
    return Report(cells.reshape(len(classes), -1), tuple(classes), tuple(classes_ko), loss, provenance)


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
