"""A folder of pictures → the folder of each class, and whether its pictures are to be trained or tested on.

Known by their structure: classes (`cat`, `dog`); parts that hold the same classes (`training_set/cat`,
`test_set/cat`); classes that hold the same parts (`cat/train`, `cat/test`). Names only say which part is which.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

from rowwise.data.pictures.file import SUFFIXES
from rowwise.errors import DataError, os_reason

JUNK = frozenset(("thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "lost+found"))
# What the names of parts contain, or have as a separate word. A name alone decides nothing: see `layout`.
CONTAINED = {
    "train": (
        *("train", "entren", "trein", "trening", "addestr", "apprenti", "egitim"),
        *("обуч", "학습", "훈련", "訓練", "训练", "学習"),
    ),
    "test": ("test", "prueba", "prova", "тест", "테스트", "시험", "평가", "測試", "测试", "テスト"),
    "val": ("valid", "검증", "验证", "驗證", "検証"),
}
WORDS = {
    "train": ("trn", "tr", "learn", "learning"),
    "test": ("tst", "eval", "evaluation", "holdout", "heldout"),
    "val": ("val", "dev", "development"),
}
EXACT = frozenset(("train", "training", "test", "testing", "val", "valid", "validation"))
DEEPEST = 4  # folders around a data set
WRAPPERS = frozenset(("images", "imgs", "pictures", "photos", "data"))


class ClassFolder(NamedTuple):
    """Where pictures of a class lie: `role` is "train", "val" or "test", or "" where nothing divides them."""

    role: str
    name: str
    path: Path


class Layout(NamedTuple):
    """The classes' folders.

    Attributes:
        folders: of all parts, sorted by path within each.
        parts: the parts' folders and their roles, where their names are not exactly those of parts; else empty.
        unused: folders beside the parts that are none themselves, by name.
        repeated: names that all of the classes' folders hold, where they may be the classes; else empty.
    """

    folders: list[ClassFolder]
    parts: dict[str, str]
    unused: list[str]
    repeated: list[str]

    @property
    def divided(self) -> bool:
        """Whether the folder itself has a training and a test part."""
        return any(folder.role for folder in self.folders)


def layout(folder: Path) -> Layout:
    """How the pictures below `folder` are laid out.

    Folders are parts where one of them is called a training part, and others that are called parts hold classes of the
    same names, or are called exactly `test` or `val`. A folder that holds one folder with several in it is passed by.

    Raises:
        DataError: a folder that cannot be read.
    """
    folder = _unpacked(folder)
    names = folders_in(folder)
    spoken = {name: role_of(name) for name in names}
    roles: dict[str, str] = {}
    if "train" in spoken.values():  # else no folder is listed for it: a class's may hold many files
        places = {name: _unwrapped(folder / name) for name in names}
        inside = {name: folders_in(place) for name, place in places.items()}
        roles = _roles(spoken, {name: frozenset(map(class_name, inner)) for name, inner in inside.items()})
    if roles:
        by_role = [
            ClassFolder(role, class_name(inner), places[name] / inner)
            for name, role in roles.items()
            for inner in inside[name]
        ]
        return Layout(by_role, _unlike_exact(roles), [name for name in names if name not in roles], [])
    repeated = _repeated(folder, names)
    inner_roles = {name: role_of(name) for name in repeated}
    if "train" in inner_roles.values() and len(set(inner_roles.values())) > 1 and all(inner_roles.values()):
        inner_roles = _with_test(inner_roles)
        by_class = [
            ClassFolder(role, class_name(name), folder / name / inner)
            for name in names
            for inner, role in inner_roles.items()
        ]
        return Layout(by_class, inner_roles, [], [])
    return Layout([ClassFolder("", class_name(name), folder / name) for name in names], {}, [], repeated)


def _unpacked(folder: Path) -> Path:
    """The folder itself, or the one below it that holds several, where each on the way there is alone.

    So archives unpack: `archive/Fruits 360/Training`. As a class such a folder would be the only one.
    """
    place = folder
    for _ in range(DEEPEST):
        names = folders_in(place)
        if len(names) != 1 or pictures_in(place):
            return place if len(names) > 1 else folder
        place = place / names[0]
    return folder


def role_of(name: str) -> str:
    """The part that a folder's name speaks of: "train", "val", "test"; "" for none, or for several."""
    plain = unicodedata.normalize("NFKD", name)
    plain = unicodedata.normalize("NFC", "".join(char for char in plain if unicodedata.category(char) != "Mn"))
    words = set(re.findall(r"[^\W\d_]+", re.sub("(?<=[a-z])(?=[A-Z])", " ", plain).lower()))
    plain = plain.lower()
    roles = {role for role, parts in CONTAINED.items() if any(part in plain for part in parts)}
    roles |= {role for role, parts in WORDS.items() if not words.isdisjoint(parts)}
    if roles == {"train", "val"}:  # trainval: what is not tested on
        return "train"
    return roles.pop() if len(roles) == 1 else ""


def folders_in(folder: Path) -> list[str]:
    """The names of the folders in a folder, sorted; hidden ones and those that systems leave everywhere not.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not hidden(entry.name) and is_folder(entry))
    except OSError as cause:
        raise DataError("folder.unreadable", folder=folder, cause=os_reason(cause)) from cause


def pictures_in(folder: Path) -> list[str]:
    """The names of pictures directly in a folder."""
    return [name for name in os.listdir(folder) if not hidden(name) and Path(name).suffix.lower() in SUFFIXES]


def hidden(name: str) -> bool:
    """Whether an entry of this name is left out everywhere."""
    return name[0] == "." or name.lower() in JUNK


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def class_name(name: str) -> str:
    """A folder's name as a class's: macOS writes Korean syllables as separate letters, others may hold any bytes."""
    return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "replace"))


def _roles(spoken: dict[str, str], classes: dict[str, frozenset[str]]) -> dict[str, str]:
    """The role of each folder that is a part, of those that the names speak of; none where there are no parts."""
    trained = frozenset().union(*(classes[name] for name, role in spoken.items() if role == "train"))

    def is_part(name: str) -> bool:
        return bool(spoken[name]) and (name.lower() in EXACT or not trained.isdisjoint(classes[name]))

    parts = {name: spoken[name] for name in spoken if trained and is_part(name)}
    return _with_test(parts) if len(set(parts.values())) > 1 else {}


def _with_test(roles: dict[str, str]) -> dict[str, str]:
    """Without a test part, the validation part is what is tested on."""
    if "test" in roles.values():
        return roles
    return {name: "test" if role == "val" else role for name, role in roles.items()}


def _unlike_exact(roles: dict[str, str]) -> dict[str, str]:
    return {} if all(name.lower() in EXACT for name in roles) else roles


def _repeated(folder: Path, names: list[str]) -> list[str]:
    """The names of the folders that each of several folders holds, beside no pictures; none where they differ."""
    if len(names) < 2:
        return []
    first = folders_in(folder / names[0])
    if len(first) < 2 or any(pictures_in(folder / name) or folders_in(folder / name) != first for name in names):
        return []
    return first


def _unwrapped(place: Path) -> Path:
    """The folder itself, or the only one in it where an archive was packed twice: `seg_train/seg_train`."""
    while len(inner := folders_in(place)) == 1 and not pictures_in(place):
        name = inner[0]
        repeats_name = name.lower() == place.name.lower() or (role_of(name) and role_of(name) == role_of(place.name))
        if not ((repeats_name or name.lower() in WRAPPERS) and folders_in(place / name)):
            break
        place = place / name
    return place
