"""One HTML page that predicts in the browser, in two languages, without a network; proved by Node.js if it is there."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from rowwise import __version__
from rowwise.errors import ModelError
from rowwise.exports.about import inputs, outputs, properties
from rowwise.exports.made import Made, described
from rowwise.exports.packed import compressed, few, packed
from rowwise.exports.program import DOUBLE
from rowwise.exports.records import OWN
from rowwise.json_text import plain
from rowwise.pages.render import render
from rowwise.text import LANGUAGES, language, say, use_language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.exports.program import Program
    from rowwise.exports.proof import Answers, Expected, Proof
    from rowwise.runs.saved import Saved

# Records on standard input as JSON → their answers, by the page's own script.
RUN = """
predictor(given.program).then((predict) => {
  const numbers = (record) => record.map((number) => (typeof number === "string" ? Number(number) : number));
  const records = given.records.map((record) => predict(numbers(record)));
  const text = (key, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
  process.stdout.write(JSON.stringify(records, text));
});
"""


class HtmlFormat:
    """One `.html` file."""

    suffix = ".html"
    floats = False

    def make(self, saved: Saved, program: Program, wanted: Expected, path: Path) -> Made:
        """The page and what runs its script."""

        def files(proof: Proof) -> dict[Path, bytes]:
            return {path: page(saved, program, wanted, proof).encode()}

        node = shutil.which("node")
        if node is None:
            return Made(described(program), files, "export.note.html")
        version = subprocess.run([node, "--version"], capture_output=True, encoding="utf-8", check=False).stdout.strip()
        return Made({f"node {version}": partial(_by_node, node, program)}, files)


def page(saved: Saved, program: Program, wanted: Expected, proof: Proof) -> str:
    """The document."""
    name = saved.record.data.name if saved.record is not None else saved.path.stem
    kind = saved.accepts.kind
    data = {
        **as_json(program),
        "kind": kind,
        "shape": program.shape,
        "white": saved.accepts.white,
        "pictures": saved.accepts.pictures.partition("/")[0],
        "inputs": inputs(saved, program),
        "outputs_are": outputs(saved, program),
        "check": few(program, wanted),
        "own_examples": wanted.tried.origin == OWN,
        "about": properties(saved, program, proof),
        "language": language(),
        "texts": {lang: _texts(lang) for lang in LANGUAGES},
    }
    about = f"rowwise {__version__}, {saved.path.name}"
    values = {"title": name, "kind": kind, "about": about, "program": _embedded(data)}
    return str(render("rowwise.exports", "export.html", **values))


def as_json(program: Program) -> dict[str, Any]:
    """The program as the page's script takes it."""
    (given,) = program.inputs
    steps = [
        (step.operation, step.takes, step.gives.name, step.gives.columns, step.gives.type == DOUBLE, dict(step.options))
        for step in program.steps
    ]
    floats, places = compressed(program.constants)
    return {
        "floats": floats,
        "input": {"name": given.name, "columns": given.columns, "double": given.type == DOUBLE},
        "steps": steps,
        "constants": {name: places.get(name) or packed(value) for name, value in program.constants.items()},
        "outputs": {role: array.name for role, array in program.outputs.items()},
    }


def _embedded(data: Mapping[str, Any]) -> Markup:
    """JSON that no text in it can end."""
    return Markup(json.dumps(plain(data), ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c"))


TEXTS = (
    *("table", "pictures", "arrays", "given", "says", "example", "clear", "file", "yes", "no", "other", "missing"),
    *("number", "date", "outside", "numbers", "no_picture", "checked", "failed", "resized", "written", "old"),
)


def _texts(lang: str) -> dict[str, str]:
    with use_language(lang):
        return {name: say(f"export.page.{name}") for name in TEXTS}


def _by_node(node: str, program: Program, inputs: Mapping[str, NDArray[Any]]) -> Answers:
    """What the page's script says, run by Node.js."""
    script = Path(__file__).with_name("templates").joinpath("program.js").read_text("utf-8")
    script += 'const given = JSON.parse(require("fs").readFileSync(0, "utf-8"));' + RUN
    (given,) = program.inputs
    records = [[_readable(number) for number in record] for record in inputs[given.name].tolist()]
    content = json.dumps({"program": as_json(program), "records": records}).encode()
    done = subprocess.run([node, "-e", script], input=content, capture_output=True, check=False)
    if done.returncode:
        raise ModelError("export.run", by=Path(node).name, cause=done.stderr.decode(errors="replace").strip()[:200])
    rows = json.loads(done.stdout)
    numbers = {role: np.array([[float(number) for number in row[role]] for row in rows]) for role in program.outputs}
    return program.answers_of(numbers)


def _readable(number: float) -> float | str:
    """A number as JSON takes it; one that is not finite as JavaScript calls it."""
    if np.isfinite(number):
        return number
    return "NaN" if np.isnan(number) else "Infinity" if number > 0 else "-Infinity"
