"""A command's options → the capability called, its result printed. One function a command."""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise import __version__
from rowwise.errors import DataError, ModelError, UsageError
from rowwise.text import language, say

if TYPE_CHECKING:
    import argparse

    from rowwise.data.dataset import Dataset

JSON_SCHEMA = 1


def train(options: argparse.Namespace) -> int:
    """`rowwise train`."""
    tell = _teller(options)
    begun = time.perf_counter()
    _check_train(options)
    # Importing Keras takes seconds and waits for the disk: the data are read meanwhile.
    keras_import = threading.Thread(target=_import_keras)
    keras_import.start()
    clock = _Clock()
    try:
        previous = _previous(options.resume) if options.resume else None
        train_set, test_set, warning = _load_for_training(options, previous)
    finally:
        clock.lap("load")
        keras_import.join()
    clock.lap("import")

    import keras

    from rowwise.engine import fit, predict_proba
    from rowwise.measure import score
    from rowwise.models import dense
    from rowwise.runs import MODEL, Run, open_run

    if warning:
        print(f"rowwise: {warning}", file=sys.stderr)
    tell(f"{train_set.provenance}: {len(train_set):,} + {len(test_set):,}")
    keras.utils.set_random_seed(options.seed)
    done, before = 0, {}
    if previous is not None:
        model, _ = open_run(options.resume)
        done, before = len(previous["epochs"]), _history_of(previous)
        if done >= options.epochs:
            raise UsageError("cli.resume.done", path=options.resume, done=done, asked=options.epochs)
        tell(say("cli.resumed", path=options.resume, done=done))
    else:
        model = dense(
            train_set, options.hidden, options.activation, options.dropout, options.learning_rate, options.seed
        )
    tell(describe_model(model))
    run = Run(options.out, train_set.name)
    interrupted = False
    try:
        try:
            fit(
                model,
                train_set,
                epochs=options.epochs,
                batch_size=options.batch_size,
                validation=options.validation,
                seed=options.seed,
                engine=options.engine,
                verbose=0 if options.quiet else "auto",
                initial_epoch=done,
            )
        except KeyboardInterrupt:
            interrupted = True
            print(f"\nrowwise: {say('cli.stopping')}", file=sys.stderr)
        history = model.history
        clock.lap("fit")
        clock.seconds["compile"] = history.rowwise["compile_seconds"] or 0.0
        clock.seconds["fit"] -= clock.seconds["compile"]
        if not options.quiet:
            tell(say("cli.engine", engine=history.rowwise["engine"], reason=history.rowwise["reason"]))
        probabilities = predict_proba(model, test_set.x)
        report = score(probabilities, test_set)
        clock.lap("evaluate")
        tell(str(report))

        columns = {name: [*before.get(name, []), *values] for name, values in history.history.items()}
        pictures = _pictures(model, test_set, probabilities, report, columns)
        clock.lap("pictures")
        seconds = [*(row["seconds"] for row in (previous or {}).get("epochs", [])), *history.rowwise["seconds"]]
        record: dict[str, Any] = {
            "schema": JSON_SCHEMA,
            "data": {
                "name": train_set.name,
                "provenance": train_set.provenance,
                "checksum": train_set.checksum,
                "test_checksum": test_set.checksum,
                "records": len(train_set),
                "test_records": len(test_set),
                "shape": train_set.shape,
                "classes": train_set.classes,
                "classes_ko": train_set.classes_ko,
                "source": dict(train_set.source),
            },
            "settings": {
                name: getattr(options, name)
                for name in ("hidden", "activation", "dropout", "batch_size", "learning_rate", "validation")
            },
            "engine": history.rowwise["engine"],
            "engine_reason": history.rowwise["reason"],
            "epochs": [
                {
                    "epoch": number + 1,
                    **{name: values[number] for name, values in columns.items()},
                    "seconds": seconds[number],
                }
                for number in range(len(seconds))
            ],
            "interrupted": history.rowwise.get("interrupted") if interrupted else None,
            "test": report.to_dict(),
            "model": str(run.folder / MODEL),
            "seed": options.seed,
            "versions": _versions(),
        }
        record["seconds"] = {**clock.seconds, "total": time.perf_counter() - begun}
        folder = run.save(model, record, columns, pictures)
    finally:
        run.discard()
    tell(say("cli.saved.interrupted" if interrupted else "cli.saved", path=folder))
    _print_json(options, record)
    return 130 if interrupted else 0


