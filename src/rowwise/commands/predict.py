"""`rowwise predict` → the most probable classes of pictures, or a table or a folder with its predictions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.commands.options import chosen, model_task, table_format
from rowwise.data.databases import is_database, without_password
from rowwise.data.source import Source
from rowwise.errors import DataError, ModelError, UsageError
from rowwise.runs.plan import option_names
from rowwise.runs.record import SCHEMA
from rowwise.runs.saved import Saved
from rowwise.terminal.output import Output, write_out
from rowwise.terminal.parsing import Argument, Command, Option, common
from rowwise.terminal.polars_stderr import hide_panics
from rowwise.terminal.temporary import own_temporary_folder
from rowwise.text import percent, say
from rowwise.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rowwise.engine.prediction import Prediction
    from rowwise.runs.batch_predictions import FileDone
    from rowwise.runs.table_predictions import Written

TOP = 3  # classes shown for each picture


def _predict(
    model: Path,
    files: tuple[str, ...],
    task: str | None,
    skip_bad: bool,
    out: str | None,
    json: bool,
    **given: Any,
) -> int:
    """Classify every file that can be read; 0, or 2 where one could not (the others are answered all the same).

    A model that was trained on a table takes one table, and writes it with its predictions: as CSV, or what the ending
    of `--out` says, or into a database; with `--json` and no `--out` as JSON lines. For a folder of pictures it writes
    a CSV file. Of several tables or folders it writes a file each, into the folder that `--out` names.

    Raises:
        ModelError: a model that cannot be used, or does not take pictures. UsageError, DataError, SaveError: of tables.
    """
    with own_temporary_folder(), Output(json) as output:
        saved = Saved.open(model, task)
        if not saved.task:
            output.tell(str(saved.basis))
        folder = next((file for file in files if not is_database(file) and Path(file).is_dir()), None)
        table = saved.schema is not None
        if skip_bad and (table or folder is None):
            raise UsageError("source.option.data", option="--skip-bad", place=without_password(str(files[0])))
        as_written = chosen(given)
        if as_written and not table:
            raise UsageError(
                "source.option.data", option=option_names(as_written), place=without_password(str(files[0]))
            )
        if not table and folder is None and out is not None:
            raise UsageError("predict.out.pictures")
        if not table and saved.accepts.kind != "pictures":
            raise ModelError("cli.predict.shape", model=model, shape=saved.accepts.shape)
        if not table and folder is None:
            return _pictures(saved, tuple(map(Path, files)), output)
        if _are_many(files, out, table):
            if out is None or is_database(out):
                raise UsageError("predict.files.out")
            return _files(saved, files, Path(out), skip_bad, as_written, output)
        if table:
            return _table(saved, Source.used_on(files[0], as_written), out, json, output)
        if json and out is None:
            raise UsageError("predict.table.json")
        return _folder(saved, Path(files[0]), skip_bad, None if out is None else Path(out), output)


def _pictures(saved: Saved, files: tuple[Path, ...], output: Output) -> int:
    results: list[dict[str, Any]] = []
    code = 0
    for file in files:
        try:
            prediction = saved.predict(file)
        except DataError as error:
            output.warn(str(error))
            code = error.exit_code
            continue
        notes = list(prediction.notes)
        answers = _top(saved, prediction) if prediction.probabilities.shape[1] else _as_they_are(prediction)
        for number, (lines, facts) in enumerate(answers):
            name = visible(f"{file}[{number}]" if len(prediction) > 1 else str(file))
            output.result(f"{name}  ({'; '.join(notes) or say('picture.as_it_is')})")
            for line in lines:
                output.result(visible(line))
            results.append({"file": str(file), "record": number, "conversion": notes, **facts})
    output.json({"schema": SCHEMA, "model": str(saved.path), "task": saved.task, "predictions": results})
    return code


def _top(saved: Saved, prediction: Prediction) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Lines and facts for each record: its most probable classes, or labels."""
    labels = prediction.to_dicts() if prediction.task == "multilabel" else None
    for number, top in enumerate(prediction.top(TOP)):
        lines = [f"  {percent(probability):>7}  {saved.class_names[label]}" for label, probability in top]
        facts = [{"class": saved.classes[label], "label": label, "probability": p} for label, p in top]
        yield lines, {"top": facts} | ({"labels": labels[number]["labels"]} if labels else {})


