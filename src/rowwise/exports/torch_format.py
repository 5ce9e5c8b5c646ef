"""PyTorch: the source of a module, and its weights beside it; run by PyTorch where it is installed."""

from __future__ import annotations

import hashlib
import importlib.util
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.exports.about import commented, properties
from rowwise.exports.made import Made, described
from rowwise.exports.packed import few
from rowwise.exports.safetensors import safetensors
from rowwise.exports.torch_module import SOURCE, lines_of, torch_module
from rowwise.json_text import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.exports.program import Program
    from rowwise.exports.proof import Answers, Expected, Proof, Runner
    from rowwise.runs.saved import Saved


class TorchFormat:
    """A `.py` file, and a `.safetensors` file beside it."""

    suffix = ".py"
    floats = False

    def make(self, saved: Saved, program: Program, wanted: Expected, path: Path) -> Made:
        """Both files and what runs them."""
        written = torch_module(program)
        beside = path.with_suffix(".safetensors")
        check = to_json(few(program, wanted)).decode()

        def files(proof: Proof | None = None) -> dict[Path, bytes]:
            weights = safetensors(written.state, {**properties(saved, program, proof), "check": check})
            about = "\n".join(
                line.replace("\\", "\\\\").replace('"""', "'''") for line in commented(saved, program, proof)
            )
            (given,) = program.inputs
            values: dict[str, Any] = {"about": about, "weights": beside.name, "module": path.name, "given": given.name}
            values |= {"columns": given.columns, "type": given.type, "roles": ", ".join(program.outputs)}
            values |= {"answers": ", ".join(f'"{role}": {array.name}' for role, array in program.outputs.items())}
            values |= {"sha256": hashlib.sha256(weights).hexdigest(), **dict(lines_of(written))}
            return {beside: weights, path: SOURCE.format(**values).encode()}

        if importlib.util.find_spec("torch") is None:
            return Made(described(program), files, "export.note.torch")
        return Made(_by_torch(program, files()), files)


def _by_torch(program: Program, files: Mapping[Path, bytes]) -> dict[str, Runner]:
    """The module, imported from a folder of its own as its user would."""
    import torch

    (given,) = program.inputs
    with tempfile.TemporaryDirectory(prefix="rowwise-") as folder:
        for path, content in files.items():
            Path(folder, path.name).write_bytes(content)
        place = Path(folder, next(path.name for path in files if path.suffix == ".py"))
        spec = importlib.util.spec_from_file_location("rowwise_exported", place)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        model = module.load()

    def run(inputs: Mapping[str, NDArray[Any]]) -> Answers:
        with torch.no_grad():
            answers = model(torch.from_numpy(inputs[given.name]))
        return {role: answer.numpy() for role, answer in answers.items()}

    return {f"torch {torch.__version__}": run}
