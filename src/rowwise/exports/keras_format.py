"""Keras: one `.keras` file of Dense layers and Keras's own operations, which opens in safe mode without rowwise."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.exports.about import properties
from rowwise.exports.made import Made
from rowwise.exports.program import WHOLE, bias_after
from rowwise.json_text import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from rowwise.exports.program import Program, Step
    from rowwise.exports.proof import Answers, Expected, Proof
    from rowwise.runs.saved import Saved

ABOUT = "rowwise.json"  # a member of the archive, which Keras does not look at
K = keras.ops
# Those that keras.ops has under the same name.
SAME = (
    *("isnan", "exp", "log", "sqrt", "sin", "cos", "abs", "negative", "tanh", "erf", "relu", "sigmoid", "softplus"),
    *("softmax", "add", "subtract", "multiply", "maximum", "minimum", "equal", "less", "greater"),
    *("greater_equal", "where"),
)


def _divide(x: Any, by: Any) -> Any:
    """x / by, rounded as a division is.

    Where XLA knows the divisor, it multiplies by its reciprocal, which rounds otherwise; where one column holds both
    1e-3 and 1e8, a last digit of that decides. A divisor that is 1 where x is NaN gives the same, and is not known.
    """
    known = not isinstance(by, keras.KerasTensor)
    return K.divide(x, K.where(K.isnan(x), 1.0, by) if known else by)


OTHERS: dict[str, Callable[..., Any]] = {
    "divide": _divide,
    "not": K.logical_not,
    "and": K.logical_and,
    "row_max": lambda x: K.max(x, axis=1, keepdims=True),
    "row_sum": lambda x: K.sum(x, axis=1, keepdims=True),
    "argmax": lambda x: K.argmax(x, axis=1),
    "take": lambda x, places: K.take(x, places, axis=1),
    "rows": lambda x, table: K.take(table, K.cast(x[:, 0], "int32"), axis=0),
    "columns": lambda x, first, last: x[:, first:last],
    "concatenate": lambda *parts: K.concatenate(parts, axis=1),
    "cast": lambda x, to: K.cast(x, "int32" if to == WHOLE else to),
    "column_of": lambda x: x[:, 0],
}


class KerasFormat:
    """One `.keras` file."""

    suffix = ".keras"
    floats = True  # JAX computes in float32 unless it is told otherwise

    def make(self, saved: Saved, program: Program, wanted: Expected, path: Path) -> Made:
        """The file and what runs it: Keras, which opened it anew."""
        model = keras_model(program)
        with tempfile.TemporaryDirectory(prefix="rowwise-") as folder:
            place = Path(folder, "model.keras")
            model.save(place)
            content = place.read_bytes()
            place.write_bytes(_with_member(content, b"{}"))
            opened = keras.models.load_model(place, safe_mode=True)
        (given,) = program.inputs

        def run(inputs: Mapping[str, NDArray[Any]]) -> Answers:
            records = inputs[given.name].astype(np.float32).reshape(-1, *program.shape)
            return {role: np.asarray(answer) for role, answer in opened.predict_on_batch(records).items()}

        def files(proof: Proof) -> dict[Path, bytes]:
            return {path: _with_member(content, to_json(properties(saved, program, proof), indent=2))}

        note = "export.note.keras" if any(_shifted(saved)) else ""
        return Made({f"keras {keras.__version__} on {keras.backend.backend()}": run}, files, note)


def keras_model(program: Program) -> keras.Model:
    """A Functional model of the program; its outputs are a dictionary."""
    (given,) = program.inputs
    inputs = keras.Input(program.shape, name=given.name)
    known: dict[str, Any] = {given.name: inputs}
    if len(program.shape) > 1:
        known[given.name] = keras.layers.Flatten(name="rows_of_pixels")(inputs)
    kernels: list[tuple[keras.layers.Dense, list[NDArray[Any]]]] = []
    steps, taken = list(program.steps), {given.name, "rows_of_pixels"}
    while steps:
        step = steps.pop(0)
        if step.operation != "matmul":
            known[step.gives.name] = _operation(program, step, known)
            continue
        kernel, bias = program.constants[step.takes[1]], None
        dense = step.takes[1].endswith(".kernel")
        gives = step.gives
        if dense and (name := bias_after(step, steps)):
            bias, gives = program.constants[name], steps.pop(0).gives
        options: dict[str, Any] = {"trainable": False}
        if dense and step.layer not in taken:  # models within a model may have layers of one name
            options = {"name": step.layer}
            taken.add(step.layer)
        elif dense:
            options = {}
        layer = keras.layers.Dense(kernel.shape[1], use_bias=bias is not None, **options)
        known[gives.name] = layer(known[step.takes[0]])
        kernels.append((layer, [kernel] if bias is None else [kernel, bias]))
    for layer, weights in kernels:
        layer.set_weights(weights)
    return keras.Model(inputs, {role: known[array.name] for role, array in program.outputs.items()}, name="exported")


def _operation(program: Program, step: Step, known: Mapping[str, Any]) -> Any:
    takes = [known[name] if name in known else _plain(program.constants[name]) for name in step.takes]
    function = getattr(K, step.operation) if step.operation in SAME else OTHERS[step.operation]
    return function(*takes, **step.options)


def _plain(value: NDArray[Any]) -> Any:
    """An array of constants; of one number that number, which Keras writes as it is."""
    return value if value.ndim else float(value)


def _shifted(saved: Saved) -> list[bool]:
    """For each column and target, whether float32 can hold only how far it is from a number."""
    schema = saved.schema
    if schema is None:
        return []
    return [bool(column.origin) for column in schema.used] + [bool(origin) for origin in schema.target_origins]


def _with_member(content: bytes, about: bytes) -> bytes:
    """The archive with what the export says of itself, compressed: Keras leaves it as large as it is."""
    archive = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as made, zipfile.ZipFile(archive, "w") as members:
        for member in [*made.infolist(), zipfile.ZipInfo(ABOUT)]:
            written = zipfile.ZipInfo(member.filename)  # of 1980, so that the same model gives the same bytes
            text = about if member.filename == ABOUT else made.read(member)
            members.writestr(written, text, zipfile.ZIP_DEFLATED, 9)
    return archive.getvalue()
