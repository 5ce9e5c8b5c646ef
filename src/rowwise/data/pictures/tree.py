"""A folder with one sub-folder a class, or train and test folders of such → its classes and picture files.

Hidden files and folders are left out, and what systems leave in every folder. Below a class's folder pictures may
lie at any depth. Which folders are classes, and which are parts, `layout` says: `val` beside a `test` belongs to the
training records, from which a training holds out its own.
"""

from __future__ import annotations

import os
import stat
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rowwise.data.pictures.file import SUFFIXES
from rowwise.data.pictures.layout import hidden, is_folder, layout, pictures_in
from rowwise.errors import DataError, os_reason, warn_user
from rowwise.text import say
from rowwise.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

STATS = 3  # of a file: bytes, time of the content's and of the entry's last change in ns
SHOWN = 10  # names in a message


@dataclass(frozen=True, eq=False)
class Tree:
    """The picture files of a folder: those of the training part first, then by class, then by name.

    Attributes:
        folder: as it was given.
        classes: the sub-folders' names, sorted.
        names: `(files,)` paths below the folder, with `/`.
        stats: `(files, 3)` int64: bytes, and the times of the last change of content and entry, in ns.
        y: `(files,)` int32 class numbers.
        train: so many of the first belong to the training part; None where nothing divides them.
    """

    folder: Path
    classes: tuple[str, ...]
    names: list[str]
    stats: NDArray[np.int64]
    y: NDArray[np.int32]
    train: int | None


@dataclass
class _Files:
    """The pictures of one class in one part, and what was passed over there: other files, links that lead back."""

    names: list[str] = field(default_factory=list)
    stats: array[int] = field(default_factory=lambda: array("q"))
    others: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)

    def sorted(self) -> tuple[list[str], NDArray[np.int64]]:
        """Names and stats, by name."""
        order = sorted(range(len(self.names)), key=self.names.__getitem__)
        return [self.names[row] for row in order], np.frombuffer(self.stats, np.int64).reshape(-1, STATS)[order]


def scan(folder: Path, learn: bool = True) -> Tree:
    """The tree below `folder`; no file is opened.

    Args:
        folder: with sub-folders.
        learn: whether a model is to learn its classes; else one class, or one picture of a class, is enough.

    Warns:
        Suspicious: files in the classes' folders that are no pictures by their names; links that lead back up; folders
            beside the parts; classes' folders that all hold the same folders, which may be the classes.

    Raises:
        DataError: no such folder, it cannot be read, has no sub-folders, no pictures, fewer than two classes, an
            empty class, a class of one picture, classes that differ in case alone, or a class only to be tested on.
    """
    if not folder.is_dir():
        raise DataError("folder.missing", folder=folder)
    above = {_identity(path) for path in (folder, *folder.resolve().parents)}
    laid_out = layout(folder)
    files: dict[tuple[str, str], _Files] = {}  # by role and class
    for role, name, path in laid_out.folders:
        prefix = f"{path.relative_to(folder).as_posix()}/"
        _walk(folder, path, prefix, above | {_identity(path.parent)}, files.setdefault((role, name), _Files()))
    _check(folder, laid_out.divided, files, learn)
    if laid_out.parts:
        roles = {"train": "folder.part.train", "val": "folder.part.train", "test": "folder.part.test"}
        parts = ", ".join(f"{printable(name)} ({say(roles[role])})" for name, role in laid_out.parts.items())
        warn_user(say("folder.parts", folder=folder, parts=parts))
    if laid_out.unused:
        warn_user(say("folder.unused", folder=folder, names=shown(laid_out.unused)))
    if laid_out.repeated and learn:
        twice = shown(sorted({name for _, name in files}))
        warn_user(say("folder.repeated", folder=folder, names=twice, inside=shown(laid_out.repeated)))
    _warn(files.values())
    if beside := pictures_in(folder):
        warn_user(say("folder.beside", folder=folder, count=f"{len(beside):,}"))
    classes = tuple(sorted({name for _, name in files}))
    names: list[str] = []
    stats, labels = [], []
    train = None
    for role in ("train", "val", "test", ""):
        if role == "test" and laid_out.divided:
            train = len(names)
        for label, name in enumerate(classes):
            if (role, name) in files:
                some, their_stats = files[role, name].sorted()
                names += some
                stats.append(their_stats)
                labels.append(np.full(len(some), label, np.int32))
    return Tree(folder, classes, names, np.concatenate(stats), np.concatenate(labels), train)


def scan_all(folder: Path) -> Tree:
    """Every picture below `folder`, at any depth, by name; nothing is said of classes, and no file is opened.

    Warns:
        Suspicious: files that are no pictures by their names; links that lead back up.

    Raises:
        DataError: no such folder, it cannot be read, or holds no pictures.
    """
    if not folder.is_dir():
        raise DataError("folder.missing", folder=folder)
    files = _Files()
    _walk(folder, folder, "", {_identity(path) for path in folder.resolve().parents}, files)
    if not files.names:
        key = "folder.all.others" if files.others else "folder.all.none"
        raise DataError(key, folder=folder, names=shown(sorted(files.others)))
    _warn([files])
    names, stats = files.sorted()
    return Tree(folder, (), names, stats, np.zeros(len(names), np.int32), None)


