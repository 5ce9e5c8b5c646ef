"""A Prediction of a table's records → the numbers to explain, each with a name, and the answers that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rowwise.data.column_names import listed
from rowwise.errors import UsageError
from rowwise.text import say
from rowwise.text.near import did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.engine.prediction import Prediction


class Outputs(NamedTuple):
    """`numbers` `(records, outputs)` with a name a column; `answers` `(records, …)` of classes and labels, else None.

    Of classes and labels the numbers are probabilities. `usual` is the output that is explained where none is named:
    the class that is answered for the first record, the middle quantile, or the first.
    """

    numbers: NDArray[Any]
    names: tuple[str, ...]
    answers: NDArray[Any] | None
    task: str
    usual: int = 0

    def place(self, name: str | None) -> int:
        """The column of an output by its name; `usual` where none is given.

        Raises:
            UsageError: there is none of that name.
        """
        if name is None:
            return self.usual
        if name not in self.names:
            raise UsageError(
                "outputs.unknown", name=name, near=did_you_mean(name, self.names), known=listed(self.names)
            )
        return self.names.index(name)


def outputs_of(prediction: Prediction, class_names: tuple[str, ...], target_names: tuple[str, ...]) -> Outputs:
    """What a prediction says of each record."""
    answers: NDArray[Any] | None
    if prediction.task == "multilabel":
        numbers, answers = prediction.probabilities, prediction.labels
    elif prediction.task in ("binary", "multiclass"):
        numbers, answers = prediction.probabilities, prediction.classes
    else:
        numbers, answers = prediction.values, None
    if not numbers.shape[1]:  # margins
        numbers = prediction.values
    if prediction.quantiles and len(target_names) == 1:
        target_names = tuple(f"{target_names[0]} {level:g}" for level in prediction.quantiles)
    names = class_names if prediction.task in ("binary", "multiclass") else target_names
    if len(names) != numbers.shape[1]:
        names = tuple(say("outputs.number", number=place + 1) for place in range(numbers.shape[1]))
    usual = len(prediction.quantiles) // 2
    if answers is not None and answers.ndim == 1 and numbers.shape[1] > 1 and len(answers):
        usual = int(answers[0])
    return Outputs(numbers, names, answers, prediction.task, usual)
