"""What the page has chosen of a training → its settings, checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rowwise.errors import UsageError
from rowwise.runs.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowwise.studio.held import Held

CHOICES = ("hidden", "activation", "dropout", "learning_rate", "batch_size", "epochs", "seed", "patience")
OF_EACH = ("activation", "dropout")  # which the page says of each layer
# One network whose features are the columns: what the page can draw.
OF_TABLES = {"pieces": 0, "ensemble": 1, "on_all": 0}
OF_PICTURES = {"augment": "none", "views": 1, "schedule": "constant"}  # the records that the page draws are trained on


def settings_of(choices: Mapping[str, Any], held: Held | None) -> tuple[Settings, frozenset[str]]:
    """The settings for these records, and the names of those that were chosen.

    Raises:
        UsageError: one that the page does not have, or an invalid value.
    """
    if unknown := [name for name in choices if name not in CHOICES]:
        raise UsageError("studio.setting", name=unknown[0][:40], known=", ".join(CHOICES))
    alike = {name: _of_all(value) if name in OF_EACH else value for name, value in choices.items()}
    settings = Settings.of(alike)  # type: ignore[arg-type]
    own = OF_TABLES if held is not None and held.kind == "table" else OF_PICTURES
    return replace(settings, **own), frozenset(choices) | frozenset(own)


def _of_all(value: Any) -> Any:
    """What all layers have alike, once: such a run is the same as one of the shell."""
    return value[0] if isinstance(value, list) and value and all(one == value[0] for one in value) else value
