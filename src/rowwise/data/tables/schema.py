"""The columns of a table → what each is, and which columns of X and features of the network it becomes.

A record's row of X holds the table as it was read: numbers as they are, booleans as 0 and 1, categories as the
number of their level, dates as parts; NaN where a value is missing. A level that the training rows do not have is
the number after the last. `rowwise.models.preparation` makes features of it, with the statistics kept here. What
depends on the kind of a column is in `rowwise.data.tables.columns`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, get_type_hints

from rowwise.data.column_names import composed
from rowwise.data.tables import columns as column_kinds
from rowwise.data.tables.columns.categorical import ONE_HOT
from rowwise.data.tables.columns.date import PARTS
from rowwise.data.tables.missing_words import MISSING
from rowwise.data.tables.origins import EXACT_64, counted_from
from rowwise.data.tables.schema_text import schema_text
from rowwise.data.tables.weights import WEIGHT
from rowwise.text import is_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.data.tables.decimal_sign import Signs

KINDS = tuple(column_kinds.KINDS)


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        name: as the table's header has it.
        kind: one of `KINDS`.
        missing: share of training records without a value, 0 to 1.
        low, high: the range of a numeric column in the training records; of dates, ISO texts.
        levels: of a categorical column, sorted; level i is the number i in X.
        parts: of a date, some of `columns.date.PARTS`.
        means, scales: `(columns of X)`: what the training records have on average, missing values left out, and what
            a feature is divided by (their standard deviation; 1 for booleans and where it is 0).
        reason: why it was dropped: the end of a key `schema.dropped.…` of the catalogue.
        decimal: the sign before the fraction in its texts, `.` or `,`; of another file it is determined again.
        unit: what stands beside its numbers, such as `€`, `kg` or `%`; empty where nothing does.
        pattern: how its dates are written, as for strftime; empty where the file has typed dates.
        origin: what the numbers in X are counted from (`origins`); means and scales are those of X, low and high the
            table's own.
        seconds: whether its numbers are the seconds of durations.
        century: of its dates: of two digits, a year from here on is of the 20th century.
        zone: of its dates: moments of other zones are brought to its clock (`dates.zones`); empty where they have none.
    """

    name: str
    kind: str
    missing: float = 0.0
    low: float | str | None = None
    high: float | str | None = None
    levels: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    reason: str = ""
    decimal: str = "."
    unit: str = ""
    pattern: str = ""
    century: int = 70
    zone: str = ""
    origin: float = 0.0
    seconds: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its columns of X; none for a dropped one."""
        return column_kinds.KINDS[self.kind].inputs(self)

    @property
    def embedded(self) -> bool:
        """Whether its level numbers go on to an Embedding."""
        return self.kind == "categorical" and len(self.levels) > ONE_HOT

    @property
    def indicated(self) -> bool:
        """Whether a separate feature says that the value is missing: where that happens in training."""
        return self.missing > 0 and self.kind != "dropped" and not self.embedded

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the network sees; an embedded column gives one, its level number."""
        names = column_kinds.KINDS[self.kind].features(self)
        return (*names, f"{self.name} missing") if self.indicated else names


