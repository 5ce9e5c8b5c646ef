"""A run's settings, and which of them were chosen → what a search may try for the others; the winner's TOML.

The ranges are those in which networks of Dense layers on tables are usually best (Gorishniy et al. 2021, table 14), cut
to what trains in seconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rowwise.data.dataset import Dataset
    from rowwise.runs.settings import Settings

WIDTHS = (32, 64, 128, 256, 512)
MOST_LAYERS = 3
DROPOUTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
RATES = (3e-4, 3e-2)
DECAYS = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
BATCHES = (16, 32, 64, 128, 256, 512)
LEAST_STEPS = 4  # of an epoch
PIECES = (0, 6, 12, 24, 48)


@dataclass(frozen=True)
class Space:
    """What may be tried: by parameter its values, or the two ends of a range on a log scale."""

    choices: Mapping[str, tuple[Any, ...]]
    ranges: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, settings: Settings, chosen: Collection[str], data: Dataset) -> Space:
        """Of the settings that nobody chose; pieces are for tables."""
        choices: dict[str, tuple[Any, ...]] = {}
        if "hidden" not in chosen:
            choices |= {"width": WIDTHS, "layers": tuple(range(1, MOST_LAYERS + 1))}
        for name, values in (("dropout", DROPOUTS), ("weight_decay", DECAYS)):
            if name not in chosen:
                choices[name] = values
        if "batch_size" not in chosen:
            most = max(len(data) * (1 - settings.validation) / LEAST_STEPS, BATCHES[0])
            choices["batch_size"] = tuple(size for size in BATCHES if size <= most)
        if "pieces" not in chosen and data.schema is not None:
            choices["pieces"] = PIECES
        ranges = {} if "learning_rate" in chosen else {"learning_rate": RATES}
        return cls(choices, ranges)

    def suggested(self, trial: Any) -> dict[str, Any]:
        """What Optuna's trial takes of each."""
        found = {name: trial.suggest_categorical(name, list(values)) for name, values in self.choices.items()}
        for name, (low, high) in self.ranges.items():
            found[name] = trial.suggest_float(name, low, high, log=True)
        return found

    def distributions(self, optuna: Any) -> dict[str, Any]:
        """As Optuna has them."""
        found = {name: optuna.distributions.CategoricalDistribution(list(v)) for name, v in self.choices.items()}
        for name, (low, high) in self.ranges.items():
            found[name] = optuna.distributions.FloatDistribution(low, high, log=True)
        return found

    def near(self, settings: Settings) -> dict[str, Any]:
        """The parameters of the settings themselves, or the nearest: what the search begins with."""
        usual = {
            **settings.to_dict(),
            "width": settings.hidden[0] if settings.hidden else WIDTHS[0],
            "layers": len(settings.hidden),
        }
        found = {name: min(values, key=lambda value: abs(value - usual[name])) for name, values in self.choices.items()}
        for name, (low, high) in self.ranges.items():
            found[name] = min(max(usual[name], low), high)
        return found

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {name: list(values) for name, values in (*self.choices.items(), *self.ranges.items())}


def settings_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a trial → settings."""
    settings = {name: value for name, value in parameters.items() if name not in ("width", "layers")}
    if "width" in parameters:
        settings["hidden"] = (int(parameters["width"]),) * int(parameters["layers"])
    if "learning_rate" in settings:
        settings["learning_rate"] = float(f"{settings['learning_rate']:.4g}")  # as it is shown and written
    return settings


def as_toml(comment: str, reading: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """A file for `--options`: how the data are read, and below `[settings]` the settings."""
    lines = [f"# {line}" for line in comment.splitlines()]
    lines += [f"{name} = {_value(value)}" for name, value in reading.items()]
    lines += ["", "[settings]", *(f"{name} = {_value(value)}" for name, value in settings.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """JSON's texts, numbers, lists and booleans are TOML's as well."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
