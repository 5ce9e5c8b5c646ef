"""A preset's name and the training records of a table → the settings of its model that nobody chose.

Measured on the training records of 28 real tables (`rowwise bench --parts tables` says which), never on their test
records. What each part brings there to the shifted geometric mean of the error, and to the log loss:

- the best epoch kept, and 100 standardized units: 0.189 and 0.274; gradient boosting has 0.178 and 0.309;
- numbers piece by piece, 256 units: 0.175 and 0.268; with dropout: 0.174 and 0.260;
- four networks that differ in their seed, averaged: 0.171 and 0.250; sixteen: 0.170 and 0.250;
- two of these four replaced by four that learn from all records, for as many epochs as were best for the others: on 20
  of the tables, up to 2,500 records and two folds, 0.203 and 0.284 become 0.200 and 0.284 in the same time, since they
  are trained for half the epochs and not validated;
- patience 10 rather than 16: 0.170 and 0.249, in four fifths of the time.

Their cost on one core is that of as many trainings: a table of 3,000 records and 20 columns takes about 0.3, 1.2 and
5 seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset

PRESETS = ("fast", "default", "best")
MANY = 5_000  # records of a table with classes from which on a wider layer learns better without pieces
# A small table is trained for FEWEST_EPOCHS or STEPS, whichever is more, up to MOST_EPOCHS; one of more than LARGE
# records for fewer epochs, by as much as it has more, down to LEAST_EPOCHS: the best epoch comes sooner.
FEWEST_EPOCHS, MOST_EPOCHS, STEPS, LARGE, LEAST_EPOCHS = 60, 200, 500, 10_000, 20
SMALLEST_BATCH, LARGEST_BATCH, BATCHES = 16, 256, 40  # steps an epoch that a batch's size aims at
EPOCHS, PATIENCE = 100, 10
FULL = 50_000  # records up to which an ensemble has all its networks


@dataclass(frozen=True)
class Suited:
    """Settings of a table's model; the names are those of `Settings`."""

    hidden: tuple[int, ...]
    dropout: float
    learning_rate: float
    pieces: int
    validation: float
    batch_size: int
    epochs: int
    patience: int
    ensemble: int
    on_all: int


def suited(preset: str, data: Dataset, validation: float | None = None, all_held_out: bool = False) -> Suited:
    """What a preset has for a table.

    Args:
        validation: the share that is held out, None for the preset's.
        all_held_out: whether no network may learn from the records held out, since something is decided by them.
    """
    records = len(data)
    if validation is None:
        validation = 0.1 if preset == "fast" else 0.15
    learned_from = int(records * (1 - validation))
    if preset == "fast":
        batch_size = max(min(32, learned_from // 2), 1)
        return Suited(
            hidden=(200,) if data.classes and records >= MANY else (100,),
            dropout=0.0,
            learning_rate=0.001,
            pieces=0,
            validation=validation,
            batch_size=batch_size,
            epochs=_few_epochs(records, batch_size),
            patience=20,
            ensemble=1,
            on_all=0,
        )
    ensemble, on_all = _networks(preset, records, all_held_out)
    batch_size = 2 ** round(math.log2(max(learned_from / BATCHES, 1)))
    epochs = max(round(EPOCHS * min(1, LARGE / records)), LEAST_EPOCHS)
    return Suited(
        hidden=(256,),
        dropout=0.2,
        learning_rate=0.003,
        pieces=12,
        validation=validation,
        batch_size=max(min(max(batch_size, SMALLEST_BATCH), LARGEST_BATCH, learned_from // 2), 1),
        epochs=epochs,
        patience=max(round(PATIENCE * epochs / EPOCHS), 5),
        ensemble=ensemble,
        on_all=on_all,
    )


def _few_epochs(records: int, batch_size: int) -> int:
    if records >= LARGE:
        return LEAST_EPOCHS
    return min(max(FEWEST_EPOCHS, -(-STEPS // -(-records // batch_size))), MOST_EPOCHS)


def _networks(preset: str, records: int, all_held_out: bool) -> tuple[int, int]:
    """How many, and how many of them learn from all records, two of which take the time of one; fewer of many records,
    of which each learns alike."""
    most = {"default": 4, "best": 16}[preset]
    time = max(round(most * min(1, FULL / records)), 2 if preset == "best" else 1)
    held_out = time if all_held_out else max(time // 2, 1)
    on_all = 2 * (time - held_out)
    return held_out + on_all, on_all
