"""A trained model → measured, drawn, recorded and saved."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from rowwise.runs.record import Row, columns, epoch_rows, run_record
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

    from rowwise.commands.output import Output
    from rowwise.commands.train import Start, Trained
    from rowwise.data.dataset import Dataset
    from rowwise.engine.prediction import Prediction
    from rowwise.measure import RegressionReport, Report
    from rowwise.runs.clock import Clock
    from rowwise.runs.folder import Run


def finish(
    start: Start,
    trained: Trained,
    train: Dataset,
    test: Dataset,
    run: Run,
    out: Output,
    clock: Clock,
    draw: bool = True,
) -> dict[str, Any]:
    """The record of the run, once it is saved; the report is printed whether saving succeeds or not.

    Without `draw` the run has no pictures.

    Raises:
        ModelError: the training diverged. SaveError: the file system refused.
    """
    from rowwise.engine.prediction import predict
    from rowwise.measure import judge

    model, fit = trained.model, trained.history.rowwise
    with clock.lap("evaluate"):
        prediction = predict(model, test.x)
        report = judge(prediction, test, train)
    rows = [*start.epochs, *epoch_rows(trained.history.history, fit["seconds"], len(start.epochs) + 1)]
    with clock.lap("pictures"), ThreadPoolExecutor(1) as beside:
        measured = beside.submit(report.to_dict)  # the bootstrap leaves Python to the pictures
        pictures = _pictures(model, test, prediction, report, rows, out) if draw else {}
        measured.result()
    clock.seconds["compile"] = fit["compile_seconds"] or 0.0  # plain model.fit compiles in its first epoch
    clock.seconds["fit"] -= clock.seconds["compile"]
    record = run_record(
        train,
        test,
        start.settings,
        fit,
        rows,
        report,
        {**clock.seconds, "total": clock.total()},
        resumed_from=str(start.resume) if start.resume else None,
        interrupted=trained.interrupted,
    )
    try:
        return run.save(train.name, model, record, pictures)
    finally:
        out.result(str(report))


def _pictures(
    model: keras.Model,
    data: Dataset,
    prediction: Prediction,
    report: Report | RegressionReport,
    rows: Sequence[Row],
    out: Output,
) -> dict[str, bytes]:
    """PNG bytes by file name; a picture that cannot be drawn is no reason to lose the training."""
    from rowwise.figures import is_picture
    from rowwise.measure import Report, plots

    made, title = {}, data.origin
    try:
        if isinstance(report, Report):
            made["confusion.png"] = plots.confusion_picture(report, title)
        else:
            made["predicted.png"] = plots.true_and_predicted(report, title)
        if rows:
            made["learning-curves.png"] = plots.learning_curves(columns(rows), title)
        if is_picture(data.shape) and isinstance(report, Report):
            made["most-wrong.png"] = plots.wrong_gallery(data, prediction.probabilities, title=title)
            kernel = next(layer.kernel.numpy() for layer in model.layers if type(layer).__name__ == "Dense")
            made["kernel.png"] = plots.kernel_images(kernel, data.shape, title=title)
    except Exception as cause:
        out.warn(say("cli.pictures", cause=f"{type(cause).__name__}: {cause}"))
    return made
