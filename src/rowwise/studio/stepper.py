"""A network before its training → one batch after another: its loss, a gradient, and the weight that it moves."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.errors import UsageError
from rowwise.models.keras_view import dense_kernels

if TYPE_CHECKING:
    from rowwise.runs.settings import Settings
    from rowwise.studio.held import Held


class Stepper:
    """A network of its own, trained by hand: each `step` is one batch.

    Raises:
        UsageError: the data have no classes, so that the loss is another one than is told here.
    """

    def __init__(self, held: Held, settings: Settings) -> None:
        if held.test.task != "classification" or (held.test.schema is not None and held.test.schema.ordered):
            raise UsageError("studio.step.classes")
        self.settings, self.held = settings, held
        self._model = settings.new_model(held.train)
        self._order = np.random.default_rng(settings.seed).permutation(len(held.train))
        self._batch = settings.batch_size_of(held.train, True)
        self._guard, self._done = threading.Lock(), 0

    def step(self) -> dict[str, Any]:
        """Train on the next batch; what happened, as JSON takes it: the weight is the one of the steepest gradient."""
        with self._guard:
            places = np.arange(self._done * self._batch, (self._done + 1) * self._batch) % len(self._order)
            rows = self._order[places]
            x, y = self.held.train.x[rows], self.held.train.y[rows]
            self._done += 1
            model, variables = self._model, self._model.trainable_variables
            loss, gradients = self._loss_and_gradients(x, y)
            kernel = dense_kernels(model)[0]
            gradient = np.asarray(gradients[next(i for i, one in enumerate(variables) if one is kernel)])
            feature, unit = (int(at) for at in np.unravel_index(np.abs(gradient).argmax(), gradient.shape))
            before = float(np.asarray(kernel)[feature, unit])
            model.optimizer.apply(gradients, variables)
            after = float(np.asarray(kernel)[feature, unit])
            return {
                "step": self._done,
                "records": len(rows),
                "features": gradient.shape[0],
                "units": gradient.shape[1],
                "loss": float(loss),
                "feature": feature,
                "unit": unit,
                "gradient": float(gradient[feature, unit]),
                "rate": self.settings.learning_rate,
                "before": before,
                "after": after,
                "loss_after": float(self._loss_and_gradients(x, y)[0]),
            }

    def _loss_and_gradients(self, x: Any, y: Any) -> tuple[Any, list[Any]]:
        import jax

        model = self._model
        others = [variable.value for variable in model.non_trainable_variables]

        def loss_of(values: list[Any]) -> Any:
            answers, _ = model.stateless_call(values, others, x, training=False)
            return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, answers))

        return jax.value_and_grad(loss_of)([variable.value for variable in model.trainable_variables])
