"""A revision of rowwise's own repository → that version, built into a folder of its own."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from rowwise.environment import cache_folder
from rowwise.errors import UsageError

ROOT = Path(__file__).parents[3]  # of the repository, where rowwise runs from one


def revision_of() -> str | None:
    """The commit that this rowwise is; None where it lies in no repository, or was changed since."""
    try:
        if _git("status", "--porcelain", "--untracked-files=no"):
            return None
        return _git("rev-parse", "HEAD").decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def build_version(revision: str) -> Path:
    """The folder that has the package of a revision; built once, and then kept.

    Raises:
        UsageError: there is no repository, or no such revision in it, or it cannot be built.
    """
    try:
        commit = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    except (OSError, subprocess.CalledProcessError) as cause:
        raise UsageError("bench.engine.revision", found=revision) from cause
    folder = cache_folder() / "versions" / commit
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        source, built = Path(temporary) / "source", Path(temporary) / "built"
        with tarfile.open(fileobj=io.BytesIO(_git("archive", commit))) as archive:
            archive.extractall(source, filter="data")
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run(
            [*install, "--target", str(built), str(source)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = next(iter(done.stderr.strip().splitlines()[-1:]), "")
            raise UsageError("bench.engine.build", found=revision, cause=last)
        if not folder.exists():
            shutil.move(built, folder)
    return folder


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=True).stdout
