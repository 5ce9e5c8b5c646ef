"""C: one header; compiled and run by the C compiler of this machine, where there is one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.errors import ModelError
from rowwise.exports.about import commented, inputs, outputs
from rowwise.exports.c_header import c_header, identifier
from rowwise.exports.made import Made, described

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rowwise.exports.program import Program
    from rowwise.exports.proof import Answers, Expected, Proof
    from rowwise.runs.saved import Saved

COMPILERS = ("cc", "gcc", "clang")
OPTIONS = ("-std=c99", "-O1", "-Wall", "-Wextra", "-pedantic")
# Records on standard input → all numbers of their answers on standard output.
PROGRAM = """
#include <stdio.h>
#include "model.h"

int main(void)
{{
    static {name}_input record[{inputs}];
    {name}_answer answer;
    double number;
    int i;
    while (fread(record, sizeof record[0], {inputs}, stdin) == {inputs}) {{
        {name}_predict(record, &answer);
{lines}    }}
    return 0;
}}
"""
HAND_OVER = (
    "        for (i = 0; i < {n}; ++i) {{ number = answer.{role}[i]; fwrite(&number, sizeof number, 1, stdout); }}\n"
)


class CFormat:
    """One `.h` file."""

    suffix = ".h"
    floats = False

    def make(self, saved: Saved, program: Program, wanted: Expected, path: Path) -> Made:
        """The header and what runs it."""
        name = identifier(path.stem)

        def header(proof: Proof | None = None) -> str:
            about = [*commented(saved, program, proof), "", *USE.format(name=name, NAME=name.upper()).splitlines()]
            return c_header(program, name, about, inputs(saved, program), outputs(saved, program))

        compiler = next((found for tried in COMPILERS if (found := shutil.which(tried))), None)
        runners = {} if compiler is None else {_version(compiler): _Compiled(compiler, header(), program, name)}

        def files(proof: Proof) -> dict[Path, bytes]:
            return {path: header(proof).encode()}

        return Made(runners or described(program), files, "" if compiler else "export.note.c")


USE = """\
Use it in one C or C++ file, linked with -lm where the system asks for it, and not with -ffast-math, which
would take a missing value for a number:
    {name}_input record[{NAME}_INPUTS] = {{...}};
    {name}_answer answer;
    {name}_predict(record, &answer);"""


class _Compiled:
    """The header within a program that was compiled: called with records, it gives their answers."""

    def __init__(self, compiler: str, header: str, program: Program, name: str) -> None:
        self.program = program
        (self.given,) = program.inputs
        lines = "".join(
            HAND_OVER.format(n=array.columns, role="chosen" if role == "class" else role)
            for role, array in program.outputs.items()
        )
        text = PROGRAM.format(name=name, inputs=self.given.columns, lines=lines)
        with tempfile.TemporaryDirectory(prefix="rowwise-") as folder:
            Path(folder, "model.h").write_text(header, "utf-8")
            Path(folder, "model.c").write_text(text, "utf-8")
            made = Path(folder, "model")
            arguments = [compiler, *OPTIONS, str(Path(folder, "model.c")), "-o", str(made), "-lm"]
            done = subprocess.run(arguments, capture_output=True, encoding="utf-8", errors="replace", check=False)
            if done.returncode:
                raise ModelError("export.run", by=Path(compiler).name, cause=done.stderr.strip()[:200])
            self.code = made.read_bytes()

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> Answers:
        records = np.ascontiguousarray(inputs[self.given.name])
        with tempfile.TemporaryDirectory(prefix="rowwise-") as folder:
            program = Path(folder, "model")
            program.write_bytes(self.code)
            program.chmod(0o700)
            done = subprocess.run([str(program)], input=records.tobytes(), capture_output=True, check=True)
        numbers = np.frombuffer(done.stdout).reshape(len(records), -1)
        ends = np.cumsum([array.columns for array in self.program.outputs.values()])
        return self.program.answers_of(dict(zip(self.program.outputs, np.hsplit(numbers, ends[:-1]), strict=True)))


def _version(compiler: str) -> str:
    """Such as `gcc 12.2.0`."""
    done = subprocess.run(
        [compiler, "-dumpfullversion", "-dumpversion"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return f"{Path(compiler).resolve().name} {done.stdout.strip()}".strip()
