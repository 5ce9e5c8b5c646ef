"""Some files of a folder → what they hold: a step of `picture_cache`, done here or in a process of its own.

Small pictures take Python longer than Pillow, and threads do not share Python. So many files are given to processes
that run `main` below: they import Pillow and NumPy, not the caller's program. A step is a function of a message that
is plain JSON, and so is its answer: what a process answers and what this one would is the same.
"""

from __future__ import annotations

import errno
import hashlib
import importlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from rowwise.data.pictures.file import hush, look
from rowwise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LARGEST_FILE = 512 * 1024**2  # bytes
SMALL_FILE = 1024**2  # bytes: read once for all; of a larger one the digest is taken piece by piece
READY = b"ready\n"


class Looking(NamedTuple):
    """Digests and headers of the files below `folder`."""

    folder: str

    def __call__(self, start: int, names: Sequence[str]) -> dict[str, Any]:
        """`digests`: for each the SHA-256, hexadecimal, empty where it cannot be read; `looks`: its `Look`, or None."""
        digests: list[str] = []
        looks: list[tuple[int, int, bool] | None] = []
        for name in names:
            path, seen = os.path.join(self.folder, name), None
            try:
                with open(path, "rb", buffering=0) as file:
                    small = os.fstat(file.fileno()).st_size <= SMALL_FILE
                    content = file.read() if small else None
                    digest = hashlib.sha256(content) if content is not None else hashlib.file_digest(file, "sha256")
                digests.append(digest.hexdigest())
                seen = look(path, content)
            except OSError:
                digests.append("")
            except DataError:  # decoding it will say why
                pass
            looks.append(seen)
        return {"digests": digests, "looks": looks}


class Decoding(NamedTuple):
    """Records of the files below `folder`, written into a file of records.

    Attributes:
        shape: of a record.
        record: `module:function`, which makes one of `(path, shape, notes, content)`.
        file, offset: where the records are to be, and how many bytes stand before the first.
    """

    folder: str
    shape: tuple[int, ...]
    record: str
    file: str
    offset: int

    def __call__(self, start: int, names: Sequence[str]) -> dict[str, Any]:
        """`digests`, as of Looking, None where nobody looked; `bad`: `[row, kind, values]` of what cannot be used.

        Its record is black.
        """
        module, _, function = self.record.partition(":")
        make = getattr(importlib.import_module(module), function)
        shape = tuple(self.shape)
        size = int(np.prod(shape))
        made = bytearray(size * len(names))
        digests: list[str | None] = []
        bad: list[tuple[int, str, dict[str, str]]] = []
        for place, name in enumerate(names):
            path, digest = os.path.join(self.folder, name), None
            try:
                content = _content(path)
                digest = hashlib.sha256(content).hexdigest()
                made[place * size : (place + 1) * size] = make(path, shape, [], content).tobytes()
            except OSError as cause:
                kind, values = "large_file", {"most": f"{LARGEST_FILE:,}"}
                if cause.errno != errno.EFBIG:
                    kind, values, digest = "unreadable", {"cause": cause.strerror or str(cause)}, ""
                bad.append((start + place, kind, values))
            except DataError as error:
                values = {key: str(value) for key, value in error.values.items() if key != "file"}
                bad.append((start + place, error.key.rpartition(".")[2], values))
            digests.append(digest)
        with open(self.file, "r+b") as file:
            file.seek(self.offset + start * size)
            file.write(made)
        return {"digests": digests, "bad": bad}


STEPS: dict[str, Callable[..., Looking | Decoding]] = {"looking": Looking, "decoding": Decoding}


def _content(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size > LARGEST_FILE:
            raise OSError(errno.EFBIG, "")
        return file.read()


def main(asked: BinaryIO | None = None, answers: BinaryIO | None = None) -> None:
    """Do what each line of `asked` says, until it ends: `[step, its values, start, names]` → a line of the answer.

    What cannot be written is answered by `{"refused": [number, words]}`, too little memory by `{"memory": true}`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of the terminal: the first one decides
    hush()
    asked, answers = asked or sys.stdin.buffer, answers or sys.stdout.buffer
    answers.write(READY)
    answers.flush()
    for line in asked:
        step, values, start, names = json.loads(line)
        try:
            answer = STEPS[step](*values)(start, names)
        except OSError as cause:
            answer = {"refused": [cause.errno, cause.strerror or str(cause)]}
        except MemoryError:
            answer = {"memory": True}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
