"""A saved model and many tables, or folders of pictures → a file of predictions for each, in one folder.

Each file is a task: threads here do them, or what `joblib.parallel_config(backend="dask")` says. A file that is there,
no older than what it was made of and than the model, is finished, so that what was stopped goes on with the same call.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.data.source import TABLES, Source
from rowwise.errors import DataError, RowwiseError, SaveError, UsageError, os_reason
from rowwise.fan_out import by_threads, by_workers, elsewhere
from rowwise.files import write_whole
from rowwise.runs.model_file import MODEL
from rowwise.runs.picture_predictions import predict_folder
from rowwise.runs.saved import Saved

if TYPE_CHECKING:
    from collections.abc import Callable

PARQUET = (".parquet", ".pq")


@dataclass(frozen=True)
class FileDone:
    """What became of one of the files.

    Attributes:
        source, out: what was predicted, and where that is written.
        records: how many; 0 where nothing was written now.
        finished: whether it was there already.
        notes: what is news to somebody who knows the training records.
        error: why it could not be predicted, in words; empty where it was.
    """

    source: Path
    out: Path
    records: int = 0
    finished: bool = False
    notes: tuple[str, ...] = ()
    error: str = ""


def predict_files(
    saved: Saved,
    files: Sequence[str | Path],
    out: str | Path,
    skip_bad: bool = False,
    stopped: Callable[[], bool] = lambda: False,
    **written: Any,
) -> Iterator[FileDone]:
    """Predict each file, and tell of it as it is done; one that cannot be read stops no other.

    Args:
        saved: the model.
        files: tables, and folders of which all tables count; of a model of pictures folders.
        out: the folder to write into, made where there is none: `NAME.csv` for each, `.parquet` for Parquet.
        skip_bad: whether pictures that cannot be read are left out.
        stopped: looked at while workers elsewhere are waited for.
        **written: how tables are written where they do not show it, as for `Saved.predict`.

    Raises:
        UsageError: no such files, or two that would be written to one place. SaveError: no such folder can be.
    """
    out = Path(out)
    tasks = _tasks(saved, [Path(file) for file in files], out)
    try:
        out.mkdir(exist_ok=True)
    except OSError as cause:
        raise SaveError("file.save", path=out, cause=os_reason(cause)) from cause
    since = _changed(saved.path / MODEL if saved.path.is_dir() else saved.path)
    new = []
    for source, target in tasks:
        if target.is_file() and _changed(target) >= max(since, _changed(source)):
            yield FileDone(source, target, finished=True)
        else:
            new.append((source, target))
    if elsewhere():
        how = str(saved.path), saved.named, skip_bad, written
        for _, done in by_workers(_elsewhere, new, how, stopped):
            yield done
    else:
        for _, done in by_threads(partial(_predicted, saved, skip_bad, written), new):
            yield done


def _tasks(saved: Saved, files: Sequence[Path], out: Path) -> list[tuple[Path, Path]]:
    """Each file and where its predictions go."""
    tables = saved.schema is not None
    sources: list[Path] = []
    for file in files:
        if not file.exists():
            raise DataError("source.missing", path=file)
        if tables and file.is_dir():
            inside = sorted(one for one in file.rglob("*") if one.is_file() and one.suffix.lower() in TABLES)
            if not inside:
                raise DataError("predict.files.none", path=file, known=", ".join(TABLES))
            sources += inside
        elif tables or file.is_dir():
            sources.append(file)
        else:
            raise UsageError("predict.files.pictures", path=file)
    targets: dict[Path, Path] = {}
    for source in sources:
        name = source.resolve().name if source.is_dir() else source.stem
        target = out / f"{name}{source.suffix if source.suffix.lower() in PARQUET else '.csv'}"
        if (other := targets.setdefault(target, source)) != source:
            raise UsageError("predict.files.same", first=other, second=source, out=target)
        if target.exists() and target.samefile(source):
            raise UsageError("predict.out.same", path=target)
    return [(source, target) for target, source in targets.items()]


def _changed(path: Path) -> int:
    """When the file, or the youngest one of a folder, was changed last, in nanoseconds."""
    if not path.is_dir():
        return path.stat().st_mtime_ns
    found = [path.stat().st_mtime_ns]
    for folder, _, names in os.walk(path):
        found += [os.stat(folder).st_mtime_ns, *(os.lstat(os.path.join(folder, name)).st_mtime_ns for name in names)]
    return max(found)


def _elsewhere(task: tuple[Path, Path], how: tuple[str, str | None, bool, Mapping[str, Any]]) -> FileDone:
    """What a worker does, which opens the model by its path: it and the files lie where all workers see them."""
    path, named, skip_bad, written = how
    return _predicted(Saved.open(path, named), skip_bad, written, task)


def _predicted(saved: Saved, skip_bad: bool, written: Mapping[str, Any], task: tuple[Path, Path]) -> FileDone:
    source, target = task
    try:
        if source.is_dir():
            records = write_whole(target, lambda write: predict_folder(saved, source, write, skip_bad))
            return FileDone(source, target, records)
        from rowwise.runs.table_predictions import predict_table
        from rowwise.runs.table_sinks import CsvSink, ParquetSink

        table = Source.used_on(source, written)
        table.check_table()
        sink = ParquetSink if source.suffix.lower() in PARQUET else CsvSink
        done = write_whole(target, lambda write: predict_table(saved, table, sink(write)))
        return FileDone(source, target, done.records, notes=tuple(done.notes))
    except SaveError:  # of no file alone
        raise
    except RowwiseError as error:
        return FileDone(source, target, error=str(error))
