"""A plan and a number of folds → a run a fold, and each record's prediction by the model that did not learn from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.loaders import Folds
from rowwise.errors import UsageError, warn_user, warnings_to
from rowwise.files import atomic_write
from rowwise.interrupt import Stop, deferred
from rowwise.json_text import to_json
from rowwise.runs.decisions import about_decisions, decide_together
from rowwise.runs.events import FoldsBegan, Warned
from rowwise.runs.fold_runs import run_folds
from rowwise.runs.folder import default_places
from rowwise.runs.json_fields import is_number
from rowwise.runs.table_predictions import answers, prediction_names, with_prediction
from rowwise.text import say
from rowwise.text.terminal import wrap

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from rowwise.data.dataset import Dataset
    from rowwise.engine.prediction import Prediction
    from rowwise.measure import AnyReport
    from rowwise.runs.decision_record import Decisions
    from rowwise.runs.events import Event, Observer
    from rowwise.runs.plan import TrainingPlan
    from rowwise.runs.saved import Saved

PREDICTIONS, SUMMARY = "out-of-fold.csv", "cross-validation.json"


@dataclass(frozen=True, eq=False, repr=False)
class CrossValidation:
    """Each record's prediction by the model that did not learn from it.

    Attributes:
        path: the folder that the runs are in.
        runs: a run a fold.
        data: the records, in the order of the table; by time without the earliest, which no model is tested on.
        prediction: of each of them.
        report: of all of them together.
        decisions: the thresholds that were chosen on these predictions; None where none were asked for.
        untested: how many records, by time the earliest, were only learned from.
    """

    path: Path
    runs: tuple[Saved, ...]
    data: Dataset
    prediction: Prediction
    report: AnyReport
    decisions: Decisions | None = None
    untested: int = 0

    @property
    def measures(self) -> dict[str, tuple[float, ...]]:
        """Each measure of the report, a number a fold."""
        from rowwise.measure.spread import MEASURES

        tests = [run.metrics for run in self.runs]
        return {name: tuple(test[name] for test in tests) for name in MEASURES if _has(tests, name)}

    def to_dict(self) -> dict[str, Any]:
        """As `cross-validation.json` has it."""
        from rowwise.measure.spread import summary

        measures = summary(self.measures, "folds")
        best = [run.record.best_epoch if run.record else 0 for run in self.runs]
        return {
            "folds": len(self.runs),
            "records": len(self.data),
            **({"untested": self.untested} if self.untested else {}),
            "measures": measures,
            "best_epochs": best,
            "together": self.report.to_dict(),
            **({"decisions": self.decisions.to_dict()} if self.decisions else {}),
        }

    def __repr__(self) -> str:
        """A table of at most 80 columns, in the current language."""
        from rowwise.measure.spread import fold_lines

        lines = fold_lines(self.measures, self.report, len(self.data))
        if self.untested:
            lines += wrap(say("folds.untested", records=f"{self.untested:,}"))
        if self.decisions and self.runs[0].record:
            said = about_decisions(self.decisions, self.runs[0].record.settings, self.data, folds=True)
            lines += [line for sentence in said for line in wrap(sentence)]
        return "\n".join(lines)

    def write(self) -> None:
        """`out-of-fold.csv`, a row a record, and `cross-validation.json`, in the folder."""
        import polars as pl

        from rowwise.data.tables.formulas import harmless_cells, harmless_names

        data, schema = self.data, self.data.schema
        assert schema is not None
        names = prediction_names(schema, "en")
        columns: dict[str, Any] = {"row": data.rows}
        if schema.classes:
            columns["true"] = np.array(schema.classes, object)[data.y].tolist()
        elif schema.labels:
            columns |= {
                f"true {name}": texts for name, texts in zip(data.targets, answers(schema, data.y == 1), strict=True)
            }
        else:
            names = tuple(f"prediction {name}" for name in schema.outputs)
            columns |= {f"true {name}": data.y.reshape(len(data), -1)[:, n] for n, name in enumerate(data.targets)}
        frame = with_prediction(pl.DataFrame(columns), self.prediction, schema, names)
        if not schema.classes:  # target by target
            each = len(names) // len(data.targets)
            of_targets = ((f"true {name}", *names[n * each : (n + 1) * each]) for n, name in enumerate(data.targets))
            frame = frame.select("row", *(column for columns in of_targets for column in columns))
        frame, _ = harmless_cells(frame, {name for name in frame.columns if frame[name].dtype.is_numeric()})
        frame.columns = harmless_names(frame.columns)
        atomic_write(self.path / PREDICTIONS, frame.write_csv().encode())
        atomic_write(self.path / SUMMARY, to_json(self.to_dict(), indent=2) + b"\n")


def cross_validate(
    plan: TrainingPlan,
    *,
    out: Path | None = None,
    engine: str = "auto",
    threads: int | None = None,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    on_divergence: str = "stop",
) -> CrossValidation:
    """Train a run for each fold of `plan.source`, in `out/fold-1` and so on, and put what they say together.

    The table is read once. The folds of a small one are trained one a core; within `joblib.parallel_config` those that
    are new are trained by the workers that it names. Folds that are finished in `out` are kept and one that was stopped
    or killed is resumed, if they are of the same data and settings.

    Args:
        plan: of a table, with `folds` in its source.
        others: as of `runs.training.train`; the observer is called with the events of each fold.

    Raises:
        UsageError: no table, or folds of other data or settings in `out`. Else as `runs.training.train`.
        KeyboardInterrupt: Ctrl-C, or `stop`: what was finished stays, for the same call again.
    """
    source = plan.source
    if source is None or source.kind != "table" or not source.folds:
        raise UsageError("folds.table")
    place = out or next(place for place in default_places(f"{source.name}-folds") if not place.exists())
    import rowwise.engine.training  # noqa: F401  # before several threads do

    tell = observer or _warnings_alone
    with warnings_to(lambda message: tell(Warned(message))):
        folds = Folds.of(source)
    tell(FoldsBegan(source.folds, len(folds.table.records.x)))
    with deferred(lambda: None) as interrupted:
        ends = Stop(lambda: interrupted() or (stop is not None and stop.is_set()))
        by_fold = run_folds(plan, folds, place, tell, ends, threads, engine=engine, on_divergence=on_divergence)
        for fold in range(1, source.folds + 1):
            run = by_fold.get(fold)
            if run is None or (run.record is not None and run.record.interrupted):
                raise KeyboardInterrupt(say("folds.interrupted", fold=fold, folds=source.folds, path=place))
    runs = [by_fold[fold] for fold in range(1, source.folds + 1)]
    with warnings_to(lambda message: None):  # of which the runs have told
        tests = [folds.test(fold) for fold in range(1, source.folds + 1)]
    together = replace(_together(place, runs, tests), untested=folds.untested)
    together.write()
    return together


def _warnings_alone(event: Event) -> None:
    if isinstance(event, Warned):
        warn_user(event.message)


def _together(place: Path, runs: Sequence[Saved], sets: Sequence[Dataset]) -> CrossValidation:
    from rowwise.engine.prediction import predict
    from rowwise.measure import judge

    predictions = [predict(run.model, data.x) for run, data in zip(runs, sets, strict=True)]
    rows = np.concatenate([data.rows for data in sets])
    order = np.argsort(rows, kind="stable")

    def sorted_by_row(arrays: Sequence[Any]) -> Any:
        joined = np.concatenate(arrays)[order]
        joined.flags.writeable = False
        return joined

    data = replace(
        sets[0],
        x=sorted_by_row([data.x for data in sets]),
        y=sorted_by_row([data.y for data in sets]),
        rows=sorted_by_row([data.rows for data in sets]),
        weights=None if sets[0].weights is None else sorted_by_row([data.weights for data in sets]),
        keys=None,
        split_by="",
    )
    parts = [one.differences for one in predictions]
    prediction = replace(
        predictions[0],
        probabilities=sorted_by_row([one.probabilities for one in predictions]),
        values=sorted_by_row([one.values for one in predictions]),
        differences=sorted_by_row(parts) if parts[0] is not None else None,
        thresholds=(),
        temperatures=(),
    )
    assert runs[0].record is not None
    decisions = decide_together(prediction, data, runs[0].record.settings)
    if decisions is not None:
        prediction = replace(prediction, thresholds=decisions.thresholds)
    return CrossValidation(place, tuple(runs), data, prediction, judge(prediction, data), decisions)


def _has(tests: Sequence[Mapping[str, Any]], name: str) -> bool:
    return all(is_number(test.get(name)) and math.isfinite(test[name]) for test in tests)
