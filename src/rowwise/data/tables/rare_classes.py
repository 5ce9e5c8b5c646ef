"""Training and test records of a table → a word on classes that one of the two lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rowwise.errors import warn_user
from rowwise.text import say
from rowwise.text.options import option

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset
    from rowwise.data.source import Source

SHOWN = 6  # classes in a message


def warn_of_rare_classes(train: Dataset, test: Dataset, source: Source) -> None:
    """Warn of classes that are not learned, since no training record has them, or not measured, for want of a test one.

    Warns:
        Suspicious: names them.
    """
    if not train.classes:
        return
    learned, measured = train.counts, test.counts
    if len(untrained := np.flatnonzero(learned == 0)):
        chosen = option(train.split_by, source.group or source.time)
        names = _named(train.classes, untrained, measured)
        warn_user(say("target.untrained", name=train.schema.targets[0], classes=names, option=chosen))  # type: ignore[union-attr]
    if len(untested := np.flatnonzero((measured == 0) & (learned > 0))):
        names = _named(train.classes, untested, learned)
        warn_user(say("target.untested", name=train.schema.targets[0], classes=names))  # type: ignore[union-attr]


def _named(classes: tuple[str, ...], numbers: NDArray[np.intp], counts: NDArray[np.int64]) -> str:
    """`b (1), c (2), …`."""
    shown = [f"{classes[number]} ({counts[number]:,})" for number in numbers[:SHOWN]]
    return ", ".join(shown) + (", …" if len(numbers) > SHOWN else "")
