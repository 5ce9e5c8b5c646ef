"""The environment variables that rowwise reads → values, checked; an argument that says the same goes before them.

`ROWWISE_LANG` is read where the system's language is, in `text`; `KERAS_BACKEND` is Keras's.
"""

from __future__ import annotations

import os
from pathlib import Path

from rowwise.errors import UsageError

DEVICE_BYTES = 2 * 1024**3
MOST_THREADS = 256
ENGINES = ("auto", "native", "whole_epoch", "keras")  # what may be asked for; `rowwise.engine` has them


def cache_folder() -> Path:
    """`ROWWISE_CACHE`, the folder of what can be fetched or computed again; else the system's place for caches."""
    if folder := os.environ.get("ROWWISE_CACHE"):
        return Path(folder).expanduser()
    import pooch

    return Path(pooch.os_cache("rowwise"))


def data_folder() -> Path | None:
    """`ROWWISE_DATA`, a folder that has the files of Fashion-MNIST; None where it is not set."""
    folder = os.environ.get("ROWWISE_DATA")
    return Path(folder).expanduser() if folder else None


def keras_folder() -> Path:
    """`KERAS_HOME`, Keras's own folder, as keras.config has it."""
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))


def mirrors() -> list[str]:
    """`ROWWISE_MIRRORS`, addresses of Fashion-MNIST's files separated by commas; empty where it is not set."""
    return [url for part in os.environ.get("ROWWISE_MIRRORS", "").split(",") if (url := part.strip())]


def xla_flags() -> dict[str, str]:
    """`XLA_FLAGS`, by their names; XLA reads them itself, and options of ours would go before them."""
    parts = (part.lstrip("-").partition("=") for part in os.environ.get("XLA_FLAGS", "").split())
    return {name: value for name, _, value in parts}


def device_bytes() -> int:
    """`ROWWISE_DEVICE_BYTES`: data up to this size stay on the device that trains; 2 GiB where it is not set.

    Raises:
        UsageError: it is no positive whole number.
    """
    text = os.environ.get("ROWWISE_DEVICE_BYTES", str(DEVICE_BYTES))
    if not text.isdecimal() or not int(text):
        raise UsageError("fit.device_bytes", found=text)
    return int(text)


def threads() -> int | None:
    """`ROWWISE_THREADS`, of the native engine; None where it is not set.

    Raises:
        UsageError: it is no number of threads.
    """
    text = os.environ.get("ROWWISE_THREADS")
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= MOST_THREADS:
        raise UsageError("native.threads", found=text, most=MOST_THREADS)
    return int(text)


def checkpoint_seconds() -> float | None:
    """`ROWWISE_CHECKPOINT_SECONDS`, the least time between two checkpoints of a run; None where it is not set.

    Raises:
        UsageError: it is no number of seconds.
    """
    text = os.environ.get("ROWWISE_CHECKPOINT_SECONDS")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError("checkpoint.seconds", found=text)
    return seconds


def launched() -> tuple[int, int, str] | None:
    """What a launcher says of the processes it has started: how many, which this is, and host 0's address and port.

    The address is empty under Slurm and Open MPI, where JAX finds it itself. torchrun and its like set `WORLD_SIZE`,
    `RANK`, `MASTER_ADDR` and `MASTER_PORT`. None where there is no launcher.
    """
    for size, rank, address, port in (
        ("WORLD_SIZE", "RANK", "MASTER_ADDR", "MASTER_PORT"),
        ("SLURM_NTASKS", "SLURM_PROCID", "", ""),
        ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "", ""),
    ):
        found = [os.environ.get(name, "") for name in (size, rank, address, port) if name]
        if all(found) and found[0].isdecimal() and found[1].isdecimal():
            return int(found[0]), int(found[1]), ":".join(found[2:])
    return None


def token() -> str | None:
    """`ROWWISE_TOKEN`, that requests to a server must know; None where it is not set. A command line is seen by all."""
    return os.environ.get("ROWWISE_TOKEN") or None


def instruction_set() -> str:
    """`ROWWISE_ISA`, of the native engine; empty where it is not set. Which there are, the engine knows."""
    return os.environ.get("ROWWISE_ISA", "")


def debug() -> bool:
    """`ROWWISE_DEBUG`: whether an error of a command shows its traceback."""
    return bool(os.environ.get("ROWWISE_DEBUG"))
