"""A JSON object that anybody may have edited → its values, each of the type that is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn


class Fields:
    """The values of a JSON object; what is missing, or null, is empty. `prefix` names the object in errors.

    Every method raises ValueError, with the value's name, where it is of another type or out of range.
    """

    def __init__(self, values: Mapping[str, Any], prefix: str = "") -> None:
        self._values, self._prefix = values, prefix

    def text(self, name: str) -> str:
        return str(self._of(name, str, ""))

    def required_text(self, name: str) -> str:
        """A text that is there and not empty."""
        return self.text(name) or self._refuse(name)

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        return value if isinstance(value, bool) else False if value is None else self._refuse(name)

    def whole(self, name: str, least: int = 0, required: bool = False) -> int:
        value = self._of(name, int, 0, required)
        return int(value) if value >= least or self._values.get(name) is None else self._refuse(name)

    def mapping(self, name: str, required: bool = False) -> Mapping[str, Any]:
        value: Mapping[str, Any] = self._of(name, dict, {}, required)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        items = self._of(name, list, [])
        return tuple(items) if all(isinstance(item, str) for item in items) else self._refuse(name)

    def sizes(self, name: str) -> tuple[int, ...]:
        """Whole numbers, none of them negative."""
        items = self._of(name, list, [])
        fit = all(isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in items)
        return tuple(items) if fit else self._refuse(name)

    def texts_by_name(self, name: str) -> dict[str, str]:
        values = self.mapping(name)
        return dict(values) if all(isinstance(value, str) for value in values.values()) else self._refuse(name)

    def numbers_by_name(self, name: str) -> dict[str, float]:
        """NaN where JSON has null, which stands for it."""
        values = {key: math.nan if value is None else value for key, value in self.mapping(name).items()}
        return values if all(map(is_number, values.values())) else self._refuse(name)

    def _of(self, name: str, kind: type[Any], usual: Any, required: bool = False) -> Any:
        value = self._values.get(name)
        if value is None and not required:
            return usual
        return value if isinstance(value, kind) and not isinstance(value, bool) else self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        raise ValueError(f"{self._prefix}{name}: {self._values.get(name)!r:.60}")


def is_number(value: object) -> bool:
    """Whether a float holds it, NaN among them, and it is not without end; True and False are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return not math.isinf(float(value))
    except OverflowError:
        return False
