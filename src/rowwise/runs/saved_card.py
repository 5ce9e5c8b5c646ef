"""A Saved → what a notebook shows of it: what it takes and gives, how it was trained, how good it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.measure.as_text import measure_name, number
from rowwise.pages.card import Table, Words, card, sketch
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.runs.saved import Saved

MEASURES = ("accuracy", "f1", "roc_auc", "loss", "mae", "rmse", "r2", "d2", "pinball")
SHOWN = 12  # names of classes or targets


def saved_card(saved: Saved) -> str:
    """The fragment, in the current language."""
    record = saved.record
    names = saved.targets or saved.class_names
    gives = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    rows = [[say("card.saved.gives"), gives]] if gives else []
    parts = []
    if record is not None:
        measures = [
            f"{measure_name(name)} {number(value, name)}"
            for name in MEASURES
            if isinstance(value := record.test.get(name), float)
        ]
        rows += [[say("card.saved.engine"), record.engine], [say("card.saved.epochs"), f"{len(record.epochs)}"]]
        rows += [[say("card.saved.measured"), ", ".join(measures)]] if measures else []
        figures = record.epochs[0].figures if record.epochs else {}
        curves = [(name, [epoch.figures[name] for epoch in record.epochs]) for name in figures if name.endswith("loss")]
        parts = [sketch(curves, "loss")] if curves else []
    rows.append([say("card.saved.path"), str(saved.path)])
    about = Words([str(saved.accepts), str(saved.basis)])
    return card(record.data.name if record else saved.path.name, about, Table([], rows), *parts)
