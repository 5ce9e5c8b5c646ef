"""An export and its run → how far their answers lie apart, on the run's own records and on odd ones; or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.engine.interpretation import interpreted
from rowwise.errors import ModelError
from rowwise.exports.kinds import FLOATS
from rowwise.exports.records import handed_in
from rowwise.models.keras_view import last_layer
from rowwise.models.target_functions import LogNumbers
from rowwise.models.task import MULTILABEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.engine.interpretation import Prediction
    from rowwise.exports.program import Program
    from rowwise.exports.records import Tried
    from rowwise.runs.saved import Saved

Answers = Mapping[str, "NDArray[Any]"]
Runner = Callable[[Mapping[str, "NDArray[Any]"]], Answers]

Scale = tuple["NDArray[np.float64]", "NDArray[np.float64]"]  # mean and standard deviation of each number
TOLERANCE = 1e-5
BATCHES = (1, 32, 1000)
CHANCES = 4  # random roundings of each record, to see how far they may move its answer
ROUNDING = 8.0  # times float32's rounding that answers may lie apart where that is more than the tolerance,
MOST = 1e-2  # but no more than this


@dataclass(frozen=True)
class Proof:
    """What was compared, and what came of it.

    Attributes:
        records, odd, extremes: how many usual records, ones with missing values or unknown levels, and extreme ones.
        origin: `"own"` or `"drawn"`, as of the usual records.
        by: what ran the export, such as `onnxruntime 1.20`.
        difference: the largest one of the usual and odd records: of probabilities as it is, of numbers as a share of
            what they vary by, or of how far they are from their mean where that is more; of a logarithm's numbers as a
            share of themselves, for that is what such a model is trained to get right.
        extreme_difference: the same of the extreme records, where the model's own rounding may be larger.
    """

    records: int
    odd: int
    extremes: int
    origin: str
    by: tuple[str, ...]
    difference: float
    extreme_difference: float

    def to_dict(self) -> dict[str, Any]:
        """As the export itself has it."""
        return {**vars(self), "by": list(self.by), "batches": list(BATCHES)}


@dataclass(frozen=True)
class Expected:
    """The model's own answers for records that are tried."""

    tried: Tried
    inputs: Mapping[str, NDArray[Any]]
    answers: Answers
    scale: Scale | None  # of numbers
    allowed: NDArray[np.float64]  # `(records,)`, in units of `scale`
    thresholds: tuple[float, ...]
    of_logs: bool = False  # numbers are e to what the network gives


def expected(saved: Saved, program: Program, tried: Tried, outputs: NDArray[np.float32]) -> Expected:
    """What the model says of the records, and how far another computation of the same may lie from it."""
    prediction = interpreted(saved.network, outputs, saved.basis)
    answers = _said(prediction)
    if program.kind == FLOATS and "values" in answers:
        answers["values"] = outputs  # counted from their origin
    inputs = handed_in(saved, program, tried.x)
    main = "values" if "values" in answers else "probabilities"
    usual = answers[main][: tried.usual].astype(np.float64)
    finite = np.where(np.isfinite(usual), usual, 0)
    scale = (finite.mean(0), finite.std(0)) if main == "values" else None
    allowed = np.maximum(_rounding(program, inputs, main, scale, tried), _last_digits(outputs, scale))
    of_logs = isinstance(last_layer(saved.network), LogNumbers)
    return Expected(tried, inputs, answers, scale, np.clip(allowed, TOLERANCE, MOST), prediction.thresholds, of_logs)


def _rounding(
    program: Program, inputs: Mapping[str, NDArray[Any]], main: str, scale: Scale | None, tried: Tried
) -> NDArray[np.float64]:
    """`(records,)`: how far the program's own answers in float32 and in float64 lie apart, some times over.

    Where a record's large numbers cancel, how far is a matter of chance, and may be nothing at all: so those answers
    count as well of which each step is rounded at random.
    """
    exact, noise = program.answers(inputs, exact=True)[main], np.random.default_rng(0)
    others = [program.answers(inputs)[main]]
    others += [program.answers(inputs, exact=True, noise=noise)[main] for _ in range(CHANCES)]
    apart = np.max([_apart(other, exact, scale) for other in others], axis=0)
    rounding = ROUNDING * np.nan_to_num(apart, nan=0.0, posinf=0.0)
    return np.maximum(rounding, rounding[: tried.odd].max(initial=0.0))  # one record's may be small by chance


