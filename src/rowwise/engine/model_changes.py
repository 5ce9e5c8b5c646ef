"""What a callback may change of a model amid its training → whether the engine must be made anew.

Keras traces a model at its first step, and again where what it trains has become something else: another optimizer,
other variables. Weights and the learning rate are values, which every engine takes as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from rowwise.models.keras_view import is_of_keras, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def may_change(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether one of them was written outside of Keras, or runs functions that were, and looks at the model."""
    for callback in callbacks:
        own = not is_of_keras(type(callback)) or isinstance(callback, keras.callbacks.LambdaCallback)
        if own and getattr(callback, "needs_weights", True):
            return True
    return False


def parts_of(model: keras.Model) -> list[object]:
    """What is trained, with what: the optimizer, the metrics of one `compile()`, every variable in its place."""
    variables = [*model.trainable_variables, *model.non_trainable_variables]
    return [model.optimizer, *model.metrics, *variables, *getattr(model.optimizer, "variables", ())]


class Snapshot:
    """A model as an engine was made of it."""

    def __init__(self, model: keras.Model) -> None:
        self._parts, self._settings = parts_of(model), settings_of(model)

    def same_parts(self, model: keras.Model) -> bool:
        """Whether it trains the same variables with the same optimizer and metrics."""
        # Identity, piece by piece: comparing by == would compare Keras variables element by element.
        return [id(part) for part in self._parts] == [id(part) for part in parts_of(model)]

    def same(self, model: keras.Model) -> bool:
        """Whether its layers and its optimizer have the same options, too."""
        return self.same_parts(model) and self._settings == settings_of(model)


class Changes:
    """Looks, epoch by epoch, whether an engine is still that of its model."""

    def __init__(self, model: keras.Model) -> None:
        self._model, self._made_of = model, Snapshot(model)
        self._traced = False

    def changed(self) -> bool:
        """Whether callbacks have changed, since the engine was made, what Keras would trace now."""
        same = self._made_of.same_parts if self._traced else self._made_of.same
        self._traced = True
        if same(self._model):
            return False
        self._made_of = Snapshot(self._model)
        return True
