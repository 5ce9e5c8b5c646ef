"""A sparse matrix that is too large when dense → rows of it, made dense as each block of batches takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


class SparseRows:
    """`(records, features)`: stands in the place of an array; what takes rows of it gets an array.

    Args:
        matrix: of SciPy, in any of its formats.
    """

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix.tocsr()
        self.shape, self.dtype, self.ndim = self.matrix.shape, self.matrix.dtype, 2

    @property
    def stored(self) -> NDArray[Any]:
        """The values that are not left out, in no place."""
        return np.asarray(self.matrix.data)

    @property
    def nbytes(self) -> int:
        """What it would take when dense."""
        return len(self) * self.shape[1] * self.dtype.itemsize

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: slice | NDArray[Any]) -> SparseRows:
        return SparseRows(self.matrix[rows])

    def astype(self, dtype: DTypeLike, copy: bool = True) -> SparseRows:
        """The same in another type; as of an array."""
        return SparseRows(self.matrix.astype(dtype, copy=copy))

    def take(self, rows: NDArray[Any]) -> NDArray[Any]:
        """These rows, dense."""
        return np.asarray(self.matrix[rows].toarray())
