"""A saved run → what an export says of itself: inputs, codes of categories, classes, units, provenance, proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rowwise import __version__
from rowwise.exports.inputs import columns_in
from rowwise.exports.kinds import COLUMNS, FLOATS
from rowwise.exports.program import TEXT
from rowwise.json_text import to_json

if TYPE_CHECKING:
    from rowwise.data.tables.schema import Schema
    from rowwise.exports.program import Program
    from rowwise.exports.proof import Proof
    from rowwise.runs.saved import Saved


def properties(saved: Saved, program: Program, proof: Proof | None = None) -> dict[str, str]:
    """By key, texts or JSON: the properties of an ONNX model, the metadata of other files."""
    values: dict[str, Any] = {"version": __version__, "task": saved.task}
    values |= {"inputs": inputs(saved, program), "outputs": outputs(saved, program), "provenance": provenance(saved)}
    if proof is not None:
        values["proof"] = proof.to_dict()
    texts = {name: value if isinstance(value, str) else to_json(value).decode() for name, value in values.items()}
    return {f"rowwise.{name}": text for name, text in texts.items()}


def inputs(saved: Saved, program: Program) -> list[dict[str, Any]]:
    """Of each column of the input, or each input, what goes there."""
    if saved.schema is None:
        about: dict[str, Any] = {"name": program.inputs[0].name, "kind": saved.accepts.kind, "shape": program.shape}
        return [about | ({"white": saved.accepts.white} if saved.accepts.kind == "pictures" else {})]
    return [_column(given, program.kind == COLUMNS) for given in columns_in(saved.schema, program.kind)]


def _column(given: Any, alone: bool) -> dict[str, Any]:
    """A column: a missing value is NaN everywhere."""
    column = given.column
    about = {"name": given.name, "kind": column.kind}
    if column.kind == "categorical":
        about |= {"levels": column.levels, "codes": TEXT if alone else f"0 to {len(column.levels) - 1}"}
        about |= {"unknown": len(column.levels)} if not alone else {}
    elif column.kind == "date":
        about |= {"part": given.name.removeprefix(f"{column.name} ")}
    elif column.kind == "numeric":
        about |= {"low": column.low, "high": column.high}
        about |= {"unit": column.unit} if column.unit else {}
        origin = given.counted_from
        about |= {"subtract_before": int(origin) if origin.is_integer() else origin} if origin else {}
    return about | ({"missing": given.missing} if given.missing else {})


def outputs(saved: Saved, program: Program) -> dict[str, Any]:
    """What the outputs are: names of classes, labels or numbers, and how the answer follows."""
    schema = saved.schema
    about: dict[str, Any] = {"classes": saved.classes} if saved.classes else {"targets": saved.targets}
    record = saved.record
    korean = record.data.classes_ko if record is not None else ()
    if korean != saved.classes and len(korean) == len(saved.classes):
        about["classes_ko"] = korean
    if schema is not None and schema.target_origins and program.kind == FLOATS:
        about["add_after"] = schema.target_origins
    return about | (_of_schema(schema) if schema is not None else {})


def _of_schema(schema: Schema) -> dict[str, Any]:
    about = {
        "units": schema.target_units,
        "labels": schema.labels,
        "quantiles": schema.quantiles,
        "thresholds": schema.thresholds,
        "temperatures": schema.temperatures,
        "ordered": schema.ordered,
        "counts": schema.counts,
    }
    return {name: value for name, value in about.items() if value}


def provenance(saved: Saved) -> dict[str, Any]:
    """Which run it is, what it was trained on, and how it did on its test records."""
    about: dict[str, Any] = {"run": saved.path.name}
    if (record := saved.record) is None:
        return about
    data = record.data
    about |= {"data": data.name, "about": data.provenance, "records": data.records, "checksum": data.checksum}
    figures = {name: value for name, value in record.test.items() if isinstance(value, float | int)}
    return (
        about
        | {"engine": record.engine, "epochs": record.epochs_trained, "versions": record.versions}
        | ({"test": figures} if figures else {})
    )


def commented(saved: Saved, program: Program, proof: Proof | None = None) -> list[str]:
    """The same as lines of a comment."""
    lines = [f"Written by rowwise {__version__} from the run {saved.path.name}; it needs no rowwise."]
    return lines + [
        f"{name.removeprefix('rowwise.')}: {text}" for name, text in properties(saved, program, proof).items()
    ]
