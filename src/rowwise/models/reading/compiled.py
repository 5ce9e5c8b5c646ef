"""What a file says that its model was compiled with → the loss, once all of it is known; the optimizer stays there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rowwise.models.keras_view import LOSS_CLASSES
from rowwise.models.plain import PlainLoss
from rowwise.models.reading.fields import (
    Fields,
    Unread,
    flag,
    instance,
    number,
    numbers,
    only,
    optional,
    parts_of,
    positive,
    share,
    text,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Check = Callable[[Any], Any]
    Shapes = list[tuple[int, ...]]

# Short names that Keras takes for its losses and metrics.
SHORT = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy"}
METRICS = frozenset(
    (
        *("accuracy", "acc", *SHORT, "mean_absolute_error", "mean_squared_error", "binary_accuracy"),
        *("categorical_accuracy", "sparse_categorical_accuracy", "binary_crossentropy"),
    )
)
METRIC_CLASSES = dict.fromkeys(
    (
        *("SparseCategoricalAccuracy", "CategoricalAccuracy"),
        *("MeanAbsoluteError", "MeanSquaredError", "RootMeanSquaredError"),
    ),
    (),
)
# Of each optimizer: its own settings; the arrays that it keeps of each weight, one after the other; numbers beside.
_ADAM: dict[str, Check] = {"beta_1": share, "beta_2": share, "epsilon": positive}


class _Rule(NamedTuple):
    settings: dict[str, Check]
    slots: Callable[[dict[str, Any]], int]
    numbers: int = 0


OPTIMIZERS = {
    "Adam": _Rule(_ADAM | {"amsgrad": only(False)}, lambda settings: 2),
    "AdamW": _Rule(_ADAM | {"amsgrad": only(False)}, lambda settings: 2),
    "Nadam": _Rule(_ADAM, lambda settings: 2, 1),
    "Lion": _Rule({"beta_1": share, "beta_2": share}, lambda settings: 1),
    "SGD": _Rule({"momentum": share, "nesterov": flag}, lambda settings: 1 if settings["momentum"] else 0),
    "RMSprop": _Rule(
        {"rho": share, "momentum": only(0, 0.0), "epsilon": positive, "centered": only(False)}, lambda settings: 1
    ),
}
# Losses of Keras's by class, and of rowwise's, whose functions have no name, but the one that is Keras's own.
OPTIONS: dict[str, dict[str, Check]] = {
    "SparseCategoricalCrossentropy": {"from_logits": flag, "ignore_class": only(None), "axis": only(-1)},
    "CategoricalCrossentropy": {"from_logits": flag, "label_smoothing": share, "axis": only(-1)},
    "BinaryCrossentropy": {"from_logits": flag, "label_smoothing": share, "axis": only(-1)},
    "MeanSquaredError": {},
    "MeanAbsoluteError": {},
}
OURS: dict[str, tuple[str, str, dict[str, Check]]] = {
    "ScaledSquaredError": ("rowwise.models.preparation", "mean_squared_error", {"scale": numbers}),
    "PoissonDeviance": ("rowwise.models.target_layers", "", {"scale": numbers}),
    "SquaredLogError": ("rowwise.models.target_layers", "", {"scale": numbers}),
    "PinballLoss": ("rowwise.models.target_layers", "", {"levels": numbers, "scale": number}),
}


class Compiled(NamedTuple):
    """What was read: the loss, the optimizer's kind and its name, and the shapes of what it keeps."""

    loss: PlainLoss
    optimizer: str
    name: str
    slots: Callable[[Sequence[tuple[int, ...]]], Shapes]


def read_compiled(value: Any) -> Compiled:
    """Raises Unread where Keras would compile the model with something that is not known here."""
    with Fields(value) as fields:
        loss = _loss(fields.take("loss", lambda loss: loss))
        kind, config = instance(fields.take("optimizer", lambda one: one), OPTIMIZERS, "keras.optimizers")
        name, slots = _optimizer(kind, config)
        fields.take("loss_weights", only(None))
        for names in ("metrics", "weighted_metrics"):
            fields.take(names, optional(_metrics))
        fields.take("run_eagerly", only(False))
        fields.take("steps_per_execution", whole)
        fields.take("jit_compile", only(True, False, "auto"))
        fields.take("auto_scale_loss", flag, True)
    return Compiled(loss, kind, name, slots)


def _optimizer(kind: str, config: Fields) -> tuple[str, Callable[[Sequence[tuple[int, ...]]], Shapes]]:
    rule = OPTIMIZERS[kind]
    with config:
        name = config.take("name", text)
        config.take("learning_rate", positive)
        for option in ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue"):
            config.take(option, optional(positive))
        config.take("use_ema", only(False))
        config.take("ema_momentum", share)
        for option in ("ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"):
            config.take(option, only(None))
        settings = {own: config.take(own, check) for own, check in rule.settings.items()}
    kept = rule.slots(settings)

    def slots(trained: Sequence[tuple[int, ...]]) -> Shapes:
        return [*[()] * (2 + rule.numbers), *(shape for shape in trained for _ in range(kept))]

    return name, slots


def _metrics(value: Any) -> None:
    for metric in parts_of(value):
        if isinstance(metric, str):
            only(*METRICS)(metric)
            continue
        _, config = instance(metric, METRIC_CLASSES, "keras.metrics")
        with config:
            config.take("name", text)
            config.take("dtype", only("float32"), None)


def _loss(value: Any) -> PlainLoss:
    if isinstance(value, str):
        name = SHORT.get(value, value)
        if name not in LOSS_CLASSES:
            raise Unread(f"loss {value!r:.60}")
        return PlainLoss(LOSS_CLASSES[name], name)
    if isinstance(value, dict) and value.get("registered_name") is not None:
        return _own_loss(value)
    kind, config = instance(value, OPTIONS, "keras.losses")
    with config:
        given = {name: config.take(name, check, None) for name, check in OPTIONS[kind].items()}
        _take_common(config)
    (name,) = (name for name, own in LOSS_CLASSES.items() if own == kind)
    return PlainLoss(kind, name, bool(given.get("from_logits")))


def _own_loss(value: Any) -> PlainLoss:
    with Fields(value) as fields:
        kind = fields.take("class_name", only(*OURS))
        module, name, checks = OURS[kind]
        fields.take("module", only(module))
        fields.take("registered_name", only(f"rowwise>{kind}"))
        config = Fields(fields.take("config", lambda config: config))
    with config:
        for option, check in checks.items():
            config.take(option, check)
        _take_common(config)
    return PlainLoss(kind, name)


def _take_common(config: Fields) -> None:
    config.take("name", text)
    config.take("reduction", only("sum_over_batch_size", "sum", "mean"))
    config.take("dtype", only(None, "float32"), None)
