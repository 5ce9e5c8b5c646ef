"""Steps and ways to make records that processes of `rowwise.data.pictures.workers` import, as no test module can be."""

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np


def die():
    """End this process as a decoder's crash would; never the tests' own."""
    assert multiprocessing.parent_process() is not None, "this would have ended the tests"
    os.kill(os.getpid(), signal.SIGKILL)


class Report(NamedTuple):
    """Answers with the process, the names and the modules that matter."""

    imported: object = None

    def __call__(self, start, names):
        modules = {name for name in ("numpy", "PIL", "keras", "jax", "polars") if name in sys.modules}
        return os.getpid(), list(names), modules


class Dying(NamedTuple):
    """Answers with the names; at one of them the process dies, always or until `once` is there."""

    fatal: str
    once: str = ""

    def __call__(self, start, names):
        if self.fatal in names and not (self.once and Path(self.once).exists()):
            if self.once:
                Path(self.once).touch()
            die()
        return list(names)


class Raising(NamedTuple):
    """Raises, always."""

    error: Exception

    def __call__(self, start, names):
        raise self.error


class Noted(NamedTuple):
    """Leaves a file for each chunk that was begun."""

    folder: str

    def __call__(self, start, names):
        Path(self.folder, str(start)).touch()


class Sleeping(NamedTuple):
    """Leaves a file named by its process, then takes longer than any test waits."""

    folder: str

    def __call__(self, start, names):
        Path(self.folder, str(os.getpid())).touch()
        time.sleep(600)


class Noisy:
    """Writes where a user would see it, as C libraries do."""

    def __call__(self, start, names):
        os.write(1, b"to standard output")
        os.write(2, b"to standard error")


def fatal_record(path, shape, notes, content):
    """A black record; at a file called `fatal` the decoder crashes."""
    if Path(path).stem == "fatal":
        die()
    return np.zeros(shape, np.uint8)


def interrupted_record(path, shape, notes, content):
    """Ctrl-C comes during the first picture."""
    raise KeyboardInterrupt
