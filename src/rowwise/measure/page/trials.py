"""The trials of a search → a page of its own: the lowest loss by trial, and a table."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from rowwise.measure.page.charts import Labels, curves
from rowwise.measure.page.shades import COLOURS
from rowwise.pages.render import render
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence


def trials_page(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], losses: Sequence[float | None]) -> str:
    """The document; `losses` are the validation losses by trial, None where one was pruned."""
    known = [math.inf if loss is None else loss for loss in losses]
    lowest = [loss if math.isfinite(loss) else math.nan for loss in itertools.accumulate(known, min)]
    labels = Labels(say("tune.lowest"), say("tune.lowest.says"), say("tune.head.trial"))
    picture = curves([("first", lowest)], labels)
    values = {"title": title, "head": head, "rows": rows, "picture": picture, "labels": labels, **COLOURS}
    return str(render("rowwise.measure.page", "trials.html", **values))
