"""Keras's History → what a notebook shows of it: its curves, and the figures of its last epochs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras

SHOWN = 10  # epochs


def attach_card(history: keras.callbacks.History) -> None:
    """Give a History, whose class is Keras's, what notebooks look for in an object."""
    setattr(history, "_repr_html_", partial(history_card, history.history, history.rowwise))  # noqa: B010


def history_card(figures: Mapping[str, Sequence[Any]], notes: Mapping[str, Any]) -> str:
    """The fragment, in the current language; `notes` are rowwise's of the training."""
    from rowwise.pages.card import Table, card, sketch

    epochs = max(map(len, figures.values()), default=0)
    rows = [
        [str(place + 1), *(_figure(values, place) for values in figures.values())]
        for place in range(max(epochs - SHOWN, 0), epochs)
    ]
    curves = [(name, [float(np.mean(value)) for value in figures[name]]) for name in figures if name.endswith("loss")]
    title = say("card.history", epochs=epochs, engine=notes["engine"], seconds=f"{sum(notes['seconds']):.1f}")
    return card(title, sketch(curves, "loss"), Table([say("fit.epoch"), *figures], rows))


def _figure(values: Sequence[Any], place: int) -> str:
    """Empty where a figure has no value for that epoch."""
    return f"{np.mean(values[place]):.4f}" if place < len(values) else ""
