"""A run in the studio's own folder → the same among the user's runs, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path

from rowwise.errors import SaveError, os_reason
from rowwise.runs.folder import RUNS
from rowwise.text.visible import file_name

MOST = 1000  # runs of one name and day


def keep(run: Path, name: str) -> Path:
    """Copy the run's folder to `runs/<date>-<name>`, numbered where that is taken.

    Raises:
        SaveError: the file system refuses; nothing is left behind.
    """
    called = f"{date.today().isoformat()}-{file_name(name)}"
    tried = [RUNS / called, *(RUNS / f"{called}-{number}" for number in range(2, MOST))]
    free = next(path for path in tried if not path.exists())
    partial: Path | None = None
    try:
        RUNS.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".rowwise-studio-", dir=RUNS))
        shutil.copytree(run, partial, dirs_exist_ok=True)
        partial.chmod(0o755)
        partial.rename(free)
    except OSError as cause:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
        raise SaveError("run.unwritable", path=free, cause=os_reason(cause)) from cause
    return free
