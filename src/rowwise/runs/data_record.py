"""What a run knows of its data → the `data` of `run.json`, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rowwise.data.picture_records import BORDER, CROP, FITS, OBJECT, WHOLE
from rowwise.data.source import Source, source_of
from rowwise.errors import RowwiseError
from rowwise.runs.json_fields import Fields

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset
    from rowwise.data.tables.schema import Schema


def prepared_as(source: Mapping[str, Any]) -> str:
    """How the pictures of a Dataset of this `source` became records; see `DataRecord.pictures`."""
    pictures = str(source.get("pictures"))
    return pictures if re.fullmatch(rf"({WHOLE}|{BORDER}|{CROP})(/[1-9]\d{{0,9}})?", pictures) else OBJECT


@dataclass(frozen=True)
class DataRecord:
    """The data of a run.

    Attributes:
        name, provenance, checksum, records: of the training records, as their Dataset has them.
        test_records, test_checksum: of the test records.
        shape: of one record.
        classes, classes_ko: the classes' names; none for regression.
        task: "classification" or "regression".
        targets: the targets' names for regression.
        schema: of a table.
        source: the files, seeds and checksums that the data were made from, as their loader gave them.
        validation_records, validation_checksum: of those of a table of their own; 0 and empty where there is none.
    """

    name: str
    provenance: str = ""
    checksum: str = ""
    records: int = 0
    test_records: int = 0
    test_checksum: str = ""
    shape: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    classes_ko: tuple[str, ...] = ()
    task: str = ""
    targets: tuple[str, ...] = ()
    schema: Schema | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    validation_records: int = 0
    validation_checksum: str = ""

    @classmethod
    def of(cls, train: Dataset, test: Dataset | None, validation: Dataset | None = None) -> DataRecord:
        """Of the records trained and tested on, if any are, and of those of a table of their own to validate with."""
        return cls(
            **identity(train),
            test_records=0 if test is None else len(test),
            test_checksum="" if test is None else test.checksum,
            validation_records=0 if validation is None else len(validation),
            validation_checksum="" if validation is None else validation.checksum,
            shape=train.shape,
            classes=train.classes,
            classes_ko=train.classes_ko,
            task=train.task,
            targets=train.targets,
            schema=train.schema,
            source=dict(train.source),
        )

    def loader(self) -> Source | None:
        """What loads these data again; None where they were a DataFrame, which no file holds.

        Raises:
            DataError: rowwise knows no data of that name.
        """
        if "frame" in self.source:
            return None
        return self.source_at() if "load" in self.source else Source(self.name).checked()

    def source_at(self, data: Any = None, **written: Any) -> Source:
        """Other data, read as these were.

        Args:
            data: a path, a DataFrame, or a Source whose data are meant; None: where these data were.
            written: attributes of the Source that differ.

        Raises:
            UsageError: an invalid value.
        """
        options = {**self._of_pictures(), **self.source.get("load", {"place": self.name}), **written}
        if isinstance(data, Source):
            return replace(source_of(data.place, options), frame=data.frame, password=data.password)
        return source_of(options["place"] if data is None else data, options)

    def _of_pictures(self) -> dict[str, Any]:
        """How a folder's pictures became records, where the run was made by another rowwise, or the folder has other
        pictures by now."""
        kind = self.pictures.partition("/")[0]
        if kind == OBJECT or "folder" not in self.source or len(self.shape) < 2:
            return {}
        return {"size": list(self.shape[:2]), "fit": next((fit for fit, name in FITS.items() if name == kind), "")}

    @property
    def has_outdated_groups(self) -> bool:
        """Whether the data were split by group in a way that cannot be made again."""
        if "group" not in self.source.get("load", {}):
            return False
        from rowwise.data.tables.split_keys import has_outdated_keys  # imports NumPy, which --help does without

        return has_outdated_keys(self.source)

    @property
    def pictures(self) -> str:
        """How pictures became records, `"object"`, `"border"` or such as `"border/4095"`; else as the course's."""
        return prepared_as(self.source)

    def to_dict(self) -> dict[str, Any]:
        """As `run.json` has it."""
        schema = self.schema.to_dict() if self.schema is not None else None
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "schema": schema, "source": dict(self.source)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DataRecord:
        """The reverse of `to_dict`; a run of an earlier rowwise may lack all but the name.

        Raises:
            ValueError: a value of another type; the message names it.
        """
        read = Fields(values, "data.")
        source = read.mapping("source")
        if "load" in source:
            _refuse(lambda: Source.from_dict(source["load"]), "data.source.load")
        schema = values.get("schema")
        if schema is not None:
            from rowwise.data.tables.schema import Schema

            schema = _refuse(lambda: Schema.from_dict(values["schema"]), "data.schema")
        return cls(
            name=read.required_text("name"),
            provenance=read.text("provenance"),
            checksum=read.text("checksum"),
            records=read.whole("records"),
            test_records=read.whole("test_records"),
            test_checksum=read.text("test_checksum"),
            validation_records=read.whole("validation_records"),
            validation_checksum=read.text("validation_checksum"),
            shape=read.sizes("shape"),
            classes=read.texts("classes"),
            classes_ko=read.texts("classes_ko"),
            task=read.text("task"),
            targets=read.texts("targets"),
            schema=schema,
            source=source,
        )


def identity(data: Dataset) -> dict[str, Any]:
    """What identifies data in every record."""
    return {"name": data.name, "provenance": data.provenance, "checksum": data.checksum, "records": len(data)}


def _refuse(read: Any, name: str) -> Any:
    """What `read` gives; what it raises, as a ValueError that names the damaged part."""
    try:
        return read()
    except (RowwiseError, TypeError, AttributeError, ValueError, OverflowError) as cause:
        raise ValueError(f"{name}: {cause}") from cause
