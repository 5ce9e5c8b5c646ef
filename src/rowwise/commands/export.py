"""`rowwise export` → a saved model as a file that other programs predict with, and how its answers were compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rowwise.errors import UsageError
from rowwise.exports.formats import ENDINGS, FORMATS
from rowwise.exports.kinds import INPUTS
from rowwise.terminal.argument_types import one_of
from rowwise.terminal.output import Output
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import say

if TYPE_CHECKING:
    from rowwise.exports.export import Exported


def _export(model: Path, to: str | None, out: Path | None, inputs: str | None, json: bool) -> int:
    """Write the file and say what was compared; 0.

    Raises:
        RowwiseError: as `rowwise.export`.
    """
    to = to or (ENDINGS.get(out.suffix.lower()) if out is not None else None)
    if to is None:
        raise UsageError("export.none", known=", ".join(FORMATS))
    with own_temporary_folder(), Output(json) as output:
        from rowwise.exports.export import export

        done = export(model, to, out, inputs or INPUTS[0])
        times = f"{done.bytes / max(done.weights, 1):.2f}"
        output.result(say("export.written", path=done.path, bytes=f"{done.bytes:,}", times=times))
        for path in done.beside:
            output.result(say("export.beside", path=path))
        output.result(about_proof(done))
        if done.note:
            output.warn(done.note)
        output.json({"schema": 1, "model": str(model), **done.to_dict()})
    return 0


def about_proof(done: Exported) -> str:
    """What was compared, and how far the answers lie apart."""
    proof = done.proof
    counts = {"records": f"{proof.records:,}", "odd": f"{proof.odd:,}", "extremes": f"{proof.extremes:,}"}
    apart = {"difference": f"{proof.difference:.1e}", "extreme": f"{proof.extreme_difference:.1e}"}
    kind = proof.origin if proof.odd else f"{proof.origin}.alone"  # pictures have neither missing values nor levels
    return say(f"export.proved.{kind}", by=", ".join(proof.by), **counts, **apart)


command = Command(
    "export",
    "cli.help.export",
    [
        Argument("model", "cli.help.model", "MODEL", type=Path),
        Option("--to", "cli.help.export.to", "FORMAT", type=one_of(*FORMATS), values={"known": ", ".join(FORMATS)}),
        Option("--out", "cli.help.export.out", "FILE", type=Path),
        Option("--inputs", "cli.help.export.inputs", "KIND", type=one_of(*INPUTS), values={"default": INPUTS[0]}),
        *common(json=True),
    ],
    _export,
)
