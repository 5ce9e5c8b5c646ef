"""A trained model of classes or labels and the records held out → its probabilities calibrated, its thresholds chosen.

Both are decided on the validation records, of which the model's weights learned nothing (the best epoch was chosen by
them), and kept within the model: the temperature in the kernel and bias of the last layer, the threshold in the
schema. A model that is then trained anew on all records takes over what was decided for the first one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.models.threshold_aim import GIVEN, Aim, aim_of
from rowwise.runs.decision_record import Decisions
from rowwise.text import say

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.engine.prediction import Prediction
    from rowwise.runs.settings import Settings


def decide(model: keras.Model, held: Dataset | None, settings: Settings) -> Decisions:
    """What `settings` ask for, by a model that did not learn from the records `held`; None where there are none.

    The model is left as it is.
    """
    aim, temperatures = aim_of(settings.threshold), tuple[float, ...]()
    if held is None:
        assert aim is not None  # without records to choose by, nothing else is taken
        return Decisions(thresholds=_for_each(model, aim.given))
    logits = _logits(model, held.x)
    if settings.calibrate:
        temperatures = _temperatures(logits, held)
    if aim is None:
        return Decisions(len(held), temperatures)
    if aim.kind == GIVEN:
        return Decisions(len(held) if temperatures else 0, temperatures, _for_each(model, aim.given))
    return replace(_chosen(_probabilities(logits, temperatures, held), held, aim), temperatures=temperatures)


def decide_together(prediction: Prediction, data: Dataset, settings: Settings) -> Decisions | None:
    """Thresholds by out-of-fold predictions of `data`; None where none are asked for."""
    if (aim := aim_of(settings.threshold)) is None:
        return None
    p = prediction.probabilities
    if aim.kind == GIVEN:
        return Decisions(thresholds=(aim.given,) * (1 if data.classes else p.shape[1]))
    return _chosen(p[:, 1:] if data.classes else p, data, aim)


def apply(model: keras.Model, decisions: Decisions, settings: Settings) -> None:
    """Give the model what was decided."""
    from rowwise.models.table_features import preparation_of

    if decisions.temperatures:
        last = _last_dense(model)
        temperature = np.array(decisions.temperatures, np.float32)
        last.set_weights([weights / temperature for weights in last.get_weights()])
    preparation = preparation_of(model)
    assert preparation is not None
    schema = replace(preparation.schema, thresholds=decisions.thresholds, aim=settings.threshold)
    preparation.schema = replace(schema, temperatures=decisions.temperatures)


def about_decisions(decisions: Decisions, settings: Settings, data: Dataset, folds: bool = False) -> list[str]:
    """Lines that say what was decided for data such as these, by validation records or by out-of-fold predictions."""
    from rowwise.measure.as_text import about_aim

    lines, records, names = [], f"{decisions.records:,}", data.targets or data.class_names[1:]
    if decisions.temperatures:
        shown = ", ".join(f"{temperature:.3g}" for temperature in decisions.temperatures)
        lines.append(say("decisions.temperature", temperature=shown, records=records))
    aim = aim_of(settings.threshold)
    if aim is None or aim.kind == GIVEN:
        return lines
    each = zip(names, decisions.thresholds, decisions.before, decisions.after, strict=True)
    for name, threshold, before, after in each:
        figures = {"threshold": f"{threshold:.3g}", "before": f"{before:.4f}", "after": f"{after:.4f}"}
        key = "decisions.threshold.folds" if folds else "decisions.threshold"
        lines.append(say(key, name=name, measure=about_aim(aim), records=records, **figures))
    return lines


def _for_each(model: keras.Model, threshold: float) -> tuple[float, ...]:
    from rowwise.models.table_features import preparation_of

    preparation = preparation_of(model)
    labels = preparation.schema.labels if preparation is not None else ()
    return (threshold,) * max(len(labels), 1)


def _logits(model: keras.Model, x: NDArray[Any]) -> NDArray[np.float32]:
    """`(records, units)`: what the last Dense layer gives before its activation."""
    import keras

    from rowwise.engine.prediction import predict_proba

    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    last = _last_dense(twin)
    last.activation = keras.activations.linear
    layers = twin.layers[: twin.layers.index(last) + 1]
    return predict_proba(keras.Sequential([keras.Input(model.input_shape[1:]), *layers]), x)


def _last_dense(model: keras.Model) -> keras.layers.Dense:
    import keras

    return next(layer for layer in reversed(model.layers) if isinstance(layer, keras.layers.Dense))


def _temperatures(logits: NDArray[np.float32], held: Dataset) -> tuple[float, ...]:
    from rowwise.measure.temperature import (
        fitted_label_temperature,
        fitted_ordered_temperature,
        fitted_temperature,
    )

    if held.schema is not None and held.schema.ordered:
        return (fitted_ordered_temperature(logits, held.y, held.weights),)
    if held.classes:
        return (fitted_temperature(logits, held.y, held.weights),)
    columns = zip(logits.T, held.y.T, strict=True)
    return tuple(fitted_label_temperature(z, y, held.weights) for z, y in columns)


def _probabilities(logits: NDArray[np.float32], temperatures: tuple[float, ...], held: Dataset) -> NDArray[np.float32]:
    """`(records, labels)`, or `(records, 1)` of the second class: of logits divided by the temperatures."""
    z = logits / np.array(temperatures or 1.0, np.float32)
    if held.classes:
        z = z[:, 1:] - z[:, :1]
    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(-z.astype(np.float64)))).astype(np.float32)


def _chosen(probabilities: NDArray[np.float32], held: Dataset, aim: Aim) -> Decisions:
    from rowwise.measure.threshold import USUAL, Chosen, best_threshold, figure_at

    chosen = []
    for p, y in zip(probabilities.T, held.y.reshape(len(held), -1).T, strict=True):
        weights = held.weights if held.weights is not None else np.ones(len(y))
        if weights[y == 1].any() and weights[y != 1].any():
            chosen.append(best_threshold(y, p, aim, held.weights))
        else:  # nothing to choose by
            chosen.append(Chosen(USUAL, *(2 * (figure_at(y, p, USUAL, aim, held.weights),))))
    thresholds, before, after = zip(*chosen, strict=True)
    return Decisions(len(held), thresholds=thresholds, before=before, after=after)
