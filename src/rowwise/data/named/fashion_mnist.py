"""The four IDX files of Fashion-MNIST, found or downloaded → two Datasets.

They are looked for in `$ROWWISE_DATA` and its subfolder `fashion-mnist`, then in Keras's cache, then in rowwise's cache
(`$ROWWISE_CACHE`, or the system's place for caches), which the mirrors (`$ROWWISE_MIRRORS`, URLs separated by commas,
or those below) fill if need be. Plain IDX files do as well as gzipped ones.

A folder that the user named is trusted: a broken file in it is an error, and files that are not the published ones are
used, with a provenance that says so. A cache is filled by programs and may hold what an interrupted download left: it
counts only if all four files are the published ones. Else the next place is tried, and a download repairs rowwise's own
cache.

Images and MD5s: Zalando Research, https://github.com/zalandoresearch/fashion-mnist (MIT licence).
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.arrays.idx import GZIP_MAGIC, read_file, read_idx
from rowwise.data.dataset import Dataset, provenance_fields
from rowwise.data.picture_records import OBJECT
from rowwise.environment import cache_folder, data_folder, keras_folder
from rowwise.environment import mirrors as chosen_mirrors
from rowwise.errors import DataError, DataNotFound
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NAME = "fashion-mnist"
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
CLASSES_KO = ("티셔츠", "바지", "풀오버", "원피스", "코트", "샌들", "셔츠", "스니커즈", "가방", "앵클부츠")

FILES = {  # published MD5 of the .gz
    "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
}
UNPACKED = {  # MD5 of what those unpack to
    "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
    "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
    "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
}
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
IMAGE = (28, 28)  # pixels


@dataclass(frozen=True)
class Place:
    """Where the files may lie.

    Attributes:
        kind: `"named"` by the user, or the cache of `"keras"` or `"rowwise"`.
        folder: as an absolute or relative path; need not exist.
    """

    kind: str
    folder: Path

    @property
    def label(self) -> str:
        """What it is called in messages."""
        return say(f"fashion.place.{self.kind}")

    def files(self) -> dict[str, Path]:
        """Those of the four that exist, by their IDX names; the gzipped one where both do."""
        paths = {}
        for name in FILES:
            for path in (self.folder / f"{name}.gz", self.folder / name):
                if os.path.isfile(path):  # pathlib's own raises where a folder above must not be read
                    paths[name] = path
                    break
        return paths

    def flaw(self) -> str:
        """Why it cannot be used, in words; empty where it can."""
        paths = self.files()
        if not os.path.isdir(self.folder):
            return say("fashion.flaw.folder")
        if not paths:
            return say("fashion.flaw.empty")
        if lacking := [name for name in FILES if name not in paths]:
            return say("fashion.flaw.lacking", found=len(paths), of=len(FILES), names=", ".join(lacking))
        if self.kind != "named" and (foreign := [path.name for path in paths.values() if not _is_published(path)]):
            return say("fashion.flaw.foreign", names=", ".join(foreign))
        return ""


def places() -> Iterator[Place]:
    """Where the files are looked for, in this order."""
    if (folder := data_folder()) is not None:
        yield Place("named", folder)
        yield Place("named", folder / NAME)
    # As Keras does it: see keras.config and keras.datasets.fashion_mnist.
    yield Place("keras", keras_folder() / "datasets" / NAME)
    yield Place("rowwise", cache())


def cache() -> Path:
    """rowwise's own folder of these files."""
    return cache_folder() / NAME


def find() -> Place | None:
    """The first place that can be used."""
    return next((place for place in places() if not place.flaw()), None)


def load() -> tuple[Dataset, Dataset]:
    """`(train, test)`: 60,000 and 10,000 grey images of 28x28, uint8.

    Raises:
        DataNotFound: in none of the places, and no mirror gave it. SaveError: the cache cannot be written.
        DataError: a broken file in a folder that the user named.
    """
    for place in places():
        if len(place.files()) < len(FILES):
            continue
        try:
            return read(place)
        except DataError:
            if place.kind == "named":
                raise
    return read(download())


def read(place: Place) -> tuple[Dataset, Dataset]:
    """The Datasets of a place that holds all four files.

    Raises:
        DataError: a file is broken, is no set of 28x28 images or their labels, differs in number from its
            fellow, or, in a cache, is not the published one.
    """
    paths = place.files()
    # zlib and hashlib release the GIL: four files cost little more than to unpack the largest.
    with ThreadPoolExecutor() as pool:
        contents = dict(zip(paths, pool.map(read_file, paths.values()), strict=True))
        arrays = {name: pool.submit(read_idx, paths[name], content) for name, content in contents.items()}
        md5 = dict(zip(contents, pool.map(_md5, contents.values()), strict=True))
        verified = all(md5[name] == _published(name, content) for name, content in contents.items())
        if place.kind != "named" and not verified:
            raise DataError("fashion.foreign", folder=place.folder)
    source = {"place": place.kind, "folder": str(place.folder), "verified": verified, "md5": md5, "pictures": OBJECT}
    key = "fashion.provenance" if verified else "fashion.provenance.other"
    origin = provenance_fields(key, folder=place.folder)
    parts = []
    for part, prefix in (("train", "train"), ("test", "t10k")):
        images, labels = f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
        x, y = arrays[images].result(), arrays[labels].result()
        _check(paths[images], x, paths[labels], y)
        parts.append(Dataset(NAME, x, y, CLASSES, CLASSES_KO, part, source=source, **origin))
    return parts[0], parts[1]


def download() -> Place:
    """Fetch what rowwise's cache lacks, each file from the first mirror that gives it whole.

    Raises:
        DataNotFound: lists the places looked at and what each mirror answered. SaveError: the cache cannot be
            written.
    """
    from rowwise.data.named import mirrors

    target = Place("rowwise", cache())
    paths = target.files()
    missing = {f"{name}.gz": md5 for name, md5 in FILES.items() if not (name in paths and _is_published(paths[name]))}
    if answers := mirrors.fetch(missing, target.folder, chosen_mirrors() or list(MIRRORS)):
        flaws = "".join(f"\n  - {place.label} ({place.folder}): {place.flaw()}" for place in places())
        refusals = "".join(f"\n  - {answer}" for answer in answers)
        raise DataNotFound("fashion.not_found", places=flaws, mirrors=refusals)
    return target


def _check(images: Path, x: NDArray[Any], labels: Path, y: NDArray[Any]) -> None:
    """Raises DataError where x is not `(records, 28, 28)` uint8, or y not `(records,)` of its classes."""
    if x.shape[1:] != IMAGE or x.dtype != np.uint8:
        raise DataError("fashion.images", file=images, found=f"{x.shape} {x.dtype}")
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise DataError("fashion.labels", file=labels, found=f"{y.shape} {y.dtype}")
    if len(x) != len(y):
        raise DataError("fashion.counts", images=images, labels=labels, x=f"{len(x):,}", y=f"{len(y):,}")
    if len(y) and not 0 <= int(y.min()) <= int(y.max()) < len(CLASSES):
        outside = y[(y < 0) | (y >= len(CLASSES))]
        facts = {"found": int(outside[0]), "last": len(CLASSES) - 1, "count": len(outside)}
        raise DataError("fashion.range", file=labels, **facts)


def _published(name: str, content: bytes) -> str:
    """The published MD5 of this file, gzipped or not as `content` is."""
    return (FILES if content[:2] == GZIP_MAGIC else UNPACKED)[name]


def _is_published(path: Path) -> bool:
    try:
        content = read_file(path)
    except DataError:
        return False
    return _md5(content) == _published(path.name.removesuffix(".gz"), content)


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
