"""The kinds of files that a stranger may send → of each valid ones, how they are damaged, the doors they go through."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.fuzz import mutate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

ROWS = 60


@dataclass(frozen=True)
class Door:
    """A public function that takes a file, or the arguments of a command."""

    call: Callable[[], Any] | list[str]


@dataclass(frozen=True)
class Kind:
    """How files of a kind are tried.

    Attributes:
        valid: their contents; one of them is damaged at a time.
        damage: `(random, content)` → the content to be tried.
        place: where it is put.
        doors: one of them is taken at a time.
    """

    valid: list[bytes]
    damage: Callable[[Random, bytes], bytes]
    place: Path
    doors: list[Door]


def make(kind: str, folder: Path) -> Kind:
    """The kind of that name, its models trained and its files put in `folder`."""
    return KINDS[kind](folder)


def _frame() -> Any:
    import polars as pl

    random = np.random.default_rng(0)
    x = random.normal(size=ROWS).round(3)
    return pl.DataFrame(
        {
            "x": x,
            "town": random.choice(["hill", "river", "계곡"], ROWS),
            "day": pl.date_range(pl.date(2023, 1, 1), pl.date(2023, 3, 1), eager=True)[:ROWS],
            "y": np.where(x + random.normal(size=ROWS) / 9 > 0, "yes", "no"),
        }
    )


def _table_run(folder: Path) -> Path:
    import rowwise

    _frame().write_csv(folder / "table.csv")
    run = folder / "run"
    rowwise.train(folder / "table.csv", "y", hidden=(8,), epochs=1, pictures=False, observer=lambda _: None, out=run)
    return run


def _picture_run(folder: Path) -> Path:
    import rowwise

    run = folder / "run"
    rowwise.train("digits", hidden=(8,), epochs=1, pictures=False, observer=lambda _: None, out=run)
    return run


def _table(folder: Path, suffix: str, valid: list[bytes], damage: Any) -> Kind:
    import rowwise

    run, place = _table_run(folder), folder / f"data{suffix}"
    saved = rowwise.open(run)
    doors = [
        Door(lambda: rowwise.load(place, target="y")),
        Door(lambda: saved.predict(place)),
        Door(["data", "show", str(place), "--target", "y"]),
        Door(["predict", str(run), str(place), "--out", str(folder / "out.csv")]),
    ]
    return Kind(valid, damage, place, doors)


def _csv(folder: Path) -> Kind:
    text = _frame().write_csv()
    quoted = text.replace("hill", '"hill, ""high"""')
    valid = [text.encode(), text.encode("cp949"), text.replace(",", ";").replace(".", ",").encode(), quoted.encode()]
    return _table(folder, ".csv", valid, mutate.text_of)


def _parquet(folder: Path) -> Kind:
    valid = []
    for packing in ("uncompressed", "snappy", "zstd", "gzip"):
        content = io.BytesIO()
        _frame().write_parquet(content, compression=packing)
        valid.append(content.getvalue())
    return _table(folder, ".parquet", valid, mutate.bytes_of)


def _pictures(folder: Path, suffix: str, formats: list[dict[str, Any]], damage: Any) -> Kind:
    from PIL import Image

    import rowwise

    run, place = _picture_run(folder), folder / f"picture{suffix}"
    saved = rowwise.open(run)
    random, valid = np.random.default_rng(0), []
    for options in formats:
        content = io.BytesIO()
        pixels = random.integers(0, 255, (24, 20, 3)).astype(np.uint8)
        Image.fromarray(pixels).convert(options.pop("mode", "RGB")).save(content, **options)
        valid.append(content.getvalue())
    doors = [
        Door(lambda: saved.predict(place)),
        Door(lambda: saved.predict(place.read_bytes())),
        Door(["predict", str(run), str(place)]),
    ]
    return Kind(valid, damage, place, doors)


def _png(folder: Path) -> Kind:
    modes = [{"format": "PNG", "mode": mode} for mode in ("L", "RGB", "RGBA", "P", "1", "I;16")]
    return _pictures(folder, ".png", modes, mutate.png_of)


def _jpeg(folder: Path) -> Kind:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    options = [{"exif": exif}, {"mode": "L"}, {"progressive": True}, {"mode": "CMYK"}]
    return _pictures(folder, ".jpg", [{"format": "JPEG", **one} for one in options], mutate.bytes_of)