def evaluate(options: argparse.Namespace) -> int:
    """`rowwise evaluate`."""
    from rowwise.data import load
    from rowwise.runs import open_run

    tell = _teller(options)
    _hush()
    model, record = open_run(options.model)
    name = options.data or record.get("data", {}).get("name")
    if name is None:
        raise UsageError("cli.evaluate.data", model=options.model)
    _, test_set = load(name)
    known = record.get("data", {})
    if name == known.get("name") and known.get("test_checksum") not in (None, test_set.checksum):
        print(f"rowwise: {say('cli.other_data', name=name)}", file=sys.stderr)

    from rowwise.measure import evaluate as evaluate_model

    report = evaluate_model(model, test_set)
    tell(f"{test_set.provenance}: {len(test_set):,}")
    tell(str(report))
    _print_json(options, {"schema": JSON_SCHEMA, "model": str(options.model), "data": name, "test": report.to_dict()})
    return 0


def predict(options: argparse.Namespace) -> int:
    """`rowwise predict`."""
    from rowwise.predict import predict as predict_records
    from rowwise.predict import read_pictures
    from rowwise.runs import open_run

    tell = _teller(options)
    _hush()
    model, record = open_run(options.model)
    shape = tuple(model.input_shape[1:])
    units = model.output_shape[-1]
    classes = record.get("data", {}).get("classes") or list(map(str, range(max(units, 2))))
    shown = record.get("data", {}).get("classes_ko") if language() == "ko" else None
    shown = shown or classes
    if len(shape) not in (2, 3) or None in shape:
        raise ModelError("cli.predict.shape", model=options.model, shape=shape)
    results, failed = [], None
    for file in options.files:
        try:
            x, notes = read_pictures(file, shape)
        except DataError as error:  # the other files are answered all the same
            print(f"rowwise: {error}", file=sys.stderr)
            failed = error
            continue
        for number, top in enumerate(predict_records(model, x).top(3)):
            name = f"{file}[{number}]" if len(x) > 1 else str(file)
            tell(f"{name}  ({'; '.join(notes) or say('picture.as_it_is')})")
            for label, probability in top:
                tell(f"  {100 * probability:5.1f} %  {shown[label]}")
            found = [{"class": classes[label], "label": label, "probability": p} for label, p in top]
            results.append({"file": str(file), "record": number, "conversion": notes, "top": found})
    _print_json(options, {"schema": JSON_SCHEMA, "model": str(options.model), "predictions": results})
    return failed.exit_code if failed else 0


def data_list(options: argparse.Namespace) -> int:
    """`rowwise data list`."""
    from rowwise.data import fashion_mnist, names

    tell = _teller(options)
    place = fashion_mnist.find()
    where = dict.fromkeys(names(), "embedded") | {"fashion-mnist": str(place.folder) if place else None}
    for name in names():
        local = say("cli.data.here", place=where[name]) if where[name] else say("cli.data.absent")
        tell(f"{name:<14} {say(f'cli.data.{name}')} — {local if name == 'fashion-mnist' else say('cli.data.embedded')}")
    _print_json(options, {"schema": JSON_SCHEMA, "data": where})
    return 0


def data_fetch(options: argparse.Namespace) -> int:
    """`rowwise data fetch`."""
    from rowwise.data import fetch

    folder = fetch(options.data)
    _teller(options)(say("cli.data.here", place=folder) if folder else say("cli.data.embedded"))
    _print_json(options, {"schema": JSON_SCHEMA, "name": options.data, "folder": str(folder) if folder else None})
    return 0


def data_show(options: argparse.Namespace) -> int:
    """`rowwise data show`."""
    import io

    from rowwise.data import load
    from rowwise.data.sheet import contact_sheet, describe, describe_text  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from rowwise.files import atomic_write

    tell = _teller(options)
    train_set, test_set = load(options.data)
    for part in (train_set, test_set):
        tell(describe_text(part))
    picture = io.BytesIO()
    contact_sheet(train_set).save(picture, "PNG")
    file = options.out or Path(f"{train_set.name}.png")
    atomic_write(file, picture.getvalue())
    tell(say("cli.sheet", path=file))
    parts = {part.part: describe(part) for part in (train_set, test_set)}
    _print_json(options, {"schema": JSON_SCHEMA, **parts, "sheet": str(file)})
    return 0


def bench(options: argparse.Namespace) -> int:
    """`rowwise bench`."""
    from rowwise.benchmarks import main

    _hush()
    return main(options)


