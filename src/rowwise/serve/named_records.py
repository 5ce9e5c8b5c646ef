"""Records by column name → X, and warnings of what in them is unlike the records of the training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rowwise.data.column_names import composed, listed
from rowwise.data.tables.encode import Oddities, encode, oddity_notes
from rowwise.serve.bodies import LARGEST, check_once
from rowwise.serve.plain_records import PlainRecords
from rowwise.serve.problems import WRONG, Refused
from rowwise.text import say
from rowwise.text.near import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Schema

SHOWN = 20  # numbers of records that a warning lists
COMPARED = 200  # unknown names that may be a slip of a column's: a look at each takes time
FAR = 0.5  # of the training records' range: a value that lies further outside of it is said to
BOOLEAN = (bool, int, float, str)
TYPES = {"numeric": (int, float, str), "boolean": BOOLEAN, "categorical": BOOLEAN, "date": (str,)}


class Read(NamedTuple):
    """X `(records, columns)`, and the warnings as JSON has them."""

    x: NDArray[np.float32]
    warnings: list[dict[str, Any]]


class NamedRecords:
    """What reads the records of a table's model, one request's after another's."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._plain = PlainRecords(schema)
        self._used = {column.name: column for column in schema.used}
        self._known = self._used.keys() | {column.name for column in schema.columns} | {*schema.targets}
        self._places = {column.name: place for column, place in schema.used_and_placed}
        numeric = [c for c in schema.used if c.kind == "numeric" and _is_number(c.low) and _is_number(c.high)]
        self._ranged = [column.name for column in numeric]
        self._at = np.array([self._places[name] for name in self._ranged], np.intp)
        bounds = np.array([[float(c.low) - c.origin, float(c.high) - c.origin] for c in numeric]).reshape(-1, 2)  # type: ignore[arg-type]
        room = FAR * (bounds[:, 1] - bounds[:, 0])
        self._least, self._most = bounds[:, 0] - room, bounds[:, 1] + room

    def read(self, records: Sequence[dict[str, Any]]) -> Read:
        """X as `rowwise predict` makes it of the same rows, whatever other requests hold.

        A column that no record has is taken as missing, with a warning; so is a name that the model does not know.

        Raises:
            Refused: a record has none of the columns, or a value is of a kind that its column cannot have.
            DataError: a number beyond float32.
        """
        names: dict[str, None] = {}
        for record in records:
            if not record.keys() <= names.keys():  # a difference would look at all names of the others
                names.update(dict.fromkeys(record))
        if any(not name.isascii() and composed(name) != name for name in names):
            for record in records:
                check_once([*map(composed, record)])
            records = [{composed(name): value for name, value in record.items()} for record in records]
            names = {composed(name): None for name in names}
        for number, record in enumerate(records):
            if self._used.keys().isdisjoint(record):
                words = {"names": listed(list(self._used), 5), "found": listed(list(record), 10) or "–"}
                raise Refused(WRONG, say("serve.records.strange", number=number, **words))
        absent = [name for name in self._used if name not in names]
        unknown = [name for name in names if name not in self._known]
        encoded = self._plain.encode(records)
        if encoded is None:
            self._check_types(records)
            if absent:
                records = [dict.fromkeys(absent) | record for record in records]
            encoded = encode(self._schema, records)
        warnings = [self._absent(name, unknown, len(records)) for name in absent]
        warnings += self._unknown(unknown, records)
        odd = {name: counts for name, counts in encoded.oddities.items() if name not in absent and any(counts.values())}
        if odd:
            warnings += self._odd(odd, encoded.x, records)
        return Read(encoded.x, warnings + self._far(encoded.x))

    def _check_types(self, records: Sequence[Mapping[str, Any]]) -> None:
        for number, record in enumerate(records):
            for name, column in self._used.items():
                value = record.get(name)
                if value is not None and type(value) not in TYPES[column.kind]:
                    found = "true" if value is True else "false" if value is False else value
                    raise Refused(WRONG, say(f"serve.records.{column.kind}", name=name, number=number, found=found))
                if column.kind == "numeric" and not isinstance(value, str | None) and abs(value) > LARGEST:
                    words = {
                        "name": name,
                        "number": number,
                        "most": f"{LARGEST:g}",
                        "found": f"{float(value):.6g}" if abs(value) < 1e300 else ">1e300",
                    }
                    raise Refused(WRONG, say("serve.records.large", **words))

    def _absent(self, name: str, unknown: list[str], count: int) -> dict[str, Any]:
        near = nearest(name, unknown[:COMPARED])
        key = "serve.warning.absent.near" if near else "serve.warning.absent"
        message = say(key, name=name, near=near)
        return warning(name, "absent", range(count), message)

    def _unknown(self, names: list[str], records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        having: dict[str, list[int]] = {name: [] for name in names}
        for number, record in enumerate(records if names else ()):
            for name in having.keys() & record.keys():
                having[name].append(number)
        return [
            warning(name, "unknown column", numbers, say("serve.warning.unknown", name=name))
            for name, numbers in having.items()
        ]

    def _odd(
        self, oddities: Mapping[str, Mapping[str, int]], x: NDArray[np.float32], records: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        warnings = []
        for name, counts in oddities.items():
            column, values = self._used[name], x[:, self._places[name]]
            unknown = counts.unknown if isinstance(counts, Oddities) else []
            lacking = np.flatnonzero(np.isnan(values)).tolist()
            missing = [number for number in lacking if records[number].get(name) is None]
            places: dict[str, list[int]] = {
                "unknown": np.flatnonzero(values == len(column.levels)).tolist() if column.levels else [],
                "missing": missing if len(missing) == counts.get("missing") else lacking,
                "unreadable": [number for number in lacking if records[number].get(name) is not None],
            }
            for kind, count in counts.items():
                for message in oddity_notes(self._schema, {name: Oddities({kind: count}, unknown)}):
                    said = "unknown level" if kind == "unknown" else kind
                    warnings.append(warning(name, said, places.get(kind, []), message, count))
        return warnings

    def _far(self, x: NDArray[np.float32]) -> list[dict[str, Any]]:
        values = x[:, self._at]
        outside = (values < self._least) | (values > self._most)  # NaN is neither
        if not outside.any():
            return []
        warnings = []
        for place in np.flatnonzero(outside.any(0)).tolist():
            column = self._used[self._ranged[place]]
            numbers = np.flatnonzero(outside[:, place]).tolist()
            bounds = {"low": f"{column.low:g}", "high": f"{column.high:g} {column.unit}".rstrip()}
            found = f"{float(values[numbers[0], place]) + column.origin:.6g}"
            said = say("serve.warning.far", name=column.name, found=found, count=f"{len(numbers):,}", **bounds)
            warnings.append(warning(column.name, "outside the range", numbers, said))
        return warnings


def _is_number(bound: object) -> bool:
    return isinstance(bound, int | float)


def warning(name: str, kind: str, records: Sequence[int], message: str, count: int | None = None) -> dict[str, Any]:
    """A warning as JSON has it, of a column or, without a name, of all: the first `records`, from 0, and how many."""
    count = len(records) if count is None else count
    return {"column": name, "kind": kind, "records": list(records[:SHOWN]), "count": count, "message": message}
