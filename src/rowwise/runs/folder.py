"""A trained model and its record → a run's folder, whole or not at all.

A run holds `model.keras`, `run.json`, `history.csv` and the pictures. It is written into a hidden folder beside its
place, which is renamed once all of it is on the disk; `run.json` is written last.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rowwise.errors import SaveError, UsageError
from rowwise.files import unfinished, write_through
from rowwise.runs.model_file import MODEL
from rowwise.runs.record import HISTORY, RECORD, RunRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import keras

RUNS = Path("runs")  # where runs go that were given no place


class RunFolder:
    """The place of a run that is not finished: `save` fills it; left without saving, nothing is there.

    The place is tried here, before any training: one that cannot be written is known at once.

    Args:
        out: the folder to be; None for `runs/<date>-<data>`, numbered where that is taken.

    Raises:
        UsageError: the folder exists and is not empty, or cannot be put in place by one renaming.
        SaveError: it cannot be written.
    """

    def __init__(self, out: Path | None = None) -> None:
        self._out = out
        if out is not None:
            _refuse_taken(out)
        # An empty folder may be reached by a link: what is renamed must lie beside its real place.
        parent = (RUNS if out is None else out.parent if not out.exists() else out.resolve().parent).absolute()
        self._new_parents = [folder for folder in (parent, *parent.parents) if not folder.exists()]
        self._partial = unfinished(parent / MODEL)
        try:
            parent.mkdir(parents=True, exist_ok=True)
            self._partial.mkdir()
        except OSError as cause:
            self._remove_parents()
            raise SaveError("run.unwritable", path=out or RUNS, cause=cause.strerror or cause) from cause

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def save(self, model: keras.Model, record: RunRecord, pictures: Mapping[str, bytes]) -> tuple[Path, RunRecord]:
        """Write everything, then rename.

        Args:
            model: trained.
            record: what `run.json` shall hold; the data's name is part of the default folder's name.
            pictures: PNG bytes by file name.

        Returns:
            The folder, and the record with `model`, the path of the saved model.

        Raises:
            SaveError: the file system refused. No half of a run is left, and the model itself is kept in
                the system's temporary folder if it fits there: the message says where.
        """
        folder = self._out or RUNS
        try:
            model.save(self._partial / MODEL)
            write_through(self._partial / HISTORY, record.history_csv())
            for file, content in pictures.items():
                write_through(self._partial / file, content)
            for folder in self._places(record.data.name):
                complete = replace(record, model=str(folder / MODEL))
                (self._partial / RECORD).unlink(missing_ok=True)
                write_through(self._partial / RECORD, complete.to_json())
                try:
                    self._rename(folder)
                except OSError:
                    if self._out is None and folder.exists():
                        continue  # another run took the name in the meantime
                    raise
                return folder, complete
            raise AssertionError  # the places do not end
        except Exception as cause:  # Keras and HDF5 wrap what the file system says in errors of their own
            self.discard()
            kept = _rescue(model)
            reason = getattr(cause, "strerror", None) or cause
            raise SaveError("run.save.kept" if kept else "run.save", path=folder, cause=reason, kept=kept) from cause

    def discard(self) -> None:
        """Remove what was begun; harmless once saved."""
        shutil.rmtree(self._partial, ignore_errors=True)
        self._remove_parents()

    def _places(self, name: str) -> Iterator[Path]:
        if self._out is not None:
            yield self._out
            return
        first, number = RUNS / f"{date.today()}-{name}", 1
        while True:
            place = first if number == 1 else first.with_name(f"{first.name}-{number}")
            if not place.exists():
                yield place
            number += 1

    def _rename(self, folder: Path) -> None:
        target = folder.resolve()
        with suppress(FileNotFoundError):
            target.rmdir()  # not every system renames onto an empty folder
        os.replace(self._partial, target)

    def _remove_parents(self) -> None:
        for folder in self._new_parents:
            with suppress(OSError):  # not empty, or never made
                folder.rmdir()


def _refuse_taken(folder: Path) -> None:
    """Raises UsageError where one renaming cannot put a run without losing anything, SaveError where nothing can."""
    try:
        folder.lstat()
        taken = not folder.is_dir() or any(folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as cause:  # below a file, a name too long, not allowed
        raise SaveError("run.unwritable", path=folder, cause=cause.strerror) from cause
    if taken:
        raise UsageError("run.exists", path=folder)
    if folder.is_mount() or folder.resolve() == Path.cwd():
        raise UsageError("run.in_use", path=folder)


def _rescue(model: keras.Model) -> Path | None:
    """A trained model is worth more than the rest: keep it where there may be room."""
    folder = None
    try:
        folder = Path(tempfile.mkdtemp(prefix="rowwise-"))
        model.save(folder / MODEL)
    except Exception:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        return None
    return folder / MODEL