def _webp(folder: Path) -> Kind:
    options = [{}, {"lossless": True}, {"mode": "RGBA"}]
    return _pictures(folder, ".webp", [{"format": "WEBP", **one} for one in options], mutate.bytes_of)


def _idx(folder: Path) -> Kind:
    from tests.data.idx_files import write_idx

    import rowwise

    random = np.random.default_rng(0)
    for part in ("train", "t10k"):
        write_idx(folder / f"{part}-images-idx3-ubyte", random.integers(0, 255, (20, 28, 28)).astype(np.uint8))
        write_idx(folder / f"{part}-labels-idx1-ubyte", (np.arange(20) % 10).astype(np.uint8))
    os.environ["ROWWISE_DATA"] = str(folder)
    place = folder / "t10k-images-idx3-ubyte"
    return Kind([place.read_bytes()], mutate.gzip_of, place, [Door(lambda: rowwise.load("fashion-mnist"))])


def _npz(folder: Path) -> Kind:
    import rowwise

    random, place, valid = np.random.default_rng(0), folder / "data.npz", []
    x, y = random.normal(size=(40, 3)), np.arange(40) % 3
    for save, labels in ((np.savez, y), (np.savez_compressed, y), (np.savez, np.array(["a", "b", "c"])[y])):
        content = io.BytesIO()
        save(content, x_train=x, y_train=labels, x_test=x[:9], y_test=labels[:9], classes=np.array(["p", "q", "r"]))
        valid.append(content.getvalue())
    doors = [Door(lambda: rowwise.load(place)), Door(["data", "show", str(place)])]
    return Kind(valid, mutate.zip_of, place, doors)


def _keras(folder: Path) -> Kind:
    import rowwise

    run, place = _table_run(folder), folder / "m.keras"
    (folder / "pictures").mkdir()
    pictures = _picture_run(folder / "pictures")
    used = folder / "used.csv"
    shutil.copy(folder / "table.csv", used)

    def use() -> None:
        saved = rowwise.open(place)
        shown = str(saved), saved.classes, saved.targets
        if saved.accepts.kind == "table":
            saved.predict(used)
        assert shown

    doors = [Door(lambda: rowwise.open(place)), Door(use), Door(["explain", str(place)])]
    doors.append(Door(["predict", str(place), str(used), "--out", str(folder / "out.csv")]))
    valid = [(one / "model.keras").read_bytes() for one in (run, pictures)]
    return Kind(valid, mutate.zip_of, place, doors)


def _toml(folder: Path) -> Kind:
    import rowwise

    stopped = threading.Event()
    stopped.set()
    _frame().write_csv(folder / "table.csv")
    place = folder / "options.toml"
    valid = [
        b'target = "y"\ndrop = ["town"]\nnumeric = ["x"]\ntest = 0.3\nseed = 5\nseparator = ","\nencoding = "utf-8"\n',
        b'target = ["x"]\ntask = "regression"\ncategorical = ["town"]\ngroup = "town"\n',
        b'# comment\ntarget = """y"""\ntime = "day"\n',
    ]

    def plan() -> None:
        with contextlib.suppress(KeyboardInterrupt):  # the options were taken, the data loaded
            rowwise.train(folder / "table.csv", options=place, stop=stopped, verbose=0, out=folder / "out")

    shown = ["data", "show", str(folder / "table.csv"), "--options", str(place)]
    return Kind(valid, mutate.text_of, place, [Door(plan), Door(plan), Door(shown)])


def _run_json(folder: Path) -> Kind:
    import rowwise

    run = _table_run(folder)
    place = run / "run.json"

    def use() -> None:
        saved = rowwise.open(run)
        shown = str(saved), saved.classes, saved.targets, saved.metrics, saved.record.to_json()
        saved.predict(folder / "table.csv")
        saved.own_source()
        assert shown

    doors = [Door(use), Door(lambda: rowwise.open(run)), Door(["evaluate", str(run)])]
    doors.append(Door(["train", "--resume", str(run), "--epochs", "1", "--out", str(folder / "resumed")]))
    return Kind([place.read_bytes()], mutate.json_of, place, doors)


KINDS: dict[str, Callable[[Any], Kind]] = {
    "csv": _csv,
    "parquet": _parquet,
    "png": _png,
    "jpeg": _jpeg,
    "webp": _webp,
    "idx": _idx,
    "npz": _npz,
    "keras": _keras,
    "toml": _toml,
    "run.json": _run_json,
}
