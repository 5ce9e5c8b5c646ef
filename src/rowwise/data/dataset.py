"""Arrays with their names and their origin → a Dataset: records in rows, features in columns."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data import splits
from rowwise.data.storage import release
from rowwise.errors import DataError, UsageError
from rowwise.text import language, say, use_language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.data.tables.schema import Schema

BLOCK = 1 << 26  # bytes of a checksum at once
STEPS = 1e-3  # of a deviation: coarser ones of float32 lose what distinguishes the records
PIXEL_MAX = 255  # uint8 grey: 0 is black, 255 is white

BESIDE = ("keys", "rows", "weights")  # the arrays `(records,)` beside x and y, where there are any
FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Records first: `x[i]` is record i and `y[i]` its class or targets. Nothing of it can be changed.

    Attributes:
        name: what `rowwise.load` calls it, such as `"fashion-mnist"`.
        x: `(records, ...)`, uint8 (pixels 0..255), other integers or floating; the type is kept. Read-only: an array
            that other code could still write into is copied, once.
        y: `(records,)`, int32 class numbers, `0 <= y < len(classes)`; with `targets`, float32 `(records,)` or
            `(records, targets)`, finite; float64 where the schema says that float32 could not tell them apart.
            Read-only.
        classes: the classes' names in English, by number; empty for regression.
        classes_ko: the same in Korean; the English names where none are given.
        part: `"train"`, `"test"`, or `"validation"` after a split.
        provenance: where it came from, in a few English words for reports and `run.json`.
        source: the files, seeds and checksums that it came from, for `run.json`.
        provenance_ko: the provenance in Korean; the English one where none is given.
        schema: of a table: what the columns of x `(records, columns)` float32 are. NaN in x means a missing value,
            which only a Dataset with a schema may have.
        targets: the names of the numbers to be predicted, or of the labels that a record may have; else empty.
        keys: `(records,)`, of a table split by group or by time: a group's number, or the time. Then `split` keeps
            groups together, or holds out the latest.
        split_by: what `keys` are: `"group"`, `"time"`, or empty.
        weights: `(records,)` float32, of a table with a column of weights: how much each record counts; None where all
            count alike.
        rows: `(records,)` int32, of a table: the row of the file that each record is; the first below the names is 1.

    Raises:
        DataError: x and y differ in number, a label has no class, the Korean names are fewer or more than the
            English ones, a value is NaN or infinite, values are no numbers.
    """

    name: str
    x: NDArray[Any]
    y: NDArray[np.int32]
    classes: tuple[str, ...]
    classes_ko: tuple[str, ...] = ()
    part: str = ""
    provenance: str = ""
    source: Mapping[str, Any] = field(default_factory=dict)
    provenance_ko: str = ""
    schema: Schema | None = None
    targets: tuple[str, ...] = ()
    keys: NDArray[Any] | None = None
    split_by: str = ""
    rows: NDArray[np.int32] | None = None
    weights: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        x = np.asarray(unmasked(self.x, self.name))
        y: NDArray[Any] = np.asarray(unmasked(self.y, self.name))
        object.__setattr__(self, "targets", tuple(self.targets))
        y = self._checked_targets(x, y) if self.targets else self._checked_labels(x, y)
        if self.classes_ko and len(self.classes_ko) != len(self.classes):
            raise DataError("data.classes_ko", name=self.name, found=len(self.classes_ko), expected=len(self.classes))
        if self.schema is None:
            check_finite(self.name, x)
        elif x.dtype != np.float32 or x.shape[1:] != (len(self.schema.inputs),):
            expected = f"(records, {len(self.schema.inputs)}) float32"
            raise DataError("data.schema.columns", name=self.name, found=f"{x.shape} {x.dtype}", expected=expected)
        if self.weights is not None:
            object.__setattr__(self, "weights", _frozen(checked_weights(self.weights, len(x), self.name)))
        object.__setattr__(self, "x", _frozen(x))
        object.__setattr__(self, "y", _frozen(y))
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "classes_ko", tuple(self.classes_ko) or self.classes)
        object.__setattr__(self, "provenance_ko", self.provenance_ko or self.provenance)

    def _checked_labels(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.int32]:
        if x.ndim < 2 or y.ndim != 1 or len(x) != len(y):
            raise DataError("data.counts", name=self.name, x=x.shape, y=y.shape)
        if y.dtype.kind not in "iu":
            raise DataError("data.labels.dtype", name=self.name, found=y.dtype)
        if len(y) and not (int(y.min()) >= 0 and int(y.max()) < len(self.classes)):
            outside = y[(y < 0) | (y >= len(self.classes))]
            facts = {"last": len(self.classes) - 1, "found": int(outside[0]), "count": len(outside)}
            raise DataError("data.labels.range", name=self.name, **facts)
        return y.astype(np.int32, copy=False)

    def _checked_targets(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        if self.classes:
            raise DataError("data.targets.classes", name=self.name)
        columns = y.shape[1] if y.ndim == 2 else 1
        if x.ndim < 2 or y.ndim not in (1, 2) or len(x) != len(y) or columns != len(self.targets):
            expected = f"(records, {len(self.targets)})" if len(self.targets) > 1 else "(records,)"
            raise DataError("data.targets.counts", name=self.name, x=x.shape, y=y.shape, expected=expected)
        check_finite(f"{self.name} y", y)
        if self.schema is None or not self.schema.target_origins:
            return y.astype(np.float32, copy=False)
        return y if y.dtype in (np.int64, np.uint64) else y.astype(np.float64, copy=False)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: slice | NDArray[Any] | list[int]) -> Dataset:
        """The records of a slice, a mask `(records,)` of booleans or a list of record numbers."""
        if isinstance(rows, (int, np.integer)):
            raise UsageError("data.index", index=int(rows), end=int(rows) + 1)
        x, y = self.x[rows], self.y[rows]
        for array in (x, y):
            array.flags.writeable = False  # a mask or a list gives a fresh copy: no need for another
        more = {name: array[rows] for name in BESIDE if (array := getattr(self, name)) is not None}
        return replace(self, x=x, y=y, **more)

    def __repr__(self) -> str:
        name = f"{self.name} {self.part}" if self.part else self.name
        predicted = f"targets {', '.join(self.targets)}" if self.targets else f"{len(self.classes)} classes"
        arrays = f"x {self.x.shape} {self.x.dtype}, y {self.y.shape}"
        return f"<Dataset {name}: {arrays}, {predicted}, {self.provenance}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: its arrays, classes or targets, and where it comes from."""
        from rowwise.pages.card import Table, card

        name = f"{self.name} {self.part}" if self.part else self.name
        rows = [
            ["x", f"{self.x.shape} {self.x.dtype}", say("card.dataset.x")],
            ["y", f"{self.y.shape} {self.y.dtype}", ", ".join(self.targets) or say("card.dataset.y")],
        ]
        counts = [[name, f"{count:,}"] for name, count in zip(self.class_names, self.counts, strict=True)]
        classes = [Table([say("card.class"), say("report.records")], counts)] if counts else []
        origin = Table([], [[say("card.dataset.origin"), self.origin]])
        title = say("card.dataset", name=name, records=f"{len(self):,}")
        return card(title, Table([], rows), *classes, origin)

    @property
    def task(self) -> str:
        """`"classification"`; where there are targets, `"multilabel"` if a table has yes and no in each, or
        `"regression"`."""
        if self.schema is not None and self.schema.labels:
            return "multilabel"
        return "regression" if self.targets else "classification"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one record, without the axis of records: `(28, 28)`."""
        return self.x.shape[1:]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes' names in the current language."""
        return self.classes_ko if language() == "ko" else self.classes

    @property
    def origin(self) -> str:
        """The provenance in the current language."""
        return self.provenance_ko if language() == "ko" else self.provenance

    @property
    def counts(self) -> NDArray[np.int64]:
        """`(classes,)`: how many records each class has; `(0,)` for regression."""
        return np.bincount(self.y, minlength=len(self.classes)) if self.classes else np.zeros(0, np.int64)

    @cached_property
    def checksum(self) -> str:
        """SHA-256 (hexadecimal) of shape, type, x, y and weights: equal for equal data, whatever file held them."""
        # In little-endian order, whatever the machine's: equal data have the same checksum everywhere.
        x = np.ascontiguousarray(self.x, self.x.dtype.newbyteorder("<"))
        digest = hashlib.sha256(f"{x.shape} {x.dtype.str}".encode())
        beside = [self.y] if self.weights is None else [self.y, self.weights]
        for array in (x, *(np.ascontiguousarray(one, one.dtype.newbyteorder("<")) for one in beside)):
            flat = array.reshape(-1).view(np.uint8)
            for start in range(0, len(flat), BLOCK):
                digest.update(flat[start : start + BLOCK].data)
                release(self.x)  # a large table lies in a file, which keeps what was read
        return digest.hexdigest()

    def with_records_of(self, other: Dataset) -> Dataset:
        """These records and then those of another Dataset with the same columns, not to be split again."""

        def joined(mine: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
            both = np.concatenate([mine, others])
            both.flags.writeable = False
            return both

        weights = None
        if self.weights is not None or other.weights is not None:
            weights = joined(*(np.ones(len(p), np.float32) if p.weights is None else p.weights for p in (self, other)))
        x, y = joined(self.x, other.x), joined(self.y, other.y)
        return replace(self, x=x, y=y, weights=weights, keys=None, split_by="", rows=None)

    def split(self, fraction: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Two disjoint Datasets: every class gives `fraction` of its records to the second.

        For regression they are drawn from all records. Where `keys` are groups, whole groups are drawn; where they are
        times, the latest records are taken.

        Args:
            fraction: share of the second part, between 0 and 1.
            seed: not negative; the same seed gives the same split.

        Returns:
            `(rest, held_out)`, each in the order of the original records.

        Raises:
            UsageError: the fraction is not between 0 and 1, or leaves a part empty or without weight, or the seed is
                negative.
        """
        if not (isinstance(fraction, Real) and 0 < fraction < 1):
            raise UsageError("data.split.fraction", found=fraction)
        if not isinstance(seed, (int, np.integer)) or seed < 0:
            raise UsageError("data.split.seed", found=seed)
        labels = self.y if self.classes else None
        held_out = splits.held_out(len(self), float(fraction), int(seed), labels, self.keys, self.split_by)
        if not held_out.any() or held_out.all():
            raise UsageError("data.split.empty", records=len(self), fraction=fraction)
        if self.weights is not None and not (self.weights[held_out].any() and self.weights[~held_out].any()):
            raise UsageError("data.split.weightless", name=self.name)
        return replace(self[~held_out], part=self.part or "train"), replace(self[held_out], part="validation")


def unmasked(values: Any, name: str) -> Any:
    """The values; of NumPy's masked arrays, which lose their mask in all other functions, the plain ones.

    Raises:
        DataError: some values are masked: they are missing.
    """
    parts = values if isinstance(values, list | tuple) else (values,)
    if "numpy.ma" in sys.modules and any(isinstance(part, np.ma.MaskedArray) for part in parts):
        array: Any = np.ma.stack(values) if isinstance(values, list | tuple) else values
        if count := int(np.ma.getmaskarray(array).sum()):
            raise DataError("data.masked", name=name, count=f"{count:,}")
        return array.data
    return values


def checked_weights(weights: Any, records: int, name: str) -> NDArray[np.float32]:
    """`(records,)` float32: how much each record counts.

    Raises:
        DataError: not a weight for each record, or one that is negative or no finite number.
    """
    array = np.asarray(unmasked(weights, name))
    if array.shape != (records,) or array.dtype.kind not in "fiub":
        raise DataError("data.weights", name=name, found=f"{array.shape} {array.dtype}", expected=f"({records},)")
    with np.errstate(over="ignore"):
        array = array.astype(np.float32, copy=False)
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError("data.weights.value", name=name, record=first, found=f"{array[first]:g}")
    return array


def check_finite(name: str, x: NDArray[Any]) -> None:
    """Refuse NaN, infinite values, and what is no number.

    Raises:
        DataError: of another type, or names the first record and feature that is not finite.
    """
    if x.dtype.kind not in "fui":
        raise DataError("data.dtype", name=name, found=x.dtype)
    if x.dtype.kind != "f":
        return
    # A finite sum has finite terms only: one pass without a mask. Where the sum merely overflowed, the mask is empty.
    with np.errstate(all="ignore"):
        total = x.sum(dtype=np.float64)
    if not np.isfinite(total):
        places = np.argwhere(~np.isfinite(x))
        if len(places):
            first = tuple(int(index) for index in places[0])
            raise DataError("data.not_finite", name=name, count=len(places), where=list(first), found=x[first])
    check_float32(name, x)


def check_float32(name: str, x: NDArray[Any]) -> None:
    """Refuse floating values that models, which compute in float32, would take for infinite.

    Raises:
        DataError: names the first record and feature.
    """
    if x.dtype.kind != "f" or x.dtype.itemsize <= np.dtype(np.float32).itemsize or not x.size:
        return
    if max(x.max(), -x.min()) > FLOAT32_MAX:
        places = np.argwhere(np.isfinite(x) & (np.abs(x) > FLOAT32_MAX))
        if len(places):
            first = tuple(int(index) for index in places[0])
            found = f"{float(x[first]):g}"
            raise DataError("data.too_large", name=name, count=len(places), where=list(first), found=found)


def too_coarse(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the steps of float32 lose what tells numbers of such means and standard deviations apart."""
    return np.spacing(np.abs(mean).astype(np.float32)) > STEPS * deviation


def provenance_fields(key: str, /, **values: object) -> dict[str, Any]:
    """`provenance` and `provenance_ko` of a Dataset: the catalogue's message in English and in Korean."""
    fields = {}
    for name, lang in (("provenance", "en"), ("provenance_ko", "ko")):
        with use_language(lang):
            fields[name] = say(key, **values)
    return fields


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The array itself where it cannot be written to, nor into one that it is a view of; else a copy of it."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            copy = array.copy()
            copy.flags.writeable = False
            return copy
        owner = owner.base
    return array
