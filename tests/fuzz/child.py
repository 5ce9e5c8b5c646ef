"""`python -m tests.fuzz.child KIND,KIND SEED FIRST INPUTS FOLDER`: damaged files of each kind → a JSON line for each.

FIRST is where the first kind begins. The process is bounded: an input that hangs or takes all memory ends it, and the
parent sees which it was.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

SECONDS, MEGABYTES = 2.0, 500  # that an input may take
HANGS = 60  # seconds after which an input is given up, on however busy a machine
ROOM = 4 << 30  # bytes of addresses beyond those in use at the start
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def main(names: list[str], seed: str, first: int, inputs: int, folder: Path) -> None:
    """Try each kind's inputs, the first one's from `first` on; files that go wrong stay in a folder a kind."""
    import rowwise  # noqa: F401

    warnings.simplefilter("ignore")
    for place, name in enumerate(names):
        (folder / name).mkdir()
        _try(name, seed, 0 if place else first, inputs, folder / name)


def _try(name: str, seed: str, first: int, inputs: int, folder: Path) -> None:
    from tests.fuzz.file_formats import make

    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    kind = make(name, folder)
    for content in kind.valid:
        kind.place.write_bytes(content)
        for door in kind.doors:
            attempt(door.call)  # what is imported and compiled once is no input's cost
            outcome = attempt(door.call)
            if outcome["problem"]:
                raise SystemExit(f"a valid {name} fails: {outcome}")
    size = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, resource.RLIM_INFINITY))
    for number in range(first, inputs):
        print(json.dumps({"kind": name, "begin": number}), flush=True)
        chance = random.Random(f"{name} {seed} {number}")
        content = kind.damage(chance, chance.choice(kind.valid))
        if not kind.place.exists() or kind.place.read_bytes() != content:
            kind.place.write_bytes(content)
        signal.alarm(HANGS)
        outcome = attempt(chance.choice(kind.doors).call)
        signal.alarm(0)
        if outcome["problem"]:
            (folder / f"problem-{number}{kind.place.suffix}").write_bytes(content)
        print(json.dumps({"kind": name, "end": number, **outcome}), flush=True)
        for left in ("out", "resumed"):
            shutil.rmtree(folder / left, ignore_errors=True)


def attempt(call: Any) -> dict[str, Any]:
    """What came of it: `opened` or not, the `problem` if any, seconds of the processor and megabytes beyond before."""
    from rowwise.errors import RowwiseError

    before, begun = _peak(reset=True), time.process_time()
    problem, opened, said, detail = "", True, "", ""
    try:
        if isinstance(call, list):
            code, said = _command(call)
            opened = code == 0
            if "Traceback" in said or "Unexpected error" in said or code not in (0, 2):
                problem, detail = "traceback", said[-2000:]
        else:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                call()
    except RowwiseError as error:
        opened, said = False, str(error)
    except Exception:
        problem, opened, detail = "traceback", False, traceback.format_exc()[-3000:]
    seconds, megabytes = time.process_time() - begun, (_peak() - before) >> 20
    if not problem and RAW.search(said.replace("\r\n", "\n")):
        problem, detail = "raw", ascii(said)[:2000]
    if not problem and len(said) > 20_000:
        problem, detail = "raw", f"{len(said)} characters: {said[:500]}"
    if not problem and (seconds > SECONDS or megabytes > MEGABYTES):
        problem, detail = "budget", f"{seconds:.1f} s, {megabytes} MB"
    return {"opened": opened, "problem": problem, "detail": detail, "seconds": seconds, "megabytes": megabytes}


def _command(arguments: list[str]) -> tuple[int, str]:
    """Its exit code and all that it printed."""
    from rowwise.cli import main as rowwise

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = rowwise([*arguments, "--lang", "en"])
    return code, printed.getvalue()


def _peak(reset: bool = False) -> int:
    """The most memory that the process has held, since the last reset, in bytes."""
    if reset:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024  # type: ignore[index]


if __name__ == "__main__":
    main(sys.argv[1].split(","), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
