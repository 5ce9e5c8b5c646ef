"""What to load, and how: checked, and as plain JSON, so that a run finds its data again."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.data.column_names import labels_named
from rowwise.data.databases import Database, is_database, split_password
from rowwise.data.named.names import canonical_name, is_name
from rowwise.data.option_values import levels_of, order_of, size_of, spellings_of
from rowwise.data.picture_records import FITS
from rowwise.errors import DataError, UsageError, os_reason
from rowwise.files import check_regular
from rowwise.text import say
from rowwise.text.near import did_you_mean
from rowwise.text.options import as_given, option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
ARRAYS = (".npz", ".npy")
TASKS = ("classification", "regression", "multilabel", "counts")
SCALES = ("standard", "log", "none", "auto")
DATE_ORDERS = ("day-first", "month-first", "year-first")
# How a table's file writes what it holds. Whatever reads a table takes these, a saved model too.
WRITTEN = ("separator", "encoding", "header", "decimal", "date_order", "missing")

UNWRITTEN = ("frame", "password")  # the attributes of a Source that no run keeps

# The options that data of a kind take.
_OPTIONS = {
    "table": (
        *("target", "task", "quantiles", "ordered", "target_scale", "weight"),
        *("categorical", "numeric", "drop", "group", "time"),
        *("test", "seed", "test_file", "validation_file", "folds", "fold"),
        *WRITTEN,
    ),
    "folder": ("test", "seed", "size", "colour", "fit", "skip_bad"),
    "arrays": ("test", "seed", "task"),
    "named": (),
}


@dataclass(frozen=True)
class Source:
    """Data and how to read them: the same data give the same Datasets.

    Attributes:
        place: one of `rowwise.data.names()`, the path of a file or folder, a database (`rowwise.data.databases`), or
            what a DataFrame is called.
        target: of a table, the columns to be predicted.
        task: one of `TASKS`; empty: the targets decide.
        quantiles: of a table, levels of the target's quantiles that are predicted in its place: `(0.1, 0.5, 0.9)`.
        ordered: of a table, the target's classes in their order, from the lowest: `("low", "medium", "high")`.
        target_scale: one of `SCALES`: on which scale a number of a table is learned; empty for "standard". "auto" takes
            "log" where the training records are skewed (`target_scales`).
        weight: a column of a table that says how much each record counts; it is no feature.
        categorical, numeric, drop: columns of a table to be taken so, whatever they look like.
        group: a column of a table: records with the same value stay on one side of every split.
        time: a column of a table: the latest records are the test data.
        test: share of the records that become test data, where the data are not divided already.
        seed: of that split.
        test_file: the path of another table whose records, all of them, are the test data.
        validation_file: the path of a table whose records, all of them, a training is validated with: none of the
            training records is held out then.
        folds, fold: of a table, into how many folds it is cut, and in which of them, from 1, the test data are; 0 for
            none. By time each fold is tested by a model that has learned from the records before it.
        separator, encoding: of a CSV file; empty: detected.
        header: the line of a CSV file that holds the names of the columns, from 1; 0: there are none; None: detected.
        decimal: the sign before the fraction in texts of numbers, `"."` or `","`; empty: its columns decide.
        date_order: one of `DATE_ORDERS`: how a table's dates such as 01/02/03 are meant; empty: they show it, or it is
            said that nothing does.
        missing: texts and numbers that stand for a missing value in a table, besides the usual ones: `("-999",)`.
        size: `(height, width)` of pictures, one number for both, or text such as `"48x64"`; None: the pictures decide.
        colour: of pictures: `"grey"`, `"colour"`, or empty: the pictures decide.
        fit: what becomes of pictures of other proportions than the records': one of `FITS`, padded in the colour
            of their border or in black, or cropped to their middle; empty for "border".
        skip_bad: whether pictures that cannot be read are left out.
        frame: a DataFrame of Polars or pandas, in place of a file; a run does not keep it.
        password: of a database; it is taken out of the place, and a run does not keep it.

    Raises:
        UsageError: an invalid option.
    """

    place: str
    target: tuple[str, ...] = ()
    task: str = ""
    quantiles: tuple[float, ...] = ()
    ordered: tuple[str, ...] = ()
    target_scale: str = ""
    weight: str = ""
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    group: str = ""
    time: str = ""
    test: float = 0.2
    seed: int = 0
    test_file: str = ""
    validation_file: str = ""
    folds: int = 0
    fold: int = 0
    separator: str = ""
    encoding: str = ""
    header: int | None = None
    decimal: str = ""
    date_order: str = ""
    missing: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    colour: str = ""
    fit: str = ""
    skip_bad: bool = False
    frame: Any = field(default=None, compare=False, repr=False)
    password: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if is_database(self.place):
            place, password = split_password(self.place)
            object.__setattr__(self, "place", place)
            object.__setattr__(self, "password", self.password or password)
        for file in (self.test_file, self.validation_file):
            if is_database(file) and split_password(file).password:
                raise UsageError("database.password.file")
        for name in ("target", "categorical", "numeric", "drop"):
            value = getattr(self, name)
            columns = (value,) if isinstance(value, str) else tuple(value or ())
            if not all(isinstance(column, str) for column in columns):
                raise UsageError("source.columns", name=name, found=as_given(value))
            object.__setattr__(self, name, columns)
        object.__setattr__(self, "missing", spellings_of(self.missing))
        object.__setattr__(self, "quantiles", levels_of(self.quantiles))
        object.__setattr__(self, "ordered", order_of(self.ordered))
        if self.target_scale not in ("", *SCALES):
            raise UsageError("source.choice", name="target_scale", found=self.target_scale, known=", ".join(SCALES))
        self._check_target()
        if self.size is not None:
            object.__setattr__(self, "size", size_of(self.size))
        if self.task not in ("", *TASKS):
            raise UsageError("source.choice", name="task", found=self.task, known=", ".join(TASKS))
        if self.decimal not in ("", ".", ","):
            raise UsageError("source.choice", name="decimal", found=self.decimal, known='"." ","')
        if self.date_order not in ("", *DATE_ORDERS):
            known_orders = ", ".join(DATE_ORDERS)
            raise UsageError("source.choice", name="date_order", found=self.date_order, known=known_orders)
        if self.colour not in ("", "grey", "colour"):
            raise UsageError("source.choice", name="colour", found=self.colour, known="grey, colour")
        if self.fit not in ("", *FITS):
            raise UsageError("source.choice", name="fit", found=self.fit, known=", ".join(FITS))
        if isinstance(self.test, bool) or not isinstance(self.test, float | int) or not 0 < self.test < 1:
            raise UsageError("data.split.fraction", found=as_given(self.test))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise UsageError("data.split.seed", found=as_given(self.seed))
        line = 0 if self.header is None else self.header
        if isinstance(line, bool) or not isinstance(line, int) or line < 0:
            raise UsageError("source.header", found=as_given(line))
        if isinstance(self.folds, bool) or not isinstance(self.folds, int) or not (self.folds == 0 or self.folds >= 2):
            raise UsageError("source.folds", found=as_given(self.folds))
        if isinstance(self.fold, bool) or not isinstance(self.fold, int) or not 0 <= self.fold <= self.folds:
            key = "source.fold" if self.folds else "source.fold.alone"
            raise UsageError(key, found=as_given(self.fold), folds=self.folds)
        if self.test_file and self.folds:
            raise UsageError("source.folds.test_file")
        if self.group and self.time:
            raise UsageError("source.group_and_time", group=self.group, time=self.time)

    @property
    def kind(self) -> str:
        """`"named"`, `"table"`, `"folder"` or `"arrays"`.

        Raises:
            DataError: no data of that name, no such file, or a file of another kind.
        """
        if self.frame is not None or is_database(self.place):
            return "table"
        path = Path(self.place)
        if is_name(self.place):
            return "named"
        try:
            if path.is_dir():
                return "folder"
        except OSError as cause:  # a folder above it must not be looked into
            raise DataError("idx.missing", file=path, cause=os_reason(cause)) from cause
        suffix = path.suffix.lower()
        if path.is_file():
            if suffix in TABLES:
                return "table"
            if suffix in ARRAYS:
                return "arrays"
            raise DataError("source.suffix", path=path, known=", ".join((*TABLES, *ARRAYS)))
        if path.exists():
            _refuse_irregular(path)
        if suffix or len(path.parts) > 1 or self.place.endswith(("/", os.sep)):
            raise DataError("source.missing", path=path)
        canonical_name(self.place)  # raises: it is no name either
        raise AssertionError(self.place)

    @classmethod
    def used_on(cls, data: Any, written: Mapping[str, Any]) -> Source:
        """The Source of data that a saved model is used on.

        Args:
            data: a name, a path, a DataFrame, or a Source.
            written: how the file of a table writes what it holds, by the names in `WRITTEN`.

        Raises:
            UsageError: another option, an invalid value, or one for data that are no table. DataError: as `kind`.
        """
        check_written(written)
        if isinstance(data, cls):
            return cls.from_dict({**data.to_dict(), **written, "place": data.place})._with(data)
        frame = is_frame(data)
        source = cls.from_dict({"place": "table" if frame else str(data), **written})
        source = replace(source, frame=data) if frame else source
        if written and source.kind != "table":
            option = next(iter(written)).replace("_", "-")
            raise source._not_for(next(iter(written)), f"--{option}")
        return source

    def _with(self, other: Source) -> Source:
        """With what another one has that is never written."""
        return replace(self, frame=other.frame, password=other.password)

    def check_table(self) -> None:
        """Raises UsageError where a model that was trained on a table cannot take it, and DataError as `kind`."""
        path = Path(self.place)
        other_file = self.frame is None and path.is_file() and path.suffix.lower() not in TABLES
        if other_file or self.kind != "table":
            raise UsageError("predict.table.kind", path=self.place, known=", ".join(TABLES))

    def checked(self) -> Source:
        """The source itself, a name written as `names` has it, once it is sure that the options are for such data.

        Raises:
            DataError: as `kind`. UsageError: an option for data of another kind, or a table without target.
        """
        kind = self.kind
        for attribute in fields(self):
            name = attribute.name
            if name in ("place", *UNWRITTEN, *_OPTIONS[kind]):
                continue
            if getattr(self, name) != attribute.default and not (kind == "named" and name == "seed"):
                raise self._not_for(name, option(name))
        if self.task in ("multilabel", "counts") and kind != "table":
            raise self._not_for("target", option("task", self.task))
        if kind == "table" and not any(self.target):
            raise UsageError("source.target", place=self.place)
        return replace(self, place=canonical_name(self.place)) if kind == "named" else self

    def _not_for(self, name: str, written: str) -> UsageError:
        """Why this option, as the caller writes it, cannot be given for data of this kind."""
        kinds = ", ".join(say(f"source.of.{kind}") for kind, names in _OPTIONS.items() if name in names)
        key = "source.option.weight" if name == "weight" else "source.option"
        return UsageError(key, option=written, kinds=kinds, place=self.place)

    def _check_target(self) -> None:
        """Raises UsageError where what is asked of the target contradicts itself."""
        asked = [name for name in ("quantiles", "ordered", "target_scale") if getattr(self, name)]
        asked += [option("task", "counts")] if self.task == "counts" else []
        if len(asked) > 1:
            raise UsageError("source.target.contradiction", first=asked[0], second=asked[1])
        task = self.task_of_target
        if self.task not in ("", "counts", task):
            raise UsageError("source.target.contradiction", first=asked[0], second=option("task", self.task))
        if (self.quantiles or self.ordered) and len(self.target) > 1:
            raise UsageError("source.target.one", name=asked[0], found=len(self.target))

    @property
    def task_of_target(self) -> str:
        """`"classification"`, `"regression"` or `"multilabel"`, as it was asked for; empty: the targets decide."""
        if self.ordered:
            return "classification"
        return "regression" if self.quantiles or self.target_scale or self.task == "counts" else self.task

    @property
    def split_by(self) -> str:
        """What decides which records are held out: `"group"`, `"time"`, or empty."""
        return "group" if self.group else "time" if self.time else ""

    @property
    def name(self) -> str:
        """What the Datasets are called: the name, or the file's without its ending."""
        kind = self.kind
        if kind == "named" or self.frame is not None:
            return self.place
        if is_database(self.place):
            return Database.of(self.place).name
        path = Path(self.place).resolve()
        return path.name if kind == "folder" else path.stem

    def to_dict(self) -> dict[str, Any]:
        """What differs from the defaults, as plain JSON; of a DataFrame only what it is called."""
        options = asdict(replace(self, frame=None, password=""))
        defaults = {option.name: option.default for option in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in options.items()
            if name == "place" or value != defaults[name]
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Source:
        """The reverse of `to_dict`.

        Raises:
            UsageError: an option that does not exist, or whose value is invalid.
        """
        options = {option.name: option for option in fields(cls) if option.name not in UNWRITTEN}
        for name, value in values.items():
            if name not in options:
                raise _unknown(name, options)
            default = options[name].default
            # Types only; whether a value makes sense is seen when the Source is made.
            if name in ("size", "header", "missing", "quantiles", "ordered"):
                fits = True
            elif isinstance(default, bool):
                fits = isinstance(value, bool)
            elif isinstance(default, int | float):
                fits = isinstance(value, int | float)
            elif isinstance(default, tuple):
                fits = isinstance(value, str | list | tuple)
            else:
                fits = isinstance(value, str)
            if not fits:
                raise UsageError("source.value", name=name, found=as_given(value))
        return cls(**values)


def check_written(options: Iterable[str]) -> None:
    """Raises UsageError where an option does not say how a table's file writes what it holds."""
    for name in options:
        if name not in WRITTEN:
            raise _unknown(name, WRITTEN)


def _unknown(name: str, known: Iterable[str]) -> UsageError:
    several = list(known)
    return UsageError("source.unknown", name=name, near=did_you_mean(name, several), known=", ".join(several))


def _refuse_irregular(path: Path) -> None:
    """Raises DataError where a path leads to a pipe, a socket or a device."""
    try:
        check_regular(path)
    except OSError as cause:
        raise DataError("source.irregular", path=path, cause=os_reason(cause)) from cause


def is_frame(data: Any) -> bool:
    """Whether it is a DataFrame of Polars, or of pandas."""
    return hasattr(data, "lazy") or (hasattr(data, "columns") and hasattr(data, "iloc"))


def source_of(data: Any, options: Mapping[str, Any]) -> Source:
    """The Source of a name, path or DataFrame, whose columns the options may name by their labels.

    Args:
        options: attributes of the Source; a `place` among them does not count.

    Raises:
        UsageError: none of these, an unknown option, or an invalid value.
    """
    if is_frame(data):
        return replace(Source.from_dict({**labels_named(data, options), "place": "table"}), frame=data)
    if not isinstance(data, str | Path):
        raise UsageError("source.kind", found=type(data).__name__)
    return Source.from_dict({**options, "place": str(data)})