def prove(what: Expected, runners: Mapping[str, Runner]) -> Proof:
    """Run the export on all records, in batches of several sizes.

    Args:
        runners: by name and version, what runs it.

    Raises:
        ModelError: it answers otherwise than the model.
    """
    tried, total = what.tried, len(what.tried.x)
    largest = np.zeros(total)
    for name, run in runners.items():
        for size in BATCHES:
            # Small batches show that the first axis is free; all records go through the large ones.
            starts = range(0, total, size) if size == max(BATCHES) else (0, total - size) if total >= size else ()
            for start in starts:
                part = slice(start, start + size)
                given = run({key: values[part] for key, values in what.inputs.items()})
                largest[part] = np.maximum(largest[part], _check(what, part, given, name))
    return Proof(
        tried.usual,
        tried.odd - tried.usual,
        total - tried.odd,
        tried.origin,
        tuple(runners),
        float(largest[: tried.odd].max(initial=0.0)),
        float(largest[tried.odd :].max(initial=0.0)),
    )


def _check(what: Expected, part: slice, given: Answers, name: str) -> NDArray[np.float64]:
    """`(records,)`: the differences of a batch; raises where one is too large."""
    main = "values" if "values" in what.answers else "probabilities"
    wanted = what.answers[main][part]
    if set(given) != set(what.answers) or given[main].shape != wanted.shape:
        raise ModelError("export.proof.shape", by=name, found=given[main].shape, expected=wanted.shape)
    apart = _apart(given[main], wanted, what.scale)
    worst = int(np.argmax(apart / what.allowed[part]))
    if not apart[worst] <= what.allowed[part][worst]:
        raise ModelError(
            "export.proof",
            by=name,
            record=part.start + worst,
            found=np.array2string(given[main][worst], precision=8, threshold=4),
            expected=np.array2string(wanted[worst], precision=8, threshold=4),
        )
    for role in what.answers.keys() - {main}:
        others = given[role] != what.answers[role][part]
        doubtful = _close(wanted, what.thresholds, role) <= 2 * what.allowed[part][(...,) + (None,) * (others.ndim - 1)]
        if (others & ~doubtful).any():
            record = int(np.argmax((others & ~doubtful).reshape(len(others), -1).any(1)))
            values = {"found": given[role][record], "expected": what.answers[role][part][record]}
            raise ModelError("export.proof", by=name, record=part.start + record, **values)
    return _shares(given[main], wanted, np.abs(wanted, dtype=np.float64)) if what.of_logs else apart


def _apart(some: NDArray[Any], others: NDArray[Any], scale: Scale | None) -> NDArray[np.float64]:
    """`(records,)`: the largest difference of each, in the units of `scale`."""
    return _shares(some, others, _units(others.astype(np.float64), scale))


def _shares(some: NDArray[Any], others: NDArray[Any], units: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(records,)`: the largest difference of each as a share of `units`; NaN is like NaN, infinite like infinite."""
    some, others = some.astype(np.float64), others.astype(np.float64)
    with np.errstate(all="ignore"):
        apart = np.abs(some - others) / units
    same = (some == others) | (np.isnan(some) & np.isnan(others))
    return np.where(same, 0.0, np.nan_to_num(apart, nan=np.inf, posinf=np.inf)).max(1, initial=0.0)


def _units(values: NDArray[np.float64], scale: Scale | None) -> NDArray[np.float64]:
    """What differences are shares of: what the numbers vary by, or how far each is from their mean if that is more."""
    if scale is None:
        return np.ones(values.shape)
    mean, deviation = scale
    units = np.maximum(deviation, np.abs(values - mean))
    return np.where(units > 0, units, 1.0)


def _last_digits(outputs: NDArray[np.float32], scale: Scale | None) -> NDArray[np.float64]:
    """`(records,)`: two units in the last place of float32, in which numbers come, however little these vary."""
    if scale is None or not outputs.size:
        return np.zeros(len(outputs))
    with np.errstate(all="ignore"):
        digits = 2 * np.spacing(np.abs(outputs)).astype(np.float64) / np.where(scale[1] > 0, scale[1], 1.0)
    return np.nan_to_num(digits, nan=0.0, posinf=0.0).max(1)


def _close(main: NDArray[Any], thresholds: tuple[float, ...], role: str) -> NDArray[Any]:
    """How near each answer is to being another one: `(records,)`, or `(records, labels)`."""
    if role == "labels":
        return np.abs(main - (np.array(thresholds) if thresholds else 0.5))
    if thresholds:
        return np.abs(main[:, 1] - thresholds[0])
    bounds = np.abs(np.cumsum(main, axis=1) - 0.5).min(1)  # of ordered classes
    if main.shape[1] < 2:
        return np.abs(main[:, 0])
    first, second = np.sort(main, axis=1)[:, :-3:-1].T
    return np.minimum(first - second, bounds)


def _said(prediction: Prediction) -> dict[str, NDArray[Any]]:
    """The answers of a Prediction, by the names that a Program has for them."""
    numbers = prediction.values.shape[1] > 0
    answers: dict[str, NDArray[Any]] = (
        {"values": prediction.values} if numbers else {"probabilities": prediction.probabilities}
    )
    if prediction.task == MULTILABEL:
        answers["labels"] = prediction.labels.astype(np.int64)
    elif prediction.task in ("binary", "multiclass"):
        answers["class"] = prediction.classes
    return answers