def describe_model(model: Any) -> str:
    """`784 → 100 → 30 → 10, 81,940 parameters`."""
    widths = [str(model.layers[-1].input.shape[-1])] if len(model.layers) == 1 else []
    for layer in model.layers:
        if type(layer).__name__ == "Dense":
            if not widths:
                widths.append(str(layer.kernel.shape[0]))
            widths.append(str(layer.units))
    return say("cli.model", widths=" → ".join(widths), parameters=f"{model.count_params():,}")


class _Clock:
    """Seconds between laps, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self._last = now - self._last, now


def _check_train(options: argparse.Namespace) -> None:
    """What can be refused before seconds are spent on importing Keras."""
    from rowwise.data import known

    least = {"epochs": 1, "batch_size": 1, "seed": 0}
    for name, smallest in least.items():
        if (found := getattr(options, name)) < smallest:
            raise UsageError("cli.number", name="--" + name.replace("_", "-"), least=smallest, found=found)
    if not 0 <= options.validation < 1:
        raise UsageError("data.split.fraction", found=options.validation)
    if options.engine not in ("auto", "whole_epoch", "keras"):
        raise UsageError("plan.unknown", found=options.engine, known="auto, whole_epoch, keras")
    if options.data is not None:
        known(options.data)


def _load_for_training(
    options: argparse.Namespace, previous: dict[str, Any] | None
) -> tuple[Dataset, Dataset, str | None]:
    from rowwise.data import load, load_default

    if previous is None and options.data is None:
        return load_default()
    name = options.data or previous["data"]["name"]  # type: ignore[index]
    train_set, test_set = load(name)
    if previous is not None:
        if train_set.checksum != previous["data"]["checksum"]:
            raise DataError("cli.resume.data", path=options.resume, name=name)
        # The same run goes on: the same order, the same batches, the same split.
        options.seed = previous["seed"]
        for setting, value in previous["settings"].items():
            setattr(options, setting, value)
    return train_set, test_set, None


def _previous(folder: Path) -> dict[str, Any]:
    from rowwise.runs import RECORD

    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
        record["epochs"], record["settings"], record["seed"], record["data"]["checksum"]
    except OSError as cause:
        raise UsageError("cli.resume.missing", path=folder, cause=cause.strerror) from cause
    except (ValueError, KeyError, TypeError) as cause:
        raise ModelError("run.damaged", path=folder / RECORD, cause=cause) from cause
    if record.get("interrupted"):
        raise UsageError("cli.resume.amid", path=folder, epoch=record["interrupted"]["epoch"] + 1)
    return record


def _history_of(record: dict[str, Any]) -> dict[str, list[float]]:
    names = [name for name in record["epochs"][0] if name not in ("epoch", "seconds")] if record["epochs"] else []
    return {name: [row[name] for row in record["epochs"]] for name in names}


def _pictures(
    model: Any, data: Dataset, probabilities: Any, report: Any, history: dict[str, list[float]]
) -> dict[str, bytes]:
    from rowwise.measure import pictures

    made = {"confusion.png": pictures.confusion_picture(report, data.provenance)}
    if any(history.values()):
        made["learning-curves.png"] = pictures.learning_curves(history, data.provenance)
    if len(data.shape) in (2, 3):
        made["most-wrong.png"] = pictures.wrong_gallery(data, probabilities, title=data.provenance)
        kernel = next(layer.kernel.numpy() for layer in model.layers if type(layer).__name__ == "Dense")
        made["kernel.png"] = pictures.kernel_images(kernel, data.shape, title=data.provenance)
    return made


def _import_keras() -> None:
    _hush()
    import keras  # noqa: F401


def _hush() -> None:
    """Keras, JAX and TensorFlow speak of devices and log levels at their start: no news to our user."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "jax")


def _teller(options: argparse.Namespace) -> Any:
    """Prints for people: on standard output, or on standard error where that one is for JSON."""
    stream = sys.stderr if getattr(options, "json", False) else sys.stdout

    def tell(text: str) -> None:
        if not getattr(options, "quiet", False):
            print(text, file=stream, flush=True)

    return tell


def _print_json(options: argparse.Namespace, record: dict[str, Any]) -> None:
    if options.json:
        print(json.dumps(record, ensure_ascii=False))


def _versions() -> dict[str, str]:
    libraries = {name: version(name) for name in ("keras", "jax", "numpy")}
    return {"rowwise": __version__, "python": platform.python_version(), **libraries}
