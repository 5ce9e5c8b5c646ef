"""A `.npz` file, or a `.npy` file with its labels beside it → two Datasets.

A `.npz` holds, in upper or lower case, `x_train`, `y_train`, `x_test`, `y_test`, also with the part first, or with
`images` and `labels` or similar for x and y, as MedMNIST's files do; else `x` and `y` undivided. A `val` part beside a
test belongs to the training records, from which a training holds out its own. `classes` may name the numbers from 0.
The labels of `x.npy` are in `y.npy`, of `shirts_images.npy` in `shirts_labels.npy`, of `x_train.npy` in `y_train.npy`;
the test's two files are taken where they exist.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from rowwise.archive import BLOCK, open_archive
from rowwise.data.arrays.labels import class_names, is_regression, numbered, targets
from rowwise.data.arrays.npy import mapped, read_header, unpacked
from rowwise.data.column_names import listed
from rowwise.data.dataset import Dataset, provenance_fields
from rowwise.data.overlap import warn_of_shared
from rowwise.data.picture_records import WHOLE
from rowwise.errors import DataError, os_reason, warn_user
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rowwise.data.arrays.npy import Header
    from rowwise.data.source import Source

Arrays = dict[str, "NDArray[Any]"]

PARTS = {"training": "train", "train": "train", "testing": "test", "test": "test"}
PARTS |= dict.fromkeys(("validation", "valid", "val"), "val")
# What x and y may be called; the first that exists counts.
ROLES = dict.fromkeys(("x", "images", "image", "data", "features", "inputs", "arr0"), "x")
ROLES |= dict.fromkeys(("y", "labels", "label", "targets", "target", "arr1"), "y")
NAMES = ("classes", "classnames", "labelnames", "targetnames")
BESIDE = {"x": ("y",), "X": ("y", "Y"), "images": ("labels",), "image": ("label",), "data": ("labels", "target")}


def load(source: Source) -> tuple[Dataset, Dataset]:
    """`(train, test)`: x as the file has it, y class numbers; or targets, where they are fractions or `task` says so.

    The split is the file's own where it has one, else stratified and seeded.

    Raises:
        DataError: a file that is damaged, too large, needs pickle, or lacks arrays; arrays that do not fit one
            another; labels that name no classes.

    Warns:
        Suspicious: records in both parts; arrays that are not read.
    """
    path = Path(source.place)
    with _reading(path):
        arrays = _npz(path) if path.suffix.lower() == ".npz" else _npy(path)
    x, y = _parts(path, arrays)
    if unread := [name for name in arrays if not _role(name) and _flat(name) not in NAMES]:
        warn_user(say("arrays.unread", file=path, names=listed(unread, 5)))
    names: tuple[str, ...] = ()
    if is_regression(path, y, source.task):
        y = {part: targets(path, values) for part, values in y.items()}
    else:
        named = next((array for name, array in arrays.items() if _flat(name) in NAMES), None)
        names = class_names(path, y, named)
        y = {part: numbered(path, values, names) for part, values in y.items()}
    origin = provenance_fields("arrays.provenance", file=path)
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    target_names = () if names else _target_names(next(iter(y.values())))

    def dataset(part: str) -> Dataset:
        facts: dict[str, Any] = {"file": str(path.resolve()), "arrays": shapes}
        if x[part].ndim > 2:
            facts["pictures"] = WHOLE
        about = {"part": part or "train", "source": facts, "targets": target_names}
        return Dataset(source.name, x[part], y[part], names, **about, **origin)  # type: ignore[arg-type]

    if "train" in x:
        train, test = dataset("train"), dataset("test")
    else:
        if names and len(single := np.flatnonzero(np.bincount(y[""]) == 1)):
            raise DataError("arrays.single", file=path, names=", ".join(names[label] for label in single[:10]))
        train, test = dataset("").split(source.test, source.seed)
    warn_of_shared(train, test)
    return train, replace(test, part="test")


def _npz(path: Path) -> Arrays:
    """The arrays of the file, by name; those whose names mean nothing here have their shape, but no values."""
    arrays = {}
    with open_archive(path) as archive:
        for member in archive.members.values():
            if not member.filename.endswith(".npy"):
                continue
            name = member.filename.removesuffix(".npy")
            with archive.open(member.filename) as file:
                header = _header(path, file, member.file_size)
                if _role(name) or _flat(name) in NAMES:
                    values = _values(file, header.size)
                    arrays[name] = _native(unpacked(values, header._replace(start=0)))
                else:
                    arrays[name] = np.broadcast_to(np.zeros((), np.uint8), header.shape)
    return arrays


def _values(file: IO[bytes], size: int) -> bytearray:
    """The `size` bytes that follow, read to their end, so that the checksum is compared."""
    values = bytearray(size)
    with memoryview(values) as free:
        while free:
            if not (read := file.readinto(free[:BLOCK])):  # type: ignore[attr-defined]
                raise EOFError
            free = free[read:]
    file.read(1)
    return values


def _npy(path: Path) -> Arrays:
    """x, memory-mapped, and y beside it; the test's as well where they exist."""
    stem = path.stem
    beside = [
        path.with_name(re.sub(rf"(?<![A-Za-z]){word}(?![A-Za-z])", other, stem, count=1) + path.suffix)
        for word, others in BESIDE.items()
        for other in others
        if re.search(rf"(?<![A-Za-z]){word}(?![A-Za-z])", stem)
    ]
    labels = next((file for file in beside if file.is_file()), None)
    if labels is None:
        tried = ", ".join(file.name for file in beside)
        raise DataError("arrays.beside" if tried else "arrays.beside.name", file=path, tried=tried)
    role = _role(stem)
    part = role[0] if role else ""
    arrays = {f"x_{part}": _mapped(path), f"y_{part}": _mapped(labels)}
    for other in ("test", "val") if part == "train" else ():
        pair = [file.with_name(re.sub("(?i)train(ing)?", other, file.name)) for file in (path, labels)]
        if all(file.is_file() for file in pair):
            arrays |= {f"x_{other}": _mapped(pair[0]), f"y_{other}": _mapped(pair[1])}
    return arrays


