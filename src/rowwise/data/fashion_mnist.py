"""The four IDX files of Fashion-MNIST, found or downloaded → two Datasets.

Images and MD5s: Zalando Research, https://github.com/zalandoresearch/fashion-mnist (MIT licence).
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.data.dataset import Dataset
from rowwise.data.idx import GZIP_MAGIC, read_idx
from rowwise.errors import DataError, DataNotFound
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator

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
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
TIMEOUT = (3, 30)  # seconds to connect, and between two packets


@dataclass(frozen=True)
class Place:
    """Where the files may lie: what it is called in messages, its folder, and which file has which path there."""

    label: str
    folder: Path

    def files(self) -> dict[str, Path]:
        """The files that are there, by their IDX names; the gzipped one first where both are."""
        found = {}
        for name in FILES:
            for path in (self.folder / f"{name}.gz", self.folder / name):
                if path.is_file():
                    found[name] = path
                    break
        return found


def places() -> Iterator[Place]:
    """The places looked at, in order: $ROWWISE_DATA, Keras's cache, rowwise's cache."""
    if data := os.environ.get("ROWWISE_DATA"):
        yield Place("$ROWWISE_DATA", Path(data))
        yield Place(f"$ROWWISE_DATA/{NAME}", Path(data) / NAME)
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    yield Place("Keras's cache", home / "datasets" / NAME)
    yield Place("rowwise's cache", cache())


def cache() -> Path:
    """rowwise's own folder of these files; $ROWWISE_CACHE, or the system's place for caches."""
    if folder := os.environ.get("ROWWISE_CACHE"):
        return Path(folder) / NAME
    import pooch

    return Path(pooch.os_cache("rowwise")) / NAME


def find() -> Place | None:
    """The first place that holds all four files."""
    return next((place for place in places() if len(place.files()) == len(FILES)), None)


def load() -> tuple[Dataset, Dataset]:
    """`(train, test)`: 60,000 and 10,000 grey images of 28x28, uint8.

    Raises:
        DataNotFound: in none of the places, and no mirror gave it. DataError: a broken file.
    """
    return read(find() or download())


def read(place: Place) -> tuple[Dataset, Dataset]:
    """The Datasets of a place that holds all four files.

    Raises:
        DataError: a file is broken, or images and labels differ in number.
    """

    def one(item: tuple[str, Path]) -> tuple[Any, bool, str]:
        name, path = item
        try:
            content = path.read_bytes()
        except OSError as cause:
            raise DataError("idx.missing", file=path, cause=cause.strerror) from cause
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        published = content[:2] == GZIP_MAGIC and md5 == FILES[name]
        return read_idx(path, content), published, md5

    # zlib and hashlib release the GIL: four files cost little more than the largest.
    with ThreadPoolExecutor(len(FILES)) as pool:
        read_files = dict(zip(FILES, pool.map(one, place.files().items()), strict=True))
    verified = all(published for _, published, _ in read_files.values())
    source = {
        "place": place.label,
        "verified": verified,
        "md5": {name: md5 for name, (_, _, md5) in read_files.items()},
    }
    kind = "the published files" if verified else "NOT verified as the published files"
    parts = []
    for part, prefix in (("train", "train"), ("test", "t10k")):
        x, y = read_files[f"{prefix}-images-idx3-ubyte"][0], read_files[f"{prefix}-labels-idx1-ubyte"][0]
        parts.append(
            Dataset(NAME, x, y, CLASSES, CLASSES_KO, part, f"Fashion-MNIST, {kind}, from {place.label}", source)
        )
    return parts[0], parts[1]


def download() -> Place:
    """Fetch what rowwise's cache lacks, each file from the first mirror that gives it whole.

    Raises:
        DataNotFound: lists the places looked at and what each mirror answered.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # its own words about each download: the bar says it
    target = Place("rowwise's cache", cache())
    mirrors = [m for m in os.environ.get("ROWWISE_MIRRORS", ",".join(MIRRORS)).split(",") if m]
    refusals: list[str] = []
    for name, md5 in FILES.items():
        if name in target.files():
            continue
        for mirror in list(mirrors):
            url = f"{mirror.rstrip('/')}/{name}.gz"
            fetch = pooch.HTTPDownloader(timeout=TIMEOUT, progressbar=_bar(name))
            try:
                # pooch writes to a temporary file, compares the hash, then renames.
                pooch.retrieve(url, f"md5:{md5}", f"{name}.gz", str(target.folder), downloader=fetch)
                break
            except Exception as cause:  # requests, urllib3, OSError, ValueError (hash): all mean the next mirror
                refusals.append(f"{url}: {_reason(cause)}")
                mirrors.remove(mirror)
                mirrors.append(mirror)  # a mirror that failed is asked last from now on
        else:
            looked = "".join(f"\n  - {place.label} ({len(place.files())}/4)" for place in places())
            tried = "".join(f"\n  - {refusal}" for refusal in refusals)
            raise DataNotFound("fashion.not_found", places=looked, mirrors=tried)
    return target


def _reason(cause: Exception) -> str:
    text = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    return f"{type(cause).__name__}: {text}"[:200]


def _bar(name: str) -> Any:
    """A rich bar with the interface that pooch asks for; False where nobody watches."""
    import sys

    if not sys.stderr.isatty():
        return False
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    class Bar:
        total = 0

        def __init__(self) -> None:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
            self.progress = Progress(*columns, console=Console(stderr=True))
            self.task = self.progress.add_task(say("fashion.fetching", file=name), total=None)

        def update(self, count: int) -> None:
            self.progress.start()
            self.progress.update(self.task, advance=count, total=self.total or None)

        def reset(self) -> None:
            self.progress.reset(self.task)

        def close(self) -> None:
            self.progress.stop()

    return Bar()
