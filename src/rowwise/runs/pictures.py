"""A trained model, its test records and its report → the PNG pictures of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

    from rowwise.data.dataset import Dataset
    from rowwise.engine.prediction import Prediction
    from rowwise.measure import RegressionReport, Report
    from rowwise.runs.record import Epoch


def run_pictures(
    model: keras.Model,
    data: Dataset,
    prediction: Prediction,
    report: Report | RegressionReport,
    epochs: Sequence[Epoch],
) -> dict[str, bytes]:
    """PNG bytes by file name.

    Raises:
        Exception: whatever matplotlib and fonts can stumble upon.
    """
    from rowwise.figures import is_picture
    from rowwise.measure import Report, plots

    drawn, title = {}, data.origin
    if isinstance(report, Report):
        drawn["confusion.png"] = plots.confusion_picture(report, title)
    else:
        drawn["predicted.png"] = plots.true_and_predicted(report, title)
    if epochs:
        figures = {name: [epoch.figures[name] for epoch in epochs] for name in epochs[0].figures}
        drawn["learning-curves.png"] = plots.learning_curves(figures, title)
    if is_picture(data.shape) and isinstance(report, Report):
        drawn["most-wrong.png"] = plots.wrong_gallery(data, prediction.probabilities, title=title)
        kernel = next(layer.kernel.numpy() for layer in model.layers if type(layer).__name__ == "Dense")
        drawn["kernel.png"] = plots.kernel_images(kernel, data.shape, title=title)
    return drawn