def _mapped(path: Path) -> NDArray[Any]:
    with path.open("rb") as file:
        header = _header(path, file, path.stat().st_size)
    return _native(mapped(path, header))


def _header(path: Path, file: IO[bytes], size: int) -> Header:
    """The header of an array in `file`, once it is sure that as many bytes follow as it announces."""
    header = read_header(file)
    if header.dtype.hasobject:
        raise DataError("arrays.pickle", file=path)
    if header.start + header.size != size or not header.dtype.itemsize:  # texts of no letters take no room
        found = f"{size - header.start:,}"
        raise DataError("arrays.size", file=path, shape=header.shape, dtype=header.dtype, found=found)
    return header


def _parts(path: Path, arrays: Arrays) -> tuple[Arrays, Arrays]:
    """x and y by part: `"train"` and `"test"`, or `""` undivided."""
    x: Arrays = {}
    y: Arrays = {}
    order = list(ROLES)
    roles = [(role, name) for name in arrays if (role := _role(name))]
    for (part, word), name in sorted(roles, key=lambda pair: order.index(pair[0][1])):
        (x if ROLES[word] == "x" else y).setdefault(part, arrays[name])
    if "train" in x and "test" not in x and "val" in x:
        x["test"], y["test"] = x.pop("val"), y.pop("val", np.zeros(0))
    parts = [part for part in ("train", "val", "test", "") if part in x and part in y]
    if {"train", "test"} <= set(parts):
        parts = [part for part in parts if part]
    elif "" in parts or "train" in parts:  # a single part, to be divided
        only = "" if "" in parts else "train"
        x, y, parts = {"": x[only]}, {"": y[only]}, [""]
    else:
        listed = ", ".join(f"{name} {array.shape}" for name, array in list(arrays.items())[:20]) or "—"
        raise DataError("arrays.missing", file=path, found=listed)
    for part in parts:
        _check(path, part, x[part], y[part])
    if "val" in parts:
        for by_part in (x, y):
            by_part["train"] = np.concatenate([by_part["train"], by_part.pop("val")])
        parts.remove("val")
    if len(parts) == 2 and x["train"].shape[1:] != x["test"].shape[1:]:
        raise DataError("arrays.parts", file=path, train=x["train"].shape, test=x["test"].shape)
    return {part: x[part] for part in parts}, {part: y[part] for part in parts}


def _check(path: Path, part: str, x: NDArray[Any], y: NDArray[Any]) -> None:
    if x.ndim < 2 or not y.ndim or len(x) != len(y) or not x.size:
        raise DataError("arrays.shapes", file=path, part=part and f" ({part})", x=x.shape, y=y.shape)
    if x.dtype.kind not in "uif":
        raise DataError("data.dtype", name=path, found=x.dtype)


def _role(name: str) -> tuple[str, str] | None:
    """`train_images` → `("train", "images")`: its part, and which of the words for x and y; None for other names."""
    flat = _flat(name)
    if flat in ROLES:
        return "", flat
    for word, part in PARTS.items():
        for rest in (flat.removeprefix(word), flat.removesuffix(word)):
            if rest != flat and rest in ROLES:
                return part, rest
    return None


def _flat(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _target_names(y: NDArray[Any]) -> tuple[str, ...]:
    return ("y",) if y.ndim == 1 else tuple(f"y{number}" for number in range(y.shape[1]))


def _native(array: NDArray[Any]) -> NDArray[Any]:
    """In the machine's byte order; truth values as 0 and 1."""
    if array.dtype.kind == "b":
        return array.astype(np.float32)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    if native.dtype.kind == "U" and native.size and np.ascontiguousarray(native).view(np.uint32).max() > sys.maxunicode:
        raise ValueError("no Unicode")  # which Python could not even print
    return native


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (DataError, MemoryError):
        raise
    except (FileNotFoundError, PermissionError) as cause:
        raise DataError("idx.missing", file=path, cause=os_reason(cause)) from cause
    except Exception as cause:  # zipfile, zlib, NumPy and its parser of headers each have their own errors
        text = " ".join(str(cause).split())[:150].rstrip(".")
        raise DataError("arrays.damaged", file=path, cause=text or type(cause).__name__) from cause