@dataclass(frozen=True)
class Schema:
    """All columns of a table but its targets, in its order.

    Attributes:
        columns: dropped ones among them.
        targets: names of the target columns; none of a table that was only looked at.
        classes: names of the classes; none for regression and for several labels.
        target_origins: `(targets)`: what the model's outputs are counted from (`origins`); empty: from 0, all of them.
        target_units: what stands beside the numbers of each target; none where all are plain.
        decimal: the sign before fractions in the file's texts; empty where no text has any.
        separator: between the fields of the file; empty where it was no CSV file.
        missing: what stands for a missing value, besides `MISSING`.
        labels: of several labels, how each target spells no and yes; none for other tasks.
        thresholds: of a trained model, the probability from which on the answer is yes: the second class's, or each
            label's; none: the most probable class, and labels above 0.5.
        aim: what the thresholds were chosen for, as the setting has it (`models.threshold_aim`).
        temperatures: of a trained model whose probabilities are calibrated, what its logits were divided by: one, or
            one for each label.
        counts: whether the targets are counts, which are predicted above 0 and measured by their deviance.
        quantiles: levels of the target's quantiles that are predicted, rising; none: the target itself.
        ordered: whether the classes stand in their order, from the lowest.
        target_scale: on which scale a number is learned, `"log"` or `"none"`; empty: standardized.
    """

    columns: tuple[Column, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...] = ()
    target_origins: tuple[float, ...] = ()
    target_units: tuple[str, ...] = ()
    decimal: str = ""
    separator: str = ""
    missing: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    thresholds: tuple[float, ...] = ()
    temperatures: tuple[float, ...] = ()
    counts: bool = False
    quantiles: tuple[float, ...] = ()
    ordered: bool = False
    target_scale: str = ""
    aim: str = ""

    def __str__(self) -> str:
        return schema_text(self)

    def _repr_html_(self) -> str:
        from rowwise.data.tables.schema_text import schema_card

        return schema_card(self)

    @property
    def task(self) -> str:
        """`"classification"`, `"multilabel"` or `"regression"`."""
        return "classification" if self.classes else "multilabel" if self.labels else "regression"

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the numbers that are predicted: the targets, or the target's quantiles."""
        if not self.quantiles:
            return self.targets
        return tuple(f"{self.targets[0]} {level:g}" for level in self.quantiles)

    @cached_property
    def column_of_weights(self) -> Column:
        """The column that says how much each record counts; one without a name where all count alike."""
        return next((column for column in self.columns if column.reason == WEIGHT), Column("", "dropped"))

    @property
    def weight(self) -> str:
        """The name of the column that says how much each record counts; empty where all count alike."""
        return self.column_of_weights.name

    @cached_property
    def used(self) -> tuple[Column, ...]:
        """The columns that were not dropped."""
        return tuple(column for column in self.columns if column.kind != "dropped")

    def numeric(self, name: str) -> bool:
        """Whether a column's texts are plain numbers, without a comma before their fraction."""
        return name in self._numeric

    @cached_property
    def _numeric(self) -> frozenset[str]:
        plain = (c for c in self.columns if c.kind == "numeric" and c.decimal == ".")
        return frozenset(c.name for c in plain if abs(c.origin) < EXACT_64 and not c.seconds)

    def target_unit(self, name: str) -> str:
        """What stands beside the numbers of a target; empty where nothing does."""
        return dict(zip(self.targets, self.target_units, strict=False)).get(name, "")

    def read_with(self, signs: Signs) -> Schema:
        """The same for a file that writes its numbers with those signs before fractions."""
        columns = tuple(
            replace(column, decimal=signs.of(column.name)) if column.kind == "numeric" else column
            for column in self.columns
        )
        return replace(self, columns=columns)

    @property
    def usual_decimal(self) -> str:
        """The sign of the file that it was made of, so far as that is known: schemas of earlier versions do not say."""
        signs = {column.decimal for column in self.columns if column.kind == "numeric"}
        return self.decimal or (signs.pop() if len(signs) == 1 else ".")

    @cached_property
    def words(self) -> dict[str, frozenset[str]]:
        """By column, the words that are levels or classes in it, and elsewhere stand for a missing value."""
        levels = {column.name: column.levels for column in self.used}
        if self.classes:
            levels[self.targets[0]] = self.classes
        words = frozenset((*MISSING, *self.missing))
        return {name: found for name, texts in levels.items() if (found := words & frozenset(texts))}

    @cached_property
    def placed(self) -> tuple[tuple[Column, int], ...]:
        """Each column with the number of its first column of X, of which those that are dropped have none."""
        sizes = [len(column.inputs) for column in self.columns]
        return tuple(zip(self.columns, accumulate(sizes, initial=0), strict=False))

    @cached_property
    def used_and_placed(self) -> tuple[tuple[Column, int], ...]:
        """The same of those that are used."""
        return tuple((column, place) for column, place in self.placed if column.kind != "dropped")

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names of the columns of X."""
        return tuple(name for column in self.columns for name in column.inputs)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the preparation makes: the embedded columns' level numbers come last."""
        plain = tuple(name for column in self.used if not column.embedded for name in column.features)
        return plain + tuple(column.name for column in self.embedded)

    @cached_property
    def embedded(self) -> tuple[Column, ...]:
        """The columns that enter by an Embedding."""
        return tuple(column for column in self.used if column.embedded)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: of each column its name, its kind, and what differs from the defaults."""
        defaults = asdict(Column("", ""))
        columns = []
        for column in self.columns:
            fields = {
                name: value
                for name, value in asdict(column).items()
                if name in ("name", "kind") or _json(value) != _json(defaults[name])
            }
            columns.append({name: _json(value) for name, value in fields.items()})
        record = {"columns": columns, "targets": list(self.targets), "classes": list(self.classes)}
        more = {"target_origins": list(self.target_origins), "target_units": list(self.target_units)}
        more |= {"decimal": self.decimal, "separator": self.separator, "missing": list(self.missing)}
        more["labels"] = [list(pair) for pair in self.labels]
        more |= {name: getattr(self, name) for name in ("counts", "ordered", "target_scale", "aim")}
        more |= {
            "quantiles": list(self.quantiles),
            "thresholds": list(self.thresholds),
            "temperatures": list(self.temperatures),
        }
        return record | {name: value for name, value in more.items() if value}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Schema:
        """The reverse of `to_dict`.

        Raises:
            ValueError: nothing that `to_dict` gave.
        """
        try:
            columns = tuple(_column(values) for values in record["columns"])
            origins = tuple(float(origin) for origin in record.get("target_origins", ()))
            units = _texts(record.get("target_units", ()))
            decimal, separator = _texts([record.get("decimal", ""), record.get("separator", "")])
            targets, classes = tuple(map(composed, _texts(record["targets"]))), _texts(record["classes"])
            missing = _texts(record.get("missing", ()))
            labels = tuple((no, yes) for no, yes in map(_texts, record.get("labels", ())))
            decided = [tuple(map(float, record.get(name, ()))) for name in ("thresholds", "temperatures")]
            schema = cls(columns, targets, classes, origins, units, decimal, separator, missing, labels)
            schema = replace(
                schema,
                thresholds=decided[0],
                temperatures=decided[1],
                counts=record.get("counts") is True,
                ordered=record.get("ordered") is True,
                quantiles=tuple(float(level) for level in record.get("quantiles", ())),
                target_scale=_texts([record.get("target_scale", "")])[0],
                aim=_texts([record.get("aim", "")])[0],
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as cause:
            raise ValueError(f"schema: {type(cause).__name__} {cause}") from cause
        if classes and not targets:
            raise ValueError(f"schema: classes {len(classes)}, targets 0")
        if len(labels) not in (0, len(targets)) or (labels and (classes or len(targets) < 2)):
            raise ValueError(f"schema: labels {len(labels)}, targets {len(targets)}, classes {len(classes)}")
        for numbers in decided:
            most = len(labels) or (1 if classes else 0)
            if len(numbers) not in (0, most) or not all(0 < number < math.inf for number in numbers):
                raise ValueError(f"schema: thresholds or temperatures {numbers!r:.60}")
        levels = schema.quantiles
        if levels and (len(targets) != 1 or classes or not all(a < b for a, b in pairwise((0.0, *levels, 1.0)))):
            raise ValueError(f"schema: quantiles {levels!r:.60}")
        if any(no == yes for no, yes in labels):
            raise ValueError("schema: a label whose no is its yes")
        if len(origins) not in (0, len(schema.targets)):
            raise ValueError(f"schema: target_origins {len(origins)}, expected {len(schema.targets)}")
        return schema

    def from_origins(self, y: NDArray[Any]) -> NDArray[Any]:
        """Targets `(records,)` or `(records, targets)` → float32, counted from their origins; y itself without any."""
        return counted_from(y, self.target_origins) if self.target_origins else y


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _texts(values: Any) -> tuple[str, ...]:
    if not (isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)):
        raise TypeError(f"no texts: {values!r:.60}")
    return tuple(values)


def _column(values: Mapping[str, Any]) -> Column:
    names = get_type_hints(Column)
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if name in ("levels", "parts"):
            fields[name] = _texts(value)
        elif name in ("means", "scales"):
            fields[name] = tuple(float(number) for number in value)
        elif name == "name" and isinstance(value, str):
            fields[name] = composed(value)
        elif name in names and (names[name] is not str or isinstance(value, str)):
            fields[name] = value
        else:
            raise TypeError(f"{name!r:.60}: {value!r:.60}")
    column = Column(**fields)
    if not isinstance(column.name, str) or column.kind not in KINDS or set(column.parts) - set(PARTS):
        raise TypeError(f"no column: {column.name!r:.60} {column.kind!r:.60}")
    if not all(isinstance(bound, float | int | str | None) for bound in (column.low, column.high)):
        raise TypeError(f"{column.name!r:.60}: {column.low!r:.60} to {column.high!r:.60}")
    if column.kind == "dropped" and not is_key(f"schema.dropped.{column.reason}"):
        raise TypeError(f"{column.name!r:.60}: {column.reason!r:.60}")
    if len(set(column.levels)) != len(column.levels) or not all(map(math.isfinite, column.means + column.scales)):
        raise TypeError(f"{column.name!r:.60}: levels, means or scales")
    size = len(column.inputs) if column.kind != "categorical" else 0
    if not len(column.means) == len(column.scales) == size or not 0 <= column.missing <= 1:
        raise TypeError(f"{column.name!r:.60}: means {len(column.means)}, scales {len(column.scales)}, expected {size}")
    return column
