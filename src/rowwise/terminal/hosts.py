"""`--hosts`, `--host-id`, `--coordinator`, or a launcher's variables → this process joined with those of other hosts.

Host 0 keeps the run. The others compute all the same, with places of their own that go when the command ends.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from rowwise.environment import launched
from rowwise.errors import HostError, UsageError
from rowwise.files import LOCK
from rowwise.terminal import failures

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTO = "auto"
STDOUT = 1
WAIT = 300  # seconds for the others to join
LEAVE = 24 * 3600  # seconds that a host waits for host 0, which measures and saves


@dataclass(frozen=True)
class Hosts:
    """Which hosts train together.

    Attributes:
        count: how many.
        host_id: which this is, from 0.
        coordinator: `address:port` of host 0; empty where JAX finds it by the launcher's variables.
    """

    count: int
    host_id: int
    coordinator: str

    @classmethod
    def of(cls, count: int | str | None, host_id: int | None, coordinator: str | None) -> Hosts | None:
        """From the options; None for one host.

        Raises:
            UsageError: one is missing or makes no sense.
        """
        if count == AUTO:
            found = launched()
            if found is None:
                raise UsageError("hosts.launcher")
            return cls(*found)._checked()
        for value, name in ((count, "--hosts"), (host_id, "--host-id"), (coordinator, "--coordinator")):
            if value is None and (count, host_id, coordinator) != (None, None, None):
                raise UsageError("hosts.alone", missing=name)
        if count is None or host_id is None or coordinator is None:
            return None
        return cls(int(count), host_id, coordinator)._checked()

    @property
    def follows(self) -> bool:
        """Whether another one keeps the run."""
        return self.host_id > 0

    def _checked(self) -> Hosts | None:
        if not 0 <= self.host_id < self.count:
            raise UsageError("hosts.numbers", host_id=self.host_id, hosts=self.count, most=self.count - 1)
        address, colon, port = self.coordinator.rpartition(":")
        if self.coordinator and not (address and colon and port.isdecimal() and 0 < int(port) < 1 << 16):
            raise UsageError("hosts.address", found=self.coordinator)
        return self if self.count > 1 else None

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Within the block JAX computes with the devices of all hosts.

        Raises:
            HostError: the others cannot be reached.
        """
        failures.ends_at_once = True  # until the block has ended well: JAX would wait for hosts that are gone
        self._join()
        yield
        failures.ends_at_once = False

    def _join(self) -> None:
        import jax
        from jax.experimental import multihost_utils

        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        more: dict[str, Any] = {"initialization_timeout": WAIT, "shutdown_timeout_seconds": LEAVE}
        try:
            if self.coordinator and self.follows:
                _wait_for(self.coordinator)
            jax.distributed.initialize(self.coordinator or None, self.count, self.host_id, **more)
            with _unheard():
                multihost_utils.sync_global_devices("rowwise")
        except (OSError, RuntimeError, ValueError) as cause:
            known = {"hosts": self.count, "host_id": self.host_id, "coordinator": self.coordinator or AUTO}
            raise HostError("hosts.join", **known, cause=str(cause).splitlines()[0]) from cause


def own_copy(folder: Path) -> Path:
    """The run that is to be resumed, where the process that keeps it does not see what is done to it."""
    copied = Path(mkdtemp()) / folder.name
    if not folder.is_dir():
        return folder  # which is said where it is opened
    return Path(shutil.copytree(folder, copied, ignore=shutil.ignore_patterns(LOCK)))


@contextmanager
def _unheard() -> Iterator[None]:
    """Gloo, which sums between CPUs, prints on standard output from C++ that it has connected; JSON may go there."""
    sys.stdout.flush()
    kept = os.dup(STDOUT)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STDOUT)
        yield
    finally:
        os.dup2(kept, STDOUT)
        os.close(kept)
        os.close(nowhere)


def _wait_for(coordinator: str) -> None:
    """Until host 0 listens; JAX ends the process where it does not. Raises OSError after `WAIT` seconds."""
    address, _, port = coordinator.rpartition(":")
    end = time.monotonic() + WAIT
    while True:
        try:
            socket.create_connection((address.strip("[]"), int(port)), timeout=5).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
