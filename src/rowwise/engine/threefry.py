"""JAX's default generator of random numbers, Threefry-2x32, written so that a CPU computes it in its registers.

J. K. Salmon and others, "Parallel random numbers: as easy as 1, 2, 3", 2011. JAX gives it to XLA, for a CPU, as a loop
of rounds that reads and writes whole arrays: three times slower. The bits are the same.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

ROTATIONS = (13, 15, 26, 6), (17, 29, 16, 24)
PARITY = np.uint32(0x1BD11BDA)  # of the key schedule
BITS = 32


def threefry2x32(key_1: jax.Array, key_2: jax.Array, x_1: jax.Array, x_2: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Twenty rounds over the counters x, all uint32."""
    shape = jnp.broadcast_shapes(x_1.shape, x_2.shape)
    size, odd = int(np.prod(shape)), int(np.prod(shape)) % 2
    halves = [jnp.pad(jnp.broadcast_to(x, shape).ravel(), (0, odd)).reshape(2, -1) for x in (x_1, x_2)]
    # A loop over two halves: XLA would compute anew what stands in no loop, in every pass that reads a mask.
    a, b = jax.lax.map(lambda half: _rounds(key_1, key_2, *half), tuple(halves))
    return a.reshape(-1)[:size].reshape(shape), b.reshape(-1)[:size].reshape(shape)


def _rounds(key_1: jax.Array, key_2: jax.Array, a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    keys = key_1, key_2, key_1 ^ key_2 ^ PARITY
    a, b = a + key_1, b + key_2
    for block in range(5):
        for by in ROTATIONS[block % 2]:
            a = a + b
            b = a ^ (b << np.uint32(by) | b >> np.uint32(BITS - by))
        a = a + keys[(block + 1) % 3]
        b = b + keys[(block + 2) % 3] + np.uint32(block + 1)
    return a, b
