"""`python -m tests.fuzz --inputs 2000`: damaged files of each kind through rowwise's public doors → a table.

Each kind has a separate process, bounded in time and memory. Input N of a kind and seed is always the same file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
KINDS = ("csv", "parquet", "png", "jpeg", "webp", "idx", "npz", "keras", "toml", "run.json")
PROBLEMS = ("crash", "traceback", "raw", "budget")


def run(kind: str, inputs: int, seed: int, folder: Path, first: int = 0) -> tuple[Counter[str], list[str], float, int]:
    """How often each outcome came, what went wrong, the longest time in seconds, the most memory in MB."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    slowest, largest = 0.0, 0
    quiet = {"KERAS_BACKEND": "jax", "TF_CPP_MIN_LOG_LEVEL": "3", "ROWWISE_CACHE": str(folder / "cache")}
    while first < inputs:
        place = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=folder))
        command = [sys.executable, "-m", "tests.fuzz.child", kind, str(seed), str(first), str(inputs), str(place)]
        with open(place / "stderr", "w+") as errors:
            child = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, env=os.environ | quiet)
            errors.seek(0)
            said = errors.read()[-2000:]
        lines = [json.loads(line) for line in child.stdout.decode().splitlines() if line.startswith('{"')]
        begun = [line["begin"] for line in lines if "begin" in line]
        for line in (line for line in lines if "end" in line):
            counts["opened" if line["opened"] else "refused"] += 1
            slowest, largest = max(slowest, line["seconds"]), max(largest, line["megabytes"])
            if line["problem"]:
                counts[line["problem"]] += 1
                wrong.append(f"{kind} {line['end']} ({place}): {line['problem']}: {line['detail']}")
        if child.returncode == 0:
            break
        if not begun:
            raise SystemExit(f"{kind}: nothing could be tried: {said}")
        counts["crash"] += 1
        wrong.append(f"{kind} {begun[-1]} ({place}): the process ended with {child.returncode}: {said}")
        first = begun[-1] + 1
    return counts, wrong, slowest, largest


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
        counts, wrong, slowest, largest = run(kind, asked.inputs, asked.seed, folder)
        figures = [counts[name] for name in ("opened", "refused", *PROBLEMS)]
        print(" | ".join(map(str, (kind, asked.inputs, *figures, f"{slowest:.2f}", largest))), flush=True)
        for line in wrong:
            print(line, file=sys.stderr)
        failed = failed or bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
