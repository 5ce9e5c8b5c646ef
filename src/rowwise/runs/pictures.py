"""A trained model, its test records and its report → the PNG pictures of a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowwise.data.dataset import Dataset
    from rowwise.engine.prediction import Prediction
    from rowwise.measure import AnyReport
    from rowwise.runs.model_training import Fitted


def run_pictures(
    fitted: Fitted,
    data: Dataset,
    prediction: Prediction,
    report: AnyReport,
) -> Iterator[tuple[str, bytes]]:
    """File name and PNG bytes of each, as it is drawn.

    Raises:
        Exception: whatever matplotlib and fonts can stumble upon.
    """
    from rowwise.figures import is_picture
    from rowwise.measure import RegressionReport, Report, plots
    from rowwise.models.keras_view import dense_kernels

    title = data.origin
    if isinstance(report, Report):
        yield "confusion.png", plots.confusion_picture(report, title)
    elif isinstance(report, RegressionReport):
        yield "predicted.png", plots.true_and_predicted(report, title)
    if epochs := fitted.epochs:
        figures = {name: [epoch.figures[name] for epoch in epochs] for name in epochs[0].figures}
        yield "learning-curves.png", plots.learning_curves(figures, title, fitted.best_epoch)
    if is_picture(data.shape) and isinstance(report, Report):
        yield "most-wrong.png", plots.wrong_gallery(data, prediction.probabilities, title=title)
        kernel = dense_kernels(fitted.model)[0].numpy()
        if len(kernel) != math.prod(data.shape):  # of features, not of pixels
            return
        yield "kernel.png", plots.kernel_images(kernel, data.shape, title=title)
