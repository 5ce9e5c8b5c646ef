"""A limit on the addresses of a process (`ulimit -v`) → a sentence, before a library ends the process without a word.

Polars and XLA reserve far more addresses than memory, for each of their threads; where they get none, they abort.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rowwise.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

GIGABYTE = 10**9
POLARS, KERAS = 1.5 * GIGABYTE, 3 * GIGABYTE  # bytes that they start with on two cores
OF_A_CORE = 0.1 * GIGABYTE  # for each more


def check_addresses(needed: float) -> None:
    """Refuse to start what cannot: `needed` is one of the above.

    Raises:
        UsageError: says what is needed and what is allowed.
    """
    with suppress(ImportError):  # Windows has no such limits
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        needed += OF_A_CORE * max((os.cpu_count() or 1) - 2, 0)
        if limit != resource.RLIM_INFINITY and limit < needed:
            shown = {"allowed": f"{limit / GIGABYTE:.1f}", "needed": f"{needed / GIGABYTE:.1f}"}
            raise UsageError("cli.addresses", **shown)


class _BeforeKeras:
    """Asked by Python before a module is looked for; finds none itself."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name in ("keras", "jax"):
            check_addresses(KERAS)


@contextmanager
def checked_before_keras() -> Iterator[None]:
    """In the block, importing Keras or JAX raises where they could not start, as `check_addresses` does.

    Only then: where the native engine runs a model, a command needs neither, and far fewer addresses.
    """
    sys.meta_path.insert(0, _BeforeKeras)
    try:
        yield
    finally:
        sys.meta_path.remove(_BeforeKeras)
