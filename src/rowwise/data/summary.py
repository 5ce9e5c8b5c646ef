"""A Dataset → what it holds, as plain JSON or as a text of at most 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.text import percent, say
from rowwise.text.terminal import WIDTH, wrap
from rowwise.text.visible import visible

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.data.dataset import Dataset

MOST_CLASSES = 50  # lines of the text's table
LONGEST_BAR = 32  # columns


def describe(dataset: Dataset) -> dict[str, Any]:
    """Counts, range and origin of a Dataset.

    Returns:
        `name`, `part`, `records`, `shape` (of one record), `dtype`, `provenance`, `checksum` (SHA-256),
        `classes` (a list of label, name, name_ko, records), `values`: least, largest, mean, and the share of zeros
        (0 to 1), None where there are no records; and `targets` that are numbers (name, min, max, mean), if any.
    """
    x = dataset.x
    values = None
    if x.size:
        values = {
            "min": x.min().item(),
            "max": x.max().item(),
            "mean": float(x.mean(dtype=np.float64)),
            "zero_share": 1 - int(np.count_nonzero(x)) / x.size,
        }
    targets = {"targets": _ranges(dataset)} if dataset.targets and x.size else {}
    return {
        "name": dataset.name,
        "part": dataset.part,
        "records": len(dataset),
        "shape": list(dataset.shape),
        "dtype": str(x.dtype),
        "provenance": dataset.provenance,
        "checksum": dataset.checksum,
        "values": values,
        "classes": [
            {"label": label, "name": name, "name_ko": name_ko, "records": int(count)}
            for label, (name, name_ko, count) in enumerate(
                zip(dataset.classes, dataset.classes_ko, dataset.counts, strict=True)
            )
        ],
        **targets,
    }


def describe_text(dataset: Dataset) -> str:
    """`describe` for people, in the current language: lines of at most 80 columns, wide letters counted as two."""
    from rich.cells import cell_len, set_cell_size

    facts = describe(dataset)
    values = facts["values"]
    value_range = say("show.none")
    if values:
        low, high, mean = f"{values['min']:.6g}", f"{values['max']:.6g}", f"{values['mean']:.4g}"
        value_range = say("show.range", min=low, max=high, mean=mean, zeros=f"{100 * values['zero_share']:.1f}")
    title = " ".join(word for word in (dataset.name, dataset.part) if word)
    shape, dtype = " x ".join(map(str, dataset.shape)), str(dataset.x.dtype)
    rows = [
        (say("show.records"), say("show.records.value", records=f"{len(dataset):,}", shape=shape, dtype=dtype)),
        (say("show.values"), value_range),
        (say("show.provenance"), dataset.origin or say("show.unknown")),
        ("SHA-256", facts["checksum"]),
    ]
    column = max(cell_len(name) for name, _ in rows) + 2
    lines = wrap(title, WIDTH)
    for name, text in rows:
        first, *more = wrap(text, WIDTH - 2 - column)
        lines.append(f"  {set_cell_size(name, column)}{first}")
        lines += [" " * (2 + column) + line for line in more]

    names = [visible(" ".join(name.split())) for name in dataset.class_names[:MOST_CLASSES]]
    counts = facts["classes"]
    wide = min(max((cell_len(name) for name in names), default=0), WIDTH // 2)
    number, most = len(str(len(counts))), max((row["records"] for row in counts), default=0)
    digits = len(f"{most:,}")
    bar = min(WIDTH - (2 + number + 2 + wide + 2 + digits + 2 + len("100.0 %") + 2), LONGEST_BAR)
    lines += ["", *map(_range_text, facts.get("targets", ()))]
    for name, row in zip(names, counts, strict=False):
        share = row["records"] / max(len(dataset), 1)
        length = round(bar * row["records"] / max(most, 1))
        lines.append(
            f"  {row['label']:>{number}}  {set_cell_size(name, wide)}  {row['records']:>{digits},}  "
            f"{percent(share):>7}  {'#' * length}".rstrip()
        )
    if len(counts) > MOST_CLASSES:
        lines.append("  " + say("show.more", classes=len(counts) - MOST_CLASSES))
    return "\n".join(lines)


def describe_table(dataset: Dataset) -> dict[str, Any]:
    """Of a table's Dataset: records, checksum, and the classes with their records, of labels those of each target; of
    numbers each target's range and mean."""
    facts = {"name": dataset.name, "records": len(dataset), "provenance": dataset.provenance}
    facts |= {"checksum": dataset.checksum, "task": dataset.task}
    if dataset.classes:
        counts = zip(dataset.classes, dataset.counts.tolist(), strict=True)
        return facts | {"classes": [{"name": name, "records": count} for name, count in counts]}
    if dataset.schema is not None and dataset.schema.labels:
        labels = zip(dataset.targets, dataset.schema.labels, dataset.y.T, strict=True)
        return facts | {"targets": [{"name": name, "classes": _yes_and_no(pair, y)} for name, pair, y in labels]}
    return facts | {"targets": _ranges(dataset)}


def _ranges(dataset: Dataset) -> list[dict[str, Any]]:
    """Of targets that are numbers."""
    y = dataset.y.reshape(len(dataset), -1).astype(np.float64)
    ranges = zip(dataset.targets, y.min(0).tolist(), y.max(0).tolist(), y.mean(0).tolist(), strict=True)
    return [{"name": name, "min": low, "max": high, "mean": mean} for name, low, high, mean in ranges]


def _range_text(target: dict[str, Any]) -> str:
    low, high, mean = (f"{target[name]:.6g}" for name in ("min", "max", "mean"))
    return "  " + say("show.target", name=target["name"], low=low, high=high, mean=mean)


def _yes_and_no(names: tuple[str, str], y: NDArray[Any]) -> list[dict[str, Any]]:
    yes = int(np.count_nonzero(y))
    return [{"name": name, "records": count} for name, count in zip(names, (len(y) - yes, yes), strict=True)]


def describe_target(dataset: Dataset) -> str:
    """`describe_table` for people: a line for the part, then one for each class or target."""
    facts = describe_table(dataset)
    lines = [say("show.split", part=say(f"show.part.{dataset.part}"), records=f"{len(dataset):,}")]
    for row in facts.get("targets", ()):
        if "classes" in row:
            counts = [f"{one['name']}: {one['records']:,}, {_share(one, dataset)}" for one in row["classes"]]
            lines.append(f"  {row['name']} ({'; '.join(counts)})")
            continue
        lines.append(_range_text(row))
    classes = facts.get("classes", ())
    for row in classes[:MOST_CLASSES]:
        lines.append(
            f"  {row['records']:>9,}  {_share(row, dataset):>7}  {visible(' '.join(row['name'].split())[:50])}"
        )
    if len(classes) > MOST_CLASSES:
        lines.append("  " + say("show.more", classes=len(classes) - MOST_CLASSES))
    return "\n".join(lines)


def _share(row: dict[str, Any], dataset: Dataset) -> str:
    return percent(row["records"] / max(len(dataset), 1))
