"""`python -m tests.fuzz --inputs 2000`: damaged files of each kind through rowwise's public doors → a table.

The processes are bounded in time and memory. Input N of a kind and seed is always the same file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KINDS = ("csv", "parquet", "png", "jpeg", "webp", "idx", "npz", "keras", "toml", "run.json")
PROBLEMS = ("crash", "traceback", "raw", "budget")


@dataclass
class Found:
    """What came of the inputs of one kind."""

    counts: Counter[str] = field(default_factory=Counter)  # how often each outcome came
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds of an input
    largest: int = 0  # MB

    def add(self, line: dict[str, Any], place: Path) -> None:
        """An input as the process has told of it."""
        self.counts["opened" if line["opened"] else "refused"] += 1
        self.slowest, self.largest = max(self.slowest, line["seconds"]), max(self.largest, line["megabytes"])
        if line["problem"]:
            self.counts[line["problem"]] += 1
            self.wrong.append(f"{line['kind']} {line['end']} ({place}): {line['problem']}: {line['detail']}")


def run(kinds: Sequence[str], inputs: int, seed: int, folder: Path) -> dict[str, Found]:
    """What each kind's inputs came to; one process tries them all, and another one goes on where it has ended."""
    found = {kind: Found() for kind in kinds}
    quiet = {"KERAS_BACKEND": "jax", "TF_CPP_MIN_LOG_LEVEL": "3", "ROWWISE_CACHE": str(folder / "cache")}
    left, first = list(kinds), 0
    while left:
        place = Path(tempfile.mkdtemp(dir=folder))
        command = [sys.executable, "-m", "tests.fuzz.child", ",".join(left), str(seed), str(first), str(inputs)]
        with open(place / "stderr", "w+", encoding="utf-8") as errors:
            child = subprocess.run(
                [*command, str(place)], cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, env=os.environ | quiet
            )
            errors.seek(0)
            said = errors.read()[-2000:]
        lines = [json.loads(line) for line in child.stdout.decode().splitlines() if line.startswith('{"')]
        for line in (line for line in lines if "end" in line):
            found[line["kind"]].add(line, place / line["kind"])
        if child.returncode == 0:
            break
        begun = [line for line in lines if "begin" in line]
        if not begun:
            raise SystemExit(f"{left[0]}: nothing could be tried: {said}")
        kind, number = begun[-1]["kind"], begun[-1]["begin"]
        found[kind].counts["crash"] += 1
        found[kind].wrong.append(f"{kind} {number} ({place}): the process ended with {child.returncode}: {said}")
        left, first = left[left.index(kind) :], number + 1
    return found


def main() -> int:
    """Print the table; 0 where nothing went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=2000, help="of each kind")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this one; may be given several times")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rowwise-fuzz-"))
    head = (
        "kind",
        "inputs",
        "opened",
        "refused",
        "crashes",
        "tracebacks",
        "raw",
        "over budget",
        "slowest s",
        "most MB",
    )
    print(" | ".join(head), flush=True)
    failed = False
    for kind in asked.kind or KINDS:
        found = run([kind], asked.inputs, asked.seed, folder)[kind]
        figures = [found.counts[name] for name in ("opened", "refused", *PROBLEMS)]
        print(" | ".join(map(str, (kind, asked.inputs, *figures, f"{found.slowest:.2f}", found.largest))), flush=True)
        for line in found.wrong:
            print(line, file=sys.stderr)
        failed = failed or bool(found.wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
