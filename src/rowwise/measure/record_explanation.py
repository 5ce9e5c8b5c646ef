"""A model and one record of a table → why the model says what it says, and what would have to change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import UsageError
from rowwise.measure.changes import Change, nearest_changes
from rowwise.measure.columns import table_columns
from rowwise.measure.contributions import Contributions, contributions
from rowwise.measure.outputs import outputs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Schema
    from rowwise.engine.prediction import Prediction

MOST_COMPARED = 5_000  # training records whose values are tried


@dataclass(frozen=True, eq=False, repr=False)
class RecordExplanation:
    """Why the model says what it says of one record.

    Attributes:
        record: what the record is called.
        output: what the explained number is of: a class, whose probability it is; a label; or a target.
        number: what the model says; probabilities from 0 to 1.
        answer: the class that it answers; empty for numbers. Of a label whether the record has it.
        task: as a Prediction has it.
        values: of the record, by column, as the table writes them.
        contributed: how much each column contributes, in the order of `values`.
        changes: by what they aim at: `"answer"`, `"up"`, `"down"`.
        amount: how far a number is to move; 0 for answers.
        usual_amount: whether nobody asked for that amount: it is half a deviation of the training records' numbers.
        learned_from: whether the model was trained on the record.
    """

    record: str
    output: str
    number: float
    answer: str
    task: str
    values: Mapping[str, str]
    contributed: Contributions
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    amount: float = 0.0
    usual_amount: bool = False
    learned_from: bool = False

    @property
    def contributions(self) -> dict[str, float]:
        """By column, the largest first."""
        both = zip(self.values, self.contributed.values.tolist(), strict=True)
        return dict(sorted(both, key=lambda one: -abs(one[1])))

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        found = self.contributed
        errors = dict(zip(self.values, found.errors.tolist(), strict=True))
        return {
            "record": self.record,
            "task": self.task,
            "output": self.output,
            "number": self.number,
            "answer": self.answer or None,
            "average": found.base,
            "contributions": [
                {"column": name, "value": self.values[name], "contribution": value, "error": errors[name]}
                for name, value in self.contributions.items()
            ],
            "method": "shapley" if found.counted else "shapley sampling",
            "compared_with": found.background,
            "amount": self.amount or None,
            "changes": {aim: [change._asdict() for change in changes] for aim, changes in self.changes.items()},
            "learned_from": self.learned_from,
        }

    def __repr__(self) -> str:
        """In at most 80 columns, in the current language."""
        from rowwise.measure.record_text import record_lines

        return "\n".join(record_lines(self))


def explain_record(
    predict: Callable[[NDArray[np.float32]], Prediction],
    record: NDArray[np.float32],
    others: NDArray[np.float32],
    schema: Schema,
    class_names: tuple[str, ...],
    *,
    name: str,
    output: str | None = None,
    change: float | None = None,
    seed: int = 0,
    learned_from: bool = False,
) -> RecordExplanation:
    """Why the model says what it says of `record` `(columns of X,)`, and what would change that.

    Args:
        others: training records `(records, columns of X)`, which it is compared with and whose values are tried.
        name: what the record is called.
        output: the class, label or target to explain; None for the class that is answered, or the first.
        change: how far a number is to move; None for half a deviation of what the model says of `others`.
        seed: of what is drawn.

    Raises:
        UsageError: no such output, or an amount that is none of a number.
    """
    columns = table_columns(schema, len(record))

    def outputs(x: NDArray[np.float32]) -> Any:
        return outputs_of(predict(x), class_names, schema.targets)

    rest = others[np.sort(np.random.default_rng(seed).permutation(len(others))[:MOST_COMPARED])]
    own = outputs(record[None])
    answers = own.answers
    place = own.place(output)
    answer = _answer(own, place, schema)

    def number(x: NDArray[np.float32]) -> NDArray[np.float64]:
        numbers: NDArray[np.float64] = outputs(x).numbers[:, place].astype(np.float64)
        return numbers

    if change is not None and (answers is not None or not (np.isfinite(change) and change > 0)):
        raise UsageError("record.change.answers" if answers is not None else "record.change", found=change)
    mine, aims, amount = float(own.numbers[0, place]), dict[str, Any](), 0.0
    if answers is not None:

        def other_answer(x: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
            found = outputs(x)
            given = found.answers if found.answers.ndim == 1 else found.answers[:, place]
            before = answers[0] if answers.ndim == 1 else answers[0, place]
            return found.numbers[:, place].astype(np.float64), given != before

        aims["answer"] = other_answer
    else:
        amount = change if change is not None else float(number(rest).std()) / 2

        def moved(sign: int) -> Any:
            def far_enough(x: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
                numbers = number(x)
                return numbers, sign * (numbers - mine) >= amount

            return far_enough

        aims |= {"up": moved(1), "down": moved(-1)} if amount else {}
    return RecordExplanation(
        record=name,
        output=own.names[place],
        number=mine,
        answer=answer,
        task=own.task,
        values={column.name: column.text(record[column.at]) for column in columns},
        contributed=contributions(number, record, rest, columns, seed),
        changes={aim: tuple(nearest_changes(aimed, record, rest, columns)) for aim, aimed in aims.items()},
        amount=amount,
        usual_amount=change is None,
        learned_from=learned_from,
    )


def _answer(own: Any, place: int, schema: Schema) -> str:
    """The class that is answered; of a label its yes or no, as the table writes them; empty for numbers."""
    if own.answers is None:
        return ""
    if own.answers.ndim == 1:
        number = int(own.answers[0])
        return own.names[number] if len(own.names) > number else str(number)
    return schema.labels[place][bool(own.answers[0, place])]
