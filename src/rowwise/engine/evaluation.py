"""A compiled model and records with labels → loss and metrics as Keras's own `evaluate` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise.engine.keras_fit import Batches
from rowwise.engine.records import prepare_records
from rowwise.engine.request import USUAL_BATCH, Request, listed
from rowwise.engine.schedule import IN_ORDER
from rowwise.engine.streams import Stream
from rowwise.models.keras_view import check_not_forked
from rowwise.shapes.checks.check import check_compiled

if TYPE_CHECKING:
    import keras


def keras_results(
    model: keras.Model,
    x: Any,
    y: Any = None,
    batch_size: int | None = None,
    verbose: int | str = "auto",
    sample_weight: Any = None,
    steps: int | None = None,
    callbacks: Any = None,
) -> dict[str, float]:
    """Loss and metrics of the model by name; arguments as for `Model.evaluate`, records as for `fit`.

    Raises:
        UsageError, DataError, ShapeError, ModelError: as `fit`.
    """
    request = Request(x=x, y=y, batch_size=batch_size, sample_weight=sample_weight, steps_per_epoch=steps)
    check_compiled(model)
    given = prepare_records([model], request).train
    check_not_forked()
    options = {"verbose": verbose, "steps": steps, "callbacks": listed(callbacks), "return_dict": True}
    if isinstance(given, Stream):
        return model.evaluate(given.source, **options)
    if given.sparse:
        return model.evaluate(Batches(given, batch_size or USUAL_BATCH, IN_ORDER), **options)
    return model.evaluate(given.x, given.y, batch_size=batch_size, sample_weight=given.weights, **options)
