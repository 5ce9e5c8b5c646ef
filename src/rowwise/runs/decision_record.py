"""What was decided on the validation records of a run → the `decisions` of `run.json`, and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rowwise.runs.json_fields import Fields, is_number

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Decisions:
    """What was decided on the validation records.

    Attributes:
        records: how many those are; 0 where the user named the threshold.
        temperatures: one, or one for each label; none where the probabilities are not calibrated.
        thresholds: the same, of the probability from which on the answer is yes; none: the most probable class.
        before, after: by label or for the class that is yes, the measure that the thresholds were chosen by, at 0.5
            and with them; of costs the mean cost of a record. None where the user named the threshold.
    """

    records: int = 0
    temperatures: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = ()
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As `run.json` has it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Decisions:
        """Raises ValueError where a value is of another type."""
        read, numbers = Fields(values, "decisions."), {}
        for name in ("temperatures", "thresholds", "before", "after"):
            several = values.get(name, [])
            if not isinstance(several, list) or not all(map(is_number, several)):
                raise ValueError(f"decisions.{name}: {several!r:.60}")
            numbers[name] = tuple(map(float, several))
        return cls(read.whole("records"), **numbers)
