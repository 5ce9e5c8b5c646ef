"""Work, or a command of the shell → its seconds, its output, its peak memory."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def seconds_of(run: Callable[[], object]) -> float:
    """Of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def output(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """What a command that succeeds writes to standard output."""
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", env=environment).stdout


def peak_bytes() -> int:
    """The most memory that was resident in this process so far.

    Raises:
        UsageError: the system, Windows, does not say.
    """
    status = Path("/proc/self/status")
    if status.exists():  # Linux's getrusage counts what the parent had before this program took its place
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        raise UsageError("bench.peak") from None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def differences(whole: Sequence[float], part: Sequence[float]) -> list[float]:
    """What `whole` takes more than `part` in each round; none is below 0, which can only be noise."""
    return [max(more - less, 0.0) for more, less in zip(whole, part, strict=True)]


def side_by_side(seconds: Mapping[str, list[float]], ours: str) -> list[dict[str, Any]]:
    """A row a trainer; its ratio is the median of its rounds' seconds over those of `ours` in the same round."""
    return [
        {
            "trainer": name,
            "seconds": median(runs),
            "least": min(runs),
            "most": max(runs),
            "ratio": median(theirs / mine for theirs, mine in zip(runs, seconds[ours], strict=True)),
        }
        for name, runs in seconds.items()
    ]