def _as_they_are(prediction: Prediction) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Lines and facts for each record of what has no probabilities: numbers, margins, outputs."""
    for facts in prediction.to_dicts():
        yield [f"  {name}: {value}" for name, value in facts.items()], {"outputs": facts}


def _folder(saved: Saved, folder: Path, skip_bad: bool, out: Path | None, output: Output) -> int:
    from rowwise.runs.picture_predictions import predict_folder

    records = write_out(out, lambda write: predict_folder(saved, folder, write, skip_bad))
    if out is not None:
        output.tell(say("predict.folder.written", records=f"{records:,}", path=out))
    output.json({"schema": SCHEMA, "model": str(saved.path), "records": records, "out": str(out)})
    return 0


def _are_many(files: tuple[str, ...], out: str | None, table: bool) -> bool:
    """Whether each of the files is written to one of its own, in a folder."""
    if len(files) > 1 or (table and not is_database(files[0]) and Path(files[0]).is_dir()):
        return True
    return out is not None and not is_database(out) and (out.endswith(("/", os.sep)) or Path(out).is_dir())


def _files(
    saved: Saved, files: tuple[str, ...], out: Path, skip_bad: bool, written: dict[str, Any], output: Output
) -> int:
    """Write a file for each, and tell of each; 0, or 2 where one could not be predicted."""
    from rowwise.runs.batch_predictions import predict_files

    found = []
    with hide_panics(reads_table=saved.schema is not None):
        for done in predict_files(saved, files, out, skip_bad, **written):
            found.append(done)
            if done.error:
                output.warn(done.error)
                continue
            key = "predict.files.finished" if done.finished else "predict.files.done"
            output.tell(say(key, path=done.source, records=f"{done.records:,}", out=done.out))
            for note in done.notes:
                output.warn(f"{done.source}: {note}")
    finished, failed = sum(done.finished for done in found), sum(bool(done.error) for done in found)
    written_now = len(found) - finished - failed
    output.tell(say("predict.files.all", out=out, written=written_now, finished=finished, failed=failed))
    output.json({"schema": SCHEMA, "model": str(saved.path), "out": str(out), "files": [_facts(one) for one in found]})
    return DataError.exit_code if failed else 0


def _facts(done: FileDone) -> dict[str, Any]:
    facts = {"file": str(done.source), "out": str(done.out), "records": done.records, "finished": done.finished}
    return facts | ({"error": done.error} if done.error else {})


def _table(saved: Saved, source: Source, out: str | None, json: bool, output: Output) -> int:
    """Write the table with its predictions to `out`, whole or not at all, else to standard output; 0."""
    source.check_table()
    from rowwise.runs.table_predictions import predict_table
    from rowwise.runs.table_sinks import LINES, PARQUET, CsvSink, DatabaseSink, LinesSink, ParquetSink

    with hide_panics(reads_table=True):
        if is_database(out):
            sink = DatabaseSink(str(out))
            out = sink.place
            done = predict_table(saved, source, sink)
        else:
            path = None if out is None else Path(out)
            if path is not None and not is_database(source.place) and _same(path, Path(source.place)):
                raise UsageError("predict.out.same", path=path)
            ending = "" if path is None else path.suffix.lower()
            if ending == ".json":
                raise UsageError("predict.out.json", path=path)
            lines = ending in LINES or (json and path is None)

            def make(write: Callable[[bytes], object]) -> Written:
                if lines:
                    return predict_table(saved, source, LinesSink(write))
                return predict_table(saved, source, ParquetSink(write) if ending in PARQUET else CsvSink(write))

            done = output.lines(make) if json and path is None else write_out(path, make)
    if out is not None:
        output.tell(say("predict.table.written", records=f"{done.records:,}", columns=len(done.columns), path=out))
    for note in done.notes:
        output.warn(note)
    if out is not None or not json:
        facts = {"records": done.records, "columns": done.columns, "oddities": done.counts, "out": str(out)}
        output.json({"schema": SCHEMA, "model": str(saved.path), **facts})
    return 0


def _same(one: Path, other: Path) -> bool:
    """Whether both name one file, by links too; a file that is not there yet is no other's."""
    try:
        return one.is_file() and one.samefile(other)
    except OSError:  # reading or writing it will say why
        return False


command = Command(
    "predict",
    "cli.help.predict",
    [
        Argument("model", "cli.help.model", "MODEL", type=Path),
        Argument("files", "cli.help.files", "FILE", nargs=-1, required=True),
        model_task(),
        Option("--skip-bad", "cli.help.skip_bad", is_flag=True),
        Option("--out", "cli.help.predict.out", "FILE"),
        *table_format(),
        *common(json=True),
    ],
    _predict,
)
