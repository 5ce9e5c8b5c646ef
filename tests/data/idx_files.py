"""Arrays → IDX files, as the MNIST database's own page has them."""

import struct

import numpy as np

from rowwise.data.arrays.idx import TYPES


def write_idx(path, array):
    """One file, not gzipped; the array has uint8, int8, int16, int32, float32 or float64, in any byte order."""
    codes = {np.dtype(text).newbyteorder("="): code for code, text in TYPES.items()}
    code = codes[array.dtype.newbyteorder("=")]
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(TYPES[code]).tobytes())
