"""What a module of this package has to offer to be a kind of column.

A column of the table becomes *inputs*, its columns of X as they were read, and these become *features*, what the
network sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections import Counter

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from rowwise.data.tables.profile import Profile
    from rowwise.data.tables.schema import Column


class Summary(NamedTuple):
    """The training records' values of one column, missing ones left out.

    Attributes:
        present: records with a value.
        means, deviations: `(inputs)`; a standard deviation of 0 stands as 1.
        low, high: of the first input.
    """

    present: int
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    low: float
    high: float


class Tally(Protocol):
    """What is counted of the training records beside a `Summary`, block by block."""

    def add(self, x: NDArray[np.float32]) -> None:
        """One more block `(records, inputs)`."""

    def fields(self) -> dict[str, Any]:
        """The fields of the Column that follow."""

    def new_numbers(self) -> NDArray[np.float32] | None:
        """`(levels + 1,)`: what each level number in X becomes; None where they stay."""


class Kind(Protocol):
    """The functions of a kind's module."""

    def matches(self, profile: Profile) -> bool:
        """Whether a column's values show it to be of this kind."""

    def fields(self, profile: Profile) -> dict[str, Any]:
        """The fields of the Column that its values decide, before any statistics."""

    def inputs(self, column: Column) -> tuple[str, ...]:
        """The names of its columns of X."""

    def features(self, column: Column) -> tuple[str, ...]:
        """The names of its features, but the one that says that a value is missing."""

    def encode(self, column: Column, values: pl.Series, oddities: Counter[str]) -> NDArray[np.float32]:
        """`(records, inputs)`, NaN where a value is missing or unreadable; values that are odd otherwise are counted.

        Raises:
            DataError: a value that float32 cannot hold.
        """

    def tally(self, column: Column) -> Tally | None:
        """A new count for the training records; None where the Summary says enough."""

    def statistics(self, column: Column, summary: Summary) -> dict[str, Any]:
        """The fields of the Column, so far without any, that a Summary decides."""

    def values_text(self, column: Column) -> str:
        """Its range, levels or share, in the current language."""

    def enters_text(self, column: Column) -> str:
        """What of it the network sees, in the current language."""
