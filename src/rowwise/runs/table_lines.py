"""A table's Dataset → the lines that are said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset


def about_table(data: Dataset) -> list[str]:
    """What is to be predicted, how wide X is, and which columns are not used although the user did not ask for that.

    Empty for data that is not a table.
    """
    if (schema := data.schema) is None:
        return []
    from rowwise.data.tables.advice import advice
    from rowwise.data.tables.left_out import not_used

    units = {name: schema.target_unit(name) for name in schema.targets}
    target = ", ".join(f"{name} ({unit})" if unit else name for name, unit in units.items())
    kind = "counts" if schema.counts else "quantiles" if schema.quantiles else "ordered" if schema.ordered else ""
    values = {"target": target, "classes": f"{len(schema.classes):,}"}
    values |= {"levels": ", ".join(f"{level:g}" for level in schema.quantiles)}
    values |= {"low": schema.classes[0], "high": schema.classes[-1]} if schema.classes else {}
    lines = [say(f"cli.task.{kind or schema.task}", **values)]
    widths = {"columns": len(schema.columns), "used": len(schema.used), "inputs": len(schema.inputs)}
    lines.append(say("cli.table.width", **widths, features=len(schema.features)))
    if schema.target_scale:
        lines.append(say(f"cli.target_scale.{schema.target_scale}", target=target))
    if schema.weight:
        lines.append(say("cli.weighted", name=schema.weight))
    left_out = [f"{column.name}: {why}" for column, why in not_used(schema)]
    if left_out:
        lines.append(say("cli.not_used", columns="; ".join(left_out[:8]) + ("; …" if len(left_out) > 8 else "")))
    return lines + advice(data)
