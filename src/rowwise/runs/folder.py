"""A trained model and what is known of it → a run's folder, whole or not at all; and back.

A run holds `model.keras`, `run.json`, `history.csv` and the pictures. It is made in a hidden folder
beside its place and renamed once all of it is on the disk; `run.json` is written last.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import tempfile
import zipfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rowwise.errors import ModelError, SaveError, UsageError
from rowwise.files import PARTIAL, unfinished, write_through

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import keras

SCHEMA = 1  # of run.json and of every `--json`: a change that breaks readers adds one
RUNS = Path("runs")  # where runs go that were given no place
MODEL, RECORD, HISTORY = "model.keras", "run.json", "history.csv"
CAN_RUN_CODE = {".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth"}
ZIP_MAGIC = b"PK"


class Run:
    """A place for a run that is not finished: `save` makes it real; left without, nothing is there.

    The place is tried when it is made, before any training: one that cannot be written is known then.

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
        self._made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
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

    def save(
        self, name: str, model: keras.Model, record: Mapping[str, Any], pictures: Mapping[str, bytes]
    ) -> dict[str, Any]:
        """Write everything, then rename.

        Args:
            name: of the data: part of the default folder's name.
            record: what `run.json` shall hold; its `epochs`, a mapping an epoch, make `history.csv` too.
            pictures: PNG bytes by file name.

        Returns:
            The record with `model`, the path of the saved model: what `run.json` holds.

        Raises:
            SaveError: the file system refused. No half of a run is left, and the model itself is kept in
                the system's temporary folder if it fits there: the message says where.
        """
        folder = self._out or RUNS
        try:
            model.save(self._partial / MODEL)
            write_through(self._partial / HISTORY, _csv(record["epochs"]).encode())
            for file, content in pictures.items():
                write_through(self._partial / file, content)
            for folder in self._places(name):
                complete = plain({**record, "model": str(folder / MODEL)})
                (self._partial / RECORD).unlink(missing_ok=True)
                write_through(self._partial / RECORD, to_json(complete, indent=2) + b"\n")
                try:
                    self._rename(folder)
                except OSError:
                    if self._out is None and folder.exists():
                        continue  # another run took the name in the meantime
                    raise
                return complete
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
        for folder in self._made:
            with suppress(OSError):  # not empty, or never made
                folder.rmdir()


def open_run(path: Path) -> tuple[keras.Model, dict[str, Any]]:
    """The model and the record of a run's folder or a model's file; the record is empty beside a bare file.

    Raises:
        ModelError: missing, another format, damaged, or with code in it.
    """
    if path.is_dir():
        record = read_record(path)
        return open_model(path / MODEL), record
    model = open_model(path)
    beside = path.name == MODEL and (path.parent / RECORD).is_file()
    return model, read_record(path.parent) if beside else {}


def open_model(file: Path) -> keras.Model:
    """The model of a `.keras` file. Keras's safe mode stays on: a file that carries Python code is refused.

    Raises:
        ModelError: missing, another format, damaged, or with code in it.
    """
    if file.suffix.lower() in CAN_RUN_CODE:
        raise ModelError("run.can_run_code", path=file, suffix=file.suffix)
    try:
        with file.open("rb") as opened:
            magic = opened.read(len(ZIP_MAGIC))
    except OSError as cause:
        raise ModelError("run.missing", path=file, cause=cause.strerror) from cause
    if file.suffix != ".keras" or magic != ZIP_MAGIC:
        raise ModelError("run.no_keras_file", path=file)
    try:
        with zipfile.ZipFile(file) as archive:
            # Keras reads parts of an archive without comparing checksums: other weights would pass unseen.
            broken = archive.testzip()
    except Exception as cause:  # zlib, struct and zipfile each have errors of their own
        raise ModelError("run.damaged", path=file, cause=cause) from cause
    if broken:
        raise ModelError("run.damaged", path=file, cause=f"checksum of {broken}")

    import keras

    import rowwise.models.preparation  # noqa: F401  # registers the layers that a table's model begins with

    try:
        return keras.models.load_model(file, safe_mode=True)
    except Exception as cause:  # Keras raises ValueError, TypeError, KeyError, OSError and more for bad files
        text = " ".join(str(cause).split())
        if "safe_mode" in text or "lambda" in text.lower():
            raise ModelError("run.unsafe", path=file) from cause
        if "could not be deserialized" in text or "custom" in text:
            raise ModelError("run.custom", path=file) from cause
        raise ModelError("run.damaged", path=file, cause=text[:200].rstrip(".")) from cause


def read_record(folder: Path) -> dict[str, Any]:
    """What `run.json` in a run's folder holds.

    Raises:
        ModelError: no run's folder, one that was never finished, or a damaged record.
    """
    file = folder / RECORD
    if folder.name.endswith(PARTIAL):
        raise ModelError("run.partial", path=folder)
    try:
        record = json.loads(file.read_bytes())
        if record["schema"] != SCHEMA:
            raise ModelError("run.schema", path=file, found=record["schema"], expected=SCHEMA)
        for part, kind in (("data", dict), ("settings", dict), ("epochs", list), ("test", dict)):
            if not isinstance(record[part], kind):
                raise TypeError(part)
        columns = [sorted(row) for row in record["epochs"]]
        if any(names != columns[0] or "epoch" not in names for names in columns):
            raise ValueError("epochs")
    except OSError as cause:
        raise ModelError("run.no_run", path=folder, cause=cause.strerror) from cause
    except KeyError as cause:
        raise ModelError("run.damaged", path=file, cause=f"no {cause}") from cause
    except (ValueError, TypeError, AttributeError, RecursionError) as cause:
        raise ModelError("run.damaged", path=file, cause=cause) from cause
    return record


def plain(value: Any) -> Any:
    """`value` as JSON has it: tuples as lists, a number that is not finite as None."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_json(value: Any, indent: int | None = None) -> bytes:
    """UTF-8; Korean stays readable, and a byte of a file name that is no UTF-8 becomes JSON's own escape."""
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


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


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["epoch"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


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
