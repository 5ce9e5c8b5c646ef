"""A training under way → its run's folder: reserved at the start, with checkpoints, and finished whole or not at all.

A finished run holds `model.keras`, `run.json`, `history.csv` and the pictures. Until then there is no `run.json`, but a
lock that the system takes from a dead process and, after the first checkpoint, `unfinished.json` with the model that it
names. What is written is written beside its place, brought to the disk and renamed; `run.json` comes last.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rowwise.errors import ModelError, SaveError, UsageError, os_reason
from rowwise.files import LOCK, PARTIAL, atomic_write, sync, tidy, unfinished, write_through
from rowwise.locks import TRIES, Lock, abandoned, owner
from rowwise.runs.model_file import MODEL
from rowwise.runs.record import CHECKPOINT, HISTORY, RECORD, UNFINISHED, RunRecord
from rowwise.text.visible import file_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import keras

RUNS = Path("runs")  # where runs go that were given no place
RESCUED = "rowwise-rescued-"  # how the folder of a model begins that could not be saved in its place


class RunFolder:
    """The place of a run that is not finished: `save` finishes it. Left without, it keeps the last checkpoint, if any.

    The place is tried here, before any training: one that cannot be written, or is taken, is known at once.

    Args:
        out: the folder to be; None for `runs/<date>-<data>`, numbered where that is taken, once `reserve` is called.
        unfinished_run: the folder of a run that was killed: it continues there, unless `out` names another.

    Raises:
        UsageError: the folder exists and is not empty, or a living process writes it.
        SaveError: it cannot be written.
    """

    def __init__(self, out: Path | None = None, unfinished_run: Path | None = None) -> None:
        self._lock: Lock | None = None
        self._goes_on = unfinished_run is not None and (out is None or out.resolve() == unfinished_run.resolve())
        self.kept: RunRecord | None = None  # the last checkpoint's record, written here or found here
        self.path = unfinished_run if self._goes_on else out
        parent = (RUNS if self.path is None else self.path.parent).absolute()
        self._new_folders = [folder for folder in (parent, *parent.parents) if not folder.exists()]
        try:
            parent.mkdir(parents=True, exist_ok=True)
            _tidy_runs(parent)
            if self.path is None:
                probe = unfinished(parent / MODEL)
                probe.mkdir()
                probe.rmdir()
            else:
                self._take(self.path)
        except OSError as cause:
            self._remove_new_folders()
            raise SaveError("run.unwritable", path=self.path or RUNS, cause=os_reason(cause)) from cause
        if self._goes_on:
            self.kept = RunRecord.read(self._place, UNFINISHED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reserve(self, name: str) -> Path:
        """The folder, from now on this process's own; `name` is the data's, for a run that was given no place."""
        if self.path is None:
            for place in default_places(name):
                try:
                    place.mkdir()
                except FileExistsError:
                    continue  # perhaps another run's that took the name in the meantime
                except OSError as cause:
                    raise SaveError("run.unwritable", path=place, cause=os_reason(cause)) from cause
                self._new_folders.insert(0, place.absolute())
                self.path, self._lock = place, Lock(place / LOCK)
                break
        return self._place

    def checkpoint(self, model: keras.Model, record: RunRecord) -> RunRecord:
        """Keep the model as it is, with its optimizer, in the place of the last checkpoint.

        Returns:
            The record with `checkpoint`, the name of the file. A kill at any moment leaves this one or the last.

        Raises:
            SaveError: the file system refused; the last one is still there.
        """
        name = f"{CHECKPOINT}{record.epochs_trained:06}.keras"
        record = replace(record, checkpoint=name)
        with self._writing(record.data.name, name) as place:
            _write_model(model, place / name)
            atomic_write(place / UNFINISHED, record.to_json())
        self.kept = record
        _forget_checkpoints(place, name, record.best_checkpoint, UNFINISHED)
        return record

    def keep_best(self, model: keras.Model, record: RunRecord) -> RunRecord:
        """Keep the model as it was after the record's best epoch, for the checkpoint that is written next.

        Returns:
            The record with `best_checkpoint`, the name of the file.

        Raises:
            SaveError: the file system refused.
        """
        name = f"{CHECKPOINT}best-{record.best_epoch:06}.keras"
        with self._writing(record.data.name, name) as place:
            if self.kept is None or self.kept.best_checkpoint != name:
                _write_model(model, place / name)
        return replace(record, best_checkpoint=name)

    @contextmanager
    def _writing(self, data: str, name: str) -> Iterator[Path]:
        """The folder; a file `name` that cannot be written does not stay, unless the last checkpoint has it."""
        place = self.reserve(data)
        try:
            yield place
        except Exception as cause:  # Keras and HDF5 wrap what the file system says in their own errors
            if self.kept is None or name not in (self.kept.checkpoint, self.kept.best_checkpoint):
                (place / name).unlink(missing_ok=True)
            reason = os_reason(cause.__cause__ or cause)
            raise SaveError("run.checkpoint", path=place, cause=reason) from cause

    def save(self, model: keras.Model, record: RunRecord, pictures: Mapping[str, bytes]) -> tuple[Path, RunRecord]:
        """Write everything beside its place, then rename; the checkpoint goes, unless the record names it.

        Args:
            model: trained.
            record: what `run.json` is to hold; the data's name is part of the default folder's name.
            pictures: PNG bytes by file name.

        Returns:
            The folder, and the record with `model`, the path of the saved model.

        Raises:
            SaveError: the file system refused. No half of a run is left; where no checkpoint holds all of the training,
                the model itself is kept in the system's temporary folder if it fits there: the message says where.
        """
        place = self.reserve(record.data.name)
        complete = replace(record, model=str(place / MODEL))
        partial = unfinished(place / MODEL)
        texts = {**pictures, HISTORY: record.history_csv(), RECORD: complete.to_json()}
        contents = (MODEL, *texts)  # the record last
        try:
            try:
                partial.mkdir()
                model.save(partial / MODEL)
                sync(partial / MODEL)
                for file, content in texts.items():
                    write_through(partial / file, content)
                for file in contents:
                    os.replace(partial / file, place / file)
                sync(place)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        except BaseException as cause:
            if isinstance(cause, Exception) or not (place / RECORD).exists():
                for file in contents:
                    (place / file).unlink(missing_ok=True)
            if not isinstance(cause, Exception):  # a signal
                raise
            reason = os_reason(cause)
            if self.kept is not None and self.kept.epochs_trained == record.epochs_trained:
                raise SaveError("run.save.resume", path=place, cause=reason) from cause
            self.close()
            kept = _rescue(model)
            raise SaveError("run.save.kept" if kept else "run.save", path=place, cause=reason, kept=kept) from cause
        _forget_checkpoints(place, record.checkpoint, record.best_checkpoint)
        self.kept, self._new_folders = None, []
        self._let_go()
        return place, complete

    def close(self) -> None:
        """Let go of the folder; without a checkpoint nothing of it stays. Harmless once saved.

        A signal may have come as it was saved: then only the record in its place tells.
        """
        if self._lock is not None and self.kept is None and not (self._place / RECORD).exists():
            _remove_leftovers(self._place)
        self._let_go()
        if self.kept is None:
            self._remove_new_folders()

    @property
    def _place(self) -> Path:
        assert self.path is not None
        return self.path

    def _take(self, folder: Path) -> None:
        """Make the folder this process's own. Raises UsageError where it is another's, OSError where it cannot be."""
        if folder.is_symlink() and not folder.exists():
            raise UsageError("run.exists", path=folder)
        if not folder.exists():
            self._new_folders.insert(0, folder.absolute())
        for tries in range(TRIES, -1, -1):
            try:
                self._lock = self._locked(folder)
                break
            except FileNotFoundError:  # who tidies up the folder above has taken it for one that came to nothing
                if not tries:
                    raise
        try:
            if self._goes_on and not (folder / UNFINISHED).exists():  # another process has finished it meanwhile
                raise UsageError("run.exists", path=folder)
            if not self._goes_on:
                _refuse_taken(folder)  # once more, now that no other process can write to it
            _remove_leftovers(folder, but=CHECKPOINT if self._goes_on else LOCK)
        except BaseException:
            self._let_go()
            raise

    def _locked(self, folder: Path) -> Lock:
        """Make the folder, where it is not there, and lock it; raises as `_take`."""
        try:
            folder.mkdir(exist_ok=True)
        except FileExistsError:
            raise UsageError("run.exists", path=folder) from None
        if not self._goes_on:
            _refuse_taken(folder)
        try:
            return Lock(folder / LOCK)
        except BlockingIOError:
            raise UsageError("run.busy", path=folder, process=owner(folder / LOCK)) from None

    def _let_go(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def _remove_new_folders(self) -> None:
        for folder in self._new_folders:
            with suppress(OSError):  # not empty, or never made
                folder.rmdir()


def default_places(name: str) -> Iterator[Path]:
    """`runs/<date>-<name>`, then the same numbered from 2."""
    first = RUNS / f"{date.today()}-{file_name(name)}"
    yield first
    yield from (first.with_name(f"{first.name}-{number}") for number in count(2))


def _write_model(model: keras.Model, file: Path) -> None:
    """Whole or not at all."""
    partial = unfinished(file)
    try:
        partial.mkdir()
        model.save(partial / file.name)
        sync(partial / file.name)
        os.replace(partial / file.name, file)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _forget_checkpoints(folder: Path, *but: str) -> None:
    for file in (folder / UNFINISHED, *folder.glob(f"{CHECKPOINT}*.keras")):
        if file.name not in but:
            file.unlink(missing_ok=True)


def _tidy_runs(parent: Path) -> None:
    """Remove what dead processes have left in `parent`: the checkpoints of runs that were saved, runs without any."""
    tidy(parent)
    for file in parent.glob(f"*/{LOCK}"):
        folder = file.parent
        if not abandoned(file):
            continue
        with suppress(OSError, ModelError):
            lock = Lock(file)
            try:
                if (folder / RECORD).exists():
                    record = RunRecord.read(folder)
                    _forget_checkpoints(folder, record.checkpoint, record.best_checkpoint)
                elif not (folder / UNFINISHED).exists():
                    _remove_leftovers(folder)
            finally:
                lock.release()
            folder.rmdir()  # where nothing else was in it


def _refuse_taken(folder: Path) -> None:
    """Raises UsageError where a folder holds anything but what a run that came to nothing has left."""
    if (folder / UNFINISHED).exists() and not (folder / RECORD).exists():
        raise UsageError("run.exists.unfinished", path=folder)
    if any(not _is_leftover(entry) for entry in folder.iterdir()):
        raise UsageError("run.exists", path=folder)


def _is_leftover(entry: Path) -> bool:
    hidden = entry.name.startswith(".rowwise-") and entry.name.endswith(PARTIAL)
    return entry.name == LOCK or hidden or (entry.name.startswith(CHECKPOINT) and entry.suffix == ".keras")


def _remove_leftovers(folder: Path, but: str = LOCK) -> None:
    """All that a dead process has left of a run, but the lock and, if its name is given, the checkpoint."""
    for entry in folder.iterdir():
        if _is_leftover(entry) and not entry.name.startswith((LOCK, but)):
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


def _rescue(model: keras.Model) -> Path | None:
    """A trained model is worth more than the rest: keep it where there may be room."""
    folder = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=RESCUED))
        model.save(folder / MODEL)
    except Exception:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        return None
    return folder / MODEL