def shown(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are."""
    words = ", ".join(visible(printable(name)) for name in names[:SHOWN])
    return say("folder.more", names=words, more=f"{len(names) - SHOWN:,}") if len(names) > SHOWN else words


def printable(name: str) -> str:
    """A file's name, whatever its bytes, as text that can be written."""
    return os.fsencode(name).decode("utf-8", "replace")


def _walk(root: Path, folder: Path, prefix: str, seen: set[tuple[int, int]], files: _Files) -> None:
    """Add what lies in `folder` and below to `files`; each real folder is entered once.

    Raises:
        DataError: it cannot be read, or a link leads out of `root`.
    """
    _refuse_link_out(root, folder, os.path.islink(folder))
    waiting = [(str(folder), prefix)]
    seen = set(seen)
    names, stats = files.names, files.stats
    while waiting:
        path, prefix = waiting.pop()
        try:
            if (identity := _identity(path)) in seen:
                files.loops.append(prefix.rstrip("/"))
                continue
            seen.add(identity)
            with os.scandir(path) as entries:
                for entry in entries:
                    name = entry.name
                    if hidden(name):
                        continue
                    _refuse_link_out(root, entry.path, entry.is_symlink())
                    if name[name.rfind(".") :].lower() in SUFFIXES:
                        with suppress(OSError):  # a link to nothing, or to itself
                            status = entry.stat()
                            # A pipe would wait for somebody to write into it.
                            if stat.S_ISREG(status.st_mode):
                                names.append(prefix + name)
                                stats.extend((status.st_size, status.st_mtime_ns, status.st_ctime_ns))
                                continue
                    if is_folder(entry):
                        waiting.append((entry.path, f"{prefix}{name}/"))
                    else:
                        files.others.append(prefix + name)
        except OSError as cause:
            raise DataError("folder.unreadable", folder=path, cause=os_reason(cause)) from cause


def _refuse_link_out(root: Path, path: str | Path, is_link: bool) -> None:
    """Raises DataError where a link leads to what exists outside `root`: a stranger's folder may name any file."""
    if is_link and os.path.exists(path) and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise DataError("folder.link_out", folder=root, name=os.path.relpath(path, root))


def _check(folder: Path, divided: bool, files: dict[tuple[str, str], _Files], learn: bool) -> None:
    """Raises DataError where the classes cannot be learned."""
    counts: dict[str, int] = {}
    for (_, name), some in files.items():
        counts[name] = counts.get(name, 0) + len(some.names)
    if not any(counts.values()):
        _refuse_empty(folder, files)
    if not learn:
        return
    if empty := sorted(name for name, count in counts.items() if not count):
        if others := sorted(file for (_, name), some in files.items() if name in empty for file in some.others):
            raise DataError("folder.empty.others", folder=folder, names=shown(empty), others=shown(others))
        raise DataError("folder.empty", folder=folder, names=shown(empty))
    if len(counts) < 2:
        raise DataError("folder.one_class", folder=folder, name=printable(next(iter(counts))))
    by_case: dict[str, list[str]] = {}
    for name in sorted(counts):
        by_case.setdefault(name.casefold(), []).append(name)
    for same_name in by_case.values():
        if len(same_name) > 1:
            raise DataError("folder.case", folder=folder, names=shown(same_name))
    if not divided:
        if single := sorted(name for name, count in counts.items() if count == 1):
            raise DataError("folder.single", folder=folder, names=shown(single))
        return
    learned = {name for (role, name), some in files.items() if role != "test" and some.names}
    tested = {name for (role, name), some in files.items() if role == "test" and some.names}
    if only_tested := sorted(tested - learned):
        raise DataError("folder.only_tested", folder=folder, names=shown(only_tested))
    if not tested:
        raise DataError("folder.no_tests", folder=folder)


def _refuse_empty(folder: Path, files: dict[tuple[str, str], _Files]) -> None:
    """Raises DataError: there is no picture where one could be; says what there is instead."""
    if beside := pictures_in(folder):
        raise DataError("folder.flat", folder=folder, count=f"{len(beside):,}")
    if others := [name for some in files.values() for name in some.others]:
        raise DataError("folder.others", folder=folder, names=shown(sorted(others)))
    raise DataError("folder.none", folder=folder, names=shown(sorted({name for _, name in files})) or "—")


def _warn(files: Collection[_Files]) -> None:
    """What was passed over."""
    for some in files:
        if some.loops:
            warn_user(say("folder.loops", names=shown(some.loops)))
    if others := sorted(name for some in files for name in some.others):
        warn_user(say("folder.passed_over", count=f"{len(others):,}", names=shown(others)))


def _identity(path: str | Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
