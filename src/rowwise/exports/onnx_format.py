"""ONNX: one file; run by the `onnx` package's own reference, and by ONNX Runtime where it is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.exports.about import properties
from rowwise.exports.made import Made
from rowwise.exports.onnx_file import imported, onnx_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from rowwise.exports.program import Program
    from rowwise.exports.proof import Answers, Expected, Proof, Runner
    from rowwise.runs.saved import Saved


class OnnxFormat:
    """One `.onnx` file."""

    suffix = ".onnx"
    floats = False

    def __init__(self) -> None:
        imported()

    def make(self, saved: Saved, program: Program, wanted: Expected, path: Path) -> Made:
        """The model and what runs it."""
        about = properties(saved, program)
        model = onnx_model(program, about)
        onnx = imported()

        def files(proof: Proof) -> dict[Path, bytes]:
            onnx.helper.set_model_props(model, properties(saved, program, proof))
            return {path: model.SerializeToString()}

        return Made(dict(_runners(onnx, model, program)), files)


def _runners(onnx: Any, model: Any, program: Program) -> list[tuple[str, Runner]]:
    from onnx.reference import ReferenceEvaluator

    roles, names = list(program.outputs), [output.name for output in model.graph.output]
    reference = ReferenceEvaluator(model)

    def by_reference(inputs: Mapping[str, NDArray[Any]]) -> Answers:
        with np.errstate(all="ignore"):
            return dict(zip(roles, reference.run(names, _shaped(program, inputs)), strict=True))

    runners: list[tuple[str, Runner]] = [(f"onnx {onnx.__version__}", by_reference)]
    if find_spec("onnxruntime") is not None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        content = model.SerializeToString()
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

        def by_runtime(inputs: Mapping[str, NDArray[Any]]) -> Answers:
            return dict(zip(roles, session.run(names, _shaped(program, inputs)), strict=True))

        runners.append((f"onnxruntime {onnxruntime.__version__}", by_runtime))
    return runners


def _shaped(program: Program, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Pictures as the file takes them."""
    if len(program.shape) < 2:
        return dict(inputs)
    return {name: values.reshape(len(values), *program.shape) for name, values in inputs.items()}
