"""How long the multiply-adds of an epoch would take at the measured peak of matrix multiplication."""

from __future__ import annotations

import itertools
import time
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset

SIDE = 2048  # of the squares that are multiplied: large enough for the peak


def multiply_adds(widths: list[int], share: float = 1.0) -> float:
    """Of one record in one step: forward, gradient of each kernel, gradient towards each hidden layer.

    `share` is that of the inputs which are not zero: the first layer's two products need no others.
    """
    first, *others = (a * b for a, b in itertools.pairwise(widths))
    return 2 * first * share + 3 * sum(others)


def peak(threads: int, repeats: int = 5) -> float:
    """Multiply-adds a second of NumPy's sgemm on so many threads: the median."""
    from threadpoolctl import threadpool_limits

    a = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    seconds = []
    with threadpool_limits(threads):
        out = a @ a
        for _ in range(repeats):
            start = time.perf_counter()
            np.matmul(a, a, out=out)
            seconds.append(time.perf_counter() - start)
    return SIDE**3 / median(seconds)


def bounds(train: Dataset, widths: list[int], threads: int) -> dict[str, float]:
    """Seconds an epoch at the peak: every product, and the first layer's with zeros skipped."""
    rate = peak(threads)
    share = float(np.count_nonzero(train.x)) / train.x.size
    return {
        "sgemm, dense": len(train) * multiply_adds(widths) / rate,
        f"sgemm, {1 - share:.0%} zeros skipped": len(train) * multiply_adds(widths, share) / rate,
    }
